package sso

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestALoginHasOneForm(t *testing.T) {
	tests := []struct {
		typed, want string
		ok          bool
	}{
		{"accueil@bourg.example", "accueil@bourg.example", true},
		{"  Accueil@BOURG.example\n", "accueil@bourg.example", true},
		{"ａccueil@bourg．example", "accueil@bourg.example", true},
		{"He\u0301le\u0300ne@bourg.example", "hélène@bourg.example", true},
		{"AG-0042", "ag-0042", true},
		{"o'connor+x@bourg.example", "o'connor+x@bourg.example", true},
		{"😀@bourg.example", "😀@bourg.example", true},
		{"", "", false},
		{"   ", "", false},
		{"a b@bourg.example", "", false},
		{"a\u200b@bourg.example", "", false},
		{"a\x00@bourg.example", "", false},
		{"\xff@bourg.example", "", false},
		{strings.Repeat("é", 2048), "", false},
		{strings.Repeat("a", 255), "", false},
	}
	for _, test := range tests {
		got, ok := CanonicalLogin(test.typed)
		if got != test.want || ok != test.ok {
			t.Errorf("CanonicalLogin(%.20q) = %q, %v, want %q, %v", test.typed, got, ok, test.want, test.ok)
		}
	}
}

func TestTheDomainStandsAfterTheLastAt(t *testing.T) {
	for login, want := range map[string]string{
		"a@bourg.example": "bourg.example", `"a@b"@bourg.example`: "bourg.example", "a@evil.example@bourg.example": "bourg.example",
		"@bourg.example": "", "ag-0042": "", "": "", "a@": "",
	} {
		if got := LoginDomain(login); got != want {
			t.Errorf("LoginDomain(%q) = %q, want %q", login, got, want)
		}
	}
}

func FuzzCanonicalLogin(f *testing.F) {
	for _, login := range []string{"Accueil@BOURG.example", "ß@x", "İ@x", "ﬁ@x", "a\u0301", "\u0345", "ΑΣ", "\u1e9e", "ﷺ"} {
		f.Add(login)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		canonical, ok := CanonicalLogin(typed)
		if !ok {
			return
		}
		if again, ok := CanonicalLogin(canonical); !ok || again != canonical {
			t.Fatalf("CanonicalLogin(%q) = %q, and of that %q, %v", typed, canonical, again, ok)
		}
		if len(canonical) > maxLogin || !utf8.ValidString(canonical) || strings.ContainsFunc(canonical, unicode.IsSpace) {
			t.Fatalf("CanonicalLogin(%q) = %q", typed, canonical)
		}
	})
}
