-- +goose Up

-- What the operator of the pool keeps for new collectivities to begin with.
CREATE TABLE pool_templates (
	id      TEXT   PRIMARY KEY,
	content TEXT   NOT NULL, -- JSON, see directory.Template
	version BIGINT NOT NULL,
	dropped BIGINT NOT NULL DEFAULT 0, -- when it was dropped, 0 for never
	changed BIGINT NOT NULL,
	account TEXT   NOT NULL -- who changed it last, may be gone
);
