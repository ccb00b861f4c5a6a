package server_test

import (
	"net/http"
	"strings"
	"testing"

	"parvis/server/servertest"
)

// TestTheTeamPageShowsWhatIsOpen opens the planning of a unit of the demonstration: one's own week is
// written out, a colleague's is busy times, and a unit of another collectivity is nowhere.
func TestTheTeamPageShowsWhatIsOpen(t *testing.T) {
	p := servertest.Demo(t)
	she := p.Caller("agent@bourg.example", "bourg")
	browser := p.As("agent@bourg.example")
	own := browser.Get("/calendar/team?view=week").Want(t, http.StatusOK, "Camille Le Goff", "Planning d’équipe").Body
	var title, unit string
	err := p.DB.QueryRow(t.Context(), `
		SELECT o.summary, a.unit FROM calendar_objects o JOIN calendars c ON c.collectivity = o.collectivity AND c.id = o.calendar
		JOIN agents a ON a.collectivity = c.collectivity AND a.id = c.owner
		WHERE c.collectivity = 'bourg' AND c.owner <> $1 AND a.unit = (SELECT unit FROM agents WHERE collectivity = 'bourg' AND id = $1)
		AND NOT EXISTS (SELECT 1 FROM calendar_shares s WHERE s.collectivity = c.collectivity AND s.calendar = c.id)
		AND NOT EXISTS (SELECT 1 FROM calendar_objects h JOIN calendars d ON d.collectivity = h.collectivity AND d.id = h.calendar
			WHERE d.collectivity = 'bourg' AND d.owner IN ($1, '') AND h.summary = o.summary) LIMIT 1`, string(she.Agent)).Scan(&title, &unit)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(own, title) || !strings.Contains(own, "Occupé") {
		t.Errorf("a colleague’s %q is shown, or her time is not", title)
	}
	browser.Get("/calendar/team?unit=nowhere").Want(t, http.StatusNotFound)
	p.As("admin@agglo.example").Get("/calendar/team?unit="+unit).Want(t, http.StatusNotFound)
}

// TestThePlanningTellsWhoIsOnCall in the month of the demonstration, in words too, and not to another collectivity.
func TestThePlanningTellsWhoIsOnCall(t *testing.T) {
	p := servertest.Demo(t)
	var unit string
	err := p.DB.QueryRow(t.Context(), `SELECT a.unit FROM duty_periods d JOIN agents a ON a.collectivity = d.collectivity AND a.id = d.agent
		WHERE d.collectivity = 'bourg' AND d.team = (SELECT id FROM duty_teams WHERE collectivity = 'bourg' AND name = 'Technique') LIMIT 1`).Scan(&unit)
	if err != nil {
		t.Fatal(err)
	}
	p.As("agent@bourg.example").Get("/calendar/team?view=month&unit="+unit).Want(t, http.StatusOK, "D’astreinte Technique", ">Ast</span>")
	p.As("agent@bourg.example").Get("/calendar/team?view=week&unit="+unit).Want(t, http.StatusOK, "D’astreinte Technique")
}
