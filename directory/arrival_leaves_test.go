package directory_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/directory"
	"parvis/portal"
)

// leaves is the last day that is planned of an agent of bourg, "" for none.
func (h *house) leaves(t *testing.T, agent portal.AgentID) string {
	t.Helper()
	return got(h.Departure(context.Background(), directory.Installation("bourg"), agent))(t).LastDay
}

// found is the agent of bourg of that name.
func (h *house) found(t *testing.T, name string) portal.AgentID {
	t.Helper()
	all := got(h.RosterAfter(context.Background(), directory.Installation("bourg"), directory.RosterQuery{Text: name}, nil, 10))(t)
	if len(all) != 1 {
		t.Fatalf("%d agents are called %s", len(all), name)
	}
	return all[0].ID
}

// TestDeparturesComeWithAFileAndGoWithIt: shown before, planned with it, and taken back
// with it, but for what somebody decided since.
func TestDeparturesComeWithAFileAndGoWithIt(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin, now := directory.Installation("bourg"), time.Now()
	first, day := now.AddDate(0, 3, 0), now.AddDate(0, 6, 0)
	iso, french := day.Format(time.DateOnly), day.Format("2/1/2006")
	plan := directory.Departure{LastDay: first.Format(time.DateOnly), Successor: h.both.Agent}
	must(t, h.PlanDeparture(ctx, admin, h.anne.Agent, plan, "", ""))
	file := "Nom;Prénom;Courriel;Date de départ\nL’Hénoret;Anne-Élodie;;" + french + "\nPetit;Zoé;;" + iso + " 00:00:00\nNeuf;Ana;ana@bourg.example;" + french +
		"\nNeuf;Bob;;bientôt\nNeuf;Cléa;;31/01/2020\nNeuf;Dan;;31/01/2099\nNeuf;Éva;;\n"
	a := h.bring(t, admin, file)
	want := []string{
		"4 create Ana Neuf; given_name: →Ana; family_name: →Neuf; email: →ana@bourg.example; leaves: →" + iso,
		"8 create Éva Neuf; given_name: →Éva; family_name: →Neuf",
		fmt.Sprintf("2 change Anne-Élodie L’Hénoret; leaves: %s→%s", plan.LastDay, iso),
		"3 change Zoé Petit; leaves: →" + iso,
		"5 fault Bob Neuf; error.departure.day", "6 fault Cléa Neuf; error.departure.past", "7 fault Dan Neuf; error.departure.far",
	}
	told := h.told(t, a)
	slices.Sort(told)
	slices.Sort(want)
	if diff := cmp.Diff(want, told); diff != "" {
		t.Fatalf("shown (-want +got)\n%s", diff)
	}
	if h.leaves(t, h.both.Agent) != "" {
		t.Error("what is only shown is planned")
	}
	h.begin(t, admin, a)
	ana := h.found(t, "Ana Neuf")
	for who, agent := range map[string]portal.AgentID{"Anne-Élodie": h.anne.Agent, "Zoé": h.both.Agent, "Ana": ana} {
		if got := h.leaves(t, agent); got != iso {
			t.Errorf("%s leaves on %q, want %q", who, got, iso)
		}
	}
	if d := got(h.Departure(ctx, admin, h.anne.Agent))(t); d.Successor != h.both.Agent {
		t.Error("the successor is forgotten")
	}
	if diff := cmp.Diff([]string{"2 same Anne-Élodie L’Hénoret", "3 same Zoé Petit"}, h.told(t, h.bring(t, admin, file))[:2]); diff != "" {
		t.Errorf("the file once more (-want +got)\n%s", diff)
	}
	// Since: somebody decided otherwise of Zoé.
	d := got(h.Departure(ctx, admin, h.both.Agent))(t)
	must(t, h.CallOffDeparture(ctx, admin, h.both.Agent, d.ID, ""))
	d = directory.Departure{LastDay: now.AddDate(0, 9, 0).Format(time.DateOnly)}
	must(t, h.PlanDeparture(ctx, admin, h.both.Agent, d, "", ""))
	must(t, h.arrivals.Undo(ctx, admin, a.ID, "192.0.2.1"))
	h.work(t)
	for who, one := range map[string]struct {
		agent portal.AgentID
		want  string
	}{"Anne-Élodie": {h.anne.Agent, plan.LastDay}, "Zoé": {h.both.Agent, d.LastDay}, "Ana": {ana, ""}} {
		if got := h.leaves(t, one.agent); got != one.want {
			t.Errorf("undone, %s leaves on %q, want %q", who, got, one.want)
		}
	}
}

// TestADepartureDecidedSinceIsNotImported, and who governs some units imports none.
func TestADepartureDecidedSinceIsNotImported(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin, iso := directory.Installation("bourg"), time.Now().AddDate(0, 6, 0).Format(time.DateOnly)
	file := "Nom;Prénom;Dernier jour\nPetit;Zoé;" + iso + "\n"
	a := h.bring(t, admin, file)
	since := directory.Departure{LastDay: time.Now().AddDate(0, 1, 0).Format(time.DateOnly)}
	must(t, h.PlanDeparture(ctx, admin, h.both.Agent, since, "", ""))
	h.begin(t, admin, a)
	if got := h.leaves(t, h.both.Agent); got != since.LastDay {
		t.Errorf("she leaves on %q, want what was decided since", got)
	}
	if diff := cmp.Diff([]string{"Zoé Petit: arrival.left.meanwhile"}, h.reasons(t, got(h.arrivals.Arrival(ctx, admin, a.ID))(t))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	chief := h.hire(t, "bourg", "chef@bourg.example", directory.Agent{GivenName: "Cléo", FamilyName: "Chef"})
	given := directory.Given{Subject: portal.Subject{Kind: portal.TheAgent, ID: string(chief.Agent)}, Right: portal.ManageAgents, In: "technique"}
	got(h.Give(ctx, admin, given, ""))(t)
	chief = got(h.CallerFor(ctx, chief.Account, "bourg"))(t)
	anne := "Nom;Prénom;Dernier jour\nL’Hénoret;Anne-Élodie;" + iso + "\n"
	if diff := cmp.Diff([]string{"2 fault Anne-Élodie L’Hénoret; error.departure.narrowed"}, h.told(t, h.bring(t, chief, anne))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	b := h.bring(t, chief, "Nom;Prénom;Service\nNeuf;Ana;Services techniques\nNeuf;Bob;\n")
	if diff := cmp.Diff([]string{"2 create", "3 fault"}, []string{h.told(t, b)[0][:8], h.told(t, b)[1][:7]}); diff != "" {
		t.Errorf("without a date (-want +got)\n%s", diff)
	}
	h.begin(t, chief, b)
	if ana := got(h.Agent(ctx, admin, h.found(t, "Ana Neuf")))(t); ana.Unit != "technique" {
		t.Errorf("Ana is in %q", ana.Unit)
	}
}
