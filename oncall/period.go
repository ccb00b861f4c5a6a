package oncall

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Query says which periods to read: those that share an instant with [From, To).
type Query struct {
	Team     TeamID         // "" for all
	Agent    portal.AgentID // "" for everybody
	From, To time.Time
}

// Periods lists periods of the caller's collectivity, by start, level and name. Numbers that she may not
// read are not in them.
func (s *Store) Periods(ctx context.Context, caller portal.Caller, query Query) ([]Period, error) {
	periods, err := s.periods(ctx, s.db, caller.Collectivity, query)
	if err != nil {
		return nil, fmt.Errorf("oncall: list periods: %w", err)
	}
	teams, err := s.teams(ctx, s.db, caller.Collectivity, query.Team)
	if err != nil {
		return nil, fmt.Errorf("oncall: list periods: %w", err)
	}
	for i := range periods {
		if !periods[i].Active || !slices.ContainsFunc(teams, func(t Team) bool { return t.ID == periods[i].Team && t.Reads(caller) }) {
			periods[i].Phone = ""
		}
	}
	return periods, nil
}

const periodColumns = `
	SELECT p.id, p.team, p.level, p.agent, p.starts, p.ends, p.told, p.origin, p.root, p.modified,
		COALESCE(a.given_name, p.agent), COALESCE(a.family_name, ''), COALESCE(a.active, FALSE), COALESCE(m.phone, '')
	FROM duty_periods p LEFT JOIN agents a ON a.collectivity = $1 AND a.id = p.agent
	LEFT JOIN duty_members m ON m.collectivity = $1 AND m.team = p.team AND m.agent = p.agent
	WHERE p.collectivity = $1`

// periods reads no further back than a period is long.
func (s *Store) periods(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, query Query) ([]Period, error) {
	rows, err := from.Query(ctx, periodColumns+`
		AND p.starts < $2 AND p.starts > $3 AND p.ends > $4 AND (p.team = $5 OR $5 = '') AND (p.agent = $6 OR $6 = '')
		ORDER BY p.starts, p.level, a.sort_name, p.id`,
		string(collectivity), database.Millis(query.To), database.Millis(query.From.Add(-MaxPeriod)), database.Millis(query.From), string(query.Team), string(query.Agent))
	return database.Collect(rows, err, scanPeriod)
}

func scanPeriod(rows *sql.Rows) (Period, error) {
	var p Period
	var given, family string
	var starts, ends, told, modified int64
	err := rows.Scan(&p.ID, &p.Team, &p.Level, &p.Agent, &starts, &ends, &told, &p.Origin, &p.Root, &modified, &given, &family, &p.Active, &p.Phone)
	p.Starts, p.Ends, p.Told, p.Modified = database.FromMillis(starts), database.FromMillis(ends), database.FromMillis(told), database.FromMillis(modified)
	p.Name = strings.TrimSpace(given + " " + family)
	return p, err
}

// Period is one of the caller's collectivity; portal.ErrNotFound.
func (s *Store) Period(ctx context.Context, caller portal.Caller, id PeriodID) (Period, error) {
	period, err := s.period(ctx, s.db, caller.Collectivity, id)
	if err == nil {
		var team Team
		if team, err = s.team(ctx, s.db, caller.Collectivity, period.Team); err == nil && !(period.Active && team.Reads(caller)) {
			period.Phone = ""
		}
	}
	if err != nil {
		return Period{}, fmt.Errorf("oncall: read period %.40q: %w", id, err)
	}
	return period, nil
}

func (s *Store) period(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, id PeriodID) (Period, error) {
	rows, err := from.Query(ctx, periodColumns+` AND p.id = $2`, string(collectivity), string(id))
	found, err := database.Collect(rows, err, scanPeriod)
	if err == nil && len(found) == 0 {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Period{}, err
	}
	return found[0], nil
}

// turn waits until everybody who decided about a team before has done so: periods of one level of it
// never overlap. A team that is closed is refused.
func (s *Store) turn(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, team TeamID) error {
	var active bool
	err := tx.QueryRow(ctx, `UPDATE duty_teams SET turn = turn + 1 WHERE collectivity = $1 AND id = $2 RETURNING active`,
		string(collectivity), string(team)).Scan(&active)
	if err == nil && !active {
		err = portal.UserError{Kind: portal.ErrConflict, Key: "oncall.error.closed"}
	}
	return err
}

