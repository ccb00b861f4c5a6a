package kiosk

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// Boards is what hangs on the wall beside the names.
type Boards interface {
	// OnCall lists who is called now, with the numbers that everybody reads.
	OnCall(ctx context.Context, caller portal.Caller, p *i18n.Printer, now time.Time) ([]Call, error)
	// Booked lists what everybody who uses the kiosk sees of the vehicles, rooms and equipment on the day of now.
	Booked(ctx context.Context, caller portal.Caller, p *i18n.Printer, now time.Time) ([]Board, error)
}

// Call is somebody who is called now.
type Call struct{ Team, Detail, Phone string }

// Board is a thing and when it is taken on a day.
type Board struct {
	Icon, Name string
	Times      []string // "8 h – 12 h, Camille Le Goff"; none when it is free all day
}

// Wall serves what a kiosk shows, and lets people in.
type Wall struct {
	store    *Store
	boards   Boards
	device   func(userAgent string) string
	signOut  func(w http.ResponseWriter, r *http.Request) error
	renderer *web.Renderer
}

// NewWall returns the pages over the store. device names a browser by its User-Agent; signOut ends the session of an
// account in this browser, if there is one.
func NewWall(store *Store, boards Boards, device func(string) string, signOut func(http.ResponseWriter, *http.Request) error, renderer *web.Renderer) *Wall {
	return &Wall{store, boards, device, signOut, renderer}
}

const (
	wallPath = web.KioskPath
	inPath   = wallPath + "/in"
	codePath = wallPath + "/code"
	// deviceLife is how long a device stays a kiosk that nobody turns on: browsers keep no cookie longer.
	deviceLife = 400 * 24 * time.Hour
	// wallEvery is how often the wall is read again by itself, in seconds, and backAfter after how many the pages that
	// ask for a code go back to it.
	wallEvery = "300"
	backAfter = "90"
	// maxForm bounds forms in bytes.
	maxForm = 4 << 10
	// maxNames is how many names stand on the wall: of more, some are searched.
	maxNames = 60
)

// Routes lists the pages. They are open: the cookie of the device decides.
func (h *Wall) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: wallPath, Access: web.Public, Handler: h.show},
		{Method: "POST", Path: wallPath + "/open", Access: web.Public, MaxBody: maxForm, Handler: h.open},
		{Method: "GET", Path: inPath, Access: web.Public, Handler: h.ask},
		{Method: "POST", Path: inPath, Access: web.Public, MaxBody: maxForm, Handler: h.enter},
		{Method: "GET", Path: codePath, Access: web.Public, Handler: h.askOwn},
		{Method: "POST", Path: codePath, Access: web.Public, MaxBody: maxForm, Handler: h.takeOwn},
		{Method: "POST", Path: wallPath + "/done", Access: web.Public, MaxBody: maxForm, Handler: h.done},
	}
}

type page struct {
	web.Page
	Form  web.Form
	Code  string // that opens a kiosk, as typed
	Kiosk Kiosk
	Calls []Call
	Board []Board
	Query string // what was typed to find a name
	Names []Person
	More  bool   // there are more names than shown
	Day   string // "Mardi 1er décembre"
	Agent Person // whose code is asked for
	Given string // "Camille": the desk
}

// render writes a page of a kiosk, which no browser keeps.
func (h *Wall) render(w http.ResponseWriter, r *http.Request, status int, name, title string, p *page) error {
	w.Header().Set("Cache-Control", "no-store")
	p.Title, p.Section = title, "kiosk"
	return h.renderer.Render(w, r, status, "kiosk/"+name, p)
}

// at is the kiosk that this browser is, and a page that wears the colours of its collectivity; portal.ErrNotFound for none.
func (h *Wall) at(w http.ResponseWriter, r *http.Request) (*page, error) {
	ctx, secret := r.Context(), cookieOf(r, web.KioskCookieName(r))
	k, err := h.store.Of(ctx, secret)
	if err != nil {
		return nil, err
	}
	body, err := h.store.people.Wall(ctx, k.Collectivity)
	if err != nil {
		return nil, err
	}
	if h.store.now().Sub(k.Seen) > seenEvery { // a device that is never turned off keeps its cookie
		setCookie(w, r, web.KioskCookieName(r), secret, deviceLife)
	}
	p := &page{Kiosk: k}
	p.Wear(body)
	p.Page.Kiosk = &themes.Kiosk{}
	return p, nil
}

