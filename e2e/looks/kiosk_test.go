package looks_test

import (
	"testing"
	"time"

	"parvis/booking"
	"parvis/directory"
	"parvis/e2e/browser"
	"parvis/kiosk"
	"parvis/portal"
	"parvis/server/servertest"
)

// TestAKioskIsForEveryone tells a morning at the depot without a script: the tablet is opened by its code, the wall is
// read, a person enters, books a vehicle and is let out by herself; five wrong codes lock. Each page is judged on its way.
func TestAKioskIsForEveryone(t *testing.T) {
	p := servertest.New(t)
	ctx, admin := t.Context(), p.Caller("admin@bourg.example", "bourg")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	teddy, err := p.Directory.CreateAgent(ctx, admin, directory.Agent{GivenName: "Teddy", FamilyName: "Hoarau"})
	must(err)
	must(p.Directory.AddMember(ctx, admin, "accueil", teddy))
	must(p.Directory.AddMember(ctx, admin, "accueil", p.Caller("agent@bourg.example", "bourg").Agent))
	_, err = p.Booking.Create(ctx, admin, booking.Resource{Kind: booking.Vehicle, Name: "Kangoo", Place: "Dépôt"}, "")
	must(err)
	dutyStory(t, p)
	_, code, err := p.Kiosks.Create(ctx, admin, kiosk.Kiosk{Name: "Atelier", Place: "Dépôt", For: portal.Subject{Kind: portal.TheGroup, ID: "accueil"}}, "")
	must(err)
	given, err := p.Kiosks.Give(ctx, admin, teddy, "")
	must(err)

	page := browser.New(t)
	page.NoJavaScript()
	page.Allow("429")
	page.Allow("422")
	page.Open(p.URL + "/kiosk?code=" + code)
	page.JudgeAndKeep(t, "kiosk-closed")
	page.Follow("button[type=submit]")
	page.MustSee("Qui êtes-vous")
	page.MustSee("Kangoo")
	page.JudgeAndKeep(t, "kiosk-wall")
	page.Follow("a[href*='" + string(teddy) + "']")
	page.JudgeAndKeep(t, "kiosk-in")
	page.Fill("#pin", given)
	page.Follow("main button[type=submit]")
	page.MustSee("Choisissez votre code")
	page.JudgeAndKeep(t, "kiosk-own")
	page.Fill("#pin", "1234")
	page.Fill("#again", "1234")
	page.Follow("main .main")
	page.MustSee("facile à deviner")
	page.JudgeAsItStands(t)
	page.Fill("#pin", "9182")
	page.Fill("#again", "9182")
	page.Follow("main .main")
	page.MustSee("Bonjour Teddy Hoarau")
	page.JudgeAndKeep(t, "kiosk-desk")
	page.Follow("a[href='/bookings?kind=vehicle']")
	page.Set("#date", time.Now().AddDate(0, 0, 1).Format(time.DateOnly))
	page.Set("#from", "08:00")
	page.Set("#to", "09:00")
	page.Follow("#book .main")
	page.MustSee("Kangoo")
	page.JudgeAndKeep(t, "kiosk-bookings")
	for _, path := range []string{"/bookings/mine", "/oncall/mine", "/presence"} {
		page.Open(p.URL + path)
		page.JudgeAndKeep(t, "kiosk"+path[:4])
	}
	// She walks away: her moment is nearly over, and the page leaves by itself.
	_, err = p.DB.Exec(ctx, `UPDATE kiosk_sessions SET opened = $1 WHERE collectivity = 'bourg'`, time.Now().Add(-10*time.Minute+3*time.Second).UnixMilli())
	must(err)
	page.Open(p.URL + "/bookings/mine")
	page.MustSee("Kangoo")
	page.Until(`document.body.innerText.includes("Qui êtes-vous")`)
	page.MustNotSee("Bonjour")
	page.Open(p.URL + "/bookings/mine")
	page.MustSee("Qui êtes-vous")

	page.Follow("a[href*='" + string(teddy) + "']")
	for range 5 {
		page.Fill("#pin", "0001")
		page.Follow("main button[type=submit]")
		page.MustSee("pas le bon code")
	}
	page.JudgeAsItStands(t)
	page.Fill("#pin", "9182")
	page.Follow("main button[type=submit]")
	page.MustSee("ce code est bloqué")

	chief := browser.New(t)
	chief.SignIn(p.URL, "admin@bourg.example", servertest.Password)
	for path, name := range map[string]string{"/admin/kiosks": "kiosks", "/account/pin": "pin", "/admin/agents/" + string(teddy) + "/pin": "pin-give", "/calendar/team/sheet": "sheet"} {
		chief.Open(p.URL + path)
		chief.JudgeAndKeep(t, name)
	}
}
