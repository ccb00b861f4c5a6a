package calendar

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTimeZonesAreFoundUnderAllTheirNames(t *testing.T) {
	own := func(id string, more ...string) string {
		return strings.Join(append(append([]string{"BEGIN:VTIMEZONE", "TZID:" + id}, more...),
			"BEGIN:DAYLIGHT", "DTSTART:16010325T020000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "END:DAYLIGHT",
			"BEGIN:STANDARD", "DTSTART:16011028T030000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD",
			"END:VTIMEZONE"), "\r\n")
	}
	for name, c := range map[string]struct{ tzid, zones string }{
		"IANA":              {"Europe/Paris", ""},
		"Windows":           {"Romance Standard Time", ""},
		"Windows, cases":    {"romance standard time", ""},
		"suffix":            {"/freeassociation.sourceforge.net/Tzfile/Europe/Paris", ""},
		"X-LIC-LOCATION":    {"Paris-1", own("Paris-1", "X-LIC-LOCATION:Europe/Paris")},
		"its own VTIMEZONE": {"(UTC+01:00) Bruxelles, Copenhague", own("(UTC+01:00) Bruxelles, Copenhague")},
		"quoted":            {`"Europe/Paris"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tzid := c.tzid
			if strings.ContainsAny(tzid, ",:") {
				tzid = `"` + tzid + `"`
			}
			for written, want := range map[string]string{"20260701T090000": "2026-07-01T07:00:00Z", "20261201T090000": "2026-12-01T08:00:00Z"} {
				o, err := Parse(ics("BEGIN:VCALENDAR", c.zones, "BEGIN:VEVENT", "UID:u", "DTSTART;TZID="+tzid+":"+written, "END:VEVENT", "END:VCALENDAR"))
				if err != nil {
					t.Fatal(err)
				}
				if got := o.items[0].start.at(time.UTC).UTC().Format(time.RFC3339); got != want {
					t.Errorf("%s is %s, want %s", written, got, want)
				}
			}
		})
	}
}

func TestAnUnknownTimeZoneIsTheCalendarsOwn(t *testing.T) {
	o, err := Parse(eventText("DTSTART;TZID=Mars/Olympus:20261124T090000"))
	if err != nil {
		t.Fatal(err)
	}
	found, err := o.Instances(time.Time{}, time.Time{}, paris)
	if err != nil || len(found) != 1 || found[0].Start.UTC().Hour() != 8 {
		t.Errorf("%v, %v; want 9:00 in Paris", found, err)
	}
}

func TestPoisonIsRefusedWithItsReason(t *testing.T) {
	for name, c := range map[string]struct {
		octets []byte
		want   RefusalReason
	}{
		"nothing":             {nil, Malformed},
		"no colon after TZID": {eventText("DTSTART;TZID=X"), Malformed},
		"parameter of 9 KiB":  {eventText("DTSTART;X=" + strings.Repeat("a", 9<<10) + ":20261124"), Malformed},
		"line of 65 KiB":      {eventText("DTSTART:20261124", "X:"+strings.Repeat("a", 65<<10)), Malformed},
		"folded line of 65 K": {eventText("DTSTART:20261124", "X:"+strings.Repeat("a\r\n ", 66<<10)), Malformed},
		"quote left open":     {eventText(`DTSTART;X="a:20261124`), Malformed},
		"NUL":                 {eventText("DTSTART:20261124", "SUMMARY:\x00"), Malformed},
		"Latin-1":             {eventText("DTSTART:20261124", "SUMMARY:\xe9"), Malformed},
		"nested":              {ics(strings.Repeat("BEGIN:VCALENDAR\r\n", 5000)), Malformed},
		"no END":              {ics("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:u", "DTSTART:20261124"), Malformed},
		"two calendars":       {append(eventText("DTSTART:20261124"), eventText("DTSTART:20261124")...), Malformed},
		"over 1 MiB":          {eventText(strings.Repeat("X:aaaaaaaaaaaaaaaa\r\n", 70_000)), TooLarge},
		"no DTSTART":          {eventText("SUMMARY:x"), Malformed},
		"30 February":         {eventText("DTSTART:20260230T090000Z"), Malformed},
		"negative duration":   {eventText("DTSTART:20261124T090000Z", "DURATION:-PT1H"), Malformed},
		"endless duration":    {eventText("DTSTART:20261124T090000Z", "DURATION:P999999999W"), Malformed},
		"no FREQ":             {eventText("DTSTART:20261124T090000Z", "RRULE:COUNT=2"), Malformed},
		"FREQ=SECONDLY":       {eventText("DTSTART:20261124T090000Z", "RRULE:FREQ=SECONDLY"), TooManyInstances},
		"seconds in disguise": {eventText("DTSTART:20261124T090000Z", "RRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=1,2,3,4,5"), TooManyInstances},
		"COUNT=10001":         {eventText("DTSTART:20261124T090000Z", "RRULE:FREQ=DAILY;COUNT=10001"), TooManyInstances},
		"BYDAY=54MO":          {eventText("DTSTART:20261124T090000Z", "RRULE:FREQ=YEARLY;BYDAY=54MO"), Malformed},
		"two UIDs":            {ics("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:u", "DTSTART:20261124", "END:VEVENT", "BEGIN:VEVENT", "UID:v", "DTSTART:20261124", "END:VEVENT", "END:VCALENDAR"), InvalidResource},
		"two masters":         {ics("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:u", "DTSTART:20261124", "END:VEVENT", "BEGIN:VEVENT", "UID:u", "DTSTART:20261125", "END:VEVENT", "END:VCALENDAR"), InvalidResource},
		"no UID":              {ics("BEGIN:VCALENDAR", "BEGIN:VEVENT", "DTSTART:20261124", "END:VEVENT", "END:VCALENDAR"), InvalidResource},
		"only a zone":         {ics("BEGIN:VCALENDAR", "BEGIN:VTIMEZONE", "TZID:x", "END:VTIMEZONE", "END:VCALENDAR"), InvalidResource},
		"9,000 time zones":    {eventText("DTSTART:20261124", unknownZones(9000)), Malformed},
		"year 2201":           {eventText("DTSTART:22010101T000000Z"), OutOfRange},
	} {
		start := time.Now()
		_, err := Parse(c.octets)
		var refused *Refusal
		if !errors.As(err, &refused) || refused.Reason != c.want {
			t.Errorf("%s: %v, want reason %d", name, err, c.want)
		}
		if took := time.Since(start); took > 20*time.Second { // of milliseconds; what is refused late takes minutes
			t.Errorf("%s took %v", name, took)
		}
	}
}

// unknownZones are exceptions, each in a zone that nothing knows, of a name that is long to look for.
func unknownZones(n int) string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = "EXDATE;TZID=" + strconv.Itoa(i) + strings.Repeat("/a", 29) + ":20261124T090000"
	}
	return strings.Join(lines, "\r\n")
}

