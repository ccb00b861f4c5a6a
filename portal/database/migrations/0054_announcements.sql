-- +goose Up

-- What the operator of the pool announces to its collectivities. Every notice has an end.
CREATE TABLE announcements (
	id             TEXT    PRIMARY KEY,
	level          TEXT    NOT NULL,           -- 'information', 'maintenance', 'incident'
	french         TEXT    NOT NULL,
	english        TEXT    NOT NULL,           -- '' for none: the French one is shown
	folded         TEXT    NOT NULL,           -- both, as they are searched
	begins         BIGINT  NOT NULL,           -- of a maintenance, ms since the epoch, UTC; 0 for another level
	ends           BIGINT  NOT NULL,           -- of the same
	shown_from     BIGINT  NOT NULL,
	shown_until    BIGINT  NOT NULL,           -- first instant without it
	reach          TEXT    NOT NULL,           -- 'all', 'kinds', 'chosen'
	kinds          TEXT    NOT NULL,           -- of collectivities, 'commune ccas'
	administrators BOOLEAN NOT NULL,           -- for them alone
	version        BIGINT  NOT NULL,           -- raised by each change: who put it away sees it again
	was            TEXT    NOT NULL,           -- JSON, before its last change; '' for nothing to go back to
	ended          BIGINT  NOT NULL DEFAULT 0, -- when it was taken away before its time
	account        TEXT    NOT NULL,           -- who changed it last
	created        BIGINT  NOT NULL,
	changed        BIGINT  NOT NULL
);
CREATE INDEX announcements_by_end ON announcements (shown_until);

-- The collectivities of a notice that is for chosen ones.
CREATE TABLE announcement_targets (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	announcement TEXT NOT NULL REFERENCES announcements (id),
	PRIMARY KEY (collectivity, announcement)
);
CREATE INDEX announcement_targets_by_notice ON announcement_targets (announcement);

-- The notices that a person put away, in the version that she read: 'k3… k5…'. It
-- is read with her account, so that no page asks for it.
ALTER TABLE accounts ADD COLUMN announcements_read TEXT NOT NULL DEFAULT '';
