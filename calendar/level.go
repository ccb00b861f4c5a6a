package calendar

import (
	"context"
	"slices"
	"strings"

	"github.com/emersion/go-ical"

	"parvis/portal"
)

// Level is how far a calendar is open to a caller.
type Level string

// The levels, each more than the one before.
const (
	LevelBusy  Level = "busy"  // when its owner is taken, and nothing of what for
	LevelRead  Level = "read"  // all but what is private
	LevelWrite Level = "write" // and writes it, but for what is private
	LevelFull  Level = "full"  // everything: its owner, and who keeps her agenda
)

// Levels are those at which a calendar is shared.
var Levels = []Level{LevelBusy, LevelRead, LevelWrite}

// allLevels are in their order.
var allLevels = append(slices.Clone(Levels), LevelFull)

// Writes says whether a level is enough to write.
func (l Level) Writes() bool { return l == LevelWrite || l == LevelFull }

// above says whether a level is more than another one.
func (l Level) above(other Level) bool {
	return slices.Index(allLevels, l) > slices.Index(allLevels, other)
}

// Classes of objects (RFC 5545 §3.8.1.3). One that nobody knows is taken for private.
const (
	classPublic       = "PUBLIC"
	classPrivate      = "PRIVATE"
	classConfidential = "CONFIDENTIAL"
)

// hides says whether the caller sees of an object of a class only when it happens.
func (c Calendar) hides(class string) bool {
	switch c.Level {
	case LevelFull:
		return false
	case LevelBusy:
		return true
	}
	return class != classPublic
}

// Reads says whether the caller may read what is of a class in a calendar: in those of Calendars, not in all that are
// open to everyone. owners are whose these are, "" among them for those of the collectivity.
func (s *Store) Reads(ctx context.Context, caller portal.Caller) (reads func(calendar CalendarID, class string) bool, owners map[portal.AgentID]bool, err error) {
	all, err := s.Calendars(ctx, caller)
	known := make(map[CalendarID]Calendar, len(all))
	owners = make(map[portal.AgentID]bool, len(all))
	for _, c := range all {
		known[c.ID], owners[c.Owner] = c, true
	}
	return func(calendar CalendarID, class string) bool {
		c, sees := known[calendar]
		return sees && !c.hides(class)
	}, owners, err
}

// epochOf is the epoch of what is seen at a level: a client that saw titles, and may no more, must
// read everything again, and so must one that now may.
func epochOf(epoch string, level Level) string {
	switch level {
	case LevelFull:
		return epoch
	case LevelBusy:
		return epoch + "busy"
	}
	return epoch + "open"
}

// class is the strictest of an object's components.
func (o *Object) class() string {
	strictest := classPublic
	for _, it := range o.items {
		switch strings.ToUpper(propText(it.component, ical.PropClass)) {
		case "", classPublic:
		case classConfidential:
			strictest = classConfidential
		default:
			if strictest == classPublic {
				strictest = classPrivate
			}
		}
	}
	return strictest
}
