-- +goose Up

-- What programs that write agents by SCIM know them by, beside their cards. Who has no
-- row is known by her login or her address.
CREATE TABLE scim_agents (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	agent        TEXT   NOT NULL,
	user_name    TEXT   NOT NULL, -- '' for what her login or her address is
	folded       TEXT   NOT NULL, -- the same in lower case, which is one of the collectivity
	external_id  TEXT   NOT NULL DEFAULT '',
	deleted      BIGINT NOT NULL DEFAULT 0, -- when a program deleted her: she is not there for it until she is reopened; 0 for not
	PRIMARY KEY (collectivity, agent)
);
CREATE UNIQUE INDEX scim_agents_by_name ON scim_agents (collectivity, folded) WHERE folded <> '' AND deleted = 0;
CREATE INDEX scim_agents_by_external ON scim_agents (collectivity, external_id) WHERE external_id <> '';

CREATE TABLE scim_groups (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	group_id     TEXT NOT NULL,
	external_id  TEXT NOT NULL,
	PRIMARY KEY (collectivity, group_id)
);
