-- +goose Up

-- How the agents of a collectivity sign in. No row: with embedded passwords.
CREATE TABLE sign_in_methods (
	collectivity TEXT PRIMARY KEY REFERENCES collectivities (id),
	kind     TEXT NOT NULL,            -- 'password', 'ldap', 'oidc'
	settings TEXT NOT NULL,            -- JSON, of the kind; never holds a secret
	secret   BYTEA NOT NULL,           -- bind password or client secret, sealed with the installation's key
	ca       TEXT NOT NULL DEFAULT '', -- PEM of the authority to trust; '' trusts the system's
	version  TEXT NOT NULL             -- drawn at each change, so that open connections follow it
);

-- Embedded passwords. They belong to the account, which is the same person in
-- every collectivity.
CREATE TABLE account_passwords (
	account TEXT PRIMARY KEY REFERENCES accounts (id),
	hash    TEXT   NOT NULL, -- PHC string, '$argon2id$v=19$m=19456,t=2,p=1$…'
	changed BIGINT NOT NULL
);

-- Which person an issuer means by a subject, inside of one collectivity: another
-- that trusts the same issuer has links of its own.
CREATE TABLE account_links (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	issuer  TEXT   NOT NULL,
	subject TEXT   NOT NULL,
	account TEXT   NOT NULL REFERENCES accounts (id),
	created BIGINT NOT NULL,
	PRIMARY KEY (collectivity, issuer, subject)
);

-- A browser that is signed in. Those that ended are swept once a minute by a
-- scan: an index on their hours would cost each sign-in more. The secret of its cookie is kept hashed, so that
-- a copy of the store opens nothing.
CREATE TABLE sessions (
	hash         BYTEA PRIMARY KEY, -- SHA-256 of the secret
	id           TEXT   NOT NULL,   -- shown in addresses, to revoke it
	account      TEXT   NOT NULL REFERENCES accounts (id),
	collectivity TEXT   REFERENCES collectivities (id), -- NULL: an operator of the pool, nobody's agent
	device       TEXT   NOT NULL,   -- 'Firefox, Windows'
	address      TEXT   NOT NULL,
	home         TEXT   NOT NULL,   -- collectivity whose method opened it
	id_token     TEXT   NOT NULL DEFAULT '', -- of the issuer, to sign out there too
	created      BIGINT NOT NULL,
	used         BIGINT NOT NULL    -- at most a minute late
);
CREATE INDEX sessions_by_account ON sessions (account);

-- Passwords of phones and other programs: 128 random bits each, so that one
-- SHA-256 is enough.
CREATE TABLE app_passwords (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL, -- prefix of the password
	account      TEXT   NOT NULL REFERENCES accounts (id),
	name         TEXT   NOT NULL, -- 'Mon téléphone'
	hash         BYTEA  NOT NULL,
	created      BIGINT NOT NULL,
	used         BIGINT NOT NULL DEFAULT 0, -- 0: never
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX app_passwords_by_account ON app_passwords (account, id);

-- Attempts to sign in that did not succeed, counted by account and by network
-- address over a sliding window. In the store, since a directory server counts
-- the attempts of all nodes together.
CREATE TABLE sign_in_attempts (
	subject TEXT   NOT NULL, -- 'account:…' or 'address:…', hashed
	id      TEXT   NOT NULL,
	at      BIGINT NOT NULL,
	PRIMARY KEY (subject, id)
);
CREATE INDEX sign_in_attempts_by_time ON sign_in_attempts (at);
