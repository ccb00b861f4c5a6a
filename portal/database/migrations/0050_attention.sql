-- +goose Up

-- The first page of an administration counts what is broken or missing in one
-- collectivity: each count reads what it counts, and nothing else.
CREATE INDEX agents_without_unit ON agents (collectivity, kind) WHERE active AND unit = '';
CREATE INDEX agents_without_email ON agents (collectivity, kind) WHERE active AND email = '';
CREATE INDEX agents_without_door ON agents (collectivity, kind, id) WHERE active AND email = '' AND account IS NULL AND source_key = '';
CREATE INDEX invitations_by_end ON invitations (collectivity, expires);
CREATE INDEX application_grants_by_end ON application_grants (collectivity, until) WHERE until > 0 AND revoked = 0;
CREATE INDEX outgoing_mail_faults ON outgoing_mail (collectivity, due, fault) WHERE fault <> '';
CREATE INDEX remote_accounts_faults ON remote_accounts (collectivity) WHERE fault <> '';

-- Sign-ins that a silent server held up, and archives, in the journal of a collectivity.
CREATE INDEX audit_lines_unavailable ON audit_lines (collectivity, at) WHERE action = 'sign-in' AND refused = 'unavailable';
CREATE INDEX audit_lines_exported ON audit_lines (collectivity, at) WHERE action = 'collectivity.exported';
