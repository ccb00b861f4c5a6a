package quota

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Use counts what collectivities hold of a kind.
type Use struct {
	// All counts for each; one that holds nothing may be left out.
	All func(ctx context.Context) (map[portal.CollectivityID]int64, error)
	// One counts for a collectivity.
	One func(ctx context.Context, id portal.CollectivityID) (int64, error)
}

// Full is the share of a bound from which its collectivity and the pool are warned, in
// hundredths.
const Full = 90

// Held is what a collectivity holds of a kind.
type Held struct {
	Kind  Kind
	Used  int64
	Bound int64 // None for any
	Own   bool  // the bound is the collectivity's own
}

// Share is how much of the bound is used, in hundredths; 0 without bound.
func (h Held) Share() int64 {
	switch {
	case h.Bound < 0:
		return 0
	case h.Bound == 0:
		return 100
	}
	return h.Used * 100 / h.Bound
}

// Near says whether there is little room left.
func (h Held) Near() bool { return h.Bound >= 0 && h.Share() >= Full }

// Store sets bounds, and knows who comes near hers.
type Store struct {
	db   *database.DB
	log  *slog.Logger
	uses map[Kind]Use
	now  func() time.Time

	counting sync.Mutex
	near     atomic.Pointer[map[portal.CollectivityID][]Held]
}

// New returns the bounds of a pool, whose features count what they keep.
func New(db *database.DB, log *slog.Logger, uses map[Kind]Use) *Store {
	return &Store{db: db, log: log, uses: uses, now: time.Now}
}

// countEvery is how old a warning may be: counting reads every collectivity.
const countEvery = time.Minute

