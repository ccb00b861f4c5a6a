package e2e_test

import (
	"bytes"
	"encoding/base64"
	"html"
	"io"
	"strings"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"parvis/e2e/servers"
	"parvis/server"
	"parvis/server/servertest"
)

// shows fails the test unless the answer has the status and says the sentence
// to the person.
func shows(t *testing.T, answer servertest.Answer, status int, sentence string) {
	t.Helper()
	if answer.Status != status || !strings.Contains(plain(answer.Body), sentence) {
		t.Errorf("status %d, want %d with %q in:\n%.2500s", answer.Status, status, sentence, plain(answer.Body))
	}
}

// plain is a page as it reads: character references resolved, and the spaces
// of French typography made ordinary.
func plain(body string) string {
	return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(html.UnescapeString(body))
}

const (
	wrongPassword = "Adresse ou mot de passe incorrect. Vérifiez les majuscules, puis réessayez."
	ldapSilent    = "L’annuaire de votre collectivité ne répond pas. Votre mot de passe n’est pas en cause"
	ldapStranger  = "Le certificat de l’annuaire n’est pas reconnu : par sécurité, aucun mot de passe ne lui est envoyé."
)

func TestAWrongPasswordAndAnUnknownAddressReadTheSame(t *testing.T) {
	w := newTown(t)
	helene := servers.PersonByUID("helene.daumas")
	page := func(login string) string {
		answer := w.Anonymous().SignIn(login, "pas-le-bon")
		shows(t, answer, 422, wrongPassword)
		return strings.ReplaceAll(answer.Body, login, "…")
	}
	if known, unknown := page(helene.Mail), page("personne.inconnue@bourg.example"); known != unknown {
		t.Errorf("the page tells who exists:\n%s\n%s", known, unknown)
	}
}

func TestTheDirectoryServerIsDownAndSessionsGoOn(t *testing.T) {
	w := newTown(t)
	helene, session := servers.PersonByUID("helene.daumas"), w.Anonymous()
	session.SignIn(helene.Mail, helene.Password).Want(t, 303)
	w.directory.Stop(t)
	shows(t, w.Anonymous().SignIn(helene.Mail, helene.Password), 503, ldapSilent)
	session.Get("/").Want(t, 200, helene.GivenName)
	session.Get("/calendar").Want(t, 200)
	// The operator is told the same at the terminal.
	reports, err := w.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, report := range reports {
		found = found || report.Collectivity == "bourg" && report.What == "sign-in" && strings.Contains(report.Fault, "directory")
	}
	if !found {
		t.Errorf("check says %+v", reports)
	}
	w.directory.Start(t)
	w.Anonymous().SignIn(helene.Mail, helene.Password).Want(t, 303)
}

func TestACertificateOfAStrangerGetsNoPassword(t *testing.T) {
	w := newTown(t)
	helene := servers.PersonByUID("helene.daumas")
	for _, address := range []string{w.directory.URL, w.directory.SecureURL} {
		w.apply(w.description(address, w.directory.WrongCAFile))
		shows(t, w.Anonymous().SignIn(helene.Mail, helene.Password), 503, ldapStranger)
	}
	w.apply(w.description(w.directory.SecureURL, w.directory.CAFile))
	w.Anonymous().SignIn(helene.Mail, helene.Password).Want(t, 303)
}

func TestAMailboxThatRefusesIsSaidInItsBox(t *testing.T) {
	w := newTown(t)
	described := w.description(w.directory.URL, w.directory.CAFile)
	described.Mail.MasterPasswordFile = w.file("master", "plus-le-bon")
	w.apply(described)
	helene := w.As("helene.daumas@bourg.example")
	shows(t, helene.Get("/mail"), 200, "La messagerie refuse cet identifiant ou ce mot de passe.")
	shows(t, helene.Get("/boxes/mail"), 200, "La messagerie refuse cet identifiant ou ce mot de passe.")
	wholeHome(t, helene)
}

// wholeHome asks for the home page, whose other boxes must be there.
func wholeHome(t *testing.T, client *servertest.Client) time.Duration {
	t.Helper()
	begun := time.Now()
	answer := client.Get("/")
	took := time.Since(begun)
	answer.Want(t, 200, `id="box-agenda"`, `id="box-news"`, `id="box-directory"`, `id="box-mail"`, "</html>")
	return took
}

func TestAMailServerThatHangsHoldsNothingUp(t *testing.T) {
	w := newTown(t)
	helene := w.As("helene.daumas@bourg.example")
	w.mail.Freeze()
	fastest := time.Hour // of three, since the machine has other work
	for range 3 {
		fastest = min(fastest, wholeHome(t, helene))
	}
	t.Logf("home with a mail server that hangs: %v", fastest)
	if fastest > 250*time.Millisecond {
		t.Errorf("the home page takes %v, want 250 ms at most", fastest)
	}
	shows(t, helene.Get("/mail"), 200, "La messagerie ne répond pas.")
	w.mail.Thaw()
}

