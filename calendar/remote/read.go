package remote

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-webdav/caldav"

	"parvis/calendar"
	"parvis/portal"
	"parvis/portal/outgoing"
)

// readDeadline bounds one reading of an account.
const readDeadline = 20 * time.Second

// What is read around today: pages of other times show ours only.
const (
	daysBefore = 62
	daysAfter  = 400
)

// access is where and as whom to read, for which account.
type access struct {
	url, login, password string
	account              AccountID
}

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
	found.account = a.account
	c := &client{transport: s.transport, login: a.login, password: a.password, limit: maxAnswer}
	calendars, home, err := discover(ctx, c, a.url)
	var writable map[string]bool
	if err == nil {
		writable, err = writablePaths(ctx, c, a.url, home, calendars)
	}
	if err != nil {
		return reading{}, s.fault(err, c.refused)
	}
	from, to := s.window(zone)
	for _, remote := range calendars {
		answers, err := query(ctx, a, c, remote.Path, calendar.EventComponent, from, to)
		if err != nil {
			return reading{}, s.fault(fmt.Errorf("remote: calendar %.200q: %w", remote.Path, err), c.refused)
		}
		found.add(remote, writable[remote.Path], answers, from, to, zone)
	}
	return found, nil
}

// window is the time that is read, from midnight to midnight: an unchanged agenda gives the same reading
// all day.
func (s *Store) window(zone *time.Location) (from, to time.Time) {
	year, month, day := s.Now().In(zone).Date()
	today := time.Date(year, month, day, 0, 0, 0, 0, zone)
	return today.AddDate(0, 0, -daysBefore), today.AddDate(0, 0, daysAfter)
}

// discover finds the calendars of an account from whatever address was given: the server's root,
// its DAV root, the home, or one calendar (RFC 6764 §6). home is where they lie.
func discover(ctx context.Context, c *client, address string) (calendars []caldav.Calendar, home string, err error) {
	given, err := url.Parse(address)
	if err != nil {
		return nil, "", err
	}
	home, err = homeSet(ctx, c, given)
	if err != nil && !c.refused && ctx.Err() == nil {
		home, err = homeSet(ctx, c, given.ResolveReference(&url.URL{Path: "/.well-known/caldav"}))
	}
	switch {
	case err != nil && (c.refused || ctx.Err() != nil):
		return nil, "", err
	case err != nil: // a calendar of a server without principals
		home = given.Path
	}
	dav, unusable := caldav.NewClient(c, address)
	if unusable != nil {
		return nil, "", unusable
	}
	calendars, findErr := dav.FindCalendars(ctx, home)
	if findErr != nil {
		return nil, "", errors.Join(findErr, err)
	}
	calendars = slices.DeleteFunc(calendars, func(c caldav.Calendar) bool {
		return len(c.SupportedComponentSet) > 0 && !slices.Contains(c.SupportedComponentSet, calendar.EventComponent)
	})
	if len(calendars) == 0 {
		return nil, "", errNoCalendar
	}
	return calendars[:min(len(calendars), maxCalendars)], home, nil
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

// propfindPrivileges asks what the account may do with each calendar: go-webdav doesn't.
const propfindPrivileges = `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><current-user-privilege-set/></prop></propfind>`

// writablePaths are the calendars in which the account may make, change and delete, by what the server
// says (RFC 3744 §5.4), all of them in one question. A server that can't say so lets nobody write.
func writablePaths(ctx context.Context, c *client, base, home string, calendars []caldav.Calendar) (map[string]bool, error) {
	target, err := at(base, (&url.URL{Path: home}).EscapedPath())
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, "PROPFIND", target, strings.NewReader(propfindPrivileges))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/xml; charset=utf-8")
	req.Header.Set("Depth", "1")
	if len(calendars) == 1 && strings.Trim(calendars[0].Path, "/") == strings.Trim(home, "/") {
		req.Header.Set("Depth", "0") // beneath it are its events
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusMultiStatus {
		return nil, refusedOr(nil, c)
	}
	answers, err := readAnswers(resp.Body)
	if err != nil {
		return nil, refusedOr(ctx.Err(), c)
	}
	writable := map[string]bool{}
	for _, one := range answers {
		if href, err := url.Parse(one.href); err == nil {
			writable[href.Path] = mayWrite(one.privileges)
		}
	}
	return writable, nil
}

// refusedOr is that the password is not good any more, or another error.
func refusedOr(err error, c *client) error {
	if c.refused {
		return errRefused
	}
	return err
}

// errRefused goes with client.refused, which says all of it.
var errRefused = errors.New("remote: password refused")

// mayWrite says whether privileges are enough to make, change and delete objects.
func mayWrite(privileges []string) bool {
	has := func(name string) bool { return slices.Contains(privileges, name) }
	return has("all") || has("write") || has("write-content") && has("bind")
}

// at is the address of a path, escaped, on the server of an account.
func at(base, path string) (string, error) {
	u, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	if u.Path, err = url.PathUnescape(path); err != nil {
		return "", err
	}
	u.RawPath, u.RawQuery, u.Fragment = path, "", ""
	return u.String(), nil
}

// query is the objects of a calendar with a component that touches a range of time, or whenever where it has no bounds.
func query(ctx context.Context, a access, c *client, at, component string, from, to time.Time) ([]answer, error) {
	c.limit = maxReport
	objects := &harvester{client: c}
	dav, err := caldav.NewClient(objects, a.url)
	if err != nil {
		return nil, err
	}
	_, err = dav.QueryCalendar(ctx, at, &caldav.CalendarQuery{
		CompRequest: caldav.CalendarCompRequest{Name: "VCALENDAR", AllProps: true, AllComps: true},
		CompFilter: caldav.CompFilter{Name: "VCALENDAR", Comps: []caldav.CompFilter{
			{Name: component, Start: from.UTC(), End: to.UTC()},
		}},
	})
	return objects.answers, err
}

// fault gives an error its sentence. refused: the server asked for another password.
func (s *Store) fault(err error, refused bool) error {
	var notTrusted *tls.CertificateVerificationError
	var hostname x509.HostnameError
	key := "unreadable"
	switch {
	case refused:
		key = "refused"
	case errors.Is(err, outgoing.ErrInside):
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