// Run counts again and again until the context ends.
func (s *Store) Run(ctx context.Context) error {
	ticker := time.NewTicker(countEvery)
	defer ticker.Stop()
	for {
		if err := s.Refresh(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("what collectivities hold could not be counted", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// bounds are those of the pool, and those of collectivities.
func (s *Store) bounds(ctx context.Context) (pool map[Kind]int64, own map[portal.CollectivityID]map[Kind]int64, err error) {
	pool, own = map[Kind]int64{}, map[portal.CollectivityID]map[Kind]int64{}
	err = s.db.ReadAll(ctx, database.Read{Query: `SELECT kind, bound FROM pool_quotas`, Row: func(scan func(...any) error) error {
		var kind Kind
		var bound int64
		err := scan(&kind, &bound)
		pool[kind] = bound
		return err
	}}, database.Read{Query: `SELECT collectivity, kind, bound FROM collectivity_quotas`, Row: func(scan func(...any) error) error {
		var id portal.CollectivityID
		var kind Kind
		var bound int64
		err := scan(&id, &kind, &bound)
		if own[id] == nil {
			own[id] = map[Kind]int64{}
		}
		own[id][kind] = bound
		return err
	}})
	if err != nil {
		return nil, nil, fmt.Errorf("quota: read bounds: %w", err)
	}
	return pool, own, nil
}

// held is what a collectivity holds of a kind, by the bounds that were read.
func held(kind Kind, used int64, pool, own map[Kind]int64) Held {
	h := Held{Kind: kind, Used: used, Bound: None}
	if bound, ok := pool[kind]; ok {
		h.Bound = bound
	}
	if bound, ok := own[kind]; ok {
		h.Bound, h.Own = bound, true
	}
	return h
}

// Refresh counts who comes near her bound. What nobody bounds is not counted.
func (s *Store) Refresh(ctx context.Context) error {
	s.counting.Lock()
	defer s.counting.Unlock()
	pool, own, err := s.bounds(ctx)
	if err != nil {
		return err
	}
	near := map[portal.CollectivityID][]Held{}
	for _, kind := range Kinds {
		_, bounded := pool[kind]
		for _, some := range own {
			_, ok := some[kind]
			bounded = bounded || ok
		}
		if !bounded {
			continue
		}
		used, err := s.uses[kind].All(ctx)
		if err != nil {
			return err
		}
		for id, count := range used {
			if h := held(kind, count, pool, own[id]); h.Near() {
				near[id] = append(near[id], h)
			}
		}
	}
	s.near.Store(&near)
	return nil
}

// Near is who comes near her bound, as it was counted a minute ago at the most. It reads
// memory only, and is not to be changed.
func (s *Store) Near() map[portal.CollectivityID][]Held {
	if near := s.near.Load(); near != nil {
		return *near
	}
	return nil
}

// Of is what a collectivity holds now. portal.ErrDenied but for who operates the pool, and
// for who governs that collectivity.
func (s *Store) Of(ctx context.Context, caller portal.Caller, id portal.CollectivityID) ([]Held, error) {
	if !caller.Can(portal.OperatePool) && (caller.Collectivity != id || !caller.Administers()) {
		return nil, fmt.Errorf("quota: of %q: %w", id, portal.ErrDenied)
	}
	pool, own, err := s.bounds(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]Held, len(Kinds))
	for i, kind := range Kinds {
		used, err := s.uses[kind].One(ctx, id)
		if err != nil {
			return nil, err
		}
		all[i] = held(kind, used, pool, own[id])
	}
	return all, nil
}

// Pool are the bounds of all, by kind; one without is None.
func (s *Store) Pool(ctx context.Context, caller portal.Caller) ([]Held, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return nil, fmt.Errorf("quota: of the pool: %w", err)
	}
	pool, _, err := s.bounds(ctx)
	all := make([]Held, len(Kinds))
	for i, kind := range Kinds {
		all[i] = held(kind, 0, pool, nil)
	}
	return all, err
}

// most is the highest bound: a petabyte, or as many of anything else.
const most = 1 << 50

// Shown are the bounds of a collectivity, "" for the pool's, as Set compares them with what
// a form showed: "documents=1048576 agents=-1". It needs the right to operate the pool.
func (s *Store) Shown(ctx context.Context, caller portal.Caller, id portal.CollectivityID) (string, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return "", fmt.Errorf("quota: of %q: %w", id, err)
	}
	bounds, err := read(ctx, s.db, id)
	return text(bounds), err
}

func read(ctx context.Context, from database.Reader, id portal.CollectivityID) (map[Kind]int64, error) {
	query, args := `SELECT kind, bound FROM pool_quotas`, []any{}
	if id != "" {
		query, args = `SELECT kind, bound FROM collectivity_quotas WHERE collectivity = $1`, []any{string(id)}
	}
	bounds := map[Kind]int64{}
	rows, err := from.Query(ctx, query, args...)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var kind Kind
		var bound int64
		err = rows.Scan(&kind, &bound)
		bounds[kind] = bound
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("quota: of %q: %w", id, err)
	}
	return bounds, nil
}

func text(bounds map[Kind]int64) string {
	var words []string
	for _, kind := range Kinds {
		if one := word(bounds, kind); one != "" {
			words = append(words, one)
		}
	}
	return strings.Join(words, " ")
}

// word is one bound as Shown has it, "" for none.
func word(bounds map[Kind]int64, kind Kind) string {
	if bound, ok := bounds[kind]; ok {
		return fmt.Sprintf("%s=%d", kind, bound)
	}
	return ""
}

// Untouched says whether a kind is as a form showed it.
func Untouched(shown string, bounds map[Kind]int64, kind Kind) bool {
	was := ""
	for one := range strings.FieldsSeq(shown) {
		if strings.HasPrefix(one, string(kind)+"=") {
			was = one
		}
	}
	return was == word(bounds, kind)
}

