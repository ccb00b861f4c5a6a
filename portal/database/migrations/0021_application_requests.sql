-- +goose Up

-- Whether people whom an application is not open to see that it exists, and may
-- ask for it.
ALTER TABLE applications ADD COLUMN on_demand BOOLEAN NOT NULL DEFAULT FALSE;

-- What a page tells of an access: since when and by whom. One that was taken away
-- stays for a while, so that it can be given back.
ALTER TABLE application_grants ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE application_grants ADD COLUMN given_by TEXT NOT NULL DEFAULT ''; -- agent; '' for the installation
ALTER TABLE application_grants ADD COLUMN revoked BIGINT NOT NULL DEFAULT 0; -- 0: it holds
ALTER TABLE application_grants ADD COLUMN seen BIGINT NOT NULL DEFAULT 0; -- when she said that she knows of its end

-- What agents asked for, and the answers. The access that an answer replaced is
-- kept beside it: the way back puts it there again.
CREATE TABLE application_requests (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL,
	application  TEXT   NOT NULL,
	agent        TEXT   NOT NULL, -- who asks
	reason       TEXT   NOT NULL,
	asked        BIGINT NOT NULL,
	state        TEXT   NOT NULL DEFAULT 'waiting', -- 'waiting', 'withdrawn', 'granted', 'refused'
	answered     BIGINT NOT NULL DEFAULT 0,
	answered_by  TEXT   NOT NULL DEFAULT '', -- agent; '' when it was opened to her otherwise
	answer       TEXT   NOT NULL DEFAULT '', -- why it was refused
	until        BIGINT NOT NULL DEFAULT 0,  -- of the access given, 0 never ends
	seen         BIGINT NOT NULL DEFAULT 0,  -- when she said that she read the answer
	had          BOOLEAN NOT NULL DEFAULT FALSE, -- there was an access before
	had_since    BIGINT NOT NULL DEFAULT 0,
	had_by       TEXT   NOT NULL DEFAULT '',
	had_until    BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (collectivity, id)
);
-- One request that waits for a person and an application, however often she presses.
CREATE UNIQUE INDEX application_requests_waiting ON application_requests (collectivity, agent, application) WHERE state = 'waiting';
CREATE INDEX application_requests_by_state ON application_requests (collectivity, state, asked);
CREATE INDEX application_requests_by_agent ON application_requests (collectivity, agent, asked);
