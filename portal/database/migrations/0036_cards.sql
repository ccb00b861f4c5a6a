-- +goose Up

-- Who sees a field of cards, and whether agents correct it themselves. No row:
-- what the program says of the field.
CREATE TABLE card_fields (
	collectivity TEXT    NOT NULL REFERENCES collectivities (id),
	field        TEXT    NOT NULL, -- 'mobile'
	seen_by      TEXT    NOT NULL, -- 'everyone', 'unit', 'managers', 'nobody'
	own          BOOLEAN NOT NULL, -- agents correct their own
	PRIMARY KEY (collectivity, field)
);

-- Another word after each change to agents: what is kept in memory of them is
-- known by it to be true, in every process.
CREATE TABLE directory_stamps (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	stamp        TEXT NOT NULL,
	PRIMARY KEY (collectivity)
);
INSERT INTO directory_stamps (collectivity, stamp) SELECT id, 'upgraded' FROM collectivities;

-- A photograph, square, as JPEG, in each size that is shown.
ALTER TABLE agents ADD COLUMN photo TEXT NOT NULL DEFAULT ''; -- its version, part of its address; '' for none
CREATE TABLE agent_photos (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id),
	agent        TEXT   NOT NULL,
	side         BIGINT NOT NULL, -- pixels
	octets       BYTEA  NOT NULL,
	PRIMARY KEY (collectivity, agent, side)
);

-- What an agent says of herself: the days when she is not there.
CREATE TABLE stated_absences (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	agent        TEXT NOT NULL,
	first_day    TEXT NOT NULL, -- '2026-12-07', of the collectivity's calendar
	last_day     TEXT NOT NULL, -- included
	PRIMARY KEY (collectivity, agent)
);

-- What an elected member was elected or chosen for.
CREATE TABLE mandates (
	collectivity TEXT NOT NULL REFERENCES collectivities (id),
	id           TEXT NOT NULL,
	agent        TEXT NOT NULL,
	title        TEXT NOT NULL, -- 'Deuxième adjointe'
	delegation   TEXT NOT NULL, -- 'Urbanisme et habitat', '' without
	first_day    TEXT NOT NULL, -- '2026-03-22', '' when unknown
	last_day     TEXT NOT NULL, -- included, '' while it lasts
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX mandates_by_agent ON mandates (collectivity, agent);
