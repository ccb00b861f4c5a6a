package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Departure is when an agent leaves, and who comes after her.
type Departure struct {
	ID        string         // drawn at each change, "" for none that is planned
	LastDay   string         // "2026-12-31": her account closes at the end of it
	Successor portal.AgentID // who is told; "" for nobody
	Name      string         // of the successor
	Gone      bool           // the successor is no longer there, or leaves before her
	Agenda    bool           // the successor is given her calendars
	Planned   time.Time
	Done      time.Time // zero while it is to come
	Fault     string    // key of why it could not be done, "" for nothing
}

// furthest bounds how far ahead a departure is planned.
const furthest = 5 * 366 * 24 * time.Hour

var (
	errDepartureChanged = portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.departure.changed"}
	errDepartureGone    = portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.departure.gone"}
)

// Agendas hands the calendars of who leaves over to a colleague, in a transaction of the
// directory. The mark names the departure, and name is what they are called then.
type Agendas interface {
	HandOver(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, from, to portal.AgentID, mark, name string) error
	HandBack(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, from portal.AgentID, mark, name string) error
}

// Departing says who hands calendars over, and what features tell of what is left. It is
// a step of set-up, before any other method is called.
func (s *Store) Departing(agendas Agendas, left ...portal.LeftBy) { s.agendas, s.left = agendas, left }

// OnDeparture calls fn when what a departure asks of agents of a collectivity changed. It
// is a step of set-up.
func (s *Store) OnDeparture(fn func(id portal.CollectivityID)) {
	s.departures = append(s.departures, fn)
}

func (s *Store) departing(id portal.CollectivityID) {
	for _, fn := range s.departures {
		fn(id)
	}
}

// nobodyAfter says of a departure d whether the one who was to come after is gone by then.
const nobodyAfter = `d.successor <> '' AND (NOT EXISTS (SELECT 1 FROM agents n WHERE n.collectivity = $1 AND n.id = d.successor AND n.active)
		OR EXISTS (SELECT 1 FROM planned_departures n WHERE n.collectivity = $1 AND n.agent = d.successor AND n.done = 0 AND n.last_day < d.last_day))`

const departureColumns = `d.id, d.last_day, d.successor, d.agenda, d.planned, d.done, d.fault,
	COALESCE(s.given_name, ''), COALESCE(s.family_name, ''), ` + nobodyAfter + `
	FROM planned_departures d LEFT JOIN agents s ON s.collectivity = d.collectivity AND s.id = d.successor
	WHERE d.collectivity = $1 AND d.agent = $2`

// departureOf is that of an agent, the zero one for none.
func departureOf(ctx context.Context, from rows, collectivity portal.CollectivityID, agent portal.AgentID) (d Departure, err error) {
	var planned, done int64
	var successor Agent
	err = from.QueryRow(ctx, `SELECT `+departureColumns, string(collectivity), string(agent)).
		Scan(&d.ID, &d.LastDay, &d.Successor, &d.Agenda, &planned, &done, &d.Fault, &successor.GivenName, &successor.FamilyName, &d.Gone)
	if errors.Is(err, portal.ErrNotFound) {
		return Departure{}, nil
	}
	d.Planned, d.Done, d.Name = database.FromMillis(planned), database.FromMillis(done), successor.Name()
	return d, err
}

// Departure returns the departure of an agent of the caller's collectivity, the zero one
// when none is planned.
func (s *Store) Departure(ctx context.Context, caller portal.Caller, agent portal.AgentID) (Departure, error) {
	if err := s.governsAgent(ctx, s.db, caller, agent); err != nil {
		return Departure{}, fmt.Errorf("directory: read departure: %w", err)
	}
	d, err := departureOf(ctx, s.db, caller.Collectivity, agent)
	if err != nil {
		return Departure{}, fmt.Errorf("directory: read departure: %w", err)
	}
	return d, nil
}

