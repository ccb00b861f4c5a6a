-- +goose Up

-- Letters that wait to be sent. A letter may hold a link that opens an account:
-- it is sealed, and its row is deleted once the server has taken it.
CREATE TABLE outgoing_mail (
	collectivity TEXT   NOT NULL, -- '' for the installation itself
	id           TEXT   NOT NULL,
	letter       BYTEA  NOT NULL, -- JSON, sealed with the installation's key; empty once given up
	created      BIGINT NOT NULL, -- ms since the epoch, UTC
	due          BIGINT NOT NULL, -- of the next attempt; 0: given up
	expires      BIGINT NOT NULL, -- it tells nothing useful any more
	tries        BIGINT NOT NULL DEFAULT 0,
	fault        TEXT   NOT NULL DEFAULT '', -- of the last attempt, 'unreachable'
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX outgoing_mail_by_due ON outgoing_mail (due);

-- In whose name a collectivity writes. No row: its own name, the pool's address.
CREATE TABLE mail_senders (
	collectivity TEXT PRIMARY KEY REFERENCES collectivities (id),
	name         TEXT NOT NULL,
	address      TEXT NOT NULL
);

-- Agents who were asked to open their account. The link that they were sent
-- holds a secret, of which the hash is kept. One an agent: the next link takes
-- its place.
CREATE TABLE invitations (
	collectivity TEXT    NOT NULL REFERENCES collectivities (id),
	agent        TEXT    NOT NULL,
	login        TEXT    NOT NULL, -- canonical, of the account that she will have
	hash         BYTEA   NOT NULL UNIQUE, -- SHA-256 of the link's secret
	made         BOOLEAN NOT NULL, -- the agent came with the invitation, and leaves with it
	mail         TEXT    NOT NULL DEFAULT '', -- id in outgoing_mail, '' when the link was handed over
	created      BIGINT  NOT NULL, -- of the link
	expires      BIGINT  NOT NULL,
	PRIMARY KEY (collectivity, agent)
);

-- What people ask on the page of forgotten passwords. It is looked at after the
-- page was answered, so that its time does not show who has an account. The
-- login is sealed: it may be a password typed in the wrong place.
CREATE TABLE reset_requests (
	id      TEXT   PRIMARY KEY,
	login   BYTEA  NOT NULL,
	address TEXT   NOT NULL, -- of the client, for the journal
	at      BIGINT NOT NULL
);

-- Links that let one choose a new password. The newest of an account alone
-- serves; the others stay a day, to count how many were sent.
CREATE TABLE password_resets (
	hash    BYTEA   PRIMARY KEY, -- SHA-256 of the link's secret
	account TEXT    NOT NULL REFERENCES accounts (id),
	created BIGINT  NOT NULL,
	expires BIGINT  NOT NULL,
	dead    BOOLEAN NOT NULL DEFAULT FALSE -- served, or followed by another
);
CREATE INDEX password_resets_by_account ON password_resets (account, created);

-- Whom to ask about a password that Parvis does not keep, as the administrator
-- writes it.
CREATE TABLE password_helps (
	collectivity TEXT PRIMARY KEY REFERENCES collectivities (id),
	help         TEXT NOT NULL
);

-- When an agent first signed in here; 0: never, as far as the journal knows.
ALTER TABLE agents ADD COLUMN entered BIGINT NOT NULL DEFAULT 0;
UPDATE agents SET entered = created WHERE (collectivity, id) IN
	(SELECT DISTINCT collectivity, agent FROM audit_lines WHERE action = 'sign-in' AND refused = '');
