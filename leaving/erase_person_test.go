package leaving

import "testing"

// TestAWordIsReplacedWhereItStandsAlone: a journal that names others wrongly would be
// no proof of anything.
func TestAWordIsReplacedWhereItStandsAlone(t *testing.T) {
	for _, c := range []struct{ text, word, want string }{
		{"Marie Martin", "Marie Martin", "N"},
		{"Marie Martinez", "Marie Martin", "Marie Martinez"},
		{"Anne-Marie Martin", "Marie Martin", "Anne-Marie Martin"},
		{"Marie Martin-Dupont", "Marie Martin", "Marie Martin-Dupont"},
		{"de Marie Martin, puis de Marie Martin.", "Marie Martin", "de N, puis de N."},
		{"d’Élise Roÿ", "Élise Roÿ", "d’N"},
		{"an@x.fr", "an@x.fr", "N"},
		{"jean@x.fr an@x.fr.org an@x.fr", "an@x.fr", "jean@x.fr an@x.fr.org N"},
		{"j.an@x.fr", "an@x.fr", "j.an@x.fr"},
		{"AliAli Ali", "Ali", "AliAli N"},
		{"", "Ali", ""},
	} {
		if got := replaceWord(c.text, c.word, "N"); got != c.want {
			t.Errorf("replaceWord(%q, %q) = %q, want %q", c.text, c.word, got, c.want)
		}
	}
}
