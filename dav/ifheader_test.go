package dav

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIfHeaders(t *testing.T) {
	for text, want := range map[string][]stateList{
		`(["a"])`:                      {{"", []state{{etag: `"a"`}}}},
		`([W/"a"]) (["b"])`:            {{"", []state{{etag: `"a"`}}}, {"", []state{{etag: `"b"`}}}},
		`(<urn:x> ["a"])`:              {{"", []state{{token: "urn:x"}, {etag: `"a"`}}}},
		`(Not <DAV:no-lock> not["a"])`: {{"", []state{{not: true, token: "DAV:no-lock"}, {not: true, etag: `"a"`}}}},
		`<http://h/dav/a> (["a"]) (["b"]) </dav/c> (<urn:x>)`: {
			{"/dav/a", []state{{etag: `"a"`}}}, {"/dav/a", []state{{etag: `"b"`}}}, {"/dav/c", []state{{token: "urn:x"}}},
		},
	} {
		got, err := parseIf(text)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(stateList{}, state{})); diff != "" || err != nil {
			t.Errorf("parseIf(%s): %v\n%s", text, err, diff)
		}
	}
	for _, text := range []string{
		``, `x`, `(`, `()`, `(["a"]`, `(["a")`, `(Not)`, `(Not Not <a>)`, `(["a"]) </x> (<b>)`, `<>(["a"])`, `</x>`, `</x`, `(["a","b"])`,
		strings.Repeat(`(["a"])`, maxStates+1),
	} {
		if got, err := parseIf(text); err == nil {
			t.Errorf("parseIf(%.40s) = %v, want an error", text, got)
		}
	}
}

// FuzzIf reads If headers: whatever is in them, each list that is read names a state.
func FuzzIf(f *testing.F) {
	for _, text := range []string{`(["a"])`, `</a> (Not <b> ["c"]) (["d"])`, `(<`, `(not[`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		lists, err := parseIf(text)
		for _, list := range lists {
			if len(list.states) == 0 {
				t.Errorf("parseIf(%q) has a list without a state", text)
			}
		}
		if err == nil && len(lists) == 0 {
			t.Errorf("parseIf(%q) is nothing", text)
		}
	})
}
