package calendar

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// load is how much of a day somebody is taken, in quarters of an hour.
type load uint8

// Duration is the same as a time.
func (l load) Duration() time.Duration { return time.Duration(l) * quarter }

const (
	quarter      = 15 * time.Minute
	quartersADay = 96
)

// loads keeps how much of each day some agents are taken, as long as none of their calendars changes: a month of
// 500 people is read anew at each page otherwise.
type loads struct {
	mu   sync.Mutex
	kept map[loadKey]keptLoad
}

type loadKey struct {
	collectivity portal.CollectivityID
	agent        portal.AgentID
	from, until  int64
	zone         string
}

type keptLoad struct {
	version uint64 // of the calendars that it was read from
	days    []load
}

// maxLoads is how many agents and months are kept, some 100 bytes each; beyond, all are forgotten.
const maxLoads = 20_000

func (l *loads) of(key loadKey, version uint64) ([]load, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept, ok := l.kept[key]
	return kept.days, ok && kept.version == version
}

func (l *loads) keep(key loadKey, version uint64, days []load) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.kept == nil || len(l.kept) >= maxLoads {
		l.kept = map[loadKey]keptLoad{}
	}
	l.kept[key] = keptLoad{version, days}
}

// readAtOnce is of how many agents the times are read at once.
const readAtOnce = 50

// loadsOf tells how much of each day from a midnight until another agents are taken, one load a day; who is free
// all the time is left out. Who may ask is who may ask when colleagues are busy.
func (s *Store) loadsOf(ctx context.Context, caller portal.Caller, agents []portal.AgentID, from, until time.Time) (map[portal.AgentID][]load, error) {
	if caller.Agent == "" {
		return nil, fmt.Errorf("calendar: loads: %w", portal.ErrDenied)
	}
	versions, err := s.versionsOf(ctx, caller.Collectivity, agents)
	if err != nil {
		return nil, fmt.Errorf("calendar: loads: %w", err)
	}
	key := func(agent portal.AgentID) loadKey {
		return loadKey{caller.Collectivity, agent, from.Unix(), until.Unix(), from.Location().String()}
	}
	found, unread := map[portal.AgentID][]load{}, []portal.AgentID{}
	for agent, version := range versions {
		days, known := s.loads.of(key(agent), version)
		if !known {
			unread = append(unread, agent)
		} else if days != nil {
			found[agent] = days
		}
	}
	for some := range slices.Chunk(unread, readAtOnce) {
		busy, err := s.Busy(ctx, caller, some, from, until)
		if err != nil {
			return nil, err
		}
		for _, agent := range some {
			days := loadOf(busy[agent], from, until)
			s.loads.keep(key(agent), versions[agent], days)
			if days != nil {
				found[agent] = days
			}
		}
	}
	return found, nil
}

// versionsOf is a number for each agent who has a calendar, another one once any of them changed.
func (s *Store) versionsOf(ctx context.Context, collectivity portal.CollectivityID, agents []portal.AgentID) (map[portal.AgentID]uint64, error) {
	list, args := database.Among([]any{string(collectivity)}, agents)
	rows, err := s.db.Query(ctx, `
		SELECT c.owner, c.id, c.epoch, c.sequence, c.busy, CASE c.zone WHEN '' THEN t.zone ELSE c.zone END
		FROM calendars c JOIN collectivities t ON t.id = c.collectivity
		WHERE c.collectivity = $1 AND c.owner IN `+list+` ORDER BY c.owner, c.id`, args...)
	versions := map[portal.AgentID]uint64{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var owner portal.AgentID
		var id, epoch, zone string
		var sequence int64
		var busy bool
		err = rows.Scan(&owner, &id, &epoch, &sequence, &busy, &zone)
		hash := fnv.New64a()
		for _, part := range []string{strconv.FormatUint(versions[owner], 36), id, epoch, strconv.FormatInt(sequence, 36), strconv.FormatBool(busy), zone} {
			_, _ = hash.Write([]byte(part + "\x00")) // a hash takes everything
		}
		versions[owner] = hash.Sum64()
		return none, err
	})
	return versions, err
}

// loadOf adds up times that don't overlap by the days between two midnights, each begun quarter counted; nil for
// none.
func loadOf(times []BusyTime, from, until time.Time) (days []load) {
	if len(times) == 0 {
		return nil
	}
	next := 0
	for day := from; day.Before(until); day = addDays(day, 1) {
		end, taken := addDays(day, 1), time.Duration(0)
		for next < len(times) && !times[next].To.After(day) {
			next++
		}
		for i := next; i < len(times) && times[i].From.Before(end); i++ {
			taken += earliest(times[i].To, end).Sub(latest(times[i].From, day))
		}
		days = append(days, load(min((taken+quarter-1)/quarter, quartersADay)))
	}
	return days
}
