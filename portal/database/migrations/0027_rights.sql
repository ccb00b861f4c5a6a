-- +goose Up

-- Who may do what in a collectivity, and until when: everyone of it, an agent,
-- the members of a group, the agents of a unit and of those below it.
CREATE TABLE rights_given (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL,
	kind         TEXT   NOT NULL, -- 'everyone', 'agent', 'group', 'unit'
	subject      TEXT   NOT NULL, -- '' for everyone
	right_name   TEXT   NOT NULL, -- 'news.edit'
	starts       BIGINT NOT NULL DEFAULT 0, -- ms since the epoch
	ends         BIGINT NOT NULL DEFAULT 0, -- 0: never
	lent_by      TEXT   NOT NULL DEFAULT '', -- the agent who lends what she holds herself; '' when an administrator gave it
	given_by     TEXT   NOT NULL DEFAULT '', -- the agent who decided; '' for the installation
	created      BIGINT NOT NULL,
	taken        BIGINT NOT NULL DEFAULT 0, -- when it was taken away: it can be given back for a month
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX rights_given_by_subject ON rights_given (collectivity, kind, subject);

INSERT INTO rights_given (collectivity, id, kind, subject, right_name, created)
SELECT r.collectivity, r.agent || '-' || r.right_name, 'agent', r.agent, r.right_name, a.created
FROM agent_rights r JOIN agents a ON a.collectivity = r.collectivity AND a.id = r.agent;
DROP TABLE agent_rights;
