-- Null: nobody has chosen yet what is checked first, and no task waits. New projects begin with kinds, see `bands.py`.
ALTER TABLE project ALTER COLUMN check_first DROP DEFAULT, ALTER COLUMN check_first DROP NOT NULL;
UPDATE project SET check_first = NULL WHERE check_first = '{}';
