package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// roll is the active agents of one collectivity by what they are searched by, in
// memory: a few hundred bytes each. It is read again when its stamp is no more
// that of the store, so another process's changes are seen at the next question.
// It is never changed once it is read.
type roll struct {
	stamp  string
	people []rolled                 // in the order of names
	at     map[portal.AgentID]int32 // place in people
}

// rolled is one agent of a roll. Texts are folded, with a space before each word.
type rolled struct {
	id      portal.AgentID
	unit    portal.UnitID
	manager portal.AgentID
	name    string // "le goff camille"
	short   string // initials, both ways round
	place   string // her unit
	texts   [len(searched)]string
}

// searched are the fields that an agent is found by beside her name and her unit.
var searched = [...]Field{FieldFunction, FieldEmail, FieldOffice, FieldPhone, FieldMobile}

// numbers is the first of searched that holds telephones.
const numbers = 3

// rolls keeps the rolls that were asked for last.
type rolls struct {
	mu    sync.Mutex
	known map[portal.CollectivityID]*kept
	turn  int64
}

type kept struct {
	reading sync.Mutex // one at a time reads it
	roll    *roll
	size    int // its agents
	used    int64
}

// maxRolled bounds the agents that are kept in memory, of all collectivities.
const maxRolled = 50_000

// restamp tells every process that agents of a collectivity changed, by a new stamp.
func restamp(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, stamp string) error {
	return tx.Write(ctx, `
		INSERT INTO directory_stamps (collectivity, stamp) VALUES ($1, $2)
		ON CONFLICT (collectivity) DO UPDATE SET stamp = excluded.stamp`, string(collectivity), stamp)
}

// rollOf is the roll of a collectivity as it is now.
func (s *Store) rollOf(ctx context.Context, collectivity portal.CollectivityID) (*roll, error) {
	var stamp string
	err := s.db.QueryRow(ctx, `SELECT stamp FROM directory_stamps WHERE collectivity = $1`, string(collectivity)).Scan(&stamp)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return nil, fmt.Errorf("directory: read stamp: %w", err)
	}
	place := s.rolls.of(collectivity)
	place.reading.Lock()
	defer place.reading.Unlock()
	if place.roll != nil && place.roll.stamp == stamp && stamp != "" {
		return place.roll, nil
	}
	fresh, err := s.readRoll(ctx, collectivity, stamp)
	if err != nil {
		return nil, err
	}
	s.rolls.keep(place, fresh)
	return fresh, nil
}

func (r *rolls) of(collectivity portal.CollectivityID) *kept {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[portal.CollectivityID]*kept{}
	}
	if r.known[collectivity] == nil {
		r.known[collectivity] = &kept{}
	}
	r.turn++
	r.known[collectivity].used = r.turn
	return r.known[collectivity]
}

// keep puts a roll in its place, which the caller holds, and forgets those not asked
// for longest until the others are few enough. Who reads a forgotten one has it.
func (r *rolls) keep(place *kept, fresh *roll) {
	r.mu.Lock()
	defer r.mu.Unlock()
	place.roll, place.size = fresh, len(fresh.people)
	total := 0
	for _, one := range r.known {
		total += one.size
	}
	for total > maxRolled {
		var oldest portal.CollectivityID
		for id, one := range r.known {
			if one != place && (oldest == "" || one.used < r.known[oldest].used) {
				oldest = id
			}
		}
		if oldest == "" {
			return // this one alone is larger
		}
		total -= r.known[oldest].size
		delete(r.known, oldest)
	}
}

// readRoll reads a roll; stamp was the collectivity's before.
func (s *Store) readRoll(ctx context.Context, collectivity portal.CollectivityID, stamp string) (*roll, error) {
	places, err := s.places(ctx, collectivity)
	if err != nil {
		return nil, fmt.Errorf("directory: read roll: %w", err)
	}
	functions := map[string]string{} // many have the same
	rows, err := s.db.Query(ctx, `
		SELECT a.id, a.unit, a.manager, a.given_name, a.family_name, a.function, a.email, a.office, a.phone, a.mobile
		FROM agents a WHERE a.collectivity = $1 AND a.active ORDER BY a.sort_name, a.id`, string(collectivity))
	people, err := database.Collect(rows, err, func(rows *sql.Rows) (rolled, error) {
		var a Agent
		err := rows.Scan(&a.ID, &a.Unit, &a.Manager, &a.GivenName, &a.FamilyName, &a.Function, &a.Email, &a.Office, &a.Phone, &a.Mobile)
		function, known := functions[a.Function]
		if !known {
			function = spaced(i18n.Fold(a.Function))
			functions[a.Function] = function
		}
		return a.rolled(places[a.Unit], function), err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: read roll: %w", err)
	}
	read := &roll{stamp: stamp, people: people, at: make(map[portal.AgentID]int32, len(people))}
	for i, one := range people {
		read.at[one.id] = int32(i)
	}
	return read, nil
}

// places are the names of the units of a collectivity, folded, after a space.
func (s *Store) places(ctx context.Context, collectivity portal.CollectivityID) (map[portal.UnitID]string, error) {
	places := map[portal.UnitID]string{"": " "}
	rows, err := s.db.Query(ctx, `SELECT id, name FROM units WHERE collectivity = $1`, string(collectivity))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var id portal.UnitID
		var name string
		err = rows.Scan(&id, &name)
		places[id] = " " + i18n.Fold(name)
		return none, err
	})
	return places, err
}

func (a Agent) rolled(place, function string) rolled {
	given, family := initials(a.GivenName), initials(a.FamilyName)
	return rolled{
		id: a.ID, unit: a.Unit, manager: a.Manager, name: spaced(a.sortName()), short: " " + given + family + " " + family + given, place: place,
		texts: [...]string{function, spaced(i18n.Fold(a.Email)), spaced(i18n.Fold(a.Office)), digits(a.Phone), digits(a.Mobile)},
	}
}

// spaced puts a space before a text that has something.
func spaced(text string) string {
	if text == "" {
		return ""
	}
	return " " + text
}

// below are the agents above whom an agent stands, through others or not.
func (r *roll) below(manager portal.AgentID) map[portal.AgentID]bool {
	below := map[portal.AgentID]bool{}
	for _, one := range r.people {
		above := one.manager
		for range maxManagers {
			if above == "" {
				break
			}
			if above == manager {
				below[one.id] = true
				break
			}
			next, listed := r.at[above]
			if !listed {
				break
			}
			above = r.people[next].manager
		}
	}
	return below
}
