package i18n

import (
	"slices"
	"time"
)

// Region says which public holidays a collectivity keeps beside the national ones. The zero value is the national list.
type Region struct {
	AlsaceMoselle bool     // adds 26 December (ordonnance du 16 août 1892, droit local)
	GoodFriday    bool     // in Alsace-Moselle, only in communes with a Protestant temple or a mixed church
	Overseas      Overseas // adds the day of the abolition of slavery (décret 83-1003)
}

// Overseas is an overseas territory with a holiday of its own; zero is none.
type Overseas int

// The territories of décret 83-1003 with their day.
const (
	Mayotte    Overseas = iota + 1 // 27 April
	Martinique                     // 22 May
	Guadeloupe                     // 27 May
	Guyane                         // 10 June
	Reunion                        // 20 December
)

// Holiday is one public holiday.
type Holiday struct {
	Date time.Time // midnight UTC
	Key  string    // its name in the catalogue: "holiday.armistice" is « Armistice de 1918 »
}

// PublicHolidays lists a year's public holidays (code du travail, L. 3133-1, and the region's own), sorted by date.
// Two can fall on one day, as Ascension and 8 May in 1997: both are listed. Computed, so no network and no table to renew.
func PublicHolidays(year int, region Region) []Holiday {
	day := func(month time.Month, day int, key string) Holiday {
		return Holiday{time.Date(year, month, day, 0, 0, 0, 0, time.UTC), "holiday." + key}
	}
	easter := Easter(year)
	after := func(days int, key string) Holiday { return Holiday{easter.AddDate(0, 0, days), "holiday." + key} }
	list := []Holiday{
		day(time.January, 1, "new-year"), after(1, "easter-monday"), day(time.May, 1, "labour"), day(time.May, 8, "victory"),
		after(39, "ascension"), after(50, "whit-monday"), day(time.July, 14, "national"), day(time.August, 15, "assumption"),
		day(time.November, 1, "all-saints"), day(time.November, 11, "armistice"), day(time.December, 25, "christmas"),
	}
	if region.AlsaceMoselle {
		list = append(list, day(time.December, 26, "saint-stephen"))
		if region.GoodFriday {
			list = append(list, after(-2, "good-friday"))
		}
	}
	switch region.Overseas {
	case Mayotte:
		list = append(list, day(time.April, 27, "abolition"))
	case Martinique:
		list = append(list, day(time.May, 22, "abolition"))
	case Guadeloupe:
		list = append(list, day(time.May, 27, "abolition"))
	case Guyane:
		list = append(list, day(time.June, 10, "abolition"))
	case Reunion:
		list = append(list, day(time.December, 20, "abolition"))
	}
	slices.SortStableFunc(list, func(a, b Holiday) int { return a.Date.Compare(b.Date) })
	return list
}

// HolidayOn gives the key of the holiday on t's calendar day; ok is false on other days.
func HolidayOn(t time.Time, region Region) (key string, ok bool) {
	for _, holiday := range PublicHolidays(t.Year(), region) {
		if holiday.Date.Month() == t.Month() && holiday.Date.Day() == t.Day() {
			return holiday.Key, true
		}
	}
	return "", false
}

// Easter gives Easter Sunday at midnight UTC in the Gregorian calendar (algorithm of Meeus, Jones and Butcher).
func Easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, time.UTC)
}
