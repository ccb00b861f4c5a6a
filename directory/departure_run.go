package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/search"
)

const (
	// departEvery is how often departures that are due are looked for.
	departEvery = 30 * time.Second
	// departAgain is when one that was refused is tried again: somebody may have been
	// named administrator meanwhile.
	departAgain = time.Hour
	// departLater is when one that failed is: those behind it come first.
	departLater = 5 * time.Minute
	// departAtOnce bounds those of one question.
	departAtOnce = 50
)

// Departures closes the accounts of those who leave, once their last day is over.
type Departures struct {
	store *Store
	log   *slog.Logger
}

// NewDepartures returns the work over a store.
func NewDepartures(store *Store, log *slog.Logger) *Departures { return &Departures{store, log} }

// Run does what is due until ctx ends. Each departure is one transaction, so that it is
// done once, by whichever node, and after a restart.
func (d *Departures) Run(ctx context.Context) error {
	ticker := time.NewTicker(departEvery)
	defer ticker.Stop()
	for {
		if _, err := d.Step(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("departures", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Step does all that is due now, in a collectivity that is suspended too: who left does not
// come back with it. It returns how many accounts it closed. A departure that fails does
// not keep the others.
func (d *Departures) Step(ctx context.Context) (closed int, err error) {
	for more := true; more; {
		due, failure := d.due(ctx)
		if failure != nil {
			return closed, errors.Join(err, failure)
		}
		for _, one := range due {
			left, failure := d.store.depart(ctx, one.Collectivity, one.Agent)
			if left {
				closed++
			}
			if failure == nil {
				continue
			}
			err = errors.Join(err, fmt.Errorf("of %q in %q: %w", one.Agent, one.Collectivity, failure))
			if failure := d.store.putOff(ctx, one.Collectivity, one.Agent, "", departLater); failure != nil {
				return closed, errors.Join(err, failure)
			}
		}
		more = len(due) == departAtOnce
	}
	return closed, err
}

// due are the first of those whose day is over.
func (d *Departures) due(ctx context.Context) ([]portal.Caller, error) {
	rows, err := d.store.db.Query(ctx, `SELECT collectivity, agent FROM planned_departures WHERE done = 0 AND due <= $1 ORDER BY due LIMIT 0 + $2`,
		database.Millis(d.store.now()), departAtOnce)
	due, err := database.Collect(rows, err, func(rows *sql.Rows) (one portal.Caller, err error) {
		return one, rows.Scan(&one.Collectivity, &one.Agent)
	})
	if err != nil {
		return nil, fmt.Errorf("directory: departures: %w", err)
	}
	return due, nil
}

// putOff has a departure tried again after a while, and tells why, if that is for her
// administrators to mend.
func (s *Store) putOff(ctx context.Context, collectivity portal.CollectivityID, agent portal.AgentID, fault string, while time.Duration) error {
	return s.db.Write(ctx, `UPDATE planned_departures SET fault = $1, due = $2 WHERE collectivity = $3 AND agent = $4 AND done = 0`,
		fault, database.Millis(s.now().Add(while)), string(collectivity), string(agent))
}

// errLeftElsewhere: who planned a departure manages the agents of some units, and she
// who leaves is in none of them any more.
var errLeftElsewhere = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.departure.moved"}

// depart closes the account of an agent whose day is over. What refuses it is kept for the
// administrators to read, and it is tried again.
func (s *Store) depart(ctx context.Context, collectivity portal.CollectivityID, agent portal.AgentID) (left bool, err error) {
	var account portal.AccountID
	err = s.queued(ctx, collectivity, search.KindPerson, func(tx *database.Tx) (ids []string, err error) {
		left = false
		planner := portal.Caller{Collectivity: collectivity}
		var day, rights string
		err = tx.QueryRow(ctx, `SELECT last_day, planned_by, rights FROM planned_departures WHERE collectivity = $1 AND agent = $2 AND done = 0 AND due <= $3`,
			string(collectivity), string(agent), database.Millis(s.now())).Scan(&day, &planner.Agent, &rights)
		if errors.Is(err, portal.ErrNotFound) {
			return nil, nil // done by another node, changed or called off
		}
		if err != nil {
			return nil, err
		}
		if err := readHeld(ctx, tx, &planner, rights); err != nil {
			return nil, err
		}
		row := tx.QueryRow(ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.id = $2`, string(collectivity), string(agent))
		card, err := scanAgent(row.Scan)
		if err == nil && !card.Active {
			var byServer bool
			if byServer, err = closedByServer(ctx, tx, collectivity, agent); err == nil && !byServer {
				err = portal.ErrNotFound // closed otherwise
			}
		}
		if errors.Is(err, portal.ErrNotFound) {
			return nil, tx.Write(ctx, `DELETE FROM planned_departures WHERE collectivity = $1 AND agent = $2`, string(collectivity), string(agent))
		}
		if err != nil {
			return nil, err
		}
		due, err := endOfDay(ctx, tx, collectivity, day)
		if err != nil {
			return nil, err
		}
		if due.After(s.now()) { // the collectivity's zone is another one since
			return nil, tx.Write(ctx, `UPDATE planned_departures SET due = $1 WHERE collectivity = $2 AND agent = $3`, database.Millis(due), string(collectivity), string(agent))
		}
		if err := s.mayDecide(ctx, tx, planner, agent); err != nil {
			if refused(err).Key == errElsewhere.Key {
				err = errLeftElsewhere
			}
			return nil, err
		}
		if err := s.shut(ctx, tx, collectivity, agent); err != nil {
			return nil, err
		}
		account, left = card.Account, true
		return []string{string(agent)}, s.tellDeparture(ctx, tx, planner, audit.AgentClosed, agent, card.Name(), day, "")
	})
	var refusal portal.UserError
	if errors.As(err, &refusal) {
		return false, s.putOff(ctx, collectivity, agent, refusal.Key, departAgain)
	}
	if err == nil && left {
		s.changedAccount(account)
		s.departing(collectivity)
	}
	return left, err
}

// closedByServer says whether an agent is closed by the word of a directory server, which
// may open her again: that her day is over holds all the same.
func closedByServer(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID) (is bool, err error) {
	err = tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM mirrored_agents WHERE collectivity = $1 AND agent = $2 AND closed > 0)`,
		string(collectivity), string(agent)).Scan(&is)
	return is, err
}

// shut closes an agent with what was planned of it, unless nobody would govern the
// collectivity any more.
func (s *Store) shut(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID) error {
	_, err := tx.Exec(ctx, `DELETE FROM invitations WHERE collectivity = $1 AND agent = $2`, string(collectivity), string(agent))
	if err != nil {
		return err
	}
	err = keepAnAdministrator(ctx, tx, collectivity, s.now(), func() error {
		_, err := tx.Exec(ctx, `UPDATE agents SET active = FALSE, closed = $1 WHERE collectivity = $2 AND id = $3`,
			database.Millis(s.now()), string(collectivity), string(agent))
		return err
	})
	if err != nil {
		return err
	}
	return s.settleDeparture(ctx, tx, collectivity, agent)
}