// LeftBy tells the caller what an agent of her collectivity would leave behind.
func (s *Store) LeftBy(ctx context.Context, caller portal.Caller, agent portal.AgentID) (all []portal.Left, err error) {
	if err := s.governsAgent(ctx, s.db, caller, agent); err != nil {
		return nil, fmt.Errorf("directory: what is left: %w", err)
	}
	card, err := s.bareAgent(ctx, caller, agent)
	if err != nil {
		return nil, err
	}
	she := portal.Caller{Account: card.Account, Agent: agent, Collectivity: caller.Collectivity, Unit: card.Unit}
	if err := s.entitle(ctx, &she); err != nil {
		return nil, fmt.Errorf("directory: what is left: %w", err)
	}
	own := []portal.Left{{Key: "directory.left.rights"}, {Key: "directory.left.lent"}}
	err = s.db.QueryRow(ctx, `
		SELECT COALESCE(SUM(CASE WHEN kind = 'agent' AND subject = $2 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN lent_by = $2 THEN 1 ELSE 0 END), 0)
		FROM rights_given WHERE collectivity = $1 AND taken = 0 AND (ends = 0 OR ends > $3)`,
		string(caller.Collectivity), string(agent), database.Millis(s.now())).Scan(&own[0].Count, &own[1].Count)
	if err != nil {
		return nil, fmt.Errorf("directory: what is left: %w", err)
	}
	all = own
	for _, leftBy := range s.left {
		more, err := leftBy(ctx, she)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// PlanDeparture says when an agent of the caller's collectivity leaves: at the end of that
// day, in its zone, her account closes by itself. Shown is the ID of the departure that the
// caller saw, "" for none: portal.ErrConflict when it is another by now. Address is the
// client's, for the journal.
func (s *Store) PlanDeparture(ctx context.Context, caller portal.Caller, agent portal.AgentID, plan Departure, shown, address string) error {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return fmt.Errorf("directory: plan departure: %w", err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		name, err := s.mayPlan(ctx, tx, caller, agent)
		if err != nil {
			return err
		}
		was, err := departureOf(ctx, tx, caller.Collectivity, agent)
		if err != nil {
			return err
		}
		if was.ID != shown {
			return errDepartureChanged
		}
		due, err := s.checkDeparture(ctx, tx, caller, agent, was, plan)
		if err != nil {
			return err
		}
		if err := s.putDeparture(ctx, tx, caller, agent, plan, due); err != nil {
			return err
		}
		return s.tellDeparture(ctx, tx, caller, audit.DeparturePlanned, agent, name, plan.LastDay, address)
	})
	if err != nil {
		return fmt.Errorf("directory: plan departure: %w", err)
	}
	s.departing(caller.Collectivity)
	return nil
}

// mayPlan refuses to decide about an agent who is not there, or of whom the caller may not
// decide. It returns her name.
func (s *Store) mayPlan(ctx context.Context, tx *database.Tx, caller portal.Caller, agent portal.AgentID) (string, error) {
	row := tx.QueryRow(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.id = $2 AND a.active`, string(caller.Collectivity), string(agent))
	card, err := scanAgent(row.Scan)
	if err == nil {
		err = s.mayDecide(ctx, tx, caller, agent)
	}
	return card.Name(), err
}

// checkDeparture refuses a day that is past or far away, and a successor who is not there,
// or not where the caller manages agents: what was decided before her stays. It returns
// the first instant without the agent.
func (s *Store) checkDeparture(ctx context.Context, tx *database.Tx, caller portal.Caller, agent portal.AgentID, was, plan Departure) (due time.Time, err error) {
	var wrong portal.Check
	if due, err = endOfDay(ctx, tx, caller.Collectivity, plan.LastDay); err != nil {
		wrong.Add("last_day", "directory.error.departure.day")
	} else if now := s.now(); !due.After(now) {
		wrong.Add("last_day", "directory.error.departure.past")
	} else if due.Sub(now) > furthest {
		wrong.Add("last_day", "directory.error.departure.far")
	}
	var there bool
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM agents WHERE collectivity = $1 AND id = $2 AND active AND account IS NOT NULL)`,
		string(caller.Collectivity), string(plan.Successor)).Scan(&there)
	hers := plan.Successor == "" || plan.Successor == was.Successor && plan.Agenda == was.Agenda
	if err == nil && !hers {
		hers, err = s.isGoverned(ctx, tx, caller, plan.Successor)
	}
	switch {
	case err != nil:
		return due, err
	case plan.Successor == agent:
		wrong.Add("successor", "directory.error.departure.herself")
	case plan.Successor != "" && !there:
		wrong.Add("successor", "directory.error.departure.successor")
	case !hers:
		wrong.Add("successor", "directory.error.departure.successor.elsewhere")
	case plan.Successor == "" && plan.Agenda:
		wrong.Add("successor", "directory.error.departure.nobody")
	}
	return due, wrong.OrNil()
}

// endOfDay is the first instant after a day of a collectivity's calendar.
func endOfDay(ctx context.Context, from rows, collectivity portal.CollectivityID, day string) (time.Time, error) {
	zone, err := zoneOf(ctx, from, collectivity)
	if err != nil {
		return time.Time{}, err
	}
	date, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: day %.20q", portal.ErrInvalid, day)
	}
	return date.AddDate(0, 0, 1), nil
}

