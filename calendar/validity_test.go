package calendar

import (
	"context"
	"testing"

	"parvis/e2e/servers"
)

func TestThePagesAreValidHTML(t *testing.T) {
	validator := servers.HTMLValidator(t)
	d := newDesk(t)
	d.fill()
	id := string(d.add("claire", Draft{Title: "Série", Location: "Bureau", Description: "Un\n\nDeux", Start: at(24, 9, 0), Repeat: Repeat{Every: Weekly}}))
	_, refused := d.post("/calendar/events", "claire", 422, fields("", "31/02/2026", "until", "x", "repeat", "weekly")...)
	pages := map[string]string{"refused form": refused}
	for _, target := range []string{
		"/calendar?view=day", "/calendar?view=week", "/calendar?view=week&table=1", "/calendar?view=month", "/calendar?view=list", "/calendar?view=list&date=2030-02-02&cal=",
		"/calendar/new", "/calendar/events/" + id, "/calendar/events/" + id + "?at=20261124T080000Z", "/calendar/events/" + id + "/edit",
	} {
		pages[target] = d.get(target, "claire")
	}
	for name, page := range pages {
		faults, err := validator.Check(context.Background(), []byte(page))
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults {
			t.Errorf("%s: %s", name, fault)
		}
	}
}
