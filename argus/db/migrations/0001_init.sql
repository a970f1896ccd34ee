-- Label Studio owns tasks, predictions and annotations. These tables hold what it lacks, and are the truth about
-- progress: a queue may lose everything and is filled again from here.
CREATE EXTENSION IF NOT EXISTS vector;
-- Loads the library when the extension was there already: a role that is no superuser may attach `hnsw.…` to a function
-- only once its settings are known.
DO $$ BEGIN PERFORM '[0]'::vector; END $$;

CREATE TABLE embedding_model (
    id          smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text        NOT NULL,                     -- checkpoint name or folder name
    revision    text        NOT NULL,                     -- digest of the weights and of the preprocessing
    dim         int         NOT NULL CHECK (dim BETWEEN 1 AND 4000),
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (name, revision)
);

CREATE TABLE project (
    id             int PRIMARY KEY,                       -- Label Studio's id
    title          text        NOT NULL DEFAULT '',
    label_config   text        NOT NULL DEFAULT '',
    overrides      jsonb       NOT NULL DEFAULT '{}',     -- {label: {"prompts": [...], "threshold": x}}
    model_version  text        NOT NULL DEFAULT '',       -- of the current recipe; '' until one is known
    ml_backend_id  int,
    webhook_id     int,
    band_high      real,                                  -- null: the setting
    band_medium    real,
    cursor_at      timestamptz,                           -- newest updated_at seen by polling
    reconciled_at  timestamptz,                           -- last full listing
    connected_at   timestamptz,                           -- null: known, but not ours to sync
    CHECK (band_high IS NULL OR band_medium IS NULL OR band_high >= band_medium)
);

CREATE TABLE task (
    id             bigint PRIMARY KEY,                    -- Label Studio's id
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    image          text        NOT NULL,                  -- URL as Label Studio gives it
    video          text,                                  -- provenance of a frame
    video_time     double precision,                      -- seconds
    frame_number   int,
    updated_at     timestamptz,                           -- Label Studio's
    content_hash   bytea,                                 -- sha256 of the file; null until fetched
    state          text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'embedded', 'failed')),
    error          jsonb,                                 -- {"code", "message", "hint"}
    attempts       smallint    NOT NULL DEFAULT 0,
    seen_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX task_project_state ON task (project_id, state);
CREATE INDEX task_content ON task (content_hash);

-- Detections of one label on one image, by what produced them. Kept below the display threshold too, so that a new
-- threshold needs no model.
CREATE TABLE detection (
    task_id      bigint      NOT NULL REFERENCES task ON DELETE CASCADE,
    label        text        NOT NULL,
    concept_key  text        NOT NULL,                    -- digest of checkpoint and prompts
    width        int         NOT NULL,                    -- pixels of the image as a person sees it
    height       int         NOT NULL,
    items        jsonb       NOT NULL,                    -- [{"score", "box": [x0,y0,x1,y1] px, "mask": {...} | null}]
    created_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (task_id, label, concept_key)
);

-- What Label Studio was given. The row is the claim: who inserts it delivers, nobody else does.
CREATE TABLE prediction (
    task_id        bigint      NOT NULL REFERENCES task ON DELETE CASCADE,
    model_version  text        NOT NULL,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    channel        text        NOT NULL CHECK (channel IN ('predict', 'push')),
    state          text        NOT NULL DEFAULT 'claimed' CHECK (state IN ('claimed', 'stored')),
    claimed_at     timestamptz NOT NULL DEFAULT now(),
    prediction_id  bigint,                                -- Label Studio's, once seen
    score          real,                                  -- lowest region score; null: nothing found
    regions        int         NOT NULL DEFAULT 0,
    digest         text        NOT NULL DEFAULT '',       -- of the delivered result: unchanged means nothing to send
    PRIMARY KEY (task_id, model_version)
);
CREATE INDEX prediction_project ON prediction (project_id, model_version, state);

CREATE TABLE run (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    labels         text[]      NOT NULL,
    settings       jsonb       NOT NULL DEFAULT '{}',     -- recipe and where the tasks came from, for the record
    model_version  text        NOT NULL,
    state          text        NOT NULL DEFAULT 'queued'
                   CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    error          jsonb,
    created_at     timestamptz NOT NULL DEFAULT now(),
    started_at     timestamptz,
    finished_at    timestamptz
);
CREATE INDEX run_project ON run (project_id, id DESC);

