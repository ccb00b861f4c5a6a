package directory

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Standing of an agent towards her account, as her administrator sees it.
const (
	StateActive  = "active"  // signs in
	StateNever   = "never"   // has an account and never did
	StateInvited = "invited" // was sent a link
	StateListed  = "listed"  // without account
	StateClosed  = "closed"
)

// What an agent may lack, to narrow the list by beside where she stands.
const (
	StateLate    = "late" // was sent a link that serves no more
	StateNoUnit  = "no-unit"
	StateNoEmail = "no-email"
	StateNoDoor  = "no-door" // nothing lets her sign in, nor invites her
	StateLeaving = "leaving" // her departure is planned
)

// States lists them in the order in which an administrator chooses.
var States = []string{StateActive, StateNever, StateInvited, StateLate, StateListed, StateLeaving, StateClosed, StateNoUnit, StateNoEmail, StateNoDoor}

// RosterQuery says which agents to list. The zero query lists the first page of
// all.
type RosterQuery struct {
	Text  string
	Unit  portal.UnitID // with the units below it, "" for all
	State string        // "" for all; another text that is none of States finds nobody
	Page  int           // from 1; less is 1
}

// Enrolled is one line of the roster.
type Enrolled struct {
	Agent
	State   string
	Login   string    // of her account, "" without
	Entered time.Time // first sign-in here, zero for never
	Invited time.Time // when the last link was made
	Expires time.Time // until when it serves
	Letter  string    // that carries it, "" when it was handed over
	Closed  time.Time // zero while she is active
	Changed time.Time // her card, last; zero for never
	Keyed   bool      // has a password that Parvis keeps
	LastDay time.Time // when her departure is planned, zero for none
	Alone   bool      // who was to come after her is gone by then
}

// Roster is a page of agents in the order of family names.
type Roster struct {
	Agents      []Enrolled
	Total       int
	Page, Pages int
}

const rosterSize = 25

const (
	stateOf = `CASE WHEN NOT a.active THEN 'closed' WHEN i.agent IS NOT NULL THEN 'invited'
		WHEN a.account IS NULL THEN 'listed' WHEN a.entered = 0 THEN 'never' ELSE 'active' END`
	standingFrom = `LEFT JOIN invitations i ON i.collectivity = a.collectivity AND i.agent = a.id
		LEFT JOIN planned_departures d ON d.collectivity = a.collectivity AND d.agent = a.id AND d.done = 0
		WHERE a.collectivity = $1 `
	enrolledFrom    = agentTables + `LEFT JOIN accounts p ON p.id = a.account ` + standingFrom
	enrolledColumns = `SELECT ` + agentColumns + `, ` + stateOf + `, COALESCE(p.login, ''), a.entered,
		COALESCE(i.created, 0), COALESCE(i.expires, 0), COALESCE(i.mail, ''),
		EXISTS (SELECT 1 FROM account_passwords w WHERE w.account = a.account), a.closed, a.changed, COALESCE(d.last_day, ''),
		CASE WHEN d.agent IS NOT NULL THEN ` + nobodyAfter + ` ELSE FALSE END`
	inState = `($2 = '' OR ` + stateOf + ` = $2 OR $2 = 'late' AND a.active AND i.agent IS NOT NULL AND i.expires <= $8 OR $2 = 'leaving' AND d.agent IS NOT NULL
			OR $2 = 'no-unit' AND ` + withoutUnit + ` OR $2 = 'no-email' AND ` + withoutEmail + ` OR $2 = 'no-door' AND ` + withoutDoor + `)`
)

var (
	rosterArea = `AND ` + inState + ` AND a.search_text LIKE $3 || '' AND a.search_text LIKE $4 || '' AND a.search_text LIKE $5 || '' AND a.search_text LIKE $6 || ''
			 AND ` + inArea("$7") + ` AND ` + inArea("$9")
	countRoster = `SELECT COUNT(*) FROM agents a ` + standingFrom + rosterArea
	countArea   = `SELECT COUNT(*) FROM agents a WHERE a.collectivity = $1 AND ` + inArea("$2") + ` AND ` + inArea("$3") // of an index
	// The agents of the page first: what is told of one is not read of those before her.
	listRoster = enrolledColumns + enrolledFrom + `AND a.id IN (
		SELECT a.id FROM agents a ` + standingFrom + rosterArea + ` ORDER BY a.sort_name, a.id LIMIT 0 + $10 OFFSET $11) ORDER BY a.sort_name, a.id`
	exportRoster = enrolledColumns + enrolledFrom + rosterArea + ` AND (a.sort_name, a.id) > ($10, $11) ORDER BY a.sort_name, a.id LIMIT 0 + $12`
)

