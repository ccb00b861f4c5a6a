package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/sheet"
)

// bring lays a file out as it seems to be, and works out what its lines come to.
func (h *house) bring(t testing.TB, caller portal.Caller, file string, ways ...directory.Namesakes) directory.Arrival {
	t.Helper()
	ctx := context.Background()
	id := got(h.arrivals.Bring(ctx, caller, "agents.csv", []byte(file)))(t)
	layout := got(h.arrivals.Layout(ctx, caller, id))(t)
	must(t, h.arrivals.Plan(ctx, caller, id, layout.Guessed, append(ways, directory.LeaveNamesakes)[0]))
	return got(h.arrivals.Arrival(ctx, caller, id))(t)
}

// begin writes an import to its end.
func (h *house) begin(t testing.TB, caller portal.Caller, a directory.Arrival) {
	t.Helper()
	must(t, h.arrivals.Begin(context.Background(), caller, a.ID, a.Plan(), time.Time{}, "192.0.2.1"))
	h.work(t)
}

func (h *house) work(t testing.TB) {
	t.Helper()
	for got(h.arrivals.Work(context.Background()))(t) {
	}
}

// told is what each line comes to, in words.
func (h *house) told(t testing.TB, a directory.Arrival) (all []string) {
	t.Helper()
	for _, verdict := range directory.Verdicts {
		for _, line := range got(h.arrivals.Lines(context.Background(), a, verdict, false, 1, 1000))(t) {
			text := fmt.Sprintf("%d %s %s", line.Number, verdict, line.Name)
			for _, move := range line.Moves {
				text += fmt.Sprintf("; %s: %s→%s", move.Field, move.Before, move.After)
			}
			for _, fault := range line.Faults {
				text += "; " + strings.TrimPrefix(fault.Key, "directory.")
			}
			if line.Twin > 0 && verdict == directory.Twice {
				text += fmt.Sprintf("; as %d", line.Twin)
			}
			all = append(all, text)
		}
	}
	return all
}

func (h *house) people(t testing.TB, collectivity portal.CollectivityID) (all []string) {
	t.Helper()
	roster := got(h.RosterAfter(context.Background(), directory.Installation(collectivity), directory.RosterQuery{}, nil, 100000))(t)
	for _, one := range roster {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", one.Name(), one.Email, one.UnitName)))
	}
	return all
}

// TestACollectivityBringsItsOwnAgents: nobody of another one sees an import, changes it or
// is changed by it.
func TestACollectivityBringsItsOwnAgents(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	bourg, agglo := directory.Installation("bourg"), directory.Installation("agglo")
	before := h.people(t, "agglo")
	a := h.bring(t, bourg, "Nom;Prénom;Courriel;Service\nŒuvray;Luc;luc@agglo.example;Technique\nPetit;Zoé;sec@bourg.example;Services techniques/Voirie\n")
	want := []string{
		"2 create Luc Œuvray; given_name: →Luc; family_name: →Œuvray; email: →luc@agglo.example; unit: →Technique", // who is of agglo is nobody here
		"3 change Zoé Petit; email: →sec@bourg.example; unit: →Services techniques / Voirie",
	}
	if diff := cmp.Diff(want, h.told(t, a)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for name, try := range map[string]func() error{
		"reads":     func() error { _, err := h.arrivals.Arrival(ctx, agglo, a.ID); return err },
		"lays out":  func() error { _, err := h.arrivals.Layout(ctx, agglo, a.ID); return err },
		"works out": func() error { return h.arrivals.Plan(ctx, agglo, a.ID, a.Columns, directory.NewPerson) },
		"begins":    func() error { return h.arrivals.Begin(ctx, agglo, a.ID, a.Plan(), time.Time{}, "") },
		"drops":     func() error { return h.arrivals.Drop(ctx, agglo, a.ID) },
		"undoes":    func() error { return h.arrivals.Undo(ctx, agglo, a.ID, "") },
	} {
		if err := try(); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("who %s: %v, want ErrNotFound", name, err)
		}
	}
	if all := got(h.arrivals.List(ctx, agglo))(t); len(all) > 0 {
		t.Errorf("agglo lists %v", all)
	}
	if _, err := h.arrivals.Arrival(ctx, h.anne, a.ID); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("who manages nobody: %v, want ErrDenied", err)
	}
	h.begin(t, bourg, a)
	if diff := cmp.Diff(before, h.people(t, "agglo")); diff != "" {
		t.Errorf("agglo was changed (-want +got)\n%s", diff)
	}
	if units := got(h.Units(ctx, agglo))(t); len(units) != 1 {
		t.Errorf("agglo has units %v", units)
	}
	if err := h.arrivals.Undo(ctx, agglo, a.ID, ""); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("agglo undoes it: %v", err)
	}
}

