package calendar

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
)

// seriesTexts are series as clients write them: every way to end, to except and to place one.
var seriesTexts = map[string][]byte{
	"weekly without end":     eventText("DTSTART;TZID=Europe/Paris:20261006T090000", "DTEND;TZID=Europe/Paris:20261006T100000", "RRULE:FREQ=WEEKLY"),
	"counted, exceptions":    eventText("DTSTART;TZID=Europe/Paris:20261006T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=9;BYDAY=TU", "EXDATE;TZID=Europe/Paris:20261013T090000,20261027T090000,20261124T090000"),
	"until, in UTC":          eventText("DTSTART:20261006T080000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;INTERVAL=3;UNTIL=20261103T080000Z"),
	"days":                   eventText("DTSTART;VALUE=DATE:20261006", "DTEND;VALUE=DATE:20261008", "RRULE:FREQ=WEEKLY;UNTIL=20261124", "EXDATE;VALUE=DATE:20261020"),
	"floating":               eventText("DTSTART:20261006T090000", "DURATION:PT30M", "RRULE:FREQ=DAILY;UNTIL=20261030T090000"),
	"of New York":            eventText("DTSTART;TZID=America/New_York:20261006T200000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;BYDAY=TU,TH;COUNT=12"),
	"in the hour skipped":    eventText("DTSTART;TZID=Europe/Paris:20260301T023000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=8"),
	"in the hour twice":      eventText("DTSTART;TZID=Europe/Paris:20261004T023000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=6"),
	"first and last weekday": eventText("DTSTART;TZID=Europe/Paris:20261001T090000", "DURATION:PT1H", "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1;COUNT=7"),
	"the 31st":               eventText("DTSTART;TZID=Europe/Paris:20260531T090000", "DURATION:PT1H", "RRULE:FREQ=MONTHLY;COUNT=5"),
	"dates alone":            eventText("DTSTART;TZID=Europe/Paris:20261006T090000", "DURATION:PT1H", "RDATE;TZID=Europe/Paris:20261009T100000,20261020T110000", "RDATE:20261104T080000Z"),
	"excepted by day":        eventText("DTSTART;TZID=Europe/Paris:20261006T090000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=9", "EXDATE;VALUE=DATE:20261008,20261012"),
	"moved dates": ics("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//x//", "BEGIN:VEVENT", "UID:u", "DTSTAMP:20260101T000000Z", "SUMMARY:Réunion", "DTSTART;TZID=Europe/Paris:20261006T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=8", "END:VEVENT",
		"BEGIN:VEVENT", "UID:u", "DTSTAMP:20260101T000000Z", "SUMMARY:Bien plus tard", "RECURRENCE-ID;TZID=Europe/Paris:20261013T090000", "DTSTART;TZID=Europe/Paris:20261112T150000", "DURATION:PT1H", "END:VEVENT",
		"BEGIN:VEVENT", "UID:u", "DTSTAMP:20260101T000000Z", "SUMMARY:Bien plus tôt", "RECURRENCE-ID;TZID=Europe/Paris:20261103T090000", "DTSTART;TZID=Europe/Paris:20261007T150000", "DURATION:PT1H", "END:VEVENT", "END:VCALENDAR"),
}

func mustParse(t testing.TB, octets []byte) *Object {
	t.Helper()
	o, err := Parse(octets)
	if err != nil {
		t.Fatalf("%v\n%s", err, octets)
	}
	return o
}

// seenIn is what a reader sees of an object until the end of 2027.
func seenIn(t testing.TB, o *Object) []string {
	t.Helper()
	found, err := o.Instances(time.Time{}, time.Date(2028, 1, 1, 0, 0, 0, 0, paris), paris)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, in := range found {
		all = append(all, in.Start.Format(time.RFC3339)+" "+in.End.Sub(in.Start).String()+" "+in.Title+" "+in.Recurrence.Format("01-02 15:04"))
	}
	return all
}

// plainly leaves out which instance it is: the only one of a part has no name.
func plainly(lines []string) []string {
	for i, line := range lines {
		lines[i] = line[:len(line)-len("01-02 15:04")]
	}
	slices.Sort(lines)
	return lines
}

