package booking

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
)

// Squarer makes of a file a square photograph as JPEG, of a side in pixels; portal.ErrInvalid for what is none. It is
// the directory's own.
type Squarer func(ctx context.Context, octets []byte, side int) ([]byte, error)

// PhotoSides are the sides in which a photograph is kept, in pixels: in lists, and on a page.
var PhotoSides = []int{96, 384}

// maxPhoto bounds the file that is sent, in bytes.
const maxPhoto = 8 << 20

// SetPhoto gives a resource a photograph, by its sides; nil takes it away.
func (s *Store) SetPhoto(ctx context.Context, caller portal.Caller, id ResourceID, version string, bySide map[int][]byte, address string) error {
	if err := caller.Require(portal.Admin); err != nil {
		return wrap(err, "set photo")
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		r, err := s.read(ctx, tx, caller.Collectivity, id)
		if err != nil {
			return err
		}
		err = tx.Write(ctx, `UPDATE resources SET photo = $3 WHERE collectivity = $1 AND id = $2`, string(caller.Collectivity), string(id), version)
		if err == nil {
			err = tx.Write(ctx, `DELETE FROM resource_photos WHERE collectivity = $1 AND resource = $2`, string(caller.Collectivity), string(id))
		}
		for _, side := range PhotoSides {
			if err == nil && bySide != nil {
				err = tx.Write(ctx, `INSERT INTO resource_photos (collectivity, resource, side, octets) VALUES ($1, $2, $3, $4)`,
					string(caller.Collectivity), string(id), side, bySide[side])
			}
		}
		if err != nil || r.Photo == version {
			return err
		}
		return s.tell(ctx, tx, caller, audit.ResourceChanged, r, address)
	})
	return wrap(err, "set photo")
}

// Photo is the photograph of a resource that the caller sees, as JPEG; portal.ErrNotFound when there is none of that
// side.
func (s *Store) Photo(ctx context.Context, caller portal.Caller, id ResourceID, side int) (octets []byte, err error) {
	hidden, err := s.hidden(ctx, caller)
	if err == nil && hidden[id] {
		err = portal.ErrNotFound
	}
	if err == nil {
		err = s.db.QueryRow(ctx, `SELECT octets FROM resource_photos WHERE collectivity = $1 AND resource = $2 AND side = $3`,
			string(caller.Collectivity), string(id), side).Scan(&octets)
	}
	return octets, wrap(err, "read photo")
}

// photo serves a photograph. Its address changes with it, so a browser keeps it.
func (h *Handler) photo(w http.ResponseWriter, r *http.Request) error {
	side, err := strconv.Atoi(web.Query(r).Get("side"))
	if err != nil {
		return portal.ErrNotFound
	}
	octets, err := h.store.Photo(r.Context(), web.CallerOf(r), ResourceID(web.Var(r, "id")), side)
	if err != nil {
		return err
	}
	return web.WriteJPEG(w, r, octets)
}

func (h *Handler) takePhoto(w http.ResponseWriter, r *http.Request) error {
	err := h.storePhoto(r)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		w.Header().Set("Connection", "close") // the rest of the file may still come
		return h.editWith(w, r, web.StatusOf(err), form)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "booking.photo.saved")
	return web.Redirect(w, r, resourcesPath+"/"+web.Var(r, "id"))
}

func (h *Handler) storePhoto(r *http.Request) error {
	caller, id := web.CallerOf(r), ResourceID(web.Var(r, "id"))
	if _, err := h.store.Resource(r.Context(), caller, id); err != nil { // before a file is read
		return err
	}
	octets, err := readPhoto(r)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(octets)
	bySide := map[int][]byte{}
	for _, side := range PhotoSides {
		bySide[side], err = h.square(r.Context(), octets, side)
		if errors.Is(err, portal.ErrInvalid) {
			return portal.Invalid("file", "booking.error.photo")
		}
		if err != nil {
			return err
		}
	}
	return h.store.SetPhoto(r.Context(), caller, id, hex.EncodeToString(sum[:6]), bySide, web.ClientAddr(r))
}

// readPhoto reads the file of a form; a field error when there is none, or when it is too large.
func readPhoto(r *http.Request) ([]byte, error) {
	tooLarge := portal.UserError{Kind: portal.ErrTooLarge, Field: "file", Key: "booking.error.photo.large"}
	if r.ContentLength > maxPhoto {
		return nil, tooLarge
	}
	none := portal.Invalid("file", "booking.error.photo.none")
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, none
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, none
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		octets, err := io.ReadAll(io.LimitReader(part, maxPhoto+1))
		switch {
		case err != nil:
			return nil, portal.Invalid("file", "booking.error.photo")
		case len(octets) > maxPhoto:
			return nil, tooLarge
		case len(octets) == 0:
			return nil, none
		}
		return octets, nil
	}
}

func (h *Handler) dropPhoto(w http.ResponseWriter, r *http.Request) error {
	id := ResourceID(web.Var(r, "id"))
	if err := h.store.SetPhoto(r.Context(), web.CallerOf(r), id, "", nil, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "booking.photo.dropped")
	return web.Redirect(w, r, resourcesPath+"/"+string(id))
}
