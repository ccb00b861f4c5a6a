package directory

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// GroupRule is the rule of a group, or the last one that it had.
type GroupRule struct {
	Group
	Rule  Rule // the zero Rule when it never had any
	Ruled bool // the members follow it
}

func readRule(ctx context.Context, from rows, collectivity portal.CollectivityID, id portal.GroupID) (g GroupRule, err error) {
	var text string
	err = from.QueryRow(ctx, `SELECT id, name, rule, ruled FROM agent_groups WHERE collectivity = $1 AND id = $2`, string(collectivity), string(id)).
		Scan(&g.ID, &g.Name, &text, &g.Ruled)
	if err != nil {
		return GroupRule{}, err
	}
	g.Rule, err = parseRule(text)
	return g, err
}

// RuleOf returns the rule of a group of the caller's collectivity, for its
// administrator.
func (s *Store) RuleOf(ctx context.Context, caller portal.Caller, id portal.GroupID) (g GroupRule, err error) {
	if err = caller.Require(portal.ManageAgents); err == nil {
		g, err = readRule(ctx, s.db, caller.Collectivity, id)
	}
	if err != nil {
		return GroupRule{}, fmt.Errorf("directory: read rule: %w", err)
	}
	return g, nil
}

// RulePreview is what a rule would make of a group.
type RulePreview struct {
	GroupRule                // as it is
	New       Rule           // as it would be
	People    int            // active agents of the collectivity
	Caught    int            // those of them whom the rule catches
	In, Out   Crossing       // against today's members
	Rights    []portal.Right // that the group gives: who comes in wins them
	Seen      string         // names all of this: what was not shown is not kept
	move      ruleMove
}

// Crossing is who comes into a group, or goes out of it: active agents.
type Crossing struct {
	Count int
	First []Agent // in the order of family names, at most maxShown
}

// More is how many First leaves out.
func (c Crossing) More() int { return c.Count - len(c.First) }

// maxShown bounds the names of a preview.
const maxShown = 30

// Everyone says that the rule catches all of the collectivity.
func (p RulePreview) Everyone() bool { return p.Caught == p.People && p.People > 0 }

// Nobody says that the rule catches nobody.
func (p RulePreview) Nobody() bool { return p.Caught == 0 }

// Warns says that the rule must be confirmed before it is kept.
func (p RulePreview) Warns() bool { return p.Everyone() || p.Nobody() || len(p.Rights) > 0 }

// PreviewRule tells what a rule would make of a group of the caller's collectivity,
// before it is kept: FieldErrors for a rule that says nothing, portal.ErrDenied
// when the group gives what the caller does not hold.
func (s *Store) PreviewRule(ctx context.Context, caller portal.Caller, id portal.GroupID, rule Rule) (preview RulePreview, err error) {
	if err = caller.Require(portal.ManageAgents); err == nil {
		err = s.mayOpen(ctx, s.db, caller, id)
	}
	if err == nil {
		preview, err = s.foresee(ctx, s.db, caller, id, rule)
	}
	if err == nil {
		err = s.nameCrossings(ctx, caller, &preview)
	}
	if err != nil {
		return RulePreview{}, fmt.Errorf("directory: preview rule: %w", err)
	}
	return preview, nil
}

// foresee judges every card of the collectivity.
func (s *Store) foresee(ctx context.Context, from rows, caller portal.Caller, id portal.GroupID, rule Rule) (p RulePreview, err error) {
	if p.GroupRule, err = readRule(ctx, from, caller.Collectivity, id); err != nil {
		return p, err
	}
	chart, err := parentsIn(ctx, from, caller.Collectivity)
	if err != nil {
		return p, err
	}
	if err := rule.check(func(unit portal.UnitID) bool { _, there := chart[unit]; return there }); err != nil {
		return p, err
	}
	if err := s.mayMove(ctx, from, caller, p.Group); err != nil {
		return p, err
	}
	found, err := from.Query(ctx, cardColumns+`ORDER BY a.sort_name, a.id`, string(caller.Collectivity))
	cards, err := database.Collect(found, err, scanRuledCard)
	if err != nil {
		return p, err
	}
	chart.place(cards, func(*ruledCard) {})
	members, err := membersOf(ctx, from, caller.Collectivity, id)
	if err != nil {
		return p, err
	}
	if p.Rights, err = s.rightsByGroup(ctx, from, caller, id); err != nil {
		return p, err
	}
	p.New, p.move = rule, ruleMove{Group: p.Group}
	p.judgeAll(cards, members)
	return p, nil
}

