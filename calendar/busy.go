package calendar

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// BusyTime is a time during which an agent is taken, half-open [From, To), in UTC.
type BusyTime struct {
	From, To  time.Time
	Tentative bool // not confirmed
}

const (
	// maxBusyDays bounds how far one looks into the time of colleagues.
	maxBusyDays = 62
	// maxBusyAgents bounds of how many at once.
	maxBusyAgents = 500
)

// Busy tells when agents of the caller's collectivity are taken between two instants at most 62 days
// apart: what is in those of their own calendars that take their time, but for what is transparent or
// cancelled; nothing of what for, so that colleagues may ask of each other. Times are sorted, cut to
// the range, and joined where they touch; a time is tentative where nothing confirmed covers it. Who
// is free all the time, or is no agent of the collectivity, is left out. More than 500 agents, or
// other bounds, are portal.ErrInvalid; calendars that take too long to read ErrTooMuchWork.
func (s *Store) Busy(ctx context.Context, caller portal.Caller, agents []portal.AgentID, from, until time.Time) (map[portal.AgentID][]BusyTime, error) {
	return s.busyBut(ctx, caller, agents, from, until, "")
}

// busyBut is Busy as it would be without an event, by its UID: who moves a meeting is not held by it.
func (s *Store) busyBut(ctx context.Context, caller portal.Caller, agents []portal.AgentID, from, until time.Time, uid string) (map[portal.AgentID][]BusyTime, error) {
	if caller.Agent == "" {
		return nil, fmt.Errorf("calendar: busy times: %w", portal.ErrDenied)
	}
	if !from.Before(until) || until.Sub(from) > maxBusyDays*24*time.Hour || len(agents) > maxBusyAgents {
		return nil, fmt.Errorf("calendar: busy times of %d agents from %v to %v: %w", len(agents), from, until, portal.ErrInvalid)
	}
	found, err := s.takenTimes(ctx, caller, agents, from, until, uid)
	if err != nil {
		return nil, fmt.Errorf("calendar: busy times: %w", err)
	}
	spans, begun := map[portal.AgentID][]BusyTime{}, time.Now()
	for _, one := range found {
		if time.Since(begun) > maxWork {
			return nil, ErrTooMuchWork
		}
		spans[one.agent] = append(spans[one.agent], one.times(from, until)...)
	}
	for agent, all := range spans {
		if spans[agent] = joinBusy(all); len(all) == 0 {
			delete(spans, agent)
		}
	}
	return spans, nil
}

// taken is an object that takes the time of an agent.
type taken struct {
	agent       portal.AgentID
	first, last int64  // UTC milliseconds
	status      string // of one that happens once
	octets      []byte // nil for one that happens once, exactly [first, last)
	zone        *time.Location
}

// takenTimes reads what may take the time of agents, in one query. What happens once is known from the
// index without its octets. CROSS JOIN has SQLite begin at the agents asked for: it would begin at all that the
// collectivity has in those days.
func (s *Store) takenTimes(ctx context.Context, caller portal.Caller, agents []portal.AgentID, from, until time.Time, but string) ([]taken, error) {
	query, args := takenQuery(caller.Collectivity, agents, from, until, but)
	rows, err := s.db.Query(ctx, query, args...)
	return database.Collect(rows, err, func(rows *sql.Rows) (one taken, err error) {
		var zone string
		err = rows.Scan(&one.agent, &zone, &one.first, &one.last, &one.status, &one.octets)
		one.zone = zoneNamed(zone)
		return one, err
	})
}

func takenQuery(collectivity portal.CollectivityID, agents []portal.AgentID, from, until time.Time, but string) (query string, args []any) {
	list, args := database.Among([]any{string(collectivity), database.Millis(from), database.Millis(until), but}, agents)
	return `
		SELECT c.owner, CASE c.zone WHEN '' THEN t.zone ELSE c.zone END, o.first_start, o.last_end, o.status,
		       CASE WHEN o.exact THEN NULL ELSE o.octets END
		FROM calendars c
		CROSS JOIN collectivities t
		CROSS JOIN calendar_objects o
		WHERE c.collectivity = $1 AND c.busy AND c.owner IN ` + list + ` AND t.id = $1 AND o.collectivity = $1 AND o.calendar = c.id
		  AND o.component = 'VEVENT' AND o.last_end > $2 AND o.first_start < $3 AND o.uid <> $4
		  AND NOT (o.transparent OR o.status = 'CANCELLED' AND NOT o.recurring)`, args
}

// times are when an object takes time within a range. What was stored under older limits and can't be
// parsed any more takes none.
func (t taken) times(from, until time.Time) (all []BusyTime) {
	add := func(start, end time.Time, status string) {
		if start, end = latest(start, from).UTC(), earliest(end, until).UTC(); end.After(start) {
			all = append(all, BusyTime{start, end, status == "TENTATIVE"})
		}
	}
	if t.octets == nil {
		add(time.UnixMilli(t.first), time.UnixMilli(t.last), t.status)
		return all
	}
	o, err := parseTiming(t.octets)
	if err != nil {
		return nil
	}
	found, _ := o.Instances(from, until, t.zone) // of more than MaxInstances the first take time
	for _, in := range found {
		if !in.Transparent && in.Status != "CANCELLED" {
			add(in.Start, in.End, in.Status)
		}
	}
	return all
}

// joinBusy sorts times and joins those that touch; what is confirmed covers what is tentative.
func joinBusy(all []BusyTime) []BusyTime {
	sure := union(slices.DeleteFunc(slices.Clone(all), func(one BusyTime) bool { return one.Tentative }))
	maybe := union(slices.DeleteFunc(slices.Clone(all), func(one BusyTime) bool { return !one.Tentative }))
	joined := slices.Clone(sure)
	for _, one := range maybe {
		for _, other := range sure {
			if other.To.After(one.From) && other.From.Before(one.To) {
				if one.From.Before(other.From) {
					joined = append(joined, BusyTime{one.From, other.From, true})
				}
				one.From = latest(one.From, other.To)
			}
		}
		if one.From.Before(one.To) {
			joined = append(joined, one)
		}
	}
	slices.SortFunc(joined, func(a, b BusyTime) int { return a.From.Compare(b.From) })
	return joined
}

// union sorts times of one kind, and joins those that touch.
func union(all []BusyTime) (joined []BusyTime) {
	slices.SortFunc(all, func(a, b BusyTime) int { return cmp.Or(a.From.Compare(b.From), a.To.Compare(b.To)) })
	for _, one := range all {
		if n := len(joined); n > 0 && !one.From.After(joined[n-1].To) {
			joined[n-1].To = latest(joined[n-1].To, one.To)
			continue
		}
		joined = append(joined, one)
	}
	return joined
}
