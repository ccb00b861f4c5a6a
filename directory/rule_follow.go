package directory

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"slices"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// ruledGroup is a group whose members follow a rule.
type ruledGroup struct {
	Group
	judge judge
}

// watching are the groups by rule that look at one of some keys, or at one of two
// units or of those above them.
func watching(ctx context.Context, from rows, collectivity portal.CollectivityID, keys []string, one, other portal.UnitID) (groups []ruledGroup, err error) {
	for some := range slices.Chunk(keys, maxTogether) {
		args, marks := among([]any{string(collectivity), string(one), string(other)}, some)
		found, err := from.Query(ctx, `
			WITH RECURSIVE above (id, parent) AS (
				SELECT id, parent FROM units WHERE collectivity = $1 AND id IN ($2, $3)
				UNION SELECT u.id, u.parent FROM above JOIN units u ON u.collectivity = $1 AND u.id = above.parent
			)
			SELECT g.id, g.name, g.rule FROM agent_groups g WHERE g.collectivity = $1 AND g.ruled AND g.id IN (
				SELECT k.group_id FROM group_rule_keys k WHERE k.collectivity = $1 AND k.watched IN (`+marks+`)
				UNION SELECT k.group_id FROM above JOIN group_rule_keys k ON k.collectivity = $1 AND k.watched = 'unit/' || above.id)`, args...)
		more, err := database.Collect(found, err, scanRuled)
		if err != nil {
			return nil, err
		}
		groups = append(groups, more...)
	}
	slices.SortFunc(groups, func(a, b ruledGroup) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(groups, func(a, b ruledGroup) bool { return a.ID == b.ID }), nil
}

func scanRuled(rows *sql.Rows) (g ruledGroup, err error) {
	var text string
	if err := rows.Scan(&g.ID, &g.Name, &text); err != nil {
		return g, err
	}
	rule, err := parseRule(text)
	g.judge = rule.judge()
	return g, err
}

// among adds texts to the parameters of a query, and returns the marks of its IN
// list. There are few lengths, so that there are few texts: the last one fills them.
func among[T ~string](args []any, texts []T) (all []any, marks string) {
	size := 8
	for size < len(texts) {
		size *= 8
	}
	first := len(args) + 1
	for n := range size {
		args = append(args, string(texts[min(n, len(texts)-1)]))
	}
	return args, database.Params(first, size)
}

// followCard brings an agent into the groups by rule that her card, as it is now,
// places her in, and out of the others. Was is nil for a new agent. A change of
// what no rule looks at costs one read at the most.
func (s *Store) followCard(ctx context.Context, tx *database.Tx, caller portal.Caller, was *Agent, now Agent) error {
	moves, err := cardMoves(ctx, tx, caller.Collectivity, was, now)
	if err != nil {
		return err
	}
	return s.moveCard(ctx, tx, caller, now, moves)
}

// cardMoves are the groups by rule that a card, as it is now, brings its agent into and
// out of.
func cardMoves(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, was *Agent, now Agent) ([]ruleMove, error) {
	before, left := map[string]bool{emptyCard: true}, now.Unit
	if was != nil {
		before, left = cardOf(*was, nil).keys(), was.Unit
	}
	card := cardOf(now, nil)
	keys := unshared(before, card.keys())
	if len(keys) == 0 {
		return nil, nil
	}
	entered := now.Unit
	if was != nil && left == entered {
		left, entered = "", "" // what looks at where she is goes on seeing her there
	}
	groups, err := watching(ctx, tx, collectivity, keys, left, entered)
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	if card.above, err = unitsAbove(ctx, tx, collectivity, now.Unit); err != nil {
		return nil, err
	}
	return movesOf(ctx, tx, collectivity, groups, []ruledCard{card})
}

// moveCard writes what cardMoves found, and tells it.
func (s *Store) moveCard(ctx context.Context, tx *database.Tx, caller portal.Caller, now Agent, moves []ruleMove) error {
	if len(moves) == 0 {
		return nil
	}
	if err := s.move(ctx, tx, caller, moves); err != nil {
		return err
	}
	var out, in []string
	for _, move := range moves {
		if len(move.in) > 0 {
			in = append(in, move.Name)
		} else {
			out = append(out, move.Name)
		}
	}
	line := audit.By(caller, audit.MembersByCard)
	line.At, line.Object, line.ObjectID = s.now(), now.Name(), string(now.ID)
	return writeMoved(ctx, tx, line, out, in)
}

// withAbove begins a query about a unit, $2, of a collectivity, $1, with those above it.
const withAbove = `
	WITH RECURSIVE above (id, parent) AS (
		SELECT u.id, u.parent FROM units u WHERE u.collectivity = $1 AND u.id = $2
		UNION SELECT u.id, u.parent FROM above JOIN units u ON u.collectivity = $1 AND u.id = above.parent
	) `

// unitsAbove are a unit and those above it, nil for "".
func unitsAbove(ctx context.Context, from rows, collectivity portal.CollectivityID, unit portal.UnitID) ([]portal.UnitID, error) {
	if unit == "" {
		return nil, nil
	}
	found, err := from.Query(ctx, withAbove+`SELECT id FROM above`, string(collectivity), string(unit))
	return database.Collect(found, err, func(rows *sql.Rows) (id portal.UnitID, err error) { return id, rows.Scan(&id) })
}

// followChart runs a change of the organisation chart that puts what is below a
// unit below another one, "" for the top, and brings the groups by rule up to
// date. Emptied says that the unit stays where it is, and its agents go with what
// is below it. A change that no rule looks at costs two reads.
func (s *Store) followChart(ctx context.Context, tx *database.Tx, caller portal.Caller, unit, to portal.UnitID, emptied bool, address string, change func() error) error {
	before, err := unitsAbove(ctx, tx, caller.Collectivity, unit)
	if err != nil {
		return err
	}
	after, err := unitsAbove(ctx, tx, caller.Collectivity, to)
	if err != nil {
		return err
	}
	was, now := map[string]bool{}, map[string]bool{}
	for _, one := range before {
		was["unit/"+string(one)] = true
	}
	for _, one := range after {
		now["unit/"+string(one)] = true
	}
	if emptied {
		was["own/"+string(unit)], now["own/"+string(to)] = true, true
	} else {
		now["unit/"+string(unit)] = true
	}
	groups, err := watching(ctx, tx, caller.Collectivity, unshared(was, now), "", "")
	if err != nil {
		return err
	}
	if len(groups) == 0 {
		return change()
	}
	cards, err := cardsBelow(ctx, tx, caller.Collectivity, unit)
	if err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	chart, err := parentsIn(ctx, tx, caller.Collectivity)
	if err != nil {
		return err
	}
	chart.place(cards, func(card *ruledCard) {
		if emptied && card.unit == unit {
			card.unit = to
		}
	})
	moves, err := movesOf(ctx, tx, caller.Collectivity, groups, cards)
	if err != nil || len(moves) == 0 {
		return err
	}
	if err := s.move(ctx, tx, caller, moves); err != nil {
		return err
	}
	return s.tellMoves(ctx, tx, caller, audit.MembersByUnit, moves, address)
}

// place fills in where cards are, once each was changed.
func (p parents) place(cards []ruledCard, change func(card *ruledCard)) {
	chains := map[portal.UnitID][]portal.UnitID{}
	for i := range cards {
		card := &cards[i]
		change(card)
		chain, known := chains[card.unit]
		if !known {
			chain = p.chain(card.unit)
			chains[card.unit] = chain
		}
		card.above = chain
	}
}

const cardColumns = `SELECT a.id, a.active, a.kind, a.unit, a.function, a.office FROM agents a WHERE a.collectivity = $1 `

func scanRuledCard(rows *sql.Rows) (ruledCard, error) {
	var a Agent
	err := rows.Scan(&a.ID, &a.Active, &a.Kind, &a.Unit, &a.Function, &a.Office)
	return cardOf(a, nil), err
}

// cardsBelow are the cards of a unit and of those below it, closed ones too.
func cardsBelow(ctx context.Context, from rows, collectivity portal.CollectivityID, unit portal.UnitID) ([]ruledCard, error) {
	found, err := from.Query(ctx, cardColumns+`AND a.unit IN (WITH RECURSIVE below (id) AS (
			SELECT b.id FROM units b WHERE b.collectivity = $1 AND b.id = $2
			UNION SELECT c.id FROM units c JOIN below ON c.parent = below.id WHERE c.collectivity = $1) SELECT id FROM below)`,
		string(collectivity), string(unit))
	return database.Collect(found, err, scanRuledCard)
}

// ruleMove is who comes into a group by its rule, and who goes out.
type ruleMove struct {
	Group
	in, out []portal.AgentID
}

// movesOf compares who is in some groups with whom their rules catch, among the
// agents of some cards.
func movesOf(ctx context.Context, from rows, collectivity portal.CollectivityID, groups []ruledGroup, cards []ruledCard) ([]ruleMove, error) {
	type member struct {
		agent portal.AgentID
		group portal.GroupID
	}
	there := map[member]bool{}
	for some := range slices.Chunk(cards, maxTogether) {
		ids := make([]portal.AgentID, len(some))
		for i, card := range some {
			ids[i] = card.id
		}
		args, marks := among([]any{string(collectivity)}, ids)
		found, err := from.Query(ctx, `SELECT agent, group_id FROM agent_group_members WHERE collectivity = $1 AND agent IN (`+marks+`)`, args...)
		_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
			var m member
			err = rows.Scan(&m.agent, &m.group)
			there[m] = true
			return none, err
		})
		if err != nil {
			return nil, err
		}
	}
	var moves []ruleMove
	for _, group := range groups {
		move := ruleMove{Group: group.Group}
		for i := range cards {
			in := there[member{cards[i].id, group.ID}]
			switch caught := group.judge.catches(&cards[i]); {
			case caught && !in:
				move.in = append(move.in, cards[i].id)
			case !caught && in:
				move.out = append(move.out, cards[i].id)
			}
		}
		if len(move.in)+len(move.out) > 0 {
			moves = append(moves, move)
		}
	}
	return moves, nil
}

