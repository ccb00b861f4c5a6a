package contacts

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"parvis/dav/vcard"
	"parvis/portal"
	"parvis/portal/web"
)

// bookChoice is a book that a form offers.
type bookChoice struct {
	ID      BookID
	Name    string
	Current bool
}

// formPage is the form of a new card, or of one that is there.
type formPage struct {
	web.Page
	web.Form
	Draft
	Books   []bookChoice // of a new card
	Action  string
	Back    string
	ETag    string
	Changed bool // another wrote it meanwhile
	Birth   birth
}

// rows are how many empty lines a form has for what it may have several of.
const rows = 2

// open adds empty lines to a form.
func (p *formPage) open() {
	for range rows {
		p.Phones = append(p.Phones, DraftReach{})
	}
	p.Emails = append(p.Emails, DraftReach{})
	if len(p.Addresses) == 0 {
		p.Addresses = append(p.Addresses, DraftAddress{})
	}
}

// PhoneKinds, EmailKinds and AddressKinds are those that the form offers.
func (*formPage) PhoneKinds() []string { return phoneKinds }

// EmailKinds are those of mail.
func (*formPage) EmailKinds() []string { return emailKinds }

// AddressKinds are those of places.
func (*formPage) AddressKinds() []string { return addressKinds }

// Nth numbers the lines of the form from 1.
func (*formPage) Nth(n int) int { return n + 1 }

// textField is a field of one line.
type textField struct{ ID, Label, Value, Error string }

// Text is one, with what is wrong about it.
func (p *formPage) Text(id, label, value string) textField {
	return textField{id, label, value, p.Error(id)}
}

// Field names a line of those of one kind.
func (*formPage) Field(name string, n int) string { return fmt.Sprintf("%s-%d", name, n) }

func (h *Handler) newCard(w http.ResponseWriter, r *http.Request) error {
	page := &formPage{}
	page.open()
	return h.renderNew(w, r, http.StatusOK, page, BookID(web.Query(r).Get("book")))
}