// args are the parameters of rosterArea at a moment.
func (q RosterQuery) args(caller portal.Caller, now time.Time) []any {
	args := []any{string(caller.Collectivity), q.State}
	patterns, _ := patternsOf(q.Text)
	for _, pattern := range patterns {
		args = append(args, pattern)
	}
	return append(args, q.area(), database.Millis(now), areaOf(caller))
}

func (q RosterQuery) area() string {
	if q.Unit == "" {
		return ""
	}
	return unitsText(q.Unit)
}

// Roster lists the agents of the caller's collectivity for its administrator,
// closed ones too: those of her units, for who manages the agents of some alone.
func (s *Store) Roster(ctx context.Context, caller portal.Caller, query RosterQuery) (Roster, error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return Roster{}, fmt.Errorf("directory: list agents: %w", err)
	}
	var roster Roster
	args := query.args(caller, s.now())
	count, counted := countRoster, args
	if query.Text == "" && query.State == "" {
		count, counted = countArea, []any{string(caller.Collectivity), query.area(), areaOf(caller)}
	}
	if err := s.db.QueryRow(ctx, count, counted...).Scan(&roster.Total); err != nil {
		return Roster{}, fmt.Errorf("directory: count agents: %w", err)
	}
	roster.Pages = (roster.Total + rosterSize - 1) / rosterSize
	roster.Page = max(1, min(query.Page, roster.Pages))
	rows, err := s.db.Query(ctx, listRoster, append(args, rosterSize, (roster.Page-1)*rosterSize)...)
	roster.Agents, err = database.Collect(rows, err, scanEnrolled)
	if err == nil {
		err = s.veilRoster(ctx, caller, roster.Agents)
	}
	if err != nil {
		return Roster{}, fmt.Errorf("directory: list agents: %w", err)
	}
	return roster, nil
}

// RosterAfter returns the next agents of the roster, at most size, after one of
// them: nil begins. Agents who come or go meanwhile make none of the others be
// left out or come twice.
func (s *Store) RosterAfter(ctx context.Context, caller portal.Caller, query RosterQuery, after *Enrolled, size int) ([]Enrolled, error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: list agents: %w", err)
	}
	name, id := "", ""
	if after != nil {
		name, id = after.sortName(), string(after.ID)
	}
	rows, err := s.db.Query(ctx, exportRoster, append(query.args(caller, s.now()), name, id, size)...)
	agents, err := database.Collect(rows, err, scanEnrolled)
	if err == nil {
		err = s.veilRoster(ctx, caller, agents)
	}
	if err != nil {
		return nil, fmt.Errorf("directory: list agents: %w", err)
	}
	return agents, nil
}

// veilRoster leaves out of lists and files what nobody is to see: who keeps the
// cards reads it on the card alone.
func (s *Store) veilRoster(ctx context.Context, caller portal.Caller, agents []Enrolled) error {
	seen, err := s.veil(ctx, caller)
	for i := range agents {
		agents[i].Agent = seen.over(agents[i].Agent)
	}
	return err
}

// Enrolled returns one agent of the caller's collectivity for its administrator,
// a closed one too.
func (s *Store) Enrolled(ctx context.Context, caller portal.Caller, id portal.AgentID) (Enrolled, error) {
	if err := s.governsAgent(ctx, s.db, caller, id); err != nil {
		return Enrolled{}, fmt.Errorf("directory: read agent: %w", err)
	}
	rows, err := s.db.Query(ctx, enrolledColumns+enrolledFrom+`AND a.id = $2`, string(caller.Collectivity), string(id))
	found, err := database.Collect(rows, err, scanEnrolled)
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Enrolled{}, fmt.Errorf("directory: read agent: %w", err)
	}
	return found[0], nil
}

func scanEnrolled(rows *sql.Rows) (one Enrolled, err error) {
	var entered, invited, expires, closed, changed int64
	var last string
	one.Agent, err = scanAgent(func(dest ...any) error {
		return rows.Scan(append(dest, &one.State, &one.Login, &entered, &invited, &expires, &one.Letter, &one.Keyed, &closed, &changed, &last, &one.Alone)...)
	})
	one.Entered, one.Invited, one.Expires = database.FromMillis(entered), database.FromMillis(invited), database.FromMillis(expires)
	one.Closed, one.Changed, one.LastDay = database.FromMillis(closed), database.FromMillis(changed), dayOf(last)
	return one, err
}
