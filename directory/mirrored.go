package directory

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/outbox"
	"parvis/search"
)

// Mirrored is what ties an agent to her entry in a directory server.
type Mirrored struct {
	Key     string // entryUUID or objectGUID
	Agent   portal.AgentID
	Version string   // of the entry as it was read, "" reads it again
	Given   []string // fields of the card that the server gives
	Ends    time.Time
	Closed  time.Time // since when she is closed by the server's word; zero for not
	Left    time.Time // when her card was closed, by whomever; filled when read
}

// Same says whether two say the same of an entry.
func (m Mirrored) Same(other Mirrored) bool {
	return m.Key == other.Key && m.Agent == other.Agent && m.Version == other.Version && slices.Equal(m.Given, other.Given) &&
		database.Millis(m.Ends) == database.Millis(other.Ends) && database.Millis(m.Closed) == database.Millis(other.Closed)
}

// MirroredGroup ties a group to that of a directory server.
type MirroredGroup struct {
	ID      portal.GroupID
	Version string
}

// Mirroring is what a mirror writes, all of it or nothing. Units and groups are
// named once they are there, with an ID drawn by who decides.
type Mirroring struct {
	Units       []Unit  // new, renamed or moved
	Groups      []Group // new or renamed
	Create      []Agent
	Change      []Agent
	Close       []Closing
	Reopen      []portal.AgentID
	Join, Leave []GroupMember
	People      []Mirrored
	UnitOf      map[string]portal.UnitID
	GroupOf     map[string]MirroredGroup
	Detail      string // of the journal's line, "create:3 change:1"
	// Coming is how many more come in later steps: where they would find no room, nobody comes.
	Coming  int
	Further bool // the rest of what was decided follows

	Administration bool // the server may fill groups that give rights of administration
	// Withheld is told of those whom the rule of such a group catches, when it may not.
	Withheld func(group Group, count int) error
	// Kept is told of who stays in a group by rule since nobody else governs.
	Kept func(name string, group Group) error
}

// Closing is an agent whom the server's word closes.
type Closing struct {
	Agent  portal.AgentID
	Reason audit.Reason
	At     time.Time // as her Mirrored.Closed
}

// GroupMember is an agent in a group.
type GroupMember struct {
	Group portal.GroupID
	Agent portal.AgentID
}

// nothing says that the directory is left as it is, whatever was read.
func (m Mirroring) nothing() bool {
	return len(m.Units)+len(m.Groups)+len(m.Create)+len(m.Change)+len(m.Close)+len(m.Reopen)+len(m.Join)+len(m.Leave) == 0
}

// ErrMoved: somebody changed the directory since a mirror read it, and nothing was
// written. It is read and decided again.
var ErrMoved = fmt.Errorf("directory: it changed since it was read: %w", portal.ErrConflict)

// IsLastAdministrator says whether a change was refused since nobody would be left to
// govern a collectivity.
func IsLastAdministrator(err error) bool { return refused(err).Key == errLastAdministrator.Key }

// Mirror writes what decide answers to a directory that is still what state says, in one
// transaction. Where further steps follow, state is brought to what is there then, but for
// its people. The transaction may be run again,
// so decide must have no effect but through tx. It is for the installation, which acts
// on an administrator's settings. ErrMoved says that the state is another by now.
func (s *Store) Mirror(ctx context.Context, collectivity portal.CollectivityID, state *MirrorState, decide func(tx *database.Tx) (Mirroring, error)) error {
	var made Mirroring
	var after MirrorFrame
	stamp := portal.NewID()
	err := s.queuedAs(ctx, collectivity, search.KindPerson, stamp, func(tx *database.Tx) (ids []string, err error) {
		now, err := s.frameOf(ctx, tx, collectivity)
		if err != nil {
			return nil, err
		}
		if now.mark != state.mark {
			return nil, ErrMoved
		}
		if made, err = decide(tx); err == nil && now.stamp != state.stamp {
			err = state.holds(ctx, tx, collectivity, made)
		}
		if err != nil {
			return nil, err
		}
		if err := roomFor(ctx, tx, collectivity, made.Coming); err != nil {
			return nil, err
		}
		if made.nothing() {
			err = s.writeMirrored(ctx, tx, collectivity, made)
		} else {
			err = keepAnAdministrator(ctx, tx, collectivity, s.now(), func() error {
				ids, err = s.writeMirroring(ctx, tx, collectivity, state, made)
				return err
			})
		}
		if err != nil {
			return nil, err
		}
		if made.Further {
			after, err = s.frameOf(ctx, tx, collectivity)
		}
		if after.stamp = state.stamp; now.stamp == state.stamp && len(ids) > 0 {
			after.stamp = stamp // nobody else wrote
		}
		return ids, err
	})
	if err != nil {
		return fmt.Errorf("directory: mirror: %w", err)
	}
	if made.Further {
		state.MirrorFrame = after
	}
	switch {
	case len(made.Units) > 0:
		s.redrawn(collectivity)
	case !made.nothing():
		s.changedIn(collectivity)
	}
	return nil
}

