-- Objects of a label that were found on an image beyond the number that is kept (`ARGUS_MAX_DETECTIONS`).
ALTER TABLE detection ADD COLUMN left_out integer NOT NULL DEFAULT 0;
CREATE INDEX detection_left_out ON detection (task_id) WHERE left_out > 0;
