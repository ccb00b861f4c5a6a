-- +goose Up

-- An agent has several address books, and a unit or a group one or more that are the collectivity's. The first book of
-- an agent has her identifier, as her first calendar has.
ALTER TABLE contact_books RENAME COLUMN agent TO id;
ALTER TABLE contact_books ADD COLUMN owner TEXT NOT NULL DEFAULT '';            -- agent; '' for the collectivity's
ALTER TABLE contact_books ADD COLUMN slug TEXT NOT NULL DEFAULT 'personal';     -- last part of its DAV address
ALTER TABLE contact_books ADD COLUMN name TEXT NOT NULL DEFAULT '';             -- '' for the first one of an agent
ALTER TABLE contact_books ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE contact_books ADD COLUMN kind TEXT NOT NULL DEFAULT '';             -- whose it is: 'unit', 'group'; '' for an agent's
ALTER TABLE contact_books ADD COLUMN subject TEXT NOT NULL DEFAULT '';          -- that unit or group
ALTER TABLE contact_books ADD COLUMN members_write BOOLEAN NOT NULL DEFAULT FALSE; -- and not only those who manage it
ALTER TABLE contact_books ADD COLUMN created BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contact_books ADD COLUMN derived BOOLEAN NOT NULL DEFAULT FALSE;    -- its cards are sorted and can be searched
UPDATE contact_books SET owner = id;
CREATE UNIQUE INDEX contact_books_by_slug ON contact_books (collectivity, owner, slug);
CREATE INDEX contact_books_by_subject ON contact_books (collectivity, kind, subject);

-- Cards anew, with what pages sort and search by before their octets.
DROP INDEX contacts_by_uid;
ALTER TABLE contacts RENAME TO contacts_before;
CREATE TABLE contacts (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	book         TEXT NOT NULL,
	name         TEXT NOT NULL,              -- last part of its DAV address
	uid          TEXT NOT NULL,
	etag         TEXT NOT NULL,              -- quoted, of the octets
	size         BIGINT NOT NULL,            -- bytes
	full_name    TEXT NOT NULL,              -- FN
	modified     BIGINT NOT NULL,
	kind         TEXT NOT NULL DEFAULT '',   -- 'group' for one of people
	sort_name    TEXT NOT NULL DEFAULT '',   -- folded, the family name first
	detail       TEXT NOT NULL DEFAULT '',   -- what a list says under the name
	phone        TEXT NOT NULL DEFAULT '',   -- the first one
	email        TEXT NOT NULL DEFAULT '',   -- the first one
	photo        BOOLEAN NOT NULL DEFAULT FALSE,
	reference    TEXT NOT NULL DEFAULT '',   -- the UID as members of groups name it
	words        TEXT NOT NULL DEFAULT '',   -- folded
	octets       BYTEA NOT NULL,             -- last: the columns before it are read without it
	PRIMARY KEY (collectivity, book, name)
);
INSERT INTO contacts (collectivity, book, name, uid, etag, size, full_name, modified, octets)
	SELECT collectivity, agent, name, uid, etag, size, full_name, modified, octets FROM contacts_before;
DROP TABLE contacts_before;
CREATE UNIQUE INDEX contacts_by_uid ON contacts (collectivity, book, uid);
CREATE INDEX contacts_by_name ON contacts (collectivity, book, kind, sort_name, name);

ALTER TABLE contact_changes RENAME COLUMN agent TO book;

-- What a card says of groups: the members of one that is a group, the categories of one that is a person.
CREATE TABLE contact_links (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	book         TEXT NOT NULL,
	name         TEXT NOT NULL,              -- of the card
	kind         TEXT NOT NULL,              -- 'member', 'category'
	value        TEXT NOT NULL,              -- the reference of the member; the category
	PRIMARY KEY (collectivity, book, name, kind, value)
);
CREATE INDEX contact_links_by_value ON contact_links (collectivity, book, kind, value);
