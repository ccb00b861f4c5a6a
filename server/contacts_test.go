package server_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"parvis/contacts"
	"parvis/dav"
	"parvis/server/servertest"
)

// notebook is the first address book of a person, read and written by pages alone.
type notebook struct {
	t    *testing.T
	p    *servertest.Portal
	me   *servertest.Client
	book contacts.BookID
}

func newNotebook(t *testing.T) notebook {
	p := servertest.New(t)
	const login = "redaction@bourg.example"
	return notebook{t, p, p.As(login), contacts.BookID(p.Caller(login, "bourg").Agent)}
}

func (n notebook) put(name, octets string) {
	n.t.Helper()
	if _, err := n.p.Contacts.Put(n.t.Context(), n.p.Caller("redaction@bourg.example", "bourg"), n.book, name, []byte(octets), dav.Conditions{}); err != nil {
		n.t.Fatal(err)
	}
}

func (n notebook) octets(name string) string {
	n.t.Helper()
	c, err := n.p.Contacts.Contact(n.t.Context(), n.p.Caller("redaction@bourg.example", "bourg"), n.book, name)
	if err != nil {
		n.t.Fatal(err)
	}
	return string(c.Octets)
}

func (n notebook) page(name string) string {
	return "/contacts/cards/" + string(n.book) + "/" + base64.RawURLEncoding.EncodeToString([]byte(name))
}

// want checks a status and texts of a page; those after "-" are not in it.
func (n notebook) want(a servertest.Answer, status int, texts ...string) servertest.Answer {
	n.t.Helper()
	if a.Status != status {
		n.t.Errorf("status %d, want %d\n%.1500s", a.Status, status, a.Body)
	}
	for _, text := range texts {
		if not, absent := strings.CutPrefix(text, "-"); absent && strings.Contains(a.Body, not) {
			n.t.Errorf("%q is in the page", not)
		} else if !absent && !strings.Contains(a.Body, text) {
			n.t.Errorf("%q is not in the page\n%.6000s", text, a.Body)
		}
	}
	return a
}

var field = regexp.MustCompile(`<(?:input|textarea|select)[^>]* name="([^"]+)"[^>]*>`)

// formOf is what a browser without script would send of the form of a page.
func formOf(t *testing.T, page string) url.Values {
	t.Helper()
	page = page[strings.Index(page, `<form class="sheet`):]
	form := url.Values{}
	unescape := strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&amp;", "&", "&lt;", "<", "&#43;", "+")
	for _, match := range field.FindAllStringSubmatchIndex(page, -1) {
		tag, name := page[match[0]:match[1]], page[match[2]:match[3]]
		value := ""
		switch {
		case strings.HasPrefix(tag, "<textarea"):
			value, _, _ = strings.Cut(page[match[1]:], "</textarea>")
		case strings.HasPrefix(tag, "<select"):
			options, _, _ := strings.Cut(page[match[1]:], "</select>")
			if chosen := regexp.MustCompile(`value="([^"]*)" selected`).FindStringSubmatch(options); chosen != nil {
				value = chosen[1]
			}
		case strings.Contains(tag, ` value="`):
			_, rest, _ := strings.Cut(tag, ` value="`)
			value, _, _ = strings.Cut(rest, `"`)
		}
		form.Add(name, unescape.Replace(value))
	}
	return form
}

func (n notebook) post(path string, form url.Values) servertest.Answer {
	n.t.Helper()
	var fields []string
	for name, values := range form {
		for _, value := range values {
			fields = append(fields, name, value)
		}
	}
	return n.me.Post(path, fields...)
}

