package booking

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/web"
)

// Query says which resources to list. The zero query lists the first page of those that can be booked.
type Query struct {
	Text  string // each of its words is in the name, the place or the address
	Kind  string // "" for all; a text that is none of Kinds finds none
	State string // "" for those that can be booked, Withdrawn for the others
	Page  int    // from 1; less is 1
}

// Withdrawn lists what can't be booked any more.
const Withdrawn = "withdrawn"

// Listed is a resource and how many bookings are to come.
type Listed struct {
	Resource
	ToCome int
}

// Page is a page of resources by name.
type Page struct {
	Resources   []Listed
	Total       int
	Page, Pages int
	Any         bool // the collectivity has some, whatever is asked
}

const listSize = 25

// List lists resources of the caller's collectivity, for its administrator.
func (s *Store) List(ctx context.Context, caller portal.Caller, query Query) (page Page, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Page{}, fmt.Errorf("booking: list: %w", err)
	}
	rows, err := s.db.Query(ctx, ofCollectivity, string(caller.Collectivity))
	all, err := database.Collect(rows, err, scan)
	if err != nil {
		return Page{}, wrap(err, "list")
	}
	page.Any = len(all) > 0
	all = slices.DeleteFunc(all, func(r Resource) bool {
		return !r.holds(query.Text) || query.Kind != "" && string(r.Kind) != query.Kind || r.Active == (query.State == Withdrawn)
	})
	slices.SortFunc(all, byName)
	page.Total = len(all)
	all, page.Page, page.Pages = web.PageOf(all, query.Page, listSize)
	for _, r := range all {
		page.Resources = append(page.Resources, Listed{Resource: r})
	}
	return page, s.count(ctx, caller, page.Resources)
}

// count fills in how many bookings of each are to come.
func (s *Store) count(ctx context.Context, caller portal.Caller, listed []Listed) error {
	ids := make([]ResourceID, len(listed))
	for i, one := range listed {
		ids[i] = one.ID
	}
	among, args := database.Among([]any{string(caller.Collectivity), database.Millis(s.now())}, ids)
	rows, err := s.db.Query(ctx, `
		SELECT resource, COUNT(*) FROM bookings WHERE collectivity = $1 AND ends > $2 AND resource IN `+among+` GROUP BY resource`, args...)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var id ResourceID
		var count int
		err = rows.Scan(&id, &count)
		for i := range listed {
			if listed[i].ID == id {
				listed[i].ToCome = count
			}
		}
		return none, err
	})
	return wrap(err, "count bookings")
}

// ToCome is how many bookings of a resource are to come, for the administrator of its collectivity.
func (s *Store) ToCome(ctx context.Context, caller portal.Caller, r Resource) (int, error) {
	listed := []Listed{{Resource: r}}
	err := s.count(ctx, caller, listed)
	return listed[0].ToCome, err
}
