package contacts

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"parvis/dav"
	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// shownBook is a book in the list of books.
type shownBook struct {
	Book
	Shown string
	Mine  bool // in the reader's own address books
}

// booksPage is where books are made, come in and go out.
type booksPage struct {
	web.Page
	web.Form
	Import  web.Form // of a file that was refused
	Books   []shownBook
	Into    []bookChoice
	Owners  []Owner
	New     NewBook
	To      string
	Chosen  BookID // to import into
	Manages bool
}

func (h *Handler) showBooks(w http.ResponseWriter, r *http.Request) error {
	return h.renderBooks(w, r, http.StatusOK, &booksPage{Chosen: BookID(web.Query(r).Get("book"))})
}

func (h *Handler) renderBooks(w http.ResponseWriter, r *http.Request, status int, page *booksPage) error {
	ctx, caller, p := r.Context(), web.CallerOf(r), web.Printer(r)
	books, err := h.store.Books(ctx, caller)
	if err != nil {
		return err
	}
	for _, b := range books {
		page.Books = append(page.Books, shownBook{b, shownName(b, p), true})
		if b.Writable {
			page.Into = append(page.Into, bookChoice{b.ID, shownName(b, p), b.ID == page.Chosen})
		}
	}
	shared, err := h.store.Shared(ctx, caller)
	if err != nil {
		return err
	}
	for _, b := range shared {
		if !slices.ContainsFunc(books, func(one Book) bool { return one.ID == b.ID }) {
			page.Books = append(page.Books, shownBook{b, shownName(b, p), false})
		}
	}
	if page.Owners, err = h.owners.Owners(ctx, caller); err != nil {
		return err
	}
	page.Page.Title, page.Section = p.T("contacts.books"), section
	return h.renderer.Render(w, r, status, "contacts/books", page)
}

func (h *Handler) createBook(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	made := NewBook{Name: r.PostForm.Get("name"), Description: r.PostForm.Get("description"), MembersWrite: r.PostForm.Get("members_write") != ""}
	to := r.PostForm.Get("to")
	if kind, id, ok := strings.Cut(to, ":"); ok {
		made.To = portal.Subject{Kind: portal.SubjectKind(kind), ID: id}
	}
	id, err := h.store.CreateBook(r.Context(), web.CallerOf(r), made, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderBooks(w, r, http.StatusUnprocessableEntity, &booksPage{Form: form, New: made, To: to})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "contacts.done.book", "name", strings.TrimSpace(made.Name))
	return web.Redirect(w, r, "/contacts?book="+url.QueryEscape(string(id)))
}

// bookPage is what is decided about a book.
type bookPage struct {
	web.Page
	web.Form
	Book Book
}

func (h *Handler) showBook(w http.ResponseWriter, r *http.Request) error {
	b, err := h.kept(r)
	if err != nil {
		return err
	}
	return h.renderBook(w, r, http.StatusOK, &bookPage{Book: b})
}

// kept is the book of the address, about which the caller decides.
func (h *Handler) kept(r *http.Request) (Book, error) {
	return keptBook(r.Context(), h.store.db, web.CallerOf(r), BookID(web.Var(r, "book")))
}

func (h *Handler) renderBook(w http.ResponseWriter, r *http.Request, status int, page *bookPage) error {
	p := web.Printer(r)
	page.Page.Title, page.Section = p.T("contacts.book.settings", "name", shownName(page.Book, p)), section
	return h.renderer.Render(w, r, status, "contacts/book", page)
}

func (h *Handler) changeBook(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	b, err := h.kept(r)
	if err != nil {
		return err
	}
	name, description, writes := r.PostForm.Get("name"), r.PostForm.Get("description"), r.PostForm.Get("members_write") != ""
	description = strings.ReplaceAll(description, "\r\n", "\n")
	err = h.store.ChangeBook(r.Context(), web.CallerOf(r), b.ID, BookLook{Name: &name, Description: &description, MembersWrite: &writes}, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		b.Name, b.Description, b.MembersWrite = name, description, writes
		return h.renderBook(w, r, http.StatusUnprocessableEntity, &bookPage{Form: form, Book: b})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "contacts.done.book-changed")
	return web.Redirect(w, r, "/contacts/books")
}

func (h *Handler) askRemoveBook(w http.ResponseWriter, r *http.Request) error {
	b, err := h.kept(r)
	if err != nil {
		return err
	}
	if b.First() {
		return portal.ErrDenied
	}
	p := web.Printer(r)
	page := &removePage{Action: "/contacts/books/" + string(b.ID) + "/delete", Back: "/contacts/books", Cards: b.Cards}
	page.Export, page.Question = "/contacts/books/"+string(b.ID)+"/export", p.N("contacts.book.delete.text", b.Cards)
	page.Page.Title, page.Section = p.T("contacts.book.delete.of", "name", shownName(b, p)), section
	return h.renderer.Render(w, r, http.StatusOK, "contacts/remove", page)
}

func (h *Handler) removeBook(w http.ResponseWriter, r *http.Request) error {
	b, err := h.store.RemoveBook(r.Context(), web.CallerOf(r), BookID(web.Var(r, "book")), dav.Conditions{}, web.ClientAddr(r))
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "contacts.done.book-deleted", "name", shownName(b, web.Printer(r)))
	return web.Redirect(w, r, "/contacts/books")
}

// export answers with a book as a file: the octets of its cards, one after the other.
func (h *Handler) export(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	b, err := h.store.Book(r.Context(), caller, BookID(web.Var(r, "book")))
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/vcard; charset=utf-8")
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": fileNameOf(b, web.Printer(r))}))
	header.Set("Cache-Control", "private, no-store")
	return h.store.Each(r.Context(), caller, b.ID, func(c Contact) error {
		_, err := w.Write(fileOf(c.Octets))
		return err
	})
}

func fileNameOf(b Book, p *i18n.Printer) string {
	name := shownName(b, p)
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return ' '
		}
		return r
	}, name) + ".vcf"
}

// fileOf are the octets of a card in a file of several: a mark of UTF-8 would stand in its middle there.
func fileOf(octets []byte) []byte {
	trimmed := bytes.TrimRight(bytes.TrimPrefix(octets, []byte("\ufeff")), "\r\n")
	return append(bytes.Clone(trimmed), "\r\n"...)
}
