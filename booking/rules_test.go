package booking

import (
	"testing"
	"time"

	"parvis/portal/i18n"
)

// A rule is broken by the clock of where the resource stands, whatever the night on which clocks change.
func TestWhichTimesKeepTheRules(t *testing.T) {
	paris, _ := time.LoadLocation("Europe/Paris")
	at := func(text string) time.Time {
		one, err := time.ParseInLocation("2006-01-02 15:04", text, paris)
		if err != nil {
			t.Fatal(err)
		}
		return one
	}
	now := at("2027-03-01 08:00")
	office := Hours{}
	for _, day := range []time.Weekday{1, 2, 3, 4, 5} {
		office[day] = []Range{{480, 720}, {840, 1080}}
	}
	nights := Hours{time.Saturday: {{0, dayLong}}, time.Sunday: {{0, 300}}}
	week := []Closing{{"2027-08-02", "2027-08-06", "Travaux"}}
	for name, c := range map[string]struct {
		r        Resource
		from, to string
		want     breach
	}{
		"in hours":                      {Resource{Kind: Room, Hours: office}, "2027-03-02 08:00", "2027-03-02 12:00", ""},
		"over noon":                     {Resource{Kind: Room, Hours: office}, "2027-03-02 11:00", "2027-03-02 14:30", outsideHours},
		"before":                        {Resource{Kind: Room, Hours: office}, "2027-03-02 07:59", "2027-03-02 09:00", outsideHours},
		"on a Sunday":                   {Resource{Kind: Room, Hours: office}, "2027-03-07 09:00", "2027-03-07 10:00", outsideHours},
		"an open day":                   {Resource{Kind: Room, Hours: office}, "2027-03-02 00:00", "2027-03-03 00:00", ""},
		"a whole week-end":              {Resource{Kind: Room, Hours: office}, "2027-03-05 00:00", "2027-03-08 00:00", outsideHours},
		"a room overnight":              {Resource{Kind: Room, Hours: office}, "2027-03-02 17:00", "2027-03-03 09:00", outsideHours},
		"a van over the week-end":       {Resource{Kind: Vehicle, Hours: office}, "2027-03-05 17:00", "2027-03-08 09:00", ""},
		"a van back when shut":          {Resource{Kind: Vehicle, Hours: office}, "2027-03-05 17:00", "2027-03-07 09:00", outsideHours},
		"a van over noon":               {Resource{Kind: Vehicle, Hours: office}, "2027-03-02 11:00", "2027-03-02 15:00", ""},
		"the night of spring":           {Resource{Kind: Room, Hours: nights}, "2027-03-27 22:00", "2027-03-28 05:00", ""},
		"the night of spring, too late": {Resource{Kind: Room, Hours: nights}, "2027-03-27 22:00", "2027-03-28 05:01", outsideHours},
		"the night of autumn":           {Resource{Kind: Room, Hours: nights}, "2027-10-30 22:00", "2027-10-31 05:00", ""},
		"a day of 25 hours":             {Resource{Kind: Room, Longest: 24 * time.Hour}, "2027-10-31 00:00", "2027-11-01 00:00", ""},
		"a day of 23 hours and more":    {Resource{Kind: Room, Longest: 24 * time.Hour}, "2027-03-28 00:00", "2027-03-29 00:30", tooLong},
		"closed":                        {Resource{Kind: Room, Closings: week}, "2027-08-06 17:00", "2027-08-06 18:00", isClosed},
		"after the closing":             {Resource{Kind: Room, Closings: week}, "2027-08-07 00:00", "2027-08-07 18:00", ""},
		"until midnight before it":      {Resource{Kind: Room, Closings: week}, "2027-08-01 20:00", "2027-08-02 00:00", ""},
		"a van away meanwhile":          {Resource{Kind: Vehicle, Closings: week}, "2027-08-01 20:00", "2027-08-07 10:00", ""},
		"a holiday":                     {Resource{Kind: Room, HolidaysOff: true}, "2027-05-01 10:00", "2027-05-01 11:00", isHoliday},
		"the day before":                {Resource{Kind: Room, HolidaysOff: true}, "2027-04-30 10:00", "2027-04-30 11:00", ""},
		"as far as one may":             {Resource{Kind: Room, Ahead: 30}, "2027-03-31 23:00", "2027-03-31 23:30", ""},
		"too far":                       {Resource{Kind: Room, Ahead: 30}, "2027-04-01 00:00", "2027-04-01 01:00", tooFar},
		"in time":                       {Resource{Kind: Room, Notice: 2 * time.Hour}, "2027-03-01 10:00", "2027-03-01 11:00", ""},
		"too late":                      {Resource{Kind: Room, Notice: 2 * time.Hour}, "2027-03-01 09:59", "2027-03-01 11:00", tooLate},
	} {
		r := rules{c.r, func(day time.Time) (string, bool) { return i18n.HolidayOn(day, i18n.Region{}) }, paris, now}
		var got breach
		if broken := r.broken(Slot{Start: at(c.from).UTC(), End: at(c.to).UTC()}); broken != nil {
			got = broken.kind
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
