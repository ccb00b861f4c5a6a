package applications

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/search"
	"parvis/sso"
)

// office is a store with two collectivities, bourg and agglo, whose people are
// written here.
type office struct {
	*Store
	db    *database.DB
	clock time.Time
	asked int // organisation charts

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
	if caller.Collectivity == "bourg" && slices.Contains(agents, "anne") {
		names["anne"] = "Anne-Élodie L’Hénoret"
	}
	return names, nil
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

func TestAnApplicationIsForItsGroupsAndUnits(t *testing.T) {
	o := newOffice(t)
	o.add(t, Application{ID: "all"})
	o.add(t, Application{ID: "group", Audience: []portal.GroupID{"encadrants"}})
	o.add(t, Application{ID: "unit", Units: []portal.UnitID{"technique"}})
	o.add(t, Application{ID: "either", Audience: []portal.GroupID{"elus"}, Units: []portal.UnitID{"voirie"}})
	o.add(t, Application{ID: "loop", Units: []portal.UnitID{"finances"}})
	for name, c := range map[string]struct {
		caller portal.Caller
		want   []string
	}{
		"group and unit":        {o.anne, []string{"all", "either", "group", "unit"}},
		"the unit above":        {portal.Caller{Agent: "x", Collectivity: "bourg", Unit: "technique"}, []string{"all", "unit"}},
		"no group, no unit":     {portal.Caller{Agent: "x", Collectivity: "bourg"}, []string{"all"}},
		"a unit in a loop":      {portal.Caller{Agent: "x", Collectivity: "bourg", Unit: "eau"}, []string{"all"}},
		"a unit that is gone":   {portal.Caller{Agent: "x", Collectivity: "bourg", Unit: "gone"}, []string{"all"}},
		"another collectivity":  {o.luc, nil},
		"same names, elsewhere": {portal.Caller{Agent: "x", Collectivity: "agglo", Unit: "voirie", Groups: []portal.GroupID{"encadrants"}}, nil},
	} {
		if diff := cmp.Diff(c.want, o.mine(t, c.caller)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for _, app := range got(o.All(t.Context(), o.admin))(t) {
			err := o.Admit(t.Context(), c.caller, app.signOn("bourg"))
			if (err == nil) != slices.Contains(c.want, app.ID) {
				t.Errorf("%s: Admit(%s) = %v, unlike the list", name, app.ID, err)
			}
		}
	}
}

func TestARefusalSaysWhy(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.add(t, Application{ID: "paie", Audience: []portal.GroupID{"elus"}})
	paie := sso.Application{Collectivity: "bourg", ID: "paie", Name: "Paie"}
	admit := func(caller portal.Caller, app sso.Application) string { return refusal(t, o.Admit(ctx, caller, app)) }
	if got := admit(o.anne, paie); got != "applications.refused.audience" {
		t.Errorf("not in the audience: %q", got)
	}
	must(t, o.Grant(ctx, o.admin, "paie", "anne", o.clock.Add(time.Hour), ""))
	if got := admit(o.anne, paie); got != "" {
		t.Errorf("access was given, and she is told %q", got)
	}
	o.clock = o.clock.Add(time.Hour)
	if got := admit(o.anne, paie); got != "applications.refused.ended" {
		t.Errorf("access ended: %q", got)
	}
	for _, caller := range []portal.Caller{o.luc, {}, {Account: "p", Rights: []portal.Right{portal.OperatePool}}} {
		if got := admit(caller, paie); got != "applications.refused.elsewhere" {
			t.Errorf("%+v: %q", caller, got)
		}
	}
	got(o.Delete(ctx, o.admin, "paie", ""))(t)
	if got := admit(o.anne, paie); got != "applications.refused.gone" {
		t.Errorf("deleted: %q", got)
	}
}

func TestAccessEndsByItself(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.add(t, Application{ID: "paie", Audience: []portal.GroupID{"elus"}})
	must(t, o.Grant(ctx, o.admin, "paie", "anne", o.clock.Add(time.Hour), ""))
	got(o.Pin(ctx, o.anne, "paie", true))(t)
	if diff := cmp.Diff([]string{"paie"}, o.mine(t, o.anne)); diff != "" {
		t.Errorf("while it lasts (-want +got):\n%s", diff)
	}
	o.clock = o.clock.Add(time.Hour)
	if mine := o.mine(t, o.anne); len(mine) != 0 {
		t.Errorf("ended, and she is shown %v", mine)
	}
	if _, err := o.Pin(ctx, o.anne, "paie", true); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("pin of what ended: %v", err)
	}
	must(t, o.Grant(ctx, o.admin, "paie", "anne", time.Time{}, ""))
	o.clock = o.clock.AddDate(10, 0, 0)
	if mine := o.mine(t, o.anne); len(mine) != 1 {
		t.Errorf("given for ever, and she is shown %v", mine)
	}
	must(t, o.Revoke(ctx, o.admin, "paie", "anne", ""))
	if mine := o.mine(t, o.anne); len(mine) != 0 {
		t.Errorf("taken back, and she is shown %v", mine)
	}
	if err := o.Revoke(ctx, o.admin, "paie", "anne", ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("nothing is left to take back: %v", err)
	}
	if err := o.Grant(ctx, o.admin, "paie", "anne", o.clock.Add(-time.Hour), ""); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("an end that is past: %v", err)
	}
	if err := o.Grant(ctx, o.admin, "paie", "nobody", time.Time{}, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("access for nobody: %v", err)
	}
}

