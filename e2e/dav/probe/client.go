package probe

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
)

// session is one run against a server.
type session struct {
	Target
	ctx       context.Context
	base      *url.URL
	me, other *user
	mark      string // in the names of what this run makes
	made      []string
	count     int
	group     string            // of the check that runs
	kept      map[string]string // calendars that several checks use
}

// user is an account with what discovery finds of it.
type user struct {
	Account
	s                                            *session
	principal, home, books, inbox, outbox, first string
	address                                      string // "mailto:…"
}

// patience is how long one request may take.
const patience = 20 * time.Second

var client = &http.Client{
	Timeout:       patience,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answer is a response with its body.
type answer struct {
	method, path string
	status       int
	header       http.Header
	body         string
	took         time.Duration
}

// String is a node's names, for who reads why a check failed.
func (n *node) String() string {
	if n == nil {
		return "nothing"
	}
	if len(n.children) == 0 {
		return n.name.Local + " " + n.value()
	}
	return n.name.Local + fmt.Sprint(n.children)
}

func (a answer) String() string {
	return fmt.Sprintf("%s %s: %d %.300s", a.method, a.path, a.status, strings.Join(strings.Fields(a.body), " "))
}

// do sends a request; headers come as name, value, ….
func (u *user) do(method, href, body string, headers ...string) answer {
	a, err := u.try(method, href, body, headers...)
	if err != nil {
		panic(failure{"an answer", err.Error()})
	}
	return a
}

func (u *user) try(method, href, body string, headers ...string) (answer, error) {
	address := u.s.full(href)
	if strings.Contains(href, "://") {
		address = href
	}
	request, err := http.NewRequestWithContext(u.s.ctx, method, address, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if u.Login != "" {
		request.SetBasicAuth(u.Login, u.Password)
	}
	switch method {
	case "PROPFIND", "PROPPATCH", "REPORT", "MKCALENDAR", "MKCOL":
		request.Header.Set("Content-Type", "application/xml; charset=utf-8")
	case "PUT":
		request.Header.Set("Content-Type", "text/calendar; charset=utf-8")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			request.Header.Del(headers[i])
		} else {
			request.Header.Set(headers[i], headers[i+1])
		}
	}
	begun := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return answer{method, href, response.StatusCode, response.Header, string(text), time.Since(begun)}, err
}

// propfind asks for properties by name, "C:calendar-home-set displayname".
func (u *user) propfind(href, depth, names string) answer {
	return u.do("PROPFIND", href, `<propfind `+spaces+`><prop>`+elements(names)+`</prop></propfind>`, "Depth", depth)
}

// elements are empty ones of the names.
func elements(names string) string {
	var b strings.Builder
	for name := range strings.FieldsSeq(names) {
		b.WriteString("<" + name + "/>")
	}
	return b.String()
}

const spaces = `xmlns="DAV:" xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:R="urn:ietf:params:xml:ns:carddav" ` +
	`xmlns:S="http://calendarserver.org/ns/" xmlns:A="http://apple.com/ns/ical/"`

// node is an XML element.
type node struct {
	name     xml.Name
	attrs    []xml.Attr
	text     string
	children []*node
}

// xml is the body as XML; what is none fails the check.
func (a answer) xml() *node {
	decoder := xml.NewDecoder(bytes.NewReader([]byte(a.body)))
	root := &node{}
	open := []*node{root}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		that(err == nil, "well-formed XML", a)
		at := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			n := &node{name: t.Name, attrs: t.Attr}
			at.children = append(at.children, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			at.text += string(t)
		}
	}
	that(len(root.children) == 1, "an XML document", a)
	return root.children[0]
}

// find is the first element of a local name inside, at any depth; nil for none.
func (n *node) find(local string) *node {
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if c.name.Local == local {
			return c
		}
		if found := c.find(local); found != nil {
			return found
		}
	}
	return nil
}

// all are the elements of a local name inside, at any depth.
func (n *node) all(local string) (found []*node) {
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if c.name.Local == local {
			found = append(found, c)
		}
		found = append(found, c.all(local)...)
	}
	return found
}

func (n *node) has(local string) bool { return n.find(local) != nil }

func (n *node) value() string {
	if n == nil {
		return ""
	}
	return strings.TrimSpace(n.text)
}

// response is one of a multistatus.
type response struct {
	href    string
	status  int              // of the resource; 0 when its properties tell
	props   map[string]*node // found, by local name
	missing map[string]int   // status by local name
}

// responses are those of a multistatus by their paths, unescaped.
func (a answer) responses() map[string]response {
	a.want(http.StatusMultiStatus)
	found := map[string]response{}
	for _, n := range a.xml().children {
		if n.name.Local != "response" {
			continue
		}
		r := response{props: map[string]*node{}, missing: map[string]int{}}
		for _, c := range n.children {
			switch c.name.Local {
			case "href":
				r.href = strings.TrimSpace(c.text)
			case "status":
				r.status = statusOf(c.text)
			case "propstat":
				status := statusOf(c.find("status").value())
				for _, p := range c.find("prop").list() {
					if status == http.StatusOK {
						r.props[p.name.Local] = p
					} else {
						r.missing[p.name.Local] = status
					}
				}
			}
		}
		found[pathOf(r.href)] = r
	}
	return found
}

func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.children
}

// only is the response for one resource.
func (a answer) only() response {
	all := a.responses()
	if one, ok := all[pathOf(a.path)]; ok {
		return one
	}
	that(len(all) == 1, "a response for "+a.path, a)
	for _, one := range all {
		return one
	}
	return response{}
}

func statusOf(line string) int {
	fields := strings.Fields(line)
	if len(fields) < 2 {
		return 0
	}
	n, _ := strconv.Atoi(fields[1])
	return n
}