CREATE TABLE run_task (
    run_id    bigint   NOT NULL REFERENCES run ON DELETE CASCADE,
    task_id   bigint   NOT NULL,                          -- no reference: a deleted task stays in the record
    state     text     NOT NULL DEFAULT 'waiting'
              CHECK (state IN ('waiting', 'detected', 'done', 'failed', 'cancelled')),
    attempts  smallint NOT NULL DEFAULT 0,
    error     jsonb,
    PRIMARY KEY (run_id, task_id)
);
CREATE INDEX run_task_state ON run_task (run_id, state);

-- A bulk acceptance and each annotation it made, written before Label Studio is asked and completed after.
CREATE TABLE acceptance (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id     int         NOT NULL REFERENCES project ON DELETE CASCADE,
    model_version  text        NOT NULL,
    selection      jsonb       NOT NULL DEFAULT '{}',     -- {"min_score", "max_score", "nothing_found"}
    accepted_by    text        NOT NULL DEFAULT '',
    state          text        NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'failed', 'undone')),
    error          jsonb,
    created_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz
);

CREATE TABLE acceptance_item (
    acceptance_id  bigint   NOT NULL REFERENCES acceptance ON DELETE CASCADE,
    task_id        bigint   NOT NULL,
    prediction_id  bigint   NOT NULL,
    regions        int      NOT NULL DEFAULT 0,
    state          text     NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'accepted', 'skipped', 'undone', 'kept')),
    annotation_id  bigint,
    updated_at     timestamptz,                           -- the annotation's, right after it was made
    PRIMARY KEY (acceptance_id, task_id)
);

CREATE TABLE search (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id  int         NOT NULL REFERENCES project ON DELETE CASCADE,
    query       text        NOT NULL,
    total       int         NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX search_project ON search (project_id, id DESC);

-- Label Studio views that we made; any other view is the user's and never touched.
CREATE TABLE view (
    id          int PRIMARY KEY,                          -- Label Studio's id
    project_id  int         NOT NULL REFERENCES project ON DELETE CASCADE,
    kind        text        NOT NULL CHECK (kind IN ('search', 'band')),
    title       text        NOT NULL,
    query       text        NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (project_id, kind, title)
);

-- Exact search inside one project. `+ 0` keeps an approximate index out of the plan, and the total order (distance,
-- task_id) makes paging stable. The table of a dimension is made when its model is registered.
CREATE FUNCTION search_similar_frames(
    query halfvec, p_model smallint, p_project int, p_limit int DEFAULT 50, p_offset int DEFAULT 0
) RETURNS TABLE (task_id bigint, similarity real)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET jit = off AS $body$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT ranked.task_id, (1 - ranked.distance)::real
        FROM (SELECT e.task_id, (e.embedding <=> $1) + 0 AS distance
              FROM %I e WHERE e.model_id = $2 AND e.project_id = $3) ranked
        ORDER BY ranked.distance, ranked.task_id LIMIT $4 OFFSET $5
    $sql$, 'embedding_' || vector_dims(query)) USING query, p_model, p_project, p_limit, p_offset;
END $body$;

-- Approximate search for projects too large for the exact one: one window, cut into pages by the caller. The project id
-- is inlined because a generic plan cannot use the partial index `WHERE project_id = N`.
CREATE FUNCTION search_similar_frames_approximate(
    query halfvec, p_model smallint, p_project int, p_window int DEFAULT 1000
) RETURNS TABLE (task_id bigint, similarity real)
LANGUAGE plpgsql STABLE
SET jit = off SET hnsw.iterative_scan = 'relaxed_order' SET hnsw.ef_search = 400
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off AS $body$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        WITH nearest AS MATERIALIZED (
            SELECT e.task_id, e.embedding <=> $1 AS distance
            FROM %I e WHERE e.model_id = %L AND e.project_id = %L
            ORDER BY e.embedding <=> $1 LIMIT $2)
        SELECT n.task_id, (1 - n.distance)::real FROM nearest n ORDER BY n.distance, n.task_id
    $sql$, 'embedding_' || vector_dims(query), p_model, p_project) USING query, p_window;
END $body$;
