-- Searches use the current model; the next one becomes current when every image has a vector of it.
ALTER TABLE embedding_model
    ADD COLUMN source text NOT NULL DEFAULT '',           -- where the checkpoint is loaded from: a folder, or its name
    ADD COLUMN role   text CHECK (role IN ('current', 'next'));
CREATE UNIQUE INDEX embedding_model_role ON embedding_model (role);
UPDATE embedding_model SET role = 'current'
WHERE id = (SELECT id FROM embedding_model ORDER BY created_at DESC, id DESC LIMIT 1);

-- A frame of a video that shows the same as an earlier one is marked with the earlier one's id.
ALTER TABLE task
    ADD COLUMN IF NOT EXISTS duplicate_of bigint,
    ADD COLUMN dhash    bytea,                            -- 32 bytes: brighter than its left neighbour, 16 × 16 cells
    ADD COLUMN compared boolean NOT NULL DEFAULT false;   -- looked for an earlier one
CREATE INDEX task_uncompared ON task (project_id, video, frame_number)
    WHERE state = 'embedded' AND NOT compared AND video IS NOT NULL;
CREATE INDEX task_duplicate_of ON task (duplicate_of) WHERE duplicate_of IS NOT NULL;
