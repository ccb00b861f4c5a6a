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
		if plainName(name) {
			return textType(head)
		}
	}
	return octets
}

// plainName tells names of text that is no more than text: SVG and scripts look plain too.
func plainName(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".txt", ".md", ".csv", ".tsv", ".log", "":
		return true
	}
	return false
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

// textType declares the charset, which a browser would guess otherwise.
func textType(head []byte) string {
	switch {
	case utf8.Valid(wholeRunes(head)):
		return "text/plain; charset=utf-8"
	case bytes.IndexByte(head, 0) >= 0:
		return octets
	}
	return "text/plain; charset=windows-1252"
}

// wholeRunes drops the character that the end of a full head cuts.
func wholeRunes(head []byte) []byte {
	if len(head) < headSize {
		return head
	}
	for cut := 1; cut < utf8.UTFMax; cut++ {
		if start := len(head) - cut; utf8.RuneStart(head[start]) && !utf8.FullRune(head[start:]) {
			return head[:start]
		}
	}
	return head
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
