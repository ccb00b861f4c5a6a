-- +goose Up

-- The IMAP server of a collectivity. No row: it shows no mail.
CREATE TABLE mail_servers (
	collectivity    TEXT PRIMARY KEY REFERENCES collectivities(id),
	address         TEXT NOT NULL,            -- 'imap.bourg.example:993'
	security        TEXT NOT NULL,            -- 'tls' or 'starttls': a password never goes in clear
	ca              TEXT NOT NULL DEFAULT '', -- PEM of its authority; '' is the system's
	sign_in         TEXT NOT NULL,            -- 'password' (given once by the agent) or 'master'
	master_user     TEXT NOT NULL DEFAULT '', -- signs in as 'agent<separator>master'
	separator       TEXT NOT NULL DEFAULT '*',
	master_password BYTEA,                    -- sealed
	webmail         TEXT NOT NULL DEFAULT ''  -- 'https://courriel.bourg.example/'
);

-- Mailboxes of services, 'mairie@', 'urbanisme@': opened by the master user.
CREATE TABLE mail_shared (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	address      TEXT NOT NULL,
	name         TEXT NOT NULL,               -- 'Urbanisme'
	PRIMARY KEY (collectivity, address)
);

-- Who reads a shared mailbox: here, no row means nobody.
CREATE TABLE mail_shared_audience (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	address      TEXT NOT NULL,
	group_id     TEXT NOT NULL,
	PRIMARY KEY (collectivity, address, group_id)
);

-- The password that an agent gave once, sealed with the installation's key.
CREATE TABLE mail_passwords (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	login        TEXT NOT NULL,
	sealed       BYTEA NOT NULL,
	PRIMARY KEY (collectivity, agent)
);
