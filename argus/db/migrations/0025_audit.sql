-- Who changed what, or tried to. Rows are only ever added: the triggers refuse everything else.
CREATE TABLE audit (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    who         text        NOT NULL,  -- e-mail of the token's owner; 'service': the shared token; '': nobody known
    verified    boolean     NOT NULL,  -- Label Studio knew the token as this person's
    address     text        NOT NULL,  -- of the caller; 'local <user>' for the command line
    action      text        NOT NULL,
    project_id  bigint,                -- no reference: the row outlives its project, and may name one that never was
    object      text        NOT NULL,  -- "run 7"; '' when there is none
    outcome     text        NOT NULL   -- 'done', or the code of the error
);
CREATE INDEX audit_project ON audit (project_id, id DESC);
CREATE INDEX audit_at ON audit (at);

CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('argus.audit_forget', true) = 'on' THEN
        IF OLD.at < now() - interval '30 days' THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'rows of the audit table are neither changed nor removed' USING ERRCODE = 'insufficient_privilege';
END $body$;
CREATE TRIGGER audit_rows_stay BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_stays BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();

-- The only way out: rows older than so many days, never fewer than 30. Returns how many were removed.
CREATE FUNCTION audit_forget(days int) RETURNS bigint LANGUAGE plpgsql AS $body$
DECLARE removed bigint;
BEGIN
    PERFORM set_config('argus.audit_forget', 'on', true);
    DELETE FROM audit WHERE at < now() - make_interval(days => greatest(days, 30));
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('argus.audit_forget', 'off', true);
    RETURN removed;
END $body$;
