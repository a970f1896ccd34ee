-- Verified acceptance. A sample is a fixed list of objects of one model version in a random order. The digest stands for the
-- list and is known before the seed is drawn.
CREATE TABLE sample (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    model_version  text        NOT NULL,
    edges          float8[]    NOT NULL,                  -- the threshold ladder, from high to low
    target         float8      NOT NULL,
    confidence     float8      NOT NULL,
    digest         text        NOT NULL,                  -- SHA-256 of the sorted keys
    seed           text        NOT NULL,
    objects        int         NOT NULL,
    tasks          int         NOT NULL,
    person_id      bigint,                                -- who asked for it; null: not known
    created_by     text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sample_project ON sample (project_id, model_version, id DESC);

-- An object of the list at its place in the drawn order. A task that is deleted later stays on the list.
CREATE TABLE sample_item (
    sample_id      bigint      NOT NULL REFERENCES sample ON DELETE CASCADE,
    place          int         NOT NULL,                  -- from 0
    task_id        bigint      NOT NULL,
    object         text        NOT NULL,                  -- first part of our region ids
    label          text        NOT NULL,
    score          float8      NOT NULL,
    low            float8      NOT NULL,                  -- lowest score of the task
    box            float8[]    NOT NULL,                  -- x0, y0, x1, y1 as fractions of the sides
    is_right       boolean,                               -- what its judgements come to; null: nobody has judged it
    claimed_by     text        NOT NULL DEFAULT '',
    claimed_until  timestamptz,
    PRIMARY KEY (sample_id, place)
);
CREATE INDEX sample_item_task ON sample_item (task_id);

-- What a person said of a predicted object, stored when it is said. A row is taken back, never changed or deleted.
CREATE TABLE verdict (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    model_version  text        NOT NULL,
    task_id        bigint      NOT NULL,
    object         text        NOT NULL,                  -- '' for one that was added
    label          text        NOT NULL,                  -- as predicted; of one that was added, its own
    score          float8,
    verdict        text        NOT NULL
                   CHECK (verdict IN ('right', 'wrong', 'unsure', 'relabelled', 'moved', 'added')),
    new_label      text        NOT NULL DEFAULT '',       -- of a relabelled one
    box            float8[],                              -- of one that was moved or added, as fractions of the sides
    sample_id      bigint      REFERENCES sample ON DELETE CASCADE,  -- null: said on the page
    place          int,
    person_id      bigint,
    decided_by     text        NOT NULL DEFAULT '',
    seconds        real,                                  -- that it was looked at
    decided_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    taken_back_at  timestamptz
);
CREATE INDEX verdict_task ON verdict (task_id, model_version) WHERE taken_back_at IS NULL;
CREATE INDEX verdict_sample ON verdict (sample_id, place) WHERE taken_back_at IS NULL;
CREATE INDEX verdict_project ON verdict (project_id, model_version, id);

-- Set when a judgement put the task aside: taking the judgement back puts the task back, and no decision of the page.
ALTER TABLE set_aside ADD COLUMN sample_id bigint REFERENCES sample ON DELETE SET NULL;

CREATE TABLE certificate (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    sample_id      bigint      NOT NULL REFERENCES sample ON DELETE CASCADE,
    edge           float8      NOT NULL,
    acceptances    bigint[]    NOT NULL,
    body           text        NOT NULL,                  -- canonical JSON, as it is exported
    digest         text        NOT NULL,
    state          text        NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'void')),
    reason         text        NOT NULL DEFAULT '',
    issued_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX certificate_project ON certificate (project_id, id DESC);
CREATE INDEX certificate_acceptances ON certificate USING gin (acceptances);
