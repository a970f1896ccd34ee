-- When the taking back of an item was asked of Label Studio: an annotation that is gone afterwards was deleted by us, even
-- when the answer never came. Cleared when the item is kept.
ALTER TABLE acceptance_item ADD COLUMN undo_asked_at timestamptz;
ALTER TABLE addition_item ADD COLUMN undo_asked_at timestamptz;
