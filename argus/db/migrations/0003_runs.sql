-- Who has a task of a run in work, who computed it, how long that took, and when the task ended.
ALTER TABLE run_task
    ADD COLUMN job       text,                            -- queue job that has it in work; null: free to be taken
    ADD COLUMN worker    text,                            -- worker that computed it; null: nothing had to be computed
    ADD COLUMN seconds   real,                            -- of that worker
    ADD COLUMN ended_at  timestamptz;
CREATE INDEX run_task_free ON run_task (run_id, task_id) WHERE state = 'waiting' AND job IS NULL;
CREATE INDEX run_task_in_work ON run_task (task_id) INCLUDE (job) WHERE state = 'waiting' AND job IS NOT NULL;
CREATE INDEX run_task_detected ON run_task (run_id, task_id) WHERE state = 'detected';

-- When tasks were last taken from it: the run of a project that waited longest is next.
ALTER TABLE run ADD COLUMN served_at timestamptz;

-- What a checkpoint cost lately: the estimate of the next run is made from it.
CREATE TABLE timing (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    checkpoint  text        NOT NULL,
    worker      text        NOT NULL,
    images      int         NOT NULL CHECK (images > 0),
    pairs       int         NOT NULL,                     -- (image, prompt) pairs
    seconds     real        NOT NULL,                     -- fetching and storing included
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX timing_checkpoint ON timing (checkpoint, id DESC);
