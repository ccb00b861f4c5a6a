-- +goose Up

-- An agent's account on another CalDAV server, whose calendars are shown to her beside ours.
CREATE TABLE remote_accounts (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	agent        TEXT NOT NULL,
	name         TEXT NOT NULL,              -- that she chose: 'Nextcloud'
	url          TEXT NOT NULL,              -- 'https://nuage.example/remote.php/dav/'
	login        TEXT NOT NULL,
	sealed       BYTEA NOT NULL,             -- password, sealed with the installation's key
	created      BIGINT NOT NULL,
	tried        BIGINT NOT NULL DEFAULT 0,  -- when the server was last asked; 0 never
	read_at      BIGINT NOT NULL DEFAULT 0,  -- when it last answered; 0 never
	fault        TEXT NOT NULL DEFAULT '',   -- key of the sentence of the last try, '' when it went well
	skipped      BIGINT NOT NULL DEFAULT 0,  -- objects of the last reading that are no calendar objects
	checksum     TEXT NOT NULL DEFAULT '',   -- of the reading that is kept, '' for none
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX remote_accounts_by_agent ON remote_accounts (collectivity, agent);

-- The calendars found there.
CREATE TABLE remote_calendars (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	account      TEXT NOT NULL,
	path         TEXT NOT NULL,              -- on that server
	name         TEXT NOT NULL,
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX remote_calendars_by_path ON remote_calendars (collectivity, account, path);

-- What happens in them, instance by instance over the time that was read: pages are made of it
-- without asking the server again.
CREATE TABLE remote_instances (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	calendar     TEXT NOT NULL,
	id           TEXT NOT NULL,              -- the same at each reading, for addresses of pages
	uid          TEXT NOT NULL,
	starts       BIGINT NOT NULL,
	ends         BIGINT NOT NULL,
	all_day      BOOLEAN NOT NULL,
	title        TEXT NOT NULL,
	location     TEXT NOT NULL,
	description  TEXT NOT NULL,
	status       TEXT NOT NULL,
	transparent  BOOLEAN NOT NULL,
	PRIMARY KEY (collectivity, calendar, id)
);
CREATE INDEX remote_instances_by_time ON remote_instances (collectivity, calendar, ends, starts);
