package e2e_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/e2e/browser"
	"parvis/portal"
	"parvis/server"
	"parvis/server/servertest"
)

// foreign is a series as another program wrote it.
var foreign = strings.Join([]string{
	"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Autre//Agenda//FR", "X-WR-CALNAME:Équipe",
	"BEGIN:VTIMEZONE", "TZID:/autre.example/Europe/Paris", "BEGIN:STANDARD", "DTSTART:19701025T030000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100",
	"RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "X-ZONE;X-P=\"a:b\":v", "END:STANDARD", "END:VTIMEZONE",
	"BEGIN:VEVENT", "UID:z", "DTSTAMP:20261101T000000Z", "SUMMARY;LANGUAGE=fr:Atelier", "DTSTART;TZID=/autre.example/Europe/Paris:%sT110000", "DURATION:PT1H",
	"RRULE:FREQ=DAILY;COUNT=8", "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-ADDRESS=\"1, rue é; Bourg\":geo:48.85,2.35", "X-MOZ-SEND:vrai\\, oui",
	"X-LONG:" + strings.Repeat("é", 200), "COLOR:tomato", "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER;X-T=1:-PT15M", "DESCRIPTION:Rappel", "X-EVOLUTION-ALARM-UID:42", "END:VALARM",
	"END:VEVENT", "END:VCALENDAR", "",
}, "\r\n")

// etagField is the version of which a form was opened.
var etagField = regexp.MustCompile(`name="etag" value="([^"]*)"`)

