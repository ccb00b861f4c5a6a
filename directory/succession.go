package directory

import (
	"context"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/todo"
)

// SuccessionSource tells an agent that she comes after somebody who leaves.
type SuccessionSource struct{ Store *Store }

var _ todo.Source = SuccessionSource{}

const knownAction = "known"

// Manifest implements todo.Source.
func (SuccessionSource) Manifest() todo.Manifest {
	return todo.Manifest{
		ID: "successions", Name: "directory.todo.successions", Icon: "leaving",
		Actions: []todo.Action{{Name: knownAction, Label: "directory.todo.known", Main: true}},
	}
}

// Count implements todo.Source.
func (s SuccessionSource) Count(ctx context.Context, caller portal.Caller) (count int, err error) {
	if caller.Agent == "" {
		return 0, nil
	}
	err = s.Store.db.QueryRow(ctx, `SELECT COUNT(*) FROM planned_departures WHERE collectivity = $1 AND successor = $2 AND seen = 0`,
		string(caller.Collectivity), string(caller.Agent)).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("directory: count successions: %w", err)
	}
	return count, nil
}

// List implements todo.Source.
func (s SuccessionSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	if request.Caller.Agent == "" {
		return todo.List{}, nil
	}
	all, err := s.Store.succeeding(ctx, request.Caller)
	list := todo.List{Total: len(all)}
	for _, one := range all[:min(limit, len(all))] {
		list.Items = append(list.Items, todo.Item{
			ID: string(one.Agent), Since: one.Since, Actions: []string{knownAction},
			Title:  request.Printer.T("directory.todo.succession", "name", one.Name, "day", request.Printer.Date(dayOf(one.LastDay), request.Now)),
			Detail: request.Printer.T("directory.todo.succession.detail"),
		})
	}
	return list, err
}

// Recent implements todo.Source: what she knows needs no way back beyond the moment.
func (SuccessionSource) Recent(context.Context, todo.Request) ([]todo.Done, error) { return nil, nil }

// Act says that she knows.
func (s SuccessionSource) Act(ctx context.Context, request todo.Request, item, action string, _ todo.Values) (todo.Done, error) {
	if action != knownAction {
		return todo.Done{}, fmt.Errorf("directory: succession: %w", portal.ErrNotFound)
	}
	if err := s.Store.setSeen(ctx, request.Caller, portal.AgentID(item), request.Now); err != nil {
		return todo.Done{}, err
	}
	return todo.Done{Token: item, Said: todo.Sentence{Key: "directory.todo.noted"}, At: request.Now}, nil
}

// Undo takes it back.
func (s SuccessionSource) Undo(ctx context.Context, request todo.Request, token string) (todo.Sentence, error) {
	err := s.Store.setSeen(ctx, request.Caller, portal.AgentID(token), time.Time{})
	return todo.Sentence{Key: "directory.todo.again"}, err
}
