package webhooks

import (
	"context"
	"fmt"

	"parvis/portal"
	"parvis/todo"
)

// Source tells the administrators of a collectivity which of its programs are told
// nothing any more: each item leads to the page where she has it told again.
type Source struct {
	todo.OnPages
	Store *Store
}

var _ todo.Source = Source{}

// Manifest implements todo.Source.
func (Source) Manifest() todo.Manifest {
	return todo.Manifest{ID: "webhooks", Name: "webhooks.todo", Icon: "send"}
}

// Count implements todo.Source.
func (s Source) Count(ctx context.Context, caller portal.Caller) (count int, err error) {
	if !caller.Can(portal.Admin) {
		return 0, nil
	}
	err = s.Store.DB.QueryRow(ctx, `SELECT COUNT(*) FROM webhooks WHERE collectivity = $1 AND state = 'stopped'`, string(caller.Collectivity)).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("webhooks: count what waits: %w", err)
	}
	return count, nil
}

// List implements todo.Source.
func (s Source) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	stopped, err := s.Store.StoppedOnes(ctx, request.Caller)
	if err != nil {
		return todo.List{}, err
	}
	var items []todo.Item
	for _, one := range stopped {
		items = append(items, todo.Item{
			ID: one.ID, Title: request.Printer.T("webhooks.todo.stopped", "name", one.Label), Detail: request.Printer.T("webhooks.todo.why"),
			Since: one.Turned, Link: base + "/" + one.ID,
		})
	}
	return todo.List{Items: items[:min(limit, len(items))], Total: len(items)}, nil
}
