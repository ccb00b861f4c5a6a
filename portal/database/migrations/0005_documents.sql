-- +goose Up

-- The library's tree. Who reads and writes is decided on the top folders; what is below follows its top.
CREATE TABLE document_folders (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	parent       TEXT NOT NULL DEFAULT '', -- '' for a top folder
	top          TEXT NOT NULL,            -- the top folder above, or the folder itself
	name         TEXT NOT NULL,
	name_key     TEXT NOT NULL,            -- folded name: two folders side by side can't share it
	created      BIGINT NOT NULL,
	deleted      BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX document_folders_by_name ON document_folders (collectivity, parent, name_key) WHERE deleted = 0;
CREATE INDEX document_folders_by_top ON document_folders (collectivity, top);

-- Groups of a top folder. No row that only reads: everyone of the collectivity reads it.
CREATE TABLE document_folder_groups (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	folder       TEXT NOT NULL,
	group_id     TEXT NOT NULL,
	writes       BOOLEAN NOT NULL, -- writers read too
	PRIMARY KEY (collectivity, folder, group_id, writes)
);

CREATE TABLE documents (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	folder       TEXT NOT NULL,
	title        TEXT NOT NULL,
	title_key    TEXT NOT NULL,              -- for order: lower case, without accents
	name_key     TEXT NOT NULL,              -- folded file name of the current version: unique in its folder
	version      BIGINT NOT NULL,            -- number of the current version
	added        BIGINT NOT NULL,            -- of the first version, UTC ms
	changed      BIGINT NOT NULL,
	deleted      BIGINT NOT NULL DEFAULT 0,  -- when it went to the bin, which keeps it 30 days
	PRIMARY KEY (collectivity, id)
);
CREATE UNIQUE INDEX documents_by_name ON documents (collectivity, folder, name_key) WHERE deleted = 0;
CREATE INDEX documents_by_age ON documents (collectivity, added);
CREATE INDEX documents_in_bin ON documents (deleted);

-- A file that a document is or was, numbered from 1. Its octets are on disk under its SHA-256.
CREATE TABLE document_versions (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	document     TEXT NOT NULL,
	number       BIGINT NOT NULL,
	file_name    TEXT NOT NULL,              -- cleaned, 'Budget 2026.pdf'
	media_type   TEXT NOT NULL,
	size         BIGINT NOT NULL,            -- bytes
	sha256       TEXT NOT NULL,              -- 64 hexadecimal digits
	author       TEXT NOT NULL,              -- agent
	author_name  TEXT NOT NULL,              -- as it was then: agents leave, documents stay
	added        BIGINT NOT NULL,
	text_state   TEXT NOT NULL,              -- 'queued', 'read', 'failed', 'replaced'
	text_reason  TEXT NOT NULL DEFAULT '',   -- why there is no text, or not all of it
	text_tries   BIGINT NOT NULL DEFAULT 0,
	text_after   BIGINT NOT NULL DEFAULT 0,  -- not read before that instant; also the lease of who reads it now
	pages        BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (collectivity, document, number)
);
-- The worker takes what waits, over all collectivities.
CREATE INDEX document_versions_waiting ON document_versions (text_state, text_after);
CREATE INDEX document_versions_by_file ON document_versions (collectivity, sha256);
