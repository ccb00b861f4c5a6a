package calendar

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// importKept is how long an import can be taken back.
const importKept = 30 * 24 * time.Hour

// importStep is how many objects one transaction writes: others write in between.
const importStep = 100

// Import is a file that an agent brings into a calendar.
type Import struct {
	ID       string
	Calendar CalendarID
	File     string // its name
	State    string // "planned", "running", "done", "undoing" or "undone"
	Made     time.Time
	// How many objects of the file are in which case. Written and Left are of those that the import
	// has reached: what somebody changed meanwhile is left as it is.
	New, Changed, Same, Refused, Written, Left int
}

// Line is one object of an import.
type Line struct {
	Line       int // of the file
	UID, Title string
	Verdict    string // "new", "changed", "same" or "refused"
	Reason     string // of a refusal, the end of a key of the catalogue
}

// PlanImport reads a file and keeps what it would do to a calendar, for the caller to read and decide;
// nothing of the calendar changes. A file that is none is a portal.FieldErrors.
func (s *Store) PlanImport(ctx context.Context, caller portal.Caller, id CalendarID, name string, octets []byte) (string, error) {
	c, err := s.writable(ctx, s.db, caller, id)
	if err != nil {
		return "", fmt.Errorf("calendar: plan import: %w", err)
	}
	found, err := readFile(octets)
	switch {
	case errors.Is(err, errNoCalendar):
		return "", portal.FieldErrors{portal.Invalid("file", "calendar.error.import-none")}
	case len(found) > maxImported:
		return "", portal.FieldErrors{portal.Invalid("file", "calendar.error.import-many", "max", maxImported)}
	}
	if err := s.forgetImports(ctx, caller); err != nil {
		return "", err
	}
	made := portal.NewID()
	_, err = s.db.Exec(ctx, `INSERT INTO calendar_imports (collectivity, id, agent, calendar, file_name, state, made) VALUES ($1, $2, $3, $4, $5, 'reading', $6)`,
		string(caller.Collectivity), made, string(caller.Agent), string(c.ID), name, database.Millis(s.now()))
	if err != nil {
		return "", fmt.Errorf("calendar: plan import: %w", err)
	}
	for from := 0; from < len(found); from += importStep {
		part := found[from:min(from+importStep, len(found))]
		if err := s.planPart(ctx, caller, c, made, from, part); err != nil {
			return "", fmt.Errorf("calendar: plan import: %w", err)
		}
	}
	return made, s.setImport(ctx, s.db, caller, made, "planned")
}

// forgetImports drops what can't be taken back any more.
func (s *Store) forgetImports(ctx context.Context, caller portal.Caller) error {
	before := database.Millis(s.now().Add(-importKept))
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		err := tx.Write(ctx, `DELETE FROM calendar_import_lines WHERE collectivity = $1 AND import IN (
			SELECT id FROM calendar_imports WHERE collectivity = $1 AND made < $2)`, string(caller.Collectivity), before)
		if err != nil {
			return err
		}
		return tx.Write(ctx, `DELETE FROM calendar_imports WHERE collectivity = $1 AND made < $2`, string(caller.Collectivity), before)
	})
	return wrap(err, "calendar: forget imports")
}

// execer is the part of *database.DB and *database.Tx that writes.
type execer interface {
	Exec(ctx context.Context, sql string, args ...any) (sql.Result, error)
}

func (s *Store) setImport(ctx context.Context, q execer, caller portal.Caller, id, state string) error {
	_, err := q.Exec(ctx, `UPDATE calendar_imports SET state = $4 WHERE collectivity = $1 AND agent = $2 AND id = $3`,
		string(caller.Collectivity), string(caller.Agent), id, state)
	return wrap(err, "calendar: import %.40q", id)
}