// MirroredVersions are the versions of the people and of the groups that a
// collectivity has of its server, by their keys.
func (s *Store) MirroredVersions(ctx context.Context, collectivity portal.CollectivityID) (people, groups map[string]string, err error) {
	people, groups = map[string]string{}, map[string]string{}
	for query, into := range map[string]map[string]string{
		`SELECT source_key, version FROM mirrored_agents WHERE collectivity = $1`: people,
		`SELECT source_key, version FROM mirrored_groups WHERE collectivity = $1`: groups,
	} {
		found, err := s.db.Query(ctx, query, string(collectivity))
		if _, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
			var key, version string
			if err := rows.Scan(&key, &version); err != nil {
				return none, err
			}
			into[key] = version
			return none, nil
		}); err != nil {
			return nil, nil, fmt.Errorf("directory: read versions: %w", err)
		}
	}
	return people, groups, nil
}

// MirrorDue are the keys of mirrored agents whose accounts ended by their own date since
// they were read: the server says nothing new when they do.
func (s *Store) MirrorDue(ctx context.Context, collectivity portal.CollectivityID) ([]string, error) {
	found, err := s.db.Query(ctx, `SELECT m.source_key FROM mirrored_agents m JOIN agents a ON a.collectivity = m.collectivity AND a.id = m.agent
		WHERE m.collectivity = $1 AND m.ends > 0 AND m.ends <= $2 AND m.closed = 0 AND a.active ORDER BY m.source_key`,
		string(collectivity), database.Millis(s.now()))
	due, err := database.Collect(found, err, func(rows *sql.Rows) (key string, err error) { return key, rows.Scan(&key) })
	if err != nil {
		return nil, fmt.Errorf("directory: find ended accounts: %w", err)
	}
	return due, nil
}

// writeMirroring returns whom it touched.
func (s *Store) writeMirroring(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, state *MirrorState, made Mirroring) (ids []string, err error) {
	names := map[portal.UnitID]string{"": ""}
	for _, unit := range state.Units {
		names[unit.ID] = unit.Name
	}
	if ids, err = s.mirrorUnits(ctx, tx, collectivity, names, made.Units); err != nil {
		return nil, err
	}
	for _, group := range made.Groups {
		err := tx.Write(ctx, `INSERT INTO agent_groups (collectivity, id, name) VALUES ($1, $2, $3)
			ON CONFLICT (collectivity, id) DO UPDATE SET name = excluded.name`, string(collectivity), string(group.ID), group.Name)
		if err != nil {
			return nil, err
		}
	}
	was := state.by(made)
	now := database.Millis(s.now())
	for _, agent := range made.Create {
		if err := insertCard(ctx, tx, collectivity, agent, names[agent.Unit], now); err != nil {
			return nil, err
		}
		ids = append(ids, string(agent.ID))
	}
	for _, agent := range made.Change {
		if err := s.replaceCard(ctx, tx, collectivity, agent, names[agent.Unit], ""); err != nil {
			return nil, err
		}
		if was[agent.ID].SourceKey != agent.SourceKey {
			err := tx.Write(ctx, `UPDATE agents SET source_key = $1 WHERE collectivity = $2 AND id = $3`, agent.SourceKey, string(collectivity), string(agent.ID))
			if err != nil {
				return nil, err
			}
		}
		ids = append(ids, string(agent.ID))
	}
	turned, err := s.mirrorDepartures(ctx, tx, collectivity, state, made)
	if err != nil {
		return nil, err
	}
	if err := mirrorMembers(ctx, tx, collectivity, made); err != nil {
		return nil, err
	}
	if err := s.writeMirrored(ctx, tx, collectivity, made); err != nil {
		return nil, err
	}
	if err := s.followMirror(ctx, tx, collectivity, state, made); err != nil {
		return nil, err
	}
	if err := outbox.PutAll(ctx, tx, collectivity, made.events(state, s.now())); err != nil {
		return nil, err
	}
	line := audit.Line{Collectivity: collectivity, At: s.now(), Action: audit.DirectoryMirrored, Detail: made.Detail}
	return append(ids, turned...), audit.Write(ctx, tx, line)
}