func (h *Wall) show(w http.ResponseWriter, r *http.Request) error {
	if web.AtKiosk(r) {
		return h.showDesk(w, r)
	}
	p, err := h.at(w, r)
	if isNotFound(err) {
		return h.renderClosed(w, r, http.StatusOK, &page{Code: web.Query(r).Get("code")})
	}
	if err != nil {
		return err
	}
	if m, err := h.store.momentOf(r.Context(), cookieOf(r, cookieName(r, momentCookie))); err == nil && m.changes {
		return web.Redirect(w, r, codePath)
	}
	printer, now := web.Printer(r), h.nowAt(r, p)
	p.Query = strings.TrimSpace(web.Query(r).Get("q"))
	if p.Calls, err = h.boards.OnCall(r.Context(), p.Kiosk.Caller(), printer, now); err != nil {
		return err
	}
	if p.Board, err = h.boards.Booked(r.Context(), p.Kiosk.Caller(), printer, now); err != nil {
		return err
	}
	users, err := h.store.people.Users(r.Context(), p.Kiosk.Collectivity, p.Kiosk.For)
	if err != nil {
		return err
	}
	users = slices.DeleteFunc(users, func(one Person) bool { return !begins(one.Name, p.Query) })
	p.More, p.Names = len(users) > maxNames, users[:min(len(users), maxNames)]
	p.Day = printer.DateLong(now, now)
	w.Header().Set("Refresh", wallEvery+"; url="+wallPath)
	return h.render(w, r, http.StatusOK, "wall", p.Kiosk.Name, p)
}

func (h *Wall) nowAt(r *http.Request, p *page) time.Time {
	if p.Wears.Zone == nil {
		return web.Now(r)
	}
	return web.Now(r).In(p.Wears.Zone)
}

// begins says whether a word of a name begins as what was typed, without regard to accents.
func begins(name, typed string) bool {
	typed = i18n.Fold(typed)
	return typed == "" || strings.Contains(" "+i18n.Fold(name), " "+typed)
}

func (h *Wall) renderClosed(w http.ResponseWriter, r *http.Request, status int, p *page) error {
	p.Gate = true
	return h.render(w, r, status, "closed", web.Printer(r).T("kiosk.closed"), p)
}

// open makes this browser a kiosk. Whoever was signed in there is not any more: what follows is everybody's.
func (h *Wall) open(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	code := r.PostForm.Get("code")
	_, secret, err := h.store.OpenWith(r.Context(), code, h.device(r.UserAgent()), web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderClosed(w, r, http.StatusUnprocessableEntity, &page{Form: form, Code: code})
	}
	if err != nil {
		return err
	}
	if err := h.signOut(w, r); err != nil {
		return err
	}
	setCookie(w, r, web.KioskCookieName(r), secret, deviceLife)
	return web.Redirect(w, r, wallPath)
}

// ask asks somebody whose name stands on the wall for her code.
func (h *Wall) ask(w http.ResponseWriter, r *http.Request) error {
	p, err := h.at(w, r)
	if isNotFound(err) {
		return web.Redirect(w, r, wallPath)
	}
	if err == nil {
		err = h.name(r, p, portal.AgentID(web.Query(r).Get("agent")))
	}
	if err != nil {
		return err
	}
	return h.renderAsk(w, r, http.StatusOK, p)
}

// name fills in whose code is asked for; who does not use the kiosk has no name there.
func (h *Wall) name(r *http.Request, p *page, agent portal.AgentID) error {
	users, err := h.store.people.Users(r.Context(), p.Kiosk.Collectivity, p.Kiosk.For)
	p.Agent = Person{ID: agent}
	if at := slices.IndexFunc(users, func(one Person) bool { return one.ID == agent }); at >= 0 {
		p.Agent = users[at]
	}
	return err
}

