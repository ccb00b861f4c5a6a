package dav

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// Authenticator checks a login and an app password.
type Authenticator interface {
	// Authenticate answers portal.ErrDenied for a wrong login or password, throttled by account and
	// by wrong password, and portal.ErrUnavailable when it can't tell.
	Authenticate(ctx context.Context, login, password, remoteAddr string) (portal.Program, error)
}

// Realm of Basic sign-in. It never changes: clients keep passwords by it.
const Realm = "Parvis"

// compliance are the classes that the DAV header names (RFC 4918 §18); calendar clients look for
// the names of what they need.
const compliance = "1, 3, extended-mkcol, access-control, calendar-access, calendar-auto-schedule, calendar-proxy, addressbook"

// Site serves the tree of all features under Prefix.
type Site struct {
	auth      Authenticator
	people    People
	log       *slog.Logger
	homes     []Home
	principal *Table[*Principal]
	tell      func(context.Context, Outcome) // nil: nobody asks

	// Patience is how long a write waits for a busy store; a step of set-up.
	Patience time.Duration
}

// NewSite joins the features' homes into one tree.
func NewSite(auth Authenticator, people People, log *slog.Logger, homes ...Home) *Site {
	return &Site{auth: auth, people: people, log: log, homes: homes, principal: newPrincipalTable(homes), Patience: patience}
}

// Routes are those of the tree, of its discovery (RFC 6764 §5, before authentication and by any
// method), and of "/" and "/principals/" for the Apple builds that ask there and don't follow
// redirects.
func (s *Site) Routes() []web.Route {
	serve := func(w http.ResponseWriter, r *http.Request) error {
		s.Serve(w, r, web.ClientAddr(r))
		return nil
	}
	discover := func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "public, max-age=3600")
		http.Redirect(w, r, Prefix, http.StatusMovedPermanently)
		return nil
	}
	routes := []web.Route{
		{Method: "*", Path: Prefix + "*", Access: web.Protocol, MaxBody: -1, Handler: serve},
		{Method: "*", Path: strings.TrimSuffix(Prefix, "/"), Access: web.Protocol, MaxBody: -1, Handler: serve},
		{Method: "PROPFIND", Path: "/", Access: web.Protocol, MaxBody: -1, Handler: serve},
		{Method: "OPTIONS", Path: "/", Access: web.Protocol, MaxBody: -1, Handler: serve},
		{Method: "PROPFIND", Path: "/principals/", Access: web.Protocol, MaxBody: -1, Handler: serve},
	}
	for _, path := range []string{"/.well-known/caldav", "/.well-known/carddav"} {
		routes = append(routes, web.Route{Method: "*", Path: path, Access: web.Protocol, MaxBody: -1, Handler: discover})
	}
	return routes
}

// Prefix is the path of the tree.
const Prefix = "/dav/"

// ServeHTTP serves with the address of the connection as the client's.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Serve(w, r, r.RemoteAddr) }

// Serve answers one request; remoteAddr is the client's address.
func (s *Site) Serve(w http.ResponseWriter, r *http.Request, remoteAddr string) {
	r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
	w.Header().Set("DAV", compliance)
	w.Header().Set("Cache-Control", "private, no-cache")
	patient, done := s.patient(r)
	defer done()
	if err := s.serve(w, patient, remoteAddr); err != nil {
		s.fail(w, r, err)
	}
}

func (s *Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the client went away
	}
	if errors.Is(err, errSent) {
		s.log.Error("dav: answer broken off", "method", r.Method, "error", err)
		panic(http.ErrAbortHandler) // the client must not take half an answer for a whole one
	}
	answer, known := asError(err)
	if !known {
		s.log.Error("dav: request failed", "method", r.Method, "error", err)
	}
	writeError(w, answer)
}

// errSent marks an error that came after the first bytes of the answer.
var errSent = errors.New("after the answer began")

