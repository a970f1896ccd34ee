-- Whose these are: the id of a user in Label Studio. NULL: made with the shared token alone, or before this was kept.
ALTER TABLE run ADD COLUMN person_id bigint;
ALTER TABLE acceptance ADD COLUMN person_id bigint;
ALTER TABLE saved_search ADD COLUMN person_id bigint;
ALTER TABLE search ADD COLUMN person_id bigint;
ALTER TABLE judgement ADD COLUMN person_id bigint;
COMMENT ON COLUMN acceptance.accepted_by IS 'the e-mail of the person whose token was used; until 0026 it could be a given name';
