-- +goose Up

-- One public body of the pool. Everything that belongs to it names its id.
CREATE TABLE collectivities (
	id        TEXT PRIMARY KEY,      -- short word for ever, 'bourg'
	name      TEXT NOT NULL,         -- 'Bourg-sur-Loire'
	long_name TEXT NOT NULL,         -- 'Mairie de Bourg-sur-Loire'
	kind      TEXT NOT NULL,         -- 'commune', 'epci', 'syndicat', 'ccas'
	siren     TEXT NOT NULL DEFAULT '',
	insee     TEXT NOT NULL DEFAULT '',
	zone      TEXT NOT NULL DEFAULT 'Europe/Paris', -- IANA time zone
	language  TEXT NOT NULL DEFAULT 'fr',
	colour    TEXT NOT NULL DEFAULT '#17566b',      -- brand colour, '#rrggbb'
	phone     TEXT NOT NULL DEFAULT '',             -- who to call when sign-in fails, '+33261910100'
	active    BOOLEAN NOT NULL DEFAULT TRUE,
	created   BIGINT NOT NULL
);

-- The part of an e-mail address after @ decides where its owner signs in.
CREATE TABLE collectivity_domains (
	domain       TEXT PRIMARY KEY,   -- lower case, 'bourg.example'
	collectivity TEXT NOT NULL REFERENCES collectivities(id)
);

-- A person who signs in. Belongs to no collectivity: may be an agent of several.
CREATE TABLE accounts (
	id       TEXT PRIMARY KEY,
	login    TEXT NOT NULL UNIQUE,   -- canonical (folded, lower case) address or code
	language TEXT NOT NULL DEFAULT '', -- '' follows the collectivity
	scheme   TEXT NOT NULL DEFAULT '', -- 'light', 'dark', '' follows the system
	active   BOOLEAN NOT NULL DEFAULT TRUE,
	created  BIGINT NOT NULL
);

-- Rights over the pool itself, held by accounts and not by agents.
CREATE TABLE account_rights (
	account    TEXT NOT NULL REFERENCES accounts(id),
	right_name TEXT NOT NULL,
	PRIMARY KEY (account, right_name)
);

CREATE TABLE units (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	parent       TEXT NOT NULL DEFAULT '', -- '' at the top of the organisation chart
	name         TEXT NOT NULL,
	position     BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (collectivity, id)
);

-- The entry of a person in one collectivity's directory, with or without an account.
CREATE TABLE agents (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	account      TEXT REFERENCES accounts(id), -- NULL: listed, never signs in
	given_name   TEXT NOT NULL,
	family_name  TEXT NOT NULL,
	sort_name    TEXT NOT NULL,      -- folded 'family given', for order
	search_text  TEXT NOT NULL DEFAULT '', -- folded words of all that is searched, each after a space
	function     TEXT NOT NULL DEFAULT '',
	unit         TEXT NOT NULL DEFAULT '',
	email        TEXT NOT NULL DEFAULT '',
	phone        TEXT NOT NULL DEFAULT '',
	mobile       TEXT NOT NULL DEFAULT '',
	office       TEXT NOT NULL DEFAULT '',
	source_key   TEXT NOT NULL DEFAULT '', -- entryUUID or objectGUID of the directory it comes from
	active       BOOLEAN NOT NULL DEFAULT TRUE,
	created      BIGINT NOT NULL,
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX agents_by_account ON agents (account);
CREATE INDEX agents_by_name ON agents (collectivity, sort_name, id);
CREATE INDEX agents_by_unit ON agents (collectivity, unit, sort_name);
CREATE INDEX agents_by_source ON agents (collectivity, source_key);

CREATE TABLE agent_groups (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	name         TEXT NOT NULL,
	PRIMARY KEY (collectivity, id)
);

CREATE TABLE agent_group_members (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	group_id     TEXT NOT NULL,
	agent        TEXT NOT NULL,
	PRIMARY KEY (collectivity, group_id, agent)
);
CREATE INDEX agent_group_members_by_agent ON agent_group_members (collectivity, agent);

CREATE TABLE agent_rights (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	right_name   TEXT NOT NULL,
	PRIMARY KEY (collectivity, agent, right_name)
);

-- A link into a business application, shown to an audience.
CREATE TABLE applications (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	name         TEXT NOT NULL,
	description  TEXT NOT NULL DEFAULT '',
	url          TEXT NOT NULL,      -- https, absolute
	icon         TEXT NOT NULL DEFAULT 'apps',
	category     TEXT NOT NULL DEFAULT '',
	pinned       BOOLEAN NOT NULL DEFAULT FALSE, -- on the home page unless the agent decided otherwise
	position     BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (collectivity, id)
);

-- No row: everyone of the collectivity.
CREATE TABLE application_audience (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	application  TEXT NOT NULL,
	group_id     TEXT NOT NULL,
	PRIMARY KEY (collectivity, application, group_id)
);

-- Only what the agent decided herself.
CREATE TABLE application_pins (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	application  TEXT NOT NULL,
	pinned       BOOLEAN NOT NULL,
	PRIMARY KEY (collectivity, agent, application)
);
