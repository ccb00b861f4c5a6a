package calendar

import (
	"fmt"

	"parvis/portal"
)

// RefusalReason says which rule a calendar object broke; caldav gives each its precondition.
type RefusalReason int

// The reasons, with the precondition of RFC 4791 §5.3.2.1 that each becomes.
const (
	Malformed            RefusalReason = iota // valid-calendar-data: not iCalendar, or a value without sense
	InvalidResource                           // valid-calendar-object-resource: two UIDs, a METHOD, no component
	UnsupportedComponent                      // supported-calendar-component
	TooLarge                                  // max-resource-size
	TooManyInstances                          // max-instances
	OutOfRange                                // min-date-time, max-date-time
	SeveralOrganizers                         // same-organizer-in-all-components, RFC 6638 §3.2.4.2
	TooManyAttendees                          // max-attendees-per-instance
	ForeignOrganizer                          // organizer-allowed, RFC 6638 §5
	AttendeeChange                            // allowed-attendee-scheduling-object-change, RFC 6638 §3.2.2.1
	OrganizerChange                           // allowed-organizer-scheduling-object-change, RFC 6638 §3.2.1.1
)

// Refusal is why an object can't be stored. Its kind is portal.ErrInvalid.
type Refusal struct {
	Reason RefusalReason
	Detail string // for the log and the client's developer: "line 12: …"
}

func (r *Refusal) Error() string { return "calendar object refused: " + r.Detail }

// Unwrap makes a refusal portal.ErrInvalid.
func (r *Refusal) Unwrap() error { return portal.ErrInvalid }

func refusal(reason RefusalReason, format string, args ...any) *Refusal {
	return &Refusal{Reason: reason, Detail: fmt.Sprintf(format, args...)}
}
