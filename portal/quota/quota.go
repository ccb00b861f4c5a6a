// Package quota bounds what a collectivity may hold: the pool's operator sets a bound for
// all, and others for some. A feature asks in the transaction of what it creates, after it
// wrote it, so that two which are begun at once are counted together and neither is half
// done. What is there already stays, however low the bound.
package quota

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// Locales holds the sentences of those who meet a bound.
//
//go:embed locales/*.json
var Locales embed.FS

// Kind is something that is counted.
type Kind string

// The kinds, in the order in which they are shown.
const (
	Documents     Kind = "documents" // bytes of files, older versions and the bin included
	Agents        Kind = "agents"    // active ones
	Subscriptions Kind = "subscriptions"
	Letters       Kind = "letters" // of invitation, in the last 24 hours
)

// Kinds lists them.
var Kinds = []Kind{Documents, Agents, Subscriptions, Letters}

// None is the bound of what is not bounded.
const None = -1

// Row reads one row: a transaction, or the store.
type Row interface {
	QueryRow(ctx context.Context, query string, args ...any) database.Row
}

// Bound is how much of a kind a collectivity may hold, None for any. One that does not
// exist yet has the pool's.
func Bound(ctx context.Context, from Row, collectivity portal.CollectivityID, kind Kind) (bound int64, err error) {
	err = from.QueryRow(ctx, `SELECT COALESCE(
		(SELECT bound FROM collectivity_quotas WHERE collectivity = $1 AND kind = $2), (SELECT bound FROM pool_quotas WHERE kind = $2), -1)`,
		string(collectivity), string(kind)).Scan(&bound)
	if err != nil {
		return None, fmt.Errorf("quota: bound of %s: %w", kind, err)
	}
	return bound, nil
}

// Refusal is what a person reads when there is no room for what she creates.
func Refusal(kind Kind, bound int64) portal.UserError {
	refusal := portal.UserError{Kind: portal.ErrConflict, Key: "quota." + string(kind), Args: []any{"max", bound}}
	if kind == Documents {
		refusal.Field, refusal.Args = "file", []any{"max", megabytes(bound)}
	}
	return refusal
}

// megabytes are as many as some bytes take.
func megabytes(bytes int64) int64 { return (bytes + (1 << 20) - 1) >> 20 }

// IsRefusal says whether an error is about a bound.
func IsRefusal(err error) bool {
	var refusal portal.UserError
	if !errors.As(err, &refusal) {
		return false
	}
	for _, kind := range Kinds {
		if refusal.Key == "quota."+string(kind) {
			return true
		}
	}
	return false
}

// Check refuses what was written in a transaction when the collectivity holds more than
// its bound by it. used counts what is there now; it is asked only where there is a bound.
func Check(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, kind Kind, used func() (int64, error)) error {
	bound, err := Bound(ctx, tx, collectivity, kind)
	if err != nil || bound < 0 {
		return err
	}
	count, err := used()
	if err != nil {
		return fmt.Errorf("quota: count %s: %w", kind, err)
	}
	if count > bound {
		return Refusal(kind, bound)
	}
	return nil
}

// Count reads pairs of a collectivity and a number.
func Count(ctx context.Context, db *database.DB, query string, args ...any) (map[portal.CollectivityID]int64, error) {
	all := map[portal.CollectivityID]int64{}
	rows, err := db.Query(ctx, query, args...)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var id portal.CollectivityID
		var count int64
		err = rows.Scan(&id, &count)
		all[id] = count
		return none, err
	})
	if err != nil {
		return nil, fmt.Errorf("quota: count: %w", err)
	}
	return all, nil
}

// CountOne reads the number of a collectivity, the first parameter of the query.
func CountOne(ctx context.Context, from Row, query string, id portal.CollectivityID, args ...any) (count int64, err error) {
	if err := from.QueryRow(ctx, query, append([]any{string(id)}, args...)...).Scan(&count); err != nil {
		return 0, fmt.Errorf("quota: count of %q: %w", id, err)
	}
	return count, nil
}
