-- The labelling config asks for other shapes than predictions have: up to which task they were brought up to date (0:
-- none yet); null: they are.
ALTER TABLE project ADD COLUMN reshape_after bigint;
