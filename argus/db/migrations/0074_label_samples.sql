-- Samples of one label, and of frames in which nothing was found. labels: of a sample of objects, none (all labels) or the
-- one that it is of; of one of frames, those that were looked for in them.
ALTER TABLE sample
    ADD COLUMN kind   text   NOT NULL DEFAULT 'objects' CHECK (kind IN ('objects', 'nothing_found')),
    ADD COLUMN labels text[] NOT NULL DEFAULT '{}';

-- Objects of the item's task that are not on the list: those of other labels, which are accepted with it.
ALTER TABLE sample_item ADD COLUMN others int NOT NULL DEFAULT 0;

-- One acceptance can stand under certificates of several labels, and a correction counts against that of its label.
ALTER TABLE later_correction ADD COLUMN sample_id bigint REFERENCES sample ON DELETE CASCADE;
UPDATE later_correction l SET sample_id = s.id FROM acceptance a JOIN sample s ON s.id = (a.selection ->> 'sample')::bigint
    WHERE a.id = l.acceptance_id;
DELETE FROM later_correction WHERE sample_id IS NULL;
ALTER TABLE later_correction
    ALTER COLUMN sample_id SET NOT NULL,
    DROP CONSTRAINT later_correction_pkey,
    ADD PRIMARY KEY (acceptance_id, task_id, sample_id);
