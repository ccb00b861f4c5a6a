package calendar

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// Directory knows with whom a calendar can be shared, as the caller may see them.
type Directory interface {
	// Find are some agents whose entries a text finds.
	Find(ctx context.Context, caller portal.Caller, text string) ([]Someone, error)
	// Someone is an active agent; portal.ErrNotFound.
	Someone(ctx context.Context, caller portal.Caller, agent portal.AgentID) (Someone, error)
	// Groups are those of the collectivity, by name.
	Groups(ctx context.Context, caller portal.Caller) ([]portal.Group, error)
	// Units are those of the organisation chart, in its order.
	Units(ctx context.Context, caller portal.Caller) ([]Place, error)
}

// Someone is an agent to choose.
type Someone struct {
	ID       portal.AgentID
	Name     string
	Function string
}

// Place is a unit to choose.
type Place struct {
	ID    portal.UnitID
	Name  string
	Depth int // 0 at the top
}

// SharingHandler serves the pages on which calendars are shared and agendas given into other hands.
type SharingHandler struct {
	store     *Store
	directory Directory
	renderer  *web.Renderer
}

// NewSharingHandler returns the pages over the store.
func NewSharingHandler(store *Store, directory Directory, renderer *web.Renderer) *SharingHandler {
	return &SharingHandler{store, directory, renderer}
}

// The addresses of the two pages.
const (
	calendarsPath = "/calendar/calendars"
	delegatesPath = "/calendar/delegates"
)

// Routes lists the pages.
func (h *SharingHandler) Routes() []web.Route {
	post := func(path string, handler web.Handler) web.Route {
		return web.Route{Method: "POST", Path: path, Access: web.SignedIn, Handler: handler}
	}
	return []web.Route{
		{Method: "GET", Path: calendarsPath, Access: web.SignedIn, Handler: h.calendars},
		post(calendarsPath, h.make),
		post(calendarsPath+"/{id}", h.look),
		post(calendarsPath+"/{id}/share", h.share),
		post(calendarsPath+"/{id}/away", h.putAway),
		post(calendarsPath+"/{id}/take", h.take),
		post("/calendar/shares/{id}/end", h.endShare),
		post("/calendar/shares/{id}/back", h.restoreShare),
		{Method: "GET", Path: delegatesPath, Access: web.SignedIn, Handler: h.delegates},
		post(delegatesPath, h.delegate),
		post(delegatesPath+"/{id}/end", h.endDelegate),
		post(delegatesPath+"/{id}/back", h.restoreDelegate),
	}
}

// chooser is the search of an agent in a form.
type chooser struct {
	Text   string
	Asked  bool
	Found  []Someone
	Chosen Someone
}

// choose finds who was chosen, or those among whom to choose, but for one.
func (c *chooser) choose(r *http.Request, directory Directory, but portal.AgentID) (err error) {
	caller := web.CallerOf(r)
	if c.Chosen.ID != "" {
		c.Chosen, err = directory.Someone(r.Context(), caller, c.Chosen.ID)
		return err
	}
	if c.Text = strings.TrimSpace(c.Text); c.Text != "" {
		c.Asked = true
		c.Found, err = directory.Find(r.Context(), caller, c.Text)
		c.Found = slices.DeleteFunc(c.Found, func(one Someone) bool { return one.ID == but })
	}
	return err
}

// calendarsPage is every calendar that an agent has or sees, and to whom hers are open.
type calendarsPage struct {
	web.Page
	Form   web.Form
	Own    []ownCalendar
	Others []otherCalendar // of colleagues, and the collectivity's
	Away   []otherCalendar
	Open   []otherCalendar // to everyone, that she did not take
	Keeps  []Delegate      // whose agenda she keeps
	Kept   int             // how many keep hers

	Share  CalendarID // that is about to be shared
	To     string     // whom with, "group:elus"
	Level  Level
	Levels []Level
	Groups []portal.Group
	Units  []Place
	chooser
	Who string // by which those open to everyone are searched

	Name   string // of a calendar to be made, as typed
	Colors []colorChoice
}

type ownCalendar struct {
	Calendar
	Title  string
	Class  string
	First  bool // her first one, which has no name of its own before she gives one
	Shares []Share
	Colors []colorChoice
}

type otherCalendar struct {
	Calendar
	Title string
	Class string
}

// colorChoice is a colour that pages can show.
type colorChoice struct {
	Value  string
	Name   string // of the catalogue: "blue"
	Chosen bool
}

// colorsOf are those to choose from; one that a phone chose is kept under its own name.
func colorsOf(chosen string) []colorChoice {
	all := []colorChoice{{"", "none", false}, {"#1c7fa6", "blue", false}, {"#a6551c", "brown", false}, {"#1c9a4a", "green", false}, {"#a01c8c", "purple", false}}
	at := slices.IndexFunc(all, func(one colorChoice) bool { return one.Value == chosen })
	if at < 0 {
		all, at = append(all, colorChoice{chosen, "own", false}), len(all)
	}
	all[at].Chosen = true
	return all
}

