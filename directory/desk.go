package directory

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
)

const (
	// deskTime is how long somebody sees the desk of another: it ends by itself.
	deskTime = 15 * time.Minute
	// keptViews is how long an agent is told who saw her desk.
	keptViews = 365 * 24 * time.Hour
)

// Desks are the sessions, which know whose desk each sees.
type Desks interface {
	SeeDesk(ctx context.Context, tx *database.Tx, caller portal.Caller, session string, agent portal.AgentID, until time.Time) error
	Forget(account portal.AccountID)
}

// DeskView is that somebody saw the desk of an agent.
type DeskView struct {
	Viewer        string // her name, "" once she is no more there
	Reason        string
	Started, Ends time.Time
}

var (
	errOwnDesk      = portal.UserError{Kind: portal.ErrConflict, Key: "directory.desk.error.own"}
	errOperator     = portal.UserError{Kind: portal.ErrDenied, Key: "directory.desk.error.operator"}
	errNoDesk       = portal.UserError{Kind: portal.ErrConflict, Key: "directory.desk.error.none"}
	errDeskOutranks = portal.UserError{Kind: portal.ErrDenied, Key: "directory.desk.error.outranked"}
)

// deskOf is who an agent is at her desk, for one who asks to see it: refused upon
// who holds a right that the seer does not hold, in whatever way, and to who operates
// the pool, who sees no data of a collectivity.
func (s *Store) deskOf(ctx context.Context, seer portal.Caller, agent portal.AgentID) (portal.Caller, error) {
	if err := seer.RequireSomewhere(portal.ManageAgents); err != nil {
		return portal.Caller{}, err
	}
	card, err := s.Agent(ctx, seer, agent)
	switch {
	case err != nil:
		return portal.Caller{}, err
	case seer.Can(portal.OperatePool):
		return portal.Caller{}, errOperator
	case agent == seer.Agent:
		return portal.Caller{}, errOwnDesk
	case card.Account == "":
		return portal.Caller{}, errNoDesk
	}
	she, err := s.CallerFor(ctx, card.Account, seer.Collectivity)
	switch {
	case err != nil:
	case !seer.CanIn(portal.ManageAgents, she.Units):
		err = errElsewhere
	case !seer.Decides(she):
		err = errDeskOutranks
	}
	return she, err
}

// MaySeeDesk returns why the caller may not see the desk of an agent, nil when she may.
func (s *Store) MaySeeDesk(ctx context.Context, caller portal.Caller, agent portal.AgentID) error {
	if _, err := s.deskOf(ctx, caller, agent); err != nil {
		return fmt.Errorf("directory: see desk: %w", err)
	}
	return nil
}

// SeeDesk lets a session of the caller's see the desk of an agent for fifteen minutes,
// for a reason that the journal and the agent are told.
func (s *Store) SeeDesk(ctx context.Context, desks Desks, caller portal.Caller, session string, agent portal.AgentID, reason, client string) error {
	if _, err := s.deskOf(ctx, caller, agent); err != nil {
		return fmt.Errorf("directory: see desk: %w", err)
	}
	var wrong portal.Check
	wrong.Text("reason", reason, true, 200)
	if err := wrong.OrNil(); err != nil {
		return fmt.Errorf("directory: see desk: %w", err)
	}
	now := s.now()
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := desks.SeeDesk(ctx, tx, caller, session, agent, now.Add(deskTime)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO desk_views (collectivity, id, agent, viewer, reason, started, ends) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			string(caller.Collectivity), portal.NewID(), string(agent), string(caller.Agent), reason, database.Millis(now), database.Millis(now.Add(deskTime)))
		if err != nil {
			return err
		}
		return s.tellDesk(ctx, tx, caller, audit.DeskSeen, agent, reason, client)
	})
	if err != nil {
		return fmt.Errorf("directory: see desk: %w", err)
	}
	desks.Forget(caller.Account)
	return nil
}

// LeaveDesk brings a session back to its own desk from that of an agent, which it may
// have left by itself. The seer is who she is at her own.
func (s *Store) LeaveDesk(ctx context.Context, desks Desks, seer portal.Caller, session string, agent portal.AgentID, client string) error {
	now := s.now()
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := desks.SeeDesk(ctx, tx, seer, session, "", time.Time{}); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE desk_views SET ends = $1 WHERE collectivity = $2 AND agent = $3 AND viewer = $4 AND ends > $1`,
			database.Millis(now), string(seer.Collectivity), string(agent), string(seer.Agent))
		if err != nil {
			return err
		}
		return s.tellDesk(ctx, tx, seer, audit.DeskLeft, agent, "", client)
	})
	if err != nil {
		return fmt.Errorf("directory: leave desk: %w", err)
	}
	desks.Forget(seer.Account)
	return nil
}

func (s *Store) tellDesk(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, agent portal.AgentID, reason, client string) (err error) {
	line := audit.By(caller, action)
	line.At, line.ObjectID, line.Detail, line.Address = s.now(), string(agent), reason, client
	if line.Object, err = nameOf(ctx, tx, caller.Collectivity, agent); err != nil {
		return err
	}
	return audit.Write(ctx, tx, line)
}

// DeskViews lists who saw the caller's own desk, the last first, at most fifty.
func (s *Store) DeskViews(ctx context.Context, caller portal.Caller) ([]DeskView, error) {
	rows, err := s.db.Query(ctx, `
		SELECT COALESCE(a.given_name || ' ' || a.family_name, ''), v.reason, v.started, v.ends FROM desk_views v
		LEFT JOIN agents a ON a.collectivity = v.collectivity AND a.id = v.viewer
		WHERE v.collectivity = $1 AND v.agent = $2 AND $2 <> '' ORDER BY v.started DESC, v.id LIMIT 50`,
		string(caller.Collectivity), string(caller.Agent))
	views, err := database.Collect(rows, err, func(rows *sql.Rows) (view DeskView, err error) {
		var started, ends int64
		err = rows.Scan(&view.Viewer, &view.Reason, &started, &ends)
		view.Started, view.Ends = database.FromMillis(started), database.FromMillis(ends)
		return view, err
	})
	if err != nil {
		return nil, fmt.Errorf("directory: list desk views: %w", err)
	}
	return views, nil
}

// ForgetDeskViews drops those of a collectivity that were over a year ago.
func (s *Store) ForgetDeskViews(ctx context.Context, collectivity portal.CollectivityID, now time.Time) error {
	_, err := s.db.Exec(ctx, `DELETE FROM desk_views WHERE collectivity = $1 AND ends < $2`, string(collectivity), database.Millis(now.Add(-keptViews)))
	if err != nil {
		return fmt.Errorf("directory: forget desk views: %w", err)
	}
	return nil
}

// Desk is an agent's identity for who sees her desk: nothing of her other
// collectivities is in it.
func (d SignIn) Desk(ctx context.Context, seer portal.Caller, agent portal.AgentID) (*web.Identity, error) {
	she, err := d.deskOf(ctx, seer, agent)
	if err != nil {
		return nil, fmt.Errorf("directory: see desk: %w", err)
	}
	identity, err := d.identity(ctx, d.Theme, she.Account, she.Collectivity)
	if err == nil {
		identity.Memberships = nil
	}
	return identity, err
}
