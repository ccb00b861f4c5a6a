package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/booking"
	"parvis/directory"
	"parvis/kiosk"
	"parvis/portal"
	"parvis/portal/web"
	"parvis/server/servertest"
)

// yard is a portal with a kiosk that is open, and whom its wall names.
type yard struct {
	*servertest.Portal
	t      *testing.T
	id     kiosk.ID
	admin  portal.Caller
	wall   *servertest.Client
	agent  portal.AgentID // Camille, who signs in as agent@bourg.example too
	noDoor portal.AgentID // who has no account
}

// pin is Camille's code.
const pin = "7294"

func newYard(t *testing.T) *yard {
	t.Helper()
	p := servertest.New(t)
	y := &yard{Portal: p, t: t, admin: p.Caller("admin@bourg.example", "bourg"), wall: p.Anonymous(), agent: p.Caller("agent@bourg.example", "bourg").Agent}
	ctx := t.Context()
	y.must(p.Directory.AddMember(ctx, y.admin, "accueil", y.agent))
	var err error
	y.noDoor, err = p.Directory.CreateAgent(ctx, y.admin, directory.Agent{GivenName: "Teddy", FamilyName: "Hoarau"})
	y.must(err)
	y.must(p.Directory.AddMember(ctx, y.admin, "accueil", y.noDoor))
	var code string
	y.id, code, err = p.Kiosks.Create(ctx, y.admin, kiosk.Kiosk{Name: "Atelier", For: portal.Subject{Kind: portal.TheGroup, ID: "accueil"}}, "")
	y.must(err)
	y.wall.Post("/kiosk/open", "code", strings.ToUpper(code)).Want(t, http.StatusSeeOther)
	y.must(p.Kiosks.Choose(ctx, p.Caller("agent@bourg.example", "bourg"), pin, pin, ""))
	return y
}

func (y *yard) must(err error) {
	y.t.Helper()
	if err != nil {
		y.t.Fatal(err)
	}
}

// enter types a code for somebody.
func (y *yard) enter(agent portal.AgentID, pin string) servertest.Answer {
	return y.wall.Post("/kiosk/in", "agent", string(agent), "pin", pin)
}

// TestAKioskIsOpenedOnce by its code, on one device, until it is withdrawn.
func TestAKioskIsOpenedOnce(t *testing.T) {
	p := servertest.New(t)
	admin := p.As("admin@bourg.example")
	admin.Get("/admin/kiosks").Want(t, 200, "Aucune borne")
	admin.Post("/admin/kiosks", "name", "", "place", "Dépôt", "for", "group:accueil").Want(t, http.StatusUnprocessableEntity, `value="Dépôt"`)
	admin.Post("/admin/kiosks", "name", "Atelier", "for", "group:nobody").Want(t, http.StatusUnprocessableEntity, "Choisissez une unité")
	made := admin.Post("/admin/kiosks", "name", "Atelier", "place", "Dépôt", "for", "group:accueil").Want(t, http.StatusCreated, "Attend son code").Body
	code := regexp.MustCompile(`class="secret">([a-z0-9-]+)<`).FindStringSubmatch(made)[1]
	tablet, other := p.Anonymous(), p.As("agent@bourg.example")
	tablet.Get("/kiosk").Want(t, 200, "pas encore une borne")
	tablet.Post("/kiosk/open", "code", "aaaaa-aaaaa").Want(t, http.StatusUnprocessableEntity, "n’ouvre aucune borne", "aaaaa-aaaaa")
	tablet.Post("/kiosk/open", "code", " "+strings.ToUpper(code)).Want(t, http.StatusSeeOther)
	tablet.Get("/kiosk").Want(t, 200, "Atelier", "Qui êtes-vous", "Dépôt")
	other.Post("/kiosk/open", "code", code).Want(t, http.StatusUnprocessableEntity)
	other.Get("/").Want(t, 200) // still signed in

	list := admin.Get("/admin/kiosks").Want(t, 200, "Ouverte", "Atelier").Body
	again := regexp.MustCompile(`/admin/kiosks/[a-z0-9]+/code`).FindString(list)
	code = regexp.MustCompile(`class="secret">([a-z0-9-]+)<`).FindStringSubmatch(admin.Post(again).Want(t, http.StatusCreated).Body)[1]
	tablet.Get("/kiosk").Want(t, 200, "Qui êtes-vous") // until the other device is opened
	other.Post("/kiosk/open", "code", code).Want(t, http.StatusSeeOther)
	other.Get("/kiosk").Want(t, 200, "Qui êtes-vous")
	if status := other.Get("/").Status; status == http.StatusOK {
		t.Error("who opened the kiosk is signed in on it")
	}
	tablet.Get("/kiosk").Want(t, 200, "pas encore une borne")
	admin.Post(strings.Replace(again, "/code", "/revoke", 1)).Want(t, http.StatusSeeOther)
	other.Get("/kiosk").Want(t, 200, "pas encore une borne")
	for _, action := range []string{"kiosk.created", "kiosk.opened", "kiosk.code", "kiosk.revoked"} {
		admin.Get("/admin/journal?action="+action).Want(t, 200, "Atelier")
	}
}

