-- +goose Up

-- Where the programs of a collectivity hear of its agents and rights.
CREATE TABLE webhooks (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL,
	address      TEXT   NOT NULL, -- 'https://paie.example/parvis'
	label        TEXT   NOT NULL, -- in the administrator's words, 'Paie'
	kinds        TEXT   NOT NULL, -- what it is told, ' agent.created agent.closed '; '' for all
	secret       BYTEA  NOT NULL, -- sealed
	former       BYTEA  NOT NULL, -- the secret before it, sealed, which signs too for a while; empty for none
	former_ends  BIGINT NOT NULL DEFAULT 0,
	state        TEXT   NOT NULL, -- 'on'; 'off' by an administrator; 'stopped' since nothing was taken for days; 'removed'
	created      BIGINT NOT NULL, -- ms since the epoch, UTC
	created_by   TEXT   NOT NULL, -- agent
	turned       BIGINT NOT NULL, -- when it came to its state
	delivered    BIGINT NOT NULL DEFAULT 0, -- the last that was taken; 0 never
	failing      BIGINT NOT NULL DEFAULT 0, -- since when nothing was; 0: all is well
	streak       BIGINT NOT NULL DEFAULT 0, -- tries since then
	resumes      BIGINT NOT NULL DEFAULT 0, -- nothing is tried before
	rights_seen  BIGINT NOT NULL, -- rights that ended until then were told
	lease        TEXT   NOT NULL DEFAULT '', -- of the node that sends
	leased       BIGINT NOT NULL DEFAULT 0, -- until when
	PRIMARY KEY (collectivity, id)
);

-- What is to be told, written with what it tells, and for a month what became of it.
CREATE TABLE webhook_messages (
	collectivity TEXT   NOT NULL,
	webhook      TEXT   NOT NULL,
	id           TEXT   NOT NULL, -- in the order of what happened
	at           BIGINT NOT NULL,
	kind         TEXT   NOT NULL, -- 'agent.created'
	agent        TEXT   NOT NULL, -- whom it speaks of, '' for nobody
	payload      TEXT   NOT NULL, -- JSON, as it is signed and sent
	due          BIGINT NOT NULL, -- of the next try; 0: it is over
	tries        BIGINT NOT NULL DEFAULT 0,
	tried        BIGINT NOT NULL DEFAULT 0, -- the last
	taken        BOOLEAN NOT NULL DEFAULT FALSE,
	status       BIGINT NOT NULL DEFAULT 0, -- of the last answer (RFC 9110); 0 for none
	answer       TEXT   NOT NULL DEFAULT '', -- its beginning, or why there was none
	PRIMARY KEY (collectivity, webhook, id)
);
CREATE INDEX webhook_messages_waiting ON webhook_messages (due, collectivity, webhook) WHERE due > 0;
CREATE INDEX webhook_messages_of ON webhook_messages (collectivity, webhook, due, id) WHERE due > 0;
CREATE INDEX webhook_messages_over ON webhook_messages (at) WHERE due = 0;
CREATE INDEX rights_given_ending ON rights_given (collectivity, ends) WHERE ends > 0 AND taken = 0;
