-- Annotations that somebody submitted in Label Studio on a prediction, compared with it. seen_at is the task's updated_at in
-- Label Studio when it was looked at; a task without outcomes was annotated without the prediction.
CREATE TABLE annotated_task (
    task_id        bigint      NOT NULL REFERENCES task ON DELETE CASCADE,
    model_version  text        NOT NULL,
    seen_at        timestamptz NOT NULL,
    PRIMARY KEY (task_id, model_version)
);

-- What became of each predicted object: all of a task, or none.
CREATE TABLE annotated_outcome (
    task_id        bigint      NOT NULL,
    model_version  text        NOT NULL,
    object         text        NOT NULL,
    label          text        NOT NULL,                  -- as predicted
    score          float8      NOT NULL,
    change         text        NOT NULL CHECK (change IN ('right', 'moved', 'relabelled', 'wrong')),
    PRIMARY KEY (task_id, model_version, object),
    FOREIGN KEY (task_id, model_version) REFERENCES annotated_task ON DELETE CASCADE
);
