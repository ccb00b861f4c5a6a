-- +goose Up

-- Rooms, vehicles and equipment of a collectivity: who invites one books it.
CREATE TABLE resources (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	kind         TEXT NOT NULL,           -- 'room', 'vehicle' or 'equipment'
	name         TEXT NOT NULL,
	place        TEXT NOT NULL,           -- 'Mairie, 1er étage', '' for none
	seats        BIGINT NOT NULL,         -- 0 where nobody counts
	address      TEXT NOT NULL,           -- of mail, lower case, by which it is invited; '': by its principal alone
	active       BOOLEAN NOT NULL,        -- FALSE: withdrawn, it accepts nothing
	turn         BIGINT NOT NULL,         -- of its decisions: who writes it decides alone
	created      BIGINT NOT NULL,
	modified     BIGINT NOT NULL,
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX resources_by_address ON resources (collectivity, address) WHERE address <> '';

-- The groups that may book one; everyone where there is none.
CREATE TABLE resource_groups (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	resource     TEXT NOT NULL,
	group_id     TEXT NOT NULL,
	PRIMARY KEY (collectivity, resource, group_id)
);

-- When each is taken: every instance of every event that it accepted, two years ahead. Those of one never overlap.
CREATE TABLE bookings (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	resource     TEXT NOT NULL,
	event        TEXT NOT NULL,           -- object of a calendar
	recurrence   BIGINT NOT NULL,         -- instance of the event, UTC milliseconds; 0 for what happens once
	starts       BIGINT NOT NULL,
	ends         BIGINT NOT NULL,         -- half-open
	holder       TEXT NOT NULL,           -- agent in whose calendar it is
	uid          TEXT NOT NULL,           -- of the event
	goes_on      BOOLEAN NOT NULL,        -- the last of those booked of a series that has more
	PRIMARY KEY (collectivity, resource, event, recurrence, starts)
);
CREATE INDEX bookings_by_time ON bookings (collectivity, resource, ends);
CREATE INDEX bookings_by_event ON bookings (collectivity, event);
CREATE INDEX bookings_going_on ON bookings (collectivity, starts) WHERE goes_on;

-- +goose Down
DROP TABLE bookings;
DROP TABLE resource_groups;
DROP TABLE resources;
