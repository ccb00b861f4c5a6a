-- +goose Up

-- A series that is cut in two leaves a second object: taking the change back takes that one away.
ALTER TABLE calendar_undo ADD COLUMN made TEXT NOT NULL DEFAULT '';      -- its name in the calendar, '' for none
ALTER TABLE calendar_undo ADD COLUMN made_etag TEXT NOT NULL DEFAULT ''; -- as the change left it
