package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// WriteFeed answers with an iCalendar file that is read under a secret address, or with 304 to who has it as it is.
func WriteFeed(w http.ResponseWriter, r *http.Request, text []byte) error {
	sum := sha256.Sum256(text)
	etag := `"` + hex.EncodeToString(sum[:12]) + `"`
	header := w.Header()
	header.Set("ETag", etag)
	header.Set("Cache-Control", "private, no-cache")
	header.Set("X-Robots-Tag", "noindex")
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	header.Set("Content-Type", "text/calendar; charset=utf-8")
	_, err := w.Write(text)
	return err
}
