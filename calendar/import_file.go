package calendar

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/emersion/go-ical"
)

// MaxImportSize is the largest file that is imported, in bytes; maxImported the most objects of one.
const (
	MaxImportSize = 10 << 20
	maxImported   = 20_000
)

// verdict is what an import does with an object of its file.
type verdict string

const (
	isNew     verdict = "new"
	isChanged verdict = "changed"
	isSame    verdict = "same"
	isRefused verdict = "refused"
)

// imported is one object of a file.
type imported struct {
	line       int // of the file, from 1: where it begins or, of what can't be read, what can't
	uid, title string
	object     *Object // nil when refused
	octets     []byte
	reason     string // why it is refused, the end of a key of the catalogue
}

// errNoCalendar is a file that holds no VCALENDAR.
var errNoCalendar = errors.New("calendar: no VCALENDAR")

// readFile takes the objects out of a file of one VCALENDAR or several, in their order. What can't be
// read is refused by itself: what lies around it is not lost. errNoCalendar is the only error.
func readFile(octets []byte) ([]imported, error) {
	pieces, ok := cutFile(bytes.TrimPrefix(octets, []byte("\xef\xbb\xbf")))
	if !ok {
		return nil, errNoCalendar
	}
	var all []imported
	for _, calendar := range pieces {
		all = append(all, calendar.objects()...)
	}
	return all, nil
}

// piece is the text of one component of a file.
type piece struct {
	line   int
	text   []byte
	broken bool // its END is missing
}

// filed is the components of one VCALENDAR.
type filed []piece

