package contacts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/dav"
	"parvis/dav/vcard"
	"parvis/portal"
	"parvis/portal/database"
)

// Draft is what a form says of a person. What a card says besides is kept as it came.
type Draft struct {
	Given, Family, Organisation, Department, Title string
	Phones, Emails                                 []DraftReach
	Addresses                                      []DraftAddress
	Birthday                                       string // "1980-04-12", "" for none or for one that the form can't show
	Note                                           string
	Categories                                     string // between commas
}

// DraftReach is a line of a form about a number or an address of mail; one without Value leaves the card.
type DraftReach struct {
	Kind, Value string
	Was         string // which line of the card it was, "" for a new one
}

// DraftAddress is the same about where somebody lives or works.
type DraftAddress struct {
	Kind, Street, PostCode, Town, Country string
	Was                                   string
}

func (a DraftAddress) empty() bool {
	return a.Street == "" && a.PostCode == "" && a.Town == "" && a.Country == ""
}

const (
	maxField = 200    // characters of a field
	maxNote  = 20_000 // characters of a note
	maxReach = 20     // numbers, or addresses, of a form
)

// Draft is what a form begins with, and the ETag of the card.
func (s *Store) Draft(ctx context.Context, caller portal.Caller, book BookID, name string) (Draft, string, error) {
	c, err := s.Contact(ctx, caller, book, name)
	if err != nil {
		return Draft{}, "", err
	}
	card, err := vcard.Parse(c.Octets)
	if err != nil {
		return Draft{}, "", fmt.Errorf("contacts: draft of %.60q: %w", name, portal.ErrNotFound)
	}
	return draftOf(card), c.ETag, nil
}

func draftOf(card *vcard.Card) Draft {
	p := personOf(card)
	d := Draft{
		Given: p.Given, Family: p.Family, Organisation: p.Organisation, Department: p.Department, Title: p.Title, Note: p.Note,
		Categories: strings.Join(p.Categories, ", "),
	}
	if b := birthOf(p.Birthday); b.Year {
		d.Birthday = p.Birthday
	}
	for _, one := range card.Properties("") {
		switch one.Name {
		case "TEL":
			d.Phones = append(d.Phones, DraftReach{Kind: kindIn(one, phoneKinds), Value: number(one), Was: markOf(one)})
		case "EMAIL":
			d.Emails = append(d.Emails, DraftReach{Kind: kindIn(one, emailKinds), Value: address(one), Was: markOf(one)})
		case "ADR":
			a := addressOf(card, one)
			d.Addresses = append(d.Addresses, DraftAddress{Kind: a.Kind, Street: a.Street, PostCode: a.PostCode, Town: a.Town, Country: a.Country, Was: markOf(one)})
		}
	}
	return d
}

// markOf tells a line of a card from the others.
func markOf(p vcard.Property) string {
	sum := sha256.Sum256([]byte(p.String()))
	return hex.EncodeToString(sum[:8])
}

// tidy takes out what a form adds by itself: blanks, and the line ends of browsers.
func (d *Draft) tidy() {
	for _, field := range []*string{&d.Given, &d.Family, &d.Organisation, &d.Department, &d.Title, &d.Birthday, &d.Categories} {
		*field = oneLine(*field)
	}
	d.Note = strings.TrimSpace(strings.ReplaceAll(d.Note, "\r\n", "\n"))
	for _, all := range [][]DraftReach{d.Phones, d.Emails} {
		for i := range all {
			all[i].Value = oneLine(all[i].Value)
		}
	}
	for i := range d.Addresses {
		a := &d.Addresses[i]
		a.Street = strings.TrimSpace(strings.ReplaceAll(a.Street, "\r\n", "\n"))
		a.PostCode, a.Town, a.Country = oneLine(a.PostCode), oneLine(a.Town), oneLine(a.Country)
	}
}

