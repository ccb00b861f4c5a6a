package directory

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/sheet"
)

// ArrivalState is how far an import has come.
type ArrivalState string

// The states. A file goes from Columns to Ready and back as often as she likes;
// Running, Stopped and Undoing go on after a restart.
const (
	ArrivalColumns ArrivalState = "columns" // what do its columns hold?
	ArrivalReady   ArrivalState = "ready"   // what would be done is shown, and nothing is
	ArrivalRunning ArrivalState = "running"
	ArrivalStopped ArrivalState = "stopped" // in the middle, for who resumes it
	ArrivalDone    ArrivalState = "done"
	ArrivalUndoing ArrivalState = "undoing"
	ArrivalUndone  ArrivalState = "undone"

	arrivalDropped ArrivalState = "dropped" // its rows are being deleted: for all others it is no more
)

// Bounds of a file.
const (
	// MaxArrival is the largest file in bytes.
	MaxArrival = 8 << 20
	// maxArrivalRows are the people of a large town, twice.
	maxArrivalRows    = 25000
	maxArrivalColumns = 60
	maxArrivalCell    = 2000 // bytes
	// fileLife is how long a file waits for its import to begin.
	fileLife = 7 * 24 * time.Hour
)

// Arrival is a file of agents that an administrator brings.
type Arrival struct {
	ID        string
	State     ArrivalState
	FileName  string
	Columns   []Column // nil before they were chosen
	Namesakes Namesakes
	NewUnits  []string // paths of those to be created
	Invites   time.Time
	Fault     string // why it is stopped, a key
	Agent     portal.AgentID
	Created   time.Time
	Begun     time.Time
	Ended     time.Time // when it was done or undone
	reached   int
	invited   int
	plan      string
	account   portal.AccountID
	address   string
	id        portal.CollectivityID
}

// Begun says whether something was written.
func (a Arrival) started() bool { return !a.Begun.IsZero() }

// Busy says whether it is being written, or undone.
func (a Arrival) Busy() bool { return a.State == ArrivalRunning || a.State == ArrivalUndoing }

// Plan names what is shown of its lines: another one is another plan.
func (a Arrival) Plan() string { return a.plan }

// UndoUntil is until when the whole of it can be taken back.
func (a Arrival) UndoUntil() time.Time { return a.Ended.Add(undoLife) }

// Arrivals brings agents by files: what is to be done is worked out line by line, shown,
// and then written in small transactions, each with how far it came.
type Arrivals struct {
	store   *Store
	inviter *Inviter
	log     *slog.Logger
	wake    chan struct{}
}

// NewArrivals returns the imports over a store. Run does the work.
func NewArrivals(store *Store, inviter *Inviter, log *slog.Logger) *Arrivals {
	return &Arrivals{store: store, inviter: inviter, log: log, wake: make(chan struct{}, 1)}
}

func (s *Arrivals) require(caller portal.Caller, doing string) error {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return fmt.Errorf("directory: %s: %w", doing, err)
	}
	return nil
}

// readRows reads a file, with sentences for what is none.
func readRows(data []byte) ([]sheet.Row, error) {
	rows, err := sheet.Read(data, sheet.Limits{Rows: maxArrivalRows + 1, Columns: maxArrivalColumns, Cell: maxArrivalCell})
	var quote sheet.QuoteError
	switch {
	case errors.Is(err, sheet.ErrWorkbook):
		err = portal.FieldErrors{portal.Invalid("file", "directory.arrival.error.workbook")}
	case errors.Is(err, sheet.ErrEmpty):
		err = portal.FieldErrors{portal.Invalid("file", "directory.arrival.error.empty")}
	case errors.Is(err, sheet.ErrLong):
		err = portal.FieldErrors{portal.Invalid("file", "directory.arrival.error.long", "max", maxArrivalRows)}
	case errors.As(err, &quote):
		err = portal.FieldErrors{portal.Invalid("file", "directory.arrival.error.quote", "line", quote.Row)}
	case err != nil:
		err = portal.FieldErrors{portal.Invalid("file", "directory.arrival.error.binary")}
	case len(LayOut(rows).People) == 0:
		err = portal.FieldErrors{portal.Invalid("file", "directory.arrival.error.empty")}
	}
	return rows, err
}

