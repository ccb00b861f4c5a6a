package audit

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Names tells the names of agents, "Camille Le Goff", of a caller's
// collectivity. Those it doesn't know are left out.
type Names interface {
	Names(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]string, error)
}

// Journal reads the lines of a collectivity.
type Journal struct {
	db    *database.DB
	names Names
}

// NewJournal returns the journal over the store.
func NewJournal(db *database.DB, names Names) *Journal { return &Journal{db: db, names: names} }

// Query says which lines to read. The zero Query reads the last ones.
type Query struct {
	Action   Action         // "" for all
	Refused  bool           // only what was refused
	Agent    portal.AgentID // "" for everyone
	From, To time.Time      // half-open [from, to); zero for no bound
	Before   Mark           // lines older than this one
	Size     int            // 0 is 50

	about portal.CollectivityID // object of the lines, "" for all
}

// Mark is a place in the journal, the zero Mark its newest end. Lines have no
// number, so that a page stays what it was while others are written.
type Mark struct {
	At int64
	ID string
}

// String writes a mark for an address, "1793980800000-k3v9m2p7q4r8s6t2".
func (m Mark) String() string {
	if m.At == 0 {
		return ""
	}
	return strconv.FormatInt(m.At, 10) + "-" + m.ID
}

// ParseMark reads what String wrote; anything else is the newest end.
func ParseMark(text string) Mark {
	at, id, found := strings.Cut(text, "-")
	number, err := strconv.ParseInt(at, 10, 64)
	if !found || err != nil || number <= 0 || len(id) > 64 {
		return Mark{}
	}
	return Mark{number, id}
}

// Entry is a line with the name of who acted.
type Entry struct {
	Line
	Name string // "Camille Le Goff", else the login, "" for nobody known
}

const (
	defaultSize = 50
	maxSize     = 500
	endOfTime   = 1 << 62
)

// Lines returns the lines of the caller's collectivity, the newest first, and
// the mark for those before them, zero when there are none. portal.ErrDenied
// but with the right to read it.
func (j *Journal) Lines(ctx context.Context, caller portal.Caller, query Query) ([]Entry, Mark, error) {
	if err := caller.Require(portal.ReadJournal); err != nil {
		return nil, Mark{}, fmt.Errorf("audit: read journal: %w", err)
	}
	lines, older, err := j.read(ctx, caller.Collectivity, query)
	if err != nil {
		return nil, Mark{}, fmt.Errorf("audit: read journal: %w", err)
	}
	entries, err := j.named(ctx, caller, lines)
	return entries, older, err
}

// PoolLines returns the lines of the installation itself, the newest first, about
// one collectivity or, for "", about all; who acted is named by her login.
// portal.ErrDenied but for who operates the pool: she reads no other journal.
func (j *Journal) PoolLines(ctx context.Context, caller portal.Caller, about portal.CollectivityID, query Query) ([]Entry, Mark, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return nil, Mark{}, fmt.Errorf("audit: read the pool's journal: %w", err)
	}
	query.about = about
	lines, older, err := j.read(ctx, "", query)
	if err != nil {
		return nil, Mark{}, fmt.Errorf("audit: read the pool's journal: %w", err)
	}
	entries := make([]Entry, len(lines))
	for i, line := range lines {
		entries[i] = Entry{line, line.Login}
	}
	return entries, older, nil
}

// LastIn is when something was last done in a collectivity, zero for never or
// longer ago than it keeps its journal. portal.ErrDenied but for who operates the
// pool, who learns nothing else of it.
func (j *Journal) LastIn(ctx context.Context, caller portal.Caller, collectivity portal.CollectivityID, action Action) (time.Time, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return time.Time{}, fmt.Errorf("audit: last %s: %w", action, err)
	}
	var at int64
	err := j.db.QueryRow(ctx, `
		SELECT at FROM audit_lines WHERE collectivity = $1 AND action = $2 AND refused = '' ORDER BY at DESC LIMIT 1`,
		string(collectivity), string(action)).Scan(&at)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return time.Time{}, fmt.Errorf("audit: last %s: %w", action, err)
	}
	return database.FromMillis(at), nil
}

// LastEntries is LastIn of several collectivities, for sign-ins: those without one
// are left out.
func (j *Journal) LastEntries(ctx context.Context, caller portal.Caller, ids []portal.CollectivityID) (map[portal.CollectivityID]time.Time, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return nil, fmt.Errorf("audit: last entries: %w", err)
	}
	last := map[portal.CollectivityID]time.Time{}
	if len(ids) == 0 {
		return last, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = string(id)
	}
	rows, err := j.db.Query(ctx, `SELECT c.id, `+lastEntry+` FROM collectivities c WHERE c.id IN (`+database.Params(1, len(ids))+`)`, args...)
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (at int64, err error) {
		var id portal.CollectivityID
		if err = rows.Scan(&id, &at); err == nil && at > 0 {
			last[id] = database.FromMillis(at)
		}
		return at, err
	})
	if err != nil {
		return nil, fmt.Errorf("audit: last entries: %w", err)
	}
	return last, nil
}

// lastEntry is when somebody last signed in to a collectivity c, 0 for never: one
// step in an index, whose condition is written as it is there.
const lastEntry = `COALESCE((SELECT l.at FROM audit_lines l WHERE l.collectivity = c.id AND l.action = 'sign-in' AND l.refused = '' ORDER BY l.at DESC LIMIT 1), 0)`

