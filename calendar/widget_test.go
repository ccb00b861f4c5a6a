package calendar

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

// shown is the box as lines "when|title|detail|soon".
func (d *desk) shown(who string, now time.Time, elsewhere ...Elsewhere) ([]string, widgets.Content) {
	d.t.Helper()
	request := widgets.Request{Caller: d.agents[who], Printer: mustLoad(d.t).Printer(i18n.French), Now: now}
	content, err := NewWidget(d.store, elsewhere...).Load(context.Background(), request)
	if err != nil {
		d.t.Fatal(err)
	}
	var lines []string
	for _, item := range content.Items {
		when := item.When
		if when == "" {
			when = item.Time.Format("15:04")
		}
		lines = append(lines, strings.ReplaceAll(when+"|"+item.Title+"|"+item.Detail+"|"+item.Soon, "\u00a0", " "))
	}
	return lines, content
}

func TestTheBoxShowsWhatIsLeftOfTodayAndWhatComesNext(t *testing.T) {
	d := newDesk(t)
	d.fill()
	got, content := d.shown("claire", d.now)
	want := []string{
		"Jour entier|Finances : absente||", "10:00|Commission travaux|Salle du conseil|dans 25 min", "14:00|Point état civil|Bureau 2|",
		"17:00|Marché de Noël|Salle des fêtes|", "demain, 9 h|Formation : délibérations|CNFPT, en ligne|",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in the morning (-want +got)\n%s", diff)
	}
	if content.Links[0].URL != "/calendar?date=2026-11-24&view=day" {
		t.Errorf("links %+v", content.Links)
	}
	got, _ = d.shown("claire", at(24, 17, 30))
	want = []string{
		"Jour entier|Finances : absente||", "17:00|Marché de Noël|Salle des fêtes|en cours", "demain, 9 h|Formation : délibérations|CNFPT, en ligne|dans 15 h 30",
		"jeudi, 9 h|Mandats||", "jeudi, 9 h|Livraison du sel|Dépôt|",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in the evening (-want +got)\n%s", diff)
	}
}

func TestTheBoxLeavesOutWhatIsOverOrCancelled(t *testing.T) {
	d := newDesk(t)
	claire := d.agents["claire"]
	d.add("claire", Draft{Title: "Finie", Start: at(24, 8, 0), End: at(24, 9, 0)})
	d.add("claire", Draft{Title: "Sans fin", Start: at(24, 9, 35)})
	d.add("claire", Draft{Title: "De nuit", Start: at(23, 22, 0), End: at(24, 23, 0)})
	cancelled := eventText("SUMMARY:Annulée", "STATUS:CANCELLED", "DTSTART:20261124T130000Z", "DTEND:20261124T140000Z")
	if _, err := d.store.Put(context.Background(), claire, personal(claire), "x.ics", cancelled, Condition{}); err != nil {
		t.Fatal(err)
	}
	got, _ := d.shown("claire", d.now)
	if diff := cmp.Diff([]string{"jusqu’à 23 h|De nuit||en cours", "09:35|Sans fin||"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, content := d.shown("paul", d.now); got != nil || content.Empty.Title != "Aucun rendez-vous dans les sept jours." {
		t.Errorf("the box of a colleague shows %q, %+v", got, content.Empty)
	}
	if got, _ := d.shown("stranger", d.now); got != nil {
		t.Errorf("the box of a stranger shows %q", got)
	}
	if page := d.get("/calendar", "claire"); !strings.Contains(page, "Annulé · Annulée") {
		t.Error("the week doesn't say that an event is cancelled")
	}
}

// away is one calendar of another server, as it stands.
type away struct {
	Elsewhere
	feed Feed
}

func (a away) Feeds(context.Context, portal.Caller, time.Time, time.Time) ([]Feed, error) {
	return []Feed{a.feed}, nil
}

func (a away) Abroad(context.Context, portal.Caller) ([]Foreign, error) {
	return []Foreign{{ID: a.feed.ID, Name: a.feed.Name}}, nil
}

func TestAnAgendaElsewhereSaysHowOldItIs(t *testing.T) {
	feed := Feed{
		ID: "r-1", Name: "Nuage", Path: "/calendar/remote/events/", At: at(24, 8, 12),
		Instances: []Instance{{Calendar: "r-1", Event: "e", Title: "Là-bas", Start: at(24, 11, 0), End: at(24, 12, 0)}},
	}
	for state, want := range map[FeedState]string{
		FeedFresh: "", FeedLate: "non joint depuis 8\u00a0h\u00a012", FeedOld: "tel qu’il était aujourd’hui, 8\u00a0h\u00a012", FeedUnread: "n’a pas encore été lu",
	} {
		feed.State = state
		d := newDesk(t, away{feed: feed})
		page := d.get("/calendar", "claire")
		wants(t, page, "Là-bas", `href="/calendar/remote/events/e"`, want)
		got, content := d.shown("claire", d.now, away{feed: feed})
		if len(got) != 1 || !strings.Contains(content.Notice.Text, want) || (want == "") != (content.Notice.Text == "") {
			t.Errorf("%q: the box shows %q and says %q", state, got, content.Notice.Text)
		}
		lacks(t, d.get("/calendar?cal=claire", "claire"), "Là-bas")
	}
}

func TestTheBoxKeepsTheContract(t *testing.T) {
	d := newDesk(t)
	d.fill()
	widgetstest.Conforms(t, NewWidget(d.store), widgets.Request{Caller: d.agents["claire"], Now: d.now}, Locales)
}
