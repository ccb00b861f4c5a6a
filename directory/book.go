package directory

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"parvis/dav"
	"parvis/portal"
	"parvis/portal/database"
)

// Card is an agent's entry as the directory's address book has it.
type Card struct {
	Agent    portal.AgentID
	ETag     string    // quoted: what the card says, but for REV
	Modified time.Time // since when it says so
	Octets   []byte    // nil in listings
}

// Book is the state of the directory as an address book.
type Book struct {
	Body      string // name of the collectivity
	Sync      dav.SyncToken
	forgotten int64
	seen      veil // a phone keeps what it reads: what everyone may see
}

// CardChanges is what happened to the cards since a token.
type CardChanges struct {
	Changed []Card // without octets
	Gone    []portal.AgentID
	Token   dav.SyncToken
	More    bool // there are changes after Token
}

// ErrSyncToken: the token is of another epoch, of the future, or older than the log.
var ErrSyncToken = fmt.Errorf("directory: sync token: %w", portal.ErrInvalid)

// books remembers until when the log of each collectivity's cards is known to say what its agents say.
// Cards are compared and need not be announced: whatever writes to agents, units or names, also another
// process or a feature to come, is seen within bookFresh. Who is announced is seen at once, and alone.
type books struct {
	mu    sync.Mutex
	known map[portal.CollectivityID]*knownBook
}

type knownBook struct {
	comparing sync.Mutex // one comparison at a time
	at        time.Time  // of the last one of all cards, zero for never
	touched   map[portal.AgentID]bool
}

const (
	// bookFresh is how long a change of another process may go unseen, as with sessions.
	bookFresh = 5 * time.Second
	// comparedAlone is how many agents are looked at by name: always as many, so that the query is prepared
	// once. When more changed, all are.
	comparedAlone = 50
)

func (b *books) of(collectivity portal.CollectivityID) *knownBook {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil {
		b.known = map[portal.CollectivityID]*knownBook{}
	}
	if b.known[collectivity] == nil {
		b.known[collectivity] = &knownBook{touched: map[portal.AgentID]bool{}}
	}
	return b.known[collectivity]
}

// touch announces agents whose cards may say something new.
func (b *books) touch(collectivity portal.CollectivityID, agents []string) {
	known := b.of(collectivity)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, agent := range agents[:min(len(agents), comparedAlone+1)] { // more are all
		if len(known.touched) <= comparedAlone {
			known.touched[portal.AgentID(agent)] = true
		}
	}
}

// touchAll announces something that every card says.
func (b *books) touchAll(collectivity portal.CollectivityID) {
	known := b.of(collectivity)
	b.mu.Lock()
	defer b.mu.Unlock()
	known.at = time.Time{}
}

// due are the agents to compare: none when everything is known, and all rather than some when it was long
// ago. They count as compared from now on.
func (b *books) due(known *knownBook, now time.Time) (some []portal.AgentID, all bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for agent := range known.touched {
		some = append(some, agent)
	}
	clear(known.touched)
	if known.at.IsZero() || now.Sub(known.at) >= bookFresh || len(some) > comparedAlone {
		known.at = now
		return nil, true
	}
	return some, false
}

// Book is the directory of the caller's collectivity, its log brought up to date. Who
// only assists has none.
func (s *Store) Book(ctx context.Context, caller portal.Caller) (Book, error) {
	if caller.Assists() {
		return Book{}, portal.ErrNotFound
	}
	if err := s.compareCards(ctx, caller.Collectivity); err != nil {
		return Book{}, fmt.Errorf("directory: compare cards: %w", err)
	}
	seen, err := s.openVeil(ctx, caller.Collectivity)
	if err != nil {
		return Book{}, fmt.Errorf("directory: book: %w", err)
	}
	book := Book{seen: seen}
	err = s.db.QueryRow(ctx, `
		SELECT c.name, b.epoch, b.sequence, b.forgotten FROM collectivities c JOIN directory_books b ON b.collectivity = c.id
		WHERE c.id = $1 AND b.collectivity = $1`,
		string(caller.Collectivity)).Scan(&book.Body, &book.Sync.Epoch, &book.Sync.Sequence, &book.forgotten)
	if err != nil {
		return Book{}, fmt.Errorf("directory: book: %w", err)
	}
	return book, nil
}

