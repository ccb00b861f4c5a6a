package calendar

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAnEventIsCreatedChangedDeletedAndTakenBack(t *testing.T) {
	d := newDesk(t)
	write(t, "form.html", d.get("/calendar/new", "claire"))
	location, _ := d.post("/calendar/events", "claire", http.StatusSeeOther, fields("Point état civil", "2026-11-24", "description", "Ordre du jour :\n- un\n\nSuite")...)
	page := d.get(location, "claire")
	write(t, "event.html", page)
	wants(t, page, "<h1>Point état civil</h1>", "mardi 24\u00a0novembre", "14\u00a0h – 15\u00a0h\u00a030", "Bureau 2", "Mon agenda", "Événement ajouté.", "- un</p>", "<p>Suite</p>")

	form := d.get(location+"/edit", "claire")
	write(t, "form-edit.html", form)
	wants(t, form, `value="Point état civil"`, `value="2026-11-24"`, `value="14:00"`, `value="15:30"`, `value="Bureau 2"`)
	etag := d.etag(location)
	d.post(location, "claire", http.StatusSeeOther, fields("Point déplacé", "2026-11-26", "etag", etag)...)
	wants(t, d.get(location, "claire"), "<h1>Point déplacé</h1>", "jeudi 26\u00a0novembre", "Événement modifié.")

	_, refused := d.post(location, "claire", http.StatusConflict, fields("Trop tard", "2026-11-27", "etag", etag)...)
	wants(t, refused, "Quelqu’un a modifié cet événement", `value="Trop tard"`)

	back, _ := d.post(location+"/delete", "claire", http.StatusSeeOther, "etag", d.etag(location), "next", "/calendar?date=2026-11-26&view=week")
	week := d.get(back, "claire")
	wants(t, week, "Événement supprimé.", "/calendar/undo/")
	lacks(t, week, "Point déplacé")
	if response := d.do("GET", location, "claire", nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("deleted event: %d", response.StatusCode)
	}
	_, undo, _ := strings.Cut(week, `"/calendar/undo/`)
	undo, _, _ = strings.Cut(undo, `"`)
	for _, who := range []string{"paul", "stranger"} {
		_, page := d.post("/calendar/undo/"+undo, who, http.StatusNotFound)
		wants(t, page, "Il est trop tard") // as for what never was
	}
	location, _ = d.post("/calendar/undo/"+undo, "claire", http.StatusSeeOther)
	wants(t, d.get(location, "claire"), "<h1>Point déplacé</h1>", "Événement rétabli.")
	if _, again := d.post("/calendar/undo/"+undo, "claire", http.StatusConflict); !strings.Contains(again, "Quelqu’un a modifié") {
		t.Error("an event is taken back over itself")
	}
	d.now = d.now.Add(2 * time.Hour)
	if _, late := d.post("/calendar/undo/"+undo, "claire", http.StatusNotFound); !strings.Contains(late, "Il est trop tard") {
		t.Error("a deletion of two hours ago is taken back")
	}
}

// etag is that of the event at an address.
func (d *desk) etag(location string) string {
	d.t.Helper()
	event, err := d.store.Event(context.Background(), d.agents["claire"], EventID(strings.TrimPrefix(location, "/calendar/events/")))
	if err != nil {
		d.t.Fatal(err)
	}
	return event.ETag
}

