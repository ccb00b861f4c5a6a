package looks_test

import (
	"strings"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/e2e/browser"
	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso"
)

// TestDevicesAreForEveryone connects a telephone, and judges what its person sees of it: the picture,
// the page that it leads to, and her account when something did not get through.
func TestDevicesAreForEveryone(t *testing.T) {
	p := servertest.New(t)
	she := p.Caller("redaction@bourg.example", "bourg")
	password := p.AppPassword("redaction@bourg.example", "bourg")
	id, _, _ := strings.Cut(password, "-")
	for _, did := range []sso.Synced{
		{Feature: portal.ScopeContacts, Agent: "DAVx5/4.4", Path: "/dav/contacts/"},
		{Feature: portal.ScopeCalendar, Agent: "DAVx5/4.4", Path: "/dav/calendars/x/" + calendar.PersonalSlug + "/a.ics", Writes: true, Trouble: "read-only", Subject: "Réunion de la commission des finances"},
	} {
		did.Collectivity, did.Password = she.Collectivity, id
		if err := p.SSO.Syncs.Note(t.Context(), did); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().AddDate(0, 0, -12).UnixMilli()
	if _, err := p.SSO.AppPasswords.Create(t.Context(), she, sso.AppPassword{Name: "Ancien téléphone", Scopes: portal.Scopes{portal.ScopeCalendar}}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.DB.Exec(t.Context(), `UPDATE app_passwords SET created = $1, used = $1 WHERE name = 'Ancien téléphone'`, old); err != nil {
		t.Fatal(err)
	}
	page := browser.New(t)
	page.SignIn(p.URL, "redaction@bourg.example", servertest.Password)
	page.Open(p.URL + "/account")
	page.MustSee("Réunion de la commission des finances")
	page.MustSee("Ne se synchronise plus")
	page.Click("#connect summary") // how to connect an iPhone
	page.JudgeAndKeep(t, "devices")
	page.Fill("#name", "Téléphone de Claire")
	page.Follow("form[action='/account/app-passwords'] button.main")
	page.JudgeAndKeep(t, "device-new")
	page.Follow(".alert.good a[href^='/phone/']")
	page.JudgeAndKeep(t, "device-phone")
}