// zoneOf is where the days of a collectivity begin and end.
func zoneOf(ctx context.Context, from rows, collectivity portal.CollectivityID) (*time.Location, error) {
	var name string
	if err := from.QueryRow(ctx, `SELECT zone FROM collectivities WHERE id = $1`, string(collectivity)).Scan(&name); err != nil {
		return time.UTC, err
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC, nil // checked when it was written; a machine may lack it
	}
	return zone, nil
}

func (s *Store) putDeparture(ctx context.Context, tx *database.Tx, caller portal.Caller, agent portal.AgentID, plan Departure, due time.Time) error {
	return tx.Write(ctx, `
		INSERT INTO planned_departures (collectivity, agent, id, last_day, due, successor, agenda, planned, planned_by, rights)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (collectivity, agent) DO UPDATE SET id = excluded.id, last_day = excluded.last_day, due = excluded.due, successor = excluded.successor,
			agenda = excluded.agenda, planned = excluded.planned, planned_by = excluded.planned_by, rights = excluded.rights, seen = 0, fault = '', done = 0`,
		string(caller.Collectivity), string(agent), portal.NewID(), plan.LastDay, database.Millis(due), string(plan.Successor), plan.Agenda,
		database.Millis(s.now()), string(caller.Agent), heldText(caller))
}

// heldText are the rights that a caller decides by, as readHeld reads them:
// "agents.manage@voirie journal.read".
func heldText(caller portal.Caller) string {
	var words []string
	for _, right := range caller.Rights {
		words = append(words, string(right))
	}
	for _, one := range caller.Narrowed {
		words = append(words, string(one.Right)+"@"+string(one.Unit))
	}
	return strings.Join(words, " ")
}

// readHeld gives a caller the rights of a text, where they hold by now.
func readHeld(ctx context.Context, from rows, caller *portal.Caller, text string) error {
	above := parents(nil)
	for word := range strings.FieldsSeq(text) {
		right, unit, narrowed := strings.Cut(word, "@")
		if narrowed && above == nil {
			var err error
			if above, err = parentsIn(ctx, from, caller.Collectivity); err != nil {
				return err
			}
		}
		if one, holds := above.holding(portal.Right(right), portal.UnitID(unit)); holds {
			hold(caller, one)
		}
	}
	return nil
}

func (s *Store) tellDeparture(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, agent portal.AgentID, name, day, address string) error {
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.now(), name, string(agent), day, address
	return audit.Write(ctx, tx, line)
}

// CallOffDeparture forgets a departure that the caller saw; portal.ErrConflict when it is
// another by now, or was done.
func (s *Store) CallOffDeparture(ctx context.Context, caller portal.Caller, agent portal.AgentID, shown, address string) error {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return fmt.Errorf("directory: call off departure: %w", err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		name, err := s.mayPlan(ctx, tx, caller, agent)
		if err != nil {
			return err
		}
		was, err := departureOf(ctx, tx, caller.Collectivity, agent)
		if err != nil {
			return err
		}
		if was.ID != shown || was.ID == "" {
			return errDepartureGone
		}
		if err := tx.Write(ctx, `DELETE FROM planned_departures WHERE collectivity = $1 AND agent = $2`, string(caller.Collectivity), string(agent)); err != nil {
			return err
		}
		return s.tellDeparture(ctx, tx, caller, audit.DepartureCalledOff, agent, name, was.LastDay, address)
	})
	if err != nil {
		return fmt.Errorf("directory: call off departure: %w", err)
	}
	s.departing(caller.Collectivity)
	return nil
}