func (h *Wall) renderAsk(w http.ResponseWriter, r *http.Request, status int, p *page) error {
	w.Header().Set("Refresh", backAfter+"; url="+wallPath)
	title := web.Printer(r).T("kiosk.in")
	if p.Agent.Name != "" {
		title = p.Agent.Name
	}
	return h.render(w, r, status, "in", title, p)
}

func (h *Wall) enter(w http.ResponseWriter, r *http.Request) error {
	p, err := h.at(w, r)
	if isNotFound(err) {
		return web.Redirect(w, r, wallPath)
	}
	if err == nil {
		err = web.ParseForm(r)
	}
	if err != nil {
		return err
	}
	agent := portal.AgentID(r.PostForm.Get("agent"))
	secret, err := h.store.Enter(r.Context(), p.Kiosk, agent, r.PostForm.Get("pin"), web.ClientAddr(r))
	var said portal.UserError
	if errors.As(err, &said) && errors.Is(err, portal.ErrDenied) {
		p.Form, _ = web.FormErrors(r, said)
		if err := h.name(r, p, agent); err != nil {
			return err
		}
		status := http.StatusUnprocessableEntity
		if said.Key != errPIN.Key {
			status = http.StatusTooManyRequests
		}
		return h.renderAsk(w, r, status, p)
	}
	if err == nil {
		err = h.signOut(w, r)
	}
	if err != nil {
		return err
	}
	setCookie(w, r, cookieName(r, momentCookie), secret, longest)
	return web.Redirect(w, r, wallPath)
}

// changing is who was given a code and must choose her own; portal.ErrNotFound for nobody.
func (h *Wall) changing(r *http.Request) (moment, error) {
	m, err := h.store.momentOf(r.Context(), cookieOf(r, cookieName(r, momentCookie)))
	if err == nil && !m.changes {
		err = portal.ErrNotFound
	}
	return m, err
}

func (h *Wall) askOwn(w http.ResponseWriter, r *http.Request) error {
	return h.renderOwn(w, r, http.StatusOK, web.Form{})
}

func (h *Wall) renderOwn(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	m, err := h.changing(r)
	var p *page
	if err == nil {
		p, err = h.at(w, r)
	}
	if isNotFound(err) {
		return web.Redirect(w, r, wallPath)
	}
	if err == nil {
		err = h.name(r, p, m.agent)
	}
	if err != nil {
		return err
	}
	p.Form = form
	w.Header().Set("Refresh", backAfter+"; url="+wallPath)
	return h.render(w, r, status, "own", web.Printer(r).T("kiosk.own"), p)
}

func (h *Wall) takeOwn(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	m, err := h.changing(r)
	if isNotFound(err) {
		return web.Redirect(w, r, wallPath)
	}
	secret := portal.NewSecret()
	if err == nil {
		err = h.store.own(r.Context(), m, secret, r.PostForm.Get("pin"), r.PostForm.Get("again"), web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderOwn(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	setCookie(w, r, cookieName(r, momentCookie), secret, longest)
	web.SetFlash(w, r, "kiosk.done.own")
	return web.Redirect(w, r, wallPath)
}

// done ends the moment of who is in.
func (h *Wall) done(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.leave(r.Context(), cookieOf(r, cookieName(r, momentCookie)), web.ClientAddr(r)); err != nil {
		return err
	}
	setCookie(w, r, cookieName(r, momentCookie), "", -time.Second)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`) // the next person finds nothing; the device's own cookie stays
	return web.Redirect(w, r, wallPath)
}

// showDesk is what somebody who is in may do.
func (h *Wall) showDesk(w http.ResponseWriter, r *http.Request) error {
	p := &page{Given: web.IdentityOf(r).PersonName}
	return h.render(w, r, http.StatusOK, "desk", web.Printer(r).T("kiosk.desk"), p)
}

// OpeningLink is the address that opens a kiosk by its code.
func OpeningLink(base, code string) string {
	return base + wallPath + "?" + url.Values{"code": {code}}.Encode()
}
