package calendar

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
)

// aFile is what an old server exports: zones after their use, a METHOD, a date of a series apart, an
// event that can't be read, one without an end, one without a UID.
var aFile = ics("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//", "METHOD:PUBLISH", "X-WR-CALNAME:Ancien",
	"BEGIN:VEVENT", "UID:serie", "DTSTAMP:20260101T000000Z", "SUMMARY:Série", "DTSTART;TZID=Chez nous:20261103T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "END:VALARM", "END:VEVENT",
	"BEGIN:VEVENT", "UID:impossible", "DTSTAMP:20260101T000000Z", "SUMMARY:Le 31 février", "DTSTART:20260231T090000Z", "END:VEVENT",
	"BEGIN:VEVENT", "UID:serie", "DTSTAMP:20260101T000000Z", "SUMMARY:Déplacée", "RECURRENCE-ID;TZID=Chez nous:20261110T090000", "DTSTART;TZID=Chez nous:20261111T100000", "DURATION:PT1H", "END:VEVENT",
	"BEGIN:VEVENT", "UID:illisible", "SUMMARY:Cassé", "DTSTART;TZID=X", "END:VEVENT",
	"BEGIN:VTIMEZONE", "TZID:Chez nous", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE",
	"BEGIN:VTODO", "UID:tache", "DTSTAMP:20260101T000000Z", "SUMMARY:Relire", "DUE:20261124T090000Z", "END:VTODO",
	"BEGIN:VFREEBUSY", "UID:fb", "DTSTAMP:20260101T000000Z", "END:VFREEBUSY",
	"BEGIN:VEVENT", "UID:sans-fin", "SUMMARY:Sans fin", "DTSTART:20261124T090000Z",
	"BEGIN:VEVENT", "DTSTAMP:20260101T000000Z", "SUMMARY:Sans identifiant", "DTSTART:20261120T080000Z", "DTEND:20261120T090000Z", "END:VEVENT",
	"END:VCALENDAR",
	"BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:second", "DTSTAMP:20260101T000000Z", "SUMMARY:Du second agenda", "DTSTART:20261121T080000Z", "END:VEVENT", "END:VCALENDAR")

