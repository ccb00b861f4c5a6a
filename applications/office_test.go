package applications

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/sso"
)

// office is a store with two collectivities, bourg and agglo, whose people are
// written here.
type office struct {
	*Store
	db    *database.DB
	clock time.Time
	asked int  // organisation charts
	left  bool // anne is no more in bourg

	named, stood []int // how many agents each Present and each Standings was about

	admin, anne, luc portal.Caller // of bourg, of bourg's roads, of agglo
}

func newOffice(t testing.TB) *office {
	t.Helper()
	o := &office{db: databasetest.New(t), clock: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)}
	databasetest.AddCollectivities(t, o.db, "bourg", "agglo")
	o.Store = New(o.db, o)
	o.now = func() time.Time { return o.clock }
	o.admin = portal.Caller{Account: "c-admin", Agent: "admin", Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	o.anne = portal.Caller{Account: "c-anne", Agent: "anne", Collectivity: "bourg", Unit: "voirie", Groups: []portal.GroupID{"encadrants"}}
	o.luc = portal.Caller{Account: "c-luc", Agent: "luc", Collectivity: "agglo", Groups: []portal.GroupID{"encadrants"}, Rights: []portal.Right{portal.Admin}}
	return o
}

func (o *office) Groups(context.Context, portal.Caller) ([]portal.Group, error) {
	return []portal.Group{{ID: "elus", Name: "Élus"}, {ID: "encadrants", Name: "Encadrants"}}, nil
}

// Units holds a loop, eau and puits, as a chart that was badly filled in may.
func (o *office) Units(context.Context, portal.Caller) ([]Unit, error) {
	o.asked++
	return []Unit{
		{ID: "technique", Name: "Services techniques"},
		{ID: "voirie", Parent: "technique", Name: "Voirie", Depth: 1},
		{ID: "finances", Name: "Finances"},
		{ID: "eau", Parent: "puits"},
		{ID: "puits", Parent: "eau"},
	}, nil
}

func (o *office) Person(_ context.Context, caller portal.Caller) (Person, error) {
	return Person{
		Login: string(caller.Agent) + "@bourg.example", GivenName: "Anne-Élodie", FamilyName: "L’Hénoret",
		Unit: "Voirie", Phone: "02 61 91 01 42", SIREN: "999000001",
	}, nil
}

func (o *office) Names(_ context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]string, error) {
	names := map[portal.AgentID]string{}
	for agent, name := range map[portal.AgentID]string{"anne": "Anne-Élodie L’Hénoret", "admin": "Paul Petit", "second": "Inès Roux"} {
		if caller.Collectivity == "bourg" && slices.Contains(agents, agent) {
			names[agent] = name
		}
	}
	return names, nil
}

func (o *office) Present(_ context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]Colleague, error) {
	o.named = append(o.named, len(agents))
	return o.present(caller, agents), nil
}

func (o *office) Standings(_ context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]portal.Caller, error) {
	o.stood = append(o.stood, len(agents))
	standing := map[portal.AgentID]portal.Caller{}
	for agent, who := range o.present(caller, agents) {
		standing[agent] = who.Caller
	}
	return standing, nil
}

func (o *office) present(caller portal.Caller, agents []portal.AgentID) map[portal.AgentID]Colleague {
	present := map[portal.AgentID]Colleague{}
	for _, agent := range agents {
		switch {
		case caller.Collectivity == "bourg" && strings.HasPrefix(string(agent), "asks-"):
			present[agent] = Colleague{Caller: portal.Caller{Agent: agent, Collectivity: "bourg"}, Name: string(agent)}
		case caller.Collectivity == "bourg" && agent == "anne" && !o.left:
			present[agent] = Colleague{Caller: o.anne, Name: "Anne-Élodie L’Hénoret", Function: "Cantonnière"}
		case caller.Collectivity == "agglo" && agent == "luc":
			present[agent] = Colleague{Caller: o.luc, Name: "Luc Étienne"}
		}
	}
	return present
}

// add creates an application with an address of its own.
func (o *office) add(t testing.TB, app Application) {
	t.Helper()
	if app.Name == "" {
		app.Name = app.ID
	}
	if app.URL == "" {
		app.URL = "https://" + app.ID + ".example/"
	}
	got(o.Create(t.Context(), o.admin, app, "192.0.2.1"))(t)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got returns a value, or fails the test with the error that came with it.
func got[T any](value T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return value
	}
}

func address(t testing.TB, text string) sso.Address {
	t.Helper()
	return got(sso.ParseAddress(text))(t)
}

func ids(apps []Application) []string {
	var all []string
	for _, app := range apps {
		all = append(all, app.ID)
	}
	return all
}

func (o *office) mine(t testing.TB, caller portal.Caller) []string {
	t.Helper()
	return ids(got(o.List(t.Context(), caller))(t))
}

// refusal is the key of the sentence that an error says, "" for none.
func refusal(t testing.TB, err error) string {
	t.Helper()
	var said portal.UserError
	if err != nil && (!errors.As(err, &said) || !errors.Is(err, portal.ErrDenied)) {
		t.Errorf("%v, want a refusal with a sentence", err)
	}
	return said.Key
}
