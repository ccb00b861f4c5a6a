-- +goose Up

-- What a resource is, and when it may be booked.
ALTER TABLE resources ADD COLUMN category TEXT NOT NULL DEFAULT '';         -- 'Salles de réunion', in the collectivity's words; '' for none
ALTER TABLE resources ADD COLUMN description TEXT NOT NULL DEFAULT '';      -- and how one is to use it
ALTER TABLE resources ADD COLUMN features TEXT NOT NULL DEFAULT '';         -- a line each: 'écran'
ALTER TABLE resources ADD COLUMN photo TEXT NOT NULL DEFAULT '';            -- its version, part of its address; '' for none
ALTER TABLE resources ADD COLUMN hours TEXT NOT NULL DEFAULT '';            -- 'mo 08:00-12:00 14:00-18:00' a line; '': at any time
ALTER TABLE resources ADD COLUMN holidays_off BOOLEAN NOT NULL DEFAULT FALSE; -- closed on public holidays
ALTER TABLE resources ADD COLUMN longest BIGINT NOT NULL DEFAULT 0;         -- minutes of one booking, 0: as long as one likes
ALTER TABLE resources ADD COLUMN ahead BIGINT NOT NULL DEFAULT 0;           -- days, 0: as far as one likes
ALTER TABLE resources ADD COLUMN notice BIGINT NOT NULL DEFAULT 0;          -- minutes, 0: until it begins
ALTER TABLE resources ADD COLUMN approval BOOLEAN NOT NULL DEFAULT FALSE;   -- somebody accepts each booking
ALTER TABLE resources ADD COLUMN titles_public BOOLEAN NOT NULL DEFAULT FALSE; -- who sees it reads what it is booked for
ALTER TABLE resources ADD COLUMN plate TEXT NOT NULL DEFAULT '';            -- 'AB-123-CD'
ALTER TABLE resources ADD COLUMN energy TEXT NOT NULL DEFAULT '';           -- 'electric', '' when unknown
ALTER TABLE resources ADD COLUMN odometer BIGINT NOT NULL DEFAULT 0;        -- km, 0 when unknown
ALTER TABLE resources ADD COLUMN inspection TEXT NOT NULL DEFAULT '';       -- day of the next one, '2027-05-31'; '' when unknown
ALTER TABLE resources ADD COLUMN insured TEXT NOT NULL DEFAULT '';          -- last day of its insurance, '' when unknown

-- Who may see one, and who accepts its bookings. Everyone sees it where nobody is named.
CREATE TABLE resource_people (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	resource     TEXT NOT NULL,
	does         TEXT NOT NULL, -- 'see', 'approve'
	kind         TEXT NOT NULL, -- 'agent', 'group'
	subject      TEXT NOT NULL,
	PRIMARY KEY (collectivity, resource, does, kind, subject)
);
CREATE INDEX resource_people_by_subject ON resource_people (collectivity, does, kind, subject);

-- Days on which one is not booked.
CREATE TABLE resource_closings (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	resource     TEXT NOT NULL,
	first_day    TEXT NOT NULL, -- '2027-08-02', of the collectivity's calendar
	last_day     TEXT NOT NULL, -- included
	reason       TEXT NOT NULL, -- 'Travaux', '' when none is told
	PRIMARY KEY (collectivity, resource, first_day)
);

-- A photograph, square, as JPEG, in each size that is shown.
CREATE TABLE resource_photos (
	collectivity TEXT   NOT NULL REFERENCES collectivities(id),
	resource     TEXT   NOT NULL,
	side         BIGINT NOT NULL, -- pixels
	octets       BYTEA  NOT NULL,
	PRIMARY KEY (collectivity, resource, side)
);

-- A booking that nobody accepted yet holds its time all the same.
ALTER TABLE bookings ADD COLUMN pending BOOLEAN NOT NULL DEFAULT FALSE;

-- Two objects of one holder with one UID, as a client has them that moves one, may have a resource at one time.
ALTER TABLE bookings ADD COLUMN twin BOOLEAN NOT NULL DEFAULT FALSE; -- it may overlap another of the same holder and UID
CREATE INDEX bookings_of_twins ON bookings (collectivity, resource) WHERE twin;

