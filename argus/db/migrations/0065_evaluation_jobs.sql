-- Evaluations that take longer than a request: asked for, computed by the default worker, and kept.
CREATE TABLE evaluation_job (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    asked          jsonb       NOT NULL,                   -- the fields of the request
    state          text        NOT NULL DEFAULT 'queued'
                   CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    images_read    int         NOT NULL DEFAULT 0,
    total          int         NOT NULL DEFAULT 0,
    result         jsonb,
    error          jsonb,
    attempts       int         NOT NULL DEFAULT 0,
    due_at         timestamptz NOT NULL DEFAULT now(),
    person_id      bigint,
    person         text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz
);
CREATE INDEX evaluation_job_project ON evaluation_job (project_id, id DESC);
