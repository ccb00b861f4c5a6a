-- +goose Up

-- What was done and what was refused, by whom and from where. Lines are only
-- ever added, and removed by age. It holds no secret, and no text that somebody
-- typed at a sign-in which names nobody.
CREATE TABLE audit_lines (
	collectivity TEXT   NOT NULL, -- '' for the installation itself
	id           TEXT   NOT NULL,
	at           BIGINT NOT NULL, -- ms since the epoch, UTC
	account      TEXT   NOT NULL DEFAULT '', -- who acted; '' for nobody known
	agent        TEXT   NOT NULL DEFAULT '',
	login        TEXT   NOT NULL DEFAULT '', -- of a sign-in by one who is no agent
	action       TEXT   NOT NULL, -- 'sign-in'
	refused      TEXT   NOT NULL DEFAULT '', -- the true reason, 'password'; '' when it was done
	object       TEXT   NOT NULL DEFAULT '', -- what it was done to, 'Finances'
	object_id    TEXT   NOT NULL DEFAULT '',
	detail       TEXT   NOT NULL DEFAULT '', -- 'ldap', 'cas'
	address      TEXT   NOT NULL DEFAULT '', -- of the client
	PRIMARY KEY (collectivity, at, id)
);

-- How long a collectivity keeps its lines. No row: twelve months.
CREATE TABLE audit_settings (
	collectivity TEXT   PRIMARY KEY REFERENCES collectivities (id),
	months       BIGINT NOT NULL
);
