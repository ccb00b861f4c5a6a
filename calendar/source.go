package calendar

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// Source offers the events of all calendars to search: an agent's own to her alone, those of the
// collectivity to who may read them.
type Source struct{ store *Store }

// Source is the store's events as search sees them.
func (s *Store) Source() Source { return Source{s} }

// Kind is search.KindEvent.
func (Source) Kind() search.Kind { return search.KindEvent }

// IDs lists the events of a collectivity.
func (s Source) IDs(ctx context.Context, collectivity portal.CollectivityID, after string, limit int) ([]string, error) {
	rows, err := s.store.db.Query(ctx, `
		SELECT id FROM calendar_objects WHERE collectivity = $1 AND component = $2 AND id > $3 ORDER BY id LIMIT 0 + $4`,
		string(collectivity), EventComponent, after, limit)
	ids, err := database.Collect(rows, err, scanString)
	return ids, wrap(err, "calendar: events to search")
}

// Load is the events as they are now. One that was stored under older limits and can't be parsed any
// more is in no index, as it is on no page.
func (s Source) Load(ctx context.Context, collectivity portal.CollectivityID, ids []string) ([]search.Document, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := []any{string(collectivity), EventComponent}
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := s.store.db.Query(ctx, `
		SELECT o.id, o.calendar, c.name, c.owner, o.octets, t.zone
		FROM calendar_objects o
		JOIN calendars c ON c.collectivity = $1 AND c.id = o.calendar
		JOIN collectivities t ON t.id = o.collectivity
		WHERE o.collectivity = $1 AND o.component = $2 AND o.id IN (`+database.Params(3, len(ids))+`)`, args...)
	found, err := database.Collect(rows, err, scanSearched)
	if err != nil {
		return nil, fmt.Errorf("calendar: events to search: %w", err)
	}
	audiences := map[CalendarID][]portal.GroupID{}
	var all []search.Document
	for _, f := range found {
		document, ok := f.document()
		if !ok {
			continue
		}
		audience, known := audiences[f.calendar]
		if !known {
			if audience, err = s.audience(ctx, collectivity, f.calendar); err != nil {
				return nil, fmt.Errorf("calendar: events to search: %w", err)
			}
			audiences[f.calendar] = audience
		}
		document.Audience = audience
		all = append(all, document)
	}
	return all, nil
}

// searched is an event with what search needs of its calendar.
type searched struct {
	id       EventID
	calendar CalendarID
	name     string // of the calendar
	owner    portal.AgentID
	octets   []byte
	zone     string
}

func scanSearched(rows *sql.Rows) (f searched, err error) {
	return f, rows.Scan(&f.id, &f.calendar, &f.name, &f.owner, &f.octets, &f.zone)
}

// document is the event without its audience; false for what is none any more.
func (f searched) document() (search.Document, bool) {
	o, err := Parse(f.octets)
	if err != nil {
		return search.Document{}, false
	}
	main := o.items[0]
	d := search.Document{
		Kind: search.KindEvent, ID: string(f.id), Detail: f.name,
		Title: propText(main.component, ical.PropSummary),
		Body:  strings.TrimSpace(propText(main.component, ical.PropLocation) + "\n" + propText(main.component, ical.PropDescription)),
		URL:   "/calendar/events/" + string(f.id),
		Icon:  "i-calendar",
		Date:  main.start.at(zoneNamed(f.zone)).In(time.UTC),
	}
	if f.owner != "" {
		d.Agents = []portal.AgentID{f.owner}
	}
	return d, true
}

// audience is the groups that may read a calendar. Without a group that only reads everyone does, and
// it is empty.
func (s Source) audience(ctx context.Context, collectivity portal.CollectivityID, id CalendarID) ([]portal.GroupID, error) {
	limited := false
	rows, err := s.store.db.Query(ctx, `SELECT group_id, writes FROM calendar_groups WHERE collectivity = $1 AND calendar = $2 ORDER BY group_id`,
		string(collectivity), string(id))
	groups, err := database.Collect(rows, err, func(rows *sql.Rows) (group portal.GroupID, err error) {
		var writes bool
		err = rows.Scan(&group, &writes)
		limited = limited || !writes
		return group, err
	})
	if err != nil || !limited {
		return nil, err
	}
	return groups, nil
}
