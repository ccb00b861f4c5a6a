package contacts

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"parvis/dav/vcard"
	"parvis/portal/i18n"
)

// Person is what pages tell of a card, read from it anew each time.
type Person struct {
	FullName, Given, Family string
	Organisation            string
	Department              string
	Title                   string
	Phones, Emails          []Reach
	Addresses               []Address
	Sites                   []string // http and https alone
	Birthday                string   // as BDAY says it, "1980-04-12"
	Note                    string
	Categories              []string
	Photo                   bool // one that the card holds itself
	Group                   bool
	Members                 []string // references, of a group
}

// Reach is a number or an address of mail, and what kind it is.
type Reach struct {
	Kind  string // one of the kinds of its property, "" for another
	Label string // what the person calls it, "" where the kind says it
	Value string
}

// Address is where somebody lives or works.
type Address struct {
	Kind, Label                           string
	Street, PostCode, Town, Area, Country string
	More                                  []string // box and floor, kept and shown
}

// The kinds that forms offer: the word of TYPE in small letters.
var (
	phoneKinds   = []string{"cell", "work", "home", "fax"}
	emailKinds   = []string{"work", "home"}
	addressKinds = []string{"work", "home"}
)

// personOf reads a card.
func personOf(c *vcard.Card) Person {
	p := Person{FullName: c.Name, Group: c.IsGroup(), Members: c.Members()}
	for _, one := range c.Properties("") {
		switch one.Name {
		case "N":
			parts := one.Components()
			p.Family, p.Given = part(parts, 0), part(parts, 1)
		case "ORG":
			if parts := one.Components(); p.Organisation == "" {
				p.Organisation, p.Department = part(parts, 0), part(parts, 1)
			}
		case "TITLE":
			p.Title = cmp.Or(p.Title, text(one))
		case "TEL":
			p.Phones = reached(p.Phones, c, one, phoneKinds, number(one))
		case "EMAIL":
			p.Emails = reached(p.Emails, c, one, emailKinds, address(one))
		case "ADR":
			p.Addresses = append(p.Addresses, addressOf(c, one))
		case "URL":
			if site, err := url.Parse(text(one)); err == nil && (site.Scheme == "https" || site.Scheme == "http") && site.Host != "" {
				p.Sites = append(p.Sites, site.String())
			}
		case "BDAY":
			p.Birthday = cmp.Or(p.Birthday, birthdayOf(c.Version, one))
		case "NOTE":
			p.Note = cmp.Or(p.Note, strings.TrimSpace(one.Text()))
		case "CATEGORIES":
			p.Categories = append(p.Categories, one.List()...)
		case "PHOTO":
			p.Photo = p.Photo || pictureIn(one) != ""
		}
	}
	slices.SortFunc(p.Categories, i18n.ByName)
	p.Categories = slices.Compact(p.Categories)
	return p
}

func part(parts []string, n int) string {
	if n < len(parts) {
		return oneLine(parts[n])
	}
	return ""
}

// text is a value on one line.
func text(p vcard.Property) string { return oneLine(p.Text()) }

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// number is a telephone as one reads it: of an address without its scheme and what it says beside.
func number(p vcard.Property) string {
	value := text(p)
	if scheme := "tel:"; len(value) > len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
		value, _, _ = strings.Cut(value[len(scheme):], ";")
	}
	return value
}

func address(p vcard.Property) string {
	value := text(p)
	if scheme := "mailto:"; len(value) > len(scheme) && strings.EqualFold(value[:len(scheme)], scheme) {
		value = value[len(scheme):]
	}
	return value
}

func reached(all []Reach, c *vcard.Card, p vcard.Property, kinds []string, value string) []Reach {
	if value == "" {
		return all
	}
	return append(all, Reach{Kind: kindIn(p, kinds), Label: labelOf(c, p), Value: value})
}

// kindIn is the first of some kinds that a property has; a fax of an office is a fax.
func kindIn(p vcard.Property, kinds []string) string {
	if slices.Contains(kinds, "fax") && p.HasType("fax") {
		return "fax"
	}
	for _, kind := range kinds {
		if p.HasType(kind) {
			return kind
		}
	}
	return ""
}

// labelOf is what the person calls a property; Apple's own words are kinds of TYPE already.
func labelOf(c *vcard.Card, p vcard.Property) string {
	label := oneLine(c.Label(p))
	switch strings.ToLower(label) {
	case "home", "work", "mobile", "other", "homepage":
		return ""
	}
	return label
}

// addressOf reads the seven parts of ADR (RFC 6350 §6.3.1).
func addressOf(c *vcard.Card, p vcard.Property) Address {
	parts := p.Components()
	a := Address{
		Kind: kindIn(p, addressKinds), Label: labelOf(c, p), Street: strings.TrimSpace(raw(parts, 2)), Town: part(parts, 3),
		Area: part(parts, 4), PostCode: part(parts, 5), Country: part(parts, 6),
	}
	for _, more := range []string{part(parts, 0), part(parts, 1)} {
		if more != "" {
			a.More = append(a.More, more)
		}
	}
	return a
}