// phone asks the author's own calendar with an app password.
func phone(p *servertest.Portal, login, method, name, ics string) servertest.Answer {
	secret := p.AppPassword(login, "bourg")
	agent := p.Caller(login, "bourg").Agent
	return p.Anonymous().Do(method, "/dav/calendars/"+string(agent)+"/personal/"+name, strings.NewReader(ics), "Content-Type", "text/calendar",
		"Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(login+":"+secret)))
}

func TestEventsThatLackSomething(t *testing.T) {
	p := servertest.New(t)
	const login = "agent@bourg.example"
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	today := time.Now().In(paris) // near midnight another day than the machine's, and another week
	day := today.Format("20060102")
	endless := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nBEGIN:VEVENT\r\nUID:sans-fin\r\nDTSTAMP:20261101T000000Z\r\nDTSTART:" + day + "T090000Z\r\nSUMMARY:Passage du facteur\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	if answer := phone(p, login, "PUT", "sans-fin.ics", endless); answer.Status != 201 {
		t.Fatalf("an event without end: %d %s", answer.Status, answer.Body)
	}
	client := p.As(login)
	client.Get("/calendar?view=list&date="+today.Format(time.DateOnly)).Want(t, 200, "Passage du facteur")
	client.Get("/calendar?view=week").Want(t, 200, "Passage du facteur")
	for name, broken := range map[string]string{
		"cut":       endless[:len(endless)/2],
		"nothing":   "",
		"noise":     "\x00\xff\xfe pas un agenda",
		"startless": strings.Replace(endless, "DTSTART:"+day+"T090000Z\r\n", "", 1),
	} {
		answer := phone(p, login, "PUT", name+".ics", broken)
		if answer.Status != 403 || !strings.Contains(answer.Body, "valid-calendar-") {
			t.Errorf("%s: %d, want 403 with its precondition: %s", name, answer.Status, answer.Body)
		}
		if answer := phone(p, login, "GET", name+".ics", ""); answer.Status != 404 {
			t.Errorf("%s was kept: %d", name, answer.Status)
		}
	}
	answer := client.Post("/calendar/events", "calendar", string(p.Caller(login, "bourg").Agent), "title", "", "start", "demain", "start-time", "midi")
	if answer.Status != 422 {
		t.Errorf("a form without sense: %d", answer.Status)
	}
}

// library is a portal that takes 1 MiB, and a folder of the agent's.
func library(t *testing.T) (*servertest.Portal, *servertest.Client, string) {
	t.Helper()
	p := servertest.NewWith(t, func(c *server.Config) { c.Documents.MaxSizeMB = 1 })
	w := &town{Portal: p, t: t}
	return p, p.As("agent@bourg.example"), "/documents/folders/" + w.folder("Dépôt")
}

func TestFilesWithoutTextSayWhy(t *testing.T) {
	p, client, folder := library(t)
	var locked bytes.Buffer
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetProtection(0, "secret", "owner")
	pdf.AddPage()
	pdf.SetFont("Helvetica", "", 12)
	pdf.Cell(40, 10, "Confidentiel")
	if err := pdf.Output(&locked); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]io.Reader{"vide.pdf": strings.NewReader(""), "verrou.pdf": &locked, "abime.pdf": strings.NewReader("%PDF-1.7\nrien")} {
		client.Upload(folder+"/upload", name, content).Want(t, 303)
	}
	p.WaitForIndex()
	page := client.Get(folder)
	for name, sentence := range map[string]string{
		"vide":   "Ce fichier est vide : il ne contient aucun octet.",
		"verrou": "Ce fichier est protégé par un mot de passe.",
		"abime":  "Ce fichier est abîmé ou incomplet",
	} {
		shows(t, client.Get(documentOf(t, page.Body, name)), 200, sentence)
		shows(t, client.Get("/search?q="+name), 200, "1 résultat")
	}
}

// documentOf is the address of a document on the page of its folder.
func documentOf(t *testing.T, page, title string) string {
	t.Helper()
	before, _, found := strings.Cut(page, `">`+title)
	at := strings.LastIndex(before, `href="`)
	if !found || at < 0 {
		t.Fatalf("%s is not in its folder:\n%s", title, page)
	}
	return before[at+len(`href="`):]
}

func TestAnUploadOverTheLimitIsRefusedInASentence(t *testing.T) {
	_, client, folder := library(t)
	shows(t, client.Upload(folder+"/upload", "plan.tif", io.LimitReader(zeros{}, 3<<20)), 413, "Cet envoi dépasse 1 Mo. Rien n’a été déposé")
	if body := client.Get(folder).Body; strings.Contains(body, "plan") {
		t.Errorf("something of the refused upload is there:\n%s", body)
	}
	client.Upload(folder+"/upload", "plan.txt", strings.NewReader("petit")).Want(t, 303)
}

// zeros never end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
