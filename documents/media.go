package documents

import (
	"bytes"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"
)

const octets = "application/octet-stream"

// mediaTypeOf is what the content shows itself to be; the name only tells office formats apart, which are all
// zip files. What could run in a browser (HTML, SVG, XML, scripts) is octets: it is offered, never shown.
func mediaTypeOf(name string, head []byte) string {
	sniffed, _, _ := strings.Cut(http.DetectContentType(head), ";")
	switch sniffed {
	case "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp":
		return sniffed
	case "application/zip":
		return officeType(name)
	case "text/plain":
		return textType(head)
	}
	return octets
}

func officeType(name string) string {
	const opened, microsoft = "application/vnd.oasis.opendocument.", "application/vnd.openxmlformats-officedocument."
	switch strings.ToLower(path.Ext(name)) {
	case ".docx":
		return microsoft + "wordprocessingml.document"
	case ".xlsx":
		return microsoft + "spreadsheetml.sheet"
	case ".pptx":
		return microsoft + "presentationml.presentation"
	case ".odt":
		return opened + "text"
	case ".ods":
		return opened + "spreadsheet"
	case ".odp":
		return opened + "presentation"
	}
	return "application/zip"
}

// textType declares the charset, which a browser would guess otherwise. A head cut inside a character is still UTF-8.
func textType(head []byte) string {
	for range utf8.UTFMax {
		if utf8.Valid(head) {
			return "text/plain; charset=utf-8"
		}
		head = head[:max(0, len(head)-1)]
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return octets
	}
	return "text/plain; charset=windows-1252"
}

// shownInline tells the kinds that a browser shows without running anything of theirs in our origin.
func shownInline(mediaType string) bool {
	return mediaType == "application/pdf" || strings.HasPrefix(mediaType, "image/") ||
		strings.HasPrefix(mediaType, "text/plain;")
}

// formatOf is the short word people call a format by: "PDF", "DOCX"; "" without extension.
func formatOf(fileName string) string {
	extension := strings.TrimPrefix(path.Ext(fileName), ".")
	if extension == "" || len(extension) > 5 {
		return ""
	}
	return strings.ToUpper(extension)
}

// iconOf is the icon that stands beside a document.
func iconOf(mediaType, fileName string) string {
	switch {
	case strings.HasPrefix(mediaType, "image/"):
		return "image"
	case strings.Contains(mediaType, "spreadsheet"), strings.EqualFold(path.Ext(fileName), ".csv"):
		return "sheet"
	case strings.EqualFold(path.Ext(fileName), ".eml"):
		return "mail"
	}
	return "file"
}
