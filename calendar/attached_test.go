package calendar

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-ical"

	"parvis/portal"
)

func TestAddressesOfDocumentsAreReadAsTheyAreTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"": "", "https://nuage.exemple.fr/a?b=c#d\n\n nuage.exemple.fr/e ": "https://nuage.exemple.fr/a?b=c#d https://nuage.exemple.fr/e",
		"http://localhost:8080/x": "http://localhost:8080/x", "javascript:alert(1)": "!javascript:alert(1)", "rapport": "!rapport",
		"file:///etc/passwd": "!file:///etc/passwd", "https://a@b.fr/": "!https://a@b.fr/", "https://b.fr/" + strings.Repeat("a", longestURL): "!https://b.fr/",
	} {
		links, unread := readLinks(typed)
		var got []string
		for _, one := range links {
			got = append(got, one.URL)
		}
		if bad, refused := strings.CutPrefix(want, "!"); refused != (unread != "") || refused && !strings.HasPrefix(unread, bad) || !refused && strings.Join(got, " ") != want {
			t.Errorf("%.40q: %q, unread %.40q; want %q", typed, got, unread, want)
		}
	}
}

func FuzzDocumentAddresses(f *testing.F) {
	f.Add("https://a.fr/b c.fr javascript:x")
	f.Add("http://[::1]/\x00\r\nATTACH:x")
	f.Fuzz(func(t *testing.T, typed string) {
		links, _ := readLinks(typed)
		event := ical.NewComponent(ical.CompEvent)
		writeLinks(event, links)
		for i, one := range attachedOf(event) {
			if u, err := url.Parse(one.URL); err != nil || u.Scheme != "https" && u.Scheme != "http" || one.URL != links[i].URL {
				t.Errorf("%q", one.URL)
			}
		}
	})
}

// TestDocumentsBesideAnEvent adds one to an event that a phone made with attachments of its own, by the
// page, and takes one away.
func TestDocumentsBesideAnEvent(t *testing.T) {
	d := newDesk(t)
	who := d.agents["claire"]
	text := eventText("DTSTART:20261201T090000Z", "DTEND:20261201T100000Z", "SUMMARY:Conseil", "ATTACH;FMTTYPE=application/pdf;FILENAME=Note de présentation.pdf:https://nuage.exemple.fr/note",
		"ATTACH;ENCODING=BASE64;VALUE=BINARY:aGVsbG8=", "ATTACH:cid:part1@x")
	if _, err := d.store.Put(t.Context(), who, personal(who), "a.ics", text, Condition{}); err != nil {
		t.Fatal(err)
	}
	found, err := d.store.Instances(t.Context(), who, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC))
	if err != nil || len(found) != 1 || len(found[0].Links) != 1 || found[0].Links[0].Name != "Note de présentation.pdf" {
		t.Fatalf("%+v, %v", found, err)
	}
	event, err := d.store.Event(t.Context(), who, found[0].Event)
	if err != nil {
		t.Fatal(err)
	}
	change := func(links []Attached) string {
		t.Helper()
		event.Links = links
		if err := d.store.ChangeEvent(t.Context(), who, event.ID, "", event.Draft); err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(entryOf(t, d.store, who).Octets), "\r\n ", "")
	}
	lines := func(text string, want ...string) {
		t.Helper()
		var got []string
		for line := range strings.SplitSeq(text, "\r\n") {
			if strings.HasPrefix(line, "ATTACH") {
				got = append(got, line)
			}
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("%q, want %q", got, want)
		}
	}
	binary, cid := "ATTACH;ENCODING=BASE64;VALUE=BINARY:aGVsbG8=", "ATTACH:cid:part1@x"
	note := "ATTACH;FILENAME=Note de présentation.pdf;FMTTYPE=application/pdf:https://nuage.exemple.fr/note"
	lines(change(nil), note, binary, cid) // a draft that says nothing of them
	lines(change([]Attached{{URL: "https://nuage.exemple.fr/note"}, {URL: "https://b.fr/plan"}}), binary, cid, note, "ATTACH:https://b.fr/plan")
	lines(change([]Attached{}), binary, cid)
}

// entryOf is the only object of a caller's own calendar.
func entryOf(t *testing.T, s *Store, who portal.Caller) Entry {
	t.Helper()
	list, err := s.List(t.Context(), who, personal(who))
	if err != nil || len(list) != 1 {
		t.Fatalf("%d objects, %v", len(list), err)
	}
	entries, err := s.Entries(t.Context(), who, personal(who), []string{list[0].Name})
	if err != nil {
		t.Fatal(err)
	}
	return entries[list[0].Name]
}

func TestTheFormTakesDocumentsAndRefusesWhatIsNone(t *testing.T) {
	d := newDesk(t)
	fields := func(links string) []string {
		return []string{
			"calendar", string(personal(d.agents["claire"])), "title", "Conseil", "start", "2026-12-01", "start-time", "09:00", "end", "2026-12-01", "end-time", "10:00", "links", links,
		}
	}
	at, _ := d.post("/calendar/events", "claire", http.StatusSeeOther, fields("nuage.exemple.fr/ordre-du-jour.pdf")...)
	page := d.get(at, "claire")
	if !strings.Contains(page, `href="https://nuage.exemple.fr/ordre-du-jour.pdf" rel="noopener noreferrer"`) || !strings.Contains(page, "Documents joints") {
		t.Error(page)
	}
	if _, page := d.post("/calendar/events", "claire", http.StatusUnprocessableEntity, fields("javascript:alert(1)")...); !strings.Contains(page, "n’est pas une adresse du web") || !strings.Contains(page, ">javascript:alert(1)</textarea>") {
		t.Error(page)
	}
	many := strings.Repeat("https://nuage.exemple.fr/a ", maxAttached+1)
	if _, page := d.post("/calendar/events", "claire", http.StatusUnprocessableEntity, fields(many)...); !strings.Contains(page, "au plus 20 documents") {
		t.Error(page)
	}
}
