-- +goose Up

-- Where a right holds: a unit and those below it, '' for the whole collectivity.
ALTER TABLE rights_given ADD COLUMN in_unit TEXT NOT NULL DEFAULT '';

-- The assistances under which it was given, and with which it ends, and under which it
-- was taken away; '' for none.
ALTER TABLE rights_given ADD COLUMN given_under TEXT NOT NULL DEFAULT '';
ALTER TABLE rights_given ADD COLUMN taken_under TEXT NOT NULL DEFAULT '';
