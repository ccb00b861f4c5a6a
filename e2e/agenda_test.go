package e2e_test

import (
	"testing"
	"time"

	"parvis/e2e/browser"
	"parvis/portal/i18n"
	"parvis/server/servertest"
)

// TestAnEventIsDraggedToAnotherDayAndHour: the mouse does what the form of the event does, and says how to take
// it back.
func TestAnEventIsDraggedToAnotherDayAndHour(t *testing.T) {
	p := servertest.New(t)
	monday := i18n.Monday(time.Now()).AddDate(0, 0, 14)
	agent := p.As("agent@bourg.example")
	date, wednesday, tuesday := monday.Format(time.DateOnly), monday.AddDate(0, 0, 2).Format(time.DateOnly), monday.AddDate(0, 0, 1).Format(time.DateOnly)
	agent.Post("/calendar/events", "calendar", string(p.Caller("agent@bourg.example", "bourg").Agent), "title", "Point voirie", "start", date, "start-time", "09:00", "end", date, "end-time", "10:30").Want(t, 303)

	page := browser.New(t)
	page.SignIn(p.URL, "agent@bourg.example", servertest.Password)
	page.Open(p.URL + "/calendar?view=week&date=" + date)
	page.DragAndFollow("a[data-move]", `th[data-date="`+wednesday+`"]`, `tr[data-time="14:30"] th`)
	page.MustSee("Événement déplacé.")
	page.MustSee("14\u00a0h\u00a030\u00a0–\u00a016\u00a0h")
	page.Follow("text=Annuler")
	page.MustSee("Événement rétabli.")

	page.Open(p.URL + "/calendar?view=month&date=" + date)
	page.DragAndFollow("a[data-move]", `td[data-date="`+tuesday+`"]`, `td[data-date="`+tuesday+`"]`)
	page.MustSee("Événement déplacé.")
	agent.Get("/calendar?view=list&date="+tuesday).Want(t, 200, `<time datetime="`+tuesday+`T09:00`)
}
