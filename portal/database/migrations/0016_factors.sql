-- +goose Up

-- Applications that make codes (RFC 6238), one an account.
CREATE TABLE account_otp (
	account TEXT   PRIMARY KEY REFERENCES accounts (id),
	sealed  BYTEA  NOT NULL, -- secret, sealed with the installation's key
	step    BIGINT NOT NULL, -- last one accepted: its code, and all before it, serve no more
	created BIGINT NOT NULL
);

-- Passkeys (WebAuthn).
CREATE TABLE account_keys (
	account    TEXT   NOT NULL REFERENCES accounts (id),
	id         TEXT   NOT NULL,        -- shown in addresses, to remove it
	credential BYTEA  NOT NULL UNIQUE, -- as the browser names it
	record     TEXT   NOT NULL,        -- JSON of the public key, its counter and its flags
	name       TEXT   NOT NULL,        -- 'Téléphone de Claire'
	created    BIGINT NOT NULL,
	used       BIGINT NOT NULL DEFAULT 0, -- 0: never
	PRIMARY KEY (account, id)
);

-- Recovery codes of 80 random bits, so that one SHA-256 is enough. A row is
-- removed when its code serves.
CREATE TABLE account_recovery_codes (
	account TEXT  NOT NULL REFERENCES accounts (id),
	hash    BYTEA NOT NULL,
	PRIMARY KEY (account, hash)
);

-- Who must have a second factor in a collectivity. No row: nobody.
CREATE TABLE sso_policies (
	collectivity TEXT    PRIMARY KEY REFERENCES collectivities (id),
	who          TEXT    NOT NULL, -- 'nobody', 'administrators', 'groups', 'everyone'
	starts       BIGINT  NOT NULL, -- ms since the epoch, UTC
	alone        BOOLEAN NOT NULL  -- a passkey is enough, without the password
);
CREATE TABLE sso_policy_groups (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	group_id     TEXT NOT NULL,
	PRIMARY KEY (collectivity, group_id)
);

-- What served once and may not serve again: sign-ins that ended and challenges
-- that were answered. Swept after an hour, when they have long expired.
CREATE TABLE sign_in_spent (
	id TEXT   PRIMARY KEY,
	at BIGINT NOT NULL
);

-- A session on a computer that several people share ends sooner. 'counted' is what
-- wrong passwords of its person were counted by, so that wrong codes add to them.
ALTER TABLE sessions ADD COLUMN kiosk BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sessions ADD COLUMN counted TEXT NOT NULL DEFAULT '';
