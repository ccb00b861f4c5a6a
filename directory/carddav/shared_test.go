package carddav_test

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/dav"
	"parvis/dav/addressbook"
	"parvis/directory"
	"parvis/portal"
)

const (
	shared   = "/dav/contacts/luc/directory-of-bourg/"
	everyone = `<R:addressbook-query xmlns="DAV:" xmlns:R="urn:ietf:params:xml:ns:carddav"><prop><getetag/><R:address-data/></prop></R:addressbook-query>`
	multiget = `<R:addressbook-multiget xmlns="DAV:" xmlns:R="urn:ietf:params:xml:ns:carddav"><prop><R:address-data/></prop><href>` + shared + `anne.vcf</href></R:addressbook-multiget>`
	listing  = `<propfind xmlns="DAV:"><prop><displayname/><current-user-privilege-set/><owner/></prop></propfind>`
)

// closed says that a book is there in no way.
func (tw *town) closed(why, login, book, token string) {
	tw.Helper()
	for _, request := range []struct{ method, path, body string }{
		{"PROPFIND", book, listing},
		{"REPORT", book, everyone},
		{"REPORT", book, sync("")},
		{"REPORT", book, sync(token)},
		{"REPORT", book, multiget},
		{"GET", book + "anne.vcf", ""},
		{"PUT", book + "anne.vcf", "x"},
		{"DELETE", book + "anne.vcf", ""},
	} {
		want := 404
		if request.method == "PUT" {
			want = 409 // there is no such collection
		}
		if got := tw.ask(login, request.method, request.path, request.body, "Depth", "1"); got.Code != want || strings.Contains(got.Body.String(), "Hénoret") {
			tw.Errorf("%s: %s %s: %d %s", why, request.method, request.path, got.Code, got.Body)
		}
	}
	agent, _, _ := strings.Cut(login, "/")
	home := tw.ask(login, "PROPFIND", "/dav/contacts/"+agent+"/", listing, "Depth", "1")
	if home.Code != 207 || strings.Contains(home.Body.String(), "-of-") {
		tw.Errorf("%s: the home lists %s", why, home.Body)
	}
}