// taken are the periods of a level of a team that overlap one, but for that one itself.
func (s *Store) taken(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, p Period) ([]Period, error) {
	rows, err := tx.Query(ctx, periodColumns+`
		AND p.team = $2 AND p.level = $3 AND p.id <> $4 AND p.starts < $5 AND p.starts > $6 AND p.ends > $7 ORDER BY p.starts`,
		string(collectivity), string(p.Team), p.Level, string(p.ID), database.Millis(p.Ends), database.Millis(p.Starts.Add(-MaxPeriod)), database.Millis(p.Starts))
	return database.Collect(rows, err, scanPeriod)
}

// overlapping is the refusal of a period, by the one that is there.
func overlapping(there Period) error {
	return portal.FieldErrors{portal.Invalid("starts", "oncall.error.overlap", "name", there.Name)}
}

// insert writes a period, in the turn of its team.
func (s *Store) insert(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, p Period) error {
	there, err := s.taken(ctx, tx, collectivity, p)
	if err != nil {
		return err
	}
	if len(there) > 0 {
		return overlapping(there[0])
	}
	p.Root = cmp.Or(p.Root, p.ID)
	return tx.Write(ctx, `
		INSERT INTO duty_periods (collectivity, id, team, level, agent, starts, ends, told, origin, root, modified)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		string(collectivity), string(p.ID), string(p.Team), p.Level, string(p.Agent), database.Millis(p.Starts), database.Millis(p.Ends),
		database.Millis(p.Told), string(p.Origin), string(p.Root), s.after(p.Modified))
}

// checkPeriod refuses what a period can't be: portal.FieldErrors of "agent", "level", "starts", "ends" and
// "told".
func (s *Store) checkPeriod(team Team, p Period) error {
	var wrong portal.Check
	if member := team.member(p.Agent); member == nil || !member.Active {
		wrong.Add("agent", "oncall.error.member")
	}
	if p.Level < 1 || p.Level > MaxLevel {
		wrong.Add("level", "oncall.error.level", "max", MaxLevel)
	}
	switch {
	case p.Starts.IsZero():
		wrong.Add("starts", "oncall.error.moment")
	case p.Ends.IsZero():
		wrong.Add("ends", "oncall.error.moment")
	case !p.Ends.After(p.Starts):
		wrong.Add("ends", "oncall.error.end")
	case p.Ends.Sub(p.Starts) > MaxPeriod:
		wrong.Add("ends", "oncall.error.long")
	case p.Starts.Year() < 2000 || p.Ends.Year() > 2100:
		wrong.Add("starts", "oncall.error.moment")
	}
	if p.Told.After(s.now()) {
		wrong.Add("told", "oncall.error.told")
	}
	return wrong.OrNil()
}

// Assign puts a member on call, for who plans the team, and tells her: now, unless it says when she was told
// otherwise. It may be in the past: statements are made from it.
func (s *Store) Assign(ctx context.Context, caller portal.Caller, p Period, address string) (PeriodID, error) {
	p.ID, p.Origin, p.Root = PeriodID(portal.NewID()), ByHand, ""
	if p.Told.IsZero() {
		p.Told = s.now()
	}
	err := s.tx(ctx, caller, "assign", func(tx *database.Tx) error {
		team, err := s.plan(ctx, tx, caller, p)
		if err != nil {
			return err
		}
		if err := s.insert(ctx, tx, caller.Collectivity, p); err != nil {
			return err
		}
		if err := s.noteFor(ctx, tx, caller, assigned, p, 1); err != nil {
			return err
		}
		return s.tellPeriod(ctx, tx, caller, audit.DutyAssigned, team, p, address)
	})
	return p.ID, err
}

// plan takes the turn of a team that the caller plans, once a period of it is sound.
func (s *Store) plan(ctx context.Context, tx *database.Tx, caller portal.Caller, p Period) (Team, error) {
	team, err := s.managed(ctx, tx, caller, p.Team)
	if err != nil {
		return Team{}, err
	}
	if err := s.turn(ctx, tx, caller.Collectivity, p.Team); err != nil {
		return Team{}, err
	}
	return team, s.checkPeriod(team, p)
}

// PeriodChanged refuses what was typed over a period that somebody changed since it was shown. It is of
// kind portal.ErrConflict.
type PeriodChanged struct{ Now Period }

// Error is for logs.
func (c PeriodChanged) Error() string {
	return fmt.Sprintf("%v: period %q changed", portal.ErrConflict, c.Now.ID)
}

// Unwrap gives the kind.
func (c PeriodChanged) Unwrap() error { return portal.ErrConflict }

// Change writes a period over the one of its id, for who plans the team; it must be as it was when it had
// this Modified, PeriodChanged otherwise. Who is concerned is told, and what of it was
// offered is void. A zero Told is now, or as it was for the same hours of the same agent.
func (s *Store) Change(ctx context.Context, caller portal.Caller, p Period, address string) error {
	return s.tx(ctx, caller, "change a period", func(tx *database.Tx) error {
		was, err := s.period(ctx, tx, caller.Collectivity, p.ID)
		if err != nil {
			return err
		}
		p.Team, p.Root, p.Origin = was.Team, was.Root, was.Origin
		same := was.Agent == p.Agent && was.Starts.Equal(p.Starts) && was.Ends.Equal(p.Ends)
		switch {
		case !p.Told.IsZero():
		case same:
			p.Told = was.Told
		default:
			p.Told = s.now() // told anew
		}
		if !same {
			p.Root, p.Origin = p.ID, ByHand // a period of its own
		}
		team, err := s.plan(ctx, tx, caller, p)
		if err != nil {
			return err
		}
		if !was.Modified.Equal(p.Modified) {
			return PeriodChanged{was}
		}
		there, err := s.taken(ctx, tx, caller.Collectivity, p)
		if err != nil {
			return err
		}
		if len(there) > 0 {
			return overlapping(there[0])
		}
		err = tx.Write(ctx, `
			UPDATE duty_periods SET agent = $3, level = $4, starts = $5, ends = $6, told = $7, root = $8, origin = $9, modified = $10
			WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), string(p.ID), string(p.Agent), p.Level, database.Millis(p.Starts), database.Millis(p.Ends),
			database.Millis(p.Told), string(p.Root), string(p.Origin), s.after(was.Modified))
		if err == nil && !same {
			err = s.void(ctx, tx, caller, was)
		}
		if err == nil {
			err = s.noteChange(ctx, tx, caller, was, p)
		}
		if err != nil {
			return err
		}
		return s.tellPeriod(ctx, tx, caller, audit.DutyChanged, team, p, address)
	})
}

