-- What the project's other model says of the same thing, where a suspicion is that the two disagree: its label.
ALTER TABLE suspicion ADD COLUMN said text NOT NULL DEFAULT '';
