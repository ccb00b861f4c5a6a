-- +goose Up

-- The groups of an agent: with the group in the index, SQLite takes it rather than
-- the primary key, which would read every membership of the collectivity for each agent.
DROP INDEX agent_group_members_by_agent;
CREATE INDEX agent_group_members_by_agent ON agent_group_members (collectivity, agent, group_id);

-- The agents of a unit are counted from the index alone.
DROP INDEX agents_by_unit;
CREATE INDEX agents_by_unit ON agents (collectivity, unit, sort_name, active);