// check refuses what no card should say, written over one that says was.
func (d *Draft) check(was Person) error {
	var wrong portal.Check
	for _, one := range []struct{ field, is, was string }{
		{"given", d.Given, was.Given},
		{"family", d.Family, was.Family},
		{"organisation", d.Organisation, was.Organisation},
		{"department", d.Department, was.Department},
		{"title", d.Title, was.Title},
	} {
		if one.is != oneLine(one.was) { // what a program wrote stays, however long
			wrong.Text(one.field, one.is, false, maxField)
		}
	}
	for field, n := range map[string]int{"phone-0": len(d.Phones), "email-0": len(d.Emails), "street-0": len(d.Addresses)} {
		if n > maxReach {
			wrong.Add(field, "contacts.error.reach", "max", maxReach)
		}
	}
	for i, one := range d.Phones {
		wrong.Text(fmt.Sprintf("phone-%d", i), one.Value, false, maxField)
	}
	for i, one := range d.Emails {
		field := fmt.Sprintf("email-%d", i)
		wrong.Text(field, one.Value, false, maxField)
		if one.Value != "" && one.Was == "" && !strings.Contains(one.Value, "@") {
			wrong.Add(field, "contacts.error.email")
		}
	}
	for i, one := range d.Addresses {
		for _, text := range []string{strings.ReplaceAll(one.Street, "\n", " "), one.PostCode, one.Town, one.Country} {
			wrong.Text(fmt.Sprintf("street-%d", i), text, false, maxField)
		}
	}
	if b := birthOf(d.Birthday); d.Birthday != "" && !b.Year {
		wrong.Add("birthday", "contacts.error.birthday")
	}
	wrong.Text("categories", d.Categories, false, maxNote)
	wrong.Text("note", strings.NewReplacer("\n", " ", "\t", " ").Replace(d.Note), false, maxNote)
	if d.fullName() == "" && (was.FullName == "" || d.renames(was)) {
		wrong.Add("family", "contacts.error.nameless")
	}
	return wrong.OrNil()
}

// renames says whether a card that says was gets another full name: one that is neither made of its names nor its
// organisation's stays, as forms do not show it.
func (d *Draft) renames(was Person) bool {
	return d.Given != was.Given || d.Family != was.Family ||
		d.Given+d.Family == "" && d.Organisation != was.Organisation && was.FullName == was.Organisation
}

// fullName is what a card of this draft is called.
func (d *Draft) fullName() string {
	name := strings.TrimSpace(d.Given + " " + d.Family)
	if name == "" {
		name = d.Organisation
	}
	for _, one := range d.Emails {
		if name == "" {
			name = one.Value
		}
	}
	return name
}

// editing writes a draft over the properties of a card, one after the other.
type editing struct {
	Draft
	was     Person
	version vcard.Version
	done    map[string]bool // properties of which there is one
}

// write is a card with what the draft says.
func (d Draft) write(card *vcard.Card) *vcard.Card {
	e := &editing{Draft: d, was: personOf(card), version: card.Version, done: map[string]bool{}}
	e.Phones, e.Emails, e.Addresses = slices.Clone(d.Phones), slices.Clone(d.Emails), slices.Clone(d.Addresses)
	edited := card.Edited(e.change)
	return edited.Edited(func(p vcard.Property) (vcard.Property, bool) { return p, true }, e.added()...)
}

// change is what becomes of a property; the first of those of which there is one is changed.
func (e *editing) change(p vcard.Property) (vcard.Property, bool) {
	switch p.Name {
	case "TEL":
		return e.reach(p, e.Phones, number(p), phoneKinds)
	case "EMAIL":
		return e.reach(p, e.Emails, address(p), emailKinds)
	case "ADR":
		return e.place(p)
	case "CATEGORIES":
		return e.categories(p)
	}
	if e.done[p.Name] {
		return p, true
	}
	switch p.Name {
	case "N":
		e.done["N"] = true
		if e.Given != e.was.Given || e.Family != e.was.Family {
			p.SetComponents(map[int]string{0: e.Family, 1: e.Given})
		}
	case "FN":
		e.done["FN"] = true
		if e.renames(e.was) {
			p.SetText(e.fullName())
		}
	case "ORG":
		e.done["ORG"] = true
		if e.Organisation != e.was.Organisation || e.Department != e.was.Department {
			parts := map[int]string{0: e.Organisation}
			if e.Department != "" || e.was.Department != "" {
				parts[1] = e.Department
			}
			p.SetComponents(parts)
			return p, !p.Bare()
		}
	case "TITLE":
		return e.line(p, e.Title, e.was.Title)
	case "NOTE":
		return e.line(p, e.Note, e.was.Note)
	case "BDAY":
		return e.birthday(p)
	}
	return p, true
}

// line is a property of one text.
func (e *editing) line(p vcard.Property, is, was string) (vcard.Property, bool) {
	e.done[p.Name] = true
	if is == was {
		return p, true
	}
	p.SetText(is)
	return p, is != ""
}