func TestARefusedFormKeepsItsValuesAndSaysWhy(t *testing.T) {
	for _, c := range []struct {
		name   string
		change []string
		want   []string
	}{
		{"no title", []string{"title", " "}, []string{`href="#title"`, "Donnez un titre"}},
		{"end before start", []string{"end", "2026-11-23"}, []string{`href="#end"`, "La fin doit suivre le début, le mardi 24\u00a0novembre."}},
		{"end an hour early", []string{"end-time", "13:00"}, []string{`href="#end"`}},
		{"a date that is none", []string{"start", "31/02/2026"}, []string{`href="#start"`, "Cette date n’existe pas", `type="text" value="31/02/2026"`}},
		{"an hour that is none", []string{"start-time", "25:00"}, []string{`href="#start-time"`, "Cette heure n’existe pas"}},
		{"no hour", []string{"start-time", ""}, []string{`href="#start-time"`, "cochez"}},
		{"the year 3000", []string{"start", "3000-01-01", "end", "3000-01-01"}, []string{`href="#start"`, "entre 1900 et 2198"}},
		{"repeats into the past", []string{"repeat", "weekly", "until", "2026-01-01"}, []string{`href="#until"`, "La répétition doit finir"}},
		{"an unknown repetition", []string{"repeat", "hourly"}, []string{`href="#repeat"`}},
		{"a rule that no form makes", []string{"repeat", "otherwise"}, []string{`href="#repeat"`}},
		{"two faults", []string{"title", "", "start", "demain"}, []string{`href="#title"`, `href="#start"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			_, page := d.post("/calendar/events", "claire", http.StatusUnprocessableEntity, fields("Point", "2026-11-24", c.change...)...)
			write(t, "form-refused.html", page)
			wants(t, page, append(c.want, `class="summary"`, `value="Bureau 2"`)...)
			lacks(t, page, "⟦")
			if got := titles(t, d.store, d.agents["claire"]); got != nil {
				t.Errorf("refused, and stored as %q", got)
			}
		})
	}
}

func TestWhatIsTypedIsReadAsPeopleWriteIt(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct {
		change []string
		want   []string
	}{
		{[]string{"start", "24/11/2026", "start-time", "9h", "end", "", "end-time", "10 h 30"}, []string{"9\u00a0h – 10\u00a0h\u00a030"}},
		{[]string{"end", "", "end-time", ""}, []string{"mardi 24\u00a0novembre, 14\u00a0h</time>"}}, // without end
		{[]string{"end", "2026-11-25"}, []string{"du mardi 24\u00a0novembre, 14\u00a0h au mercredi 25\u00a0novembre, 15\u00a0h\u00a030"}},
		{[]string{"all-day", "1", "end", "2026-11-25"}, []string{"du mardi 24\u00a0novembre au mercredi 25\u00a0novembre, toute la journée"}},
		{[]string{"all-day", "1", "end", ""}, []string{"mardi 24\u00a0novembre, toute la journée"}},
		{[]string{"repeat", "weekly", "until", "2027-06-30"}, []string{"Chaque mardi jusqu’au 30\u00a0juin 2027", "Supprimer la série"}},
		{[]string{"repeat", "monthly"}, []string{"Chaque mois, le 24", "Prochaine date"}},
		{[]string{"repeat", "yearly"}, []string{"Chaque année, le 24\u00a0novembre"}},
		{[]string{"repeat", "daily"}, []string{"Chaque jour"}},
	} {
		location, _ := d.post("/calendar/events", "claire", http.StatusSeeOther, fields("Point", "2026-11-24", c.change...)...)
		page := d.get(location, "claire")
		wants(t, page, c.want...)
		lacks(t, page, "⟦")
		// The form over it, sent unchanged, changes nothing that is shown.
		form := formOf(must(d.store.Event(context.Background(), d.agents["claire"], EventID(strings.TrimPrefix(location, "/calendar/events/")))), paris)
		again, err := form.draft(paris)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.store.ChangeEvent(context.Background(), d.agents["claire"], form.ID, form.ETag, again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whenOf(page), whenOf(d.get(location, "claire"))); diff != "" {
			t.Errorf("saved unchanged:\n%s", diff)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func whenOf(page string) string {
	_, pairs, _ := strings.Cut(page, `<dl class="pairs">`)
	pairs, _, _ = strings.Cut(pairs, "</dl>")
	return pairs
}

func TestOneDateOfASeriesIsShownAndDeletedAlone(t *testing.T) {
	d := newDesk(t)
	id := d.add("claire", Draft{Title: "Réunion", Start: at(3, 9, 0), End: at(3, 10, 0), Repeat: Repeat{Every: Weekly, Until: at(30, 0, 0)}})
	link := "/calendar/events/" + string(id) + "?at=20261124T080000Z"
	wants(t, d.get("/calendar", "claire"), link)
	page := d.get(link, "claire")
	write(t, "event-series.html", page)
	wants(t, page, "mardi 24\u00a0novembre, 9\u00a0h – 10\u00a0h", "Chaque mardi jusqu’au 30\u00a0novembre", "Supprimer cette date", "Supprimer cette date et les suivantes", "Supprimer la série", "/edit?at=20261124T080000Z")

	d.post("/calendar/events/"+string(id)+"/delete", "claire", http.StatusSeeOther, "at", "20261124T080000Z", "scope", "one", "next", "/calendar")
	wants(t, d.get("/calendar", "claire"), "Cette date est supprimée")
	if got, want := titles(t, d.store, d.agents["claire"]), []string{"3 09:00 Réunion", "10 09:00 Réunion", "17 09:00 Réunion"}; !cmp.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	for _, bad := range []string{"20261124T080000Z", "20261125T080000Z", "yesterday"} {
		response := d.do("POST", "/calendar/events/"+string(id)+"/delete", "claire", map[string][]string{"at": {bad}, "scope": {"one"}})
		if response.StatusCode != http.StatusNotFound && response.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("delete the date %q: %d", bad, response.StatusCode)
		}
	}
	if response := d.do("GET", link, "claire", nil); response.StatusCode != http.StatusNotFound {
		t.Errorf("the deleted date is shown: %d", response.StatusCode)
	}
}

func TestAStrangersPagesKnowNothingOfMine(t *testing.T) {
	d := newDesk(t)
	id := string(d.add("claire", meeting(d.agents["claire"], "Confidentiel", 24)))
	for _, who := range []string{"paul", "stranger"} {
		for _, view := range []string{"day", "week", "month", "list"} {
			lacks(t, d.get("/calendar?view="+view+"&cal=claire&cal=paul", who), "Confidentiel")
		}
		for _, c := range []struct{ method, target string }{
			{"GET", "/calendar/events/" + id},
			{"GET", "/calendar/events/" + id + "/edit"},
			{"POST", "/calendar/events/" + id},
			{"POST", "/calendar/events/" + id + "/delete"},
		} {
			form := map[string][]string{"title": {"Volé"}, "start": {"2026-11-24"}, "all-day": {"1"}}
			if response := d.do(c.method, c.target, who, form); response.StatusCode != http.StatusNotFound {
				t.Errorf("%s %s as %s: %d, want 404", c.method, c.target, who, response.StatusCode)
			}
		}
	}
	// A colleague can't write into my calendar by its id either.
	response := d.do("POST", "/calendar/events", "paul", map[string][]string{"title": {"Intrus"}, "calendar": {"claire"}, "start": {"2026-11-24"}, "all-day": {"1"}})
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("create in another's calendar: %d, want 404", response.StatusCode)
	}
	if got, want := titles(t, d.store, d.agents["claire"]), []string{"24 09:00 Confidentiel"}; !cmp.Equal(got, want) {
		t.Errorf("after all attempts %q, want %q", got, want)
	}
}

func TestWhoOnlyReadsACalendarIsOfferedNothingElse(t *testing.T) {
	d := newDesk(t)
	d.fill()
	paul := d.agents["paul"]
	found, err := d.store.Instances(context.Background(), paul, at(24, 0, 0), at(25, 0, 0))
	if err != nil || len(found) == 0 {
		t.Fatal(found, err)
	}
	target := "/calendar/events/" + string(found[0].Event)
	page := d.get(target, "paul")
	wants(t, page, "Vous pouvez lire cet agenda")
	lacks(t, page, "/edit", "/delete")
	lacks(t, d.get("/calendar/new", "paul"), "Services techniques")
	for method, path := range map[string]string{"GET": target + "/edit", "POST": target + "/delete"} {
		if response := d.do(method, path, "paul", nil); response.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s: %d, want 403", method, path, response.StatusCode)
		}
	}
}

func TestHostileTextsAreShownAsText(t *testing.T) {
	d := newDesk(t)
	evil := `"><script>alert(1)</script>{{.}}`
	id := d.add("claire", Draft{Title: evil, Location: evil, Description: evil, Start: at(24, 9, 0), End: at(24, 10, 0)})
	color := evil
	if err := d.store.ChangeLook(context.Background(), d.agents["claire"], "claire", Look{Name: &evil, Color: &color}); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{
		"/calendar?view=day", "/calendar", "/calendar?view=month", "/calendar?view=list", "/calendar/events/" + string(id), "/calendar/events/" + string(id) + "/edit",
		"/calendar?view=%22%3E%3Cscript%3E&date=%22%3E&cal=%22%3E%3Cscript%3E",
	} {
		page := d.get(target, "claire")
		lacks(t, page, "<script>alert", "⟦", "ZgotmplZ", "{{t ")
	}
}

func TestBrokenAddressesShowTodaysWeek(t *testing.T) {
	d := newDesk(t)
	for _, target := range []string{"/calendar?date=2026-02-31", "/calendar?date=9999-01-01", "/calendar?date=0001-01-01", "/calendar?view=year", "/calendar?date=%00"} {
		wants(t, d.get(target, "claire"), "<h1>23 – 27\u00a0novembre 2026</h1>")
	}
	for _, date := range []string{"1901-01-01", "2198-12-31"} {
		for _, view := range []string{"day", "week", "month", "list"} {
			d.get("/calendar?view="+view+"&date="+date, "claire")
		}
	}
}

func TestCalendarsAreHiddenByUnticking(t *testing.T) {
	d := newDesk(t)
	d.fill()
	page := d.get("/calendar?cal=&cal=claire", "claire")
	wants(t, page, "Point état civil", `cal=&amp;cal=claire`)
	lacks(t, page, "Commission travaux")
	none := d.get("/calendar?cal=", "claire")
	wants(t, none, "aucun agenda affiché")
	lacks(t, none, "Point état civil")
}

func TestTheWeeksWhenClocksChangeHaveTheirUsualRows(t *testing.T) {
	d := newDesk(t)
	for _, day := range []time.Time{time.Date(2026, 10, 25, 0, 0, 0, 0, paris), time.Date(2027, 3, 28, 0, 0, 0, 0, paris)} {
		night := Draft{Title: "Astreinte de nuit", Start: day.Add(-2 * time.Hour), End: addDays(day, 0).Add(5 * time.Hour)}
		d.add("claire", night)
		d.add("claire", Draft{Title: "Foire", Start: time.Date(day.Year(), day.Month(), day.Day(), 9, 0, 0, 0, paris), End: time.Date(day.Year(), day.Month(), day.Day(), 11, 0, 0, 0, paris)})
		d.add("claire", Draft{Title: "Férié", AllDay: true, Start: day, End: addDays(day, 1)})
		page := d.get("/calendar?date="+day.Format(time.DateOnly), "claire")
		table := weekTable.FindString(page)
		if fault := tableFault(table); fault != "" {
			t.Errorf("%s: %s", day.Format(time.DateOnly), fault)
		}
		wants(t, table, "Dimanche <b>", "9\u00a0h – 11\u00a0h", "Férié")
		if n := strings.Count(table, "Astreinte de nuit"); n != 2 {
			t.Errorf("%s: the night is in %d columns, want 2", day.Format(time.DateOnly), n)
		}
		if n := strings.Count(table, "<tr data-time="); n != 48 {
			t.Errorf("%s: %d half hours, want 48", day.Format(time.DateOnly), n)
		}
	}
}

func TestOverlappingEventsStandSideBySide(t *testing.T) {
	d := newDesk(t)
	for i := range 5 {
		d.add("claire", Draft{Title: "Réunion " + string(rune('A'+i)), Start: at(26, 9, 10*i), End: at(26, 10, 0)})
	}
	d.add("claire", Draft{Title: "À dix heures", Start: at(26, 10, 0), End: at(26, 10, 0)})
	d.add("claire", Draft{Title: "Longue", Start: at(27, 9, 0), End: at(27, 12, 0)})
	d.add("claire", Draft{Title: "Courte", Start: at(27, 9, 30), End: at(27, 10, 0)})
	d.add("claire", Draft{Title: "Après", Start: at(27, 12, 0), End: at(27, 12, 15)})
	table := weekTable.FindString(d.get("/calendar", "claire"))
	wants(t, table, `<td rowspan="6" class="many">`, `<td rowspan="2" class="many">`, "Réunion C", ">2 autres<", "À dix heures")
	lacks(t, table, "Réunion D")
	day := weekTable.FindString(d.get("/calendar?view=day&date=2026-11-26", "claire"))
	wants(t, day, "Réunion D", "Réunion E")
	for _, found := range []string{table, day} {
		if fault := tableFault(found); fault != "" {
			t.Error(fault)
		}
	}
}

func TestColoursFallIntoTheFourOfThePages(t *testing.T) {
	for color, want := range map[string]string{
		"#1565c0": "", "#1565c0ff": "", "#2e7d32": "c3", "#b06000": "c2", "#ff0000": "c2", "#8e24aa": "c4", "#e91e63": "c4",
		"": "c3", "red": "c3", "#888888": "c3", "#zzzzzz": "c3", "#12": "c3",
	} {
		if got := classOf(color, 2); got != want {
			t.Errorf("classOf(%q, 2) = %q, want %q", color, got, want)
		}
	}
}

func FuzzTypedMoments(f *testing.F) {
	for _, typed := range []string{"2026-11-24", "24/11/2026", "9h", "9 h 30", "", "31/02/2026", "\x00", "é"} {
		f.Add(typed, typed)
	}
	f.Fuzz(func(t *testing.T, day, clock string) {
		form := eventForm{Headline: "x", Start: day, StartTime: clock, End: clock, EndTime: day, Until: day, Repeat: Weekly}
		draft, err := form.draft(paris)
		if err == nil && draft.Start.IsZero() && strings.TrimSpace(day) != "" {
			t.Errorf("%q at %q: neither read nor refused", day, clock)
		}
		_ = everyError(err, draft)
	})
}

func TestAForgedUIDIsNone(t *testing.T) {
	for _, forged := range []string{"", "a", "../x", strings.Repeat("a", 31) + "/", strings.Repeat("é", 16), strings.Repeat("A", 32), strings.Repeat("a", 33)} {
		if got := readUID(forged); got != "" {
			t.Errorf("readUID(%q) = %q", forged, got)
		}
	}
	form, tried := &eventForm{}, &tries{}
	if form.name(tried) || readUID(form.UID) != form.UID || !form.name(tried) {
		t.Errorf("the form does not read the UID that it gave: %q", form.UID)
	}
	saved := form.UID
	for range keptTries { // the first is the last that is still known
		if !tried.was(saved) {
			tried.tell(saved)
		} else {
			tried.tell("another")
		}
	}
	if form.name(tried) || form.UID == saved {
		t.Errorf("what was saved as %q would be written over", saved)
	}
}
