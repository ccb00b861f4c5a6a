-- +goose Up

-- How far the INBOX of an agent was looked through for answers that programs send to her invitations. Only
-- those who invited somebody by mail have a row.
CREATE TABLE mail_positions (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	validity     BIGINT NOT NULL, -- UIDVALIDITY of the INBOX (RFC 9051 §2.3.1.1)
	uid          BIGINT NOT NULL, -- of the last message that was looked at
	tries        INTEGER NOT NULL, -- how often the messages after it could not be read
	PRIMARY KEY (collectivity, agent)
);

-- Who invites somebody by mail is found without reading the links of everybody.
CREATE INDEX calendar_answers_by_end ON calendar_answers (collectivity, ends);

-- +goose Down
DROP INDEX calendar_answers_by_end;
DROP TABLE mail_positions;
