package directory

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/outbox"
	"parvis/portal/quota"
	"parvis/search"
)

const (
	// lookEvery is how often the worker looks by itself: for what another node began,
	// for letters whose day has come, for what is old.
	lookEvery = 30 * time.Second
	// written is how many lines one transaction writes: others write between two.
	written = 50
)

// Run writes, undoes and sends what was begun until the context ends. Whatever is
// interrupted goes on at the next start.
func (s *Arrivals) Run(ctx context.Context) error {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var cleaned time.Time
	for {
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = s.Work(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("imports not looked at", "error", err)
			}
		}
		if now := s.store.now(); now.Sub(cleaned) > time.Hour {
			if err := s.clean(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("old imports not deleted", "error", err)
			}
			cleaned = now
		}
		select {
		case <-s.wake:
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Work does one transaction of each import that is under way, but in a collectivity that
// is suspended, where it waits, and says whether there is
// more to do at once.
func (s *Arrivals) Work(ctx context.Context) (more bool, err error) {
	found, err := s.store.db.Query(ctx, `SELECT `+arrivalColumns+` FROM arrivals
		WHERE state IN ('running', 'undoing', 'done') AND (state <> 'done' OR invites > 0 AND invites <= $1 AND invited >= 0)
			AND EXISTS (SELECT 1 FROM collectivities c WHERE c.id = arrivals.collectivity AND c.active) ORDER BY begun`,
		database.Millis(s.store.now()))
	all, err := database.Collect(found, err, func(rows *sql.Rows) (Arrival, error) { return scanArrival(rows) })
	if err != nil {
		return false, fmt.Errorf("directory: find imports: %w", err)
	}
	for _, a := range all {
		went, err := s.step(ctx, a)
		if err != nil && ctx.Err() == nil {
			s.log.Error("import interrupted", "collectivity", a.id, "import", a.ID, "error", err)
		}
		more = more || went && err == nil
	}
	return more, nil
}

// step does one transaction of an import in the name of who began it, as she may act
// now. It says whether it went on.
func (s *Arrivals) step(ctx context.Context, a Arrival) (bool, error) {
	caller, err := s.caller(ctx, a)
	if errors.Is(err, portal.ErrNotFound) || err == nil && !caller.CanSomewhere(portal.ManageAgents) {
		return true, s.halt(ctx, a)
	}
	if err != nil {
		return false, err
	}
	if a.State == ArrivalDone {
		went, err := s.invite(ctx, caller, a)
		if quota.IsRefusal(err) { // the others leave when there is room again
			return false, s.store.db.Write(ctx, `UPDATE arrivals SET invites = $1 WHERE collectivity = $2 AND id = $3`,
				database.Millis(s.store.now().Add(time.Hour)), string(a.id), a.ID)
		}
		return went, err
	}
	err = s.batch(ctx, caller, a, written)
	if quota.IsRefusal(err) {
		return true, s.stop(ctx, a, "directory.arrival.stopped.quota")
	}
	if err == nil || errors.Is(err, portal.ErrUnavailable) || ctx.Err() != nil {
		return err == nil, err
	}
	s.log.Error("lines of an import failed", "collectivity", a.id, "import", a.ID, "after", a.reached, "error", err)
	for range written { // one of them did: the others are done each by itself
		if a, err = s.read(ctx, s.store.db, a.id, a.ID); err != nil || !a.Busy() {
			return err == nil, err
		}
		err := s.batch(ctx, caller, a, 1)
		if errors.Is(err, portal.ErrUnavailable) || ctx.Err() != nil {
			return false, err // nothing is wrong with the line
		}
		if err != nil {
			err = s.passOver(ctx, a)
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

// caller is who began, with the rights that she has now.
func (s *Arrivals) caller(ctx context.Context, a Arrival) (portal.Caller, error) {
	if a.account == "" && a.Agent == "" {
		return Installation(a.id), nil
	}
	return s.store.CallerFor(ctx, a.account, a.id)
}

// halt stops an import whose administrator is one no more: another one may go on.
func (s *Arrivals) halt(ctx context.Context, a Arrival) error {
	if a.State == ArrivalDone { // only letters were to leave
		return s.store.db.Write(ctx, `UPDATE arrivals SET invited = -1 WHERE collectivity = $1 AND id = $2`, string(a.id), a.ID)
	}
	return s.stop(ctx, a, "directory.arrival.stopped.right")
}

// stop leaves an import where it is: it may be taken up again.
func (s *Arrivals) stop(ctx context.Context, a Arrival, fault string) error {
	return s.store.db.Write(ctx, `UPDATE arrivals SET state = $1, fault = $2 WHERE collectivity = $3 AND id = $4 AND state = $5`,
		string(ArrivalStopped), fault, string(a.id), a.ID, string(a.State))
}

// room refuses an import that would bring more agents than the collectivity may have,
// before its first line is written.
func (s *Arrivals) room(ctx context.Context, tx *database.Tx, a Arrival) error {
	return quota.Check(ctx, tx, a.id, quota.Agents, func() (int64, error) {
		here, err := quota.CountOne(ctx, tx, countActive, a.id)
		if err != nil {
			return 0, err
		}
		coming, err := quota.CountOne(ctx, tx, `SELECT COUNT(*) FROM arrival_lines WHERE collectivity = $1 AND plan = $2 AND line > $3 AND verdict = 'create'`, a.id, a.plan, a.reached)
		if coming == 0 {
			here = 0 // nobody comes
		}
		return here + coming, err
	})
}

// next is the condition on the lines that a state has yet to do.
func (a Arrival) next() string {
	if a.State == ArrivalUndoing {
		return ` AND outcome = 'done'`
	}
	return ` AND verdict IN ('create', 'change')`
}

// batch does the next lines, and writes down how far it came, in one transaction.
func (s *Arrivals) batch(ctx context.Context, caller portal.Caller, a Arrival, size int) error {
	var w *writing
	err := s.store.queued(ctx, a.id, search.KindPerson, func(tx *database.Tx) (ids []string, err error) {
		w = &writing{Arrivals: s, ctx: ctx, tx: tx, caller: caller, a: a, places: placings{}, accounts: map[portal.AccountID]bool{}}
		now, err := s.read(ctx, tx, a.id, a.ID)
		if err != nil || now.State != a.State || now.reached != a.reached {
			return nil, err // another node did
		}
		found, err := tx.Query(ctx, `SELECT `+lineColumns+` FROM arrival_lines WHERE collectivity = $1 AND plan = $2 AND line > $3`+a.next()+` ORDER BY line LIMIT 0 + $4`,
			string(a.id), a.plan, a.reached, size)
		lines, err := database.Collect(found, err, scanLine)
		if err != nil {
			return nil, err
		}
		if len(lines) == 0 {
			w.over = true
			return nil, nil
		}
		if err := w.look(lines); err != nil {
			return nil, err
		}
		for _, line := range lines {
			if err := w.do(line); err != nil {
				return nil, fmt.Errorf("line %d: %w", line.Number, err)
			}
		}
		return w.ids, tx.Write(ctx, `UPDATE arrivals SET reached = $1 WHERE collectivity = $2 AND id = $3`,
			lines[len(lines)-1].Number, string(a.id), a.ID)
	})
	if err != nil {
		return err
	}
	for account := range w.accounts {
		s.store.changed(account)
	}
	if w.redrawn {
		s.store.redrawn(a.id)
	}
	if w.departs {
		s.store.departing(a.id)
	}
	if w.over {
		return s.end(ctx, caller, a)
	}
	return nil
}

// passOver leaves the next line as it is, unless another node went on meanwhile.
func (s *Arrivals) passOver(ctx context.Context, a Arrival) error {
	return s.store.db.Tx(ctx, func(tx *database.Tx) error {
		now, err := s.read(ctx, tx, a.id, a.ID)
		if err != nil || now.State != a.State || now.reached != a.reached {
			return err
		}
		var line int
		err = tx.QueryRow(ctx, `SELECT line FROM arrival_lines WHERE collectivity = $1 AND plan = $2 AND line > $3`+a.next()+` ORDER BY line LIMIT 1`,
			string(a.id), a.plan, a.reached).Scan(&line)
		if errors.Is(err, portal.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		err = tx.Write(ctx, `UPDATE arrival_lines SET outcome = CASE outcome WHEN 'done' THEN 'kept' ELSE 'left' END, reason = 'directory.arrival.left.failed'
			WHERE collectivity = $1 AND plan = $2 AND line = $3`, string(a.id), a.plan, line)
		if err != nil {
			return err
		}
		return tx.Write(ctx, `UPDATE arrivals SET reached = $1 WHERE collectivity = $2 AND id = $3`, line, string(a.id), a.ID)
	})
}

// writing is one transaction of an import.
type writing struct {
	*Arrivals
	ctx    context.Context
	tx     *database.Tx
	caller portal.Caller
	a      Arrival

	chart    *charted
	cards    map[portal.AgentID]Agent // as they are, closed ones too
	governs  map[portal.AgentID]bool
	taken    map[string]bool // addresses and logins of who is there
	names    map[string]bool // "name address" of the same, folded
	places   placings
	ids      []string
	accounts map[portal.AccountID]bool // that changed
	redrawn  bool
	departs  bool // a departure is another one
	over     bool // no line is left
}

func (w *writing) do(line ArrivalLine) error {
	if w.a.State == ArrivalUndoing {
		return w.undo(line)
	}
	said, err := w.refusal(w.ctx, w.tx, w.caller, w.places, line)
	if err != nil {
		return err
	}
	refusal := said.Key
	if refusal == "" {
		refusal, err = w.write(&line)
	}
	if err != nil {
		return err
	}
	outcome := "done"
	if refusal != "" {
		outcome = "left"
	}
	return w.close(line, outcome, refusal)
}

// close writes down what became of a line.
func (w *writing) close(line ArrivalLine, outcome, reason string) error {
	if outcome == "done" || outcome == "undone" {
		w.ids = append(w.ids, string(line.Agent))
	}
	return w.tx.Write(w.ctx, `UPDATE arrival_lines SET outcome = $1, reason = $2, unit = $3 WHERE collectivity = $4 AND plan = $5 AND line = $6`,
		outcome, reason, string(line.Unit), string(w.a.id), w.a.plan, line.Number)
}

// look reads at once what the lines are about.
func (w *writing) look(lines []ArrivalLine) error {
	found, err := w.tx.Query(w.ctx, `SELECT id, parent, name FROM units WHERE collectivity = $1 ORDER BY id`, string(w.a.id))
	units, err := database.Collect(found, err, func(rows *sql.Rows) (u UnitNode, err error) { return u, rows.Scan(&u.ID, &u.Parent, &u.Name) })
	if err != nil {
		return err
	}
	w.chart = chartOf(units)
	ids, addresses, names := make([]any, written), make([]any, written), make([]any, written)
	for i := range written {
		line := lines[min(i, len(lines)-1)]
		card := line.card(Agent{})
		ids[i], addresses[i], names[i] = string(line.Agent), strings.ToLower(card.Email), card.sortName()
	}
	if err := w.lookAgents(ids); err != nil || w.a.State == ArrivalUndoing {
		return err
	}
	w.taken, w.names = map[string]bool{}, map[string]bool{}
	for _, one := range []struct {
		text string
		args []any
	}{
		{`SELECT a.sort_name, lower(a.email), '' FROM agents a WHERE a.collectivity = $1 AND a.sort_name IN (`, names},
		{`SELECT '', lower(a.email), '' FROM agents a WHERE a.collectivity = $1 AND lower(a.email) IN (`, addresses},
		{`SELECT '', '', p.login FROM accounts p JOIN agents a ON a.account = p.id WHERE a.collectivity = $1 AND p.login IN (`, addresses},
	} {
		found, err := w.tx.Query(w.ctx, one.text+database.Params(2, written)+`)`, append([]any{string(w.a.id)}, one.args...)...)
		_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
			var name, address, login string
			err = rows.Scan(&name, &address, &login)
			if name != "" {
				w.names[name+"\n"+address], w.names[name] = true, true
			} else {
				w.taken[address], w.taken[login] = true, true
			}
			return none, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lookAgents reads the cards, and which of their agents govern the collectivity.
func (w *writing) lookAgents(ids []any) error {
	w.cards, w.governs = map[portal.AgentID]Agent{}, map[portal.AgentID]bool{}
	found, err := w.tx.Query(w.ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.id IN (`+database.Params(2, written)+`)`,
		append([]any{string(w.a.id)}, ids...)...)
	all, err := database.Collect(found, err, func(rows *sql.Rows) (Agent, error) { return scanAgent(rows.Scan) })
	if err != nil {
		return err
	}
	for _, agent := range all {
		w.cards[agent.ID] = agent
	}
	if len(all) == 0 {
		return nil
	}
	found, err = w.tx.Query(w.ctx, governing+`SELECT a.id FROM agents a WHERE a.collectivity = $1 AND a.id IN (`+database.Params(3, written)+`) AND `+governs,
		append([]any{string(w.a.id), database.Millis(w.store.now())}, ids...)...)
	_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
		var id portal.AgentID
		err = rows.Scan(&id)
		w.governs[id] = true
		return none, err
	})
	return err
}

// card is a card with what a line writes.
func (l ArrivalLine) card(before Agent) Agent {
	for _, move := range l.Moves {
		for _, field := range cardFields {
			if field.name == move.Field && plainField(field.name) {
				*field.of(&before) = move.After
			}
		}
	}
	return before
}

// Why a line is left as it is, though it was to be written.
const (
	leftHere      = "directory.arrival.left.here"
	leftGone      = "directory.arrival.left.gone"
	leftMeanwhile = "directory.arrival.left.meanwhile"
	leftUnit      = "directory.arrival.left.unit"
	leftGroup     = "directory.arrival.left.group"
	leftByRule    = "directory.arrival.left.by-rule"
	leftRuled     = "directory.arrival.left.ruled"
)

// write does what a line says, unless it is true no more: refusal says why.
func (w *writing) write(line *ArrivalLine) (refusal string, err error) {
	before, there := w.cards[line.Agent]
	if line.Verdict == ToChange {
		if !there || !before.Active {
			return leftGone, nil
		}
		if !line.holds(before) {
			return leftMeanwhile, nil
		}
	} else if refusal := w.arrived(line.card(Agent{})); refusal != "" || there {
		return leftHere, nil
	}
	if refusal, err := w.mayLeave(*line); err != nil || refusal != "" {
		return refusal, err
	}
	after := line.card(before)
	if err := groupsByHand(w.ctx, w.tx, w.a.id, line.Join...); err != nil {
		return refusalOr(leftGroup, err)
	}
	if line.Place != nil {
		if line.Place.Unit != "" && w.chart.names[line.Place.Unit] == "" {
			return leftUnit, nil
		}
		after.Unit, err = w.store.settlePlace(w.ctx, w.tx, w.caller, w.a.ID, w.chart, *line.Place, w.a.address)
		if err != nil {
			return "", err
		}
		w.redrawn = w.redrawn || len(line.Place.Make) > 0
	}
	line.Unit = after.Unit
	writes := true
	if line.Verdict == ToCreate {
		after.ID = line.Agent
		refusal, err = w.create(after)
	} else if writes = len(line.Join) > 0 || len(differing(before, after)) > 0; writes {
		refusal, err = w.change(before, after)
	}
	if err != nil || refusal != "" {
		return refusal, err
	}
	if writes {
		err = w.tell(*line, before, after)
	}
	if err != nil {
		return "", err
	}
	if err := w.leave(*line, after.Name()); err != nil {
		return "", err
	}
	if err := moveGroups(w.ctx, w.tx, w.a.id, line.Agent, line.Join, nil); err != nil {
		return "", err
	}
	return "", w.tellGroups(line.Agent, line.Verdict == ToChange && len(line.Join) > 0)
}

// tellGroups tells programs that somebody whom they know joined or left groups.
func (w *writing) tellGroups(agent portal.AgentID, moved bool) error {
	if !moved {
		return nil
	}
	return outbox.Put(w.ctx, w.tx, w.a.id, outbox.Event{Kind: outbox.AgentGroups, At: w.store.now(), Agent: agent})
}

// refusalOr makes a reason of a group that is no more, another of one that a rule fills
// by now, and hands other errors on.
func refusalOr(reason string, err error) (string, error) {
	switch {
	case errors.Is(err, portal.ErrInvalid):
		return reason, nil
	case errors.Is(err, portal.ErrConflict):
		return leftByRule, nil
	}
	return "", err
}

// holds says whether a card still is what it was when the line was shown.
func (l ArrivalLine) holds(card Agent) bool {
	for _, move := range l.Moves {
		for _, field := range cardFields {
			if field.name == move.Field && plainField(field.name) && *field.of(&card) != move.Before {
				return false
			}
		}
	}
	return l.Place == nil || card.Unit == l.Was
}

// arrived says whether somebody came since the line was shown who is the same person.
func (w *writing) arrived(card Agent) string {
	name, address := card.sortName(), strings.ToLower(card.Email)
	if address != "" && w.taken[address] || w.names[name] && (address == "" || w.names[name+"\n"]) {
		return leftHere
	}
	return ""
}

// change replaces a card, but that of the last administrator, who may govern by her unit
// or by a rule that looks at her card, and what a directory server gives.
func (w *writing) change(before, after Agent) (refusal string, err error) {
	if err := keepGiven(w.ctx, w.tx, w.a.id, before.ID, differing(before, after)); err != nil {
		if said := refused(err); said.Key != "" {
			return said.Key, nil
		}
		return "", err
	}
	write := func(card Agent) error {
		return w.store.writeCard(w.ctx, w.tx, w.caller, before, card, w.chart.names[card.Unit])
	}
	if !w.governs[before.ID] {
		err = write(after)
	} else {
		err = keepAnAdministrator(w.ctx, w.tx, w.a.id, w.store.now(), func() error { return write(after) })
	}
	switch key := refused(err).Key; {
	case key == errLastAdministrator.Key:
		refusal = key
	case errors.Is(err, portal.ErrDenied):
		refusal = leftRuled
	default:
		return "", err
	}
	return refusal, w.store.writeCard(w.ctx, w.tx, w.caller, after, before, w.chart.names[before.Unit])
}

// create adds an agent, unless a rule would give her what the caller does not hold.
func (w *writing) create(agent Agent) (refusal string, err error) {
	err = w.store.putAgent(w.ctx, w.tx, w.caller, agent, w.chart.names[agent.Unit], database.Millis(w.store.now()))
	if !errors.Is(err, portal.ErrDenied) {
		return "", err
	}
	for _, text := range []string{
		`DELETE FROM agent_group_members WHERE collectivity = $1 AND agent = $2`,
		`DELETE FROM agents WHERE collectivity = $1 AND id = $2`,
	} {
		if err := w.tx.Write(w.ctx, text, string(w.a.id), string(agent.ID)); err != nil {
			return "", err
		}
	}
	return leftRuled, nil
}

// tell writes in the journal who was made or changed.
func (w *writing) tell(line ArrivalLine, before, after Agent) error {
	said := audit.By(w.caller, audit.AgentImported)
	if line.Verdict == ToChange {
		said.Action, said.Detail = audit.AgentChanged, strings.Join(differing(before, after), " ")
		said.Untold = said.Detail == "" // she joins groups alone
		if after.Account != "" {
			w.accounts[after.Account] = true
		}
	}
	said.At, said.Object, said.ObjectID, said.Address = w.store.now(), after.Name(), string(after.ID), w.a.address
	return audit.Write(w.ctx, w.tx, said)
}

// end ends an import, or its undoing.
func (s *Arrivals) end(ctx context.Context, caller portal.Caller, a Arrival) error {
	state := ArrivalDone
	if a.State == ArrivalUndoing {
		if err := s.unbuild(ctx, caller, a); err != nil {
			return err
		}
		state = ArrivalUndone
	}
	return s.store.db.Write(ctx, `UPDATE arrivals SET state = $1, ended = $2, reached = 0 WHERE collectivity = $3 AND id = $4 AND state = $5`,
		string(state), database.Millis(s.store.now()), string(a.id), a.ID, string(a.State))
}

// clean deletes files that nobody imported, and what can be undone no more.
func (s *Arrivals) clean(ctx context.Context) error {
	now := s.store.now()
	found, err := s.store.db.Query(ctx, `SELECT `+arrivalColumns+` FROM arrivals
		WHERE begun = 0 AND created < $1 OR state IN ('done', 'undone') AND ended < $2 OR state = 'stopped' AND begun < $2 OR state = 'dropped'`,
		database.Millis(now.Add(-fileLife)), database.Millis(now.Add(-undoLife)))
	old, err := database.Collect(found, err, func(rows *sql.Rows) (Arrival, error) { return scanArrival(rows) })
	for _, a := range old {
		if err == nil {
			err = s.remove(ctx, a)
		}
		if errors.Is(err, errBegun) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("directory: clean imports: %w", err)
	}
	return nil
}
