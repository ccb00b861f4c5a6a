package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
)

// contentSecurityPolicy allows only what we serve ourselves, and no inline
// script or style, so that a page needs no nonce and can be cached.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// defaultMaxBody bounds request bodies that no route speaks of: 1 MiB.
const defaultMaxBody = 1 << 20

// ServeHTTP is the middleware order, written once: recover and log, then for
// browsers security headers and the cross-origin check, then who asks, then
// whether she may, then the handler.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	route, vars, wrongMethod := rt.find(r)
	about := &request{vars: vars, client: rt.config.TrustedProxies.client(r), route: "unknown"}
	if route != nil {
		about.route = route.Path
	}
	about.base, about.secure = rt.base(r)
	about.printer = rt.config.Catalogue.Printer(i18n.French)
	about.now = rt.config.Now()
	r = withRequest(r, about)
	recorder := &recorder{ResponseWriter: w}
	boundReading(recorder, r, readTimeout)
	defer func() {
		if fault := recover(); fault != nil {
			if fault == http.ErrAbortHandler {
				panic(fault)
			}
			rt.requestID(about)
			rt.config.Log.Error("request panicked", "request", about.id, "route", about.route, "fault", fault, "stack", string(debug.Stack()))
			rt.fail(recorder, r, errPanicked)
		}
		rt.logRequest(recorder, r, start)
		boundReading(recorder, r, restTimeout)
	}()
	if route != nil && route.Access.door == doorProtocol {
		rt.serveProtocol(recorder, r, route)
		return
	}
	rt.serveBrowser(recorder, r, route, wrongMethod)
}

var errPanicked = errors.New("web: handler panicked")

func (rt *Router) serveProtocol(w *recorder, r *http.Request, route *Route) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	limitBody(w, r, route)
	if err := route.Handler(w, r); err != nil {
		rt.fail(w, r, err)
	}
}

func (rt *Router) serveBrowser(w *recorder, r *http.Request, route *Route, wrongMethod bool) {
	about := requestOf(r)
	rt.secureHeaders(w.Header(), about)
	if err := rt.crossing.Check(r); err != nil {
		rt.failAs(w, r, portal.UserError{Kind: portal.ErrDenied, Key: "web.error.crossorigin"})
		return
	}
	identity, err := rt.config.Identifier.Identify(r)
	if err != nil {
		rt.fail(w, r, err)
		return
	}
	rt.know(r, identity)
	if identity != nil && identity.Seer != nil {
		if refusal := unseen(r, route); refusal != nil {
			rt.failAs(w, r, refusal)
			return
		}
	}
	if identity != nil && identity.Kiosk != nil {
		boundKiosk(w.Header(), identity.Kiosk, about.now)
		if route != nil && !route.Kiosk {
			rt.failAs(w, r, portal.UserError{Kind: portal.ErrDenied, Key: "web.error.kiosk"})
			return
		}
	}
	switch {
	case route == nil && wrongMethod:
		w.Header().Set("Allow", rt.allowed(r)) // RFC 9110 §15.5.6
		rt.failAs(w, r, errWrongMethod)
		return
	case route == nil:
		rt.failAs(w, r, portal.ErrNotFound)
		return
	}
	if refusal := rt.admit(w, r, route, identity); refusal {
		return
	}
	limitBody(w, r, route)
	if err := route.Handler(w, r); err != nil {
		rt.fail(w, r, err)
	}
}

// unseen refuses what is not for who sees the desk of another: whatever is no
// reading, and every page that is not said to be shown. It is the one place that
// decides, for routes that do not exist yet too.
func unseen(r *http.Request, route *Route) error {
	switch reads := r.Method == http.MethodGet || r.Method == http.MethodHead; {
	case route != nil && route.Leaves:
		return nil
	case !reads:
		return portal.UserError{Kind: portal.ErrDenied, Key: "web.error.only-seeing"}
	case route != nil && !route.Seen:
		return portal.UserError{Kind: portal.ErrDenied, Key: "web.error.unseen"}
	}
	return nil
}

// boundKiosk has a page of who is at a kiosk leave by itself when she is let out, without a script, and leave nothing
// in the browser for the next person.
func boundKiosk(header http.Header, kiosk *Kiosk, now time.Time) {
	left := min(kiosk.Until.Sub(now), kiosk.Idle)
	header.Set("Refresh", strconv.Itoa(max(1, int(left/time.Second)+1))+"; url="+KioskPath)
	header.Set("Cache-Control", "no-store")
}

// know fills in what depends on who asks: her language and her time zone.
func (rt *Router) know(r *http.Request, identity *Identity) {
	about := requestOf(r)
	about.identity = identity
	about.printer = rt.config.Catalogue.Printer(language(r, identity))
	if identity != nil && identity.Collectivity.Zone != nil {
		about.now = about.now.In(identity.Collectivity.Zone)
	} else {
		about.now = about.now.In(paris)
	}
}

// paris is the time of pages that no collectivity owns.
var paris = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return time.UTC
	}
	return zone
}()

// language is the account's choice, else what this browser chose before
// signing in, else the collectivity's, else what the browser asks for.
func language(r *http.Request, identity *Identity) i18n.Language {
	if identity != nil && identity.Language != "" {
		return identity.Language
	}
	if cookie, err := r.Cookie(languageCookie); err == nil {
		if lang, ok := i18n.Parse(cookie.Value); ok {
			return lang
		}
	}
	if identity != nil {
		return identity.Collectivity.Language
	}
	return i18n.Match(r.Header.Get("Accept-Language"))
}