// noteChange tells who is concerned by a change.
func (s *Store) noteChange(ctx context.Context, tx *database.Tx, caller portal.Caller, was, is Period) error {
	if was.Agent != is.Agent {
		if err := s.noteFor(ctx, tx, caller, removed, was, 1); err != nil {
			return err
		}
		return s.noteFor(ctx, tx, caller, assigned, is, 1)
	}
	if was.Starts.Equal(is.Starts) && was.Ends.Equal(is.Ends) {
		return nil
	}
	return s.noteFor(ctx, tx, caller, moved, is, 1)
}

// Remove takes a period away, for who plans the team, and tells who had it.
func (s *Store) Remove(ctx context.Context, caller portal.Caller, id PeriodID, address string) (Period, error) {
	var was Period
	err := s.tx(ctx, caller, "remove a period", func(tx *database.Tx) (err error) {
		if was, err = s.period(ctx, tx, caller.Collectivity, id); err != nil {
			return err
		}
		team, err := s.managed(ctx, tx, caller, was.Team)
		if err == nil {
			err = s.turn(ctx, tx, caller.Collectivity, was.Team)
		}
		if err == nil {
			err = tx.Write(ctx, `DELETE FROM duty_periods WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(id))
		}
		if err == nil {
			err = s.void(ctx, tx, caller, was)
		}
		if err == nil {
			err = s.noteFor(ctx, tx, caller, removed, was, 1)
		}
		if err != nil {
			return err
		}
		return s.tellPeriod(ctx, tx, caller, audit.DutyRemoved, team, was, address)
	})
	return was, err
}

// PutRota keeps the turns of a rota, for who plans the team: all of them, or none when one overlaps what
// is there meanwhile. Turns of nobody, and those that somebody has already, are left out. Each member is told once.
func (s *Store) PutRota(ctx context.Context, caller portal.Caller, id TeamID, turns []Turn, address string) (kept int, err error) {
	err = s.tx(ctx, caller, "keep a rota", func(tx *database.Tx) error {
		kept = 0
		team, err := s.managed(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		if err := s.turn(ctx, tx, caller.Collectivity, id); err != nil {
			return err
		}
		told := map[portal.AgentID]*Period{}
		many := map[portal.AgentID]int{}
		var first, last time.Time
		for _, turn := range turns {
			if turn.Agent == "" || turn.Taken {
				continue
			}
			p := Period{
				ID: PeriodID(portal.NewID()), Team: id, Level: turn.Level, Agent: turn.Agent, Starts: turn.Starts.UTC(), Ends: turn.Ends.UTC(),
				Told: turn.Told, Origin: FromRota,
			}
			if p.Told.IsZero() {
				p.Told = s.now()
			}
			if err := s.checkPeriod(team, p); err != nil {
				return err
			}
			if err := s.insert(ctx, tx, caller.Collectivity, p); err != nil {
				return err
			}
			if kept++; told[p.Agent] == nil {
				told[p.Agent] = &p
			}
			told[p.Agent].Ends, many[p.Agent] = p.Ends, many[p.Agent]+1
			if first.IsZero() {
				first = p.Starts
			}
			last = p.Ends
		}
		if kept == 0 {
			return portal.FieldErrors{portal.Invalid("weeks", "oncall.error.nobody")}
		}
		for _, agent := range slices.Sorted(keys(told)) {
			if err := s.noteFor(ctx, tx, caller, assigned, *told[agent], many[agent]); err != nil {
				return err
			}
		}
		return s.tell(ctx, tx, caller, audit.DutyRota, team, fmt.Sprintf("%d · %s", kept, spanText(first, last)), address)
	})
	return kept, err
}

// keys are those of a map.
func keys[K comparable, V any](m map[K]V) func(yield func(K) bool) {
	return func(yield func(K) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// tellPeriod writes a line of the journal about a period.
func (s *Store) tellPeriod(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, team Team, p Period, address string) error {
	name := p.Name
	if member := team.member(p.Agent); member != nil {
		name = member.Name
	}
	return s.tell(ctx, tx, caller, action, team, name+" · "+spanText(p.Starts, p.Ends), address)
}

// spanText is a time as the journal holds it, whatever the language of who reads.
func spanText(from, to time.Time) string {
	const moment = "2006-01-02 15:04Z"
	return from.UTC().Format(moment) + " – " + to.UTC().Format(moment)
}

// OnCall is who is called now at a level of a team.
type OnCall struct {
	Team         TeamID
	TeamName     string
	Kind         Kind
	Level        int
	Agent        portal.AgentID
	Name         string
	Phone        string // "" for none, and for who may not read it
	Public       bool   // everyone of the collectivity reads the number
	Starts, Ends time.Time
}

// Now lists who is on call at an instant in the caller's collectivity, by team and level. It is one query,
// whose cost grows with what began in the last month there and nowhere else: the joins say CROSS so that SQLite
// begins with those periods, where it took teams first once most collectivities had but one. Numbers that not everyone
// reads are only told to who Manages or is in the team.
func (s *Store) Now(ctx context.Context, caller portal.Caller, instant time.Time) ([]OnCall, error) {
	now := database.Millis(instant)
	rows, err := s.db.Query(ctx, `
		SELECT t.id, t.name, t.kind, t.phones, p.level, p.agent, a.given_name, a.family_name, COALESCE(m.phone, ''), p.starts, p.ends,
			EXISTS (SELECT 1 FROM duty_members w WHERE w.collectivity = $1 AND w.team = p.team AND w.agent = $4)
			OR EXISTS (SELECT 1 FROM duty_managers g WHERE g.collectivity = $1 AND g.team = p.team AND g.agent = $4)
		FROM duty_periods p CROSS JOIN duty_teams t CROSS JOIN agents a
		LEFT JOIN duty_members m ON m.collectivity = $1 AND m.team = p.team AND m.agent = p.agent
		WHERE t.collectivity = $1 AND t.id = p.team AND t.active AND a.collectivity = $1 AND a.id = p.agent AND a.active
			AND p.collectivity = $1 AND p.starts <= $2 AND p.starts > $3 AND p.ends > $2
		ORDER BY t.name, t.id, p.level`,
		string(caller.Collectivity), now, now-MaxPeriod.Milliseconds(), string(caller.Agent))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one OnCall, err error) {
		var phones, given, family string
		var starts, ends int64
		var inside bool
		err = rows.Scan(&one.Team, &one.TeamName, &one.Kind, &phones, &one.Level, &one.Agent, &given, &family, &one.Phone, &starts, &ends, &inside)
		one.Starts, one.Ends = database.FromMillis(starts), database.FromMillis(ends)
		one.Name, one.Public = strings.TrimSpace(given+" "+family), phones == ForEveryone
		if !one.Public && !inside && !caller.Can(portal.ManageDuties) {
			one.Phone = ""
		}
		return one, err
	})
	if err != nil {
		return nil, fmt.Errorf("oncall: who is on call: %w", err)
	}
	return all, nil
}

// any says whether a collectivity has a team.
func (s *Store) any(ctx context.Context, collectivity portal.CollectivityID) (found bool, err error) {
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM duty_teams WHERE collectivity = $1 AND active)`, string(collectivity)).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("oncall: look for teams: %w", err)
	}
	return found, nil
}
