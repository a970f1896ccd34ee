-- A task whose file is a video, as when somebody uploads one in Label Studio, is no image that failed.
ALTER TABLE task DROP CONSTRAINT task_state_check,
    ADD CONSTRAINT task_state_check CHECK (state IN ('waiting', 'embedded', 'failed', 'video'));
UPDATE task SET state = 'video', error = NULL, attempts = 0 WHERE state IN ('waiting', 'failed')
    AND image ~* '\.(mp4|m4v|mov|mkv|webm|avi|mpg|mpeg|ts|mts|m2ts|wmv|asf|flv|ogv|mxf|3gp|dav)(\?.*)?$';

-- The import of such a file: it is fetched from the task's address first, so its size is not known before.
ALTER TABLE upload ADD COLUMN task_id bigint,              -- null: the file is sent in
    DROP CONSTRAINT upload_size_check, ADD CONSTRAINT upload_size_check CHECK (size > 0 OR task_id IS NOT NULL);
CREATE UNIQUE INDEX upload_task ON upload (task_id) WHERE state IN ('queued', 'running');

-- Which of them were cut into frames.
CREATE TABLE cut_video (
    task_id  bigint      PRIMARY KEY REFERENCES task ON DELETE CASCADE,
    cut_at   timestamptz NOT NULL DEFAULT now()
);
