package mirror

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Outcome is how a run ended.
type Outcome string

// The outcomes.
const (
	Done   Outcome = "done"
	Dry    Outcome = "dry" // nothing was to be changed
	Asks   Outcome = "asks"
	Failed Outcome = "failed"
	Going  Outcome = "going" // some steps are done; of a run that was stopped the next one does the rest
)

// Run is one comparison with the server.
type Run struct {
	ID       string
	Began    time.Time
	Took     time.Duration
	Outcome  Outcome
	Server   string
	Fault    *Sentence
	People   int // entries that the server showed
	Counts   map[Kind]int
	Closings string         // fingerprint of who leaves
	By       portal.AgentID // "" for the clock
}

// Leaving is how many cards a run closes.
func (r Run) Leaving() int { return r.Counts[Close] }

// Changed says whether there is anything to show.
func (r Run) Changed() bool { return len(r.Counts) > 0 }

const (
	// lookEvery is how often mirrors that are due are looked for.
	lookEvery = 15 * time.Second
	// wholeEvery is how often everything is read, whatever did not change: a right
	// that the service account was given shows more, and no version tells.
	wholeEvery = 24 * time.Hour
	// atOnce is how many servers are read at a time: one that hangs holds one.
	atOnce = 4
	// linesAtOnce bounds the lines that are written in one transaction.
	linesAtOnce = 1000
	// runTime bounds a run.
	runTime = 10 * time.Minute
)

