// Package office turns a small Markdown into real office files: PDF, DOCX, ODT, XLSX, HTML,
// TXT and EML. It serves the demo alone: headings, paragraphs, lists, tables and bold, one
// plain look, the same bytes at each run.
package office

import (
	"fmt"
	"time"
)

// Source is a text and what its file's frame says about it.
type Source struct {
	Format string // "pdf", "docx", "odt", "xlsx", "html", "txt" or "eml"
	Title  string
	Issuer string    // who publishes it, in the header: "Commune de Bourg-sur-Loire"
	Date   time.Time // day of the text, UTC
	Body   string    // Markdown, without the title

	From, To   string      // addresses, of an EML: "Camille Le Goff <agent@bourg.example>"
	Attachment *Attachment // of an EML; nil when none
}

// Attachment is a file joined to a letter.
type Attachment struct {
	Name   string // "Tarifs 2027.pdf"
	Source Source
}

// Render writes the file of a source and says its MIME type. An unknown format is an error.
func Render(s Source) (mime string, data []byte, err error) {
	switch s.Format {
	case "pdf":
		data, err = writePDF(s)
		return "application/pdf", data, err
	case "docx":
		data, err = writeDOCX(s)
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document", data, err
	case "odt":
		data, err = writeODT(s)
		return "application/vnd.oasis.opendocument.text", data, err
	case "xlsx":
		data, err = writeXLSX(s)
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", data, err
	case "html":
		return "text/html; charset=utf-8", writeHTML(s), nil
	case "txt":
		return "text/plain; charset=utf-8", writeTXT(s), nil
	case "eml":
		data, err = writeEML(s)
		return "message/rfc822", data, err
	}
	return "", nil, fmt.Errorf("office: unknown format %q", s.Format)
}
