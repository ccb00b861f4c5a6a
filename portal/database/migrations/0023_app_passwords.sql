-- +goose Up

-- What an app password may do, and until when. Those of before spoke to agendas
-- alone: they go on as they did.
ALTER TABLE app_passwords ADD COLUMN scopes  TEXT   NOT NULL DEFAULT 'calendar'; -- 'calendar:read', separated by spaces
ALTER TABLE app_passwords ADD COLUMN ends    BIGINT NOT NULL DEFAULT 0;  -- first instant without it, 0: never
ALTER TABLE app_passwords ADD COLUMN address TEXT   NOT NULL DEFAULT ''; -- of its last use

-- The collectivity whose method vouches for the person, as sessions have it, and
-- why that one's directory server lets her in no more: '' when it does. The
-- password serves again when she is back.
ALTER TABLE app_passwords ADD COLUMN home    TEXT   NOT NULL DEFAULT '';
ALTER TABLE app_passwords ADD COLUMN stopped TEXT   NOT NULL DEFAULT '';
UPDATE app_passwords SET home = COALESCE(
	(SELECT MIN(d.collectivity) FROM collectivity_domains d JOIN accounts a ON a.login LIKE '%@' || d.domain WHERE a.id = app_passwords.account),
	collectivity);

-- OpenID requests that wait for their person are in her address, sealed. Those too
-- long for that are rows, counted by network: a stranger must not fill the store.
ALTER TABLE openid_requests ADD COLUMN network TEXT NOT NULL DEFAULT '';
CREATE INDEX openid_requests_by_network ON openid_requests (network, created);
