package calendar

import "slices"

// Periods without an instance after which a rule is taken to have none left: the Gregorian
// calendar repeats itself, weekdays included, every 400 years. Of those shorter than a day, as many as
// days: whole days that don't match count as one.
var emptyPeriods = [...]int{
	yearly: 400, monthly: 400 * 12, weekly: 20_871, daily: 146_097, hourly: 146_097, minutely: 146_097, secondly: 146_097,
}

// maxSteps is how many periods and instances one walk looks at, some 20 ms: a rule that has more is
// taken to have none left.
const maxSteps = 1 << 20

// lastWall is where recurrence ends for good: 2200-01-01. Farther dates are of no use to an
// agenda and cost as much.
var lastWall = dayOf(2200, 1, 1).wall()

// each yields the instances of a rule in order, from the wall time from on, until yield returns
// false. It seeks: without COUNT, years before from cost nothing. The start itself is an instance
// only when it matches the rule.
func (r *rule) each(start, from wall, yield func(wall) bool) { r.walk(start, from, yield) }

// walk is each; it returns how many steps it took.
func (r *rule) walk(start, from wall, yield func(wall) bool) (steps int) {
	e := newExpansion(r, start)
	period, counted, empty := 0, 0, 0
	if r.count == 0 && from > start {
		period = e.periodOf(from)
	}
	for ; empty <= emptyPeriods[r.freq] && e.steps < maxSteps; period++ {
		first := e.first(period)
		if first > lastWall || r.freq > daily && r.hasUntil && first > r.until {
			break
		}
		e.steps++
		empty++
		if next := e.skip(first); next > period {
			period = next - 1
			continue
		}
		if e.period(first); e.steps >= maxSteps {
			break
		}
		for _, w := range e.found {
			switch {
			case w < start:
				continue
			case r.hasUntil && w > r.until, w > lastWall:
				return e.steps
			}
			empty = 0
			if w >= from && !yield(w) {
				return e.steps
			}
			if counted++; counted == r.count {
				return e.steps
			}
		}
		if r.hasUntil && first > r.until {
			break
		}
	}
	return e.steps
}

// expansion is one walk through the periods of a rule.
type expansion struct {
	*rule
	start wall
	year  int    // that of the first period
	times []int  // seconds of a day, or of a shorter period, sorted
	found []wall // of the current period, sorted; reused
	steps int    // periods and instances looked at
	// The rule's day parts with what DTSTART supplies when it has none.
	weekdays, monthDays, months numbers
}

func newExpansion(r *rule, start wall) *expansion {
	e := &expansion{rule: r, start: start, times: r.times(start)}
	e.fillDefaults()
	e.year, _ = e.yearAndMonth(start.day())
	if calendarYear, _, _ := start.day().date(); r.freq == yearly && r.interval > 1 && !e.matches(start.day(), e.year) {
		e.year = calendarYear // a start that breaks its own rule is in the year that it says, as libical has it
	}
	return e
}

// times are the seconds of a day, or of a period that is shorter, at which instances start, sorted.
func (r *rule) times(start wall) []int {
	s := start.second()
	if r.hours.empty() && r.minutes.empty() && r.seconds.empty() && r.freq <= daily {
		return []int{s}
	}
	part := func(n numbers, shortest frequency, high, def int) []int {
		switch {
		case r.freq >= shortest: // it says which periods there are, not what is in one
			return []int{0}
		case n.empty():
			return []int{def}
		}
		return n.list(0, high)
	}
	var times []int
	for _, hour := range part(r.hours, hourly, 23, s/3600) {
		for _, minute := range part(r.minutes, minutely, 59, s/60%60) {
			for _, second := range part(r.seconds, secondly, 59, s%60) {
				times = append(times, hour*3600+minute*60+second)
			}
		}
	}
	return times
}

// skip is the first period that may have instances, from the one that begins at first on, for periods
// shorter than a day: those of a day, an hour or a minute that doesn't match are passed over at once.
func (e *expansion) skip(first wall) (period int) {
	if e.freq <= daily {
		return 0
	}
	s, unit := first.second(), 0
	year, _, _ := first.day().date()
	switch {
	case !e.matches(first.day(), year):
		unit = secondsADay
	case !e.hours.empty() && !e.hours.has(s/3600):
		unit = 3600
	case e.freq >= minutely && !e.minutes.empty() && !e.minutes.has(s/60%60):
		unit = 60
	case e.freq == secondly && !e.rule.seconds.empty() && !e.rule.seconds.has(s%60):
		unit = 1
	default:
		return 0
	}
	next := int64(first) - int64(s%unit) + int64(unit)
	step := int64(e.interval * e.freq.seconds())
	return int(-floorDiv(-(next - int64(e.first(0))), step)) // rounded up
}

// fillDefaults takes from DTSTART the day parts that the rule leaves out.
func (e *expansion) fillDefaults() {
	e.weekdays, e.monthDays, e.months = e.rule.weekdays, e.rule.monthDays, e.rule.months
	byDay := !e.weekdays.empty() || !e.ordinals.empty()
	byMonthDay, byYearDay, byWeek := !e.monthDays.empty(), !e.yearDays.empty(), !e.weekNos.empty()
	_, month, dayOfMonth := e.start.day().date()
	switch {
	case e.freq == yearly && byMonthDay && !byDay && !byYearDay && !byWeek && e.months.empty():
		e.months.add(month) // the standard is silent; libical and ical.js agree on DTSTART's month
	case e.freq >= daily || byDay || byMonthDay || byYearDay:
	case e.freq == weekly || byWeek:
		e.weekdays.add(e.start.day().weekday())
	default:
		e.monthDays.add(dayOfMonth)
		if e.freq == yearly && e.months.empty() {
			e.months.add(month)
		}
	}
}

