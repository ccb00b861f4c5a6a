// Package presence keeps where agents say that they work, at home or elsewhere than on their site, by half days:
// a week that repeats and days that differ from it. It tells who is there today. It is about places, never about
// leave, and says nothing of why.
package presence

import (
	"context"
	"embed"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Templates and Locales are parsed by the server.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences of the pages.
//
//go:embed locales/*.json
var Locales embed.FS

// Place is where somebody works for half a day, as it is stored.
type Place byte

// The places. AsUsual, of a day, is what the week says.
const (
	Here      Place = 'h'
	Telework  Place = 't'
	Elsewhere Place = 'e'
	AsUsual   Place = ' '
)

// Places lists those that can be chosen, in their order.
var Places = []Place{Here, Telework, Elsewhere}

// names are what forms and catalogues call them.
var names = map[Place]string{Here: "here", Telework: "telework", Elsewhere: "elsewhere", AsUsual: "usual"}

// Name is "here", "telework", "elsewhere" or "usual".
func (p Place) Name() string { return names[p] }

// placeOf reads a name; false for what is none.
func placeOf(name string) (Place, bool) {
	for place, known := range names {
		if known == name {
			return place, true
		}
	}
	return Here, false
}

// Halves are the places of a run of half days, a letter each: those of a day are 2, morning and afternoon, those
// of a week 14, from Monday on.
type Halves string

const (
	halvesADay  = 2
	halvesAWeek = 7 * halvesADay
)

// usual is the week of who says nothing.
var usual = Halves(strings.Repeat(string(Here), halvesAWeek))

// of are those of a day of a week.
func (h Halves) of(day time.Weekday) Halves {
	first := (int(day) + 6) % 7 * halvesADay
	return h[first : first+halvesADay]
}

// over is a day over what the week says of it.
func (h Halves) over(week Halves) Halves {
	both := []byte(h)
	for i := range both {
		if Place(both[i]) == AsUsual {
			both[i] = week[i]
		}
	}
	return Halves(both)
}

// valid says whether these are so many half days, of places among the known letters.
func (h Halves) valid(count int, known string) bool {
	return len(h) == count && strings.Trim(string(h), known) == ""
}

// letters are the places that can be chosen, as they are stored.
const letters = "hte"

// Morning and Afternoon are the places of a day.
func (h Halves) Morning() Place   { return Place(h[0]) }
func (h Halves) Afternoon() Place { return Place(h[1]) }

// At is the place at an hour.
func (h Halves) At(t time.Time) Place {
	if t.Hour() < noon {
		return h.Morning()
	}
	return h.Afternoon()
}

// noon begins the afternoon.
const noon = 12

// Both says that the day is spent in one place.
func (h Halves) Both() bool { return h.Morning() == h.Afternoon() }

// allHere is a day about which there is nothing to say.
const allHere = Halves("hh")

// People knows the agents of the caller's collectivity.
type People interface {
	// Writes says for whom the caller may write: herself, who reports to her, those whom she governs.
	// portal.ErrNotFound for who is no active agent of her collectivity.
	Writes(ctx context.Context, caller portal.Caller, agent portal.AgentID) (Person, bool, error)
}

// Person is an agent as pages name her.
type Person struct {
	ID       portal.AgentID
	Name     string // "Camille Le Goff"
	Function string
	Unit     string
	Phone    string // as written, "" for none that the caller may see
}

// Store keeps what agents say.
type Store struct {
	db     *database.DB
	people People
	now    func() time.Time
}

// New opens what the agents of a pool say.
func New(db *database.DB, people People) *Store { return &Store{db: db, people: people, now: time.Now} }
