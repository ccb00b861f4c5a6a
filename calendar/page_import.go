package calendar

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

// importRoom is what a form weighs beside its file, in bytes; importWork is how long one request
// carries an import on.
const (
	importRoom = 64 << 10
	importWork = 20 * time.Second
)

// shownLines is how many objects of each kind a report lists.
const shownLines = 100

// importPage is the report of an import: what it would do, or did.
type importPage struct {
	web.Page
	Import
	CalendarName            string
	Refusals, Fresh, Others []Line
	Ends                    time.Time // when it can't be taken back any more
	Undoable                bool
}

// Waiting is how many objects the import has not reached yet.
func (p *importPage) Waiting() int { return p.New + p.Changed - p.Written - p.Left }

// More is how many objects a list leaves out.
func (p *importPage) More(all int, listed []Line) int { return all - len(listed) }

func (h *Handler) planImport(w http.ResponseWriter, r *http.Request) error {
	name, octets, err := readUpload(r)
	var id string
	if err == nil {
		id, err = h.store.PlanImport(r.Context(), web.CallerOf(r), CalendarID(r.PostFormValue("calendar")), name, octets)
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderExchange(w, r, web.StatusOf(err), &exchangePage{Import: form, Busy: true})
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/calendar/imports/"+id)
}

// readUpload is the file of the form.
func readUpload(r *http.Request) (name string, octets []byte, err error) {
	tooLarge := portal.UserError{Kind: portal.ErrTooLarge, Field: "file", Key: "calendar.error.import-large"}
	if err := r.ParseMultipartForm(MaxImportSize + importRoom); err != nil {
		var most *http.MaxBytesError
		if errors.As(err, &most) {
			return "", nil, tooLarge
		}
		return "", nil, portal.FieldErrors{portal.Invalid("file", "calendar.error.import-missing")}
	}
	file, header, err := r.FormFile("file")
	if err != nil {
		return "", nil, portal.FieldErrors{portal.Invalid("file", "calendar.error.import-missing")}
	}
	defer file.Close()
	octets, err = io.ReadAll(io.LimitReader(file, MaxImportSize+1))
	switch {
	case err != nil:
		return "", nil, portal.FieldErrors{portal.Invalid("file", "calendar.error.import-missing")}
	case len(octets) > MaxImportSize:
		return "", nil, tooLarge
	}
	return cut(fileName(header.Filename), maxTitle), octets, nil
}

func (h *Handler) showImport(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	i, err := h.store.Import(r.Context(), caller, web.Var(r, "id"))
	if err != nil {
		return err
	}
	page := &importPage{Import: i, Ends: i.Made.Add(importKept)}
	page.Undoable = (i.State == "done" || i.State == "running" || i.State == "undoing") && web.Now(r).Before(page.Ends)
	for what, into := range map[verdict]*[]Line{isRefused: &page.Refusals, isNew: &page.Fresh, isChanged: &page.Others} {
		if *into, err = h.store.ImportLines(r.Context(), caller, i, string(what), shownLines); err != nil {
			return err
		}
	}
	c, err := h.store.Calendar(r.Context(), caller, i.Calendar)
	if err != nil {
		return err
	}
	page.CalendarName = ShownName(c, web.Printer(r))
	page.Title, page.Section = web.Printer(r).T("calendar.import.report", "file", i.File), "calendar"
	return h.renderer.Render(w, r, http.StatusOK, "calendar/import", page)
}

func (h *Handler) runImport(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	if err := h.store.RunImport(r.Context(), web.CallerOf(r), id, h.store.now().Add(importWork)); err != nil {
		return err
	}
	return web.Redirect(w, r, "/calendar/imports/"+id)
}

func (h *Handler) undoImport(w http.ResponseWriter, r *http.Request) error {
	id := web.Var(r, "id")
	if err := h.store.UndoImport(r.Context(), web.CallerOf(r), id, h.store.now().Add(importWork)); err != nil {
		return err
	}
	return web.Redirect(w, r, "/calendar/imports/"+id)
}

// fileName is the last part of a name that a browser sent, as text that can be stored.
func fileName(sent string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(path.Base(strings.ReplaceAll(sent, `\`, "/")), "\uFFFD"), "\x00", "")
}
