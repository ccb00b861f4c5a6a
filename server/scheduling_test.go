package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/portal"
	"parvis/server/servertest"
)

// toAnswer is an invitation in the author's agenda.
func (e *estate) toAnswer() string {
	e.t.Helper()
	organizer, uid := e.Caller(e.colleague, e.id), portal.NewID()
	_, err := e.Calendar.Put(e.t.Context(), organizer, calendar.CalendarID(organizer.Agent), uid+".ics",
		invitationText(uid, e.text(e.own), "mailto:"+e.colleague, "mailto:"+e.author), calendar.Condition{})
	e.must(err)
	var id string
	e.must(e.DB.QueryRow(e.t.Context(), `
		SELECT o.id FROM calendar_objects o JOIN calendars c ON c.collectivity = o.collectivity AND c.id = o.calendar
		WHERE o.collectivity = $1 AND c.owner = $2 AND o.uid = $3`, string(e.id), string(e.caller.Agent), uid).Scan(&id))
	return id
}

// invitationText is an event in an hour, to which an organizer invites.
func invitationText(uid, title, organizer string, attendees ...string) []byte {
	start := time.Now().UTC().Add(time.Hour).Truncate(time.Minute)
	lines := []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//FR", "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20261101T000000Z",
		"DTSTART:" + start.Format("20060102T150405Z"), "DTEND:" + start.Add(time.Hour).Format("20060102T150405Z"),
		"SUMMARY:" + title, "LOCATION:Salle du conseil", "ORGANIZER:" + organizer, "ATTENDEE;PARTSTAT=ACCEPTED:" + organizer,
	}
	for _, attendee := range attendees {
		lines = append(lines, "ATTENDEE;CN=Jean;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:"+attendee)
	}
	return []byte(strings.Join(append(lines, "END:VEVENT", "END:VCALENDAR", ""), "\r\n"))
}

// diary is a person's agenda on her phone.
type diary struct {
	phone
	t    *testing.T
	home string
}

func diaryOf(p *servertest.Portal, t *testing.T, login string, in portal.CollectivityID) diary {
	caller := p.Caller(login, in)
	return diary{newPhone(p.Anonymous(), login, p.AppPassword(login, in)), t, "/dav/calendars/" + string(caller.Agent) + "/"}
}

func (d diary) put(text []byte, name string) servertest.Answer {
	d.t.Helper()
	return d.ask("PUT", d.home+"personal/"+name, string(text), "Content-Type", "text/calendar")
}

func (d diary) get(path string) string {
	d.t.Helper()
	return strings.ReplaceAll(d.ask("GET", d.home+path, "").Want(d.t, http.StatusOK).Body, "\r\n ", "")
}

func (d diary) lists(path string) []string {
	d.t.Helper()
	body := d.ask("PROPFIND", d.home+path, "", "Depth", "1").Want(d.t, http.StatusMultiStatus).Body
	var names []string
	for _, href := range regexp.MustCompile(`<D:href>([^<]+\.ics)</D:href>`).FindAllStringSubmatch(body, -1) {
		names = append(names, strings.TrimPrefix(href[1], d.home))
	}
	return names
}

func (d diary) has(path, text string) {
	d.t.Helper()
	if got := d.get(path); !strings.Contains(got, text) {
		d.t.Errorf("%s lacks %q:\n%s", path, text, got)
	}
}