// Bring keeps a file of the caller, and drops one of hers whose import never began.
// portal.FieldErrors for one that can't be read.
func (s *Arrivals) Bring(ctx context.Context, caller portal.Caller, fileName string, data []byte) (id string, err error) {
	if err := s.require(caller, "bring agents"); err != nil {
		return "", err
	}
	if _, err := readRows(data); err != nil {
		return "", fmt.Errorf("directory: bring agents: %w", err)
	}
	waiting, err := s.list(ctx, caller.Collectivity, `AND agent = $2 AND begun = 0`, string(caller.Agent))
	if err != nil {
		return "", fmt.Errorf("directory: bring agents: %w", err)
	}
	for _, old := range waiting {
		if err := s.remove(ctx, old); err != nil && !errors.Is(err, errBegun) {
			return "", fmt.Errorf("directory: bring agents: %w", err)
		}
	}
	id = portal.NewID()
	err = s.store.db.Write(ctx, `
		INSERT INTO arrivals (collectivity, id, state, file_name, file, account, agent, address, created) VALUES ($1, $2, $3, $4, $5, $6, $7, '', $8)`,
		string(caller.Collectivity), id, string(ArrivalColumns), cutName(fileName), data, string(caller.Account), string(caller.Agent),
		database.Millis(s.store.now()))
	if err != nil {
		return "", fmt.Errorf("directory: bring agents: %w", err)
	}
	return id, nil
}

