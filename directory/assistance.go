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
	"parvis/portal/web"
)

// AssistanceMinutes are how long who operates the pool may assist a collectivity at
// once, the longest last.
var AssistanceMinutes = []int{15, 30, 60}

// invitedFor is how long an invitation to assist stays open.
const invitedFor = 7 * 24 * time.Hour

// Assisted is one time that a collectivity was assisted.
type Assisted struct {
	web.Assistance
	Begun time.Time
	Ended time.Time // zero while it goes on, and for one that ended by itself
	By    string    // who ended it, "" for the one who assisted
}

// Helpable says whether a collectivity may be assisted, and when it was.
type Helpable struct {
	Refused bool      // but for invitations
	Invited time.Time // until when it asks for help, zero for not at all
	Why     string    // what it wrote
	Going   *web.Assistance
	Past    []Assisted // the last ones first, the one that goes on included
}

// Takes says whether an operator may come in now.
func (h Helpable) Takes() bool { return !h.Refused || !h.Invited.IsZero() }

// helpable reads it as it stands at an instant.
func (s *Store) helpable(ctx context.Context, from rows, id portal.CollectivityID, past int) (h Helpable, err error) {
	now := s.now()
	var until int64
	err = from.QueryRow(ctx, `SELECT assistance_refused, invited_until, invited_why FROM collectivities WHERE id = $1`, string(id)).Scan(&h.Refused, &until, &h.Why)
	if err != nil {
		return Helpable{}, err
	}
	if until > database.Millis(now) {
		h.Invited = database.FromMillis(until)
	}
	found, err := from.Query(ctx, `SELECT id, account, login, reason, begun, ends, ended, ended_by FROM assistances WHERE collectivity = $1 ORDER BY begun DESC LIMIT 0 + $2`, string(id), past)
	h.Past, err = database.Collect(found, err, func(rows *sql.Rows) (one Assisted, err error) {
		var begun, ends, ended int64
		err = rows.Scan(&one.ID, &one.Account, &one.Login, &one.Reason, &begun, &ends, &ended, &one.By)
		one.Begun, one.Ends, one.Ended = database.FromMillis(begun), database.FromMillis(ends), database.FromMillis(ended)
		return one, err
	})
	if len(h.Past) > 0 && h.Past[0].Ended.IsZero() && now.Before(h.Past[0].Ends) {
		h.Going = &h.Past[0].Assistance
	}
	return h, err
}

// helpedNow is who assists a collectivity; portal.ErrNotFound for nobody.
func (s *Store) helpedNow(ctx context.Context, id portal.CollectivityID) (*web.Assistance, error) {
	one := &web.Assistance{}
	var ends int64
	err := s.db.QueryRow(ctx, `SELECT id, account, login, reason, ends FROM assistances WHERE collectivity = $1 AND ended = 0 AND ends > $2 ORDER BY begun DESC LIMIT 1`,
		string(id), database.Millis(s.now())).Scan(&one.ID, &one.Account, &one.Login, &one.Reason, &ends)
	if err != nil {
		return nil, fmt.Errorf("directory: who assists %q: %w", id, err)
	}
	one.Ends = database.FromMillis(ends)
	return one, nil
}

// pastShown is how many past assistances are shown.
const pastShown = 20

// HelpableBy says how a collectivity may be assisted by who operates the pool.
func (s *Store) HelpableBy(ctx context.Context, caller portal.Caller, id portal.CollectivityID) (Helpable, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return Helpable{}, fmt.Errorf("directory: assistance: %w", err)
	}
	h, err := s.helpable(ctx, s.db, id, 1)
	if err != nil {
		return Helpable{}, fmt.Errorf("directory: assistance of %q: %w", id, err)
	}
	return h, nil
}

// Helpable says how the caller's own collectivity is assisted. It needs Admin, of
// one of its agents.
func (s *Store) Helpable(ctx context.Context, caller portal.Caller) (Helpable, error) {
	if err := governsHere(caller); err != nil {
		return Helpable{}, fmt.Errorf("directory: assistance: %w", err)
	}
	h, err := s.helpable(ctx, s.db, caller.Collectivity, pastShown)
	if err != nil {
		return Helpable{}, fmt.Errorf("directory: assistance: %w", err)
	}
	return h, nil
}

// governsHere: who assists decides nothing about assistance.
func governsHere(caller portal.Caller) error {
	if caller.Agent == "" {
		return portal.ErrDenied
	}
	return caller.Require(portal.Admin)
}

// Call is a collectivity that asks to be assisted.
type Call struct {
	ID    portal.CollectivityID
	Name  string
	Why   string
	Until time.Time
}