// TestASharedDirectoryIsABook while it is shared, for whom it is shared with, with the cards
// that every agent of it reads.
func TestASharedDirectoryIsABook(t *testing.T) {
	tw, ctx := newTown(t), t.Context()
	tw.must(tw.CreateCollectivity(ctx, directory.Collectivity{ID: "syndicat", Name: "Eaux", LongName: "Syndicat des eaux", Kind: "syndicat"}))
	_, err := tw.CreateAgent(ctx, directory.Installation("syndicat"), directory.Agent{ID: "eve", GivenName: "Ève", FamilyName: "Roy"})
	tw.must(err)
	token := func() string { _, next := tw.since(""); return next }
	share := func() {
		t.Helper()
		_, err := tw.ShareDirectory(ctx, bourg, "agglo", "")
		tw.must(err)
	}

	tw.closed("before", "luc/agglo", shared, token())
	share()
	tw.closed("a third collectivity", "eve/syndicat", "/dav/contacts/eve/directory-of-bourg/", token())
	tw.closed("the other direction", "anne/bourg", "/dav/contacts/anne/directory-of-agglo/", token())
	tw.closed("one's own", "anne/bourg", "/dav/contacts/anne/directory-of-bourg/", token())
	if got := tw.ask("luc/agglo", "GET", "/dav/contacts/anne/directory-of-bourg/anne.vcf", ""); got.Code != 404 {
		t.Errorf("in the home of another: %d", got.Code)
	}
	home := tw.ask("luc/agglo", "PROPFIND", "/dav/contacts/luc/", listing, "Depth", "1").Body.String()
	if !strings.Contains(home, "<D:displayname>Annuaire – Val<") || !strings.Contains(home, "<D:displayname>Annuaire – Bourg-sur-Loire<") || strings.Contains(home, "write") || strings.Contains(home, "bind") {
		t.Errorf("the home lists %s", home)
	}
	ours := tw.ask("anne/bourg", "GET", book+"anne.vcf", "")
	theirs := tw.ask("luc/agglo", "GET", shared+"anne.vcf", "")
	if ours.Code != 200 || ours.Body.String() != theirs.Body.String() || ours.Header().Get("ETag") != theirs.Header().Get("ETag") {
		t.Errorf("there it is %s, here %d %s", ours.Body, theirs.Code, theirs.Body)
	}
	for _, body := range []string{everyone, multiget} {
		if got := tw.ask("luc/agglo", "REPORT", shared, body).Body.String(); !strings.Contains(got, "Hénoret") || strings.Contains(got, "Œuvray") {
			t.Errorf("%s: %s", body, got)
		}
	}
	for _, request := range []struct{ method, path string }{{"PUT", shared + "anne.vcf"}, {"PUT", shared + "new.vcf"}, {"DELETE", shared + "anne.vcf"}, {"DELETE", shared}} {
		if got := tw.ask("luc/agglo", request.method, request.path, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:x\r\nFN:Intrus\r\nEND:VCARD\r\n"); got.Code != 403 || !strings.Contains(got.Body.String(), "need-privileges") {
			t.Errorf("%s %s: %d %s", request.method, request.path, got.Code, got.Body)
		}
	}
	if got := tw.ask("luc/agglo", "GET", shared+"luc.vcf", ""); got.Code != 404 {
		t.Errorf("one's own card among theirs: %d", got.Code)
	}

	policy, err := tw.Policy(ctx, bourg)
	tw.must(err)
	was := policy.Encode()
	for i := range policy {
		if policy[i].Field == directory.FieldMobile {
			policy[i].SeenBy = directory.ByManagers
		}
	}
	tw.must(tw.SetPolicy(ctx, bourg, was, policy, ""))
	if got := tw.ask("luc/agglo", "GET", shared+"anne.vcf", "").Body.String(); strings.Contains(got, "692123456") || !strings.Contains(got, "tel:+33261910142") {
		t.Errorf("a hidden field: %s", got)
	}

	_, err = tw.db.Exec(ctx, `UPDATE collectivities SET active = FALSE WHERE id = 'bourg'`)
	tw.must(err)
	tw.closed("suspended", "luc/agglo", shared, token())
	_, err = tw.db.Exec(ctx, `UPDATE collectivities SET active = TRUE WHERE id = 'bourg'`)
	tw.must(err)
	if got, _ := tw.sinceIn("luc/agglo", shared, ""); got != "anne paul" {
		t.Errorf("open again: %q", got)
	}
	_, err = tw.EndShare(ctx, bourg, "agglo", "")
	tw.must(err)
	tw.closed("ended", "luc/agglo", shared, token())
}

// TestATokenOutlivesAShare that ends and comes back: a phone hears of what happened meanwhile,
// and reads everything anew once that is forgotten.
func TestATokenOutlivesAShare(t *testing.T) {
	tw, ctx := newTown(t), t.Context()
	hears := func(what, token, want string) string {
		t.Helper()
		got, next := tw.sinceIn("luc/agglo", shared, token)
		if got != want {
			t.Errorf("%s: hears of %q, want %q", what, got, want)
		}
		return next
	}
	_, err := tw.ShareDirectory(ctx, bourg, "agglo", "")
	tw.must(err)
	token := hears("at first", "", "anne paul")
	tw.must(tw.CloseAgent(ctx, bourg, "paul", ""))
	token = hears("a departure", token, "-paul")
	token = hears("nothing", token, "")
	tw.must(tw.ReopenAgent(ctx, bourg, "paul", ""))
	token = hears("a return", token, "paul")

	_, err = tw.EndShare(ctx, bourg, "agglo", "")
	tw.must(err)
	tw.must(tw.CloseAgent(ctx, bourg, "paul", ""))
	tw.since("") // the town's own phones go on
	_, err = tw.RestoreShare(ctx, bourg, "agglo", "")
	tw.must(err)
	hears("what happened meanwhile", token, "-paul")
	hears("anew", "", "anne")
	if _, mine := tw.sinceIn("luc/agglo", "/dav/contacts/luc/directory/", ""); tw.ask("luc/agglo", "REPORT", shared, sync(mine)).Code != 403 {
		t.Error("a token of one's own directory is known in another")
	}
	tw.must(tw.ForgetCards(ctx, "bourg", time.Now().AddDate(0, 0, 1)))
	if got := tw.ask("luc/agglo", "REPORT", shared, sync(token)); got.Code != 403 || !strings.Contains(got.Body.String(), "valid-sync-token") {
		t.Errorf("a token of before what is forgotten: %d %s", got.Code, got.Body)
	}
}

