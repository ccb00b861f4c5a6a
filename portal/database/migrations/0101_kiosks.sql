-- +goose Up

-- Tablets and computers of a yard, on which people who have no desk are let in by a short code for a moment.
CREATE TABLE kiosks (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	name         TEXT NOT NULL,           -- 'Atelier'
	place        TEXT NOT NULL,           -- '' for none
	kind         TEXT NOT NULL,           -- 'unit' with those below it, or 'group': who uses it
	subject      TEXT NOT NULL,
	code         BYTEA,                   -- SHA-256 of what opens it once, NULL when nothing does
	code_until   BIGINT NOT NULL,
	hash         BYTEA,                   -- SHA-256 of the secret of its browser, NULL when it is closed
	device       TEXT NOT NULL,           -- 'Chrome, Android'
	made         BIGINT NOT NULL,
	opened       BIGINT NOT NULL,         -- 0 for never
	seen         BIGINT NOT NULL,         -- at most five minutes late
	tries        INTEGER NOT NULL,        -- wrong codes since tries_from
	tries_from   BIGINT NOT NULL,
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX kiosks_by_code ON kiosks (code);
CREATE UNIQUE INDEX kiosks_by_hash ON kiosks (hash);

-- The short codes of agents, as argon2id.
CREATE TABLE agent_pins (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	hash         TEXT NOT NULL,
	temporary    BOOLEAN NOT NULL,        -- somebody else gave it: it is replaced when it is first used
	changed      BIGINT NOT NULL,
	PRIMARY KEY (collectivity, agent)
);

-- Wrong codes in a row of those on a kiosk, whether they have a code or not: nobody learns which.
CREATE TABLE pin_tries (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	failures     INTEGER NOT NULL,
	locked       BIGINT NOT NULL,         -- until when none is judged
	PRIMARY KEY (collectivity, agent)
);

-- Who is let in at a kiosk now. They are no sessions of accounts: nothing that a session opens knows them.
CREATE TABLE kiosk_sessions (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	hash         BYTEA NOT NULL,          -- SHA-256 of the secret
	kiosk        TEXT NOT NULL,
	agent        TEXT NOT NULL,
	changes      BOOLEAN NOT NULL,        -- she chooses a code of her own first, and may do nothing before
	opened       BIGINT NOT NULL,
	used         BIGINT NOT NULL,
	PRIMARY KEY (collectivity, hash)
);
CREATE UNIQUE INDEX kiosk_sessions_by_hash ON kiosk_sessions (hash);

-- +goose Down
DROP TABLE kiosk_sessions;
DROP TABLE pin_tries;
DROP TABLE agent_pins;
DROP TABLE kiosks;