// TestAKioskDoesWhatIsListedAndNothingElse: every route of the portal, asked by who is let in by a code.
func TestAKioskDoesWhatIsListedAndNothingElse(t *testing.T) {
	y := newYard(t)
	y.must(y.Directory.SetRights(t.Context(), y.admin, y.agent, []portal.Right{portal.Admin})) // her rights stay at her desk
	y.enter(y.agent, pin).Want(t, http.StatusSeeOther)
	opened := map[string]bool{}
	for _, route := range strings.Fields(`GET/kiosk POST/kiosk/done GET/theme/{file} GET/bookings POST/bookings GET/bookings/mine POST/bookings/events/{event}/cancel
		POST/bookings/waits POST/bookings/waits/{id}/leave GET/bookings/resources/{id} GET/resources/{id}/photo GET/oncall/mine POST/oncall/swaps/{id}/answer
		POST/oncall/swaps/{id}/withdraw GET/presence POST/presence/week POST/presence/days POST/bookings/loans/{loan}/cancel POST/bookings/loans/{loan}/km
		GET/bookings/trips/new POST/bookings/trips GET/bookings/trips/{id} GET/bookings/trips/{id}/photo GET/bookings/trips/{id}/back POST/bookings/trips/{id}/back
		POST/bookings/trips/{id}/undo`) {
		opened[route] = true
	}
	variable := regexp.MustCompile(`\{[a-z]+(:\.\*)?\}`)
	before, asked := dump(t, y.Portal), 0
	for _, route := range y.Router.Routes() {
		if route.Access == web.Protocol || route.Path == "/kiosk/done" {
			continue
		}
		path, method := variable.ReplaceAllString(strings.TrimSuffix(route.Path, "*"), "x"), route.Method
		if method == "*" {
			method = "POST"
		}
		answer := y.wall.Do(method, path, nil, "Sec-Fetch-Site", "same-origin", "Content-Type", "application/x-www-form-urlencoded")
		refused := answer.Status == http.StatusForbidden && strings.Contains(answer.Body, "ne s’ouvre pas sur une borne")
		if refused == opened[method+route.Path] {
			t.Errorf("%s %s: %d, opened: %v", method, path, answer.Status, opened[method+route.Path])
		}
		if answer.Header.Get("Refresh") == "" || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s %s: it stays in the browser (%q, %q)", method, path, answer.Header.Get("Refresh"), answer.Header.Get("Cache-Control"))
		}
		asked++
	}
	if asked < 150 {
		t.Errorf("%d routes asked", asked)
	}
	if diff := cmp.Diff(before, dump(t, y.Portal)); diff != "" {
		t.Errorf("what is refused changed the store:\n%s", diff)
	}
	page := y.wall.Get("/kiosk").Want(t, 200, "Bonjour Camille", "Terminé").Body
	for _, leads := range regexp.MustCompile(`(?:href|action)="(/[^"?]*)`).FindAllStringSubmatch(page, -1) {
		if status := y.wall.Get(leads[1]).Status; status == http.StatusForbidden {
			t.Errorf("the page leads to %s, which is refused", leads[1])
		}
	}
	// What would open an account is no way out either.
	y.wall.Post("/sign-in", "login", "admin@bourg.example").Want(t, http.StatusForbidden)
	for path, status := range map[string]int{"/dav/": http.StatusUnauthorized, "/api/v1/agents": http.StatusUnauthorized, "/scim/v2/Users": http.StatusUnauthorized} {
		y.wall.Get(path).Want(t, status)
	}
}

