-- +goose Up

-- The keys that sign tokens, by issuer: one of each algorithm signs, those before
-- it are still published until what they signed has ended.
CREATE TABLE openid_keys (
	collectivity TEXT   NOT NULL,            -- '' for the issuer of the whole pool
	id           TEXT   NOT NULL,            -- kid
	algorithm    TEXT   NOT NULL,            -- 'RS256', 'ES256'
	private      BYTEA  NOT NULL,            -- PKCS #8, sealed with the installation's key
	created      BIGINT NOT NULL,
	retired      BIGINT NOT NULL DEFAULT 0,  -- when another took its place; 0: it signs
	PRIMARY KEY (collectivity, id)
);

-- What an application of kind 'oidc' is to the protocol.
CREATE TABLE openid_clients (
	collectivity  TEXT   NOT NULL REFERENCES collectivities (id),
	application   TEXT   NOT NULL,
	id            TEXT   NOT NULL UNIQUE,            -- client_id
	secret        BYTEA  NOT NULL,                   -- SHA-256; empty for a public client
	algorithm     TEXT   NOT NULL DEFAULT 'RS256',   -- of its ID tokens
	userinfo_algorithm TEXT NOT NULL DEFAULT '',     -- '' answers userinfo as JSON
	post_logout   TEXT   NOT NULL DEFAULT '[]',      -- JSON: where a sign-out may come back to
	back_channel  TEXT   NOT NULL DEFAULT '',        -- where it is told that a session ended
	created       BIGINT NOT NULL,
	PRIMARY KEY (collectivity, application)
);

-- An authorization request that waits for its person to sign in.
CREATE TABLE openid_requests (
	hash       BYTEA  PRIMARY KEY, -- of the secret in the address
	issuer     TEXT   NOT NULL,
	parameters TEXT   NOT NULL,    -- as they came, form-encoded
	created    BIGINT NOT NULL
);

-- What an application was given in a session: a code, then tokens. One row from
-- the code to the last refresh token, so that all of it is revoked at once.
CREATE TABLE openid_grants (
	collectivity  TEXT   NOT NULL REFERENCES collectivities (id),
	id            TEXT   NOT NULL,
	issuer        TEXT   NOT NULL,           -- '' for the pool's
	client        TEXT   NOT NULL,
	session       TEXT   NOT NULL,
	account       TEXT   NOT NULL REFERENCES accounts (id),
	agent         TEXT   NOT NULL,
	request       TEXT   NOT NULL,           -- JSON: redirect address, scope, nonce, challenge, claims
	authenticated BIGINT NOT NULL,           -- when the person proved who she is
	factors       TEXT   NOT NULL,           -- 'pwd otp'
	code          BYTEA,                     -- SHA-256; NULL once it was used
	refresh       BYTEA,                     -- SHA-256 of the refresh token that is valid
	revoked       BIGINT NOT NULL DEFAULT 0,
	created       BIGINT NOT NULL,
	used          BIGINT NOT NULL,           -- last token
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX openid_grants_by_session ON openid_grants (account, session);
