-- What only a preview looked for so far: kept, so that a run need not look again, but no prediction is built from it
-- before a run or an opened task asks for the label.
ALTER TABLE detection ADD COLUMN previewed boolean NOT NULL DEFAULT false;
-- The labels that a prediction was built from; null: delivered before this was recorded.
ALTER TABLE prediction ADD COLUMN labels text[];
