package servertest

import (
	"maps"
	"slices"

	"parvis/applications"
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
}

// Register adds an application, as the collectivity's administrator does.
func (p *Portal) Register(app Application) {
	p.t.Helper()
	made := applications.Application{
		ID: app.ID, Name: "Application " + app.ID, URL: "https://" + app.ID + "." + string(app.Collectivity) + ".example/",
		Kind: app.Kind, Audience: app.Groups, SecondFactor: app.SecondFactor,
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
	admin := p.Caller("admin@"+string(app.Collectivity)+".example", app.Collectivity)
	if _, err := p.Applications.Create(p.t.Context(), admin, made, ""); err != nil {
		p.t.Fatal(err)
	}
}
