-- +goose Up

-- How an application is opened and what it is told: its protocol, whether it asks
-- for a second factor, and which attribute names the person to it. 'changed' tells
-- two administrators who edit at once apart; 'deleted' leaves 30 days to undo.
ALTER TABLE applications ADD COLUMN kind TEXT NOT NULL DEFAULT 'link'; -- 'link', 'cas', 'oidc', 'forward'
ALTER TABLE applications ADD COLUMN second_factor BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE applications ADD COLUMN subject TEXT NOT NULL DEFAULT 'login';
ALTER TABLE applications ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN deleted BIGINT NOT NULL DEFAULT 0; -- 0: it is there

-- Where an application lives. A protocol knows an address and asks whose it is, in
-- the whole pool: hence the index without collectivity.
CREATE TABLE application_addresses (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	application  TEXT NOT NULL,
	origin       TEXT NOT NULL, -- 'https://glpi.bourg.example', without a default port
	path         TEXT NOT NULL, -- decoded, '/' at least
	query        TEXT NOT NULL DEFAULT '', -- of an OpenID redirect address, without '?'
	PRIMARY KEY (collectivity, application, origin, path, query)
);
CREATE INDEX application_addresses_by_origin ON application_addresses (origin);

-- The audience by unit, beside the one by group: a unit covers those below it.
CREATE TABLE application_units (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	application  TEXT NOT NULL,
	unit         TEXT NOT NULL,
	PRIMARY KEY (collectivity, application, unit)
);

-- What an application is told of a person, under the name that it reads.
CREATE TABLE application_releases (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	application  TEXT   NOT NULL,
	name         TEXT   NOT NULL, -- 'mail'
	attribute    TEXT   NOT NULL, -- one of ours, 'email'
	position     BIGINT NOT NULL,
	PRIMARY KEY (collectivity, application, name)
);

-- Access of one agent beside the audience. It ends by itself.
CREATE TABLE application_grants (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	agent        TEXT   NOT NULL,
	application  TEXT   NOT NULL,
	until        BIGINT NOT NULL DEFAULT 0, -- first instant without access; 0 never ends
	PRIMARY KEY (collectivity, agent, application)
);
