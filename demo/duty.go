package demo

import (
	"fmt"
	"time"

	"parvis/directory"
	"parvis/oncall"
	"parvis/portal"
)

// Duty is a team that takes turns on call, and its rota around today.
type Duty struct {
	Collectivity string
	Unit         string
	Manager      string
	Phones       string
	Team         oncall.Team
	Members      []string // logins, in the order of their turns
	Second       string   // who is called next, "" for nobody
	Weeks        int      // planned from this week on
}

// duties are the teams of the story: those who clear the road at night, and those who decide.
func duties() []Duty {
	team := func(name string, kind oncall.Kind, day time.Weekday, hour int) oncall.Team {
		return oncall.Team{Name: name, Kind: kind, HandoverDay: day, HandoverAt: hour * 60, Morning: 8 * 60, Evening: 17 * 60, Phones: oncall.ForEveryone}
	}
	return []Duty{
		{
			Collectivity: "bourg", Unit: "techniques", Manager: "jean-luc.sautereau@bourg.example", Team: team("Technique", oncall.Operation, time.Friday, 17),
			Members: words("bruno.lhermitte@bourg.example kevin.vaudoit@bourg.example teddy.hoarau@bourg.example raphael.oster@bourg.example"),
			Second:  "bruno.lhermitte@bourg.example", Weeks: 14,
		},
		{
			Collectivity: "bourg", Unit: "elus", Manager: "patrick.chausson@bourg.example", Team: team("Élus et direction", oncall.Decision, time.Monday, 8),
			Members: words("gilbert.tessier@bourg.example jean-luc.sautereau@bourg.example"), Weeks: 12,
		},
		{
			Collectivity: "agglo", Unit: "environnement", Manager: "xavier.mourgues@agglo.example", Team: team("Eau et déchèteries", oncall.Operation, time.Friday, 17),
			Members: words("gerard.thibaudat@agglo.example tehani.maihota@agglo.example"), Weeks: 10,
		},
	}
}

// onCall makes the teams, and their rotas from three weeks ago on.
func (l *loader) onCall() error {
	for _, duty := range duties() {
		if err := l.duty(duty); err != nil {
			return fmt.Errorf("%s: %w", duty.Team.Name, err)
		}
	}
	return nil
}

func (l *loader) duty(duty Duty) error {
	house := directory.Installation(portal.CollectivityID(duty.Collectivity))
	store := l.server.OnCall
	duty.Team.Unit = portal.UnitID(duty.Unit)
	id, err := store.CreateTeam(l.ctx, house, duty.Team, "")
	if err != nil {
		return err
	}
	for _, login := range duty.Members {
		caller, _, err := l.caller(duty.Collectivity, login, "")
		if err != nil {
			return err
		}
		if err := store.AddMember(l.ctx, house, id, caller.Agent, l.mobile(duty.Collectivity, login), ""); err != nil {
			return err
		}
	}
	manager, _, err := l.caller(duty.Collectivity, duty.Manager, "")
	if err != nil {
		return err
	}
	if err := store.SetManager(l.ctx, house, id, manager.Agent, true, ""); err != nil {
		return err
	}
	team, err := store.Team(l.ctx, house, id)
	if err != nil {
		return err
	}
	const before = 3 // weeks that are over, for the statement of the month
	from := team.NextHandover(l.now.AddDate(0, 0, -7*(before+1)))
	turns, err := store.MakeRota(l.ctx, house, team, 1, from, before+1+duty.Weeks, nil)
	if err != nil {
		return err
	}
	for i := range turns {
		turns[i].Told = from.AddDate(0, -1, 0) // in good time: nothing is raised
	}
	if _, err := store.PutRota(l.ctx, house, id, turns, ""); err != nil {
		return err
	}
	return l.second(duty, house, id, from)
}

// second puts who is called next on call in the weeks when she is not called first.
func (l *loader) second(duty Duty, house portal.Caller, id oncall.TeamID, from time.Time) error {
	if duty.Second == "" {
		return nil
	}
	second, _, err := l.caller(duty.Collectivity, duty.Second, "")
	if err != nil {
		return err
	}
	first, err := l.server.OnCall.Periods(l.ctx, house, oncall.Query{Team: id, From: from, To: l.now.AddDate(0, 0, 7*duty.Weeks)})
	if err != nil {
		return err
	}
	for _, p := range first {
		if p.Agent == second.Agent {
			continue
		}
		if _, err := l.server.OnCall.Assign(l.ctx, house, oncall.Period{Team: id, Level: 2, Agent: second.Agent, Starts: p.Starts, Ends: p.Ends, Told: p.Told}, ""); err != nil {
			return err
		}
	}
	return nil
}

// mobile is the number by which an agent is called.
func (l *loader) mobile(collectivity, login string) string {
	person, _ := l.story.Person(login)
	for _, agent := range person.Agents {
		if agent.Collectivity == collectivity {
			return agent.Mobile
		}
	}
	return ""
}
