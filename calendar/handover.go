package calendar

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// owned is a calendar of one agent.
type owned struct {
	id         CalendarID
	slug, name string
}

func (s *Store) ownedBy(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID) ([]owned, error) {
	rows, err := tx.Query(ctx, `SELECT id, slug, name FROM calendars WHERE collectivity = $1 AND owner = $2 ORDER BY id`, string(collectivity), string(agent))
	return database.Collect(rows, err, scanOwned)
}

func scanOwned(rows *sql.Rows) (c owned, err error) { return c, rows.Scan(&c.id, &c.slug, &c.name) }

// HandOver gives the calendars of who leaves to a colleague, in the transaction of the
// departure: they stand beside her own, under the name that they are given, and take none
// of her time. The mark names the departure, for HandBack.
func (s *Store) HandOver(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, from, to portal.AgentID, mark, name string) error {
	calendars, err := s.ownedBy(ctx, tx, collectivity, from)
	if err != nil {
		return wrap(err, "calendar: hand over")
	}
	for _, c := range calendars {
		next := owned{id: c.id, slug: mark + "-" + c.slug, name: name}
		if c.id == CalendarID(from) {
			next.id = CalendarID(portal.NewID()) // hers names her first one, which begins anew if she comes back
		} else if c.name != "" {
			next.name = c.name + " (" + name + ")"
		}
		if err := s.move(ctx, tx, collectivity, c.id, next, to, false); err != nil {
			return wrap(err, "calendar: hand over %q", c.id)
		}
	}
	return nil
}

// HandBack undoes HandOver, whoever was given the calendars since: the colleague may have
// left in her turn. What was deleted meanwhile stays deleted.
func (s *Store) HandBack(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, from portal.AgentID, mark, name string) error {
	rows, err := tx.Query(ctx, `SELECT id, slug, name FROM calendars WHERE collectivity = $1 AND slug LIKE '%' || $2 || '-%' ORDER BY id`, string(collectivity), mark)
	calendars, err := database.Collect(rows, err, scanOwned)
	if err != nil {
		return wrap(err, "calendar: hand back")
	}
	for _, c := range calendars {
		_, slug, _ := strings.Cut(c.slug, mark+"-")
		called, _, _ := strings.Cut(c.name, " ("+name+")")
		back := owned{id: c.id, slug: slug, name: called}
		if slug == PersonalSlug {
			back = owned{CalendarID(from), PersonalSlug, ""}
		}
		if err := s.move(ctx, tx, collectivity, c.id, back, from, true); err != nil {
			return wrap(err, "calendar: hand back %q", c.id)
		}
	}
	return nil
}

// move gives a calendar to another owner, under another id when that is another. Who
// reads it changed: phones read all of it again, and so does the search.
func (s *Store) move(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id CalendarID, next owned, owner portal.AgentID, busy bool) error {
	err := tx.Write(ctx, `UPDATE calendars SET id = $3, owner = $4, slug = $5, name = $6, busy = $7, epoch = $8 WHERE collectivity = $1 AND id = $2`,
		string(collectivity), string(id), string(next.id), string(owner), next.slug, next.name, busy, portal.NewID())
	if err != nil {
		return err
	}
	if next.id != id {
		for _, text := range []string{
			`UPDATE calendar_objects SET calendar = $3 WHERE collectivity = $1 AND calendar = $2`,
			`UPDATE calendar_changes SET calendar = $3 WHERE collectivity = $1 AND calendar = $2`,
			`UPDATE calendar_shares SET calendar = $3 WHERE collectivity = $1 AND calendar = $2`,
			`UPDATE calendar_looks SET calendar = $3 WHERE collectivity = $1 AND calendar = $2`,
			`DELETE FROM calendar_undo WHERE collectivity = $1 AND calendar IN ($2, $3)`,
			`DELETE FROM calendar_feeds WHERE collectivity = $1 AND calendar IN ($2, $3)`,
		} {
			if err := tx.Write(ctx, text, string(collectivity), string(id), string(next.id)); err != nil {
				return err
			}
		}
	}
	rows, err := tx.Query(ctx, `SELECT id FROM calendar_objects WHERE collectivity = $1 AND calendar = $2`, string(collectivity), string(next.id))
	ids, err := database.Collect(rows, err, scanString)
	if err == nil && s.resources != nil {
		err = s.resources.HandOver(ctx, tx, collectivity, ids, owner)
	}
	if err != nil {
		return err
	}
	return s.queue.Changed(ctx, tx, collectivity, search.KindEvent, ids...)
}

// LeftBy counts the events of an agent's own calendars, for who plans her departure.
func (s *Store) LeftBy(ctx context.Context, she portal.Caller) ([]portal.Left, error) {
	left := portal.Left{Key: "calendar.left"}
	err := s.db.QueryRow(ctx, `
		SELECT COUNT(*) FROM calendar_objects o JOIN calendars c ON c.collectivity = o.collectivity AND c.id = o.calendar
		WHERE o.collectivity = $1 AND c.owner = $2`, string(she.Collectivity), string(she.Agent)).Scan(&left.Count)
	if err != nil {
		return nil, fmt.Errorf("calendar: what is left: %w", err)
	}
	return []portal.Left{left}, nil
}
