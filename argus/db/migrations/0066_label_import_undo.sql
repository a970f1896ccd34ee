-- Taking an import back is work for the default worker, too: a row that names the import, and no file.
ALTER TABLE label_import_job
    DROP CONSTRAINT label_import_job_state_check,
    ADD CONSTRAINT label_import_job_state_check CHECK (state IN (
        'planning', 'planned', 'queued', 'running', 'done', 'failed', 'cancelled', 'undoing', 'undone')),
    ADD COLUMN report jsonb;                               -- of an undo: what is gone, and what was left and why
CREATE UNIQUE INDEX label_import_job_undoing ON label_import_job (import_id) WHERE state = 'undoing';