func TestASeriesCutInTwoShowsWhatItShowed(t *testing.T) {
	for name, octets := range seriesTexts {
		t.Run(name, func(t *testing.T) {
			want := plainly(seenIn(t, mustParse(t, octets)))
			found, _ := mustParse(t, octets).Instances(time.Time{}, time.Date(2027, 2, 1, 0, 0, 0, 0, paris), paris)
			for _, in := range found {
				first := mustParse(t, octets)
				if !first.startsBefore(in.Recurrence, paris) {
					continue
				}
				rest, err := first.split(in.Recurrence, "v", paris, time.Now())
				if err != nil {
					t.Fatalf("cut at %v: %v", in.Recurrence, err)
				}
				first = mustParse(t, encode(first.root))
				if first.UID == rest.UID || rest.UID != "v" {
					t.Errorf("UIDs %q and %q", first.UID, rest.UID)
				}
				for _, part := range []*Object{first, rest} {
					late := part == rest
					part.occurrences(time.Time{}, time.Date(2028, 1, 1, 0, 0, 0, 0, paris), paris, func(occ occurrence) error {
						if late == occ.recurrence.Before(in.Recurrence) && !occ.recurrence.IsZero() {
							t.Errorf("cut at %v: %v is on the wrong side", in.Recurrence, occ.recurrence)
						}
						return nil
					})
				}
				got := plainly(append(seenIn(t, first), seenIn(t, rest)...))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("cut at %v (-whole +cut):\n%s\n%s\n%s", in.Recurrence, diff, encode(first.root), encode(rest.root))
				}
			}
		})
	}
}

func TestOneDateChangedAloneLeavesTheOthers(t *testing.T) {
	for name, octets := range seriesTexts {
		t.Run(name, func(t *testing.T) {
			before, _ := mustParse(t, octets).Instances(time.Time{}, time.Date(2027, 2, 1, 0, 0, 0, 0, paris), paris)
			for _, in := range before {
				o := mustParse(t, octets)
				d := Draft{Title: "Autre", Start: time.Date(2027, 1, 5, 7, 0, 0, 0, paris), End: time.Date(2027, 1, 5, 8, 0, 0, 0, paris)}
				if err := o.changeOne(in.Recurrence, d, paris, time.Now()); err != nil {
					t.Fatal(err)
				}
				o = mustParse(t, encode(o.root))
				want := slices.DeleteFunc(seenIn(t, mustParse(t, octets)), func(line string) bool {
					return strings.HasPrefix(line, in.Start.Format(time.RFC3339)+" ") && strings.HasSuffix(line, in.Recurrence.Format("01-02 15:04"))
				})
				want = append(want, "2027-01-05T07:00:00+01:00 1h0m0s Autre "+in.Recurrence.Format("01-02 15:04"))
				slices.Sort(want)
				got := slices.Sorted(slices.Values(seenIn(t, o)))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%v (-want +got):\n%s\n%s", in.Recurrence, diff, encode(o.root))
				}
			}
		})
	}
}

// put stores a client's object in claire's calendar.
func (d *desk) put(octets []byte) EventID {
	d.t.Helper()
	w, err := d.store.Put(context.Background(), d.agents["claire"], "claire", "u.ics", octets, Condition{})
	if err != nil {
		d.t.Fatal(err)
	}
	return w.ID
}

