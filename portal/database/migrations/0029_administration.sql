-- +goose Up

-- What a card says beside what a directory server knows.
ALTER TABLE agents ADD COLUMN kind TEXT NOT NULL DEFAULT 'agent'; -- 'agent', 'elected', 'partner'
ALTER TABLE agents ADD COLUMN manager TEXT NOT NULL DEFAULT '';   -- agent; '' for nobody

-- Who changed a card last, to tell another administrator who has it open.
ALTER TABLE agents ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;      -- ms since the epoch, UTC
ALTER TABLE agents ADD COLUMN changed_by TEXT NOT NULL DEFAULT '';    -- agent; '' for a directory server

-- When an agent was closed: reopened within thirty days, she has her groups and
-- rights again. 0: she is not closed, or was before this was kept.
ALTER TABLE agents ADD COLUMN closed BIGINT NOT NULL DEFAULT 0;

CREATE INDEX agents_by_manager ON agents (collectivity, manager);

-- Groups that were deleted less than thirty days ago. Their members stay in
-- agent_group_members, where nothing names them, so that all can be had again.
CREATE TABLE deleted_groups (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL,
	name         TEXT   NOT NULL,
	deleted      BIGINT NOT NULL, -- ms since the epoch, UTC
	PRIMARY KEY (collectivity, id)
);
