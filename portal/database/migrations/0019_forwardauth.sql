-- +goose Up

-- A session as one application behind a reverse proxy knows it: a cookie of that
-- application's own host, which opens nothing else. First a code, handed over once
-- through the browser, then the cookie's secret.
CREATE TABLE forward_sessions (
	hash         BYTEA  PRIMARY KEY, -- SHA-256 of the code, then of the secret
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	application  TEXT   NOT NULL,
	origin       TEXT   NOT NULL,    -- 'https://finances.bourg.example'
	session      TEXT   NOT NULL,    -- sessions.id
	account      TEXT   NOT NULL REFERENCES accounts (id),
	is_code      BOOLEAN NOT NULL,
	created      BIGINT NOT NULL
);
CREATE INDEX forward_sessions_by_session ON forward_sessions (account, session);
