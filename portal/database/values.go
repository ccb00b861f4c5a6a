package database

import (
	"database/sql"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
)

// Millis is an instant as the store keeps it: UTC milliseconds since the
// epoch. The zero time is 0, which means "never".
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// FromMillis is the instant, in UTC, of a stored number; 0 is the zero time.
func FromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Params writes "$3, $4, $5" for Params(3, 3): the parameters of an IN list.
func Params(first, count int) string {
	var text strings.Builder
	for i := range count {
		if i > 0 {
			text.WriteString(", ")
		}
		text.WriteByte('$')
		text.WriteString(strconv.Itoa(first + i))
	}
	return text.String()
}

// OneRow turns a write that touched nothing into portal.ErrNotFound.
func OneRow(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	count, err := result.RowsAffected()
	if err != nil {
		return err
	}
	if count == 0 {
		return portal.ErrNotFound
	}
	return nil
}

// Collect reads all rows with scan and closes them.
func Collect[T any](rows *sql.Rows, err error, scan func(rows *sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
