package office

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
)

// writeEML writes a letter (RFC 5322) of which the text comes plain and in HTML (RFC 2046
// §5.1.4), with its attachment when there is one.
func writeEML(s Source) ([]byte, error) {
	var out bytes.Buffer
	if err := writeHead(&out, s); err != nil {
		return nil, err
	}
	mixed := multipart.NewWriter(&out)
	if err := mixed.SetBoundary("parvis-mixed"); err != nil {
		return nil, fmt.Errorf("office: eml: %w", err)
	}
	fmt.Fprintf(&out, "Content-Type: multipart/mixed; boundary=%q\r\n\r\n", mixed.Boundary())
	if err := writeLetter(mixed, s); err != nil {
		return nil, fmt.Errorf("office: eml: %w", err)
	}
	if s.Attachment != nil {
		if err := writeAttachment(mixed, *s.Attachment); err != nil {
			return nil, fmt.Errorf("office: eml: %w", err)
		}
	}
	if err := mixed.Close(); err != nil {
		return nil, fmt.Errorf("office: eml: %w", err)
	}
	return out.Bytes(), nil
}

func writeHead(out io.Writer, s Source) error {
	for _, field := range [][2]string{{"From", s.From}, {"To", s.To}} {
		addresses, err := mail.ParseAddressList(field[1])
		if err != nil {
			return fmt.Errorf("office: eml: %s %q: %w", field[0], field[1], err)
		}
		written := make([]string, len(addresses))
		for i, a := range addresses {
			written[i] = a.String()
		}
		fmt.Fprintf(out, "%s: %s\r\n", field[0], strings.Join(written, ",\r\n "))
	}
	from, err := mail.ParseAddress(s.From)
	if err != nil {
		return fmt.Errorf("office: eml: From %q: %w", s.From, err)
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	sent := s.Date.Add(9*time.Hour + 12*time.Minute)
	fmt.Fprintf(out, "Subject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\nMIME-Version: 1.0\r\n",
		strings.ReplaceAll(mime.QEncoding.Encode("utf-8", s.Title), "?= =?", "?=\r\n =?"),
		sent.Format(time.RFC1123Z), sent.Format("20060102.1504"), domain)
	return nil
}

func writeLetter(mixed *multipart.Writer, s Source) error {
	var letter bytes.Buffer
	alternative := multipart.NewWriter(&letter)
	if err := alternative.SetBoundary("parvis-alternative"); err != nil {
		return err
	}
	var text, page bytes.Buffer
	textBlocks(&text, s.Body)
	page.WriteString("<!doctype html>\n<html lang=\"fr\">\n<body>\n")
	htmlBlocks(&page, s.Body)
	page.WriteString("</body>\n</html>\n")
	if err := writeQuoted(alternative, "text/plain", text.Bytes()); err != nil {
		return err
	}
	if err := writeQuoted(alternative, "text/html", page.Bytes()); err != nil {
		return err
	}
	if err := alternative.Close(); err != nil {
		return err
	}
	w, err := mixed.CreatePart(textproto.MIMEHeader{"Content-Type": {`multipart/alternative; boundary="parvis-alternative"`}})
	if err != nil {
		return err
	}
	_, err = w.Write(letter.Bytes())
	return err
}

func writeQuoted(parts *multipart.Writer, kind string, text []byte) error {
	w, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {kind + "; charset=utf-8"},
		"Content-Transfer-Encoding": {"quoted-printable"},
	})
	if err != nil {
		return err
	}
	quoted := quotedprintable.NewWriter(w)
	if _, err := quoted.Write(text); err != nil {
		return err
	}
	return quoted.Close()
}

func writeAttachment(mixed *multipart.Writer, a Attachment) error {
	kind, data, err := Render(a.Source)
	if err != nil {
		return err
	}
	w, err := mixed.CreatePart(textproto.MIMEHeader{
		"Content-Type":              {kind},
		"Content-Transfer-Encoding": {"base64"},
		"Content-Disposition":       {mime.FormatMediaType("attachment", map[string]string{"filename": a.Name})},
	})
	if err != nil {
		return err
	}
	encoded := base64.StdEncoding.EncodeToString(data)
	for len(encoded) > 76 { // RFC 2045 §6.8
		if _, err := io.WriteString(w, encoded[:76]+"\r\n"); err != nil {
			return err
		}
		encoded = encoded[76:]
	}
	_, err = io.WriteString(w, encoded+"\r\n")
	return err
}
