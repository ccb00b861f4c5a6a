package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	encpem "encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
	"parvis/portal/seal"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

var (
	helene   = portal.Caller{Account: "h", Agent: "helene", Collectivity: "bourg", Groups: []portal.GroupID{"accueil"}}
	marc     = portal.Caller{Account: "m", Agent: "marc", Collectivity: "bourg"}
	admin    = portal.Caller{Agent: "x", Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	stranger = portal.Caller{Account: "s", Agent: "helene", Collectivity: "agglo", Groups: []portal.GroupID{"accueil"}, Rights: []portal.Right{portal.Admin}}
)

func newStore(t *testing.T) *Store {
	t.Helper()
	db := databasetest.New(t)
	databasetest.AddCollectivities(t, db, "bourg", "agglo")
	for domain, collectivity := range map[string]string{"bourg.example": "bourg", "agglo.example": "agglo"} {
		_, err := db.Exec(context.Background(), `INSERT INTO collectivity_domains (domain, collectivity) VALUES ($1, $2)`, domain, collectivity)
		if err != nil {
			t.Fatal(err)
		}
	}
	for agent, email := range map[string]string{"helene": "helene.daumas@bourg.example", "marc": "marc.dupont@bourg.example"} {
		_, err := db.Exec(context.Background(), `INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, email, created)
			VALUES ('bourg', $1, $1, $1, $1, $2, 1)`, agent, email)
		if err != nil {
			t.Fatal(err)
		}
	}
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	return NewStore(db, sealer)
}

func pem(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func masterServer(t *testing.T, dovecot *servers.Mailserver) Server {
	return Server{
		Address: dovecot.SecureAddress, Security: TLS, CA: pem(t, dovecot.CAFile), SignIn: ByMaster,
		MasterUser: dovecot.MasterUser, MasterPassword: dovecot.MasterPassword, Separator: dovecot.MasterSeparator,
		Webmail: "https://courriel.bourg.example/",
	}
}

func connectMail(t *testing.T, store *Store, server Server) {
	t.Helper()
	ctx := context.Background()
	if err := store.SetServer(ctx, admin, server); err != nil {
		t.Fatal(err)
	}
	for address, group := range map[string]portal.GroupID{"mairie@bourg.example": "accueil", "urbanisme@bourg.example": "urbanisme"} {
		name, _, _ := strings.Cut(address, "@")
		if err := store.SetShared(ctx, admin, Shared{Address: address, Name: name, Audience: []portal.GroupID{group}}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnAgentReadsHerMailboxAndThoseOfHerGroups(t *testing.T) {
	ctx, store, dovecot := context.Background(), newStore(t), servers.Dovecot(t)
	connectMail(t, store, masterServer(t, dovecot))
	reading, err := store.Mailboxes(ctx, helene, 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(reading.Boxes) != 2 || reading.Boxes[0].Unread != 3 || reading.Boxes[1].Name != "mairie" || reading.Boxes[1].Unread != 2 {
		t.Fatalf("helene reads %+v", reading)
	}
	first := reading.Boxes[0].Messages[0]
	var want servers.Message
	for _, message := range servers.Messages() {
		if message.User == "helene.daumas@bourg.example" && message.Mailbox == "INBOX" {
			want = message
			break
		}
	}
	if first.Subject != want.Subject || first.From != want.From.Name || first.Unread == want.Read {
		t.Errorf("latest = %+v, want %+v", first, want)
	}
	reading, err = store.Mailboxes(ctx, marc, 3)
	if err != nil || len(reading.Boxes) != 1 || reading.Boxes[0].Unread != 1 {
		t.Errorf("marc reads %+v, %v: a group he is not in?", reading, err)
	}
	dovecot.Append(t, "marc.dupont@bourg.example", "INBOX", []byte("From: a@b.example\r\nSubject: =?utf-8?q?=C3=89t=C3=A9?=\r\n\r\nx\r\n"))
	reading, err = store.Mailboxes(ctx, marc, 3)
	if err != nil || reading.Unread() != 2 || reading.Boxes[0].Messages[0].Subject != "Été" {
		t.Errorf("after a new message: %+v, %v", reading, err)
	}
}

func TestAnotherCollectivityReachesNoMailbox(t *testing.T) {
	ctx, store, dovecot := context.Background(), newStore(t), servers.Dovecot(t)
	connectMail(t, store, masterServer(t, dovecot))
	if reading, err := store.Mailboxes(ctx, stranger, 3); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("agglo reads %+v, %v", reading, err)
	}
	if shared, err := store.sharedOf(ctx, stranger); err != nil || shared != nil {
		t.Errorf("agglo shares %v, %v", shared, err)
	}
	if configured, err := NewWidget(store).Configured(ctx, "agglo"); configured || err != nil {
		t.Errorf("agglo has a mail box: %v, %v", configured, err)
	}
	if err := store.SetServer(ctx, helene, Server{}); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("an agent sets the server: %v", err)
	}
}

func TestTheMasterUserOpensNobodyElsesMailbox(t *testing.T) {
	ctx, store, dovecot := context.Background(), newStore(t), servers.Dovecot(t)
	connectMail(t, store, masterServer(t, dovecot))
	for name, email := range map[string]string{"a colleague's": "Helene.Daumas@bourg.example", "another collectivity's": "dgs@agglo.example", "none": ""} {
		if _, err := store.db.Exec(ctx, `UPDATE agents SET email = $1 WHERE collectivity = 'bourg' AND id = 'marc'`, email); err != nil {
			t.Fatal(err)
		}
		if reading, err := store.Mailboxes(ctx, marc, 3); err != nil || len(reading.Boxes) != 0 {
			t.Errorf("with %s address on his card marc reads %+v, %v", name, reading.Boxes, err)
		}
	}
}

func TestAPasswordThatIsWrongByNowIsForgotten(t *testing.T) {
	ctx, store, dovecot := context.Background(), newStore(t), servers.Dovecot(t)
	connectMail(t, store, Server{Address: dovecot.Address, Security: StartTLS, CA: pem(t, dovecot.CAFile), SignIn: ByPassword})
	if err := store.keepPassword(ctx, helene, "helene.daumas@bourg.example", "last year's"); err != nil {
		t.Fatal(err)
	}
	if reading, err := store.Mailboxes(ctx, helene, 3); err != nil || !reading.NeedsPassword {
		t.Errorf("reading = %+v, %v", reading, err)
	}
	if _, err := store.personal(ctx, helene, Server{SignIn: ByPassword}); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("the wrong password is kept: %v", err)
	}
}

func TestAPasswordGivenMeanwhileIsKept(t *testing.T) {
	ctx, store := context.Background(), newStore(t)
	if err := store.keepPassword(ctx, helene, "helene.daumas@bourg.example", "last year's"); err != nil {
		t.Fatal(err)
	}
	tried, err := store.personal(ctx, helene, Server{SignIn: ByPassword})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.keepPassword(ctx, helene, "helene.daumas@bourg.example", "this year's"); err != nil {
		t.Fatal(err)
	}
	if err := store.forgetRefused(ctx, helene, tried); err != nil {
		t.Fatal(err)
	}
	if kept, err := store.personal(ctx, helene, Server{SignIn: ByPassword}); err != nil || kept.password != "this year's" {
		t.Errorf("kept %q, %v", kept.password, err)
	}
}

func TestThePageDoesNotServeToGuess(t *testing.T) {
	ctx, store, dovecot := context.Background(), newStore(t), servers.Dovecot(t)
	connectMail(t, store, Server{Address: dovecot.Address, Security: StartTLS, CA: pem(t, dovecot.CAFile), SignIn: ByPassword})
	login, password := "helene.daumas@bourg.example", servers.PersonByUID("helene.daumas").Password
	for range maxAttempts {
		if err := store.GivePassword(ctx, marc, login, "guess"); !errors.Is(err, portal.ErrDenied) {
			t.Fatal(err)
		}
	}
	var refusal portal.UserError
	if err := store.GivePassword(ctx, marc, login, password); !errors.As(err, &refusal) || refusal.Key != "mail.error.wait" {
		t.Errorf("after %d wrong ones: %v", maxAttempts, err)
	}
	if err := store.GivePassword(ctx, helene, login, password); err != nil {
		t.Errorf("helene waits for marc: %v", err)
	}
	start := time.Now()
	if wait := store.attempts.wait(marc.Agent, start.Add(attemptWindow)); wait > 0 {
		t.Errorf("after the window marc waits %v", wait)
	}
}

func TestTheAgentGivesHerPasswordOnce(t *testing.T) {
	ctx, store, dovecot := context.Background(), newStore(t), servers.Dovecot(t)
	connectMail(t, store, Server{Address: dovecot.Address, Security: StartTLS, CA: pem(t, dovecot.CAFile), SignIn: ByPassword})
	reading, err := store.Mailboxes(ctx, helene, 3)
	if err != nil || !reading.NeedsPassword {
		t.Fatalf("before: %+v, %v", reading, err)
	}
	login, password := "helene.daumas@bourg.example", servers.PersonByUID("helene.daumas").Password
	if err := store.GivePassword(ctx, helene, login, "wrong"); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("wrong password: %v", err)
	}
	if err := store.GivePassword(ctx, helene, login, password); err != nil {
		t.Fatal(err)
	}
	if reading, err = store.Mailboxes(ctx, helene, 3); err != nil || reading.NeedsPassword || reading.Unread() != 3 {
		t.Errorf("after: %+v, %v", reading, err)
	}
	var sealed []byte
	if err := store.db.QueryRow(ctx, `SELECT sealed FROM mail_passwords WHERE collectivity = 'bourg'`).Scan(&sealed); err != nil || strings.Contains(string(sealed), password) {
		t.Errorf("kept %q, %v", sealed, err)
	}
	if reading, err := store.Mailboxes(ctx, marc, 3); err != nil || !reading.NeedsPassword {
		t.Errorf("marc uses helene's password: %+v, %v", reading, err)
	}
	if err := store.forgetPassword(ctx, helene); err != nil {
		t.Fatal(err)
	}
	if reading, err := store.Mailboxes(ctx, helene, 3); err != nil || !reading.NeedsPassword {
		t.Errorf("after forgetting: %+v, %v", reading, err)
	}
}

func TestAServerInTroubleIsNamedInASentence(t *testing.T) {
	store, dovecot := newStore(t), servers.Dovecot(t)
	sentence := func(err error) string {
		var refusal portal.UserError
		if !errors.As(err, &refusal) {
			t.Errorf("no sentence in %v", err)
		}
		return refusal.Key
	}
	wrong := masterServer(t, dovecot)
	wrong.CA = ""
	connectMail(t, store, wrong)
	_, err := store.Mailboxes(context.Background(), marc, 3)
	if got := sentence(err); got != "mail.error.certificate" {
		t.Errorf("untrusted certificate: %s", got)
	}
	wrong = masterServer(t, dovecot)
	wrong.MasterPassword = "wrong"
	connectMail(t, store, wrong)
	_, err = store.Mailboxes(context.Background(), marc, 3)
	if got := sentence(err); got != "mail.error.refused" {
		t.Errorf("refused: %s", got)
	}
	connectMail(t, store, masterServer(t, dovecot))
	dovecot.Freeze()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	_, err = store.Mailboxes(ctx, marc, 3)
	if got := sentence(err); got != "mail.error.unreachable" || time.Since(start) > 20*time.Second {
		t.Errorf("hanging: %s after %v", got, time.Since(start))
	}
	dovecot.Thaw()
	dovecot.Stop(t)
	_, err = store.Mailboxes(context.Background(), marc, 3)
	if got := sentence(err); got != "mail.error.unreachable" || !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("stopped: %s, %v", got, err)
	}
	if err := store.Check(context.Background(), "bourg"); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("Check = %v", err)
	}
}