// fromPhone is a card with much that no form shows.
const fromPhone = "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iOS 18//EN\r\nN:Éluard;Zoé;;Dr;\r\nFN:Zoé Éluard\r\nORG:Étude du Port;Actes;Bureau 3\r\n" +
	"TITLE:Notaire\r\nitem1.TEL;type=pref:06 39 98 01 24\r\nitem1.X-ABLabel:Astreinte\r\nTEL;type=WORK;type=VOICE:+33 2 61 91 01 42\r\n" +
	"EMAIL;type=INTERNET;type=WORK:zoe@etude.example\r\nADR;type=WORK:;;12 rue du Port;Bourg-sur-Loire;;45999;France\r\n" +
	"BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12\r\nCATEGORIES:Notaires,Urgences\r\nNOTE:Ligne un\\nligne\r\n  deux\\, suite\r\nX-Inconnu;X-P=\"a;b\":é\r\n" +
	"URL:javascript:alert(1)\r\nURL:https://etude.example/\r\nREV:2026-01-01T00:00:00Z\r\nUID:zoe\r\nEND:VCARD\r\n"

// TestACardIsRead by its owner: with what is known of it, and no address that does harm.
func TestACardIsRead(t *testing.T) {
	n := newNotebook(t)
	n.put("Zoé.vcf", fromPhone)
	n.want(n.me.Get("/contacts"), 200, "Zoé Éluard", "Notaire · Étude du Port", "tel:&#43;33639980124", "Urgences")
	n.want(n.me.Get(n.page("Zoé.vcf")), 200, "<h1>Zoé Éluard</h1>", "Astreinte", "02\u00a061\u00a091\u00a001\u00a042", "mailto:zoe@etude.example", "12 rue du Port",
		"12\u00a0avril", "ligne deux, suite", "https://etude.example/", "-javascript:", "-1604")
	for asked, found := range map[string]bool{"zoe eluard": true, "ÉLU": true, "notaire port": true, "06 39 98": true, "0261910142": true, "urgences": true, "luard": false, "paul": false} {
		page := n.me.Get("/contacts?q=" + url.QueryEscape(asked)).Body
		if strings.Contains(page, `>Zoé Éluard</a>`) != found {
			t.Errorf("%q finds her: %v, want %v", asked, !found, found)
		}
	}
	n.want(n.me.Get("/contacts?category=Urgences"), 200, ">Zoé Éluard</a>")
	n.want(n.me.Get("/contacts?category=Pêche"), 200, "->Zoé Éluard</a>")
	n.want(n.me.Get(n.page("x")), 404)
}

// TestAFormChangesWhatItShows, and all other octets of the card stay.
func TestAFormChangesWhatItShows(t *testing.T) {
	n := newNotebook(t)
	n.put("zoe.vcf", fromPhone)
	edit := n.page("zoe.vcf") + "/edit"
	form := formOf(t, n.want(n.me.Get(edit), 200).Body)
	n.want(n.post(n.page("zoe.vcf"), form), 303)
	if got := n.octets("zoe.vcf"); got != fromPhone {
		t.Errorf("a form sent as it came changed the card:\n%s", got)
	}
	form = formOf(t, n.me.Get(edit).Body)
	form.Set("family", "Éluard-Vasseur")
	form["phone"][1] = "02 61 91 01 43" // and the first, with its label, stays
	form["phone"][2] = "06 39 98 99 00"
	form["phone-kind"][2] = "cell"
	form["email"][0] = "" // gone
	form.Set("birthday", "1980-05-01")
	form.Set("categories", "Notaires, Port; quai")
	n.want(n.post(n.page("zoe.vcf"), form), 303)
	want := strings.NewReplacer(
		"N:Éluard;Zoé;;Dr;", "N:Éluard-Vasseur;Zoé;;Dr;", "FN:Zoé Éluard", "FN:Zoé Éluard-Vasseur",
		"TEL;type=WORK;type=VOICE:+33 2 61 91 01 42", "TEL;TYPE=WORK;TYPE=VOICE:02 61 91 01 43",
		"EMAIL;type=INTERNET;type=WORK:zoe@etude.example\r\n", "", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12", "BDAY:1980-05-01",
		"CATEGORIES:Notaires,Urgences", `CATEGORIES:Notaires,Port\; quai`, "END:VCARD", "TEL;TYPE=cell:06 39 98 99 00\r\nEND:VCARD").Replace(fromPhone)
	if got := n.octets("zoe.vcf"); got != want {
		t.Errorf("the card became\n%s\nwant\n%s", got, want)
	}
}