func TestAnAddressLeadsToItsApplications(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	glpi := []sso.Address{address(t, "https://glpi.example/front"), address(t, "https://aide.example/")}
	o.add(t, Application{ID: "glpi", Name: "Assistance", Kind: sso.KindCAS, Addresses: glpi, SecondFactor: true})
	got(o.Create(ctx, o.luc, Application{ID: "glpi", Name: "Tickets", URL: "https://glpi.example/", Kind: sso.KindCAS, Addresses: glpi[:1]}, ""))(t)
	o.add(t, Application{ID: "cloud", Kind: sso.KindOIDC, Addresses: []sso.Address{address(t, "https://cloud.example/back?app=1")}})
	at := func(kind sso.ApplicationKind, text string) (found []string) {
		for _, app := range got(o.At(ctx, kind, address(t, text)))(t) {
			found = append(found, string(app.Collectivity)+"/"+app.ID)
		}
		return found
	}
	for _, c := range []struct {
		kind    sso.ApplicationKind
		address string
		want    []string
	}{
		{sso.KindCAS, "https://glpi.example/front/central.php?x=1", []string{"agglo/glpi", "bourg/glpi"}},
		{sso.KindCAS, "https://aide.example/any", []string{"bourg/glpi"}},
		{sso.KindCAS, "https://glpi.example/frontage", nil},
		{sso.KindCAS, "https://glpi.example/", nil},
		{sso.KindCAS, "http://glpi.example/front", nil},
		{sso.KindForward, "https://glpi.example/front", nil},
		{sso.KindOIDC, "https://cloud.example/back?app=1", []string{"bourg/cloud"}},
		{sso.KindOIDC, "https://cloud.example/back", nil},
		{sso.KindOIDC, "https://cloud.example/back/below?app=1", nil},
	} {
		if diff := cmp.Diff(c.want, at(c.kind, c.address)); diff != "" {
			t.Errorf("At(%s, %s) (-want +got):\n%s", c.kind, c.address, diff)
		}
	}
	want := sso.Application{
		Collectivity: "bourg", ID: "glpi", Name: "Assistance", Kind: sso.KindCAS, SecondFactor: true,
		Addresses: []sso.Address{glpi[1], glpi[0]},
	}
	if diff := cmp.Diff(want, got(o.At(ctx, sso.KindCAS, glpi[1]))(t)[0]); diff != "" {
		t.Errorf("by its address (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, got(o.Application(ctx, sso.KindCAS, "bourg", "glpi"))(t)); diff != "" {
		t.Errorf("by its identifier (-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct {
		kind  sso.ApplicationKind
		place portal.CollectivityID
		id    string
	}{"another kind": {sso.KindOIDC, "bourg", "glpi"}, "unknown": {sso.KindCAS, "bourg", "x"}, "elsewhere": {sso.KindOIDC, "agglo", "cloud"}} {
		if _, err := o.Application(ctx, c.kind, c.place, c.id); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	got(o.Delete(ctx, o.admin, "glpi", ""))(t)
	if found := at(sso.KindCAS, "https://aide.example/"); len(found) != 0 {
		t.Errorf("a deleted application is found: %v", found)
	}
}

func TestAnApplicationIsToldWhatItMayKnow(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.add(t, Application{ID: "glpi", Kind: sso.KindCAS, Addresses: []sso.Address{address(t, "https://glpi.example/")}, Releases: []Release{
		{"cn", DisplayName}, {"mail", Email}, {"memberOf", Groups}, {"gid", GroupIDs}, {"siren", SIREN}, {"uid", ID},
	}})
	o.add(t, Application{ID: "rh", Kind: sso.KindCAS, Subject: Email, Addresses: []sso.Address{address(t, "https://rh.example/")}})
	glpi := got(o.Application(ctx, sso.KindCAS, "bourg", "glpi"))(t)
	want := sso.Release{User: "anne@bourg.example", Attributes: []sso.Attribute{
		{Name: "cn", Values: []string{"Anne-Élodie L’Hénoret"}},
		{Name: "memberOf", Values: []string{"Encadrants"}},
		{Name: "gid", Values: []string{"encadrants"}},
		{Name: "siren", Values: []string{"999000001"}},
		{Name: "uid", Values: []string{"anne"}},
	}}
	if diff := cmp.Diff(want, got(o.Release(ctx, o.anne, glpi))(t)); diff != "" {
		t.Errorf("release (-want +got):\n%s", diff)
	}
	rh := got(o.Application(ctx, sso.KindCAS, "bourg", "rh"))(t)
	if _, err := o.Release(ctx, o.anne, rh); refusal(t, err) != "applications.refused.nameless" {
		t.Errorf("who has no address has no name there: %v", err)
	}
	if _, err := o.Release(ctx, o.luc, sso.Application{Collectivity: "agglo", ID: "glpi"}); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("of another collectivity: %v", err)
	}
}

func TestEveryRefusedFieldIsNamed(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	cas := Application{Name: "x", URL: "https://x.example/", Kind: sso.KindCAS, Addresses: []sso.Address{address(t, "https://x.example/")}}
	with := func(change func(*Application)) Application { app := cas; change(&app); return app }
	for field, app := range map[string]Application{
		"name":      with(func(a *Application) { a.Name = " " }),
		"url":       with(func(a *Application) { a.URL = "javascript:alert(1)" }),
		"icon":      with(func(a *Application) { a.Icon = "../x" }),
		"id":        with(func(a *Application) { a.ID = "-" }),
		"kind":      with(func(a *Application) { a.Kind = "saml" }),
		"position":  with(func(a *Application) { a.Position = -1 }),
		"addresses": with(func(a *Application) { a.Addresses = nil }),
		"subject":   with(func(a *Application) { a.Subject = FamilyName }),
		"group":     with(func(a *Application) { a.Audience = []portal.GroupID{"nobody"} }),
		"unit":      with(func(a *Application) { a.Units = []portal.UnitID{"nowhere"} }),
		"releases":  with(func(a *Application) { a.Releases = []Release{{"mail", Email}, {"mail", Login}} }),
	} {
		_, err := o.Create(ctx, o.admin, app, "")
		var refused portal.FieldErrors
		if !errors.As(err, &refused) || len(refused) != 1 || refused[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, app := range []Application{
		with(func(a *Application) { a.Addresses = []sso.Address{address(t, "https://x.example/?a=b")} }),
		with(func(a *Application) { a.Releases = []Release{{"a:b", Email}} }),
		with(func(a *Application) { a.Releases = []Release{{"password", "password"}} }),
	} {
		if _, err := o.Create(ctx, o.admin, app, ""); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%+v: %v", app, err)
		}
	}
}

func TestOnlyItsAdministratorChangesAnApplication(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.add(t, Application{ID: "paie"})
	seen := got(o.Find(ctx, o.admin, "paie"))(t).Changed
	paie := Application{ID: "paie", Name: "Autre", URL: "https://autre.example/"}
	for who, c := range map[string]struct {
		caller portal.Caller
		want   error
	}{"an agent": {o.anne, portal.ErrDenied}, "another's administrator": {o.luc, portal.ErrNotFound}} {
		_, find := o.Find(ctx, c.caller, "paie")
		_, remove := o.Delete(ctx, c.caller, "paie", "")
		_, restore := o.Restore(ctx, c.caller, "paie", "")
		for what, err := range map[string]error{
			"find": find, "delete": remove, "restore": restore, "change": o.Change(ctx, c.caller, seen, paie, ""),
			"grant": o.Grant(ctx, c.caller, "paie", "anne", time.Time{}, ""), "revoke": o.Revoke(ctx, c.caller, "paie", "anne", ""),
		} {
			if !errors.Is(err, c.want) {
				t.Errorf("%s by %s: %v, want %v", what, who, err, c.want)
			}
		}
	}
	if _, err := o.Create(ctx, o.anne, paie, ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("create by an agent: %v", err)
	}
	if _, err := o.All(ctx, o.anne); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("list by an agent: %v", err)
	}
}

func TestAChangeIsInTheJournalAndCanBeUndone(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.add(t, Application{ID: "paie", Audience: []portal.GroupID{"elus"}, Kind: sso.KindCAS, Addresses: []sso.Address{address(t, "https://paie.example/")}})
	before := got(o.Find(ctx, o.admin, "paie"))(t)
	got(o.Delete(ctx, o.admin, "paie", "192.0.2.1"))(t)
	if _, err := o.Delete(ctx, o.admin, "paie", ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if _, err := o.Create(ctx, o.admin, Application{ID: "paie", Name: "x", URL: "https://x.example/"}, ""); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("the identifier of a deleted one was given away: %v", err)
	}
	got(o.Restore(ctx, o.admin, "paie", "192.0.2.1"))(t)
	if diff := cmp.Diff(before, got(o.Find(ctx, o.admin, "paie"))(t)); diff != "" {
		t.Errorf("restored (-before +after):\n%s", diff)
	}
	after := before
	after.Name, after.Audience, after.Units = "Paie et carrières", nil, []portal.UnitID{"finances"}
	must(t, o.Change(ctx, o.admin, before.Changed, after, "192.0.2.1"))
	if err := o.Change(ctx, o.admin, before.Changed, after, ""); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("a change over another's: %v", err)
	}
	changed := got(o.Find(ctx, o.admin, "paie"))(t)
	after.Changed = changed.Changed
	if diff := cmp.Diff(after, changed); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	must(t, o.Grant(ctx, o.admin, "paie", "anne", time.Time{}, "192.0.2.1"))
	lines, _, err := audit.NewJournal(o.db, o).Lines(ctx, o.admin, audit.Query{})
	must(t, err)
	var told []audit.Action
	for _, line := range lines {
		told = append(told, line.Action)
		if line.Agent != "admin" || line.ObjectID != "paie" || line.Address != "192.0.2.1" {
			t.Errorf("line %+v", line)
		}
	}
	slices.Sort(told)
	want := []audit.Action{audit.ApplicationChanged, audit.ApplicationCreated, audit.ApplicationDeleted, audit.ApplicationGranted, audit.ApplicationRestored}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

func TestWhatWasDeletedLongAgoIsForgotten(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.add(t, Application{ID: "paie"})
	o.add(t, Application{ID: "eau"})
	got(o.Pin(ctx, o.anne, "paie", true))(t)
	got(o.Delete(ctx, o.admin, "paie", ""))(t)
	must(t, o.Clean(ctx, "bourg", o.clock.Add(Bin)))
	got(o.Restore(ctx, o.admin, "paie", ""))(t)
	got(o.Delete(ctx, o.admin, "paie", ""))(t)
	must(t, o.Clean(ctx, "agglo", o.clock.Add(2*Bin)))
	must(t, o.Clean(ctx, "bourg", o.clock.Add(Bin+time.Minute)))
	if _, err := o.Restore(ctx, o.admin, "paie", ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("restored after 30 days: %v", err)
	}
	o.add(t, Application{ID: "paie", Audience: []portal.GroupID{"encadrants"}})
	if pinned := got(o.Pinned(ctx, o.anne, 8))(t); len(pinned) != 0 {
		t.Errorf("a new application has the pins of the old one: %v", ids(pinned))
	}
}

func TestTheCatalogueIsKeptFiveSecondsAndDroppedByAChange(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.add(t, Application{ID: "paie", Units: []portal.UnitID{"technique"}})
	o.asked = 0
	for range 3 {
		o.mine(t, o.anne)
	}
	if o.asked != 1 {
		t.Errorf("the chart was read %d times for three lists", o.asked)
	}
	elsewhere := New(o.db, o)
	elsewhere.now = o.now
	got(elsewhere.Create(ctx, o.admin, Application{ID: "eau", Name: "Eau", URL: "https://eau.example/"}, ""))(t)
	if diff := cmp.Diff([]string{"paie"}, o.mine(t, o.anne)); diff != "" {
		t.Errorf("another process's change is seen at once: nothing is kept (-want +got):\n%s", diff)
	}
	o.clock = o.clock.Add(kept)
	if diff := cmp.Diff([]string{"eau", "paie"}, o.mine(t, o.anne)); diff != "" {
		t.Errorf("five seconds later (-want +got):\n%s", diff)
	}
	o.add(t, Application{ID: "gaz"})
	if diff := cmp.Diff([]string{"eau", "gaz", "paie"}, o.mine(t, o.anne)); diff != "" {
		t.Errorf("own change (-want +got):\n%s", diff)
	}
}

// What was read before a change must not be kept after it.
func TestAReadingThatAChangeOvertookIsNotKept(t *testing.T) {
	var s shelf
	now := time.Now()
	_, before := s.find("bourg", now)
	s.drop("bourg")
	s.keep("bourg", &catalogue{read: now}, before)
	if found, _ := s.find("bourg", now); found != nil {
		t.Error("the old catalogue is believed")
	}
}

func TestIdentifiersAreMadeFromNames(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	for _, c := range []struct{ name, want string }{
		{"Gestion électronique", "gestion-electronique"},
		{"GLPI", "glpi"},
		{"Œuvres d’été — 2026", "oeuvres-d-ete-2026"},
		{"Un nom d’application bien trop long pour un identifiant", "un-nom-d-application-bien-trop"},
		{"日本", ""},
	} {
		if got := identifierOf(c.name); got != c.want {
			t.Errorf("identifierOf(%q) = %q, want %q", c.name, got, c.want)
		}
	}
	app := Application{Name: "GLPI", URL: "https://glpi.example/"}
	first, second := got(o.Create(ctx, o.admin, app, ""))(t), got(o.Create(ctx, o.admin, app, ""))(t)
	if first != "glpi" || second == first || !slug.MatchString(second) {
		t.Errorf("two of one name are %q and %q", first, second)
	}
}

func TestNamesAreListedInFrenchOrder(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	for _, name := range []string{"Vie associative", "Élections", "école", "Eau", "Œuvres"} {
		o.add(t, Application{Name: name, Category: name, URL: "https://a.example/", Pinned: true})
	}
	var categories, pinned []string
	for _, app := range got(o.List(ctx, o.anne))(t) {
		categories = append(categories, app.Category)
	}
	for _, app := range got(o.Pinned(ctx, o.anne, 3))(t) {
		pinned = append(pinned, app.Name)
	}
	if diff := cmp.Diff([]string{"Eau", "école", "Élections", "Œuvres", "Vie associative"}, categories); diff != "" {
		t.Errorf("categories (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Eau", "école", "Élections"}, pinned); diff != "" {
		t.Errorf("pinned (-want +got):\n%s", diff)
	}
}

func TestPinsAreTheAgentsOwn(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.add(t, Application{ID: "paie", Audience: []portal.GroupID{"encadrants"}})
	var told []portal.AgentID
	o.OnChange(func(_ portal.CollectivityID, agents ...portal.AgentID) { told = append(told, agents...) })
	got(o.Pin(ctx, o.anne, "paie", true))(t)
	if pinned := ids(got(o.Pinned(ctx, o.anne, 8))(t)); !cmp.Equal(pinned, []string{"paie"}) {
		t.Errorf("pinned = %v", pinned)
	}
	other := o.anne
	other.Agent = "zoe"
	if pinned := got(o.Pinned(ctx, other, 8))(t); len(pinned) != 0 {
		t.Errorf("another has her pins: %v", ids(pinned))
	}
	got(o.Pin(ctx, o.anne, "paie", false))(t)
	if pinned := got(o.Pinned(ctx, o.anne, 8))(t); len(pinned) != 0 {
		t.Errorf("still pinned: %v", ids(pinned))
	}
	for _, caller := range []portal.Caller{o.luc, {Agent: "zoe", Collectivity: "bourg"}} {
		if _, err := o.Pin(ctx, caller, "paie", true); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("pin by one who does not see it: %v, want ErrNotFound", err)
		}
	}
	if !cmp.Equal(told, []portal.AgentID{"anne", "anne"}) {
		t.Errorf("told of %v, want of her alone", told)
	}
}

func TestSearchKnowsTheAudience(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	o.add(t, Application{ID: "paie", Audience: []portal.GroupID{"encadrants", "elus"}})
	o.add(t, Application{ID: "voirie", Units: []portal.UnitID{"voirie"}})
	o.add(t, Application{ID: "eau"})
	o.add(t, Application{ID: "gone"})
	got(o.Delete(ctx, o.admin, "gone", ""))(t)
	source := Source{o.Store}
	documents := got(source.Load(ctx, "bourg", []string{"paie", "voirie", "gone"}))(t)
	if len(documents) != 1 || !cmp.Equal(documents[0].Audience, []portal.GroupID{"elus", "encadrants"}) || documents[0].Kind != search.KindApplication {
		t.Errorf("documents = %+v, want that of the groups", documents)
	}
	if documents := got(source.Load(ctx, "agglo", []string{"paie"}))(t); len(documents) != 0 {
		t.Errorf("agglo finds %+v", documents)
	}
	if first := got(source.IDs(ctx, "bourg", "", 1))(t); !cmp.Equal(first, []string{"eau"}) {
		t.Errorf("first page = %v", first)
	}
	if rest := got(source.IDs(ctx, "bourg", "eau", 10))(t); !cmp.Equal(rest, []string{"paie"}) {
		t.Errorf("the rest = %v", rest)
	}
}
