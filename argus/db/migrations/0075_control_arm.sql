-- The control arm: a share of a project's new tasks is shown to people without predictions, so that the time which
-- predictions save can be measured. 0: there is none. The seed is drawn anew each time it is switched on.
ALTER TABLE project ADD COLUMN arm_share float8 NOT NULL DEFAULT 0 CHECK (arm_share BETWEEN 0 AND 0.5),
                    ADD COLUMN arm_seed text NOT NULL DEFAULT '';

-- Every task that came while there was an arm. Of its annotations made since: when the first was made, the seconds that
-- Label Studio counted, null for none, and whether a prediction was delivered before. seen_at: the task's updated_at when
-- that was looked at.
CREATE TABLE arm (
    task_id           bigint      PRIMARY KEY REFERENCES task ON DELETE CASCADE,
    project_id        int         NOT NULL REFERENCES project ON DELETE CASCADE,
    with_predictions  boolean     NOT NULL,
    drawn_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    labelled_at       timestamptz,
    seconds           float8,
    predicted         boolean     NOT NULL DEFAULT false,
    seen_at           timestamptz
);
CREATE INDEX arm_project ON arm (project_id, with_predictions);

-- Drawn when its row is made, and that is before anything can be predicted on a task. The same task is always drawn the
-- same way.
CREATE FUNCTION arm_draw() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO arm (task_id, project_id, with_predictions)
    SELECT m.id, p.id, ('x' || substr(md5(p.arm_seed || ':' || m.id), 1, 8))::bit(32)::bigint / 4294967296.0
                       >= p.arm_share
    FROM made m JOIN project p ON p.id = m.project_id WHERE p.arm_share > 0
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $body$;
CREATE TRIGGER arm_drawn AFTER INSERT ON task REFERENCING NEW TABLE AS made FOR EACH STATEMENT
    EXECUTE FUNCTION arm_draw();
