package dav

import (
	"net/http"
	"slices"
	"strings"
)

// Conditions are what a request asks to hold.
type Conditions struct {
	Match, NoneMatch []string // If-Match and If-None-Match: quoted ETags, or "*"
	ScheduleTag      string   // If-Schedule-Tag-Match (RFC 6638 §8.3), quoted; "" for none
	Quiet            bool     // Schedule-Reply: F (§8.1): an invitation is deleted without an answer
}

// ErrPrecondition is the 412 for conditions that don't hold.
var ErrPrecondition = &Error{Status: http.StatusPreconditionFailed, Text: "the resource is in another state"}

func conditionsOf(r *http.Request) Conditions {
	return Conditions{
		Match: etags(r.Header["If-Match"]), NoneMatch: etags(r.Header["If-None-Match"]),
		ScheduleTag: strings.TrimSpace(r.Header.Get("If-Schedule-Tag-Match")),
		Quiet:       strings.EqualFold(strings.TrimSpace(r.Header.Get("Schedule-Reply")), "F"),
	}
}

// etags reads a list of entity tags. Weak marks are dropped: a compressing proxy weakens the tags
// that we gave, and refusing them would lose the client's change.
func etags(values []string) []string {
	var tags []string
	for _, value := range values {
		for item := range strings.SplitSeq(value, ",") {
			item = strings.TrimPrefix(strings.TrimSpace(item), "W/")
			item = strings.Replace(item, `-gzip"`, `"`, 1)
			if item != "" {
				tags = append(tags, item)
			}
		}
	}
	return tags
}

// Hold says whether the conditions allow a request on what has this ETag, "" when nothing is there.
func (c Conditions) Hold(etag string) bool {
	named := func(tags []string) bool {
		return etag != "" && (slices.Contains(tags, etag) || slices.Contains(tags, "*"))
	}
	return (len(c.Match) == 0 || named(c.Match)) && !named(c.NoneMatch)
}
