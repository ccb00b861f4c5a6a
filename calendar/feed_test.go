package calendar

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
)

// CallerFor knows the desk's agents by their accounts.
func (d *desk) CallerFor(_ context.Context, account portal.AccountID, collectivity portal.CollectivityID) (portal.Caller, error) {
	for _, caller := range d.agents {
		if caller.Account == account && caller.Collectivity == collectivity {
			return caller, nil
		}
	}
	return portal.Caller{}, portal.ErrNotFound
}

// withFeeds opens the door of secret links too.
func (d *desk) withFeeds() *desk {
	d.router.Mount(NewFeeds(d.store, d).Routes()...)
	return d
}

// link makes one and returns its address without the host.
func (d *desk) link(tells string) string {
	d.t.Helper()
	_, page := d.post("/calendar/feeds", "claire", http.StatusCreated, "label", "Famille", "calendar", "claire", "tells", tells)
	return addressIn(page)
}

func addressIn(page string) string {
	_, address, _ := strings.Cut(page, `<code class="secret">http://parvis.test`)
	address, _, _ = strings.Cut(address, "<")
	return address
}

// read reads a link as a program does, which has no session.
func (d *desk) read(target, etag string) *http.Response {
	r := httptest.NewRequest("GET", "http://parvis.test"+target, nil)
	if etag != "" {
		r.Header.Set("If-None-Match", etag)
	}
	w := httptest.NewRecorder()
	d.router.ServeHTTP(w, r)
	return w.Result()
}

var private = ics("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//", "BEGIN:VEVENT", "UID:rdv-medecin", "DTSTAMP:20260101T000000Z", "CLASS:PRIVATE",
	"DTSTART:20261124T080000Z", "DTEND:20261124T090000Z", "SUMMARY:Médecin", "LOCATION:Hôpital", "X-NOTE:grave", "END:VEVENT", "END:VCALENDAR")

func TestALinkShowsWhatItWasMadeForAndNoMore(t *testing.T) {
	d := newDesk(t).withFeeds()
	ctx, claire := context.Background(), d.agents["claire"]
	d.add("claire", Draft{Title: "Commission", Location: "Salle du conseil", Start: at(24, 14, 0), End: at(24, 15, 0), Repeat: Repeat{Every: Weekly}})
	d.put(weekly4)
	if _, err := d.store.Put(ctx, claire, "claire", "rdv.ics", private, Condition{}); err != nil {
		t.Fatal(err)
	}
	for tells, c := range map[string]struct{ has, lacks []string }{
		"all":  {[]string{"SUMMARY:Commission", "LOCATION:Salle du conseil", "SUMMARY:Point", "SUMMARY:Occupé", "RRULE:FREQ=WEEKLY"}, []string{"Médecin", "Hôpital", "grave", "rdv-medecin", "VALARM"}},
		"busy": {[]string{"SUMMARY:Occupé", "RRULE:FREQ=WEEKLY", "DTSTART"}, []string{"Commission", "conseil", "Point", "Médecin", "grave", "ATTENDEE", "MICROSOFT", "VALARM", "rdv-medecin", "UID:u\r"}},
	} {
		response := d.read(d.link(tells), "")
		text := body(t, response)
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/calendar; charset=utf-8" {
			t.Fatalf("%s: %d %v", tells, response.StatusCode, response.Header)
		}
		wants(t, text, c.has...)
		lacks(t, text, c.lacks...)
		root, err := decode([]byte(text))
		if err != nil {
			t.Fatalf("%s can't be read: %v\n%s", tells, err, text)
		}
		if n := strings.Count(text, "BEGIN:VTIMEZONE"); n != 1 && n != 2 || len(root.Children) < 4 {
			t.Errorf("%s: %d zones, %d components", tells, n, len(root.Children))
		}
		if again := d.read(d.link(tells), response.Header.Get("ETag")); again.StatusCode != http.StatusOK {
			t.Errorf("another link answers %d to this one's ETag", again.StatusCode)
		}
	}
}

func TestALinkAnswersNothingNewUntilSomethingChanged(t *testing.T) {
	d := newDesk(t).withFeeds()
	address := d.link("all")
	wants(t, d.get("/calendar/exchange", "claire"), "jamais lu")
	etag := d.read(address, "").Header.Get("ETag")
	wants(t, d.get("/calendar/exchange", "claire"), "lu aujourd’hui, 9\u00a0h\u00a035")
	for _, sent := range []string{etag, "W/" + etag, `"x", ` + etag} {
		if response := d.read(address, sent); response.StatusCode != http.StatusNotModified || body(t, response) != "" {
			t.Errorf("If-None-Match: %s: %d, want 304", sent, response.StatusCode)
		}
	}
	d.add("claire", meeting(d.agents["claire"], "Point", 24))
	if response := d.read(address, etag); response.StatusCode != http.StatusOK || response.Header.Get("ETag") == etag {
		t.Errorf("after a change: %d", response.StatusCode)
	}
}

