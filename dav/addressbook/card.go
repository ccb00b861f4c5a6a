package addressbook

import (
	"bytes"
	"context"
	"encoding/xml"
	"mime"
	"strconv"
	"strings"

	"parvis/dav"
	"parvis/dav/vcard"
	"parvis/portal"
)

// mediaType is that of a card in any version.
const mediaType = "text/vcard"

// contentType is what every card is known as; GET adds its version.
const contentType = mediaType + "; charset=utf-8"

// card is a card of a book.
type card struct {
	Entry
	in   *collection
	href string
	data *dataWanted // of a report; nil: the octets as they are
}

// addressData is the property that a report answers with the octets.
var addressData = name("address-data")

var cardTable = dav.NewTable(append(
	dav.Common(func(c *card) portal.Caller { return c.in.caller }, func(c *card) dav.Privileges { return c.in.privileges() }),
	[]dav.Property[*card]{
		{Name: dav.Name("resourcetype"), Value: func(*card) dav.Value { return dav.Elements() }},
		{Name: dav.Name("getetag"), Value: func(c *card) dav.Value { return dav.Text(c.ETag) }},
		{Name: dav.Name("getcontenttype"), Value: func(*card) dav.Value { return dav.Text(contentType) }},
		{Name: dav.Name("getcontentlength"), Value: func(c *card) dav.Value {
			if c.Size == 0 { // a book that makes its cards knows their size when they are asked for
				return nil
			}
			return dav.Text(strconv.Itoa(c.Size))
		}},
		{Name: dav.Name("getlastmodified"), Value: func(c *card) dav.Value { return dav.HTTPDate(c.Modified) }},
		{Name: dav.Name("owner"), OnDemand: true, Value: func(c *card) dav.Value { return c.in.Property(dav.Name("owner")) }},
		{Name: addressData, OnDemand: true, Value: (*card).value},
	}...,
)...)

// value is the octets, for reports that loaded them.
func (c *card) value() dav.Value {
	if c.Octets == nil {
		return nil
	}
	octets := vcard.UnfoldedText(c.data.of(c.Octets))
	return func(w *dav.Writer) { w.Raw(octets) }
}

func (c *card) Href() string { return c.href }

func (c *card) Property(name xml.Name) dav.Value { return cardTable.Of(c, name) }

func (c *card) PropertyNames(onDemand bool) []xml.Name { return cardTable.Names(c, onDemand) }

func (c *card) Get(context.Context, portal.Caller) (dav.Content, error) {
	return dav.Content{Body: bytes.NewReader(c.Octets), Type: contentType, ETag: c.ETag, Modified: c.Modified}, nil
}

// Accepted is the card in the version that a client asks for: as it is stored for one that names none.
func (c *card) Accepted(content dav.Content, accept string) dav.Content {
	parsed, err := vcard.Parse(c.Octets)
	if err != nil {
		return content
	}
	if version := versionAccepted(accept); version != "" && version != parsed.Version {
		parsed = parsed.As(version)
		content.Body = bytes.NewReader(parsed.Encode())
	}
	content.Type = contentType + "; version=" + string(parsed.Version)
	return content
}

// versionAccepted is the version of the card that an Accept header likes best, "" when any will do.
func versionAccepted(accept string) (best vcard.Version) {
	liked := 0.0
	for part := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil || kind != mediaType && kind != "text/*" && kind != "*/*" {
			continue
		}
		quality := 1.0
		if q, err := strconv.ParseFloat(params["q"], 64); err == nil {
			quality = q
		}
		if quality > liked {
			liked, best = quality, knownVersion(params["version"])
		}
	}
	return best
}

// knownVersion is "" for one that we don't write.
func knownVersion(text string) vcard.Version {
	if v := vcard.Version(strings.TrimSpace(text)); v == vcard.V3 || v == vcard.V4 {
		return v
	}
	return ""
}

func (c *card) Delete(ctx context.Context, caller portal.Caller, conditions dav.Conditions) error {
	book, ok := c.in.writable()
	if !ok {
		return c.in.readOnly(c.href)
	}
	return answer(book.Delete(ctx, caller, c.Name, conditions), c.in.Href())
}
