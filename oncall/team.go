package oncall

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// How much a team holds, and how many a collectivity has.
const (
	maxMembers  = 60
	maxManagers = 20
	maxTeams    = 200
	maxName     = 120
	maxPhone    = 40
)

// minutesOfDay bounds an hour of the day.
const minutesOfDay = 24 * 60

// TeamChanged refuses what was typed over a team that another manager changed since it was shown. It is of
// kind portal.ErrConflict.
type TeamChanged struct{ Now Team }

// Error is for logs.
func (c TeamChanged) Error() string {
	return fmt.Sprintf("%v: team %q changed", portal.ErrConflict, c.Now.ID)
}

// Unwrap gives the kind.
func (c TeamChanged) Unwrap() error { return portal.ErrConflict }

// Teams lists the teams of the caller's collectivity by name: those with duties, or with all the ones that
// were closed. Numbers that she may not read are not in them.
func (s *Store) Teams(ctx context.Context, caller portal.Caller, closed bool) ([]Team, error) {
	teams, err := s.teams(ctx, s.db, caller.Collectivity, "")
	if err != nil {
		return nil, fmt.Errorf("oncall: list teams: %w", err)
	}
	teams = slices.DeleteFunc(teams, func(t Team) bool { return !t.Active && !closed })
	for i := range teams {
		teams[i].veil(caller)
	}
	return teams, nil
}

// Team is one of the caller's collectivity; portal.ErrNotFound.
func (s *Store) Team(ctx context.Context, caller portal.Caller, id TeamID) (Team, error) {
	team, err := s.team(ctx, s.db, caller.Collectivity, id)
	if err != nil {
		return Team{}, fmt.Errorf("oncall: read team %.40q: %w", id, err)
	}
	team.veil(caller)
	return team, nil
}

// veil takes out the numbers that a caller may not read, and those of who has left.
func (t *Team) veil(caller portal.Caller) {
	reads := t.Reads(caller)
	for i := range t.Members {
		if !reads || !t.Members[i].Active {
			t.Members[i].Phone = ""
		}
	}
}

func (s *Store) team(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, id TeamID) (Team, error) {
	teams, err := s.teams(ctx, from, collectivity, id)
	if err == nil && (len(teams) == 0 || id == "") {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Team{}, err
	}
	return teams[0], nil
}

// teams reads one team, or all for "", with those who are in them.
func (s *Store) teams(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, id TeamID) ([]Team, error) {
	rows, err := from.Query(ctx, `
		SELECT id, name, kind, unit, handover_day, handover_at, morning, evening, phones, swaps_raise, active, modified
		FROM duty_teams WHERE collectivity = $1 AND (id = $2 OR $2 = '')`, string(collectivity), string(id))
	teams, err := database.Collect(rows, err, func(rows *sql.Rows) (t Team, err error) {
		var modified int64
		err = rows.Scan(&t.ID, &t.Name, &t.Kind, &t.Unit, &t.HandoverDay, &t.HandoverAt, &t.Morning, &t.Evening, &t.Phones, &t.SwapsRaise, &t.Active, &modified)
		t.Modified = database.FromMillis(modified)
		return t, err
	})
	if err != nil || len(teams) == 0 {
		return nil, err
	}
	slices.SortFunc(teams, func(a, b Team) int { return i18n.ByName(a.Name, b.Name) })
	return teams, s.fillTeams(ctx, from, collectivity, id, teams)
}