// Three people in two collectivities, and one who has no agenda here, whom a real letter
// reaches.
func TestAMeetingAcrossCollectivities(t *testing.T) {
	p := servertest.NewSending(t)
	here := diaryOf(p, t, "admin@bourg.example", "bourg")
	beside := diaryOf(p, t, "collegue@bourg.example", "bourg")
	there := diaryOf(p, t, "collegue@agglo.example", "agglo")
	answer := here.put(invitationText("budget", "Budget", "mailto:admin@bourg.example", "mailto:collegue@bourg.example", "mailto:collegue@agglo.example", "mailto:jean@ailleurs.example"), "budget.ics").
		Want(t, http.StatusCreated)
	if answer.Header.Get("ETag") != "" || answer.Header.Get("Schedule-Tag") == "" {
		t.Errorf("ETag %q, Schedule-Tag %q: what is stored is not what came", answer.Header.Get("ETag"), answer.Header.Get("Schedule-Tag"))
	}
	there.has("personal/budget.ics", "SUMMARY:Budget")
	if inbox := there.lists("inbox/"); len(inbox) != 1 {
		t.Fatalf("the inbox of agglo: %v", inbox)
	} else {
		there.has(inbox[0], "METHOD:REQUEST")
		there.ask("DELETE", there.home+inbox[0], "").Want(t, http.StatusNoContent)
	}

	accepted := strings.Replace(there.get("personal/budget.ics"), "ATTENDEE;CN=Jean;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:collegue@agglo", "ATTENDEE;CN=Jean;PARTSTAT=ACCEPTED:mailto:collegue@agglo", 1)
	there.put([]byte(accepted), "budget.ics").Want(t, http.StatusNoContent)
	here.has("personal/budget.ics", "PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:collegue@agglo.example")
	beside.has("personal/budget.ics", "PARTSTAT=ACCEPTED:mailto:collegue@agglo.example")

	letter := p.Received("jean@ailleurs.example", 1)
	for _, part := range []string{"Reply-To: <admin@bourg.example>", "text/calendar; method=REQUEST", "METHOD:REQUEST", "invitation.ics"} {
		if !strings.Contains(letter, part) {
			t.Errorf("the letter lacks %q:\n%s", part, letter)
		}
	}
	link := regexp.MustCompile(`/invitations/[\w-]+`).FindString(strings.ReplaceAll(letter, "=\r\n", ""))
	jean := p.Anonymous()
	if page := jean.Get(link).Want(t, http.StatusOK); !strings.Contains(page.Body, "Budget") || !strings.Contains(page.Body, "Salle du conseil") || page.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the page of the link: %v\n%s", page.Header, page.Body)
	}
	jean.Post(link, "answer", "perhaps").Want(t, http.StatusUnprocessableEntity)
	jean.Post(link, "answer", "declined").Want(t, http.StatusSeeOther)
	here.has("personal/budget.ics", "PARTSTAT=DECLINED;SCHEDULE-STATUS=2.0:mailto:jean@ailleurs.example")
	if page := jean.Get(link).Want(t, http.StatusOK).Body; !strings.Contains(page, "Votre réponse\u00a0: non.") {
		t.Errorf("what was answered is not shown:\n%s", page)
	}

	here.ask("DELETE", here.home+"personal/budget.ics", "").Want(t, http.StatusNoContent)
	there.has("personal/budget.ics", "STATUS:CANCELLED")
	if letter := p.Received("jean@ailleurs.example", 2); !strings.Contains(letter, "method=CANCEL") {
		t.Errorf("the second letter:\n%s", letter)
	}
	jean.Get(link).Want(t, http.StatusNotFound)
	jean.Post(link, "answer", "accepted").Want(t, http.StatusNotFound)
}

// An invitation waits in the inbox of who is asked until she answers, on her page as on her phone.
func TestAnInvitationWaitsForItsAnswer(t *testing.T) {
	p := servertest.New(t)
	here, she := diaryOf(p, t, "admin@bourg.example", "bourg"), p.As("collegue@bourg.example")
	if page := she.Get("/todo").Want(t, http.StatusOK).Body; strings.Contains(page, "Conseil") {
		t.Errorf("it waits already:\n%s", page)
	}
	here.put(invitationText("conseil", "Conseil", "mailto:admin@bourg.example", "mailto:collegue@bourg.example"), "conseil.ics").Want(t, http.StatusCreated)
	page := she.Get("/todo").Want(t, http.StatusOK).Body
	link := regexp.MustCompile(`/calendar/events/[a-z0-9]+`).FindString(page)
	if !strings.Contains(page, "Conseil") || link == "" {
		t.Fatalf("it does not wait:\n%s", page)
	}
	if event := she.Get(link).Want(t, http.StatusOK).Body; !strings.Contains(event, "Serez-vous là") {
		t.Errorf("she is not asked:\n%s", event)
	}
	she.Post(link, "title", "Conseil", "start", time.Now().AddDate(0, 0, 9).Format("2006-01-02"), "start-time", "10:00").Want(t, http.StatusForbidden)
	she.Post(link+"/answer", "answer", "never").Want(t, http.StatusUnprocessableEntity)
	she.Post(link+"/answer", "answer", "tentative").Want(t, http.StatusSeeOther)
	here.has("personal/conseil.ics", "PARTSTAT=TENTATIVE;SCHEDULE-STATUS=2.0:mailto:collegue@bourg.example")
	if page := she.Get("/todo").Want(t, http.StatusOK).Body; strings.Contains(page, link) {
		t.Errorf("it still waits:\n%s", page)
	}
}

