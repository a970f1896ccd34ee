-- Which split each frame of a project was given, so that later exports keep it. A project has one division for each set
-- of split names (`train,val`, `test,train,val`); '' is a frame that was left out, for the reason beside it.
CREATE TABLE split_frame (
    project_id  int    NOT NULL REFERENCES project ON DELETE CASCADE,
    division    text   NOT NULL,
    task_id     bigint NOT NULL,                          -- no reference: a task need not be known to Argus
    split       text   NOT NULL,
    reason      text   NOT NULL DEFAULT '',
    PRIMARY KEY (project_id, division, task_id)
);

-- Frames of a locked test set: in no division do they, or frames like them, come into training.
CREATE TABLE split_lock (
    project_id  int         NOT NULL REFERENCES project ON DELETE CASCADE,
    task_id     bigint      NOT NULL,
    locked_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, task_id)
);
