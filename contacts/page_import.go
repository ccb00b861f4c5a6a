package contacts

import (
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// importRoom is what a form weighs beside its file, in bytes; importWork is how long one request carries an import
// on; shownLines is how many cards of each kind a report lists.
const (
	importRoom = 64 << 10
	importWork = 20 * time.Second
	shownLines = 100
)

// importPage is the report of an import: what it would do, or did.
type importPage struct {
	web.Page
	web.Form
	Import
	BookName string
}

// Shown are the first lines of a verdict.
func (p *importPage) Shown(verdict string) []Line {
	var some []Line
	for _, line := range p.Lines {
		if line.Verdict == verdict && len(some) < shownLines {
			some = append(some, line)
		}
	}
	return some
}

// More is how many of a verdict the list leaves out.
func (p *importPage) More(verdict string) int { return max(0, p.Count(verdict)-shownLines) }

// Left is how many cards are still to be dealt with.
func (p *importPage) Left() int { return len(p.Lines) - p.Reached }

// Writes is whether there is anything to import.
func (p *importPage) Writes() bool { return p.Count(IsNew)+p.Count(IsKnown) > 0 }

func (h *Handler) planImport(w http.ResponseWriter, r *http.Request) error {
	name, octets, err := readUpload(r)
	book := BookID(r.PostFormValue("book"))
	if _, missing := h.store.Book(r.Context(), web.CallerOf(r), book); missing != nil && err == nil {
		return missing
	}
	var id string
	if err == nil {
		id, err = h.store.PlanImport(r.Context(), web.CallerOf(r), book, name, octets)
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderBooks(w, r, web.StatusOf(err), &booksPage{Import: form, Chosen: book})
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/contacts/imports/"+id)
}

// readUpload is the file of the form.
func readUpload(r *http.Request) (name string, octets []byte, err error) {
	missing := portal.FieldErrors{portal.Invalid("file", "contacts.error.import-missing")}
	tooLarge := portal.UserError{Kind: portal.ErrTooLarge, Field: "file", Key: "contacts.error.import-large"}
	if err := r.ParseMultipartForm(MaxImportSize + importRoom); err != nil {
		var most *http.MaxBytesError
		if errors.As(err, &most) {
			return "", nil, tooLarge
		}
		return "", nil, missing
	}
	file, header, err := r.FormFile("file")
	if err != nil {
		return "", nil, missing
	}
	defer file.Close()
	octets, err = io.ReadAll(io.LimitReader(file, MaxImportSize+1))
	switch {
	case err != nil:
		return "", nil, missing
	case len(octets) > MaxImportSize:
		return "", nil, tooLarge
	}
	base := path.Base(strings.ReplaceAll(header.Filename, `\`, "/"))
	return strings.ReplaceAll(strings.ToValidUTF8(base, "\uFFFD"), "\x00", ""), octets, nil
}

func (h *Handler) showImport(w http.ResponseWriter, r *http.Request) error {
	return h.renderImport(w, r, http.StatusOK, &importPage{})
}

func (h *Handler) renderImport(w http.ResponseWriter, r *http.Request, status int, page *importPage) (err error) {
	caller, p := web.CallerOf(r), web.Printer(r)
	if page.Import, err = h.store.Import(r.Context(), caller, web.Var(r, "id")); err != nil {
		return err
	}
	b, err := h.store.Book(r.Context(), caller, page.Book)
	if err != nil {
		return err
	}
	page.BookName = shownName(b, p)
	page.Page.Title, page.Section = p.T("contacts.import.of", "file", page.File), section
	return h.renderer.Render(w, r, status, "contacts/import", page)
}

func (h *Handler) runImport(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id := web.Var(r, "id")
	err := h.store.RunImport(r.Context(), web.CallerOf(r), id, r.PostForm.Get("known") == "replace", h.store.now().Add(importWork))
	if isFull(err) {
		form, _ := web.FormErrors(r, told(err))
		return h.renderImport(w, r, http.StatusRequestEntityTooLarge, &importPage{Form: form})
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/contacts/imports/"+id)
}