// TestAVehicleGoesOutAtAKiosk and comes back, by its driver alone: who accepts its bookings is nobody there.
func TestAVehicleGoesOutAtAKiosk(t *testing.T) {
	y := newYard(t)
	book := func(name, login string) (booking.ResourceID, string) {
		id, err := y.Booking.Create(t.Context(), y.admin, booking.Resource{
			Kind: booking.Vehicle, Name: name, Vehicle: booking.VehicleFacts{Energy: "diesel", Odometer: 1000},
			Approvers: []portal.Subject{{Kind: portal.TheAgent, ID: string(y.agent)}},
		}, "")
		y.must(err)
		event, err := y.Booking.Book(t.Context(), y.Caller(login, "bourg"), id, time.Now().Add(-time.Minute), time.Now().Add(time.Hour), "")
		y.must(err)
		return id, event
	}
	_, _ = book("Fourgon", "agent@bourg.example")
	other, event := book("Benne", "collegue@bourg.example")
	trip, err := y.Booking.CheckOut(t.Context(), y.Caller("collegue@bourg.example", "bourg"), booking.Taking{Resource: other, Event: event, Leg: booking.Leg{Km: 1000, Level: booking.NoLevel}}, "")
	y.must(err)
	y.enter(y.agent, pin).Want(t, http.StatusSeeOther)
	take := between(t, y.wall.Get("/bookings/mine").Want(t, 200, "Prendre le véhicule").Body, `class="button main" href="`, `"`)
	form := y.wall.Get(strings.ReplaceAll(take, "&amp;", "&")).Want(t, 200, "Fourgon").Body
	hers := between(t, form, `name="event" value="`, `"`)
	resource := between(t, form, `name="resource" value="`, `"`)
	y.wall.Post("/bookings/trips", "resource", resource, "event", hers, "km", "1000").Want(t, http.StatusSeeOther)
	back := between(t, y.wall.Get("/bookings/mine").Want(t, 200, "Rendre").Body, `class="button main" href="`, `"`)
	y.wall.Get(back).Want(t, 200, "Fourgon")
	y.wall.Post(back, "km", "1042").Want(t, http.StatusSeeOther)
	y.wall.Get("/bookings/trips/"+trip.ID).Want(t, http.StatusNotFound)
	y.wall.Post("/bookings/trips/"+trip.ID+"/back", "km", "1042").Want(t, http.StatusNotFound)
}

