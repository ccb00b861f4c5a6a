package calendar

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// unimplemented is how libical gives up on BYWEEKNO together with BYMONTHDAY, in one of its cases; here
// is what that rule says: 30 December, where it is in the first week of the next year.
const (
	unimplemented = "*** UNIMPLEMENTED: This feature has not been implemented"
	weekOfTheNext = "20241230,20251230,20301230,20311230"
)

// manyCases is how many there are at least: a file that is cut short proves nothing.
const manyCases = 146

const recurrenceCases = "../../shared/data/recurrence/icalrecur_test.txt"

type recurrenceCase struct{ name, rule, start, instances string }

func readRecurrenceCases(t *testing.T) []recurrenceCase {
	data, err := os.ReadFile(recurrenceCases)
	if err != nil {
		if os.Getenv("CI") == "" && os.Getenv("PARVIS_TEST_ALL") == "" {
			t.Skipf("libical's cases are not at hand: %v", err)
		}
		t.Fatal(err)
	}
	var cases []recurrenceCase
	for block := range strings.SplitSeq(string(data), "\n\n") {
		var c recurrenceCase
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			name, value, _ := strings.Cut(line, ":")
			switch name {
			case "RRULE":
				c.rule = value
			case "DTSTART":
				c.start = value
			case "INSTANCES":
				c.instances = value
			case "START-AT":
			default:
				if strings.HasPrefix(line, "#") {
					c.name += strings.TrimPrefix(line, "# ")
				}
			}
		}
		if c.rule != "" {
			cases = append(cases, c)
		}
	}
	return cases
}

// expandCase answers as the data is written: the instances that don't start before from, or the
// kind of refusal.
func expandCase(c recurrenceCase, from string) string {
	r, err := parseRule(c.rule)
	if err != nil {
		return "*** " + err.Error()
	}
	start, f, ok := parseWall(c.start)
	first, _, fromOK := parseWall(from)
	if !ok || !fromOK {
		return "*** bad start"
	}
	suffix := ""
	if f == dateForm {
		r.forDates()
	} else if f == utcForm {
		suffix = "Z"
	}
	var found []string
	r.each(start, first, func(w wall) bool {
		one := formatDate(w.day())
		if f != dateForm {
			one = formatWall(w) + suffix
		}
		found = append(found, one)
		return len(found) < 1000
	})
	return strings.Join(found, ",")
}

func TestRecurrenceGivesWhatLibicalGives(t *testing.T) {
	cases := readRecurrenceCases(t)
	for _, c := range cases {
		if strings.TrimSpace(c.instances) == unimplemented {
			c.instances = weekOfTheNext
		}
		if got := expandCase(c, c.start); got != c.instances {
			t.Errorf("%s\n%s from %s\n got %.200s\nwant %.200s", c.name, c.rule, c.start, got, c.instances)
		}
	}
	if len(cases) < manyCases {
		t.Errorf("%d cases, want at least %d", len(cases), manyCases)
	}
}

// What a rule costs is counted, not timed: a busy machine is no fault.
func TestNoRuleTakesLong(t *testing.T) {
	start, asked := dayOf(1900, 1, 1).wall(), dayOf(2026, 11, 24).wall()
	for rule, most := range map[string]int{
		"FREQ=SECONDLY": 5,
		"FREQ=MINUTELY;INTERVAL=7;BYHOUR=9;BYDAY=TU":     50,
		"FREQ=HOURLY;BYHOUR=9,14;BYDAY=MO":               200,
		"FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30":          150_000,
		"FREQ=SECONDLY;INTERVAL=2;BYSECOND=1,3":          150_000,
		"FREQ=SECONDLY;INTERVAL=1000000;BYDAY=TU":        150_000,
		"FREQ=SECONDLY;BYMINUTE=5;COUNT=10000":           1_000_000,
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30":            401,
		"FREQ=YEARLY;" + everySecond + ";BYSETPOS=1":     maxSteps + 24*3600,
		"FREQ=DAILY;" + everySecond + ";BYSETPOS=1":      2*24*3600 + 2,
		"FREQ=MONTHLY;" + everySecond + ";BYMONTHDAY=-1": 31*24*3600 + 2,
	} {
		r, err := parseRule(rule)
		if err != nil {
			t.Fatal(err)
		}
		if steps := r.walk(start, asked, func(wall) bool { return false }); steps > most {
			t.Errorf("%.60s: %d steps, want at most %d", rule, steps, most)
		}
	}
}

// everySecond has a day of 86,400 times.
var everySecond = func() string {
	upTo := func(n int) string {
		all := []string{}
		for i := range n {
			all = append(all, strconv.Itoa(i))
		}
		return strings.Join(all, ",")
	}
	return "BYHOUR=" + upTo(24) + ";BYMINUTE=" + upTo(60) + ";BYSECOND=" + upTo(60)
}()

func TestSeekingFindsWhatWalkingFinds(t *testing.T) {
	for _, c := range readRecurrenceCases(t) {
		all := expandCase(c, c.start)
		for rest := all; !strings.HasPrefix(all, "***"); {
			_, after, more := strings.Cut(rest, ",")
			if !more {
				break
			}
			next, _, _ := strings.Cut(after, ",")
			got := expandCase(c, next)
			if !strings.HasPrefix(got, after) && len(got) != 1000 {
				t.Errorf("%s from %s, sought from %s\n got %.200s\nwant %.200s", c.rule, c.start, next, got, after)
				break
			}
			rest = after
		}
	}
}

func TestCivilDaysAgreeWithTheStandardLibrary(t *testing.T) {
	for d := dayOf(1590, 1, 1); d < dayOf(2210, 1, 1); d++ {
		std := time.Unix(int64(d)*secondsADay, 0).UTC()
		year, month, dayOfMonth := d.date()
		if year != std.Year() || month != int(std.Month()) || dayOfMonth != std.Day() ||
			dayOf(year, month, dayOfMonth) != d || d.weekday() != (int(std.Weekday())+6)%7 {
			t.Fatalf("day %d is %d-%d-%d, want %v", d, year, month, dayOfMonth, std)
		}
	}
}
