package directory

import (
	"context"
	"database/sql"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
)

// rightsBook is who is in what and what is given to whom in one collectivity, read
// at once to judge many agents.
type rightsBook struct {
	groups map[portal.AgentID][]portal.GroupID
	units  map[portal.AgentID]portal.UnitID // of those who may enter
	above  parents
	given  map[portal.Subject][]Given // what serves now
}

// rightsBook reads the book of a collectivity.
func (s *Store) rightsBook(ctx context.Context, collectivity portal.CollectivityID) (*rightsBook, error) {
	now := s.now()
	b := &rightsBook{groups: map[portal.AgentID][]portal.GroupID{}, units: map[portal.AgentID]portal.UnitID{}, given: map[portal.Subject][]Given{}}
	var err error
	if b.above, err = s.parents(ctx, collectivity); err != nil {
		return nil, err
	}
	if err := s.eachPair(ctx, collectivity, `SELECT agent, group_id FROM agent_group_members WHERE collectivity = $1`, func(agent, group string) {
		b.groups[portal.AgentID(agent)] = append(b.groups[portal.AgentID(agent)], portal.GroupID(group))
	}); err != nil {
		return nil, err
	}
	if err := s.eachPair(ctx, collectivity, `
		SELECT a.id, a.unit FROM agents a JOIN accounts c ON c.id = a.account WHERE a.collectivity = $1 AND a.active AND c.active`, func(agent, unit string) {
		b.units[portal.AgentID(agent)] = portal.UnitID(unit)
	}); err != nil {
		return nil, err
	}
	all, err := s.listGiven(ctx, givenNow,
		string(collectivity), database.Millis(now))
	for _, one := range all {
		if one.Serves(now) {
			b.given[one.Subject] = append(b.given[one.Subject], one)
		}
	}
	return b, err
}

// eachPair reads two columns of a collectivity.
func (s *Store) eachPair(ctx context.Context, collectivity portal.CollectivityID, query string, keep func(first, second string)) error {
	rows, err := s.db.Query(ctx, query, string(collectivity))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var first, second string
		err = rows.Scan(&first, &second)
		keep(first, second)
		return none, err
	})
	return err
}

// parents are the units above those of a collectivity.
type parents map[portal.UnitID]portal.UnitID

func (s *Store) parents(ctx context.Context, collectivity portal.CollectivityID) (parents, error) {
	return parentsIn(ctx, s.db, collectivity)
}

func parentsIn(ctx context.Context, from rows, collectivity portal.CollectivityID) (parents, error) {
	above := parents{}
	found, err := from.Query(ctx, `SELECT id, parent FROM units WHERE collectivity = $1`, string(collectivity))
	_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
		var unit, parent portal.UnitID
		err = rows.Scan(&unit, &parent)
		above[unit] = parent
		return none, err
	})
	return above, err
}

// chain is a unit and those above it, sorted; a loop is cut.
func (p parents) chain(unit portal.UnitID) (chain []portal.UnitID) {
	for {
		above, known := p[unit]
		if !known || slices.Contains(chain, unit) {
			slices.Sort(chain)
			return chain
		}
		chain = append(chain, unit)
		unit = above
	}
}

// caller is an agent as one who asks, but for her account.
func (b *rightsBook) caller(collectivity portal.CollectivityID, agent portal.AgentID, unit portal.UnitID) portal.Caller {
	she := portal.Caller{Collectivity: collectivity, Agent: agent, Unit: unit, Units: b.above.chain(unit), Groups: slices.Sorted(slices.Values(b.groups[agent]))}
	for _, one := range b.of(she) {
		holding, holds := b.above.holding(one.Right, one.In)
		if holds && (one.LentBy == "" || b.lends(collectivity, one.LentBy, holding)) {
			hold(&she, holding)
		}
	}
	tidy(&she)
	return she
}

// of lists what is given to those whom an agent is one of.
func (b *rightsBook) of(she portal.Caller) []Given {
	all := slices.Concat(b.given[portal.Subject{Kind: portal.Everyone}], b.given[portal.Subject{Kind: portal.TheAgent, ID: string(she.Agent)}])
	for _, group := range she.Groups {
		all = append(all, b.given[portal.Subject{Kind: portal.TheGroup, ID: string(group)}]...)
	}
	for _, unit := range she.Units {
		all = append(all, b.given[portal.Subject{Kind: portal.TheUnit, ID: string(unit)}]...)
	}
	return all
}

// lends is Store.lends.
func (b *rightsBook) lends(collectivity portal.CollectivityID, lender portal.AgentID, lent portal.Holding) bool {
	unit, enters := b.units[lender]
	if !enters {
		return false
	}
	she := portal.Caller{Collectivity: collectivity, Agent: lender, Units: b.above.chain(unit), Groups: b.groups[lender]}
	for _, one := range b.of(she) {
		if holding, holds := b.above.holding(one.Right, one.In); holds && one.LentBy == "" {
			hold(&she, holding)
		}
	}
	return she.Holds(lent)
}
