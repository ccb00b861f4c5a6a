// Package forwardauth lets a reverse proxy ask, before each request to a business
// application that knows no single sign-on, who the person is and whether she may:
// nginx by auth_request, Traefik and Caddy by forward auth, Apache through either.
// Each application has a cookie of its own on its own host, got by a code that is
// handed over once: a cookie for the whole domain would let any application act as
// the person in all of them.
package forwardauth

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
	"parvis/sso"
)

// Templates holds the page of a refusal.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds its sentences.
//
//go:embed locales/*.json
var Locales embed.FS

// People tells who an account is.
type People interface {
	// Identity is who an account is in a collectivity; portal.ErrNotFound when it
	// may not enter.
	Identity(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (*web.Identity, error)
}

// Options are what the guard needs.
type Options struct {
	DB           *database.DB
	SSO          *sso.Service
	Applications sso.Applications
	People       People
	Renderer     *web.Renderer
	Proxies      web.Networks // the reverse proxies that may ask
	Log          *slog.Logger
	Now          func() time.Time // nil is time.Now
}

// Guard answers reverse proxies.
type Guard struct {
	Options

	known *sso.Memory[hash, verdict]
}

type hash [sha256.Size]byte

func hashOf(secret string) hash { return sha256.Sum256([]byte(secret)) }

// verdict is what a cookie opened a moment ago.
type verdict struct {
	origin  string
	headers http.Header
	paths   sso.Application
}

const (
	protocol   = "forward"
	codeLife   = time.Minute
	maxKnown   = 20_000
	cookieName = "parvis-app"
)

// New returns the guard.
func New(options Options) *Guard {
	if options.Now == nil {
		options.Now = time.Now
	}
	g := &Guard{Options: options, known: sso.NewMemory[hash, verdict](maxKnown, options.Now)}
	options.SSO.Sessions.OnForget(g.known.Forget)
	options.SSO.Participants.Handle(protocol, g.forgetSession)
	options.SSO.OnForms(g.formEnd)
	return g
}

// Routes lists the endpoints. The proxy asks the first two; the browser goes
// through /forward/start here and /.parvis/return on the application's host.
func (g *Guard) Routes() []web.Route {
	return []web.Route{
		{Method: "*", Path: "/forward/nginx", Access: web.Protocol, Handler: g.check(http.StatusUnauthorized)},
		{Method: "*", Path: "/forward/auth", Access: web.Protocol, Handler: g.check(http.StatusFound)},
		{Method: "GET", Path: "/forward/start", Access: web.Public, Handler: g.start},
		{Method: "GET", Path: returnPath, Access: web.Protocol, Handler: g.handOver},
	}
}

// returnPath is where the proxy of an application hands a browser to us.
const returnPath = "/.parvis/return"

// asked is the address that a person asks the proxy for, as the proxy tells it:
// nginx in X-Original-URL, the others in parts. An address that can be read in two
// ways is none (LemonLDAP::NG CVE-2020-24660).
func asked(r *http.Request) (sso.Address, error) {
	if whole := r.Header.Values("X-Original-URL"); len(whole) > 0 {
		if len(whole) > 1 {
			return sso.Address{}, portal.ErrInvalid
		}
		return sso.ParseAddress(whole[0])
	}
	for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Uri"} {
		if len(r.Header.Values(name)) != 1 {
			return sso.Address{}, portal.ErrInvalid
		}
	}
	return sso.ParseAddress(r.Header.Get("X-Forwarded-Proto") + "://" + r.Header.Get("X-Forwarded-Host") + r.Header.Get("X-Forwarded-Uri"))
}

// here is the origin at which a browser asks us through an application's proxy.
func here(r *http.Request) (string, error) {
	if r.Header.Get("X-Original-URL") != "" {
		address, err := asked(r)
		return address.Origin, err
	}
	for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-Host"} {
		if len(r.Header.Values(name)) != 1 {
			return "", portal.ErrInvalid
		}
	}
	address, err := sso.ParseAddress(r.Header.Get("X-Forwarded-Proto") + "://" + r.Header.Get("X-Forwarded-Host"))
	return address.Origin, err
}

