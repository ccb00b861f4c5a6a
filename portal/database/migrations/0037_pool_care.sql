-- +goose Up

-- Why a collectivity is suspended, as its journal and the pool read it, and the
-- sentence that its agents read where they sign in; '' for none.
ALTER TABLE collectivities ADD COLUMN suspended_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE collectivities ADD COLUMN suspended_notice TEXT NOT NULL DEFAULT '';

-- The last sign-in of each collectivity, without reading its journal.
CREATE INDEX audit_lines_entries ON audit_lines (collectivity, at) WHERE action = 'sign-in' AND refused = '';