func (h *Handler) renderNew(w http.ResponseWriter, r *http.Request, status int, page *formPage, chosen BookID) error {
	books, err := h.store.Books(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	p := web.Printer(r)
	for _, b := range books {
		if b.Writable {
			page.Books = append(page.Books, bookChoice{b.ID, shownName(b, p), b.ID == chosen})
		}
	}
	page.Action, page.Back = "/contacts/cards", "/contacts"
	page.Page.Title, page.Section = p.T("contacts.new"), section
	return h.renderer.Render(w, r, status, "contacts/form", page)
}

func (h *Handler) create(w http.ResponseWriter, r *http.Request) error {
	d, err := readDraft(r)
	if err != nil {
		return err
	}
	book := BookID(r.PostForm.Get("book"))
	if _, err := h.store.Book(r.Context(), web.CallerOf(r), book); err != nil {
		return err
	}
	name, err := h.store.Create(r.Context(), web.CallerOf(r), book, d)
	if form, refused := web.FormErrors(r, told(err)); err != nil && refused {
		page := &formPage{Form: form, Draft: d}
		page.open()
		return h.renderNew(w, r, http.StatusUnprocessableEntity, page, book)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "contacts.done.created")
	return web.Redirect(w, r, cardHref(book, name))
}

// told makes a sentence of what a person may be told of a refusal.
func told(err error) error {
	if errors.Is(err, ErrFull) {
		return portal.UserError{Kind: portal.ErrTooLarge, Key: "contacts.error.full", Args: []any{"max", MaxContacts}}
	}
	var refused *vcard.Refusal
	if errors.As(err, &refused) { // a form makes no card that is wrong in another way
		return portal.UserError{Kind: portal.ErrTooLarge, Key: "contacts.error.card-large"}
	}
	return err
}

func (h *Handler) edit(w http.ResponseWriter, r *http.Request) error {
	book, name, err := placeOf(r)
	if err != nil {
		return err
	}
	page := &formPage{}
	if page.Draft, page.ETag, err = h.store.Draft(r.Context(), web.CallerOf(r), book, name); err != nil {
		return err
	}
	page.open()
	return h.renderEdit(w, r, http.StatusOK, page)
}

// renderEdit shows the form of a card, which who only reads the book has not.
func (h *Handler) renderEdit(w http.ResponseWriter, r *http.Request, status int, page *formPage) error {
	book, name, err := placeOf(r)
	if err != nil {
		return err
	}
	read, err := h.store.Person(r.Context(), web.CallerOf(r), book, name)
	switch {
	case err != nil:
		return err
	case read.Broken:
		return portal.ErrNotFound
	case !read.Book.Writable:
		return portal.ErrDenied
	}
	page.Birth, page.Action, page.Back = birthOf(read.Birthday), cardHref(book, name), cardHref(book, name)
	page.Page.Title, page.Section = web.Printer(r).T("contacts.edit.of", "name", read.FullName), section
	return h.renderer.Render(w, r, status, "contacts/form", page)
}

func (h *Handler) change(w http.ResponseWriter, r *http.Request) error {
	book, name, err := placeOf(r)
	if err != nil {
		return err
	}
	d, err := readDraft(r)
	if err != nil {
		return err
	}
	err = h.changeCard(w, r, book, name, d)
	if errors.Is(err, portal.ErrNotFound) || errors.Is(err, portal.ErrDenied) {
		return h.renderGone(w, r, d, err)
	}
	return err
}

// changeCard writes what was typed, or shows it again.
func (h *Handler) changeCard(w http.ResponseWriter, r *http.Request, book BookID, name string, d Draft) error {
	err := h.store.Change(r.Context(), web.CallerOf(r), book, name, r.PostForm.Get("etag"), d)
	if errors.Is(err, ErrCondition) {
		return h.renderChanged(w, r, d)
	}
	if form, refused := web.FormErrors(r, told(err)); err != nil && refused {
		page := &formPage{Form: form, Draft: d, ETag: r.PostForm.Get("etag")}
		page.open()
		return h.renderEdit(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "contacts.done.changed")
	return web.Redirect(w, r, cardHref(book, name))
}

// renderGone keeps what was typed over a card that is not there any more, or that its reader may no more change, as
// that of a new one.
func (h *Handler) renderGone(w http.ResponseWriter, r *http.Request, d Draft, why error) error {
	key := "contacts.error.gone"
	if errors.Is(why, portal.ErrDenied) {
		key = "contacts.error.barred"
	}
	page := &formPage{Form: web.OneError(web.Printer(r).T(key)), Draft: d}
	page.open()
	return h.renderNew(w, r, web.StatusOf(why), page, BookID(web.CallerOf(r).Agent))
}

// renderChanged shows what was typed over a card that another changed meanwhile: sent once more, it is written over
// that one. What the other added stays, since the form does not know of it.
func (h *Handler) renderChanged(w http.ResponseWriter, r *http.Request, d Draft) error {
	book, name, err := placeOf(r)
	if err != nil {
		return err
	}
	page := &formPage{Draft: d, Changed: true}
	if _, page.ETag, err = h.store.Draft(r.Context(), web.CallerOf(r), book, name); err != nil {
		return err
	}
	page.open()
	return h.renderEdit(w, r, http.StatusConflict, page)
}

// readDraft reads the form.
func readDraft(r *http.Request) (Draft, error) {
	if err := web.ParseForm(r); err != nil {
		return Draft{}, err
	}
	form := r.PostForm
	d := Draft{
		Given: form.Get("given"), Family: form.Get("family"), Organisation: form.Get("organisation"), Department: form.Get("department"),
		Title: form.Get("title"), Birthday: form.Get("birthday"), Note: form.Get("note"), Categories: form.Get("categories"),
		Phones: readReach(form, "phone", phoneKinds), Emails: readReach(form, "email", emailKinds),
	}
	for i := range form["street"] {
		a := DraftAddress{
			Kind: nth(form["address-kind"], i), Street: nth(form["street"], i), PostCode: nth(form["postcode"], i), Town: nth(form["town"], i),
			Country: nth(form["country"], i), Was: nth(form["address-was"], i),
		}
		if !a.empty() || a.Was != "" {
			d.Addresses = append(d.Addresses, a)
		}
	}
	d.tidy()
	return d, nil
}

func readReach(form url.Values, name string, kinds []string) []DraftReach {
	var all []DraftReach
	for i := range form[name] {
		one := DraftReach{Value: nth(form[name], i), Was: nth(form[name+"-was"], i)}
		for _, kind := range kinds {
			if nth(form[name+"-kind"], i) == kind {
				one.Kind = kind
			}
		}
		if strings.TrimSpace(one.Value) != "" || one.Was != "" {
			all = append(all, one)
		}
	}
	return all
}

func nth(values []string, n int) string {
	if n < len(values) {
		return values[n]
	}
	return ""
}

// removePage asks before a card, or a book, is deleted.
type removePage struct {
	web.Page
	Question, Action, Back string
	Cards                  int // that go with a book
	Export                 string
}

func (h *Handler) askRemove(w http.ResponseWriter, r *http.Request) error {
	book, name, err := placeOf(r)
	if err != nil {
		return err
	}
	read, err := h.store.Person(r.Context(), web.CallerOf(r), book, name)
	switch {
	case err != nil:
		return err
	case !read.Book.Writable:
		return portal.ErrDenied
	}
	p := web.Printer(r)
	page := &removePage{Action: cardHref(book, name) + "/delete", Back: cardHref(book, name)}
	page.Question = p.T("contacts.delete.text", "name", shownOr(read.FullName, p.T("contacts.unnamed")))
	page.Page.Title, page.Section = p.T("contacts.delete.of", "name", shownOr(read.FullName, p.T("contacts.unnamed"))), section
	return h.renderer.Render(w, r, http.StatusOK, "contacts/remove", page)
}

func shownOr(name, other string) string {
	if name == "" {
		return other
	}
	return name
}

func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	book, name, err := placeOf(r)
	if err != nil {
		return err
	}
	undo, err := h.store.Remove(r.Context(), web.CallerOf(r), book, name)
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "contacts.undo", "/contacts/undo/"+undo, "contacts.done.deleted")
	return web.Redirect(w, r, "/contacts?book="+url.QueryEscape(string(book)))
}

func (h *Handler) undo(w http.ResponseWriter, r *http.Request) error {
	book, name, err := h.store.Undo(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	var taken *UIDTaken
	if errors.Is(err, ErrCondition) || errors.As(err, &taken) {
		web.SetFlash(w, r, "contacts.error.undo")
		return web.Redirect(w, r, "/contacts")
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "contacts.done.restored")
	return web.Redirect(w, r, cardHref(book, name))
}
