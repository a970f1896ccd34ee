-- The order of views that no saved search keeps: under the key `argus_rank_v<id>` of their data, the tasks `wanted` carry
-- their rank in the view; `written` are those that may have one already. Without a view, the ranks are taken away again.
CREATE TABLE view_rank (
    id         bigserial PRIMARY KEY,
    project_id int       NOT NULL REFERENCES project ON DELETE CASCADE,
    view_id    bigint    UNIQUE,
    wanted     bigint[]  NOT NULL DEFAULT '{}',
    written    bigint[]  NOT NULL DEFAULT '{}'
);
CREATE INDEX ON view_rank (project_id);
