package calendar

import (
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-ical"
)

// form is how a date-time value is written (RFC 5545 §3.3.4 and §3.3.5).
type form int

const (
	floatingForm form = iota // 20261124T090000, the same hour everywhere
	zonedForm                // the same, with a TZID
	utcForm                  // 20261124T080000Z
	dateForm                 // 20261124
)

// moment is a DTSTART, DTEND, RECURRENCE-ID…: wall time and the place whose clock shows it.
type moment struct {
	wall wall
	form form
	zone *time.Location // of a zonedForm
}

// at is the instant; zone is the calendar's own, for dates and floating times.
func (m moment) at(zone *time.Location) time.Time { return m.wall.in(m.place(zone)) }

// place is the zone in which wall is read.
func (m moment) place(zone *time.Location) *time.Location {
	switch m.form {
	case utcForm:
		return time.UTC
	case zonedForm:
		return m.zone
	default:
		return zone
	}
}

// wallIn is what the clock of another place shows at the instant.
func (m moment) wallIn(place, zone *time.Location) wall {
	if own := m.place(zone); own != place {
		return wallOf(m.wall.in(own), place)
	}
	return m.wall
}

func (m moment) isDate() bool { return m.form == dateForm }

// local says that the instant depends on the calendar's zone.
func (m moment) local() bool { return m.form == dateForm || m.form == floatingForm }

// Years that a date may have. 1601 is where Windows' time zones begin.
const firstYear, lastYear = 1600, 2200

// parseWall reads a DATE or DATE-TIME. Its form is never zonedForm: the TZID is no part of it.
func parseWall(s string) (w wall, f form, ok bool) {
	if len(s) == 16 && (s[15] == 'Z' || s[15] == 'z') {
		s, f = s[:15], utcForm
	}
	if len(s) != 8 && (len(s) != 15 || (s[8] != 'T' && s[8] != 't')) {
		return 0, 0, false
	}
	year, ok1 := digits(s[:4])
	month, ok2 := digits(s[4:6])
	dayOfMonth, ok3 := digits(s[6:8])
	if !ok1 || !ok2 || !ok3 || month < 1 || month > 12 || dayOfMonth < 1 || dayOfMonth > daysIn(year, month) {
		return 0, 0, false
	}
	w = dayOf(year, month, dayOfMonth).wall()
	if len(s) == 8 {
		return w, dateForm, f != utcForm
	}
	hour, ok1 := digits(s[9:11])
	minute, ok2 := digits(s[11:13])
	second, ok3 := digits(s[13:15])
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 60 {
		return 0, 0, false
	}
	return w + wall(hour*3600+minute*60+min(second, 59)), f, true
}

func digits(s string) (int, bool) {
	n := 0
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

func formatDate(d day) string {
	year, month, dayOfMonth := d.date()
	return pad(year, 4) + pad(month, 2) + pad(dayOfMonth, 2)
}

func formatWall(w wall) string {
	s := w.second()
	return formatDate(w.day()) + "T" + pad(s/3600, 2) + pad(s/60%60, 2) + pad(s%60, 2)
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

// parseMoment reads one value of a date-time property, whose zone is looked up in zones.
func parseMoment(value string, params ical.Params, zones *zoneTable) (moment, error) {
	w, f, ok := parseWall(strings.TrimSpace(value))
	if !ok {
		return moment{}, refusal(Malformed, "date-time %.40q", value)
	}
	if year, _, _ := w.day().date(); year < firstYear || year > lastYear {
		return moment{}, refusal(OutOfRange, "year %d", year)
	}
	m := moment{wall: w, form: f}
	if tzid := params.Get(ical.ParamTimezoneID); f == floatingForm && tzid != "" {
		zone, err := zones.find(tzid)
		if err != nil {
			return moment{}, err
		}
		m.zone, m.form = zone, zonedForm
		if zone == nil {
			m.form = floatingForm // an unknown zone: the hour as written is the best there is
		}
	}
	return m, nil
}

// span is a DURATION: whole days by the calendar, the rest by the clock (RFC 5545 §3.3.6).
type span struct{ days, seconds int }

func (s span) after(w wall, place *time.Location) time.Time {
	start := (w + wall(s.days)*secondsADay).in(place)
	return start.Add(time.Duration(s.seconds) * time.Second)
}

// parseSpan reads ["+"] "P" …; a negative one is refused, as nothing ends before it starts.
func parseSpan(value string) (span, error) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(value)), "+"), "P")
	var s span
	clock := false
	for ok && rest != "" {
		if rest[0] == 'T' {
			rest, clock = rest[1:], true
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if end < 1 || end > 9 {
			ok = false
			break
		}
		n, _ := strconv.Atoi(rest[:end])
		ok = s.add(n, rest[end], clock)
		rest = rest[end+1:]
	}
	if !ok || s.days > 36_525 || s.seconds > 36_525*secondsADay {
		return span{}, refusal(Malformed, "duration %.40q", value)
	}
	return s, nil
}

func (s *span) add(n int, unit byte, clock bool) bool {
	switch {
	case unit == 'W' && !clock:
		s.days += 7 * n
	case unit == 'D' && !clock:
		s.days += n
	case unit == 'H' && clock:
		s.seconds += 3600 * n
	case unit == 'M' && clock:
		s.seconds += 60 * n
	case unit == 'S' && clock:
		s.seconds += n
	default:
		return false
	}
	return true
}
