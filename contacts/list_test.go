package contacts

import (
	"testing"
	"time"

	"parvis/dav"
)

// TestLargeGroupsAreListed without looking at each member for each person.
func TestLargeGroupsAreListed(t *testing.T) {
	ctx, s := t.Context(), newStore(t)
	if _, err := s.Put(ctx, anne, "anne", "x.vcf", card("x", 1), dav.Conditions{}); err != nil {
		t.Fatal(err)
	}
	const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000) `
	for _, text := range []string{
		`INSERT INTO contacts (collectivity, book, name, uid, etag, size, full_name, modified, sort_name, reference, octets) ` + numbers + `SELECT 'bourg', 'anne', 'p' || i, 'p' || i, 'e', 1, 'p', 0, 'p', 'p' || i, '' FROM n`,
		`INSERT INTO contacts (collectivity, book, name, uid, etag, size, full_name, modified, kind, sort_name, reference, octets) VALUES ('bourg', 'anne', 'g', 'g', 'e', 1, 'g', 0, 'group', 'g', 'g', '')`,
		`INSERT INTO contact_links (collectivity, book, name, kind, value) ` + numbers + `SELECT 'bourg', 'anne', 'g', 'member', 'p' || (i * 2) FROM n`, // half of them are no more
	} {
		if err := s.db.Write(ctx, text); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	found, err := s.People(ctx, anne, Query{Book: "anne", Group: "g"})
	if err != nil || found.Total != 3000 {
		t.Errorf("%d members: %v", found.Total, err)
	}
	groups, err := s.Groupings(ctx, anne, "")
	if err != nil || len(groups) != 1 || groups[0].Count != 3000 {
		t.Errorf("groups %+v: %v", groups, err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}
