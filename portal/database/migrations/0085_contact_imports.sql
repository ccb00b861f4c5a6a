-- +goose Up

-- Files of cards that an agent brings into a book: what each would do is read anew when she decides.
CREATE TABLE contact_imports (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	agent        TEXT NOT NULL,
	book         TEXT NOT NULL,
	file_name    TEXT NOT NULL,
	state        TEXT NOT NULL,              -- 'planned', 'running', 'done'
	replaces     BOOLEAN NOT NULL DEFAULT FALSE, -- cards of the book with the same UID
	made         BIGINT NOT NULL,
	reached      INTEGER NOT NULL DEFAULT 0, -- cards of the file that were dealt with
	added        INTEGER NOT NULL DEFAULT 0,
	replaced     INTEGER NOT NULL DEFAULT 0,
	octets       BYTEA NOT NULL,             -- the file; '' once it is done
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX contact_imports_by_age ON contact_imports (collectivity, made);

-- +goose Down
DROP TABLE contact_imports;