// TestSheDoesAtAKioskWhatIsHers: a vehicle booked and given back, presence said of herself alone, and no title of
// another's agenda.
func TestSheDoesAtAKioskWhatIsHers(t *testing.T) {
	y := newYard(t)
	ctx := t.Context()
	van, err := y.Booking.Create(ctx, y.admin, booking.Resource{Kind: booking.Vehicle, Name: "Kangoo"}, "")
	y.must(err)
	tomorrow := time.Now().AddDate(0, 0, 1).Format(time.DateOnly)
	colleague := y.As("collegue@bourg.example")
	colleague.Post("/bookings", "kind", "vehicle", "resource", string(van), "date", tomorrow, "from", "14:00", "to", "15:00", "title", "Entretien secret").Want(t, http.StatusSeeOther)

	y.enter(y.agent, pin).Want(t, http.StatusSeeOther)
	y.wall.Post("/bookings", "kind", "vehicle", "resource", string(van), "date", tomorrow, "from", "08:00", "to", "09:00", "title", "Panneaux").Want(t, http.StatusSeeOther)
	y.wall.Post("/bookings", "kind", "vehicle", "resource", string(van), "date", tomorrow, "from", "14:30", "to", "16:00").Want(t, http.StatusConflict)
	desk := y.wall.Get("/bookings?kind=vehicle&date="+tomorrow).Want(t, 200, "Panneaux", "Noé Martin").Body
	if strings.Contains(desk, "secret") || strings.Contains(desk, "/calendar/") {
		t.Error("the kiosk tells the agenda of another, or leads there")
	}
	mine := y.wall.Get("/bookings/mine").Want(t, 200, "Kangoo", "Panneaux").Body
	cancel := regexp.MustCompile(`/bookings/events/[^/]+/cancel`).FindString(mine)
	other := y.Caller("collegue@bourg.example", "bourg").Agent
	y.wall.Post("/presence/days", "agent", string(other), "first", tomorrow, "half", "morning", "place", "telework").Want(t, http.StatusSeeOther)
	if got := halvesOn(t, y.Portal, y.Caller("collegue@bourg.example", "bourg"), tomorrow); got != "hh" {
		t.Errorf("she said where another works: %q", got)
	}
	if got := halvesOn(t, y.Portal, y.Caller("agent@bourg.example", "bourg"), tomorrow); got != "th" {
		t.Errorf("she did not say where she works: %q", got)
	}
	y.wall.Post(cancel).Want(t, http.StatusSeeOther)
	if body := y.wall.Get("/bookings/mine").Want(t, 200, "annulée").Body; strings.Contains(body, "/calendar/") {
		t.Error("what the kiosk says leads where it does not open")
	}
	y.wall.Post("/kiosk/done").Want(t, http.StatusSeeOther)
	y.wall.Get("/kiosk").Want(t, 200, "Qui êtes-vous", "Kangoo", "Libre toute la journée")
	y.wall.Get("/bookings").Want(t, http.StatusSeeOther)
}

// TestWhoHasNoAccountEntersToo: she is given a code, chooses her own, and books.
func TestWhoHasNoAccountEntersToo(t *testing.T) {
	y := newYard(t)
	van, err := y.Booking.Create(t.Context(), y.admin, booking.Resource{Kind: booking.Vehicle, Name: "Kangoo"}, "")
	y.must(err)
	admin := y.As("admin@bourg.example")
	path := "/admin/agents/" + string(y.noDoor) + "/pin"
	admin.Get(path).Want(t, 200, "Aucun code")
	given := regexp.MustCompile(`class="secret">(\d{6})<`).FindStringSubmatch(admin.Post(path).Want(t, http.StatusCreated, "Teddy Hoarau").Body)[1]
	y.enter(y.noDoor, given).Want(t, http.StatusSeeOther)
	y.wall.Get("/kiosk").Want(t, http.StatusSeeOther)
	y.wall.Get("/bookings").Want(t, http.StatusSeeOther) // nothing before she has her own
	for _, wrong := range [][3]string{{"1234", "1234", "facile à deviner"}, {"0000", "0000", "facile à deviner"}, {"121212", "121212", "facile à deviner"}, {"12a4", "12a4", "chiffres"}, {"918", "918", "chiffres"}, {"9182", "9183", "pas les mêmes"}, {given, given, "autre code"}} {
		y.wall.Post("/kiosk/code", "pin", wrong[0], "again", wrong[1]).Want(t, http.StatusUnprocessableEntity, wrong[2])
	}
	y.wall.Post("/kiosk/code", "pin", "9182", "again", "9182").Want(t, http.StatusSeeOther)
	y.wall.Get("/kiosk").Want(t, 200, "Bonjour Teddy")
	tomorrow := time.Now().AddDate(0, 0, 1).Format(time.DateOnly)
	y.wall.Post("/bookings", "kind", "vehicle", "resource", string(van), "date", tomorrow, "from", "08:00", "to", "09:00").Want(t, http.StatusSeeOther)
	y.wall.Get("/bookings/mine").Want(t, 200, "Kangoo")
	for _, path := range []string{"/oncall/mine", "/presence"} {
		y.wall.Get(path).Want(t, 200)
	}
	y.wall.Post("/kiosk/done").Want(t, http.StatusSeeOther)
	y.enter(y.noDoor, given).Want(t, http.StatusUnprocessableEntity)
	y.enter(y.noDoor, "9182").Want(t, http.StatusSeeOther)
	admin.Post(path+"/remove").Want(t, http.StatusSeeOther)
	y.wall.Get("/bookings").Want(t, http.StatusSeeOther) // out at once
	for _, action := range []string{"pin.given", "pin.removed"} {
		admin.Get("/admin/journal?action="+action).Want(t, 200, "Teddy Hoarau")
	}
	admin.Get("/admin/journal?action=pin.set").Want(t, 200, "Code pour les bornes choisi")
	admin.Get("/admin/journal?action=kiosk.entered").Want(t, 200, "Atelier")
}