// move writes who came into groups by rule and who went out, if the caller may
// decide about it: neither more than she holds, nor about who holds more, nor her own
// groups.
func (s *Store) move(ctx context.Context, tx *database.Tx, caller portal.Caller, moves []ruleMove) error {
	for _, move := range moves {
		if err := s.mayMove(ctx, tx, caller, move.Group); err != nil {
			return err
		}
		if err := s.mayDecideAbout(ctx, tx, caller, slices.Concat(move.in, move.out), errMoved); err != nil {
			return err
		}
		err := eachAmong(move.in, func(some []portal.AgentID) error {
			args, marks := among([]any{string(caller.Collectivity), string(move.ID)}, some)
			return tx.Write(ctx, `
				INSERT INTO agent_group_members (collectivity, group_id, agent)
				SELECT a.collectivity, $2, a.id FROM agents a WHERE a.collectivity = $1 AND a.id IN (`+marks+`)
				ON CONFLICT DO NOTHING`, args...)
		})
		if err != nil {
			return err
		}
		err = eachAmong(move.out, func(some []portal.AgentID) error {
			args, marks := among([]any{string(caller.Collectivity), string(move.ID)}, some)
			return tx.Write(ctx, `DELETE FROM agent_group_members WHERE collectivity = $1 AND group_id = $2 AND agent IN (`+marks+`)`, args...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func eachAmong(ids []portal.AgentID, do func(some []portal.AgentID) error) error {
	for some := range slices.Chunk(ids, maxTogether) {
		if err := do(some); err != nil {
			return err
		}
	}
	return nil
}

// mayMove refuses a change of a card or of the chart by which a rule would give
// what the caller does not hold, or open what she does not govern. Who only corrects her own card moves between no
// groups at all: what they open is not hers to decide.
func (s *Store) mayMove(ctx context.Context, from rows, caller portal.Caller, group Group) error {
	if !caller.CanSomewhere(portal.ManageAgents) {
		return portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.place.own", Args: []any{"name", group.Name}}
	}
	key := "directory.error.place.ruled"
	err := s.mayJoin(ctx, from, caller, group.ID)
	if err == nil {
		key, err = "directory.error.fill.ruled", s.mayOpen(ctx, from, caller, group.ID)
	}
	if errors.Is(err, portal.ErrDenied) {
		err = portal.UserError{Kind: portal.ErrDenied, Key: key, Args: []any{"name", group.Name}}
	}
	return err
}

// tellMoves writes who came into each group and who went out in the journal.
func (s *Store) tellMoves(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, moves []ruleMove, address string) error {
	for _, move := range moves {
		names, err := namesAmong(ctx, tx, caller.Collectivity, slices.Concat(move.in, move.out))
		if err != nil {
			return err
		}
		line := audit.By(caller, action)
		line.At, line.Object, line.ObjectID, line.Address = s.now(), move.Name, string(move.ID), address
		if err := writeMoved(ctx, tx, line, namesOfMoved(names, move.out), namesOfMoved(names, move.in)); err != nil {
			return err
		}
	}
	return nil
}

// maxMoved bounds the names of one line, which the journal would cut.
const maxMoved = 280

// writeMoved writes names that left and that joined in as many lines as they need.
func writeMoved(ctx context.Context, tx *database.Tx, line audit.Line, left, joined []string) error {
	words := make([]string, 0, len(left)+len(joined))
	for _, name := range joined {
		words = append(words, "+"+name)
	}
	for _, name := range left {
		words = append(words, "−"+name)
	}
	for len(words) > 0 {
		line.Detail = words[0]
		n := 1
		for n < len(words) && len(line.Detail)+len(words[n])+2 <= maxMoved {
			line.Detail += ", " + words[n]
			n++
		}
		if err := audit.Write(ctx, tx, line); err != nil {
			return err
		}
		line.Untold = true // once is enough
		words = words[n:]
	}
	return nil
}

// namesAmong are the names of some agents, closed ones too.
func namesAmong(ctx context.Context, from rows, collectivity portal.CollectivityID, ids []portal.AgentID) (map[portal.AgentID]string, error) {
	names := map[portal.AgentID]string{}
	err := eachAmong(ids, func(some []portal.AgentID) error {
		args, marks := among([]any{string(collectivity)}, some)
		found, err := from.Query(ctx, `SELECT id, given_name, family_name FROM agents WHERE collectivity = $1 AND id IN (`+marks+`)`, args...)
		all, err := database.Collect(found, err, func(rows *sql.Rows) (a Agent, err error) {
			return a, rows.Scan(&a.ID, &a.GivenName, &a.FamilyName)
		})
		for _, agent := range all {
			names[agent.ID] = agent.Name()
		}
		return err
	})
	return names, err
}

func namesOfMoved(names map[portal.AgentID]string, ids []portal.AgentID) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = names[id]
	}
	return all
}
