package calendar

import (
	"strings"
	"testing"
	"time"
)

func TestADraggedEventKeepsAllButItsTimes(t *testing.T) {
	d := newDesk(t)
	id := d.add("claire", Draft{Title: "Point voirie", Location: "Dépôt", Start: at(24, 14, 0), End: at(24, 15, 30)})
	location, _ := d.post("/calendar/events/"+string(id)+"/move", "claire", 303, "to", "2026-11-26T09:30", "next", "/calendar?view=week")
	if location != "/calendar?view=week" {
		t.Errorf("leads to %q", location)
	}
	wants(t, d.get(location, "claire"), "Événement déplacé.", "Annuler")
	event := mustEvent(t, d, id)
	if !event.Start.Equal(at(26, 9, 30)) || !event.End.Equal(at(26, 11, 0)) || event.Title != "Point voirie" || event.Location != "Dépôt" {
		t.Errorf("moved to %+v", event.Draft)
	}
	d.post("/calendar/events/"+string(id)+"/move", "claire", 303, "to", "2026-11-27") // a day alone
	if event := mustEvent(t, d, id); !event.Start.Equal(at(27, 9, 30)) {
		t.Errorf("moved to %v", event.Start)
	}
}

func TestADraggedDayStaysADayAcrossTheChangeOfClocks(t *testing.T) {
	d := newDesk(t)
	id := d.add("claire", Draft{Title: "Salon", AllDay: true, Start: time.Date(2026, 10, 24, 0, 0, 0, 0, paris), End: time.Date(2026, 10, 27, 0, 0, 0, 0, paris)})
	d.post("/calendar/events/"+string(id)+"/move", "claire", 303, "to", "2026-11-03T10:00") // dropped on an hour
	event := mustEvent(t, d, id)
	if start, end := event.Start.Format(time.DateOnly), event.End.Format(time.DateOnly); !event.AllDay || start != "2026-11-03" || end != "2026-11-06" {
		t.Errorf("%s to %s, all day %v", start, end, event.AllDay)
	}
}

func TestOneDateOfASeriesIsDraggedAlone(t *testing.T) {
	d := newDesk(t)
	id := d.add("claire", Draft{Title: "Réunion de service", Start: at(2, 8, 30), End: at(2, 9, 30), Repeat: Repeat{Every: Weekly}})
	named := at(23, 8, 30).UTC().Format(occurrenceForm)
	d.post("/calendar/events/"+string(id)+"/move", "claire", 303, "to", "2026-11-24T10:00", "at", named)
	found, err := d.store.Instances(t.Context(), d.agents["claire"], at(16, 0, 0), at(30, 0, 0))
	if err != nil || len(found) != 2 || !found[0].Start.Equal(at(16, 8, 30)) || !found[1].Start.Equal(at(24, 10, 0)) {
		t.Errorf("the series is %v, %v", found, err)
	}
	d.post("/calendar/events/"+string(id)+"/move", "claire", 422, "to", "2026-11-24T10:00") // which date is not said
}

func TestWhatOthersAreToldOfIsNotMovedByTheDrop(t *testing.T) {
	d, m := newMeetingDesk(t)
	guests := &Guests{All: []Guest{{Party: "dehors@ailleurs.example", Name: "Dehors"}}}
	id := d.add("claire", Draft{Title: "Chantier", Start: at(24, 14, 0), End: at(24, 15, 0), Guests: guests})
	told := len(m.post.letters)
	location, _ := d.post("/calendar/events/"+string(id)+"/move", "claire", 303, "to", "2026-11-25T16:00")
	if !strings.HasSuffix(location, "/edit?to=2026-11-25T16%3A00") {
		t.Fatalf("leads to %q", location)
	}
	wants(t, d.get(location, "claire"), `value="2026-11-25"`, `value="16:00"`, `value="17:00"`)
	if event := mustEvent(t, d, id); !event.Start.Equal(at(24, 14, 0)) || told != 1 || len(m.post.letters) != told {
		t.Errorf("it was moved to %v already, %d letters after %d", event.Start, len(m.post.letters), told)
	}
}

func TestNobodyDragsWhatSheMayNotChange(t *testing.T) {
	d := newDesk(t)
	d.fill()
	id := d.add("claire", Draft{Title: "Point voirie", Start: at(24, 14, 0), End: at(24, 15, 0)})
	for _, who := range []string{"paul", "stranger"} {
		d.post("/calendar/events/"+string(id)+"/move", who, 404, "to", "2026-11-26")
	}
	for _, to := range []string{"", "demain", "2026-13-40", "2026-11-26T25:00"} {
		d.post("/calendar/events/"+string(id)+"/move", "claire", 422, "to", to)
	}
	wants(t, d.get("/calendar", "claire"), "data-move", `data-date="2026-11-24"`, `data-time="14:00"`)
	lacks(t, d.get("/calendar", "paul"), " data-move")
}

func mustEvent(t *testing.T, d *desk, id EventID) Event {
	t.Helper()
	event, err := d.store.Event(t.Context(), d.agents["claire"], id)
	if err != nil {
		t.Fatal(err)
	}
	return event
}