// compareCards writes down which cards say something new, unless it is known that none does.
func (s *Store) compareCards(ctx context.Context, collectivity portal.CollectivityID) error {
	known := s.books.of(collectivity)
	known.comparing.Lock()
	defer known.comparing.Unlock()
	some, all := s.books.due(known, s.now())
	if len(some) == 0 && !all {
		return nil
	}
	news, err := s.newsOfCards(ctx, collectivity, some)
	if err == nil && (len(news.etags) > 0 || news.unmade) {
		// What another node wrote down meanwhile may be written over: the next comparison finds it again.
		err = s.db.Tx(ctx, func(tx *database.Tx) error { return s.logCards(ctx, tx, collectivity, news) })
	}
	if err != nil {
		s.books.touchAll(collectivity)
	}
	return err
}

// cardNews is what the log does not know yet.
type cardNews struct {
	unmade bool                      // there is no log
	etags  map[portal.AgentID]string // of cards that changed; "" for who left
}

// The texts that compare all cards, and comparedAlone of them.
const (
	loggedAll  = `SELECT agent, etag FROM directory_cards WHERE collectivity = $1`
	loggedSome = loggedAll + ` AND agent IN (`
	listedAll  = `SELECT ` + agentColumns + agentTables + `WHERE a.collectivity = $1 AND a.active`
	listedSome = listedAll + ` AND a.id IN (`
)

// newsOfCards compares the cards of some agents, or of all for none.
func (s *Store) newsOfCards(ctx context.Context, collectivity portal.CollectivityID, some []portal.AgentID) (cardNews, error) {
	news := cardNews{etags: map[portal.AgentID]string{}}
	var body string
	var sequence sql.NullInt64
	err := s.db.QueryRow(ctx, `
		SELECT c.name, b.sequence FROM collectivities c LEFT JOIN directory_books b ON b.collectivity = c.id AND b.collectivity = $1 WHERE c.id = $1`,
		string(collectivity)).Scan(&body, &sequence)
	if err != nil {
		return news, err
	}
	news.unmade = !sequence.Valid
	loggedText, listedText, args := loggedAll, listedAll, []any{string(collectivity)}
	if len(some) > 0 {
		in := database.Params(2, comparedAlone) + `)`
		loggedText, listedText = loggedSome+in, listedSome+in
		for i := range comparedAlone {
			args = append(args, string(some[min(i, len(some)-1)]))
		}
	}
	found, err := s.db.Query(ctx, loggedText, args...)
	logged, err := database.Collect(found, err, func(rows *sql.Rows) (c Card, err error) { return c, rows.Scan(&c.Agent, &c.ETag) })
	if err != nil {
		return news, err
	}
	before := make(map[portal.AgentID]string, len(logged))
	for _, c := range logged {
		before[c.Agent] = c.ETag
	}
	found, err = s.db.Query(ctx, listedText, args...)
	agents, err := database.Collect(found, err, func(rows *sql.Rows) (Agent, error) { return scanAgent(rows.Scan) })
	if err != nil {
		return news, err
	}
	seen, err := s.openVeil(ctx, collectivity)
	if err != nil {
		return news, err
	}
	for _, a := range seen.overAll(agents) {
		if etag := a.cardETag(body); before[a.ID] != etag {
			news.etags[a.ID] = etag
		}
		delete(before, a.ID)
	}
	for agent, etag := range before {
		if etag != "" {
			news.etags[agent] = ""
		}
	}
	return news, nil
}

// cardForm is another one whenever Agent.VCard writes the same agent differently, so that phones read her
// card again.
const cardForm = "1"