// TestTwoPeopleChangeACard: the second is told, keeps what she typed, and what the first added stays.
func TestTwoPeopleChangeACard(t *testing.T) {
	n := newNotebook(t)
	n.put("zoe.vcf", fromPhone)
	form := formOf(t, n.me.Get(n.page("zoe.vcf")+"/edit").Body)
	n.put("zoe.vcf", strings.Replace(fromPhone, "REV:", "TEL;TYPE=HOME:01 99 00 00 01\r\nREV:", 1)) // a phone, meanwhile
	form.Set("title", "Notaire honoraire")
	refused := n.want(n.post(n.page("zoe.vcf"), form), 409, "a été modifiée depuis", `value="Notaire honoraire"`)
	n.want(n.post(n.page("zoe.vcf"), formOf(t, refused.Body)), 303)
	if got := n.octets("zoe.vcf"); !strings.Contains(got, "TITLE:Notaire honoraire\r\n") || !strings.Contains(got, "TEL;TYPE=HOME:01 99 00 00 01\r\n") {
		t.Errorf("the card became\n%s", got)
	}
}

// TestWhatIsTypedOutlivesItsCard: who is late saves a contact of her own.
func TestWhatIsTypedOutlivesItsCard(t *testing.T) {
	n := newNotebook(t)
	n.put("zoe.vcf", fromPhone)
	form := formOf(t, n.me.Get(n.page("zoe.vcf")+"/edit").Body)
	form.Set("title", "Notaire honoraire")
	n.want(n.me.Post(n.page("zoe.vcf")+"/delete"), 303)
	gone := n.want(n.post(n.page("zoe.vcf"), form), 404, "quelqu’un l’a supprimée", `value="Notaire honoraire"`, `value="06 39 98 01 24"`, `action="/contacts/cards"`)
	saved := n.want(n.post("/contacts/cards", formOf(t, gone.Body)), 303).Header.Get("Location")
	n.want(n.me.Get(saved), 200, "Notaire honoraire", "Zoé Éluard")

	admin := n.p.As("admin@bourg.example")
	book := strings.TrimPrefix(n.want(admin.Post("/contacts/books", "name", "Associations", "to", "group:accueil", "members_write", "1"), 303).Header.Get("Location"), "/contacts?book=")
	n.want(admin.Post("/contacts/books/"+book, "name", "Associations", "members_write", "1"), 303)
	made := n.want(n.me.Post("/contacts/cards", "book", book, "family", "Boulistes"), 303).Header.Get("Location")
	form = formOf(t, n.me.Get(made+"/edit").Body)
	form.Set("note", "Le mardi")
	n.want(admin.Post("/contacts/books/"+book, "name", "Associations"), 303)
	n.want(n.post(made, form), 403, "ne pouvez plus modifier ce carnet", ">Le mardi</textarea>")
	n.want(n.p.As("admin@agglo.example").Post(made, "family", "Rien"), 404, "-Boulistes")
}

// TestWhatAProgramWroteAtLengthStays: a field that is longer than a form takes does not keep the others from being saved.
func TestWhatAProgramWroteAtLengthStays(t *testing.T) {
	n := newNotebook(t)
	n.put("zoe.vcf", strings.Replace(fromPhone, "TITLE:", "TITLE:"+strings.Repeat("Notaire ", 40), 1))
	form := formOf(t, n.me.Get(n.page("zoe.vcf")+"/edit").Body)
	form.Set("note", "Rappeler")
	n.want(n.post(n.page("zoe.vcf"), form), 303)
	form = formOf(t, n.me.Get(n.page("zoe.vcf")+"/edit").Body)
	form.Set("title", strings.Repeat("Clerc ", 40))
	n.want(n.post(n.page("zoe.vcf"), form), 422, "Rappeler")
}

