package contacts

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"parvis/dav/vcard"
	"parvis/portal"
)

// maxPhoto bounds the picture of a card, in bytes of base64.
const maxPhoto = vcard.MaxSize

// pictureIn is the base64 of a picture that a property holds itself, "" for none: one that is somewhere else is
// never fetched, since that would tell its owner who looks.
func pictureIn(p vcard.Property) string {
	encoded := ""
	if rest, ok := cutFold(p.Value, "data:"); ok {
		kind, octets, isBase64 := strings.Cut(rest, ";base64,")
		if isBase64 && strings.HasPrefix(strings.ToLower(kind), "image/") {
			encoded = octets
		}
	} else if encoding := p.Values("ENCODING"); len(encoding) > 0 && slices.Contains([]string{"B", "BASE64"}, strings.ToUpper(encoding[0])) {
		encoded = p.Value
	}
	if len(encoded) > maxPhoto {
		return ""
	}
	return encoded
}

func cutFold(text, prefix string) (rest string, ok bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return text, false
	}
	return text[len(prefix):], true
}

// Photo is the picture that a card of a book holds, as its program sent it; portal.ErrNotFound when it holds
// none. What kind of file it is, and whether it is one, is for who shows it to find out.
func (s *Store) Photo(ctx context.Context, caller portal.Caller, book BookID, name string) (octets []byte, etag string, err error) {
	c, err := s.Contact(ctx, caller, book, name)
	if err != nil {
		return nil, "", err
	}
	card, err := vcard.Parse(c.Octets)
	if err != nil {
		return nil, "", fmt.Errorf("contacts: photo of %.60q: %w", name, portal.ErrNotFound)
	}
	for _, p := range card.Properties("PHOTO") {
		encoded := strings.Map(func(r rune) rune {
			if r == ' ' || r == '\t' || r == '=' {
				return -1
			}
			return r
		}, pictureIn(p))
		if encoded == "" {
			continue
		}
		if octets, err := base64.RawStdEncoding.DecodeString(encoded); err == nil {
			return octets, c.ETag, nil
		}
	}
	return nil, "", fmt.Errorf("contacts: photo of %.60q: %w", name, portal.ErrNotFound)
}
