package calendar

import (
	"context"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
)

// Elsewhere is agendas that an agent keeps on other servers: shown beside ours, and written where these
// servers let her.
type Elsewhere interface {
	// Feeds is what is known of them between two instants, sorted by name. It answers from what was
	// kept and never waits for another server; instances are sorted by start, times in from's zone.
	Feeds(ctx context.Context, caller portal.Caller, from, to time.Time) ([]Feed, error)
	// Abroad are her calendars there, as they were last read, sorted by name.
	Abroad(ctx context.Context, caller portal.Caller) ([]Foreign, error)
	// Open asks the server for the object of an instance of a Feed. What is no more, here or there, is
	// portal.ErrNotFound; a server that can't be asked a portal.UserError that says what to do. Both are
	// remembered where the caller orders a change, and not where she only looks.
	Open(ctx context.Context, caller portal.Caller, id EventID, zone *time.Location, ordered bool) (There, error)
	// Put writes octets over an object that Open gave, if it is still as it was then, or as a new one under
	// its Name. It returns the instances that are shown from then on, in zone: none where they lie beyond
	// what is read. Who orders it may leave: it is carried out all the same. Errors: those of Open,
	// portal.ErrDenied, ErrCondition.
	Put(ctx context.Context, caller portal.Caller, t There, octets []byte, zone *time.Location) (Stored, error)
	// Delete deletes an object that Open or Put gave, if it is still as it was. One that is gone already is
	// no error. Who orders it may leave. Errors are those of Put.
	Delete(ctx context.Context, caller portal.Caller, t There) error
}

// Foreign is a calendar of another server.
type Foreign struct {
	ID       CalendarID
	Name     string // "Nextcloud – Réunions"
	Writable bool   // by what its server said
}

// There is an object of a calendar on another server.
type There struct {
	Foreign
	Name   string // path of the object there; of a new one its last part, "3f0c.ics"
	ETag   string // "" for a new one
	Octets []byte
	At     time.Time // which date of its series was asked for, zero for what doesn't repeat
	// Retried: an earlier try to make it may have arrived, and is written over.
	Retried bool
}

// Stored is what a write on another server left.
type Stored struct {
	Name, ETag string
	Instances  []Instance
}

// IsMeeting says whether people are invited to an object: to change one is the affair of who invites, and
// of the server that tells them (RFC 6638 §3.1).
func (o *Object) IsMeeting() bool {
	for _, it := range o.items {
		if it.component.Props.Get(ical.PropAttendee) != nil {
			return true
		}
	}
	return false
}

// open reads what is there; portal.ErrDenied with a sentence for what is not to be changed from here.
func (t There) open() (*Object, error) {
	o, err := Parse(t.Octets)
	switch {
	case err != nil || o.Component != EventComponent:
		return nil, portal.UserError{Kind: portal.ErrDenied, Key: "calendar.error.elsewhere-unreadable", Args: []any{"name", t.Foreign.Name}}
	case !t.Writable:
		return nil, portal.UserError{Kind: portal.ErrDenied, Key: "calendar.error.elsewhere-read-only", Args: []any{"name", t.Foreign.Name}}
	case o.IsMeeting():
		return nil, portal.UserError{Kind: portal.ErrDenied, Key: "calendar.error.elsewhere-meeting", Args: []any{"name", t.Foreign.Name}}
	}
	return o, nil
}

// event is the object as a page shows it: of one date when it has one.
func (t There) event(id EventID, o *Object, at time.Time, zone *time.Location) (Event, error) {
	event := eventOf(Calendar{ID: t.ID, Zone: zone, Writable: true}, Entry{ID: id, Name: t.Name, ETag: t.ETag}, o)
	if at.IsZero() {
		return event, nil
	}
	in, err := o.instanceAt(at, zone)
	event.show(in)
	return event, err
}

// wholeOf is octets that are ready to be written, portal.ErrInvalid for what would be no calendar object.
func (o *Object) wholeOf() ([]byte, error) {
	octets := encode(o.root)
	_, err := Parse(octets)
	return octets, err
}
