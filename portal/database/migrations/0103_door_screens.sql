-- +goose Up

-- Secret addresses under which a screen on a door, or in a hall, shows when resources are taken.
CREATE TABLE door_screens (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	hash         BYTEA NOT NULL,          -- of its secret
	label        TEXT NOT NULL,           -- 'Porte de la salle du conseil'
	names        BOOLEAN NOT NULL,        -- it tells who booked
	made         BIGINT NOT NULL,
	seen         BIGINT NOT NULL,         -- when it was last read, 0 for never
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX door_screens_by_hash ON door_screens (hash);

CREATE TABLE door_screen_resources (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	screen       TEXT NOT NULL,
	resource     TEXT NOT NULL,
	PRIMARY KEY (collectivity, screen, resource)
);

-- +goose Down
DROP TABLE door_screen_resources;
DROP TABLE door_screens;
