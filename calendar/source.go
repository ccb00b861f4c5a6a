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

// Load is the events as they are now.
func (s Source) Load(ctx context.Context, collectivity portal.CollectivityID, ids []string) ([]search.Document, error) {
	var all []search.Document
	for _, id := range ids {
		rows, err := s.store.db.Query(ctx, `
			SELECT o.id, c.name, c.owner, o.octets, t.zone,
			       COALESCE(g.group_id, ''), COALESCE(g.writes, FALSE)
			FROM calendar_objects o
			JOIN calendars c ON c.collectivity = $1 AND c.id = o.calendar
			JOIN collectivities t ON t.id = o.collectivity
			LEFT JOIN calendar_groups g ON g.collectivity = $1 AND g.calendar = o.calendar
			WHERE o.collectivity = $1 AND o.id = $2 AND o.component = $3`, string(collectivity), id, EventComponent)
		found, err := database.Collect(rows, err, scanSearched)
		if err != nil {
			return nil, fmt.Errorf("calendar: events to search: %w", err)
		}
		if len(found) > 0 {
			all = append(all, searchDocument(found))
		}
	}
	return all, nil
}

// searched is an event with one of its calendar's groups.
type searched struct {
	document search.Document
	group    portal.GroupID
	writes   bool
}

func scanSearched(rows *sql.Rows) (searched, error) {
	var f searched
	var owner portal.AgentID
	var zone string
	var octets []byte
	d := &f.document
	if err := rows.Scan(&d.ID, &d.Detail, &owner, &octets, &zone, &f.group, &f.writes); err != nil {
		return f, err
	}
	o, err := Parse(octets)
	if err != nil {
		return f, err
	}
	main := o.items[0]
	d.Kind = search.KindEvent
	d.Title = propText(main.component, ical.PropSummary)
	d.Body = strings.TrimSpace(propText(main.component, ical.PropLocation) + "\n" + propText(main.component, ical.PropDescription))
	d.URL = "/calendar/events/" + d.ID
	d.Icon = "i-calendar"
	d.Date = main.start.at(zoneNamed(zone)).In(time.UTC)
	if owner != "" {
		d.Agents = []portal.AgentID{owner}
	}
	return f, nil
}

// searchDocument joins an event's rows. Without a group that only reads everyone reads, so the
// audience stays empty.
func searchDocument(rows []searched) search.Document {
	d := rows[0].document
	limited := false
	for _, f := range rows {
		if f.group != "" {
			d.Audience = append(d.Audience, f.group)
			limited = limited || !f.writes
		}
	}
	if !limited {
		d.Audience = nil
	}
	return d
}