// check says whether a request may pass: 200 with who asks in headers, 403, or
// where to sign in, with the status that the proxy understands. On any doubt it
// may not.
func (g *Guard) check(unknown int) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Cache-Control", "no-store")
		address, err := asked(r)
		if err != nil || !g.Proxies.Peer(r) {
			http.Error(w, "this address can't be decided", http.StatusForbidden)
			return nil
		}
		found, err := g.judge(r.Context(), address, cookieOf(r, address))
		switch {
		case err == nil:
			for name, values := range found.headers {
				w.Header()[name] = values
			}
			w.WriteHeader(http.StatusOK)
			return nil
		case errors.Is(err, portal.ErrNotFound):
			w.Header().Set("Location", web.BaseURL(r)+"/forward/start?"+url.Values{"to": {address.String()}}.Encode())
			w.WriteHeader(unknown)
			return nil
		case errors.Is(err, portal.ErrDenied), errors.Is(err, portal.ErrInvalid):
			w.WriteHeader(http.StatusForbidden)
			return nil
		}
		return err
	}
}

// cookieOf is the secret of the application's own cookie, "" without. A cookie
// that is there twice is none: one of them was set by somebody else.
func cookieOf(r *http.Request, address sso.Address) string {
	value, count := "", 0
	for _, cookie := range r.Cookies() {
		if cookie.Name == nameFor(address.Origin) {
			value, count = cookie.Value, count+1
		}
	}
	if count != 1 || len(value) != len(portal.NewSecret()) {
		return ""
	}
	return value
}

func nameFor(origin string) string {
	if strings.HasPrefix(origin, "https://") {
		return "__Host-" + cookieName
	}
	return cookieName
}

// judge returns what a cookie opens; portal.ErrNotFound when the person must sign
// in, portal.ErrDenied when she may not.
func (g *Guard) judge(ctx context.Context, address sso.Address, secret string) (verdict, error) {
	if secret == "" {
		return verdict{}, g.protected(ctx, address)
	}
	sum := hashOf(secret)
	found, ok, keep := g.known.Get(sum)
	if !ok {
		account, read, err := g.read(ctx, sum)
		if err != nil {
			return verdict{}, err
		}
		keep(account, read)
		found = read
	}
	if found.origin != address.Origin || !covers(found.paths, address) {
		return verdict{}, g.protected(ctx, address)
	}
	return found, nil
}

func covers(application sso.Application, address sso.Address) bool {
	for _, one := range application.Addresses {
		if one.Covers(address) {
			return true
		}
	}
	return false
}

// protected is portal.ErrNotFound for an address of an application, which one may
// sign in for, and portal.ErrDenied for one of nobody.
func (g *Guard) protected(ctx context.Context, address sso.Address) error {
	all, err := g.Applications.At(ctx, sso.KindForward, address)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return portal.ErrDenied
	}
	return portal.ErrNotFound
}

// read asks the store what a cookie opens, and whether it still may.
func (g *Guard) read(ctx context.Context, sum hash) (account portal.AccountID, found verdict, err error) {
	var origin, id, session string
	var collectivity portal.CollectivityID
	err = g.DB.QueryRow(ctx, `
		SELECT origin, collectivity, application, session, account FROM forward_sessions WHERE hash = $1 AND NOT is_code`, sum[:]).Scan(&origin, &collectivity, &id, &session, &account)
	if err != nil {
		return "", verdict{}, fmt.Errorf("forwardauth: read: %w", err)
	}
	application, err := g.Applications.Application(ctx, sso.KindForward, collectivity, id)
	if err != nil {
		return "", verdict{}, err
	}
	signed, err := g.SSO.Sessions.Use(ctx, account, session, collectivity)
	if err != nil {
		return "", verdict{}, err
	}
	if err := g.Applications.Admit(ctx, signed.Identity.Caller, application); err != nil {
		return "", verdict{}, err
	}
	released, err := g.Applications.Release(ctx, signed.Identity.Caller, application)
	if err != nil {
		return "", verdict{}, err
	}
	return account, verdict{origin: origin, headers: headersOf(released), paths: application}, nil
}

