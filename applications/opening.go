package applications

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// Openings tells to whom the applications of the caller's collectivity are open;
// what is given to agents in their own name is read for some of them, or for nil of
// all. portal.ErrDenied but for its administrator.
func (s *Store) Openings(ctx context.Context, caller portal.Caller, agents []portal.AgentID) ([]portal.Opening, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("applications: list openings: %w", err)
	}
	all, err := s.catalogue(ctx, caller.Collectivity)
	if err != nil {
		return nil, err
	}
	var openings []portal.Opening
	for _, app := range all.apps {
		open := app.opening()
		to := func(kind portal.SubjectKind, id string) {
			open.To = portal.Subject{Kind: kind, ID: id}
			openings = append(openings, open)
		}
		if len(app.Audience) == 0 && len(app.Units) == 0 {
			to(portal.Everyone, "")
		}
		for _, group := range app.Audience {
			to(portal.TheGroup, string(group))
		}
		for _, unit := range app.Units {
			to(portal.TheUnit, string(unit))
		}
	}
	own, err := s.ownOpenings(ctx, caller.Collectivity, all, agents)
	if err != nil {
		return nil, fmt.Errorf("applications: list openings: %w", err)
	}
	return append(openings, own...), nil
}

func (a Application) opening() portal.Opening {
	return portal.Opening{
		Mention: portal.Mention{Kind: "applications.mention", Name: a.Name, Path: "/admin/applications/" + a.ID + "/access", Icon: a.Icon},
		ID:      a.ID, Does: portal.Opens,
	}
}

// ownOpenings are what is given to agents in their own name and not over.
func (s *Store) ownOpenings(ctx context.Context, collectivity portal.CollectivityID, all *catalogue, agents []portal.AgentID) ([]portal.Opening, error) {
	args := []any{string(collectivity), database.Millis(s.now())}
	whose := ""
	if agents != nil {
		var list string
		list, args = database.Among(args, agents)
		whose = ` AND agent IN ` + list
	}
	rows, err := s.db.Query(ctx, `
		SELECT application, agent, until FROM application_grants
		WHERE collectivity = $1 AND revoked = 0 AND (until = 0 OR until > $2)`+whose+` ORDER BY application, agent`, args...)
	type grant struct {
		application, agent string
		until              int64
	}
	grants, err := database.Collect(rows, err, func(rows *sql.Rows) (one grant, err error) {
		return one, rows.Scan(&one.application, &one.agent, &one.until)
	})
	var openings []portal.Opening
	for _, one := range grants {
		app, err := all.find(one.application)
		if err != nil {
			continue // it was deleted, and may be restored
		}
		open := app.opening()
		open.To, open.Until = portal.Subject{Kind: portal.TheAgent, ID: one.agent}, database.FromMillis(one.until)
		openings = append(openings, open)
	}
	return openings, err
}