// judgeAll sorts every card: in, out, or where it is already.
func (p *RulePreview) judgeAll(cards []ruledCard, members map[portal.AgentID]bool) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %q %v %q %q", p.ID, p.Rule.text(), p.Ruled, p.New.text(), p.Rights)
	judge := p.New.judge()
	for i := range cards {
		card := &cards[i]
		caught, in := judge.catches(card), members[card.id]
		if card.active {
			p.People++
		}
		if caught && card.active {
			p.Caught++
		}
		switch {
		case caught && !in:
			p.move.in = append(p.move.in, card.id)
			p.In.add(card)
			fmt.Fprintf(sum, "+%q", card.id)
		case !caught && in:
			p.move.out = append(p.move.out, card.id)
			p.Out.add(card)
			fmt.Fprintf(sum, "-%q", card.id)
		}
	}
	p.Seen = hex.EncodeToString(sum.Sum(nil)[:16])
}

// add counts an active agent, and keeps her to be named.
func (c *Crossing) add(card *ruledCard) {
	if !card.active {
		return
	}
	if c.Count++; c.Count <= maxShown {
		c.First = append(c.First, Agent{ID: card.id})
	}
}

// nameCrossings reads the cards of those who are shown.
func (s *Store) nameCrossings(ctx context.Context, caller portal.Caller, p *RulePreview) error {
	var ids []portal.AgentID
	for _, one := range slices.Concat(p.In.First, p.Out.First) {
		ids = append(ids, one.ID)
	}
	present, err := s.Present(ctx, caller, ids)
	if err != nil {
		return err
	}
	for _, some := range [][]Agent{p.In.First, p.Out.First} {
		for i := range some {
			some[i] = present[some[i].ID].Agent
		}
	}
	return nil
}

func membersOf(ctx context.Context, from rows, collectivity portal.CollectivityID, id portal.GroupID) (map[portal.AgentID]bool, error) {
	members := map[portal.AgentID]bool{}
	found, err := from.Query(ctx, `SELECT agent FROM agent_group_members WHERE collectivity = $1 AND group_id = $2`, string(collectivity), string(id))
	_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
		var agent portal.AgentID
		err = rows.Scan(&agent)
		members[agent] = true
		return none, err
	})
	return members, err
}

// rightsByGroup are the rights that a group gives or will give, sorted.
func (s *Store) rightsByGroup(ctx context.Context, from rows, caller portal.Caller, id portal.GroupID) ([]portal.Right, error) {
	found, err := from.Query(ctx, `
		SELECT DISTINCT right_name FROM rights_given
		WHERE collectivity = $1 AND kind = 'group' AND subject = $2 AND taken = 0 AND (ends = 0 OR ends > $3)`,
		string(caller.Collectivity), string(id), database.Millis(s.now()))
	rights, err := database.Collect(found, err, func(rows *sql.Rows) (right portal.Right, err error) { return right, rows.Scan(&right) })
	slices.SortFunc(rights, func(a, b portal.Right) int { return slices.Index(portal.Rights, a) - slices.Index(portal.Rights, b) })
	return rights, err
}

// RuleChange is a rule to keep.
type RuleChange struct {
	Group   portal.GroupID
	Rule    Rule
	Seen    string // RulePreview.Seen of what was shown
	Sure    bool   // it was confirmed, see RulePreview.Warns
	Told    string // the rule in words, for the journal
	Address string // of the client
}

// errRuleUnseen refuses a rule that would not do what was shown: nothing was, or
// cards, members, rights or the rule of the group changed since.
var errRuleUnseen = portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.rule.unseen"}

// SetRule lets the members of a group follow a rule from now on. portal.ErrConflict
// when what PreviewRule showed is no more what it does; a field error on "sure" when
// it must be confirmed and is not. The last who governs the collectivity keeps it.
func (s *Store) SetRule(ctx context.Context, caller portal.Caller, change RuleChange) error {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return fmt.Errorf("directory: set rule: %w", err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := s.mayOpen(ctx, tx, caller, change.Group); err != nil {
			return err
		}
		preview, err := s.foresee(ctx, tx, caller, change.Group, change.Rule)
		switch {
		case err != nil:
			return err
		case preview.Seen != change.Seen:
			return errRuleUnseen
		case preview.Warns() && !change.Sure:
			return portal.FieldErrors{portal.Invalid("sure", "directory.error.rule.sure")}
		}
		err = keepAnAdministrator(ctx, tx, caller.Collectivity, s.now(), func() error { return s.move(ctx, tx, caller, []ruleMove{preview.move}) })
		if err != nil {
			return err
		}
		err = database.OneRow(tx.Exec(ctx, `UPDATE agent_groups SET rule = $1, ruled = TRUE WHERE collectivity = $2 AND id = $3`,
			change.Rule.text(), string(caller.Collectivity), string(change.Group)))
		if err != nil {
			return err
		}
		if err := watch(ctx, tx, caller.Collectivity, change.Group, change.Rule.keys()); err != nil {
			return err
		}
		if err := s.tellGroup(ctx, tx, caller, audit.GroupRuled, preview.Group, change.Told, change.Address); err != nil {
			return err
		}
		return s.tellMoves(ctx, tx, caller, audit.MembersByRule, []ruleMove{preview.move}, change.Address)
	})
	if err != nil {
		return fmt.Errorf("directory: set rule: %w", err)
	}
	s.changedIn(caller.Collectivity)
	return nil
}

