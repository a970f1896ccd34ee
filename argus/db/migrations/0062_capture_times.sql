-- A search between two times of capture reads those tasks, and not all of the project: the index alone has what is asked.
CREATE INDEX task_captured ON task (project_id, captured_at) INCLUDE (id, state) WHERE captured_at IS NOT NULL;
