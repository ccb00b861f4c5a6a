package pool

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// announcementRoutes are what the pool tells its collectivities, and the forms by which
// a person puts a notice away.
func (h *Handler) announcementRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/pool/announcements", Handler: h.announcements},
		{Method: "GET", Path: "/pool/announcements/new", Handler: h.newAnnouncement},
		{Method: "POST", Path: "/pool/announcements", Handler: h.takeAnnouncement},
		{Method: "GET", Path: "/pool/announcements/{id}", Handler: h.showAnnouncement},
		{Method: "POST", Path: "/pool/announcements/{id}", Handler: h.takeAnnouncement},
		{Method: "POST", Path: "/pool/announcements/{id}/end", Handler: h.endAnnouncement},
		{Method: "POST", Path: "/pool/announcements/{id}/resume", Handler: h.resumeAnnouncement},
		{Method: "POST", Path: "/pool/announcements/{id}/undo", Handler: h.undoAnnouncement},
		{Method: "POST", Path: "/announcements/{id}/away", Access: web.Account, Handler: h.putAway},
		{Method: "POST", Path: "/announcements/{id}/back", Access: web.Account, Handler: h.takeBack},
	}
}

const announcementsPath = "/pool/announcements"

// announcementsPage lists them.
type announcementsPage struct {
	web.Page
	List        directory.AnnouncementList
	Text, Shown string
	Shelves     []string
	Links       themes.Pages
}

// StateOf is where one stands as the page is read.
func (p *announcementsPage) StateOf(a directory.Announcement) string { return a.State(p.Now) }

func (h *Handler) announcements(w http.ResponseWriter, r *http.Request) (err error) {
	query := web.Query(r)
	page := &announcementsPage{
		Text: strings.TrimSpace(query.Get("q")), Shown: query.Get("state"),
		Shelves: []string{"", directory.AnnouncementNow, directory.AnnouncementSoon, directory.AnnouncementEnded},
	}
	if !slices.Contains(page.Shelves, page.Shown) {
		page.Shown = ""
	}
	page.List, err = h.Announcements.List(r.Context(), web.CallerOf(r), directory.AnnouncementQuery{Text: page.Text, State: page.Shown, Page: web.PageNumber(r)})
	if err != nil {
		return err
	}
	page.Links = web.PageLinks(r, web.Printer(r).T("pool.pages"), page.List.Page, page.List.Pages)
	return h.render(w, r, http.StatusOK, "pool/announcements", "pool.announce", page, &page.Page)
}

// announcementPage writes one, and shows it before it is published.
type announcementPage struct {
	web.Page
	Form    web.Form
	ID      string
	Seen    int // version that the form was opened with, 0 for a new one
	Of      directory.Announcement
	State   string // "" for a new one
	Begins  string // as date fields hold them
	Ends    string
	From    string
	Until   string
	Chosen  string // one a line
	Levels  []string
	Reaches []string
	Kinds   []string
	Zone    string
	Preview *announcementPreview
}

// announcementPreview is what would be read, and by whom.
type announcementPreview struct {
	French, English themes.Notice
	Concerned       int
	Names           []portal.CollectivityID
}

// Action is where the form is sent.
func (p *announcementPage) Action() string {
	if p.Seen == 0 {
		return announcementsPath
	}
	return announcementsPath + "/" + p.ID
}

// Has says whether a kind of collectivity is ticked.
func (p *announcementPage) Has(kind string) bool { return slices.Contains(p.Of.Kinds, kind) }

// Aria names the error of a field, "" for none, beside what else describes it.
func (p *announcementPage) Aria(field string, besides ...string) string {
	if p.Form.Error(field) != "" {
		besides = append(besides, field+"-error")
	}
	return strings.Join(besides, " ")
}

// localTime is how a date field of a browser writes a moment (HTML, local date and time).
const localTime = "2006-01-02T15:04"

