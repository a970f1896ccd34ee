-- Loads the library in a session that did not run migration 1: see there.
DO $$ BEGIN PERFORM '[0]'::vector; END $$;

-- Of identical vectors an approximate index holds one: thousands of them (a camera that stands still) cut the graph of
-- HNSW apart. Tables of vectors that have such an index have two more columns: `digest`, and `repeated` for a row whose
-- vector is in the index by another row of this digest. Whoever writes a repeated row locks that other row FOR KEY SHARE;
-- this is what makes up for its deletion: one of those that repeat it takes its place.
CREATE FUNCTION embedding_take_its_place() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    same text := 'model_id = $1 AND project_id = $2 AND digest = $3 AND repeated';
    number int;
    more boolean;
BEGIN
    LOOP
        EXECUTE format('UPDATE %1$I SET repeated = false WHERE model_id = $1 AND project_id = $2 AND task_id = ('
                       'SELECT task_id FROM %1$I WHERE %2$s ORDER BY task_id LIMIT 1 FOR UPDATE SKIP LOCKED)',
                       TG_TABLE_NAME, same) USING OLD.model_id, OLD.project_id, OLD.digest;
        GET DIAGNOSTICS number = ROW_COUNT;
        EXIT WHEN number > 0;
        -- None, or others are about to delete all that are left: wait for what becomes of the first.
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %s)', TG_TABLE_NAME, same)
            INTO more USING OLD.model_id, OLD.project_id, OLD.digest;
        EXIT WHEN NOT more;
        EXECUTE format('SELECT FROM %I WHERE %s ORDER BY task_id LIMIT 1 FOR UPDATE', TG_TABLE_NAME, same)
            USING OLD.model_id, OLD.project_id, OLD.digest;
    END LOOP;
    RETURN NULL;
END $body$;

-- Approximate search as before. `p_once`: the index holds identical vectors once. Then a row of the index stands for all of
-- its digest; they are looked up after the scan, at its distance, which is theirs. So a row passes the tasks to rank when
-- one of those that repeat it does, and tasks to leave out are left out at the end.
DROP FUNCTION search_similar_frames_approximate(halfvec, smallint, int, int, bigint[], bigint[]);
CREATE FUNCTION search_similar_frames_approximate(
    query halfvec, p_model smallint, p_project int, p_window int DEFAULT 1000,
    p_tasks bigint[] DEFAULT NULL, p_except bigint[] DEFAULT '{}', p_once boolean DEFAULT false
) RETURNS TABLE (task_id bigint, similarity real)
LANGUAGE plpgsql STABLE
SET jit = off SET hnsw.iterative_scan = 'relaxed_order' SET hnsw.ef_search = 400 SET hnsw.max_scan_tuples = 200000
SET ivfflat.iterative_scan = 'relaxed_order'
SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off AS $body$
DECLARE
    vectors text := format('%I e WHERE e.model_id = %L AND e.project_id = %L', 'embedding_' || vector_dims(query),
                           p_model, p_project);
    passes text := CASE WHEN p_tasks IS NULL THEN 'true' ELSE 'e.task_id = ANY($3)' END;
    stays text := CASE WHEN p_except = '{}' THEN 'true' ELSE 'e.task_id <> ALL($4)' END;
BEGIN
    IF NOT p_once THEN
        RETURN QUERY EXECUTE format($sql$
            WITH nearest AS MATERIALIZED (
                SELECT e.task_id, e.embedding <=> $1 AS distance
                FROM %s AND %s AND %s
                ORDER BY e.embedding <=> $1 LIMIT $2)
            SELECT n.task_id, (1 - n.distance)::real FROM nearest n ORDER BY n.distance, n.task_id
        $sql$, vectors, passes, stays) USING query, p_window, p_tasks, p_except;
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format($sql$
        WITH nearest AS MATERIALIZED (
            SELECT e.task_id, e.digest, e.embedding <=> $1 AS distance
            FROM %1$s AND NOT e.repeated AND (%2$s %4$s)
            ORDER BY e.embedding <=> $1 LIMIT $2 + cardinality($4)),
        pictures AS (SELECT n.digest, min(n.distance) AS distance FROM nearest n WHERE n.digest IS NOT NULL GROUP BY 1),
        found AS (
            SELECT e.task_id, e.distance FROM nearest e WHERE %2$s AND %3$s
            UNION ALL
            SELECT same.task_id, p.distance FROM pictures p CROSS JOIN LATERAL (
                SELECT e.task_id FROM %1$s AND e.digest = p.digest AND e.repeated AND %2$s AND %3$s
                ORDER BY e.task_id LIMIT $2) same)
        SELECT f.task_id, (1 - f.distance)::real FROM found f ORDER BY f.distance, f.task_id LIMIT $2
    $sql$, vectors, passes, stays,
        CASE WHEN p_tasks IS NULL THEN '' ELSE format(
            'OR e.digest = ANY(ARRAY(SELECT DISTINCT e.digest FROM %s AND e.repeated AND %s))', vectors, passes) END)
    USING query, p_window, p_tasks, p_except;
END $body$;
