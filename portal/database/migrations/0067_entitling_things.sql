-- +goose Up

-- Who reads and writes a folder, a shared calendar or a mailbox is told of who won and lost
-- what, as the audience of an application is.
DROP INDEX audit_lines_entitling;
CREATE INDEX audit_lines_entitling ON audit_lines (collectivity, at, id)
	WHERE action IN ('application.granted', 'application.revoked', 'members.changed', 'members.rule', 'members.card', 'members.unit', 'groups.set', 'unit.emptied', 'unit.moved', 'application.audience', 'thing.readers', 'thing.writers', 'agent.closed', 'agent.reopened', 'agent.changed');
