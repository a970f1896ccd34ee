-- The scores of a row's detections, apart from their boxes and masks: a histogram or an order by score over a whole
-- project reads these few bytes instead of every mask.
CREATE FUNCTION detection_scores(items jsonb) RETURNS real[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
    SELECT coalesce(array_agg((item ->> 'score')::real ORDER BY place), '{}')
    FROM jsonb_array_elements(items) WITH ORDINALITY AS listed (item, place)
$body$;
ALTER TABLE detection ADD COLUMN scores real[] NOT NULL GENERATED ALWAYS AS (detection_scores(items)) STORED;

-- Tasks that a reviewer took out of bulk acceptance, and the object that was the reason ('' for the task as a whole).
-- Label Studio is not told: the prediction stays there as it is, for a person to correct.
CREATE TABLE set_aside (
    task_id        bigint      NOT NULL REFERENCES task ON DELETE CASCADE,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    model_version  text        NOT NULL,
    object         text        NOT NULL DEFAULT '',       -- first part of our region ids
    verdict        text        NOT NULL CHECK (verdict IN ('rejected', 'fix')),
    decided_by     text        NOT NULL DEFAULT '',
    decided_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (task_id, model_version, object)
);
CREATE INDEX set_aside_project ON set_aside (project_id, model_version);