// settleDeparture does what was planned beside the closing of an agent, who leaves now:
// her calendars go to who comes after her, if that one is still there.
func (s *Store) settleDeparture(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID) error {
	d, err := departureOf(ctx, tx, collectivity, agent)
	if err != nil || d.ID == "" || !d.Done.IsZero() {
		return err
	}
	if d.Agenda && s.agendas != nil {
		var there bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM agents WHERE collectivity = $1 AND id = $2 AND active)`, string(collectivity), string(d.Successor)).Scan(&there)
		if err != nil {
			return err
		}
		if there {
			name, err := nameOf(ctx, tx, collectivity, agent)
			if err == nil {
				err = s.agendas.HandOver(ctx, tx, collectivity, agent, d.Successor, d.ID, name)
			}
			if err != nil {
				return err
			}
		}
	}
	return tx.Write(ctx, `UPDATE planned_departures SET done = $1, fault = '' WHERE collectivity = $2 AND agent = $3`,
		database.Millis(s.now()), string(collectivity), string(agent))
}

// undoDeparture takes back what settleDeparture did, of an agent who is back. One that is
// to come stays.
func (s *Store) undoDeparture(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID) error {
	d, err := departureOf(ctx, tx, collectivity, agent)
	if err != nil || d.ID == "" {
		return err
	}
	due, err := endOfDay(ctx, tx, collectivity, d.LastDay)
	if err != nil || d.Done.IsZero() && due.After(s.now()) {
		return err
	}
	if d.Agenda && !d.Done.IsZero() && s.agendas != nil {
		name, err := nameOf(ctx, tx, collectivity, agent)
		if err == nil {
			err = s.agendas.HandBack(ctx, tx, collectivity, agent, d.ID, name)
		}
		if err != nil {
			return err
		}
	}
	return tx.Write(ctx, `DELETE FROM planned_departures WHERE collectivity = $1 AND agent = $2`, string(collectivity), string(agent))
}

// ForgetDepartures drops what was done so long ago that it is not undone any more.
func (s *Store) ForgetDepartures(ctx context.Context, collectivity portal.CollectivityID) error {
	err := s.db.Write(ctx, `DELETE FROM planned_departures WHERE collectivity = $1 AND done > 0 AND done < $2`,
		string(collectivity), database.Millis(s.now().Add(-undoLife)))
	if err != nil {
		return fmt.Errorf("directory: forget departures: %w", err)
	}
	return nil
}

// Leaver is an agent whose departure is planned.
type Leaver struct {
	Agent   portal.AgentID
	Name    string
	LastDay string
	Since   time.Time // when it was planned
}

// succeeding lists the departures after which an agent comes, that she did not say she
// knows of, the soonest first.
func (s *Store) succeeding(ctx context.Context, caller portal.Caller) ([]Leaver, error) {
	found, err := s.db.Query(ctx, `
		SELECT d.agent, a.given_name, a.family_name, d.last_day, d.planned FROM planned_departures d
		JOIN agents a ON a.collectivity = d.collectivity AND a.id = d.agent
		WHERE d.collectivity = $1 AND d.successor = $2 AND d.seen = 0 ORDER BY d.last_day, d.agent`, string(caller.Collectivity), string(caller.Agent))
	all, err := database.Collect(found, err, func(rows *sql.Rows) (one Leaver, err error) {
		var card Agent
		var planned int64
		err = rows.Scan(&one.Agent, &card.GivenName, &card.FamilyName, &one.LastDay, &planned)
		one.Name, one.Since = card.Name(), database.FromMillis(planned)
		return one, err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: list successions: %w", err)
	}
	return all, nil
}

// setSeen says that the successor knows, or takes it back.
func (s *Store) setSeen(ctx context.Context, caller portal.Caller, agent portal.AgentID, at time.Time) error {
	err := database.OneRow(s.db.Exec(ctx, `UPDATE planned_departures SET seen = $1 WHERE collectivity = $2 AND agent = $3 AND successor = $4 AND successor <> ''`,
		database.Millis(at), string(caller.Collectivity), string(agent), string(caller.Agent)))
	if err != nil {
		return fmt.Errorf("directory: see departure: %w", err)
	}
	s.departing(caller.Collectivity)
	return nil
}
