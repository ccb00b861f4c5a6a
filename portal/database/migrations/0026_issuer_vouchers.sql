-- +goose Up

-- What an issuer gave to be asked about a person again: the refresh token of her
-- last sign-in, while she has a session or an app password.
CREATE TABLE issuer_vouchers (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id), -- whose issuer it is
	account      TEXT   NOT NULL REFERENCES accounts (id),
	id           TEXT   NOT NULL, -- drawn at each sign-in: what was asked before says nothing of this one
	sealed       BYTEA  NOT NULL, -- JSON, with the installation's key; empty once the issuer vouches for her no more
	asked        BIGINT NOT NULL, -- ms since the epoch, UTC; a node that asks writes it first: a token may serve once
	PRIMARY KEY (collectivity, account)
);
