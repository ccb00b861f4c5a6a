package server_test

import (
	"bytes"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"parvis/calendar"
	"parvis/dav"
	"parvis/portal"
	"parvis/server/servertest"
)

// newDevice makes an app password on the page, and returns it with the link for the telephone.
func newDevice(t *testing.T, browser *servertest.Client, fields ...string) (password, link string) {
	t.Helper()
	page := browser.Post("/account/app-passwords", append([]string{"name", "Mobile de Camille"}, fields...)...).Want(t, http.StatusCreated).Body
	password = regexp.MustCompile(`<code class="secret">([^<]+)<`).FindStringSubmatch(page)[1]
	return password, regexp.MustCompile(`/phone/[\w-]+`).FindString(page)
}

// lacks says that a page does not show a text.
func lacks(t *testing.T, page, text string) {
	t.Helper()
	if strings.Contains(page, text) {
		t.Errorf("the page shows %q", text)
	}
}

func TestAPersonSeesHowHerDevicesFare(t *testing.T) {
	p := servertest.New(t)
	browser := p.As("agent@bourg.example")
	password, _ := newDevice(t, browser, "scope", "calendar", "scope", "contacts:read")
	device := newPhone(p.Anonymous(), "agent@bourg.example", password)
	put := func(path, summary string) servertest.Answer {
		return device.ask("PUT", path, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//FR\r\nBEGIN:VEVENT\r\nUID:one\r\nDTSTAMP:20260101T000000Z\r\n"+
			"DTSTART:20260105T090000Z\r\nDTEND:20260105T100000Z\r\nSUMMARY:"+summary+"\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "User-Agent", "DAVx5/4.4", "Content-Type", "text/calendar")
	}
	home := "/dav/calendars/" + string(p.Caller("agent@bourg.example", "bourg").Agent) + "/" + calendar.PersonalSlug + "/"
	if answer := put(home+"one.ics", "Budget"); answer.Status != http.StatusCreated {
		t.Fatal(answer.Status, answer.Body)
	}
	lacks(t, browser.Get("/account").Want(t, http.StatusOK, "DAVx⁵", "synchronisé").Body, "pas été enregistré")
	if answer := put(home+"two.ics", "Budget &amp; fêtes"); answer.Status != http.StatusForbidden {
		t.Fatal(answer.Status)
	}
	account := browser.Get("/account").Want(t, http.StatusOK, "Budget &amp;amp; fêtes", "pas été enregistré", "Le même y est déjà", "Un changement n’est pas passé")
	lacks(t, p.As("admin@bourg.example").Get("/account").Want(t, http.StatusOK).Body, "fêtes")
	settle := regexp.MustCompile(`/account/app-passwords/\w+/settle`).FindString(account.Body)
	p.As("admin@bourg.example").Post(settle).Want(t, http.StatusNotFound)
	browser.Get("/account").Want(t, http.StatusOK, "pas été enregistré")
	browser.Post(settle).Want(t, http.StatusSeeOther)
	lacks(t, browser.Get("/account").Want(t, http.StatusOK).Body, "pas été enregistré")

	put(home+"two.ics", "Budget")
	browser.Get("/account").Want(t, http.StatusOK, "pas été enregistré")
	device.ask("DELETE", home+"one.ics", "")
	if answer := put(home+"two.ics", "Budget"); answer.Status != http.StatusCreated {
		t.Fatal(answer.Status)
	}
	lacks(t, browser.Get("/account").Want(t, http.StatusOK).Body, "pas été enregistré")

	contacts := strings.Replace(home, "/calendars/", "/contacts/", 1)
	device.ask("PUT", contacts+"a.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Zoé\r\nUID:z\r\nEND:VCARD\r\n")
	browser.Get("/account").Want(t, http.StatusOK, "Ce mot de passe ne permet pas")
}

// TestEveryTroubleHasItsWords reads a page for each: a key that is missing would show.
func TestEveryTroubleHasItsWords(t *testing.T) {
	p := servertest.New(t)
	browser := p.As("agent@bourg.example")
	newDevice(t, browser, "scope", "calendar")
	words := map[string]dav.Trouble{}
	for _, trouble := range dav.Troubles {
		_, err := p.DB.Exec(t.Context(), `DELETE FROM device_syncs`)
		if err == nil {
			_, err = p.DB.Exec(t.Context(), `
				INSERT INTO device_syncs (collectivity, password, feature, user_agent, succeeded, failed, trouble, subject, path)
				SELECT collectivity, id, 'calendar', '', 0, created, $1, 'Budget', '' FROM app_passwords`, string(trouble))
		}
		if err != nil {
			t.Fatal(err)
		}
		page := browser.Get("/account").Want(t, http.StatusOK).Body
		lacks(t, page, "sso.sync")
		said := regexp.MustCompile(`(?s)<strong>Mobile de Camille</strong>.*?</p>`).FindString(page)
		if other, again := words[said]; said == "" || again {
			t.Errorf("%s and %s: %q", trouble, other, said)
		}
		words[said] = trouble
	}
}

func TestATelephoneFollowsThePicture(t *testing.T) {
	p := servertest.New(t)
	browser := p.As("agent@bourg.example")
	password, link := newDevice(t, browser, "scope", "calendar", "scope", "contacts:read")
	stranger := p.Anonymous()
	page := stranger.Get(link).Want(t, http.StatusOK, password, "agent@bourg.example", "davx5://agent%40bourg.example:"+password+"@")
	if page.Header.Get("Referrer-Policy") != "no-referrer" || page.Header.Get("Cache-Control") != "no-store" {
		t.Error(page.Header)
	}
	profile := stranger.Get(link+"/parvis.mobileconfig").Want(t, http.StatusOK)
	if profile.Header.Get("Content-Type") != "application/x-apple-aspen-config" {
		t.Error(profile.Header)
	}
	// Python reads property lists as Apple does; vdirsyncer brings it.
	python := exec.Command("python3", "-c", `
import plistlib, sys
p = plistlib.loads(sys.stdin.buffer.read())
for c in [p] + p["PayloadContent"]:
	prefix = {"com.apple.caldav.account": "CalDAV", "com.apple.carddav.account": "CardDAV"}.get(c["PayloadType"])
	print(c["PayloadType"], c["PayloadVersion"], len(c["PayloadUUID"]), *([c[prefix + "Username"], c[prefix + "Password"], c[prefix + "HostName"], c[prefix + "UseSSL"]] if prefix else []))
`)
	python.Stdin = bytes.NewReader([]byte(profile.Body))
	read, err := python.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, read)
	}
	host := strings.Split(strings.TrimPrefix(p.URL, "http://"), ":")[0]
	rest := " 1 36 agent@bourg.example " + password + " " + host + " False\n"
	if want := "Configuration 1 36\ncom.apple.caldav.account" + rest + "com.apple.carddav.account" + rest; string(read) != want {
		t.Errorf("%s\nwant %s", read, want)
	}
	p.Suspend("bourg")
	stranger.Get(link+"/parvis.mobileconfig").Want(t, http.StatusNotFound)
	if err := p.Directory.Resume(t.Context(), portal.Caller{Rights: []portal.Right{portal.OperatePool}}, "bourg", ""); err != nil {
		t.Fatal(err)
	}
	browser = p.As("agent@bourg.example")
	stranger.Get(link).Want(t, http.StatusOK)
	revoke := regexp.MustCompile(`/account/app-passwords/\w+/revoke`).FindString(browser.Get("/account").Body)
	browser.Post(revoke).Want(t, http.StatusSeeOther)
	stranger.Get(link).Want(t, http.StatusNotFound, "ne sert plus")
	lacks(t, stranger.Get(link+"/parvis.mobileconfig").Want(t, http.StatusNotFound).Body, password)

	if _, link := newDevice(t, p.As("admin@bourg.example"), "scope", "directory:read", "ends", "2026-12-31"); link != "" {
		t.Error("a program that administers is given to a telephone")
	}
}
