package calendar

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/portal"
)

func TestSlotsAreWhereAllWhoAreNeededAreFree(t *testing.T) {
	day := time.Date(2026, 12, 1, 0, 0, 0, 0, paris)
	at := func(hour, minute int) time.Time { return time.Date(2026, 12, 1, hour, minute, 0, 0, paris) }
	taken := func(hours ...int) (all []BusyTime) {
		for i := 0; i < len(hours); i += 2 {
			all = append(all, BusyTime{From: at(hours[i], 0), To: at(hours[i+1], 0)})
		}
		return all
	}
	for _, c := range []struct {
		name   string
		lasts  time.Duration
		after  time.Time
		people []Attendance
		want   string
	}{
		{"a free day", 2 * time.Hour, day, nil, "08:00 10:00 12:00 14:00 16:00"},
		{"time for lunch", time.Hour, day, nil, "08:00 09:00 10:00 11:00 14:00 15:00"},
		{"between two meetings", time.Hour, day, []Attendance{{Taken: taken(8, 10, 11, 18)}}, "10:00"},
		{"half an hour too short", 90 * time.Minute, day, []Attendance{{Taken: taken(8, 10, 11, 18)}}, ""},
		{"of two people", time.Hour, day, []Attendance{{Taken: taken(8, 12)}, {Taken: taken(13, 18)}}, "12:00"},
		{"not in the past", time.Hour, at(16, 10), nil, "16:30"},
		{"a day over", time.Hour, at(17, 30), nil, ""},
		{"without one who may miss it", 2 * time.Hour, day, []Attendance{{Taken: taken(8, 14)}, {Name: "Anne", Optional: true, Taken: taken(14, 16)}}, "14:00-Anne 16:00"},
		{"where all can come first", time.Hour, day, []Attendance{{Name: "Anne", Optional: true, Taken: taken(8, 9, 10, 18)}}, "08:00-Anne 09:00 10:00-Anne 11:00-Anne 14:00-Anne 15:00-Anne"},
		{"whose times are not known hinders nobody", 10 * time.Hour, day, []Attendance{{Name: "Jean"}}, "08:00"},
		{"what ends when it begins hinders nobody", 10 * time.Hour, day, []Attendance{{Taken: taken(6, 8, 18, 20)}}, "08:00"},
	} {
		var got []string
		for _, slot := range slotsOn(day, c.lasts, c.after, c.people) {
			said := slot.Start.Format(timeForm)
			if len(slot.Without) > 0 {
				said += "-" + strings.Join(slot.Without, "+")
			}
			if slot.End.Sub(slot.Start) != c.lasts {
				t.Errorf("%s: %v lasts until %v", c.name, slot.Start, slot.End)
			}
			got = append(got, said)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

func TestTimesAreToldAmongColleaguesAlone(t *testing.T) {
	m := newMeetingPlace(t)
	from := time.Date(2026, 11, 24, 0, 0, 0, 0, paris)
	d := weeklyAtNine()
	d.Repeat, d.Title = Repeat{}, "Chimiothérapie"
	for _, caller := range []portal.Caller{m.paul, m.anne} {
		d.Calendar = personal(caller)
		if _, err := m.CreateEvent(t.Context(), caller, d); err != nil {
			t.Fatal(err)
		}
	}
	people, err := m.Attendances(t.Context(), m.claire, "claire", []Guest{{Party: "anne@agglo.example", Optional: true}, {Party: "paul@bourg.example", Name: "Paul"}, {Party: "jean@ailleurs.example"}, {Party: "/dav/principals/paul/"}, {Party: "/dav/principals/anne/"}}, from, from.AddDate(0, 0, 1), "")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, one := range people {
		said := one.Name
		if one.Known {
			said += " known"
		}
		for _, busy := range one.Taken {
			said += " " + busy.From.In(paris).Format(timeForm)
		}
		got = append(got, said)
	}
	want := []string{"Claire Morel known", "Paul known 09:00", "jean@ailleurs.example", "/dav/principals/paul/ known 09:00", "/dav/principals/anne/", "anne@agglo.example"}
	if !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	for _, caller := range []portal.Caller{m.paul, m.anne} {
		if _, err := m.Attendances(t.Context(), caller, "claire", nil, from, from.AddDate(0, 0, 1), ""); !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s asks from another's calendar: %v", caller.Agent, err)
		}
	}
}

func TestATimeIsFoundFromTheForm(t *testing.T) {
	d, m := newMeetingDesk(t)
	d.store.now = func() time.Time { return d.now }
	busy := Draft{Calendar: "paul", Title: "Chimiothérapie", Start: time.Date(2026, 11, 24, 10, 0, 0, 0, paris), End: time.Date(2026, 11, 24, 17, 0, 0, 0, paris)}
	if _, err := m.CreateEvent(t.Context(), m.paul, busy); err != nil {
		t.Fatal(err)
	}
	typed := fields("Budget", "2026-11-24", append(hidden("paul@bourg.example"), "addresses", "jean@ailleurs.example", "description", "Ordre du jour")...)
	_, page := d.send("/calendar/times", "claire", http.StatusOK, append(slices.Clone(typed), "day", "2026-11-24")...)
	write(t, "times.html", page)
	wants(t, page, `value="2026-11-25T08:00"`, "9\u00a0h\u00a030", "Pris\u00a0: 10\u00a0h – 17\u00a0h", `<rect x="120" width="420" height="10"/>`,
		"On ne sait pas quand ces personnes sont prises\u00a0: jean@ailleurs.example.", `name="description" value="Ordre du jour"`, `name="guest" value="jean@ailleurs.example"`, "Rien de prévu")
	lacks(t, page, "Chimiothérapie", `value="2026-11-24T16:30"`, `value="2026-11-28T`, `value="2026-11-24T08:00"`)

	_, form := d.send("/calendar/guests", "claire", http.StatusOK, append(slices.Clone(typed), "slot", "2026-11-25T08:30")...)
	wants(t, form, `value="Budget"`, `value="2026-11-25"`, `value="08:30"`, `value="10:00"`, `value="paul@bourg.example"`)

	_, page = d.send("/calendar/times", "claire", http.StatusOK, append(slices.Clone(typed), "move", "2026-12-21")...)
	wants(t, page, `value="2026-12-24T08:00"`, `name="move" value="2026-12-07"`)
	lacks(t, page, `value="2026-12-25T`)
	_, page = d.send("/calendar/times", "claire", http.StatusOK, append(slices.Clone(typed), "day", "2026-11-26")...)
	wants(t, page, `id="h-day">jeudi 26`)

	_, page = d.send("/calendar/times", "claire", http.StatusUnprocessableEntity, append(slices.Clone(typed), "all-day", "1")...)
	wants(t, page, "dix heures au plus", `value="paul@bourg.example"`)
	d.send("/calendar/times", "paul", http.StatusNotFound, typed...)
}

func TestAMeetingIsNotHinderedByItself(t *testing.T) {
	d, _ := newMeetingDesk(t)
	location, _ := d.send("/calendar/events", "claire", http.StatusSeeOther, fields("Budget", "2026-11-26", hidden("paul@bourg.example")...)...)
	again := fields("Budget", "2026-11-26", append(hidden("paul@bourg.example"), "etag", d.etag(location))...)
	_, page := d.send(location+"/times", "claire", http.StatusOK, fieldsSet(again, "start-time", "08:00", "end-time", "18:00")...)
	wants(t, page, `value="2026-11-26T08:00"`)
	d.send(location+"/times", "paul", http.StatusNotFound, again...)
}

// fieldsSet are fields with others in the place of some.
func fieldsSet(pairs []string, more ...string) []string {
	set := slices.Clone(pairs)
	for i := 0; i < len(more); i += 2 {
		for j := 0; j < len(set); j += 2 {
			if set[j] == more[i] {
				set[j+1] = more[i+1]
			}
		}
	}
	return set
}
