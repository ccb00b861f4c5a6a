package office

import (
	"archive/zip"
	"bytes"
	"fmt"
	"html"
)

// part is one file of a zipped document.
type part struct {
	name    string
	content string
	stored  bool // not compressed: ODF wants its "mimetype" so
}

// writeZip packs parts in their order, without dates: the same bytes at each run.
func writeZip(parts ...part) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, p := range parts {
		method := zip.Deflate
		if p.stored {
			method = zip.Store
		}
		w, err := archive.CreateHeader(&zip.FileHeader{Name: p.name, Method: method})
		if err != nil {
			return nil, fmt.Errorf("office: %s: %w", p.name, err)
		}
		if _, err := w.Write([]byte(p.content)); err != nil {
			return nil, fmt.Errorf("office: %s: %w", p.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("office: zip: %w", err)
	}
	return out.Bytes(), nil
}

// xmlHeader starts every part; xmlText escapes what is written in one.
const xmlHeader = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

func xmlText(text string) string { return html.EscapeString(text) }
