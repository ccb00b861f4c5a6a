package widgets

import (
	"net/url"
	"testing"
)

// FuzzReadBoard: a form gives each box once, with a state and a size, or is refused.
func FuzzReadBoard(f *testing.F) {
	f.Add("widget=a&state=locked&size=s&widget=b&state=fixed&size=l&do=up+b")
	f.Add("widget=a&state=locked&do=down+a")
	f.Add("widget=%ff&state=&size=s")
	f.Fuzz(func(t *testing.T, text string) {
		form, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		places, _, err := ReadBoard(form)
		if err != nil {
			return
		}
		if len(places) != len(form["widget"]) || len(unique(places)) != len(places) {
			t.Fatalf("%q gives %v", text, places)
		}
		for _, place := range places {
			if !place.Size.valid() || place.State.rank() < 0 {
				t.Fatalf("%q gives %v", text, place)
			}
		}
	})
}