// QuietSince are the collectivities that nobody signed in to since an instant.
// portal.ErrDenied but for who operates the pool.
func (j *Journal) QuietSince(ctx context.Context, caller portal.Caller, since time.Time) (map[portal.CollectivityID]bool, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return nil, fmt.Errorf("audit: quiet: %w", err)
	}
	quiet := map[portal.CollectivityID]bool{}
	rows, err := j.db.Query(ctx, `SELECT c.id FROM collectivities c WHERE `+lastEntry+` < $1`, database.Millis(since))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (id portal.CollectivityID, err error) {
		err = rows.Scan(&id)
		quiet[id] = true
		return id, err
	})
	if err != nil {
		return nil, fmt.Errorf("audit: quiet: %w", err)
	}
	return quiet, nil
}

// read returns the lines of a query, and the mark for those before them.
const (
	linesOf = selectLines + ` AND ($9 = '' OR object_id = $9)` + newestFirst
	// linesAbout is for one object, which has an index: a choice in the text would keep
	// an engine from it.
	linesAbout  = selectLines + ` AND object_id = $9` + newestFirst
	selectLines = `
		SELECT id, at, account, agent, login, action, refused, object, object_id, detail, address FROM audit_lines
		WHERE collectivity = $1 AND at >= $2 AND at < $3 AND (at < $4 OR at = $4 AND id < $5)
			AND ($6 = '' OR action = $6) AND ($7 = '' OR agent = $7) AND (NOT $8 OR refused <> '')`
	newestFirst = ` ORDER BY at DESC, id DESC LIMIT 0 + $10`
)

func (j *Journal) read(ctx context.Context, collectivity portal.CollectivityID, query Query) ([]Line, Mark, error) {
	if query.Size <= 0 || query.Size > maxSize {
		query.Size = defaultSize
	}
	to, before := int64(endOfTime), cmp.Or(query.Before, Mark{At: endOfTime})
	if !query.To.IsZero() {
		to = database.Millis(query.To)
	}
	text := linesOf
	if query.about != "" {
		text = linesAbout
	}
	rows, err := j.db.Query(ctx, text,
		string(collectivity), database.Millis(query.From), to, before.At, before.ID,
		string(query.Action), string(query.Agent), query.Refused, string(query.about), query.Size+1)
	lines, err := database.Collect(rows, err, scanLine(collectivity))
	if err != nil || len(lines) <= query.Size {
		return lines, Mark{}, err
	}
	lines = lines[:query.Size] // there is one more
	last := lines[query.Size-1]
	return lines, Mark{database.Millis(last.At), last.ID}, nil
}

// scanLine reads a row of a collectivity: id, at, account, agent, login, action,
// refused, object, object_id, detail, address.
func scanLine(collectivity portal.CollectivityID) func(rows *sql.Rows) (Line, error) {
	return func(rows *sql.Rows) (Line, error) {
		line := Line{Collectivity: collectivity}
		var at int64
		err := rows.Scan(&line.ID, &at, &line.Account, &line.Agent, &line.Login, &line.Action, &line.Refused,
			&line.Object, &line.ObjectID, &line.Detail, &line.Address)
		line.At = database.FromMillis(at)
		return line, err
	}
}

func (j *Journal) named(ctx context.Context, caller portal.Caller, lines []Line) ([]Entry, error) {
	var agents []portal.AgentID
	asked := map[portal.AgentID]bool{"": true}
	for _, line := range lines {
		if !asked[line.Agent] {
			asked[line.Agent] = true
			agents = append(agents, line.Agent)
		}
	}
	names, err := j.names.Names(ctx, caller, agents)
	if err != nil {
		return nil, fmt.Errorf("audit: name the agents: %w", err)
	}
	entries := make([]Entry, len(lines))
	for i, line := range lines {
		entries[i] = Entry{line, cmp.Or(names[line.Agent], line.Login)}
	}
	return entries, nil
}

// The bounds of how long a journal is kept, in months (CNIL 2021-122).
const (
	MinMonths     = 6
	MaxMonths     = 12
	defaultMonths = MaxMonths
)

// Months is how long the caller's collectivity keeps its journal.
func (j *Journal) Months(ctx context.Context, caller portal.Caller) (int, error) {
	months := defaultMonths
	err := j.db.QueryRow(ctx, `SELECT months FROM audit_settings WHERE collectivity = $1`, string(caller.Collectivity)).Scan(&months)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return 0, fmt.Errorf("audit: read settings: %w", err)
	}
	return months, nil
}

// Keep sets how long the caller's collectivity keeps its journal, from
// MinMonths to MaxMonths. What is older goes at the next cleaning.
func (j *Journal) Keep(ctx context.Context, caller portal.Caller, months int, address string) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("audit: keep: %w", err)
	}
	if months < MinMonths || months > MaxMonths {
		return portal.FieldErrors{portal.Invalid("months", "audit.error.months", "min", MinMonths, "max", MaxMonths)}
	}
	err := j.db.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO audit_settings (collectivity, months) VALUES ($1, $2)
			ON CONFLICT (collectivity) DO UPDATE SET months = excluded.months`, string(caller.Collectivity), months)
		if err != nil {
			return err
		}
		line := By(caller, Kept)
		line.Detail, line.Address = strconv.Itoa(months), address
		return Write(ctx, tx, line)
	})
	if err != nil {
		return fmt.Errorf("audit: keep: %w", err)
	}
	return nil
}

// Clean removes the lines that a collectivity, "" for the installation, keeps
// no longer.
func (j *Journal) Clean(ctx context.Context, collectivity portal.CollectivityID, now time.Time) error {
	months, err := j.Months(ctx, portal.Caller{Collectivity: collectivity})
	if err != nil {
		return err
	}
	_, err = j.db.Exec(ctx, `DELETE FROM audit_lines WHERE collectivity = $1 AND at < $2`,
		string(collectivity), database.Millis(now.AddDate(0, -months, 0)))
	if err != nil {
		return fmt.Errorf("audit: clean: %w", err)
	}
	return nil
}
