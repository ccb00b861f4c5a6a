-- +goose Up

-- Service and proxy tickets are sealed texts now, which nothing keeps until they
-- are validated: what is kept is that one was. Proxy-granting tickets, which
-- live as long as their session, stay rows.
CREATE TABLE cas_grantings (
	hash         BYTEA PRIMARY KEY, -- the first half of the ticket's SHA-256: a copy of the store opens nothing
	collectivity TEXT  NOT NULL REFERENCES collectivities (id),
	application  TEXT  NOT NULL,
	account      TEXT  NOT NULL REFERENCES accounts (id),
	session      TEXT  NOT NULL, -- sessions.id
	proxies      TEXT  NOT NULL  -- callbacks of the proxies, the last first, one a line
);
INSERT INTO cas_grantings (hash, collectivity, application, account, session, proxies)
SELECT substr(hash, 1, 16), collectivity, application, account, session, proxies FROM cas_tickets WHERE kind = 'PGT';
DROP TABLE cas_tickets;

-- Tickets that were judged, so that none is twice. Ended rows are swept once a
-- minute by a scan: an index on their ends would cost each ticket more.
CREATE TABLE cas_spent (
	hash         BYTEA  PRIMARY KEY, -- the first half of the ticket's SHA-256
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	shown        BIGINT NOT NULL DEFAULT 1, -- 2 once it was shown again
	ends         BIGINT NOT NULL -- ms since the epoch
);
