-- +goose Up

-- What the person proved, beside when: 'pwd', 'pwd otp' (RFC 8176). A session is
-- renewed in place when she proves it again, so that 'created' is when she last did.
ALTER TABLE sessions ADD COLUMN factors TEXT NOT NULL DEFAULT '';

-- The applications that a session opened. Each is told when the session ends, by
-- whatever way: a row whose session is gone waits to be told. Account is there to
-- find the session by an index that exists.
CREATE TABLE session_participants (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL,
	session      TEXT   NOT NULL, -- sessions.id
	account      TEXT   NOT NULL REFERENCES accounts (id),
	application  TEXT   NOT NULL,
	protocol     TEXT   NOT NULL, -- 'cas', 'oidc', 'forward'
	reference    TEXT   NOT NULL, -- what the application knows the session by: a service ticket, a sid
	address      TEXT   NOT NULL, -- where it is told; '' when it asks us by itself
	created      BIGINT NOT NULL,
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX session_participants_by_session ON session_participants (account, session);