// cardETag is half of a SHA-256 of what the card is made of: writing thousands of cards to see that one
// changed takes ten times as long.
func (a Agent) cardETag(body string) string {
	text := strings.Join([]string{
		cardForm, body, string(a.ID), a.GivenName, a.FamilyName, a.Function, a.UnitName, a.Email, a.Phone, a.Mobile, a.Office,
	}, "\x00")
	if a.Photo != "" {
		text += "\x00" + a.Photo
	}
	sum := sha256.Sum256([]byte(text))
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// logCards numbers the news.
func (s *Store) logCards(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, news cardNews) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO directory_books (collectivity, epoch, sequence, forgotten) VALUES ($1, $2, 0, 0)
		ON CONFLICT (collectivity) DO NOTHING`, string(collectivity), portal.NewID())
	if err != nil {
		return err
	}
	var sequence int64
	err = tx.QueryRow(ctx, `UPDATE directory_books SET sequence = sequence + $2 WHERE collectivity = $1 RETURNING sequence`,
		string(collectivity), len(news.etags)).Scan(&sequence)
	if err != nil {
		return err
	}
	next := sequence - int64(len(news.etags))
	now := database.Millis(s.now())
	for agent, etag := range news.etags {
		next++
		_, err := tx.Exec(ctx, `
			INSERT INTO directory_cards (collectivity, agent, etag, sequence, changed) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (collectivity, agent) DO UPDATE SET etag = excluded.etag, sequence = excluded.sequence, changed = excluded.changed`,
			string(collectivity), string(agent), etag, next, now)
		if err != nil {
			return err
		}
	}
	return nil
}

func scanCard(rows *sql.Rows) (c Card, err error) {
	var changed int64
	err = rows.Scan(&c.Agent, &c.ETag, &changed)
	c.Modified = database.FromMillis(changed)
	return c, err
}

// Cards are those of all active agents of the caller's collectivity, without octets.
func (s *Store) Cards(ctx context.Context, caller portal.Caller) ([]Card, error) {
	if _, err := s.Book(ctx, caller); err != nil {
		return nil, err
	}
	rows, err := s.db.Query(ctx, `SELECT agent, etag, changed FROM directory_cards WHERE collectivity = $1 AND etag <> ''`, string(caller.Collectivity))
	all, err := database.Collect(rows, err, scanCard)
	if err != nil {
		return nil, fmt.Errorf("directory: list cards: %w", err)
	}
	return all, nil
}

const (
	cardsOf = `SELECT ` + agentColumns + `, k.changed, p.octets FROM agents a LEFT JOIN units u ON u.collectivity = a.collectivity AND u.id = a.unit
		JOIN directory_cards k ON k.collectivity = a.collectivity AND k.agent = a.id
		LEFT JOIN agent_photos p ON p.collectivity = a.collectivity AND p.agent = a.id AND p.side = 192 WHERE a.collectivity = $1 AND a.active`
	cardsAfter = cardsOf + ` AND a.id > $2 ORDER BY a.id LIMIT 500`
)

// cardBatch is how many cards EachCard reads at a time.
const cardBatch = 500

// CardsOf are those of some agents with their octets; who left, or is of another collectivity, is left out.
func (s *Store) CardsOf(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]Card, error) {
	book, err := s.Book(ctx, caller)
	if err != nil {
		return nil, err
	}
	all := make(map[portal.AgentID]Card, len(agents))
	const together = 50 // always the same, so that the query is prepared once
	for len(agents) > 0 {
		n := min(together, len(agents))
		args := []any{string(caller.Collectivity)}
		for i := range together {
			args = append(args, string(agents[min(i, n-1)]))
		}
		rows, err := s.db.Query(ctx, cardsOf+` AND a.id IN (`+database.Params(2, together)+`)`, args...)
		found, err := database.Collect(rows, err, book.scan(caller.Collectivity))
		if err != nil {
			return nil, fmt.Errorf("directory: read cards: %w", err)
		}
		for _, c := range found {
			all[c.Agent] = c
		}
		agents = agents[n:]
	}
	return all, nil
}

// EachCard visits the cards of all active agents, with octets.
func (s *Store) EachCard(ctx context.Context, caller portal.Caller, visit func(Card) error) error {
	book, err := s.Book(ctx, caller)
	if err != nil {
		return err
	}
	for after := portal.AgentID(""); ; {
		rows, err := s.db.Query(ctx, cardsAfter, string(caller.Collectivity), string(after))
		some, err := database.Collect(rows, err, book.scan(caller.Collectivity))
		if err != nil {
			return fmt.Errorf("directory: read cards: %w", err)
		}
		for _, c := range some {
			if err := visit(c); err != nil {
				return err
			}
			after = c.Agent
		}
		if len(some) < cardBatch {
			return nil
		}
	}
}

// scan writes the card of a row of cardsOf.
func (b Book) scan(collectivity portal.CollectivityID) func(rows *sql.Rows) (Card, error) {
	return func(rows *sql.Rows) (Card, error) {
		var changed int64
		var photo []byte
		a, err := scanAgent(func(dest ...any) error { return rows.Scan(append(dest, &changed, &photo)...) })
		if a = b.seen.over(a); a.Photo == "" {
			photo = nil
		}
		rev := database.FromMillis(changed)
		return Card{
			Agent: a.ID, ETag: a.cardETag(b.Body), Modified: rev,
			Octets: a.VCard(collectivity, b.Body, rev, photo).Encode(),
		}, err
	}
}

// CardsSince lists at most limit (0: all) changes since a token, oldest first; with the zero token, every
// card. ErrSyncToken when the log can't say.
func (s *Store) CardsSince(ctx context.Context, caller portal.Caller, since dav.SyncToken, limit int) (CardChanges, error) {
	book, err := s.Book(ctx, caller)
	if err != nil {
		return CardChanges{}, err
	}
	if !since.Answered(book.Sync, book.forgotten) {
		return CardChanges{}, ErrSyncToken
	}
	if limit <= 0 {
		limit = 1 << 30
	}
	rows, err := s.db.Query(ctx, `
		SELECT agent, etag, changed, sequence FROM directory_cards WHERE collectivity = $1 AND sequence > $2 AND sequence <= $3
		ORDER BY sequence LIMIT 0 + $4`,
		string(caller.Collectivity), since.Sequence, book.Sync.Sequence, limit+1)
	type change struct {
		Card
		sequence int64
	}
	found, err := database.Collect(rows, err, func(rows *sql.Rows) (one change, err error) {
		var changed int64
		err = rows.Scan(&one.Agent, &one.ETag, &changed, &one.sequence)
		one.Modified = database.FromMillis(changed)
		return one, err
	})
	if err != nil {
		return CardChanges{}, fmt.Errorf("directory: changes of cards: %w", err)
	}
	changes := CardChanges{Token: book.Sync}
	if len(found) > limit {
		found = found[:limit]
		changes.More, changes.Token.Sequence = true, found[limit-1].sequence
		if changes.Token.Sequence < book.forgotten { // a first reading, whose next page the log must still answer
			changes.Token.Forgotten = book.forgotten
		}
	}
	for _, one := range found {
		switch {
		case one.ETag != "":
			changes.Changed = append(changes.Changed, one.Card)
		case !since.First():
			changes.Gone = append(changes.Gone, one.Agent)
		}
	}
	return changes, nil
}

// ForgetCards drops from a collectivity's log who left before an instant; phones with older tokens read
// everything again.
func (s *Store) ForgetCards(ctx context.Context, collectivity portal.CollectivityID, before time.Time) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE directory_books SET forgotten = COALESCE((
				SELECT max(sequence) FROM directory_cards h WHERE h.collectivity = $1 AND h.etag = '' AND h.changed < $2), forgotten)
			WHERE collectivity = $1`, string(collectivity), database.Millis(before))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM directory_cards WHERE collectivity = $1 AND etag = '' AND changed < $2`,
			string(collectivity), database.Millis(before))
		return err
	})
	if err != nil {
		return fmt.Errorf("directory: forget cards of %q: %w", collectivity, err)
	}
	return nil
}

// BookRestored draws a new epoch for a directory that came back from a backup: phones saw later changes, and
// what is kept in memory is of before.
func (s *Store) BookRestored(ctx context.Context, collectivity portal.CollectivityID) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := restamp(ctx, tx, collectivity, portal.NewID()); err != nil {
			return err
		}
		return tx.Write(ctx, `UPDATE directory_books SET epoch = $2 WHERE collectivity = $1`, string(collectivity), portal.NewID())
	})
	if err != nil {
		return fmt.Errorf("directory: book restored %q: %w", collectivity, err)
	}
	return nil
}
