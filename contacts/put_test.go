package contacts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"parvis/dav"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

var anne = portal.Caller{Collectivity: "bourg", Agent: "anne"}

func newStore(t *testing.T) *Store {
	t.Helper()
	db := databasetest.New(t)
	databasetest.AddCollectivities(t, db, "bourg")
	return NewStore(db)
}

// card is one of a size that the length of its note decides.
func card(uid string, note int) []byte {
	return fmt.Appendf(nil, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%s\r\nFN:%s\r\nN:;;;;\r\nNOTE:%s\r\nEND:VCARD\r\n", uid, uid, strings.Repeat("x", note))
}

// TestABookKnowsWhatItHolds: each write keeps the count of a book, which is never
// counted anew.
func TestABookKnowsWhatItHolds(t *testing.T) {
	ctx, s := t.Context(), newStore(t)
	put := func(uid string, note int) {
		t.Helper()
		if _, err := s.Put(ctx, anne, "anne", uid+".vcf", card(uid, note), dav.Conditions{}); err != nil {
			t.Fatal(err)
		}
		agree(t, s.db)
	}
	put("a", 10)
	put("b", 20)
	put("b", 5)  // smaller
	put("b", 50) // larger
	put("b", 50) // the same
	for _, name := range []string{"a.vcf", "b.vcf"} {
		if err := s.Delete(ctx, anne, "anne", name, dav.Conditions{}); err != nil {
			t.Fatal(err)
		}
		agree(t, s.db)
	}
}

// agree compares what the books say they hold with their cards.
func agree(t *testing.T, db *database.DB) {
	t.Helper()
	var cards, bytes, said, saidBytes int
	err := db.QueryRow(context.Background(), `SELECT (SELECT COUNT(*) FROM contacts), (SELECT COALESCE(SUM(size), 0) FROM contacts), cards, bytes FROM contact_books`).
		Scan(&cards, &bytes, &said, &saidBytes)
	if err != nil {
		t.Fatal(err)
	}
	if cards != said || bytes != saidBytes {
		t.Errorf("the book says %d cards of %d bytes, it has %d of %d", said, saidBytes, cards, bytes)
	}
}

// TestAFullBookTakesNoMore and still takes what makes it no larger.
func TestAFullBookTakesNoMore(t *testing.T) {
	ctx, s := t.Context(), newStore(t)
	put := func(uid string, note int) error {
		_, err := s.Put(ctx, anne, "anne", uid+".vcf", card(uid, note), dav.Conditions{})
		return err
	}
	holds := func(cards, bytes int) {
		t.Helper()
		if err := s.db.Write(ctx, `UPDATE contact_books SET cards = $1, bytes = $2`, cards, bytes); err != nil {
			t.Fatal(err)
		}
	}
	if err := put("a", 100); err != nil {
		t.Fatal(err)
	}
	for _, full := range []struct{ cards, bytes int }{{MaxContacts, 5000}, {10, MaxBytes}} {
		holds(full.cards, full.bytes)
		if err := put("b", 100); !errors.Is(err, ErrFull) {
			t.Errorf("a card more in a book of %+v: %v, want ErrFull", full, err)
		}
		if err := put("a", 90); err != nil {
			t.Errorf("a smaller card in a book of %+v: %v", full, err)
		}
		if err := put("a", 100); err != nil && full.bytes < MaxBytes {
			t.Errorf("a larger card where bytes are left: %v", err)
		}
	}
	holds(1, MaxBytes)
	if err := put("a", 200); !errors.Is(err, ErrFull) {
		t.Errorf("a larger card in a book without a byte left: %v, want ErrFull", err)
	}
	holds(MaxContacts-1, 5000)
	if err := put("b", 100); err != nil {
		t.Errorf("the last card that a book holds: %v", err)
	}
}