func (s *Site) serve(w http.ResponseWriter, r *http.Request, remoteAddr string) error {
	login, password, given := r.BasicAuth()
	if !given {
		return s.unauthorized(w)
	}
	program, err := s.auth.Authenticate(r.Context(), login, password, remoteAddr)
	if errors.Is(err, portal.ErrDenied) || errors.Is(err, portal.ErrNotFound) || errors.Is(err, portal.ErrInvalid) {
		return s.unauthorized(w)
	}
	if err != nil {
		return err
	}
	q := &query{Request: r, w: w, caller: program.Caller, scopes: program.Scopes, password: program.Password, site: s}
	if r.URL.Path == "/" || r.URL.Path == "/principals/" {
		return q.bare()
	}
	parts, ok := Split(Prefix, r.URL.EscapedPath())
	if !ok {
		return portal.ErrNotFound
	}
	if err := q.allow(parts); err != nil {
		q.tellOutcome(parts, false, err)
		return err
	}
	if err = q.checkIf(parts); err == nil {
		err = q.dispatch(parts)
	}
	q.tellOutcome(parts, true, err)
	return err
}

func (s *Site) unauthorized(w http.ResponseWriter) error {
	w.Header().Set("WWW-Authenticate", `Basic realm="`+Realm+`", charset="UTF-8"`)
	http.Error(w, "login and app password needed", http.StatusUnauthorized)
	return nil
}

// query is one request by a known caller.
type query struct {
	*http.Request
	w        http.ResponseWriter
	caller   portal.Caller
	scopes   portal.Scopes
	password string // id of the app password
	site     *Site
	begin    beginning // of the body of a PUT

	readOnly bool // the program may write nothing where it asks
}

// bare answers at "/" and "/principals/", where all but discovery belongs to the portal's pages.
func (q *query) bare() error {
	resource := &folder{path: q.URL.Path, caller: q.caller}
	switch q.Method {
	case "PROPFIND":
		q.Header.Set("Depth", "0")
		return q.propfind(resource)
	case http.MethodOptions:
		return q.options(resource)
	default:
		return q.notAllowed(resource)
	}
}

