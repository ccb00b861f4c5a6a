package calendar

import (
	"os"
	"strings"
	"testing"
	"time"
)

// recurrenceFloor is how many of libical's cases come out right. Of the others most are HOURLY and
// shorter, which a PUT refuses; the rest turn on which week year a DTSTART that breaks its own rule
// belongs to.
const recurrenceFloor = 119

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
	right := 0
	for _, c := range cases {
		if got := expandCase(c, c.start); got == c.instances {
			right++
		} else {
			t.Logf("%s\n%s from %s\n got %.200s\nwant %.200s", c.name, c.rule, c.start, got, c.instances)
		}
	}
	t.Logf("%d of %d right", right, len(cases))
	if right < recurrenceFloor {
		t.Errorf("%d of %d cases right, want at least %d", right, len(cases), recurrenceFloor)
	}
}

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