// fillTeams reads who is in teams, and who plans them.
func (s *Store) fillTeams(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, id TeamID, teams []Team) error {
	rows, err := from.Query(ctx, `
		SELECT m.team, 0, m.position, '', m.phone, m.agent, a.given_name, a.family_name, a.active
		FROM duty_members m JOIN agents a ON a.collectivity = $1 AND a.id = m.agent
		WHERE m.collectivity = $1 AND (m.team = $2 OR $2 = '')
		UNION ALL SELECT g.team, 1, 0, a.sort_name, '', g.agent, a.given_name, a.family_name, a.active
		FROM duty_managers g JOIN agents a ON a.collectivity = $1 AND a.id = g.agent
		WHERE g.collectivity = $1 AND (g.team = $2 OR $2 = '') ORDER BY 1, 2, 3, 4`, string(collectivity), string(id))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var team TeamID
		var manages, position int
		var sort, given, family string
		var m Member
		if err = rows.Scan(&team, &manages, &position, &sort, &m.Phone, &m.Agent, &given, &family, &m.Active); err != nil {
			return none, err
		}
		m.Name = strings.TrimSpace(given + " " + family)
		at := slices.IndexFunc(teams, func(t Team) bool { return t.ID == team })
		switch {
		case at < 0:
		case manages == 1:
			teams[at].Managers = append(teams[at].Managers, m)
		default:
			teams[at].Members = append(teams[at].Members, m)
		}
		return none, nil
	})
	return err
}

// CreateTeam adds a team, for who manages duties, and names it. What is wrong in it is portal.FieldErrors.
// address is where the request came from.
func (s *Store) CreateTeam(ctx context.Context, caller portal.Caller, team Team, address string) (TeamID, error) {
	if err := caller.Require(portal.ManageDuties); err != nil {
		return "", fmt.Errorf("oncall: create a team: %w", err)
	}
	team.ID, team.Active = TeamID(portal.NewID()), true
	err := s.tx(ctx, caller, "create a team", func(tx *database.Tx) error {
		if err := s.checkTeam(ctx, tx, caller.Collectivity, &team); err != nil {
			return err
		}
		var many int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM duty_teams WHERE collectivity = $1`, string(caller.Collectivity)).Scan(&many); err != nil {
			return err
		}
		if many >= maxTeams {
			return portal.FieldErrors{portal.Invalid("name", "oncall.error.teams", "max", maxTeams)}
		}
		now := database.Millis(s.now())
		err := tx.Write(ctx, `
			INSERT INTO duty_teams (collectivity, id, name, kind, unit, handover_day, handover_at, morning, evening, phones, swaps_raise, active, turn, created, modified)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, TRUE, 0, $12, $12)`,
			string(caller.Collectivity), string(team.ID), team.Name, string(team.Kind), string(team.Unit), int(team.HandoverDay), team.HandoverAt, team.Morning, team.Evening, team.Phones, team.SwapsRaise, now)
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.DutyTeamCreated, team, "", address)
	})
	return team.ID, err
}

// ChangeTeam writes what a team is, for who plans it. It must be as it was when it had this Modified;
// TeamChanged otherwise. Who is in it stays.
func (s *Store) ChangeTeam(ctx context.Context, caller portal.Caller, team Team, address string) error {
	return s.tx(ctx, caller, "change a team", func(tx *database.Tx) error {
		was, err := s.managed(ctx, tx, caller, team.ID)
		if err != nil {
			return err
		}
		if !was.Modified.Equal(team.Modified) {
			return TeamChanged{was}
		}
		if err := s.checkTeam(ctx, tx, caller.Collectivity, &team); err != nil {
			return err
		}
		err = tx.Write(ctx, `
			UPDATE duty_teams SET name = $3, kind = $4, unit = $5, handover_day = $6, handover_at = $7, morning = $8, evening = $9, phones = $10, swaps_raise = $11, modified = $12
			WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), string(team.ID), team.Name, string(team.Kind), string(team.Unit), int(team.HandoverDay), team.HandoverAt, team.Morning, team.Evening, team.Phones, team.SwapsRaise, s.after(was.Modified))
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.DutyTeamChanged, team, "", address)
	})
}

