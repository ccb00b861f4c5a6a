package documents

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// Templates and Locales are parsed by the server.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences of the library; those of unread files are in extract.Locales.
//
//go:embed locales/*.json
var Locales embed.FS

// Groups knows the groups of the caller's collectivity, by name.
type Groups interface {
	Groups(ctx context.Context, caller portal.Caller) ([]portal.Group, error)
}

// Handler serves the pages of the library.
type Handler struct {
	store    *Store
	groups   Groups
	renderer *web.Renderer
}

// NewHandler returns the pages over the store.
func NewHandler(store *Store, groups Groups, renderer *web.Renderer) *Handler {
	return &Handler{store: store, groups: groups, renderer: renderer}
}

// Routes lists the pages. Who writes is decided folder by folder, so the routes ask for a session only.
func (h *Handler) Routes() []web.Route {
	const unlimited = -1 // uploads count their own bytes
	in := web.SignedIn
	return []web.Route{
		{Method: "GET", Path: "/documents", Access: in, Handler: h.library},
		{Method: "GET", Path: "/documents/bin", Access: in, Handler: h.bin},
		{Method: "GET", Path: "/documents/unread", Access: in, Handler: h.unread},
		{Method: "GET", Path: "/documents/folders/new", Access: in, Handler: h.newFolder},
		{Method: "POST", Path: "/documents/folders", Access: in, Handler: h.createFolder},
		{Method: "GET", Path: "/documents/folders", Access: in, Handler: h.toLibrary},
		{Method: "GET", Path: "/documents/folders/{id}", Access: in, Handler: h.folder},
		{Method: "POST", Path: "/documents/folders/{id}", Access: in, Handler: h.changeFolder},
		{Method: "GET", Path: "/documents/folders/{id}/edit", Access: in, Handler: h.editFolder},
		{Method: "POST", Path: "/documents/folders/{id}/delete", Access: in, Handler: h.deleteFolder},
		{Method: "GET", Path: "/documents/folders/{id}/delete", Access: in, Handler: h.toFolder},
		{Method: "POST", Path: "/documents/folders/{id}/upload", Access: in, MaxBody: unlimited, Handler: h.upload},
		{Method: "GET", Path: "/documents/folders/{id}/upload", Access: in, Handler: h.toFolder},
		{Method: "GET", Path: "/documents/{id}", Access: in, Handler: h.show},
		{Method: "POST", Path: "/documents/{id}", Access: in, Handler: h.change},
		{Method: "GET", Path: "/documents/{id}/edit", Access: in, Handler: h.edit},
		{Method: "GET", Path: "/documents/{id}/file", Access: in, Handler: h.download},
		{Method: "GET", Path: "/documents/{id}/versions/{number}", Access: in, Handler: h.download},
		{Method: "POST", Path: "/documents/{id}/versions", Access: in, MaxBody: unlimited, Handler: h.replace},
		{Method: "GET", Path: "/documents/{id}/versions", Access: in, Handler: h.toDocument},
		{Method: "POST", Path: "/documents/{id}/delete", Access: in, Handler: h.remove},
		{Method: "POST", Path: "/documents/{id}/restore", Access: in, Handler: h.restore},
		{Method: "POST", Path: "/documents/{id}/retry", Access: in, Handler: h.retry},
	}
}

const (
	section      = "documents"
	pageLength   = 50
	recentLength = 8
)

type libraryPage struct {
	web.Page
	Folders   []Folder
	Recent    []Document
	CanCreate bool
	CanWrite  bool // somewhere: the bin is worth a link
	Unread    int  // documents found by their names only, which the caller could mend
}

func (h *Handler) library(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	folders, err := h.store.TopFolders(r.Context(), caller)
	if err != nil {
		return err
	}
	recent, err := h.store.Recent(r.Context(), caller, recentLength)
	if err != nil {
		return err
	}
	page := &libraryPage{Folders: folders, Recent: recent, CanCreate: caller.Can(portal.EditDocuments)}
	page.CanWrite = slices.ContainsFunc(folders, func(f Folder) bool { return f.WritableBy(caller) })
	if page.CanWrite {
		unread, err := h.store.Unread(r.Context(), caller)
		if err != nil {
			return err
		}
		page.Unread = len(unread)
	}
	page.Title, page.Section = web.Printer(r).T("documents.title"), section
	return h.renderer.Render(w, r, http.StatusOK, "documents/library", page)
}

type folderPage struct {
	web.Page
	Form       web.Form
	Folder     Folder
	Above      []Folder
	Subfolders []Folder
	Documents  []Document
	Total      int
	Links      themes.Pages
	CanWrite   bool
	MaxSize    int64 // bytes of an upload
}

func (h *Handler) folder(w http.ResponseWriter, r *http.Request) error {
	return h.showFolder(w, r, http.StatusOK, web.Form{})
}

