-- +goose Up

-- Why a collectivity is suspended, as its journal and the pool read it, and the
-- sentence that its agents read where they sign in; '' for none.
ALTER TABLE collectivities ADD COLUMN suspended_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE collectivities ADD COLUMN suspended_notice TEXT NOT NULL DEFAULT '';

-- The last sign-in of each collectivity, without reading its journal.
CREATE INDEX audit_lines_entries ON audit_lines (collectivity, at) WHERE action = 'sign-in' AND refused = '';

-- Whether a collectivity takes the assistance of who operates the pool, and until when
-- it asks for it, with what for; 0 and '' when it does not.
ALTER TABLE collectivities ADD COLUMN assistance_refused BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE collectivities ADD COLUMN invited_until BIGINT NOT NULL DEFAULT 0; -- ms since the epoch, UTC
ALTER TABLE collectivities ADD COLUMN invited_why TEXT NOT NULL DEFAULT '';

-- Each time that an operator administered a collectivity, for a limited time.
CREATE TABLE assistances (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	id           TEXT   NOT NULL,
	account      TEXT   NOT NULL REFERENCES accounts (id), -- whose
	login        TEXT   NOT NULL,            -- of it, as it was
	reason       TEXT   NOT NULL,
	begun        BIGINT NOT NULL,
	ends         BIGINT NOT NULL,            -- one hour later at the most
	ended        BIGINT NOT NULL DEFAULT 0,  -- when somebody ended it before; 0 for nobody
	ended_by     TEXT   NOT NULL DEFAULT '', -- name of the agent who did; '' for the operator
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX assistances_by_time ON assistances (collectivity, begun);