func TestAZoneOfThousandsOfRulesIsNotWalked(t *testing.T) {
	zone := "BEGIN:VTIMEZONE\r\nTZID:own\r\n" + strings.Repeat("BEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0500\r\n"+
		"TZOFFSETTO:+0500\r\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30\r\nEND:STANDARD\r\n", 7000) + "END:VTIMEZONE"
	begun := time.Now()
	o, err := Parse(ics("BEGIN:VCALENDAR", zone, "BEGIN:VEVENT", "UID:u", "DTSTART;TZID=own:20261124T090000", "END:VEVENT", "END:VCALENDAR"))
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 20*time.Second { // walked, it would take hours
		t.Errorf("it took %v", took)
	}
	if got := o.items[0].start.form; got != floatingForm {
		t.Errorf("the hour is of form %d, want it as it is written", got)
	}
}

// starts lists when instances begin in November 2026, in Paris.
func starts(t *testing.T, octets []byte) []string {
	t.Helper()
	o, err := Parse(octets)
	if err != nil {
		t.Fatal(err)
	}
	found, err := o.Instances(time.Date(2026, 11, 1, 0, 0, 0, 0, paris), time.Date(2026, 12, 1, 0, 0, 0, 0, paris), paris)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, in := range found {
		all = append(all, in.Start.Format("02T15:04"))
	}
	return all
}

