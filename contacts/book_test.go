package contacts

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"parvis/dav"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/i18n"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

// chart gives bourg two units, one below the other, and a third.
func chart(t *testing.T, s *Store) {
	t.Helper()
	if err := s.db.Write(t.Context(), `INSERT INTO units (collectivity, id, parent, name) VALUES ('bourg', 'technique', '', 'Services techniques'), ('bourg', 'voirie', 'technique', 'Voirie'), ('bourg', 'civil', '', 'État civil')`); err != nil {
		t.Fatal(err)
	}
}

func in(agent portal.AgentID, units ...portal.UnitID) portal.Caller {
	return portal.Caller{Collectivity: "bourg", Agent: agent, Units: units}
}

// TestABookIsReadByWhomItIsFor: asked by its name, by every method, it does not exist for anybody else.
func TestABookIsReadByWhomItIsFor(t *testing.T) {
	ctx, s := t.Context(), newStore(t)
	chart(t, s)
	admin := portal.Caller{Collectivity: "bourg", Agent: "admin", Rights: []portal.Right{portal.Admin}}
	chief := portal.Caller{Collectivity: "bourg", Agent: "chief", Narrowed: []portal.Holding{{Right: portal.ManageAgents, Unit: "technique", Above: []portal.UnitID{"technique"}}}}
	ofUnit, err := s.CreateBook(ctx, chief, NewBook{Name: "Fournisseurs", To: portal.Subject{Kind: portal.TheUnit, ID: "voirie"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	own, err := s.CreateBook(ctx, anne, NewBook{Name: "Chorale"}, "")
	if err != nil {
		t.Fatal(err)
	}
	for book, writer := range map[BookID]portal.Caller{ofUnit: chief, own: anne, "anne": anne} {
		if _, err := s.Put(ctx, writer, book, "a.vcf", card("a", 1), dav.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		who                 string
		caller              portal.Caller
		book                BookID
		reads, writes, keep bool
	}{
		{"its owner", anne, own, true, true, true},
		{"an administrator", admin, own, false, false, false},
		{"an administrator", admin, "anne", false, false, false},
		{"a colleague", in("paul"), own, false, false, false},
		{"a namesake elsewhere", portal.Caller{Collectivity: "agglo", Agent: "anne"}, own, false, false, false},
		{"nobody", portal.Caller{Collectivity: "bourg"}, own, false, false, false},
		{"who manages the unit above", chief, ofUnit, true, true, true},
		{"an administrator", admin, ofUnit, true, true, true},
		{"a member", in("paul", "technique", "voirie"), ofUnit, true, false, false},
		{"one of the unit above", in("zoe", "technique"), ofUnit, false, false, false},
		{"one of another unit", in("lea", "civil"), ofUnit, false, false, false},
		{"a member elsewhere", portal.Caller{Collectivity: "agglo", Agent: "paul", Units: []portal.UnitID{"voirie"}}, ofUnit, false, false, false},
	} {
		name := fmt.Sprintf("%s, %s", c.who, map[bool]string{true: "a book of hers", false: "a unit's"}[c.book != ofUnit])
		reads := []error{}
		_, err := s.Book(ctx, c.caller, c.book)
		reads = append(reads, err)
		_, err = s.List(ctx, c.caller, c.book)
		reads = append(reads, err)
		_, err = s.Contact(ctx, c.caller, c.book, "a.vcf")
		reads = append(reads, err)
		_, err = s.ChangesSince(ctx, c.caller, c.book, dav.SyncToken{}, 0)
		reads = append(reads, err)
		_, err = s.People(ctx, c.caller, Query{Book: c.book})
		reads = append(reads, err)
		_, err = s.Groupings(ctx, c.caller, c.book)
		reads = append(reads, err)
		reads = append(reads, s.Each(ctx, c.caller, c.book, func(Contact) error { return nil }))
		for n, err := range reads {
			if c.reads != (err == nil) || !c.reads && !errors.Is(err, portal.ErrNotFound) {
				t.Errorf("%s: reading %d: %v", name, n, err)
			}
		}
		want := portal.ErrNotFound
		if c.reads {
			want = portal.ErrDenied
		}
		_, put := s.Put(ctx, c.caller, c.book, "b.vcf", card("b", 1), dav.Conditions{})
		_, rename := s.Rename(ctx, c.caller, c.book, "none.vcf", "c.vcf", false, dav.Conditions{})
		_, plan := s.PlanImport(ctx, c.caller, c.book, "a.vcf", card("c", 1))
		for n, err := range []error{put, plan} {
			if c.writes != (err == nil) || !c.writes && !errors.Is(err, want) {
				t.Errorf("%s: writing %d: %v, want %v", name, n, err, want)
			}
		}
		if !c.writes && !errors.Is(rename, want) {
			t.Errorf("%s: renaming: %v", name, rename)
		}
		about := "x"
		if err := s.ChangeBook(ctx, c.caller, c.book, BookLook{Description: &about}, ""); c.keep != (err == nil) || !c.keep && !errors.Is(err, want) {
			t.Errorf("%s: deciding: %v", name, err)
		}
		if _, err := s.RemoveBook(ctx, c.caller, c.book, dav.Conditions{Match: []string{`"other"`}}, ""); c.keep != errors.Is(err, ErrCondition) || !c.keep && !errors.Is(err, want) {
			t.Errorf("%s: deleting: %v", name, err)
		}
	}
}

// TestABookOfAUnitThatIsNoMore is read by who manages all, and by nobody else.
func TestABookOfAUnitThatIsNoMore(t *testing.T) {
	ctx, s := t.Context(), newStore(t)
	chart(t, s)
	admin := portal.Caller{Collectivity: "bourg", Agent: "admin", Rights: []portal.Right{portal.ManageAgents}}
	id, err := s.CreateBook(ctx, admin, NewBook{Name: "Familles", To: portal.Subject{Kind: portal.TheUnit, ID: "civil"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Write(ctx, `DELETE FROM units WHERE collectivity = 'bourg' AND id = 'civil'`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Book(ctx, in("lea", "civil"), id); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("who was in the unit: %v", err)
	}
	if all, err := s.Shared(ctx, admin); err != nil || len(all) != 1 || all[0].ToName != "" {
		t.Errorf("who manages all: %+v, %v", all, err)
	}
}

// TestCardsOfBeforeAreFound: those that were written before pages sorted them.
func TestCardsOfBeforeAreFound(t *testing.T) {
	ctx, s := t.Context(), newStore(t)
	for i := range 60 {
		if _, err := s.Put(ctx, anne, "anne", fmt.Sprint(i), card(fmt.Sprintf("Élodie %02d", i), 1), dav.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.Write(ctx, `UPDATE contacts SET sort_name = '', words = '', reference = ''`); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Write(ctx, `UPDATE contact_books SET derived = FALSE`); err != nil {
		t.Fatal(err)
	}
	found, err := s.People(ctx, anne, Query{Text: "elodie", Page: 2})
	if err != nil || found.Total != 60 || len(found.People) != 10 || found.People[0].FullName != "Élodie 50" {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestTheBoxKeepsTheContract(t *testing.T) {
	ctx, s := t.Context(), newStore(t)
	if _, err := s.Put(ctx, anne, "anne", "a.vcf", card("Anne "+strings.Repeat("x", 600), 1), dav.Conditions{}); err != nil {
		t.Fatal(err)
	}
	widgetstest.Conforms(t, NewWidget(s), widgets.Request{Caller: anne}, Locales)
}

// TestEveryLineOfTheJournalHasItsSentence in both languages.
func TestEveryLineOfTheJournalHasItsSentence(t *testing.T) {
	catalogue, err := i18n.Load(audit.Locales)
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range []audit.Action{audit.AddressBookCreated, audit.AddressBookChanged, audit.AddressBookDeleted} {
		if !catalogue.Printer(i18n.French).Has("audit.action." + string(action)) {
			t.Errorf("no sentence for %s", action)
		}
	}
}
