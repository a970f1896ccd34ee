-- Loads the library in a session that did not run migration 1: see there.
DO $$ BEGIN PERFORM '[0]'::vector; END $$;

-- An object: one of a detection's items that has the embedding of its crop. A row is there exactly when the current
-- model's vector is (`object_embedding_…`, made as `embedding_…` when a model is registered).
CREATE TABLE object (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    project_id   int    NOT NULL,                         -- the task's
    task_id      bigint NOT NULL,
    label        text   NOT NULL,
    concept_key  text   NOT NULL,
    place        int    NOT NULL,                         -- in `items`, from 1
    score        real   NOT NULL,
    box          real[] NOT NULL,                         -- x0, y0, x1, y1 as fractions of the image's sides
    UNIQUE (task_id, label, concept_key, place),
    FOREIGN KEY (task_id, label, concept_key) REFERENCES detection ON DELETE CASCADE
);
CREATE INDEX object_project ON object (project_id, label, concept_key);

-- How far a detection's objects are. Those of a preview wait until somebody asks for the label.
ALTER TABLE detection
    ADD COLUMN objects text NOT NULL DEFAULT 'waiting' CHECK (objects IN ('waiting', 'embedded', 'failed'));
CREATE INDEX detection_objects ON detection (task_id)
    WHERE objects = 'waiting' AND best_score IS NOT NULL AND NOT previewed;
CREATE INDEX detection_objects_failed ON detection (task_id) WHERE objects = 'failed';

-- Tries to embed a task's objects, counted apart from those of its image.
ALTER TABLE task
    ADD COLUMN object_attempts smallint NOT NULL DEFAULT 0,
    ADD COLUMN object_error    jsonb;                     -- {"code", "message", "hint", "may_pass", "at"}

-- Whoever detects again replaces the objects: of an earlier version, too, which knows nothing of them.
CREATE FUNCTION detection_objects_replaced() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF (NEW.items, NEW.width, NEW.height) IS DISTINCT FROM (OLD.items, OLD.width, OLD.height) THEN
        DELETE FROM object WHERE task_id = OLD.task_id AND label = OLD.label AND concept_key = OLD.concept_key;
        NEW.objects := 'waiting';
    END IF;
    RETURN NEW;
END $body$;
CREATE TRIGGER detection_objects_replaced BEFORE UPDATE OF items ON detection
    FOR EACH ROW EXECUTE FUNCTION detection_objects_replaced();

-- Versions of a project's object vectors, as `embedding_state` and `embedding_batch` are of its images'.
CREATE TABLE object_embedding_state (
    model_id    smallint NOT NULL REFERENCES embedding_model ON DELETE CASCADE,
    project_id  int      NOT NULL,
    version     bigint   NOT NULL DEFAULT 1,
    token       uuid     NOT NULL DEFAULT gen_random_uuid(),
    previous    uuid,
    PRIMARY KEY (model_id, project_id)
);
CREATE TABLE object_embedding_batch (
    model_id    smallint NOT NULL,
    project_id  int      NOT NULL,
    version     bigint   NOT NULL,
    token       uuid     NOT NULL,
    previous    uuid,
    objects     bigint[] NOT NULL,
    PRIMARY KEY (model_id, project_id, version),
    FOREIGN KEY (model_id, project_id) REFERENCES object_embedding_state ON DELETE CASCADE
);

-- As search_similar_frames, of objects.
CREATE FUNCTION search_similar_objects(
    query halfvec, p_model smallint, p_project int, p_limit int DEFAULT 50, p_offset int DEFAULT 0,
    p_objects bigint[] DEFAULT NULL, p_except bigint[] DEFAULT '{}'
) RETURNS TABLE (object_id bigint, similarity real)
LANGUAGE plpgsql STABLE PARALLEL SAFE SET jit = off AS $body$
BEGIN
    RETURN QUERY EXECUTE format($sql$
        SELECT ranked.object_id, (1 - ranked.distance)::real
        FROM (SELECT e.object_id, (e.embedding <=> $1) + 0 AS distance
              FROM %I e WHERE e.model_id = $2 AND e.project_id = $3 %s %s) ranked
        ORDER BY ranked.distance, ranked.object_id LIMIT $4 OFFSET $5
    $sql$, 'object_embedding_' || vector_dims(query),
        CASE WHEN p_objects IS NULL THEN '' ELSE 'AND e.object_id = ANY($6)' END,
        CASE WHEN p_except = '{}' THEN '' ELSE 'AND e.object_id <> ALL($7)' END)
    USING query, p_model, p_project, p_limit, p_offset, p_objects, p_except;
END $body$;