// Who writes an address of others on her card neither gets what is sent to them nor speaks for
// them.
func TestAnAddressOnACardIsNoOthers(t *testing.T) {
	p := servertest.New(t)
	thief := p.Caller("collegue@agglo.example", "agglo")
	if err := p.DB.Write(t.Context(), `UPDATE agents SET email = 'Redaction@bourg.example' WHERE collectivity = 'agglo' AND id = $1`, string(thief.Agent)); err != nil {
		t.Fatal(err)
	}
	here, there, victim := diaryOf(p, t, "admin@agglo.example", "agglo"), diaryOf(p, t, "collegue@agglo.example", "agglo"), diaryOf(p, t, "redaction@bourg.example", "bourg")
	here.put(invitationText("secret", "Secret", "mailto:admin@agglo.example", "mailto:redaction@bourg.example"), "secret.ics").Want(t, http.StatusCreated)
	victim.has("personal/secret.ics", "SUMMARY:Secret")
	if got := there.lists("personal/"); len(got) != 0 {
		t.Errorf("she who bears her address has %v", got)
	}
	// Nor does an address of nobody's domain, on a card of one collectivity, draw what the others send.
	if err := p.DB.Write(t.Context(), `UPDATE agents SET email = 'jean@ailleurs.example' WHERE collectivity = 'agglo' AND id = $1`, string(thief.Agent)); err != nil {
		t.Fatal(err)
	}
	victim.put(invitationText("letter", "Courrier", "mailto:redaction@bourg.example", "mailto:jean@ailleurs.example"), "letter.ics").Want(t, http.StatusCreated)
	if got := there.lists("personal/"); len(got) != 0 {
		t.Errorf("she who bears an address of elsewhere has %v", got)
	}
	if err := p.DB.Write(t.Context(), `UPDATE agents SET email = 'redaction@bourg.example' WHERE collectivity = 'agglo' AND id = $1`, string(thief.Agent)); err != nil {
		t.Fatal(err)
	}
	there.put(invitationText("false", "Faux", "mailto:redaction@bourg.example", "mailto:admin@agglo.example"), "false.ics").Want(t, http.StatusCreated)
	if got := here.lists("inbox/"); len(got) != 0 {
		t.Errorf("an invitation in another's name: %v", got)
	}
}

// Colleagues tell each other when they are taken, and nothing of what for; of others nothing is
// said.
func TestWhenColleaguesAreFree(t *testing.T) {
	p := servertest.New(t)
	here, beside, there := diaryOf(p, t, "admin@bourg.example", "bourg"), diaryOf(p, t, "collegue@bourg.example", "bourg"), diaryOf(p, t, "collegue@agglo.example", "agglo")
	for _, d := range []diary{beside, there} {
		d.put(invitationText("taken", "Rendez-vous secret", "mailto:x@ailleurs.example"), "taken.ics").Want(t, http.StatusCreated)
	}
	now := time.Now().UTC()
	ask := func(organizer string) servertest.Answer {
		return here.ask("POST", here.home+"outbox/", strings.Join([]string{
			"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "METHOD:REQUEST", "BEGIN:VFREEBUSY", "UID:q", "DTSTAMP:20261101T000000Z",
			"DTSTART:" + now.Format("20060102T150405Z"), "DTEND:" + now.Add(24*time.Hour).Format("20060102T150405Z"), "ORGANIZER:mailto:" + organizer,
			"ATTENDEE:mailto:collegue@bourg.example", "ATTENDEE:mailto:collegue@agglo.example", "ATTENDEE:mailto:nobody@bourg.example",
			"END:VFREEBUSY", "END:VCALENDAR", "",
		}, "\r\n"), "Content-Type", "text/calendar")
	}
	body := ask("admin@bourg.example").Want(t, http.StatusOK).Body
	start := now.Add(time.Hour).Truncate(time.Minute).Format("20060102T150405Z")
	if strings.Count(body, "<C:response>") != 3 || strings.Count(body, "2.0;Success") != 1 || strings.Count(body, "3.7;") != 2 ||
		!strings.Contains(body, "FREEBUSY;FBTYPE=BUSY:"+start) || strings.Contains(body, "secret") {
		t.Errorf("free and busy:\n%s", body)
	}
	if refused := ask("collegue@bourg.example").Want(t, http.StatusForbidden).Body; !strings.Contains(refused, "organizer-allowed") {
		t.Errorf("asked in another's name:\n%s", refused)
	}
}

