-- Documents whose index entry is behind the store. A row is written in the
-- transaction of the change and deleted once the index holds it durably and the
-- row still carries the same change: a change made meanwhile stays queued.
-- +goose Up
CREATE TABLE search_queue (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id) ON DELETE CASCADE,
	kind         TEXT   NOT NULL, -- "document", "person", …
	id           TEXT   NOT NULL,
	change       TEXT   NOT NULL, -- drawn at each change
	queued_at    BIGINT NOT NULL, -- ms since the epoch, of the first change not indexed
	tries        BIGINT NOT NULL, -- failures since the last change
	not_before   BIGINT NOT NULL, -- ms since the epoch: not tried again before
	PRIMARY KEY (collectivity, kind, id)
);

-- The worker takes the oldest first, over all collectivities.
CREATE INDEX search_queue_oldest ON search_queue (not_before, queued_at);
