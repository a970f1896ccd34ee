-- A worker of an earlier version writes vectors and no version of them. This gives every project of the model a version
-- that nothing leads to, so that copies in memory are loaded anew. Whoever takes versions says so in its transaction.
CREATE FUNCTION embedding_version_missing() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF coalesce(current_setting('argus.takes_versions', true), '') <> 'on' THEN
        PERFORM FROM embedding_state WHERE model_id = TG_ARGV[0]::smallint ORDER BY project_id FOR UPDATE;
        UPDATE embedding_state SET version = version + 1, previous = NULL, token = gen_random_uuid()
        WHERE model_id = TG_ARGV[0]::smallint;
    END IF;
    RETURN NULL;
END $body$;
