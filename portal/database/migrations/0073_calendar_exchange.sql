-- +goose Up

-- Secret addresses under which a calendar is read without signing in. The secret itself is kept nowhere.
CREATE TABLE calendar_feeds (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	calendar     TEXT NOT NULL,
	agent        TEXT NOT NULL,  -- who gave it: it shows what she may see, and ends with her
	account      TEXT NOT NULL,  -- hers
	hash         BYTEA NOT NULL, -- of the secret
	label        TEXT NOT NULL,  -- whom it is for, in her words
	busy         BOOLEAN NOT NULL, -- it tells when, and nothing of what
	made         BIGINT NOT NULL,
	seen         BIGINT NOT NULL,  -- when it was last read, 0 for never
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX calendar_feeds_by_hash ON calendar_feeds (hash);

-- Files that agents import: what each would do, what it did, and what was there before, for a month.
CREATE TABLE calendar_imports (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	agent        TEXT NOT NULL,
	calendar     TEXT NOT NULL,
	file_name    TEXT NOT NULL,
	state        TEXT NOT NULL, -- 'planned', 'running', 'done', 'undoing' or 'undone'
	made         BIGINT NOT NULL,
	PRIMARY KEY (collectivity, id)
);

CREATE TABLE calendar_import_lines (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	import       TEXT NOT NULL,
	position     BIGINT NOT NULL,
	line         BIGINT NOT NULL,  -- of the file, where it begins
	uid          TEXT NOT NULL,
	title        TEXT NOT NULL,
	verdict      TEXT NOT NULL,  -- 'new', 'changed', 'same' or 'refused'
	reason       TEXT NOT NULL,  -- of a refusal, a key of the catalogue
	state        TEXT NOT NULL,  -- '', 'done', 'undone' or 'left': somebody wrote over it meanwhile
	name         TEXT NOT NULL,  -- of the object in the calendar
	octets       BYTEA NOT NULL, -- to write
	was          BYTEA NOT NULL, -- what they replaced, empty for nothing
	etag         TEXT NOT NULL,  -- that writing left
	PRIMARY KEY (collectivity, import, position)
);
