package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/booking"
	"parvis/directory"
	"parvis/portal"
	"parvis/server/servertest"
)

// TestAForemanBooksForHisAgents, and for nobody else: the booking is hers by her rights, its trace names who made it, and
// both may give it back.
func TestAForemanBooksForHisAgents(t *testing.T) {
	p := servertest.New(t)
	ctx, admin := t.Context(), p.Caller("admin@bourg.example", "bourg")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, unit := range []portal.UnitID{"voirie", "ecoles"} {
		_, err := p.Directory.CreateUnit(ctx, admin, directory.Unit{ID: unit, Name: string(unit)})
		must(err)
	}
	hire := func(name string, unit portal.UnitID) portal.AgentID {
		t.Helper()
		id, err := p.Directory.CreateAgent(ctx, admin, directory.Agent{GivenName: name, FamilyName: "Vaudoit", Unit: unit})
		must(err)
		return id
	}
	hers, barred, other := hire("Kévin", "voirie"), hire("Raphaël", "voirie"), hire("Anne", "ecoles")
	must(p.Directory.AddMember(ctx, admin, "accueil", hers))
	van, err := p.Booking.Create(ctx, admin, booking.Resource{Kind: booking.Vehicle, Name: "Nacelle", Groups: []portal.GroupID{"accueil"}}, "")
	must(err)
	chief := p.Caller("collegue@bourg.example", "bourg")
	foreman := p.As("collegue@bourg.example")
	tomorrow := time.Now().AddDate(0, 0, 1).Format(time.DateOnly)
	book := func(whom portal.AgentID, from, to string) servertest.Answer {
		return foreman.Post("/bookings", "kind", "vehicle", "resource", string(van), "date", tomorrow, "from", from, "to", to, "title", "Éclairage", "for", string(whom))
	}
	if body := foreman.Get("/bookings?kind=vehicle").Want(t, 200).Body; strings.Contains(body, `name="for"`) {
		t.Error("who manages nobody is asked for whom")
	}
	book(hers, "08:00", "09:00").Want(t, http.StatusNotFound)
	_, err = p.Directory.Give(ctx, admin, directory.Given{Right: portal.ManageAgents, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(chief.Agent)}, In: "voirie"}, "")
	must(err)
	form := foreman.Get("/bookings?kind=vehicle").Want(t, 200, "Kévin Vaudoit", "Raphaël Vaudoit").Body
	if strings.Contains(form, "Anne Vaudoit") {
		t.Error("the form names an agent of another unit")
	}
	book(hers, "08:00", "09:00").Want(t, http.StatusSeeOther)
	foreman.Get("/bookings").Want(t, 200, "réservé pour Kévin Vaudoit")
	book("", "10:00", "11:00").Want(t, http.StatusConflict)     // he may not have it himself
	book(barred, "10:00", "11:00").Want(t, http.StatusConflict) // nor may every agent of his
	for _, stranger := range []portal.AgentID{other, p.Caller("agent@agglo.example", "agglo").Agent, "nobody"} {
		book(stranger, "12:00", "13:00").Want(t, http.StatusNotFound)
	}
	book(hers, "25:00", "26:00").Want(t, http.StatusUnprocessableEntity, `value="`+string(hers)+`" selected`)

	she, err := p.Directory.ActsFor(ctx, p.Caller("collegue@bourg.example", "bourg"), hers)
	must(err)
	own, err := p.Booking.Mine(ctx, she)
	must(err)
	if len(own) != 1 || own[0].By != "Noé Martin" || own[0].Title != "Éclairage" {
		t.Errorf("hers: %+v", own)
	}
	path := foreman.Get("/bookings/mine").Want(t, 200, "Faites pour d’autres", "Pour Kévin Vaudoit").Body
	made := regexp.MustCompile(`/bookings/made/[^/]+/cancel`).FindString(path)
	p.As("agent@bourg.example").Post(made).Want(t, http.StatusNotFound)
	p.As("admin@agglo.example").Post(made).Want(t, http.StatusNotFound)
	p.As("admin@bourg.example").Get("/admin/journal?action=booking.for").Want(t, 200, "Nacelle", "Kévin Vaudoit", "Noé Martin")
	plan, err := p.Booking.Plan(ctx, admin, nil, time.Now(), time.Now().AddDate(0, 0, 3))
	must(err)
	if got := plan.Bookings[van]; len(got) != 1 || got[0].By != "" {
		t.Errorf("others are told who made it: %+v", got)
	}
	foreman.Post(made).Want(t, http.StatusSeeOther)
	foreman.Post(made).Want(t, http.StatusNotFound)
	p.As("admin@bourg.example").Get("/admin/journal?action=booking.for.cancelled").Want(t, 200, "Nacelle", "Kévin Vaudoit")

	book(hers, "08:00", "09:00").Want(t, http.StatusSeeOther)
	own, err = p.Booking.Mine(ctx, she)
	must(err)
	_, err = p.Booking.Cancel(ctx, she, own[0].Event, time.Time{}) // she may give it back herself
	must(err)
	must(p.Booking.Clean(ctx, "bourg"))
	if made, err := p.Booking.MadeFor(ctx, p.Caller("collegue@bourg.example", "bourg")); err != nil || len(made) > 0 {
		t.Errorf("made: %+v, %v", made, err)
	}
}