// periodOf is the number of the period that holds w or of one shortly before.
func (e *expansion) periodOf(w wall) int {
	_, startMonth := e.yearAndMonth(e.start.day())
	year, month := e.yearAndMonth(w.day())
	var distance int
	switch e.freq {
	case yearly:
		distance = year - e.year
	case monthly:
		distance = (year-e.year)*12 + month - startMonth
	case weekly:
		distance = int(w.day()-e.start.day()) / 7
	case daily:
		distance = int(w.day() - e.start.day())
	default:
		distance = int(w-e.start) / e.freq.seconds()
	}
	return max(0, distance/e.interval-1)
}

// yearAndMonth are those of a day. With BYWEEKNO the year is the one that the day's week belongs
// to: 31 December 2024 is in the first week of 2025.
func (e *expansion) yearAndMonth(d day) (year, month int) {
	year, month, _ = d.date()
	if e.weekNos.empty() {
		return year, month
	}
	if d < weekOne(year, e.weekStart) {
		return year - 1, month
	}
	if d >= weekOne(year+1, e.weekStart) {
		return year + 1, month
	}
	return year, month
}

// first is when a period begins; of YEARLY, MONTHLY and WEEKLY rules it is a whole year, month and week.
func (e *expansion) first(period int) wall {
	step := period * e.interval
	switch e.freq {
	case yearly:
		return dayOf(min(e.year+step, 9999), 1, 1).wall()
	case monthly:
		_, month := e.yearAndMonth(e.start.day())
		months := e.year*12 + month - 1 + step
		return dayOf(min(months/12, 9999), months%12+1, 1).wall()
	case weekly:
		return (e.start.day().weekStart(e.weekStart) + day(7*step)).wall()
	case daily:
		return (e.start.day() + day(step)).wall()
	default:
		unit := e.freq.seconds()
		return e.start - wall(e.start.second()%unit) + wall(step)*wall(unit)
	}
}

// period fills found with the instances of the period that begins at a wall time.
func (e *expansion) period(begin wall) {
	e.found = e.found[:0]
	if e.freq > daily {
		e.add(begin)
	} else {
		e.days(begin.day())
	}
	if !e.positions.empty() {
		e.keepPositions()
	}
}

// add adds the times of a day or a shorter period.
func (e *expansion) add(begin wall) {
	if e.steps += len(e.times); e.steps < maxSteps {
		for _, second := range e.times {
			e.found = append(e.found, begin+wall(second))
		}
	}
}

// days adds those of the days of the period that starts on first.
func (e *expansion) days(first day) {
	year, month, _ := first.date()
	last := first // exclusive
	switch e.freq {
	case yearly:
		last = dayOf(year+1, 1, 1)
		if !e.weekNos.empty() {
			first, last = weekOne(year, e.weekStart), weekOne(year+1, e.weekStart)
		}
	case monthly:
		last = first + day(daysIn(year, month))
	case weekly:
		last = first + 7
	default:
		last = first + 1
	}
	for d := first; d < last; d++ {
		if e.matches(d, year) {
			e.add(d.wall())
		}
	}
}

// weekOne is the first day of the first week that has four days in the year.
func weekOne(year, weekStart int) day { return dayOf(year, 1, 4).weekStart(weekStart) }

func (e *expansion) matches(d day, periodYear int) bool {
	if !e.weekdays.empty() || !e.ordinals.empty() {
		if !e.weekdays.has(d.weekday()) && !e.hasOrdinal(d) {
			return false
		}
	}
	year, month, dayOfMonth := d.date()
	if !e.months.empty() && !e.months.has(month) {
		return false
	}
	if !e.monthDays.empty() && !e.monthDays.has(dayOfMonth) &&
		!e.monthDays.has(dayOfMonth-daysIn(year, month)-1) {
		return false
	}
	if !e.yearDays.empty() {
		january := dayOf(year, 1, 1)
		length := int(dayOf(year+1, 1, 1) - january)
		n := int(d-january) + 1
		if !e.yearDays.has(n) && !e.yearDays.has(n-length-1) {
			return false
		}
	}
	return e.weekNos.empty() || e.inWeek(d, periodYear)
}

func (e *expansion) inWeek(d day, year int) bool {
	one := weekOne(year, e.weekStart)
	weeks := int(weekOne(year+1, e.weekStart)-one) / 7
	week := int(d-one)/7 + 1
	return e.weekNos.has(week) || e.weekNos.has(week-weeks-1)
}

// hasOrdinal says whether d is, say, the second or the last but one Tuesday: of its month for
// MONTHLY rules and where BYMONTH is given, else of its year.
func (e *expansion) hasOrdinal(d day) bool {
	if e.ordinals.empty() {
		return false
	}
	year, month, _ := d.date()
	first, last := dayOf(year, 1, 1), dayOf(year, 12, 31)
	if e.freq == monthly || !e.rule.months.empty() {
		first = dayOf(year, month, 1)
		last = first + day(daysIn(year, month)) - 1
	}
	return e.ordinals.has(ordinal(int(d-first)/7+1, d.weekday())) || e.ordinals.has(ordinal(-int(last-d)/7-1, d.weekday()))
}

func (e *expansion) keepPositions() {
	n := len(e.found)
	e.found = slices.DeleteFunc(e.found, positionFilter(e.positions, n))
}

// positionFilter drops what is at none of the BYSETPOS positions of n instances.
func positionFilter(positions numbers, n int) func(wall) bool {
	i := 0
	return func(wall) bool {
		i++
		back := i - n - 1
		return !(i <= 366 && positions.has(i)) && !(back >= -366 && positions.has(back))
	}
}
