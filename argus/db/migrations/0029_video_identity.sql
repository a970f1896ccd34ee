-- A video is known by the `video_id` of its frames (a digest of the file), and only without one by its name: two
-- recorders give their files the same names. A name that no index can hold is dropped; the next listing reads it again.
UPDATE task SET video = NULL WHERE octet_length(video) > 1000;
ALTER TABLE task
    ADD COLUMN video_id  text,
    ADD COLUMN video_key text GENERATED ALWAYS AS (coalesce(nullif(video_id, ''), 'name:' || nullif(video, ''))) STORED;

DROP INDEX task_uncompared;
CREATE INDEX task_uncompared ON task (project_id, video_key)
    WHERE state = 'embedded' AND NOT compared AND video_key IS NOT NULL;
CREATE INDEX task_video_key ON task (project_id, video_key, video_time) WHERE video_key IS NOT NULL;
CREATE INDEX task_video ON task (project_id, video, video_key) WHERE video_key IS NOT NULL;

UPDATE project SET reconciled_at = NULL;                  -- the next sync lists every task, and learns the ids