// Run runs the mirrors that are due until ctx ends.
func (m *Mirror) Run(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	crew := &crew{run: m.runDue, slots: make(chan struct{}, atOnce), busy: map[portal.CollectivityID]bool{}}
	defer crew.workers.Wait()
	for {
		if err := m.look(ctx, crew); err != nil && ctx.Err() == nil {
			m.log.Error("mirrors", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// due is a mirror whose time has come.
type due struct {
	id   portal.CollectivityID
	next int64
}

// crew runs mirrors, a few at a time, each collectivity's once. A server that hangs
// keeps one place, and no other collectivity waiting.
type crew struct {
	run     func(ctx context.Context, one due)
	slots   chan struct{}
	workers sync.WaitGroup

	mu   sync.Mutex
	busy map[portal.CollectivityID]bool
}

// take says whether a collectivity's mirror is to be run, and none of it runs.
func (c *crew) take(id portal.CollectivityID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.busy[id] {
		return false
	}
	c.busy[id] = true
	return true
}

func (c *crew) give(id portal.CollectivityID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.busy, id)
}

// look hands each mirror whose time has come to the crew: none of a collectivity that is
// suspended, which nobody of it could answer for.
func (m *Mirror) look(ctx context.Context, crew *crew) error {
	rows, err := m.db.Query(ctx, `SELECT collectivity, next FROM mirrors WHERE active AND next <= $1
		AND EXISTS (SELECT 1 FROM collectivities c WHERE c.id = mirrors.collectivity AND c.active) ORDER BY next LIMIT 100`, database.Millis(m.now()))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one due, err error) { return one, rows.Scan(&one.id, &one.next) })
	if err != nil {
		return fmt.Errorf("mirror: find mirrors: %w", err)
	}
	for _, one := range all {
		if !crew.take(one.id) {
			continue
		}
		select {
		case crew.slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		crew.workers.Go(func() {
			defer func() { crew.give(one.id); <-crew.slots }()
			crew.run(ctx, one)
		})
	}
	return nil
}

// runDue runs a mirror by the clock, unless another process does.
func (m *Mirror) runDue(ctx context.Context, one due) {
	err := m.claim(ctx, one.id, one.next)
	if errors.Is(err, portal.ErrNotFound) {
		return
	}
	if err == nil {
		_, err = m.Once(ctx, one.id, "")
	}
	if err != nil && ctx.Err() == nil {
		m.log.Error("mirror", "collectivity", one.id, "error", err)
	}
}

// claim takes a run for this process; portal.ErrNotFound when another has it.
func (m *Mirror) claim(ctx context.Context, id portal.CollectivityID, next int64) error {
	status, err := m.status(ctx, id)
	if err != nil {
		return err
	}
	return database.OneRow(m.db.Exec(ctx, `UPDATE mirrors SET next = $1 WHERE collectivity = $2 AND next = $3 AND active`,
		database.Millis(m.now().Add(status.Settings.every())), string(id), next))
}

// alone keeps two runs of one collectivity apart.
func (m *Mirror) alone(id portal.CollectivityID) *sync.Mutex {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running[id] == nil {
		m.running[id] = &sync.Mutex{}
	}
	return m.running[id]
}

// RunNow runs the mirror of the caller's collectivity at once, as its clock would.
func (m *Mirror) RunNow(ctx context.Context, caller portal.Caller) (Run, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Run{}, fmt.Errorf("mirror: run: %w", err)
	}
	return m.Once(ctx, caller.Collectivity, caller.Agent)
}

// Try shows what a run would do from nothing known, and changes nothing.
func (m *Mirror) Try(ctx context.Context, caller portal.Caller) (Run, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Run{}, fmt.Errorf("mirror: try: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, runTime)
	defer cancel()
	status, err := m.status(ctx, caller.Collectivity)
	if err == nil && !status.Set {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Run{}, fmt.Errorf("mirror: try: %w", err)
	}
	run := Run{ID: portal.NewID(), Began: m.now(), By: caller.Agent, Outcome: Dry}
	reading, err := m.read(ctx, caller.Collectivity, status.Settings, ldapdir.Known{})
	if err == nil {
		err = sound(reading, status.stamp)
	}
	var plan Plan
	if err == nil {
		var state *directory.MirrorState
		if state, err = m.directory.MirrorState(ctx, caller.Collectivity); err == nil {
			plan = planOf(status.Settings, reading, state, m.now())
			run.tell(reading, plan)
		}
	}
	if said, ok := saidOf(err); ok {
		run.Outcome, run.Fault, err = Failed, sentenceOf(said), nil
	}
	if err != nil {
		return Run{}, fmt.Errorf("mirror: try: %w", err)
	}
	if err = m.keepLines(ctx, caller.Collectivity, run, plan.Lines); err == nil {
		run.Took = m.now().Sub(run.Began)
		err = m.db.Tx(ctx, func(tx *database.Tx) error { return m.record(ctx, tx, caller.Collectivity, run) })
	}
	if err != nil {
		return Run{}, fmt.Errorf("mirror: try: %w", err)
	}
	return run, nil
}

// tell fills in what a reading and its plan are.
func (r *Run) tell(reading ldapdir.Reading, plan Plan) {
	r.Server, r.People, r.Counts, r.Closings = reading.Server, cmp.Or(reading.Shown, plan.tied), plan.Counts, plan.Closings
	if said, ok := saidOf(shortfall(reading)); ok {
		r.Fault = sentenceOf(said)
	}
}

func (m *Mirror) read(ctx context.Context, id portal.CollectivityID, settings Settings, known ldapdir.Known) (ldapdir.Reading, error) {
	method, wanted, err := m.asked(ctx, id, settings)
	if err != nil {
		return ldapdir.Reading{}, err
	}
	return m.servers.Read(ctx, method, wanted, known)
}

// Once compares a collectivity with its server and writes what changed: all of it, or
// where that is much, step by step. A server that does not answer, or shows less than it
// should, is told by the Run; an error is of ours.
func (m *Mirror) Once(ctx context.Context, id portal.CollectivityID, by portal.AgentID) (Run, error) {
	alone := m.alone(id)
	alone.Lock()
	defer alone.Unlock()
	ctx, cancel := context.WithTimeout(ctx, runTime)
	defer cancel()
	const tries = 3
	for try := 1; ; try++ {
		run, err := m.attempt(ctx, id, by)
		if !errors.Is(err, errOvertaken) || try == tries {
			return run, err
		}
		if err := m.settled(ctx, id); err != nil {
			return Run{}, fmt.Errorf("mirror: run: %w", err)
		}
	}
}

// settled waits while another process writes the steps of a run.
func (m *Mirror) settled(ctx context.Context, id portal.CollectivityID) error {
	const moment = 500 * time.Millisecond // some steps take less
	for before := (standing{}); ; {
		status, err := m.status(ctx, id)
		if err != nil || status.from == before {
			return err
		}
		before = status.from
		select {
		case <-time.After(moment):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// errOvertaken: what a run, or its next step, begins from is so no more.
var errOvertaken = fmt.Errorf("mirror: overtaken: %w", portal.ErrUnavailable)

// unmoved says whether all is as it was when a run began.
func (m *Mirror) unmoved(ctx context.Context, tx *database.Tx, id portal.CollectivityID, from standing) error {
	var now standing
	err := tx.QueryRow(ctx, `SELECT settings, stamp, allowed, active, listed, checked FROM mirrors WHERE collectivity = $1`, string(id)).
		Scan(&now.settings, &now.stamp, &now.allowed, &now.active, &now.listed, &now.checked)
	if err == nil && now != from {
		err = errOvertaken
	}
	return err
}

func (m *Mirror) attempt(ctx context.Context, id portal.CollectivityID, by portal.AgentID) (Run, error) {
	status, err := m.status(ctx, id)
	if err != nil {
		return Run{}, err
	}
	if !status.Active {
		return Run{}, fmt.Errorf("mirror: run: %w", portal.ErrNotFound)
	}
	run := Run{ID: portal.NewID(), Began: m.now(), By: by, Outcome: Done}
	whole := status.listed.IsZero() || m.now().Sub(status.listed) > wholeEvery
	err = m.once(ctx, id, status, whole, &run)
	if said, ok := saidOf(err); ok && ctx.Err() == nil {
		m.log.Warn("mirror failed", "collectivity", id, "error", err)
		return run, m.fail(ctx, id, status, &run, sentenceOf(said))
	}
	if err != nil {
		return Run{}, fmt.Errorf("mirror: run: %w", err)
	}
	return run, nil
}

func (m *Mirror) once(ctx context.Context, id portal.CollectivityID, status Status, whole bool, run *Run) error {
	known := ldapdir.Known{}
	var due []string
	if !whole {
		var err error
		if due, err = m.directory.MirrorDue(ctx, id); err != nil {
			return err
		}
		known.Again = len(due) > 0
		if status.Failing.IsZero() && status.Fault == nil && status.Waiting == "" {
			known.Stamp, known.Partly = status.stamp, status.Links == 0
		}
		known.Versions = func() (people, groups map[string]string, err error) { return m.directory.MirroredVersions(ctx, id) }
	}
	reading, err := m.read(ctx, id, status.Settings, known)
	if err != nil {
		return err
	}
	if reading.Same {
		run.Server = reading.Server
		return m.db.Tx(ctx, func(tx *database.Tx) error {
			if err := m.unmoved(ctx, tx, id, status.from); err != nil {
				return err
			}
			return m.checked(ctx, tx, id, reading, status.listed, nil)
		})
	}
	if err := sound(reading, status.stamp); err != nil {
		return err
	}
	listed := status.listed
	if whole {
		listed = m.now()
	}
	follow := &following{Mirror: m, id: id, run: run, reading: reading, settings: status.Settings, from: status.from, waiting: status.Waiting, listed: listed, due: due}
	if err := follow.all(ctx); err != nil {
		return err
	}
	m.onWaiting(id)
	return nil
}

// checked records that a server was read.
func (m *Mirror) checked(ctx context.Context, to database.Writer, id portal.CollectivityID, reading ldapdir.Reading, listed time.Time, fault *Sentence) error {
	return to.Write(ctx, `UPDATE mirrors SET stamp = $1, listed = $2, checked = $3, failing = 0, fault = $4, waiting = '', allowed = '' WHERE collectivity = $5`,
		string(reading.Stamp), database.Millis(listed), database.Millis(m.now()), fault.text(), string(id))
}

// wait replaces the entries that an administrator decides about, or adds to them where
// the reading is of those alone that changed.
func (m *Mirror) wait(ctx context.Context, tx *database.Tx, id portal.CollectivityID, links []Line, partly bool) error {
	if partly && len(links) == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT source_key FROM mirror_links WHERE collectivity = $1`, string(id))
	before, err := database.Collect(rows, err, func(rows *sql.Rows) (key string, err error) { return key, rows.Scan(&key) })
	if err != nil {
		return err
	}
	now := map[string]bool{}
	for _, link := range links {
		now[link.Key] = true
		err := tx.Write(ctx, `INSERT INTO mirror_links (collectivity, source_key, agent, name, email, since) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (collectivity, source_key) DO UPDATE SET agent = excluded.agent, name = excluded.name, email = excluded.email`,
			string(id), link.Key, string(link.Agent), link.Name, link.Detail.Text, database.Millis(m.now()))
		if err != nil {
			return err
		}
	}
	for _, key := range before {
		if now[key] || partly {
			continue
		}
		if err := tx.Write(ctx, `DELETE FROM mirror_links WHERE collectivity = $1 AND source_key = $2`, string(id), key); err != nil {
			return err
		}
	}
	return nil
}

// fail records why a server could not be read: once, then only that it lasts.
func (m *Mirror) fail(ctx context.Context, id portal.CollectivityID, status Status, run *Run, fault *Sentence) error {
	if run.Outcome != Going { // else some steps are done
		run.Counts = nil
	}
	run.Outcome, run.Fault, run.Took = Failed, fault, m.now().Sub(run.Began)
	err := m.db.Tx(ctx, func(tx *database.Tx) error {
		if status.Failing.IsZero() || status.Fault.text() != fault.text() || run.By != "" {
			if err := m.record(ctx, tx, id, *run); err != nil {
				return err
			}
		}
		since := status.Failing
		if since.IsZero() {
			since = m.now()
		}
		return tx.Write(ctx, `UPDATE mirrors SET failing = $1, fault = $2 WHERE collectivity = $3`, database.Millis(since), fault.text(), string(id))
	})
	if err != nil {
		return fmt.Errorf("mirror: record failure: %w", err)
	}
	m.onWaiting(id)
	return nil
}

// record keeps a run, and forgets the oldest of more than sixty.
func (m *Mirror) record(ctx context.Context, tx *database.Tx, id portal.CollectivityID, run Run) error {
	counts, err := json.Marshal(run.Counts)
	if err != nil {
		return err
	}
	err = tx.Write(ctx, `INSERT INTO mirror_runs (collectivity, id, began, took, outcome, server, fault, people, counts, closings, agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
		ON CONFLICT (collectivity, id) DO UPDATE SET took = excluded.took, outcome = excluded.outcome, server = excluded.server, fault = excluded.fault,
			people = excluded.people, counts = excluded.counts, closings = excluded.closings`,
		string(id), run.ID, database.Millis(run.Began), run.Took.Milliseconds(), string(run.Outcome), run.Server, run.Fault.text(),
		run.People, string(counts), run.Closings, string(run.By))
	if err != nil {
		return err
	}
	rows, err := tx.Query(ctx, `SELECT r.id FROM mirror_runs r JOIN mirrors c ON c.collectivity = r.collectivity
		WHERE r.collectivity = $1 AND r.id <> c.waiting ORDER BY r.began DESC, r.id LIMIT 100 OFFSET 60`, string(id))
	old, err := database.Collect(rows, err, func(rows *sql.Rows) (key string, err error) { return key, rows.Scan(&key) })
	for _, key := range old {
		if err := forget(ctx, tx, id, key); err != nil {
			return err
		}
	}
	return err
}

// forget drops a run with its lines.
func forget(ctx context.Context, tx *database.Tx, id portal.CollectivityID, run string) error {
	for _, text := range []string{`DELETE FROM mirror_lines WHERE collectivity = $1 AND run = $2`, `DELETE FROM mirror_runs WHERE collectivity = $1 AND id = $2`} {
		if err := tx.Write(ctx, text, string(id), run); err != nil {
			return err
		}
	}
	return nil
}

// keepLines keeps what a run would do, step by step: its record, which is to follow, says
// that they are all there.
func (m *Mirror) keepLines(ctx context.Context, id portal.CollectivityID, run Run, lines []Line) error {
	run.Outcome = Going
	position := 0
	for some := range slices.Chunk(lines, linesAtOnce) {
		err := m.db.Tx(ctx, func(tx *database.Tx) error {
			if err := m.record(ctx, tx, id, run); err != nil {
				return err
			}
			for i, line := range some {
				if err := m.keepLine(ctx, tx, id, run.ID, position+i, line); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		position += len(some)
	}
	return nil
}

func (m *Mirror) keepLine(ctx context.Context, tx *database.Tx, id portal.CollectivityID, run string, position int, line Line) error {
	detail, err := json.Marshal(line.Detail)
	if err != nil {
		return err
	}
	return tx.Write(ctx, `INSERT INTO mirror_lines (collectivity, run, position, kind, source_key, agent, name, search_text, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		string(id), run, position, string(line.Kind), line.Key, string(line.Agent), line.Name, " "+i18n.Fold(line.Name), string(detail))
}

// reader is a store or a transaction.
type reader interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) database.Row
}

const runColumns = `id, began, took, outcome, server, fault, people, counts, closings, agent`

func scanRun(scan func(dest ...any) error) (run Run, err error) {
	var began, took int64
	var fault, counts string
	err = scan(&run.ID, &began, &took, &run.Outcome, &run.Server, &fault, &run.People, &counts, &run.Closings, &run.By)
	run.Began, run.Took, run.Fault = database.FromMillis(began), time.Duration(took)*time.Millisecond, readSentence(fault)
	if err == nil {
		err = json.Unmarshal([]byte(counts), &run.Counts)
	}
	return run, err
}

func (m *Mirror) run(ctx context.Context, from reader, id portal.CollectivityID, run string) (Run, error) {
	row := from.QueryRow(ctx, `SELECT `+runColumns+` FROM mirror_runs WHERE collectivity = $1 AND id = $2`, string(id), run)
	return scanRun(row.Scan)
}

// RunOf returns one run of the caller's collectivity.
func (m *Mirror) RunOf(ctx context.Context, caller portal.Caller, run string) (Run, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return Run{}, fmt.Errorf("mirror: read run: %w", err)
	}
	found, err := m.run(ctx, m.db, caller.Collectivity, run)
	if err != nil {
		return Run{}, fmt.Errorf("mirror: read run: %w", err)
	}
	return found, nil
}

// Runs lists the last runs of the caller's collectivity that did, asked or failed
// something, the last first.
func (m *Mirror) Runs(ctx context.Context, caller portal.Caller) ([]Run, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("mirror: list runs: %w", err)
	}
	rows, err := m.db.Query(ctx, `SELECT `+runColumns+` FROM mirror_runs WHERE collectivity = $1 ORDER BY began DESC, id LIMIT 20`, string(caller.Collectivity))
	runs, err := database.Collect(rows, err, func(rows *sql.Rows) (Run, error) { return scanRun(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("mirror: list runs: %w", err)
	}
	return runs, nil
}

// LineQuery narrows the lines of a run.
type LineQuery struct {
	Run  string
	Kind Kind   // "" for all
	Text string // words of the name
	Page int    // from 1
}

const pageSize = 50

// Lines returns a page of the lines of a run of the caller's collectivity.
func (m *Mirror) Lines(ctx context.Context, caller portal.Caller, query LineQuery) (lines []Line, total int, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, 0, fmt.Errorf("mirror: list lines: %w", err)
	}
	const from = ` FROM mirror_lines WHERE collectivity = $1 AND run = $2 AND ($3 = '' OR kind = $3) AND search_text LIKE $4 || ''`
	args := []any{string(caller.Collectivity), query.Run, string(query.Kind), "% " + i18n.Fold(query.Text) + "%"}
	if i18n.Fold(query.Text) == "" {
		args[3] = "%"
	}
	if err := m.db.QueryRow(ctx, `SELECT COUNT(*)`+from, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("mirror: count lines: %w", err)
	}
	rows, err := m.db.Query(ctx, `SELECT kind, source_key, agent, name, detail`+from+` ORDER BY position LIMIT 0 + $5 OFFSET $6`,
		append(args, pageSize, (max(query.Page, 1)-1)*pageSize)...)
	lines, err = database.Collect(rows, err, func(rows *sql.Rows) (line Line, err error) {
		var detail string
		if err := rows.Scan(&line.Kind, &line.Key, &line.Agent, &line.Name, &detail); err != nil {
			return Line{}, err
		}
		return line, json.Unmarshal([]byte(detail), &line.Detail)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("mirror: list lines: %w", err)
	}
	return lines, total, nil
}