func (h *SharingHandler) calendars(w http.ResponseWriter, r *http.Request) error {
	query := web.Query(r)
	page := &calendarsPage{Share: CalendarID(query.Get("share")), To: query.Get("to"), chooser: chooser{Text: query.Get("q")}, Who: query.Get("who")}
	return h.showCalendars(w, r, http.StatusOK, page)
}

func (h *SharingHandler) showCalendars(w http.ResponseWriter, r *http.Request, status int, page *calendarsPage) error {
	ctx, caller, p := r.Context(), web.CallerOf(r), web.Printer(r)
	if err := h.listCalendars(ctx, caller, p, page); err != nil {
		return err
	}
	open, err := h.store.OpenToAll(ctx, caller, page.Who, 20)
	if err != nil {
		return err
	}
	for i, c := range open {
		page.Open = append(page.Open, otherCalendar{c, ShownName(c, p), classOf(c.Color, i)})
	}
	if page.Groups, err = h.directory.Groups(ctx, caller); err != nil {
		return err
	}
	page.Groups = slices.DeleteFunc(page.Groups, func(one portal.Group) bool { return !mayName(caller, one.ID) })
	if page.Units, err = h.directory.Units(ctx, caller); err != nil {
		return err
	}
	if id, isAgent := strings.CutPrefix(page.To, string(portal.TheAgent)+":"); isAgent {
		page.Chosen.ID = portal.AgentID(id)
	}
	if err := page.choose(r, h.directory, caller.Agent); err != nil {
		return err
	}
	page.Level, page.Levels, page.Colors = cmp.Or(page.Level, LevelRead), Levels, colorsOf("")
	page.Title, page.Section = p.T("calendar.sharing.title"), "calendar"
	return h.renderer.Render(w, r, status, "calendar/sharing", page)
}

// mayName says whether the caller knows of a group: she is in it, or governs who is in it.
func mayName(caller portal.Caller, group portal.GroupID) bool {
	return caller.In(group) || caller.Can(portal.ManageAgents)
}

// listCalendars fills in what the caller has, sees and put away.
func (h *SharingHandler) listCalendars(ctx context.Context, caller portal.Caller, p *i18n.Printer, page *calendarsPage) error {
	all, err := h.store.Calendars(ctx, caller)
	if err != nil {
		return err
	}
	shares, err := h.store.Shares(ctx, caller)
	if err != nil {
		return err
	}
	for i, c := range all {
		class := classOf(c.Color, i)
		if !c.Own() {
			page.Others = append(page.Others, otherCalendar{c, ShownName(c, p), class})
			continue
		}
		own := ownCalendar{Calendar: c, Title: ShownName(c, p), Class: class, First: c.ID == CalendarID(caller.Agent), Colors: colorsOf(c.Color)}
		for _, one := range shares {
			if one.Calendar == c.ID {
				own.Shares = append(own.Shares, one)
			}
		}
		page.Own = append(page.Own, own)
	}
	away, err := h.store.AwayFrom(ctx, caller)
	if err != nil {
		return err
	}
	for i, c := range away {
		page.Away = append(page.Away, otherCalendar{c, ShownName(c, p), classOf(c.Color, i)})
	}
	if page.Keeps, err = h.store.DelegateOf(ctx, caller); err != nil {
		return err
	}
	kept, err := h.store.Delegates(ctx, caller)
	page.Kept = len(kept)
	return err
}

func (h *SharingHandler) make(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	name, color := strings.TrimSpace(r.PostForm.Get("name")), r.PostForm.Get("color")
	err := checkLook(name, color, true)
	if err == nil {
		_, err = h.store.CreateCalendar(r.Context(), web.CallerOf(r), NewCalendar{Name: name, Color: color})
	}
	if form, refused := web.FormErrors(r, err); refused {
		return h.showCalendars(w, r, web.StatusOf(err), &calendarsPage{Form: form, Name: name})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "calendar.sharing.made", "name", name)
	return web.Redirect(w, r, calendarsPath)
}

// checkLook refuses a name or a colour that no calendar has.
func checkLook(name, color string, needed bool) error {
	var wrong portal.Check
	wrong.Text("name", name, needed, 100)
	if _, ok := hueOf(color); !ok && color != "" && len(color) != len("#rrggbb") && len(color) != len("#rrggbbaa") {
		wrong.Add("color", "calendar.error.color")
	}
	return wrong.OrNil()
}

func (h *SharingHandler) look(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	name, color := strings.TrimSpace(r.PostForm.Get("name")), r.PostForm.Get("color")
	err := checkLook(name, color, false)
	if err == nil {
		err = h.store.ChangeLook(r.Context(), web.CallerOf(r), CalendarID(web.Var(r, "id")), Look{Name: &name, Color: &color})
	}
	if form, refused := web.FormErrors(r, err); refused {
		return h.showCalendars(w, r, web.StatusOf(err), &calendarsPage{Form: form})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "calendar.sharing.looked")
	return web.Redirect(w, r, calendarsPath)
}

// subjectOf reads "group:elus"; what it names is up to the store.
func subjectOf(text string) portal.Subject {
	kind, id, _ := strings.Cut(text, ":")
	return portal.Subject{Kind: portal.SubjectKind(kind), ID: id}
}

