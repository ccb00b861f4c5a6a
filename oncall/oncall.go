// Package oncall keeps the on-call duties (astreintes) of each collectivity: the teams whose members take
// turns outside of working hours, who is called now and after whom, what members swap among themselves,
// what they were called out for, and what each month is worth by rates that have dates.
package oncall

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Templates and Locales are parsed by the server.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences of duties.
//
//go:embed locales/*.json
var Locales embed.FS

// TeamID and PeriodID name a team and a period of a collectivity, "k3v9m2p7q4r8s6t2".
type (
	TeamID   string
	PeriodID string
)

// Kind says what a duty is for, and so what it is worth (arrêté du 14 avril 2015).
type Kind string

// The kinds.
const (
	Operation Kind = "operation" // exploitation
	Security  Kind = "security"  // sécurité
	Decision  Kind = "decision"  // décision
)

// Kinds lists them in the order in which one chooses.
var Kinds = []Kind{Operation, Security, Decision}

// Who reads the telephone numbers of a team.
const (
	ForEveryone = "everyone"
	ForTeam     = "team" // its members, and who plans its duties
)

// Team is people who take turns.
type Team struct {
	ID          TeamID
	Name        string // "Astreinte voirie et bâtiments"
	Kind        Kind
	Unit        portal.UnitID // "" for none
	HandoverDay time.Weekday
	HandoverAt  int // minutes after midnight, as the two below
	Morning     int // the working day begins, a night ends
	Evening     int // the working day ends, a night begins
	Phones      string
	SwapsRaise  bool // a swap agreed late is paid as a duty told late
	Active      bool
	Modified    time.Time

	Managers []Member // by name; without a phone
	Members  []Member // in the order of their turns
}

// Member is an agent of a team.
type Member struct {
	Agent  portal.AgentID
	Name   string
	Phone  string // that is called, "" for none
	Active bool   // false: her account is closed
}

// Origin says whence a period comes.
type Origin string

// The origins.
const (
	FromRota Origin = "rota"
	ByHand   Origin = "hand"
	BySwap   Origin = "swap"
)

// MaxLevel is the last who is called; MaxPeriod how long one is on call at a stretch: who is on call at
// an instant began no earlier.
const (
	MaxLevel  = 5
	MaxPeriod = 31 * 24 * time.Hour
)

// Period is a time during which an agent is on call, half-open [Starts, Ends).
type Period struct {
	ID           PeriodID
	Team         TeamID
	Level        int // 1 is called first
	Agent        portal.AgentID
	Starts, Ends time.Time // UTC
	Told         time.Time // when she was told
	Origin       Origin
	Root         PeriodID // period of which it was a part before a swap, or itself
	Modified     time.Time

	Name   string // of the agent
	Phone  string // "" for none, and for who may not read it
	Active bool   // the agent is still there: a period of nobody is a gap
}

// Overlaps says whether two periods share an instant.
func (p Period) Overlaps(from, to time.Time) bool { return p.Starts.Before(to) && from.Before(p.Ends) }

// Holidays knows the public holidays where a collectivity is.
type Holidays interface {
	// Holidays names the public holiday of a day by its key in the catalogue, "" on other days.
	Holidays(ctx context.Context, caller portal.Caller) (func(day time.Time) string, error)
}

// Absence is when an agent is away, without the reason; both days are of it, "2026-12-07".
type Absence struct{ First, Last string }

// Absences knows who is away.
type Absences interface {
	// Absent lists when some agents of the caller's collectivity are away between two days, as she may
	// see it.
	Absent(ctx context.Context, caller portal.Caller, agents []portal.AgentID, first, last string) (map[portal.AgentID][]Absence, error)
}

// Store keeps teams, periods, swaps, interventions and rates.
type Store struct {
	db       *database.DB
	holidays Holidays
	absences Absences
	now      func() time.Time

	changed func(portal.CollectivityID)
}

// New opens the duties of a pool.
func New(db *database.DB, holidays Holidays, absences Absences) *Store {
	return &Store{db: db, holidays: holidays, absences: absences, now: time.Now, changed: func(portal.CollectivityID) {}}
}

// OnChange adds what is done once who is on call in a collectivity, or what waits for its agents, may be
// another. It is a step of set-up.
func (s *Store) OnChange(do func(portal.CollectivityID)) { s.changed = do }

// tx runs fn in a transaction, and tells once it is kept.
func (s *Store) tx(ctx context.Context, caller portal.Caller, what string, fn func(tx *database.Tx) error) error {
	if err := s.db.Tx(ctx, fn); err != nil {
		return fmt.Errorf("oncall: %s: %w", what, err)
	}
	s.changed(caller.Collectivity)
	return nil
}

// Manages says whether the caller plans the duties of a team.
func (t Team) Manages(caller portal.Caller) bool {
	return caller.Can(portal.ManageDuties) ||
		caller.Agent != "" && slices.ContainsFunc(t.Managers, func(m Member) bool { return m.Agent == caller.Agent })
}

// Includes says whether an agent takes turns in a team.
func (t Team) Includes(agent portal.AgentID) bool { return t.member(agent) != nil }

func (t Team) member(agent portal.AgentID) *Member {
	at := slices.IndexFunc(t.Members, func(m Member) bool { return m.Agent == agent && agent != "" })
	if at < 0 {
		return nil
	}
	return &t.Members[at]
}

// Reads says whether the caller reads the numbers of a team.
func (t Team) Reads(caller portal.Caller) bool {
	return t.Phones == ForEveryone || t.Manages(caller) || t.Includes(caller.Agent)
}

// at is an hour of a day, in minutes after midnight by the clocks of its zone.
func at(day time.Time, minutes int) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, minutes, 0, 0, day.Location())
}

// onTheHour is the beginning of the hour of an instant by its clock, or some hours later.
func onTheHour(t time.Time, later int) time.Time { return at(t, (t.Hour()+later)*60) }

// midnight is the beginning of a day.
func midnight(t time.Time) time.Time { return at(t, 0) }

// addDays moves a moment by whole days: the hour of the clock stays.
func addDays(t time.Time, days int) time.Time { return t.AddDate(0, 0, days) }