func raw(parts []string, n int) string {
	if n < len(parts) {
		return parts[n]
	}
	return ""
}

// Empty says whether an address tells nothing.
func (a Address) Empty() bool {
	return a.Street == "" && a.PostCode == "" && a.Town == "" && a.Area == "" && a.Country == "" && len(a.More) == 0
}

// birthdayOf is a birthday as 4.0 writes it, with the marks of 3.0: "1980-04-12", "--04-12", or a text.
func birthdayOf(version vcard.Version, p vcard.Property) string {
	if version == vcard.V3 {
		p = vcard.New(vcard.V3, p).As(vcard.V4).Properties("BDAY")[0]
	}
	value := text(p)
	digits := strings.ReplaceAll(value, "-", "")
	switch {
	case strings.HasPrefix(value, "--") && len(digits) == 4 && isDigits(digits):
		return "--" + digits[:2] + "-" + digits[2:]
	case len(digits) >= 8 && isDigits(digits[:8]) && (len(digits) == 8 || digits[8] == 'T'):
		return digits[:4] + "-" + digits[4:6] + "-" + digits[6:8]
	}
	return value
}

func isDigits(text string) bool {
	return text != "" && strings.IndexFunc(text, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// shown is what a list calls a card that may have no name.
func (p Person) shown() string {
	name := cmp.Or(p.FullName, strings.TrimSpace(p.Given+" "+p.Family), p.Organisation)
	if name == "" && len(p.Emails) > 0 {
		name = p.Emails[0].Value
	}
	if name == "" && len(p.Phones) > 0 {
		name = p.Phones[0].Value
	}
	return name
}

// index is what is kept of a card beside its octets, to list and to search it.
type index struct {
	kind, sortName, detail, phone, email, reference, words string
	photo                                                  bool
	links                                                  []link
}

// link is a member of a group, or a category of a person.
type link struct{ kind, value string }

const (
	isGroup       = "group"
	memberLink    = "member"
	categoryLink  = "category"
	maxWords      = 2000 // bytes of what one card is searched by
	maxIndexed    = 200  // bytes of any other text
	maxLinks      = 5000 // of one card
	maxCategories = 50   // of one card
)

// indexOf derives it.
func indexOf(c *vcard.Card) index {
	p := personOf(c)
	i := index{reference: clip(vcard.Reference(c.UID), maxName), photo: p.Photo}
	i.sortName = clip(i18n.Fold(cmp.Or(strings.TrimSpace(p.Family+" "+p.Given), p.shown())), maxIndexed)
	if p.Group {
		i.kind = isGroup
	}
	i.detail = clip(strings.Join(slices.DeleteFunc([]string{p.Title, p.Organisation}, func(s string) bool {
		return s == "" || s == p.FullName
	}), " · "), maxIndexed)
	texts := []string{p.FullName, p.Given, p.Family, p.Organisation, p.Department, p.Title}
	for _, one := range p.Phones {
		i.phone = cmp.Or(i.phone, clip(one.Value, maxIndexed))
		texts = append(texts, digitsOf(one.Value))
	}
	for _, one := range p.Emails {
		i.email = cmp.Or(i.email, clip(one.Value, maxIndexed))
		texts = append(texts, one.Value)
	}
	for _, one := range p.Addresses {
		texts = append(texts, one.Town)
	}
	texts = append(texts, p.Categories...)
	texts = append(texts, clip(p.Note, maxWords/2))
	i.words = " " + clip(i18n.Fold(strings.Join(texts, " ")), maxWords)
	i.links = linksOf(p)
	return i
}

func linksOf(p Person) []link {
	var all []link
	add := func(kind string, values []string, most int) {
		for n, value := range values {
			if one := (link{kind, clip(value, maxName)}); n < most && !slices.Contains(all, one) {
				all = append(all, one)
			}
		}
	}
	add(categoryLink, p.Categories, maxCategories)
	if p.Group {
		members := make([]string, len(p.Members))
		for n, value := range p.Members {
			members[n] = clip(value, maxName)
		}
		slices.Sort(members)
		members = slices.Compact(members) // only then: two may begin alike
		for _, value := range members[:min(len(members), maxLinks)] {
			all = append(all, link{memberLink, value})
		}
	}
	return all
}

// digitsOf is a number as people type it into a search: a French one as at home.
func digitsOf(number string) string {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, strings.Replace(number, "(0)", "", 1))
	for _, prefix := range []string{"0033", "33"} {
		if rest, ok := strings.CutPrefix(digits, prefix); ok && len(rest) == 9 {
			return "0" + rest
		}
	}
	return digits
}

// clip cuts a text to a number of bytes, between characters.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.TrimSpace(text[:most])
}
