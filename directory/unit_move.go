package directory

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/outbox"
	"parvis/search"
)

// UnitMove is all of a unit that was moved into another one at once.
type UnitMove struct {
	ID     string
	Unit   Unit // out of which, as it was
	Target Unit // empty for no unit
	Moved  time.Time
	Count  int // agents and units that are not back yet
}

const (
	maxMoves     = 20  // shown
	maxMovesRead = 200 // of which those are taken that the reader can take back
)

// keepMove writes down what a unit holds before it is emptied.
func (s *Store) keepMove(ctx context.Context, tx *database.Tx, caller portal.Caller, unit Unit, into portal.UnitID) (id string, err error) {
	id = portal.NewID()
	err = tx.Write(ctx, `INSERT INTO unit_moves (collectivity, id, unit, name, parent, target, moved, agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		string(caller.Collectivity), id, string(unit.ID), unit.Name, string(unit.Parent), string(into), database.Millis(s.now()), string(caller.Agent))
	for _, text := range []string{
		`INSERT INTO unit_move_items (collectivity, move, agent, unit) SELECT a.collectivity, $2, a.id, '' FROM agents a WHERE a.collectivity = $1 AND a.unit = $3`,
		`INSERT INTO unit_move_items (collectivity, move, agent, unit) SELECT u.collectivity, $2, '', u.id FROM units u WHERE u.collectivity = $1 AND u.parent = $3`,
	} {
		if err == nil {
			err = tx.Write(ctx, text, string(caller.Collectivity), id, string(unit.ID))
		}
	}
	return id, err
}

const moveColumns = `SELECT m.id, m.unit, m.name, m.parent, m.target, COALESCE(t.name, ''), m.moved,
		(SELECT COUNT(*) FROM unit_move_items i WHERE i.collectivity = $1 AND i.move = m.id)
	FROM unit_moves m LEFT JOIN units t ON t.collectivity = m.collectivity AND t.id = m.target
	WHERE m.collectivity = $1 AND m.moved > $2 `

func scanMove(rows *sql.Rows) (m UnitMove, err error) {
	var moved int64
	err = rows.Scan(&m.ID, &m.Unit.ID, &m.Unit.Name, &m.Unit.Parent, &m.Target.ID, &m.Target.Name, &moved, &m.Count)
	m.Moved = database.FromMillis(moved)
	return m, err
}

// Moves lists what was moved out of units of the caller's collectivity in the last thirty
// days and is not back, the last first: between units where she manages agents.
func (s *Store) Moves(ctx context.Context, caller portal.Caller) ([]UnitMove, error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: list moves: %w", err)
	}
	found, err := s.db.Query(ctx, moveColumns+`AND EXISTS (SELECT 1 FROM unit_move_items o WHERE o.collectivity = $1 AND o.move = m.id)
		ORDER BY m.moved DESC, m.id LIMIT 0 + $3`, string(caller.Collectivity), database.Millis(s.now().Add(-undoLife)), maxMovesRead)
	all, err := database.Collect(found, err, scanMove)
	if err == nil && !caller.Can(portal.ManageAgents) {
		all, err = s.movesWithin(ctx, caller, all)
	}
	if err != nil {
		return nil, fmt.Errorf("directory: list moves: %w", err)
	}
	return all[:min(len(all), maxMoves)], nil
}

// movesWithin leaves of moves those that the caller can take back: see bringing.ready.
func (s *Store) movesWithin(ctx context.Context, caller portal.Caller, all []UnitMove) ([]UnitMove, error) {
	above, err := s.parents(ctx, caller.Collectivity)
	hers := func(unit portal.UnitID) bool { return caller.CanIn(portal.ManageAgents, above.chain(unit)) }
	return slices.DeleteFunc(all, func(m UnitMove) bool {
		from := m.Unit.ID
		if _, there := above[from]; !there {
			from = m.Unit.Parent
		}
		return !hers(from) || !hers(m.Target.ID)
	}), err
}

// movedBack is how many agents one transaction brings back: others write between two.
const movedBack = 100

// UndoMove brings back what was moved out of a unit, which is made again where it was
// deleted since: but for who or what is elsewhere by now, or is placed by a directory
// server. It goes on where it was stopped. back counts who and what is back, kept who and
// what stays. portal.ErrNotFound after thirty days.
func (s *Store) UndoMove(ctx context.Context, caller portal.Caller, id, address string) (back, kept int, err error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return 0, 0, fmt.Errorf("directory: undo move: %w", err)
	}
	for more := true; more; {
		var done, stays int
		err := s.queued(ctx, caller.Collectivity, search.KindPerson, func(tx *database.Tx) (ids []string, err error) {
			b := bringing{store: s, ctx: ctx, tx: tx, caller: caller, address: address}
			more, err = b.some(id)
			done, stays = b.back, b.kept
			return b.ids, err
		})
		if err != nil {
			return back, kept, fmt.Errorf("directory: undo move: %w", err)
		}
		back, kept = back+done, kept+stays
	}
	s.redrawn(caller.Collectivity)
	return back, kept, nil
}

// bringing is one transaction of an undo.
type bringing struct {
	store      *Store
	ctx        context.Context
	tx         *database.Tx
	caller     portal.Caller
	address    string
	move       UnitMove
	ids        []string
	events     []outbox.Event // that programs are told: the journal says it once, when all are back
	back, kept int
}

// some brings the next ones back, and says whether there may be more.
func (b *bringing) some(id string) (more bool, err error) {
	found, err := b.tx.Query(b.ctx, moveColumns+`AND m.id = $3`, string(b.caller.Collectivity), database.Millis(b.store.now().Add(-undoLife)), id)
	moves, err := database.Collect(found, err, scanMove)
	if err != nil {
		return false, err
	}
	if len(moves) == 0 {
		return false, portal.ErrNotFound
	}
	b.move = moves[0]
	found, err = b.tx.Query(b.ctx, `SELECT agent, unit FROM unit_move_items WHERE collectivity = $1 AND move = $2 ORDER BY agent, unit LIMIT 0 + $3`,
		string(b.caller.Collectivity), id, movedBack)
	items, err := database.Collect(found, err, func(rows *sql.Rows) (one [2]string, err error) { return one, rows.Scan(&one[0], &one[1]) })
	if err != nil {
		return false, err
	}
	if len(items) == 0 {
		return false, b.over()
	}
	if err := b.ready(); err != nil {
		return false, err
	}
	err = keepAnAdministrator(b.ctx, b.tx, b.caller.Collectivity, b.store.now(), func() error {
		for _, one := range items {
			if err := b.item(portal.AgentID(one[0]), portal.UnitID(one[1])); err != nil {
				return err
			}
		}
		return outbox.PutAll(b.ctx, b.tx, b.caller.Collectivity, b.events)
	})
	return true, err
}

// ready checks that the caller may place people where they were and decide about who is
// to come back, and makes the unit again.
func (b *bringing) ready() error {
	now, err := readUnit(b.ctx, b.tx, b.caller.Collectivity, b.move.Unit.ID)
	gone := errors.Is(err, portal.ErrNotFound)
	if err != nil && !gone {
		return err
	}
	if gone {
		return b.again()
	}
	b.move.Unit = now
	return b.may(now.ID)
}

// may refuses to bring back to a place, from where they are, those who are still there.
func (b *bringing) may(to portal.UnitID) error {
	for _, place := range []portal.UnitID{to, b.move.Target.ID} {
		if err := b.store.mayPlace(b.ctx, b.tx, b.caller, place); err != nil {
			return err
		}
	}
	return b.store.decides(b.ctx, b.tx, b.caller, `a.unit = $3 AND a.id IN (SELECT i.agent FROM unit_move_items i WHERE i.collectivity = $1 AND i.move = $4)`,
		append(b.store.decided(b.caller), string(b.move.Target.ID), b.move.ID), errAmong)
}

// again makes the unit that was deleted since, below the one that it was below if that
// is still there.
func (b *bringing) again() error {
	_, err := readUnit(b.ctx, b.tx, b.caller.Collectivity, b.move.Unit.Parent)
	if errors.Is(err, portal.ErrNotFound) {
		b.move.Unit.Parent, err = "", nil
	}
	if err == nil {
		err = b.may(b.move.Unit.Parent)
	}
	if err == nil {
		err = putUnit(b.ctx, b.tx, b.caller.Collectivity, b.move.Unit)
	}
	if err != nil {
		return err
	}
	return b.store.tellUnit(b.ctx, b.tx, b.caller, audit.UnitCreated, b.move.Unit, "", b.address)
}

// item brings one agent or one unit back, unless somebody moved it since.
func (b *bringing) item(agent portal.AgentID, unit portal.UnitID) (err error) {
	moved := false
	if agent != "" {
		moved, err = b.agent(agent)
	} else {
		moved, err = b.unit(unit)
	}
	if err != nil {
		return err
	}
	if moved {
		b.back++
	} else {
		b.kept++
	}
	return b.tx.Write(b.ctx, `DELETE FROM unit_move_items WHERE collectivity = $1 AND move = $2 AND agent = $3 AND unit = $4`,
		string(b.caller.Collectivity), b.move.ID, string(agent), string(unit))
}

func (b *bringing) agent(id portal.AgentID) (moved bool, err error) {
	row := b.tx.QueryRow(b.ctx, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND a.id = $2`, string(b.caller.Collectivity), string(id))
	was, err := scanAgent(row.Scan)
	if errors.Is(err, portal.ErrNotFound) || err == nil && was.Unit != b.move.Target.ID {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	given, err := givenFields(b.ctx, b.tx, b.caller.Collectivity, id)
	if err != nil || slices.Contains(given, "unit") {
		return false, err
	}
	now := was
	now.Unit = b.move.Unit.ID
	b.ids = append(b.ids, string(id))
	b.events = append(b.events, outbox.Event{Kind: outbox.AgentChanged, At: b.store.now(), Agent: id, Fields: []string{"unit"}})
	return true, b.store.writeCard(b.ctx, b.tx, b.caller, was, now, b.move.Unit.Name)
}

func (b *bringing) unit(id portal.UnitID) (moved bool, err error) {
	now, err := readUnit(b.ctx, b.tx, b.caller.Collectivity, id)
	if errors.Is(err, portal.ErrNotFound) || err == nil && now.Parent != b.move.Target.ID {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	loop, err := isBelow(b.ctx, b.tx, b.caller.Collectivity, b.move.Unit.ID, id)
	if err != nil || loop {
		return false, err
	}
	from := now.Parent
	now.Parent = b.move.Unit.ID
	return true, b.store.hang(b.ctx, b.tx, b.caller, from, now, b.address)
}

// over forgets a move of which nothing is left to bring back, and tells the journal.
func (b *bringing) over() error {
	if err := b.tx.Write(b.ctx, `DELETE FROM unit_moves WHERE collectivity = $1 AND id = $2`, string(b.caller.Collectivity), b.move.ID); err != nil {
		return err
	}
	line := audit.By(b.caller, audit.UnitEmptied)
	line.At, line.Object, line.ObjectID, line.Address = b.store.now(), b.move.Unit.Name, string(b.move.Unit.ID), b.address
	line.Detail, line.Untold = audit.Became(cmp.Or(b.move.Target.Name, "–"), b.move.Unit.Name), true // who is back was told one by one
	return audit.Write(b.ctx, b.tx, line)
}

// ForgetMoves drops what can't be undone any more.
func (s *Store) ForgetMoves(ctx context.Context, collectivity portal.CollectivityID) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		before := database.Millis(s.now().Add(-undoLife))
		err := tx.Write(ctx, `DELETE FROM unit_move_items WHERE collectivity = $1 AND move IN (SELECT m.id FROM unit_moves m WHERE m.collectivity = $1 AND m.moved < $2)`,
			string(collectivity), before)
		if err != nil {
			return err
		}
		return tx.Write(ctx, `DELETE FROM unit_moves WHERE collectivity = $1 AND moved < $2`, string(collectivity), before)
	})
	if err != nil {
		return fmt.Errorf("directory: forget moves: %w", err)
	}
	return nil
}
