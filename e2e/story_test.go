package e2e_test

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/demo/office"
	"parvis/documents"
	"parvis/e2e/browser"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/server"
	"parvis/server/servertest"
)

// town is a portal whose bourg signs in by a real directory server and reads a
// real mail server. Its store is databasetest's, so that the stories are told
// on each engine.
type town struct {
	*servertest.Portal
	t         *testing.T
	directory *servers.Directory
	mail      *servers.Mailserver
}

// newTown has helene, in the group accueil, known before; the directory server
// vouches for everybody else.
func newTown(t *testing.T) *town {
	t.Helper()
	w := &town{Portal: servertest.New(t), t: t, directory: servers.LDAP(t), mail: servers.Dovecot(t)}
	helene := servers.PersonByUID("helene.daumas")
	w.Hire(servertest.Person{
		Login: helene.Mail, GivenName: helene.GivenName, FamilyName: helene.FamilyName,
		Collectivities: []portal.CollectivityID{"bourg"}, Groups: []portal.GroupID{"accueil"},
	})
	w.apply(w.description(w.directory.URL, w.directory.CAFile))
	return w
}

// description is bourg as its operator would write it down.
func (w *town) description(ldapURL, caFile string) server.Description {
	w.t.Helper()
	return server.Description{
		ID: "bourg", Name: "Bourg-sur-Loire", LongName: "Mairie de Bourg-sur-Loire", Kind: "commune", Domains: []string{"bourg.example"},
		SignIn: &server.SignInDescription{
			Kind: "ldap", SecretFile: w.file("bind", w.directory.BindPassword), CAFile: caFile,
			LDAP: &server.LDAPDescription{URL: ldapURL, BindDN: w.directory.BindDN, BaseDN: w.directory.BaseDN},
		},
		Mail: &server.MailDescription{
			Address: w.mail.SecureAddress, Security: "tls", CAFile: w.mail.CAFile, SignIn: "master",
			MasterUser: w.mail.MasterUser, Separator: w.mail.MasterSeparator, MasterPasswordFile: w.file("master", w.mail.MasterPassword),
			Shared: []server.SharedDescription{{Address: "mairie@bourg.example", Name: "Mairie", Groups: []string{"accueil"}}},
		},
	}
}

func (w *town) apply(description server.Description) {
	w.t.Helper()
	if err := w.Apply(w.t.Context(), description); err != nil {
		w.t.Fatal(w.Sentence(err))
	}
}

func (w *town) file(name, content string) string {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// folder is one that accueil alone reads and fills.
func (w *town) folder(name string) string {
	w.t.Helper()
	caller := w.Caller("admin@bourg.example", "bourg")
	accueil := []portal.GroupID{"accueil"}
	id, err := w.Documents.CreateFolder(w.t.Context(), caller, documents.FolderDraft{Name: name, Readers: accueil, Writers: accueil})
	if err != nil {
		w.t.Fatal(err)
	}
	return string(id)
}

// deliberation is a PDF whose text says what its name does not.
func (w *town) deliberation() string {
	w.t.Helper()
	_, pdf, err := office.Render(office.Source{
		Format: "pdf", Title: "Délibération 2026-47", Issuer: "Commune de Bourg-sur-Loire",
		Date: time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC), Body: "Le conseil municipal décide la **réfection de la charpente** de la salle des fêtes.\n",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.file("deliberation-2026-47.pdf", string(pdf))
}

func TestAWorkingDay(t *testing.T) {
	for name, script := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) { workingDay(t, script) })
	}
}

// workingDay is the story that the desk was first built for.
func workingDay(t *testing.T, script bool) {
	w, helene := newTown(t), servers.PersonByUID("helene.daumas")
	page := browser.New(t)
	if !script {
		page.NoJavaScript()
	}
	page.Open(w.URL)
	page.Fill("label=Adresse électronique ou identifiant", helene.Mail)
	page.PressAndFollow("Enter")
	page.MustSee("Mairie de Bourg-sur-Loire")
	page.Fill("label=Mot de passe", helene.Password)
	page.PressAndFollow("Enter")
	readsHerMail(t, page, w.URL, helene.Mail, script)
	movesABox(t, page, w.URL, script)
	syncsHerAgenda(t, page, w.URL, helene.Mail)
	sharesADocument(t, page, w)
	page.Open(w.URL + "/account")
	page.Follow("text=Se déconnecter")
	page.Open(w.URL + "/documents")
	page.MustSee("Adresse électronique ou identifiant")
	page.MustNotSee("Délibération")
}

// readsHerMail finds her unread messages on the home page.
func readsHerMail(t *testing.T, page *browser.Page, address, account string, script bool) {
	t.Helper()
	var newest string
	for _, message := range servers.Messages() {
		if message.User == account && message.Mailbox == "INBOX" && newest == "" {
			newest = message.Subject
		}
	}
	page.Wait("#box-mail")
	if !script { // a box that comes late is a link without scripts
		page.Open(address + "/boxes/mail")
	}
	page.MustSee(newest)
	if badge := page.Text("#box-mail .badge"); !strings.HasPrefix(badge, "5") { // 3 of hers, 2 of the shared mailbox
		t.Errorf("the mail box counts %q unread, want 5", badge)
	}
}