// everything is the octets of claire's calendar, one text.
func (d *desk) everything() string {
	d.t.Helper()
	var all []string
	err := d.store.Find(context.Background(), d.agents["claire"], "claire", Filter{}, nil, func(e Entry) error {
		all = append(all, string(e.UnfoldedText()))
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	slices.Sort(all)
	return strings.Join(all, "")
}

// form is the fields of a form as the page holds them, with some of them changed.
func (d *desk) form(target string, pairs ...string) url.Values {
	d.t.Helper()
	link, err := url.Parse(target)
	if err != nil {
		d.t.Fatal(err)
	}
	id := EventID(strings.Split(link.Path, "/")[3])
	event := must(d.store.Event(context.Background(), d.agents["claire"], id))
	if at := readAt(link.Query().Get("at")); !at.IsZero() {
		event.show(must(d.store.Occurrence(context.Background(), d.agents["claire"], id, at)))
	}
	f := formOf(event, paris)
	values := url.Values{
		"etag": {f.ETag}, "title": {f.Headline}, "start": {f.Start}, "start-time": {f.StartTime}, "end": {f.End}, "end-time": {f.EndTime},
		"location": {f.Location}, "repeat": {string(f.Repeat)}, "until": {f.Until}, "description": {f.Description}, "at": {link.Query().Get("at")},
	}
	if f.AllDay {
		values.Set("all-day", "1")
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

var weekly4 = eventText("SUMMARY:Point", "DTSTART;TZID=Romance Standard Time:20261103T090000", "DTEND;TZID=Romance Standard Time:20261103T100000",
	"RRULE:FREQ=WEEKLY;COUNT=4", "X-MICROSOFT-CDO-BUSYSTATUS:BUSY", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:paul@bourg.example",
	"BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT15M", "DESCRIPTION:x", "END:VALARM")

func TestADateTheFollowingOrAllAreChangedAndTakenBack(t *testing.T) {
	const third = "20261117T080000Z"
	for _, c := range []struct {
		name   string
		at     string
		change []string
		want   []string
		kept   int // copies of what only the client knows
	}{
		{
			"one", third,
			[]string{"scope", "one", "title", "Bilan", "start", "2026-11-18", "end", "2026-11-18"},
			[]string{"3 09:00 Point", "10 09:00 Point", "18 09:00 Bilan", "24 09:00 Point"},
			2,
		},
		{
			"following", third,
			[]string{"scope", "following", "title", "Bilan", "start-time", "10:00", "end-time", "11:00"},
			[]string{"3 09:00 Point", "10 09:00 Point", "17 10:00 Bilan", "24 10:00 Bilan"},
			2,
		},
		{
			"following, another day", third,
			[]string{"scope", "following", "start", "2026-11-19", "end", "2026-11-19"},
			[]string{"3 09:00 Point", "10 09:00 Point", "19 09:00 Point", "26 09:00 Point"},
			2,
		},
		{
			"following, from the first", "20261103T080000Z",
			[]string{"scope", "following", "title", "Bilan"},
			[]string{"3 09:00 Bilan", "10 09:00 Bilan", "17 09:00 Bilan", "24 09:00 Bilan"},
			1,
		},
		{
			"following, whole days", third,
			[]string{"scope", "following", "all-day", "1", "end", ""},
			[]string{"3 09:00 Point", "10 09:00 Point", "17 00:00 Point", "24 00:00 Point"},
			2,
		},
		{
			"following, once more", third,
			[]string{"scope", "following", "repeat", ""},
			[]string{"3 09:00 Point", "10 09:00 Point", "17 09:00 Point"},
			2,
		},
		{
			"following, every day", third,
			[]string{"scope", "following", "repeat", "daily", "until", "2026-11-19"},
			[]string{"3 09:00 Point", "10 09:00 Point", "17 09:00 Point", "18 09:00 Point", "19 09:00 Point"},
			2,
		},
		{
			"all", third,
			[]string{"scope", "all", "title", "Bilan", "start", "2026-11-18", "end", "2026-11-18", "start-time", "14:00", "end-time", "15:00"},
			[]string{"4 14:00 Bilan", "11 14:00 Bilan", "18 14:00 Bilan", "25 14:00 Bilan"},
			1,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			id := d.put(weekly4)
			claire, before := d.agents["claire"], d.everything()
			link := "/calendar/events/" + string(id)
			wants(t, d.get(link+"/edit?at="+c.at, "claire"), `name="scope" value="one" checked`, "Cette date et les suivantes", `name="at" value="`+c.at+`"`)
			response := d.do("POST", link, "claire", d.form(link+"?at="+c.at, c.change...))
			if response.StatusCode != http.StatusSeeOther {
				t.Fatalf("%d: %s", response.StatusCode, body(t, response))
			}
			if got := titles(t, d.store, claire); !cmp.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q\n%s", got, c.want, d.everything())
			}
			after := d.everything()
			for _, kept := range []string{"X-MICROSOFT-CDO-BUSYSTATUS:BUSY", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:paul@bourg.example", "TRIGGER:-PT15M"} {
				if n := strings.Count(after, kept); n != c.kept {
					t.Errorf("%d × %s, want %d:\n%s", n, kept, c.kept, after)
				}
			}
			page := d.get(response.Header.Get("Location"), "claire")
			_, undo, _ := strings.Cut(page, `"/calendar/undo/`)
			undo, _, _ = strings.Cut(undo, `"`)
			d.post("/calendar/undo/"+undo, "claire", http.StatusSeeOther)
			if diff := cmp.Diff(before, d.everything()); diff != "" {
				t.Errorf("taken back (-before +after):\n%s", diff)
			}
		})
	}
}

func TestTheFollowingDatesAreDeletedAndTakenBack(t *testing.T) {
	for at, want := range map[string][]string{
		"20261117T080000Z": {"3 09:00 Point", "10 09:00 Point"},
		"20261103T080000Z": nil, // nothing is left of it
	} {
		d := newDesk(t)
		id := d.put(weekly4)
		before := d.everything()
		back, _ := d.post("/calendar/events/"+string(id)+"/delete", "claire", http.StatusSeeOther, "at", at, "scope", "following", "next", "/calendar")
		if got := titles(t, d.store, d.agents["claire"]); !cmp.Equal(got, want) {
			t.Errorf("%s: left %q, want %q", at, got, want)
		}
		_, undo, _ := strings.Cut(d.get(back, "claire"), `"/calendar/undo/`)
		undo, _, _ = strings.Cut(undo, `"`)
		d.post("/calendar/undo/"+undo, "claire", http.StatusSeeOther)
		if diff := cmp.Diff(before, d.everything()); diff != "" {
			t.Errorf("%s: taken back:\n%s", at, diff)
		}
	}
}

func TestWhatIsTypedOutlivesWhatOthersDoMeanwhile(t *testing.T) {
	d := newDesk(t)
	id := d.put(weekly4)
	link := "/calendar/events/" + string(id)
	typed := d.form(link+"?at=20261117T080000Z", "scope", "one", "title", "Ce que j’ai écrit")
	d.post(link, "claire", http.StatusSeeOther, "title", "Écrit par un autre", "start", "2026-11-03", "start-time", "09:00", "repeat", "weekly")
	response := d.do("POST", link, "claire", typed)
	page := body(t, response)
	write(t, "form-meanwhile.html", page)
	if response.StatusCode != http.StatusConflict {
		t.Errorf("%d, want 409", response.StatusCode)
	}
	wants(t, page, "Quelqu’un a modifié cet événement", `value="Ce que j’ai écrit"`, "<strong>Écrit par un autre</strong>", `value="one" checked`)
	typed.Set("etag", d.etag(link)) // the page has it, and how the series repeats now
	typed.Set("repeat", "weekly")
	typed.Set("until", "")
	if !strings.Contains(page, url.QueryEscape(typed.Get("etag"))) && !strings.Contains(page, strings.Trim(typed.Get("etag"), `"`)) {
		t.Error("the page does not let who knows better save")
	}
	if response := d.do("POST", link, "claire", typed); response.StatusCode != http.StatusSeeOther {
		t.Errorf("saved knowingly: %d", response.StatusCode)
	}
	typed.Set("etag", d.etag(link))
	if _, err := d.store.Remove(context.Background(), d.agents["claire"], Target{Event: id}); err != nil {
		t.Fatal(err)
	}
	response = d.do("POST", link, "claire", typed)
	page = body(t, response)
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("of a deleted event: %d, want 404", response.StatusCode)
	}
	wants(t, page, "n’existe plus", `value="Ce que j’ai écrit"`, `action="/calendar/events"`)
}

func TestASplitIsNotTakenBackOverWhatOthersWrote(t *testing.T) {
	ctx, d := context.Background(), newDesk(t)
	claire := d.agents["claire"]
	id := d.put(weekly4)
	at := time.Date(2026, 11, 17, 8, 0, 0, 0, time.UTC)
	draft := Draft{Title: "Suite", Start: at.In(paris), End: at.In(paris).Add(time.Hour), Repeat: Repeat{Every: Otherwise}}
	changed, err := d.store.Change(ctx, claire, Target{Event: id, At: at, Scope: Following}, draft)
	if err != nil {
		t.Fatal(err)
	}
	second := must(d.store.Event(ctx, claire, changed.Event))
	if second.UID == "u" || !strings.Contains(d.everything(), "RELATED-TO;RELTYPE=SIBLING:u") {
		t.Errorf("the second part is %q:\n%s", second.UID, d.everything())
	}
	if err := d.store.ChangeEvent(ctx, claire, changed.Event, "", second.Draft); err != nil {
		t.Fatal(err)
	}
	before := d.everything()
	if _, err := d.store.Undo(ctx, claire, changed.Undo); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("undo: %v, want a conflict", err)
	}
	if diff := cmp.Diff(before, d.everything()); diff != "" {
		t.Errorf("refused, and yet:\n%s", diff)
	}
}

