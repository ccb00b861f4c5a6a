package mirror

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/portal"
	"parvis/portal/database"
)

// following is one run that makes a directory what a reading says.
type following struct {
	*Mirror
	id       portal.CollectivityID
	run      *Run
	reading  ldapdir.Reading
	settings Settings
	from     standing  // what the next step begins from
	waiting  string    // run that asks
	listed   time.Time // when all was compared, once this is done
	due      []string  // keys of the accounts that ended by their own date
	base     int       // position of the first line of the plan
	next     int       // the first position that is free
}

// all decides and writes until all is written. What is decided is decided again, of what
// is there then, when somebody else changed the directory meanwhile.
func (f *following) all(ctx context.Context) error {
	const tries = 20
	keep := false
	for moved := 0; ; {
		state, err := f.state(ctx)
		if err != nil {
			return err
		}
		state.Keep = keep
		plan := planOf(f.settings, f.reading, state, f.now())
		f.base, f.next = f.next, f.next+len(plan.Lines)
		if plan.Asks && plan.Closings != f.from.allowed {
			return f.ask(ctx, &plan)
		}
		wrote, err := f.write(ctx, state, &plan)
		switch {
		case err == nil:
			return nil
		case directory.IsLastAdministrator(err) && !keep:
			keep = true
		case !errors.Is(err, directory.ErrMoved):
			return err
		case wrote:
			moved = 0
		case moved == tries:
			return errOvertaken
		default:
			moved++
		}
	}
}

// state reads of the directory what the reading is about: all of it, unless that is of
// people who are known.
func (f *following) state(ctx context.Context) (*directory.MirrorState, error) {
	if !f.reading.Partly {
		return f.directory.MirrorState(ctx, f.id)
	}
	keys := slices.Concat(f.due, f.reading.Gone)
	for _, entry := range f.reading.People {
		if keys = append(keys, entry.Key); entry.Manager != "" {
			keys = append(keys, entry.Manager)
		}
	}
	state, err := f.directory.MirrorStateOf(ctx, f.id, keys)
	if err != nil {
		return nil, err
	}
	for _, entry := range f.reading.People {
		if state.People[entry.Key].Agent == "" { // somebody may be there with her address
			return f.directory.MirrorState(ctx, f.id)
		}
	}
	return state, nil
}

// write writes a plan, and says whether a part of it is there, whatever the error.
func (f *following) write(ctx context.Context, state *directory.MirrorState, plan *Plan) (wrote bool, err error) {
	steps := plan.steps(f.size)
	told := len(steps) > 1 || plan.Mirroring.Detail != "" || f.run.By != "" || f.run.Outcome == Going
	if !told {
		if told, err = f.unheard(ctx, plan.Lines); err != nil {
			return false, err
		}
	}
	for i := range steps {
		if err := f.step(ctx, state, plan, &steps[i], told); err != nil {
			return i > 0, err
		}
	}
	return true, nil
}

// step writes one step with its lines. Nothing is changed here until it is there.
func (f *following) step(ctx context.Context, state *directory.MirrorState, plan *Plan, part *step, told bool) error {
	var run Run
	var from standing
	var next int
	err := f.directory.Mirror(ctx, f.id, state, func(tx *database.Tx) (directory.Mirroring, error) {
		run, from, next = f.after(plan, part), f.onward(plan, part), f.next
		made := part.made
		made.Withheld = func(directory.Group, int) error { return nil }
		made.Kept = func(string, directory.Group) error { return nil }
		if err := f.unmoved(ctx, tx, f.id, f.from); err != nil {
			return made, err
		}
		if told {
			if err := f.tell(ctx, tx, run, part.lines); err != nil {
				return made, err
			}
			add := f.adds(ctx, tx, &run, &next)
			made.Withheld = func(group directory.Group, count int) error {
				return add(Line{Kind: Skip, Name: group.Name, Detail: Detail{Reason: "guard", Text: strconv.Itoa(count)}})
			}
			made.Kept = func(name string, group directory.Group) error {
				return add(Line{Kind: Skip, Name: name, Detail: Detail{Reason: "last-admin-stays", Text: group.Name}})
			}
		}
		if part.last {
			return made, f.end(ctx, tx, plan)
		}
		return made, tx.Write(ctx, `UPDATE mirrors SET checked = $1, allowed = $2 WHERE collectivity = $3`, from.checked, from.allowed, string(f.id))
	})
	if err == nil {
		*f.run, f.from, f.next = run, from, next
	}
	return err
}

// after is the run once a step is done.
func (f *following) after(plan *Plan, part *step) Run {
	run := *f.run
	counts := maps.Clone(run.Counts)
	run.tell(f.reading, *plan)
	if run.Counts = counts; counts == nil {
		run.Counts = map[Kind]int{}
	}
	for _, line := range part.lines {
		run.Counts[line.Kind]++
	}
	run.Outcome, run.Took = Going, f.now().Sub(run.Began)
	if part.last {
		run.Outcome = Done
	}
	return run
}

