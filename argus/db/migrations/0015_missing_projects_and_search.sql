-- Since when Label Studio has had no project of that number. Such a project is looked for now and then, not in every
-- round.
ALTER TABLE project ADD COLUMN missing_since timestamptz;

-- Loads the library in a session that did not run migration 1: see there.
DO $$ BEGIN PERFORM '[0]'::vector; END $$;

-- Exact search inside one project. Stored vectors have length 1, so the inner product with a query of length 1 is the
-- cosine; it needs a third of the arithmetic. `+ 0` keeps an approximate index out of the plan, and the total order
-- (distance, task_id) makes paging stable.
CREATE OR REPLACE FUNCTION search_similar_frames(
    query halfvec, p_model smallint, p_project int, p_limit int DEFAULT 50, p_offset int DEFAULT 0,
    p_tasks bigint[] DEFAULT NULL, p_except bigint[] DEFAULT '{}'
) RETURNS TABLE (task_id bigint, similarity real)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET jit = off AS $body$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT ranked.task_id, (0 - ranked.distance)::real
        FROM (SELECT e.task_id, (e.embedding <#> $1) + 0 AS distance
              FROM %I e WHERE e.model_id = $2 AND e.project_id = $3 %s %s) ranked
        ORDER BY ranked.distance, ranked.task_id LIMIT $4 OFFSET $5
    $sql$, 'embedding_' || vector_dims(query),
        CASE WHEN p_tasks IS NULL THEN '' ELSE 'AND e.task_id = ANY($6)' END,
        CASE WHEN p_except = '{}' THEN '' ELSE 'AND e.task_id <> ALL($7)' END)
    USING l2_normalize(query), p_model, p_project, p_limit, p_offset, p_tasks, p_except;
END $body$;
