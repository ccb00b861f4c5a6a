package contacts

import (
	"context"
	"encoding/base64"
	"errors"
	"hash/fnv"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// Portraits makes of the file of a picture a square one, as JPEG written anew with nothing in it but what is seen,
// of a side in pixels. What is no JPEG, PNG or WebP, or too large, is portal.ErrInvalid.
type Portraits func(ctx context.Context, octets []byte, side int) ([]byte, error)

// Owners tells which units and groups a caller manages, to make books for them.
type Owners interface {
	Owners(ctx context.Context, caller portal.Caller) ([]Owner, error)
}

// Owner is a unit or a group that may have a book.
type Owner struct {
	portal.Subject
	Name  string
	Depth int // of a unit below others
}

// Value is how a form names it, "unit:voirie".
func (o Owner) Value() string { return string(o.Kind) + ":" + o.ID }

// Shown is what a form calls it, below those that are above it.
func (o Owner) Shown() string { return strings.Repeat("– ", o.Depth) + o.Name }

// Handler serves the pages of contacts.
type Handler struct {
	store     *Store
	owners    Owners
	portraits Portraits
	renderer  *web.Renderer
}

// NewHandler returns the pages over the store.
func NewHandler(store *Store, owners Owners, portraits Portraits, renderer *web.Renderer) *Handler {
	return &Handler{store: store, owners: owners, portraits: portraits, renderer: renderer}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/contacts", Access: web.SignedIn, Handler: h.list},
		{Method: "GET", Path: "/contacts/cards/{book}/{card}", Access: web.SignedIn, Handler: h.show},
		{Method: "GET", Path: "/contacts/cards/{book}/{card}/photo", Access: web.SignedIn, Handler: h.photo},
		{Method: "GET", Path: "/contacts/new", Access: web.SignedIn, Handler: h.newCard},
		{Method: "POST", Path: "/contacts/cards", Access: web.SignedIn, Handler: h.create},
		{Method: "GET", Path: "/contacts/cards/{book}/{card}/edit", Access: web.SignedIn, Handler: h.edit},
		{Method: "POST", Path: "/contacts/cards/{book}/{card}", Access: web.SignedIn, Handler: h.change},
		{Method: "GET", Path: "/contacts/cards/{book}/{card}/delete", Access: web.SignedIn, Handler: h.askRemove},
		{Method: "POST", Path: "/contacts/cards/{book}/{card}/delete", Access: web.SignedIn, Handler: h.remove},
		{Method: "POST", Path: "/contacts/undo/{id}", Access: web.SignedIn, Handler: h.undo},
		{Method: "GET", Path: "/contacts/books", Access: web.SignedIn, Handler: h.showBooks},
		{Method: "POST", Path: "/contacts/books", Access: web.SignedIn, Handler: h.createBook},
		{Method: "GET", Path: "/contacts/books/{book}", Access: web.SignedIn, Handler: h.showBook},
		{Method: "POST", Path: "/contacts/books/{book}", Access: web.SignedIn, Handler: h.changeBook},
		{Method: "GET", Path: "/contacts/books/{book}/delete", Access: web.SignedIn, Handler: h.askRemoveBook},
		{Method: "POST", Path: "/contacts/books/{book}/delete", Access: web.SignedIn, Handler: h.removeBook},
		{Method: "GET", Path: "/contacts/books/{book}/export", Access: web.SignedIn, Slow: true, Handler: h.export},
		{Method: "POST", Path: "/contacts/imports", Access: web.SignedIn, Slow: true, MaxBody: MaxImportSize + importRoom, Handler: h.planImport},
		{Method: "GET", Path: "/contacts/imports/{id}", Access: web.SignedIn, Slow: true, Handler: h.showImport},
		{Method: "POST", Path: "/contacts/imports/{id}/run", Access: web.SignedIn, Slow: true, Handler: h.runImport},
	}
}

// section is that of the directory: contacts are people too, and the bar of a phone has four places.
const section = "directory"

// cardID is the name of a card as a part of an address: programs choose names as they like.
func cardID(name string) string { return base64.RawURLEncoding.EncodeToString([]byte(name)) }

