package mirror

import (
	"context"
	"errors"
	"fmt"

	"parvis/portal"
	"parvis/todo"
)

// Source is what a mirror asks of the administrators of its collectivity: each
// item leads to the page where she sees what she decides.
type Source struct {
	todo.OnPages
	Mirror *Mirror
}

var _ todo.Source = Source{}

// Manifest implements todo.Source.
func (Source) Manifest() todo.Manifest {
	return todo.Manifest{ID: "mirror", Name: "mirror.todo", Icon: "refresh"}
}

// Count implements todo.Source.
func (s Source) Count(ctx context.Context, caller portal.Caller) (count int, err error) {
	if !caller.Can(portal.Admin) {
		return 0, nil
	}
	err = s.Mirror.db.QueryRow(ctx, `
		SELECT CASE WHEN waiting <> '' THEN 1 ELSE 0 END + CASE WHEN failing > 0 THEN 1 ELSE 0 END
			+ CASE WHEN EXISTS (SELECT 1 FROM mirror_links l WHERE l.collectivity = $1) THEN 1 ELSE 0 END
		FROM mirrors WHERE collectivity = $1 AND active`, string(caller.Collectivity)).Scan(&count)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return 0, fmt.Errorf("mirror: count what waits: %w", err)
	}
	return count, nil
}

// List implements todo.Source.
func (s Source) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	if !request.Caller.Can(portal.Admin) {
		return todo.List{}, nil
	}
	status, err := s.Mirror.status(ctx, request.Caller.Collectivity)
	if err != nil || !status.Active {
		return todo.List{}, err
	}
	var items []todo.Item
	if status.Waiting != "" {
		run, err := s.Mirror.RunOf(ctx, request.Caller, status.Waiting)
		if err != nil {
			return todo.List{}, err
		}
		title := request.Printer.T("mirror.todo.loss")
		if run.Leaving() > 0 {
			title = request.Printer.N("mirror.todo.asks", run.Leaving())
		}
		items = append(items, todo.Item{
			ID: "asks", Title: title, Detail: request.Printer.T("mirror.asks.why"),
			Since: run.Began, Link: address + "/runs/" + run.ID,
		})
	}
	if !status.Failing.IsZero() {
		items = append(items, todo.Item{
			ID: "failing", Title: request.Printer.T("mirror.todo.failing"), Detail: status.Fault.In(request.Printer), Since: status.Failing, Link: address,
		})
	}
	if status.Links > 0 {
		items = append(items, todo.Item{
			ID: "links", Title: request.Printer.N("mirror.todo.links", status.Links), Detail: request.Printer.T("mirror.links.lead"), Since: status.linked, Link: address + "#links",
		})
	}
	return todo.List{Items: items[:min(limit, len(items))], Total: len(items)}, nil
}
