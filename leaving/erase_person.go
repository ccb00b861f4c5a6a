package leaving

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/outbox"
	"parvis/search"
)

// person is who is to be erased.
type person struct {
	agent, account, login, name, email string
	active                             bool
}

// errNotClosed is for who is still there: closing can be taken back, this can't.
var errNotClosed = portal.UserError{Kind: portal.ErrConflict, Key: "leaving.error.not-closed"}

func (s *Store) person(ctx context.Context, from querier, caller portal.Caller, agent portal.AgentID) (person, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return person{}, err
	}
	p := person{agent: string(agent)}
	var given, family string
	err := from.QueryRow(ctx, `
		SELECT a.given_name, a.family_name, a.email, a.active, COALESCE(a.account, ''), COALESCE(p.login, '') FROM agents a
		LEFT JOIN accounts p ON p.id = a.account WHERE a.collectivity = $1 AND a.id = $2`, string(caller.Collectivity), string(agent)).
		Scan(&given, &family, &p.email, &p.active, &p.account, &p.login)
	p.name = strings.TrimSpace(given + " " + family)
	if err == nil && (p.active || agent == caller.Agent) {
		return p, errNotClosed
	}
	return p, err
}

// NameOf is the name of a closed agent of the caller's collectivity, for the page
// that says what her erasure does.
func (s *Store) NameOf(ctx context.Context, caller portal.Caller, agent portal.AgentID) (string, error) {
	found, err := s.person(ctx, s.DB, caller, agent)
	return found.name, wrap(err, "read who is to be erased")
}

// ErasePerson removes an agent who was closed, for ever: all that is hers goes, what
// she made for the collectivity stays and names the number of the certificate, as do
// the lines of the journal. Her account goes when it serves nowhere else. It needs
// the administrator's right. portal.ErrConflict for one who is not closed.
func (s *Store) ErasePerson(ctx context.Context, caller portal.Caller, agent portal.AgentID, address string) (Certificate, error) {
	var done Certificate
	var account string
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		found, err := s.person(ctx, tx, caller, agent)
		if err != nil {
			return err
		}
		account = found.account
		now := s.Now().UTC().Truncate(time.Second)
		e := &eraser{ctx: ctx, tx: tx, of: string(caller.Collectivity), certificate: Certificate{
			Number: newNumber(), Kind: "person", Asked: now, Done: now, Deleted: map[string]int64{}, Unnamed: map[string]int64{}, Kept: []string{keptJournal, keptWritings},
		}}
		if err := e.person(found); err != nil {
			return err
		}
		done = e.certificate
		text, sum, err := done.seal()
		if err != nil {
			return err
		}
		if err := tx.Write(ctx, `INSERT INTO person_erasures (collectivity, id, done, certificate, sha256) VALUES ($1, $2, $3, $4, $5)`,
			e.of, done.Number, database.Millis(s.Now()), text, sum); err != nil {
			return err
		}
		line := audit.By(caller, audit.AgentErased)
		line.At, line.Object, line.ObjectID, line.Detail, line.Address = s.Now(), done.Number, done.Number, sum, address
		if err := audit.Write(ctx, tx, line); err != nil {
			return err
		}
		// Whom the collectivity told of her is told that she is to be forgotten (RGPD art. 19).
		return outbox.Put(ctx, tx, caller.Collectivity, outbox.Event{Kind: outbox.AgentErased, At: s.Now(), Agent: agent})
	})
	if err != nil {
		return Certificate{}, wrap(err, "erase a person")
	}
	s.Changed(portal.AccountID(account))
	// an archive that waits to be taken tells of her
	return done, wrap(os.RemoveAll(s.exportDir(caller.Collectivity)), "erase a person: archives")
}

func (e *eraser) person(p person) error {
	for _, step := range []func(person) error{e.queue, e.letters, e.signatures, e.journal, e.rows, e.her} {
		if err := step(p); err != nil {
			return err
		}
	}
	return nil
}

// queue has the search read anew what names her.
func (e *eraser) queue(p person) error {
	id := portal.CollectivityID(e.of)
	if err := (search.Queue{}).Changed(e.ctx, e.tx, id, search.KindPerson, p.agent); err != nil {
		return err
	}
	for _, of := range []struct {
		kind  search.Kind
		query string
	}{
		{search.KindDocument, `SELECT DISTINCT document FROM document_versions WHERE collectivity = $1 AND author = $2`},
		{search.KindEvent, `SELECT o.id FROM calendar_objects o JOIN calendars c ON c.collectivity = o.collectivity AND c.id = o.calendar WHERE o.collectivity = $1 AND c.owner = $2`},
		{search.KindArticle, `SELECT id FROM articles WHERE collectivity = $1 AND author = $2`},
	} {
		ids, err := e.texts(of.query, e.of, p.agent)
		if err != nil {
			return err
		}
		if err := (search.Queue{}).Changed(e.ctx, e.tx, id, of.kind, ids...); err != nil {
			return err
		}
	}
	return nil
}

