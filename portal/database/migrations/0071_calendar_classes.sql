-- +goose Up

-- Who reads a calendar of another must not see what is private in it. '' was stored before anybody
-- asked: it is taken for private until the calendar is shared, when all of it is read.
ALTER TABLE calendar_objects ADD COLUMN class TEXT NOT NULL DEFAULT ''; -- 'PUBLIC', 'PRIVATE', 'CONFIDENTIAL'

-- Who only sees when an agent is taken reads objects under their id, as their names may tell more: also
-- of what was deleted.
ALTER TABLE calendar_changes ADD COLUMN object TEXT NOT NULL DEFAULT '';
UPDATE calendar_changes SET object = COALESCE((
	SELECT o.id FROM calendar_objects o
	WHERE o.collectivity = calendar_changes.collectivity AND o.calendar = calendar_changes.calendar AND o.name = calendar_changes.name), '');
