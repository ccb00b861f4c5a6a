-- +goose Up

-- Contacts that were deleted on a page, for who would take that back.
CREATE TABLE contact_undo (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	agent        TEXT NOT NULL,    -- who deleted it, and alone takes it back
	book         TEXT NOT NULL,
	name         TEXT NOT NULL,    -- of the card
	kept         BIGINT NOT NULL,  -- when
	octets       BYTEA NOT NULL,
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX contact_undo_by_age ON contact_undo (collectivity, kept);

-- +goose Down
DROP TABLE contact_undo;