func TestWhatCannotBeReadIsRefusedByItself(t *testing.T) {
	found, err := readFile(aFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(aFile), "\r\n")
	var got []string
	for _, one := range found {
		uid := one.uid
		if len(uid) == 32 {
			uid = "hash"
		}
		got = append(got, fmt.Sprintf("%s %q %s | %s", uid, one.title, one.reason, lines[one.line-1]))
		if (one.object == nil) != (one.reason != "") {
			t.Errorf("%s is refused without a reason", one.uid)
		}
	}
	want := []string{
		`serie "Série"  | BEGIN:VEVENT`, `impossible "Le 31 février" malformed | BEGIN:VEVENT`, `illisible "Cassé" line | DTSTART;TZID=X`, `tache "Relire"  | BEGIN:VTODO`,
		` "" unsupported | BEGIN:VFREEBUSY`, `sans-fin "Sans fin" unfinished | BEGIN:VEVENT`, `hash "Sans identifiant"  | BEGIN:VEVENT`, `second "Du second agenda"  | BEGIN:VEVENT`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := len(found[0].object.items); n != 2 || !bytes.Contains(found[0].octets, []byte("TZID:Chez nous")) || !bytes.Contains(found[0].octets, []byte("VALARM")) {
		t.Errorf("the series has %d items:\n%s", n, found[0].octets)
	}
	for _, none := range []string{"", "bonjour", "BEGIN:VEVENT\r\nEND:VEVENT\r\n", "\x00\xff"} {
		if _, err := readFile([]byte(none)); !errors.Is(err, errNoCalendar) {
			t.Errorf("%q is taken for a calendar: %v", none, err)
		}
	}
}

// plan sends a file as a browser does and returns the address of its report.
func (d *desk) plan(who string, octets []byte, status int) (location, page string) {
	d.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	_ = form.WriteField("calendar", "claire")
	part, _ := form.CreateFormFile("file", `C:\agendas\ancien.ics`)
	_, _ = part.Write(octets)
	form.Close()
	r := httptest.NewRequest("POST", "http://parvis.test/calendar/imports", &b)
	r.Header.Set("X-Who", who)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	d.router.ServeHTTP(w, r)
	page = w.Body.String()
	if w.Code != status {
		d.t.Fatalf("%d, want %d\n%s", w.Code, status, page)
	}
	return w.Header().Get("Location"), page
}

func TestAFileIsReadThenImportedThenTakenBack(t *testing.T) {
	d := newDesk(t)
	ctx, claire := context.Background(), d.agents["claire"]
	known := ics("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//y//y//", "BEGIN:VEVENT", "UID:second", "DTSTAMP:20250101T000000Z", "SEQUENCE:4", "SUMMARY:Du second agenda", "DTSTART:20261121T080000Z", "END:VEVENT", "END:VCALENDAR")
	older := ics("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//y//y//", "BEGIN:VEVENT", "UID:serie", "DTSTAMP:20250101T000000Z", "SUMMARY:Avant", "DTSTART:20261103T080000Z", "END:VEVENT", "END:VCALENDAR")
	for name, octets := range map[string][]byte{"second.ics": known, "serie.ics": older} {
		if _, err := d.store.Put(ctx, claire, "claire", name, octets, Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	before := d.everything()
	location, _ := d.plan("claire", aFile, http.StatusSeeOther)
	page := d.get(location, "claire")
	write(t, "import.html", page)
	wants(t, page, "Import de «\u00a0ancien.ics\u00a0»", "Nouveaux</dt><dd>2<", "Modifiés</dt><dd>1<", "identiques</dt><dd>1<", "Refusés</dt><dd>4<", "Importer 3 objets", "Le 31 février", "une date ou une valeur n’a pas de sens", "Sans fin")
	lacks(t, page, "⟦")
	if before != d.everything() {
		t.Error("a dry run changed something")
	}
	for _, who := range []string{"paul", "stranger"} {
		for _, deed := range []string{"/run", "/undo"} {
			d.post(location+deed, who, http.StatusNotFound)
		}
	}
	d.post(location+"/run", "claire", http.StatusSeeOther)
	done := d.get(location, "claire")
	write(t, "import-done.html", done)
	wants(t, done, "3 objets sont importés", "Annuler cet import")
	if got, want := titles(t, d.store, claire), []string{"3 09:00 Série", "11 10:00 Déplacée", "20 09:00 Sans identifiant", "21 09:00 Du second agenda"}; !cmp.Equal(got, want) {
		t.Errorf("imported %q, want %q", got, want)
	}
	again, _ := d.plan("claire", aFile, http.StatusSeeOther)
	wants(t, d.get(again, "claire"), "Nouveaux</dt><dd>0<", "Modifiés</dt><dd>0<", "identiques</dt><dd>4<")

	d.post(location+"/undo", "claire", http.StatusSeeOther)
	wants(t, d.get(location, "claire"), "L’import est annulé")
	if diff := cmp.Diff(before, d.everything()); diff != "" {
		t.Errorf("taken back:\n%s", diff)
	}
	if _, err := d.store.Import(ctx, claire, location[len("/calendar/imports/"):]); err != nil {
		t.Error(err)
	}
	d.post(location+"/run", "claire", http.StatusConflict)
}

func TestAnImportGoesOnAfterAStopAndLeavesWhatOthersChanged(t *testing.T) {
	d := newDesk(t)
	ctx, claire := context.Background(), d.agents["claire"]
	lines := []string{"BEGIN:VCALENDAR", "VERSION:2.0"}
	const n = 2*importStep + 50
	for i := range n {
		lines = append(lines, "BEGIN:VEVENT", fmt.Sprint("UID:e", i), "DTSTAMP:20260101T000000Z", fmt.Sprint("SUMMARY:E", i), "DTSTART:20261124T080000Z", "END:VEVENT")
	}
	id, err := d.store.PlanImport(ctx, claire, "claire", "x.ics", ics(append(lines, "END:VCALENDAR")...))
	if err != nil {
		t.Fatal(err)
	}
	count := func() int { return len(must(d.store.List(ctx, claire, "claire"))) }
	calls := 0 // a clock that lets one step through
	started := d.now
	d.store.now = func() time.Time { calls++; return started.Add(time.Duration(calls) * time.Second) }
	if err := d.store.RunImport(ctx, claire, id, started.Add(4*time.Second)); err != nil {
		t.Fatal(err)
	}
	d.store.now = func() time.Time { return d.now }
	if i := must(d.store.Import(ctx, claire, id)); i.State != "running" || i.Written != importStep || count() != importStep {
		t.Fatalf("after one step: %+v and %d objects", i, count())
	}
	if err := d.store.RunImport(ctx, claire, id, d.now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if i := must(d.store.Import(ctx, claire, id)); i.State != "done" || i.Written != n || count() != n {
		t.Fatalf("at the end: %+v and %d objects", i, count())
	}
	found := must(d.store.Instances(ctx, claire, at(24, 0, 0), at(25, 0, 0)))
	changed := slices.IndexFunc(found, func(in Instance) bool { return in.UID == "e7" })
	ev := must(d.store.Event(ctx, claire, found[changed].Event))
	ev.Title = "À garder"
	if err := d.store.ChangeEvent(ctx, claire, ev.ID, "", ev.Draft); err != nil {
		t.Fatal(err)
	}
	if err := d.store.UndoImport(ctx, claire, id, d.now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, want := titles(t, d.store, claire), []string{"24 09:00 À garder"}; !cmp.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	late, err := d.store.PlanImport(ctx, claire, "claire", "x.ics", aFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.store.RunImport(ctx, claire, late, d.now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(31 * 24 * time.Hour)
	if err := d.store.UndoImport(ctx, claire, late, d.now.Add(time.Hour)); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("taken back after a month: %v", err)
	}
}

func TestAFileThatIsNoneIsRefusedInASentence(t *testing.T) {
	d := newDesk(t)
	_, page := d.plan("claire", []byte("bonjour"), http.StatusUnprocessableEntity)
	wants(t, page, "n’est pas un agenda au format iCalendar", `href="#file"`)
	_, page = d.plan("claire", bytes.Repeat([]byte("x"), MaxImportSize+importRoom+1), http.StatusRequestEntityTooLarge)
	wants(t, page, "dépasse 10\u00a0Mio")
	d.plan("paul", aFile, http.StatusNotFound) // into claire's calendar
}

func FuzzImportedFile(f *testing.F) {
	f.Add(aFile)
	f.Add([]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:VEVENT\nEND:VALARM\nEND:VEVENT"))
	f.Add([]byte("begin:vcalendar\r\n begin:vevent\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR"))
	f.Fuzz(func(t *testing.T, octets []byte) {
		begun := time.Now()
		found, err := readFile(octets)
		if err != nil {
			return
		}
		lines := bytes.Count(octets, []byte("\n")) + 1
		for _, one := range found {
			if (one.object == nil) != (one.reason != "") || one.line < 1 || one.line > lines {
				t.Errorf("line %d of %d: %q, %v", one.line, lines, one.reason, one.object)
			}
			if one.object != nil {
				if _, err := Parse(one.octets); err != nil {
					t.Errorf("what would be stored can't be read: %v", err)
				}
			}
		}
		if took := time.Since(begun); took > slow {
			t.Errorf("took %v", took)
		}
	})
}
