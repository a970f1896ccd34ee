-- Predictions of a version show what its own thresholds let through, also while a change waits for the next run.
ALTER TABLE version_concept ADD COLUMN threshold float8;  -- null: recorded by a release that did not keep it
