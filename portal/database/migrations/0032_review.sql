-- +goose Up

-- What changed what agents may open or do, among all that a journal tells: who won
-- or lost what since a day is read from it.
CREATE INDEX audit_lines_entitling ON audit_lines (collectivity, at, id)
	WHERE action IN ('application.granted', 'application.revoked', 'members.changed', 'members.rule', 'members.card', 'members.unit', 'groups.set', 'unit.emptied', 'agent.closed', 'agent.reopened', 'agent.changed');

-- Who saw the desk of whom, why, and for how long: the agent concerned is told.
CREATE TABLE desk_views (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL,
	agent        TEXT   NOT NULL, -- whose desk
	viewer       TEXT   NOT NULL, -- the agent who saw it
	reason       TEXT   NOT NULL, -- as she typed it
	started      BIGINT NOT NULL, -- ms since the epoch, UTC
	ends         BIGINT NOT NULL, -- by itself, or when she left it
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX desk_views_by_agent ON desk_views (collectivity, agent, started);

-- The desk that a session sees instead of its own, until a moment.
ALTER TABLE sessions ADD COLUMN desk TEXT NOT NULL DEFAULT ''; -- an agent of the session's collectivity
ALTER TABLE sessions ADD COLUMN desk_until BIGINT NOT NULL DEFAULT 0; -- ms since the epoch
