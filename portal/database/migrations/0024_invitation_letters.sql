-- +goose Up

-- Letters of invitations to an address. They are counted, so that nobody's
-- mailbox is filled by inviting and taking back; two days are kept.
CREATE TABLE invitation_letters (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	login        TEXT   NOT NULL, -- canonical, of who was written to
	mail         TEXT   NOT NULL, -- id in outgoing_mail
	at           BIGINT NOT NULL, -- ms since the epoch, UTC
	PRIMARY KEY (collectivity, login, mail)
);