// cardName undoes cardID; portal.ErrNotFound for what is none.
func cardName(id string) (string, error) {
	name, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil || checkName(string(name)) != nil || strings.ToValidUTF8(string(name), "") != string(name) {
		return "", portal.ErrNotFound
	}
	return string(name), nil
}

// placeOf is the card that an address names.
func placeOf(r *http.Request) (BookID, string, error) {
	name, err := cardName(web.Var(r, "card"))
	return BookID(web.Var(r, "book")), name, err
}

// shownName is what pages call a book.
func shownName(b Book, p *i18n.Printer) string {
	if b.Name == "" {
		return p.T("contacts.book.first")
	}
	return b.Name
}

// face is a person in a list.
type face struct {
	Listed
	BookName string // where people of several books are listed
}

// Href is the address of the card.
func (f face) Href() string { return cardHref(f.Book, f.Name) }

func cardHref(book BookID, name string) string {
	return "/contacts/cards/" + url.PathEscape(string(book)) + "/" + cardID(name)
}

// Version is a part of the address of a picture that changes with its card.
func (f face) Version() string { return strings.Trim(f.ETag, `"`) }

// Initials are those of the first and the last word.
func (f face) Initials() string { return initialsOf(f.FullName) }

func initialsOf(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return ""
	}
	initials := string([]rune(words[0])[:1])
	if len(words) > 1 {
		initials += string([]rune(words[len(words)-1])[:1])
	}
	return strings.ToUpper(initials)
}

// Tone is one of a few calm colours, always the same for a card.
func (f face) Tone() int { return toneOf(f.Name) }

func toneOf(name string) int {
	sum := fnv.New32a()
	sum.Write([]byte(name)) // a hash never fails
	return int(sum.Sum32()%4) + 1
}

// facet is a link that narrows the list.
type facet struct {
	Name, Href string
	Count      int
	Current    bool
}

// listPage is a page of people and what narrows the list.
type listPage struct {
	web.Page
	Query
	Found
	Faces      []face
	Books      []facet
	Groups     []facet
	Shown      Book   // the one that is listed alone, zero for all
	Heading    string // of what is listed
	GroupCard  string // address of a group that is listed
	InAll      bool   // there is a place to write a new contact
	NewHref    string
	ExportHref string
	Links      themes.Pages
}

// Narrowed says whether somebody else would be found without what was typed or chosen.
func (p *listPage) Narrowed() bool { return p.Text != "" || p.Category != "" || p.Group != "" }

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, p, asked := r.Context(), web.CallerOf(r), web.Printer(r), web.Query(r)
	page := &listPage{Query: Query{
		Book: BookID(asked.Get("book")), Text: strings.TrimSpace(asked.Get("q")), Category: asked.Get("category"), Page: web.PageNumber(r),
	}}
	if id := asked.Get("group"); id != "" {
		name, err := cardName(id)
		if err != nil || page.Query.Book == "" {
			return portal.ErrNotFound
		}
		page.Group = name
	}
	books, err := h.store.Books(ctx, caller)
	if err != nil {
		return err
	}
	if page.Query.Book != "" {
		if page.Shown, err = h.store.Book(ctx, caller, page.Query.Book); err != nil {
			return err
		}
	}
	if page.Found, err = h.store.People(ctx, caller, page.Query); err != nil {
		return err
	}
	groups, err := h.store.Groupings(ctx, caller, page.Query.Book)
	if err != nil {
		return err
	}
	page.narrow(books, groups, p)
	page.Links = web.PageLinks(r, p.T("contacts.pages"), page.Found.Page, page.Pages)
	page.Page.Title, page.Section = p.T("contacts.title"), section
	return h.renderer.Render(w, r, http.StatusOK, "contacts/list", page)
}

