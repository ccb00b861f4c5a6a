package calendar

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/todo"
)

// InvitationSource is the invitations that an agent has not answered: each leads to its event.
type InvitationSource struct {
	todo.OnPages
	Store *Store
}

var _ todo.Source = InvitationSource{}

// Manifest implements todo.Source.
func (InvitationSource) Manifest() todo.Manifest {
	return todo.Manifest{ID: "invitations", Name: "calendar.todo", Icon: "calendar"}
}

// waiting are the invitations to what is not over yet.
const waiting = `
	FROM calendars c JOIN calendar_objects o ON o.collectivity = $1 AND o.calendar = c.id AND o.asked AND o.last_end > $3
	WHERE c.collectivity = $1 AND c.owner = $2`

func (s InvitationSource) args(caller portal.Caller) []any {
	return []any{string(caller.Collectivity), string(caller.Agent), database.Millis(s.Store.now())}
}

// Count implements todo.Source.
func (s InvitationSource) Count(ctx context.Context, caller portal.Caller) (count int, err error) {
	if caller.Agent == "" {
		return 0, nil
	}
	if err := s.Store.db.QueryRow(ctx, `SELECT COUNT(*)`+waiting, s.args(caller)...).Scan(&count); err != nil {
		return 0, fmt.Errorf("calendar: count invitations: %w", err)
	}
	return count, nil
}

// List implements todo.Source.
func (s InvitationSource) List(ctx context.Context, request todo.Request, limit int) (todo.List, error) {
	total, err := s.Count(ctx, request.Caller)
	if err != nil || total == 0 {
		return todo.List{}, err
	}
	rows, err := s.Store.db.Query(ctx, `SELECT o.id, o.modified, o.octets`+waiting+` ORDER BY o.first_start, o.id LIMIT 0 + $4`, append(s.args(request.Caller), limit)...)
	items, err := database.Collect(rows, err, func(rows *sql.Rows) (todo.Item, error) {
		var modified int64
		var octets []byte
		item := todo.Item{}
		if err := rows.Scan(&item.ID, &modified, &octets); err != nil {
			return item, err
		}
		item.Link, item.Since = "/calendar/events/"+item.ID, database.FromMillis(modified).In(request.Now.Location())
		item.Title = request.Printer.T("calendar.untitled")
		o, err := Parse(octets)
		if err != nil {
			return item, nil // stored under older limits
		}
		event := eventOf(Calendar{Zone: request.Now.Location()}, Entry{}, o)
		if event.Title != "" {
			item.Title = event.Title
		}
		organizer := o.invited(nil, event.Start, request.Now.Location()).Organizer
		if item.Who = organizer.Name; item.Who == "" {
			item.Who = organizer.Address
		}
		item.Detail = capital(event.whenWords(request.Printer, request.Now.Location()))
		return item, nil
	})
	if err != nil {
		return todo.List{}, fmt.Errorf("calendar: list invitations: %w", err)
	}
	return todo.List{Items: items, Total: total}, nil
}
