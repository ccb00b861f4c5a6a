-- +goose Up

-- Files of agents that an administrator brings. A file is kept until its import
-- begins, a week at the most; what was done is kept for a month, to be undone.
CREATE TABLE arrivals (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL,
	state        TEXT   NOT NULL, -- 'columns', 'ready', 'running', 'stopped', 'done', 'undoing', 'undone', 'dropped'
	file_name    TEXT   NOT NULL,
	file         BYTEA  NOT NULL, -- as it came; empty once the import began
	columns      TEXT   NOT NULL DEFAULT '', -- what each holds, by its place: 'family_name given_name - email'
	namesakes    TEXT   NOT NULL DEFAULT '', -- what to do of a known name with another address: 'leave', 'same', 'new'
	units        TEXT   NOT NULL DEFAULT '', -- those to be created, a path a line
	plan         TEXT   NOT NULL DEFAULT '', -- names its rows of arrival_lines
	next_plan    TEXT   NOT NULL DEFAULT '', -- the same while it is made, when it is not another's yet
	reached      BIGINT NOT NULL DEFAULT 0,  -- last line that was done, or undone
	invites      BIGINT NOT NULL DEFAULT 0,  -- from when letters leave, ms; 0: none does
	invited      BIGINT NOT NULL DEFAULT 0,  -- last line that was written to; -1: all were
	account      TEXT   NOT NULL, -- in whose name it is done
	agent        TEXT   NOT NULL,
	address      TEXT   NOT NULL, -- of her client, for the journal
	fault        TEXT   NOT NULL DEFAULT '', -- why it is stopped, a key of the catalogue
	created      BIGINT NOT NULL, -- ms since the epoch, UTC
	begun        BIGINT NOT NULL DEFAULT 0,
	ended        BIGINT NOT NULL DEFAULT 0, -- of what it does, or did last
	PRIMARY KEY (collectivity, id)
);
-- What is under way in the whole pool.
CREATE INDEX arrivals_by_state ON arrivals (state);

-- What each line of a file comes to.
CREATE TABLE arrival_lines (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	plan         TEXT   NOT NULL,
	line         BIGINT NOT NULL, -- of the file, as a spreadsheet numbers it
	verdict      TEXT   NOT NULL, -- 'create', 'change', 'same', 'twice', 'fault'
	agent        TEXT   NOT NULL DEFAULT '', -- whom it makes, or is about
	name         TEXT   NOT NULL,
	detail       TEXT   NOT NULL, -- JSON: fields before and after, what is wrong
	outcome      TEXT   NOT NULL DEFAULT '', -- 'done', 'left', 'undone', 'kept'; '' while it waits
	reason       TEXT   NOT NULL DEFAULT '', -- why it was left or kept, a key of the catalogue
	unit         TEXT   NOT NULL DEFAULT '', -- where the agent was put, also when it was to be created
	PRIMARY KEY (collectivity, plan, line)
);
CREATE INDEX arrival_lines_by_verdict ON arrival_lines (collectivity, plan, verdict, line);

-- Units that an import created, to be undone with it.
CREATE TABLE arrival_units (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	arrival      TEXT   NOT NULL,
	unit         TEXT   NOT NULL,
	depth        BIGINT NOT NULL, -- in the chart: the deepest goes first
	PRIMARY KEY (collectivity, arrival, unit)
);

-- An import looks for the addresses that are there.
CREATE INDEX agents_by_email ON agents (collectivity, lower(email));
