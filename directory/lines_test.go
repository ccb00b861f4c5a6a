package directory

import (
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func TestPastedLinesAreUnderstood(t *testing.T) {
	type person struct{ Given, Family, Login, Fault string }
	for line, want := range map[string]person{
		"Camille Le Goff <c.legoff@bourg.example>":               {"Camille", "Le Goff", "c.legoff@bourg.example", ""},
		"Jean-Pierre D’Aumas <JP@Bourg.example>":                 {"Jean-Pierre", "D’Aumas", "jp@bourg.example", ""},
		"LE GOFF Camille c.legoff@bourg.example":                 {"Camille", "LE GOFF", "c.legoff@bourg.example", ""},
		"Marie Claude DUPONT-ÉLIE <m@bourg.example>":             {"Marie Claude", "DUPONT-ÉLIE", "m@bourg.example", ""},
		`"Le Goff, Camille" <c.legoff@bourg.example>`:            {"Camille", "Le Goff", "c.legoff@bourg.example", ""},
		"Camille;Le Goff;c.legoff@bourg.example":                 {"Camille", "Le Goff", "c.legoff@bourg.example", ""},
		"LE GOFF\tCamille\tc.legoff@bourg.example":               {"Camille", "LE GOFF", "c.legoff@bourg.example", ""},
		"c.legoff@bourg.example Camille Le Goff":                 {"Camille", "Le Goff", "c.legoff@bourg.example", ""},
		"  Camille\u00a0 Le Goff\u200b  <c@bourg.example> ;":     {"Camille", "Le Goff", "c@bourg.example", ""},
		"Camille Le Goff <mailto:c@bourg.example>":               {"Camille", "Le Goff", "c@bourg.example", ""},
		"Camille <c@bourg.example>":                              {"", "Camille", "c@bourg.example", ""},
		"c@bourg.example":                                        {"", "", "c@bourg.example", "directory.invite.name"},
		"Camille Le Goff":                                        {"Camille", "Le Goff", "", "directory.invite.address"},
		"Camille Le Goff <c@bourg>":                              {"Camille", "Le Goff", "", "directory.invite.address"},
		"Camille Le Goff <c@@bourg.example>":                     {"Camille", "Le Goff", "", "directory.invite.address"},
		strings.Repeat("Camille ", 20) + "<c@bourg.example>":     {"Camille", strings.TrimSpace(strings.Repeat("Camille ", 19)), "c@bourg.example", "directory.invite.long"},
		"Camille Le Goff <c@bourg.example> <voleur@example.net>": {"Camille", "Le Goff", "c@bourg.example", ""},
	} {
		guests := ParseGuests(line)
		if len(guests) != 1 {
			t.Errorf("ParseGuests(%q) = %d guests, want 1", line, len(guests))
			continue
		}
		got := person{guests[0].GivenName, guests[0].FamilyName, guests[0].Login, guests[0].Fault}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ParseGuests(%.60q) (-want +got):\n%s", line, diff)
		}
	}
}

func TestFaultsNameTheirLines(t *testing.T) {
	guests := ParseGuests("Anne Un <a@bourg.example>\r\n\r\nAnne Deux <A@BOURG.example>\n ;;\nsans adresse\n")
	got := map[int]string{}
	for _, guest := range guests {
		got[guest.Number] = guest.Fault
	}
	want := map[int]string{1: "", 3: "directory.invite.twice", 5: "directory.invite.address"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults by line (-want +got):\n%s", diff)
	}
	if many := ParseGuests(strings.Repeat("x\n", 5)); len(many) != 5 {
		t.Errorf("%d lines, want 5", len(many))
	}
}

func FuzzParseGuests(f *testing.F) {
	f.Add("Camille Le Goff <c.legoff@bourg.example>\nLE GOFF;Camille;c@bourg.example")
	f.Add("\"Le Goff, Camille\" <c@bourg.example>\x00\r\n\u202e@@<<>>;;\t")
	f.Fuzz(func(t *testing.T, text string) {
		seen := map[string]bool{}
		for _, guest := range ParseGuests(text) {
			if guest.Fault != "" {
				continue
			}
			if seen[guest.Login] || guest.Login == "" || guest.FamilyName == "" {
				t.Errorf("%q gives %+v, twice or without what is needed", text, guest)
			}
			seen[guest.Login] = true
			for _, field := range []string{guest.GivenName, guest.FamilyName, guest.Address} {
				if strings.ContainsFunc(field, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
					t.Errorf("%q gives %q, which hides something", text, field)
				}
			}
		}
	})
}
