// Package calendar keeps the agents' and the collectivity's calendars: calendar objects with
// their octets as received, an index of when they happen, recurrence, rights, and a log of changes
// that clients synchronise by. The protocol lives in calendar/caldav, agendas on other servers in
// calendar/remote.
package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
)

// CalendarID names a calendar of a collectivity, "k3v9m2p7q4r8s6t2".
type CalendarID string

// EventID names an object of a calendar in addresses of pages, "q4r8s6t2k3v9m2p7".
type EventID string

// PersonalSlug is the last part of the address of the calendar that every agent has.
const PersonalSlug = "personal"

// InboxSlug and OutboxSlug are the last parts of the addresses of what RFC 6638 adds to a home.
const (
	InboxSlug  = "inbox"
	OutboxSlug = "outbox"
)

// Calendar is a calendar as one caller sees it.
type Calendar struct {
	ID          CalendarID
	Owner       portal.AgentID // "" for a calendar of the collectivity
	Slug        string         // last part of its DAV address
	Name        string         // "" for an agent's first calendar as long as she has not named it
	Description string
	Color       string // "#rrggbb" or "", of the caller's choice
	Order       int
	Zone        *time.Location // of its all-day events
	ZoneText    string         // calendar-timezone as a client wrote it
	Components  []string       // that it stores: EventComponent…
	Busy        bool           // its events take the owner's time
	Sync        SyncToken
	Writable    bool // by the caller
	Level       Level
	OwnerName   string // "Claire Morel", of another's calendar; "" for one's own and the collectivity's
	Away        bool   // the caller put it away: it is neither in her agenda nor on her phone

	// ReadGroups and WriteGroups govern a calendar of the collectivity. No read group: everyone
	// sees it. Who writes also reads.
	ReadGroups, WriteGroups []portal.GroupID

	named     bool   // by the caller, for herself
	language  string // of its collectivity
	lent      bool   // another's, whose delegate the caller is or who shared it with her
	stored    bool   // false: the caller's first calendar, before anything was written in it
	forgotten int64  // tokens of earlier sequences are no longer answered
}

// Shared says that the calendar belongs to the collectivity.
func (c Calendar) Shared() bool { return c.Owner == "" }

// Own says that the calendar is the caller's.
func (c Calendar) Own() bool { return !c.Shared() && !c.lent }

// Named says that the caller calls another's calendar by a name of her own.
func (c Calendar) Named() bool { return c.named }

// rank sorts one's own before those of colleagues, and these before the collectivity's.
func (c Calendar) rank() int { return boolToInt(c.lent) + 2*boolToInt(c.Shared()) }

// visibleTo and writableBy are the whole of the rights on calendars; those of others are found by what
// was shared with the caller, see loadShared.
func (c Calendar) visibleTo(caller portal.Caller) bool {
	if !c.Shared() {
		return true
	}
	return caller.InAudience(c.ReadGroups) || c.writableBy(caller)
}

func (c Calendar) writableBy(caller portal.Caller) bool {
	if !c.Shared() {
		return c.Level.Writes()
	}
	return caller.Can(portal.EditCalendars) || slices.ContainsFunc(c.WriteGroups, caller.In)
}

// SyncToken names a state of a calendar: which epoch, and the number of the last change in it.
// It holds no time, so that a clock set back loses nothing.
type SyncToken struct {
	Epoch    string
	Sequence int64
	// forgotten is what the log had forgotten when a first reading began that goes on after this
	// token: the deletions until there are no news to it. 0 for any other token.
	forgotten int64
}

// unstoredEpoch is that of a first calendar before its first write.
const unstoredEpoch = "new"

// String is "k3v9m2p7q4r8s6t2-42", or "k3v9m2p7q4r8s6t2-42-60" within a first reading.
func (t SyncToken) String() string {
	s := t.Epoch + "-" + strconv.FormatInt(t.Sequence, 10)
	if t.forgotten != 0 {
		s += "-" + strconv.FormatInt(t.forgotten, 10)
	}
	return s
}

// ParseSyncToken reads what String wrote; portal.ErrInvalid otherwise.
func ParseSyncToken(s string) (SyncToken, error) {
	parts := strings.Split(s, "-")
	t := SyncToken{Epoch: parts[0]}
	var err error
	for i, into := range []*int64{&t.Sequence, &t.forgotten}[:min(2, len(parts)-1)] {
		n, unread := strconv.ParseInt(parts[i+1], 10, 64)
		err, *into = cmp.Or(err, unread), n
	}
	if err != nil || len(parts) < 2 || len(parts) > 3 || t.Epoch == "" || t.Sequence < 0 || t.forgotten < 0 {
		return SyncToken{}, fmt.Errorf("calendar: sync token %.60q: %w", s, portal.ErrInvalid)
	}
	return t, nil
}

// outlives says whether a token is still answered after the log forgot until a sequence.
func (t SyncToken) outlives(forgotten int64) bool {
	return t.Sequence >= forgotten || t.forgotten == forgotten
}
