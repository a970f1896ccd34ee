-- Labels that are imported from files that people send in, beside videos and images.
ALTER TABLE upload ADD COLUMN purpose text NOT NULL DEFAULT 'frames' CHECK (purpose IN ('frames', 'labels'));

-- What an import wrote that failed or was cut off, and that nobody went on with, is taken back. Those of before stay as
-- they are: who left them there was told to undo them.
ALTER TABLE label_import
    ADD COLUMN touched_at   timestamptz NOT NULL DEFAULT clock_timestamp(),  -- when it wrote last
    ADD COLUMN withdrawn_at timestamptz;                                     -- when what it had written was taken back
UPDATE label_import SET withdrawn_at = now() WHERE state IN ('running', 'failed');

-- An import that somebody asked for: first what it would write, then, when that is wanted, the import.
CREATE TABLE label_import_job (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    upload_id      text        NOT NULL,                   -- the file with the labels
    images_id      text        NOT NULL DEFAULT '',        -- the file with images that become tasks; empty: none do
    name           text        NOT NULL,                   -- what the owner calls the file
    taken          text        NOT NULL CHECK (taken IN ('annotations', 'predictions')),
    model_version  text        NOT NULL DEFAULT '',
    keep_splits    boolean     NOT NULL DEFAULT false,
    state          text        NOT NULL DEFAULT 'planning'
                   CHECK (state IN ('planning', 'planned', 'queued', 'running', 'done', 'failed', 'cancelled')),
    plan           jsonb,
    done           int         NOT NULL DEFAULT 0,         -- tasks written, of `total`
    total          int         NOT NULL DEFAULT 0,
    import_id      bigint      REFERENCES label_import ON DELETE SET NULL,  -- once it writes
    missed         int         NOT NULL DEFAULT 0,
    error          jsonb,
    attempts       int         NOT NULL DEFAULT 0,
    due_at         timestamptz NOT NULL DEFAULT now(),
    person_id      bigint,
    person         text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz                             -- of a cancelled one: when nothing of it is left
);
CREATE INDEX label_import_job_project ON label_import_job (project_id, id DESC);
