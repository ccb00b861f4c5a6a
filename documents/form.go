package documents

import (
	"net/http"
	"slices"

	"parvis/portal"
	"parvis/portal/web"
)

// documentForm is what the form of a document holds, as typed.
type documentForm struct {
	web.Page
	Form       web.Form
	ID         DocumentID
	DraftTitle string
	Chosen     FolderID
	Choices    []folderChoice
}

// folderChoice is a folder that the document may be moved to, "Budget / 2026".
type folderChoice struct {
	ID   FolderID
	Name string
}

func (h *Handler) edit(w http.ResponseWriter, r *http.Request) error {
	document, err := h.store.Document(r.Context(), web.CallerOf(r), DocumentID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	if err := h.store.CanWrite(r.Context(), web.CallerOf(r), document.Folder); err != nil {
		return err
	}
	form := &documentForm{ID: document.ID, DraftTitle: document.Title, Chosen: document.Folder}
	return h.showDocumentForm(w, r, http.StatusOK, form)
}

func (h *Handler) change(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id := DocumentID(web.Var(r, "id"))
	draft := Draft{Title: r.PostForm.Get("title"), Folder: FolderID(r.PostForm.Get("folder"))}
	err := h.store.Change(r.Context(), web.CallerOf(r), id, draft)
	if err == nil {
		web.SetFlash(w, r, "documents.done.changed")
		return web.Redirect(w, r, "/documents/"+string(id))
	}
	refused, ok := web.FormErrors(r, err)
	if !ok {
		return err
	}
	form := &documentForm{Form: refused, ID: id, DraftTitle: draft.Title, Chosen: draft.Folder}
	return h.showDocumentForm(w, r, web.StatusOf(err), form)
}

func (h *Handler) showDocumentForm(w http.ResponseWriter, r *http.Request, status int, form *documentForm) error {
	caller := web.CallerOf(r)
	folders, err := h.store.Folders(r.Context(), caller)
	if err != nil {
		return err
	}
	form.Choices = choices(slices.DeleteFunc(folders, func(f Folder) bool { return !f.WritableBy(caller) }))
	form.Title, form.Section = web.Printer(r).T("documents.edit.title"), section
	return h.renderer.Render(w, r, status, "documents/edit", form)
}

// choices names each folder with those above it, in the order of the tree.
func choices(folders []Folder) []folderChoice {
	below := map[FolderID][]Folder{}
	for _, folder := range folders {
		below[folder.Parent] = append(below[folder.Parent], folder)
	}
	var found []folderChoice
	var walk func(parent FolderID, above []Folder)
	walk = func(parent FolderID, above []Folder) {
		for _, folder := range below[parent] {
			path := append(above[:len(above):len(above)], folder)
			found = append(found, folderChoice{folder.ID, pathName(path)})
			if len(path) <= MaxDepth {
				walk(folder.ID, path)
			}
		}
	}
	walk("", nil)
	return found
}

// folderForm is what the form of a folder holds, as typed.
type folderForm struct {
	web.Page
	Form      web.Form
	ID        FolderID // "" for a new folder
	Parent    FolderID // "" for a top folder
	Name      string
	Groups    []groupChoice // none when the folder follows its top, or the caller can't decide
	CanDelete bool
}

type groupChoice struct {
	portal.Group
	Reads, Writes bool
}

func (h *Handler) newFolder(w http.ResponseWriter, r *http.Request) error {
	caller, parent := web.CallerOf(r), FolderID(web.Query(r).Get("parent"))
	if err := h.mayCreateIn(r, parent); err != nil {
		return err
	}
	form := &folderForm{Parent: parent}
	return h.showFolderForm(w, r, http.StatusOK, form, Folder{Parent: parent}, caller.Can(portal.EditDocuments))
}

func (h *Handler) mayCreateIn(r *http.Request, parent FolderID) error {
	if parent == "" {
		return web.CallerOf(r).Require(portal.EditDocuments)
	}
	return h.store.CanWrite(r.Context(), web.CallerOf(r), parent)
}

func (h *Handler) editFolder(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), FolderID(web.Var(r, "id"))
	folder, err := h.store.Folder(r.Context(), caller, id)
	if err != nil {
		return err
	}
	if err := h.store.CanWrite(r.Context(), caller, id); err != nil {
		return err
	}
	form := &folderForm{ID: id, Parent: folder.Parent, Name: folder.Name}
	return h.showFolderForm(w, r, http.StatusOK, form, folder, caller.Can(portal.EditDocuments))
}

