-- +goose Up

-- Directories that one collectivity lets another one read: a line for each of the two.
CREATE TABLE directory_shares (
	collectivity TEXT    NOT NULL REFERENCES collectivities (id) ON DELETE CASCADE,
	other        TEXT    NOT NULL REFERENCES collectivities (id) ON DELETE CASCADE,
	gives        BOOLEAN NOT NULL, -- the collectivity's own directory is read, or it reads the other's
	since        BIGINT  NOT NULL,
	ended        BIGINT  NOT NULL DEFAULT 0, -- 0 for one that holds
	PRIMARY KEY (collectivity, other, gives)
);
CREATE INDEX directory_shares_other ON directory_shares (other);