// pathOf is the path of an address, unescaped.
func pathOf(href string) string {
	if u, err := url.Parse(href); err == nil {
		return u.Path
	}
	return href
}

// named are the last parts of the responses below a collection that are no status, without the suffix.
func (a answer) named(collection string) []string {
	var names []string
	for at, r := range a.responses() {
		if at != pathOf(collection) && r.status/100 != 4 && r.status/100 != 5 {
			names = append(names, strings.TrimSuffix(path.Base(at), path.Ext(at)))
		}
	}
	return names
}

// open finds the people of a server.
func open(ctx context.Context, target Target) (*session, error) {
	base, err := url.Parse(target.URL)
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("probe: address %q: no server", target.URL)
	}
	if base.Path == "" {
		base.Path = "/"
	}
	s := &session{Target: target, ctx: ctx, base: base, mark: strings.ToLower(rand.Text()[:8]), kept: map[string]string{}}
	if s.me, err = s.meet(target.Person); err != nil {
		return nil, err
	}
	if target.Colleague.Login != "" {
		if s.other, err = s.meet(target.Colleague); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// meet follows discovery as clients do.
func (s *session) meet(account Account) (u *user, err error) {
	u = &user{Account: account, s: s}
	defer func() {
		if end := recover(); end != nil {
			err = fmt.Errorf("probe: discovery of %s: %v", account.Login, end)
		}
	}()
	for _, start := range []string{s.base.Path, "/.well-known/caldav", "/"} {
		a := u.follow(start, "current-user-principal")
		if a.status == http.StatusMultiStatus {
			if u.principal = a.xml().find("current-user-principal").find("href").value(); u.principal != "" {
				break
			}
		}
	}
	that(u.principal != "", "a principal", "none")
	p := u.propfind(u.principal, "0", "C:calendar-home-set R:addressbook-home-set C:schedule-inbox-URL C:schedule-outbox-URL C:calendar-user-address-set").only()
	u.home, u.books = p.props["calendar-home-set"].find("href").value(), p.props["addressbook-home-set"].find("href").value()
	u.inbox, u.outbox = p.props["schedule-inbox-URL"].find("href").value(), p.props["schedule-outbox-URL"].find("href").value()
	for _, href := range p.props["calendar-user-address-set"].all("href") {
		if strings.HasPrefix(href.value(), "mailto:") && u.address == "" {
			u.address = href.value()
		}
	}
	that(u.home != "", "a home of calendars", "none")
	return u, nil
}

// follow asks for a property, and goes where redirects lead.
func (u *user) follow(href, names string) answer {
	for range 5 {
		a := u.propfind(href, "0", names)
		if a.status/100 != 3 {
			return a
		}
		at, err := url.Parse(a.header.Get("Location"))
		that(err == nil && at.Path != "", "a Location", a)
		href = at.EscapedPath()
	}
	panic(failure{"an end of redirects", "five of them"})
}

// full is an address with the host.
func (s *session) full(href string) string { return s.base.Scheme + "://" + s.base.Host + href }

// name is a new one.
func (s *session) name() string {
	s.count++
	return fmt.Sprintf("probe-%s-%d", s.mark, s.count)
}

// calendar makes one for the checks, with properties.
func (s *session) calendar(props string) string {
	href := s.me.home + s.name() + "/"
	s.me.do("MKCALENDAR", href, `<C:mkcalendar `+spaces+`><set><prop>`+props+`</prop></set></C:mkcalendar>`).want(http.StatusCreated)
	s.made = append(s.made, href)
	return href
}

// keep is a calendar that is made once, and filled.
func (s *session) keep(name string, make func() string) string {
	if s.kept[name] == "" {
		s.kept[name] = make()
	}
	return s.kept[name]
}

// simple is a calendar of a group of checks that leave no trace in each other.
func (s *session) simple() string {
	return s.keep("simple "+s.group, func() string { return s.calendar("") })
}

// second is another one.
func (s *session) second() string {
	return s.keep("second "+s.group, func() string { return s.calendar("") })
}

// addressBook is one that can be written: the first of the home, or one that is made.
func (s *session) addressBook() string {
	return s.keep("book", func() string {
		if s.me.books == "" {
			panic(skipped("no address books"))
		}
		made := s.me.books + s.name() + "/"
		body := `<mkcol ` + spaces + `><set><prop><resourcetype><collection/><R:addressbook/></resourcetype></prop></set></mkcol>`
		if s.me.do("MKCOL", made, body).status == http.StatusCreated {
			s.made = append(s.made, made)
			return made
		}
		for _, r := range s.me.propfind(s.me.books, "1", "resourcetype current-user-privilege-set").responses() {
			if r.props["resourcetype"].has("addressbook") && r.props["current-user-privilege-set"].has("write-content") {
				return r.href
			}
		}
		panic(failure{"an address book that can be written", "none"})
	})
}

// clean removes what was made.
func (s *session) clean() {
	for _, href := range s.made {
		_, _ = s.me.try("DELETE", href, "")
	}
	for _, u := range []*user{s.me, s.other} {
		if u != nil && strings.HasSuffix(u.first, "/first-"+s.mark+"/") {
			_, _ = u.try("DELETE", u.first, "")
		}
	}
}

// own is a calendar that somebody owns: her first, or one that is made.
func (u *user) own() string {
	if u.first == "" {
		if all := u.calendars(); len(all) > 0 {
			u.first = all[0]
		} else {
			u.first = u.home + "first-" + u.s.mark + "/"
			u.do("MKCALENDAR", u.first, "").want(http.StatusCreated)
		}
	}
	return u.first
}

// colleague skips a check when there is nobody else.
func (s *session) colleague() *user {
	if s.other == nil {
		panic(skipped("no second account"))
	}
	return s.other
}