// events are what programs are told of a run, but for the groups by rule that follow it.
func (m Mirroring) events(state *MirrorState, now time.Time) []outbox.Event {
	var all []outbox.Event
	tell := func(event outbox.Event) {
		event.At = now
		all = append(all, event)
	}
	units, groups := map[portal.UnitID]bool{}, map[portal.GroupID]bool{}
	for _, unit := range state.Units {
		units[unit.ID] = true
	}
	for _, unit := range m.Units {
		tell(outbox.Event{Kind: newOr(!units[unit.ID], outbox.UnitCreated, outbox.UnitChanged), Unit: unit.ID})
	}
	for _, group := range m.Groups {
		_, known := state.Groups[group.ID]
		tell(outbox.Event{Kind: newOr(!known, outbox.GroupCreated, outbox.GroupChanged), Group: group.ID})
	}
	was := state.by(m)
	for _, agent := range m.Create {
		tell(outbox.Event{Kind: outbox.AgentCreated, Agent: agent.ID})
	}
	for _, agent := range m.Change {
		tell(outbox.Event{Kind: outbox.AgentChanged, Agent: agent.ID, Fields: differing(was[agent.ID], agent)})
	}
	for _, closing := range m.Close {
		tell(outbox.Event{Kind: outbox.AgentClosed, Agent: closing.Agent})
	}
	for _, id := range m.Reopen {
		tell(outbox.Event{Kind: outbox.AgentReopened, Agent: id})
	}
	for _, member := range slices.Concat(m.Join, m.Leave) {
		if !groups[member.Group] {
			groups[member.Group] = true
			tell(outbox.Event{Kind: outbox.GroupMembers, Group: member.Group})
		}
	}
	return all
}

func newOr(is bool, created, changed outbox.Kind) outbox.Kind {
	if is {
		return created
	}
	return changed
}

// followMirror brings the groups by rule up to date with what was written. A group that
// gives rights of administration takes nobody in unless the server may fill it.
func (s *Store) followMirror(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, state *MirrorState, made Mirroring) error {
	found, err := tx.Query(ctx, `SELECT id, name, rule FROM agent_groups WHERE collectivity = $1 AND ruled ORDER BY id`, string(collectivity))
	groups, err := database.Collect(found, err, scanRuled)
	if err != nil || len(groups) == 0 {
		return err
	}
	cards, err := mirroredCards(ctx, tx, collectivity, state, made)
	if err != nil {
		return err
	}
	chart, err := parentsIn(ctx, tx, collectivity)
	if err != nil {
		return err
	}
	chart.place(cards, func(*ruledCard) {})
	moves, err := movesOf(ctx, tx, collectivity, groups, cards)
	if err != nil {
		return err
	}
	by := Installation(collectivity)
	for i, move := range moves {
		guarded := len(state.Guarded[portal.Subject{Kind: portal.TheGroup, ID: string(move.ID)}]) > 0
		if state.Keep && guarded {
			for _, agent := range move.out {
				if !state.Governs[agent] {
					continue
				}
				name, err := nameOf(ctx, tx, collectivity, agent)
				if err == nil {
					err = made.Kept(name, move.Group)
				}
				if err != nil {
					return err
				}
			}
			moves[i].out = slices.DeleteFunc(move.out, func(agent portal.AgentID) bool { return state.Governs[agent] })
		}
		if made.Administration || !guarded || len(move.in) == 0 {
			continue
		}
		if err := made.Withheld(move.Group, len(move.in)); err != nil {
			return err
		}
		moves[i].in = nil
	}
	if err := s.move(ctx, tx, by, moves); err != nil {
		return err
	}
	return s.tellMoves(ctx, tx, by, audit.MembersByRule, moves, "")
}

