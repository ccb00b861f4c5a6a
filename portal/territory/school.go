package territory

import "time"

// SchoolHoliday is a time without school in a zone.
type SchoolHoliday struct {
	Name     string    // "autumn", "christmas", "winter", "spring" or "summer"
	From, To time.Time // midnights UTC, both days included
}

// schoolHolidays are the school years that are published, zones A, B and C (Code de l’éducation, art.
// L. 521-1). A holiday begins on the Saturday after the last lessons and ends on the day before they
// begin again. The summer of a year whose next one is not published has no end, and is not among them.
var schoolHolidays = []struct{ name, zones, from, to string }{
	{"autumn", "ABC", "2025-10-18", "2025-11-02"},
	{"christmas", "ABC", "2025-12-20", "2026-01-04"},
	{"winter", "A", "2026-02-07", "2026-02-22"},
	{"winter", "B", "2026-02-14", "2026-03-01"},
	{"winter", "C", "2026-02-21", "2026-03-08"},
	{"spring", "A", "2026-04-04", "2026-04-19"},
	{"spring", "B", "2026-04-11", "2026-04-26"},
	{"spring", "C", "2026-04-18", "2026-05-03"},
	{"summer", "ABC", "2026-07-04", "2026-08-31"},
	{"autumn", "ABC", "2026-10-17", "2026-11-01"},
	{"christmas", "ABC", "2026-12-19", "2027-01-03"},
	{"winter", "C", "2027-02-06", "2027-02-21"},
	{"winter", "A", "2027-02-13", "2027-02-28"},
	{"winter", "B", "2027-02-20", "2027-03-07"},
	{"spring", "C", "2027-04-03", "2027-04-18"},
	{"spring", "A", "2027-04-10", "2027-04-25"},
	{"spring", "B", "2027-04-17", "2027-05-02"},
}

// SchoolHolidayOn is the holiday of a zone, "A", "B" or "C", on t's calendar day. ok is false when
// there is school, and for zones and years that are not known.
func SchoolHolidayOn(t time.Time, zone string) (holiday SchoolHoliday, ok bool) {
	on := t.Format(time.DateOnly)
	for _, h := range schoolHolidays {
		if len(zone) != 1 || on < h.from || on > h.to {
			continue
		}
		for _, z := range h.zones {
			if string(z) == zone {
				from, _ := time.Parse(time.DateOnly, h.from)
				to, _ := time.Parse(time.DateOnly, h.to)
				return SchoolHoliday{h.name, from, to}, true
			}
		}
	}
	return SchoolHoliday{}, false
}
