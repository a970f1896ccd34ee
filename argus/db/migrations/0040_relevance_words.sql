-- The bands of relevance are called likely, possible and unlikely everywhere.

ALTER TABLE saved_search DROP CONSTRAINT saved_search_relevance_check;
UPDATE saved_search SET relevance = CASE relevance WHEN 'maybe' THEN 'possible' WHEN 'noise' THEN 'unlikely' ELSE relevance END;
ALTER TABLE saved_search ALTER COLUMN relevance SET DEFAULT 'unlikely';
ALTER TABLE saved_search ADD CONSTRAINT saved_search_relevance_check CHECK (relevance IN ('likely', 'possible', 'unlikely'));