// Calls lists those that ask, the first to lapse first. It needs the right to
// operate the pool.
func (s *Store) Calls(ctx context.Context, caller portal.Caller) ([]Call, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return nil, fmt.Errorf("directory: calls: %w", err)
	}
	found, err := s.db.Query(ctx, `SELECT id, name, invited_why, invited_until FROM collectivities WHERE invited_until > $1 ORDER BY invited_until, id`, database.Millis(s.now()))
	calls, err := database.Collect(found, err, func(rows *sql.Rows) (one Call, err error) {
		var until int64
		err = rows.Scan(&one.ID, &one.Name, &one.Why, &until)
		one.Until = database.FromMillis(until)
		return one, err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: calls: %w", err)
	}
	return calls, nil
}

// Why an operator may not come in. Each says what to do.
var (
	errHelpRefused   = portal.UserError{Kind: portal.ErrConflict, Key: "directory.assist.refused"}
	errHelpSuspended = portal.UserError{Kind: portal.ErrConflict, Key: "directory.assist.suspended"}
	errHelpOwn       = portal.UserError{Kind: portal.ErrConflict, Key: "directory.assist.own"}
)

// Assist lets who operates the pool administer a collectivity for some minutes, of
// AssistanceMinutes: what she may open there is the server's list, and holds no
// content. portal.FieldErrors for a missing reason; portal.ErrConflict when the
// collectivity refuses, is suspended, is being assisted, or has her for an agent.
func (s *Store) Assist(ctx context.Context, caller portal.Caller, id portal.CollectivityID, reason string, minutes int, address string) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("directory: assist: %w", err)
	}
	var wrong portal.Check
	wrong.Text("reason", reason, true, maxNotice)
	if minutes < 1 || minutes > AssistanceMinutes[len(AssistanceMinutes)-1] {
		wrong.Add("minutes", "directory.assist.minutes")
	}
	if err := wrong.OrNil(); err != nil {
		return fmt.Errorf("directory: assist %q: %w", id, err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		var name, login string
		var active bool
		if err := tx.QueryRow(ctx, `SELECT name, active FROM collectivities WHERE id = $1`, string(id)).Scan(&name, &active); err != nil {
			return err
		}
		if err := tx.QueryRow(ctx, `SELECT login FROM accounts WHERE id = $1`, string(caller.Account)).Scan(&login); err != nil {
			return err
		}
		var agent int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM agents WHERE collectivity = $1 AND account = $2 AND active`, string(id), string(caller.Account)).Scan(&agent); err != nil {
			return err
		}
		h, err := s.helpable(ctx, tx, id, 1)
		switch {
		case err != nil:
			return err
		case !active:
			return errHelpSuspended
		case agent > 0:
			return errHelpOwn
		case !h.Takes():
			return errHelpRefused
		case h.Going != nil:
			return portal.UserError{Kind: portal.ErrConflict, Key: "directory.assist.busy", Args: []any{"who", h.Going.Login}}
		}
		now := s.now()
		_, err = tx.Exec(ctx, `INSERT INTO assistances (collectivity, id, account, login, reason, begun, ends) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			string(id), portal.NewID(), string(caller.Account), login, reason, database.Millis(now), database.Millis(now.Add(time.Duration(minutes)*time.Minute)))
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE collectivities SET invited_until = 0, invited_why = '' WHERE id = $1`, string(id)); err != nil {
			return err // an invitation serves once
		}
		return s.tellBoth(ctx, tx, caller, audit.Line{Action: audit.AssistanceBegan, Detail: reason, Object: name, ObjectID: string(id), Address: address})
	})
	if err != nil {
		return fmt.Errorf("directory: assist %q: %w", id, err)
	}
	s.helpChanged(id)
	return nil
}

func (s *Store) helpChanged(id portal.CollectivityID) {
	s.bodies.Delete(id)
	s.changed("") // who assists comes from elsewhere
}

// LeaveAssistance ends what the caller gives; portal.ErrNotFound when she gives none.
func (s *Store) LeaveAssistance(ctx context.Context, caller portal.Caller, address string) error {
	if caller.Agent != "" || caller.Collectivity == "" {
		return fmt.Errorf("directory: leave assistance: %w", portal.ErrNotFound)
	}
	id := caller.Collectivity
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		now := database.Millis(s.now())
		help, err := s.helpGoing(ctx, tx, caller)
		if errors.Is(err, portal.ErrDenied) {
			err = portal.ErrNotFound
		}
		if err == nil {
			err = s.endHelped(ctx, tx, id, help.ID)
		}
		if err != nil {
			return err
		}
		err = database.OneRow(tx.Exec(ctx, `UPDATE assistances SET ended = $1 WHERE collectivity = $2 AND account = $3 AND ended = 0 AND ends > $1`, now, string(id), string(caller.Account)))
		if err != nil {
			return err
		}
		var name string
		if err := tx.QueryRow(ctx, `SELECT name FROM collectivities WHERE id = $1`, string(id)).Scan(&name); err != nil {
			return err
		}
		return s.tellBoth(ctx, tx, caller, audit.Line{Action: audit.AssistanceEnded, Object: name, ObjectID: string(id), Address: address})
	})
	if err != nil {
		return fmt.Errorf("directory: leave assistance: %w", err)
	}
	s.helpChanged(id)
	return nil
}

// StopAssistance ends what is given to the caller's collectivity; portal.ErrNotFound
// when it ended meanwhile. It needs Admin, as all that the collectivity decides about it.
func (s *Store) StopAssistance(ctx context.Context, caller portal.Caller, assistance, address string) error {
	return s.decide(ctx, caller, audit.AssistanceEnded, "", address, func(tx *database.Tx) error {
		var by Agent
		if err := tx.QueryRow(ctx, `SELECT given_name, family_name FROM agents WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(caller.Agent)).Scan(&by.GivenName, &by.FamilyName); err != nil {
			return err
		}
		if err := s.endHelped(ctx, tx, caller.Collectivity, assistance); err != nil {
			return err
		}
		return database.OneRow(tx.Exec(ctx, `UPDATE assistances SET ended = $1, ended_by = $2 WHERE collectivity = $3 AND id = $4 AND ended = 0 AND ends > $1`,
			database.Millis(s.now()), by.Name(), string(caller.Collectivity), assistance))
	})
}

