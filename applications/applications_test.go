package applications

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/search"
	"parvis/sso"
)

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
	got(o.Revoke(ctx, o.admin, "paie", "anne", ""))(t)
	if mine := o.mine(t, o.anne); len(mine) != 0 {
		t.Errorf("taken back, and she is shown %v", mine)
	}
	if _, err := o.Revoke(ctx, o.admin, "paie", "anne", ""); !errors.Is(err, portal.ErrNotFound) {
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