// TestAContactIsWrittenDeletedAndPutBack without script.
func TestAContactIsWrittenDeletedAndPutBack(t *testing.T) {
	n := newNotebook(t)
	form := formOf(t, n.want(n.me.Get("/contacts/new"), 200).Body)
	form.Set("book", string(n.book))
	n.want(n.post("/contacts/cards", form), 422, "au moins un nom")
	form.Set("given", "Théo")
	form["email"][0] = "theo.example"
	n.want(n.post("/contacts/cards", form), 422, "manque le @", `value="Théo"`)
	form["email"][0] = "theo@ecole.example"
	form.Set("family", "N'Diaye; <b>")
	made := n.want(n.post("/contacts/cards", form), 303).Header.Get("Location")
	n.want(n.me.Get(made), 200, "Théo N&#39;Diaye; &lt;b&gt;", "Contact ajouté.")
	n.want(n.me.Get(made+"/delete"), 200, "pendant une heure")
	n.want(n.me.Post(made+"/delete"), 303)
	deleted := n.want(n.me.Get("/contacts"), 200, "Contact supprimé.", "-Théo N&#39;Diaye")
	undo := regexp.MustCompile(`/contacts/undo/[a-z0-9]+`).FindString(deleted.Body)
	n.want(n.me.Get(made), 404)
	n.want(n.p.As("collegue@bourg.example").Post(undo), 404)
	n.want(n.me.Post(undo), 303)
	n.want(n.me.Get(made), 200, "Théo")
	n.want(n.me.Post(undo), 404)
}

// TestGroupsOfPeopleAreGroups: a card of a group is not among people, and lists its members.
func TestGroupsOfPeopleAreGroups(t *testing.T) {
	n := newNotebook(t)
	n.put("anne.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:AAAA-1\r\nN:Dupré;Anne;;;\r\nFN:Anne Dupré\r\nEND:VCARD\r\n")
	n.put("bob.vcf", "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:bbbb-2\r\nFN:Bob Tissier\r\nEND:VCARD\r\n")
	n.put("g.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:g\r\nFN:Club de pêche\r\nN:Club de pêche\r\nX-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:aaaa-1\r\nEND:VCARD\r\n")
	n.put("h.vcf", "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:h\r\nFN:Voisins\r\nKIND:group\r\nCATEGORIES:Pêche\r\nMEMBER:urn:uuid:BBBB-2\r\nEND:VCARD\r\n")
	n.want(n.me.Get("/contacts"), 200, ">Anne Dupré</a>", ">Bob Tissier</a>", "2 contacts", "Club de pêche", "Voisins", `->Club de pêche</a>`)
	led := n.want(n.me.Get(n.page("g.vcf")), 303)
	n.want(n.me.Get(led.Header.Get("Location")), 200, ">Anne Dupré</a>", "<h2>Club de pêche</h2>", "->Bob Tissier</a>")
	n.want(n.me.Get(n.page("bob.vcf")), 200, "Voisins", "-Club de pêche")
}

// TestAPhotographIsMadeAnew: what a program sent is never handed out as it came, and nothing is fetched.
func TestAPhotographIsMadeAnew(t *testing.T) {
	n := newNotebook(t)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 120, 160))); err != nil {
		t.Fatal(err)
	}
	encoded := base64.StdEncoding.EncodeToString(picture.Bytes())
	n.put("a.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:A\r\nPHOTO;ENCODING=b;TYPE=PNG:"+encoded+"\r\nEND:VCARD\r\n")
	n.put("b.vcf", "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:b\r\nFN:B\r\nPHOTO:data:image/png;base64,"+encoded+"\r\nEND:VCARD\r\n")
	n.put("c.vcf", "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:c\r\nFN:C\r\nPHOTO:http://127.0.0.1:9/moi.png\r\nEND:VCARD\r\n")
	n.put("d.vcf", "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:d\r\nFN:D\r\nPHOTO:data:image/svg+xml;base64,"+base64.StdEncoding.EncodeToString([]byte("<svg onload='x'/>"))+"\r\nEND:VCARD\r\n")
	for _, name := range []string{"a.vcf", "b.vcf"} {
		got := n.want(n.me.Get(n.page(name)+"/photo?side=96&v=1"), 200)
		if got.Header.Get("Content-Type") != "image/jpeg" || got.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(got.Body, "\xff\xd8") {
			t.Errorf("%s: %v", name, got.Header)
		}
		n.want(n.me.Get(n.page(name)), 200, "/photo?side=384")
	}
	for _, name := range []string{"c.vcf", "d.vcf"} {
		n.want(n.me.Get(n.page(name)+"/photo"), 404)
	}
	n.want(n.me.Get(n.page("c.vcf")), 200, "-/photo", "-127.0.0.1:9")
}