// planPart compares some objects with what the calendar holds and keeps what is to be done.
func (s *Store) planPart(ctx context.Context, caller portal.Caller, c Calendar, made string, from int, part []imported) error {
	return s.db.Tx(ctx, func(tx *database.Tx) error {
		for i, one := range part {
			if err := s.planOne(ctx, tx, caller, c, made, from+i, one); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) planOne(ctx context.Context, tx *database.Tx, caller portal.Caller, c Calendar, made string, position int, one imported) error {
	what, name, etag := isNew, portal.NewID()+".ics", ""
	was := []byte{}
	if one.object == nil {
		what, name = isRefused, ""
	} else {
		stored, tag, octets, err := s.byUID(ctx, tx, caller, c.ID, one.uid)
		if err != nil {
			return err
		}
		if stored != "" {
			what, name, etag, was = isChanged, stored, tag, octets
			if old, err := Parse(octets); err == nil && sameEvent(old, one.object) {
				what, was, one.octets = isSame, []byte{}, nil
			}
		}
	}
	if one.octets == nil {
		one.octets = []byte{}
	}
	return tx.Write(ctx, `
		INSERT INTO calendar_import_lines (collectivity, import, position, line, uid, title, verdict, reason, state, name, octets, was, etag)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, $11, $12)`,
		string(caller.Collectivity), made, position, one.line, cut(one.uid, maxTitle), cut(one.title, maxTitle), string(what), one.reason, name, one.octets, was, etag)
}

func (s *Store) byUID(ctx context.Context, tx *database.Tx, caller portal.Caller, id CalendarID, uid string) (name, etag string, octets []byte, err error) {
	err = tx.QueryRow(ctx, `SELECT name, etag, octets FROM calendar_objects WHERE collectivity = $1 AND calendar = $2 AND uid = $3`,
		string(caller.Collectivity), string(id), uid).Scan(&name, &etag, &octets)
	if errors.Is(err, portal.ErrNotFound) {
		err = nil
	}
	return name, etag, octets, err
}

// Import is one of the caller's own, portal.ErrNotFound for any other.
func (s *Store) Import(ctx context.Context, caller portal.Caller, id string) (Import, error) {
	i := Import{ID: id}
	var made int64
	err := s.db.QueryRow(ctx, `SELECT calendar, file_name, state, made FROM calendar_imports WHERE collectivity = $1 AND agent = $2 AND id = $3`,
		string(caller.Collectivity), string(caller.Agent), id).Scan(&i.Calendar, &i.File, &i.State, &made)
	if err != nil {
		return Import{}, fmt.Errorf("calendar: import %.40q: %w", id, err)
	}
	i.Made = database.FromMillis(made)
	rows, err := s.db.Query(ctx, `SELECT verdict, state, COUNT(*) FROM calendar_import_lines WHERE collectivity = $1 AND import = $2 GROUP BY verdict, state`,
		string(caller.Collectivity), id)
	if err != nil {
		return Import{}, fmt.Errorf("calendar: import %.40q: %w", id, err)
	}
	defer rows.Close()
	for rows.Next() {
		var what, state string
		var n int
		if err := rows.Scan(&what, &state, &n); err != nil {
			return Import{}, fmt.Errorf("calendar: import %.40q: %w", id, err)
		}
		i.count(verdict(what), state, n)
	}
	return i, wrap(rows.Err(), "calendar: import %.40q", id)
}

func (i *Import) count(what verdict, state string, n int) {
	switch what {
	case isNew:
		i.New += n
	case isChanged:
		i.Changed += n
	case isSame:
		i.Same += n
	case isRefused:
		i.Refused += n
	}
	switch state {
	case "done":
		i.Written += n
	case "left":
		i.Left += n
	}
}

// ImportLines lists at most limit objects of one verdict, in the order of the file.
func (s *Store) ImportLines(ctx context.Context, caller portal.Caller, i Import, what string, limit int) ([]Line, error) {
	rows, err := s.db.Query(ctx, `
		SELECT line, uid, title, verdict, reason FROM calendar_import_lines
		WHERE collectivity = $1 AND import = $2 AND verdict = $3 ORDER BY position LIMIT 0 + $4`,
		string(caller.Collectivity), i.ID, what, limit)
	lines, err := database.Collect(rows, err, func(rows *sql.Rows) (l Line, err error) {
		return l, rows.Scan(&l.Line, &l.UID, &l.Title, &l.Verdict, &l.Reason)
	})
	return lines, wrap(err, "calendar: lines of import %.40q", i.ID)
}

// RunImport carries an import out until it is done, or until an instant: what is left goes on at the
// next call. An import that was taken back is a UserError of kind portal.ErrConflict.
func (s *Store) RunImport(ctx context.Context, caller portal.Caller, id string, until time.Time) error {
	return s.stepImport(ctx, caller, id, until, []string{"planned", "running"}, "running", "done", s.importLine)
}

// UndoImport takes an import back as RunImport carries it out, for thirty days. What somebody changed
// since stays as it is.
func (s *Store) UndoImport(ctx context.Context, caller portal.Caller, id string, until time.Time) error {
	return s.stepImport(ctx, caller, id, until, []string{"running", "done", "undoing"}, "undoing", "undone", s.undoLine)
}

// importing is a line with what it writes.
type importing struct {
	position    int
	what        verdict
	name, etag  string
	octets, was []byte
	state       string // that it is left in
}

type stepLine func(ctx context.Context, tx *database.Tx, caller portal.Caller, c Calendar, l *importing) error

func (s *Store) stepImport(ctx context.Context, caller portal.Caller, id string, until time.Time, from []string, during, after string, do stepLine) error {
	i, err := s.Import(ctx, caller, id)
	if err != nil {
		return err
	}
	if i.State == after {
		return nil
	}
	if !slices.Contains(from, i.State) || s.now().Sub(i.Made) > importKept {
		return portal.UserError{Kind: portal.ErrConflict, Key: "calendar.error.import-state"}
	}
	for done := false; !done && s.now().Before(until); {
		// What it changes of a meeting that people were invited to here is told to them.
		err := s.write(ctx, func(ctx context.Context, tx *database.Tx) error {
			c, err := s.writable(ctx, tx, caller, i.Calendar)
			if err != nil {
				return err
			}
			lines, err := s.waitingLines(ctx, tx, caller, id, during)
			if err != nil {
				return err
			}
			for _, l := range lines {
				if err := do(ctx, tx, caller, c, &l); err != nil {
					return err
				}
				err := tx.Write(ctx, `UPDATE calendar_import_lines SET state = $4, etag = $5 WHERE collectivity = $1 AND import = $2 AND position = $3`,
					string(caller.Collectivity), id, l.position, l.state, l.etag)
				if err != nil {
					return err
				}
			}
			state := during
			if done = len(lines) < importStep; done {
				state = after
			}
			return s.setImport(ctx, tx, caller, id, state)
		})
		if err != nil {
			return conflictForPage(wrap(duplicate(err), "calendar: import %.40q", id))
		}
	}
	return nil
}

// waitingLines are the next that a step is about: to write in their order, or to take back.
func (s *Store) waitingLines(ctx context.Context, tx *database.Tx, caller portal.Caller, id, during string) ([]importing, error) {
	waits := ""
	if during == "undoing" {
		waits = "done"
	}
	rows, err := tx.Query(ctx, `
		SELECT position, verdict, name, etag, octets, was FROM calendar_import_lines
		WHERE collectivity = $1 AND import = $2 AND state = $3 AND verdict IN ('new', 'changed') ORDER BY position LIMIT 0 + $4`,
		string(caller.Collectivity), id, waits, importStep)
	return database.Collect(rows, err, func(rows *sql.Rows) (l importing, err error) {
		return l, rows.Scan(&l.position, &l.what, &l.name, &l.etag, &l.octets, &l.was)
	})
}

// importLine writes one object; what was changed since the plan, or is there by now, is left.
func (s *Store) importLine(ctx context.Context, tx *database.Tx, caller portal.Caller, c Calendar, l *importing) error {
	object, err := Parse(l.octets)
	if err != nil {
		return err
	}
	condition := Condition{NoneMatch: []string{"*"}, Quiet: true} // meetings of another program, whose people know of them
	if l.what == isChanged {
		condition.NoneMatch, condition.Match = nil, []string{l.etag}
	}
	written, err := s.put(ctx, tx, caller, c.ID, l.name, object, l.octets, condition)
	return l.wrote(written.ETag, "done", err)
}

// wrote notes what became of a line.
func (l *importing) wrote(etag, state string, err error) error {
	var taken *UIDTaken
	var refused *Refusal
	switch {
	case errors.Is(err, ErrCondition), errors.As(err, &taken), errors.As(err, &refused):
		l.state = "left"
		return nil
	case err != nil:
		return err
	}
	l.state, l.etag = state, etag
	return nil
}

func (s *Store) undoLine(ctx context.Context, tx *database.Tx, caller portal.Caller, c Calendar, l *importing) error {
	if l.what == isNew {
		err := s.delete(ctx, tx, caller, c.ID, l.name, conditionOf(l.etag))
		if errors.Is(err, portal.ErrNotFound) {
			err = ErrCondition
		}
		return l.wrote("", "undone", err)
	}
	object, err := Parse(l.was)
	if err != nil {
		return err
	}
	written, err := s.put(ctx, tx, caller, c.ID, l.name, object, l.was, Condition{Match: []string{l.etag}, Quiet: true})
	return l.wrote(written.ETag, "undone", err)
}