// mirroredCards are the cards that rules are to judge again: all where the chart changed.
func mirroredCards(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, state *MirrorState, made Mirroring) ([]ruledCard, error) {
	redrawn := slices.ContainsFunc(made.Units, func(unit Unit) bool {
		return slices.ContainsFunc(state.Units, func(node UnitNode) bool { return node.ID == unit.ID })
	})
	if redrawn || len(made.Create)+len(made.Change) > maxTogether {
		found, err := tx.Query(ctx, cardColumns+`ORDER BY a.id`, string(collectivity))
		return database.Collect(found, err, scanRuledCard)
	}
	var cards []ruledCard
	for _, agent := range slices.Concat(made.Create, made.Change) {
		cards = append(cards, cardOf(agent, nil))
	}
	return cards, nil
}

// mirrorUnits writes units, and their names into names.
func (s *Store) mirrorUnits(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, names map[portal.UnitID]string, units []Unit) (ids []string, err error) {
	for _, unit := range units {
		before, known := names[unit.ID]
		err := tx.Write(ctx, `INSERT INTO units (collectivity, id, parent, name, position) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (collectivity, id) DO UPDATE SET parent = excluded.parent, name = excluded.name`,
			string(collectivity), string(unit.ID), string(unit.Parent), unit.Name, unit.Position)
		if err != nil {
			return nil, err
		}
		if known && before != unit.Name {
			renamed, err := respell(ctx, tx, collectivity, unit.ID, unit.Name)
			if err != nil {
				return nil, err
			}
			ids = append(ids, renamed...)
		}
		names[unit.ID] = unit.Name
	}
	return ids, nil
}

