-- An annotation that somebody made or changed on the page, written before Label Studio is asked.
CREATE TABLE edit (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    task_id        bigint      NOT NULL,
    model_version  text        NOT NULL,
    annotation_id  bigint,                                -- null until Label Studio has answered
    before         jsonb,                                 -- its regions before; null: it was made by this
    updated_at     timestamptz,                           -- Label Studio's, after this; null until it has answered
    replaced       bigint[]    NOT NULL DEFAULT '{}',     -- verdicts of an earlier edit of the task
    person_id      bigint,
    edited_by      text        NOT NULL DEFAULT '',
    edited_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    undone_at      timestamptz
);
CREATE INDEX edit_task ON edit (task_id);

-- What a click found, until it is saved with an edit; old rows go when new ones come.
CREATE TABLE segment (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id        bigint      NOT NULL,
    regions        jsonb       NOT NULL,
    made_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX segment_made ON segment (made_at);

-- What an edit says of the predicted objects: right, moved, relabelled, wrong (deleted), added.
ALTER TABLE verdict ADD COLUMN edit_id bigint REFERENCES edit ON DELETE SET NULL;
ALTER TABLE verdict ADD COLUMN iou float8;                -- of a moved one, with what was predicted
CREATE INDEX verdict_edit ON verdict (edit_id);

-- Of one that many objects got at once: what undo brings back.
ALTER TABLE verdict ADD COLUMN replaces bigint;           -- the person's earlier verdict on the object
ALTER TABLE verdict ADD COLUMN aside_before text;         -- the decision on it before: '' none, null: left as it was