// find walks from the root.
func (q *query) find(parts []string) (Resource, error) {
	var at Resource = q.site.root(q.caller, q.scopes)
	for _, name := range parts {
		collection, ok := at.(Collection)
		if !ok {
			return nil, portal.ErrNotFound
		}
		next, err := collection.Child(q.Context(), q.caller, name)
		if err != nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

func (q *query) dispatch(parts []string) error {
	switch q.Method {
	case http.MethodPut:
		return q.put(parts)
	case "MKCOL", "MKCALENDAR":
		return q.make(parts)
	case "COPY", "MOVE":
		return q.move(parts)
	}
	resource, err := q.find(parts)
	if err != nil {
		return err
	}
	switch q.Method {
	case http.MethodOptions:
		return q.options(resource)
	case "PROPFIND":
		return q.propfind(resource)
	case "PROPPATCH":
		return q.proppatch(resource)
	case "REPORT":
		return q.report(resource)
	case http.MethodGet, http.MethodHead:
		return q.get(resource)
	case http.MethodDelete:
		return q.delete(resource)
	case http.MethodPost:
		return q.post(resource)
	case "ACL":
		return errProtected
	default:
		return q.notAllowed(resource)
	}
}

// allowed are the methods of a resource, for Allow.
func allowed(r Resource) string {
	methods := []string{"OPTIONS", "PROPFIND", "REPORT"}
	add := func(has bool, more ...string) {
		if has {
			methods = append(methods, more...)
		}
	}
	_, getter := r.(Getter)
	_, deleter := r.(Deleter)
	_, patcher := r.(Patcher)
	_, maker := r.(Maker)
	_, poster := r.(Poster)
	_, mover := r.(Mover)
	add(getter, "GET", "HEAD", "PUT")
	add(deleter, "DELETE")
	add(patcher, "PROPPATCH")
	add(maker, "MKCOL", "MKCALENDAR")
	add(poster, "POST")
	add(mover, "COPY", "MOVE")
	return strings.Join(methods, ", ")
}

func (q *query) options(r Resource) error {
	q.w.Header().Set("Allow", allowed(r))
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (q *query) notAllowed(r Resource) error {
	q.w.Header().Set("Allow", allowed(r))
	return &Error{Status: http.StatusMethodNotAllowed, Text: "this can't be done here"}
}

func (q *query) get(r Resource) error {
	getter, ok := r.(Getter)
	if !ok {
		return q.notAllowed(r)
	}
	content, err := getter.Get(q.Context(), q.caller)
	if err != nil {
		return err
	}
	if negotiator, ok := r.(Negotiator); ok {
		q.w.Header().Set("Vary", "Accept")
		content = negotiator.Accepted(content, strings.Join(q.Header["Accept"], ","))
	}
	if !(Conditions{Match: conditionsOf(q.Request).Match}).Hold(content.ETag) {
		return ErrPrecondition
	}
	h := q.w.Header()
	h.Set("ETag", content.ETag)
	setScheduleTag(q.w, content.ScheduleTag)
	h.Set("Content-Type", content.Type)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	q.Header.Del("If-Match") // checked above, weak tags accepted
	http.ServeContent(q.w, q.Request, "", content.Modified, content.Body)
	return nil
}

func (q *query) put(parts []string) error {
	if len(parts) == 0 || strings.HasSuffix(q.URL.EscapedPath(), "/") {
		return q.notAllowed(q.site.root(q.caller, q.scopes))
	}
	parent, err := q.parent(parts)
	if err != nil {
		return err
	}
	putter, ok := parent.(Putter)
	if !ok {
		return q.notAllowed(parent)
	}
	if q.Header.Get("Content-Range") != "" {
		return &Error{Status: http.StatusBadRequest, Text: "a part of a resource can't be written"}
	}
	written, err := putter.Put(q.Context(), q.caller, parts[len(parts)-1], q.remembering(q.Body), conditionsOf(q.Request))
	if err != nil {
		return bodyError(err)
	}
	q.wrote(written)
	return nil
}

// wrote answers a write that was done.
func (q *query) wrote(written Written) {
	if !written.Changed {
		q.w.Header().Set("ETag", written.ETag)
	}
	setScheduleTag(q.w, written.ScheduleTag)
	if written.Created {
		q.w.WriteHeader(http.StatusCreated)
	} else {
		q.w.WriteHeader(http.StatusNoContent)
	}
}

func setScheduleTag(w http.ResponseWriter, tag string) {
	if tag != "" {
		w.Header().Set("Schedule-Tag", tag)
	}
}

// bodyError tells a body over MaxBody from other failures.
func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &Error{Status: http.StatusRequestEntityTooLarge, Text: "the body is too large"}
	}
	return err
}

// parent is the collection of a resource that may not exist yet; where it doesn't, the answer is
// 409 (RFC 4918 §9.7.1).
func (q *query) parent(parts []string) (Resource, error) {
	parent, err := q.find(parts[:len(parts)-1])
	if errors.Is(err, portal.ErrNotFound) {
		return nil, &Error{Status: http.StatusConflict, Text: "there is no such collection"}
	}
	return parent, err
}

func (q *query) delete(r Resource) error {
	deleter, ok := r.(Deleter)
	if !ok {
		return q.notAllowed(r)
	}
	if err := deleter.Delete(q.Context(), q.caller, conditionsOf(q.Request)); err != nil {
		return err
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// post asks a resource something.
func (q *query) post(r Resource) error {
	poster, ok := r.(Poster)
	if !ok {
		return q.notAllowed(r)
	}
	answer, err := poster.Post(q.Context(), q.caller, q.Body)
	if err != nil {
		return bodyError(err)
	}
	q.w.Header().Set("Content-Type", "application/xml; charset=utf-8")
	x := newWriter(q.w)
	x.out.WriteString(xmlHead)
	answer(x)
	return x.end()
}

// depth reads the Depth header; other is what none means.
func (q *query) depth(other string) string {
	if d := strings.ToLower(strings.TrimSpace(q.Header.Get("Depth"))); d != "" {
		return d
	}
	return other
}

// minimal reads Prefer: return=minimal, and its older name in CalendarServer's Brief.
func (q *query) minimal() bool {
	prefer := strings.Join(q.Header["Prefer"], ",")
	return slices.Contains(strings.Split(strings.ReplaceAll(prefer, " ", ""), ","), "return=minimal") ||
		strings.EqualFold(q.Header.Get("Brief"), "t")
}
