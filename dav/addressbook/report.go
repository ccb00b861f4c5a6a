package addressbook

import (
	"context"
	"encoding/xml"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"parvis/dav"
	"parvis/dav/vcard"
	"parvis/portal"
)

// Reports are those that a book answers beside sync-collection.
func (c *collection) Reports() []xml.Name {
	return []xml.Name{name("addressbook-query"), name("addressbook-multiget")}
}

// errEnough ends a query at the limit that its client set.
var errEnough = errors.New("addressbook: enough")

// Report answers addressbook-query (RFC 6352 §8.6) and addressbook-multiget (§8.7).
func (c *collection) Report(ctx context.Context, caller portal.Caller, body *dav.Node, m *dav.Multistatus) error {
	data, err := dataOf(body)
	if err != nil {
		return err
	}
	base := c.Href()
	if body.Name == name("addressbook-multiget") {
		return m.Multiget(body, base, func(names []string) (map[string]dav.Resource, error) {
			entries, err := c.book.Entries(ctx, caller, names)
			found := make(map[string]dav.Resource, len(entries))
			for cardName, e := range entries {
				found[cardName] = &card{Entry: e, in: c, href: dav.Join(base, cardName), data: data}
			}
			return found, err
		})
	}
	filter, err := filterOf(body)
	if err != nil {
		return err
	}
	limit, err := limitOf(body)
	if err != nil {
		return err
	}
	found := 0
	err = c.book.Each(ctx, caller, func(e Entry) error {
		if !filter.matches(e.Octets) {
			return nil
		}
		if found++; limit > 0 && found > limit {
			return errEnough
		}
		href := dav.Join(base, e.Name)
		m.Resource(href, &card{Entry: e, in: c, href: href, data: data})
		return nil
	})
	if errors.Is(err, errEnough) {
		m.Status(base, http.StatusInsufficientStorage)
		return nil
	}
	return answer(err, base)
}

// limitOf reads the limit of a query (§8.6.1), 0 for none.
func limitOf(body *dav.Node) (int, error) {
	n := body.Child(name("limit"))
	if n == nil {
		return 0, nil
	}
	results := n.Child(name("nresults"))
	if results == nil {
		return 0, errFilter
	}
	limit, err := strconv.Atoi(strings.TrimSpace(results.Text))
	if err != nil || limit < 1 {
		return 0, errFilter
	}
	return limit, nil
}

// dataWanted is the address-data of a report.
type dataWanted struct {
	version vcard.Version
	// only are the properties asked for; true: without their values. nil: all.
	only map[string]bool
}

// dataOf reads what a report asks for. A version that is not named is 3.0 (§10.4), which old clients
// rely on.
func dataOf(body *dav.Node) (*dataWanted, error) {
	wanted := &dataWanted{version: vcard.V3}
	prop := body.Child(dav.Name("prop"))
	if prop == nil {
		return wanted, nil
	}
	n := prop.Child(addressData)
	if n == nil {
		return wanted, nil
	}
	if version := n.Attribute("version"); version != "" {
		wanted.version = knownVersion(version)
	}
	if kind := n.Attribute("content-type"); wanted.version == "" || kind != "" && !strings.EqualFold(kind, mediaType) {
		return nil, dav.Forbidden(name("supported-address-data"))
	}
	for _, child := range n.Children {
		if child.Name != name("prop") {
			continue
		}
		if wanted.only == nil {
			wanted.only = map[string]bool{}
		}
		wanted.only[strings.ToUpper(child.Attribute("name"))] = child.Attribute("novalue") == "yes"
	}
	return wanted, nil
}

// of is a card as a report asks for it; what can't be read stays as it is.
func (d *dataWanted) of(octets []byte) []byte {
	if d == nil {
		return octets
	}
	parsed, err := vcard.Parse(octets)
	if err != nil || d.only == nil && parsed.Version == d.version {
		return octets
	}
	parsed = parsed.As(d.version)
	if d.only != nil {
		return parsed.Only(d.only)
	}
	return parsed.Encode()
}
