-- +goose Up

-- A set of calendar objects with one owner: an agent, or the collectivity ('').
CREATE TABLE calendars (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,              -- the agent's id for her first calendar, which exists from her first write on
	owner        TEXT NOT NULL,              -- agent; '' for a calendar of the collectivity
	slug         TEXT NOT NULL,              -- last part of its DAV address, chosen by the client that made it
	name         TEXT NOT NULL,
	description  TEXT NOT NULL DEFAULT '',
	color        TEXT NOT NULL DEFAULT '',   -- '#rrggbb', '' for none chosen
	position     BIGINT NOT NULL DEFAULT 0,
	zone         TEXT NOT NULL DEFAULT '',   -- IANA name for all-day events, '' follows the collectivity
	zone_text    TEXT NOT NULL DEFAULT '',   -- calendar-timezone as the client wrote it
	components   TEXT NOT NULL DEFAULT 'VEVENT,VTODO,VJOURNAL',
	busy         BOOLEAN NOT NULL DEFAULT TRUE, -- its events take the owner's time
	epoch        TEXT NOT NULL,              -- drawn when the calendar is made or restored from a backup
	sequence     BIGINT NOT NULL DEFAULT 0,  -- of the last change; never goes back within an epoch
	forgotten    BIGINT NOT NULL DEFAULT 0,  -- tokens before this sequence are no longer answered
	created      BIGINT NOT NULL,
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX calendars_by_slug ON calendars (collectivity, owner, slug);

-- Who sees a calendar of the collectivity, and who writes in it. No row that only reads: everyone sees it.
CREATE TABLE calendar_groups (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	calendar     TEXT NOT NULL,
	group_id     TEXT NOT NULL,
	writes       BOOLEAN NOT NULL,
	PRIMARY KEY (collectivity, calendar, group_id, writes)
);

-- How one agent names, colours and sorts a calendar of the collectivity: it is hers alone.
CREATE TABLE calendar_looks (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	calendar     TEXT NOT NULL,
	agent        TEXT NOT NULL,
	name         TEXT,                       -- NULL: as the calendar has it
	color        TEXT,
	position     BIGINT,
	PRIMARY KEY (collectivity, calendar, agent)
);

-- An event, task or journal entry with its overridden instances: the client's octets, and what is
-- derived from them so that a week is found without parsing the year.
CREATE TABLE calendar_objects (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	calendar     TEXT NOT NULL,
	name         TEXT NOT NULL,              -- last part of its DAV address
	id           TEXT NOT NULL,              -- for pages and search: names hold whatever a client writes
	uid          TEXT NOT NULL,
	etag         TEXT NOT NULL,              -- quoted, of the octets
	size         BIGINT NOT NULL,            -- bytes
	component    TEXT NOT NULL,              -- 'VEVENT', 'VTODO', 'VJOURNAL'
	summary      TEXT NOT NULL,
	status       TEXT NOT NULL,
	first_start  BIGINT NOT NULL,            -- no instance starts before
	last_end     BIGINT NOT NULL,            -- no instance ends after; 9223372036854775807 without end
	exact        BOOLEAN NOT NULL,           -- one instance, exactly [first_start, last_end)
	all_day      BOOLEAN NOT NULL,
	recurring    BOOLEAN NOT NULL,
	transparent  BOOLEAN NOT NULL,
	modified     BIGINT NOT NULL,
	octets       BYTEA NOT NULL,             -- last: the columns before it are read without it
	PRIMARY KEY (collectivity, calendar, name)
);
CREATE UNIQUE INDEX calendar_objects_by_uid ON calendar_objects (collectivity, calendar, uid);
CREATE UNIQUE INDEX calendar_objects_by_id ON calendar_objects (collectivity, id);
CREATE INDEX calendar_objects_by_time ON calendar_objects (collectivity, calendar, last_end, first_start);

-- The last change of every name, kept after a deletion so that clients hear of it.
CREATE TABLE calendar_changes (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	calendar     TEXT NOT NULL,
	name         TEXT NOT NULL,
	sequence     BIGINT NOT NULL,
	deleted      BOOLEAN NOT NULL,
	changed      BIGINT NOT NULL,
	PRIMARY KEY (collectivity, calendar, name)
);
CREATE UNIQUE INDEX calendar_changes_by_sequence ON calendar_changes (collectivity, calendar, sequence);
