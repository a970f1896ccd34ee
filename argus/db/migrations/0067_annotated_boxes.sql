-- Where the objects of a task's newest annotation are, to be drawn over its thumbnail: a copy of Label Studio's word, kept
-- with `task.labels`.
CREATE TABLE annotated_boxes (
    task_id  bigint PRIMARY KEY REFERENCES task ON DELETE CASCADE,
    width    int   NOT NULL,                              -- of the image, pixels
    height   int   NOT NULL,
    boxes    jsonb NOT NULL                               -- [[label, x0, y0, x1, y1], …] as fractions of the sides
);
UPDATE task SET labelled_at = NULL WHERE labelled;        -- the next poll reads them once more