// What is refused names the precondition of RFC 6638.
func TestRefusalsOfScheduling(t *testing.T) {
	p := servertest.New(t)
	here, beside := diaryOf(p, t, "admin@bourg.example", "bourg"), diaryOf(p, t, "collegue@bourg.example", "bourg")
	text := invitationText("budget", "Budget", "mailto:admin@bourg.example", "mailto:collegue@bourg.example")
	tag := here.put(text, "budget.ics").Want(t, http.StatusCreated).Header.Get("Schedule-Tag")
	moved := regexp.MustCompile(`DTSTART:\d{8}`).ReplaceAll(text, fmt.Appendf(nil, "DTSTART:%s", time.Now().AddDate(0, 0, -3).Format("20060102")))
	if got := beside.put(moved, "budget.ics").Want(t, http.StatusForbidden).Body; !strings.Contains(got, "allowed-attendee-scheduling-object-change") {
		t.Errorf("an attendee moves it:\n%s", got)
	}
	beside.ask("MKCALENDAR", beside.home+"projets/", "").Want(t, http.StatusCreated)
	if got := beside.ask("PUT", beside.home+"projets/copy.ics", string(text)).Want(t, http.StatusForbidden).Body; !strings.Contains(got, "unique-scheduling-object-resource") || !strings.Contains(got, url.PathEscape("personal")+"/budget.ics") {
		t.Errorf("a second copy:\n%s", got)
	}
	here.ask("PUT", here.home+"personal/budget.ics", string(text), "If-Schedule-Tag-Match", `"other"`).Want(t, http.StatusPreconditionFailed)
	here.ask("PUT", here.home+"personal/budget.ics", strings.Replace(string(text), "SUMMARY:Budget", "SUMMARY:Budget 2027", 1), "If-Schedule-Tag-Match", tag).Want(t, http.StatusNoContent)
	beside.ask("MKCALENDAR", beside.home+"inbox/", "").Want(t, http.StatusMethodNotAllowed)
	beside.ask("DELETE", beside.home+"outbox/", "").Want(t, http.StatusMethodNotAllowed)
	beside.ask("PUT", beside.home+"inbox/x.ics", string(text)).Want(t, http.StatusMethodNotAllowed)
}

// The demonstration invites: what waits, what was answered, and an agenda in other hands.
func TestTheDemonstrationInvites(t *testing.T) {
	she := servertest.Demo(t).As("agent@bourg.example")
	she.Get("/todo").Want(t, http.StatusOK, "Guichets en 2027", "Hélène Dubreuil")
	list := she.Get("/calendar?view=list").Want(t, http.StatusOK, "Columbarium", "Permanence").Body
	event := regexp.MustCompile(`href="(/calendar/events/[^"]+)"><span[^>]*></span>Columbarium`).FindStringSubmatch(list)
	if event == nil {
		t.Fatalf("the meeting leads nowhere:\n%s", list)
	}
	she.Get(event[1]).Want(t, http.StatusOK, "Aïssatou N’Diaye", "Marbrerie Pellerin", "1 oui, 1 non, 2 sans réponse")
	she.Get("/calendar/delegates").Want(t, http.StatusOK, "Aïssatou N’Diaye")
}