func (h *SharingHandler) share(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &calendarsPage{Share: CalendarID(web.Var(r, "id")), To: r.PostForm.Get("to"), Level: Level(r.PostForm.Get("level"))}
	_, err := h.store.Share(r.Context(), web.CallerOf(r), Share{Calendar: page.Share, To: subjectOf(page.To), Level: page.Level}, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); refused {
		page.Form = form
		if page.To != "" && subjectOf(page.To).Kind == portal.TheAgent {
			page.To = "" // who can't be shared with is not to be chosen again
		}
		return h.showCalendars(w, r, web.StatusOf(err), page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "calendar.sharing.shared")
	return web.Redirect(w, r, calendarsPath)
}

func (h *SharingHandler) endShare(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	if err := h.store.EndShare(r.Context(), web.CallerOf(r), id, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetUndo(w, r, "calendar.undo", "/calendar/shares/"+id+"/back", "calendar.sharing.ended")
	return web.Redirect(w, r, calendarsPath)
}

func (h *SharingHandler) restoreShare(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.RestoreShare(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "calendar.sharing.shared")
	return web.Redirect(w, r, calendarsPath)
}

func (h *SharingHandler) putAway(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	if err := h.store.PutAway(r.Context(), web.CallerOf(r), CalendarID(id)); err != nil {
		return err
	}
	web.SetUndo(w, r, "calendar.undo", calendarsPath+"/"+id+"/take", "calendar.sharing.away")
	return web.Redirect(w, r, calendarsPath)
}

func (h *SharingHandler) take(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.TakeBack(r.Context(), web.CallerOf(r), CalendarID(web.Var(r, "id"))); err != nil {
		return err
	}
	web.SetFlash(w, r, "calendar.sharing.taken")
	return web.Redirect(w, r, calendarsPath)
}

// delegatesPage is who keeps an agent's agenda, and whose she keeps.
type delegatesPage struct {
	web.Page
	Form  web.Form
	Kept  []delegateRow // by these
	Keeps []delegateRow
	chooser
	Writes bool
	Until  string // as typed, "2026-12-12"
	Today  time.Time
}

type delegateRow struct{ Delegate }

// LastDay is the last day of one that ends.
func (d delegateRow) LastDay() time.Time { return d.Ends.Add(-time.Millisecond) }

func (h *SharingHandler) delegates(w http.ResponseWriter, r *http.Request) error {
	query := web.Query(r)
	return h.showDelegates(w, r, http.StatusOK, &delegatesPage{Writes: true, chooser: chooser{Text: query.Get("q"), Chosen: Someone{ID: portal.AgentID(query.Get("agent"))}}})
}

func (h *SharingHandler) showDelegates(w http.ResponseWriter, r *http.Request, status int, page *delegatesPage) error {
	ctx, caller := r.Context(), web.CallerOf(r)
	for _, part := range []struct {
		list func(context.Context, portal.Caller) ([]Delegate, error)
		into *[]delegateRow
	}{{h.store.Delegates, &page.Kept}, {h.store.DelegateOf, &page.Keeps}} {
		all, err := part.list(ctx, caller)
		if err != nil {
			return err
		}
		for _, one := range all {
			if !one.Ends.IsZero() {
				one.Ends = one.Ends.In(web.Now(r).Location())
			}
			*part.into = append(*part.into, delegateRow{one})
		}
	}
	if err := page.choose(r, h.directory, caller.Agent); err != nil {
		return err
	}
	page.Today = web.Now(r)
	page.Title, page.Section = web.Printer(r).T("calendar.delegates.title"), "calendar"
	return h.renderer.Render(w, r, status, "calendar/delegates", page)
}

func (h *SharingHandler) delegate(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &delegatesPage{Writes: r.PostForm.Get("writes") == "1", Until: r.PostForm.Get("until"), chooser: chooser{Chosen: Someone{ID: portal.AgentID(r.PostForm.Get("agent"))}}}
	read := reader{zone: web.Now(r).Location()}
	given := Delegate{Agent: page.Chosen.ID, Writes: page.Writes}
	if last := read.day("ends", page.Until); !last.IsZero() {
		given.Ends = addDays(last, 1)
	}
	err := read.errs.OrNil()
	if err == nil {
		_, err = h.store.Delegate(r.Context(), web.CallerOf(r), given, web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); refused {
		if page.Form = form; form.Error("agent") != "" {
			page.Chosen = Someone{}
		}
		return h.showDelegates(w, r, web.StatusOf(err), page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "calendar.delegates.given")
	return web.Redirect(w, r, delegatesPath)
}

func (h *SharingHandler) endDelegate(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	if err := h.store.EndDelegate(r.Context(), web.CallerOf(r), id, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetUndo(w, r, "calendar.undo", delegatesPath+"/"+id+"/back", "calendar.delegates.ended")
	return web.Redirect(w, r, delegatesPath)
}

func (h *SharingHandler) restoreDelegate(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.RestoreDelegate(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "calendar.delegates.given")
	return web.Redirect(w, r, delegatesPath)
}
