package remote

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-webdav/caldav"

	"parvis/calendar"
)

// What is kept of an account: a calendar object may hold 64 KiB in each of its texts, and come back
// every day.
const (
	maxInstances   = 10_000
	maxName        = 300     // runes of a title, a place or a calendar's name
	maxStatus      = 40      // runes
	maxDescription = 4 << 10 // bytes
	// maxText is how many bytes the texts of an account take together. Descriptions take at most
	// half of them, so that a talkative agenda still shows its appointments.
	maxText = 8 << 20
	// maxWork is how long the objects of an account may take: a rule of every second comes up ten
	// thousand times before it is left out.
	maxWork = 4 * time.Second
)

// reading is what was found in an account.
type reading struct {
	account   AccountID
	calendars []readCalendar
	skipped   int // objects that are none
	instances int // of all calendars
	text      int // bytes of their texts
	work      time.Duration
}

type readCalendar struct {
	path, name string
	writable   bool
	instances  []instance
}

// instance is one with its Event, and its Name: the path of its object, escaped, "" when it can't be told.
type instance struct {
	calendar.Instance
	Meeting bool // people are invited to it
}

// add expands the objects of a calendar. What is no calendar object is counted, and hides nothing
// else.
func (r *reading) add(remote caldav.Calendar, writable bool, answers []answer, from, to time.Time, zone *time.Location) {
	c := readCalendar{path: remote.Path, name: cutRunes(strings.TrimSpace(remote.Name), maxName), writable: writable}
	if c.name == "" {
		c.name = path.Base(strings.TrimSuffix(remote.Path, "/"))
	}
	for _, one := range answers {
		found, err := r.expand(remote.Path, one, from, to, zone)
		if err != nil {
			r.skipped++
			continue
		}
		c.instances = append(c.instances, found...)
	}
	r.calendars = append(r.calendars, c)
}

// errSkipped is for what is not shown.
var errSkipped = errors.New("remote: not shown")

// expand is what is kept of an object, whose rule may come up more often than those that we store; an error
// for what is no event. Nothing is once reading took maxWork.
func (r *reading) expand(at string, one answer, from, to time.Time, zone *time.Location) ([]instance, error) {
	if r.work > maxWork {
		return nil, errSkipped
	}
	begun := time.Now()
	defer func() { r.work += time.Since(begun) }()
	object, err := calendar.ParseForeign(one.octets)
	if err != nil {
		return nil, err
	}
	if object.Component != calendar.EventComponent {
		return nil, errSkipped
	}
	found, err := object.Instances(from, to, zone)
	if err != nil {
		return nil, err
	}
	var kept []instance
	name, meeting := objectPath(one.href), object.IsMeeting()
	for _, in := range found {
		if !r.admit(&in) {
			break
		}
		in.Event, in.Name = instanceID(calendarID(r.account, at), in), name
		kept = append(kept, instance{in, meeting})
	}
	return kept, nil
}

// objectPath is the path of an object as the server writes it; whole addresses are of the same server, or
// of none that is asked.
func objectPath(href string) string {
	u, err := url.Parse(href)
	if err != nil || !strings.HasPrefix(u.EscapedPath(), "/") {
		return ""
	}
	return u.EscapedPath()
}

// admit cuts the texts of an instance to what is kept of them; false when there is no room for it.
func (r *reading) admit(in *calendar.Instance) bool {
	in.Title, in.Location, in.Status = cutRunes(in.Title, maxName), cutRunes(in.Location, maxName), cutRunes(in.Status, maxStatus)
	size := len(in.UID) + len(in.Title) + len(in.Location) + len(in.Status)
	if r.instances == maxInstances || r.text+size > maxText {
		return false
	}
	in.Description = cutBytes(in.Description, min(maxDescription, max(0, maxText/2-r.text-size)))
	r.instances++
	r.text += size + len(in.Description)
	return true
}

// cutRunes is at most the first n runes of a text. What is cut is copied: a part of a string keeps
// the whole in memory.
func cutRunes(text string, n int) string {
	for i := range text {
		if n--; n < 0 {
			return strings.Clone(text[:i])
		}
	}
	return text
}

// cutBytes is at most the first n bytes of a text, whole runes.
func cutBytes(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return strings.Clone(text[:n])
}

// checksum names what is kept of a reading: the same for the same, in whatever order the server
// gives its objects.
func (r *reading) checksum() (string, error) {
	sum := sha256.New()
	out := json.NewEncoder(sum)
	for _, c := range r.calendars {
		slices.SortStableFunc(c.instances, func(a, b instance) int { return cmp.Compare(a.Event, b.Event) })
		if err := out.Encode([]any{c.path, c.name, c.writable, c.instances}); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// instanceID names an instance, the same at each reading.
func instanceID(at calendar.CalendarID, in calendar.Instance) calendar.EventID {
	sum := sha256.Sum256([]byte(string(at) + "\x00" + in.UID + "\x00" + in.Recurrence.UTC().Format(time.RFC3339)))
	return calendar.EventID(strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10])))
}
