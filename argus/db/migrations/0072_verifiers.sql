-- A label taught by examples. A verifier makes the score that is shown from a detection's own score and the embedding of its
-- crop. What it says is stored as detections of a concept key of its own beside those that it was made of, so whatever
-- reads detections by the recipe's keys sees the new scores.
CREATE TABLE verifier (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    label          text        NOT NULL,
    source_key     text        NOT NULL,                  -- concept key of the detections that it looks at
    key            text        NOT NULL,                  -- concept key of the detections that it makes
    model_id       smallint    NOT NULL REFERENCES embedding_model ON DELETE CASCADE,  -- whose embeddings of crops
    bias           float8      NOT NULL,
    slope          float8      NOT NULL,
    weights        float8[]    NOT NULL,                  -- one a dimension
    examples       jsonb       NOT NULL,                  -- [{"task", "object", "right", "held_out"}]
    figures        jsonb       NOT NULL,                  -- of the cross-validation
    person_id      bigint,
    created_by     text        NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX verifier_project ON verifier (project_id, label, id DESC);
CREATE INDEX verifier_key ON verifier (key);
CREATE INDEX verifier_source ON verifier (source_key);

-- The verifiers in use: {label: {source_key: key}}. One counts while the label is asked for as when it was taught.
ALTER TABLE project ADD COLUMN verifiers jsonb NOT NULL DEFAULT '{}';

-- As before, and: what a verifier made is no object of its own, and goes when what it was made of is detected again.
CREATE OR REPLACE FUNCTION detection_objects_replaced() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF (NEW.items, NEW.width, NEW.height) IS DISTINCT FROM (OLD.items, OLD.width, OLD.height)
       AND NOT EXISTS (SELECT FROM verifier v WHERE v.key = OLD.concept_key) THEN
        DELETE FROM object WHERE task_id = OLD.task_id AND label = OLD.label AND concept_key = OLD.concept_key;
        DELETE FROM detection d USING verifier v WHERE v.source_key = OLD.concept_key AND v.label = OLD.label
            AND d.task_id = OLD.task_id AND d.label = OLD.label AND d.concept_key = v.key;
        NEW.objects := 'waiting';
    END IF;
    RETURN NEW;
END $body$;
