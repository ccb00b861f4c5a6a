package directory

import (
	"context"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/themes"
)

// endingSoon is how long before its end a right is told of.
const endingSoon = 14 * 24 * time.Hour

// ofAgents counts what is wrong with the agents of a collectivity at a moment, $2. Those
// without a unit or without a way in are no members nor partners, who have neither.
const ofAgents = `
	SELECT
		(SELECT COUNT(*) FROM invitations i WHERE i.collectivity = $1 AND i.expires <= $2),
		(SELECT COUNT(*) FROM agents a WHERE a.collectivity = $1 AND ` + withoutUnit + `),
		(SELECT COUNT(*) FROM agents a WHERE a.collectivity = $1 AND ` + withoutEmail + `),
		(SELECT COUNT(*) FROM agents a WHERE a.collectivity = $1 AND ` + withoutDoor + `),
		(SELECT COUNT(*) FROM arrivals r WHERE r.collectivity = $1 AND r.state = 'stopped'),
		(SELECT COALESCE(MAX(r.id), '') FROM arrivals r WHERE r.collectivity = $1 AND r.state = 'stopped'),
		(SELECT COUNT(*) FROM agent_groups g WHERE g.collectivity = $1 AND ` + catchesNobody + `),
		(SELECT COALESCE(MAX(g.id), '') FROM agent_groups g WHERE g.collectivity = $1 AND ` + catchesNobody + `),
		(SELECT COUNT(*) FROM (SELECT 1 FROM agents a WHERE a.collectivity = $1 AND a.active LIMIT 3) few),
		(SELECT COUNT(*) FROM planned_departures d WHERE d.collectivity = $1 AND d.done = 0 AND d.last_day <= $3),
		(SELECT COUNT(*) FROM planned_departures d WHERE d.collectivity = $1 AND d.done = 0 AND d.fault <> ''),
		(SELECT COALESCE(MAX(d.fault), '') FROM planned_departures d WHERE d.collectivity = $1 AND d.done = 0),
		(SELECT COUNT(*) FROM planned_departures d WHERE d.collectivity = $1 AND d.done = 0 AND ` + nobodyAfter + `),
		(SELECT c.created FROM collectivities c WHERE c.id = $1)`

// ofArea counts the same of agents in the units of a text, $4, for who manages those alone:
// imports, groups and who is nowhere are not hers to mend.
var ofArea = `
	SELECT
		(SELECT COUNT(*) FROM invitations i JOIN agents a ON a.collectivity = i.collectivity AND a.id = i.agent WHERE i.collectivity = $1 AND i.expires <= $2 AND ` + inArea("$4") + `),
		(SELECT COUNT(*) FROM agents a WHERE a.collectivity = $1 AND ` + withoutEmail + ` AND ` + inArea("$4") + `),
		(SELECT COUNT(*) FROM agents a WHERE a.collectivity = $1 AND ` + withoutDoor + ` AND ` + inArea("$4") + `),
		COUNT(CASE WHEN d.last_day <= $3 THEN 1 END), COUNT(CASE WHEN d.fault <> '' THEN 1 END), COALESCE(MAX(d.fault), ''), COUNT(CASE WHEN ` + nobodyAfter + ` THEN 1 END)
	FROM planned_departures d JOIN agents a ON a.collectivity = d.collectivity AND a.id = d.agent WHERE d.collectivity = $1 AND d.done = 0 AND ` + inArea("$4")

// ofLeavers and ofLonely are the first of those who leave before a day, $2, and of those
// after whom nobody comes any more.
const (
	leavers = `
	SELECT a.id, a.given_name, a.family_name, d.last_day FROM planned_departures d JOIN agents a ON a.collectivity = d.collectivity AND a.id = d.agent
	WHERE d.collectivity = $1 AND d.done = 0 AND `
	firstLeavers = ` ORDER BY d.last_day, d.agent LIMIT 5`

	ofLeavers = leavers + `d.last_day <= $2` + firstLeavers
	ofLonely  = leavers + nobodyAfter + firstLeavers
)

// ofLeaversIn and ofLonelyIn are those in some units.
var (
	ofLeaversIn = leavers + `d.last_day <= $2 AND ` + inArea("$3") + firstLeavers
	ofLonelyIn  = leavers + nobodyAfter + ` AND ` + inArea("$2") + firstLeavers
)

// What is wrong with an agent a, as the list of agents is narrowed to it too.
const (
	withoutUnit   = `a.active AND a.unit = '' AND a.kind = 'agent'`
	withoutEmail  = `a.active AND a.email = '' AND a.kind = 'agent'`
	withoutDoor   = withoutEmail + ` AND a.account IS NULL AND a.source_key = '' AND NOT EXISTS (SELECT 1 FROM invitations v WHERE v.collectivity = $1 AND v.agent = a.id)`
	catchesNobody = `g.ruled AND NOT EXISTS (SELECT 1 FROM agent_group_members m JOIN agents e ON e.collectivity = $1 AND e.id = m.agent AND e.active
			WHERE m.collectivity = $1 AND m.group_id = g.id)`
)

