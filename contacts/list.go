package contacts

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/dav/vcard"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// Query says which people to list. The zero Query is the first page of all the caller's books.
type Query struct {
	Book     BookID // "" for all that are in her address books
	Text     string // words that begin words of the card, accents and case aside; digits of a telephone
	Category string // of CATEGORIES, "" for any
	Group    string // name of the card of a group in Book, "" for any
	Page     int    // from 1; less is 1
}

// Listed is a person as lists show her.
type Listed struct {
	Book                               BookID
	Name                               string // of the card
	FullName, Detail, Phone, Email, ID string // ID is for addresses of pages
	Photo                              bool
	ETag                               string
}

// Found is a page of people, by family name.
type Found struct {
	People      []Listed
	Total       int
	Page, Pages int // Pages is 0 when nobody is found
}

// Grouping is a group of people: a card of its own, or a category that cards share.
type Grouping struct {
	Book     BookID // of a card
	Card     string // its name; "" for a category
	Name     string
	Category bool
	Count    int
}

const (
	pageSize     = 50
	askedWords   = 5   // the others are left out
	longestAsked = 100 // bytes of a word
	withCategory = ` AND EXISTS (SELECT 1 FROM contact_links l WHERE l.collectivity = $1 AND l.book = c.book AND l.name = c.name AND l.kind = 'category' AND l.value = `
	// IS TRUE has PostgreSQL read the members once, as SQLite does, also where it does not know yet how many there are.
	withGroup     = ` AND (c.reference IN (SELECT l.value FROM contact_links l WHERE l.collectivity = $1 AND l.kind = 'member' AND l.book = `
	peopleOfBooks = ` FROM contacts c WHERE c.collectivity = $1 AND c.kind = '' AND c.book IN `
	listedColumns = `c.book, c.name, c.full_name, c.detail, c.phone, c.email, c.photo, c.etag`
)

func scanPerson(rows *sql.Rows) (l Listed, err error) { return l, l.scan(rows) }

// scan reads listedColumns, and more that follow them.
func (l *Listed) scan(rows *sql.Rows, more ...any) error {
	err := rows.Scan(append([]any{&l.Book, &l.Name, &l.FullName, &l.Detail, &l.Phone, &l.Email, &l.Photo, &l.ETag}, more...)...)
	l.ID = cardID(l.Name)
	return err
}

// People lists those of the caller's books, 50 a page. portal.ErrNotFound for a book that she may not read.
func (s *Store) People(ctx context.Context, caller portal.Caller, query Query) (Found, error) {
	books, err := s.asked(ctx, caller, query.Book)
	if err != nil {
		return Found{}, err
	}
	among, args := database.Among([]any{string(caller.Collectivity)}, books)
	where := ""
	value := func(text string) string {
		args = append(args, text)
		return database.Params(len(args), 1)
	}
	for _, word := range askedFor(query.Text) {
		where += ` AND c.words LIKE '%' || ` + value(word) + ` || '%'`
	}
	if query.Category != "" {
		where += withCategory + value(clip(query.Category, maxName)) + `)`
	}
	if query.Group != "" {
		where += withGroup + value(string(query.Book)) + ` AND l.name = ` + value(query.Group) + `)) IS TRUE`
	}
	var found Found
	if err := s.db.QueryRow(ctx, `SELECT COUNT(*)`+peopleOfBooks+among+where, args...).Scan(&found.Total); err != nil {
		return Found{}, fmt.Errorf("contacts: count people: %w", err)
	}
	found.Pages = (found.Total + pageSize - 1) / pageSize
	found.Page = max(1, min(query.Page, found.Pages))
	rows, err := s.db.Query(ctx, `SELECT `+listedColumns+peopleOfBooks+among+where+`
		ORDER BY c.sort_name, c.name, c.book LIMIT 50 OFFSET `+value("")+` + 0`, append(args[:len(args)-1], (found.Page-1)*pageSize)...)
	found.People, err = database.Collect(rows, err, scanPerson)
	if err != nil {
		return Found{}, fmt.Errorf("contacts: list people: %w", err)
	}
	return found, nil
}

