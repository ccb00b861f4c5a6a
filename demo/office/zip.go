package office

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"html"
	"strings"
)

// part is one file of a zipped document.
type part struct {
	name    string
	content string
	stored  bool // not compressed: ODF wants its "mimetype" so
}

// writeZip packs parts in their order, without dates: the same bytes at each run. Sizes are
// written before each part, since office suites refuse a stored one that is followed by its
// size (archive/zip's way when it streams).
func writeZip(parts ...part) ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, p := range parts {
		if err := addPart(archive, p); err != nil {
			return nil, fmt.Errorf("office: %s: %w", p.name, err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("office: zip: %w", err)
	}
	return out.Bytes(), nil
}

func addPart(archive *zip.Writer, p part) error {
	packed, method := []byte(p.content), zip.Store
	if !p.stored {
		var err error
		if packed, err = deflate(packed); err != nil {
			return err
		}
		method = zip.Deflate
	}
	w, err := archive.CreateRaw(&zip.FileHeader{
		Name: p.name, Method: method, CRC32: crc32.ChecksumIEEE([]byte(p.content)),
		CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(len(p.content)),
	})
	if err != nil {
		return err
	}
	_, err = w.Write(packed)
	return err
}

func deflate(data []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// xmlHeader starts every part.
const xmlHeader = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// xmlText escapes a text and drops the control characters that XML 1.0 §2.2 has no place for.
func xmlText(text string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' {
			return -1
		}
		return r
	}, text))
}
