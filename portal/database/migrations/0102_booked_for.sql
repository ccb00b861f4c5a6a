-- +goose Up

-- Who booked for another: the booking is the other's, this is its trace.
CREATE TABLE booking_makers (
	collectivity TEXT NOT NULL REFERENCES collectivities(id),
	event        TEXT NOT NULL,           -- object of a calendar, as in bookings
	holder       TEXT NOT NULL,           -- whose it was when it was made
	maker        TEXT NOT NULL,
	made         BIGINT NOT NULL,
	PRIMARY KEY (collectivity, event)
);
CREATE INDEX booking_makers_by_maker ON booking_makers (collectivity, maker);

-- +goose Down
DROP TABLE booking_makers;