// talkative is an IMAP server that answers a FETCH with a subject without end.
func talkative(conn net.Conn) {
	fmt.Fprint(conn, "* OK [CAPABILITY IMAP4rev1] hello\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		tag, command, _ := strings.Cut(lines.Text(), " ")
		switch name, _, _ := strings.Cut(command, " "); name {
		case "STATUS":
			fmt.Fprint(conn, "* STATUS INBOX (MESSAGES 3 UNSEEN 1)\r\n")
		case "FETCH":
			fmt.Fprint(conn, "* 1 FETCH (ENVELOPE (NIL {2000000000}\r\n")
			for {
				if _, err := conn.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		}
		fmt.Fprintf(conn, "%s OK done\r\n", tag)
	}
}

func TestAServerThatSaysTooMuchIsLeft(t *testing.T) {
	lender := httptest.NewTLSServer(nil) // of its certificate
	defer lender.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: lender.TLS.Certificates})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			defer conn.Close()
			talkative(conn)
		}
	}()
	authority := encpem.EncodeToMemory(&encpem.Block{Type: "CERTIFICATE", Bytes: lender.Certificate().Raw})
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = visit(ctx, Server{Address: listener.Addr().String(), Security: TLS, CA: string(authority)}, credentials{login: "helene", password: "x"}, 3)
	runtime.ReadMemStats(&after)
	if !errors.Is(err, portal.ErrUnavailable) || ctx.Err() != nil {
		t.Errorf("%v, want unavailable before the deadline", err)
	}
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 200 {
		t.Errorf("it took %d MB", took)
	}
}

