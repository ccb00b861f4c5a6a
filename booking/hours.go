package booking

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Range is a part of a day, half-open, in minutes of the clock since midnight: 480 to 720 is from 8:00 to
// noon. Until is at most dayLong.
type Range struct{ From, Until int }

// dayLong is a day in minutes of the clock, whatever the night on which clocks change makes of it.
const dayLong = 24 * 60

// maxRanges bounds how often a day is opened and closed.
const maxRanges = 4

// Hours are the ranges of each day of the week in which a resource is open, by time.Weekday, sorted and
// apart. Where no day has any it is always open.
type Hours [7][]Range

// week is its days in the order in which they are written and shown.
var week = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// Week lists the days of a week from Monday on.
func Week() []time.Weekday { return slices.Clone(week) }

var codes = [7]string{"su", "mo", "tu", "we", "th", "fr", "sa"}

// Always says that no day has hours: it is open at any time.
func (h Hours) Always() bool {
	return !slices.ContainsFunc(h[:], func(day []Range) bool { return len(day) > 0 })
}

// String is how the store keeps hours: "mo 08:00-12:00 14:00-18:00", a line for each day that has some.
func (h Hours) String() string {
	var lines []string
	for _, day := range week {
		if len(h[day]) == 0 {
			continue
		}
		line := codes[day]
		for _, r := range h[day] {
			line += " " + clockOf(r.From) + "-" + clockOf(r.Until)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// hoursOf reads what String wrote.
func hoursOf(text string) (h Hours, err error) {
	for _, line := range strings.Split(text, "\n") {
		code, ranges, _ := strings.Cut(line, " ")
		if line == "" {
			continue
		}
		day := slices.Index(codes[:], code)
		if day < 0 {
			return h, fmt.Errorf("booking: hours of %.20q", line)
		}
		if h[day], err = ParseRanges(ranges); err != nil {
			return h, err
		}
	}
	return h, nil
}

func clockOf(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// Typed are the ranges of a day as a person types and reads them, "08:00-12:00 14:00-18:00".
func (h Hours) Typed(day time.Weekday) string {
	var one Hours
	one[day] = h[day]
	_, text, _ := strings.Cut(one.String(), " ")
	return text
}

// ParseRanges reads the ranges of one day as people write them: "8h-12h 14h-18h", "8 h 30 – 12 h, 14:00 à
// 18:00"; none of an empty text. They come back sorted, and joined where one begins when the other ends.
// What is no range, ends before it begins, or overlaps another is an error.
func ParseRanges(text string) ([]Range, error) {
	var all []Range
	for words := wordsOf(text); len(words) > 0; {
		if words[0] == "," {
			words = words[1:]
			continue
		}
		from, rest, ok := readClock(words, false)
		if !ok || len(rest) == 0 || rest[0] != "-" {
			return nil, fmt.Errorf("booking: %.40q is no range of hours", text)
		}
		until, rest, ok := readClock(rest[1:], true)
		if !ok || len(all) > maxRanges {
			return nil, fmt.Errorf("booking: %.40q is no range of hours", text)
		}
		all, words = append(all, Range{from, until}), rest
	}
	return joined(all, text)
}

var ofHours = regexp.MustCompile(`\d+|[hH:]|[-–—àa]|to|[,;/]|[^\s\x{a0}\x{202f}]`)

// wordsOf are the numbers and signs of a text, each sign in one form.
func wordsOf(text string) []string {
	words := ofHours.FindAllString(text, -1)
	for i, word := range words {
		switch word {
		case "H", ":":
			words[i] = "h"
		case "–", "—", "à", "a", "to":
			words[i] = "-"
		case ";", "/":
			words[i] = ","
		}
	}
	return words
}

// readClock reads a time off the front of words. After the last one of a range, a number that begins the
// next range is no minutes: "12h 14h-18h".
func readClock(words []string, last bool) (minutes int, rest []string, ok bool) {
	at := func(n int) string {
		if n < len(words) {
			return words[n]
		}
		return ""
	}
	number := func(n int) (int, bool) {
		value, err := strconv.Atoi(at(n))
		return value, err == nil && value >= 0 && len(at(n)) <= 2
	}
	hour, ok := number(0)
	if !ok || at(1) != "h" {
		return hour * 60, words[min(1, len(words)):], ok
	}
	minute, has := number(2)
	if !has || last && (at(3) == "h" || at(3) == "-") {
		return hour * 60, words[2:], true
	}
	return hour*60 + minute, words[3:], minute < 60 && len(at(2)) == 2
}

func joined(all []Range, text string) (joined []Range, err error) {
	slices.SortFunc(all, func(a, b Range) int { return a.From - b.From })
	for _, r := range all {
		last := len(joined) - 1
		switch {
		case r.From >= r.Until || r.Until > dayLong:
			return nil, fmt.Errorf("booking: %.40q has a range that ends before it begins", text)
		case last >= 0 && r.From < joined[last].Until:
			return nil, fmt.Errorf("booking: %.40q has ranges that overlap", text)
		case last >= 0 && r.From == joined[last].Until:
			joined[last].Until = r.Until
		default:
			joined = append(joined, r)
		}
	}
	if len(joined) > maxRanges {
		return nil, fmt.Errorf("booking: %.40q has too many ranges", text)
	}
	return joined, nil
}

// covers says whether a part of a day is open.
func (h Hours) covers(day time.Weekday, from, until int) bool {
	return slices.ContainsFunc(h[day], func(r Range) bool { return r.From <= from && until <= r.Until })
}
