package calendar

import "slices"

// Periods without an instance after which a rule is taken to have none left: the Gregorian
// calendar repeats itself, weekdays included, every 400 years.
var emptyPeriods = [...]int{yearly: 400, monthly: 400 * 12, weekly: 20_871, daily: 146_097}

// lastWall is where recurrence ends for good: 2200-01-01. Farther dates are of no use to an
// agenda and cost as much.
var lastWall = dayOf(2200, 1, 1).wall()

// each yields the instances of a rule in order, from the wall time from on, until yield returns
// false. It seeks: without COUNT, years before from cost nothing. The start itself is an instance
// only when it matches the rule.
func (r *rule) each(start, from wall, yield func(wall) bool) {
	e := expansion{rule: r, start: start, times: r.times(start)}
	e.fillDefaults()
	period, counted, empty := 0, 0, 0
	if r.count == 0 && from > start {
		period = e.periodOf(from)
	}
	for ; empty <= emptyPeriods[r.freq]; period++ {
		first := e.firstDay(period)
		if first.wall() > lastWall {
			return
		}
		e.period(first)
		empty++
		for _, w := range e.found {
			switch {
			case w < start:
				continue
			case r.hasUntil && w > r.until, w > lastWall:
				return
			}
			empty = 0
			if w >= from && !yield(w) {
				return
			}
			if counted++; counted == r.count {
				return
			}
		}
		if r.hasUntil && first.wall() > r.until {
			return
		}
	}
}

// expansion is one walk through the periods of a rule.
type expansion struct {
	*rule
	start wall
	times []int  // seconds of the day, sorted
	found []wall // of the current period, sorted; reused
	// The rule's day parts with what DTSTART supplies when it has none.
	weekdays, monthDays, months numbers
}

// times are the seconds of a day at which instances start, sorted.
func (r *rule) times(start wall) []int {
	s := start.second()
	if r.hours.empty() && r.minutes.empty() && r.seconds.empty() {
		return []int{s}
	}
	part := func(n numbers, high, def int) []int {
		if n.empty() {
			return []int{def}
		}
		return n.list(0, high)
	}
	var times []int
	for _, hour := range part(r.hours, 23, s/3600) {
		for _, minute := range part(r.minutes, 59, s/60%60) {
			for _, second := range part(r.seconds, 59, s%60) {
				times = append(times, hour*3600+minute*60+second)
			}
		}
	}
	return times
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
	case e.freq == daily || byDay || byMonthDay || byYearDay:
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
	startYear, startMonth := e.yearAndMonth(e.start.day())
	year, month := e.yearAndMonth(w.day())
	var distance int
	switch e.freq {
	case yearly:
		distance = year - startYear
	case monthly:
		distance = (year-startYear)*12 + month - startMonth
	case weekly:
		distance = int(w.day()-e.start.day()) / 7
	default:
		distance = int(w.day() - e.start.day())
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

// firstDay is the first day of a period, which for YEARLY, MONTHLY and WEEKLY rules is a whole
// year, month and week.
func (e *expansion) firstDay(period int) day {
	year, month := e.yearAndMonth(e.start.day())
	step := period * e.interval
	switch e.freq {
	case yearly:
		return dayOf(min(year+step, 9999), 1, 1)
	case monthly:
		months := year*12 + month - 1 + step
		return dayOf(min(months/12, 9999), months%12+1, 1)
	case weekly:
		return e.start.day().weekStart(e.weekStart) + day(7*step)
	default:
		return e.start.day() + day(step)
	}
}

// period fills found with the instances of the period that starts on first.
func (e *expansion) period(first day) {
	e.found = e.found[:0]
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
			for _, second := range e.times {
				e.found = append(e.found, d.wall()+wall(second))
			}
		}
	}
	if !e.positions.empty() {
		e.keepPositions()
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
