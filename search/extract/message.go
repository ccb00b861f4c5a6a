package extract

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // teaches go-message the charsets of old mail
)

// shownFields are the fields of a message that people search by.
func shownFields() []string { return []string{"Subject", "From", "To", "Cc", "Date"} }

// message reads an eml (RFC 5322, RFC 2045): the fields people know it by, its text, its attachments.
func (r *reading) message(content io.Reader) error {
	return r.nested(func() error {
		entity, err := readEntity(&meter{reading: r, content: content})
		if err != nil {
			return err
		}
		r.fields(entity.Header)
		return r.entity(entity)
	})
}

// nested runs read one level deeper; what lies deeper than the limit is left out, the rest is kept.
func (r *reading) nested(read func() error) error {
	if r.depth >= r.limits.Depth {
		r.note = NoteCut
		return nil
	}
	r.depth++
	defer func() { r.depth-- }()
	return read()
}

// readEntity takes an entity of a charset or encoding that go-message doesn't know as it comes:
// its text is guessed later.
func readEntity(content io.Reader) (*message.Entity, error) {
	entity, err := message.Read(content)
	if entity != nil && (err == nil || message.IsUnknownCharset(err) || message.IsUnknownEncoding(err)) {
		return entity, nil
	}
	var known *Failure
	if errors.As(err, &known) {
		return nil, known
	}
	return nil, failure(ReasonDamaged, err)
}

func (r *reading) fields(header message.Header) {
	for _, name := range shownFields() {
		value := fieldText(header, name)
		if value != "" {
			r.out.line(value)
		}
		if name == "Subject" && r.title == "" {
			r.title = value
		}
	}
}

// fieldText decodes a field; one that holds bare 8-bit bytes, against RFC 5322, is guessed.
func fieldText(header message.Header, name string) string {
	value, err := header.Text(name)
	if err != nil {
		value = header.Get(name)
	}
	return decodeText([]byte(value))
}

func (r *reading) entity(entity *message.Entity) error {
	if err := r.spendPart(); err != nil {
		return err
	}
	if r.out.cut {
		return errCut
	}
	mediaType, _, _ := entity.Header.ContentType() // unreadable means "", taken as plain text
	if parts := entity.MultipartReader(); parts != nil {
		return r.nested(func() error { return r.multipart(parts, mediaType == "multipart/alternative") })
	}
	if name := attachmentName(entity.Header); name != "" && mediaType != "message/rfc822" {
		return r.attachment(entity.Body, name)
	}
	switch {
	case mediaType == "message/rfc822":
		return r.message(entity.Body)
	case mediaType == "text/html":
		return r.webPage(entity.Body)
	case mediaType == "" || strings.HasPrefix(mediaType, "text/"):
		return r.messageText(entity.Body)
	}
	return r.attachment(entity.Body, "")
}

// multipart reads the parts one after the other. Alternatives say the same thing: the first with words is enough.
func (r *reading) multipart(parts message.MultipartReader, alternative bool) error {
	begin := r.out.content.Len()
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return nil
		}
		if part == nil {
			return r.partsTrouble(err)
		}
		if alternative && r.out.content.Len() > begin {
			continue
		}
		if err := r.entity(part); err != nil {
			return err
		}
	}
}

// partsTrouble forgives a message that ends before its last boundary: its text so far is worth keeping.
func (r *reading) partsTrouble(err error) error {
	var known *Failure
	if errors.As(err, &known) {
		return known
	}
	if r.out.content.Len() > 0 {
		r.note = NoteCut
		return nil
	}
	return failure(ReasonDamaged, err)
}

func (r *reading) messageText(content io.Reader) error {
	raw, err := r.all(content)
	var known *Failure
	if errors.As(err, &known) {
		return known
	}
	// A broken transfer encoding loses the rest of this part only.
	_ = err
	r.out.newline()
	r.out.write(decodeText(raw))
	r.out.newline()
	return nil
}

// attachment reads a file in the message through the same parsers. One without text, encrypted or damaged
// leaves its name only: the message stays findable.
func (r *reading) attachment(content io.Reader, name string) error {
	r.out.line(path.Base(strings.ReplaceAll(name, `\`, "/")))
	raw, err := r.all(content)
	if err != nil || len(raw) == 0 {
		return tooLargeOnly(err)
	}
	title, pages := r.title, r.pages
	err = r.nested(func() error { return r.file(bytes.NewReader(raw), int64(len(raw)), name) })
	r.title, r.pages = title, pages
	r.out.newline()
	return tooLargeOnly(err)
}

// tooLargeOnly lets pass what must end the whole message: its limits, and trouble that isn't the file's.
func tooLargeOnly(err error) error {
	var known *Failure
	if errors.As(err, &known) && known.Reason != ReasonTooLarge {
		return nil
	}
	var ours *loadError
	if err == nil || known != nil || errors.As(err, &ours) || errors.Is(err, errCut) {
		return err
	}
	return nil
}

func attachmentName(header message.Header) string {
	disposition, params, err := header.ContentDisposition()
	if err == nil && params["filename"] != "" {
		return params["filename"]
	}
	_, params, err = header.ContentType()
	if err == nil && params["name"] != "" {
		return params["name"]
	}
	if disposition == "attachment" {
		return "?"
	}
	return ""
}
