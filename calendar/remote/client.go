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

// harvester takes the answers to a calendar-query before go-webdav decodes them: its decoder gives up
// all objects for one that is broken, panics on some, and needs minutes for others. They are read by
// calendar.Parse instead, one by one.
type harvester struct {
	client  *client
	answers []answer
}

// Do hands on an answer without objects.
func (h *harvester) Do(req *http.Request) (*http.Response, error) {
	resp, err := h.client.Do(req)
	if err != nil || resp.StatusCode != http.StatusMultiStatus {
		return resp, err
	}
	defer resp.Body.Close()
	if h.answers, err = readAnswers(resp.Body); err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(strings.NewReader(`<multistatus xmlns="DAV:"/>`))
	return resp, nil
}

// answer is one response of a multistatus (RFC 4918 §14.24).
type answer struct {
	href       string   // as written, "" when it is none that can be used
	octets     []byte   // of calendar-data (RFC 4791 §9.6), nil without one
	privileges []string // of current-user-privilege-set (RFC 3744 §5.4), "write-content"
}

const (
	davSpace    = "DAV:"
	calDAVSpace = "urn:ietf:params:xml:ns:caldav"
	maxHref     = 2000 // bytes
)

// readAnswers reads the responses of a multistatus that say something.
func readAnswers(body io.Reader) ([]answer, error) {
	r := answers{decoder: xml.NewDecoder(body)}
	for len(r.open) <= maxDepth {
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			return r.found, nil
		}
		if err != nil {
			return nil, fmt.Errorf("remote: read answers: %w", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			err = r.begin(token)
		case xml.EndElement:
			err = r.end(token.Name)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, errTooLarge
}

// answers is a multistatus that is being read.
type answers struct {
	decoder *xml.Decoder
	open    []xml.Name
	one     answer
	found   []answer
}

func (r *answers) begin(start xml.StartElement) error {
	var parent xml.Name
	if n := len(r.open); n > 0 {
		parent = r.open[n-1]
	}
	switch name := start.Name; {
	case name == xml.Name{Space: davSpace, Local: "response"}:
		r.one = answer{}
	case name == xml.Name{Space: davSpace, Local: "href"} && parent == xml.Name{Space: davSpace, Local: "response"}:
		text, err := r.text(start)
		if len(text) <= maxHref {
			r.one.href = string(text)
		}
		return err
	case name == xml.Name{Space: calDAVSpace, Local: "calendar-data"}:
		text, err := r.text(start)
		if len(text) > 0 && len(text) <= maxObject {
			r.one.octets = text
		}
		return err
	case name.Space == davSpace && parent == xml.Name{Space: davSpace, Local: "privilege"}:
		r.one.privileges = append(r.one.privileges, name.Local)
	}
	r.open = append(r.open, start.Name)
	return nil
}

// text is what an element holds, which ends with it.
func (r *answers) text(start xml.StartElement) ([]byte, error) {
	var text []byte
	if err := r.decoder.DecodeElement(&text, &start); err != nil {
		return nil, fmt.Errorf("remote: read answers: %w", err)
	}
	return bytes.TrimSpace(text), nil
}

func (r *answers) end(name xml.Name) error {
	r.open = r.open[:len(r.open)-1]
	if name != (xml.Name{Space: davSpace, Local: "response"}) || r.one.octets == nil && r.one.privileges == nil {
		return nil
	}
	if r.found = append(r.found, r.one); len(r.found) > maxObjects {
		return errTooLarge
	}
	r.one = answer{}
	return nil
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
