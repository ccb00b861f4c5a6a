-- +goose Up

-- A collectivity as it is being written down, screen after screen, before it
-- exists. It belongs to the pool: whoever operates it may take it up.
CREATE TABLE collectivity_drafts (
	id      TEXT   PRIMARY KEY,
	content TEXT   NOT NULL, -- JSON, directory.Draft
	begun   BIGINT NOT NULL,  -- ms since the epoch, UTC
	changed BIGINT NOT NULL,
	account TEXT   NOT NULL REFERENCES accounts (id), -- who changed it last
	dropped BIGINT NOT NULL DEFAULT 0 -- when it was put away, which keeps it 30 days
);

-- When a collectivity was suspended; 0 for one that is open.
ALTER TABLE collectivities ADD COLUMN suspended BIGINT NOT NULL DEFAULT 0;

-- The operator reads what was done to one collectivity of the pool.
CREATE INDEX audit_lines_by_object ON audit_lines (collectivity, object_id, at);