func TestWhatASeriesCannotDoIsSaid(t *testing.T) {
	for _, c := range []struct {
		name   string
		octets []byte
		at     string
		change []string
		want   string
	}{
		{
			"another day of a rule with days", eventText("DTSTART;TZID=Europe/Paris:20261103T090000", "RRULE:FREQ=WEEKLY;BYDAY=TU,TH"), "20261105T080000Z",
			[]string{"scope", "all", "start", "2026-11-06", "end", ""},
			"qui fixe ses jours",
		},
		{"a repetition for a date alone", weekly4, "20261110T080000Z", []string{"scope", "one", "repeat", "daily"}, "Une date seule ne se répète pas"},
		{"no scope", weekly4, "20261110T080000Z", []string{"scope", ""}, "Choisissez ce que vous modifiez"},
		{
			"from a date beside the rule", eventText("DTSTART;TZID=Europe/Paris:20261103T090000", "RRULE:FREQ=WEEKLY", "RDATE;TZID=Europe/Paris:20261105T090000"), "20261105T080000Z",
			[]string{"scope", "following"},
			"a été ajoutée à part",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t)
			link := "/calendar/events/" + string(d.put(c.octets))
			before := d.everything()
			response := d.do("POST", link, "claire", d.form(link+"?at="+c.at, append([]string{"title", "Titre"}, c.change...)...))
			page := body(t, response)
			if response.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%d, want 422", response.StatusCode)
			}
			wants(t, page, c.want, `class="summary"`)
			if before != d.everything() {
				t.Error("refused, and yet something changed")
			}
		})
	}
}

