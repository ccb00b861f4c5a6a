-- +goose Up

-- Secret addresses under which duties are read without signing in.
CREATE TABLE duty_feeds (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	agent        TEXT NOT NULL,
	account      TEXT NOT NULL,
	team         TEXT NOT NULL,           -- '' for the agent's own duties
	hash         BYTEA NOT NULL,          -- of its secret
	label        TEXT NOT NULL,
	made         BIGINT NOT NULL,
	seen         BIGINT NOT NULL,         -- when it was last read, 0 for never
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX duty_feeds_by_hash ON duty_feeds (hash);
CREATE INDEX duty_feeds_by_agent ON duty_feeds (collectivity, agent);

-- +goose Down
DROP TABLE duty_feeds;
