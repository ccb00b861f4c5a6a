// Package web says how any page and any protocol answer is served: routes and
// their access, who is asking, handlers that return an error, rendered pages,
// forms, and the one table from an error's kind to a status. It knows no
// feature, and learns who is asking from an Identifier.
package web

import (
	"context"
	"net/http"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/themes"
)

// Handler answers a request, or returns an error before it wrote anything. A
// portal.UserError becomes a page with its sentence and its kind's status; an
// error without a kind is logged and becomes a 500 with the request's id.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one address and who may call it. Routes are plain lists, so that
// the isolation test can read them all.
type Route struct {
	Method string // "GET" also answers HEAD; "*" is any method
	Path   string // "/news/{id}", or a prefix when it ends with "/*"
	Access Access
	// MaxBody is the largest request body in bytes; 0 means 1 MiB, and a
	// negative value leaves the limit to the handler.
	MaxBody int64
	// Seen marks a page that is shown too to who sees the desk of another, and
	// Leaves the form by which she leaves it: she gets nothing else.
	Seen, Leaves bool
	// Kiosk marks what a session that a code opened on a kiosk may do: it gets nothing else.
	Kiosk bool
	// Slow marks a body or an answer that may rightly take long over a poor
	// line: a file. Others have a minute to be sent and two to be read.
	Slow    bool
	Handler Handler
}

// Access says who may call a route.
type Access struct {
	door      door
	right     portal.Right
	somewhere bool // holding the right in some units is enough
}

// allows says whether a caller who is an agent may pass.
func (a Access) allows(caller portal.Caller) bool {
	return a.right == "" || caller.Can(a.right) || a.somewhere && caller.CanSomewhere(a.right)
}

type door int

const (
	doorPublic door = iota + 1
	doorSignedIn
	doorProtocol
	doorOperator
	doorAccount
	doorAdministrator
)

// The doors. Needs makes one that asks for a right.
var (
	// Public is open to all; the session, if there is one, is known.
	Public = Access{door: doorPublic}
	// SignedIn asks for a session as an agent, and sends others to sign in.
	SignedIn = Access{door: doorSignedIn}
	// Account asks for a session, also of who operates the pool and is nobody's
	// agent: for what is of the account itself.
	Account = Access{door: doorAccount}
	// Administrator asks for a session whose agent governs the collectivity, or a
	// part of it. Others are told that there is no such page.
	Administrator = Access{door: doorAdministrator}
	// Operator asks for a session that may operate the pool.
	Operator = Access{door: doorOperator}
	// Protocol is for programs: no cookie is read and none is set, and the
	// handler authenticates by itself (Basic or Bearer).
	Protocol = Access{door: doorProtocol}
)

// Needs asks for a session whose agent holds a right. Others are told that
// there is no such page.
func Needs(right portal.Right) Access { return Access{door: doorSignedIn, right: right} }

// NeedsSomewhere is Needs, also for who holds the right in some units alone: what is
// behind the door is bounded by them.
func NeedsSomewhere(right portal.Right) Access {
	return Access{door: doorSignedIn, right: right, somewhere: true}
}

// String names the access in tables and tests: "public", "news.edit".
func (a Access) String() string {
	switch {
	case a.somewhere:
		return string(a.right) + " somewhere"
	case a.right != "":
		return string(a.right)
	}
	switch a.door {
	case doorPublic:
		return "public"
	case doorSignedIn:
		return "signed in"
	case doorProtocol:
		return "protocol"
	case doorOperator:
		return "operator"
	case doorAccount:
		return "account"
	case doorAdministrator:
		return "administrator"
	}
	return "none"
}

// Collectivity is what every page shows of the body that it belongs to.
type Collectivity struct {
	ID       portal.CollectivityID
	Name     string // "Bourg-sur-Loire"
	LongName string // "Mairie de Bourg-sur-Loire"
	Kind     string // "commune", one of directory.Kinds
	Phone    string // "+33261910100", "" when unknown
	ThemeURL string // address of its colours, "/theme/bourg-0f3a.css"
	Logo     themes.Picture
	Language i18n.Language
	Zone     *time.Location
	// Assistance is what the pool gives to it now, nil for nothing.
	Assistance *Assistance
}

