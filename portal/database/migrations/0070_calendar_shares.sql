-- +goose Up

-- To whom an agent opens one of her calendars, and how far: 'busy' tells when she is taken and nothing
-- of what for.
CREATE TABLE calendar_shares (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	calendar     TEXT NOT NULL,
	kind         TEXT NOT NULL,             -- 'everyone', 'agent', 'group', 'unit'
	subject      TEXT NOT NULL,             -- '' for everyone
	level        TEXT NOT NULL,             -- 'busy', 'read', 'write'
	created      BIGINT NOT NULL,
	ended        BIGINT NOT NULL DEFAULT 0, -- when it was ended, 0 while it is there: it can be taken back for an hour
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX calendar_shares_by_calendar ON calendar_shares (collectivity, calendar, kind, subject);
CREATE INDEX calendar_shares_by_subject ON calendar_shares (collectivity, kind, subject);

-- Who keeps the calendars of another agent, all of them: her assistant.
CREATE TABLE calendar_delegates (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	owner        TEXT NOT NULL,             -- agent whose calendars these are
	delegate     TEXT NOT NULL,             -- agent
	writes       BOOLEAN NOT NULL,          -- and sees what is private; else reads as whom they are shared with
	ends         BIGINT NOT NULL DEFAULT 0, -- first instant without it, 0: never
	created      BIGINT NOT NULL,
	ended        BIGINT NOT NULL DEFAULT 0, -- as in calendar_shares
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX calendar_delegates_by_owner ON calendar_delegates (collectivity, owner, delegate);
CREATE INDEX calendar_delegates_by_delegate ON calendar_delegates (collectivity, delegate);

-- NULL follows the rule: all are listed but those shared with everyone, which would be a thousand.
ALTER TABLE calendar_looks ADD COLUMN listed BOOLEAN;
CREATE INDEX calendar_looks_by_agent ON calendar_looks (collectivity, agent);
