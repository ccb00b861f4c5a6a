package contacts

import (
	"strings"
	"time"
)

// birth is a birthday as it can be told: with its year, without, or as a text.
type birth struct {
	Day  time.Time // at noon, in UTC; zero for a text
	Year bool
	Text string
}

// birthOf reads "1980-04-12" or "--04-12"; anything else is a text.
func birthOf(said string) birth {
	if day, err := time.Parse(time.DateOnly, said); err == nil {
		return birth{Day: day.Add(12 * time.Hour), Year: true}
	}
	if rest, ok := strings.CutPrefix(said, "--"); ok {
		if day, err := time.Parse(time.DateOnly, "2000-"+rest); err == nil { // a year that has 29 February
			return birth{Day: day.Add(12 * time.Hour)}
		}
	}
	return birth{Text: said}
}

// Known says whether there is anything to tell.
func (b birth) Known() bool { return !b.Day.IsZero() || b.Text != "" }