// TestAnAgendaBehindOurOwnDoorIsWrittenFromOurPages as one of any other server: what it keeps of a foreign series is kept to the letter.
func TestAnAgendaBehindOurOwnDoorIsWrittenFromOurPages(t *testing.T) {
	here := servertest.NewWith(t, func(c *server.Config) { c.Calendar.AllowInside = true })
	here.Remote.AllowPlain = true
	there := here // by its own door, in another collectivity
	ctx, lea, camille := t.Context(), there.Caller("agent@agglo.example", "agglo"), here.Caller("agent@bourg.example", "bourg")
	luc := there.Caller("collegue@agglo.example", "agglo")
	day := time.Now().AddDate(0, 0, 1)
	octets := strings.Replace(foreign, "%s", day.Format("20060102"), 1)
	if _, err := there.Calendar.Put(ctx, lea, calendar.CalendarID(lea.Agent), "z.ics", []byte(octets), calendar.Condition{}); err != nil {
		t.Fatal(err)
	}
	// Luc lets Léa read his agenda: from here it is read too, and no more.
	if _, err := there.Calendar.CreateEvent(ctx, luc, calendar.Draft{Calendar: calendar.CalendarID(luc.Agent), Title: "Chez Luc", Start: day}); err != nil {
		t.Fatal(err)
	}
	share := calendar.Share{Calendar: calendar.CalendarID(luc.Agent), To: portal.Subject{Kind: portal.TheAgent, ID: string(lea.Agent)}, Level: calendar.LevelRead}
	if _, err := there.Calendar.Share(ctx, luc, share, ""); err != nil {
		t.Fatal(err)
	}

	client := here.As("agent@bourg.example")
	client.Post("/calendar/remote", "url", there.URL, "login", "agent@agglo.example", "password", there.AppPassword("agent@agglo.example", "agglo"), "name", "Agglo").Want(t, 303)
	all, err := here.Remote.Abroad(ctx, camille)
	if err != nil || len(all) < 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	var hers, his calendar.Foreign
	for _, one := range all {
		if one.Writable {
			hers = one
		} else if strings.Contains(one.Name, "Luc") {
			his = one
		}
	}
	form := client.Get("/calendar/new").Want(t, 200, hers.Name).Body
	if hers.ID == "" || his.ID == "" || strings.Contains(form, string(his.ID)) {
		t.Fatalf("offered: %+v", all)
	}
	client.Post("/calendar/events", "calendar", string(his.ID), "title", "Forcé", "start", day.Format(time.DateOnly), "start-time", "09:00").Want(t, 403, "Forcé")

	// One date of the series, and all that is not said of it.
	edit := instanceOf(t, here, camille, "Atelier", day.AddDate(0, 0, 2))
	page := client.Get(edit+"/edit").Want(t, 200, "Atelier").Body
	at := regexp.MustCompile(`name="at" value="([^"]*)"`).FindStringSubmatch(page)
	version := etagField.FindStringSubmatch(page)
	if at == nil || version == nil {
		t.Fatalf("the form names no date:\n%s", page)
	}
	date := day.AddDate(0, 0, 2).Format(time.DateOnly)
	answer := client.Post(edit, "etag", strings.ReplaceAll(version[1], "&#34;", `"`), "at", at[1], "scope", "one", "repeat", "otherwise", "title", "Atelier dehors",
		"start", date, "start-time", "15:00", "end", date, "end-time", "16:00").Want(t, 303)
	client.Get(answer.Header.Get("Location")).Want(t, 200, "Atelier dehors", "15")
	entry, err := there.Calendar.Entry(ctx, lea, calendar.CalendarID(lea.Agent), "z.ics")
	if err != nil {
		t.Fatal(err)
	}
	after := strings.Split(string(entry.UnfoldedText()), "\r\n")
	for line := range strings.SplitSeq(octets, "\r\n") {
		if line != "" && !slices.Contains(after, line) {
			t.Errorf("%.80q is lost", line)
		}
	}
	if n := strings.Count(string(entry.Octets), "BEGIN:VEVENT"); n != 2 || !slices.Contains(after, "SUMMARY:Atelier dehors") {
		t.Errorf("%d components:\n%s", n, entry.Octets)
	}

	// A new one, which is there at once, and its deletion.
	answer = client.Post("/calendar/events", "calendar", string(hers.ID), "title", "Point commun", "start", date, "start-time", "09:00").Want(t, 303)
	made := answer.Header.Get("Location")
	client.Get(made).Want(t, 200, "Point commun", "Agglo")
	found, err := there.Calendar.Instances(ctx, lea, day, day.AddDate(0, 0, 7), calendar.CalendarID(lea.Agent))
	if err != nil || !slices.ContainsFunc(found, func(in calendar.Instance) bool { return in.Title == "Point commun" }) {
		t.Errorf("it is not there: %+v, %v", found, err)
	}
	look := browser.New(t)
	look.SignIn(here.URL, "agent@bourg.example", servertest.Password)
	for _, path := range []string{made, made + "/edit", made + "/delete", edit + "/edit"} {
		look.Judge(t, here.URL+path, false)
	}
	version = etagField.FindStringSubmatch(client.Get(made+"/delete").Want(t, 200, "Point commun").Body)
	client.Post(made+"/delete", "etag", strings.ReplaceAll(version[1], "&#34;", `"`)).Want(t, 303)
	client.Get(made).Want(t, 404)

	// A password that is withdrawn there is told, and what was typed stays.
	passwords, err := there.SSO.AppPasswords.List(ctx, lea)
	if err != nil || len(passwords) != 1 {
		t.Fatal(passwords, err)
	}
	if err := there.SSO.AppPasswords.Revoke(ctx, lea, passwords[0].ID); err != nil {
		t.Fatal(err)
	}
	client.Post("/calendar/events", "calendar", string(hers.ID), "title", "Trop tard", "start", date, "start-time", "09:00").Want(t, 403, "Trop tard", "refuse votre identifiant")
	client.Get("/calendar/remote").Want(t, 200, "Ce serveur refuse cet identifiant")
}

// instanceOf is the page of what an agent keeps elsewhere on a day.
func instanceOf(t *testing.T, p *servertest.Portal, caller portal.Caller, title string, day time.Time) string {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	feeds, err := p.Remote.Feeds(t.Context(), caller, day.AddDate(0, 0, -7).In(paris), day.AddDate(0, 0, 7))
	if err != nil {
		t.Fatal(err)
	}
	for _, feed := range feeds {
		for _, in := range feed.Instances {
			if in.Title == title && in.Start.Format(time.DateOnly) == day.In(paris).Format(time.DateOnly) {
				return feed.Path + url.PathEscape(string(in.Event))
			}
		}
	}
	t.Fatalf("%q is not shown on %v: %+v", title, day, feeds)
	return ""
}
