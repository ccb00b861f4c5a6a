-- +goose Up

-- Conventions by which a collectivity lends resources to another one of the pool. The collectivity is the lender.
CREATE TABLE lendings (
	collectivity  TEXT   NOT NULL REFERENCES collectivities(id),
	id            TEXT   NOT NULL,
	borrower      TEXT   REFERENCES collectivities(id) ON DELETE SET NULL, -- NULL once it is erased
	borrower_name TEXT   NOT NULL,
	title         TEXT   NOT NULL,            -- 'Prêt du minibus'
	first_day     TEXT   NOT NULL,            -- '2026-01-01', of the lender's calendar
	last_day      TEXT   NOT NULL,            -- included, '' while nothing ends it
	turn          BIGINT NOT NULL,            -- of its decisions: who writes it decides alone about quotas
	created       BIGINT NOT NULL,
	ended         BIGINT NOT NULL DEFAULT 0,  -- when somebody ended it, 0 while nobody did
	ended_by      TEXT   NOT NULL DEFAULT '', -- 'lender', 'borrower'; '' when one of them was suspended or left
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX lendings_borrower ON lendings (borrower);

-- Who reads a convention: a line for each of the two.
CREATE TABLE lending_parties (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	lending      TEXT NOT NULL,
	lender       TEXT NOT NULL REFERENCES collectivities(id) ON DELETE CASCADE,
	PRIMARY KEY (collectivity, lending)
);
CREATE INDEX lending_parties_lender ON lending_parties (lender);

-- What was agreed from a day on. A change is another number, which the borrower accepts.
CREATE TABLE lending_terms (
	collectivity  TEXT    NOT NULL REFERENCES collectivities(id), -- the lender
	lending       TEXT    NOT NULL,
	number        BIGINT  NOT NULL,            -- from 1
	from_day      TEXT    NOT NULL,
	state         TEXT    NOT NULL,            -- 'proposed', 'accepted', 'refused', 'replaced'
	ahead         BIGINT  NOT NULL,            -- days, 0: as far as the resource
	notice        BIGINT  NOT NULL,            -- minutes, 0: as the resource
	month_minutes BIGINT  NOT NULL,            -- of all loans of a calendar month, 0: no quota
	year_days     BIGINT  NOT NULL,            -- begun, of all loans of a calendar year, 0: no quota
	approval      BOOLEAN NOT NULL,            -- the lender accepts each loan
	hour_cents    BIGINT  NOT NULL,
	day_cents     BIGINT  NOT NULL,            -- of each day on which a loan is
	km_cents      BIGINT  NOT NULL,
	year_cents    BIGINT  NOT NULL,            -- by day in force
	text          TEXT    NOT NULL,
	proposed      BIGINT  NOT NULL,
	proposed_by   TEXT    NOT NULL,            -- agent of the lender, '' for who assists it
	answered      BIGINT  NOT NULL DEFAULT 0,
	reason        TEXT    NOT NULL DEFAULT '', -- of a refusal
	PRIMARY KEY (collectivity, lending, number)
);

-- What is lent by some terms.
CREATE TABLE lending_resources (
	collectivity TEXT   NOT NULL REFERENCES collectivities(id), -- the lender
	lending      TEXT   NOT NULL,
	number       BIGINT NOT NULL,
	resource     TEXT   NOT NULL,
	PRIMARY KEY (collectivity, lending, number, resource)
);

-- Who of the borrower may book under a convention; everyone where there is none.
CREATE TABLE lending_groups (
	collectivity TEXT NOT NULL REFERENCES collectivities(id), -- the borrower
	lending      TEXT NOT NULL,
	group_id     TEXT NOT NULL,
	PRIMARY KEY (collectivity, lending, group_id)
);

-- Loans, each with its row of bookings, whose event is its id. Nothing of who: see lending_takers.
CREATE TABLE lending_loans (
	collectivity  TEXT   NOT NULL REFERENCES collectivities(id), -- the lender
	id            TEXT   NOT NULL,            -- 'loan-k3v9m2p7q4r8s6t2'
	lending       TEXT   NOT NULL,
	resource      TEXT   NOT NULL,
	resource_name TEXT   NOT NULL,            -- as it was called then
	kind          TEXT   NOT NULL,
	starts        BIGINT NOT NULL,
	ends          BIGINT NOT NULL,
	state         TEXT   NOT NULL,            -- 'waiting', 'granted', 'refused', 'cancelled', 'withdrawn', 'released', 'lapsed'
	asked         BIGINT NOT NULL,
	decided       BIGINT NOT NULL DEFAULT 0,
	reason        TEXT   NOT NULL DEFAULT '',
	km            BIGINT NOT NULL DEFAULT -1, -- driven, -1 as long as nobody said
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX lending_loans_by_lending ON lending_loans (collectivity, lending, starts);
CREATE INDEX lending_loans_waiting ON lending_loans (starts) WHERE state = 'waiting';

-- Who takes a loan.
CREATE TABLE lending_takers (
	collectivity TEXT NOT NULL REFERENCES collectivities(id), -- the borrower
	loan         TEXT NOT NULL,
	lender       TEXT NOT NULL REFERENCES collectivities(id) ON DELETE CASCADE,
	agent        TEXT NOT NULL,            -- '' once she is erased
	title        TEXT NOT NULL,            -- what it is for; nobody of the lender reads it
	event        TEXT NOT NULL DEFAULT '', -- object of her calendar that tells of it, '' for none
	PRIMARY KEY (collectivity, loan)
);
CREATE INDEX lending_takers_by_agent ON lending_takers (collectivity, agent);
CREATE INDEX lending_takers_lender ON lending_takers (lender);

-- What people are told of conventions and loans.
CREATE TABLE lending_notices (
	collectivity TEXT   NOT NULL REFERENCES collectivities(id), -- of who is told
	id           TEXT   NOT NULL,
	agent        TEXT   NOT NULL, -- '' for its administrators
	kind         TEXT   NOT NULL, -- 'accepted', 'refused', 'ended', 'loan-withdrawn', …
	lending      TEXT   NOT NULL,
	title        TEXT   NOT NULL, -- of the convention
	other        TEXT   NOT NULL, -- name of the other party
	resource     TEXT   NOT NULL, -- name, '' for what is of no loan
	starts       BIGINT NOT NULL,
	ends         BIGINT NOT NULL,
	reason       TEXT   NOT NULL,
	made         BIGINT NOT NULL,
	seen         BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX lending_notices_unseen ON lending_notices (collectivity, agent) WHERE seen = 0;

-- +goose Down
DROP TABLE lending_notices;
DROP TABLE lending_takers;
DROP TABLE lending_loans;
DROP TABLE lending_groups;
DROP TABLE lending_resources;
DROP TABLE lending_terms;
DROP TABLE lending_parties;
DROP TABLE lendings;
