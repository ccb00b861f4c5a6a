package territory

import (
	"strings"
	"testing"
	"time"
)

func names(found []Place) string {
	var all []string
	for _, one := range found {
		all = append(all, one.Name)
	}
	return strings.Join(all, ", ")
}

// TestAPlaceIsFoundAsItIsTyped: the first suggestion is the place that was meant.
func TestAPlaceIsFoundAsItIsTyped(t *testing.T) {
	for _, c := range []struct{ typed, code string }{
		{"Le Havre", "76351"},
		{"havre", "76351"},
		{"l'haÿ-les-roses", "94038"},
		{"LHAY LES ROSES", "94038"},
		{"St Denis", "97411"},
		{"saint-denis (974)", "97411"},
		{"Saint Denis (La Réunion)", "97411"},
		{"ST-ETIENNE", "42218"},
		{"Ste Geneviève des Bois", "91549"},
		{"ste-genevieve-des-bois (45)", "45278"},
		{"Châlons en champ", "51108"},
		{"lyon", "69123"},
		{"marseile", "13055"},
		{"bourdeaux", "26056"},
		{"bordeuax", "33063"},
		{"Y", "80829"},
		{"sables d olonne", "85194"},
		{"charleville mez", "08105"},
		{"Meung/Loire", "45203"},
		{"2a004", "2A004"},
		{"75056", "75056"},
		{"45500", "45155"},
		{"217 500 016", "75056"},
		{"21750001600019", "75056"},
		{"communauté de communes Faucigny-Glières", "200000172"},
		{"faucigny glieres", "200000172"},
		{"CA chartres metropole", "200033181"},
		{"Bordeaux Métropole", "243300316"},
		{"Loiret", "45"},
		{"oeuf-en-ternois", "62633"},
	} {
		found := Find(c.typed, 5)
		if len(found) == 0 || found[0].Code != c.code {
			t.Errorf("Find(%q) = %s, want first the place %s", c.typed, names(found), c.code)
		}
	}
}

// TestNothingIsFoundForWhatIsNoPlace.
func TestNothingIsFoundForWhatIsNoPlace(t *testing.T) {
	for _, typed := range []string{"", " ", "-", "xyzzyx", "99999", "123456789", "Orléans (99)", "é", strings.Repeat("a", 4096), "\x00", "%", "(((", "Orléans (75)"} {
		if found := Find(typed, 5); len(found) > 0 {
			t.Errorf("Find(%.20q) = %s, want nothing", typed, names(found))
		}
	}
	if found := Find("saint", 0); found != nil {
		t.Errorf("Find of none = %s", names(found))
	}
}

// TestHomonymsComeByPopulation and each says where it is.
func TestHomonymsComeByPopulation(t *testing.T) {
	found := Find("Saint-Denis", 10)
	if len(found) != 10 || found[0].Around != "La Réunion" || found[1].Around != "Seine-Saint-Denis" {
		t.Fatalf("Saint-Denis: %+v", found)
	}
	for i := 1; i < len(found) && found[i].Name == "Saint-Denis"; i++ {
		if found[i].Population > found[i-1].Population {
			t.Errorf("%s (%s) comes after a smaller one", found[i].Name, found[i].Around)
		}
	}
}

// TestAPlaceIsWhole: what a form is prefilled with.
func TestAPlaceIsWhole(t *testing.T) {
	for _, c := range []struct{ code, name, titled, siren, postcodes, around, school, zone string }{
		{"76351", "Le Havre", "Mairie du Havre", "217603513", "76600,76610,76620", "Seine-Maritime", "B", "Europe/Paris"},
		{"45234", "Orléans", "Mairie d’Orléans", "214502346", "45000,45100", "Loiret", "B", "Europe/Paris"},
		{"94038", "L’Haÿ-les-Roses", "Mairie de L’Haÿ-les-Roses", "219400389", "94240", "Val-de-Marne", "C", "Europe/Paris"},
		{"85194", "Les Sables-d’Olonne", "Mairie des Sables-d’Olonne", "200082139", "85100,85180,85340", "Vendée", "B", "Europe/Paris"},
		{"17300", "La Rochelle", "Mairie de La Rochelle", "211703004", "17000", "Charente-Maritime", "A", "Europe/Paris"},
		{"2A004", "Ajaccio", "Mairie d’Ajaccio", "212000046", "20000,20090,20167", "Corse-du-Sud", "Corse", "Europe/Paris"},
		{"97411", "Saint-Denis", "Mairie de Saint-Denis", "219740115", "97400,97417,97490", "La Réunion", "", "Indian/Reunion"},
	} {
		p, ok := ByINSEE(c.code)
		got := []string{p.Name, p.Titled(), p.SIREN, strings.Join(p.Postcodes, ","), p.Around, p.SchoolZone(), p.TimeZone()}
		want := []string{c.name, c.titled, c.siren, c.postcodes, c.around, c.school, c.zone}
		if !ok || strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("ByINSEE(%s) = %q, want %q", c.code, got, want)
		}
		if again, ok := BySIREN(p.SIREN); !ok || again.Code != c.code {
			t.Errorf("BySIREN(%s) = %s, want %s", p.SIREN, again.Code, c.code)
		}
		if _, err := time.LoadLocation(p.TimeZone()); err != nil {
			t.Error(err)
		}
	}
	p, _ := BySIREN("200033181")
	if p.Kind != EPCI || p.Titled() != "Communauté d’agglomération Chartres Métropole" || p.Departement != "28" || p.INSEE() != "" {
		t.Errorf("an EPCI: %+v, %s", p, p.Titled())
	}
}

// TestTheTerritoryIsWhole: every commune of 2026, and a zone for each département
// of the mainland.
func TestTheTerritoryIsWhole(t *testing.T) {
	a, counts := shipped(), map[byte]int{}
	for _, one := range a.records {
		counts[one.kind]++
		p := a.place(one)
		if p.Name == "" || one.kind == 'C' && len(p.Code) != 5 || one.kind == 'C' && p.Around == "" {
			t.Fatalf("a place is not whole: %+v", p)
		}
		if mainland := len(p.Departement) == 2; p.Kind != Region && mainland != (p.SchoolZone() != "") {
			t.Errorf("%s (%s): school zone %q", p.Name, p.Departement, p.SchoolZone())
		}
	}
	if counts['C'] != 34_969 || counts['E'] != 1_255 || counts['D'] != 109 {
		t.Errorf("counts = %v", counts)
	}
}

// FuzzFind: whatever is typed, the answer is bounded, sorted and sound.
func FuzzFind(f *testing.F) {
	for _, typed := range []string{"Saint-Denis (93)", "2A004", "75001", "217500016", "l'haÿ", "(", "œ\u0301", "\xff\xfe", "S/", "cc", "les", "communaute de communes", "一", "de la", "st st st"} {
		f.Add(typed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		found := Find(typed, 8)
		if len(found) > 8 {
			t.Fatalf("%d places", len(found))
		}
		seen := map[string]bool{}
		for _, one := range found {
			key := string(one.Kind) + one.Code
			if one.Name == "" || seen[key] {
				t.Fatalf("Find(%q): %q is empty or twice there", typed, one.Name)
			}
			seen[key] = true
		}
		ByINSEE(typed)
		BySIREN(typed)
	})
}