func readFolder(r *http.Request) (FolderDraft, error) {
	if err := web.ParseForm(r); err != nil {
		return FolderDraft{}, err
	}
	draft := FolderDraft{Name: r.PostForm.Get("name"), Parent: FolderID(r.PostForm.Get("parent")), Client: web.ClientAddr(r)}
	for _, id := range r.PostForm["readers"] {
		draft.Readers = append(draft.Readers, portal.GroupID(id))
	}
	for _, id := range r.PostForm["writers"] {
		draft.Writers = append(draft.Writers, portal.GroupID(id))
	}
	return draft, nil
}

func (h *Handler) createFolder(w http.ResponseWriter, r *http.Request) error {
	draft, err := readFolder(r)
	if err != nil {
		return err
	}
	id, err := h.store.CreateFolder(r.Context(), web.CallerOf(r), draft)
	if err != nil {
		return h.refuseFolder(w, r, &folderForm{Parent: draft.Parent, Name: draft.Name}, draft, err)
	}
	web.SetFlash(w, r, "documents.done.foldercreated")
	return web.Redirect(w, r, "/documents/folders/"+string(id))
}

func (h *Handler) changeFolder(w http.ResponseWriter, r *http.Request) error {
	draft, err := readFolder(r)
	if err != nil {
		return err
	}
	id := FolderID(web.Var(r, "id"))
	err = h.store.ChangeFolder(r.Context(), web.CallerOf(r), id, draft)
	if err != nil {
		return h.refuseFolder(w, r, &folderForm{ID: id, Parent: draft.Parent, Name: draft.Name}, draft, err)
	}
	web.SetFlash(w, r, "documents.done.folderchanged")
	return web.Redirect(w, r, "/documents/folders/"+string(id))
}

// refuseFolder shows the form again with what was typed and what is wrong with it.
func (h *Handler) refuseFolder(w http.ResponseWriter, r *http.Request, form *folderForm, draft FolderDraft, err error) error {
	refused, ok := web.FormErrors(r, err)
	if !ok {
		return err
	}
	form.Form = refused
	typed := Folder{ID: form.ID, Parent: draft.Parent, Readers: draft.Readers, Writers: draft.Writers}
	return h.showFolderForm(w, r, web.StatusOf(err), form, typed, web.CallerOf(r).Can(portal.EditDocuments))
}

func (h *Handler) showFolderForm(w http.ResponseWriter, r *http.Request, status int, form *folderForm, folder Folder, decides bool) error {
	if folder.IsTop() && decides {
		groups, err := h.groups.Groups(r.Context(), web.CallerOf(r))
		if err != nil {
			return err
		}
		named := slices.Concat(folder.Readers, folder.Writers)
		for _, group := range portal.WithDeleted(groups, named, web.Printer(r).T("web.group.deleted")) {
			form.Groups = append(form.Groups, groupChoice{group, slices.Contains(folder.Readers, group.ID), slices.Contains(folder.Writers, group.ID)})
		}
	}
	form.CanDelete = form.ID != "" && (decides || !folder.IsTop())
	title := "documents.folder.new"
	if form.ID != "" {
		title = "documents.folder.edit"
	}
	form.Title, form.Section = web.Printer(r).T(title), section
	return h.renderer.Render(w, r, status, "documents/folder-form", form)
}
