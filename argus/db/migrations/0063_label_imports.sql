-- Labels that were brought in from files. Rows are written before Label Studio is asked, so that what was cut off is
-- completed or taken back.
CREATE TABLE label_import (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    taken          text        NOT NULL CHECK (taken IN ('annotations', 'predictions')),
    model_version  text        NOT NULL DEFAULT '',        -- of predictions
    name           text        NOT NULL,                   -- of the file or folder
    fingerprint    text        NOT NULL,                   -- of what it says: the same again goes on with this row
    state          text        NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed', 'undone')),
    error          jsonb,
    person_id      bigint,
    imported_by    text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at    timestamptz
);
CREATE INDEX label_import_project ON label_import (project_id, id DESC);

-- What an import wrote: `requested` until it is known what became of it; `missed`: nothing.
CREATE TABLE label_import_item (
    import_id      bigint      NOT NULL REFERENCES label_import ON DELETE CASCADE,
    task_id        bigint      NOT NULL,
    digest         text        NOT NULL,                   -- of the regions
    objects        int         NOT NULL,
    state          text        NOT NULL DEFAULT 'requested'
                   CHECK (state IN ('requested', 'made', 'missed', 'undone', 'kept')),
    record_id      bigint,                                 -- the annotation's or prediction's, in Label Studio
    updated_at     timestamptz,                            -- Label Studio's, when it was made
    division       text        NOT NULL DEFAULT '',        -- in which the import gave its frame a split
    PRIMARY KEY (import_id, task_id)
);
CREATE INDEX label_import_item_task ON label_import_item (task_id);

-- Images that came along: uploaded, then made a task of.
CREATE TABLE label_import_image (
    import_id      bigint      NOT NULL REFERENCES label_import ON DELETE CASCADE,
    upload_id      bigint      NOT NULL,
    image          text        NOT NULL,                   -- as the task's data has it
    task_id        bigint,                                 -- null until it is known
    PRIMARY KEY (import_id, upload_id)
);