// mirrorDepartures closes who left and opens who came back, with a line each.
func (s *Store) mirrorDepartures(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, state *MirrorState, made Mirroring) (ids []string, err error) {
	called := map[portal.AgentID]string{}
	for id, agent := range state.by(made) {
		called[id] = agent.Name()
	}
	for _, agent := range slices.Concat(made.Create, made.Change) {
		called[agent.ID] = agent.Name()
	}
	turn := func(id portal.AgentID, action audit.Action, detail string) error {
		ids = append(ids, string(id))
		return audit.Write(ctx, tx, audit.Line{
			Collectivity: collectivity, At: s.now(), Action: action, Object: called[id], ObjectID: string(id), Detail: detail,
			Untold: true, // with all the others
		})
	}
	for _, closing := range made.Close {
		err := tx.Write(ctx, `DELETE FROM invitations WHERE collectivity = $1 AND agent = $2`, string(collectivity), string(closing.Agent))
		if err == nil {
			err = tx.Write(ctx, `UPDATE agents SET active = FALSE, closed = $3 WHERE collectivity = $1 AND id = $2`,
				string(collectivity), string(closing.Agent), database.Millis(closing.At))
		}
		if err == nil {
			err = turn(closing.Agent, audit.AgentClosed, string(closing.Reason))
		}
		if err != nil {
			return nil, err
		}
	}
	for _, id := range made.Reopen {
		if err := s.reopen(ctx, tx, collectivity, id); err != nil {
			return nil, err
		}
		if err := turn(id, audit.AgentReopened, ""); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func mirrorMembers(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, made Mirroring) error {
	for _, one := range made.Join {
		err := tx.Write(ctx, `INSERT INTO agent_group_members (collectivity, group_id, agent) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			string(collectivity), string(one.Group), string(one.Agent))
		if err != nil {
			return err
		}
	}
	for _, one := range made.Leave {
		err := tx.Write(ctx, `DELETE FROM agent_group_members WHERE collectivity = $1 AND group_id = $2 AND agent = $3`,
			string(collectivity), string(one.Group), string(one.Agent))
		if err != nil {
			return err
		}
	}
	return nil
}

// writeMirrored keeps what ties the directory to its server.
func (s *Store) writeMirrored(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, made Mirroring) error {
	for _, one := range made.People {
		err := tx.Write(ctx, `INSERT INTO mirrored_agents (collectivity, source_key, agent, version, given, ends, closed) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (collectivity, source_key) DO UPDATE SET agent = excluded.agent, version = excluded.version, given = excluded.given,
				ends = excluded.ends, closed = excluded.closed`,
			string(collectivity), one.Key, string(one.Agent), one.Version, strings.Join(one.Given, " "), database.Millis(one.Ends), database.Millis(one.Closed))
		if err != nil {
			return err
		}
	}
	for key, unit := range made.UnitOf {
		err := tx.Write(ctx, `INSERT INTO mirrored_units (collectivity, source_key, unit) VALUES ($1, $2, $3)
			ON CONFLICT (collectivity, source_key) DO UPDATE SET unit = excluded.unit`, string(collectivity), key, string(unit))
		if err != nil {
			return err
		}
	}
	for key, group := range made.GroupOf {
		err := tx.Write(ctx, `INSERT INTO mirrored_groups (collectivity, source_key, group_id, version) VALUES ($1, $2, $3, $4)
			ON CONFLICT (collectivity, source_key) DO UPDATE SET group_id = excluded.group_id, version = excluded.version`,
			string(collectivity), key, string(group.ID), group.Version)
		if err != nil {
			return err
		}
	}
	return nil
}

// GivenFields are the fields of a card of the caller's collectivity that its
// server gives, none for an agent who does not come from there.
func (s *Store) GivenFields(ctx context.Context, caller portal.Caller, agent portal.AgentID) ([]string, error) {
	fields, err := givenFields(ctx, s.db, caller.Collectivity, agent)
	if err != nil {
		return nil, fmt.Errorf("directory: read given fields: %w", err)
	}
	return fields, nil
}

func givenFields(ctx context.Context, from rows, collectivity portal.CollectivityID, agent portal.AgentID) ([]string, error) {
	var fields string
	err := from.QueryRow(ctx, `
		SELECT m.given FROM mirrored_agents m JOIN mirrors c ON c.collectivity = m.collectivity
		WHERE m.collectivity = $1 AND m.agent = $2 AND c.active`, string(collectivity), string(agent)).Scan(&fields)
	if errors.Is(err, portal.ErrNotFound) {
		return nil, nil
	}
	return strings.Fields(fields), err
}

// keepGiven refuses to write by hand what a server would write over.
func keepGiven(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, agent portal.AgentID, fields []string) error {
	given, err := givenFields(ctx, tx, collectivity, agent)
	if err != nil {
		return err
	}
	var refused portal.FieldErrors
	for _, field := range fields {
		if slices.Contains(given, field) {
			refused = append(refused, portal.Invalid(field, "directory.error.given"))
		}
	}
	if refused != nil {
		return refused
	}
	return nil
}

// Refused names the fields of a card that the directory would not take.
func (a Agent) Refused() []string {
	var refused portal.FieldErrors
	var names []string
	if errors.As(a.check(), &refused) {
		for _, one := range refused {
			names = append(names, one.Field)
		}
	}
	return names
}

// Field is what a card says in a field of its form.
func (a *Agent) Field(name string) *string {
	for _, field := range cardFields {
		if field.name == name {
			return field.of(a)
		}
	}
	return nil
}

// Differing names the fields in which two cards differ, in the order of the form.
func Differing(a, b Agent) []string { return differing(a, b) }

// CheckUnit says whether a unit may have a name.
func CheckUnit(unit Unit) error {
	unit.ID = cmp.Or(unit.ID, "unit")
	return unit.check()
}

// CheckGroup says whether a group may have a name.
func CheckGroup(group Group) error {
	group.ID = cmp.Or(group.ID, "group")
	return checkGroup(group)
}
