-- What a search can be narrowed by. What people annotated is Label Studio's; the copy here is as fresh as the last poll.
ALTER TABLE task
    ADD COLUMN captured_at   timestamptz,                          -- when the picture was taken, if task.data says
    ADD COLUMN IF NOT EXISTS duplicate_of bigint,                  -- the earlier frame that shows the same
    ADD COLUMN labelled      boolean NOT NULL DEFAULT false,       -- has an annotation that was not cancelled
    ADD COLUMN labels        text[]  NOT NULL DEFAULT '{}',        -- what the annotations say, each label once
    ADD COLUMN labelled_at   timestamptz;                          -- task.updated_at at which both were read

CREATE FUNCTION best_score(items jsonb) RETURNS real
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $body$
    SELECT max((item->>'score')::real) FROM jsonb_array_elements(items) item
$body$;
-- Kept beside the detections, so that asking which tasks show a label need not read their masks.
ALTER TABLE detection ADD COLUMN best_score real GENERATED ALWAYS AS (best_score(items)) STORED;

-- Loads the library in a session that did not run migration 1: see there.
DO $$ BEGIN PERFORM '[0]'::vector; END $$;

-- The searches as functions, now with the tasks to rank (null: all of the project) and tasks to leave out.
DROP FUNCTION search_similar_frames(halfvec, smallint, int, int, int);
DROP FUNCTION search_similar_frames_approximate(halfvec, smallint, int, int);

-- Exact search inside one project. `+ 0` keeps an approximate index out of the plan, and the total order (distance,
-- task_id) makes paging stable.
CREATE FUNCTION search_similar_frames(
    query halfvec, p_model smallint, p_project int, p_limit int DEFAULT 50, p_offset int DEFAULT 0,
    p_tasks bigint[] DEFAULT NULL, p_except bigint[] DEFAULT '{}'
) RETURNS TABLE (task_id bigint, similarity real)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET jit = off AS $body$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT ranked.task_id, (1 - ranked.distance)::real
        FROM (SELECT e.task_id, (e.embedding <=> $1) + 0 AS distance
              FROM %I e WHERE e.model_id = $2 AND e.project_id = $3 %s %s) ranked
        ORDER BY ranked.distance, ranked.task_id LIMIT $4 OFFSET $5
    $sql$, 'embedding_' || vector_dims(query),
        CASE WHEN p_tasks IS NULL THEN '' ELSE 'AND e.task_id = ANY($6)' END,
        CASE WHEN p_except = '{}' THEN '' ELSE 'AND e.task_id <> ALL($7)' END)
    USING query, p_model, p_project, p_limit, p_offset, p_tasks, p_except;
END $body$;

-- Approximate search for projects too large for the exact one: one window, cut into pages by the caller. The project id
-- is inlined because a generic plan cannot use the partial index `WHERE project_id = N`. The scan of the graph goes on
-- until the window is full of tasks that pass, so it is for conditions that most tasks meet; few are ranked exactly.
CREATE FUNCTION search_similar_frames_approximate(
    query halfvec, p_model smallint, p_project int, p_window int DEFAULT 1000,
    p_tasks bigint[] DEFAULT NULL, p_except bigint[] DEFAULT '{}'
) RETURNS TABLE (task_id bigint, similarity real)
LANGUAGE plpgsql STABLE
SET jit = off SET hnsw.iterative_scan = 'relaxed_order' SET hnsw.ef_search = 400 SET hnsw.max_scan_tuples = 200000
SET ivfflat.iterative_scan = 'relaxed_order'
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off AS $body$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        WITH nearest AS MATERIALIZED (
            SELECT e.task_id, e.embedding <=> $1 AS distance
            FROM %I e WHERE e.model_id = %L AND e.project_id = %L %s %s
            ORDER BY e.embedding <=> $1 LIMIT $2)
        SELECT n.task_id, (1 - n.distance)::real FROM nearest n ORDER BY n.distance, n.task_id
    $sql$, 'embedding_' || vector_dims(query), p_model, p_project,
        CASE WHEN p_tasks IS NULL THEN '' ELSE 'AND e.task_id = ANY($3)' END,
        CASE WHEN p_except = '{}' THEN '' ELSE 'AND e.task_id <> ALL($4)' END)
    USING query, p_window, p_tasks, p_except;
END $body$;

-- What was asked, whole: text, examples, filters. `query` is what a person reads, and what makes two searches the same.
ALTER TABLE search ADD COLUMN ask jsonb NOT NULL DEFAULT '{}';
UPDATE search SET ask = jsonb_build_object('text', query);

CREATE TABLE saved_search (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id    int         NOT NULL REFERENCES project ON DELETE CASCADE,
    name          text        NOT NULL,
    ask           jsonb       NOT NULL,                    -- as in `search`
    size          int         NOT NULL DEFAULT 50,         -- hits that the view shows at most
    relevance     text        NOT NULL DEFAULT 'noise' CHECK (relevance IN ('likely', 'maybe', 'noise')),
    keep_view     boolean     NOT NULL DEFAULT false,      -- whether a Label Studio view follows it
    ranked        int         NOT NULL DEFAULT 0,          -- first hits that get their rank written into task.data
    shown         bigint[]    NOT NULL DEFAULT '{}',       -- what the view showed last, best first
    seen          text        NOT NULL DEFAULT '',         -- state of the project that was searched
    stale         text        NOT NULL DEFAULT '',         -- newer state, waited out until it settles
    stale_since   timestamptz,
    refreshed_at  timestamptz,
    error         jsonb,
    created_at    timestamptz NOT NULL DEFAULT now(),
    UNIQUE (project_id, name)
);

ALTER TABLE view DROP CONSTRAINT view_kind_check, ADD CONSTRAINT view_kind_check CHECK (kind IN ('search', 'band', 'tab'));
ALTER TABLE view DROP CONSTRAINT view_project_id_kind_title_key;
CREATE UNIQUE INDEX view_title ON view (project_id, kind, title) WHERE kind <> 'tab';  -- people may open the same twice
ALTER TABLE view
    ADD COLUMN written   text NOT NULL DEFAULT '',         -- digest of the filter that we wrote
    ADD COLUMN seen      text NOT NULL DEFAULT '',         -- of a tab: state of the project that was searched
    ADD COLUMN saved_id  bigint REFERENCES saved_search ON DELETE SET NULL;

-- A person's word on a hit, for measuring the search.
CREATE TABLE judgement (
    project_id  int         NOT NULL REFERENCES project ON DELETE CASCADE,
    query       text        NOT NULL,
    task_id     bigint      NOT NULL REFERENCES task ON DELETE CASCADE,
    relevant    boolean     NOT NULL,
    judged_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, query, task_id)
);
CREATE INDEX judgement_task ON judgement (task_id);