// ofRights counts what is wrong with who governs a collectivity at a moment, $2: the
// administrators, the rights that end before $3, and the assistance begun since $4.
const ofRights = governing + `
		SELECT
			(SELECT COUNT(*) FROM governors CROSS JOIN agents a JOIN accounts p ON p.id = a.account
				WHERE a.collectivity = $1 AND a.id = governors.id AND a.active AND p.active),
			(SELECT COUNT(*) FROM rights_given g WHERE g.collectivity = $1 AND g.taken = 0 AND g.ends > $2 AND g.ends <= $3),
			(SELECT COALESCE(MIN(g.ends), 0) FROM rights_given g WHERE g.collectivity = $1 AND g.taken = 0 AND g.ends > $2 AND g.ends <= $3),
			(SELECT COALESCE(MAX(h.begun), 0) FROM assistances h WHERE h.collectivity = $1 AND h.begun > $4 AND h.ended = 0 AND h.ends > $2),
			c.created, c.colour FROM collectivities c WHERE c.id = $1`

// concerned is what the store says of a collectivity that its directory concerns.
type concerned struct {
	now, created                                  time.Time
	late, noUnit, noEmail, noDoor, stopped, empty int
	leaving, stuck, alone                         int // departures
	arrival, group, colour, fault                 string
	leavers, lonely                               []portal.Named // the first of leaving, and of alone
	agents                                        int            // 3 for more
	administrators, ending                        int
	soonest, assisted                             time.Time
}

func (c concerned) young() bool { return c.now.Sub(c.created) < portal.Settling }

// Concerns tells who governs the agents, of all or of some units, or all of the caller's
// collectivity, what asks for her attention there.
func (s *Store) Concerns(ctx context.Context, caller portal.Caller) ([]portal.Concern, error) {
	found := concerned{now: s.now()}
	var reads []database.Read
	of, before, area := string(caller.Collectivity), found.leavingBefore(), areaOf(caller)
	switch {
	case caller.Can(portal.ManageAgents):
		reads = append(reads, found.readAgents(caller), readLeavers(&found.leavers, ofLeavers, of, before), readLeavers(&found.lonely, ofLonely, of))
	case caller.CanSomewhere(portal.ManageAgents):
		reads = append(reads, found.readArea(caller, area), readLeavers(&found.leavers, ofLeaversIn, of, before, area), readLeavers(&found.lonely, ofLonelyIn, of, area))
	}
	if caller.Can(portal.Admin) {
		reads = append(reads, found.readRights(caller))
	}
	if len(reads) == 0 {
		return nil, nil
	}
	if err := s.db.ReadAll(ctx, reads...); err != nil {
		return nil, fmt.Errorf("directory: what asks for attention: %w", err)
	}
	var all []portal.Concern
	if caller.CanSomewhere(portal.ManageAgents) {
		all = found.ofAgents()
	}
	if caller.Can(portal.Admin) {
		all = append(all, found.ofRights(caller)...)
	}
	return all, nil
}

func (c *concerned) readAgents(caller portal.Caller) database.Read {
	return database.Read{
		Query: ofAgents, Args: []any{string(caller.Collectivity), database.Millis(c.now), c.leavingBefore()},
		Row: func(scan func(dest ...any) error) error {
			var created int64
			err := scan(&c.late, &c.noUnit, &c.noEmail, &c.noDoor, &c.stopped, &c.arrival, &c.empty, &c.group, &c.agents, &c.leaving, &c.stuck, &c.fault, &c.alone, &created)
			c.created = database.FromMillis(created)
			return err
		},
	}
}

func (c *concerned) readArea(caller portal.Caller, area string) database.Read {
	return database.Read{
		Query: ofArea, Args: []any{string(caller.Collectivity), database.Millis(c.now), c.leavingBefore(), area},
		Row: func(scan func(dest ...any) error) error {
			return scan(&c.late, &c.noEmail, &c.noDoor, &c.leaving, &c.stuck, &c.fault, &c.alone)
		},
	}
}

// leavesSoon is how long before it a departure is told of.
const leavesSoon = 30 * 24 * time.Hour

func (c *concerned) leavingBefore() string { return c.now.Add(leavesSoon).Format(time.DateOnly) }

func readLeavers(into *[]portal.Named, query string, args ...any) database.Read {
	return database.Read{
		Query: query, Args: args,
		Row: func(scan func(dest ...any) error) error {
			var card Agent
			var day string
			err := scan(&card.ID, &card.GivenName, &card.FamilyName, &day)
			*into = append(*into, portal.Named{Name: card.Name(), Path: agentPath(card.ID), Day: dayOf(day)})
			return err
		},
	}
}

func (c *concerned) readRights(caller portal.Caller) database.Read {
	return database.Read{
		Query: ofRights,
		Args: []any{
			string(caller.Collectivity), database.Millis(c.now), database.Millis(c.now.Add(endingSoon)),
			database.Millis(c.now.Add(-longestAssistance)),
		},
		Row: func(scan func(dest ...any) error) error {
			var soonest, assisted, created int64
			err := scan(&c.administrators, &c.ending, &soonest, &assisted, &created, &c.colour)
			c.soonest, c.assisted, c.created = database.FromMillis(soonest), database.FromMillis(assisted), database.FromMillis(created)
			return err
		},
	}
}