func TestTheBoxShowsWhatWaits(t *testing.T) {
	catalogue, err := i18n.Load(Locales)
	if err != nil {
		t.Fatal(err)
	}
	printer := catalogue.Printer(i18n.French)
	got := content(Reading{Webmail: "https://w.example/", Missing: []Missed{{}}, Boxes: []Mailbox{
		{Address: "a@b.example", Unread: 2, Messages: []Message{{From: "Élodie", Unread: true}}},
		{Name: "Urbanisme", Unread: 3},
	}}, printer)
	if got.Badge.Count != 5 || !got.Partial || len(got.Items) != 1 || got.Items[0].Title != "(sans objet)" || got.Figures[0].Value != "3" {
		t.Errorf("content = %+v", got)
	}
	asked := content(Reading{NeedsPassword: true}, printer)
	if asked.Notice.Link.URL != "/mail/password" {
		t.Errorf("content = %+v", asked)
	}
	var _ widgets.Widget = Widget{}
}

func FuzzOneLine(f *testing.F) {
	f.Add("Objet\r\nBcc: x")
	f.Add("\u202egnp.exe")
	f.Fuzz(func(t *testing.T, text string) {
		got := oneLine(text)
		if strings.ContainsAny(got, "\r\n\x00\u202e\u2066") || len([]rune(got)) > maxHeader+1 {
			t.Errorf("oneLine(%q) = %q", text, got)
		}
	})
}

func TestTheBoxKeepsTheContract(t *testing.T) {
	store, dovecot := newStore(t), servers.Dovecot(t)
	connectMail(t, store, masterServer(t, dovecot))
	widgetstest.Conforms(t, NewWidget(store), widgets.Request{Caller: marc}, Locales)
}
