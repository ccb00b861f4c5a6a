// Package calendar keeps the agents' and the collectivity's calendars: calendar objects with
// their octets as received, an index of when they happen, recurrence, rights, and a log of changes
// that clients synchronise by. The protocol lives in calendar/caldav, agendas on other servers in
// calendar/remote.
package calendar

import (
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

	// ReadGroups and WriteGroups govern a calendar of the collectivity. No read group: everyone
	// sees it. Who writes also reads.
	ReadGroups, WriteGroups []portal.GroupID

	stored    bool  // false: the caller's first calendar, before anything was written in it
	forgotten int64 // tokens of earlier sequences are no longer answered
}

// Shared says that the calendar belongs to the collectivity.
func (c Calendar) Shared() bool { return c.Owner == "" }

// visibleTo and writableBy are the whole of the rights on calendars.
func (c Calendar) visibleTo(caller portal.Caller) bool {
	if !c.Shared() {
		return c.Owner == caller.Agent
	}
	return caller.InAudience(c.ReadGroups) || c.writableBy(caller)
}

func (c Calendar) writableBy(caller portal.Caller) bool {
	if !c.Shared() {
		return c.Owner == caller.Agent
	}
	return caller.Can(portal.EditCalendars) || slices.ContainsFunc(c.WriteGroups, caller.In)
}

// SyncToken names a state of a calendar: which epoch, and the number of the last change in it.
// It holds no time, so that a clock set back loses nothing.
type SyncToken struct {
	Epoch    string
	Sequence int64
}

// unstoredEpoch is that of a first calendar before its first write.
const unstoredEpoch = "new"

// String is "k3v9m2p7q4r8s6t2-42".
func (t SyncToken) String() string { return t.Epoch + "-" + strconv.FormatInt(t.Sequence, 10) }

// ParseSyncToken reads what String wrote; portal.ErrInvalid otherwise.
func ParseSyncToken(s string) (SyncToken, error) {
	epoch, number, ok := strings.Cut(s, "-")
	sequence, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || epoch == "" || sequence < 0 {
		return SyncToken{}, fmt.Errorf("calendar: sync token %.60q: %w", s, portal.ErrInvalid)
	}
	return SyncToken{epoch, sequence}, nil
}
