package portal_test

import (
	"strings"
	"testing"

	"parvis/portal"
)

func TestASIRETHasItsKey(t *testing.T) {
	for text, want := range map[string]string{
		"99900010200015":                   "99900010200015",
		"999 000 102 00015":                "99900010200015",
		"73282932000074":                   "73282932000074",
		"35600000000048":                   "35600000000048", // La Poste's seat follows both
		"35600000049837":                   "35600000049837", // an office of La Poste: its digits add up to 45
		"35600000049838":                   "",
		"99900010200016":                   "",
		"9990001020001":                    "",
		"999000102000150":                  "",
		"00000000000000":                   "",
		"9990001020001x":                   "",
		"٩٩٩٠٠٠١٠٢٠٠٠١٥":                   "",
		"":                                 "",
		"99900010200015\n":                 "",
		"-9990001020015":                   "",
		"999\u00a0000\u202f102\u00a000015": "99900010200015",
	} {
		if got, ok := portal.SIRET(text); got != want && ok || ok != (want != "") {
			t.Errorf("SIRET(%q) = %q, %v, want %q", text, got, ok, want)
		}
	}
}

func FuzzSIRET(f *testing.F) {
	for _, seed := range []string{"99900010200015", "999 000 102 00015", "35600000049837", "\xff\xfe", "９99900010200015"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		siret, ok := portal.SIRET(text)
		if !ok {
			return
		}
		if len(siret) != 14 || strings.Trim(siret, "0123456789") != "" {
			t.Errorf("SIRET(%q) = %q", text, siret)
		}
		if again, ok := portal.SIRET(siret); !ok || again != siret {
			t.Errorf("SIRET(%q) = %q, %v", siret, again, ok)
		}
	})
}
