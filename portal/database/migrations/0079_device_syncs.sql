-- +goose Up
-- How the devices of a person fare, one row for each of their app passwords and feature: the panel
-- of her account tells it, so that nobody believes in an agenda that no longer moves.
CREATE TABLE device_syncs (
	collectivity TEXT   NOT NULL,
	password     TEXT   NOT NULL, -- id of the app password
	feature      TEXT   NOT NULL, -- 'calendar', 'contacts'
	user_agent   TEXT   NOT NULL, -- what the device calls itself, its User-Agent
	succeeded    BIGINT NOT NULL, -- last answer that was no refusal, some minutes late; 0: never
	failed       BIGINT NOT NULL, -- last trouble; 0: none
	trouble      TEXT   NOT NULL, -- its kind, '': none
	subject      TEXT   NOT NULL, -- title of what the device tried to write
	path         TEXT   NOT NULL, -- where
	PRIMARY KEY (collectivity, password, feature),
	FOREIGN KEY (collectivity, password) REFERENCES app_passwords (collectivity, id) ON DELETE CASCADE
);
