package i18n

import (
	"reflect"
	"strings"
	"testing"
)

// FuzzPattern: what parses writes back to a source that parses to the same pattern, and filling it never panics.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"", "Bonjour {name}", "{{}}", "{", "}", "{}", "{a}{b}", "{{{a}}}", "é{n} …", "{a b}", "{\x00}"} {
		f.Add(seed)
	}
	printer := newPrinter(French, nil)
	f.Fuzz(func(t *testing.T, s string) {
		first, err := parsePattern(s)
		if err != nil {
			return
		}
		second, err := parsePattern(first.source())
		if err != nil || !reflect.DeepEqual(first, second) {
			t.Fatalf("parsePattern(%q) = %v, written back and parsed = %v, %v", s, first, second, err)
		}
		filled := printer.write(first, []any{"a", "{b}", "n", 3})
		if !strings.ContainsAny(s, "{}") && filled != s {
			t.Fatalf("write(%q) = %q", s, filled)
		}
	})
}

func BenchmarkT(b *testing.B) {
	form, err := parsePattern("Bonjour {name}, nous sommes {day}")
	if err != nil {
		b.Fatal(err)
	}
	printer := newPrinter(French, map[string]*message{"hello": {other: form}})
	b.ReportAllocs()
	for b.Loop() {
		printer.T("hello", "name", "Élodie", "day", "mardi")
	}
}
