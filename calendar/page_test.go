package calendar

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
	"parvis/widgets"
)

var samples = flag.String("samples", "", "folder where the sample pages are written, to be looked at in a browser")

// desk is the agenda's pages over a real store, for several agents.
type desk struct {
	t        testing.TB
	store    *Store
	router   *web.Router
	renderer *web.Renderer
	now      time.Time
	agents   map[string]portal.Caller
	cookies  map[string]string // what is said once, by agent
}

// Identify knows an agent by a header of the test.
func (d *desk) Identify(r *http.Request) (*web.Identity, error) {
	caller, ok := d.agents[r.Header.Get("X-Who")]
	if !ok {
		return nil, nil
	}
	return &web.Identity{
		Caller: caller, PersonName: "Claire Martin",
		Collectivity: web.Collectivity{ID: caller.Collectivity, Name: "Bourg-sur-Loire", Language: i18n.French, Zone: paris},
	}, nil
}

// newDesk opens the pages on Tuesday 24 November 2026 at 9:35, for claire and paul of bourg and for
// claire of agglo.
func newDesk(t testing.TB, elsewhere ...Elsewhere) *desk {
	t.Helper()
	d := &desk{
		t: t, store: newStore(t), now: time.Date(2026, 11, 24, 9, 35, 0, 0, paris), cookies: map[string]string{},
		agents: map[string]portal.Caller{
			"claire": agent("bourg", "claire", "elus"), "paul": agent("bourg", "paul"), "stranger": agent("agglo", "claire"),
		},
	}
	d.store.now = func() time.Time { return d.now }
	catalogue := mustLoad(t)
	assets, err := themes.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.NewRenderer(catalogue, assets.URL, []web.NavItem{
		{NavItem: themes.NavItem{Section: "home", Href: "/", Label: "calendar.today", Icon: "home", Key: true}},
		{NavItem: themes.NavItem{Section: "calendar", Href: "/calendar", Label: "calendar.title", Icon: "calendar", Key: true}},
	}, Templates)
	if err != nil {
		t.Fatal(err)
	}
	d.router, err = web.NewRouter(web.Config{
		Identifier: d, Renderer: renderer, Catalogue: catalogue,
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return d.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	d.renderer = renderer
	d.router.Mount(NewHandler(d.store, staffList{}, renderer, elsewhere...).Routes()...)
	return d
}

func mustLoad(t testing.TB) *i18n.Catalogue {
	t.Helper()
	catalogue, err := i18n.Load(web.Locales, themes.Locales, Locales)
	if err != nil {
		t.Fatal(err)
	}
	return catalogue
}

func (d *desk) do(method, target, who string, form url.Values) *http.Response {
	d.t.Helper()
	r := httptest.NewRequest(method, "http://parvis.test"+target, strings.NewReader(form.Encode()))
	r.Header.Set("X-Who", who)
	if cookie := d.cookies[who]; cookie != "" {
		r.Header.Set("Cookie", cookie)
	}
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	w := httptest.NewRecorder()
	d.router.ServeHTTP(w, r)
	response := w.Result()
	d.cookies[who] = ""
	for _, cookie := range response.Cookies() {
		if cookie.MaxAge > 0 {
			d.cookies[who] = cookie.Name + "=" + cookie.Value
		}
	}
	return response
}

func body(t testing.TB, response *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// get is a page that must be there.
func (d *desk) get(target, who string) string {
	d.t.Helper()
	response := d.do("GET", target, who, nil)
	page := body(d.t, response)
	if response.StatusCode != http.StatusOK {
		d.t.Fatalf("GET %s as %s: %d\n%s", target, who, response.StatusCode, page)
	}
	return page
}

// post sends a form and returns where it leads, after checking the status.
func (d *desk) post(target, who string, status int, pairs ...string) (location, page string) {
	d.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	response := d.do("POST", target, who, form)
	page = body(d.t, response)
	if response.StatusCode != status {
		d.t.Fatalf("POST %s as %s: %d, want %d\n%s", target, who, response.StatusCode, status, page)
	}
	return response.Header.Get("Location"), page
}

// wants fails for each text that the page lacks.
func wants(t testing.TB, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
}

func lacks(t testing.TB, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(page, text) {
			t.Errorf("the page holds %q", text)
		}
	}
}

// fields of a form for an event on the afternoon of a day.
func fields(title, date string, more ...string) []string {
	return append([]string{"title", title, "calendar", "claire", "start", date, "start-time", "14:00", "end", date, "end-time", "15:30", "location", "Bureau 2"}, more...)
}

func (d *desk) add(who string, draft Draft) EventID {
	d.t.Helper()
	if draft.Calendar == "" {
		draft.Calendar = personal(d.agents[who])
	}
	return mustCreate(d.t, d.store, d.agents[who], draft)
}

func at(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, paris) }

// fill writes the week that the design drew, in four calendars.
func (d *desk) fill() {
	d.t.Helper()
	editor := d.agents["claire"]
	editor.Rights = []portal.Right{portal.EditCalendars}
	made := map[string]CalendarID{"": personal(editor)}
	for name, color := range map[string]string{"Services techniques": "#b06000", "Vie associative": "#2e7d32", "Élus": "#8e24aa"} {
		c, err := d.store.CreateCalendar(context.Background(), editor, NewCalendar{Name: name, Color: color, Shared: true, WriteGroups: []portal.GroupID{"elus"}})
		if err != nil {
			d.t.Fatal(err)
		}
		made[name] = c.ID
	}
	for _, e := range []struct {
		calendar, title, place string
		from, to               time.Time
		every                  Every
	}{
		{"", "Réunion de service", "Bureau 1", at(2, 8, 30), at(2, 9, 30), Weekly},
		{"Services techniques", "Visite du cimetière", "Entrée nord", at(23, 10, 0), at(23, 11, 0), Once},
		{"", "Relecture des délibérations", "", at(23, 14, 0), at(23, 16, 0), Once},
		{"Élus", "Commission travaux", "Salle du conseil", at(24, 10, 0), at(24, 11, 30), Once},
		{"", "Point état civil", "Bureau 2", at(24, 14, 0), at(24, 15, 0), Once},
		{"Vie associative", "Marché de Noël", "Salle des fêtes", at(24, 17, 0), at(24, 18, 30), Once},
		{"", "Formation : délibérations", "CNFPT, en ligne", at(25, 9, 0), at(25, 12, 0), Once},
		{"", "Mandats", "", at(26, 9, 0), at(26, 10, 0), Once},
		{"Services techniques", "Livraison du sel", "Dépôt", at(26, 9, 0), at(26, 10, 0), Once},
		{"", "Recensement, préparation", "Salle des mariages", at(26, 14, 30), at(26, 16, 30), Once},
		{"Élus", "Bureau municipal", "Salle du conseil", at(26, 18, 0), at(26, 19, 30), Once},
		{"Services techniques", "Tournée des bâtiments", "", at(27, 8, 30), at(27, 10, 0), Once},
		{"", "Rendez-vous notaire", "Bureau 1", at(27, 11, 0), at(27, 12, 0), Once},
		{"Vie associative", "Repas des aînés", "Salle des fêtes", at(28, 9, 0), at(28, 18, 0), Once},
	} {
		d.add("claire", Draft{Calendar: made[e.calendar], Title: e.title, Location: e.place, Start: e.from, End: e.to, Repeat: Repeat{Every: e.every}})
	}
	d.add("claire", Draft{Calendar: made["Services techniques"], Title: "Finances : absente", AllDay: true, Start: at(24, 0, 0), End: at(25, 0, 0)})
	d.add("claire", Draft{Title: "Paie : clôture", AllDay: true, Start: at(27, 0, 0), End: at(28, 0, 0)})
}

// write keeps a page, with the assets that it asks for, when -samples names a folder.
func write(t testing.TB, name, page string) {
	t.Helper()
	if *samples == "" {
		return
	}
	assets, err := themes.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	for _, asset := range assets.Names() {
		w := httptest.NewRecorder()
		assets.ServeHTTP(w, httptest.NewRequest("GET", assets.URL(asset), nil))
		file := filepath.Join(*samples, assets.URL(asset))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, w.Body.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(*samples, name), []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestEverySentenceOfThePagesIsWritten(t *testing.T) {
	missing, err := mustLoad(t).Missing(Templates)
	if err != nil || len(missing) > 0 {
		t.Errorf("missing %q, %v", missing, err)
	}
}

func TestTheWeekIsATableOfHalfHours(t *testing.T) {
	d := newDesk(t)
	d.fill()
	page := d.get("/calendar", "claire")
	write(t, "week.html", page)
	wants(t, page, "<h1>23 – 28\u00a0novembre 2026</h1>", "Semaine\u00a048",
		`<td rowspan="6"><a class="ev" href="/calendar/events/`, // the training lasts three hours
		`<td rowspan="2" class="many"><ul><li>`,                 // two appointments on Thursday at nine
		"<th scope=\"row\" class=\"now\">9\u00a0h\u00a035", `class="past"`, `<tr class="all">`, "Repas des aînés")
	lacks(t, page, "Dimanche <b>", "⟦", "ZgotmplZ")
	table := weekTable.FindString(page)
	if fault := tableFault(table); fault != "" {
		t.Error(fault)
	}
	english := d.get("/calendar?view=month", "claire")
	lacks(t, english, "⟦")
}

var weekTable = regexp.MustCompile(`(?s)<table class="week.*?</table>`)

// tableFault counts the cells of a table: with its spans each row must be as long as the first.
func tableFault(table string) string {
	cell := regexp.MustCompile(`<t[dh][^>]*?(?: rowspan="(\d+)")?[^>]*>`)
	span := regexp.MustCompile(`rowspan="(\d+)"`)
	rows := strings.Split(table, "<tr")[1:]
	width := len(cell.FindAllString(rows[0], -1))
	under := make([]int, len(rows)+100) // cells of rows above that reach a row
	for i, row := range rows {
		n := under[i]
		for _, c := range cell.FindAllString(row, -1) {
			n++
			if m := span.FindStringSubmatch(c); m != nil {
				long := 0
				for _, digit := range m[1] {
					long = 10*long + int(digit-'0')
				}
				for j := 1; j < long; j++ {
					under[i+j]++
				}
			}
		}
		if n != width {
			return "row " + row[:min(len(row), 80)] + " is not as wide as the first"
		}
	}
	for _, n := range under[len(rows):] {
		if n > 0 {
			return "a cell reaches below the table"
		}
	}
	return ""
}

func TestEveryViewShowsTheSameAppointments(t *testing.T) {
	d := newDesk(t)
	d.fill()
	for _, target := range []string{"day", "week", "month", "list"} {
		page := d.get("/calendar?view="+target+"&date=2026-11-24", "claire")
		write(t, target+".html", page)
		wants(t, page, "Commission travaux", "Finances\u00a0: absente"[:8], "Marché de Noël", `aria-current="page"`)
		lacks(t, page, "⟦", "ZgotmplZ")
	}
	write(t, "week-table.html", d.get("/calendar?view=week&table=1", "claire"))
	write(t, "empty-list.html", d.get("/calendar?view=list&date=2030-02-01", "paul"))
	wants(t, d.get("/calendar?view=month&date=2026-11-01", "claire"), "Armistice de 1918", `<table class="days"`, "et 1 autre")
	wants(t, d.get("/calendar?view=list&date=2030-02-01", "paul"), "Aucun rendez-vous jusqu’au")
}

// BenchmarkWeek is the whole page of a week for an agent with 300 events, of which a tenth repeats.
func BenchmarkWeek(b *testing.B) {
	d := newDesk(b)
	d.fill()
	for i := range 300 {
		draft := Draft{Title: "Rendez-vous", Location: "Bureau 2", Start: at(1+i%28, 8+i%9, 0), End: at(1+i%28, 9+i%9, 0)}
		if i%10 == 0 {
			draft.Repeat.Every = Weekly
		}
		d.add("claire", draft)
	}
	for b.Loop() {
		d.get("/calendar", "claire")
	}
}

// BenchmarkMonth is the whole page of a month with 500 events in it, of which a tenth repeats.
func BenchmarkMonth(b *testing.B) {
	d := newDesk(b)
	d.lies("45234", "")
	for i := range 340 {
		draft := Draft{Title: "Rendez-vous", Location: "Bureau 2", Start: at(1+i%28, 8+i%9, 0), End: at(1+i%28, 9+i%9, 0)}
		if i%10 == 0 {
			draft.Start, draft.End = at(1+i%7, 8, 0), at(1+i%7, 9, 0)
			draft.Repeat.Every = Weekly
		}
		d.add("claire", draft)
	}
	if n := len(titles(b, d.store, d.agents["claire"])); n < 450 {
		b.Fatalf("%d events", n)
	}
	begun, n := processorTime(b), 0
	for b.Loop() {
		d.get("/calendar?view=month&date=2026-11-24", "claire")
		n++
	}
	b.ReportMetric(float64((processorTime(b)-begun).Microseconds())/1e3/float64(n), "cpu-ms/op")
}

// processorTime is what the process has used, garbage collected included.
func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkBox is one load of the box for the same agent.
func BenchmarkBox(b *testing.B) {
	d := newDesk(b)
	d.fill()
	request := widgets.Request{Caller: d.agents["claire"], Printer: mustLoad(b).Printer(i18n.French), Now: d.now}
	for b.Loop() {
		if _, err := NewWidget(d.store).Load(context.Background(), request); err != nil {
			b.Fatal(err)
		}
	}
}