UPDATE bookings SET twin = TRUE WHERE EXISTS (
	SELECT 1 FROM bookings o WHERE o.collectivity = bookings.collectivity AND o.resource = bookings.resource AND o.holder = bookings.holder
	AND o.uid = bookings.uid AND o.event <> bookings.event AND o.starts < bookings.ends AND o.ends > bookings.starts);

-- A page of a hundred resources over a week reads thousands of rows: all of them from the index.
DROP INDEX bookings_by_time;
CREATE INDEX bookings_by_time ON bookings (collectivity, resource, ends, starts, event, recurrence, holder, uid, pending);

-- What was asked of who accepts bookings: one for an event and a resource.
CREATE TABLE booking_requests (
	collectivity TEXT    NOT NULL REFERENCES collectivities(id),
	id           TEXT    NOT NULL,
	resource     TEXT    NOT NULL,
	event        TEXT    NOT NULL, -- object of a calendar
	holder       TEXT    NOT NULL, -- agent in whose calendar it is
	state        TEXT    NOT NULL, -- 'waiting', 'accepted', 'refused', 'lapsed'
	asked        BIGINT  NOT NULL,
	starts       BIGINT  NOT NULL, -- of the first of its dates that wait
	ends         BIGINT  NOT NULL, -- of the first
	dates        BIGINT  NOT NULL, -- how many wait
	decided      BIGINT  NOT NULL DEFAULT 0,
	decided_by   TEXT    NOT NULL DEFAULT '', -- agent
	reason       TEXT    NOT NULL DEFAULT '', -- of a refusal
	told         BOOLEAN NOT NULL DEFAULT FALSE, -- the event has the answer
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX booking_requests_by_event ON booking_requests (collectivity, event, resource);
CREATE INDEX booking_requests_by_resource ON booking_requests (collectivity, resource, state);

-- Who waits for a resource that is taken.
CREATE TABLE booking_waits (
	collectivity TEXT   NOT NULL REFERENCES collectivities(id),
	id           TEXT   NOT NULL,
	resource     TEXT   NOT NULL,
	agent        TEXT   NOT NULL,
	starts       BIGINT NOT NULL, -- UTC milliseconds
	ends         BIGINT NOT NULL, -- half-open
	title        TEXT   NOT NULL, -- of the event to be, '' for the resource's name
	asked        BIGINT NOT NULL,
	offered      BIGINT NOT NULL DEFAULT 0, -- when it became free for her, 0 while she waits
	until        BIGINT NOT NULL DEFAULT 0, -- it is kept for her before this
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX booking_waits_by_agent ON booking_waits (collectivity, agent, resource, starts, ends);
CREATE INDEX booking_waits_by_time ON booking_waits (collectivity, resource, ends);

-- +goose Down
DROP TABLE booking_waits;
DROP TABLE booking_requests;
DROP INDEX bookings_by_time;
CREATE INDEX bookings_by_time ON bookings (collectivity, resource, ends);
DROP INDEX bookings_of_twins;
ALTER TABLE bookings DROP COLUMN twin;
ALTER TABLE bookings DROP COLUMN pending;
DROP TABLE resource_photos;
DROP TABLE resource_closings;
DROP TABLE resource_people;
ALTER TABLE resources DROP COLUMN insured;
ALTER TABLE resources DROP COLUMN inspection;
ALTER TABLE resources DROP COLUMN odometer;
ALTER TABLE resources DROP COLUMN energy;
ALTER TABLE resources DROP COLUMN plate;
ALTER TABLE resources DROP COLUMN titles_public;
ALTER TABLE resources DROP COLUMN approval;
ALTER TABLE resources DROP COLUMN notice;
ALTER TABLE resources DROP COLUMN ahead;
ALTER TABLE resources DROP COLUMN longest;
ALTER TABLE resources DROP COLUMN holidays_off;
ALTER TABLE resources DROP COLUMN hours;
ALTER TABLE resources DROP COLUMN photo;
ALTER TABLE resources DROP COLUMN features;
ALTER TABLE resources DROP COLUMN description;
ALTER TABLE resources DROP COLUMN category;