func (e *eraser) texts(query string, args ...any) ([]string, error) {
	rows, err := e.tx.Query(e.ctx, query, args...)
	return database.Collect(rows, err, func(rows *sql.Rows) (text string, err error) { return text, rows.Scan(&text) })
}

// letters removes those that wait to be sent to her, and the archives that tell of her:
// their files go once all is done.
func (e *eraser) letters(p person) error {
	logins := []any{e.of, p.login, strings.ToLower(p.email)}
	for _, text := range []struct{ table, query string }{
		{"outgoing_mail", `DELETE FROM outgoing_mail WHERE collectivity = $1 AND id IN (
			SELECT mail FROM invitation_letters WHERE collectivity = $1 AND login IN ($2, $3) UNION SELECT mail FROM invitations WHERE collectivity = $1 AND login IN ($2, $3))`},
		{"invitation_letters", `DELETE FROM invitation_letters WHERE collectivity = $1 AND login IN ($2, $3)`},
	} {
		if err := e.count(e.certificate.Deleted, text.table, text.query, logins...); err != nil {
			return err
		}
	}
	return e.count(e.certificate.Deleted, "collectivity_exports", `DELETE FROM collectivity_exports WHERE collectivity = $1 AND state <> $2`, e.of, stateWaiting)
}

// signatures replaces her name under what she wrote for the collectivity.
func (e *eraser) signatures(p person) error {
	for _, text := range []struct{ table, query string }{
		{"document_versions", `UPDATE document_versions SET author_name = $3 WHERE collectivity = $1 AND author = $2`},
		{"articles", `UPDATE articles SET author_name = $3 WHERE collectivity = $1 AND author = $2`},
	} {
		if _, err := e.tx.Exec(e.ctx, text.query, e.of, p.agent, e.certificate.Number); err != nil {
			return err
		}
	}
	_, err := e.tx.Exec(e.ctx, `UPDATE assistances SET ended_by = $3 WHERE collectivity = $1 AND ended_by = $2`, e.of, p.name, e.certificate.Number)
	return err
}

// journal has the lines name the number, and forget whence she came. Those that tell
// of her in a text, such as whom somebody invited, are found by her name and login.
func (e *eraser) journal(p person) error {
	if _, err := e.tx.Exec(e.ctx, `
		UPDATE audit_lines SET login = '', account = '', address = '' WHERE collectivity = $1 AND (agent = $2 OR account = $3 AND account <> '')`, e.of, p.agent, p.account); err != nil {
		return err
	}
	if _, err := e.tx.Exec(e.ctx, `UPDATE audit_lines SET object = $3 WHERE collectivity = $1 AND object_id = $2`, e.of, p.agent, e.certificate.Number); err != nil {
		return err
	}
	for _, word := range []string{p.login, p.email, p.name} {
		if word == "" {
			continue
		}
		if err := e.mentions(p, word); err != nil {
			return err
		}
	}
	return nil
}

// mention is a line of the journal that may tell of her.
type mention struct {
	at                      int64
	id                      string
	login, object, objectID string
	detail                  string
	ofAnother               bool // its object is another agent, who may have the same name
}

func scanMention(rows *sql.Rows) (m mention, err error) {
	return m, rows.Scan(&m.at, &m.id, &m.login, &m.object, &m.objectID, &m.detail, &m.ofAnother)
}

// mentions replaces a word of hers in every line, and nothing in a longer one: « Marie
// Martin » is not « Marie Martinez », and a namesake keeps her name.
func (e *eraser) mentions(p person, word string) error {
	rows, err := e.tx.Query(e.ctx, `
		SELECT at, id, login, object, object_id, detail, EXISTS (SELECT 1 FROM agents a WHERE a.collectivity = $1 AND a.id = l.object_id AND a.id <> $3)
		FROM audit_lines l WHERE collectivity = $1
			AND (replace(login, $2, '') <> login OR replace(object, $2, '') <> object OR replace(object_id, $2, '') <> object_id OR replace(detail, $2, '') <> detail)`,
		e.of, word, p.agent)
	found, err := database.Collect(rows, err, scanMention)
	if err != nil {
		return err
	}
	for _, was := range found {
		is := was
		for _, text := range []*string{&is.login, &is.object, &is.objectID, &is.detail} {
			if text != &is.object || word != p.name || !was.ofAnother {
				*text = replaceWord(*text, word, e.certificate.Number)
			}
		}
		if is == was {
			continue
		}
		err := e.count(e.certificate.Unnamed, "audit_lines", `UPDATE audit_lines SET login = $4, object = $5, object_id = $6, detail = $7 WHERE collectivity = $1 AND at = $2 AND id = $3`,
			e.of, is.at, is.id, is.login, is.object, is.objectID, is.detail)
		if err != nil {
			return err
		}
	}
	return nil
}

