package directory_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/directory"
	"parvis/portal"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

func TestTheBoxKeepsTheContract(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	admin := directory.Installation("bourg")
	got(tw.CreateAgent(ctx, admin, directory.Agent{GivenName: "Marc", FamilyName: "Dupont", Unit: "technique", Mobile: "06 39 98 01 24"}))(t)
	request := widgets.Request{Caller: tw.anne}
	widgetstest.Conforms(t, directory.NewWidget(tw.Store), request, directory.Locales)
}

func TestABoxShowsTheAgentsOwn(t *testing.T) {
	h := newHouse(t)
	ctx, admin := context.Background(), directory.Installation("bourg")
	got(h.CreateAgent(ctx, admin, directory.Agent{GivenName: "Marc", FamilyName: "Dupont", Unit: "technique", Mobile: "06 39 98 01 24"}))(t)
	request := widgets.Request{Caller: h.anne, Printer: h.printer}
	people := got(directory.NewWidget(h.Store).Load(ctx, request))(t)
	if len(people.Items) != 1 || people.Items[0].Title != "Marc Dupont" || people.Items[0].Phone != "06 39 98 01 24" || people.Search == nil {
		t.Errorf("box of people = %+v, want her colleague and the field", people)
	}
}

func TestTheBoxOfOneAloneInHerUnitShowsThoseNextToIt(t *testing.T) {
	h := newHouse(t)
	ctx, admin := context.Background(), directory.Installation("bourg")
	box := func(caller portal.Caller) (names []string) {
		for _, item := range got(directory.NewWidget(h.Store).Load(ctx, widgets.Request{Caller: caller, Printer: h.printer}))(t).Items {
			names = append(names, item.Title)
		}
		return names
	}
	got(h.CreateUnit(ctx, admin, directory.Unit{ID: "voirie", Name: "Voirie", Parent: "technique"}))(t)
	got(h.CreateUnit(ctx, admin, directory.Unit{ID: "eau", Name: "Eau", Parent: "technique"}))(t)
	got(h.CreateUnit(ctx, admin, directory.Unit{ID: "far", Name: "Réseaux", Parent: "eau"}))(t)
	got(h.CreateAgent(ctx, admin, directory.Agent{GivenName: "Loin", FamilyName: "Loin", Unit: "far"}))(t)
	if alone := box(h.anne); len(alone) != 0 {
		t.Errorf("nobody above nor just below: %v", alone)
	}
	marc := h.hire(t, "bourg", "marc@bourg.example", directory.Agent{GivenName: "Marc", FamilyName: "Dupont", Unit: "voirie"})
	if diff := cmp.Diff([]string{"Anne-Élodie L’Hénoret"}, box(marc)); diff != "" {
		t.Errorf("above (-want +got):\n%s", diff)
	}
	got(h.CreateAgent(ctx, admin, directory.Agent{GivenName: "Inès", FamilyName: "Abel", Unit: "eau"}))(t)
	if diff := cmp.Diff([]string{"Inès Abel", "Marc Dupont"}, box(h.anne)); diff != "" {
		t.Errorf("below (-want +got):\n%s", diff)
	}
	got(h.CreateAgent(ctx, admin, directory.Agent{GivenName: "Paul", FamilyName: "Roy", Unit: "technique"}))(t)
	if diff := cmp.Diff([]string{"Paul Roy"}, box(h.anne)); diff != "" {
		t.Errorf("no more alone (-want +got):\n%s", diff)
	}
}
