package directory_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/directory"
	"parvis/portal"
)

// newDivisionHouse is a house with a division.
func newDivisionHouse(t testing.TB) (*house, *division) {
	t.Helper()
	h := newHouse(t)
	return h, newDivisionIn(t, newCouncilIn(t, h.town, h.db))
}

// TestAFileBringsAgentsIntoHerUnitsAlone, and tells nothing of the others: not even that
// what it guesses of them is true.
func TestAFileBringsAgentsIntoHerUnitsAlone(t *testing.T) {
	h, d := newDivisionHouse(t)
	a := h.bring(t, d.manager, `Nom;Prénom;Téléphone;Service;Groupes
Neuf;Nina;;Voirie;
Neuve;Nora;;Accueil;
Nulle;Lou;;;
Haute;Eva;;Cabinet;
Basse;Ève;;Services techniques/Égouts;
Dedans;Ines;02 61 91 01 99;;
Dedans;Ines;;Accueil;
Dehors;Bess;02 61 91 01 03;;
Nulle-Part;Noé;02 61 91 01 77;;
Dessous;Bela;;;Encadrants
`)
	want := []string{
		"2 create Nina Neuf; given_name: →Nina; family_name: →Neuf; unit: →Services techniques / Voirie",
		"6 create Ève Basse; given_name: →Ève; family_name: →Basse; unit: →Services techniques / Égouts",
		"7 change Ines Dedans; phone: 02 61 91 01 01→02 61 91 01 99",
		"8 twice Ines Dedans; as 7",
		"3 fault Nora Neuve; error.place.elsewhere",
		"4 fault Lou Nulle; error.place.elsewhere",
		"5 fault Eva Haute; error.place.elsewhere",
		"9 fault Bess Dehors; error.elsewhere",
		"10 fault Noé Nulle-Part; error.elsewhere",
		"11 fault Bela Dessous; error.groups.elsewhere",
	}
	if diff := cmp.Diff(want, h.told(t, a)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	before := got(d.Agent(context.Background(), d.admin, d.beside.Agent))(t)
	h.begin(t, d.manager, a)
	roster := got(d.Roster(context.Background(), d.manager, directory.RosterQuery{}))(t)
	if roster.Total != 5 {
		t.Errorf("she manages %d agents after it, want 5", roster.Total)
	}
	if diff := cmp.Diff(before, got(d.Agent(context.Background(), d.admin, d.beside.Agent))(t)); diff != "" {
		t.Errorf("another one was changed (-want +got)\n%s", diff)
	}
	must(t, h.arrivals.Undo(context.Background(), d.manager, a.ID, ""))
	h.work(t)
	if roster := got(d.Roster(context.Background(), d.manager, directory.RosterQuery{}))(t); roster.Total != 3 {
		t.Errorf("she manages %d agents once it is undone, want 3", roster.Total)
	}
	other := h.bring(t, d.admin, "Nom;Prénom\nAutre;Alix\n")
	if _, err := h.arrivals.Arrival(context.Background(), d.manager, other.ID); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("the administrator's file: %v, want ErrNotFound", err)
	}
}

// TestAFileThatIsUnderWayStopsAtWhatSheManagesNoMore: each line is judged as it is written.
func TestAFileThatIsUnderWayStopsAtWhatSheManagesNoMore(t *testing.T) {
	h, d := newDivisionHouse(t)
	a := h.bring(t, d.manager, "Nom;Prénom;Service\nNeuf;Nina;Voirie\n")
	ctx := context.Background()
	must(t, d.ChangeUnit(ctx, d.admin, directory.Unit{ID: "voirie", Name: "Voirie", Parent: "technique"}, directory.Unit{ID: "voirie", Name: "Voirie", Parent: "accueil"}, ""))
	h.begin(t, d.manager, a)
	if found := got(d.Roster(ctx, d.admin, directory.RosterQuery{Text: "Nina"}))(t); found.Total != 0 {
		t.Error("somebody came into a unit that is hers no more")
	}
}

// TestGuestsComeIntoHerUnitsAlone, and who is listed elsewhere is not hers to ask in.
func TestGuestsComeIntoHerUnitsAlone(t *testing.T) {
	h, d := newDivisionHouse(t)
	ctx := context.Background()
	guests := directory.ParseGuests("Nina Neuf <nina@bourg.example>")
	for _, unit := range []portal.UnitID{"accueil", "", "voirie"} {
		may := unit == "voirie"
		if _, err := h.inviter.Invite(ctx, d.manager, guests, directory.Placing{Unit: unit}); err != nil == may || err != nil && !errors.Is(err, portal.ErrDenied) {
			t.Errorf("into %q: %v, want it done = %v", unit, err, may)
		}
	}
	if _, err := h.inviter.Invite(ctx, d.manager, directory.ParseGuests("Nora Neuve <nora@bourg.example>"), directory.Placing{Unit: "voirie", Groups: []portal.GroupID{"encadrants"}}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("into a group: %v, want ErrDenied", err)
	}
	listed := func(name string, unit portal.UnitID) portal.AgentID {
		return got(d.AddAgent(ctx, d.admin, directory.Agent{GivenName: "Lia", FamilyName: name, Email: name + "@bourg.example", Unit: unit}, ""))(t)
	}
	mine, other := listed("dedans", "technique"), listed("dehors", "accueil")
	judged := got(h.inviter.Judge(ctx, d.manager, directory.ParseGuests("Lia Dedans <dedans@bourg.example>\nLia Dehors <dehors@bourg.example>")))(t)
	if judged[0].Fault != "" || judged[1].Fault != "directory.error.elsewhere" {
		t.Errorf("judged %q and %q, want the second one refused", judged[0].Fault, judged[1].Fault)
	}
	for agent, may := range map[portal.AgentID]bool{mine: true, other: false} {
		if _, err := h.inviter.Again(ctx, d.manager, agent); err != nil == may || err != nil && !errors.Is(err, portal.ErrDenied) {
			t.Errorf("asked in: %v, want it done = %v", err, may)
		}
	}
	got(h.inviter.Again(ctx, d.admin, other))(t)
	for agent, may := range map[portal.AgentID]bool{mine: true, other: false} {
		if err := h.inviter.Cancel(ctx, d.manager, agent); err != nil == may || err != nil && !errors.Is(err, portal.ErrDenied) {
			t.Errorf("cancelled: %v, want it done = %v", err, may)
		}
	}
}
