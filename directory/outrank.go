package directory

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
)

// Whoever governs a part of a collectivity must not get the rest of it by deciding
// about those who do, nor by putting people where rights are given.
var (
	errOutranked = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.outranked"}
	errAmong     = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.among"}
	errFill      = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.fill"}
	// Those of who manages the agents of some units alone.
	errElsewhere      = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.elsewhere"}
	errPlaceElsewhere = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.place.elsewhere"}
	errOwnUnit        = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.unit.own"}
	errGroups         = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.groups.elsewhere"}
	errMoved          = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.moved"}
	errPlace          = portal.UserError{Kind: portal.ErrDenied, Key: "directory.error.place"}
)

// mayDecide refuses to decide about an agent who is not where the caller manages
// agents, or who holds a right, or will, that the caller does not hold.
func (s *Store) mayDecide(ctx context.Context, from rows, caller portal.Caller, agent portal.AgentID) error {
	return s.mayDecideAbout(ctx, from, caller, []portal.AgentID{agent}, errOutranked)
}

// mayDecideAbout is mayDecide for many agents at once; outranked is what is said when
// one of them may do more.
func (s *Store) mayDecideAbout(ctx context.Context, from rows, caller portal.Caller, agents []portal.AgentID, outranked error) error {
	return eachAmong(agents, func(some []portal.AgentID) error {
		args, marks := among(s.decided(caller), some)
		return s.decides(ctx, from, caller, `a.id IN (`+marks+`)`, args, outranked)
	})
}

// mayDecideIn is mayDecide for all agents of a unit, closed ones too.
func (s *Store) mayDecideIn(ctx context.Context, from rows, caller portal.Caller, unit portal.UnitID) error {
	return s.decides(ctx, from, caller, `a.unit = $3`, append(s.decided(caller), string(unit)), errAmong)
}

// decided are the first parameters of what decides asks.
func (s *Store) decided(caller portal.Caller) []any {
	return []any{string(caller.Collectivity), database.Millis(s.now())}
}

// decides is the one place where it is said whether the caller may decide about the
// agents a of a condition: portal.Caller.Decides, with what those hold or will.
func (s *Store) decides(ctx context.Context, from rows, caller portal.Caller, condition string, args []any, outranked error) error {
	if caller.Can(portal.Admin) {
		return nil
	}
	all, err := theirs(ctx, from, condition, args)
	if err != nil {
		return err
	}
	above, err := s.aboveFor(ctx, from, caller, all)
	if err != nil {
		return err
	}
	they := portal.Caller{Collectivity: caller.Collectivity}
	for _, one := range all {
		if holding, holds := above.holding(portal.Right(one.name), one.unit); holds && one.kind == "right" {
			hold(&they, holding)
		}
	}
	for _, one := range all {
		if one.kind != "unit" {
			continue
		}
		they.Units = above.chain(one.unit)
		switch {
		case caller.Decides(they):
		case !caller.CanIn(portal.ManageAgents, they.Units):
			return errElsewhere
		default:
			return outranked
		}
	}
	return nil
}

// theirs are the units of the agents a of a condition, and the rights that they hold or
// will; $1 is the collectivity and $2 the moment.
func theirs(ctx context.Context, from rows, condition string, args []any) ([]entitlement, error) {
	found, err := from.Query(ctx, `
		WITH RECURSIVE who (id, account, unit) AS (
			SELECT a.id, a.account, a.unit FROM agents a WHERE a.collectivity = $1 AND `+condition+`
		), above (id, parent) AS (
			SELECT u.id, u.parent FROM who CROSS JOIN units u WHERE u.collectivity = $1 AND u.id = who.unit
			UNION SELECT u.id, u.parent FROM above JOIN units u ON u.collectivity = $1 AND u.id = above.parent
		), theirs (kind, subject) AS (
			SELECT 'agent', id FROM who UNION SELECT 'unit', id FROM above
			UNION SELECT 'group', m.group_id FROM who CROSS JOIN agent_group_members m WHERE m.collectivity = $1 AND m.agent = who.id
		)
		SELECT 'unit', '', unit FROM who
		UNION SELECT 'right', r.right_name, '' FROM who CROSS JOIN account_rights r WHERE r.account = who.account
		UNION SELECT 'right', g.right_name, g.in_unit FROM theirs CROSS JOIN rights_given g
			WHERE g.collectivity = $1 AND g.kind = theirs.kind AND g.subject = theirs.subject AND g.taken = 0 AND (g.ends = 0 OR g.ends > $2)`, args...)
	return database.Collect(found, err, scanHeld)
}