func TestRecurrenceWithExceptions(t *testing.T) {
	weekly := []string{"DTSTART;TZID=Europe/Paris:20261005T090000", "DTEND;TZID=Europe/Paris:20261005T100000", "RRULE:FREQ=WEEKLY"}
	with := func(more ...string) []byte { return eventText(append(weekly[:3:3], more...)...) }
	for name, c := range map[string]struct {
		octets []byte
		want   string
	}{
		"plain":                {with(), "02T09:00 09T09:00 16T09:00 23T09:00 30T09:00"},
		"EXDATE in the zone":   {with("EXDATE;TZID=Europe/Paris:20261109T090000"), "02T09:00 16T09:00 23T09:00 30T09:00"},
		"EXDATE in UTC":        {with("EXDATE:20261109T080000Z,20261116T080000Z"), "02T09:00 23T09:00 30T09:00"},
		"EXDATE as a date":     {with("EXDATE;VALUE=DATE:20261109"), "02T09:00 16T09:00 23T09:00 30T09:00"},
		"RDATE":                {with("RDATE;TZID=Europe/Paris:20261103T140000"), "02T09:00 03T14:00 09T09:00 16T09:00 23T09:00 30T09:00"},
		"RDATE twice":          {with("RDATE;TZID=Europe/Paris:20261102T090000"), "02T09:00 09T09:00 16T09:00 23T09:00 30T09:00"},
		"RDATE in UTC, twice":  {with("RDATE:20261102T080000Z"), "02T09:00 09T09:00 16T09:00 23T09:00 30T09:00"},
		"RDATE in UTC":         {with("RDATE:20261102T090000Z"), "02T09:00 02T10:00 09T09:00 16T09:00 23T09:00 30T09:00"},
		"RDATE given twice":    {with("RDATE:20261103T080000Z,20261103T080000Z"), "02T09:00 03T09:00 09T09:00 16T09:00 23T09:00 30T09:00"},
		"start off its rule":   {eventText("DTSTART:20261101T090000Z", "RRULE:FREQ=WEEKLY;BYDAY=TU;COUNT=2"), "01T10:00 03T10:00 10T10:00"},
		"UNTIL in UTC":         {eventText("DTSTART;TZID=Europe/Paris:20261101T090000", "RRULE:FREQ=DAILY;UNTIL=20261103T080000Z"), "01T09:00 02T09:00 03T09:00"},
		"UNTIL a second early": {eventText("DTSTART;TZID=Europe/Paris:20261101T090000", "RRULE:FREQ=DAILY;UNTIL=20261103T075959Z"), "01T09:00 02T09:00"},
		"UNTIL as a date":      {eventText("DTSTART;TZID=Europe/Paris:20261101T090000", "RRULE:FREQ=DAILY;UNTIL=20261102"), "01T09:00 02T09:00"},
		"since 1990":           {eventText("DTSTART:19900101T090000Z", "RRULE:FREQ=MONTHLY;BYDAY=-1FR"), "27T10:00"},
		"all day":              {eventText("DTSTART;VALUE=DATE:20261031", "DTEND;VALUE=DATE:20261102"), "31T00:00"},
		"started before":       {eventText("DTSTART:20261031T220000Z", "DTEND:20261031T233000Z"), "31T23:00"},
		"31st":                 {eventText("DTSTART:20261031T090000Z", "RRULE:FREQ=MONTHLY;COUNT=3"), ""},
		"Outlook's ordinals":   {eventText("DTSTART:20261102T090000Z", "RRULE:FREQ=WEEKLY;BYDAY=1MO;COUNT=2"), "02T10:00 09T10:00"},
	} {
		if got := strings.Join(starts(t, c.octets), " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestAnOverriddenInstanceReplacesItsOwn(t *testing.T) {
	override := func(id string) []byte {
		return ics("BEGIN:VCALENDAR",
			"BEGIN:VEVENT", "UID:u", id, "DTSTART:20261110T140000Z", "DTEND:20261110T150000Z", "END:VEVENT",
			"BEGIN:VEVENT", "UID:u", "DTSTART;TZID=Europe/Paris:20261102T090000", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=3", "END:VEVENT",
			"END:VCALENDAR")
	}
	want := []string{"02T09:00", "10T15:00", "16T09:00"}
	for _, id := range []string{"RECURRENCE-ID:20261109T080000Z", "RECURRENCE-ID;TZID=Europe/Paris:20261109T090000"} {
		if got := starts(t, override(id)); !cmp.Equal(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
}

func TestHoursThatDoNotExistOrComeTwice(t *testing.T) {
	for written, want := range map[string]string{
		"20260329T013000": "00:30", "20260329T023000": "01:30", "20260329T033000": "01:30", // the gap: as if before it
		"20261025T013000": "23:30", "20261025T023000": "00:30", "20261025T033000": "02:30", // the first of the two
	} {
		w, _, _ := parseWall(written)
		if got := w.in(paris).UTC().Format("15:04"); got != want {
			t.Errorf("%s in Paris is %s UTC, want %s", written, got, want)
		}
	}
}

func TestTheIndexNeverHidesAnInstance(t *testing.T) {
	for name, octets := range map[string][]byte{
		"once":       eventText("DTSTART:20261110T090000Z", "DTEND:20261110T100000Z"),
		"all day":    eventText("DTSTART;VALUE=DATE:20261110"),
		"floating":   eventText("DTSTART:20261110T000000"),
		"counted":    eventText("DTSTART:20250101T090000Z", "RRULE:FREQ=WEEKLY;COUNT=100"),
		"until":      eventText("DTSTART;TZID=Asia/Tokyo:20250101T090000", "DURATION:P2D", "RRULE:FREQ=MONTHLY;UNTIL=20261231T000000Z"),
		"endless":    eventText("DTSTART;TZID=America/Martinique:20250101T090000", "RRULE:FREQ=DAILY"),
		"added":      eventText("DTSTART:20250101T090000Z", "RDATE:20261110T090000Z,20240101T000000Z"),
		"added long": eventText("DTSTART:20250101T090000Z", "RDATE;VALUE=PERIOD:20261110T090000Z/P40D"),
	} {
		o, err := Parse(octets)
		if err != nil {
			t.Fatal(err)
		}
		row := o.indexRow()
		for _, zoneName := range []string{"UTC", "Pacific/Kiritimati", "Pacific/Niue", "Europe/Paris"} {
			zone := ianaZone(zoneName)
			found, err := o.Instances(time.Time{}, time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC), zone)
			if err != nil || len(found) == 0 {
				t.Fatalf("%s: %v", name, err)
			}
			for _, in := range found {
				if in.Start.UnixMilli() < row.first || in.End.UnixMilli() > row.last {
					t.Errorf("%s in %s: %v – %v lies outside of the index", name, zoneName, in.Start, in.End)
				}
			}
		}
	}
}

func TestZonesAreWrittenAsTheyAreRead(t *testing.T) {
	for _, name := range []string{"Europe/Paris", "America/Martinique", "Indian/Reunion", "Pacific/Noumea", "America/St_Pierre_Miquelon", "America/Miquelon", "Australia/Sydney"} {
		zone := ianaZone(name)
		if zone == nil {
			continue
		}
		text := strings.Replace(string(ZoneText(zone)), name, "own-name", 1)
		text = strings.ReplaceAll(text, "TZID:"+name, "TZID:own-name")
		read, err := ParseZone([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		for month := range 24 {
			at := time.Date(2026, time.Month(month+1), 15, 12, 0, 0, 0, time.UTC).Unix()
			if got, want := offsetAt(at, read), offsetAt(at, zone); got != want {
				t.Errorf("%s in month %d: %d seconds, want %d\n%s", name, month+1, got, want, text)
				break
			}
		}
	}
}

// TestADailyMeetingSince1990CostsWhatOneSinceLastMonthDoes: the walk seeks. It
// compares the two on the machine as it is; walking from 1990 costs over a hundred
// times as much.
func TestADailyMeetingSince1990CostsWhatOneSinceLastMonthDoes(t *testing.T) {
	from := time.Date(2026, 11, 23, 0, 0, 0, 0, paris)
	cost := func(start string) time.Duration {
		t.Helper()
		o, err := Parse(eventText("DTSTART;TZID=Europe/Paris:"+start, "DURATION:PT1H", "RRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR"))
		if err != nil {
			t.Fatal(err)
		}
		best := time.Hour // of many, so that what else runs here counts for little
		for range 200 {
			begun := time.Now()
			if found, err := o.Instances(from, from.AddDate(0, 0, 7), paris); err != nil || len(found) != 5 {
				t.Fatal(found, err)
			}
			best = min(best, time.Since(begun))
		}
		return best
	}
	recent, old := cost("20261026T090000"), cost("19900101T090000")
	if old > 10*recent {
		t.Errorf("one week takes %v since 1990, %v since last month", old, recent)
	}
}
