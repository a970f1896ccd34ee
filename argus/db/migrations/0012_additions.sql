-- Regions of newly computed labels that were added to an annotation which was there before. Taking it back removes these
-- regions as long as nobody has changed the annotation since.
CREATE TABLE addition_item (
    acceptance_id  bigint      NOT NULL REFERENCES acceptance ON DELETE CASCADE,
    task_id        bigint      NOT NULL,
    annotation_id  bigint      NOT NULL,
    region_ids     jsonb       NOT NULL,
    regions        int         NOT NULL,                  -- objects
    before_at      timestamptz NOT NULL,                  -- the annotation's updated_at before we touched it
    state          text        NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'accepted', 'skipped', 'undone', 'kept')),
    updated_at     timestamptz,                           -- the annotation's, after our last change
    PRIMARY KEY (acceptance_id, task_id)
);
CREATE INDEX addition_item_annotation ON addition_item (annotation_id);
