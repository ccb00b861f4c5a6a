-- +goose Up

-- What an editor publishes to the agents of her collectivity.
CREATE TABLE articles (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	title        TEXT NOT NULL,
	body         TEXT NOT NULL,               -- Markdown
	author       TEXT NOT NULL,               -- agent
	author_name  TEXT NOT NULL,               -- as it was when written: agents leave, articles stay
	starts       BIGINT NOT NULL,             -- first instant it is shown, UTC ms
	ends         BIGINT NOT NULL,             -- instant it goes to the archive, UTC ms; every notice has an end
	changed      BIGINT NOT NULL,
	deleted      BIGINT NOT NULL DEFAULT 0,   -- when it was deleted; kept 30 days to undo
	announced    BOOLEAN NOT NULL DEFAULT FALSE, -- the search index and the boxes know that it has started
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX articles_by_start ON articles (collectivity, starts);
-- The clock asks the whole pool which articles have just started.
CREATE INDEX articles_to_announce ON articles (announced, starts);

-- No row: everyone of the collectivity.
CREATE TABLE article_audience (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	article      TEXT NOT NULL,
	group_id     TEXT NOT NULL,
	PRIMARY KEY (collectivity, article, group_id)
);
