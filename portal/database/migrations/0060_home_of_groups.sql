-- +goose Up

-- The home page that a collectivity decided for everyone, and for some of its groups.
CREATE TABLE home_frames_of_groups (
	collectivity TEXT   NOT NULL REFERENCES collectivities (id) ON DELETE CASCADE,
	group_id     TEXT   NOT NULL, -- '' for everyone
	rank         BIGINT NOT NULL, -- of a group: who is in several has the order of the lowest
	places       TEXT   NOT NULL, -- JSON, see widgets.Place: what differs from the page above; '' when it was taken away
	before       TEXT   NOT NULL, -- places before the last change, to undo it
	changed      BIGINT NOT NULL,
	PRIMARY KEY (collectivity, group_id)
);
INSERT INTO home_frames_of_groups (collectivity, group_id, rank, places, before, changed)
	SELECT collectivity, '', 0, places, '', changed FROM home_frames;
DROP TABLE home_frames;
ALTER TABLE home_frames_of_groups RENAME TO home_frames;
