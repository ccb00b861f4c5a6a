package pool

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/web"
)

// Trouble is one kind of things that do not work in collectivities: letters given
// up, agendas that can't be read. A feature says how many there are, and never of
// whom.
type Trouble struct {
	Key   string // of the sentences "pool.trouble.mail" and "pool.trouble.mail.column"
	Count func(ctx context.Context) (map[portal.CollectivityID]int, error)
}

// Sizes tells how much collectivities keep.
type Sizes interface {
	// Size is how many bytes the files of a collectivity take.
	Size(ctx context.Context, id portal.CollectivityID) (int64, error)
	// Sizes are those of several; one that keeps none is left out.
	Sizes(ctx context.Context, ids []portal.CollectivityID) (map[portal.CollectivityID]int64, error)
}

// wrong is what of one kind does not work in a collectivity.
type wrong struct {
	Key   string
	Count int
}

// States of a collectivity beside those of the directory, to narrow the list by.
const (
	troubled = "trouble"
	quiet    = "quiet" // open, and nobody signed in for a while
)

// quietAfter is how long a collectivity may be without any sign-in before the list
// can be narrowed to it.
const quietAfter = 30 * 24 * time.Hour

// row is a collectivity in the list.
type row struct {
	directory.Hosted
	Last  time.Time // sign-in, zero for none in its journal
	Size  int64     // bytes
	Wrong []wrong
}

func (one row) of(key string) int {
	for _, w := range one.Wrong {
		if w.Key == key {
			return w.Count
		}
	}
	return 0
}

// rows is a page of the list.
type rows struct {
	directory.PoolList
	Rows     []row
	Troubled int // collectivities of the pool in which something does not work
}

// wrongs counts what does not work in each collectivity, in the order of the kinds.
func (h *Handler) wrongs(ctx context.Context) (map[portal.CollectivityID][]wrong, error) {
	all := map[portal.CollectivityID][]wrong{}
	for _, kind := range h.Troubles {
		found, err := kind.Count(ctx)
		if err != nil {
			return nil, fmt.Errorf("pool: what is wrong with %s: %w", kind.Key, err)
		}
		for id, count := range found {
			if id != "" && count > 0 { // "" is the installation
				all[id] = append(all[id], wrong{kind.Key, count})
			}
		}
	}
	return all, nil
}

func (h *Handler) wrongIn(r *http.Request, id portal.CollectivityID) ([]wrong, error) {
	all, err := h.wrongs(r.Context())
	return all[id], err
}

// find reads a page of the list, what is broken first.
func (h *Handler) find(r *http.Request, query directory.PoolQuery) (found rows, err error) {
	ctx, caller := r.Context(), web.CallerOf(r)
	all, err := h.wrongs(ctx)
	if err != nil {
		return rows{}, err
	}
	found.Troubled = len(all)
	query.First = map[portal.CollectivityID]int{}
	for id, kinds := range all {
		query.First[id] = len(kinds)
	}
	switch query.State {
	case troubled:
		query.State, query.Among = "", map[portal.CollectivityID]bool{}
		for id := range all {
			query.Among[id] = true
		}
	case quiet:
		query.State = directory.CollectivityOpen
		if query.Among, err = h.Journal.QuietSince(ctx, caller, web.Now(r).Add(-quietAfter)); err != nil {
			return rows{}, err
		}
	}
	if found.PoolList, err = h.Store.Pool(ctx, caller, query); err != nil {
		return rows{}, err
	}
	ids := make([]portal.CollectivityID, len(found.PoolList.Rows))
	for i, one := range found.PoolList.Rows {
		ids[i] = one.ID
	}
	last, err := h.Journal.LastEntries(ctx, caller, ids)
	if err != nil {
		return rows{}, err
	}
	sizes, err := h.Sizes.Sizes(ctx, ids)
	if err != nil {
		return rows{}, err
	}
	for _, one := range found.PoolList.Rows {
		found.Rows = append(found.Rows, row{one, last[one.ID], sizes[one.ID], all[one.ID]})
	}
	return found, nil
}
