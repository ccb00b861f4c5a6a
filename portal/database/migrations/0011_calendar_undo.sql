-- +goose Up

-- What a page deleted less than an hour ago, so that the agent who did can take it back.
CREATE TABLE calendar_undo (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	id           TEXT NOT NULL,
	agent        TEXT NOT NULL,  -- who deleted: nobody else may take it back
	calendar     TEXT NOT NULL,
	name         TEXT NOT NULL,  -- of the object in its calendar
	etag         TEXT NOT NULL,  -- that the change left, '' for none: over anything newer there is no way back
	kept         BIGINT NOT NULL,
	octets       BYTEA NOT NULL, -- as they were
	PRIMARY KEY (collectivity, id)
);
