-- +goose Up

-- Events of another server are changed from our pages where that server lets their owner write.
ALTER TABLE remote_calendars ADD COLUMN writable BOOLEAN NOT NULL DEFAULT FALSE; -- by what the server said at the last reading

-- What a change needs to know of an instance that is shown. Rows read before this are written again by the next reading,
-- whose checksum is another.
ALTER TABLE remote_instances ADD COLUMN object TEXT NOT NULL DEFAULT '';           -- path of its object on that server, '' when unknown
ALTER TABLE remote_instances ADD COLUMN recurrence BIGINT;                         -- which date of its series; NULL for what does not repeat
ALTER TABLE remote_instances ADD COLUMN meeting BOOLEAN NOT NULL DEFAULT FALSE;    -- people are invited to it

-- What is written takes the place of what was known of its object.
CREATE INDEX remote_instances_by_object ON remote_instances (collectivity, calendar, object);

-- How many times something was written there from here: a reading that began before the last time is of yesterday.
ALTER TABLE remote_accounts ADD COLUMN written BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE remote_accounts DROP COLUMN written;
DROP INDEX remote_instances_by_object;
ALTER TABLE remote_instances DROP COLUMN meeting;
ALTER TABLE remote_instances DROP COLUMN recurrence;
ALTER TABLE remote_instances DROP COLUMN object;
ALTER TABLE remote_calendars DROP COLUMN writable;