// TestWrongCodesLock: five in a row lock one person, however many come at once, with the same words for who has no code
// and who is not there at all.
func TestWrongCodesLock(t *testing.T) {
	y := newYard(t)
	stranger := y.Caller("agent@agglo.example", "agglo").Agent
	y.must(y.Kiosks.Choose(t.Context(), y.Caller("agent@agglo.example", "agglo"), pin, pin, ""))
	y.must(y.Kiosks.Choose(t.Context(), y.Caller("collegue@bourg.example", "bourg"), pin, pin, ""))
	colleague := y.Caller("collegue@bourg.example", "bourg").Agent // of the collectivity, and not of the kiosk
	sentence := "pas le bon code"
	for _, who := range []portal.AgentID{stranger, colleague, "nobody"} {
		y.enter(who, pin).Want(t, http.StatusUnprocessableEntity, sentence)
	}
	var waits sync.WaitGroup
	answers := make([]servertest.Answer, 9)
	for i := range answers {
		waits.Go(func() { answers[i] = y.enter(y.agent, "0001") })
	}
	waits.Wait()
	judged := 0
	for _, answer := range answers {
		if answer.Status == http.StatusUnprocessableEntity {
			judged++
		}
	}
	if judged != 5 {
		t.Errorf("%d wrong codes were judged, want 5", judged)
	}
	for range 5 {
		y.enter(y.noDoor, "0001").Want(t, http.StatusUnprocessableEntity, sentence) // she has no code
	}
	y.enter(y.noDoor, "0001").Want(t, http.StatusTooManyRequests, "bloqué")
	y.enter(y.agent, pin).Want(t, http.StatusTooManyRequests, "Réessayez dans 5")
	y.As("admin@bourg.example").Get("/admin/journal?action=pin.locked").Want(t, 200, "Atelier")
	y.As("admin@bourg.example").Get("/admin/agents/"+string(y.agent)+"/pin").Want(t, 200, "Bloqué jusqu’à")
	passes := func() {
		t.Helper()
		_, err := y.DB.Exec(t.Context(), `UPDATE pin_tries SET locked = $1 WHERE collectivity = 'bourg'`, time.Now().Add(-time.Second).UnixMilli())
		y.must(err)
	}
	passes()
	y.enter(y.agent, "0001").Want(t, http.StatusUnprocessableEntity, sentence)
	y.enter(y.agent, pin).Want(t, http.StatusTooManyRequests, "Réessayez dans 10")
	passes()
	y.enter(y.agent, pin).Want(t, http.StatusSeeOther)
	y.wall.Post("/kiosk/done").Want(t, http.StatusSeeOther)
	y.enter(y.agent, "0001").Want(t, http.StatusUnprocessableEntity) // a right one forgives
	for range 40 {
		y.enter("nobody", "0001")
	}
	y.enter(y.agent, pin).Want(t, http.StatusTooManyRequests, "sur cette borne")
}