func (e *editing) birthday(p vcard.Property) (vcard.Property, bool) {
	e.done["BDAY"] = true
	was := birthOf(e.was.Birthday)
	switch {
	case e.Birthday == "" && !was.Year, e.Birthday == e.was.Birthday: // one that the form does not show stays
		return p, true
	case e.Birthday == "":
		return p, false
	}
	p.SetText(e.written(e.Birthday))
	p.DropParam("X-APPLE-OMIT-YEAR")
	return p, true
}

// written is a day as the version of the card writes it.
func (e *editing) written(day string) string {
	if e.version == vcard.V4 {
		return strings.ReplaceAll(day, "-", "")
	}
	return day
}

func (e *editing) reach(p vcard.Property, all []DraftReach, was string, kinds []string) (vcard.Property, bool) {
	mark := markOf(p)
	at := slices.IndexFunc(all, func(one DraftReach) bool { return one.Was == mark })
	if at < 0 {
		return p, true // it came meanwhile
	}
	one := all[at]
	all[at] = DraftReach{Was: "done"}
	if one.Value == "" {
		return p, was == "" // it was empty when it came
	}
	if one.Value != was {
		p.SetText(one.Value)
	}
	if one.Kind != kindIn(p, kinds) {
		p.SetTypes(kinds, kindsOf(one.Kind)...)
	}
	return p, true
}

func kindsOf(kind string) []string {
	if kind == "" {
		return nil
	}
	return []string{kind}
}

func (e *editing) place(p vcard.Property) (vcard.Property, bool) {
	mark := markOf(p)
	at := slices.IndexFunc(e.Addresses, func(one DraftAddress) bool { return one.Was == mark })
	if at < 0 {
		return p, true
	}
	one, was := e.Addresses[at], addressOf(vcard.New(e.version, p), p)
	e.Addresses[at] = DraftAddress{Was: "done"}
	parts := map[int]string{}
	for part, texts := range map[int][2]string{2: {one.Street, was.Street}, 3: {one.Town, was.Town}, 5: {one.PostCode, was.PostCode}, 6: {one.Country, was.Country}} {
		if texts[0] != texts[1] {
			parts[part] = texts[0]
		}
	}
	if len(parts) > 0 {
		p.SetComponents(parts)
	}
	if one.Kind != was.Kind {
		p.SetTypes(addressKinds, kindsOf(one.Kind)...)
	}
	return p, !p.Bare() || len(parts) == 0
}

