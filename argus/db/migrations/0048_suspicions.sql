-- What a prediction may lack, or what is odd about it. While one that was not answered is of a kind that the project
-- asks for (`check_first`), its task waits in "check first": Label Studio has the score 0 for it then.
ALTER TABLE project ADD COLUMN check_first text[] NOT NULL DEFAULT '{}';

CREATE TABLE suspicion (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id        bigint      NOT NULL REFERENCES task ON DELETE CASCADE,
    project_id     int         NOT NULL,
    model_version  text        NOT NULL,
    kind           text        NOT NULL,
    label          text        NOT NULL,                  -- '': the whole image
    box            real[]      CHECK (cardinality(box) = 4),  -- x, y, width, height in percent; null: the whole image
    strength       real        NOT NULL,                  -- 0-1
    score          real,                                  -- of the stored detection in question
    other_task     bigint,                                -- the frame that it was told from
    verdict        text        CHECK (verdict IN ('add', 'reject', 'nothing_there')),
    added          jsonb,                                 -- {"label", "before", "after"}: the stored detection, as it was
    person_id      int,
    decided_by     text        NOT NULL DEFAULT '',
    decided_at     timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX suspicion_task ON suspicion (task_id, model_version);
CREATE INDEX suspicion_project ON suspicion (project_id, model_version);
CREATE INDEX prediction_check_first ON prediction (project_id) WHERE score = 0;

-- Of the image that the detections are of, 0-1, see argus/images/measures.py; null: not measured.
ALTER TABLE detection ADD COLUMN brightness real, ADD COLUMN sharpness real;
