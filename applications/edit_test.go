package applications

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/sso"
)

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
		_, revoke := o.Revoke(ctx, c.caller, "paie", "anne", "")
		_, giveBack := o.GiveBack(ctx, c.caller, "paie", "anne", "")
		_, grants := o.Grants(ctx, c.caller, "paie")
		for what, err := range map[string]error{
			"find": find, "delete": remove, "restore": restore, "change": o.Change(ctx, c.caller, seen, paie, ""),
			"grant": o.Grant(ctx, c.caller, "paie", "anne", time.Time{}, ""), "revoke": revoke, "give back": giveBack, "list accesses": grants,
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
		if line.Action == audit.AudienceChanged && line.Detail != audit.Became("Élus", "Finances") {
			t.Errorf("its audience was told as %q", line.Detail)
		}
		if line.Agent != "admin" || line.ObjectID != "paie" || line.Address != "192.0.2.1" {
			t.Errorf("line %+v", line)
		}
	}
	slices.Sort(told)
	want := []audit.Action{audit.AudienceChanged, audit.ApplicationChanged, audit.ApplicationCreated, audit.ApplicationDeleted, audit.ApplicationGranted, audit.ApplicationRestored}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("journal (-want +got):\n%s", diff)
	}
}

// TestTheInstallationIsInTheJournalToo: what its operator's command does is told
// as what an administrator does.
func TestTheInstallationIsInTheJournalToo(t *testing.T) {
	o, ctx := newOffice(t), context.Background()
	installation := portal.Caller{Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	got(o.Create(ctx, installation, Application{ID: "paie", Name: "Paie", URL: "https://paie.example/"}, ""))(t)
	lines, _, err := audit.NewJournal(o.db, o).Lines(ctx, o.admin, audit.Query{})
	must(t, err)
	if len(lines) != 1 || lines[0].Action != audit.ApplicationCreated || lines[0].Account != "" || lines[0].Address != "" {
		t.Errorf("journal = %+v, want the application created by nobody", lines)
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
	if first != "glpi" || second == first || !strings.HasPrefix(second, "glpi-") {
		t.Errorf("two of one name are %q and %q", first, second)
	}
}
