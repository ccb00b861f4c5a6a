-- +goose Up

-- CAS tickets. A service or proxy ticket lives seconds and is used once; a
-- proxy-granting ticket lives as long as its session. Only their SHA-256 is kept,
-- so that a copy of the store opens nothing. Ended rows are swept once a
-- minute by a scan: an index on their ends would cost each ticket more.
CREATE TABLE cas_tickets (
	hash         BYTEA   PRIMARY KEY,
	collectivity TEXT    NOT NULL REFERENCES collectivities (id),
	kind         TEXT    NOT NULL, -- 'ST', 'PT', 'PGT'
	application  TEXT    NOT NULL,
	service      TEXT    NOT NULL, -- that it was given for, in its one spelling
	account      TEXT    NOT NULL REFERENCES accounts (id),
	session      TEXT    NOT NULL, -- sessions.id
	fresh        BOOLEAN NOT NULL, -- she proved who she is for this very ticket
	proxies      TEXT    NOT NULL, -- addresses of the proxies, the last first, one a line
	used         BIGINT  NOT NULL DEFAULT 0, -- 1 once judged, 2 once shown again
	ends         BIGINT  NOT NULL -- ms since the epoch; 0 with the session
);
