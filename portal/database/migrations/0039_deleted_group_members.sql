-- +goose Up

-- Who was in a group that was deleted less than thirty days ago. They are no more
-- in agent_group_members, so that nothing that reads who is in a group has to ask
-- whether it is still there.
CREATE TABLE deleted_group_members (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	group_id     TEXT NOT NULL, -- of deleted_groups
	agent        TEXT NOT NULL,
	PRIMARY KEY (collectivity, group_id, agent)
);

CREATE INDEX deleted_group_members_by_agent ON deleted_group_members (collectivity, agent);

INSERT INTO deleted_group_members (collectivity, group_id, agent)
SELECT m.collectivity, m.group_id, m.agent FROM agent_group_members m
JOIN deleted_groups d ON d.collectivity = m.collectivity AND d.id = m.group_id
WHERE NOT EXISTS (SELECT 1 FROM agent_groups g WHERE g.collectivity = m.collectivity AND g.id = m.group_id);

DELETE FROM agent_group_members WHERE NOT EXISTS (
	SELECT 1 FROM agent_groups g WHERE g.collectivity = agent_group_members.collectivity AND g.id = agent_group_members.group_id);
