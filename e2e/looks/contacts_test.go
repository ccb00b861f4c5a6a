package looks_test

import (
	"os"
	"path/filepath"
	"testing"

	"parvis/contacts"
	"parvis/dav"
	"parvis/e2e/browser"
	"parvis/portal"
	"parvis/server/servertest"
)

// TestContactsAreForEveryone judges the pages of contacts as an administrator meets them, with a book of a group, in
// light and dark, wide and narrow; then the form and an import without JavaScript.
func TestContactsAreForEveryone(t *testing.T) {
	p := servertest.New(t)
	admin := p.Caller("admin@bourg.example", "bourg")
	book, err := p.Contacts.CreateBook(t.Context(), admin, contacts.NewBook{Name: "Associations", Description: "Qui appeler", To: portal.Subject{Kind: portal.TheGroup, ID: "accueil"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	const card = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:zoe\r\nN:Éluard;Zoé;;;\r\nFN:Zoé Éluard\r\nORG:Étude du Port\r\nTEL;TYPE=CELL:06 39 98 01 24\r\nEMAIL:une.adresse.bien.longue@un-nom-de-domaine-plus-long-encore.example\r\n" +
		"ADR;TYPE=WORK:;;12 rue du Port;Bourg-sur-Loire;;45999;France\r\nBDAY:--0412\r\nNOTE:Deux\\nlignes\r\nCATEGORIES:Notaires\r\nEND:VCARD\r\n"
	for _, into := range []contacts.BookID{book, contacts.BookID(admin.Agent)} {
		if _, err := p.Contacts.Put(t.Context(), admin, into, "zoe.vcf", []byte(card), dav.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	one := "/contacts/cards/" + string(book) + "/em9lLnZjZg"
	page := browser.New(t)
	page.SignIn(p.URL, "admin@bourg.example", servertest.Password)
	for _, path := range []string{"/contacts", "/contacts?book=" + string(book), one, one + "/edit", one + "/delete", "/contacts/books", "/contacts/books/" + string(book), "/contacts/books/" + string(book) + "/delete"} {
		page.Judge(t, p.URL+path, false)
		page.JudgeAgain(t, p.URL+path, true)
	}
	page.NoJavaScript()
	page.Open(p.URL + "/contacts/new")
	page.Follow("form.sheet button.main")
	page.MustSee("au moins un nom")
	page.JudgeAsItStands(t)
	page.Fill("#family", "Notaire")
	page.Follow("form.sheet button.main")
	page.MustSee("Contact ajouté.")
	file := filepath.Join(t.TempDir(), "contacts.vcf")
	if err := os.WriteFile(file, []byte("BEGIN:VCARD\nVERSION:3.0\nFN:Neuf\nEND:VCARD\n"+card[:len(card)-12]+"X-A:1\r\nEND:VCARD\r\nBEGIN:VCARD\nVERSION:2.1\nEND:VCARD\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	page.Open(p.URL + "/contacts/books")
	page.Upload("#file", file)
	page.Follow("form[action='/contacts/imports'] button")
	page.MustSee("Rien n’est encore écrit")
	page.JudgeAsItStands(t)
	page.Follow("form[action$='/run'] button.main")
	page.MustSee("contact ajouté")
	page.JudgeAsItStands(t)
}
