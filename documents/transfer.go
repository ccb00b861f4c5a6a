package documents

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"parvis/portal"
	"parvis/portal/web"
)

const (
	// formRoom is what a form adds around its files: boundaries, headers, file names.
	formRoom = 1 << 20
	maxFiles = 100 // of one upload
)

// upload adds the files of a form to a folder, all or none.
func (h *Handler) upload(w http.ResponseWriter, r *http.Request) error {
	caller, folder := web.CallerOf(r), FolderID(web.Var(r, "id"))
	if err := h.store.CanWrite(r.Context(), caller, folder); err != nil {
		return leave(w, err)
	}
	files, err := h.receive(w, r, maxFiles)
	defer dropAll(files)
	if err != nil {
		return h.refuseUpload(w, r, err, h.showFolder)
	}
	uploads := make([]Upload, len(files))
	for i, file := range files {
		uploads[i].File = file
	}
	if _, err := h.store.Add(r.Context(), caller, web.IdentityOf(r).PersonName, folder, uploads); err != nil {
		return h.refuseUpload(w, r, err, h.showFolder)
	}
	web.SetFlash(w, r, "documents.done.added")
	return web.Redirect(w, r, "/documents/folders/"+string(folder))
}

// replace makes the file of a form the new version of a document.
func (h *Handler) replace(w http.ResponseWriter, r *http.Request) error {
	caller, id := web.CallerOf(r), DocumentID(web.Var(r, "id"))
	document, err := h.store.Document(r.Context(), caller, id)
	if err != nil {
		return leave(w, err)
	}
	if err := h.store.CanWrite(r.Context(), caller, document.Folder); err != nil {
		return leave(w, err)
	}
	files, err := h.receive(w, r, 1)
	defer dropAll(files)
	if err != nil {
		return h.refuseUpload(w, r, err, h.showDocument)
	}
	if err := h.store.Replace(r.Context(), caller, web.IdentityOf(r).PersonName, id, files[0]); err != nil {
		return h.refuseUpload(w, r, err, h.showDocument)
	}
	web.SetFlash(w, r, "documents.done.replaced")
	return web.Redirect(w, r, "/documents/"+string(id))
}

// leave answers before the body was read: the connection can't serve another request.
func leave(w http.ResponseWriter, err error) error {
	w.Header().Set("Connection", "close")
	return err
}

// refuseUpload shows the page that the upload came from with the sentence; other errors go on.
func (h *Handler) refuseUpload(w http.ResponseWriter, r *http.Request, err error,
	show func(http.ResponseWriter, *http.Request, int, web.Form) error,
) error {
	refused, ok := web.FormErrors(r, err)
	if !ok {
		return leave(w, err)
	}
	w.Header().Set("Connection", "close")
	return show(w, r, web.StatusOf(err), refused)
}

func dropAll(files []*Incoming) {
	for _, file := range files {
		file.Drop()
	}
}

// receive reads the files of a form to disk as they come; memory does not grow with them. An upload whose
// announced length is over the limit is refused before any of it is read.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request, most int) ([]*Incoming, error) {
	if r.ContentLength > h.store.MaxUpload()+formRoom {
		return nil, h.store.TooLarge()
	}
	r.Body = http.MaxBytesReader(w, r.Body, h.store.MaxUpload()+formRoom)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, portal.Invalid("file", "documents.error.nofile")
	}
	files, err := h.receiveParts(r, parts, most)
	switch {
	case err != nil:
		return files, h.readError(err)
	case len(files) == 0:
		return nil, portal.Invalid("file", "documents.error.nofile")
	}
	return files, nil
}

func (h *Handler) receiveParts(r *http.Request, parts *multipart.Reader, most int) ([]*Incoming, error) {
	var files []*Incoming
	left := h.store.MaxUpload()
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return files, fmt.Errorf("%w: %w", errBroken, err)
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue // an empty field of the form
		}
		if len(files) == most {
			return files, portal.Invalid("file", "documents.error.manyfiles", "max", most)
		}
		if left == 0 {
			return files, h.store.TooLarge()
		}
		file, err := h.store.Receive(r.Context(), web.CallerOf(r), part.FileName(), part, left)
		if err != nil {
			return files, err
		}
		files, left = append(files, file), left-file.Size
	}
}

// errBroken is a form whose next part can't be read.
var errBroken = errors.New("documents: broken form")

// readError gives the trouble of reading a request its kind.
func (h *Handler) readError(err error) error {
	var tooLarge *http.MaxBytesError
	var known portal.UserError
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &tooLarge):
		return h.store.TooLarge()
	case errors.Is(err, errBroken), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("documents: upload cut: %w: %w", portal.Invalid("file", "documents.error.cut"), err)
	}
	return err
}

// Policies of the files that people bring. PDF has no sandbox: browsers' own viewers don't work in one, and what
// runs in a PDF stays in the viewer.
const (
	filePolicy = "default-src 'none'; frame-ancestors 'none'; sandbox"
	pdfPolicy  = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)

// download serves a file to be saved, or, with ?inline, shown by the browser when its kind is harmless.
func (h *Handler) download(w http.ResponseWriter, r *http.Request) error {
	number, err := versionNumber(r)
	if err != nil {
		return err
	}
	version, file, err := h.store.Open(r.Context(), web.CallerOf(r), DocumentID(web.Var(r, "id")), number)
	if err != nil {
		return err
	}
	defer file.Close() // only read: nothing to lose
	header := w.Header()
	header.Set("Content-Type", version.MediaType)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("ETag", `"`+version.Sum+`"`)
	header.Set("Content-Security-Policy", filePolicy)
	disposition := "attachment"
	if r.URL.Query().Has("inline") && version.ShownInline() {
		disposition = "inline"
		if version.MediaType == "application/pdf" {
			header.Set("Content-Security-Policy", pdfPolicy)
		}
	}
	header.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": version.FileName}))
	http.ServeContent(w, r, "", version.Since, file)
	return nil
}