// Identity is who asks, and what the frame shows of her. It is shared between
// requests: never change one.
type Identity struct {
	Caller       portal.Caller
	Collectivity Collectivity
	PersonName   string              // "Camille Le Goff"
	Language     i18n.Language       // her own choice, "" follows the collectivity
	Scheme       string              // "light", "dark", "" follows the system
	Memberships  []themes.Membership // for the switch in the header
	Session      string              // id of the session's row, not its secret
	Away         []string            // announcements that she put away, by Announcement.Mark
	Seer         *Seer               // who sees this desk, which is not her own; nil for who is at hers
	Kiosk        *Kiosk              // on which a code let her in, nil for who signed in
	// Version changes when anything above does; cached pages lean on it.
	Version string
}

// Seer is an administrator who sees the desk of an agent as the agent does, and can
// change nothing.
type Seer struct {
	Agent portal.AgentID // of the same collectivity
	Until time.Time      // when it ends by itself
}

// Kiosk is a tablet or a computer of a yard, on which a person is let in by a short code for a moment.
type Kiosk struct {
	ID   string
	Name string // "Atelier"
	// Until is when she is let out, whatever she does; Idle is after how long without a request she is, before.
	Until time.Time
	Idle  time.Duration
}

// KioskPath is the wall of a kiosk: what it shows while nobody is let in, and the desk of who is.
const KioskPath = "/kiosk"

// KioskCookie is the name of the cookie of a browser that is a kiosk, over plain http.
const KioskCookie = "parvis-kiosk"

// AtKiosk says whether who asks was let in by a code on a kiosk.
func AtKiosk(r *http.Request) bool {
	identity := IdentityOf(r)
	return identity != nil && identity.Kiosk != nil
}

// IsKiosk says whether a browser has the cookie of a kiosk, whoever asks.
func IsKiosk(r *http.Request) bool {
	_, err := r.Cookie(KioskCookieName(r))
	return err == nil
}

// KioskCookieName is KioskCookie, guarded over https.
func KioskCookieName(r *http.Request) string {
	if Secure(r) {
		return "__Host-" + KioskCookie
	}
	return KioskCookie
}

// Identifier knows the person behind a request's cookie.
type Identifier interface {
	// Identify returns nil without error when nobody is signed in, and
	// portal.ErrUnavailable when the store can't be asked.
	Identify(r *http.Request) (*Identity, error)
}

// request is what the router learned before the handler runs.
type request struct {
	id       string
	identity *Identity // nil when nobody is signed in
	printer  *i18n.Printer
	now      time.Time // in the collectivity's zone
	client   string    // address of the client, without port
	base     string    // "https://parvis.example", without final slash
	secure   bool
	vars     map[string]string
	route    string // its pattern: the path itself may be a secret
}

type requestKey struct{}

func requestOf(r *http.Request) *request {
	found, _ := r.Context().Value(requestKey{}).(*request)
	if found == nil {
		panic("web: handler called outside of the router")
	}
	return found
}

func withRequest(r *http.Request, about *request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), requestKey{}, about))
}

// IdentityOf returns who asks; nil on a public page that nobody signed in for.
func IdentityOf(r *http.Request) *Identity { return requestOf(r).identity }

// CallerOf returns the caller; the zero Caller when nobody is signed in.
func CallerOf(r *http.Request) portal.Caller {
	if identity := requestOf(r).identity; identity != nil {
		return identity.Caller
	}
	return portal.Caller{}
}

// Printer speaks the reader's language.
func Printer(r *http.Request) *i18n.Printer { return requestOf(r).printer }

// Now is the instant of the request, in the collectivity's time zone.
func Now(r *http.Request) time.Time { return requestOf(r).now }

// Var returns a variable of the route's path, "" when it has none so named.
func Var(r *http.Request, name string) string { return requestOf(r).vars[name] }

// ClientAddr is the client's address, seen through the trusted proxies.
func ClientAddr(r *http.Request) string { return requestOf(r).client }

// BaseURL is the address of the installation as the client wrote it, or as
// the configuration fixes it: "https://parvis.example".
func BaseURL(r *http.Request) string { return requestOf(r).base }

// Secure says whether the client came over https.
func Secure(r *http.Request) bool { return requestOf(r).secure }

// RequestID names the request in logs and on error pages.
func RequestID(r *http.Request) string { return requestOf(r).id }