func (h *Handler) showFolder(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	caller, id, number := web.CallerOf(r), FolderID(web.Var(r, "id")), web.PageNumber(r)
	above, err := h.store.Path(r.Context(), caller, id)
	if err != nil {
		return err
	}
	if len(above) == 0 {
		return portal.ErrNotFound
	}
	last := len(above) - 1
	page := &folderPage{Form: form, Folder: above[last], Above: above[:last], MaxSize: h.store.MaxUpload()}
	page.CanWrite = page.Folder.WritableBy(caller)
	if page.Subfolders, err = h.store.Subfolders(r.Context(), caller, id); err != nil {
		return err
	}
	page.Documents, page.Total, err = h.store.Documents(r.Context(), caller, id, pageLength, (number-1)*pageLength)
	if err != nil {
		return err
	}
	// After a refused form the address is the form's: the links must be the page's.
	r = r.WithContext(r.Context())
	r.URL = &url.URL{Path: "/documents/folders/" + string(id), RawQuery: r.URL.RawQuery}
	page.Links = web.PageLinks(r, web.Printer(r).T("documents.pages"), number, (page.Total+pageLength-1)/pageLength)
	page.Title, page.Section = page.Folder.Name, section
	return h.renderer.Render(w, r, status, "documents/folder", page)
}

type binPage struct {
	web.Page
	Documents []Document
	Days      int
}

func (h *Handler) bin(w http.ResponseWriter, r *http.Request) error {
	found, err := h.store.Bin(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &binPage{Documents: found, Days: BinDays}
	page.Title, page.Section = web.Printer(r).T("documents.bin.title"), section
	return h.renderer.Render(w, r, http.StatusOK, "documents/bin", page)
}

type unreadPage struct {
	web.Page
	Documents []Document
}

// unread lists the files whose text search doesn't have, with the reason of each: none is missing silently.
func (h *Handler) unread(w http.ResponseWriter, r *http.Request) error {
	found, err := h.store.Unread(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &unreadPage{Documents: found}
	page.Title, page.Section = web.Printer(r).T("documents.unread.title"), section
	return h.renderer.Render(w, r, http.StatusOK, "documents/unread", page)
}

type documentPage struct {
	web.Page
	Form     web.Form
	Document Document
	Above    []Folder
	Earlier  []Version
	CanWrite bool
	MaxSize  int64
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	return h.showDocument(w, r, http.StatusOK, web.Form{})
}

func (h *Handler) showDocument(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	caller, id := web.CallerOf(r), DocumentID(web.Var(r, "id"))
	document, err := h.store.Document(r.Context(), caller, id)
	if err != nil {
		return err
	}
	page := &documentPage{Form: form, Document: document, MaxSize: h.store.MaxUpload()}
	if page.Above, err = h.store.Path(r.Context(), caller, document.Folder); err != nil {
		return err
	}
	versions, err := h.store.Versions(r.Context(), caller, id)
	if err != nil {
		return err
	}
	if len(versions) > 1 {
		page.Earlier = versions[1:]
	}
	page.CanWrite = page.Above[len(page.Above)-1].WritableBy(caller)
	page.Title, page.Section = document.Title, section
	return h.renderer.Render(w, r, status, "documents/show", page)
}

func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), DocumentID(web.Var(r, "id"))
	document, err := h.store.Document(r.Context(), caller, id)
	if err != nil {
		return err
	}
	if err := h.store.Delete(r.Context(), caller, id); err != nil {
		return err
	}
	web.SetUndo(w, r, "documents.undo", "/documents/"+string(id)+"/restore", "documents.done.deleted")
	return web.Redirect(w, r, "/documents/folders/"+string(document.Folder))
}

func (h *Handler) restore(w http.ResponseWriter, r *http.Request) error {
	id := DocumentID(web.Var(r, "id"))
	if err := h.store.Restore(r.Context(), web.CallerOf(r), id); err != nil {
		return err
	}
	web.SetFlash(w, r, "documents.done.restored")
	return web.Redirect(w, r, "/documents/"+string(id))
}

func (h *Handler) retry(w http.ResponseWriter, r *http.Request) error {
	id := DocumentID(web.Var(r, "id"))
	if err := h.store.Retry(r.Context(), web.CallerOf(r), id); err != nil {
		return err
	}
	web.SetFlash(w, r, "documents.done.retry")
	return web.Redirect(w, r, "/documents/"+string(id))
}

func (h *Handler) deleteFolder(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), FolderID(web.Var(r, "id"))
	folder, err := h.store.Folder(r.Context(), caller, id)
	if err != nil {
		return err
	}
	err = h.store.DeleteFolder(r.Context(), caller, id)
	if errors.Is(err, portal.ErrConflict) {
		if refused, ok := web.FormErrors(r, err); ok {
			return h.showFolder(w, r, http.StatusConflict, refused)
		}
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "documents.done.folderdeleted")
	if folder.IsTop() {
		return web.Redirect(w, r, "/documents")
	}
	return web.Redirect(w, r, "/documents/folders/"+string(folder.Parent))
}

// The address of a form, which a refusal leaves in the browser, leads back to the page it belongs to.

func (h *Handler) toLibrary(w http.ResponseWriter, r *http.Request) error {
	return web.Redirect(w, r, "/documents")
}

func (h *Handler) toFolder(w http.ResponseWriter, r *http.Request) error {
	folder, err := h.store.Folder(r.Context(), web.CallerOf(r), FolderID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/documents/folders/"+string(folder.ID))
}

func (h *Handler) toDocument(w http.ResponseWriter, r *http.Request) error {
	document, err := h.store.Document(r.Context(), web.CallerOf(r), DocumentID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	return web.Redirect(w, r, "/documents/"+string(document.ID))
}

// versionNumber reads the address's number; 0 is the current version.
func versionNumber(r *http.Request) (int, error) {
	text := web.Var(r, "number")
	if text == "" {
		return 0, nil
	}
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 {
		return 0, portal.ErrNotFound
	}
	return number, nil
}
