-- A detector of one's own beside SAM 3. `engine` is the one that the project's recipe is of. `detector` is the one that was
-- chosen last: its name and digest, its classes, whether SAM 3 gives its boxes masks, and the classes that people gave
-- to labels. `other_version` is the version of the recipe of the engine that is not chosen: its predictions stay.
ALTER TABLE project
    ADD COLUMN engine        text  NOT NULL DEFAULT 'sam3' CHECK (engine IN ('sam3', 'detector')),
    ADD COLUMN detector      jsonb,
    ADD COLUMN other_version text  NOT NULL DEFAULT '';
