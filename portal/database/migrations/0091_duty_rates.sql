-- +goose Up

-- What a collectivity decided that duties are worth. A row is never changed: a new day, or a correction, is a new row.
-- What is not here is as the program ships it.
CREATE TABLE duty_rates (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	kind         TEXT NOT NULL,           -- of team
	unit         TEXT NOT NULL,           -- 'week', 'night', …, 'late', 'notice'
	amount       BIGINT NOT NULL,         -- cents; percent of 'late'; days of 'notice'
	valid_from   TEXT NOT NULL,           -- '2026-01-01', a day of the collectivity's calendar
	valid_to     TEXT NOT NULL,           -- the last day, '' while nothing ends it
	source       TEXT NOT NULL,           -- 'Délibération 2026-12 du 3 février 2026'
	made         BIGINT NOT NULL,
	made_by      TEXT NOT NULL,           -- agent
	PRIMARY KEY (collectivity, id)
);

-- What agents on call were called out for.
CREATE TABLE duty_interventions (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	team         TEXT NOT NULL,
	agent        TEXT NOT NULL,
	starts       BIGINT NOT NULL,
	ends         BIGINT NOT NULL,
	what         TEXT NOT NULL,
	moved        BOOLEAN NOT NULL,        -- FALSE: settled by telephone
	made         BIGINT NOT NULL,
	made_by      TEXT NOT NULL,           -- agent
	PRIMARY KEY (collectivity, id)
);
CREATE INDEX duty_interventions_by_agent ON duty_interventions (collectivity, agent, starts);
CREATE INDEX duty_interventions_by_start ON duty_interventions (collectivity, starts);

-- +goose Down
DROP TABLE duty_interventions;
DROP TABLE duty_rates;
