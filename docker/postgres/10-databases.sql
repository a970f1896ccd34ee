-- Run once by the image, as its superuser, when the volume is empty: a role and a database each for Argus and Label Studio.
\getenv argus_password POSTGRES_ARGUS_PASSWORD
\getenv label_studio_password POSTGRES_LABEL_STUDIO_PASSWORD

CREATE ROLE argus LOGIN PASSWORD :'argus_password';
CREATE DATABASE argus OWNER argus;
CREATE ROLE labelstudio LOGIN PASSWORD :'label_studio_password';
CREATE DATABASE labelstudio OWNER labelstudio;
REVOKE CONNECT ON DATABASE argus, labelstudio FROM PUBLIC;

\connect argus
CREATE EXTENSION vector;