// TestAMomentAtAKioskEndsByItself: after two minutes without a request, after ten in any case, and when the kiosk is
// withdrawn or she leaves.
func TestAMomentAtAKioskEndsByItself(t *testing.T) {
	y := newYard(t)
	ages := func(used, opened time.Duration) {
		t.Helper()
		y.enter(y.agent, pin).Want(t, http.StatusSeeOther)
		y.wall.Get("/bookings").Want(t, 200)
		_, err := y.DB.Exec(t.Context(), `UPDATE kiosk_sessions SET used = $1, opened = $2 WHERE collectivity = 'bourg'`,
			time.Now().Add(-used).UnixMilli(), time.Now().Add(-opened).UnixMilli())
		y.must(err)
	}
	ages(110*time.Second, 110*time.Second)
	if refresh := y.wall.Get("/bookings").Want(t, 200).Header.Get("Refresh"); refresh != "121; url=/kiosk" {
		t.Errorf("refresh %q", refresh)
	}
	y.wall.Post("/kiosk/done")
	ages(121*time.Second, 121*time.Second)
	y.wall.Get("/bookings").Want(t, http.StatusSeeOther)
	y.wall.Get("/kiosk").Want(t, 200, "Qui êtes-vous")
	ages(time.Second, 601*time.Second)
	y.wall.Post("/bookings").Want(t, http.StatusSeeOther)
	ages(0, 0)
	y.must(y.Directory.CloseAgent(t.Context(), y.admin, y.agent, ""))
	y.wall.Get("/bookings").Want(t, http.StatusSeeOther)
	y.must(y.Kiosks.Revoke(t.Context(), y.admin, y.id, ""))
	y.wall.Get("/kiosk").Want(t, 200, "pas encore une borne")
}

// TestKiosksKeepToTheirCollectivity: administrators of another see none, and a unit's manager gives codes to her own alone.
func TestKiosksKeepToTheirCollectivity(t *testing.T) {
	y := newYard(t)
	foreign := y.As("admin@agglo.example")
	if body := foreign.Get("/admin/kiosks").Want(t, 200).Body; strings.Contains(body, string(y.id)) {
		t.Error("another collectivity sees the kiosk")
	}
	for _, act := range []string{"/code", "/revoke"} {
		foreign.Post("/admin/kiosks/"+string(y.id)+act).Want(t, http.StatusNotFound)
	}
	foreign.Post("/admin/agents/"+string(y.agent)+"/pin").Want(t, http.StatusNotFound)
	y.As("agent@bourg.example").Get("/admin/kiosks").Want(t, http.StatusNotFound)
	if body := y.wall.Get("/kiosk?q=ted").Want(t, 200, "Teddy Hoarau").Body; strings.Contains(body, "Camille") {
		t.Error("the first letters of a name find another")
	}
	ctx := t.Context()
	for _, unit := range []portal.UnitID{"voirie", "ecoles"} {
		_, err := y.Directory.CreateUnit(ctx, y.admin, directory.Unit{ID: unit, Name: string(unit)})
		y.must(err)
	}
	hers, err := y.Directory.CreateAgent(ctx, y.admin, directory.Agent{FamilyName: "Voirie", Unit: "voirie"})
	y.must(err)
	other, err := y.Directory.CreateAgent(ctx, y.admin, directory.Agent{FamilyName: "Écoles", Unit: "ecoles"})
	y.must(err)
	_, err = y.Directory.Give(ctx, y.admin, directory.Given{Right: portal.ManageAgents, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(y.agent)}, In: "voirie"}, "")
	y.must(err)
	foreman := y.As("agent@bourg.example")
	foreman.Post("/admin/agents/"+string(hers)+"/pin").Want(t, http.StatusCreated, "Voirie")
	foreman.Post("/admin/agents/"+string(other)+"/pin").Want(t, http.StatusNotFound)
	foreman.Get("/admin/agents/"+string(other)+"/pin").Want(t, http.StatusNotFound)
}
