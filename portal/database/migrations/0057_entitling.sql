-- +goose Up

-- A unit that is moved takes its agents to what the units above it open, and away from it;
-- so does another audience of an application: both are told of who won and lost what.
DROP INDEX audit_lines_entitling;
CREATE INDEX audit_lines_entitling ON audit_lines (collectivity, at, id)
	WHERE action IN ('application.granted', 'application.revoked', 'members.changed', 'members.rule', 'members.card', 'members.unit', 'groups.set', 'unit.emptied', 'unit.moved', 'application.audience', 'agent.closed', 'agent.reopened', 'agent.changed');
