-- What SAM 3 was asked for each label of a model version. What people said of its scores holds while that is the same:
-- other thresholds make another version and ask the same.
CREATE TABLE version_concept (
    model_version  text        NOT NULL,
    label          text        NOT NULL,
    concept_key    text        NOT NULL,                  -- as in detection
    PRIMARY KEY (model_version, label)
);

-- Recall by random frames: their number is fixed before the first is shown, and the result is told after the last.
CREATE TABLE frame_sample (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    model_version  text        NOT NULL,
    frames         int         NOT NULL,
    of_frames      int         NOT NULL,                  -- so many it was drawn from
    digest         text        NOT NULL,                  -- SHA-256 of these, known before the seed
    seed           text        NOT NULL,
    person_id      bigint,
    created_by     text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX frame_sample_project ON frame_sample (project_id, id DESC);

CREATE TABLE frame_check (
    sample_id      bigint      NOT NULL REFERENCES frame_sample ON DELETE CASCADE,
    place          int         NOT NULL,                  -- from 0, in the drawn order
    task_id        bigint      NOT NULL,
    found          int,                                   -- right objects that were predicted; null: not checked yet
    missing        int,                                   -- objects that were not
    person_id      bigint,
    decided_by     text        NOT NULL DEFAULT '',
    decided_at     timestamptz,
    PRIMARY KEY (sample_id, place),
    UNIQUE (sample_id, task_id)
);