func (h *Handler) newAnnouncement(w http.ResponseWriter, r *http.Request) error {
	page := &announcementPage{ID: portal.NewID(), Of: directory.Announcement{Level: directory.Information, Reach: directory.ReachAll}}
	if to := web.Query(r).Get("to"); to != "" {
		page.Of.Reach, page.Chosen = directory.ReachChosen, to
	}
	return h.renderAnnouncement(w, r, http.StatusOK, page)
}

func (h *Handler) showAnnouncement(w http.ResponseWriter, r *http.Request) error {
	one, err := h.Announcements.One(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	if err != nil {
		return err
	}
	page := &announcementPage{ID: one.ID, Seen: one.Version, Of: one, State: one.State(web.Now(r))}
	page.typed(r)
	return h.renderAnnouncement(w, r, http.StatusOK, page)
}

// typed fills the fields from an announcement.
func (p *announcementPage) typed(r *http.Request) {
	field := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(web.Now(r).Location()).Format(localTime)
	}
	p.Begins, p.Ends, p.From, p.Until = field(p.Of.Begins), field(p.Of.Ends), field(p.Of.From), field(p.Of.Until)
	names := make([]string, len(p.Of.Chosen))
	for i, id := range p.Of.Chosen {
		names[i] = string(id)
	}
	p.Chosen = strings.Join(names, "\n")
}

func (h *Handler) renderAnnouncement(w http.ResponseWriter, r *http.Request, status int, page *announcementPage) error {
	page.Levels, page.Reaches, page.Kinds = directory.AnnouncementLevels, directory.AnnouncementReaches, directory.Kinds
	page.Zone = web.Now(r).Location().String()
	if printer := web.Printer(r); printer.Has("pool.zone." + page.Zone) {
		page.Zone = printer.T("pool.zone." + page.Zone)
	}
	title := "pool.announce.new"
	if page.Seen > 0 {
		title = "pool.announce.one"
	}
	return h.render(w, r, status, "pool/announcement", title, page, &page.Page)
}

// takeAnnouncement shows what was written as it will be read, publishes it, or goes back
// to the form.
func (h *Handler) takeAnnouncement(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page, err := h.readAnnouncement(r)
	if err == nil {
		switch r.PostFormValue("do") {
		case "publish":
			if err = h.publish(r, page); err == nil {
				return announced(w, r, page)
			}
		case "correct":
			return h.renderAnnouncement(w, r, http.StatusOK, page)
		default:
			err = h.preview(r, page)
		}
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form, page.Preview = form, nil
		return h.renderAnnouncement(w, r, web.StatusOf(err), page)
	}
	if err != nil {
		return err
	}
	return h.renderAnnouncement(w, r, http.StatusOK, page)
}

// readAnnouncement reads the form. The page comes back also with a refusal, with what
// was typed.
func (h *Handler) readAnnouncement(r *http.Request) (*announcementPage, error) {
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	page := &announcementPage{ID: cmp.Or(web.Var(r, "id"), value("id")), Begins: value("begins"), Ends: value("ends"), From: value("from"), Until: value("until"), Chosen: value("chosen")}
	if web.Var(r, "id") != "" {
		page.Seen, _ = strconv.Atoi(value("seen")) // a forged value only makes a conflict
		page.Seen = max(page.Seen, 1)
	}
	page.Of = directory.Announcement{
		ID: page.ID, Version: page.Seen, Level: value("level"), French: value("french"), English: value("english"),
		Reach: value("reach"), Kinds: r.PostForm["kinds"], Administrators: value("readers") == "administrators",
	}
	var wrong portal.Check
	moment := func(field, text string) time.Time {
		if text == "" {
			return time.Time{}
		}
		at, err := time.ParseInLocation(localTime, text, web.Now(r).Location())
		if err != nil {
			wrong.Add(field, "pool.announce.moment")
		}
		return at
	}
	page.Of.Begins, page.Of.Ends = moment("begins", page.Begins), moment("ends", page.Ends)
	page.Of.From, page.Of.Until = moment("from", page.From), moment("until", page.Until)
	if err := wrong.OrNil(); err != nil {
		return page, err
	}
	if page.Of.Reach != directory.ReachChosen {
		return page, nil
	}
	var err error
	page.Of.Chosen, err = h.Announcements.Named(r.Context(), web.CallerOf(r), lines(page.Chosen))
	return page, err
}

