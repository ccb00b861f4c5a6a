-- +goose Up

-- A collectivity whose agents are read of its own directory server.
CREATE TABLE mirrors (
	collectivity TEXT    PRIMARY KEY REFERENCES collectivities (id),
	settings     TEXT    NOT NULL,                -- JSON, mirror.Settings
	active       BOOLEAN NOT NULL DEFAULT FALSE,  -- it runs by itself
	next         BIGINT  NOT NULL DEFAULT 0,      -- when, ms since the epoch, UTC
	stamp        TEXT    NOT NULL DEFAULT '',     -- how far the server was, ldapdir.Stamp
	listed       BIGINT  NOT NULL DEFAULT 0,      -- when all of it was last compared
	checked      BIGINT  NOT NULL DEFAULT 0,      -- when it last answered
	failing      BIGINT  NOT NULL DEFAULT 0,      -- since when it does not, 0 when it does
	fault        TEXT    NOT NULL DEFAULT '',     -- JSON of the sentence that says why, '' for none
	waiting      TEXT    NOT NULL DEFAULT '',     -- run that asks an administrator, '' for none
	allowed      TEXT    NOT NULL DEFAULT ''      -- what she answered: fingerprint of the departures
);

-- Who comes from there. The row outlives the entry, so that who comes back is
-- the same agent.
CREATE TABLE mirrored_agents (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	source_key   TEXT   NOT NULL,            -- entryUUID or objectGUID
	agent        TEXT   NOT NULL,
	version      TEXT   NOT NULL DEFAULT '', -- of the entry as it was read, '' reads it again
	given        TEXT   NOT NULL DEFAULT '', -- fields of the card that the server gives, after a space each
	ends         BIGINT NOT NULL DEFAULT 0,  -- when her account closes by its date, 0 never
	closed       BIGINT NOT NULL DEFAULT 0,  -- when the server's word closed her, 0 for not
	PRIMARY KEY (collectivity, source_key)
);
CREATE INDEX mirrored_agents_by_agent ON mirrored_agents (collectivity, agent);
CREATE INDEX mirrored_agents_by_end ON mirrored_agents (collectivity, ends);

CREATE TABLE mirrored_units (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	source_key   TEXT NOT NULL, -- entryUUID or objectGUID
	unit         TEXT NOT NULL,
	PRIMARY KEY (collectivity, source_key)
);

CREATE TABLE mirrored_groups (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	source_key   TEXT NOT NULL,
	group_id     TEXT NOT NULL,
	version      TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (collectivity, source_key)
);

-- What each run did, or would have done.
CREATE TABLE mirror_runs (
	collectivity TEXT    NOT NULL REFERENCES collectivities (id),
	id           TEXT    NOT NULL,
	began        BIGINT  NOT NULL,
	took         BIGINT  NOT NULL,            -- ms
	outcome      TEXT    NOT NULL,            -- 'done', 'dry', 'asks', 'failed'
	server       TEXT    NOT NULL DEFAULT '',
	fault        TEXT    NOT NULL DEFAULT '', -- JSON of a sentence: why it failed, or closed nobody
	people       BIGINT  NOT NULL DEFAULT 0,  -- entries that the server showed
	counts       TEXT    NOT NULL DEFAULT '{}', -- JSON, lines by kind
	closings     TEXT    NOT NULL DEFAULT '', -- fingerprint of the departures
	agent        TEXT    NOT NULL DEFAULT '', -- who asked for it, '' for the clock
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX mirror_runs_by_time ON mirror_runs (collectivity, began);

CREATE TABLE mirror_lines (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	run          TEXT   NOT NULL,
	position     BIGINT NOT NULL,
	kind         TEXT   NOT NULL,            -- 'create', 'change', 'close', …
	source_key   TEXT   NOT NULL DEFAULT '',
	agent        TEXT   NOT NULL DEFAULT '',
	name         TEXT   NOT NULL,
	search_text  TEXT   NOT NULL,            -- folded name, after a space
	detail       TEXT   NOT NULL DEFAULT '', -- JSON, mirror.Detail
	PRIMARY KEY (collectivity, run, position)
);

-- Entries whose address is that of an agent who is there already: an
-- administrator says whether it is her.
CREATE TABLE mirror_links (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	source_key   TEXT   NOT NULL,
	agent        TEXT   NOT NULL,
	name         TEXT   NOT NULL, -- that the server gives
	email        TEXT   NOT NULL,
	since        BIGINT NOT NULL,
	PRIMARY KEY (collectivity, source_key)
);
