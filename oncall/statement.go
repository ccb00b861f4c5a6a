package oncall

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Intervention is what an agent on call was called out for.
type Intervention struct {
	ID           string
	Team         TeamID
	Agent        portal.AgentID
	Starts, Ends time.Time // UTC
	What         string
	Moved        bool // false: settled by telephone
	Name         string
	TeamName     string
}

// Bounds of an intervention.
const (
	maxWhat    = 500
	maxCallOut = 48 * time.Hour
)

// Record keeps an intervention of the caller's, or of a member of a team that she plans. Its agent must have
// been on call when it began. portal.FieldErrors name "team", "starts", "ends" and "what".
func (s *Store) Record(ctx context.Context, caller portal.Caller, one Intervention, address string) error {
	one.ID, one.What = portal.NewID(), strings.TrimSpace(one.What)
	return s.tx(ctx, caller, "record an intervention", func(tx *database.Tx) error {
		team, err := s.team(ctx, tx, caller.Collectivity, one.Team)
		if err == nil && (one.Agent == "" || one.Agent != caller.Agent && !team.Manages(caller)) {
			err = portal.ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := s.checkIntervention(ctx, tx, caller.Collectivity, one); err != nil {
			return err
		}
		err = tx.Write(ctx, `
			INSERT INTO duty_interventions (collectivity, id, team, agent, starts, ends, what, moved, made, made_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			string(caller.Collectivity), one.ID, string(one.Team), string(one.Agent), database.Millis(one.Starts), database.Millis(one.Ends), one.What, one.Moved,
			database.Millis(s.now()), string(caller.Agent))
		if err != nil || one.Agent == caller.Agent {
			return err
		}
		return s.tell(ctx, tx, caller, audit.DutyCallOut, team, "+ "+spanText(one.Starts, one.Ends), address)
	})
}

func (s *Store) checkIntervention(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, one Intervention) error {
	var wrong portal.Check
	switch {
	case one.Starts.IsZero():
		wrong.Add("starts", "oncall.error.moment")
	case one.Ends.IsZero():
		wrong.Add("ends", "oncall.error.moment")
	case !one.Ends.After(one.Starts):
		wrong.Add("ends", "oncall.error.end")
	case one.Ends.Sub(one.Starts) > maxCallOut:
		wrong.Add("ends", "oncall.error.call-out.long")
	case one.Ends.After(s.now()):
		wrong.Add("ends", "oncall.error.call-out.future")
	}
	wrong.Text("what", one.What, true, maxWhat)
	if err := wrong.OrNil(); err != nil {
		return err
	}
	onCall, err := s.periods(ctx, tx, collectivity, Query{Team: one.Team, Agent: one.Agent, From: one.Starts, To: one.Starts.Add(time.Millisecond)})
	if err != nil {
		return err
	}
	if len(onCall) == 0 {
		wrong.Add("starts", "oncall.error.call-out.off")
	}
	var twice bool
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM duty_interventions WHERE collectivity = $1 AND agent = $2 AND starts < $3 AND starts > $4 AND ends > $5)`,
		string(collectivity), string(one.Agent), database.Millis(one.Ends), database.Millis(one.Starts.Add(-maxCallOut)), database.Millis(one.Starts)).Scan(&twice)
	if err != nil {
		return err
	}
	if twice {
		wrong.Add("starts", "oncall.error.call-out.twice")
	}
	return wrong.OrNil()
}

// Forget takes an intervention out of the statements: the caller's own, or of a team that she plans.
func (s *Store) Forget(ctx context.Context, caller portal.Caller, id, address string) error {
	return s.tx(ctx, caller, "forget an intervention", func(tx *database.Tx) error {
		var one Intervention
		var starts, ends int64
		err := tx.QueryRow(ctx, `SELECT team, agent, starts, ends FROM duty_interventions WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), id).
			Scan(&one.Team, &one.Agent, &starts, &ends)
		if err != nil {
			return err
		}
		team, err := s.team(ctx, tx, caller.Collectivity, one.Team)
		if err == nil && (caller.Agent == "" || one.Agent != caller.Agent) && !team.Manages(caller) {
			err = portal.ErrNotFound
		}
		if err == nil {
			err = tx.Write(ctx, `DELETE FROM duty_interventions WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), id)
		}
		if err != nil || one.Agent == caller.Agent {
			return err
		}
		return s.tell(ctx, tx, caller, audit.DutyCallOut, team, "− "+spanText(database.FromMillis(starts), database.FromMillis(ends)), address)
	})
}

// interventions lists those that began between two instants, of one agent or of all.
func (s *Store) interventions(ctx context.Context, collectivity portal.CollectivityID, agent portal.AgentID, from, to time.Time) ([]Intervention, error) {
	rows, err := s.db.Query(ctx, `
		SELECT i.id, i.team, t.name, i.agent, i.starts, i.ends, i.what, i.moved, COALESCE(a.given_name, i.agent), COALESCE(a.family_name, '')
		FROM duty_interventions i JOIN duty_teams t ON t.collectivity = $1 AND t.id = i.team
		LEFT JOIN agents a ON a.collectivity = $1 AND a.id = i.agent
		WHERE i.collectivity = $1 AND i.starts >= $2 AND i.starts < $3 AND (i.agent = $4 OR $4 = '') ORDER BY i.starts, i.id`,
		string(collectivity), database.Millis(from), database.Millis(to), string(agent))
	return database.Collect(rows, err, func(rows *sql.Rows) (one Intervention, err error) {
		var starts, ends int64
		var given, family string
		err = rows.Scan(&one.ID, &one.Team, &one.TeamName, &one.Agent, &starts, &ends, &one.What, &one.Moved, &given, &family)
		one.Starts, one.Ends, one.Name = database.FromMillis(starts), database.FromMillis(ends), strings.TrimSpace(given+" "+family)
		return one, err
	})
}

// Interventions are the caller's own that began between two instants.
func (s *Store) Interventions(ctx context.Context, caller portal.Caller, from, to time.Time) ([]Intervention, error) {
	if caller.Agent == "" {
		return nil, nil
	}
	calls, err := s.interventions(ctx, caller.Collectivity, caller.Agent, from, to)
	if err != nil {
		return nil, fmt.Errorf("oncall: list interventions: %w", err)
	}
	return calls, nil
}

// Statement is what a month of duties is worth.
type Statement struct {
	Month  time.Time // its first midnight, in the zone of the collectivity
	Agents []AgentStatement
}

// AgentStatement is the month of one agent.
type AgentStatement struct {
	Agent    portal.AgentID
	Name     string
	Lines    []Line
	Total    int64 // cents
	CallOuts []Intervention
	Moved    time.Duration // of interventions for which she moved
	ByPhone  time.Duration
	Twice    bool // she was on call twice at a time
	Left     bool // her account is closed: what follows her departure is not due
	Doubtful bool // a line is by a rate that nobody compared with its source, or to be looked at
}

// Statement counts a month, by name: of everybody for who manages duties, of the teams that she plans for
// who plans some, and always what is the caller's own.
func (s *Store) Statement(ctx context.Context, caller portal.Caller, month time.Time) (Statement, error) {
	made, err := s.statement(ctx, caller, month)
	if err != nil {
		return Statement{}, fmt.Errorf("oncall: state a month: %w", err)
	}
	return made, nil
}

func (s *Store) statement(ctx context.Context, caller portal.Caller, month time.Time) (made Statement, err error) {
	made.Month = month
	next := month.AddDate(0, 1, 0)
	teams, err := s.teams(ctx, s.db, caller.Collectivity, "")
	if err != nil {
		return made, err
	}
	pay := Pay{Zone: month.Location()}
	if pay.Rates, err = s.Rates(ctx, caller); err != nil {
		return made, err
	}
	if pay.Holiday, err = s.holidays.Holidays(ctx, caller); err != nil {
		return made, err
	}
	periods, err := s.periods(ctx, s.db, caller.Collectivity, Query{From: month.Add(-MaxPeriod), To: next.Add(MaxPeriod)})
	if err != nil {
		return made, err
	}
	called, err := s.interventions(ctx, caller.Collectivity, "", month, next)
	if err != nil {
		return made, err
	}
	for _, team := range teams {
		sees := func(agent portal.AgentID) bool { return team.Manages(caller) || agent == caller.Agent && agent != "" }
		for _, line := range pay.Lines(team, periods) {
			if sees(line.Agent) && line.Starts.Format("2006-01") == month.Format("2006-01") {
				one := made.of(line.Agent, line.Name)
				one.Lines, one.Total = append(one.Lines, line), one.Total+line.Amount
				one.Doubtful = one.Doubtful || line.Note == NoRate || line.Note == PartOfDay || line.Amount > 0 && !line.Rate.Checked
			}
		}
		for _, call := range called {
			if call.Team == team.ID && sees(call.Agent) {
				one := made.of(call.Agent, call.Name)
				one.CallOuts = append(one.CallOuts, call)
				if call.Moved {
					one.Moved += call.Ends.Sub(call.Starts)
				} else {
					one.ByPhone += call.Ends.Sub(call.Starts)
				}
			}
		}
	}
	for i := range made.Agents {
		hers := slices.DeleteFunc(slices.Clone(periods), func(p Period) bool { return p.Agent != made.Agents[i].Agent })
		made.Agents[i].Twice = twice(hers, month, next)
		made.Agents[i].Left = slices.ContainsFunc(hers, func(p Period) bool { return !p.Active })
		slices.SortStableFunc(made.Agents[i].Lines, func(a, b Line) int { return a.Starts.Compare(b.Starts) })
	}
	slices.SortFunc(made.Agents, func(a, b AgentStatement) int { return i18n.ByName(a.Name, b.Name) })
	return made, nil
}

// of is the part of an agent, begun when there is none.
func (s *Statement) of(agent portal.AgentID, name string) *AgentStatement {
	at := slices.IndexFunc(s.Agents, func(a AgentStatement) bool { return a.Agent == agent })
	if at < 0 {
		s.Agents, at = append(s.Agents, AgentStatement{Agent: agent, Name: name}), len(s.Agents)
	}
	return &s.Agents[at]
}

// twice says whether two periods of one agent share a time in a month.
func twice(periods []Period, from, to time.Time) bool {
	for i, p := range periods {
		for _, other := range periods[i+1:] {
			if p.Overlaps(other.Starts, other.Ends) && (p.Overlaps(from, to) || other.Overlaps(from, to)) {
				return true
			}
		}
	}
	return false
}

// NoteExport writes in the journal that a month was taken away as a file.
func (s *Store) NoteExport(ctx context.Context, caller portal.Caller, month time.Time, address string) error {
	line := audit.By(caller, audit.DutyExported)
	line.At, line.Object, line.Address = s.now(), month.Format("2006-01"), address
	return audit.Write(ctx, s.db, line)
}