// narrow fills in the links beside the list, and what it is called.
func (p *listPage) narrow(books []Book, groups []Grouping, printer *i18n.Printer) {
	names := map[BookID]string{}
	p.Books = append(p.Books, facet{Name: printer.T("contacts.all"), Href: "/contacts", Current: p.Query.Book == ""})
	for _, b := range books {
		names[b.ID] = shownName(b, printer)
		p.Books = append(p.Books, facet{Name: names[b.ID], Href: "/contacts?book=" + url.QueryEscape(string(b.ID)), Count: b.People(), Current: p.Query.Book == b.ID})
		p.InAll = p.InAll || b.Writable
	}
	p.Heading = printer.T("contacts.all")
	if p.Query.Book != "" {
		p.Heading, p.InAll = shownName(p.Shown, printer), p.Shown.Writable
		p.NewHref = "?book=" + url.QueryEscape(string(p.Query.Book))
	}
	for _, g := range groups {
		values := url.Values{}
		if p.Query.Book != "" {
			values.Set("book", string(p.Query.Book))
		}
		f := facet{Name: g.Name, Count: g.Count}
		if g.Category {
			values.Set("category", g.Name)
			f.Current = p.Category == g.Name
		} else {
			values.Set("book", string(g.Book))
			values.Set("group", cardID(g.Card))
			f.Current = p.Group == g.Card
		}
		if f.Current {
			p.Heading = g.Name
		}
		f.Href = "/contacts?" + values.Encode()
		p.Groups = append(p.Groups, f)
	}
	for _, one := range p.People {
		f := face{Listed: one}
		if p.Query.Book == "" && len(books) > 1 {
			f.BookName = names[one.Book]
		}
		p.Faces = append(p.Faces, f)
	}
}

// showPage is a card.
type showPage struct {
	web.Page
	Read
	BookName string
	BookHref string
	Birth    birth
	Tone     int
	Initials string
}

// Href is the address of the card.
func (p *showPage) Href() string { return cardHref(p.Read.Book.ID, p.Name) }

// Version is a part of the address of its picture.
func (p *showPage) Version() string { return strings.Trim(p.ETag, `"`) }

// GroupHref is the list of a group that the card is in.
func (p *showPage) GroupHref(g Grouping) string {
	return "/contacts?" + url.Values{"book": {string(g.Book)}, "group": {cardID(g.Card)}}.Encode()
}

// CategoryHref is the list of a category of the card.
func (p *showPage) CategoryHref(name string) string {
	return "/contacts?" + url.Values{"book": {string(p.Read.Book.ID)}, "category": {name}}.Encode()
}

// Lines are those of a text.
func (p *showPage) Lines(text string) []string {
	return strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	book, name, err := placeOf(r)
	if err != nil {
		return err
	}
	read, err := h.store.Person(r.Context(), web.CallerOf(r), book, name)
	if err != nil {
		return err
	}
	if read.Group {
		return web.Redirect(w, r, "/contacts?"+url.Values{"book": {string(book)}, "group": {cardID(name)}}.Encode())
	}
	p := web.Printer(r)
	page := &showPage{Read: read, BookName: shownName(read.Book, p), BookHref: "/contacts?book=" + url.QueryEscape(string(book)), Birth: birthOf(read.Birthday)}
	if page.FullName == "" {
		page.FullName = p.T("contacts.unnamed")
	}
	page.Tone, page.Initials = toneOf(name), initialsOf(page.FullName)
	page.Page.Title, page.Section = page.FullName, section
	return h.renderer.Render(w, r, http.StatusOK, "contacts/card", page)
}

// The sides of pictures, in pixels: in lists, and on a card.
const (
	smallSide = 96
	largeSide = 384
)

// photo is the picture of a card, made anew: what a program sent is shown to no browser as it came.
func (h *Handler) photo(w http.ResponseWriter, r *http.Request) error {
	book, name, err := placeOf(r)
	if err != nil {
		return err
	}
	side, err := strconv.Atoi(web.Query(r).Get("side"))
	if err != nil || side != smallSide {
		side = largeSide
	}
	octets, _, err := h.store.Photo(r.Context(), web.CallerOf(r), book, name)
	if err != nil {
		return err
	}
	picture, err := h.portraits(r.Context(), octets, side)
	if errors.Is(err, portal.ErrInvalid) {
		return portal.ErrNotFound // it is no picture
	}
	if err != nil {
		return err
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	return web.WriteJPEG(w, r, picture)
}
