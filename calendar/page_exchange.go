package calendar

import (
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parvis/portal/web"
)

// feedPath is where secret links lead. The secret is in the query, which no log holds.
const feedPath = "/calendar/feed.ics"

// Feeds serves calendars to who has a link to them.
type Feeds struct {
	store   *Store
	callers Callers
}

// NewFeeds returns the door of secret links.
func NewFeeds(store *Store, callers Callers) *Feeds { return &Feeds{store: store, callers: callers} }

// Routes lists it.
func (f *Feeds) Routes() []web.Route {
	return []web.Route{{Method: "GET", Path: feedPath, Access: web.Protocol, Slow: true, Handler: f.read}}
}

// read answers 304 to who has the calendar as it is.
func (f *Feeds) read(w http.ResponseWriter, r *http.Request) error {
	o, err := f.store.openLink(r.Context(), f.callers, r.URL.Query().Get("key"))
	if err != nil {
		return err
	}
	p := web.Printer(r)
	how := Disclosure{Name: ShownName(o.calendar, p), Foreign: true, Busy: o.Busy, Title: p.T("calendar.feed.busy")}
	if o.Busy {
		how.Name = how.Title
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{o.ID, o.calendar.Sync.String(), how.Name, how.Title}, "\x00")))
	etag := `"` + hex.EncodeToString(sum[:12]) + `"`
	header := w.Header()
	header.Set("ETag", etag)
	header.Set("Cache-Control", "private, no-cache")
	header.Set("X-Robots-Tag", "noindex")
	if err := f.store.noteSeen(r.Context(), o); err != nil {
		return err
	}
	if known := (Condition{NoneMatch: etagsOf(r.Header.Get("If-None-Match"))}); !known.holds(etag, "") {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	text, err := f.store.Export(r.Context(), o.caller, o.Calendar, how)
	if err != nil {
		return err
	}
	header.Set("Content-Type", "text/calendar; charset=utf-8")
	_, err = w.Write(text)
	return err
}

// etagsOf are those of If-None-Match; a weak one is as good there (RFC 9110 §13.1.2).
func etagsOf(header string) []string {
	var etags []string
	for etag := range strings.SplitSeq(header, ",") {
		if etag = strings.TrimPrefix(strings.TrimSpace(etag), "W/"); etag != "" {
			etags = append(etags, etag)
		}
	}
	return etags
}

// exchangePage is where calendars come in and go out.
type exchangePage struct {
	web.Page
	web.Form
	Calendars []shownCalendar
	Own       []calendarChoice // to make links to
	Into      []calendarChoice // to import into
	Links     []shownLink
	Label     string
	Busy      bool
	Import    web.Form // of a file that was refused
	Secret    string   // address of a new link, told this once
}

type shownLink struct {
	Link
	CalendarName string
}

func (h *Handler) showExchange(w http.ResponseWriter, r *http.Request) error {
	return h.renderExchange(w, r, http.StatusOK, &exchangePage{Busy: true})
}

func (h *Handler) renderExchange(w http.ResponseWriter, r *http.Request, status int, page *exchangePage) error {
	caller, p := web.CallerOf(r), web.Printer(r)
	calendars, err := h.store.Calendars(r.Context(), caller)
	if err != nil {
		return err
	}
	links, err := h.store.Links(r.Context(), caller)
	if err != nil {
		return err
	}
	for _, c := range calendars {
		name := ShownName(c, p)
		page.Calendars = append(page.Calendars, shownCalendar{ID: c.ID, Name: name})
		if c.Owner == caller.Agent {
			page.Own = append(page.Own, calendarChoice{ID: c.ID, Name: name})
		}
		if c.Writable {
			page.Into = append(page.Into, calendarChoice{ID: c.ID, Name: name})
		}
	}
	for _, l := range links {
		shown := shownLink{Link: l}
		if at := slices.IndexFunc(page.Calendars, func(c shownCalendar) bool { return c.ID == l.Calendar }); at >= 0 {
			shown.CalendarName = page.Calendars[at].Name
		}
		page.Links = append(page.Links, shown)
	}
	page.Page.Title, page.Section = p.T("calendar.exchange.title"), "calendar"
	if page.Secret != "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	return h.renderer.Render(w, r, status, "calendar/exchange", page)
}

// export answers with a calendar as a file.
func (h *Handler) export(w http.ResponseWriter, r *http.Request) error {
	caller, p := web.CallerOf(r), web.Printer(r)
	c, err := h.store.Calendar(r.Context(), caller, CalendarID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	name := ShownName(c, p)
	text, err := h.store.Export(r.Context(), caller, c.ID, Disclosure{Name: name})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name + ".ics"}))
	w.Header().Set("Cache-Control", "private, no-store")
	_, err = w.Write(text)
	return err
}

func (h *Handler) makeLink(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	made := Link{Calendar: CalendarID(r.PostForm.Get("calendar")), Label: r.PostForm.Get("label"), Busy: r.PostForm.Get("tells") != "all"}
	secret, err := h.store.MakeLink(r.Context(), web.CallerOf(r), made)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderExchange(w, r, http.StatusUnprocessableEntity, &exchangePage{Form: form, Label: made.Label, Busy: made.Busy})
	}
	if err != nil {
		return err
	}
	return h.tellLink(w, r, secret)
}

// tellLink shows an address the only time that it is known.
func (h *Handler) tellLink(w http.ResponseWriter, r *http.Request, secret string) error {
	address := web.BaseURL(r) + feedPath + "?key=" + url.QueryEscape(secret)
	return h.renderExchange(w, r, http.StatusCreated, &exchangePage{Secret: address, Busy: true})
}

func (h *Handler) renewLink(w http.ResponseWriter, r *http.Request) error {
	secret, err := h.store.RenewLink(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	if err != nil {
		return err
	}
	return h.tellLink(w, r, secret)
}

func (h *Handler) revokeLink(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.RevokeLink(r.Context(), web.CallerOf(r), web.Var(r, "id")); err != nil {
		return err
	}
	web.SetFlash(w, r, "calendar.done.link-revoked")
	return web.Redirect(w, r, "/calendar/exchange")
}
