-- What people changed of accepted objects after a verified acceptance: it counts against the certificate. seen_at is the
-- task's updated_at in Label Studio when its annotation was looked at.
CREATE TABLE later_correction (
    acceptance_id  bigint      NOT NULL REFERENCES acceptance ON DELETE CASCADE,
    task_id        bigint      NOT NULL,
    objects        text[]      NOT NULL,                  -- deleted, relabelled, or no longer where they were
    seen_at        timestamptz NOT NULL,
    PRIMARY KEY (acceptance_id, task_id)
);

-- refuted: more of its objects were corrected than it says can be wrong.
ALTER TABLE certificate DROP CONSTRAINT certificate_state_check, ADD CONSTRAINT certificate_state_check
    CHECK (state IN ('valid', 'void', 'refuted'));