// onward is what the step after one begins from: no other run does. Who leaves after it
// was allowed to.
func (f *following) onward(plan *Plan, part *step) standing {
	from := f.from
	from.checked = max(database.Millis(f.now()), from.checked+1)
	if plan.Asks {
		from.allowed = part.left
	}
	return from
}

// tell keeps the run and the lines of a step.
func (f *following) tell(ctx context.Context, tx *database.Tx, run Run, lines []placed) error {
	if err := f.record(ctx, tx, f.id, run); err != nil {
		return err
	}
	for _, line := range lines {
		if err := f.keepLine(ctx, tx, f.id, run.ID, f.base+line.position, line.Line); err != nil {
			return err
		}
	}
	return nil
}

// adds adds lines to a run for what groups by rule leave as it is: one that gives rights
// of administration takes nobody in, and lets the last who governs stay.
func (f *following) adds(ctx context.Context, tx *database.Tx, run *Run, next *int) func(line Line) error {
	return func(line Line) error {
		run.Counts[Skip]++
		counts, err := json.Marshal(run.Counts)
		if err != nil {
			return err
		}
		if err := f.keepLine(ctx, tx, f.id, run.ID, *next, line); err != nil {
			return err
		}
		*next++
		return tx.Write(ctx, `UPDATE mirror_runs SET counts = $1 WHERE collectivity = $2 AND id = $3`, string(counts), string(f.id), run.ID)
	}
}

// end notes that all is written. Where somebody stays who should have left, all is listed
// again the next time.
func (f *following) end(ctx context.Context, tx *database.Tx, plan *Plan) error {
	if err := f.wait(ctx, tx, f.id, plan.Links, f.reading.Partly); err != nil {
		return err
	}
	reading, fault := f.reading, (*Sentence)(nil)
	if plan.Kept {
		reading.Stamp = ""
	}
	if said, ok := saidOf(shortfall(reading)); ok {
		fault = sentenceOf(said)
	}
	return f.checked(ctx, tx, f.id, reading, f.listed, fault)
}

// unheard says whether something is left as it is that the last run did not tell, or the
// last one was stopped and this one did the rest.
func (f *following) unheard(ctx context.Context, lines []Line) (bool, error) {
	var outcome Outcome
	err := f.db.QueryRow(ctx, `SELECT outcome FROM mirror_runs WHERE collectivity = $1 ORDER BY began DESC, id LIMIT 1`, string(f.id)).Scan(&outcome)
	if err != nil && !errors.Is(err, portal.ErrNotFound) || outcome == Going {
		return outcome == Going, err
	}
	if !slices.ContainsFunc(lines, func(line Line) bool { return line.Kind == Skip }) {
		return false, nil
	}
	rows, err := f.db.Query(ctx, `SELECT name, detail FROM mirror_lines WHERE collectivity = $1 AND kind = $2
		AND run = (SELECT id FROM mirror_runs WHERE collectivity = $1 AND outcome = $3 ORDER BY began DESC, id LIMIT 1)`,
		string(f.id), string(Skip), string(Done))
	heard := map[string]bool{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var name, detail string
		err = rows.Scan(&name, &detail)
		heard[name+"\n"+detail] = true
		return none, err
	})
	if err != nil {
		return false, err
	}
	for _, line := range lines {
		detail, err := json.Marshal(line.Detail)
		if err != nil || line.Kind == Skip && !heard[line.Name+"\n"+string(detail)] {
			return true, err
		}
	}
	return false, nil
}

// ask stops a run that would let too many go, before anything is written. One that asks
// the same again is the same question.
func (f *following) ask(ctx context.Context, plan *Plan) error {
	run := *f.run
	if run.Outcome == Going { // what it did stays told by itself
		run.ID = portal.NewID()
	}
	run.tell(f.reading, *plan)
	run.Outcome, run.Took = Asks, f.now().Sub(run.Began)
	before, err := f.Mirror.run(ctx, f.db, f.id, f.waiting)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	waiting := f.waiting
	if err != nil || before.Closings != run.Closings {
		waiting = run.ID
		if err := f.keepLines(ctx, f.id, run, plan.Lines); err != nil {
			return err
		}
	}
	err = f.db.Tx(ctx, func(tx *database.Tx) error {
		if err := f.unmoved(ctx, tx, f.id, f.from); err != nil {
			return err
		}
		if waiting == run.ID {
			if err := f.record(ctx, tx, f.id, run); err != nil {
				return err
			}
		}
		return tx.Write(ctx, `UPDATE mirrors SET waiting = $1, checked = $2, failing = 0, fault = '', allowed = '' WHERE collectivity = $3`,
			waiting, database.Millis(f.now()), string(f.id))
	})
	if err == nil {
		*f.run = run
		return nil
	}
	if waiting == run.ID { // nobody is asked
		err = errors.Join(err, f.db.Tx(ctx, func(tx *database.Tx) error { return forget(ctx, tx, f.id, run.ID) }))
	}
	return err
}