// lines are what was typed, one a line.
func lines(text string) (all []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// preview fills in what would be read, and by whom.
func (h *Handler) preview(r *http.Request, page *announcementPage) error {
	one, err := h.Announcements.Checked(page.Of)
	if err != nil {
		return err
	}
	count, err := h.Announcements.Concerned(r.Context(), web.CallerOf(r), one)
	if err != nil {
		return err
	}
	page.Of = one
	page.typed(r)
	now := web.Now(r)
	page.Preview = &announcementPreview{Concerned: count, Names: one.Chosen}
	page.Preview.French = web.NoticeOf(h.Renderer.Printer("fr"), one.Shown(), now)
	page.Preview.English = web.NoticeOf(h.Renderer.Printer("en"), one.Shown(), now)
	return nil
}

func (h *Handler) publish(r *http.Request, page *announcementPage) error {
	caller, address := web.CallerOf(r), web.ClientAddr(r)
	if page.Seen == 0 {
		return h.Announcements.Publish(r.Context(), caller, page.Of, address)
	}
	return h.Announcements.Change(r.Context(), caller, page.Of, address)
}

// announced says what was done, and how it is taken back.
func announced(w http.ResponseWriter, r *http.Request, page *announcementPage) error {
	if page.Seen == 0 {
		web.SetUndo(w, r, "pool.undo", announcementsPath+"/"+page.ID+"/end", "pool.announce.published")
	} else {
		web.SetUndo(w, r, "pool.undo", announcementsPath+"/"+page.ID+"/undo?seen="+strconv.Itoa(page.Seen+1), "pool.announce.changed")
	}
	return web.Redirect(w, r, announcementsPath)
}

func (h *Handler) endAnnouncement(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	err := h.Announcements.End(r.Context(), web.CallerOf(r), id, web.ClientAddr(r))
	if err == nil {
		web.SetUndo(w, r, "pool.undo", announcementsPath+"/"+id+"/resume", "pool.announce.ended")
	}
	return toAnnouncements(w, r, err)
}

func (h *Handler) resumeAnnouncement(w http.ResponseWriter, r *http.Request) error {
	err := h.Announcements.Resume(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	if err == nil {
		web.SetFlash(w, r, "pool.announce.resumed")
	}
	return toAnnouncements(w, r, err)
}

func (h *Handler) undoAnnouncement(w http.ResponseWriter, r *http.Request) error {
	seen, _ := strconv.Atoi(web.Query(r).Get("seen")) // a forged value only makes a conflict
	err := h.Announcements.Undo(r.Context(), web.CallerOf(r), web.Var(r, "id"), seen, web.ClientAddr(r))
	if err == nil {
		web.SetFlash(w, r, "pool.announce.undone")
	}
	return toAnnouncements(w, r, err)
}

// toAnnouncements goes back to the list, and says there what could not be done any more.
func toAnnouncements(w http.ResponseWriter, r *http.Request, err error) error {
	if err != nil && (errors.Is(err, portal.ErrNotFound) || !web.FlashRefusal(w, r, err)) {
		return err
	}
	return web.Redirect(w, r, announcementsPath)
}

// putAway hides a notice from who has read it, until it changes.
func (h *Handler) putAway(w http.ResponseWriter, r *http.Request) error { return h.setAway(w, r, true) }

// takeBack shows it again.
func (h *Handler) takeBack(w http.ResponseWriter, r *http.Request) error {
	return h.setAway(w, r, false)
}

func (h *Handler) setAway(w http.ResponseWriter, r *http.Request, away bool) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id := web.Var(r, "id")
	if err := h.Announcements.PutAway(r.Context(), web.IdentityOf(r), id, away); err != nil {
		return err
	}
	if away {
		web.SetUndo(w, r, "pool.undo", "/announcements/"+id+"/back", "pool.announce.away")
	}
	return web.Redirect(w, r, web.LocalPath(r.PostFormValue("next")))
}