// replaceWord replaces a word, a name or an address where it stands alone.
func replaceWord(text, word, by string) string {
	var made strings.Builder
	rest := text
	for {
		at := strings.Index(rest, word)
		if at < 0 {
			made.WriteString(rest)
			return made.String()
		}
		end := at + len(word)
		if standsAlone(text[:len(text)-len(rest)+at], rest[end:]) {
			made.WriteString(rest[:at] + by)
		} else {
			made.WriteString(rest[:end])
		}
		rest = rest[end:]
	}
}

// standsAlone says whether what is between two texts is not a part of a longer name or
// address. A point or a hyphen that nothing follows ends a sentence.
func standsAlone(before, after string) bool {
	inside := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '@' }
	last, _ := utf8.DecodeLastRuneInString(before)
	if inside(last) || last == '-' || last == '.' || last == '+' {
		return false
	}
	next, size := utf8.DecodeRuneInString(after)
	if next == '-' || next == '.' {
		next, _ = utf8.DecodeRuneInString(after[size:])
	}
	return !inside(next)
}

// rows goes through the catalogue: first what hangs on rows of hers, then these.
func (e *eraser) rows(p person) error {
	for _, table := range hanging() {
		if err := e.count(e.certificate.Deleted, table.Name, `DELETE FROM `+table.Name+` WHERE collectivity = $1 AND `+e.under(table), e.of, p.agent); err != nil {
			return err
		}
	}
	for _, table := range catalogue {
		for column, fate := range table.Person {
			if table.Name == "agents" && column == "id" {
				continue // last
			}
			if err := e.column(table, column, fate, p.agent); err != nil {
				return err
			}
		}
	}
	return nil
}

// hanging are the tables whose rows hang on others, the deepest first.
func hanging() []Table {
	var deep, all []Table
	for _, table := range catalogue {
		switch {
		case table.Under == nil:
		case byName(table.Under.Table).Under != nil:
			deep = append(deep, table)
		default:
			all = append(all, table)
		}
	}
	return append(deep, all...)
}

// under is the condition that a row hangs, at the end, on one of hers.
func (e *eraser) under(table Table) string {
	parent := byName(table.Under.Table)
	if parent.Under != nil {
		return table.Under.Column + ` IN (SELECT id FROM ` + parent.Name + ` WHERE collectivity = $1 AND ` + e.under(parent) + `)`
	}
	for column, fate := range parent.Person {
		if fate == Gone {
			return table.Under.Column + ` IN (SELECT id FROM ` + parent.Name + ` WHERE collectivity = $1 AND ` + column + ` = $2)`
		}
	}
	return `1 = 0`
}

func (e *eraser) column(table Table, column string, fate Fate, agent string) error {
	condition := ` WHERE collectivity = $1 AND ` + column + ` = $2`
	if column == "subject" { // rights and shares are also given to groups and units
		condition += ` AND kind = 'agent'`
	}
	switch fate {
	case Gone:
		return e.count(e.certificate.Deleted, table.Name, `DELETE FROM `+table.Name+condition, e.of, agent)
	case Pseudonym:
		return e.count(e.certificate.Unnamed, table.Name, `UPDATE `+table.Name+` SET `+column+` = $3`+condition, e.of, agent, e.certificate.Number)
	case Nobody:
		return e.count(e.certificate.Unnamed, table.Name, `UPDATE `+table.Name+` SET `+column+` = ''`+condition, e.of, agent)
	}
	return nil
}

// her removes the agent, and the account that serves nowhere else.
func (e *eraser) her(p person) error {
	alone := false
	err := e.tx.QueryRow(e.ctx, `SELECT `+onlyHere+` FROM agents a WHERE a.collectivity = $1 AND a.id = $2`, e.of, p.agent).Scan(&alone)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	if p.account != "" {
		for _, table := range catalogue {
			if len(table.Account) == 0 || table.Name == "agents" || table.Name == "audit_lines" {
				continue
			}
			if err := e.accountIn(table, p.account); err != nil {
				return err
			}
		}
	}
	if err := e.count(e.certificate.Deleted, "agents", `DELETE FROM agents WHERE collectivity = $1 AND id = $2`, e.of, p.agent); err != nil {
		return err
	}
	switch {
	case p.account == "":
		return nil
	case !alone:
		e.certificate.Kept = append(e.certificate.Kept, keptAccount)
		return nil
	}
	return e.account(p.account)
}

// accountIn has a table forget an account: its rows go, but for those that are the
// collectivity's, of which other rows hang.
func (e *eraser) accountIn(table Table, account string) error {
	for _, fate := range table.Person {
		if fate == Pseudonym {
			return e.count(e.certificate.Unnamed, table.Name, `UPDATE `+table.Name+` SET account = '' WHERE collectivity = $1 AND account = $2`, e.of, account)
		}
	}
	return e.count(e.certificate.Deleted, table.Name, `DELETE FROM `+table.Name+` WHERE collectivity = $1 AND account = $2`, e.of, account)
}

func byName(name string) Table {
	for _, table := range catalogue {
		if table.Name == name {
			return table
		}
	}
	return Table{}
}
