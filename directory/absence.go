package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

// Absence is days when an agent is not there, without the reason.
type Absence struct {
	First, Last string // "2026-12-07", both included, of the collectivity's calendar
}

// On says whether it holds on a day.
func (a Absence) On(day string) bool { return a.First <= day && day <= a.Last }

// LastDay is its end, for a page; the zero time for none.
func (a Absence) LastDay() time.Time {
	day, err := time.Parse(time.DateOnly, a.Last)
	if err != nil {
		return time.Time{}
	}
	return day.Add(12 * time.Hour) // in UTC, as pages write it
}

// Absences tells when some agents of a collectivity are away, as far as it touches the
// days from first to last. A feature that knows of leave offers one; what agents say of
// themselves is another.
type Absences func(ctx context.Context, collectivity portal.CollectivityID, agents []portal.AgentID, first, last string) (map[portal.AgentID][]Absence, error)

// AbsencesFrom adds a source of absences. It is a step of set-up, before any other
// method is called.
func (s *Store) AbsencesFrom(source Absences) { s.absences = append(s.absences, source) }

// Away tells who of some agents of the caller's collectivity is away on a day, as
// she may see it. Who is away by several sources is so until the last of the days.
func (s *Store) Away(ctx context.Context, caller portal.Caller, agents []Agent, day string) (map[portal.AgentID]Absence, error) {
	shown, err := s.PresenceSeen(ctx, caller, agents)
	if err != nil {
		return nil, err
	}
	var ids []portal.AgentID
	for _, agent := range agents {
		if shown[agent.ID] {
			ids = append(ids, agent.ID)
		}
	}
	return s.AwayAmong(ctx, caller, ids, day)
}

// AwayAmong is Away for agents of whom the caller was found to know whether they are there.
func (s *Store) AwayAmong(ctx context.Context, caller portal.Caller, ids []portal.AgentID, day string) (map[portal.AgentID]Absence, error) {
	found, err := s.AwayDuring(ctx, caller, ids, day, day)
	away := make(map[portal.AgentID]Absence, len(found))
	for id, all := range found {
		for _, absence := range all {
			if absence.On(day) && absence.Last > away[id].Last {
				away[id] = absence
			}
		}
	}
	return away, err
}

// AwayDuring lists the absences of such agents that touch the days from first to last, by all sources.
func (s *Store) AwayDuring(ctx context.Context, caller portal.Caller, ids []portal.AgentID, first, last string) (map[portal.AgentID][]Absence, error) {
	away := map[portal.AgentID][]Absence{}
	if len(ids) == 0 {
		return away, nil
	}
	for _, source := range append([]Absences{s.stated}, s.absences...) {
		found, err := source(ctx, caller.Collectivity, ids, first, last)
		if err != nil {
			return nil, fmt.Errorf("directory: who is away: %w", err)
		}
		for _, id := range ids {
			if len(found[id]) > 0 {
				away[id] = append(away[id], found[id]...)
			}
		}
	}
	return away, nil
}

// AwayBetween is AwayDuring for any agents of the caller's collectivity, as she may see them.
func (s *Store) AwayBetween(ctx context.Context, caller portal.Caller, agents []portal.AgentID, first, last string) (map[portal.AgentID][]Absence, error) {
	known, err := s.agentsOf(ctx, caller, agents)
	if err != nil {
		return nil, fmt.Errorf("directory: who is away: %w", err)
	}
	shown, err := s.PresenceSeen(ctx, caller, known)
	if err != nil {
		return nil, err
	}
	var ids []portal.AgentID
	for _, agent := range known {
		if shown[agent.ID] {
			ids = append(ids, agent.ID)
		}
	}
	return s.AwayDuring(ctx, caller, ids, first, last)
}

// stated are the absences that agents state themselves.
func (s *Store) stated(ctx context.Context, collectivity portal.CollectivityID, agents []portal.AgentID, first, last string) (map[portal.AgentID][]Absence, error) {
	list, args := database.Among([]any{string(collectivity), first, last}, agents)
	rows, err := s.db.Query(ctx, `
		SELECT agent, first_day, last_day FROM stated_absences
		WHERE collectivity = $1 AND last_day >= $2 AND first_day <= $3 AND agent IN `+list, args...)
	away := map[portal.AgentID][]Absence{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var agent portal.AgentID
		var absence Absence
		err = rows.Scan(&agent, &absence.First, &absence.Last)
		away[agent] = append(away[agent], absence)
		return none, err
	})
	return away, err
}

// OwnAbsence is what the caller says of herself, the zero Absence for nothing.
func (s *Store) OwnAbsence(ctx context.Context, caller portal.Caller) (Absence, error) {
	var absence Absence
	err := s.db.QueryRow(ctx, `SELECT first_day, last_day FROM stated_absences WHERE collectivity = $1 AND agent = $2`,
		string(caller.Collectivity), string(caller.Agent)).Scan(&absence.First, &absence.Last)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return Absence{}, fmt.Errorf("directory: read absence: %w", err)
	}
	return absence, nil
}

// longestAbsence bounds what an agent says of herself: longer is for her
// administrator to write on her card.
const longestAbsence = 366 * 24 * time.Hour

// StateAbsence writes when the caller is away; the zero Absence ends it. today is a
// day of the collectivity's calendar.
func (s *Store) StateAbsence(ctx context.Context, caller portal.Caller, absence Absence, today, address string) error {
	err := absence.check(today)
	if err == nil {
		err = s.mayCorrect(ctx, caller, FieldPresence)
	}
	if err != nil {
		return fmt.Errorf("directory: state absence: %w", err)
	}
	err = s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) ([]string, error) {
		name, err := nameOf(ctx, tx, caller.Collectivity, caller.Agent)
		if err != nil {
			return nil, err
		}
		if absence == (Absence{}) {
			err = tx.Write(ctx, `DELETE FROM stated_absences WHERE collectivity = $1 AND agent = $2`, string(caller.Collectivity), string(caller.Agent))
		} else {
			err = tx.Write(ctx, `
				INSERT INTO stated_absences (collectivity, agent, first_day, last_day) VALUES ($1, $2, $3, $4)
				ON CONFLICT (collectivity, agent) DO UPDATE SET first_day = excluded.first_day, last_day = excluded.last_day`,
				string(caller.Collectivity), string(caller.Agent), absence.First, absence.Last)
		}
		if err != nil {
			return nil, err
		}
		line := audit.By(caller, audit.AgentChanged)
		line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.now(), name, string(caller.Agent), string(FieldPresence), address
		return nil, audit.Write(ctx, tx, line)
	})
	if err != nil {
		return fmt.Errorf("directory: state absence: %w", err)
	}
	return nil
}

// check refuses days that are none, that are over, and a year of them.
func (a Absence) check(today string) error {
	if a == (Absence{}) {
		return nil
	}
	var wrong portal.Check
	first, firstErr := time.Parse(time.DateOnly, a.First)
	last, lastErr := time.Parse(time.DateOnly, a.Last)
	if firstErr != nil {
		wrong.Add("first_day", "directory.error.day")
	}
	switch {
	case lastErr != nil:
		wrong.Add("last_day", "directory.error.day")
	case a.Last < today:
		wrong.Add("last_day", "directory.error.absence.over")
	case firstErr == nil && last.Before(first):
		wrong.Add("last_day", "directory.error.absence.order")
	case firstErr == nil && last.Sub(first) > longestAbsence:
		wrong.Add("last_day", "directory.error.absence.long")
	}
	return wrong.OrNil()
}
