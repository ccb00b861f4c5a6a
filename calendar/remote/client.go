package remote

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on what another server may answer.
const (
	maxAnswer    = 2 << 20  // bytes of the properties of a collection
	maxObjects   = 5_000    // of a calendar
	maxObject    = 1 << 20  // bytes of one
	maxReport    = 24 << 20 // bytes of a calendar with its objects
	maxCalendars = 50
	maxRedirects = 3
	maxDepth     = 64 // of XML elements: the decoder remembers each that is open
)

var (
	errTooLarge  = errors.New("remote: answer too large")
	errRedirect  = errors.New("remote: redirected elsewhere")
	errUnreached = errors.New("remote: no answer")
)

// client sends requests with a password, follows redirections within the server, and bounds
// answers. net/http's own way of following would turn PROPFIND into GET.
type client struct {
	transport       http.RoundTripper
	login, password string
	limit           int64
	refused         bool // a 401 came back
}

// Do is what go-webdav asks of a client.
func (c *client) Do(req *http.Request) (*http.Response, error) {
	for range maxRedirects {
		req.SetBasicAuth(c.login, c.password)
		req.Header.Set("User-Agent", "Parvis")
		resp, err := c.transport.RoundTrip(req)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errUnreached, err)
		}
		resp.Body = &limited{resp.Body, c.limit}
		c.refused = c.refused || resp.StatusCode == http.StatusUnauthorized
		switch resp.StatusCode {
		case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		default:
			return resp, nil
		}
		resp.Body.Close()
		if req, err = redirected(req, resp.Header.Get("Location")); err != nil {
			return nil, err
		}
	}
	return nil, errRedirect
}

// redirected is the same request at another address of the same server: the password goes nowhere
// else.
func redirected(req *http.Request, location string) (*http.Request, error) {
	to, err := req.URL.Parse(location)
	if err != nil || location == "" || to.Scheme != req.URL.Scheme || to.Host != req.URL.Host {
		return nil, fmt.Errorf("%w: %.200q", errRedirect, location)
	}
	next := req.Clone(req.Context())
	next.URL, next.Host = to, ""
	if req.GetBody != nil {
		if next.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// limited is a body that ends with errTooLarge.
type limited struct {
	io.ReadCloser
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.ReadCloser.Read(p)
	l.left -= int64(n)
	return n, err
}

// harvester takes the calendar objects out of the answer to a calendar-query before go-webdav
// decodes them: its decoder gives up all of them for one that is broken, panics on some, and needs
// minutes for others. They are read by calendar.Parse instead, one by one.
type harvester struct {
	client  *client
	objects [][]byte
}

// Do hands on an answer without objects.
func (h *harvester) Do(req *http.Request) (*http.Response, error) {
	resp, err := h.client.Do(req)
	if err != nil || resp.StatusCode != http.StatusMultiStatus {
		return resp, err
	}
	defer resp.Body.Close()
	if h.objects, err = calendarData(resp.Body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(strings.NewReader(`<multistatus xmlns="DAV:"/>`))
	return resp, nil
}

// calendarData is the text of each calendar-data element (RFC 4791 §9.6).
func calendarData(body io.Reader) ([][]byte, error) {
	var objects [][]byte
	d := xml.NewDecoder(body)
	for depth := 0; depth <= maxDepth; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("remote: read objects: %w", err)
		}
		start, ok := token.(xml.StartElement)
		if ok {
			depth++
		} else if _, ended := token.(xml.EndElement); ended {
			depth--
		}
		if !ok || start.Name.Space != "urn:ietf:params:xml:ns:caldav" || start.Name.Local != "calendar-data" {
			continue
		}
		var text []byte
		if err := d.DecodeElement(&text, &start); err != nil {
			return nil, fmt.Errorf("remote: read objects: %w", err)
		}
		depth--
		if text = bytes.TrimSpace(text); len(text) == 0 || len(text) > maxObject {
			continue
		}
		if objects = append(objects, text); len(objects) > maxObjects {
			return nil, errTooLarge
		}
	}
	return nil, errTooLarge
}

// address reads what an agent typed: "nuage.example/remote.php/dav" is https.
func (s *Store) address(typed string) (*url.URL, bool) {
	typed = strings.TrimSpace(typed)
	if !strings.Contains(typed, "://") {
		typed = "https://" + typed
	}
	u, err := url.Parse(typed)
	if err != nil || !plausible(u.Hostname()) || u.User != nil || u.Fragment != "" || u.RawQuery != "" || len(typed) > 500 {
		return nil, false
	}
	if u.Path == "" {
		u.Path = "/"
	}
	return u, u.Scheme == "https" || u.Scheme == "http" && s.AllowPlain && isLoopback(u.Hostname())
}

// plausible says whether a text may be a host: url.Parse takes nearly anything.
func plausible(host string) bool {
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		return r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._:", r)
	})
}
