package directory

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
)

// MirrorState is what of a directory a mirror compares with its server: all of it, or
// what concerns some entries.
type MirrorState struct {
	MirrorFrame

	Agents  []Agent // closed ones too
	People  map[string]Mirrored
	Tied    int                                 // active agents who come from the server, of all
	Members map[portal.GroupID][]portal.AgentID // of the groups of GroupOf
	// Keep says that what was decided first would leave nobody to govern the
	// collectivity: those who do stay where they are.
	Keep bool
}

// MirrorFrame is what people are placed in. It is small beside them.
type MirrorFrame struct {
	Units   []UnitNode               // those above first; who is in them is not counted
	UnitOf  map[string]portal.UnitID // by key
	Groups  map[portal.GroupID]string
	Ruled   map[portal.GroupID]bool           // those that a rule fills
	GroupOf map[string]MirroredGroup          // by key
	Guarded map[portal.Subject][]portal.Right // groups and units to which rights of administration are given
	Governs map[portal.AgentID]bool           // who administer the collectivity and can sign in

	mark  string // another one when any of that changed
	stamp string // another one when a person changed
}

// MirrorState reads all of it.
func (s *Store) MirrorState(ctx context.Context, collectivity portal.CollectivityID) (*MirrorState, error) {
	state, err := s.mirrorState(ctx, collectivity, nil)
	if err == nil {
		err = s.readMembers(ctx, collectivity, state)
	}
	if err != nil {
		return nil, fmt.Errorf("directory: read what is mirrored: %w", err)
	}
	return state, nil
}

// MirrorStateOf reads what concerns the entries of some keys, and those above their
// agents; of groups no members.
func (s *Store) MirrorStateOf(ctx context.Context, collectivity portal.CollectivityID, keys []string) (*MirrorState, error) {
	state, err := s.mirrorState(ctx, collectivity, slices.Concat([]string{""}, keys)) // never nil
	if err != nil {
		return nil, fmt.Errorf("directory: read what is mirrored: %w", err)
	}
	return state, nil
}

