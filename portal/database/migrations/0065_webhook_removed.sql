-- +goose Up

-- The state of a webhook before its last one: what a removal that is taken back returns to.
-- '' of those removed before, which come back running.
ALTER TABLE webhooks ADD COLUMN was TEXT NOT NULL DEFAULT '';
