-- +goose Up

-- When people without an agenda here last answered, by a link or by mail: what comes later may have been said before
-- (RFC 5546 §2.1.5).
CREATE TABLE calendar_said (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	organizer    TEXT NOT NULL,    -- agent
	uid          TEXT NOT NULL,    -- of the event
	address      TEXT NOT NULL,    -- of who answered, lower case
	recurrence   BIGINT NOT NULL,  -- Unix time of the instance, the least number there is for the event as a whole
	sequence     INTEGER NOT NULL, -- last number of the invitation that was answered
	said         BIGINT NOT NULL,
	PRIMARY KEY (collectivity, organizer, uid, address, recurrence)
);
CREATE INDEX calendar_said_by_age ON calendar_said (collectivity, said);

-- +goose Down
DROP TABLE calendar_said;