// SetActive closes a team, for who manages duties, or opens it again. One that is closed has nobody on
// call: what is to come is taken away and who had it is told, what is over stays for statements.
func (s *Store) SetActive(ctx context.Context, caller portal.Caller, id TeamID, active bool, address string) error {
	if err := caller.Require(portal.ManageDuties); err != nil {
		return fmt.Errorf("oncall: close a team: %w", err)
	}
	return s.tx(ctx, caller, "close a team", func(tx *database.Tx) error {
		was, err := s.team(ctx, tx, caller.Collectivity, id)
		if err != nil || was.Active == active {
			return err
		}
		err = tx.Write(ctx, `UPDATE duty_teams SET active = $3, turn = turn + 1, modified = $4 WHERE collectivity = $1 AND id = $2`,
			string(caller.Collectivity), string(id), active, s.after(was.Modified))
		if err != nil {
			return err
		}
		if active {
			return s.tell(ctx, tx, caller, audit.DutyTeamReopened, was, "", address)
		}
		ended, err := s.endPlan(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.DutyTeamClosed, was, fmt.Sprintf("− %d", ended), address)
	})
}

// endPlan takes away what is to come of a team, ends what has begun, tells who had it, and counts both.
func (s *Store) endPlan(ctx context.Context, tx *database.Tx, caller portal.Caller, id TeamID) (ended int, err error) {
	now := s.now()
	periods, err := s.periods(ctx, tx, caller.Collectivity, Query{Team: id, From: now, To: addDays(now, 366*100)})
	if err != nil {
		return 0, err
	}
	whole := map[portal.AgentID]*Period{}
	for _, p := range periods {
		if whole[p.Agent] == nil {
			whole[p.Agent] = &p
		}
		whole[p.Agent].Ends = latest(whole[p.Agent].Ends, p.Ends)
	}
	for _, agent := range slices.Sorted(keys(whole)) {
		if err := s.noteFor(ctx, tx, caller, removed, *whole[agent], 1); err != nil {
			return 0, err
		}
	}
	for _, change := range []string{
		`DELETE FROM duty_periods WHERE collectivity = $1 AND team = $2 AND starts >= $3`,
		`UPDATE duty_periods SET ends = $3, modified = $3 WHERE collectivity = $1 AND team = $2 AND ends > $3`,
		`UPDATE duty_swaps SET state = 'void', answered = $3 WHERE collectivity = $1 AND team = $2 AND state = 'offered'`,
	} {
		if err := tx.Write(ctx, change, string(caller.Collectivity), string(id), database.Millis(now)); err != nil {
			return 0, err
		}
	}
	return len(periods), nil
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// after is when something is changed that was changed before: another moment, whatever the clock says.
func (s *Store) after(was time.Time) int64 {
	return max(database.Millis(s.now()), database.Millis(was)+1)
}

// managed is a team that the caller plans: another one is portal.ErrNotFound, since she may not do this
// to it.
func (s *Store) managed(ctx context.Context, tx database.Reader, caller portal.Caller, id TeamID) (Team, error) {
	team, err := s.team(ctx, tx, caller.Collectivity, id)
	if err == nil && !team.Manages(caller) {
		err = portal.ErrNotFound
	}
	return team, err
}

// touch says that a team is another one.
func (s *Store) touch(ctx context.Context, tx *database.Tx, caller portal.Caller, team Team) error {
	return tx.Write(ctx, `UPDATE duty_teams SET modified = $3 WHERE collectivity = $1 AND id = $2`,
		string(caller.Collectivity), string(team.ID), s.after(team.Modified))
}

// AddMember puts an active agent at the end of the turns of a team, for who plans it; who is in it already
// gets that number. portal.FieldErrors name "agent" and "phone".
func (s *Store) AddMember(ctx context.Context, caller portal.Caller, id TeamID, agent portal.AgentID, phone, address string) error {
	return s.tx(ctx, caller, "add a member", func(tx *database.Tx) error {
		team, err := s.managed(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		phone = strings.TrimSpace(phone)
		var wrong portal.Check
		wrong.Text("phone", phone, false, maxPhone)
		if phone != "" && i18n.Tel(phone) == "" {
			wrong.Add("phone", "oncall.error.phone")
		}
		if len(team.Members) >= maxMembers && !team.Includes(agent) {
			wrong.Add("agent", "oncall.error.members", "max", maxMembers)
		}
		name, err := s.activeAgent(ctx, tx, caller.Collectivity, agent)
		if err != nil {
			return err
		}
		if name == "" {
			wrong.Add("agent", "oncall.error.agent")
		}
		if err := wrong.OrNil(); err != nil {
			return err
		}
		last := 0
		if len(team.Members) > 0 {
			err = tx.QueryRow(ctx, `SELECT MAX(position) FROM duty_members WHERE collectivity = $1 AND team = $2`, string(caller.Collectivity), string(id)).Scan(&last)
		}
		if err == nil {
			err = tx.Write(ctx, `
				INSERT INTO duty_members (collectivity, team, agent, position, phone) VALUES ($1, $2, $3, $4, $5)
				ON CONFLICT (collectivity, team, agent) DO UPDATE SET phone = excluded.phone`,
				string(caller.Collectivity), string(id), string(agent), last+1, phone)
		}
		if err == nil {
			err = s.touch(ctx, tx, caller, team)
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.DutyMembers, team, "+ "+name, address)
	})
}

// activeAgent is the name of an agent of a collectivity, "" for nobody who is there.
func (s *Store) activeAgent(ctx context.Context, from database.Reader, collectivity portal.CollectivityID, agent portal.AgentID) (string, error) {
	rows, err := from.Query(ctx, `SELECT given_name, family_name FROM agents WHERE collectivity = $1 AND id = $2 AND active`, string(collectivity), string(agent))
	names, err := database.Collect(rows, err, func(rows *sql.Rows) (string, error) {
		var given, family string
		err := rows.Scan(&given, &family)
		return strings.TrimSpace(given + " " + family), err
	})
	if err != nil || len(names) == 0 {
		return "", err
	}
	return names[0], nil
}

// RemoveMember takes an agent out of the turns of a team, for who plans it. What she has to come stays
// until somebody else is given it.
func (s *Store) RemoveMember(ctx context.Context, caller portal.Caller, id TeamID, agent portal.AgentID, address string) error {
	return s.tx(ctx, caller, "remove a member", func(tx *database.Tx) error {
		team, err := s.managed(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		member := team.member(agent)
		if member == nil {
			return portal.ErrNotFound
		}
		err = tx.Write(ctx, `DELETE FROM duty_members WHERE collectivity = $1 AND team = $2 AND agent = $3`, string(caller.Collectivity), string(id), string(agent))
		if err == nil {
			err = s.touch(ctx, tx, caller, team)
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.DutyMembers, team, "− "+member.Name, address)
	})
}

// MoveMember puts a member one place earlier or later, for who plans the team.
func (s *Store) MoveMember(ctx context.Context, caller portal.Caller, id TeamID, agent portal.AgentID, later bool, address string) error {
	return s.tx(ctx, caller, "move a member", func(tx *database.Tx) error {
		team, err := s.managed(ctx, tx, caller, id)
		if err != nil {
			return err
		}
		from := slices.IndexFunc(team.Members, func(m Member) bool { return m.Agent == agent })
		if from < 0 {
			return portal.ErrNotFound
		}
		to := from - 1
		if later {
			to = from + 1
		}
		if to < 0 || to >= len(team.Members) {
			return nil
		}
		team.Members[from], team.Members[to] = team.Members[to], team.Members[from]
		for place, m := range team.Members {
			err := tx.Write(ctx, `UPDATE duty_members SET position = $4 WHERE collectivity = $1 AND team = $2 AND agent = $3`,
				string(caller.Collectivity), string(id), string(m.Agent), place+1)
			if err != nil {
				return err
			}
		}
		if err := s.touch(ctx, tx, caller, team); err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.DutyMembers, team, "", address)
	})
}

// SetManager has an active agent plan the duties of a team, or no more; for who manages duties.
func (s *Store) SetManager(ctx context.Context, caller portal.Caller, id TeamID, agent portal.AgentID, manages bool, address string) error {
	if err := caller.Require(portal.ManageDuties); err != nil {
		return fmt.Errorf("oncall: name a manager: %w", err)
	}
	return s.tx(ctx, caller, "name a manager", func(tx *database.Tx) error {
		team, err := s.team(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(team.Managers, func(m Member) bool { return m.Agent == agent })
		name, detail := "", "+ "
		switch {
		case manages && at >= 0:
			return nil
		case manages && len(team.Managers) >= maxManagers:
			return portal.FieldErrors{portal.Invalid("agent", "oncall.error.managers", "max", maxManagers)}
		case manages:
			if name, err = s.activeAgent(ctx, tx, caller.Collectivity, agent); err == nil && name == "" {
				err = portal.FieldErrors{portal.Invalid("agent", "oncall.error.agent")}
			}
			if err == nil {
				err = tx.Write(ctx, `INSERT INTO duty_managers (collectivity, team, agent) VALUES ($1, $2, $3)`, string(caller.Collectivity), string(id), string(agent))
			}
		case at < 0:
			return portal.ErrNotFound
		default:
			name, detail = team.Managers[at].Name, "− "
			err = tx.Write(ctx, `DELETE FROM duty_managers WHERE collectivity = $1 AND team = $2 AND agent = $3`, string(caller.Collectivity), string(id), string(agent))
		}
		if err == nil {
			err = s.touch(ctx, tx, caller, team)
		}
		if err != nil {
			return err
		}
		return s.tell(ctx, tx, caller, audit.DutyManagers, team, detail+name, address)
	})
}

// tell writes a line of the journal about a team.
func (s *Store) tell(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, team Team, detail, address string) error {
	line := audit.By(caller, action)
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.now(), team.Name, string(team.ID), detail, address
	return audit.Write(ctx, tx, line)
}

// checkTeam refuses what a team can't be, and writes its texts as they are kept.
func (s *Store) checkTeam(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, t *Team) error {
	t.Name = strings.TrimSpace(t.Name)
	var wrong portal.Check
	wrong.Text("name", t.Name, true, maxName)
	if !slices.Contains(Kinds, t.Kind) {
		wrong.Add("kind", "oncall.error.kind")
	}
	if t.HandoverDay < time.Sunday || t.HandoverDay > time.Saturday {
		wrong.Add("handover_day", "oncall.error.day")
	}
	if t.HandoverAt < 0 || t.HandoverAt >= minutesOfDay {
		wrong.Add("handover_at", "oncall.error.hour")
	}
	if t.Morning < 0 || t.Morning >= minutesOfDay {
		wrong.Add("morning", "oncall.error.hour")
	}
	switch {
	case t.Evening < 0 || t.Evening >= minutesOfDay:
		wrong.Add("evening", "oncall.error.hour")
	case t.Evening <= t.Morning:
		wrong.Add("evening", "oncall.error.evening")
	}
	if t.Phones != ForEveryone && t.Phones != ForTeam {
		wrong.Add("phones", "oncall.error.phones")
	}
	if t.Unit != "" {
		var known bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM units WHERE collectivity = $1 AND id = $2)`, string(collectivity), string(t.Unit)).Scan(&known)
		if err != nil {
			return err
		}
		if !known {
			wrong.Add("unit", "oncall.error.unit")
		}
	}
	return wrong.OrNil()
}

// NamingUnit lists the teams of the caller's collectivity that belong to a unit.
func (s *Store) NamingUnit(ctx context.Context, from database.Reader, caller portal.Caller, unit portal.UnitID) ([]portal.Mention, error) {
	rows, err := from.Query(ctx, `SELECT id, name FROM duty_teams WHERE collectivity = $1 AND unit = $2 ORDER BY name, id`, string(caller.Collectivity), string(unit))
	mentions, err := database.Collect(rows, err, func(rows *sql.Rows) (portal.Mention, error) {
		mention := portal.Mention{Kind: "oncall.mention", Icon: "phone", Governs: portal.ManageDuties}
		var id string
		err := rows.Scan(&id, &mention.Name)
		mention.Path = teamPath(TeamID(id)) + "/settings"
		return mention, err
	})
	if err != nil {
		return nil, fmt.Errorf("oncall: list what names a unit: %w", err)
	}
	return mentions, nil
}

// teamPath is the page of a team.
func teamPath(id TeamID) string { return "/oncall/teams/" + string(id) }