// TestABookIsNamedInItsReadersLanguage: hers, else that of her collectivity, never that of
// the one who shares.
func TestABookIsNamedInItsReadersLanguage(t *testing.T) {
	tw, ctx := newTown(t), t.Context()
	_, err := tw.ShareDirectory(ctx, bourg, "agglo", "")
	tw.must(err)
	account, err := tw.CreateAccount(ctx, directory.Installation("agglo"), "luc@agglo.example")
	tw.must(err)
	names := func(want string) {
		t.Helper()
		home := tw.ask("luc/agglo/"+string(account), "PROPFIND", "/dav/contacts/luc/", listing, "Depth", "1").Body.String()
		got := ""
		for _, name := range regexp.MustCompile(`<D:displayname>([^<]+)`).FindAllStringSubmatch(home, -1) {
			got += name[1] + "; "
		}
		if got != want {
			t.Errorf("the books are named %q, want %q", got, want)
		}
	}
	names("Annuaire – Val; Annuaire – Bourg-sur-Loire; ")
	tw.must(tw.SetPreferences(ctx, account, "en", ""))
	names("Directory – Val; Directory – Bourg-sur-Loire; ")
	tw.must(tw.SetPreferences(ctx, account, "", ""))
	_, err = tw.db.Exec(ctx, `UPDATE collectivities SET language = 'en' WHERE id = 'bourg'`)
	tw.must(err)
	names("Annuaire – Val; Annuaire – Bourg-sur-Loire; ")
	_, err = tw.db.Exec(ctx, `UPDATE collectivities SET language = 'en' WHERE id = 'agglo'`)
	tw.must(err)
	names("Directory – Val; Directory – Bourg-sur-Loire; ")
}

// TestWhoAssistsHasNoBook: she is no agent, and has no telephone there.
func TestWhoAssistsHasNoBook(t *testing.T) {
	tw := newTown(t)
	if _, err := tw.Book(t.Context(), portal.Caller{Account: "x", Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}); err == nil {
		t.Error("who assists reads the book")
	}
}

// gone is a book that is shared no more since it was listed.
type gone struct{ addressbook.Book }

func (gone) Look(context.Context, portal.Caller) (addressbook.Look, error) {
	return addressbook.Look{}, portal.ErrNotFound
}

func TestABookThatGoesWhileItIsListedLeavesTheOthers(t *testing.T) {
	tw := newTown(t)
	tw.site = dav.NewSite(passwords{}, passwords{}, slog.New(slog.DiscardHandler), addressbook.Home(addressbook.Shelf{Slug: "gone", Book: gone{}}, tw.own))
	home := tw.ask("luc/agglo", "PROPFIND", "/dav/contacts/luc/", listing, "Depth", "1")
	if home.Code != 207 || !strings.Contains(home.Body.String(), "Annuaire – Val") || strings.Contains(home.Body.String(), "gone") {
		t.Errorf("the home: %d %s", home.Code, home.Body)
	}
}
