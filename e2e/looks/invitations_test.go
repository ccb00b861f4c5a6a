package looks_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/e2e/browser"
	"parvis/server/servertest"
)

// TestInvitationsAreForEveryone judges what who is invited sees: colleagues in their agenda, others by
// the link of their letter.
func TestInvitationsAreForEveryone(t *testing.T) {
	p := servertest.NewSending(t)
	organizer, asked := p.Caller("admin@bourg.example", "bourg"), p.Caller("redaction@bourg.example", "bourg")
	start := time.Now().UTC().AddDate(0, 0, 2).Truncate(time.Hour).Format("20060102T150405Z")
	text := strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//FR", "BEGIN:VEVENT", "UID:budget", "DTSTAMP:20261101T000000Z", "DTSTART:" + start, "DURATION:PT1H",
		"SUMMARY:Débat d’orientation budgétaire", "LOCATION:Salle du conseil", "DESCRIPTION:Les investissements de 2027 et la dette.",
		"ORGANIZER;CN=Hélène Garnier:mailto:admin@bourg.example", "ATTENDEE;CN=Hélène Garnier;PARTSTAT=ACCEPTED:mailto:admin@bourg.example",
		"ATTENDEE;CN=Claire Morel;PARTSTAT=NEEDS-ACTION:mailto:redaction@bourg.example",
		"ATTENDEE;CN=Anne Roy;ROLE=OPT-PARTICIPANT;PARTSTAT=TENTATIVE:mailto:collegue@agglo.example",
		"ATTENDEE;CN=Jean Petit;PARTSTAT=NEEDS-ACTION:mailto:jean@ailleurs.example", "END:VEVENT", "END:VCALENDAR", "",
	}, "\r\n")
	if _, err := p.Calendar.Put(t.Context(), organizer, calendar.CalendarID(organizer.Agent), "budget.ics", []byte(text), calendar.Condition{}); err != nil {
		t.Fatal(err)
	}
	letter := strings.ReplaceAll(p.Received("jean@ailleurs.example", 1), "=\r\n", "")
	var event string
	err := p.DB.QueryRow(t.Context(), `
		SELECT o.id FROM calendar_objects o JOIN calendars c ON c.collectivity = o.collectivity AND c.id = o.calendar
		WHERE o.collectivity = 'bourg' AND c.owner = $1`, string(asked.Agent)).Scan(&event)
	if err != nil {
		t.Fatal(err)
	}
	page := browser.New(t)
	for _, dark := range []bool{false, true} {
		page.Judge(t, p.URL+regexp.MustCompile(`/invitations/[\w-]+`).FindString(letter), dark)
	}
	page.SignIn(p.URL, "redaction@bourg.example", servertest.Password)
	for _, dark := range []bool{false, true} {
		page.Judge(t, p.URL+"/calendar/events/"+event, dark)
		page.Judge(t, p.URL+"/todo", dark)
	}
}

// TestInvitingIsForEveryone judges the form of an event with guests, and the page that finds them a time,
// as who invites without JavaScript meets them.
func TestInvitingIsForEveryone(t *testing.T) {
	p := servertest.New(t)
	page := browser.New(t)
	page.SignIn(p.URL, "admin@bourg.example", servertest.Password)
	page.NoJavaScript()
	page.Open(p.URL + "/calendar/new")
	page.Fill("#title", "Débat d’orientation budgétaire")
	page.Fill("#q", "Camille")
	page.Follow("button[value=find]")
	page.JudgeAsItStands(t)
	page.Follow("button[name=in]")
	page.Fill("#addresses", "Jean Petit <jean@ailleurs.example>; nobody")
	page.Follow("button[value=addresses]")
	page.MustSee("nobody")
	page.JudgeAsItStands(t)
	page.Fill("#addresses", "")
	page.Follow("button[value=times]")
	for _, dark := range []bool{false, true} {
		page.Scheme(dark)
		page.JudgeAsItStands(t)
	}
	page.Follow("button[name=slot]")
	page.MustSee("Camille")
	page.Focus("#title")
	page.PressAndFollow("Enter")
	page.MustSee("Jean Petit")
	page.MustSee("l’envoi de courriels n’est pas réglé")
	page.JudgeAsItStands(t)
}
