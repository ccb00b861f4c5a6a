package pool

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"parvis/directory"
	"parvis/portal"
	"parvis/portal/territory"
	"parvis/portal/web"
	"parvis/themes"
)

// steps are the screens of a new collectivity, in their order.
var steps = []string{"identity", "look", "sign-in", "first", "template", "services", "open"}

// step is one link between the screens.
type step struct {
	Name    string
	Number  int
	Href    string // "" as long as there is no draft
	Current bool
	Done    bool
}

// draftPage is what the screens share.
type draftPage struct {
	web.Page
	Draft directory.Draft
	Form  web.Form
	Steps []step
	Next  string // address of the screen after this one, "" at the last
}

func pathOf(id directory.DraftID, screen string) string {
	if id == "" {
		return "/pool/new"
	}
	return "/pool/drafts/" + string(id) + "/" + screen
}

// begin fills in what the screens share.
func (h *Handler) begin(r *http.Request, page *draftPage, screen string) error {
	if id := directory.DraftID(web.Var(r, "id")); id != "" && page.Draft.ID == "" {
		draft, err := h.Store.Draft(r.Context(), web.CallerOf(r), id)
		if err != nil {
			return err
		}
		page.Draft = draft
	}
	d := page.Draft
	done := map[string]bool{
		"identity": d.Known(), "look": d.Collectivity.Colour != "", "sign-in": len(d.Collectivity.Domains) > 0, "first": d.Administered(),
		"template": d.Chosen, "services": d.Services.Any(),
	}
	for i, name := range steps {
		one := step{Name: name, Number: i + 1, Current: name == screen, Done: done[name]}
		if d.ID != "" {
			one.Href = pathOf(d.ID, name)
		}
		page.Steps = append(page.Steps, one)
	}
	if at := slices.Index(steps, screen); d.ID != "" && at+1 < len(steps) {
		page.Next = pathOf(d.ID, steps[at+1])
	}
	page.Title = web.Printer(r).T("pool.new")
	if d.Collectivity.Name != "" {
		page.Title = d.Collectivity.Name
	}
	return nil
}

// after leads to the screen after one that was saved.
func after(w http.ResponseWriter, r *http.Request, id directory.DraftID, screen string) error {
	return web.Redirect(w, r, pathOf(id, steps[slices.Index(steps, screen)+1]))
}

// identityPage asks which body it is.
type identityPage struct {
	draftPage
	Query  string // what was typed to find it
	Places []suggestion
	Of     directory.Collectivity // the fields
	Place  territory.Place
	Chosen bool
	Kinds  []string
	Zones  []string
	Action string
}

// suggestion is a place that may be meant.
type suggestion struct {
	territory.Place
	Href string
}

// suggested is how many places are offered at once.
const suggested = 8

func (h *Handler) showIdentity(w http.ResponseWriter, r *http.Request) error {
	page := &identityPage{}
	if err := h.begin(r, &page.draftPage, "identity"); err != nil {
		return err
	}
	page.Of = page.Draft.Collectivity
	query := web.Query(r)
	page.Query = strings.TrimSpace(query.Get("q"))
	if code := query.Get("place"); code != "" {
		if known, ok := directory.Prefilled(code); ok {
			page.Of = known
		}
	}
	return h.renderIdentity(w, r, http.StatusOK, page)
}

func (h *Handler) renderIdentity(w http.ResponseWriter, r *http.Request, status int, page *identityPage) error {
	page.Action = pathOf(page.Draft.ID, "identity")
	page.Place, page.Chosen = placeOf(page.Of)
	page.Kinds = directory.Kinds
	page.Zones = zones
	if page.Of.Zone == "" {
		page.Of.Zone = zones[0]
	}
	for _, place := range territory.Find(page.Query, 2*suggested) {
		known := place.Kind == territory.Commune || place.Kind == territory.EPCI
		if code := place.Code; known && len(page.Places) < suggested {
			page.Places = append(page.Places, suggestion{place, page.Action + "?place=" + code})
		}
	}
	return h.render(w, r, status, "pool/identity", "", page, &page.Page)
}

