-- +goose Up

-- Agents who leave on a day that is known: their account closes by itself at the end
-- of it. What was done is kept for thirty days, to be undone.
CREATE TABLE planned_departures (
	collectivity TEXT    NOT NULL REFERENCES collectivities (id),
	agent        TEXT    NOT NULL,
	id           TEXT    NOT NULL,            -- drawn at each change: tells two administrators apart
	last_day     TEXT    NOT NULL,            -- '2026-12-31', of the collectivity's calendar
	due          BIGINT  NOT NULL,            -- when it is tried, ms since the epoch, UTC
	successor    TEXT    NOT NULL DEFAULT '', -- agent; '' for nobody
	agenda       BOOLEAN NOT NULL,            -- the successor is given her calendars
	planned      BIGINT  NOT NULL,
	planned_by   TEXT    NOT NULL,            -- agent; '' for the installation
	rights       TEXT    NOT NULL,            -- that the planner held, 'agents.manage@voirie journal.read': what she might not close then is not closed for her later
	seen         BIGINT  NOT NULL DEFAULT 0,  -- when the successor said that she knows
	fault        TEXT    NOT NULL DEFAULT '', -- key of why it could not be done, '' for nothing
	done         BIGINT  NOT NULL DEFAULT 0,
	PRIMARY KEY (collectivity, agent)
);
-- What is to be done in the whole pool.
CREATE INDEX planned_departures_by_due ON planned_departures (due) WHERE done = 0;
CREATE INDEX planned_departures_by_day ON planned_departures (collectivity, last_day) WHERE done = 0;
CREATE INDEX planned_departures_by_successor ON planned_departures (collectivity, successor, seen);

-- What was moved out of a unit at once, kept for thirty days to be undone. The unit is
-- told as it was: it may have been deleted since.
CREATE TABLE unit_moves (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL,
	unit         TEXT   NOT NULL, -- out of which
	name         TEXT   NOT NULL,
	parent       TEXT   NOT NULL,
	target       TEXT   NOT NULL, -- '' for no unit
	moved        BIGINT NOT NULL, -- ms since the epoch, UTC
	agent        TEXT   NOT NULL, -- who did
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX unit_moves_by_time ON unit_moves (collectivity, moved);

-- Who and what was moved; a row is deleted once it is back.
CREATE TABLE unit_move_items (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	move         TEXT NOT NULL,
	agent        TEXT NOT NULL, -- '' for a unit
	unit         TEXT NOT NULL, -- '' for an agent
	PRIMARY KEY (collectivity, move, agent, unit)
);