// cutName is the name of a file as it is shown.
func cutName(name string) string {
	name = strings.TrimSpace(strings.Map(printable, strings.ToValidUTF8(name[strings.LastIndexAny(name, `/\`)+1:], "\uFFFD")))
	if runes := []rune(name); len(runes) > 100 {
		name = string(runes[:100])
	}
	return cmp.Or(name, "agents.csv")
}

const arrivalColumns = `collectivity, id, state, file_name, columns, namesakes, units, plan, reached, invites, invited, account, agent, address, fault, created, begun, ended`

func scanArrival(rows interface{ Scan(dest ...any) error }) (a Arrival, err error) {
	var columns, units string
	var invites, created, begun, ended int64
	err = rows.Scan(&a.id, &a.ID, &a.State, &a.FileName, &columns, &a.Namesakes, &units, &a.plan, &a.reached, &invites, &a.invited,
		&a.account, &a.Agent, &a.address, &a.Fault, &created, &begun, &ended)
	a.Columns = decodeColumns(columns)
	if units != "" {
		a.NewUnits = strings.Split(units, "\n")
	}
	a.Invites, a.Created, a.Begun, a.Ended = database.FromMillis(invites), database.FromMillis(created), database.FromMillis(begun), database.FromMillis(ended)
	return a, err
}

func encodeColumns(columns []Column) string {
	words := make([]string, len(columns))
	for i, column := range columns {
		words[i] = cmp.Or(string(column), "-")
	}
	return strings.Join(words, " ")
}

func decodeColumns(text string) []Column {
	var columns []Column
	for word := range strings.FieldsSeq(text) {
		columns = append(columns, Column(strings.TrimPrefix(word, "-")))
	}
	return columns
}

func (s *Arrivals) list(ctx context.Context, collectivity portal.CollectivityID, where string, args ...any) ([]Arrival, error) {
	found, err := s.store.db.Query(ctx, `SELECT `+arrivalColumns+` FROM arrivals WHERE collectivity = $1 `+where+` ORDER BY created DESC, id`, append([]any{string(collectivity)}, args...)...)
	return database.Collect(found, err, func(rows *sql.Rows) (Arrival, error) { return scanArrival(rows) })
}

// List returns the imports of the caller's collectivity, the last first.
func (s *Arrivals) List(ctx context.Context, caller portal.Caller) ([]Arrival, error) {
	if err := s.require(caller, "list imports"); err != nil {
		return nil, err
	}
	all, err := s.list(ctx, caller.Collectivity, `AND state <> 'dropped'`)
	if err != nil {
		return nil, fmt.Errorf("directory: list imports: %w", err)
	}
	return slices.DeleteFunc(all, func(a Arrival) bool { return !a.visible(caller) }), nil
}

// Arrival returns one import of the caller's collectivity.
func (s *Arrivals) Arrival(ctx context.Context, caller portal.Caller, id string) (Arrival, error) {
	if err := s.require(caller, "read import"); err != nil {
		return Arrival{}, err
	}
	a, err := s.read(ctx, s.store.db, caller.Collectivity, id)
	if err == nil && (a.State == arrivalDropped || !a.visible(caller)) {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Arrival{}, fmt.Errorf("directory: read import: %w", err)
	}
	return a, nil
}

func (s *Arrivals) read(ctx context.Context, from rows, collectivity portal.CollectivityID, id string) (Arrival, error) {
	return scanArrival(from.QueryRow(ctx, `SELECT `+arrivalColumns+` FROM arrivals WHERE collectivity = $1 AND id = $2`, string(collectivity), id))
}

// visible says whether a caller may see an import: who manages the agents of some units
// alone sees her own, since others tell of everybody.
func (a Arrival) visible(caller portal.Caller) bool {
	return caller.Can(portal.ManageAgents) || a.Agent == caller.Agent && caller.Agent != ""
}

// Layout lays out the file of an import that has not begun.
func (s *Arrivals) Layout(ctx context.Context, caller portal.Caller, id string) (Layout, error) {
	if _, err := s.Arrival(ctx, caller, id); err != nil {
		return Layout{}, err
	}
	rows, err := s.rows(ctx, caller, id)
	if err != nil {
		return Layout{}, fmt.Errorf("directory: lay out file: %w", err)
	}
	return LayOut(rows), nil
}

func (s *Arrivals) rows(ctx context.Context, caller portal.Caller, id string) ([]sheet.Row, error) {
	var data []byte
	err := s.store.db.QueryRow(ctx, `SELECT file FROM arrivals WHERE collectivity = $1 AND id = $2 AND begun = 0`, string(caller.Collectivity), id).Scan(&data)
	if err != nil {
		return nil, err
	}
	return readRows(data)
}

// errBegun refuses to change an import of which something is written.
var errBegun = portal.UserError{Kind: portal.ErrConflict, Key: "directory.arrival.error.begun"}

// Plan works out what each line comes to by what the columns hold. Nothing but the
// plan is written. portal.FieldErrors for columns by which nobody has a name.
func (s *Arrivals) Plan(ctx context.Context, caller portal.Caller, id string, columns []Column, namesakes Namesakes) error {
	a, err := s.Arrival(ctx, caller, id)
	if err == nil && a.started() {
		err = errBegun
	}
	if err == nil {
		err = checkColumns(columns)
	}
	if err == nil && !slices.Contains(NamesakeWays, namesakes) {
		err = portal.FieldErrors{portal.Invalid("namesakes", "web.error.invalid")}
	}
	if err != nil {
		return fmt.Errorf("directory: plan import: %w", err)
	}
	rows, err := s.rows(ctx, caller, id)
	if err != nil {
		return fmt.Errorf("directory: plan import: %w", err)
	}
	p, err := s.store.planner(ctx, caller, namesakes)
	if err != nil {
		return fmt.Errorf("directory: plan import: %w", err)
	}
	for _, row := range LayOut(rows).People {
		p.take(readComer(row, columns))
	}
	if err := s.outrank(ctx, caller, p.lines); err != nil {
		return fmt.Errorf("directory: plan import: %w", err)
	}
	if err := s.keepPlan(ctx, caller, a, columns, namesakes, p); err != nil {
		return fmt.Errorf("directory: plan import: %w", err)
	}
	return nil
}

// checkColumns refuses columns that hold the same, and a file without names.
func checkColumns(columns []Column) error {
	var wrong portal.Check
	seen := map[Column]bool{}
	for i, column := range columns {
		if column == "" {
			continue
		}
		if field := fmt.Sprint("column", i); !slices.Contains(Columns, column) {
			wrong.Add(field, "web.error.invalid")
		} else if seen[column] {
			wrong.Add(field, "directory.arrival.error.column-twice")
		}
		seen[column] = true
	}
	if !seen[FamilyColumn] && !seen[NameColumn] {
		wrong.Add("columns", "directory.arrival.error.no-name")
	} else if seen[FamilyColumn] && seen[NameColumn] {
		wrong.Add("columns", "directory.arrival.error.two-names")
	}
	return wrong.OrNil()
}

// planned is how many lines one transaction takes: others write between two.
const planned = 200

// outrank refuses lines that the caller may not decide about: whose agent holds rights
// that she has not, or that give such rights by a unit or a group.
func (s *Arrivals) outrank(ctx context.Context, caller portal.Caller, lines []ArrivalLine) error {
	if caller.Can(portal.Admin) {
		return nil
	}
	for chunk := range slices.Chunk(lines, planned) {
		err := s.store.db.Tx(ctx, func(tx *database.Tx) error {
			places := placings{}
			for i := range chunk {
				refusal, err := s.refusal(ctx, tx, caller, places, chunk[i])
				if err != nil {
					return err
				}
				if refusal.Key != "" {
					line := &chunk[i]
					line.Verdict, line.Moves, line.Place, line.Join = Faulty, nil, nil, nil
					line.Faults = []told{refusal}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// placings remembers where the caller may put people, in one transaction.
type placings map[string]error

// refusal says why the caller may not do what a line says, the zero told when she may.
func (s *Arrivals) refusal(ctx context.Context, tx *database.Tx, caller portal.Caller, places placings, line ArrivalLine) (told, error) {
	var err error
	switch line.Verdict {
	case ToCreate, ToChange:
	case TheSame, Twice: // it would tell what is on the card of somebody elsewhere
		mine := true
		if line.Agent != "" {
			mine, err = s.store.isGoverned(ctx, tx, caller, line.Agent)
		}
		if err == nil && !mine {
			return refused(errElsewhere), nil
		}
		return told{}, err
	default:
		return told{}, nil
	}
	if line.Verdict == ToChange {
		err = s.store.mayDecide(ctx, tx, caller, line.Agent)
	}
	if address := line.card(Agent{ID: line.Agent}); err == nil && address.Email != "" {
		err = s.store.mayAddress(ctx, tx, caller, address)
	}
	if err == nil {
		err = s.mayPut(ctx, tx, caller, places, line)
	}
	if err == nil && line.move(leavesField) != nil && !caller.Can(portal.ManageAgents) {
		err = errNarrowedDeparture
	}
	if refusal := refused(err); refusal.Key != "" {
		return refusal, nil
	}
	return told{}, err
}

// mayPut refuses a line that puts somebody where the caller may put nobody, asking once
// for each place and its groups.
func (s *Arrivals) mayPut(ctx context.Context, tx *database.Tx, caller portal.Caller, places placings, line ArrivalLine) (err error) {
	placed := line.Place != nil || line.Verdict == ToCreate
	if !placed && len(line.Join) == 0 {
		return nil
	}
	unit := portal.UnitID("")
	if line.Place != nil {
		unit = line.Place.Unit
	}
	key := fmt.Sprint(placed, unit, line.Join)
	if before, asked := places[key]; asked {
		return before
	}
	if placed {
		err = s.store.mayBring(ctx, tx, caller, unit)
	}
	if err == nil {
		err = s.store.mayFill(ctx, tx, caller, line.Join...)
	}
	if err == nil || refused(err).Key != "" {
		places[key] = err
	}
	return err
}

// refused is the sentence of a refusal, the first of several; the zero told for other
// errors and none.
func refused(err error) told {
	var said portal.UserError
	var fields portal.FieldErrors
	if errors.As(err, &fields) && len(fields) > 0 {
		return *toldOf(fields[0].Field, fields[0])
	}
	if errors.As(err, &said) {
		return *toldOf(said.Field, said)
	}
	return told{}
}

// errOvertaken: another request works out the same file by other columns.
var errOvertaken = portal.UserError{Kind: portal.ErrConflict, Key: "directory.arrival.error.overtaken"}

// keepPlan writes lines a few at a time under a new name, and at the end makes them the
// plan: one that was interrupted is never shown.
func (s *Arrivals) keepPlan(ctx context.Context, caller portal.Caller, a Arrival, columns []Column, namesakes Namesakes, p *planner) error {
	next, old, former := portal.NewID(), "", ""
	err := s.store.db.Tx(ctx, func(tx *database.Tx) error {
		err := tx.QueryRow(ctx, `SELECT plan, next_plan FROM arrivals WHERE collectivity = $1 AND id = $2 AND begun = 0`,
			string(caller.Collectivity), a.ID).Scan(&old, &former)
		if err != nil {
			return err
		}
		return tx.Write(ctx, `UPDATE arrivals SET next_plan = $1 WHERE collectivity = $2 AND id = $3`, next, string(caller.Collectivity), a.ID)
	})
	if err != nil {
		return err
	}
	if err := s.dropLines(ctx, caller.Collectivity, former); err != nil {
		return err
	}
	for chunk := range slices.Chunk(p.lines, planned) {
		if err := s.keepLines(ctx, caller, a.ID, next, chunk); err != nil {
			return err
		}
	}
	units := make([]string, 0, len(p.newUnits))
	for _, path := range p.newUnits {
		units = append(units, path)
	}
	slices.Sort(units)
	err = database.OneRow(s.store.db.Exec(ctx, `
		UPDATE arrivals SET plan = $1, next_plan = '', state = $2, columns = $3, namesakes = $4, units = $5
		WHERE collectivity = $6 AND id = $7 AND next_plan = $1 AND begun = 0 AND state IN ('columns', 'ready')`,
		next, string(ArrivalReady), encodeColumns(columns), string(namesakes), strings.Join(units, "\n"), string(caller.Collectivity), a.ID))
	if errors.Is(err, portal.ErrNotFound) {
		return errOvertaken
	}
	if err != nil {
		return err
	}
	return s.dropLines(ctx, caller.Collectivity, old)
}

func (s *Arrivals) keepLines(ctx context.Context, caller portal.Caller, id, plan string, lines []ArrivalLine) error {
	details := make([]string, len(lines))
	for i, line := range lines {
		text, err := json.Marshal(line.lineDetail)
		if err != nil {
			return err
		}
		details[i] = string(text)
	}
	return s.store.db.Tx(ctx, func(tx *database.Tx) error {
		var next string
		err := tx.QueryRow(ctx, `SELECT next_plan FROM arrivals WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), id).Scan(&next)
		if err != nil {
			return err
		}
		if next != plan {
			return errOvertaken
		}
		for i, line := range lines {
			err := tx.Write(ctx, `INSERT INTO arrival_lines (collectivity, plan, line, verdict, agent, name, detail) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
				string(caller.Collectivity), plan, line.Number, string(line.Verdict), string(line.Agent), line.Name, details[i])
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// dropLines deletes the lines of a plan, a few at a time.
func (s *Arrivals) dropLines(ctx context.Context, collectivity portal.CollectivityID, plan string) error {
	for plan != "" {
		result, err := s.store.db.Exec(ctx, `
			DELETE FROM arrival_lines WHERE collectivity = $1 AND plan = $2
				AND line IN (SELECT l.line FROM arrival_lines l WHERE l.collectivity = $1 AND l.plan = $2 ORDER BY l.line LIMIT 0 + $3)`,
			string(collectivity), plan, 5*planned)
		if err != nil {
			return err
		}
		if count, err := result.RowsAffected(); err != nil || count < 5*planned {
			return err
		}
	}
	return nil
}

// remove deletes an import and its lines: what was written by it stays. errBegun when it
// went on since it was read.
func (s *Arrivals) remove(ctx context.Context, a Arrival) error {
	err := database.OneRow(s.store.db.Exec(ctx, `UPDATE arrivals SET state = 'dropped' WHERE collectivity = $1 AND id = $2 AND state = $3 AND begun = $4`,
		string(a.id), a.ID, string(a.State), database.Millis(a.Begun)))
	if errors.Is(err, portal.ErrNotFound) {
		err = errBegun
	}
	var next string
	if err == nil {
		err = s.store.db.QueryRow(ctx, `SELECT next_plan FROM arrivals WHERE collectivity = $1 AND id = $2`, string(a.id), a.ID).Scan(&next)
	}
	for _, plan := range []string{a.plan, next} {
		if err == nil {
			err = s.dropLines(ctx, a.id, plan)
		}
	}
	if err != nil {
		return err
	}
	return s.store.db.Tx(ctx, func(tx *database.Tx) error {
		for _, text := range []string{
			`DELETE FROM arrival_units WHERE collectivity = $1 AND arrival = $2`,
			`DELETE FROM arrivals WHERE collectivity = $1 AND id = $2`,
		} {
			if err := tx.Write(ctx, text, string(a.id), a.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// Drop forgets a file whose import has not begun.
func (s *Arrivals) Drop(ctx context.Context, caller portal.Caller, id string) error {
	a, err := s.Arrival(ctx, caller, id)
	if err == nil && a.started() {
		err = errBegun
	}
	if err == nil {
		err = s.remove(ctx, a)
	}
	if err != nil {
		return fmt.Errorf("directory: drop file: %w", err)
	}
	return nil
}

// Tally counts lines by verdict, and by what became of them.
type Tally struct {
	Verdicts map[Verdict]int
	Outcomes map[string]int
	Written  map[Verdict]int // of each verdict, those that are done
	Reasons  int             // lines that say why something was not done
}

// ToWrite is how many lines an import writes.
func (t Tally) ToWrite() int { return t.Verdicts[ToCreate] + t.Verdicts[ToChange] }

// Of is how many lines come to a verdict, for a template.
func (t Tally) Of(verdict string) int { return t.Verdicts[Verdict(verdict)] }

// Done is how many of them are written.
func (t Tally) Done(verdict string) int { return t.Written[Verdict(verdict)] }

// Tally counts the lines of an import.
func (s *Arrivals) Tally(ctx context.Context, a Arrival) (Tally, error) {
	tally := Tally{map[Verdict]int{}, map[string]int{}, map[Verdict]int{}, 0}
	found, err := s.store.db.Query(ctx, `
		SELECT verdict, outcome, COUNT(*), SUM(CASE WHEN reason <> '' THEN 1 ELSE 0 END) FROM arrival_lines
		WHERE collectivity = $1 AND plan = $2 GROUP BY verdict, outcome`, string(a.id), a.plan)
	_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
		var verdict Verdict
		var outcome string
		var count, reasons int
		err = rows.Scan(&verdict, &outcome, &count, &reasons)
		tally.Verdicts[verdict] += count
		tally.Reasons += reasons
		if outcome == "done" {
			tally.Written[verdict] += count
		}
		if outcome != "" {
			tally.Outcomes[outcome] += count
		}
		return none, err
	})
	if err != nil {
		return Tally{}, fmt.Errorf("directory: count lines: %w", err)
	}
	return tally, nil
}

const lineColumns = `line, verdict, agent, name, detail, outcome, reason, unit`

func scanLine(rows *sql.Rows) (line ArrivalLine, err error) {
	var detail string
	err = rows.Scan(&line.Number, &line.Verdict, &line.Agent, &line.Name, &detail, &line.Outcome, &line.Reason, &line.Unit)
	if err == nil {
		err = json.Unmarshal([]byte(detail), &line.lineDetail)
	}
	return line, err
}

// Lines returns a page of the lines of one verdict. With left they are those that say why
// something was not done.
func (s *Arrivals) Lines(ctx context.Context, a Arrival, verdict Verdict, left bool, page, size int) ([]ArrivalLine, error) {
	text, args := `SELECT `+lineColumns+` FROM arrival_lines WHERE collectivity = $1 AND plan = $2 AND verdict = $3 ORDER BY line LIMIT 0 + $4 OFFSET 0 + $5`,
		[]any{string(a.id), a.plan, string(verdict), size, (page - 1) * size}
	if left {
		text = `SELECT ` + lineColumns + ` FROM arrival_lines WHERE collectivity = $1 AND plan = $2 AND reason <> $3 ORDER BY line LIMIT 0 + $4 OFFSET 0 + $5`
		args[2] = ""
	}
	found, err := s.store.db.Query(ctx, text, args...)
	all, err := database.Collect(found, err, scanLine)
	if err != nil {
		return nil, fmt.Errorf("directory: list lines: %w", err)
	}
	return all, nil
}

// errOneAtATime keeps two imports of a collectivity from meeting.
var errOneAtATime = portal.UserError{Kind: portal.ErrConflict, Key: "directory.arrival.error.busy"}

// Begin lets an import that is ready be written in the caller's name, or one that stopped
// go on. Letters leave from a moment on to who was created; the zero time sends none.
func (s *Arrivals) Begin(ctx context.Context, caller portal.Caller, id, plan string, invites time.Time, address string) error {
	return s.move(ctx, caller, id, "begin import", func(tx *database.Tx, a Arrival) error {
		switch {
		case a.State != ArrivalReady && a.State != ArrivalStopped:
			return errBegun
		case a.plan != plan:
			return errOvertaken
		}
		if a.Ended.IsZero() {
			if err := s.room(ctx, tx, a); err != nil {
				return err
			}
		}
		now := s.store.now()
		if !invites.IsZero() && (!s.inviter.Sends() || invites.Sub(now) > 366*24*time.Hour) {
			return portal.FieldErrors{portal.Invalid("invites", "directory.arrival.error.invites")}
		}
		if a.State == ArrivalReady {
			a.Begun, a.Invites = now, invites
			line := audit.By(caller, audit.ImportBegun)
			line.At, line.Object, line.ObjectID, line.Address = now, a.FileName, a.ID, address
			if err := audit.Write(ctx, tx, line); err != nil {
				return err
			}
		}
		state := ArrivalRunning
		if !a.Ended.IsZero() {
			state = ArrivalUndoing
		}
		return tx.Write(ctx, `
			UPDATE arrivals SET state = $1, begun = $2, invites = $3, file = $4, account = $5, agent = $6, address = $7, fault = ''
			WHERE collectivity = $8 AND id = $9`,
			string(state), database.Millis(a.Begun), database.Millis(a.Invites), []byte{}, string(caller.Account), string(caller.Agent), address,
			string(caller.Collectivity), id)
	})
}

// Undo takes an import back, less than thirty days after it: see undoLine.
func (s *Arrivals) Undo(ctx context.Context, caller portal.Caller, id, address string) error {
	return s.move(ctx, caller, id, "undo import", func(tx *database.Tx, a Arrival) error {
		if a.State != ArrivalDone || !s.store.now().Before(a.UndoUntil()) {
			return portal.ErrNotFound
		}
		line := audit.By(caller, audit.ImportUndone)
		line.At, line.Object, line.ObjectID, line.Address = s.store.now(), a.FileName, a.ID, address
		if err := audit.Write(ctx, tx, line); err != nil {
			return err
		}
		return tx.Write(ctx, `UPDATE arrivals SET state = $1, reached = 0, account = $2, agent = $3, address = $4 WHERE collectivity = $5 AND id = $6`,
			string(ArrivalUndoing), string(caller.Account), string(caller.Agent), address, string(caller.Collectivity), id)
	})
}

// move changes the state of an import, unless another one of the collectivity is busy.
func (s *Arrivals) move(ctx context.Context, caller portal.Caller, id, doing string, change func(tx *database.Tx, a Arrival) error) error {
	if err := s.require(caller, doing); err != nil {
		return err
	}
	err := s.store.db.Tx(ctx, func(tx *database.Tx) error {
		a, err := s.read(ctx, tx, caller.Collectivity, id)
		if err == nil && !a.visible(caller) {
			err = portal.ErrNotFound
		}
		if err != nil {
			return err
		}
		var busy int
		err = tx.QueryRow(ctx, `SELECT COUNT(*) FROM arrivals WHERE collectivity = $1 AND id <> $2 AND state IN ('running', 'undoing')`,
			string(caller.Collectivity), id).Scan(&busy)
		if err == nil && busy > 0 {
			err = errOneAtATime
		}
		if err != nil {
			return err
		}
		return change(tx, a)
	})
	if err != nil {
		return fmt.Errorf("directory: %s: %w", doing, err)
	}
	s.Wake()
	return nil
}

// Wake makes the worker look at once.
func (s *Arrivals) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
