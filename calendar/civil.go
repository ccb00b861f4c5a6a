package calendar

import "time"

// wall is what a clock on the wall shows, as seconds since it showed 1970-01-01 00:00:00.
// Recurrence is computed in wall time and made an instant last, so that a meeting at 9:00 stays
// at 9:00 when summer time begins.
type wall int64

// day is a civil day, counted from 1970-01-01 in the Gregorian calendar.
type day int

const secondsADay = 86400

func (w wall) day() day    { return day(floorDiv(int64(w), secondsADay)) }
func (w wall) second() int { return int(int64(w) - int64(w.day())*secondsADay) }
func (d day) wall() wall   { return wall(d) * secondsADay }

// wallOf reads the clock of a place at an instant.
func wallOf(t time.Time, place *time.Location) wall {
	_, offset := t.In(place).Zone()
	return wall(t.Unix() + int64(offset))
}

// in finds the instant when the clock of a place shows w: the first one when it shows it twice,
// and with the offset in force before the gap when it never does (RFC 5545 §3.3.5).
func (w wall) in(place *time.Location) time.Time {
	if place == time.UTC {
		return time.Unix(int64(w), 0).UTC()
	}
	before := offsetAt(int64(w)-secondsADay, place)
	if early := int64(w) - before; offsetAt(early, place) == before {
		return time.Unix(early, 0).In(place)
	}
	after := offsetAt(int64(w)+secondsADay, place)
	if late := int64(w) - after; offsetAt(late, place) == after {
		return time.Unix(late, 0).In(place)
	}
	return time.Unix(int64(w)-before, 0).In(place)
}

func offsetAt(unix int64, place *time.Location) int64 {
	_, offset := time.Unix(unix, 0).In(place).Zone()
	return int64(offset)
}

// dayOf and date are Howard Hinnant's days_from_civil and civil_from_days.
func dayOf(year, month, dayOfMonth int) day {
	if month <= 2 {
		year--
	}
	era := floorDiv(int64(year), 400)
	yearOfEra := int64(year) - era*400
	dayOfYear := int64(153*((month+9)%12)+2)/5 + int64(dayOfMonth) - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return day(era*146097 + dayOfEra - 719468)
}

func (d day) date() (year, month, dayOfMonth int) {
	z := int64(d) + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	dayOfMonth = int(doy - (153*mp+2)/5 + 1)
	month = int(mp+2)%12 + 1
	year = int(yoe + era*400)
	if month <= 2 {
		year++
	}
	return year, month, dayOfMonth
}

// weekday is 0 for Monday to 6 for Sunday.
func (d day) weekday() int { return int(floorMod(int64(d)+3, 7)) }

// weekStart is the first day of d's week when weeks start on the weekday first.
func (d day) weekStart(first int) day { return d - day(floorMod(int64(d.weekday()-first), 7)) }

func daysIn(year, month int) int {
	next, nextYear := month+1, year
	if next == 13 {
		next, nextYear = 1, year+1
	}
	return int(dayOf(nextYear, next, 1) - dayOf(year, month, 1))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
