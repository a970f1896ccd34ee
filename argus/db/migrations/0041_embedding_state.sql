-- What a copy of a project's vectors in memory is held against. Whoever writes vectors takes the next version in the same
-- transaction; the row's lock makes versions visible in the order of their commits, so that none is ever missed.
-- `token` is new with every version: after a restore of a backup the same number stands for other vectors.
CREATE TABLE embedding_state (
    model_id    smallint NOT NULL REFERENCES embedding_model ON DELETE CASCADE,
    project_id  int      NOT NULL,                        -- no reference: a writer waits for no deletion of a project
    version     bigint   NOT NULL DEFAULT 1,
    token       uuid     NOT NULL DEFAULT gen_random_uuid(),
    previous    uuid,                                     -- token of the version before
    PRIMARY KEY (model_id, project_id)
);

-- Which tasks a version wrote. The newest 1,000 of a project are kept; who is further behind loads everything anew.
CREATE TABLE embedding_batch (
    model_id    smallint NOT NULL,
    project_id  int      NOT NULL,
    version     bigint   NOT NULL,
    token       uuid     NOT NULL,
    previous    uuid,
    tasks       bigint[] NOT NULL,
    PRIMARY KEY (model_id, project_id, version),
    FOREIGN KEY (model_id, project_id) REFERENCES embedding_state ON DELETE CASCADE
);

-- Projects whose vectors were written before there were versions; without a row nothing is copied.
INSERT INTO embedding_state (model_id, project_id) SELECT m.id, p.id FROM embedding_model m CROSS JOIN project p;
