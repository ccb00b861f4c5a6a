package calendar

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Delegate keeps the agenda of another agent, her assistant: all of her calendars, also those to come.
type Delegate struct {
	ID     string
	Owner  portal.AgentID // whose agenda it is
	Agent  portal.AgentID // who keeps it
	Name   string         // of the other one of the two than who asks, "Odile Petit"
	Writes bool           // and sees what is private; else reads as whom a calendar is shared with
	Ends   time.Time      // first instant without it, zero: never
}

const (
	// maxDelegates bounds how many keep one agenda.
	maxDelegates = 20
	// longestDelegation bounds for how long, when it ends.
	longestDelegation = 10 * 366 * 24 * time.Hour
)

// Delegate gives the caller's agenda into the hands of a colleague, or changes how, and returns the id
// of it. The calendars that she only keeps herself are not in it. What is wrong in a field ("agent",
// "ends") is portal.FieldErrors.
func (s *Store) Delegate(ctx context.Context, caller portal.Caller, given Delegate, client string) (id string, err error) {
	var wrong portal.Check
	if given.Agent == "" || given.Agent == caller.Agent {
		wrong.Add("agent", "calendar.error.delegate.agent")
	}
	if left := given.Ends.Sub(s.now()); !given.Ends.IsZero() && (left <= 0 || left > longestDelegation) {
		wrong.Add("ends", "calendar.error.delegate.ends")
	}
	if err := wrong.OrNil(); err != nil {
		return "", err
	}
	err = s.delegating(ctx, caller, client, func(tx *database.Tx) error {
		if err := s.readyToLend(ctx, tx, caller); err != nil {
			return err
		}
		id, err = s.addDelegate(ctx, tx, caller, given)
		return err
	})
	return id, wrap(err, "calendar: delegate")
}

