-- Files that people send in to be imported, and how far each is. Label Studio owns the tasks that come of them.
CREATE TABLE upload (
    id           text        PRIMARY KEY,                  -- 128 random bits as hex
    project_id   int         NOT NULL REFERENCES project ON DELETE CASCADE,
    person_id    bigint,                                   -- in Label Studio; null: who has only the service's token
    person       text        NOT NULL DEFAULT '',          -- their name, for the audit table
    file         text        NOT NULL,                     -- name in the folder of uploads: random, never from outside
    name         text        NOT NULL,                     -- what its owner calls it; only ever shown
    modified     text        NOT NULL DEFAULT '',          -- what the page tells equal names apart by
    size         bigint      NOT NULL CHECK (size > 0),
    received     bigint      NOT NULL DEFAULT 0,           -- bytes that are safe on disk
    fps          text        NOT NULL,
    scene        real        NOT NULL,
    state        text        NOT NULL DEFAULT 'receiving'
                 CHECK (state IN ('receiving', 'queued', 'running', 'done', 'failed', 'cancelled')),
    on_disk      boolean     NOT NULL DEFAULT true,
    attempts     int         NOT NULL DEFAULT 0,
    due_at       timestamptz NOT NULL DEFAULT now(),       -- an import that failed for now waits until then
    share        real        NOT NULL DEFAULT 0,           -- of the import, 0 to 1
    frames       int         NOT NULL DEFAULT 0,
    imported     int         NOT NULL DEFAULT 0,
    skipped      int         NOT NULL DEFAULT 0,           -- tasks before
    first_tasks  bigint[]    NOT NULL DEFAULT '{}',
    lost         text[]      NOT NULL DEFAULT '{}',        -- what could not be read, in sentences
    error        jsonb,
    created_at   timestamptz NOT NULL DEFAULT now(),
    touched_at   timestamptz NOT NULL DEFAULT now(),       -- the last byte or step
    finished_at  timestamptz
);
CREATE INDEX upload_of ON upload (project_id, person_id, created_at);