// merge brings together what an operator typed over what she was shown, and what another
// one saved since: portal.FieldErrors that are a portal.ErrConflict, with what they are now,
// for the kinds that both changed.
func merge(shown string, typed, now map[Kind]int64) (map[Kind]int64, error) {
	merged := map[Kind]int64{}
	var others portal.FieldErrors
	for _, kind := range Kinds {
		from := typed
		if Untouched(shown, typed, kind) {
			from = now
		} else if !Untouched(shown, now, kind) && word(now, kind) != word(typed, kind) {
			others = append(others, another(now, kind))
		}
		if bound, ok := from[kind]; ok {
			merged[kind] = bound
		}
	}
	if len(others) > 0 {
		return nil, fmt.Errorf("%w: %w", portal.ErrConflict, others)
	}
	return merged, nil
}

// another says what another operator made of a kind.
func another(now map[Kind]int64, kind Kind) portal.UserError {
	bound, ok := now[kind]
	switch {
	case !ok:
		return portal.Invalid(string(kind), "quota.meanwhile.left")
	case bound < 0:
		return portal.Invalid(string(kind), "quota.meanwhile.none")
	case kind == Documents:
		return portal.Invalid(string(kind), "quota.meanwhile.documents", "max", megabytes(bound))
	}
	return portal.Invalid(string(kind), "quota.meanwhile.bound", "max", bound)
}

// Set replaces the bounds of a collectivity, "" for the pool's. A kind that is left out
// follows the pool, or has none. It needs the right to operate the pool, and is told in
// the journal of the collectivity too. shown is what Shown was: what another operator
// changed since stays where this one changed nothing, and is a portal.ErrConflict, with what
// it is now at its field, where she did.
func (s *Store) Set(ctx context.Context, caller portal.Caller, id portal.CollectivityID, shown string, bounds map[Kind]int64, address string) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("quota: set: %w", err)
	}
	var wrong portal.Check
	for _, kind := range Kinds {
		if bound, ok := bounds[kind]; ok && (bound < None || bound > most) {
			wrong.Add(string(kind), "quota.bound")
		}
	}
	if err := wrong.OrNil(); err != nil {
		return fmt.Errorf("quota: set: %w", err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		line := audit.Line{At: s.now(), Account: caller.Account, Action: audit.QuotasSet, ObjectID: string(id), Address: address}
		journals := []portal.CollectivityID{""}
		if id != "" {
			if err := tx.QueryRow(ctx, `SELECT name FROM collectivities WHERE id = $1`, string(id)).Scan(&line.Object); err != nil {
				return err
			}
			journals = append(journals, id)
		}
		now, err := read(ctx, tx, id)
		if err != nil {
			return err
		}
		merged, err := merge(shown, bounds, now)
		if line.Detail = text(merged); err != nil || line.Detail == text(now) { // so they are: it was sent twice
			return err
		}
		if err := replace(ctx, tx, id, merged); err != nil {
			return err
		}
		for _, line.Collectivity = range journals {
			if err := audit.Write(ctx, tx, line); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("quota: set of %q: %w", id, err)
	}
	if err := s.Refresh(ctx); err != nil {
		s.log.Warn("who comes near her bound is told a minute late", "error", err)
	}
	return nil
}

func replace(ctx context.Context, tx *database.Tx, id portal.CollectivityID, bounds map[Kind]int64) (err error) {
	if id == "" {
		err = tx.Write(ctx, `DELETE FROM pool_quotas`)
	} else {
		err = tx.Write(ctx, `DELETE FROM collectivity_quotas WHERE collectivity = $1`, string(id))
	}
	for kind, bound := range bounds {
		if err == nil {
			err = write(ctx, tx, id, kind, bound)
		}
	}
	return err
}

func write(ctx context.Context, tx *database.Tx, id portal.CollectivityID, kind Kind, bound int64) error {
	if id == "" {
		return tx.Write(ctx, `INSERT INTO pool_quotas (kind, bound) VALUES ($1, $2)`, string(kind), bound)
	}
	return tx.Write(ctx, `INSERT INTO collectivity_quotas (collectivity, kind, bound) VALUES ($1, $2, $3)`, string(id), string(kind), bound)
}