// mayReturn refuses to who assists to open a card again that has rights: they would
// outlast her assistance.
func (s *Store) mayReturn(ctx context.Context, from rows, caller portal.Caller, agent portal.AgentID) error {
	if !caller.Assists() {
		return nil
	}
	all, err := theirs(ctx, from, `a.id = $3`, append(s.decided(caller), string(agent)))
	if err == nil && slices.ContainsFunc(all, func(one entitlement) bool { return one.kind == "right" }) {
		err = errAssistedReturn
	}
	return err
}

func scanHeld(found *sql.Rows) (one entitlement, err error) {
	return one, found.Scan(&one.kind, &one.name, &one.unit)
}

// aboveFor is the organisation chart when a caller or some entitlements are narrowed to
// units of it; nil else, since nobody asks.
func (s *Store) aboveFor(ctx context.Context, from rows, caller portal.Caller, all []entitlement) (parents, error) {
	if !caller.Can(portal.ManageAgents) {
		return parentsIn(ctx, from, caller.Collectivity)
	}
	return s.above(ctx, from, caller.Collectivity, slices.DeleteFunc(slices.Clone(all), func(one entitlement) bool { return one.kind != "right" }))
}

// mayFill refuses to fill groups by hand but to who manages all agents, since a group
// is of no unit; and then as mayJoin and mayOpen do.
func (s *Store) mayFill(ctx context.Context, from rows, caller portal.Caller, groups ...portal.GroupID) error {
	if len(groups) > 0 && !caller.Can(portal.ManageAgents) {
		return errGroups
	}
	err := s.mayJoin(ctx, from, caller, groups...)
	if err == nil {
		err = s.mayOpen(ctx, from, caller, groups...)
	}
	return err
}

// mayOpen refuses to change who is in a group that something names, but to who
// governs each such thing: whoever fills a group says who reads a shared mailbox,
// sees a folder or signs in with two factors.
func (s *Store) mayOpen(ctx context.Context, from rows, caller portal.Caller, groups ...portal.GroupID) error {
	if caller.Can(portal.Admin) && !caller.Assists() {
		return nil
	}
	for _, group := range groups {
		mentions, err := s.namingGroup(ctx, from, caller, group)
		if err != nil {
			return err
		}
		if caller.Assists() && len(mentions) > 0 {
			return errAssisted
		}
		for _, mention := range mentions {
			if !caller.Can(cmp.Or(mention.Governs, portal.Admin)) {
				return errFill
			}
		}
	}
	return nil
}

