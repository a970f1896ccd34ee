-- A label that is looked for by reference regions. Each is kept as a picture, so it outlives its task.
CREATE TABLE label_reference (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id  int         NOT NULL REFERENCES project ON DELETE CASCADE,
    label       text        NOT NULL,
    picture     bytea       NOT NULL,                     -- a JPEG: the region and what is around it
    part        float8[]    NOT NULL,                     -- the region on the picture: x0, y0, x1, y1 as fractions
    task_id     bigint      NOT NULL,                     -- where it comes from; the task may be gone
    box         float8[]    NOT NULL,                     -- on the task's image: x0, y0, x1, y1 as fractions
    model_id    smallint    NOT NULL,                     -- whose embedding it is
    crop        float4[]    NOT NULL,                     -- the embedding of the region, as of an object's crop
    person_id   bigint,
    created_by  text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX label_reference_project ON label_reference (project_id, label, id);

-- What makes the scores of such labels, whatever words they are looked for by: {label: {"made", "prompts"}}. `made`
-- names the parameters in `verifier`, `prompts` are the label's own before it had references.
ALTER TABLE project ADD COLUMN label_references jsonb NOT NULL DEFAULT '{}';
-- '' for a verifier that was taught by verdicts.
ALTER TABLE verifier ADD COLUMN made text NOT NULL DEFAULT '';
