package web

import (
	"net/http"
	"strconv"
)

// WriteJPEG answers with a photograph. A browser keeps it where its address has a version, "v", that changes with it.
func WriteJPEG(w http.ResponseWriter, r *http.Request, octets []byte) error {
	header := w.Header()
	header.Set("Content-Type", "image/jpeg")
	header.Set("Content-Length", strconv.Itoa(len(octets)))
	if Query(r).Get("v") != "" {
		header.Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	_, err := w.Write(octets)
	return err
}
