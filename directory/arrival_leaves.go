package directory

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// leavesField is the departure of a line, among its moves: last days, "2026-12-31".
const leavesField = "leaves"

// readDay reads a day as lists write it, "31/12/2026", "2026-12-31 00:00:00", and gives it
// as "2026-12-31"; "" for what is none.
func readDay(text string) string {
	text, _, _ = strings.Cut(strings.ReplaceAll(text, "T", " "), " ")
	for _, layout := range []string{time.DateOnly, "2/1/2006", "2-1-2006", "2.1.2006", "2/1/06"} {
		if day, err := time.Parse(layout, text); err == nil {
			return day.Format(time.DateOnly)
		}
	}
	return ""
}

// move is what a line does to a field, nil for nothing.
func (l ArrivalLine) move(field string) *Move {
	if at := slices.IndexFunc(l.Moves, func(m Move) bool { return m.Field == field }); at >= 0 {
		return &l.Moves[at]
	}
	return nil
}

// leaving judges the days of departures: the first and the last that can be planned.
type leaving struct{ first, last string }

// leaving reads the departures that are planned, and says which days are to come.
func (s *Store) leaving(ctx context.Context, caller portal.Caller, byID map[portal.AgentID]*known) (leaving, error) {
	found, err := s.db.Query(ctx, `SELECT agent, last_day FROM planned_departures WHERE collectivity = $1 AND done = 0`, string(caller.Collectivity))
	_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
		var agent portal.AgentID
		var day string
		err = rows.Scan(&agent, &day)
		if one := byID[agent]; one != nil {
			one.leaves = day
		}
		return none, err
	})
	if err != nil {
		return leaving{}, err
	}
	zone, err := zoneOf(ctx, s.db, caller.Collectivity)
	now := s.now().In(zone)
	return leaving{now.Format(time.DateOnly), now.Add(furthest).Format(time.DateOnly)}, err
}

// judge fills in the departure of a line. An empty cell changes nothing.
func (l leaving) judge(c comer, before known, line *ArrivalLine) {
	switch {
	case c.leaves == "" || c.leaves == before.leaves:
	case c.leaves < l.first:
		line.fault(told{Field: leavesField, Key: "directory.error.departure.past"})
	case c.leaves > l.last:
		line.fault(told{Field: leavesField, Key: "directory.error.departure.far"})
	default:
		line.Moves = append(line.Moves, Move{leavesField, before.leaves, c.leaves})
	}
}

// errNarrowedDeparture refuses a departure to who governs the agents of some units.
var errNarrowedDeparture = portal.UserError{Kind: portal.ErrDenied, Field: leavesField, Key: "directory.error.departure.narrowed"}

// mayLeave says why the departure of a line can't be planned any more, "" for nothing:
// another one was planned since, or its day is over.
func (w *writing) mayLeave(line ArrivalLine) (refusal string, err error) {
	move := line.move(leavesField)
	if move == nil {
		return "", nil
	}
	was, err := departureOf(w.ctx, w.tx, w.a.id, line.Agent)
	if err != nil {
		return "", err
	}
	if was.LastDay != move.Before {
		return leftMeanwhile, nil
	}
	due, err := endOfDay(w.ctx, w.tx, w.a.id, move.After)
	if err != nil || due.After(w.store.now()) {
		return "", err
	}
	return "directory.error.departure.past", nil
}

// leave plans the departure of a line, with the successor that one before it named.
func (w *writing) leave(line ArrivalLine, name string) error {
	move := line.move(leavesField)
	if move == nil {
		return nil
	}
	return w.setLastDay(line.Agent, name, move.After, audit.DeparturePlanned)
}

// setLastDay plans a departure, "" for none, and tells the journal.
func (w *writing) setLastDay(agent portal.AgentID, name, day string, action audit.Action) error {
	w.departs = true
	if day == "" {
		if err := w.forgetDeparture(agent); err != nil {
			return err
		}
		return w.store.tellDeparture(w.ctx, w.tx, w.caller, action, agent, name, "", w.a.address)
	}
	plan, err := departureOf(w.ctx, w.tx, w.a.id, agent)
	if err != nil {
		return err
	}
	plan.LastDay = day
	due, err := endOfDay(w.ctx, w.tx, w.a.id, day)
	if err != nil {
		return err
	}
	if err := w.store.putDeparture(w.ctx, w.tx, w.caller, agent, plan, due); err != nil {
		return err
	}
	return w.store.tellDeparture(w.ctx, w.tx, w.caller, action, agent, name, day, w.a.address)
}

// forgetDeparture drops what was planned for an agent.
func (w *writing) forgetDeparture(agent portal.AgentID) error {
	w.departs = true
	return w.tx.Write(w.ctx, `DELETE FROM planned_departures WHERE collectivity = $1 AND agent = $2 AND done = 0`, string(w.a.id), string(agent))
}

// unleave takes the departure of a line back, unless somebody changed it since.
func (w *writing) unleave(line ArrivalLine, name string) (kept bool, err error) {
	move := line.move(leavesField)
	if move == nil {
		return false, nil
	}
	now, err := departureOf(w.ctx, w.tx, w.a.id, line.Agent)
	if err != nil || now.LastDay != move.After || !w.caller.Can(portal.ManageAgents) {
		return true, err
	}
	if move.Before == "" {
		return false, w.setLastDay(line.Agent, name, "", audit.DepartureCalledOff)
	}
	due, err := endOfDay(w.ctx, w.tx, w.a.id, move.Before)
	if err != nil || !due.After(w.store.now()) { // that day is over: nobody is closed by an undoing
		return true, err
	}
	return false, w.setLastDay(line.Agent, name, move.Before, audit.DeparturePlanned)
}