// headersOf are the identity headers that the proxy hands to the application:
// "Parvis-User", and "Parvis-Mail" for an attribute that it reads as "mail".
func headersOf(released sso.Release) http.Header {
	headers := http.Header{}
	headers.Set("Parvis-User", headerText(released.User))
	for _, attribute := range released.Attributes {
		values := make([]string, len(attribute.Values))
		for i, value := range attribute.Values {
			values[i] = headerText(value)
		}
		headers.Set("Parvis-"+strings.ReplaceAll(attribute.Name, "_", "-"), strings.Join(values, ", "))
	}
	return headers
}

// headerText writes a text in the octets that a header may hold: what is not
// ASCII, and what could end or divide a header, is percent-encoded.
func headerText(text string) string {
	var out strings.Builder
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '%' || c == ',' {
			fmt.Fprintf(&out, "%%%02X", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

// forgetSession removes what an ended session opened.
func (g *Guard) forgetSession(ctx context.Context, participant sso.Participant) error {
	_, err := g.DB.Exec(ctx, `DELETE FROM forward_sessions WHERE collectivity = $1 AND account = $2 AND session = $3`,
		string(participant.Collectivity), string(participant.Account), participant.Session)
	return err
}

// start is where an unknown browser is sent: once signed in, she goes back to the
// application's host with a code.
func (g *Guard) start(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	to := r.URL.Query()["to"]
	if len(to) != 1 {
		return g.refuse(w, r, errAddress)
	}
	address, err := sso.ParseAddress(to[0])
	if err != nil {
		return g.refuse(w, r, errAddress)
	}
	all, err := g.Applications.At(r.Context(), sso.KindForward, address)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return g.refuse(w, r, errAddress)
	}
	signed, err := g.SSO.Sessions.Signed(r)
	if errors.Is(err, portal.ErrNotFound) {
		return web.Redirect(w, r, "/sign-in?"+url.Values{"next": {r.URL.RequestURI()}}.Encode())
	}
	if err != nil {
		return err
	}
	return g.handCode(w, r, signed, all, address)
}

// formEnd says where a sign-in ends that goes on to an application.
func (g *Guard) formEnd(ctx context.Context, next string) (origin string, err error) {
	query, ours := strings.CutPrefix(next, "/forward/start?")
	if !ours {
		return "", nil
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", nil // that address will be refused
	}
	address, err := sso.ParseAddress(values.Get("to"))
	if err != nil {
		return "", nil // the same
	}
	all, err := g.Applications.At(ctx, sso.KindForward, address)
	if err != nil || len(all) == 0 {
		return "", err
	}
	return address.Origin, nil
}

var errAddress = portal.UserError{Kind: portal.ErrDenied, Key: "forwardauth.error.address"}

// handCode gives a code for the first of the applications at an address whose
// collectivity the person is an agent of, her current one first.
func (g *Guard) handCode(w http.ResponseWriter, r *http.Request, signed sso.Signed, all []sso.Application, address sso.Address) error {
	caller, application, err := g.choose(r.Context(), signed.Identity, all)
	if errors.Is(err, portal.ErrDenied) {
		return g.refuse(w, r, err)
	}
	if err != nil {
		return err
	}
	if application.SecondFactor && !strings.Contains(signed.Factors, " ") {
		return web.Redirect(w, r, "/sign-in/second?"+url.Values{"next": {r.URL.RequestURI()}}.Encode())
	}
	code := portal.NewSecret()
	if err := g.insert(r, signed, caller, application, address.Origin, code); err != nil {
		return err
	}
	back := url.Values{"code": {code}, "to": {address.String()}}
	http.Redirect(w, r, address.Origin+returnPath+"?"+back.Encode(), http.StatusSeeOther)
	return nil
}

func (g *Guard) choose(ctx context.Context, identity *web.Identity, all []sso.Application) (portal.Caller, sso.Application, error) {
	refusal := error(portal.UserError{Kind: portal.ErrDenied, Key: "forwardauth.error.elsewhere"})
	try := func(application sso.Application, identity *web.Identity) bool {
		err := g.Applications.Admit(ctx, identity.Caller, application)
		if err != nil {
			refusal = err
		}
		return err == nil
	}
	for _, application := range all {
		if application.Collectivity == identity.Caller.Collectivity && try(application, identity) {
			return identity.Caller, application, nil
		}
	}
	for _, application := range all {
		other, err := g.People.Identity(ctx, identity.Caller.Account, application.Collectivity)
		if err == nil && try(application, other) {
			return other.Caller, application, nil
		}
		if err != nil && !errors.Is(err, portal.ErrNotFound) {
			return portal.Caller{}, sso.Application{}, err
		}
	}
	return portal.Caller{}, sso.Application{}, refusal
}

func (g *Guard) insert(r *http.Request, signed sso.Signed, caller portal.Caller, application sso.Application, origin, code string) error {
	sum, now := hashOf(code), g.Now()
	line := audit.By(caller, audit.ApplicationOpened)
	line.At, line.Object, line.ObjectID, line.Detail, line.Address = now, application.Name, application.ID, protocol, web.ClientAddr(r)
	err := g.DB.Tx(r.Context(), func(tx *database.Tx) error {
		_, err := tx.Exec(r.Context(), `
			INSERT INTO forward_sessions (hash, collectivity, application, origin, session, account, is_code, created)
			VALUES ($1, $2, $3, $4, $5, $6, TRUE, $7)`,
			sum[:], string(application.Collectivity), application.ID, origin, signed.Identity.Session, string(caller.Account), database.Millis(now))
		if err != nil {
			return err
		}
		err = g.SSO.Participants.Join(r.Context(), tx, sso.Participant{
			Collectivity: application.Collectivity, Session: signed.Identity.Session,
			Account: caller.Account, Application: application.ID, Protocol: protocol, Reference: signed.Identity.Session,
		})
		if err != nil {
			return err
		}
		return audit.Write(r.Context(), tx, line)
	})
	if err != nil {
		return fmt.Errorf("forwardauth: hand a code: %w", err)
	}
	return nil
}

// handOver answers on the application's own host, through its proxy: it turns the
// code into the application's cookie, once, and sends the browser to where she
// wanted to go.
func (g *Guard) handOver(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	query := r.URL.Query()
	to, err := sso.ParseAddress(query.Get("to"))
	origin, hereErr := here(r)
	if err != nil || hereErr != nil || origin != to.Origin || !g.Proxies.Peer(r) {
		http.Error(w, "this address can't be decided", http.StatusForbidden)
		return nil
	}
	secret := portal.NewSecret()
	err = g.redeem(r.Context(), query.Get("code"), secret, to.Origin)
	if errors.Is(err, portal.ErrNotFound) {
		http.Redirect(w, r, to.String(), http.StatusSeeOther) // used or old: the proxy asks again
		return nil
	}
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: nameFor(to.Origin), Value: secret, Path: "/", HttpOnly: true,
		Secure: strings.HasPrefix(to.Origin, "https://"), SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
	return nil
}

// redeem turns a code into a cookie's secret; portal.ErrNotFound when it is not
// of this host, was used, or is old.
func (g *Guard) redeem(ctx context.Context, code, secret, origin string) error {
	from, to := hashOf(code), hashOf(secret)
	err := database.OneRow(g.DB.Exec(ctx, `UPDATE forward_sessions SET hash = $1, is_code = FALSE
		WHERE hash = $2 AND is_code AND origin = $3 AND created > $4`, to[:], from[:], origin, database.Millis(g.Now().Add(-codeLife))))
	if err != nil {
		return fmt.Errorf("forwardauth: redeem: %w", err)
	}
	return nil
}

// Sweep removes the codes that nobody used.
func (g *Guard) Sweep(ctx context.Context) error {
	_, err := g.DB.Exec(ctx, `DELETE FROM forward_sessions WHERE is_code AND created < $1`, database.Millis(g.Now().Add(-codeLife)))
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("forwardauth: sweep: %w", err)
	}
	return nil
}

// refusePage tells a person why an application does not open.
type refusePage struct {
	web.Page
	Sentence string
}

func (g *Guard) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	var said portal.UserError
	if !errors.As(err, &said) {
		return err
	}
	page := &refusePage{Sentence: web.Sentence(r, said)}
	page.Title, page.Gate = web.Printer(r).T("forwardauth.refused"), true
	return g.Renderer.Render(w, r, http.StatusForbidden, "forwardauth/refused", page)
}