// movesABox puts the second box first by the keyboard alone, and stays on the
// button.
func movesABox(t *testing.T, page *browser.Page, address string, script bool) {
	t.Helper()
	page.Open(address)
	page.Follow("text=Personnaliser")
	before := boxes(page)
	button := before[1] + "-forward"
	page.TabTo("#" + button)
	if script {
		page.Press("Enter")
		page.Until(`document.querySelector('[data-box]').dataset.box === '` + before[1] + `'`)
	} else {
		page.PressAndFollow("Enter")
	}
	want := slices.Clone(before)
	want[0], want[1] = want[1], want[0]
	if got := boxes(page); !slices.Equal(got, want) {
		t.Fatalf("after the move the boxes are %v, want %v", got, want)
	}
	page.MustSee("position 1 sur ")
	var focused string
	page.Evaluate(`document.activeElement.id`, &focused)
	if focused != button {
		t.Errorf("after the move the keyboard is on %q, want %q", focused, button)
	}
	page.Open(address)
	var first string
	page.Evaluate(`document.querySelector('.boxes .box').id`, &first)
	if first != "box-"+before[1] {
		t.Errorf("the home page begins with %q, want %q", first, "box-"+before[1])
	}
}

func boxes(page *browser.Page) []string {
	var ids []string
	page.Evaluate(`[...document.querySelectorAll('[data-box]')].map(e => e.dataset.box)`, &ids)
	return ids
}

// syncsHerAgenda writes an event in the page and finds it on her computer, and
// the other way round.
func syncsHerAgenda(t *testing.T, page *browser.Page, address, login string) {
	t.Helper()
	day := time.Now().AddDate(0, 0, 1)
	page.Open(address + "/calendar/new")
	page.Fill("#title", "Visite de l’école des Mariniers")
	page.Set("#start", day.Format(time.DateOnly))
	page.Set("#start-time", "09:30")
	page.Set("#end", day.Format(time.DateOnly))
	page.Set("#end-time", "10:30")
	page.Follow("main form.sheet button.main")
	page.Open(address + "/calendar?view=list")
	page.MustSee("Visite de l’école des Mariniers")

	page.Open(address + "/account")
	page.Fill("#name", "Mon ordinateur")
	page.Follow("main form[action='/account/app-passwords'] button")
	computer := newComputer(t, address, login, page.Text("code.secret"))
	computer.sync()
	if events := computer.events(); !strings.Contains(events, "Visite de l’école des Mariniers") {
		t.Fatalf("the computer has:\n%s", events)
	}
	computer.add("marche.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Ordinateur//FR\r\nBEGIN:VEVENT\r\nUID:marche-de-noel\r\n"+
		"DTSTAMP:20261101T080000Z\r\nDTSTART;VALUE=DATE:"+day.Format("20060102")+"\r\nSUMMARY:Marché de Noël\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
	computer.sync()
	page.Open(address + "/calendar?view=list")
	page.MustSee("Marché de Noël")
}

// sharesADocument uploads a PDF that she finds by its text, mistyped and
// without accents, and that a colleague who may not read it does not find.
func sharesADocument(t *testing.T, page *browser.Page, w *town) {
	t.Helper()
	page.Open(w.URL + "/documents/folders/" + w.folder("Délibérations"))
	page.Upload("#file", w.deliberation())
	page.Follow("main form[enctype] button.main")
	page.MustSee("deliberation-2026-47")
	w.WaitForIndex()
	for _, typed := range []string{"réfection charpente", "refection charpante", "REFECTION de la charpente"} {
		page.Open(w.URL + "/search")
		page.Fill("#search", typed)
		page.PressAndFollow("Enter")
		page.MustSee("deliberation-2026-47")
	}
	marc := servers.PersonByUID("marc.dupont")
	colleague := browser.New(t)
	colleague.SignIn(w.URL, marc.Mail, marc.Password)
	colleague.MustSee("Bourg-sur-Loire")
	for _, typed := range []string{"réfection charpente", "deliberation-2026-47"} {
		colleague.Open(w.URL + "/search?q=" + url.QueryEscape(typed))
		colleague.MustNotSee("deliberation-2026-47.pdf")
		if found := colleague.Count("main mark"); found != 0 {
			t.Errorf("a colleague without the right finds %q %d times", typed, found)
		}
	}
}

// TestAnIssuerSignsTheAgentIn is the same door kept by an OpenID provider.
func TestAnIssuerSignsTheAgentIn(t *testing.T) {
	for name, script := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) {
			p, provider := servertest.New(t), servers.OIDC(t)
			client := provider.Register(t, []string{p.URL + "/sign-in/callback/bourg"}, []string{p.URL + "/sign-in"})
			secretFile := filepath.Join(t.TempDir(), "secret")
			if err := os.WriteFile(secretFile, []byte(client.Secret), 0o600); err != nil {
				t.Fatal(err)
			}
			err := p.Apply(t.Context(), server.Description{
				ID: "bourg", Name: "Bourg-sur-Loire", LongName: "Mairie de Bourg-sur-Loire", Kind: "commune", Domains: []string{"bourg.example"},
				SignIn: &server.SignInDescription{Kind: "oidc", SecretFile: secretFile, OIDC: &server.OIDCDescription{Issuer: provider.Issuer, ClientID: client.ID, Create: true}},
			})
			if err != nil {
				t.Fatal(p.Sentence(err))
			}
			cecile := servers.PersonByUID("cecile.oconnor")
			page := browser.New(t)
			if !script {
				page.NoJavaScript()
			}
			page.AllowHost(strings.TrimPrefix(provider.Issuer, "http://"))
			page.Open(p.URL + "/news")
			page.Fill("#login", cecile.Mail)
			page.Follow("text=Continuer")
			page.MustSee(cecile.Name())
			page.MustSee("Actualités")
			if !strings.HasSuffix(page.URL(), "/news") {
				t.Errorf("after the sign-in the address is %s, want the page first asked for", page.URL())
			}
		})
	}
}
