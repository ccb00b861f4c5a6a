-- +goose Up

-- The logo of a collectivity, as PNG: what pages show, and for thirty days what
-- they showed before.
CREATE TABLE collectivity_logos (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	version      TEXT   NOT NULL, -- of its octets, part of its address
	width        BIGINT NOT NULL, -- pixels
	height       BIGINT NOT NULL,
	octets       BYTEA  NOT NULL,
	put_away     BIGINT NOT NULL, -- when another took its place, 0 while it is shown
	PRIMARY KEY (collectivity, version)
);

ALTER TABLE collectivities ADD COLUMN logo TEXT NOT NULL DEFAULT ''; -- its version, '' for none
ALTER TABLE collectivities ADD COLUMN logo_width BIGINT NOT NULL DEFAULT 0;
ALTER TABLE collectivities ADD COLUMN logo_height BIGINT NOT NULL DEFAULT 0;
