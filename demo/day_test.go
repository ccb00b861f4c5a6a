package demo

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	paris   = mustZone("Europe/Paris")
	tuesday = time.Date(2026, 11, 24, 9, 35, 0, 0, paris)
)

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

func TestElevenHolidaysAYear(t *testing.T) {
	want := []string{"01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25"}
	var got []string
	for day := time.Date(2026, 1, 1, 0, 0, 0, 0, paris); day.Year() == 2026; day = midnight(day, 1) {
		if holiday(day) {
			got = append(got, day.Format("01-02"))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("holidays of 2026 = %v, want %v", got, want)
	}
}

func TestPlaceholdersBecomeDays(t *testing.T) {
	for text, want := range map[string]string{
		"Le {mardi+0}.":     "Le mardi\u00a024\u00a0novembre.",
		"Le {mardi+1}.":     "Le mardi\u00a01er\u00a0décembre.",
		"Le {dimanche-1}.":  "Le dimanche\u00a022\u00a0novembre.",
		"Rien {demain+1}, ": "Rien {demain+1}, ",
	} {
		if got := dated(text, tuesday); got != want {
			t.Errorf("dated(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestOnAWeekendTheStoryIsInTheWeekToCome(t *testing.T) {
	for _, c := range []struct{ now, want string }{
		{"2026-11-20", "2026-11-18"}, {"2026-11-21", "2026-11-25"}, {"2026-11-22", "2026-11-25"}, {"2026-11-23", "2026-11-25"},
	} {
		now, err := time.ParseInLocation(time.DateOnly, c.now, paris)
		if err != nil {
			t.Fatal(err)
		}
		if got := dayIn(now, 0, wed).Format(time.DateOnly); got != c.want {
			t.Errorf("on %s, Wednesday of week 0 is %s, want %s", c.now, got, c.want)
		}
	}
}

func TestWorkingDaysAreCountedBackwards(t *testing.T) {
	for _, c := range []struct {
		from string
		days int
		want string
	}{
		{"2026-11-24", 0, "2026-11-24"},
		{"2026-11-22", 0, "2026-11-20"},
		{"2026-11-22", 1, "2026-11-19"},
		{"2026-11-12", 1, "2026-11-10"},
		{"2026-11-16", 4, "2026-11-09"},
	} {
		from, err := time.ParseInLocation(time.DateOnly, c.from, paris)
		if err != nil {
			t.Fatal(err)
		}
		if got := workdayBefore(from, c.days).Format(time.DateOnly); got != c.want {
			t.Errorf("%d working days before %s: %s, want %s", c.days, c.from, got, c.want)
		}
	}
}

// Whatever the day the demo starts, no article on show and no letter of the last two days tells
// of a coming day that is over.
func TestNothingAnnouncesAPastDay(t *testing.T) {
	story := Pool()
	announced := func(now time.Time, what, text string) {
		for _, found := range placeholder.FindAllStringSubmatch(text, -1) {
			week, _ := strconv.Atoi(found[2])
			day := workday(dayIn(now, week, time.Weekday(slices.Index(weekdays[:], found[1]))))
			if week >= 0 && day.Before(midnight(now, 0)) {
				t.Errorf("on %s, %s announces %s", now.Format("Mon 2 Jan 2006"), what, frenchDay(day))
			}
		}
	}
	for n := range 14 {
		now := midnight(tuesday, n).Add(9 * time.Hour)
		for place, a := range story.articles {
			if dated := a.at(now, place); !now.Before(dated.Start) && now.Before(dated.End) {
				announced(now, "article "+a.text.ID, a.text.Title+a.text.Body)
			}
		}
		for _, l := range story.mail {
			announced(now, "letter to "+l.to, l.subject+l.body)
		}
	}
}

func TestAgendaSurroundsTheDay(t *testing.T) {
	from, to := dayIn(tuesday, -2, mon), dayIn(tuesday, 4, mon)
	for _, e := range Pool().At(tuesday).Events {
		if !e.Start.Before(e.End) {
			t.Errorf("%s: %s ends at %v, before its start %v", e.ID, e.Title, e.End, e.Start)
		}
		if e.Start.Before(from) || !e.Start.Before(to) {
			t.Errorf("%s: %s starts on %v, outside the six weeks", e.ID, e.Title, e.Start)
		}
		if e.AllDay != (e.Start.Hour() == 0 && e.End.Hour() == 0) {
			t.Errorf("%s: all day is %v from %v to %v", e.ID, e.AllDay, e.Start, e.End)
		}
	}
}

// Whatever the day the demo starts, contract accounts and shared agendas have a busy fortnight.
func TestEveryContractAccountHasAppointments(t *testing.T) {
	for _, now := range []time.Time{tuesday, time.Date(2027, 3, 28, 23, 59, 0, 0, paris), time.Date(2028, 2, 29, 0, 0, 0, 0, paris)} {
		found := map[string]int{}
		for _, e := range Pool().At(now).Events {
			if e.Calendar != "" {
				found[e.Collectivity+"/"+e.Calendar]++
			} else {
				found[e.Owner]++
			}
		}
		for login := range contractAgents {
			if found[login] < 4 {
				t.Errorf("on %s: %s has %d appointments, want 4 at least", now.Format(time.DateOnly), login, found[login])
			}
		}
		for _, shared := range []string{"bourg/mairie", "bourg/services-techniques", "bourg/conseil"} {
			if found[shared] < 6 {
				t.Errorf("on %s: agenda %s has %d entries, want 6 at least", now.Format(time.DateOnly), shared, found[shared])
			}
		}
	}
}

func TestEventsNameRealCalendars(t *testing.T) {
	story := Pool()
	for _, e := range story.At(tuesday).Events {
		if e.Owner != "" {
			wantAgent(t, story, e.Collectivity, e.Owner)
			continue
		}
		c, _ := story.Collectivity(e.Collectivity)
		if !slices.ContainsFunc(c.Calendars, func(k Calendar) bool { return k.ID == e.Calendar }) {
			t.Errorf("%s: no agenda %s/%s", e.ID, e.Collectivity, e.Calendar)
		}
	}
}

// On 11 November 2026, a Wednesday two weeks before, nothing is held.
func TestMeetingsAvoidHolidays(t *testing.T) {
	removed := 0
	for _, e := range Pool().At(tuesday).Events {
		if e.Repeat == "" && holiday(e.Start) {
			t.Errorf("%s: %s is on the holiday %v", e.ID, e.Title, e.Start)
		}
		for _, day := range e.Except {
			removed++
			if !holiday(day) || day.Weekday() != e.Start.Weekday() || day.Hour() != e.Start.Hour() {
				t.Errorf("%s: exception %v is not a repetition on a holiday", e.ID, day)
			}
		}
	}
	if removed == 0 {
		t.Error("no repetition is removed, want those of 11 November and Easter Monday")
	}
}

// The page of an event can say “chaque lundi jusqu’au 10 mai 2027” of such a rule, and of no other.
func TestWeeklyMeetingsEndOnADay(t *testing.T) {
	weekly := 0
	for _, e := range Pool().At(tuesday).Events {
		if e.Repeat == "" || strings.Contains(e.Repeat, "INTERVAL") {
			continue
		}
		weekly++
		last := e.Start.AddDate(0, 0, 7*(repetitions-1)).UTC()
		if want := "FREQ=WEEKLY;UNTIL=" + last.Format("20060102T150405Z"); e.Repeat != want {
			t.Errorf("%s: %s, want %s", e.ID, e.Repeat, want)
		}
	}
	if weekly == 0 {
		t.Error("no meeting is weekly")
	}
}

// The hour stays 8:30 after the change to summer time.
func TestStoryKeepsItsHoursAcrossSummerTime(t *testing.T) {
	now := time.Date(2027, 3, 24, 10, 0, 0, 0, paris) // summer time begins on 28 March
	for _, e := range Pool().At(now).Events {
		if e.Title == "Conseil municipal" && (e.Start.Hour() != 19 || e.Start.Location() != paris) {
			t.Errorf("%s starts at %v, want 19:00 in Paris", e.Title, e.Start)
		}
	}
}

func TestNewsOpenAndCloseAroundTheDay(t *testing.T) {
	var open, over, coming int
	for _, a := range Pool().At(tuesday).News {
		switch {
		case !a.Start.Before(a.End):
			t.Errorf("article %s ends before it starts", a.ID)
		case tuesday.Before(a.Start):
			coming++
		case tuesday.Before(a.End):
			open++
		default:
			over++
		}
	}
	if open < 15 || over == 0 || coming == 0 {
		t.Errorf("%d articles open, %d over, %d coming: want 15 open and some of each", open, over, coming)
	}
}

// Whatever the day, one invitation waits for Camille and one meeting of hers has all answers that there
// are, one of them from outside.
func TestInvitationsAreOfTheDay(t *testing.T) {
	const camille = "agent@bourg.example"
	for _, now := range []time.Time{tuesday, time.Date(2027, 3, 28, 23, 59, 0, 0, paris), time.Date(2028, 2, 29, 0, 0, 0, 0, paris), time.Date(2026, 12, 20, 9, 0, 0, 0, paris)} {
		story := Pool()
		waiting, answers, outside := 0, map[string]bool{}, 0
		for _, e := range story.At(now).Events {
			if len(e.Guests) > 0 && (!e.Start.After(now) || e.Host == "") {
				t.Errorf("on %s: %s invites to %v as %q", now.Format(time.DateOnly), e.Title, e.Start, e.Host)
			}
			for _, guest := range e.Guests {
				_, known := story.Person(guest.Address)
				if guest.Name == "" {
					t.Errorf("%s: %s has no name", e.Title, guest.Address)
				}
				if guest.Address == camille && guest.Answer == waits {
					waiting++
				}
				if e.Owner == camille {
					answers[guest.Answer] = true
					outside += 1 - boolOf(known)
				}
			}
		}
		if waiting != 1 || len(answers) != 3 || outside != 1 {
			t.Errorf("on %s: %d invitations wait, answers %v, %d from outside", now.Format(time.DateOnly), waiting, answers, outside)
		}
	}
}

func boolOf(is bool) int {
	if is {
		return 1
	}
	return 0
}