// zones are the time zones of the Republic, the mainland's first.
var zones = []string{
	"Europe/Paris", "America/Guadeloupe", "America/Martinique", "America/Cayenne", "Indian/Reunion", "Indian/Mayotte", "America/Miquelon",
	"America/St_Barthelemy", "America/Marigot", "Pacific/Tahiti", "Pacific/Noumea", "Pacific/Wallis",
}

func (h *Handler) takeIdentity(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	number := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "")
	of := directory.Collectivity{
		ID: portal.CollectivityID(value("id")), Name: value("name"), LongName: value("long_name"), Kind: value("kind"),
		SIREN: number.Replace(value("siren")), INSEE: strings.ToUpper(number.Replace(value("insee"))), Zone: value("zone"),
	}
	id, err := h.Store.SaveIdentity(r.Context(), web.CallerOf(r), directory.DraftID(web.Var(r, "id")), of)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page := &identityPage{Of: of}
		page.Form = form
		if err := h.begin(r, &page.draftPage, "identity"); err != nil {
			return err
		}
		return h.renderIdentity(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	return after(w, r, id, "identity")
}

// lookPage asks for one colour and shows what becomes of it.
type lookPage struct {
	draftPage
	Look themes.Look
}

func (h *Handler) showLook(w http.ResponseWriter, r *http.Request) error {
	return h.renderLook(w, r, http.StatusOK, web.Query(r).Get("colour"), &lookPage{})
}

func (h *Handler) renderLook(w http.ResponseWriter, r *http.Request, status int, colour string, page *lookPage) error {
	if err := h.begin(r, &page.draftPage, "look"); err != nil {
		return err
	}
	c := page.Draft.Collectivity
	page.Look = themes.FirstLook(c.Name, colour, c.Colour)
	return h.render(w, r, status, "pool/look", "", page, &page.Page)
}

func (h *Handler) takeLook(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id := directory.DraftID(web.Var(r, "id"))
	err := h.Store.SaveColour(r.Context(), web.CallerOf(r), id, r.PostFormValue("colour"))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page := &lookPage{}
		page.Form = form
		return h.renderLook(w, r, http.StatusUnprocessableEntity, "", page)
	}
	if err != nil {
		return err
	}
	return after(w, r, id, "look")
}

// signInPage asks for the domains of its addresses.
type signInPage struct {
	draftPage
	Domains, Phone string
}

func (h *Handler) showSignIn(w http.ResponseWriter, r *http.Request) error {
	page := &signInPage{}
	if err := h.begin(r, &page.draftPage, "sign-in"); err != nil {
		return err
	}
	page.Domains, page.Phone = strings.Join(page.Draft.Collectivity.Domains, "\n"), page.Draft.Collectivity.Phone
	return h.render(w, r, http.StatusOK, "pool/sign-in", "", page, &page.Page)
}

func (h *Handler) takeSignIn(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id := directory.DraftID(web.Var(r, "id"))
	page := &signInPage{Domains: r.PostFormValue("domains"), Phone: strings.TrimSpace(r.PostFormValue("phone"))}
	err := h.Store.SaveDomains(r.Context(), web.CallerOf(r), id, domainsOf(page.Domains), page.Phone)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		if err := h.begin(r, &page.draftPage, "sign-in"); err != nil {
			return err
		}
		return h.render(w, r, http.StatusUnprocessableEntity, "pool/sign-in", "", page, &page.Page)
	}
	if err != nil {
		return err
	}
	return after(w, r, id, "sign-in")
}

// domainsOf reads domains as people write them: one a line or between commas,
// with the address or the @ before.
func domainsOf(text string) []string {
	var domains []string
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;\r\n\t\u00a0", r) }) {
		domain := strings.ToLower(word[strings.LastIndexByte(word, '@')+1:])
		if !slices.Contains(domains, domain) {
			domains = append(domains, domain)
		}
	}
	return domains
}

