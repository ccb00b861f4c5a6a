-- +goose Up

-- Archives that administrators asked for. The file is on disk under the id, until
-- it ends; it holds all of a collectivity.
CREATE TABLE collectivity_exports (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL,
	agent        TEXT   NOT NULL, -- who asked: nobody else may take it
	state        TEXT   NOT NULL, -- 'waiting', 'ready', 'failed'
	asked        BIGINT NOT NULL, -- ms since the epoch, UTC
	beat         BIGINT NOT NULL DEFAULT 0, -- last sign of life of who makes it
	ends         BIGINT NOT NULL DEFAULT 0, -- first instant without the file
	size         BIGINT NOT NULL DEFAULT 0, -- bytes
	sha256       TEXT   NOT NULL DEFAULT '',
	PRIMARY KEY (collectivity, id)
);

-- Persons who were erased. The certificate names nobody: its number is what the
-- journal and the administrator's letter know it by.
CREATE TABLE person_erasures (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL, -- number of the certificate
	done         BIGINT NOT NULL, -- ms since the epoch, UTC
	certificate  TEXT   NOT NULL, -- JSON, see docs/export.md
	sha256       TEXT   NOT NULL, -- of the certificate
	PRIMARY KEY (collectivity, id)
);

-- Collectivities that are to be erased, and those that were. Once done, nothing
-- here tells whose it was.
CREATE TABLE collectivity_erasures (
	id          TEXT   PRIMARY KEY, -- number of the certificate
	body        TEXT   NOT NULL UNIQUE, -- the collectivity; the number once it is erased
	asked       BIGINT NOT NULL, -- ms since the epoch, UTC
	due         BIGINT NOT NULL, -- it is erased from that instant on
	done        BIGINT NOT NULL DEFAULT 0,
	certificate TEXT   NOT NULL DEFAULT '', -- JSON
	sha256      TEXT   NOT NULL DEFAULT ''  -- of the certificate
);
