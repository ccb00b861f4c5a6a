package calendar

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
)

func TestATaskIsAddedTickedChangedDeletedAndTakenBack(t *testing.T) {
	d := newDesk(t)
	ctx, claire := context.Background(), d.agents["claire"]
	post := func(title, due, clock, priority, repeat string) {
		d.post("/calendar/tasks", "claire", http.StatusSeeOther, "calendar", "claire", "title", title, "due", due, "due-time", clock, "priority", priority, "repeat", repeat)
	}
	post("En retard", "2026-11-23", "", "1", "")
	post("Ce matin", "2026-11-24", "8:00", "0", "")
	post("Ce soir", "2026-11-24", "18h", "9", "")
	post("Demain", "2026-11-25", "", "0", "")
	post("Un jour", "", "", "0", "")
	page := d.get("/calendar/tasks", "claire")
	write(t, "tasks.html", page)
	wants(t, page, "En retard</h2>", "Aujourd’hui</h2>", "À venir</h2>", "Sans date</h2>", "Haute", "Basse")
	order := []string{">En retard</a>", ">Ce matin</a>", ">Ce soir</a>", ">Demain</a>", ">Un jour</a>"}
	for i, title := range order[1:] {
		if strings.Index(page, order[i]) > strings.Index(page, title) || !strings.Contains(page, title) {
			t.Errorf("%s does not follow %s", title, order[i])
		}
	}
	day := d.get("/calendar?view=day&date=2026-11-24", "claire")
	wants(t, day, "Tâches du jour", "Ce soir", "Ce matin")
	lacks(t, day, ">Demain</a>", "Un jour")
	lacks(t, d.get("/calendar/tasks", "paul"), "Ce soir")
	lacks(t, d.get("/calendar/tasks", "stranger"), "Ce soir")

	before := d.everything()
	tasks := must(d.store.Tasks(ctx, claire, d.now))
	first := "/calendar/tasks/" + string(tasks[0].ID)
	d.post(first+"/done", "claire", http.StatusSeeOther, "done", "1", "etag", tasks[0].ETag)
	done := d.get("/calendar/tasks", "claire")
	wants(t, done, "Faites</h2>", "À refaire", "Tâche faite.")
	lacks(t, done, "En retard</a></h2>")
	_, undo, _ := strings.Cut(done, `"/calendar/undo/`)
	undo, _, _ = strings.Cut(undo, `"`)
	if back, _ := d.post("/calendar/undo/"+undo, "claire", http.StatusSeeOther); back != "/calendar/tasks" || before != d.everything() {
		t.Errorf("taken back to %s:\n%s", back, cmp.Diff(before, d.everything()))
	}
	d.post(first, "claire", http.StatusSeeOther, "title", "Plus tard", "due", "2026-12-01", "priority", "5")
	wants(t, d.get(first, "claire"), `value="Plus tard"`, `value="2026-12-01"`)
	_, refused := d.post(first, "claire", http.StatusConflict, "title", "Trop tard", "priority", "0", "etag", tasks[0].ETag)
	wants(t, refused, `value="Trop tard"`, "Quelqu’un a modifié")
	d.post(first+"/delete", "claire", http.StatusSeeOther)
	if _, err := d.store.Task(ctx, claire, tasks[0].ID, d.now); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

func TestATaskThatRepeatsIsTickedOneTimeAfterTheOther(t *testing.T) {
	d := newDesk(t)
	ctx, claire := context.Background(), d.agents["claire"]
	for _, clock := range []string{"", "9:00"} {
		d.post("/calendar/tasks", "claire", http.StatusSeeOther, "calendar", "claire", "title", "Relevé "+clock, "due", "2026-10-20", "due-time", clock, "priority", "0", "repeat", "weekly")
	}
	for _, want := range []string{"2026-10-20", "2026-10-27", "2026-11-03"} { // over the night when clocks change
		for _, task := range must(d.store.Tasks(ctx, claire, d.now)) {
			if got := task.Due.Format(time.DateOnly); got != want || task.Done || !task.WholeDay && task.Due.Hour() != 9 {
				t.Errorf("%s is due on %v, want %s", task.Title, task.Due, want)
			}
			d.post("/calendar/tasks/"+string(task.ID)+"/done", "claire", http.StatusSeeOther, "done", "1", "at", task.At.UTC().Format(occurrenceForm))
		}
	}
	wants(t, d.get("/calendar/tasks", "claire"), "chaque mardi", "mardi 10\u00a0novembre")
}

func TestWhatOthersWroteOfATaskIsReadAndKept(t *testing.T) {
	d := newDesk(t)
	ctx, claire := context.Background(), d.agents["claire"]
	task := func(lines ...string) []byte {
		return ics(append(append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//", "BEGIN:VTODO", "UID:u", "DTSTAMP:20260101T000000Z", "SUMMARY:x"}, lines...), "END:VTODO", "END:VCALENDAR")...)
	}
	for _, c := range []struct {
		lines []string
		due   string
		done  bool
	}{
		{[]string{"DUE;TZID=Europe/Paris:20261124T170000", "X-OC-HIDE:1"}, "2026-11-24 17:00", false},
		{[]string{"DTSTART:20261124T080000Z", "DURATION:PT2H"}, "2026-11-24 11:00", false},
		{[]string{"DUE;VALUE=DATE:20261124", "STATUS:COMPLETED"}, "2026-11-24 00:00", true},
		{[]string{"COMPLETED:20261101T080000Z"}, "0001-01-01 00:00", true},
		{[]string{"STATUS:CANCELLED"}, "0001-01-01 00:00", true},
		{[]string{"DUE:20261103T080000Z", "RRULE:FREQ=DAILY;COUNT=2", "EXDATE:20261103T080000Z"}, "2026-11-04 09:00", false},
		{[]string{"DTSTART:20261103T080000Z", "DUE:20261103T090000Z", "RRULE:FREQ=DAILY;COUNT=2", "STATUS:COMPLETED"}, "2026-11-03 10:00", true},
	} {
		if _, err := d.store.Put(ctx, claire, "claire", "u.ics", task(c.lines...), Condition{}); err != nil {
			t.Fatal(err)
		}
		got := must(d.store.Tasks(ctx, claire, d.now))[0]
		if got.Due.Format("2006-01-02 15:04") != c.due || got.Done != c.done {
			t.Errorf("%q: due %v, done %v", c.lines, got.Due, got.Done)
		}
		if _, err := d.store.FinishTask(ctx, claire, got.ID, got.At, got.ETag, true); err != nil {
			t.Errorf("%q: %v", c.lines, err)
		}
		if c.lines[len(c.lines)-1] == "X-OC-HIDE:1" {
			wants(t, d.everything(), "X-OC-HIDE:1", "STATUS:COMPLETED", "PERCENT-COMPLETE:100")
		}
	}
}

func TestARefusedTaskKeepsItsValuesAndSaysWhy(t *testing.T) {
	d := newDesk(t)
	for _, c := range []struct{ field, value, want string }{
		{"title", " ", "Donnez un titre à la tâche"},
		{"due", "31/02/2026", "Cette date n’existe pas"},
		{"due-time", "25h", "Cette heure n’existe pas"},
		{"due", "", "Indiquez aussi le jour"},
		{"repeat", "hourly", "Choisissez une répétition"},
		{"priority", "x", "Choisissez une priorité"},
	} {
		fields := map[string]string{"calendar": "claire", "title": "Relire", "due": "2026-11-24", "due-time": "9h", "priority": "0", "description": "à garder"}
		fields[c.field] = c.value
		var pairs []string
		for name, value := range fields {
			pairs = append(pairs, name, value)
		}
		_, page := d.post("/calendar/tasks", "claire", http.StatusUnprocessableEntity, pairs...)
		wants(t, page, c.want, "à garder", `class="summary"`)
	}
	if got := must(d.store.Tasks(context.Background(), d.agents["claire"], d.now)); len(got) != 0 {
		t.Errorf("refused, and stored: %+v", got)
	}
}
