-- +goose Up

-- A vehicle that somebody took, and brought back: its log book.
CREATE TABLE vehicle_trips (
	collectivity TEXT    NOT NULL REFERENCES collectivities(id),
	id           TEXT    NOT NULL,
	resource     TEXT    NOT NULL,
	event        TEXT    NOT NULL,            -- object of a calendar that holds the booking, '' for none
	recurrence   BIGINT  NOT NULL,            -- instance of the event, UTC milliseconds; 0 for what happens once
	driver       TEXT    NOT NULL,            -- agent
	due          BIGINT  NOT NULL,            -- when it was expected as it went out, UTC milliseconds
	out_at       BIGINT  NOT NULL,
	out_km       BIGINT  NOT NULL,            -- 0 where nobody counts
	out_level    BIGINT  NOT NULL,            -- thousandths of the tank or the battery, -1 when unknown
	out_said     TEXT    NOT NULL,            -- its condition in words, '' for none
	out_by       TEXT    NOT NULL,            -- agent who noted it
	out_noted    BIGINT  NOT NULL,            -- when
	back_at      BIGINT  NOT NULL DEFAULT 0,  -- 0 while it is out
	back_km      BIGINT  NOT NULL DEFAULT 0,
	back_level   BIGINT  NOT NULL DEFAULT -1,
	back_said    TEXT    NOT NULL DEFAULT '',
	back_by      TEXT    NOT NULL DEFAULT '',
	back_noted   BIGINT  NOT NULL DEFAULT 0,
	odometer_was BIGINT  NOT NULL DEFAULT 0,  -- what the resource's was before it came back
	incident     BOOLEAN NOT NULL DEFAULT FALSE, -- back_said tells of damage, or of an accident
	handled      BIGINT  NOT NULL DEFAULT 0,  -- when somebody dealt with the incident, 0: it waits
	handled_by   TEXT    NOT NULL DEFAULT '', -- agent
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX vehicle_trips_out ON vehicle_trips (collectivity, resource) WHERE back_at = 0;
CREATE INDEX vehicle_trips_by_time ON vehicle_trips (collectivity, resource, out_at);
CREATE INDEX vehicle_trips_waiting ON vehicle_trips (collectivity) WHERE incident AND handled = 0;

-- What it looked like, as JPEG.
CREATE TABLE vehicle_trip_photos (
	collectivity TEXT  NOT NULL REFERENCES collectivities(id),
	trip         TEXT  NOT NULL,
	moment       TEXT  NOT NULL, -- 'out', 'back'
	octets       BYTEA NOT NULL,
	PRIMARY KEY (collectivity, trip, moment)
);

-- +goose Down
DROP TABLE vehicle_trip_photos;
DROP TABLE vehicle_trips;
