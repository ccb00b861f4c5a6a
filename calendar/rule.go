package calendar

import (
	"slices"
	"strconv"
	"strings"
)

// frequency of a recurrence rule. Shorter ones than a day are not stored: no town hall meets every
// minute, and one such rule fills a calendar. Other servers' are read.
type frequency int

const (
	yearly frequency = iota
	monthly
	weekly
	daily
	hourly
	minutely
	secondly
)

var frequencies = map[string]frequency{
	"YEARLY": yearly, "MONTHLY": monthly, "WEEKLY": weekly, "DAILY": daily, "HOURLY": hourly, "MINUTELY": minutely, "SECONDLY": secondly,
}

// seconds is how long a period shorter than a day lasts.
func (f frequency) seconds() int { return [...]int{hourly: 3600, minutely: 60, secondly: 1}[f] }

// maxTimesADay bounds BYHOUR × BYMINUTE × BYSECOND of what is stored, else DAILY hides what SECONDLY
// is refused for.
const maxTimesADay = 24

// storable refuses what comes up too often to be stored.
func (r *rule) storable() error {
	if r.freq > daily {
		return refusal(TooManyInstances, "RRULE more often than daily")
	}
	if max(r.hours.count(), 1)*max(r.minutes.count(), 1)*max(r.seconds.count(), 1) > maxTimesADay {
		return refusal(TooManyInstances, "RRULE with more than %d times a day", maxTimesADay)
	}
	return nil
}

// MaxInstances is the most instances one expansion of one object yields, and the highest COUNT.
const MaxInstances = 10_000

// rule is a RECUR value (RFC 5545 §3.3.10).
type rule struct {
	freq     frequency
	interval int
	count    int // 0: none
	until    wall
	hasUntil bool
	// untilUTC says that until is an instant in UTC rather than wall time.
	untilUTC                             bool
	seconds, minutes, hours              numbers
	weekdays                             numbers // 0 Monday … 6 Sunday, without ordinal
	ordinals                             numbers // 2TU is ordinal(2, 1)
	monthDays, yearDays, weekNos, months numbers
	positions                            numbers
	weekStart                            int
}

// numbers is a set of integers from -377 to 377, kept as sorted text: rules are compared, and most have
// hardly any.
type numbers string

// zero is the character for 0 in a set: all of them take two bytes.
const zero = 0x400

func (n *numbers) add(v int) {
	if !n.has(v) {
		all := append([]rune(*n), rune(zero+v))
		slices.Sort(all)
		*n = numbers(all)
	}
}

func (n numbers) has(v int) bool { return n != "" && strings.ContainsRune(string(n), rune(zero+v)) }

func (n numbers) empty() bool { return n == "" }

func (n numbers) count() int { return len(n) / 2 }

// list returns the members from low to high.
func (n numbers) list(low, high int) (all []int) {
	for _, r := range string(n) {
		if v := int(r) - zero; v >= low && v <= high {
			all = append(all, v)
		}
	}
	return all
}

// ordinal is the number of, say, the second Tuesday of a month, ordinal(2, 1), or the last Monday, ordinal(-1, 0).
func ordinal(n, weekday int) int { return 7*n + weekday }

var weekdayNames = map[string]int{"MO": 0, "TU": 1, "WE": 2, "TH": 3, "FR": 4, "SA": 5, "SU": 6}

// parseRule reads a RECUR value. Parts it doesn't know are refused: dates would be wrong.
func parseRule(value string) (*rule, error) {
	r := &rule{freq: -1, interval: 1}
	for part := range strings.SplitSeq(strings.TrimSuffix(strings.ToUpper(value), ";"), ";") {
		name, v, ok := strings.Cut(part, "=")
		if !ok {
			return nil, refusal(Malformed, "RRULE part %.40q", part)
		}
		if err := r.part(strings.TrimSpace(name), strings.TrimSpace(v)); err != nil {
			return nil, err
		}
	}
	return r, r.check()
}

func (r *rule) part(name, v string) error {
	var ok bool
	switch name {
	case "FREQ":
		r.freq, ok = frequencies[v]
	case "INTERVAL":
		r.interval, ok = positive(v)
	case "COUNT":
		r.count, ok = positive(v)
	case "UNTIL":
		ok = r.parseUntil(v)
	case "WKST":
		r.weekStart, ok = weekdayNames[v]
	case "BYDAY":
		ok = r.byDay(v)
	case "BYSECOND":
		ok = addNumbers(&r.seconds, v, 0, 60)
	case "BYMINUTE":
		ok = addNumbers(&r.minutes, v, 0, 59)
	case "BYHOUR":
		ok = addNumbers(&r.hours, v, 0, 23)
	case "BYMONTHDAY":
		ok = addNumbers(&r.monthDays, v, -31, 31) && !r.monthDays.has(0)
	case "BYYEARDAY":
		ok = addNumbers(&r.yearDays, v, -366, 366) && !r.yearDays.has(0)
	case "BYWEEKNO":
		ok = addNumbers(&r.weekNos, v, -53, 53) && !r.weekNos.has(0)
	case "BYMONTH":
		ok = addNumbers(&r.months, v, 1, 12)
	case "BYSETPOS":
		ok = addNumbers(&r.positions, v, -366, 366) && !r.positions.has(0)
	default:
		ok = strings.HasPrefix(name, "X-")
	}
	if !ok {
		return refusal(Malformed, "RRULE %s=%.40q", name, v)
	}
	return nil
}

func (r *rule) parseUntil(v string) bool {
	w, form, ok := parseWall(v)
	if form == dateForm {
		w += secondsADay - 1 // the whole last day, also for a timed event
	}
	r.until, r.hasUntil, r.untilUTC = w, true, form == utcForm
	return ok
}

func (r *rule) byDay(v string) bool {
	for item := range strings.SplitSeq(v, ",") {
		item = strings.TrimSpace(item)
		if len(item) < 2 {
			return false
		}
		weekday, ok := weekdayNames[item[len(item)-2:]]
		if !ok {
			return false
		}
		nth := item[:len(item)-2]
		if nth == "" {
			r.weekdays.add(weekday)
			continue
		}
		n, err := strconv.Atoi(nth)
		if err != nil || n == 0 || n < -53 || n > 53 {
			return false
		}
		r.ordinals.add(ordinal(n, weekday))
	}
	return true
}

func (r *rule) check() error {
	switch {
	case r.freq < 0:
		return refusal(Malformed, "RRULE without FREQ")
	case r.count > MaxInstances:
		return refusal(TooManyInstances, "RRULE COUNT=%d", r.count)
	}
	if r.freq >= weekly {
		// Ordinals have no sense there; Outlook's exporter writes them, meaning the weekday.
		for _, one := range r.ordinals.list(-zero, zero) {
			r.weekdays.add(int(floorMod(int64(one), 7)))
		}
		r.ordinals = ""
	}
	return nil
}

// forDates drops the parts that have no sense when DTSTART is a date (RFC 5545 §3.3.10).
func (r *rule) forDates() { r.hours, r.minutes, r.seconds = "", "", "" }

func (r *rule) endless() bool { return r.count == 0 && !r.hasUntil }

func positive(v string) (int, bool) {
	n, err := strconv.Atoi(v)
	return n, err == nil && n > 0 && n <= 1_000_000
}

func addNumbers(set *numbers, v string, low, high int) bool {
	for item := range strings.SplitSeq(v, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(item))
		if err != nil || n < low || n > high {
			return false
		}
		set.add(n)
	}
	return true
}
