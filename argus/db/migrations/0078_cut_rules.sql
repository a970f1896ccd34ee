-- Projects whose videos, uploaded in Label Studio, are cut into frames without anybody asking, and how.
CREATE TABLE cut_rule (
    project_id  int         PRIMARY KEY REFERENCES project ON DELETE CASCADE,
    fps         text        NOT NULL,                     -- frames per second of video: 1, 1/5
    scene       float8      NOT NULL,                     -- least difference to the last frame taken; 0: all
    person_id   bigint,
    made_by     text        NOT NULL DEFAULT '',
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