// watch replaces what of cards a group looks at.
func watch(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, group portal.GroupID, keys []string) error {
	if err := tx.Write(ctx, `DELETE FROM group_rule_keys WHERE collectivity = $1 AND group_id = $2`, string(collectivity), string(group)); err != nil {
		return err
	}
	for _, key := range keys {
		err := tx.Write(ctx, `INSERT INTO group_rule_keys (collectivity, watched, group_id) VALUES ($1, $2, $3)`, string(collectivity), key, string(group))
		if err != nil {
			return err
		}
	}
	return nil
}

// FillByHand lets a group keep the members that its rule gave it, and be filled by
// hand from now on. The rule is kept to be taken up.
func (s *Store) FillByHand(ctx context.Context, caller portal.Caller, id portal.GroupID, address string) (group Group, err error) {
	if err := caller.Require(portal.ManageAgents); err != nil {
		return Group{}, fmt.Errorf("directory: fill by hand: %w", err)
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := s.mayOpen(ctx, tx, caller, id); err != nil {
			return err
		}
		now, err := readRule(ctx, tx, caller.Collectivity, id)
		if group = now.Group; err != nil || !now.Ruled {
			return err
		}
		if err := s.mayMove(ctx, tx, caller, group); err != nil {
			return err
		}
		return s.unrule(ctx, tx, caller, group, address)
	})
	if err != nil {
		return Group{}, fmt.Errorf("directory: fill by hand: %w", err)
	}
	return group, nil
}

func (s *Store) unrule(ctx context.Context, tx *database.Tx, caller portal.Caller, group Group, address string) error {
	err := tx.Write(ctx, `UPDATE agent_groups SET ruled = FALSE WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(group.ID))
	if err == nil {
		err = watch(ctx, tx, caller.Collectivity, group.ID, nil)
	}
	if err != nil {
		return err
	}
	return s.tellGroup(ctx, tx, caller, audit.GroupByHand, group, "", address)
}

// resume brings a group that was deleted up to date with its rule. One that names
// a unit which is no more could catch anybody: it stays with the members of that
// day, filled by hand.
func (s *Store) resume(ctx context.Context, tx *database.Tx, caller portal.Caller, id portal.GroupID, address string) (unruled bool, err error) {
	now, err := readRule(ctx, tx, caller.Collectivity, id)
	if err != nil || !now.Ruled {
		return false, err
	}
	preview, err := s.foresee(ctx, tx, caller, id, now.Rule)
	if wrong := (portal.FieldErrors{}); errors.As(err, &wrong) {
		return true, s.unrule(ctx, tx, caller, now.Group, address)
	}
	if err != nil {
		return false, err
	}
	if err := watch(ctx, tx, caller.Collectivity, id, now.Rule.keys()); err != nil {
		return false, err
	}
	if err := s.move(ctx, tx, caller, []ruleMove{preview.move}); err != nil {
		return false, err
	}
	return false, s.tellMoves(ctx, tx, caller, audit.MembersByRule, []ruleMove{preview.move}, address)
}

// rulesNaming tells what groups look at a unit by their rules, which keeps it from
// being deleted.
func rulesNaming(ctx context.Context, from rows, collectivity portal.CollectivityID, unit portal.UnitID) ([]portal.Mention, error) {
	found, err := from.Query(ctx, `
		SELECT g.id, g.name FROM agent_groups g WHERE g.collectivity = $1 AND g.ruled AND g.id IN (
			SELECT k.group_id FROM group_rule_keys k WHERE k.collectivity = $1 AND k.watched IN ('unit/' || $2, 'own/' || $2))
		ORDER BY g.name, g.id`, string(collectivity), string(unit))
	return database.Collect(found, err, func(rows *sql.Rows) (portal.Mention, error) {
		var group Group
		err := rows.Scan(&group.ID, &group.Name)
		return portal.Mention{Kind: "directory.group.mention", Name: group.Name, Path: groupPath(group.ID) + "/rule", Icon: "people"}, err
	})
}

// GroupsByHand lists the groups of the caller's collectivity in which people are
// placed by hand, by name.
func (s *Store) GroupsByHand(ctx context.Context, caller portal.Caller) ([]Group, error) {
	all, err := s.CountedGroups(ctx, caller)
	if err != nil {
		return nil, err
	}
	var groups []Group
	for _, group := range all {
		if !group.Ruled {
			groups = append(groups, group.Group)
		}
	}
	return groups, nil
}
