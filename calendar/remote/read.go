package remote

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base32"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-webdav/caldav"

	"parvis/calendar"
	"parvis/portal"
)

// readDeadline bounds one reading of an account.
const readDeadline = 20 * time.Second

// What is read around today: pages of other times show ours only.
const (
	daysBefore = 62
	daysAfter  = 400
	// maxInstances is how many instances are kept of an account.
	maxInstances = 10_000
)

// reading is what was found in an account.
type reading struct {
	calendars []readCalendar
	skipped   int // objects that are none
}

type readCalendar struct {
	path, name string
	instances  []calendar.Instance // Event is filled
}

// access is where and as whom to read.
type access struct{ url, login, password string }

// read asks the server for everything. Errors are UserErrors that say what is wrong.
func (s *Store) read(ctx context.Context, a access, zone *time.Location) (found reading, err error) {
	ctx, cancel := context.WithTimeout(ctx, readDeadline)
	defer cancel()
	defer func() {
		// The library decodes what a stranger sends: a fault in it is a fault of one account.
		if fault := recover(); fault != nil {
			err = s.fault(fmt.Errorf("remote: panic: %v", fault), false)
		}
	}()
	c := &client{transport: s.dialer.transport, login: a.login, password: a.password, limit: maxAnswer}
	calendars, err := discover(ctx, c, a.url)
	if err != nil {
		return reading{}, s.fault(err, c.refused)
	}
	now := s.Now().In(zone)
	from, to := now.AddDate(0, 0, -daysBefore), now.AddDate(0, 0, daysAfter)
	for _, remote := range calendars {
		objects, err := query(ctx, a, *c, remote.Path, from, to)
		if err != nil {
			return reading{}, s.fault(fmt.Errorf("remote: calendar %.200q: %w", remote.Path, err), c.refused)
		}
		found.add(remote, objects, from, to, zone)
	}
	return found, nil
}

// discover finds the calendars of an account from whatever address was given: the server's root,
// its DAV root, the home, or one calendar (RFC 6764 §6).
func discover(ctx context.Context, c *client, address string) ([]caldav.Calendar, error) {
	given, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	home, err := homeSet(ctx, c, given)
	if err != nil && !c.refused && ctx.Err() == nil {
		home, err = homeSet(ctx, c, given.ResolveReference(&url.URL{Path: "/.well-known/caldav"}))
	}
	switch {
	case err != nil && (c.refused || ctx.Err() != nil):
		return nil, err
	case err != nil: // a calendar of a server without principals
		home = given.Path
	}
	dav, unusable := caldav.NewClient(c, address)
	if unusable != nil {
		return nil, unusable
	}
	calendars, findErr := dav.FindCalendars(ctx, home)
	if findErr != nil {
		return nil, errors.Join(findErr, err)
	}
	calendars = slices.DeleteFunc(calendars, func(c caldav.Calendar) bool {
		return len(c.SupportedComponentSet) > 0 && !slices.Contains(c.SupportedComponentSet, calendar.EventComponent)
	})
	if len(calendars) == 0 {
		return nil, errNoCalendar
	}
	return calendars[:min(len(calendars), maxCalendars)], nil
}

var errNoCalendar = errors.New("remote: no calendar")

// homeSet is the path under which the account's calendars lie, by way of its principal.
func homeSet(ctx context.Context, c *client, from *url.URL) (string, error) {
	dav, err := caldav.NewClient(c, from.String())
	if err != nil {
		return "", err
	}
	principal, err := dav.FindCurrentUserPrincipal(ctx)
	if err != nil {
		return "", err
	}
	home, err := dav.FindCalendarHomeSet(ctx, principal)
	if err == nil && home == "" {
		err = errNoCalendar
	}
	return home, err
}

// query is the objects of a calendar that touch a range of time.
func query(ctx context.Context, a access, c client, at string, from, to time.Time) ([][]byte, error) {
	c.limit = maxReport
	objects := &harvester{client: &c}
	dav, err := caldav.NewClient(objects, a.url)
	if err != nil {
		return nil, err
	}
	_, err = dav.QueryCalendar(ctx, at, &caldav.CalendarQuery{
		CompRequest: caldav.CalendarCompRequest{Name: "VCALENDAR", AllProps: true, AllComps: true},
		CompFilter: caldav.CompFilter{Name: "VCALENDAR", Comps: []caldav.CompFilter{
			{Name: calendar.EventComponent, Start: from.UTC(), End: to.UTC()},
		}},
	})
	return objects.objects, err
}

// add expands the objects of a calendar. What is no calendar object is counted, and hides nothing
// else.
func (r *reading) add(remote caldav.Calendar, objects [][]byte, from, to time.Time, zone *time.Location) {
	c := readCalendar{path: remote.Path, name: strings.TrimSpace(remote.Name)}
	if c.name == "" {
		c.name = path.Base(strings.TrimSuffix(remote.Path, "/"))
	}
	kept := 0
	for _, before := range r.calendars {
		kept += len(before.instances)
	}
	for _, octets := range objects {
		object, err := calendar.Parse(octets)
		if err != nil || object.Component != calendar.EventComponent {
			r.skipped++
			continue
		}
		instances, err := object.Instances(from, to, zone)
		if err != nil {
			r.skipped++
			continue
		}
		for _, in := range instances[:min(len(instances), maxInstances-kept)] {
			in.Event = instanceID(remote.Path, in)
			c.instances = append(c.instances, in)
			kept++
		}
	}
	r.calendars = append(r.calendars, c)
}

// instanceID names an instance, the same at each reading.
func instanceID(path string, in calendar.Instance) calendar.EventID {
	sum := sha256.Sum256([]byte(path + "\x00" + in.UID + "\x00" + in.Recurrence.UTC().Format(time.RFC3339)))
	return calendar.EventID(strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10])))
}

// fault gives an error its sentence. refused: the server asked for another password.
func (s *Store) fault(err error, refused bool) error {
	var notTrusted *tls.CertificateVerificationError
	var hostname x509.HostnameError
	key := "unreadable"
	switch {
	case refused:
		key = "refused"
	case errors.Is(err, errInside):
		key = "inside"
	case errors.As(err, &notTrusted), errors.As(err, &hostname):
		key = "certificate"
	case errors.Is(err, errTooLarge):
		key = "large"
	case errors.Is(err, errRedirect):
		key = "redirected"
	case errors.Is(err, errNoCalendar):
		key = "empty"
	case errors.Is(err, errUnreached), isNetwork(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		key = "unreachable"
	}
	return &Fault{Key: "remote.fault." + key, Cause: err}
}

// Fault is why an account could not be read.
type Fault struct {
	Key   string // of the sentence
	Cause error  // for the log
}

func (f *Fault) Error() string { return fmt.Sprintf("remote: %s: %v", f.Key, f.Cause) }

// Unwrap is a portal.UserError with the sentence: of kind portal.ErrUnavailable for what may pass,
// portal.ErrInvalid for what the agent can mend.
func (f *Fault) Unwrap() []error {
	said := portal.UserError{Kind: portal.ErrInvalid, Key: f.Key, Field: "url"}
	switch f.Key {
	case "remote.fault.unreachable":
		said.Kind = portal.ErrUnavailable
	case "remote.fault.refused":
		said.Field = "password"
	}
	return []error{said, f.Cause}
}

func isNetwork(err error) bool {
	var network net.Error
	return errors.As(err, &network)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// isFault says whether an error is that of another server.
func isFault(err error) bool {
	var fault *Fault
	return errors.As(err, &fault)
}