func TestALinkEndsWhenItIsRenewedRevokedOrItsOwnerGone(t *testing.T) {
	d := newDesk(t).withFeeds()
	ctx, claire := context.Background(), d.agents["claire"]
	first := d.link("busy")
	links := must(d.store.Links(ctx, claire))
	if len(links) != 1 || links[0].Label != "Famille" || !links[0].Busy {
		t.Fatalf("%+v", links)
	}
	page := d.get("/calendar/exchange", "claire")
	write(t, "exchange.html", page)
	lacks(t, page, "feed.ics?key=")
	for _, who := range []string{"paul", "stranger"} {
		lacks(t, d.get("/calendar/exchange", who), "Famille")
		for _, deed := range []string{"renew", "revoke"} {
			d.post("/calendar/feeds/"+links[0].ID+"/"+deed, who, http.StatusNotFound)
		}
	}
	_, told := d.post("/calendar/feeds/"+links[0].ID+"/renew", "claire", http.StatusCreated)
	second := addressIn(told)
	want := func(address string, status int, when string) {
		t.Helper()
		if response := d.read(address, ""); response.StatusCode != status {
			t.Errorf("%s: %d, want %d", when, response.StatusCode, status)
		}
	}
	want(first, http.StatusNotFound, "renewed")
	want(second, http.StatusOK, "anew")
	want(feedPath+"?key=", http.StatusNotFound, "without a secret")
	want(feedPath+"?key=%00", http.StatusNotFound, "with nonsense")
	delete(d.agents, "claire")
	want(second, http.StatusNotFound, "after she left")
	d.agents["claire"] = claire
	d.post("/calendar/feeds/"+links[0].ID+"/revoke", "claire", http.StatusSeeOther)
	want(second, http.StatusNotFound, "revoked")
	if got := must(d.store.Links(ctx, claire)); len(got) != 0 {
		t.Errorf("left %+v", got)
	}
}

func TestNobodyMakesALinkToWhatIsNotHers(t *testing.T) {
	d := newDesk(t)
	d.fill()
	ctx := context.Background()
	for _, c := range must(d.store.Calendars(ctx, d.agents["paul"])) {
		_, err := d.store.MakeLink(ctx, d.agents["paul"], Link{Calendar: c.ID, Label: "x"})
		if c.Shared() != errors.Is(err, portal.ErrDenied) {
			t.Errorf("a link to %q: %v", c.Name, err)
		}
	}
	for _, who := range []string{"paul", "stranger"} {
		caller := d.agents[who]
		if who == "stranger" {
			caller.Agent = "another"
		}
		if _, err := d.store.MakeLink(ctx, caller, Link{Calendar: "claire", Label: "x"}); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("a link of %s to claire's calendar: %v", who, err)
		}
	}
	_, page := d.post("/calendar/feeds", "claire", http.StatusUnprocessableEntity, "label", " ", "calendar", "claire")
	wants(t, page, "Dites pour qui")
}

func TestAnExportIsReadBackAsItWas(t *testing.T) {
	d := newDesk(t)
	d.fill()
	ctx, claire := context.Background(), d.agents["claire"]
	d.put(weekly4)
	response := d.do("GET", "/calendar/export/claire", "claire", nil)
	text := body(t, response)
	if response.StatusCode != http.StatusOK || !strings.Contains(response.Header.Get("Content-Disposition"), "Mon agenda.ics") {
		t.Errorf("%d %v", response.StatusCode, response.Header)
	}
	wants(t, text, "TRIGGER:-PT15M", "X-MICROSOFT-CDO-BUSYSTATUS:BUSY", "ATTENDEE")
	if response := d.do("GET", "/calendar/export/claire", "paul", nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("exported by another: %d", response.StatusCode)
	}
	root, err := decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	events := 0
	for _, c := range root.Children {
		events += boolToInt(c.Name == EventComponent)
	}
	want := len(must(d.store.List(ctx, claire, "claire")))
	if events != want {
		t.Errorf("%d events of %d", events, want)
	}
}

func TestZonesOfOneNameThatDifferAreBothTold(t *testing.T) {
	zone := func(offset string) []byte {
		return ics("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//", "BEGIN:VTIMEZONE", "TZID:Custom", "BEGIN:STANDARD", "DTSTART:19700101T000000",
			"TZOFFSETFROM:"+offset, "TZOFFSETTO:"+offset, "END:STANDARD", "END:VTIMEZONE",
			"BEGIN:VEVENT", "UID:u"+offset, "DTSTAMP:20260101T000000Z", "DTSTART;TZID=Custom:20261124T090000", "END:VEVENT", "END:VCALENDAR")
	}
	x := exporter{zones: map[string]string{}}
	x.begin()
	for _, offset := range []string{"+0300", "-0500", "+0300"} {
		root, err := decode(zone(offset))
		if err != nil {
			t.Fatal(err)
		}
		x.add(root)
	}
	fold(&x.text, "END:VCALENDAR")
	root, err := decode(x.text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	zones := newZoneTable(root)
	var got []string
	for _, c := range root.Children {
		if c.Name == EventComponent {
			it, err := newItem(c, zones)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, it.start.at(time.UTC).UTC().Format("15:04"))
		}
	}
	if diff := cmp.Diff([]string{"06:00", "14:00", "06:00"}, got); diff != "" {
		t.Errorf("%s\n%s", diff, x.text.String())
	}
}