// cutFile finds the components of each VCALENDAR by their BEGIN and END; ok is false when there is
// none.
func cutFile(octets []byte) (all []filed, ok bool) {
	var current filed
	var open []string // names of what is open within VCALENDAR
	inside := false
	start, startLine := 0, 0
	shut := func(end int, broken bool) {
		if len(open) > 0 {
			current = append(current, piece{startLine, octets[start:end], broken})
		}
		open = nil
	}
	line := 0
	for at := 0; at < len(octets); {
		next := len(octets)
		if i := bytes.IndexByte(octets[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		line++
		word, name, _ := strings.Cut(strings.ToUpper(strings.TrimRight(string(octets[at:min(next, at+80)]), "\r\n \t")), ":")
		switch {
		case word == "BEGIN" && name == ical.CompCalendar:
			shut(at, true)
			inside, ok = true, true
		case word == "END" && name == ical.CompCalendar && inside:
			shut(at, true)
			all, current, inside = append(all, current), nil, false
		case word == "BEGIN" && inside:
			if slices.Contains(Components, name) || name == ical.CompTimezone {
				shut(at, true) // none of these lies in another
			}
			if len(open) == 0 {
				start, startLine = at, line
			}
			open = append(open, name)
		case word == "END" && len(open) > 0 && name == open[len(open)-1]:
			if len(open) == 1 {
				shut(next, false)
			} else {
				open = open[:len(open)-1]
			}
		}
		at = next
	}
	shut(len(octets), true)
	if inside {
		all = append(all, current)
	}
	return all, ok
}

// objects joins the components of one UID, with the time zones that they use.
func (f filed) objects() []imported {
	var all []imported
	zones := map[string]*ical.Component{}
	groups := map[string]int{} // index in all, by kind and UID
	roots := map[int]*ical.Component{}
	for _, p := range f {
		one, c := p.read()
		if c == nil {
			if one.reason != "" {
				all = append(all, one)
			}
			continue
		}
		if c.Name == ical.CompTimezone {
			zones[propText(c, ical.PropTimezoneID)] = c
			continue
		}
		key := c.Name + "\x00" + one.uid
		i, known := groups[key]
		if !known {
			i = len(all)
			groups[key], roots[i] = i, newRoot()
			all = append(all, one)
		}
		roots[i].Children = append(roots[i].Children, c)
		if c.Props.Get(ical.PropRecurrenceID) == nil {
			all[i].title = one.title
		}
	}
	for i, root := range roots {
		all[i].finish(root, zones)
	}
	return all
}

// read decodes a piece; c is nil when it is refused, or of no kind that a calendar stores.
func (p piece) read() (one imported, c *ical.Component) {
	one = imported{line: p.line}
	if p.broken {
		one.reason = "unfinished"
		one.uid, one.title = p.glimpse("UID"), p.glimpse("SUMMARY")
		return one, nil
	}
	root, err := decode(slices.Concat([]byte("BEGIN:VCALENDAR\n"), p.text, []byte("\nEND:VCALENDAR\n")))
	if err != nil {
		one.refuse(err)
		one.uid, one.title = p.glimpse("UID"), p.glimpse("SUMMARY")
		return one, nil
	}
	c = root.Children[0]
	switch {
	case c.Name == ical.CompTimezone:
		return one, c
	case !slices.Contains(Components, c.Name):
		if c.Name == ical.CompFreeBusy {
			one.reason = "unsupported"
		}
		return one, nil
	}
	one.uid, one.title = strings.TrimSpace(propText(c, ical.PropUID)), propText(c, ical.PropSummary)
	if one.uid == "" { // the same file read again must know it again
		sum := sha256.Sum256(p.text)
		one.uid = hex.EncodeToString(sum[:16])
		setText(c, ical.PropUID, one.uid)
	}
	return one, c
}

// glimpse is a property of what can't be read, for its reader to know it.
func (p piece) glimpse(name string) string {
	for line := range bytes.Lines(p.text) {
		key, value, ok := strings.Cut(strings.TrimSpace(strings.ToValidUTF8(string(line[:min(len(line), 400)]), "\uFFFD")), ":")
		if before, _, _ := strings.Cut(key, ";"); ok && strings.EqualFold(before, name) {
			return strings.ReplaceAll(text(value), "\x00", "")
		}
	}
	return ""
}

// refuse says why an object is none.
func (one *imported) refuse(err error) {
	one.object, one.octets = nil, nil
	one.reason = "malformed"
	var refused *Refusal
	if !errors.As(err, &refused) {
		return
	}
	one.reason = [...]string{
		Malformed: "malformed", InvalidResource: "resource", UnsupportedComponent: "unsupported",
		TooLarge: "large", TooManyInstances: "instances", OutOfRange: "range",
	}[refused.Reason]
	var within int
	if n, _ := fmt.Sscanf(refused.Detail, "line %d", &within); n == 1 {
		one.line += within - 2 // the first is BEGIN:VCALENDAR
		one.reason = "line"
	}
}

// finish makes an object of its components.
func (one *imported) finish(root *ical.Component, zones map[string]*ical.Component) {
	used := map[string]bool{}
	usedZones(root, used)
	for _, id := range slices.Sorted(maps.Keys(used)) {
		if zones[id] != nil {
			root.Children = append([]*ical.Component{clone(zones[id])}, root.Children...)
		}
	}
	octets := encode(root)
	object, err := Parse(octets)
	if err != nil {
		one.refuse(err)
		one.reason = strings.Replace(one.reason, "line", "malformed", 1)
		return
	}
	one.object, one.octets = object, octets
}

func usedZones(c *ical.Component, used map[string]bool) {
	for _, props := range c.Props {
		for _, p := range props {
			if id := p.Params.Get(ical.ParamTimezoneID); id != "" {
				used[id] = true
			}
		}
	}
	for _, child := range c.Children {
		usedZones(child, used)
	}
}

// sameEvent says whether two objects say the same but for the stamps of when they were written.
func sameEvent(a, b *Object) bool { return bytes.Equal(a.essence(), b.essence()) }

func (o *Object) essence() []byte {
	var parts []string
	for _, it := range o.items {
		c := clone(it.component)
		for _, name := range []string{ical.PropDateTimeStamp, ical.PropLastModified, ical.PropCreated, ical.PropSequence} {
			c.Props.Del(name)
		}
		var b bytes.Buffer
		encodeComponent(&b, c)
		parts = append(parts, b.String())
	}
	slices.Sort(parts)
	return []byte(strings.Join(parts, ""))
}
