-- +goose Up

-- Where it rains: the place whose weather a collectivity shows. No row, no box.
CREATE TABLE weather_places (
	collectivity TEXT PRIMARY KEY REFERENCES collectivities(id),
	name         TEXT NOT NULL,             -- 'Bourg-sur-Loire'
	latitude     DOUBLE PRECISION NOT NULL, -- degrees, WGS 84
	longitude    DOUBLE PRECISION NOT NULL
);