// TestAFileIsImportedAsItWasTold: what it would do first, then it; cards of the book are kept, or replaced.
func TestAFileIsImportedAsItWasTold(t *testing.T) {
	n := newNotebook(t)
	n.put("zoe.vcf", fromPhone)
	n.put("same.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:same\r\nFN:Pareil\r\nEND:VCARD\r\n")
	file := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:new\r\nFN:Nouvelle\r\nX-MAIN:1\r\nEND:VCARD\r\n" +
		strings.Replace(fromPhone, "TITLE:Notaire", "TITLE:Retraitée", 1) +
		"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:same\r\nFN:Pareil\r\nEND:VCARD\r\n" +
		"BEGIN:VCARD\r\nVERSION:2.1\r\nN:Vieux;Format\r\nEND:VCARD\r\n" +
		"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Sans UID\r\nEND:VCARD\r\n" +
		"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:new\r\nFN:Encore\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nFN:Coupée"
	upload := func(known string) {
		t.Helper()
		planned := n.want(n.me.Upload("/contacts/imports", "C:\\mes contacts.vcf", strings.NewReader(file), "book", string(n.book)), 303).Header.Get("Location")
		n.want(n.me.Get(planned), 200, "mes contacts.vcf", "Zoé Éluard", "format trop ancien", "déjà plus haut", "est abîmée")
		n.want(n.me.Post(planned+"/run", "known", known), 303)
		n.want(n.me.Get(planned), 200, "ajouté", "-Importer</button>")
	}
	upload("keep")
	if got := n.octets("zoe.vcf"); got != fromPhone {
		t.Errorf("a card that was to be kept became\n%s", got)
	}
	n.want(n.me.Get("/contacts"), 200, ">Nouvelle</a>", ">Sans UID</a>", "4 contacts", "-Encore")
	upload("replace")
	if got := n.octets("zoe.vcf"); !strings.Contains(got, "TITLE:Retraitée") {
		t.Errorf("a card that was to be replaced is\n%s", got)
	}
	n.want(n.me.Get("/contacts"), 200, "4 contacts") // the one without UID is known again
	exported := n.want(n.me.Get("/contacts/books/"+string(n.book)+"/export"), 200, "X-MAIN:1\r\n", "TITLE:Retraitée\r\n")
	if got := exported.Header.Get("Content-Disposition"); !strings.Contains(got, "attachment") || strings.Count(exported.Body, "BEGIN:VCARD") != 4 {
		t.Errorf("exported %s\n%s", got, exported.Body)
	}
	n.want(n.me.Upload("/contacts/imports", "a.vcf", strings.NewReader("Nom;Prénom"), "book", string(n.book)), 422, "ne contient pas de fiche")
	n.want(n.me.Upload("/contacts/imports", "a.vcf", strings.NewReader(file), "book", "nowhere"), 404)
}

