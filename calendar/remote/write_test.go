package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"parvis/calendar"
	"parvis/e2e/servers"
	"parvis/portal"
)

// visitor is a browser without JavaScript.
type visitor struct {
	t      testing.TB
	client *http.Client
	base   string
	who    string
	status int
	page   string
	path   string // with its query
}

func newVisitor(t testing.TB, s *Store) *visitor {
	t.Helper()
	router, _ := newRouter(t, s)
	server := httptest.NewServer(router)
	t.Cleanup(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t: t, client: &http.Client{Jar: jar, Timeout: time.Minute}, base: server.URL}
}

func (v *visitor) do(method, path string, form url.Values) {
	v.t.Helper()
	req, err := http.NewRequest(method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("X-Who", v.who)
	if method == "POST" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := v.client.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.status, v.page, v.path = resp.StatusCode, string(body), resp.Request.URL.RequestURI()
	if strings.Contains(v.page, "⟦") {
		v.t.Errorf("%s lacks a sentence", v.path)
	}
}

func (v *visitor) get(path string) *visitor { v.t.Helper(); v.do("GET", path, nil); return v }

// follow opens the first link whose text begins so.
func (v *visitor) follow(text string) *visitor {
	v.t.Helper()
	for node := range v.nodes() {
		if node.Data == "a" && strings.HasPrefix(strings.TrimSpace(textOf(node)), text) {
			return v.get(attribute(node, "href"))
		}
	}
	v.t.Fatalf("%s has no link %q:\n%s", v.path, text, v.page)
	return v
}

func (v *visitor) nodes() func(func(*html.Node) bool) {
	root, err := html.Parse(strings.NewReader(v.page))
	if err != nil {
		v.t.Fatal(err)
	}
	return root.Descendants()
}

func textOf(node *html.Node) string {
	var text strings.Builder
	for child := range node.Descendants() {
		if child.Type == html.TextNode {
			text.WriteString(child.Data)
		}
	}
	return text.String()
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(node *html.Node, name string) bool {
	return slices.ContainsFunc(node.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// filled is what the page's form of an address would send without a button.
func (v *visitor) filled(action string) url.Values {
	v.t.Helper()
	for form := range v.nodes() {
		if form.Data != "form" || attribute(form, "action") != action {
			continue
		}
		fields := url.Values{}
		for node := range form.Descendants() {
			name, kind := attribute(node, "name"), attribute(node, "type")
			if name == "" || has(node, "disabled") {
				continue
			}
			switch node.Data {
			case "input":
				if kind != "radio" && kind != "checkbox" || has(node, "checked") {
					fields.Add(name, attribute(node, "value"))
				}
			case "textarea":
				fields.Add(name, strings.TrimPrefix(textOf(node), "\n"))
			case "select":
				first := true
				for option := range node.Descendants() {
					if option.Data == "option" && (first || has(option, "selected")) {
						fields.Set(name, attribute(option, "value"))
						first = false
					}
				}
			}
		}
		return fields
	}
	v.t.Fatalf("%s (%d) has no form to %s:\n%s", v.path, v.status, action, v.page)
	return nil
}

// send fills in the page's form of an address and sends it.
func (v *visitor) send(action string, changes ...string) *visitor {
	v.t.Helper()
	fields := v.filled(action)
	for i := 0; i < len(changes); i += 2 {
		fields.Set(changes[i], changes[i+1])
	}
	v.do("POST", action, fields)
	return v
}

// save sends the form of the page, whichever event it is of.
func (v *visitor) save(changes ...string) *visitor {
	v.t.Helper()
	for form := range v.nodes() {
		action := attribute(form, "action")
		if form.Data == "form" && (action == "/calendar/events" || strings.HasPrefix(action, eventPath)) {
			return v.send(action, changes...)
		}
	}
	v.t.Fatalf("%s (%d) has no form of an event:\n%s", v.path, v.status, v.page)
	return v
}

func (v *visitor) want(status int, texts ...string) *visitor {
	v.t.Helper()
	if v.status != status {
		v.t.Fatalf("%s: %d, want %d\n%s", v.path, v.status, status, v.page)
	}
	page := strings.NewReplacer("\u00a0", " ", "\u202f", " ", "&#39;", "'").Replace(v.page)
	for _, text := range texts {
		if !strings.Contains(page, text) {
			v.t.Errorf("%s lacks %q:\n%s", v.path, text, page)
		}
	}
	return v
}

// option is the calendar of that name in the form of an event.
func (v *visitor) option(name string) string {
	for node := range v.nodes() {
		if node.Data == "option" && textOf(node) == name {
			return attribute(node, "value")
		}
	}
	return ""
}

// at opens the page of the instance of a title in the week of 24 November.
func (v *visitor) event(title string) *visitor {
	v.t.Helper()
	return v.get("/calendar?view=week&date=2026-11-24").follow(title).want(http.StatusOK)
}

// fetch reads an object as it is there; "" when there is none.
func fetch(t testing.TB, target string) string {
	t.Helper()
	req, err := http.NewRequest("GET", target, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("claire", password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode == http.StatusNotFound {
		return ""
	}
	return strings.ReplaceAll(string(body), "\r\n ", "")
}

// stored are the objects of the calendar of a server, unfolded, by the last part of their path.
func stored(t testing.TB, base string) map[string]string {
	t.Helper()
	req, err := http.NewRequest("PROPFIND", base+"/claire/reunions/", strings.NewReader(`<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Depth", "1")
	req.SetBasicAuth("claire", password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for part := range strings.SplitSeq(string(body), "<href>") {
		path, _, _ := strings.Cut(part, "</href>")
		if strings.HasSuffix(path, ".ics") {
			all[filepath.Base(path)] = fetch(t, base+path)
		}
	}
	return all
}

// linked is claire's browser over a real server, behind a proxy that fails as it is told.
func linked(t testing.TB) (v *visitor, s *Store, p *proxy, base string) {
	t.Helper()
	base = radicale(t)
	fill(t, base)
	p = newProxy(t, base)
	s, _ = newStore(t, nil)
	mustAdd(t, s, p.url)
	return newVisitor(t, s), s, p, base
}

func TestAnEventIsMadeChangedAndDeletedOnAnotherServer(t *testing.T) {
	v, s, p, base := linked(t)
	v.get("/calendar/new?typed=" + url.QueryEscape("réunion mardi 14h")).want(http.StatusOK)
	there := v.option("Nuage – Réunions")
	if there == "" {
		t.Fatalf("the form does not offer the calendar:\n%s", v.page)
	}
	before := p.asked.Load()
	v.save("title", "Réunion d’équipe", "calendar", there, "start", "2026-11-26", "end", "2026-11-26", "location", "Salle é").
		want(http.StatusOK, "Événement ajouté dans Nuage – Réunions.", "Réunion d’équipe", "Salle é", "Nuage, Réunions", "Ce que vous modifiez ici est écrit là-bas")
	if n := p.asked.Load() - before; n != 1 {
		t.Errorf("a new event took %d requests, want 1", n)
	}
	got, feeds := titles(t, s, claire)
	if want := append(slices.Clone(week), "26 14:00 Réunion d’équipe"); !cmp.Equal(got, want) {
		t.Errorf("at once %q, want %q", got, want)
	}
	name := ""
	for one, octets := range stored(t, base) {
		if strings.Contains(octets, "SUMMARY:Réunion d’équipe") {
			name = one
		}
	}
	if name == "" || feeds[0].State != calendar.FeedFresh {
		t.Fatalf("it is not on the server: %v", stored(t, base))
	}
	before = p.asked.Load()
	v.follow("Modifier").want(http.StatusOK, "Réunion d’équipe").save("title", "Réunion de service").
		want(http.StatusOK, "Événement modifié.", "Réunion de service")
	if n := p.asked.Load() - before; n != 3 { // one to open the form, one to see that nothing changed, one to write
		t.Errorf("a change took %d requests, want 3", n)
	}
	if octets := fetch(t, base+"/claire/reunions/"+name); !strings.Contains(octets, "SUMMARY:Réunion de service") || !strings.Contains(octets, "LOCATION:Salle é") {
		t.Errorf("changed there: %s", octets)
	}
	v.follow("Supprimer").want(http.StatusOK, "Réunion de service", "elle ne s’annule pas d’ici")
	v.send(strings.TrimSuffix(v.path, "?")).want(http.StatusOK, "Événement supprimé.")
	if octets := fetch(t, base+"/claire/reunions/"+name); octets != "" {
		t.Errorf("deleted, and still there: %s", octets)
	}
	if got, _ := titles(t, s, claire); !cmp.Equal(got, week) {
		t.Errorf("after all %q, want %q", got, week)
	}
	if err := s.Refresh(context.Background(), claire, feeds0(t, s), paris); err != nil {
		t.Fatal(err)
	}
	if got, _ := titles(t, s, claire); !cmp.Equal(got, week) {
		t.Errorf("read again %q, want %q", got, week)
	}
}

// feeds0 is claire's first account.
func feeds0(t testing.TB, s *Store) AccountID {
	t.Helper()
	accounts, err := s.Accounts(context.Background(), claire)
	if err != nil || len(accounts) == 0 {
		t.Fatal(accounts, err)
	}
	return accounts[0].ID
}

// foreign is a series as another program wrote it, with all that ours does not know.
var foreign = strings.Join([]string{
	"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Autre//Agenda//FR", "X-WR-CALNAME:Réunions",
	"BEGIN:VTIMEZONE", "TZID:Ailleurs", "X-LIC-LOCATION:Europe/Paris", "BEGIN:STANDARD", "DTSTART:19701025T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100",
	"RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "X-ZONE;X-P=\"a:b\":v", "END:STANDARD",
	"BEGIN:DAYLIGHT", "DTSTART:19700329T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "END:DAYLIGHT", "END:VTIMEZONE",
	"BEGIN:VEVENT", "UID:z", "DTSTAMP:20261101T000000Z", "SUMMARY;LANGUAGE=fr:Atelier", "DTSTART;TZID=Ailleurs:20261110T110000", "DTEND;TZID=Ailleurs:20261110T120000",
	"RRULE:FREQ=WEEKLY;COUNT=8", "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS=\"1, rue é; Bourg\":geo:48.85,2.35", "X-MOZ-SEND:vrai\\, oui", "CATEGORIES:Un,Deux",
	"COLOR:tomato", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER;X-T=1:-PT15M", "DESCRIPTION:Rappel", "X-EVOLUTION-ALARM-UID:42", "END:VALARM", "END:VEVENT", "END:VCALENDAR", "",
}, "\r\n")

// keeps says which lines of an object its change lost, but for those that say what was changed.
func keeps(t testing.TB, before, after string) {
	t.Helper()
	changing := []string{"SUMMARY", "DTSTART", "DTEND", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE", "RRULE", "RECURRENCE-ID", "EXDATE", "CREATED", "UID", "RELATED-TO"}
	for line := range strings.SplitSeq(before, "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		name, _, _ = strings.Cut(name, ";")
		if line != "" && !slices.Contains(changing, name) && !strings.Contains(after, "\r\n"+line+"\r\n") && !strings.HasPrefix(after, line+"\r\n") {
			t.Errorf("%q is lost:\n%s", line, after)
		}
	}
}

func TestASeriesThereIsChangedByOneDateTheFollowingOrAll(t *testing.T) {
	base := radicale(t)
	fill(t, base)
	home := base + "/claire/reunions/"
	send(t, "PUT", home+"z.ics", foreign)
	written := fetch(t, home+"z.ics") // as that server keeps it
	s, _ := newStore(t, nil)
	mustAdd(t, s, base)
	v := newVisitor(t, s)

	v.event("Atelier").follow("Modifier").want(http.StatusOK, "Cette date seule").save("title", "Atelier déplacé", "start-time", "15:00", "end-time", "16:00").
		want(http.StatusOK, "Cette date est modifiée, les autres restent.", "Atelier déplacé", "15 h")
	one := fetch(t, home+"z.ics")
	if strings.Count(one, "BEGIN:VEVENT") != 2 || !strings.Contains(one, "SUMMARY;LANGUAGE=fr:Atelier\r\n") {
		t.Errorf("one date: %s", one)
	}
	keeps(t, written, one)
	v.get("/calendar?view=week&date=2026-12-01").follow("Atelier").follow("Modifier").save("scope", "following", "title", "Atelier suivant").
		want(http.StatusOK, "Cette date et les suivantes sont modifiées.", "Atelier suivant", `datetime="2026-12-01T11:00`)
	all := stored(t, base)
	if len(all) != 5 || !strings.Contains(all["z.ics"], "COUNT=3") {
		t.Errorf("cut in two: %d objects, %s", len(all), all["z.ics"])
	}
	for name, octets := range all {
		if name != "z.ics" && strings.Contains(octets, "SUMMARY:Atelier suivant") {
			keeps(t, written, octets)
			if !strings.Contains(octets, "COUNT=5") {
				t.Errorf("the rest of the series: %s", octets)
			}
		}
	}
	v.get("/calendar?view=week&date=2026-12-08").follow("Atelier suivant").follow("Modifier").save("scope", "all", "title", "Atelier entier").
		want(http.StatusOK, "Toute la série est modifiée.")
	v.get("/calendar?view=week&date=2026-12-15").follow("Atelier entier").follow("Supprimer")
	action := v.path
	v.send(action, "scope", "one").want(http.StatusOK, "Cette date est supprimée, les autres restent.")
	v.get("/calendar?view=week&date=2026-12-22").follow("Atelier entier").follow("Supprimer")
	v.send(v.path, "scope", "following").want(http.StatusOK, "Cette date et les suivantes sont supprimées.")
	var left []string
	check := func() {
		left = nil
		feeds, err := s.Feeds(context.Background(), claire, time.Date(2026, 11, 1, 0, 0, 0, 0, paris), time.Date(2027, 2, 1, 0, 0, 0, 0, paris))
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range feeds[0].Instances {
			if strings.HasPrefix(in.Title, "Atelier") {
				left = append(left, in.Start.Format("2 Jan 15:04 ")+in.Title)
			}
		}
		want := []string{"10 Nov 11:00 Atelier", "17 Nov 11:00 Atelier", "24 Nov 15:00 Atelier déplacé", "1 Dec 11:00 Atelier entier", "8 Dec 11:00 Atelier entier"}
		if !cmp.Equal(left, want) {
			t.Errorf("left of the series %q, want %q", left, want)
		}
	}
	check()
	if err := s.Refresh(context.Background(), claire, feeds0(t, s), paris); err != nil {
		t.Fatal(err)
	}
	check() // as the server has it
	v.get("/calendar?view=week&date=2026-11-10").follow("Atelier").follow("Supprimer")
	v.send(v.path, "scope", "all").want(http.StatusOK, "Événement supprimé.")
	if octets := fetch(t, home+"z.ics"); octets != "" {
		t.Errorf("the series is deleted, and there is %s", octets)
	}
}

func TestWhatChangedThereMeanwhileIsShownAndNothingTypedIsLost(t *testing.T) {
	v, _, p, base := linked(t)
	home := base + "/claire/reunions/"
	v.event("Budget").follow("Modifier").want(http.StatusOK)
	form := v.path
	send(t, "PUT", home+"a.ics", object("a", "SUMMARY:Changé par Paul", "DTSTART:20261124T150000Z", "DTEND:20261124T160000Z"))
	v.save("title", "Ma version", "description", "Long texte").want(http.StatusConflict, "Changé par Paul", "Ma version", "Long texte", "Rien de ce que vous avez écrit n’est perdu")
	if octets := fetch(t, home+"a.ics"); !strings.Contains(octets, "Changé par Paul") {
		t.Errorf("refused, and written: %s", octets)
	}
	v.save().want(http.StatusOK, "Événement modifié.", "Ma version")

	// Between the look at what is there and the order: the server itself refuses.
	var once bool
	race := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == "PUT" && !once {
			once = true
			send(t, "PUT", home+"a.ics", object("a", "SUMMARY:Plus vite", "DTSTART:20261124T150000Z", "DTEND:20261124T160000Z"))
		}
		return false
	}
	v.get(strings.TrimSuffix(form, "/edit")).follow("Modifier")
	p.before.Store(&race)
	v.save("title", "Trop tard").want(http.StatusConflict, "Plus vite", "Trop tard")
	v.save().want(http.StatusOK, "Trop tard")

	// A deletion is of what was seen.
	v.follow("Supprimer").want(http.StatusOK)
	action := v.path
	send(t, "PUT", home+"a.ics", object("a", "SUMMARY:Encore Paul", "DTSTART:20261124T150000Z", "DTEND:20261124T160000Z"))
	v.send(action).want(http.StatusConflict, "a changé là-bas", "Encore Paul")
	once = false
	deleted := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == "DELETE" && !once {
			once = true
			send(t, "PUT", home+"a.ics", object("a", "SUMMARY:Toujours Paul", "DTSTART:20261124T150000Z", "DTEND:20261124T160000Z"))
		}
		return false
	}
	p.before.Store(&deleted)
	v.send(action).want(http.StatusConflict, "Toujours Paul")
	v.send(action).want(http.StatusOK, "Événement supprimé.")

	// Deleted there while the form was open: what was typed becomes a new event, in the same calendar.
	v.event("Congrès").follow("Modifier")
	send(t, "DELETE", home+"c.ics", "")
	v.save("title", "Congrès à moi").want(http.StatusNotFound, "Congrès à moi", "pour en faire un nouvel événement")
	v.save().want(http.StatusOK, "Événement ajouté dans Nuage – Réunions.")
	if got := stored(t, base); len(got) != 2 {
		t.Errorf("there are %d objects, want 2: %v", len(got), got)
	}
	v.follow("Modifier")
	gone := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "PUT" {
			w.WriteHeader(http.StatusNotFound)
		}
		return r.Method == "PUT"
	}
	p.before.Store(&gone)
	v.save("title", "Tapé encore").want(http.StatusNotFound, "Tapé encore", "pour en faire un nouvel événement")
}

func TestAServerThatFailsWhileSavingCostsNothingThatWasTyped(t *testing.T) {
	v, s, p, base := linked(t)
	v.get("/calendar/new?date=2026-11-26")
	there := v.option("Nuage – Réunions")
	typed := []string{"title", "Tapé", "calendar", there, "description", "Long texte"}
	for _, c := range []struct {
		mode, want, fault string
		status            int
	}{
		{"gone", "ne répond pas : rien ne dit que c’est enregistré", "remote.fault.unreachable", 503},
		{"refuse", "refuse votre identifiant ou votre mot de passe", "remote.fault.refused", 403},
	} {
		p.mode.Store(c.mode)
		v.save(typed...).want(c.status, c.want, `value="Tapé"`, "Long texte", `value="`+there+`" selected`)
		accounts, err := s.Accounts(context.Background(), claire)
		if err != nil || accounts[0].Fault != c.fault {
			t.Errorf("%s: the account's fault is %q, %v", c.mode, accounts[0].Fault, err)
		}
	}
	p.mode.Store("")
	for status, want := range map[int]string{
		403: "ne vous laisse pas enregistrer", 405: "ne vous laisse pas enregistrer", 404: "n’existe plus sur son serveur", 409: "n’existe plus sur son serveur", 413: "n’a plus de place",
		507: "n’a plus de place", 500: "est en panne", 503: "est en panne", 429: "est en panne", 400: "refuse cet événement tel qu’il est", 415: "refuse cet événement tel qu’il est",
	} {
		answer := func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(status); return true }
		p.before.Store(&answer)
		v.save()
		if v.status < 400 || v.status == 500 {
			t.Errorf("%d there is %d here", status, v.status)
		}
		v.want(v.status, want, `value="Tapé"`, "Long texte")
	}
	// The answer is lost after the order was carried out: the next try makes no second event.
	lost := func(w http.ResponseWriter, r *http.Request) bool {
		octets, _ := io.ReadAll(r.Body)
		send(t, r.Method, base+r.URL.Path, string(octets))
		panic(http.ErrAbortHandler)
	}
	p.before.Store(&lost)
	v.save().want(503, "rien ne dit que c’est enregistré")
	p.before.Store(nil)
	failed := *v
	v.save("title", "Tapé deux fois").want(http.StatusOK, "Événement ajouté", "Tapé deux fois")
	if got := stored(t, base); len(got) != 4 {
		t.Errorf("%d objects, want 4", len(got))
	}
	// Who goes back to that page afterwards makes another event.
	failed.save("title", "Autre chose").want(http.StatusOK, "Événement ajouté", "Autre chose")
	if got := stored(t, base); len(got) != 5 {
		t.Errorf("%d objects after another was made, want 5", len(got))
	}
	// Of a change the same.
	v.follow("Modifier")
	p.mode.Store("gone")
	v.save("title", "Changé hors ligne").want(503, `value="Changé hors ligne"`, "ne répond pas")
	p.mode.Store("")
	v.save().want(http.StatusOK, "Événement modifié.", "Changé hors ligne")
	// Opening a form, or asking to delete, says so too.
	page := v.path
	p.mode.Store("gone")
	v.get(page+"/edit").want(503, "ne répond pas")
	v.get(page+"/delete").want(503, "ne répond pas")
	v.get(page).want(http.StatusOK, "Changé hors ligne")
	p.mode.Store("hang")
	started := time.Now()
	v.get(page+"/edit").want(503, "ne répond pas")
	if took := time.Since(started); took > 2*writeDeadline {
		t.Errorf("a server that hangs took %v", took)
	}
}

func TestASeriesThatIsHalfCutIsToldAndMended(t *testing.T) {
	v, s, p, base := linked(t)
	fail := func(status int) {
		answer := func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == "PUT" && strings.HasSuffix(r.URL.Path, "/b.ics") {
				w.WriteHeader(status)
				return true
			}
			return false
		}
		p.before.Store(&answer)
	}
	v.event("Point hebdo").follow("Modifier")
	fail(507)
	v.save("scope", "following", "title", "Point nouveau").want(403, "n’a plus de place", "Point nouveau")
	if got := stored(t, base); len(got) != 3 {
		t.Errorf("refused, and %d objects are there, want 3", len(got))
	}
	fail(503)
	v.save().want(503, "peut-être deux fois", "Point nouveau")
	p.before.Store(nil)
	v.save().want(http.StatusOK, "Cette date et les suivantes sont modifiées.", "Point nouveau")
	if got := stored(t, base); len(got) != 4 || !strings.Contains(got["b.ics"], "UNTIL=") {
		t.Errorf("%d objects are there, want 4: %s", len(got), got["b.ics"])
	}
	got, _ := titles(t, s, claire)
	if want := append([]string{"24 09:00 Point nouveau"}, week[1:]...); !cmp.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestACalendarThatMayOnlyBeReadIsNeitherOfferedNorWritten(t *testing.T) {
	rights := filepath.Join(t.TempDir(), "rights")
	allow := func(permissions string) {
		text := "[root]\nuser: .+\ncollection:\npermissions: R\n[home]\nuser: .+\ncollection: {user}\npermissions: RW\n[calendars]\nuser: .+\ncollection: {user}/[^/]+\npermissions: " + permissions + "\n"
		if err := os.WriteFile(rights, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	allow("rw")
	base := radicale(t, "--rights-type", "from_file", "--rights-file", rights)
	fill(t, base)
	allow("r")
	s, _ := newStore(t, nil)
	p := newProxy(t, base)
	id := mustAdd(t, s, p.url)
	v := newVisitor(t, s)
	v.event("Budget").want(http.StatusOK, "ouvrez cet agenda là-bas")
	if strings.Contains(v.page, "/edit") || strings.Contains(v.page, "/delete") {
		t.Error("the page offers to change what may only be read")
	}
	event := v.path
	v.get("/calendar/new")
	if v.option("Nuage – Réunions") != "" {
		t.Error("the form offers a calendar that may only be read")
	}
	all, err := s.Abroad(context.Background(), claire)
	if err != nil || len(all) != 1 || all[0].Writable {
		t.Fatalf("%+v, %v", all, err)
	}
	asked := p.asked.Load()
	v.save("calendar", string(all[0].ID), "title", "Forcé").want(http.StatusForbidden, "ne vous laisse pas enregistrer", `value="Forcé"`)
	if p.asked.Load() != asked {
		t.Error("the server is asked to write what it only lets read")
	}
	v.get(event+"/edit").want(http.StatusForbidden, "vous laisse lire cet agenda")
	v.get(event+"/delete").want(http.StatusForbidden, "vous laisse lire cet agenda")
	v.do("POST", event, url.Values{"title": {"Forcé"}, "start": {"2026-11-24"}, "start-time": {"10:00"}})
	v.want(http.StatusForbidden, "vous laisse lire cet agenda")
	v.do("POST", event+"/delete", url.Values{"etag": {"x"}})
	v.want(http.StatusForbidden)
	// The right was there when it was last read, and is there no more.
	allow("rw")
	if err := s.Refresh(context.Background(), claire, id, paris); err != nil {
		t.Fatal(err)
	}
	v.event("Budget").follow("Modifier")
	allow("r")
	v.save("title", "Trop tard").want(http.StatusForbidden, "ne vous laisse pas enregistrer", `value="Trop tard"`)
	if octets := fetch(t, base+"/claire/reunions/a.ics"); !strings.Contains(octets, "Budget") {
		t.Errorf("written: %s", octets)
	}
}

func TestAMeetingThereIsLeftToItsServer(t *testing.T) {
	base := radicale(t)
	fill(t, base)
	meeting := object("m", "SUMMARY:Comité", "DTSTART:20261126T080000Z", "DTEND:20261126T090000Z",
		"ORGANIZER:mailto:paul@ailleurs.example", "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:claire@ailleurs.example")
	send(t, "PUT", base+"/claire/reunions/m.ics", meeting)
	s, _ := newStore(t, nil)
	mustAdd(t, s, base)
	v := newVisitor(t, s)
	v.event("Comité").want(http.StatusOK, "Des personnes y sont invitées")
	event := v.path
	if strings.Contains(v.page, event+"/edit") {
		t.Error("the page offers to change a meeting")
	}
	before := fetch(t, base+"/claire/reunions/m.ics")
	v.get(event+"/edit").want(http.StatusForbidden, "qui les préviendra")
	v.do("POST", event, url.Values{"title": {"Forcé"}, "start": {"2026-11-24"}, "start-time": {"10:00"}})
	v.want(http.StatusForbidden, "qui les préviendra", `value="Forcé"`)
	v.do("POST", event+"/delete", url.Values{"etag": {"x"}})
	v.want(http.StatusForbidden, "qui les préviendra")
	if after := fetch(t, base+"/claire/reunions/m.ics"); after != before {
		t.Errorf("it is changed:\n%s", after)
	}
	// Nor does anybody become a guest there from here.
	v.get("/calendar/new")
	fields := v.filled("/calendar/events")
	fields.Set("calendar", v.option("Nuage – Réunions"))
	for name, value := range map[string]string{"title": "Avec Jean", "invites": "1", "guest": "jean@exemple.fr", "guest-name": ""} {
		fields.Set(name, value)
	}
	v.do("POST", "/calendar/events", fields)
	v.want(http.StatusUnprocessableEntity, "On n’invite pas depuis Nuage – Réunions", `value="Avec Jean"`)
	v.do("POST", "/calendar/times", fields)
	v.want(http.StatusUnprocessableEntity, "On n’invite pas depuis Nuage – Réunions", `value="Avec Jean"`)
	if got := stored(t, base); len(got) != 4 {
		t.Errorf("%d objects, want 4", len(got))
	}
}

func TestNobodyElseWritesInOnesAgendaElsewhere(t *testing.T) {
	_, s, p, base := linked(t)
	ctx := context.Background()
	_, feeds := titles(t, s, claire)
	id, there := feeds[0].Instances[1].Event, calendar.There{Foreign: calendar.Foreign{ID: feeds[0].ID, Writable: true}, Name: "x.ics"}
	known, err := s.Open(ctx, claire, id, paris, true)
	if err != nil {
		t.Fatal(err)
	}
	asked := p.asked.Load()
	for _, who := range []portal.Caller{stranger, paul, {}} {
		_, openErr := s.Open(ctx, who, id, paris, true)
		_, putErr := s.Put(ctx, who, there, []byte(object("x", "DTSTART:20261124T130000Z")), paris)
		_, overErr := s.Put(ctx, who, known, known.Octets, paris)
		all, err := s.Abroad(ctx, who)
		if err != nil || len(all) != 0 {
			t.Errorf("%v sees %v, %v", who, all, err)
		}
		for what, err := range map[string]error{"open": openErr, "put": putErr, "put over": overErr, "delete": s.Delete(ctx, who, known)} {
			if !errors.Is(err, portal.ErrNotFound) {
				t.Errorf("%s by %v: %v, want ErrNotFound", what, who, err)
			}
		}
	}
	v := newVisitor(t, s)
	v.who = "stranger"
	for _, path := range []string{eventPath + string(id) + "/edit", eventPath + string(id) + "/delete"} {
		v.get(path).want(http.StatusNotFound)
	}
	v.do("POST", eventPath+string(id)+"/delete", url.Values{"etag": {known.ETag}})
	v.want(http.StatusNotFound)
	v.get("/calendar/new").save("title", "Chez Claire", "calendar", string(there.ID)).want(http.StatusNotFound, "Cet agenda n’existe plus", `value="Chez Claire"`)
	if p.asked.Load() != asked || len(stored(t, base)) != 3 {
		t.Error("somebody else's order reached the server")
	}
}

func TestAReadingThatBeganBeforeSomethingWasWrittenIsForgotten(t *testing.T) {
	_, s, p, base := linked(t)
	ctx := context.Background()
	id := feeds0(t, s)
	_, feeds := titles(t, s, claire)
	begun, release := make(chan struct{}), make(chan struct{})
	slow := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != "REPORT" {
			return false
		}
		out, err := http.NewRequest(r.Method, base+r.URL.RequestURI(), r.Body)
		if err != nil {
			t.Error(err)
			return false
		}
		out.Header, out.ContentLength = r.Header, r.ContentLength
		resp, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			t.Error(err)
			return false
		}
		defer resp.Body.Close()
		close(begun) // what it answers is of before
		<-release
		maps.Copy(w.Header(), resp.Header)
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
		return true
	}
	p.before.Store(&slow)
	read := make(chan error)
	go func() { read <- s.Refresh(ctx, claire, id, paris) }()
	<-begun
	p.before.Store(nil)
	var event calendar.EventID
	for _, in := range feeds[0].Instances {
		if in.Title == "Point hebdo" {
			event = in.Event
		}
	}
	known, err := s.Open(ctx, claire, event, paris, true)
	if err == nil {
		err = s.Delete(ctx, claire, known)
	}
	if err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	if got, _ := titles(t, s, claire); !cmp.Equal(got, week[1:]) {
		t.Errorf("%q, want %q", got, week[1:])
	}
}

func TestTheSameEventOfTwoAccountsIsTwo(t *testing.T) {
	one, two := radicale(t), radicale(t)
	fill(t, one)
	fill(t, two)
	s, _ := newStore(t, nil)
	mustAdd(t, s, one)
	mustAdd(t, s, two)
	_, feeds := titles(t, s, claire)
	if len(feeds) != 2 || feeds[0].Instances[0].Event == feeds[1].Instances[0].Event {
		t.Fatalf("two accounts show one event: %+v", feeds)
	}
	for i := range feeds {
		known, err := s.Open(context.Background(), claire, feeds[i].Instances[0].Event, paris, false)
		if err != nil || known.ID != feeds[i].ID {
			t.Errorf("%d: %s of %s, %v", i, known.ID, feeds[i].ID, err)
		}
	}
}

func TestAServerWithoutVersionsIsNotWrittenOver(t *testing.T) {
	v, _, p, _ := linked(t)
	v.event("Budget")
	for _, etag := range []string{"", `W/"1"`} {
		answer := func(w http.ResponseWriter, r *http.Request) bool {
			if etag != "" {
				w.Header().Set("ETag", etag)
			}
			fmt.Fprint(w, object("a", "SUMMARY:Budget", "DTSTART:20261124T130000Z"))
			return true
		}
		p.before.Store(&answer)
		v.get(strings.TrimSuffix(v.path, "/edit")+"/edit").want(http.StatusForbidden, "ne dit pas quelle version")
	}
}

func TestNothingIsDeletedThereWithoutItsVersion(t *testing.T) {
	_, s, _, base := linked(t)
	_, feeds := titles(t, s, claire)
	known, err := s.Open(t.Context(), claire, feeds[0].Instances[0].Event, paris, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, etag := range []string{"", "W/" + known.ETag} {
		known.ETag = etag
		if err := s.Delete(t.Context(), claire, known); !errors.Is(err, portal.ErrDenied) || len(stored(t, base)) != 3 {
			t.Errorf("%q: %v, and %d objects are left", etag, err, len(stored(t, base)))
		}
	}
}

// What a second try finds there may be of somebody else: it isn't written over without its version, nor told
// as saved.
func TestASecondTryWithoutVersionIsNotToldAsSaved(t *testing.T) {
	v, _, p, base := linked(t)
	v.get("/calendar/new?date=2026-11-26")
	lost := func(_ http.ResponseWriter, r *http.Request) bool {
		octets, _ := io.ReadAll(r.Body)
		send(t, r.Method, base+r.URL.Path, string(octets))
		panic(http.ErrAbortHandler)
	}
	p.before.Store(&lost)
	v.save("title", "Tapé", "calendar", v.option("Nuage – Réunions")).want(503)
	versionless := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != "GET" {
			return false
		}
		fmt.Fprint(w, object("x", "SUMMARY:Tapé", "DTSTART:20261126T130000Z"))
		return true
	}
	p.before.Store(&versionless)
	v.save("title", "Tapé deux fois").want(http.StatusForbidden, "ne dit pas quelle version", `value="Tapé deux fois"`)
}

// Who closes the page while a series is cut in two leaves no half of it.
func TestWhoLeavesWhileItIsSavedLeavesNoHalf(t *testing.T) {
	v, s, p, base := linked(t)
	v.event("Point hebdo").follow("Modifier")
	ctx, leave := context.WithCancel(t.Context())
	made, done := false, make(chan struct{})
	answer := func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Method != "PUT":
		case !made:
			made = true
			leave()
			time.Sleep(200 * time.Millisecond) // until our server knows
		default:
			octets, _ := io.ReadAll(r.Body)
			send(t, r.Method, base+r.URL.Path, string(octets))
			w.Header().Set("ETag", `"2"`)
			close(done)
			return true
		}
		return false
	}
	p.before.Store(&answer)
	fields := v.filled(strings.TrimSuffix(v.path, "/edit"))
	fields.Set("scope", "following")
	fields.Set("title", "Point nouveau")
	req, err := http.NewRequestWithContext(ctx, "POST", v.base+strings.TrimSuffix(v.path, "/edit"), strings.NewReader(fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if resp, err := v.client.Do(req); err == nil {
		resp.Body.Close()
		t.Fatal("the browser stayed")
	}
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal("the series that was is not ended")
	}
	want := append([]string{"24 09:00 Point nouveau"}, week[1:]...)
	var got []string
	for range 50 {
		if got, _ = titles(t, s, claire); cmp.Equal(got, want) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%q, want %q", got, want)
}

func TestPathsLeadToTheServerOfTheAccount(t *testing.T) {
	for href, want := range map[string]string{
		"/c/a.ics": "https://nuage.example:8443/c/a.ics", "/c/a%2Fb%20%C3%A9.ics": "https://nuage.example:8443/c/a%2Fb%20%C3%A9.ics", "/c/é@x.ics": "https://nuage.example:8443/c/%C3%A9@x.ics",
		"https://voleur.example/c/a.ics": "https://nuage.example:8443/c/a.ics", "//voleur.example/c": "https://nuage.example:8443/c", "/c/a.ics?x=1#y": "https://nuage.example:8443/c/a.ics",
	} {
		if got, err := at("https://nuage.example:8443/dav/", objectPath(href)); err != nil || got != want {
			t.Errorf("%q leads to %q, want %q, %v", href, got, want, err)
		}
	}
	for _, href := range []string{"", "a.ics", "%zz", "mailto:x@y"} {
		if got := objectPath(href); got != "" {
			t.Errorf("%q is the path %q", href, got)
		}
	}
}

func TestPrivilegesAreReadOneByOne(t *testing.T) {
	for privileges, want := range map[string]bool{
		"read": false, "read,write-content": false, "bind": false, "write-content,bind": true, "write": true, "all": true, "": false, "write-properties,unbind": false,
	} {
		if got := mayWrite(strings.Split(privileges, ",")); got != want {
			t.Errorf("mayWrite(%s) = %v, want %v", privileges, got, want)
		}
	}
	answers, err := readAnswers(strings.NewReader(`<d:multistatus xmlns:d="DAV:" xmlns:x="urn:x"><d:response><d:href>/c/</d:href><d:propstat><d:prop>
		<d:owner><d:href>/claire/</d:href></d:owner><d:current-user-privilege-set><d:privilege><d:read/></d:privilege><d:privilege><x:write/></d:privilege></d:current-user-privilege-set>
		</d:prop></d:propstat></d:response></d:multistatus>`))
	if err != nil || len(answers) != 1 || answers[0].href != "/c/" || !cmp.Equal(answers[0].privileges, []string{"read"}) {
		t.Errorf("%+v, %v", answers, err)
	}
}

func TestThePagesOfWritingAreValidHTML(t *testing.T) {
	validator := servers.HTMLValidator(t)
	v, _, p, base := linked(t)
	check := func(name string) {
		faults, err := validator.Check(context.Background(), []byte(v.page))
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults {
			t.Errorf("%s: %s", name, fault)
		}
	}
	v.event("Point hebdo")
	page := v.path
	check("event")
	v.get(page + "/delete").want(http.StatusOK)
	check("deletion of a series")
	v.get(page + "/edit").want(http.StatusOK)
	check("form")
	send(t, "PUT", base+"/claire/reunions/b.ics", object("b", "SUMMARY:<b>", "DTSTART;TZID=Europe/Paris:20261020T100000", "RRULE:FREQ=WEEKLY;BYDAY=TU"))
	v.save("title", `"><script>`)
	check("what changed meanwhile")
	v.event("Budget").follow("Supprimer")
	check("deletion")
	p.mode.Store("gone")
	v.send(v.path).want(503)
	check("a server that is gone")
	v.get("/calendar/new").save("title", "Tapé", "calendar", v.option("Nuage – Réunions")).want(503)
	check("a new event kept")
}