// addDelegate gives the agenda, which is ready for it, into the hands of a colleague.
func (s *Store) addDelegate(ctx context.Context, tx *database.Tx, caller portal.Caller, given Delegate) (id string, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO calendar_delegates (collectivity, id, owner, delegate, writes, ends, created)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (collectivity, owner, delegate) DO UPDATE SET writes = excluded.writes, ends = excluded.ends, ended = 0
		RETURNING id`,
		string(caller.Collectivity), portal.NewID(), string(caller.Agent), string(given.Agent), given.Writes,
		database.Millis(given.Ends), database.Millis(s.now())).Scan(&id)
	if err != nil {
		return "", err
	}
	all, err := s.delegates(ctx, tx, caller)
	switch {
	case err != nil:
		return "", err
	case given.Agent == caller.Agent || !slices.ContainsFunc(all, func(one Delegate) bool { return one.ID == id }):
		return "", portal.FieldErrors{portal.Invalid("agent", "calendar.error.delegate.agent")}
	case len(all) > maxDelegates:
		return "", portal.FieldErrors{portal.Invalid("agent", "calendar.error.delegate.many", "max", maxDelegates)}
	}
	return id, nil
}

// SetDelegates makes these agents, and no others, those who read the caller's agenda, or those who write
// it: all of them or, when one is no colleague, none. Who was among them already keeps her last day.
func (s *Store) SetDelegates(ctx context.Context, caller portal.Caller, writes bool, agents []portal.AgentID) error {
	err := s.delegating(ctx, caller, "", func(tx *database.Tx) error {
		before, err := s.delegates(ctx, tx, caller)
		if err != nil {
			return err
		}
		if err := s.readyToLend(ctx, tx, caller); err != nil {
			return err
		}
		for _, one := range before {
			if one.Writes != writes || slices.Contains(agents, one.Agent) {
				continue
			}
			err := tx.Write(ctx, `UPDATE calendar_delegates SET ended = $3 WHERE collectivity = $1 AND id = $2`,
				string(caller.Collectivity), one.ID, database.Millis(s.now()))
			if err != nil {
				return err
			}
		}
		for _, agent := range agents {
			if slices.ContainsFunc(before, func(one Delegate) bool { return one.Agent == agent && one.Writes == writes }) {
				continue
			}
			if _, err := s.addDelegate(ctx, tx, caller, Delegate{Agent: agent, Writes: writes}); err != nil {
				return err
			}
		}
		return nil
	})
	return wrap(err, "calendar: set delegates")
}

// readyToLend stores the caller's first calendar, and knows what is private in all of hers.
func (s *Store) readyToLend(ctx context.Context, tx *database.Tx, caller portal.Caller) error {
	all, err := s.load(ctx, tx, caller, "", "")
	if err != nil {
		return err
	}
	for _, c := range all {
		if !c.Own() {
			continue
		}
		if err := s.store(ctx, tx, caller, &c); err != nil {
			return err
		}
		if err := s.classify(ctx, tx, caller, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// EndDelegate takes the caller's agenda out of a colleague's hands; it can be given back for an hour.
func (s *Store) EndDelegate(ctx context.Context, caller portal.Caller, id, client string) error {
	err := s.delegating(ctx, caller, client, func(tx *database.Tx) error {
		return database.OneRow(tx.Exec(ctx, `
			UPDATE calendar_delegates SET ended = $4 WHERE collectivity = $1 AND owner = $2 AND id = $3 AND ended = 0`,
			string(caller.Collectivity), string(caller.Agent), id, database.Millis(s.now())))
	})
	return wrap(err, "calendar: delegate %.40q", id)
}

// RestoreDelegate undoes EndDelegate.
func (s *Store) RestoreDelegate(ctx context.Context, caller portal.Caller, id, client string) error {
	err := s.delegating(ctx, caller, client, func(tx *database.Tx) error {
		return database.OneRow(tx.Exec(ctx, `
			UPDATE calendar_delegates SET ended = 0 WHERE collectivity = $1 AND owner = $2 AND id = $3 AND ended > $4`,
			string(caller.Collectivity), string(caller.Agent), id, database.Millis(s.now().Add(-takenBack))))
	})
	return wrap(err, "calendar: delegate %.40q", id)
}

// delegating makes a change to who keeps the caller's agenda, and tells the journal.
func (s *Store) delegating(ctx context.Context, caller portal.Caller, client string, change func(*database.Tx) error) error {
	if caller.Agent == "" {
		return portal.ErrDenied
	}
	return s.db.Tx(ctx, func(tx *database.Tx) error {
		before, err := s.delegates(ctx, tx, caller)
		if err != nil {
			return err
		}
		if err := change(tx); err != nil {
			return err
		}
		after, err := s.delegates(ctx, tx, caller)
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, string(caller.Agent), client, keepersOf(before), keepersOf(after))
	})
}

func keepersOf(delegates []Delegate) (a audience) {
	for _, one := range delegates {
		if one.Writes {
			a.writers = append(a.writers, one.Name)
		} else {
			a.readers = append(a.readers, one.Name)
		}
	}
	return a
}

// Delegates lists who keeps the caller's agenda, by name.
func (s *Store) Delegates(ctx context.Context, caller portal.Caller) ([]Delegate, error) {
	all, err := s.delegates(ctx, s.db, caller)
	return all, wrap(err, "calendar: list delegates")
}

func (s *Store) delegates(ctx context.Context, q querier, caller portal.Caller) ([]Delegate, error) {
	rows, err := q.Query(ctx, `
		SELECT d.id, d.owner, d.delegate, a.given_name || ' ' || a.family_name, d.writes, d.ends FROM calendar_delegates d
		JOIN agents a ON a.collectivity = $1 AND a.id = d.delegate AND a.active
		WHERE d.collectivity = $1 AND d.owner = $2 AND d.ended = 0 AND (d.ends = 0 OR d.ends > $3)`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(s.now()))
	return delegatesByName(rows, err)
}

// DelegateOf lists those whose agenda the caller keeps, by name.
func (s *Store) DelegateOf(ctx context.Context, caller portal.Caller) ([]Delegate, error) {
	rows, err := s.db.Query(ctx, `
		SELECT d.id, d.owner, d.delegate, a.given_name || ' ' || a.family_name, d.writes, d.ends FROM calendar_delegates d
		JOIN agents a ON a.collectivity = $1 AND a.id = d.owner AND a.active
		WHERE d.collectivity = $1 AND d.delegate = $2 AND d.ended = 0 AND (d.ends = 0 OR d.ends > $3)`,
		string(caller.Collectivity), string(caller.Agent), database.Millis(s.now()))
	all, err := delegatesByName(rows, err)
	return all, wrap(err, "calendar: list whose delegate")
}

func delegatesByName(rows *sql.Rows, err error) ([]Delegate, error) {
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one Delegate, err error) {
		var ends int64
		err = rows.Scan(&one.ID, &one.Owner, &one.Agent, &one.Name, &one.Writes, &ends)
		one.Ends = database.FromMillis(ends)
		return one, err
	})
	slices.SortFunc(all, func(a, b Delegate) int { return i18n.ByName(a.Name, b.Name) })
	return all, err
}
