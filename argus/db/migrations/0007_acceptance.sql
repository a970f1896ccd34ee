-- When Label Studio last changed a task, right after its prediction was accepted: as long as it says the same, nothing of
-- the task was touched, and an acceptance can be taken back without reading a single mask.
ALTER TABLE acceptance_item ADD COLUMN task_updated_at timestamptz;
COMMENT ON COLUMN acceptance_item.updated_at IS
    'when the annotation was made; Label Studio stamps created_at and updated_at of a new one in the same instant';
COMMENT ON COLUMN acceptance.accepted_by IS 'the e-mail of the person whose token made the annotations, or a given name';