// namingGroup tells all that names a group.
func (s *Store) namingGroup(ctx context.Context, from rows, caller portal.Caller, group portal.GroupID) (all []portal.Mention, err error) {
	for _, naming := range s.groupMentions {
		more, err := naming(ctx, from, caller, group)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// mayJoin refuses to put anybody into groups to which a right is given that the caller
// does not hold, or will be.
func (s *Store) mayJoin(ctx context.Context, from rows, caller portal.Caller, groups ...portal.GroupID) error {
	if caller.Can(portal.Admin) && !caller.Assists() {
		return nil
	}
	for _, group := range groups {
		found, err := from.Query(ctx, `
			SELECT 'right', right_name, in_unit FROM rights_given
			WHERE collectivity = $1 AND kind = 'group' AND subject = $2 AND taken = 0 AND (ends = 0 OR ends > $3)`,
			string(caller.Collectivity), string(group), database.Millis(s.now()))
		if err := s.holdsAll(ctx, from, caller, found, err); err != nil {
			return err
		}
	}
	return nil
}

// mayPlace refuses to put anybody into a unit where the caller does not manage agents,
// "" for none, or to which or above which a right is given that she does not hold, or
// will be.
func (s *Store) mayPlace(ctx context.Context, from rows, caller portal.Caller, unit portal.UnitID) error {
	if caller.Can(portal.Admin) && !caller.Assists() {
		return nil
	}
	if err := s.mayHold(ctx, from, caller, unit); err != nil {
		return err
	}
	found, err := from.Query(ctx, withAbove+`
		SELECT 'right', right_name, in_unit FROM rights_given
		WHERE collectivity = $1 AND kind = 'unit' AND subject IN (SELECT id FROM above) AND taken = 0 AND (ends = 0 OR ends > $3)`,
		string(caller.Collectivity), string(unit), database.Millis(s.now()))
	return s.holdsAll(ctx, from, caller, found, err)
}

// mayBring is mayPlace of somebody who is not there yet: who assists brings nobody where
// something is open to a unit, or to one above it, which would outlast her assistance.
func (s *Store) mayBring(ctx context.Context, from database.Reader, caller portal.Caller, unit portal.UnitID) error {
	if err := s.mayPlace(ctx, from, caller, unit); err != nil || !caller.Assists() {
		return err
	}
	chain, err := unitsAbove(ctx, from, caller.Collectivity, unit)
	for _, one := range chain {
		opened, err := s.openedTo(ctx, from, caller, one)
		if err != nil {
			return err
		}
		if len(opened) > 0 {
			return errAssisted
		}
	}
	return err
}

// mayHold refuses a unit where the caller does not manage agents, "" for none.
func (s *Store) mayHold(ctx context.Context, from rows, caller portal.Caller, unit portal.UnitID) error {
	if caller.Can(portal.ManageAgents) {
		return nil
	}
	chain, err := unitsAbove(ctx, from, caller.Collectivity, unit)
	if err == nil && !caller.CanIn(portal.ManageAgents, chain) {
		err = errPlaceElsewhere
	}
	return err
}

// governsAgent is portal.ErrDenied for who manages no agents, and portal.ErrNotFound for
// an agent who is not where the caller does: what she may not read of her does not exist.
func (s *Store) governsAgent(ctx context.Context, from rows, caller portal.Caller, id portal.AgentID) error {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil || caller.Can(portal.ManageAgents) {
		return err
	}
	var unit portal.UnitID
	err := from.QueryRow(ctx, `SELECT unit FROM agents WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(id)).Scan(&unit)
	if err == nil {
		err = s.mayHold(ctx, from, caller, unit)
	}
	if errors.Is(err, portal.ErrDenied) {
		err = portal.ErrNotFound
	}
	return err
}

// isGoverned says whether an agent is where the caller manages agents.
func (s *Store) isGoverned(ctx context.Context, from rows, caller portal.Caller, id portal.AgentID) (bool, error) {
	err := s.governsAgent(ctx, from, caller, id)
	if errors.Is(err, portal.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// areaOf is where a caller manages agents, as inArea reads it: "" for everywhere.
func areaOf(caller portal.Caller) string {
	if caller.Can(portal.ManageAgents) {
		return ""
	}
	return unitsText(caller.Where(portal.ManageAgents)...)
}

// unitsText are identifiers of units between spaces; a space for none.
func unitsText(units ...portal.UnitID) string {
	text := " "
	for _, unit := range units {
		text += string(unit) + " "
	}
	return text
}

// inArea is the condition that an agent a is in one of the units of a text, or below;
// anywhere for "". The mark is its parameter.
func inArea(mark string) string {
	return `(` + mark + ` = '' OR a.unit IN (WITH RECURSIVE below (id) AS (
		SELECT b.id FROM units b WHERE b.collectivity = $1 AND ` + mark + ` LIKE '% ' || b.id || ' %'
		UNION SELECT c.id FROM units c JOIN below ON c.parent = below.id WHERE c.collectivity = $1) SELECT id FROM below))`
}

// governed leaves of the organisation chart what is where the caller manages agents,
// as a chart of its own.
func governed(units []UnitNode, caller portal.Caller) []UnitNode {
	if caller.Can(portal.ManageAgents) {
		return units
	}
	roots := caller.Where(portal.ManageAgents)
	var kept []UnitNode
	top := -1 // depth of the unit that we are below
	for _, unit := range units {
		if top >= 0 && unit.Depth <= top {
			top = -1
		}
		if top < 0 && slices.Contains(roots, unit.ID) {
			top, unit.Root = unit.Depth, true
		}
		if top >= 0 {
			unit.Depth -= top
			kept = append(kept, unit)
		}
	}
	return kept
}

// areaText names the units that a governed chart begins with, "" for a whole one.
func areaText(units []UnitNode) string {
	var names []string
	for _, unit := range units {
		if unit.Root {
			names = append(names, unit.Name)
		}
	}
	return strings.Join(names, ", ")
}

// GovernedUnits is the organisation chart where the caller manages agents. The first
// units of it are hers to fill, and not to shape.
func (s *Store) GovernedUnits(ctx context.Context, caller portal.Caller) ([]UnitNode, error) {
	if err := caller.RequireSomewhere(portal.ManageAgents); err != nil {
		return nil, fmt.Errorf("directory: list governed units: %w", err)
	}
	units, err := s.Units(ctx, caller)
	return governed(units, caller), err
}

// mayShape refuses to rename, move, order or delete a unit that is not below one where
// the caller manages agents: the one that her right begins with is not hers to shape.
func (s *Store) mayShape(ctx context.Context, from rows, caller portal.Caller, unit Unit) error {
	err := s.mayHold(ctx, from, caller, unit.ID)
	if err == nil && s.mayHold(ctx, from, caller, unit.Parent) != nil {
		err = errOwnUnit
	}
	return err
}

// mayAddress refuses to write an address of the collectivity's own on a card, but to
// who governs it all and where the agent signs in by it: it may open a mailbox, and
// is who she is to some applications.
func (s *Store) mayAddress(ctx context.Context, tx *database.Tx, caller portal.Caller, agent Agent) error {
	_, domain, _ := strings.Cut(strings.ToLower(agent.Email), "@")
	if caller.Can(portal.Admin) || domain == "" {
		return nil
	}
	var ours, hers int
	err := tx.QueryRow(ctx, `SELECT
			(SELECT COUNT(*) FROM collectivity_domains WHERE collectivity = $1 AND domain = $2),
			(SELECT COUNT(*) FROM agents a JOIN accounts p ON p.id = a.account WHERE a.collectivity = $1 AND a.id = $3 AND lower(p.login) = $4)`,
		string(caller.Collectivity), domain, string(agent.ID), strings.ToLower(agent.Email)).Scan(&ours, &hers)
	if err == nil && ours > 0 && hers == 0 {
		err = portal.FieldErrors{portal.Invalid("email", "directory.error.address")}
	}
	return err
}

// holdsAll refuses rights that the caller does not hold.
func (s *Store) holdsAll(ctx context.Context, from rows, caller portal.Caller, found *sql.Rows, err error) error {
	all, err := database.Collect(found, err, scanHeld)
	if err != nil {
		return err
	}
	if caller.Assists() && len(all) > 0 {
		return errAssisted
	}
	above, err := s.above(ctx, from, caller.Collectivity, all)
	if err != nil {
		return err
	}
	for _, one := range all {
		if holding, holds := above.holding(portal.Right(one.name), one.unit); holds && !caller.Holds(holding) {
			return errPlace
		}
	}
	return nil
}
