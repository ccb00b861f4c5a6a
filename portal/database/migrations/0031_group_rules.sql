-- +goose Up

-- Groups whose members follow from what the cards say. The rule is the JSON of
-- directory.Rule, '' for none; it is kept when a group is filled by hand again,
-- so that it can be taken up.
ALTER TABLE agent_groups ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE agent_groups ADD COLUMN ruled BOOLEAN NOT NULL DEFAULT FALSE; -- the members follow the rule
ALTER TABLE deleted_groups ADD COLUMN rule TEXT NOT NULL DEFAULT '';
ALTER TABLE deleted_groups ADD COLUMN ruled BOOLEAN NOT NULL DEFAULT FALSE;

-- What of a card each rule looks at, so that a change finds the rules that it may
-- concern and no other.
CREATE TABLE group_rule_keys (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	watched      TEXT NOT NULL, -- 'unit/voirie', 'kind/elected', 'function/direct'; '*' for what holds of an empty card
	group_id     TEXT NOT NULL,
	PRIMARY KEY (collectivity, watched, group_id)
);
CREATE INDEX group_rule_keys_by_group ON group_rule_keys (collectivity, group_id);
