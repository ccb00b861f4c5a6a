package audit

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// WriteAudience adds a line about a thing whose readers or writers are other groups from
// now on, by their names of today; none when they are the same.
func WriteAudience(ctx context.Context, tx *database.Tx, line Line, before, after []portal.GroupID) error {
	was, is := slices.Sorted(slices.Values(before)), slices.Sorted(slices.Values(after))
	if slices.Equal(slices.Compact(was), slices.Compact(is)) {
		return nil
	}
	names := map[portal.GroupID]string{}
	rows, err := tx.Query(ctx, `SELECT id, name FROM agent_groups WHERE collectivity = $1`, string(line.Collectivity))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var id portal.GroupID
		var name string
		err = rows.Scan(&id, &name)
		names[id] = name
		return none, err
	})
	if err != nil {
		return err
	}
	listed := func(groups []portal.GroupID) string {
		var all []string
		for _, group := range groups {
			if names[group] != "" {
				all = append(all, names[group])
			}
		}
		slices.SortFunc(all, i18n.ByName)
		return strings.Join(slices.Compact(all), ", ")
	}
	line.Detail = Became(listed(was), listed(is))
	return Write(ctx, tx, line)
}
