-- +goose Up

-- An agent's own address book, from her first card on.
CREATE TABLE contact_books (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	epoch        TEXT NOT NULL,              -- drawn when the book is made or restored from a backup
	sequence     BIGINT NOT NULL DEFAULT 0,  -- of the last change; never goes back within an epoch
	forgotten    BIGINT NOT NULL DEFAULT 0,  -- tokens before this sequence are no longer answered
	PRIMARY KEY (collectivity, agent)
);

-- A person or a group in it: the client's octets, and what is derived from them.
CREATE TABLE contacts (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,              -- whose book it is in
	name         TEXT NOT NULL,              -- last part of its DAV address
	uid          TEXT NOT NULL,
	etag         TEXT NOT NULL,              -- quoted, of the octets
	size         BIGINT NOT NULL,            -- bytes
	full_name    TEXT NOT NULL,              -- FN
	modified     BIGINT NOT NULL,
	octets       BYTEA NOT NULL,             -- last: the columns before it are read without it
	PRIMARY KEY (collectivity, agent, name)
);
CREATE UNIQUE INDEX contacts_by_uid ON contacts (collectivity, agent, uid);

-- The last change of every name, kept after a deletion so that clients hear of it.
CREATE TABLE contact_changes (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	name         TEXT NOT NULL,
	sequence     BIGINT NOT NULL,
	deleted      BOOLEAN NOT NULL,
	changed      BIGINT NOT NULL,
	PRIMARY KEY (collectivity, agent, name)
);
CREATE UNIQUE INDEX contact_changes_by_sequence ON contact_changes (collectivity, agent, sequence);

-- The directory as an address book, from the first phone that reads it on.
CREATE TABLE directory_books (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	epoch        TEXT NOT NULL,
	sequence     BIGINT NOT NULL,
	forgotten    BIGINT NOT NULL,
	PRIMARY KEY (collectivity)
);

-- What was last told of each agent: a card that says something else is a change. The card itself is
-- written from agents, so that there is one truth.
CREATE TABLE directory_cards (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	etag         TEXT NOT NULL,              -- of her card, quoted; '' once she left
	sequence     BIGINT NOT NULL,            -- of the last change
	changed      BIGINT NOT NULL,            -- when, for REV
	PRIMARY KEY (collectivity, agent)
);
CREATE UNIQUE INDEX directory_cards_by_sequence ON directory_cards (collectivity, sequence);