// TestAnAdministratorSharesABook with a group, decides who writes in it, and deletes it: the journal tells.
func TestAnAdministratorSharesABook(t *testing.T) {
	n := newNotebook(t)
	admin := n.p.As("admin@bourg.example")
	n.want(n.me.Get("/contacts/books"), 200, "-Pour qui")
	n.want(n.me.Post("/contacts/books", "name", "Associations", "to", "group:accueil"), 403)
	n.want(admin.Get("/contacts/books"), 200, "Pour qui", `value="group:accueil"`)
	n.want(admin.Post("/contacts/books", "name", "", "to", "group:accueil"), 422)
	made := n.want(admin.Post("/contacts/books", "name", "Associations", "to", "group:accueil"), 303).Header.Get("Location")
	id := strings.TrimPrefix(made, "/contacts?book=")
	created := n.want(admin.Post("/contacts/cards", "book", id, "organisation", "Comité des fêtes", "phone", "02 61 91 02 02", "phone-kind", "work", "phone-was", ""), 303).Header.Get("Location")
	n.want(n.me.Get(made), 200, "Comité des fêtes", "Accueil", "sans y écrire", "-/contacts/new")
	n.want(n.me.Get(created), 200, "-/edit", "-/delete")
	n.want(n.me.Get(created+"/edit"), 403)
	n.want(n.me.Post(created+"/delete"), 403)
	n.want(n.me.Post("/contacts/cards", "book", id, "family", "X"), 403)
	n.want(admin.Post("/contacts/books/"+id, "name", "Associations", "members_write", "1"), 303)
	n.want(n.me.Post("/contacts/cards", "book", id, "family", "Boulistes"), 303)
	n.want(n.p.As("collegue@bourg.example").Get(made), 404) // in no group
	n.want(n.p.As("admin@agglo.example").Get(made), 404)
	admin.Post("/admin/groups/accueil/delete") // is refused: a book names it
	n.want(n.me.Get(made), 200, "Accueil", "Boulistes")
	n.want(admin.Get("/contacts/books/"+id+"/delete"), 200, "2 contacts", "copie")
	n.want(admin.Post("/contacts/books/"+id+"/delete"), 303)
	n.want(n.me.Get(created), 404)
	n.want(admin.Get("/admin/journal"), 200, "Carnet d’adresses créé", "Accès en écriture modifié", "Carnet d’adresses supprimé")
}

// TestAnAddressOfMailIsOneAddress: what a card says there puts no copies or texts into a message that is begun.
func TestAnAddressOfMailIsOneAddress(t *testing.T) {
	n := newNotebook(t)
	n.put("a.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:A\r\nEMAIL:a@b.example?bcc=spy@c.example&body=x\r\nEND:VCARD\r\n")
	n.put("b.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:b\r\nFN:B\r\nEMAIL:au secrétariat\r\nEND:VCARD\r\n")
	for _, page := range []string{"/contacts", n.page("a.vcf")} {
		n.want(n.me.Get(page), 200, `href="mailto:a@b.example%3Fbcc`, "-mailto:a@b.example?")
	}
	n.want(n.me.Get(n.page("b.vcf")), 200, "au secrétariat", "-mailto:")
}

// TestACardThatBecomesTooLarge is refused with what was typed.
func TestACardThatBecomesTooLarge(t *testing.T) {
	n := newNotebook(t)
	n.put("a.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nN:A;;;;\r\nFN:A\r\nPHOTO;ENCODING=b:"+strings.Repeat("A", 1<<20-5000)+"\r\nEND:VCARD\r\n")
	form := formOf(t, n.want(n.me.Get(n.page("a.vcf")+"/edit"), 200).Body)
	form.Set("note", strings.Repeat("mot ", 2000))
	n.want(n.post(n.page("a.vcf"), form), 422, "trop lourde", "mot mot mot")
}

// TestAnExportIsReadAgain whole, also where a program put a mark of UTF-8 before a card.
func TestAnExportIsReadAgain(t *testing.T) {
	n := newNotebook(t)
	n.put("a.vcf", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:A\r\nEND:VCARD\r\n")
	n.put("b.vcf", "\ufeffBEGIN:VCARD\r\nVERSION:3.0\r\nUID:b\r\nFN:Beatrice\r\nEND:VCARD\r\n")
	exported := n.want(n.me.Get("/contacts/books/"+string(n.book)+"/export"), 200, "-\ufeff").Body
	planned := n.want(n.me.Upload("/contacts/imports", "a.vcf", strings.NewReader(exported), "book", string(n.book)), 303).Header.Get("Location")
	n.want(n.me.Get(planned), 200, "Beatrice")
}
