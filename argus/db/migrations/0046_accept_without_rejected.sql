-- Label Studio makes annotations in bulk of predictions only. So an acceptance without the rejected objects puts copies of
-- predictions into it, without these, and removes them afterwards. True from before they are put there until they are gone.
ALTER TABLE acceptance ADD COLUMN has_copies boolean NOT NULL DEFAULT false;

-- On a task whose unsure objects were all judged, the sure ones count as right for its acceptance. Nobody said so of them:
-- an implied verdict is no outcome. Taken back with the acceptance that it belongs to.
ALTER TABLE verdict DROP CONSTRAINT verdict_verdict_check, ADD CONSTRAINT verdict_verdict_check
    CHECK (verdict IN ('right', 'wrong', 'unsure', 'relabelled', 'moved', 'added', 'implied'));
ALTER TABLE verdict ADD COLUMN acceptance_id bigint REFERENCES acceptance ON DELETE CASCADE;
ALTER TABLE verdict ADD CONSTRAINT verdict_implied_by_acceptance CHECK ((verdict = 'implied') = (acceptance_id IS NOT NULL));
CREATE INDEX verdict_acceptance ON verdict (acceptance_id) WHERE acceptance_id IS NOT NULL;
