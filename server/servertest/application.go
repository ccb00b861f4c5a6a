package servertest

import (
	"errors"
	"maps"
	"slices"

	"parvis/applications"
	"parvis/directory"
	"parvis/portal"
	"parvis/sso"
)

// Application is a business application of a collectivity, open to all of its
// agents unless Groups says otherwise.
type Application struct {
	Collectivity portal.CollectivityID
	ID           string
	Kind         sso.ApplicationKind
	Addresses    []string
	Groups       []portal.GroupID
	Releases     map[string]string // attribute by the name that the application reads
	SecondFactor bool
	Subject      string // attribute that names the person there, "" for her login
}

// Register adds an application, as the collectivity's administrator does.
func (p *Portal) Register(app Application) {
	p.t.Helper()
	made := applications.Application{
		ID: app.ID, Name: "Application " + app.ID, URL: "https://" + app.ID + "." + string(app.Collectivity) + ".example/",
		Kind: app.Kind, Audience: app.Groups, SecondFactor: app.SecondFactor, Subject: applications.Attribute(app.Subject),
	}
	for _, text := range app.Addresses {
		address, err := sso.ParseAddress(text)
		if err != nil {
			p.t.Fatal(err)
		}
		made.Addresses = append(made.Addresses, address)
	}
	for _, name := range slices.Sorted(maps.Keys(app.Releases)) {
		made.Releases = append(made.Releases, applications.Release{Name: name, Attribute: applications.Attribute(app.Releases[name])})
	}
	if _, err := p.Applications.Create(p.t.Context(), p.admin(app.Collectivity), made, ""); err != nil {
		p.t.Fatal(err)
	}
}

func (p *Portal) admin(collectivity portal.CollectivityID) portal.Caller {
	return p.Caller("admin@"+string(collectivity)+".example", collectivity)
}

// Restrict opens an application to one group alone.
func (p *Portal) Restrict(collectivity portal.CollectivityID, id string, group portal.GroupID) {
	p.t.Helper()
	p.change(collectivity, id, func(app *applications.Application) { app.Audience = []portal.GroupID{group} })
}

// AskSecondFactor has an application ask for one.
func (p *Portal) AskSecondFactor(collectivity portal.CollectivityID, id string) {
	p.t.Helper()
	p.change(collectivity, id, func(app *applications.Application) { app.SecondFactor = true })
}

func (p *Portal) change(collectivity portal.CollectivityID, id string, with func(*applications.Application)) {
	p.t.Helper()
	app, err := p.Applications.Find(p.t.Context(), p.admin(collectivity), id)
	if err == nil {
		with(&app)
		err = p.Applications.Change(p.t.Context(), p.admin(collectivity), app.Changed, app, "")
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// Withdraw deletes an application.
func (p *Portal) Withdraw(collectivity portal.CollectivityID, id string) {
	p.t.Helper()
	if _, err := p.Applications.Delete(p.t.Context(), p.admin(collectivity), id, ""); err != nil {
		p.t.Fatal(err)
	}
}

// AddGroup adds a group with these people in it.
func (p *Portal) AddGroup(collectivity portal.CollectivityID, id portal.GroupID, name string, logins ...string) {
	p.t.Helper()
	admin := p.admin(collectivity)
	_, err := p.Directory.CreateGroup(p.t.Context(), admin, directory.Group{ID: id, Name: name})
	for _, login := range logins {
		err = errors.Join(err, p.Directory.AddMember(p.t.Context(), admin, id, p.Caller(login, collectivity).Agent))
	}
	if err != nil {
		p.t.Fatal(err)
	}
}
