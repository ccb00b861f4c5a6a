package calendar

import (
	"context"
	"strings"
	"testing"
)

// lies has bourg lie in a commune.
func (d *desk) lies(insee, siren string) {
	d.t.Helper()
	_, err := d.store.db.Exec(context.Background(), `UPDATE collectivities SET insee = $1, siren = $2 WHERE id = 'bourg'`, insee, siren)
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestDaysOffAreThoseOfThePlaceAndSaidInWords(t *testing.T) {
	for _, c := range []struct {
		name, insee, siren, date string
		wants, lacks             []string
	}{
		{"Strasbourg, in December", "67482", "", "2026-12-26", []string{"Saint-Étienne", "Vacances de Noël", "zone B"}, []string{"zone A"}},
		{"Metz, before Easter", "57463", "", "2027-03-26", []string{"Vendredi saint (selon la commune)", "Vacances d’hiver"}, nil},
		{"Orléans, in December", "45234", "", "2026-12-26", []string{"Vacances de Noël", "zone B"}, []string{"Saint-Étienne"}},
		{"Orléans, before Easter", "45234", "", "2027-03-26", nil, []string{"Vendredi saint"}},
		{"Lyon, in winter", "69123", "", "2027-02-15", []string{"Vacances d’hiver", "zone A"}, nil},
		{"Saint-Denis, at Christmas", "97411", "", "2026-12-20", []string{"Noël"}, []string{"Vacances"}},
		{"Ajaccio, at Christmas", "2A004", "", "2026-12-21", nil, []string{"Vacances"}},
		{"Chartres Métropole, by its SIREN", "", "200033181", "2026-12-21", []string{"Vacances de Noël", "zone B"}, nil},
		{"nobody knows where", "", "", "2026-12-21", []string{"Noël"}, []string{"Vacances"}},
	} {
		d := newDesk(t)
		d.lies(c.insee, c.siren)
		month := d.get("/calendar?view=month&date="+c.date, "claire")
		wants(t, month, c.wants...)
		lacks(t, month, c.lacks...)
		lacks(t, month, "⟦")
		if t.Failed() {
			t.Fatal(c.name)
		}
		for _, view := range []string{"day", "work", "week", "list"} {
			if page := d.get("/calendar?view="+view+"&date="+c.date, "claire"); len(c.wants) > 0 && view == "list" {
				wants(t, page, c.wants[0])
			}
		}
	}
}

func TestAWeekOfWorkLeavesTheWeekEndOutAndSaysWhatIsThere(t *testing.T) {
	d := newDesk(t)
	d.fill()
	page := d.get("/calendar?view=work&date=2026-11-28", "claire")
	write(t, "work.html", page)
	wants(t, page, "<h1>23 – 27\u00a0novembre 2026</h1>", "1 événement en fin de semaine", "view=week")
	lacks(t, page, "Repas des aînés", "Samedi <b>")
	if fault := tableFault(weekTable.FindString(page)); fault != "" {
		t.Error(fault)
	}
	if strings.Contains(d.get("/calendar?view=work&date=2026-12-02", "claire"), "en fin de semaine") {
		t.Error("an empty week-end is announced")
	}
}
