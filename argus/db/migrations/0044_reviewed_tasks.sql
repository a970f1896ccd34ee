-- Which tasks people have annotated or skipped in Label Studio: what the counts of the review are made of. Brought up to
-- date by what changed there since `review_cursor`, before each count. A task that nobody reviewed has no row.
CREATE TABLE reviewed_task (
    task_id        bigint      PRIMARY KEY,               -- no reference: it may be listed here before the sync lists it
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    state          text        NOT NULL CHECK (state IN ('annotated', 'skipped')),
    changed_at     timestamptz NOT NULL,                  -- the task's updated_at then
    compared_with  text,                                  -- version and digest of the prediction; null: none yet
    changed        boolean                                -- whether the annotation says something else than that
);
CREATE INDEX reviewed_task_project ON reviewed_task (project_id);
ALTER TABLE project ADD COLUMN review_cursor timestamptz;
