package calendar

import (
	"context"
	"database/sql"

	"parvis/portal"
	"parvis/portal/database"
)

// The texts that find what others opened to the caller: what they read begins at what names her, so
// that it costs the same however much is shared in her collectivity: CROSS tells SQLite. $1 is the collectivity, $2 the
// agent, $3 now, $4 the calendar that is asked for.
const (
	sharedColumns = `
		SELECT c.id, c.owner, c.id, COALESCE(l.name, c.name), c.description,
		       COALESCE(l.color, c.color), COALESCE(l.position, c.position),
		       CASE c.zone WHEN '' THEN t.zone ELSE c.zone END, c.zone_text, c.components, c.busy,
		       c.epoch, c.sequence, c.forgotten, t.language,
		       COALESCE(NOT l.listed, FALSE), COALESCE(l.name, ''), seen.level, COALESCE(e.level, ''),
		       COALESCE(a.given_name || ' ' || a.family_name, c.owner)
		FROM (`
	sharedTables = `) seen
		CROSS JOIN calendars c
		JOIN collectivities t ON t.id = c.collectivity
		LEFT JOIN calendar_looks l ON l.collectivity = $1 AND l.calendar = c.id AND l.agent = $2
		LEFT JOIN calendar_shares e ON e.collectivity = $1 AND e.calendar = c.id AND e.kind = 'everyone' AND e.subject = '' AND e.ended = 0
		LEFT JOIN agents a ON a.collectivity = $1 AND a.id = c.owner
		WHERE c.collectivity = $1 AND c.id = seen.calendar AND c.owner NOT IN ($2, '')`

	sharedWith = `
		SELECT s.calendar, s.level FROM calendar_shares s
		WHERE s.collectivity = $1 AND s.kind = 'agent' AND s.subject = $2 AND s.ended = 0`
	sharedByGroups = `
		UNION ALL SELECT s.calendar, s.level FROM calendar_shares s
		WHERE s.collectivity = $1 AND s.kind = 'group' AND s.ended = 0 AND s.subject IN `
	sharedByUnits = `
		UNION ALL SELECT s.calendar, s.level FROM calendar_shares s
		WHERE s.collectivity = $1 AND s.kind = 'unit' AND s.ended = 0 AND s.subject IN `
	// What is open to everyone is listed to who took it.
	sharedWithAll = `
		UNION ALL SELECT s.calendar, s.level FROM calendar_looks k
		CROSS JOIN calendar_shares s WHERE k.collectivity = $1 AND k.agent = $2 AND k.listed
		AND s.collectivity = $1 AND s.calendar = k.calendar AND s.kind = 'everyone' AND s.subject = '' AND s.ended = 0`
	delegated = `
		UNION ALL SELECT o.id, CASE WHEN d.writes THEN 'full' ELSE 'read' END FROM calendar_delegates d
		CROSS JOIN calendars o WHERE d.collectivity = $1 AND d.delegate = $2 AND d.ended = 0 AND (d.ends = 0 OR d.ends > $3)
		AND o.collectivity = $1 AND o.owner = d.owner`

	// The same, of one calendar.
	oneShared = `
		SELECT s.calendar, s.level FROM calendar_shares s
		WHERE s.collectivity = $1 AND s.calendar = $4 AND s.ended = 0
		  AND (s.kind = 'everyone' OR s.kind = 'agent' AND s.subject = $2 OR s.kind = 'group' AND s.subject IN `
	oneByUnits   = ` OR s.kind = 'unit' AND s.subject IN `
	oneDelegated = `)
		UNION ALL SELECT o.id, CASE WHEN d.writes THEN 'full' ELSE 'read' END FROM calendars o
		JOIN calendar_delegates d ON d.collectivity = $1 AND d.owner = o.owner
		WHERE o.collectivity = $1 AND o.id = $4 AND d.delegate = $2 AND d.ended = 0 AND (d.ends = 0 OR d.ends > $3)`
)

// loadShared reads the calendars of others that are open to the caller, one when an id is given. With
// none, what is open to everyone is left out but for what she took.
func (s *Store) loadShared(ctx context.Context, q querier, caller portal.Caller, id CalendarID) ([]Calendar, error) {
	query, args := s.sharedQuery(caller, id)
	rows, err := q.Query(ctx, query, args...)
	found, err := database.Collect(rows, err, scanShared)
	return highest(found), err
}

func (s *Store) sharedQuery(caller portal.Caller, id CalendarID) (string, []any) {
	args := []any{string(caller.Collectivity), string(caller.Agent), database.Millis(s.now())}
	if id != "" {
		args = append(args, string(id))
	}
	groups, args := database.Among(args, caller.Groups)
	units, args := database.Among(args, caller.Units)
	if id == "" {
		return sharedColumns + sharedWith + sharedByGroups + groups + sharedByUnits + units + sharedWithAll + delegated + sharedTables + ` ORDER BY c.id`, args
	}
	return sharedColumns + oneShared + groups + oneByUnits + units + oneDelegated + sharedTables + ` ORDER BY c.id`, args
}

func scanShared(rows *sql.Rows) (Calendar, error) {
	var named string
	var level, everyone Level
	var owner string
	c, err := scanCalendarAnd(rows, &named, &level, &everyone, &owner)
	if everyone.above(level) {
		level = everyone
	}
	c.lent, c.Level, c.OwnerName, c.named = true, level, owner, named != ""
	return c, err
}

// highest makes one calendar of its rows, which follow each other: it is open as far as any says.
func highest(rows []Calendar) []Calendar {
	var all []Calendar
	for _, c := range rows {
		if n := len(all); n > 0 && all[n-1].ID == c.ID {
			if c.Level.above(all[n-1].Level) {
				all[n-1].Level = c.Level
			}
			continue
		}
		all = append(all, c)
	}
	for i := range all {
		c := &all[i]
		c.Sync.Epoch = epochOf(c.Sync.Epoch, c.Level)
		if c.Level == LevelBusy {
			c.Components = []string{EventComponent}
		}
		if c.Level != LevelFull {
			c.Description, c.ZoneText = "", ""
		}
		if c.Level == LevelBusy && !c.named {
			c.Name = "" // "Chimiothérapie" tells as much as a title
		}
	}
	return all
}