// mirrorState reads the frame first: who changes what is read after it is seen by its
// stamp.
func (s *Store) mirrorState(ctx context.Context, collectivity portal.CollectivityID, keys []string) (state *MirrorState, err error) {
	state = &MirrorState{People: map[string]Mirrored{}, Members: map[portal.GroupID][]portal.AgentID{}}
	if state.MirrorFrame, err = s.frameOf(ctx, s.db, collectivity); err != nil {
		return nil, err
	}
	err = s.db.QueryRow(ctx, `SELECT COUNT(*) FROM mirrored_agents m JOIN agents a ON a.collectivity = m.collectivity AND a.id = m.agent
		WHERE m.collectivity = $1 AND a.active`, string(collectivity)).Scan(&state.Tied)
	if err != nil {
		return nil, err
	}
	if keys == nil {
		return state, readMirrored(ctx, s.db, collectivity, state, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1`, mirroredColumns)
	}
	have := map[portal.AgentID]bool{}
	for some := range slices.Chunk(keys, maxTogether) {
		args, marks := among([]any{string(collectivity)}, some)
		part := &MirrorState{People: state.People}
		err := readMirrored(ctx, s.db, collectivity, part, `
			WITH RECURSIVE above (id) AS (
				SELECT id FROM agents WHERE collectivity = $1 AND source_key <> '' AND source_key IN (`+marks+`)
				UNION SELECT agent FROM mirrored_agents WHERE collectivity = $1 AND source_key IN (`+marks+`)
				UNION SELECT e.manager FROM above JOIN agents e ON e.collectivity = $1 AND e.id = above.id WHERE e.manager <> ''
			)
			SELECT `+agentColumns+` FROM above CROSS JOIN agents a LEFT JOIN units u ON u.collectivity = a.collectivity AND u.id = a.unit
			WHERE a.collectivity = $1 AND a.id = above.id`, mirroredColumns+` AND m.source_key IN (`+marks+`)`, args[1:]...)
		if err != nil {
			return nil, err
		}
		for _, agent := range part.Agents {
			if !have[agent.ID] {
				have[agent.ID] = true
				state.Agents = append(state.Agents, agent)
			}
		}
	}
	return state, nil
}

const mirroredColumns = `
	SELECT m.source_key, m.agent, m.version, m.given, m.ends, m.closed, COALESCE(a.closed, 0) FROM mirrored_agents m
	LEFT JOIN agents a ON a.collectivity = m.collectivity AND a.id = m.agent WHERE m.collectivity = $1`

// readMirrored reads agents, and what ties them to entries.
func readMirrored(ctx context.Context, from rows, collectivity portal.CollectivityID, state *MirrorState, agents, people string, args ...any) error {
	args = append([]any{string(collectivity)}, args...)
	found, err := from.Query(ctx, agents, args...)
	if state.Agents, err = database.Collect(found, err, func(rows *sql.Rows) (Agent, error) { return scanAgent(rows.Scan) }); err != nil {
		return err
	}
	given := map[string][]string{} // most have the same
	found, err = from.Query(ctx, people, args...)
	_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
		var one Mirrored
		var fields string
		var ends, closed, left int64
		if err := rows.Scan(&one.Key, &one.Agent, &one.Version, &fields, &ends, &closed, &left); err != nil {
			return none, err
		}
		if given[fields] == nil {
			given[fields] = strings.Fields(fields)
		}
		one.Given, one.Ends, one.Closed, one.Left = given[fields], database.FromMillis(ends), database.FromMillis(closed), database.FromMillis(left)
		state.People[one.Key] = one
		return none, nil
	})
	return err
}

// readMembers reads who is in the groups of the server.
func (s *Store) readMembers(ctx context.Context, collectivity portal.CollectivityID, state *MirrorState) error {
	return each3(ctx, s.db, `SELECT m.group_id, m.agent, '' FROM agent_group_members m JOIN mirrored_groups g ON g.collectivity = m.collectivity AND g.group_id = m.group_id
		WHERE m.collectivity = $1`, []any{string(collectivity)}, func(group, agent, _ string) {
		state.Members[portal.GroupID(group)] = append(state.Members[portal.GroupID(group)], portal.AgentID(agent))
	})
}

// each3 hands on rows of three texts.
func each3(ctx context.Context, from rows, query string, args []any, take func(a, b, c string)) error {
	found, err := from.Query(ctx, query, args...)
	_, err = database.Collect(found, err, func(rows *sql.Rows) (none struct{}, err error) {
		var a, b, c string
		if err := rows.Scan(&a, &b, &c); err != nil {
			return none, err
		}
		take(a, b, c)
		return none, nil
	})
	return err
}

func (s *Store) frameOf(ctx context.Context, from rows, collectivity portal.CollectivityID) (f MirrorFrame, err error) {
	f = MirrorFrame{
		UnitOf: map[string]portal.UnitID{}, Groups: map[portal.GroupID]string{}, Ruled: map[portal.GroupID]bool{}, GroupOf: map[string]MirroredGroup{},
		Guarded: map[portal.Subject][]portal.Right{}, Governs: map[portal.AgentID]bool{},
	}
	err = from.QueryRow(ctx, `SELECT stamp FROM directory_stamps WHERE collectivity = $1`, string(collectivity)).Scan(&f.stamp)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return f, err
	}
	found, err := from.Query(ctx, `SELECT id, parent, name, position FROM units WHERE collectivity = $1 ORDER BY position, id`, string(collectivity))
	flat, err := database.Collect(found, err, func(rows *sql.Rows) (u UnitNode, err error) {
		return u, rows.Scan(&u.ID, &u.Parent, &u.Name, &u.Position)
	})
	if err != nil {
		return f, err
	}
	f.Units = chart(flat)
	sum := sha256.New()
	for _, unit := range f.Units {
		fmt.Fprintf(sum, "%q %q %q %d\n", unit.ID, unit.Parent, unit.Name, unit.Position)
	}
	now := database.Millis(s.now())
	for _, one := range []struct {
		query string
		args  []any
		take  func(a, b, c string)
	}{
		{`SELECT source_key, unit, '' FROM mirrored_units WHERE collectivity = $1 ORDER BY source_key`, nil, func(key, unit, _ string) { f.UnitOf[key] = portal.UnitID(unit) }},
		{`SELECT id, name, CASE WHEN ruled THEN 'ruled' ELSE '' END FROM agent_groups WHERE collectivity = $1 ORDER BY id`, nil, func(id, name, ruled string) {
			f.Groups[portal.GroupID(id)] = name
			if ruled != "" {
				f.Ruled[portal.GroupID(id)] = true
			}
		}},
		{`SELECT source_key, group_id, version FROM mirrored_groups WHERE collectivity = $1 ORDER BY source_key`, nil, func(key, id, version string) {
			f.GroupOf[key] = MirroredGroup{portal.GroupID(id), version}
		}},
		{
			`SELECT kind, subject, right_name FROM rights_given WHERE collectivity = $1 AND kind IN ('group', 'unit') AND taken = 0 AND (ends = 0 OR ends > $2)
				ORDER BY kind, subject, right_name`,
			[]any{now},
			func(kind, subject, right string) {
				if slices.Contains(portal.Administration, portal.Right(right)) {
					given := portal.Subject{Kind: portal.SubjectKind(kind), ID: subject}
					f.Guarded[given] = append(f.Guarded[given], portal.Right(right))
				}
			},
		},
		{
			governing + ` SELECT DISTINCT a.id, '', '' FROM governors CROSS JOIN agents a JOIN accounts p ON p.id = a.account
				WHERE a.collectivity = $1 AND a.id = governors.id AND a.active AND p.active ORDER BY a.id`,
			[]any{now},
			func(agent, _, _ string) { f.Governs[portal.AgentID(agent)] = true },
		},
	} {
		err := each3(ctx, from, one.query, append([]any{string(collectivity)}, one.args...), func(a, b, c string) {
			fmt.Fprintf(sum, "%q %q %q\n", a, b, c)
			one.take(a, b, c)
		})
		if err != nil {
			return f, err
		}
		sum.Write([]byte{0})
	}
	f.mark = hex.EncodeToString(sum.Sum(nil))
	f.guardBelow()
	return f, nil
}

// guardBelow guards the units below those that are: a right reaches them.
func (f *MirrorFrame) guardBelow() {
	for _, unit := range f.Units { // those above come first
		above := portal.Subject{Kind: portal.TheUnit, ID: string(unit.Parent)}
		if rights := f.Guarded[above]; len(rights) > 0 {
			own := portal.Subject{Kind: portal.TheUnit, ID: string(unit.ID)}
			f.Guarded[own] = append(f.Guarded[own], rights...)
		}
	}
}

// by finds the agents whom a step changes, closes or opens, as they were.
func (m *MirrorState) by(made Mirroring) map[portal.AgentID]Agent {
	touched := map[portal.AgentID]Agent{}
	for _, agent := range made.Change {
		touched[agent.ID] = Agent{}
	}
	for _, closing := range made.Close {
		touched[closing.Agent] = Agent{}
	}
	for _, id := range made.Reopen {
		touched[id] = Agent{}
	}
	if len(touched) == 0 {
		return touched
	}
	for _, agent := range m.Agents {
		if _, is := touched[agent.ID]; is {
			touched[agent.ID] = agent
		}
	}
	return touched
}

// holds is ErrMoved unless those whom a step is about are as they were, though others
// changed, and nobody came meanwhile who may be one of them.
func (m *MirrorState) holds(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, made Mirroring) error {
	was, keys, mails := m.by(made), []string{}, []string{}
	for _, tie := range made.People {
		keys = append(keys, tie.Key)
	}
	for _, agent := range made.Create {
		if keys = append(keys, agent.SourceKey); agent.Email != "" {
			mails = append(mails, strings.ToLower(agent.Email))
		}
	}
	known := map[portal.AgentID]Agent{}
	for _, agent := range m.Agents {
		known[agent.ID] = agent
	}
	now := &MirrorState{People: map[string]Mirrored{}}
	for _, one := range []struct {
		texts  []string
		column string
	}{{keys, "a.source_key"}, {mails, "lower(a.email)"}, {slices.Collect(texts(was)), "a.id"}} {
		for some := range slices.Chunk(one.texts, maxTogether) {
			args, marks := among([]any{string(collectivity)}, some)
			err := readMirrored(ctx, tx, collectivity, now, `SELECT `+agentColumns+agentTables+`WHERE a.collectivity = $1 AND `+one.column+` IN (`+marks+`)`,
				mirroredColumns+` AND m.source_key IN (`+marks+`)`, args[1:]...)
			if err != nil {
				return err
			}
			for _, agent := range now.Agents {
				if known[agent.ID] != agent {
					return ErrMoved
				}
				delete(was, agent.ID)
			}
		}
	}
	for _, key := range keys {
		before, there := m.People[key]
		if tie, is := now.People[key]; is != there || !tie.Same(before) {
			return ErrMoved
		}
	}
	if len(was) > 0 {
		return ErrMoved // somebody was erased
	}
	return nil
}

// texts are the identifiers of agents.
func texts(agents map[portal.AgentID]Agent) iter.Seq[string] {
	return func(yield func(string) bool) {
		for id := range agents {
			if !yield(string(id)) {
				return
			}
		}
	}
}