// longestAssistance bounds when one that goes on may have begun.
const longestAssistance = 2 * time.Hour

func (c concerned) ofAgents() []portal.Concern {
	var all []portal.Concern
	add := func(count int, one portal.Concern) {
		if one.Count = count; count > 0 {
			all = append(all, one)
		}
	}
	group := "/admin/groups"
	if c.empty == 1 {
		group += "/" + c.group
	}
	add(c.stopped, portal.Concern{Gravity: portal.Broken, Key: "directory.concern.import", Path: "/admin/agents/import/" + c.arrival, Icon: "upload"})
	add(c.stuck, portal.Concern{Gravity: portal.Broken, Key: "directory.concern.stuck", Why: c.fault, Path: "/admin/agents?state=" + StateLeaving, Icon: "leaving"})
	add(c.leaving, portal.Concern{Gravity: portal.Coming, Key: "directory.concern.leaving", Named: c.leavers, Path: "/admin/agents?state=" + StateLeaving, Icon: "leaving"})
	add(c.alone, portal.Concern{
		Gravity: portal.Waiting, Key: "directory.concern.no-successor", Why: "directory.concern.no-successor.why", Named: c.lonely, Path: "/admin/agents?state=" + StateLeaving, Icon: "leaving",
	})
	add(c.late, portal.Concern{Gravity: portal.Waiting, Key: "directory.concern.late", Path: "/admin/agents?state=" + StateLate, Icon: "mail"})
	add(c.empty, portal.Concern{Gravity: portal.Missing, Key: "directory.concern.empty-rule", Why: "directory.concern.empty-rule.why", Path: group, Icon: "people"})
	add(c.noDoor, portal.Concern{
		Gravity: portal.Missing, Key: "directory.concern.no-door", Why: "directory.concern.no-door.why", Path: "/admin/agents?state=" + StateNoDoor, Icon: "lock",
	})
	if c.noEmail == c.noDoor {
		c.noEmail = 0 // said already, of the same people
	}
	add(c.noEmail, portal.Concern{
		Gravity: portal.Missing, Key: "directory.concern.no-email", Why: "directory.concern.no-email.why", Path: "/admin/agents?state=" + StateNoEmail, Icon: "mail",
	})
	add(c.noUnit, portal.Concern{
		Gravity: portal.Missing, Key: "directory.concern.no-unit", Why: "directory.concern.no-unit.why", Path: "/admin/agents?state=" + StateNoUnit, Icon: "building",
	})
	if c.young() && c.agents < 3 {
		all = append(all, portal.Concern{
			Gravity: portal.Next, Key: "directory.concern.few", Why: "directory.concern.few.why", Path: "/admin/agents/import", Icon: "people",
		})
	}
	return all
}

func (c concerned) ofRights(caller portal.Caller) []portal.Concern {
	var all []portal.Concern
	if c.administrators < 2 {
		alone := portal.Concern{Gravity: portal.Missing, Key: "directory.concern.alone", Why: "directory.concern.alone.why", Path: "/admin/rights", Icon: "key"}
		if c.young() {
			alone.Gravity, alone.Key, alone.Why = portal.Next, "directory.concern.second", "directory.concern.second.why"
		}
		all = append(all, alone)
	}
	if c.ending > 0 {
		all = append(all, portal.Concern{Gravity: portal.Coming, Key: "directory.concern.ending", Count: c.ending, Path: "/admin/rights", Icon: "clock"})
	}
	if !c.assisted.IsZero() && caller.Agent != "" { // who assists knows
		all = append(all, portal.Concern{Gravity: portal.Coming, Key: "directory.concern.assisted", Since: c.assisted, Path: "/admin/assistance", Icon: "eye"})
	}
	if c.young() && c.colour == themes.DefaultBrand {
		all = append(all, portal.Concern{Gravity: portal.Next, Key: "directory.concern.colour", Why: "directory.concern.colour.why", Path: "/admin/identity", Icon: "image"})
	}
	return all
}

// BareAdministrators counts those who govern the caller's collectivity for good and have
// no second factor.
func (s *Store) BareAdministrators(ctx context.Context, caller portal.Caller) (count int, err error) {
	if err := caller.Require(portal.Admin); err != nil {
		return 0, fmt.Errorf("directory: count administrators: %w", err)
	}
	err = s.db.QueryRow(ctx, governing+`
		SELECT COUNT(*) FROM governors CROSS JOIN agents a JOIN accounts p ON p.id = a.account
		WHERE a.collectivity = $1 AND a.id = governors.id AND a.active AND p.active AND NOT EXISTS (SELECT 1 FROM account_keys k WHERE k.account = p.id)
			AND NOT EXISTS (SELECT 1 FROM account_otp o WHERE o.account = p.id)`, string(caller.Collectivity), database.Millis(s.now())).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("directory: count administrators: %w", err)
	}
	return count, nil
}