// firstPage asks who will administer it.
type firstPage struct {
	draftPage
	First directory.First
	Sends bool
}

func (h *Handler) showFirst(w http.ResponseWriter, r *http.Request) error {
	page := &firstPage{}
	if err := h.begin(r, &page.draftPage, "first"); err != nil {
		return err
	}
	page.First = page.Draft.First
	return h.renderFirst(w, r, http.StatusOK, page)
}

func (h *Handler) renderFirst(w http.ResponseWriter, r *http.Request, status int, page *firstPage) error {
	page.Sends = h.Inviter.Sends()
	return h.render(w, r, status, "pool/first", "", page, &page.Page)
}

func (h *Handler) takeFirst(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id := directory.DraftID(web.Var(r, "id"))
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	page := &firstPage{First: directory.First{
		GivenName: value("given_name"), FamilyName: value("family_name"), Address: value("address"), Hand: value("by") == "hand",
	}}
	err := h.Store.SaveFirst(r.Context(), web.CallerOf(r), id, page.First)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		if err := h.begin(r, &page.draftPage, "first"); err != nil {
			return err
		}
		return h.renderFirst(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	return after(w, r, id, "first")
}

// openPage shows all that was written down, and opens.
type openPage struct {
	draftPage
	Place   territory.Place
	Located bool
	Sends   bool
	Ready   bool
	Handed  directory.Handed // once it is open, where no letter carries the link
	ID      portal.CollectivityID
}

func (h *Handler) showOpen(w http.ResponseWriter, r *http.Request) error {
	return h.renderOpen(w, r, http.StatusOK, &openPage{})
}

func (h *Handler) renderOpen(w http.ResponseWriter, r *http.Request, status int, page *openPage) error {
	if err := h.begin(r, &page.draftPage, "open"); err != nil {
		return err
	}
	page.Place, page.Located = placeOf(page.Draft.Collectivity)
	page.Sends, page.Ready = h.Inviter.Sends(), page.Draft.Known() && page.Draft.Administered()
	return h.render(w, r, status, "pool/open", "", page, &page.Page)
}

func (h *Handler) open(w http.ResponseWriter, r *http.Request) error {
	opened, err := h.Inviter.Open(r.Context(), web.CallerOf(r), directory.DraftID(web.Var(r, "id")), web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused && !errors.Is(err, portal.ErrNotFound) {
		for i := range form.Problems {
			form.Problems[i].Field = "" // its field is on another screen
		}
		page := &openPage{}
		page.Form = form
		return h.renderOpen(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	c, handed := opened.Collectivity, opened.Handed
	if err := h.Furnish(r.Context(), opened); err != nil { // it is open, and works without
		h.Log.Error("a new collectivity lacks what others begin with", "collectivity", c.ID, "request", web.RequestID(r), "error", err)
	}
	if handed.Link != "" {
		page := &openPage{Handed: handed, ID: c.ID}
		page.Title = web.Printer(r).T("pool.opened", "name", c.Name)
		w.Header().Set("Cache-Control", "no-store")
		return h.render(w, r, http.StatusCreated, "pool/opened", "", page, &page.Page)
	}
	web.SetFlash(w, r, "pool.opened.mail", "name", c.Name, "who", handed.Name)
	return web.Redirect(w, r, addressOf(c.ID))
}

func (h *Handler) drop(w http.ResponseWriter, r *http.Request) error {
	id := directory.DraftID(web.Var(r, "id"))
	if err := h.Store.DropDraft(r.Context(), web.CallerOf(r), id); err != nil {
		return err
	}
	web.SetUndo(w, r, "pool.undo", pathOf(id, "restore"), "pool.dropped")
	return web.Redirect(w, r, "/pool")
}

func (h *Handler) restore(w http.ResponseWriter, r *http.Request) error {
	id := directory.DraftID(web.Var(r, "id"))
	if err := h.Store.RestoreDraft(r.Context(), web.CallerOf(r), id); err != nil {
		return err
	}
	return web.Redirect(w, r, pathOf(id, "open"))
}