// TestWhatEachLineComesTo holds what a file may say of people who are there, or not.
func TestWhatEachLineComesTo(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	got(h.CreateUnit(ctx, admin, directory.Unit{ID: "voirie", Parent: "technique", Name: "Voirie"}))(t)
	for _, parent := range []portal.UnitID{"", "technique"} {
		got(h.CreateUnit(ctx, admin, directory.Unit{Parent: parent, Name: "Accueil"}))(t)
	}
	for _, agent := range []directory.Agent{
		{GivenName: "Awa", FamilyName: "Diallo", Email: "awa@bourg.example", Phone: "02 61 91 01 00"},
		{GivenName: "Jean", FamilyName: "Martin", Email: "j.martin@bourg.example"},
		{GivenName: "Jean", FamilyName: "Martin", Email: "jean.martin@bourg.example"},
		{GivenName: "Léo", FamilyName: "Roux"},
		{GivenName: "Marc", FamilyName: "Blanc", Email: "mairie@bourg.example"},
		{GivenName: "Lise", FamilyName: "Noir", Email: "mairie@bourg.example"},
	} {
		got(h.CreateAgent(ctx, admin, agent))(t)
	}
	gone := got(h.CreateAgent(ctx, admin, directory.Agent{GivenName: "Paul", FamilyName: "Parti", Email: "paul@bourg.example"}))(t)
	must(t, h.CloseAgent(ctx, admin, gone, ""))
	for name, c := range map[string]struct {
		file string
		ways directory.Namesakes
		want []string
	}{
		"the same, however it is written": {
			file: "Nom;Prénom;Mail;Tél\nDIALLO;awa;AWA@bourg.example;0261910100\n",
			want: []string{"2 same awa DIALLO"},
		},
		"nothing new":           {file: "Nom;Prénom;Mail;Tél\nDiallo;Awa;AWA@bourg.example;0261910100\n", want: []string{"2 same Awa Diallo"}},
		"empty cells":           {file: "Nom;Prénom;Mail;Tél\nDiallo;Awa;;\n", want: []string{"2 same Awa Diallo"}},
		"by her account":        {file: "Nom;Prénom;Mail\nPetit;Zoé;sec@bourg.example\n", want: []string{"2 change Zoé Petit; email: →sec@bourg.example"}},
		"by her login":          {file: "Nom;Prénom;Identifiant\nGrand;Zoé;SEC@bourg.example\n", want: []string{"2 change Zoé Grand; family_name: Petit→Grand"}},
		"who married":           {file: "Nom;Prénom;Mail\nSow;Awa;awa@bourg.example\n", want: []string{"2 change Awa Sow; family_name: Diallo→Sow"}},
		"another's address":     {file: "Nom;Prénom;Mail\nLopez;Inès;awa@bourg.example\n", want: []string{"2 fault Inès Lopez; arrival.fault.address"}},
		"a shared address":      {file: "Nom;Prénom;Mail\nNoir;Lise;mairie@bourg.example\n", want: []string{"2 same Lise Noir"}},
		"two of a name":         {file: "Nom;Prénom\nMartin;Jean\n", want: []string{"2 fault Jean Martin; arrival.fault.several"}},
		"one of two of a name":  {file: "Nom;Prénom;Mail\nMartin;Jean;J.Martin@bourg.example\n", want: []string{"2 same Jean Martin"}},
		"a name with a new one": {file: "Nom;Prénom;Mail\nDiallo;Awa;a.diallo@bourg.example\n", want: []string{"2 fault Awa Diallo; arrival.fault.namesake"}},
		"the same person": {
			file: "Nom;Prénom;Mail\nDiallo;Awa;a.diallo@bourg.example\n", ways: directory.SamePerson,
			want: []string{"2 change Awa Diallo; email: awa@bourg.example→a.diallo@bourg.example"},
		},
		"another person": {
			file: "Nom;Prénom;Mail\nDiallo;Awa;a.diallo@bourg.example\n", ways: directory.NewPerson,
			want: []string{"2 create Awa Diallo; given_name: →Awa; family_name: →Diallo; email: →a.diallo@bourg.example"},
		},
		"an address at last": {file: "Nom;Prénom;Mail\nRoux;Léo;leo@bourg.example\n", want: []string{"2 change Léo Roux; email: →leo@bourg.example"}},
		"a closed card":      {file: "Nom;Prénom;Mail\nParti;Paul;paul@bourg.example\n", want: []string{"2 fault Paul Parti; arrival.fault.closed"}},
		"twice in the file": {
			file: "Nom;Prénom;Mail\nNeuf;Ana;ana@bourg.example\nNEUF;Ana;ANA@bourg.example\nNeuf;Ana;\nAutre;Bob;ana@bourg.example\nDiallo;Awa;\nDiallo;Awa;\n",
			want: []string{
				"2 create Ana Neuf; given_name: →Ana; family_name: →Neuf; email: →ana@bourg.example", "6 same Awa Diallo",
				"3 twice Ana NEUF; as 2", "4 twice Ana Neuf; as 2", "7 twice Awa Diallo; as 6", "5 fault Bob Autre; arrival.fault.address-twice",
			},
		},
		"places": {
			file: "Nom;Service\nA;voirie\nB;Services techniques/Voirie\nC;Services techniques > Espaces verts\nD;Accueil\nE;Services techniques/Accueil\nF;Culture/Musée\nG;culture/Musée\n",
			want: []string{
				"2 create A; family_name: →A; unit: →Services techniques / Voirie", "3 create B; family_name: →B; unit: →Services techniques / Voirie",
				"4 create C; family_name: →C; unit: →Services techniques / Espaces verts", "5 create D; family_name: →D; unit: →Accueil",
				"6 create E; family_name: →E; unit: →Services techniques / Accueil", "7 create F; family_name: →F; unit: →Culture / Musée",
				"8 create G; family_name: →G; unit: →culture / Musée",
			},
		},
		"a direction beside the service": {
			file: "Nom;Direction;Service\nA;Services techniques;Voirie\nB;Services techniques;\n",
			want: []string{"2 create A; family_name: →A; unit: →Services techniques / Voirie", "3 create B; family_name: →B; unit: →Services techniques"},
		},
		"groups": {
			file: "Nom;Groupes\nA;encadrants\nB;Encadrants, Rêveurs\n",
			want: []string{"2 create A; family_name: →A; groups: →Encadrants", "3 fault B; arrival.fault.group"},
		},
		"what is wrong is said": {
			file: "Nom;Prénom;Mail;Tél;Type\n;Léa;lea@bourg.example;;\nFaux;Léa;lea(at)bourg;;\nFaux;Tom;;poste A;\nFaux;Lou;;;chef\n",
			want: []string{"2 fault Léa; arrival.fault.name", "3 fault Léa Faux; error.email", "4 fault Tom Faux; error.phone", "5 fault Lou Faux; arrival.fault.kind"},
		},
		"what a spreadsheet did to numbers": {
			file: "Nom;Portable;Type\nZéro;639980142;Conseillère municipale\n",
			want: []string{"2 create Zéro; kind: →elected; family_name: →Zéro; mobile: →0639980142"},
		},
		"what our own list says": {
			file: "\ufeffNom;Prénom;Type;Fonction;Service;Responsable;Courriel;Téléphone;Mobile;Bureau;Groupes;Accès;Identifiant\nPetit;Zoé;Agent;;;;;;;;;Actif;sec@bourg.example\n",
			want: []string{"2 same Zoé Petit"},
		},
	} {
		ways := c.ways
		if ways == "" {
			ways = directory.LeaveNamesakes
		}
		a := h.bring(t, admin, c.file, ways)
		if diff := cmp.Diff(c.want, h.told(t, a)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestColumnsAreGuessed(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"French titles": {"NOM D’USAGE;Prénom(s);Adresse e-mail;Intitulé du poste;Affectation;N° Tél;Tél. portable\nA;B;;;;;\n", "family_name given_name email function unit phone mobile"},
		"English titles, a department for a unit": {"Last Name,First name,E-mail,Job title,Department,Business phone\nA,B,,,,\n", "family_name given_name email function unit phone"},
		"a department alone":                      {"Surname;Department\nA;B\n", "family_name unit"},
		"by what they hold":                       {"Nom;Contact;Joindre;Autre\nA;a@b.example;02 61 91 01 42;06 39 98 01 42\nB;b@b.example;02 61 91 01 43;07 39 98 01 42\n", "family_name email phone mobile"},
		"a name in one":                           {"Nom;Courriel\nLE GOFF Camille;c@b.example\nDIALLO Awa;a@b.example\n", "full_name email"},
		"without titles":                          {"Le Goff;c@b.example\nDiallo;a@b.example\n", " email"},
		"a banner above":                          {"Agents de la mairie au 1er mars\n\nNom;Prénom\nA;B\n", "family_name given_name"},
		"a date of departure":                     {"Nom;Prénom;Fin de contrat\nA;B;\n", "family_name given_name leaves"},
		"the same title twice":                    {"Nom;Tél;Tél\nA;;\n", "family_name phone "},
	} {
		layout := directory.LayOut(got(sheet.Read([]byte(c.file), sheet.Limits{Rows: 100, Columns: 20, Cell: 100}))(t))
		words := make([]string, len(layout.Guessed))
		for i, column := range layout.Guessed {
			words[i] = string(column)
		}
		if got := strings.Join(words, " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestAnImportIsUndoneWhole: everybody is as before, but for what happened since.
func TestAnImportIsUndoneWhole(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	before := h.people(t, "bourg")
	a := h.bring(t, admin, "Nom;Prénom;Courriel;Fonction;Service;Groupes\n"+
		"L’Hénoret;Anne-Élodie;anne@bourg.example;Maire;Culture/Musée;Encadrants\nPetit;Zoé;;Secrétaire;Culture;\n"+
		"Neuf;Ana;ana@bourg.example;Médiatrice;Culture/Musée;Encadrants\nNeuf;Bob;bob@bourg.example;;;\nNeuf;Cléa;clea@bourg.example;;;\n")
	h.begin(t, admin, a)
	after := h.people(t, "bourg")
	want := []string{"Anne-Élodie L’Hénoret anne@bourg.example Musée", "Ana Neuf ana@bourg.example Musée", "Bob Neuf bob@bourg.example", "Cléa Neuf clea@bourg.example", "Zoé Petit  Culture"}
	if diff := cmp.Diff(want, after); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
	if members := got(h.Members(ctx, admin, "encadrants", 1))(t); members.Total != 2 {
		t.Errorf("%d members, want 2", members.Total)
	}
	again := h.bring(t, admin, "Nom;Prénom;Courriel\nNeuf;Ana;ana@bourg.example\nNeuf;Bob;\n")
	if diff := cmp.Diff([]string{"2 same Ana Neuf", "3 same Bob Neuf"}, h.told(t, again)); diff != "" {
		t.Errorf("the file once more (-want +got)\n%s", diff)
	}
	// Since: Bob signed in, somebody changed what Zoé does.
	roster := got(h.RosterAfter(ctx, admin, directory.RosterQuery{Text: "bob"}, nil, 10))(t)
	if _, err := h.db.Exec(ctx, `UPDATE agents SET entered = 1 WHERE collectivity = 'bourg' AND id = $1`, string(roster[0].ID)); err != nil {
		t.Fatal(err)
	}
	zoe := got(h.Agent(ctx, admin, h.both.Agent))(t)
	changed := zoe
	changed.Function = "Directrice"
	must(t, h.ChangeAgent(ctx, admin, zoe, changed, ""))
	must(t, h.arrivals.Undo(ctx, admin, a.ID, "192.0.2.1"))
	h.work(t)
	before = append(before[:1:1], append([]string{"Bob Neuf bob@bourg.example"}, before[1:]...)...)
	if diff := cmp.Diff(before, h.people(t, "bourg")); diff != "" {
		t.Errorf("undone (-want +got)\n%s", diff)
	}
	if zoe := got(h.Agent(ctx, admin, h.both.Agent))(t); zoe.Function != "Directrice" || zoe.Unit != "" {
		t.Errorf("Zoé is %q in %q, want what somebody wrote since", zoe.Function, zoe.Unit)
	}
	if anne := got(h.Agent(ctx, admin, h.anne.Agent))(t); anne.Function != "Référente état civil" || anne.Unit != "technique" {
		t.Errorf("Anne-Élodie is %q in %q", anne.Function, anne.Unit)
	}
	if members := got(h.Members(ctx, admin, "encadrants", 1))(t); members.Total != 0 {
		t.Errorf("%d members are left", members.Total)
	}
	if units := got(h.Units(ctx, admin))(t); len(units) != 1 {
		t.Errorf("units are left: %v", units)
	}
	if a := got(h.arrivals.Arrival(ctx, admin, a.ID))(t); a.State != directory.ArrivalUndone {
		t.Errorf("it is %s", a.State)
	}
	left := got(h.arrivals.Lines(ctx, a, "", true, 1, 10))(t)
	if len(left) != 2 || left[0].Reason != "directory.arrival.kept.changed" || left[1].Reason != "directory.arrival.kept.entered" {
		t.Errorf("left: %+v", left)
	}
}

// TestAnInterruptedImportGoesOn: whatever ends the process, each line is done once.
func TestAnInterruptedImportGoesOn(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	before := len(h.people(t, "bourg"))
	var file strings.Builder
	file.WriteString("Nom;Prénom;Courriel;Service\n")
	for i := range 230 {
		fmt.Fprintf(&file, "Agent%03d;Prénom;a%d@bourg.example;Pôle %d\n", i, i, i%7)
	}
	a := h.bring(t, admin, file.String())
	must(t, h.arrivals.Begin(ctx, admin, a.ID, a.Plan(), time.Time{}, ""))
	got(h.arrivals.Work(ctx))(t)
	if half := len(h.people(t, "bourg")) - before; half == 0 || half == 230 {
		t.Fatalf("%d agents after one step, want some", half)
	}
	// The form is sent again, another import is begun, the process ends in the middle of a step.
	if err := h.arrivals.Begin(ctx, admin, a.ID, a.Plan(), time.Time{}, ""); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("begun twice: %v", err)
	}
	other := h.bring(t, admin, file.String())
	if err := h.arrivals.Begin(ctx, admin, other.ID, other.Plan(), time.Time{}, ""); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("two at a time: %v", err)
	}
	ended, end := context.WithCancel(ctx)
	end()
	h.arrivals.Work(ended)
	h.work(t)
	if count := len(h.people(t, "bourg")) - before; count != 230 {
		t.Errorf("%d agents, want 230", count)
	}
	if units := got(h.Units(ctx, admin))(t); len(units) != 8 {
		t.Errorf("%d units, want 8", len(units))
	}
	// What the other one was to create has come meanwhile: nobody is there twice.
	h.begin(t, admin, other)
	if count := len(h.people(t, "bourg")) - before; count != 230 {
		t.Errorf("%d agents after the file was imported twice, want 230", count)
	}
	tally := got(h.arrivals.Tally(ctx, other))(t)
	if tally.Reasons != 230-tally.Verdicts[directory.TheSame]-tally.Written[directory.ToChange] {
		t.Errorf("tally of the second: %+v", tally)
	}
}

// TestWhatChangedMeanwhileIsLeft: an import never writes over what somebody did since it
// was shown.
func TestWhatChangedMeanwhileIsLeft(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	a := h.bring(t, admin, "Nom;Prénom;Fonction;Groupes\nPetit;Zoé;Secrétaire;\nL’Hénoret;Anne-Élodie;Maire;\nNeuf;Ana;;Encadrants\n")
	zoe := got(h.Agent(ctx, admin, h.both.Agent))(t)
	changed := zoe
	changed.Function = "Directrice"
	must(t, h.ChangeAgent(ctx, admin, zoe, changed, ""))
	must(t, h.CloseAgent(ctx, admin, h.anne.Agent, ""))
	must(t, h.DeleteGroup(ctx, admin, "encadrants", ""))
	h.begin(t, admin, a)
	var reasons []string
	for _, line := range got(h.arrivals.Lines(ctx, a, "", true, 1, 10))(t) {
		reasons = append(reasons, line.Name+" "+line.Reason)
	}
	want := []string{"Zoé Petit directory.arrival.left.meanwhile", "Anne-Élodie L’Hénoret directory.arrival.left.gone", "Ana Neuf directory.arrival.left.group"}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if zoe := got(h.Agent(ctx, admin, h.both.Agent))(t); zoe.Function != "Directrice" {
		t.Errorf("Zoé is %q", zoe.Function)
	}
}

// TestAnImportGivesNoRights: who manages agents alone neither puts people where rights
// are given, nor changes who has more than she; and the last administrator stays one.
func TestAnImportGivesNoRights(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	give := func(kind portal.SubjectKind, id string, right portal.Right) {
		t.Helper()
		got(h.Give(ctx, admin, directory.Given{Subject: portal.Subject{Kind: kind, ID: id}, Right: right}, ""))(t)
	}
	give(portal.TheUnit, "technique", portal.Admin)
	give(portal.TheGroup, "encadrants", portal.EditNews)
	chief := h.hire(t, "bourg", "chef@bourg.example", directory.Agent{GivenName: "Cléo", FamilyName: "Chef", Email: "chef@bourg.example"})
	give(portal.TheAgent, string(chief.Agent), portal.ManageAgents)
	chief = got(h.CallerFor(ctx, chief.Account, "bourg"))(t)
	file := "Nom;Prénom;Fonction;Service;Groupes\nChef;Cléo;;Services techniques;\nNeuf;Ana;;Services techniques/Voirie;\nNeuf;Bob;;;Encadrants\nL’Hénoret;Anne-Élodie;Concierge;;\nNeuf;Cléa;;Culture;\n"
	a := h.bring(t, chief, file)
	want := []string{
		"6 create Cléa Neuf; given_name: →Cléa; family_name: →Neuf; unit: →Culture",
		"2 fault Cléo Chef; error.place", "3 fault Ana Neuf; error.place", "4 fault Bob Neuf; error.place", "5 fault Anne-Élodie L’Hénoret; error.outranked",
	}
	if diff := cmp.Diff(want, h.told(t, a)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// An administrator shows it, gives the right after, and the chief begins it: her rights decide.
	all := h.bring(t, admin, file)
	if err := h.arrivals.Begin(ctx, chief, all.ID, all.Plan(), time.Time{}, ""); err != nil {
		t.Fatal(err)
	}
	h.work(t)
	tally := got(h.arrivals.Tally(ctx, all))(t)
	if tally.Outcomes["done"] != 1 || tally.Outcomes["left"] != 4 {
		t.Errorf("in the chief's name: %+v", tally.Outcomes)
	}
	// Who loses the right in the middle stops the import, and another one goes on.
	more := h.bring(t, chief, "Nom;Prénom\nNeuf;Dan\n")
	must(t, h.arrivals.Begin(ctx, chief, more.ID, more.Plan(), time.Time{}, ""))
	must(t, h.SetRights(ctx, admin, chief.Agent, nil))
	h.work(t)
	if a := got(h.arrivals.Arrival(ctx, admin, more.ID))(t); a.State != directory.ArrivalStopped {
		t.Errorf("it is %s", a.State)
	}
	h.begin(t, admin, more)
	if a := got(h.arrivals.Arrival(ctx, admin, more.ID))(t); a.State != directory.ArrivalDone {
		t.Errorf("resumed, it is %s", a.State)
	}
	// Anne-Élodie governs by her unit, and nobody else does.
	last := h.bring(t, admin, "Nom;Prénom;Service\nL’Hénoret;Anne-Élodie;Culture\n")
	h.begin(t, admin, last)
	left := got(h.arrivals.Lines(ctx, last, "", true, 1, 10))(t)
	if len(left) != 1 || left[0].Reason != "directory.error.last-admin" {
		t.Errorf("left: %+v", left)
	}
	if anne := got(h.Agent(ctx, admin, h.anne.Agent))(t); anne.Unit != "technique" {
		t.Errorf("the last administrator is in %q", anne.Unit)
	}
}

// chief is somebody who manages the agents of bourg, and nothing else.
func (h *house) chief(t testing.TB) portal.Caller {
	t.Helper()
	ctx := context.Background()
	chief := h.hire(t, "bourg", "chef@bourg.example", directory.Agent{GivenName: "Cléo", FamilyName: "Chef"})
	got(h.Give(ctx, directory.Installation("bourg"), directory.Given{Subject: portal.Subject{Kind: portal.TheAgent, ID: string(chief.Agent)}, Right: portal.ManageAgents}, ""))(t)
	return got(h.CallerFor(ctx, chief.Account, "bourg"))(t)
}

// reasons are the lines that were not done whole, in words.
func (h *house) reasons(t testing.TB, a directory.Arrival) (all []string) {
	t.Helper()
	for _, line := range got(h.arrivals.Lines(context.Background(), a, "", true, 1, 100))(t) {
		all = append(all, line.Name+": "+strings.TrimPrefix(line.Reason, "directory."))
	}
	return all
}

// TestAnImportWritesAnAddressOfTheCollectivityForItsAdministratorAlone: neither the
// preview, nor the import, nor its undoing lets another one do what the card refuses her.
func TestAnImportWritesAnAddressOfTheCollectivityForItsAdministratorAlone(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin, chief := directory.Installation("bourg"), h.chief(t)
	_, err := h.db.Exec(ctx, `INSERT INTO collectivity_domains (collectivity, domain) VALUES ('bourg', 'bourg.example') ON CONFLICT DO NOTHING`)
	must(t, err)
	maire := got(h.CreateAgent(ctx, admin, directory.Agent{FamilyName: "Vieux", Email: "maire@bourg.example"}))(t)
	file := "Nom;Prénom;Courriel\nNeuf;Ana;dgs@BOURG.example\nNeuf;Bob;bob@ailleurs.example\nPetit;Zoé;rh@bourg.example\nChef;Cléo;chef@bourg.example\n"
	want := []string{
		"3 create Bob Neuf; given_name: →Bob; family_name: →Neuf; email: →bob@ailleurs.example",
		"5 change Cléo Chef; email: →chef@bourg.example", // by which she signs in
		"2 fault Ana Neuf; error.address", "4 fault Zoé Petit; error.address",
	}
	if diff := cmp.Diff(want, h.told(t, h.bring(t, chief, file))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	all := h.bring(t, admin, file)
	h.begin(t, chief, all)
	if diff := cmp.Diff([]string{"Ana Neuf: error.address", "Zoé Petit: error.address"}, h.reasons(t, all)); diff != "" {
		t.Errorf("in the chief's name (-want +got)\n%s", diff)
	}
	away := h.bring(t, admin, "Nom;Courriel\nVieux;vieux@ailleurs.example\n", directory.SamePerson)
	h.begin(t, admin, away)
	must(t, h.arrivals.Undo(ctx, chief, away.ID, ""))
	h.work(t)
	if card := got(h.Agent(ctx, admin, maire))(t); card.Email != "vieux@ailleurs.example" {
		t.Errorf("undone in the chief's name, the card says %q", card.Email)
	}
}

// TestAnImportLeavesWhatADirectoryServerGives, as a card does.
func TestAnImportLeavesWhatADirectoryServerGives(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	file := "Nom;Prénom;Fonction;Bureau\nPetit;Zoé;Secrétaire;12\n"
	early := h.bring(t, h.chief(t), file)
	for _, text := range []string{
		`INSERT INTO mirrors (collectivity, settings, active) VALUES ('bourg', '{}', TRUE)`,
		`INSERT INTO mirrored_agents (collectivity, source_key, agent, given) VALUES ('bourg', 'k', '` + string(h.both.Agent) + `', 'family_name function')`,
	} {
		_, err := h.db.Exec(ctx, text)
		must(t, err)
	}
	if diff := cmp.Diff([]string{"2 fault Zoé Petit; error.given"}, h.told(t, h.bring(t, admin, file))); diff != "" {
		t.Errorf("shown (-want +got)\n%s", diff)
	}
	h.begin(t, admin, early) // shown before
	if diff := cmp.Diff([]string{"Zoé Petit: error.given"}, h.reasons(t, early)); diff != "" {
		t.Errorf("done (-want +got)\n%s", diff)
	}
	office := h.bring(t, admin, "Nom;Prénom;Bureau\nPetit;Zoé;12\n")
	h.begin(t, admin, office)
	if card := got(h.Agent(ctx, admin, h.both.Agent))(t); card.Office != "12" || card.Function != "" {
		t.Errorf("the card says %+v", card)
	}
	_, err := h.db.Exec(ctx, `UPDATE mirrored_agents SET given = 'office' WHERE collectivity = 'bourg'`)
	must(t, err)
	must(t, h.arrivals.Undo(ctx, admin, office.ID, ""))
	h.work(t)
	if card := got(h.Agent(ctx, admin, h.both.Agent))(t); card.Office != "12" {
		t.Error("undone, a field is emptied that the server gives")
	}
	// She corrects none of them herself either.
	zoe := got(h.Agent(ctx, admin, h.both.Agent))(t)
	typed := zoe
	typed.Office = "14"
	must(t, h.CorrectOwn(ctx, h.both, zoe, typed, ""))
	if card := got(h.Agent(ctx, admin, h.both.Agent))(t); card.Office != "12" {
		t.Error("she wrote over a field that the server gives")
	}
}

// TestAnImportKnowsGroupsByRule: a line can't bring anybody into one, and the last
// administrator is not ruled out by what a line says of her.
func TestAnImportKnowsGroupsByRule(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	file := "Nom;Groupes;Service\nNeuf;Encadrants;Culture\n"
	early := h.bring(t, h.chief(t), file)
	must(t, h.keepRule(admin, "encadrants", allOf(when(directory.RuleFunction, directory.TestContains, "direct"))))
	if diff := cmp.Diff([]string{"2 fault Neuf; error.group.ruled"}, h.told(t, h.bring(t, admin, file))); diff != "" {
		t.Errorf("shown (-want +got)\n%s", diff)
	}
	h.begin(t, admin, early)
	if diff := cmp.Diff([]string{"Neuf: arrival.left.by-rule"}, h.reasons(t, early)); diff != "" {
		t.Errorf("done (-want +got)\n%s", diff)
	}
	if units := got(h.Units(ctx, admin))(t); len(units) != 1 {
		t.Errorf("a line that was left made a unit: %v", units)
	}
	must(t, h.change(t, admin, h.anne.Agent, func(card *directory.Agent) { card.Function = "Directrice" }))
	got(h.Give(ctx, admin, directory.Given{Subject: portal.Subject{Kind: portal.TheGroup, ID: "encadrants"}, Right: portal.Admin}, ""))(t)
	last := h.bring(t, admin, "Nom;Prénom;Fonction\nL’Hénoret;Anne-Élodie;Maire\n")
	h.begin(t, admin, last)
	if diff := cmp.Diff([]string{"Anne-Élodie L’Hénoret: error.last-admin"}, h.reasons(t, last)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if anne := got(h.CallerFor(ctx, h.anne.Account, "bourg"))(t); !anne.Can(portal.Admin) {
		t.Error("the last administrator lost her right")
	}
	// What a rule fills since is not undone by hand.
	must(t, h.change(t, admin, h.both.Agent, func(card *directory.Agent) { card.Function = "Secrétaire" }))
	joined := got(h.AddGroup(ctx, admin, "Secrétariat", ""))(t)
	a := h.bring(t, admin, "Nom;Prénom;Groupes\nPetit;Zoé;Secrétariat\n")
	h.begin(t, admin, a)
	must(t, h.keepRule(admin, joined, allOf(when(directory.RuleFunction, directory.TestContains, "secr"))))
	must(t, h.arrivals.Undo(ctx, admin, a.ID, ""))
	h.work(t)
	if names := h.members(t, admin, joined); names != "Petit" {
		t.Errorf("the group by rule has %q", names)
	}
}

// TestALineThatCannotBeWrittenIsPassedOver, and all others are done.
func TestALineThatCannotBeWrittenIsPassedOver(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	_, err := h.db.Exec(ctx, `CREATE UNIQUE INDEX once ON agents (collectivity, phone) WHERE phone = '0261919199'`)
	must(t, err)
	a := h.bring(t, admin, "Nom;Téléphone\nUn;0261919199\nDeux;0261919199\nTrois;0261919198\n")
	h.begin(t, admin, a)
	if diff := cmp.Diff([]string{"Deux: arrival.left.failed"}, h.reasons(t, a)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if tally := got(h.arrivals.Tally(ctx, a))(t); tally.Outcomes["done"] != 2 {
		t.Errorf("outcomes: %v", tally.Outcomes)
	}
}

// TestNothingIsWrittenBeforeSheAgrees: a plan, another plan and a dropped file leave the
// directory as it was.
func TestNothingIsWrittenBeforeSheAgrees(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := directory.Installation("bourg")
	people, units := h.people(t, "bourg"), got(h.Units(ctx, admin))(t)
	a := h.bring(t, admin, "Nom;Prénom;Service\nNeuf;Ana;Culture\n")
	shown := a.Plan()
	must(t, h.arrivals.Plan(ctx, admin, a.ID, []directory.Column{directory.GivenColumn, directory.FamilyColumn, ""}, directory.LeaveNamesakes))
	h.work(t)
	if err := h.arrivals.Begin(ctx, admin, a.ID, shown, time.Time{}, ""); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("what was shown is another plan: %v", err)
	}
	if diff := cmp.Diff([]string{"2 create Neuf Ana; given_name: →Neuf; family_name: →Ana"}, h.told(t, got(h.arrivals.Arrival(ctx, admin, a.ID))(t))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	must(t, h.arrivals.Drop(ctx, admin, a.ID))
	if diff := cmp.Diff(people, h.people(t, "bourg")); diff != "" {
		t.Errorf("people (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(units, got(h.Units(ctx, admin))(t)); diff != "" {
		t.Errorf("units (-want +got)\n%s", diff)
	}
	for _, table := range []string{"arrivals", "arrival_lines"} {
		var count int
		must(t, h.db.QueryRow(ctx, `SELECT COUNT(*) FROM `+table+` WHERE collectivity = 'bourg'`).Scan(&count))
		if count > 0 {
			t.Errorf("%d rows are left in %s", count, table)
		}
	}
	for name, columns := range map[string][]directory.Column{
		"nobody has a name": {directory.EmailColumn}, "the same twice": {directory.FamilyColumn, directory.FamilyColumn}, "two names": {directory.FamilyColumn, directory.NameColumn},
		"what is no column": {directory.FamilyColumn, "rights"},
	} {
		id := got(h.arrivals.Bring(ctx, admin, "x.csv", []byte("a;b\nc;d\n")))(t)
		if err := h.arrivals.Plan(ctx, admin, id, columns, directory.LeaveNamesakes); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
