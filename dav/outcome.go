package dav

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"parvis/portal"
)

// Outcome is how a request of a program to the home of a feature went, for the person whose
// program it is.
type Outcome struct {
	Caller   portal.Caller
	Password string       // id of its app password
	Feature  portal.Scope // of the home: "calendar"
	Agent    string       // what the program calls itself, its User-Agent
	Path     string       // escaped
	Writes   bool
	Trouble  Trouble // "" when it went well
	Subject  string  // title of what it tried to write, "" when not known
}

// Trouble is why what a program wants is not done, as far as its person can do something about it
// or should know of it.
type Trouble string

// The kinds of trouble.
const (
	TroubleClosed     Trouble = "closed"     // the app password is not for this
	TroubleReadOnly   Trouble = "read-only"  // the place is read only for its person
	TroubleTwice      Trouble = "twice"      // it is there already, under another address
	TroubleUnreadable Trouble = "unreadable" // not what is kept here, or broken
	TroubleLarge      Trouble = "large"
	TroubleTooMany    Trouble = "too-many"  // instances, attendees, or a date out of range
	TroubleOrganizer  Trouble = "organizer" // only the organizer may
	TroubleGone       Trouble = "gone"      // the place is no longer there
	TroubleRefused    Trouble = "refused"   // any other refusal of a write
	TroubleDown       Trouble = "down"      // ours
)

// Troubles are all kinds, for who tells them.
var Troubles = []Trouble{
	TroubleClosed, TroubleReadOnly, TroubleTwice, TroubleUnreadable, TroubleLarge, TroubleTooMany, TroubleOrganizer, TroubleGone,
	TroubleRefused, TroubleDown,
}

// troubleOf tells trouble from what programs handle by themselves: a precondition that they read
// anew after, an address that is no longer there, a token that is too old.
func troubleOf(err error, writes bool) Trouble {
	e, _ := asError(err)
	switch {
	case e.Status >= http.StatusInternalServerError && e.Status != http.StatusInsufficientStorage:
		return TroubleDown
	case !writes, slices.Contains([]int{http.StatusPreconditionFailed, http.StatusNotFound, http.StatusMethodNotAllowed}, e.Status):
		return ""
	case e.Condition.Local != "":
		return troubleOfCondition(e.Condition.Local)
	case e.Status == http.StatusRequestEntityTooLarge:
		return TroubleLarge
	case e.Status == http.StatusConflict:
		return TroubleGone
	}
	return TroubleRefused
}

func troubleOfCondition(condition string) Trouble {
	switch condition {
	case "need-privileges":
		return TroubleReadOnly
	case "no-uid-conflict", "unique-scheduling-object-resource":
		return TroubleTwice
	case "max-resource-size":
		return TroubleLarge
	case "max-instances", "max-attendees-per-instance", "min-date-time", "max-date-time":
		return TroubleTooMany
	case "organizer-allowed", "same-organizer-in-all-components", "allowed-attendee-scheduling-object-change":
		return TroubleOrganizer
	}
	if strings.HasPrefix(condition, "valid-") || strings.HasPrefix(condition, "supported-") {
		return TroubleUnreadable
	}
	return TroubleRefused
}

// Watch tells of each request to a home how it went, once it is answered. It is a step of set-up;
// the function is called from many goroutines.
func (s *Site) Watch(tell func(context.Context, Outcome)) { s.tell = tell }

// tellOutcome tells how a request of a known program went.
func (q *query) tellOutcome(parts []string, allowed bool, err error) {
	home, inside := q.site.homeOf(parts)
	if q.site.tell == nil || !inside || errors.Is(err, context.Canceled) || errors.Is(err, errSent) {
		return
	}
	one := Outcome{
		Caller: q.caller, Password: q.password, Feature: home.Scope, Agent: q.UserAgent(), Path: q.URL.EscapedPath(),
		Writes: !slices.Contains(reading, q.Method), Subject: subjectIn(q.begin.Bytes()),
	}
	if err != nil {
		one.Trouble = troubleOf(err, one.Writes)
		if !allowed {
			one.Trouble = TroubleClosed
		}
		if one.Trouble == "" {
			return
		}
		one.Subject = subjectIn(q.begin.Bytes())
	}
	q.site.tell(q.Context(), one)
}

// subjectRead bounds the beginning of a body in which its title is looked for, in bytes: time zones
// come before events.
const subjectRead = 16 << 10

// beginning keeps the first bytes that pass.
type beginning struct{ bytes.Buffer }

func (b *beginning) Write(p []byte) (int, error) {
	if room := subjectRead - b.Len(); room > 0 {
		b.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// remembering is a body whose beginning is kept.
func (q *query) remembering(body io.Reader) io.Reader { return io.TeeReader(body, &q.begin) }

// longestSubject is in characters.
const longestSubject = 120

// subjectIn is the title of a calendar object, or the name on a card, as its program wrote it; ""
// when there is none. The body may be cut off, or broken: that is when it is asked for.
func subjectIn(octets []byte) string {
	folded := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.ToValidUTF8(string(octets), "\uFFFD"))
	for line := range strings.SplitSeq(strings.NewReplacer("\n ", "", "\n\t", "").Replace(folded), "\n") {
		name, value, found := strings.Cut(line, ":")
		name, _, _ = strings.Cut(name, ";")
		if !found || !strings.EqualFold(name, "SUMMARY") && !strings.EqualFold(name, "FN") {
			continue
		}
		value = strings.NewReplacer(`\n`, " ", `\N`, " ", `\,`, ",", `\;`, ";", `\\`, `\`).Replace(value)
		value = strings.Join(strings.FieldsFunc(value, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
		if utf8.RuneCountInString(value) > longestSubject {
			value = string([]rune(value)[:longestSubject-1]) + "…"
		}
		return value
	}
	return ""
}
