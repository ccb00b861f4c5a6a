package extract

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"path"
	"regexp"
	"strings"
)

// Kind is a family of files that are read in the same way.
type Kind string

// Kinds that have a parser.
const (
	KindPDF          Kind = "pdf"
	KindWord         Kind = "word"         // docx, docm, dotx
	KindSheet        Kind = "sheet"        // xlsx, xlsm
	KindSlides       Kind = "slides"       // pptx, pptm, ppsx
	KindOpenDocument Kind = "opendocument" // odt, ods, odp and their templates
	KindHTML         Kind = "html"
	KindMessage      Kind = "message" // eml
	KindText         Kind = "text"    // txt, md, csv, log…
)

const headSize = 4096

var oleMagic = []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

// detect tells the kind by the content; the name decides only between the kinds of text.
func detect(file io.ReaderAt, size int64, name string) (Kind, error) {
	head := make([]byte, min(size, headSize))
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return "", err
	}
	head = head[:n]
	switch {
	case bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")):
		return KindPDF, nil // ISO 32000-1 annex H.3.4.1: within the first 1,024 bytes
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return detectArchive(file, size)
	case bytes.HasPrefix(head, oleMagic):
		return "", detectOffice(file, size)
	}
	return detectText(head, name)
}

// detectArchive tells office formats apart by the parts that make them what they are.
func detectArchive(file io.ReaderAt, size int64) (Kind, error) {
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return "", failure(ReasonDamaged, err)
	}
	for _, part := range archive.File {
		switch {
		case wordBody.MatchString(part.Name):
			return KindWord, nil
		case part.Name == "xl/workbook.xml":
			return KindSheet, nil
		case part.Name == "ppt/presentation.xml":
			return KindSlides, nil
		case part.Name == "content.xml":
			return KindOpenDocument, nil
		}
	}
	return "", failure(ReasonUnsupported, nil)
}

// detectOffice looks into the compound file of Office 97 for the stream that an encrypted new document
// is kept in (MS-OFFCRYPTO 2.3.4.4); its name is in UTF-16 in the file's directory.
func detectOffice(file io.ReaderAt, size int64) error {
	wanted := []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
	window := make([]byte, 64<<10)
	for offset := int64(0); offset < size; offset += int64(len(window) - len(wanted)) {
		n, err := file.ReadAt(window, offset)
		if bytes.Contains(window[:n], wanted) {
			return failure(ReasonEncrypted, nil)
		}
		if err != nil {
			break
		}
	}
	return failure(ReasonOldOffice, nil)
}

// messageHead matches the first field of a message as a mail server or a mail program saves it.
var messageHead = regexp.MustCompile(`(?i)^(received|return-path|delivered-to|from|to|subject|date|message-id|mime-version|x-[a-z0-9-]+|dkim-signature|reply-to|content-type): ?\S`)

func detectText(head []byte, name string) (Kind, error) {
	extension := strings.ToLower(path.Ext(name))
	sniffed := http.DetectContentType(head)
	switch {
	case extension == ".eml" && looksLikeMessage(head):
		return KindMessage, nil
	case !strings.HasPrefix(sniffed, "text/") && !unmarkedText(head):
		return "", failure(ReasonUnsupported, nil)
	case extension == ".html" || extension == ".htm" || extension == ".xhtml":
		return KindHTML, nil
	case extension == ".rtf" || bytes.HasPrefix(head, []byte(`{\rtf`)):
		return "", failure(ReasonUnsupported, nil)
	case extension == "" && messageHead.Match(head):
		return KindMessage, nil
	case strings.HasPrefix(sniffed, "text/html") && !knownText(extension):
		return KindHTML, nil
	}
	return KindText, nil
}

func looksLikeMessage(head []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimLeft(head, "\r\n"), []byte("\n"))
	return bytes.ContainsRune(line, ':') || bytes.HasPrefix(line, []byte("From "))
}

// unmarkedText tells UTF-16 without its mark, which sniffing takes for binary.
func unmarkedText(head []byte) bool { return guessUTF16(head) != nil }

func knownText(extension string) bool {
	switch extension {
	case ".txt", ".md", ".csv", ".log", ".json", ".tsv":
		return true
	}
	return false
}