// askedFor are the words of a search as words of cards begin: digits alone are looked for as in telephones.
func askedFor(text string) []string {
	words := strings.Fields(i18n.Fold(clip(text, 500)))
	if len(words) > 1 && isDigits(strings.Join(words, "")) { // a number, typed by pairs
		return []string{digitsOf(strings.Join(words, ""))}
	}
	if len(words) > askedWords {
		words = words[:askedWords]
	}
	for i, word := range words {
		if word = clip(word, longestAsked); !isDigits(word) {
			word = " " + word
		}
		words[i] = word
	}
	return words
}

// asked are the books that a query is about, ready to be listed.
func (s *Store) asked(ctx context.Context, caller portal.Caller, id BookID) ([]BookID, error) {
	var books []Book
	var err error
	if id == "" {
		books, err = s.Books(ctx, caller)
	} else {
		var b Book
		b, err = s.Book(ctx, caller, id)
		books = []Book{b}
	}
	if err != nil {
		return nil, err
	}
	ids := make([]BookID, len(books))
	for i, b := range books {
		if err := s.derive(ctx, caller.Collectivity, b); err != nil {
			return nil, err
		}
		ids[i] = b.ID
	}
	return ids, nil
}

// Groupings are the groups of a book, or of all of the caller's for "": cards of groups first, then categories,
// by name.
func (s *Store) Groupings(ctx context.Context, caller portal.Caller, id BookID) ([]Grouping, error) {
	books, err := s.asked(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	among, args := database.Among([]any{string(caller.Collectivity)}, books)
	rows, err := s.db.Query(ctx, `
		SELECT c.book, c.name, c.full_name FROM contacts c
		WHERE c.collectivity = $1 AND c.kind = 'group' AND c.book IN `+among+` ORDER BY c.sort_name, c.name LIMIT 100`, args...)
	groups, err := database.Collect(rows, err, func(rows *sql.Rows) (g Grouping, err error) {
		return g, rows.Scan(&g.Book, &g.Card, &g.Name)
	})
	if err == nil {
		err = s.countMembers(ctx, among, args, groups)
	}
	if err != nil {
		return nil, fmt.Errorf("contacts: list groups: %w", err)
	}
	rows, err = s.db.Query(ctx, `
		SELECT l.value, COUNT(*) FROM contact_links l
		JOIN contacts c ON c.collectivity = $1 AND c.book = l.book AND c.name = l.name AND c.kind = ''
		WHERE l.collectivity = $1 AND l.kind = 'category' AND l.book IN `+among+`
		GROUP BY l.value ORDER BY l.value LIMIT 100`, args...)
	categories, err := database.Collect(rows, err, func(rows *sql.Rows) (g Grouping, err error) {
		g.Category = true
		return g, rows.Scan(&g.Name, &g.Count)
	})
	if err != nil {
		return nil, fmt.Errorf("contacts: list groups: %w", err)
	}
	slices.SortFunc(categories, func(a, b Grouping) int { return i18n.ByName(a.Name, b.Name) })
	return append(groups, categories...), nil
}

// countMembers fills in how many of their members the groups of some books have there.
func (s *Store) countMembers(ctx context.Context, among string, args []any, groups []Grouping) error {
	if len(groups) == 0 {
		return nil
	}
	rows, err := s.db.Query(ctx, `
		SELECT l.book, l.name, COUNT(*) FROM contact_links l
		WHERE l.collectivity = $1 AND l.kind = 'member' AND l.book IN `+among+`
			AND ((l.book, l.value) IN (SELECT m.book, m.reference FROM contacts m WHERE m.collectivity = $1 AND m.kind = '' AND m.book IN `+among+`)) IS TRUE
		GROUP BY l.book, l.name`, args...)
	counted, err := database.Collect(rows, err, func(rows *sql.Rows) (g Grouping, err error) {
		return g, rows.Scan(&g.Book, &g.Card, &g.Count)
	})
	of := make(map[Grouping]int, len(counted))
	for _, g := range counted {
		of[Grouping{Book: g.Book, Card: g.Card}] = g.Count
	}
	for i, g := range groups {
		groups[i].Count = of[Grouping{Book: g.Book, Card: g.Card}]
	}
	return err
}

// Read is a card as a page shows it.
type Read struct {
	Person
	Book   Book
	Name   string // of the card
	ID     string // for addresses of pages
	ETag   string
	At     time.Time // when it was last changed
	In     []Grouping
	Broken bool // it can't be read any more: nothing is known but its name
}

// Person reads a card; portal.ErrNotFound.
func (s *Store) Person(ctx context.Context, caller portal.Caller, book BookID, name string) (Read, error) {
	b, err := s.Book(ctx, caller, book)
	if err != nil {
		return Read{}, err
	}
	c, err := s.Contact(ctx, caller, book, name)
	if err != nil {
		return Read{}, err
	}
	read := Read{Book: b, Name: name, ID: cardID(name), ETag: c.ETag, At: c.Modified}
	card, err := vcard.Parse(c.Octets)
	if err != nil {
		read.Broken, read.FullName = true, c.FullName
		return read, nil
	}
	read.Person = personOf(card)
	read.FullName = read.shown()
	read.In, err = s.groupsWith(ctx, caller, book, vcard.Reference(card.UID))
	return read, err
}

// groupsWith are the groups of a book that have a member.
func (s *Store) groupsWith(ctx context.Context, caller portal.Caller, book BookID, reference string) ([]Grouping, error) {
	rows, err := s.db.Query(ctx, `
		SELECT c.name, c.full_name FROM contact_links l
		JOIN contacts c ON c.collectivity = $1 AND c.book = l.book AND c.name = l.name AND c.kind = 'group'
		WHERE l.collectivity = $1 AND l.book = $2 AND l.kind = 'member' AND l.value = $3 ORDER BY c.sort_name LIMIT 100`,
		string(caller.Collectivity), string(book), clip(reference, maxName))
	groups, err := database.Collect(rows, err, func(rows *sql.Rows) (g Grouping, err error) {
		g.Book = book
		return g, rows.Scan(&g.Card, &g.Name)
	})
	if err != nil {
		return nil, fmt.Errorf("contacts: groups of a card: %w", err)
	}
	return groups, nil
}

// Recent are the people of the caller's own books that were changed last, at most limit. Those of a unit are left
// out: what is kept of the answer would outlast her place there.
func (s *Store) Recent(ctx context.Context, caller portal.Caller, limit int) ([]Listed, error) {
	books, err := s.Books(ctx, caller)
	if err != nil {
		return nil, err
	}
	var all []recent
	for _, book := range books {
		if !book.Own() {
			continue
		}
		if err := s.derive(ctx, caller.Collectivity, book); err != nil {
			return nil, err
		}
		rows, err := s.db.Query(ctx, `
			SELECT `+listedColumns+`, h.changed FROM contact_changes h
			JOIN contacts c ON c.collectivity = $1 AND c.book = $2 AND c.name = h.name AND c.kind = ''
			WHERE h.collectivity = $1 AND h.book = $2 AND NOT h.deleted ORDER BY h.sequence DESC LIMIT 0 + $3`,
			string(caller.Collectivity), string(book.ID), limit)
		found, err := database.Collect(rows, err, scanRecent)
		if err != nil {
			return nil, fmt.Errorf("contacts: recent people: %w", err)
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b recent) int { return cmp.Compare(b.changed, a.changed) })
	people := make([]Listed, 0, limit)
	for _, one := range all[:min(len(all), limit)] {
		people = append(people, one.Listed)
	}
	return people, nil
}

type recent struct {
	Listed
	changed int64
}

func scanRecent(rows *sql.Rows) (one recent, err error) { return one, one.scan(rows, &one.changed) }