// admit answers for a caller who may not pass, and says that it did.
func (rt *Router) admit(w *recorder, r *http.Request, route *Route, identity *Identity) (refused bool) {
	access := route.Access
	switch {
	case access.door == doorPublic:
		return false
	case identity == nil:
		rt.sendToSignIn(w, r)
	case access.door == doorAccount:
		return false
	case access.door == doorOperator:
		if identity.Caller.Can(portal.OperatePool) {
			return false
		}
		rt.failAs(w, r, portal.ErrNotFound)
	case Assists(identity.Caller):
		return rt.admitHelper(w, r, route, identity)
	case identity.Caller.Agent == "":
		// The pool's operator belongs to no collectivity and has no desk.
		http.Redirect(w, r, "/pool", http.StatusSeeOther)
	case !access.allows(identity.Caller), access.door == doorAdministrator && !identity.Caller.Administers():
		rt.failAs(w, r, portal.ErrNotFound)
	default:
		return false
	}
	return true
}

// sendToSignIn sends a person to the sign-in page and back, and tells a
// script that its session ended.
func (rt *Router) sendToSignIn(w http.ResponseWriter, r *http.Request) {
	navigation := r.Header.Get("Sec-Fetch-Dest") != "empty"
	if !navigation {
		http.Error(w, Printer(r).T("web.error.signedout"), http.StatusUnauthorized)
		return
	}
	if IsKiosk(r) { // her moment there is over
		http.Redirect(w, r, KioskPath, http.StatusSeeOther)
		return
	}
	target := "/sign-in"
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		target += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

func (rt *Router) secureHeaders(header http.Header, about *request) {
	header["Content-Security-Policy"] = cspHeader
	header["X-Content-Type-Options"] = nosniffHeader
	header["Referrer-Policy"] = referrerHeader
	header["Cross-Origin-Opener-Policy"] = sameOriginHeader
	header["Cross-Origin-Resource-Policy"] = sameOriginHeader
	header["Permissions-Policy"] = permissionsHeader
	header["Cache-Control"] = noCacheHeader
	if about.secure {
		header["Strict-Transport-Security"] = hstsHeader
	}
}

// Header values are shared by all answers: a slice each would be made anew at
// every request.
var (
	cspHeader         = []string{contentSecurityPolicy}
	nosniffHeader     = []string{"nosniff"}
	referrerHeader    = []string{"same-origin"}
	sameOriginHeader  = []string{"same-origin"}
	permissionsHeader = []string{"camera=(), microphone=(), geolocation=(), payment=()"}
	noCacheHeader     = []string{"private, no-cache"}
	hstsHeader        = []string{"max-age=31536000"}
)

// AllowFormTo lets a form of this page end on other origins, such as that of an
// application: browsers check the redirects that follow a form too. Without an
// origin the page stays as it is.
func AllowFormTo(w http.ResponseWriter, origins ...string) {
	if len(origins) == 0 {
		return
	}
	allowed := "form-action 'self' " + strings.Join(origins, " ") + ";"
	w.Header().Set("Content-Security-Policy", strings.Replace(contentSecurityPolicy, "form-action 'self';", allowed, 1))
}

// Deadlines of one request. The server's own WriteTimeout is writeTimeout.
const (
	readTimeout  = time.Minute
	restTimeout  = 10 * time.Second // for what a handler left unread
	slowTimeout  = 2 * time.Hour
	writeTimeout = 2 * time.Minute
)

// WriteTimeout is what an http.Server in front of a Router must be given.
const WriteTimeout = writeTimeout

// boundReading bounds the body in time: a client that sends an octet a minute
// would hold a connection for ever, and net/http waits for the body of a refused
// request too, which nobody reads.
func boundReading(w http.ResponseWriter, r *http.Request, timeout time.Duration) {
	if hasBody(r) {
		http.NewResponseController(w).SetReadDeadline(time.Now().Add(timeout))
	}
}

func hasBody(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

// limitBody bounds the body in size, and gives a slow route its time.
func limitBody(w http.ResponseWriter, r *http.Request, route *Route) {
	if route.Slow {
		control, end := http.NewResponseController(w), time.Now().Add(slowTimeout)
		control.SetReadDeadline(end)
		control.SetWriteDeadline(end)
	}
	switch {
	case route.MaxBody < 0 || !hasBody(r):
	case route.MaxBody == 0:
		r.Body = http.MaxBytesReader(w, r.Body, defaultMaxBody)
	default:
		r.Body = http.MaxBytesReader(w, r.Body, route.MaxBody)
	}
}

func (rt *Router) base(r *http.Request) (base string, secure bool) {
	if rt.config.BaseURL != "" {
		return rt.config.BaseURL, rt.secure
	}
	if r.TLS != nil {
		return "https://" + r.Host, true
	}
	return "http://" + r.Host, false
}

func (rt *Router) requestID(about *request) string {
	if about.id == "" {
		about.id = portal.NewID()
	}
	return about.id
}

func (rt *Router) logRequest(w *recorder, r *http.Request, start time.Time) {
	if !rt.config.LogRequests {
		return
	}
	about := requestOf(r)
	attributes := []slog.Attr{
		slog.String("method", r.Method), slog.String("route", about.route), slog.Int("status", w.status()),
		slog.Float64("ms", float64(time.Since(start).Microseconds())/1000),
	}
	if collectivity := CallerOf(r).Collectivity; collectivity != "" {
		attributes = append(attributes, slog.String("collectivity", string(collectivity)))
	}
	if about.id != "" {
		attributes = append(attributes, slog.String("request", about.id))
	}
	rt.config.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", attributes...)
}

// recorder remembers whether and how a handler answered.
type recorder struct {
	http.ResponseWriter
	code int
}

func (w *recorder) WriteHeader(code int) {
	if w.code == 0 || w.code < 200 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *recorder) Write(data []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return w.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController reach what is below.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) status() int {
	if w.code == 0 {
		return http.StatusOK
	}
	return w.code
}