// RefuseAssistance says whether the pool may come in without being invited. One that
// goes on is not ended by it.
func (s *Store) RefuseAssistance(ctx context.Context, caller portal.Caller, refused bool, address string) error {
	action := audit.AssistanceAllowed
	if refused {
		action = audit.AssistanceRefused
	}
	return s.decide(ctx, caller, action, "", address, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE collectivities SET assistance_refused = $1 WHERE id = $2`, refused, string(caller.Collectivity))
		return err
	})
}

// InviteAssistance asks the pool to come in within seven days, with what for; "" takes
// the invitation back. portal.FieldErrors for a text that is too long.
func (s *Store) InviteAssistance(ctx context.Context, caller portal.Caller, why, address string) error {
	var wrong portal.Check
	wrong.Text("why", why, false, maxNotice)
	if err := wrong.OrNil(); err != nil {
		return fmt.Errorf("directory: invite assistance: %w", err)
	}
	action, until := audit.AssistanceInvited, database.Millis(s.now().Add(invitedFor))
	if why == "" {
		action, until = audit.AssistanceUninvited, 0
	}
	return s.decide(ctx, caller, action, why, address, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE collectivities SET invited_until = $1, invited_why = $2 WHERE id = $3`, until, why, string(caller.Collectivity))
		return err
	})
}

// decide is what a collectivity decides about its assistance, with its line.
func (s *Store) decide(ctx context.Context, caller portal.Caller, action audit.Action, detail, address string, change func(tx *database.Tx) error) error {
	if err := governsHere(caller); err != nil {
		return fmt.Errorf("directory: %s: %w", action, err)
	}
	line := audit.By(caller, action)
	line.At, line.Detail, line.Address = s.now(), detail, address
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return audit.Write(ctx, tx, line)
	})
	if err != nil {
		return fmt.Errorf("directory: %s: %w", action, err)
	}
	s.helpChanged(caller.Collectivity)
	return nil
}

// helper is the identity of an operator in a collectivity that she assists now: its
// administrator, and none of its agents. portal.ErrNotFound when she does not.
func (s *Store) helper(ctx context.Context, theme ThemeURL, account portal.AccountID, id portal.CollectivityID) (*web.Identity, error) {
	c, err := s.remembered(ctx, id)
	if err != nil {
		return nil, err
	}
	if !c.Active || c.help == nil || c.help.Account != account || !s.now().Before(c.help.Ends) {
		return nil, fmt.Errorf("directory: find identity: %w", portal.ErrNotFound)
	}
	identity, err := s.operator(ctx, account)
	if err != nil {
		return nil, err
	}
	identity.Collectivity = c.shown(theme)
	identity.Caller.Collectivity = id
	identity.Caller.Rights = []portal.Right{portal.Admin, portal.OperatePool} // sorted
	identity.Version = versionOf(identity)
	return identity, nil
}
