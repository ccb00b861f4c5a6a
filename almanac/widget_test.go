package almanac

import (
	"context"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

func TestTheBoxKeepsTheContract(t *testing.T) {
	request := widgets.Request{Caller: portal.Caller{Collectivity: "bourg"}}
	widgetstest.Conforms(t, Widget{}, request, Locales)
}

func TestTheBoxNamesTheDayAndTheNextHoliday(t *testing.T) {
	catalogue, err := i18n.Load(Locales)
	if err != nil {
		t.Fatal(err)
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	for now, want := range map[time.Time][2]string{
		time.Date(2026, 11, 24, 9, 0, 0, 0, paris):   {"Sainte Flora", "Noël"},
		time.Date(2026, 12, 25, 23, 59, 0, 0, paris): {"Noël", "Noël"},
		time.Date(2026, 12, 26, 0, 0, 0, 0, paris):   {"Saint Étienne", "Jour de l’An"},
	} {
		request := widgets.Request{Now: now, Printer: catalogue.Printer(i18n.French)}
		content, err := Widget{}.Load(context.Background(), request)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]string{content.Items[0].Title, content.Items[1].Title}; got != want {
			t.Errorf("on %s: %q, want %q", now.Format(time.DateTime), got, want)
		}
	}
}
