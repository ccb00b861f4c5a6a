-- +goose Up

-- Names the state of an object that people are invited to or by: answers of others leave it as it is (RFC 6638 §3.2.10).
ALTER TABLE calendar_objects ADD COLUMN schedule_tag TEXT NOT NULL DEFAULT ''; -- quoted; '' invites nobody
ALTER TABLE calendar_objects ADD COLUMN asked BOOLEAN NOT NULL DEFAULT FALSE; -- the owner of the calendar has not answered
CREATE INDEX calendar_objects_asked ON calendar_objects (collectivity, calendar, last_end) WHERE asked;

-- An invitation finds the copy of its event in whichever calendar it lies.
CREATE INDEX calendar_objects_scheduled ON calendar_objects (collectivity, uid) WHERE schedule_tag <> '';

-- Who is invited is looked for in the whole pool.
CREATE INDEX agents_by_address ON agents (lower(email));

-- What was delivered to an agent: her scheduling inbox (RFC 6638 §2.2).
CREATE TABLE calendar_messages (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	name         TEXT NOT NULL,   -- last part of its DAV address
	method       TEXT NOT NULL,   -- 'REQUEST', 'CANCEL', 'REPLY'
	uid          TEXT NOT NULL,   -- of the event
	etag         TEXT NOT NULL,   -- quoted
	created      BIGINT NOT NULL,
	octets       BYTEA NOT NULL,
	PRIMARY KEY (collectivity, agent, name)
);
CREATE INDEX calendar_messages_by_age ON calendar_messages (collectivity, created);

-- The links by which people without an agenda here answer an invitation.
CREATE TABLE calendar_answers (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	secret       TEXT NOT NULL,   -- sha-256 of what the link holds, in hex
	organizer    TEXT NOT NULL,   -- agent
	uid          TEXT NOT NULL,   -- of the event
	address      TEXT NOT NULL,   -- of who is invited, lower case
	ends         BIGINT NOT NULL, -- the link serves until then
	PRIMARY KEY (collectivity, secret)
);
CREATE UNIQUE INDEX calendar_answers_by_secret ON calendar_answers (secret);
CREATE INDEX calendar_answers_by_event ON calendar_answers (collectivity, uid);

-- +goose Down
DROP TABLE calendar_answers;
DROP TABLE calendar_messages;
DROP INDEX agents_by_address;
DROP INDEX calendar_objects_scheduled;
DROP INDEX calendar_objects_asked;
ALTER TABLE calendar_objects DROP COLUMN asked;
ALTER TABLE calendar_objects DROP COLUMN schedule_tag;