func TestARuleOfAnotherProgramMovesWithItsSeries(t *testing.T) {
	for _, c := range []struct{ rule, day, hour, want string }{
		{"FREQ=WEEKLY;INTERVAL=3;BYDAY=TU;UNTIL=20261124T080000Z", "2026-11-04", "10:00", "4 25"},
		{"FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=3;COUNT=2", "2026-11-05", "09:00", "5 05"},
		{"FREQ=WEEKLY;BYDAY=TU,TH;COUNT=3", "2026-11-03", "22:00", "3 5 10"},
	} {
		d := newDesk(t)
		id := d.put(eventText("SUMMARY:x", "DTSTART;TZID=Europe/Paris:20261103T090000", "RRULE:"+c.rule))
		link := "/calendar/events/" + string(id)
		if response := d.do("POST", link, "claire", d.form(link, "start", c.day, "start-time", c.hour)); response.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d", c.rule, response.StatusCode)
			continue
		}
		var got []string
		for _, in := range must(d.store.Instances(context.Background(), d.agents["claire"], at(1, 0, 0), at(40, 0, 0))) {
			form := "2"
			if in.Start.Month() == time.December {
				form = "02"
			}
			got = append(got, in.Start.Format(form))
			if in.Start.Format("15:04") != c.hour {
				t.Errorf("%s: at %v", c.rule, in.Start)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s from %s: %q, want %q", c.rule, c.day, got, c.want)
		}
	}
}
