-- +goose Up

-- Where an agent works in a week that repeats, from a day on.
CREATE TABLE presence_weeks (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	since        TEXT NOT NULL,           -- '2026-12-07'
	halves       TEXT NOT NULL,           -- 14 letters, Monday morning to Sunday afternoon: 'h' here, 't' at home, 'e' elsewhere
	PRIMARY KEY (collectivity, agent, since)
);

-- The days that differ from it.
CREATE TABLE presence_days (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	agent        TEXT NOT NULL,
	day          TEXT NOT NULL,           -- '2026-12-09'
	halves       TEXT NOT NULL,           -- 2 letters, morning and afternoon; ' ' as in the week
	PRIMARY KEY (collectivity, agent, day)
);

-- +goose Down
DROP TABLE presence_days;
DROP TABLE presence_weeks;
