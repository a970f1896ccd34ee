-- What stands in a task's data and could not be taken over: [{"key", "reason"}]; null when everything could.
ALTER TABLE task ADD COLUMN notes jsonb;
CREATE INDEX task_notes ON task (project_id, id) WHERE notes IS NOT NULL;

-- Times that no program can read back in every time zone were stored as they came.
UPDATE task SET captured_at = NULL
WHERE captured_at < '0002-01-01 00:00:00+00' OR captured_at >= '9999-01-01 00:00:00+00';
