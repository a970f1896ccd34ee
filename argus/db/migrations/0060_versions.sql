-- Versions of a project's dataset: what each export held. No reference to `project`: like the files, they stay when a
-- project is disconnected. `making` is one whose export has not ended; nobody is told of it.
CREATE TABLE version (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id  int         NOT NULL,
    number      int         NOT NULL,
    state       text        NOT NULL DEFAULT 'making' CHECK (state IN ('making', 'made')),
    export_id   int,                                      -- of the file that the service keeps; null: a folder elsewhere
    body        text        NOT NULL DEFAULT '',          -- JSON, as `version.json` of the export has it
    digest      text        NOT NULL DEFAULT '',          -- SHA-256 of the list of the files' digests
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (project_id, number)
);

-- The last number that a project's versions were given: one that is deleted does not come again.
CREATE TABLE version_number (
    project_id  int PRIMARY KEY,
    last        int NOT NULL
);

CREATE TABLE version_image (
    version_id  bigint NOT NULL REFERENCES version ON DELETE CASCADE,
    task_id     bigint NOT NULL,
    file_name   text   NOT NULL,
    split       text   NOT NULL,
    digest      text   NOT NULL,                          -- SHA-256 of the image file; '' when it was not exported
    objects     jsonb  NOT NULL,                          -- [[label, x0, y0, x1, y1, digest of the shape], …], sorted
    regions     jsonb  NOT NULL,                          -- of each object the ids of its regions
    PRIMARY KEY (version_id, task_id)
);
