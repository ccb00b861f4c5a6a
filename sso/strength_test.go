package sso

import (
	"errors"
	"strings"
	"testing"

	"parvis/portal"
)

// helene is what others know of a person.
var helene = []string{"Hélène Daumas-Le Goff", "h.daumas@bourg-sur-loire.example", "Bourg-sur-Loire", "Mairie de Bourg-sur-Loire"}

func TestWeakPasswordsAreRefused(t *testing.T) {
	const weak, known, own, long = "sso.error.weak", "sso.error.common", "sso.error.own", "sso.error.long"
	for password, want := range map[string]string{
		"": weak, "Court1!": weak, "12345678": known, "azertyuiop": known, "Motdepasse1": known,
		"Bienvenue2026!":                known, // 14 of four kinds, and nothing in it
		"Azertyuiop123!":                known,
		"P@ssw0rd-2026!":                known,
		"M0td3p@sse-1234":               known, // letters written as signs
		"Aaaaaaaaaaaa1!":                known,
		"Helene.Daumas1!":               own,
		"DAUMAS-legoff-24":              own,
		"Bourg-sur-Loire1":              own, // the commune
		"Tilleul-7":                     weak,
		"Xq7!vTm2#kR":                   weak, // 11 of four kinds
		"xq7vtm2kr9bw4":                 weak,
		"Xq7!vTm2#kRz":                  "", // 12 of four kinds
		"Xq7vTm2kRzBw4e":                "", // 14 without signs
		"helene-Magnolia-01":            "", // a name beside what nobody guesses
		"une phrase que je retiens":     weak,
		"huit tortues dansent le tango": weak,
		"sept grands cormorans trouvent un vieux parapluie vert": "",
		"8392 4471 0263 5518 7720 6349":                          "", // any shape with 80 bits
		strings.Repeat("Aa1", 400):                               long,
		strings.Repeat("Xq7!", 8):                                "",
	} {
		err := checkStrength(password, helene...)
		var said portal.FieldErrors
		got := ""
		if errors.As(err, &said) {
			got = said[0].Key
		}
		if got != want {
			found := estimate(password, helene)
			t.Errorf("checkStrength(%.40q) = %q, want %q (%+v)", password, got, want, found)
		}
	}
}

func FuzzStrength(f *testing.F) {
	f.Add("Été à la mairie 2026", "Hélène")
	f.Add("\xff\x00𝒜", "")
	f.Add(strings.Repeat("a", 2000), strings.Repeat("b ", 400))
	f.Fuzz(func(t *testing.T, password, own string) {
		found := estimate(password, []string{own})
		if found.lenient < 0 || found.strict > found.lenient+1e-6 {
			t.Errorf("estimate(%q) = %+v: strict knows more words and can't find more", password, found)
		}
		if err := checkStrength(password, own); err != nil && !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("checkStrength(%q) = %v", password, err)
		}
	})
}

func BenchmarkStrength(b *testing.B) {
	for b.Loop() {
		estimate("sept grands cormorans trouvent un vieux parapluie vert", helene)
	}
}