// asked are the categories of the draft.
func (d *Draft) asked() []string {
	var all []string
	for one := range strings.SplitSeq(d.Categories, ",") {
		if one = strings.TrimSpace(one); one != "" && !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

func (e *editing) categories(p vcard.Property) (vcard.Property, bool) {
	asked := e.asked()
	if strings.Join(asked, ", ") == strings.Join(e.was.Categories, ", ") {
		e.done["CATEGORIES"] = true
		return p, true
	}
	if e.done["CATEGORIES"] || len(asked) == 0 {
		return p, false
	}
	e.done["CATEGORIES"] = true
	p.Value = vcard.Listed(asked)
	return p, true
}

// added are the properties that the card did not have.
func (e *editing) added() []vcard.Property {
	var all []vcard.Property
	add := func(name, value, kind string) {
		p := vcard.Property{Name: name, Value: value}
		p.SetTypes(nil, kindsOf(kind)...)
		all = append(all, p)
	}
	if !e.done["N"] && e.Given+e.Family != "" {
		add("N", vcard.Structured(e.Family, e.Given, "", "", ""), "")
	}
	if !e.done["FN"] {
		add("FN", vcard.Escape(e.fullName()), "")
	}
	if !e.done["ORG"] && e.Organisation+e.Department != "" {
		parts := []string{e.Organisation}
		if e.Department != "" {
			parts = append(parts, e.Department)
		}
		add("ORG", vcard.Structured(parts...), "")
	}
	if !e.done["TITLE"] && e.Title != "" {
		add("TITLE", vcard.Escape(e.Title), "")
	}
	for _, one := range e.Phones {
		if one.Value != "" {
			add("TEL", vcard.Escape(one.Value), one.Kind)
		}
	}
	for _, one := range e.Emails {
		if one.Value != "" {
			add("EMAIL", vcard.Escape(one.Value), one.Kind)
		}
	}
	for _, one := range e.Addresses {
		if !one.empty() {
			add("ADR", vcard.Structured("", "", one.Street, one.Town, "", one.PostCode, one.Country), one.Kind)
		}
	}
	if !e.done["BDAY"] && e.Birthday != "" {
		add("BDAY", e.written(e.Birthday), "")
	}
	if asked := e.asked(); !e.done["CATEGORIES"] && len(asked) > 0 {
		add("CATEGORIES", vcard.Listed(asked), "")
	}
	if !e.done["NOTE"] && e.Note != "" {
		add("NOTE", vcard.Escape(e.Note), "")
	}
	return all
}

// Create writes a new card into a book and names it. What is wrong in the draft is portal.FieldErrors; errors are
// those of Put otherwise.
func (s *Store) Create(ctx context.Context, caller portal.Caller, book BookID, d Draft) (name string, err error) {
	if err := d.judge(Person{}); err != nil {
		return "", err
	}
	uid := portal.NewID() + portal.NewID()
	empty := vcard.New(vcard.V3, vcard.Property{Name: "UID", Value: uid}, vcard.Property{Name: "N", Value: ";;;;"}) // 3.0 wants an N
	name = uid + ".vcf"
	_, err = s.Put(ctx, caller, book, name, d.write(empty).Encode(), dav.Conditions{NoneMatch: []string{"*"}})
	return name, err
}

func (d *Draft) judge(was Person) error {
	d.tidy()
	return d.check(was)
}

// Change writes a draft over a card, which must have this ETag: ErrCondition otherwise. All that the form does not
// show stays octet for octet. Errors are those of Put otherwise.
func (s *Store) Change(ctx context.Context, caller portal.Caller, book BookID, name, etag string, d Draft) error {
	c, err := s.Contact(ctx, caller, book, name)
	if err != nil {
		return err
	}
	card, err := vcard.Parse(c.Octets)
	if err != nil {
		return fmt.Errorf("contacts: change %.60q: %w", name, portal.ErrNotFound)
	}
	if err := d.judge(personOf(card)); err != nil {
		return err
	}
	_, err = s.Put(ctx, caller, book, name, d.write(card).Encode(), dav.Conditions{Match: []string{etag}})
	return err
}

// undoTime is how long a deletion can be taken back.
const undoTime = time.Hour

// Remove deletes a card, and returns what Undo takes it back by.
func (s *Store) Remove(ctx context.Context, caller portal.Caller, book BookID, name string) (undo string, err error) {
	undo = portal.NewID()
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		result, err := tx.Exec(ctx, `
			INSERT INTO contact_undo (collectivity, id, agent, book, name, kept, octets)
			SELECT collectivity, $4, $5, book, name, $6, octets FROM contacts WHERE collectivity = $1 AND book = $2 AND name = $3`,
			string(caller.Collectivity), string(book), name, undo, string(caller.Agent), database.Millis(s.now()))
		if err := database.OneRow(result, err); err != nil {
			return err
		}
		return s.delete(ctx, tx, caller, book, name, dav.Conditions{})
	})
	if err != nil {
		return "", fmt.Errorf("contacts: remove %.60q: %w", name, err)
	}
	return undo, nil
}

// Undo puts back a card that the caller removed within the hour; portal.ErrNotFound after it, and portal.ErrConflict
// where another card has taken its place.
func (s *Store) Undo(ctx context.Context, caller portal.Caller, id string) (book BookID, name string, err error) {
	var octets []byte
	err = s.db.QueryRow(ctx, `SELECT book, name, octets FROM contact_undo WHERE collectivity = $1 AND agent = $2 AND id = $3 AND kept >= $4`,
		string(caller.Collectivity), string(caller.Agent), id, database.Millis(s.now().Add(-undoTime))).Scan(&book, &name, &octets)
	if err != nil {
		return "", "", fmt.Errorf("contacts: undo: %w", err)
	}
	if _, err := s.Put(ctx, caller, book, name, octets, dav.Conditions{NoneMatch: []string{"*"}}); err != nil {
		return "", "", err
	}
	err = s.db.Write(ctx, `DELETE FROM contact_undo WHERE collectivity = $1 AND agent = $2 AND id = $3`, string(caller.Collectivity), string(caller.Agent), id)
	if err != nil {
		return "", "", fmt.Errorf("contacts: undo: %w", err)
	}
	return book, name, nil
}
