package demo

import (
	"fmt"
	"time"

	"parvis/applications"
	"parvis/directory"
	"parvis/portal"
)

// access is what somebody asks of her administrator, or was given.
type access struct {
	login, application string
	reason             string // what she asks; "" for an access that was given
	refused            string // what she was answered, "" while she waits
	days               int    // for how long it is given
}

// accesses of bourg: two requests that wait, one that was refused, and an access
// that ends within the week.
func accesses() []access {
	return []access{
		{login: "melanie.coeuret@bourg.example", application: "sig", reason: "Pour situer les stationnements gênants signalés par les riverains."},
		{login: "gael.quemeneur@bourg.example", application: "portail-famille", reason: "Les associations réservent les salles du périscolaire le mercredi."},
		{login: "agent@bourg.example", application: "marches", reason: "Pour renseigner les entreprises au guichet.", refused: "Orientez-les vers Patrick Chausson, il répond dans la journée."},
		{login: "agent@bourg.example", application: "portail-famille", days: 5},
		{login: "collegue@bourg.example", application: "finances", days: 60},
	}
}

// accesses asks, answers and gives as the people of the story do.
func (l *loader) accesses() error {
	const place = "bourg"
	admin, _, err := l.caller(place, "admin@bourg.example", portal.Admin)
	if err != nil {
		return err
	}
	for _, one := range accesses() {
		caller, _, err := l.caller(place, one.login, "")
		if err == nil && one.reason == "" {
			err = l.server.Applications.Grant(l.ctx, admin, one.application, caller.Agent, l.midnight(one.days+1), "")
		} else if err == nil {
			err = l.request(admin, caller, one)
		}
		if err != nil {
			return fmt.Errorf("%s, %s: %w", one.login, one.application, err)
		}
	}
	return nil
}

// midnight is the first instant of a day to come.
func (l *loader) midnight(days int) time.Time {
	year, month, day := l.now.Date()
	return time.Date(year, month, day+days, 0, 0, 0, 0, l.now.Location())
}

func (l *loader) request(admin, caller portal.Caller, one access) error {
	if _, err := l.server.Applications.Ask(l.ctx, caller, one.application, one.reason, ""); err != nil || one.refused == "" {
		return err
	}
	offer, err := l.server.Applications.Offer(l.ctx, caller, one.application)
	if err != nil {
		return err
	}
	_, err = l.server.Applications.Answer(l.ctx, admin, offer.Request.ID, applications.Answer{Reason: one.refused}, "")
	return err
}

// rights gives one for a while, makes the foreman of the roads manage his unit, and has the secretary lend one while she is away.
func (l *loader) rights() error {
	const place = "bourg"
	admin, _, err := l.caller(place, "admin@bourg.example", portal.Admin)
	if err != nil {
		return err
	}
	away, _, err := l.caller(place, "secretaire@bourg.example", portal.EditCalendars)
	if err != nil {
		return err
	}
	agent, _, err := l.caller(place, "agent@bourg.example", "")
	if err != nil {
		return err
	}
	colleague, _, err := l.caller(place, "collegue@bourg.example", "")
	if err != nil {
		return err
	}
	to := func(who portal.Caller) portal.Subject {
		return portal.Subject{Kind: portal.TheAgent, ID: string(who.Agent)}
	}
	_, err = l.server.Directory.Give(l.ctx, admin, directory.Given{Right: portal.EditDocuments, Subject: to(agent), Ends: l.midnight(21)}, "")
	if err != nil {
		return err
	}
	foreman, _, err := l.caller(place, "bruno.lhermitte@bourg.example", "")
	if err != nil {
		return err
	}
	_, err = l.server.Directory.Give(l.ctx, admin, directory.Given{Right: portal.ManageAgents, Subject: to(foreman), In: "voirie"}, "")
	if err != nil {
		return err
	}
	_, err = l.server.Directory.Lend(l.ctx, away, directory.Given{Right: portal.EditCalendars, Subject: to(colleague), Ends: l.midnight(12)}, "")
	return err
}
