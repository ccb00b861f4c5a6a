-- +goose Up

-- What a collectivity decided of its home page: which boxes everyone has, in
-- which order and size, and which of them stay. JSON: it is read and written
-- whole, and never searched.
CREATE TABLE home_frames (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id) ON DELETE CASCADE,
	places       TEXT   NOT NULL, -- [{"widget":"agenda","size":"s","state":"suggested"}, …]
	changed      BIGINT NOT NULL,
	PRIMARY KEY (collectivity)
);

-- Only what the agent decided herself: no row, and her page is the
-- collectivity's, today's and tomorrow's.
CREATE TABLE home_choices (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id) ON DELETE CASCADE,
	agent        TEXT   NOT NULL,
	choices      TEXT   NOT NULL, -- JSON, see widgets.Choices
	previous     TEXT   NOT NULL, -- the choices before the last change, to undo it
	changed      BIGINT NOT NULL,
	PRIMARY KEY (collectivity, agent)
);

-- Settings of a widget: the administrator's for the collectivity (agent ''),
-- and each agent's own.
CREATE TABLE widget_settings (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id) ON DELETE CASCADE,
	widget       TEXT   NOT NULL,
	agent        TEXT   NOT NULL,
	version      BIGINT NOT NULL, -- of the widget's settings when they were written
	settings     TEXT   NOT NULL, -- JSON, name → value
	changed      BIGINT NOT NULL,
	PRIMARY KEY (collectivity, widget, agent)
);
