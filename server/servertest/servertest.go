// Package servertest gives a test a whole Parvis on a store of its own: every
// room, their work in the background, and an address to ask. It is a harness
// of the tests: nothing of the binary imports it.
package servertest

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/demo"
	"parvis/directory"
	"parvis/mail"
	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/search/extract"
	"parvis/server"
	"parvis/sso"
	"parvis/sso/ssotest"
)

// Main runs the tests of a package that uses New. The test binary is also the
// program that reads uploaded files, as the real one is.
func Main(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "extract" {
		os.Exit(extract.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// Config is what a test may set, named here for rooms that lie under the
// server's.
type Config = server.Config

// Portal is a Parvis that serves until its test ends.
type Portal struct {
	*server.Server
	URL string // "http://127.0.0.1:40129"

	t    testing.TB
	log  *journal
	post *demo.MailServer // that takes its mail, nil for none
	stop func()           // once
}

// Stop ends the portal before its test ends, as a restart would.
func (p *Portal) Stop() { p.stop() }

// Password opens every account of New and Demo.
const Password = demo.Password

// New starts a Parvis with three collectivities, bourg, agglo and syndicat, and
// the people of People. Nothing else is in it.
func New(t testing.TB) *Portal {
	t.Helper()
	return NewWith(t, func(*server.Config) {})
}

// Again opens a store and its files that another portal left.
func Again(t testing.TB, config server.Config) *Portal {
	t.Helper()
	return start(t, func(c *server.Config) { *c = config })
}

// Empty starts a Parvis without any collectivity.
func Empty(t testing.TB) *Portal {
	t.Helper()
	return start(t, func(*server.Config) {})
}

// NewWith is New with another configuration.
func NewWith(t testing.TB, change func(*server.Config)) *Portal {
	t.Helper()
	p := start(t, change)
	p.found()
	return p
}

// Demo starts a Parvis with the pool of the demonstration and its mail, and
// waits until search knows it.
func Demo(t testing.TB) *Portal {
	t.Helper()
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(paris)
	var post *demo.MailServer
	p := start(t, func(c *server.Config) { // its mail ends before one looks for what is left
		if post, err = demo.StartMail(demo.Pool(), now, slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		closing(t, post)
		c.Mail = post.Outgoing()
	})
	p.post = post
	if _, err := demo.Load(t.Context(), p.Server, now); err != nil {
		t.Fatal(err)
	}
	if err := post.Connect(t.Context(), p.Server, demo.Pool()); err != nil {
		t.Fatal(err)
	}
	p.WaitForIndex()
	return p
}

func start(t testing.TB, change func(*server.Config)) *Portal {
	t.Helper()
	before := ownGoroutines()
	t.Cleanup(func() { gone(t, before) })
	config := server.DefaultConfig()
	config.Data, config.Database = t.TempDir(), databasetest.URL(t)
	config.Log.Requests = false
	change(&config)
	p := &Portal{t: t, log: &journal{}}
	listener, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config.Listen = listener.Addr().String() // letters lead there
	with := server.Options{
		Log: slog.New(slog.NewTextHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug})), WeatherSource: demo.Weather{}, Version: "test",
	}
	p.Server, err = server.New(t.Context(), config, with)
	if err != nil {
		listener.Close()
		t.Fatal(err)
	}
	p.serve(listener)
	return p
}

// serve answers until the test ends.
func (p *Portal) serve(listener net.Listener) {
	p.t.Helper()
	p.URL = "http://" + listener.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx, listener) }()
	p.stop = sync.OnceFunc(func() {
		stop()
		if err := <-ended; err != nil {
			p.t.Errorf("serving ended: %v", err)
		}
		if err := p.Close(); err != nil {
			p.t.Errorf("close: %v", err)
		}
	})
	p.t.Cleanup(func() {
		p.stop()
		if p.t.Failed() {
			p.t.Logf("the portal's log:\n%s", p.Log())
		}
	})
}

// Letter is what a mailbox holds.
type Letter = demo.Letter

// OpenMail serves the mailboxes of addresses until the test ends.
func (p *Portal) OpenMail(addresses []string, letters []Letter) mail.Server {
	p.t.Helper()
	post, err := demo.ServeMail(addresses, letters, time.Now(), slog.New(slog.DiscardHandler))
	if err != nil {
		p.t.Fatal(err)
	}
	closing(p.t, post)
	return post.Server("")
}

func closing(t testing.TB, post *demo.MailServer) {
	t.Cleanup(func() {
		if err := post.Close(); err != nil {
			t.Errorf("mail server: %v", err)
		}
	})
}

// NewSending is New with a server that takes its mail, see Received.
func NewSending(t testing.TB) *Portal {
	t.Helper()
	var post *demo.MailServer
	p := NewWith(t, func(c *server.Config) {
		var err error
		if post, err = demo.ServeMail(nil, nil, time.Now(), slog.New(slog.DiscardHandler)); err != nil {
			t.Fatal(err)
		}
		closing(t, post)
		c.Mail = post.Outgoing()
	})
	p.post = post
	return p
}

// Received waits for the nth letter to an address, from 1, and returns it as it
// came.
func (p *Portal) Received(address string, nth int) string {
	p.t.Helper()
	for range 500 {
		if letters := p.post.Received(address); len(letters) >= nth {
			return letters[nth-1]
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.t.Fatalf("%d letters to %s, want %d", len(p.post.Received(address)), address, nth)
	return ""
}

// ReceivedSoFar is how many letters came to an address.
func (p *Portal) ReceivedSoFar(address string) int { return len(p.post.Received(address)) }

// Log is what the portal has written so far.
func (p *Portal) Log() string { return p.log.String() }

// Caller is who a person of a collectivity is, as she may act now.
func (p *Portal) Caller(login string, collectivity portal.CollectivityID) portal.Caller {
	p.t.Helper()
	account, err := p.Directory.AccountByLogin(p.t.Context(), login)
	if err != nil {
		p.t.Fatal(err)
	}
	caller, err := p.Directory.CallerFor(p.t.Context(), account.ID, collectivity)
	if err != nil {
		p.t.Fatal(err)
	}
	return caller
}

// AppPassword makes a password for a person's programs.
func (p *Portal) AppPassword(login string, collectivity portal.CollectivityID) string {
	p.t.Helper()
	password, err := p.SSO.AppPasswords.Create(p.t.Context(), p.Caller(login, collectivity), sso.AppPassword{Name: "Téléphone", Scopes: portal.Scopes{portal.ScopeCalendar, portal.ScopeContacts}})
	if err != nil {
		p.t.Fatal(err)
	}
	return password
}

// WaitForIndex waits until files are read and search knows every change.
func (p *Portal) WaitForIndex() {
	p.t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for {
		unread, err := p.unread()
		if err != nil {
			p.t.Fatal(err)
		}
		pending, err := p.Indexer.Pending(p.t.Context())
		if err != nil {
			p.t.Fatal(err)
		}
		if unread == 0 && pending == 0 {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("after 90 s %d files are not read and %d changes not indexed", unread, pending)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// unread counts the files whose text was not taken out yet, in every
// collectivity.
func (p *Portal) unread() (count int, err error) {
	err = p.DB.QueryRow(p.t.Context(), `SELECT count(collectivity) FROM document_versions WHERE text_state = 'queued'`).Scan(&count)
	return count, err
}

// Suspend shuts a collectivity, as the operator of the pool does.
func (p *Portal) Suspend(id portal.CollectivityID) {
	p.t.Helper()
	operator := portal.Caller{Rights: []portal.Right{portal.OperatePool}}
	if err := p.Directory.Suspend(p.t.Context(), operator, id, directory.Suspension{Reason: "Essai"}, ""); err != nil {
		p.t.Fatal(err)
	}
}

// found fills the collectivities of New.
func (p *Portal) found() {
	p.t.Helper()
	for _, c := range []directory.Collectivity{
		{ID: "bourg", Name: "Bourg-sur-Loire", LongName: "Mairie de Bourg-sur-Loire", Kind: "commune", Phone: "+33261910100", Domains: []string{"bourg.example"}},
		{ID: "agglo", Name: "Agglo de Loire", LongName: "Communauté d’agglomération de Loire", Kind: "epci", Domains: []string{"agglo.example"}},
		{ID: "syndicat", Name: "Eaux de la Varenne", LongName: "Syndicat des eaux de la Varenne", Kind: "syndicat", Domains: []string{"syndicat.example"}},
	} {
		if err := p.Directory.CreateCollectivity(p.t.Context(), c); err != nil {
			p.t.Fatal(err)
		}
		group := directory.Group{ID: "accueil", Name: "Accueil"}
		if _, err := p.Directory.CreateGroup(p.t.Context(), directory.Installation(c.ID), group); err != nil {
			p.t.Fatal(err)
		}
	}
	var accounts []portal.AccountID
	for _, person := range People() {
		accounts = append(accounts, p.enter(person))
	}
	p.open(accounts...)
}

// Hire adds a person who signs in with Password.
func (p *Portal) Hire(person Person) {
	p.t.Helper()
	p.open(p.enter(person))
}

// open gives accounts the Password.
func (p *Portal) open(accounts ...portal.AccountID) {
	p.t.Helper()
	ssotest.Open(p.t, p.DB, p.SSO.Passwords, Password, accounts...)
}

// enter adds a person who can't sign in yet.
func (p *Portal) enter(person Person) portal.AccountID {
	p.t.Helper()
	ctx := p.t.Context()
	account, err := p.Directory.CreateAccount(ctx, directory.Installation(""), person.Login)
	if err != nil {
		p.t.Fatal(err)
	}
	if person.Operator {
		if err := p.Directory.GrantPool(ctx, account); err != nil {
			p.t.Fatal(err)
		}
	}
	for _, collectivity := range person.Collectivities {
		caller := directory.Installation(collectivity)
		agent, err := p.Directory.CreateAgent(ctx, caller, directory.Agent{
			Account:   account,
			GivenName: person.GivenName, FamilyName: person.FamilyName, Email: person.Login,
		})
		if err != nil {
			p.t.Fatal(err)
		}
		for _, group := range person.Groups {
			if err := p.Directory.AddMember(ctx, caller, group, agent); err != nil {
				p.t.Fatal(err)
			}
		}
		if err := p.Directory.SetRights(ctx, caller, agent, person.Rights); err != nil {
			p.t.Fatal(err)
		}
	}
	return account
}

// Person is one who signs in.
type Person struct {
	Login                 string
	GivenName, FamilyName string
	Collectivities        []portal.CollectivityID // she is an agent of each
	Groups                []portal.GroupID
	Rights                []portal.Right
	Operator              bool // of the pool
}

// People are those of New. Each collectivity has an agent in the group accueil,
// a colleague in no group and without right, who edits and who administers; the
// secretary of bourg edits in syndicat too.
func People() []Person {
	bourg, agglo, syndicat := []portal.CollectivityID{"bourg"}, []portal.CollectivityID{"agglo"}, []portal.CollectivityID{"syndicat"}
	reception := []portal.GroupID{"accueil"}
	editing := []portal.Right{portal.EditCalendars, portal.EditDocuments, portal.EditNews}
	all := []portal.Right{portal.Admin, portal.EditCalendars, portal.EditDocuments, portal.EditNews}
	return []Person{
		{Login: "agent@bourg.example", GivenName: "Camille", FamilyName: "Le Goff", Collectivities: bourg, Groups: reception},
		{Login: "collegue@bourg.example", GivenName: "Noé", FamilyName: "Martin", Collectivities: bourg},
		{Login: "redaction@bourg.example", GivenName: "Inès", FamilyName: "Roux", Collectivities: bourg, Groups: reception, Rights: editing},
		{Login: "admin@bourg.example", GivenName: "Paul", FamilyName: "Petit", Collectivities: bourg, Groups: reception, Rights: all},
		{Login: "secretaire@bourg.example", GivenName: "Maud", FamilyName: "Giraud", Collectivities: append(bourg, syndicat...), Groups: reception, Rights: editing},
		{Login: "agent@agglo.example", GivenName: "Léa", FamilyName: "Moreau", Collectivities: agglo, Groups: reception},
		{Login: "collegue@agglo.example", GivenName: "Luc", FamilyName: "Fabre", Collectivities: agglo},
		{Login: "redaction@agglo.example", GivenName: "Ana", FamilyName: "Dias", Collectivities: agglo, Groups: reception, Rights: editing},
		{Login: "admin@agglo.example", GivenName: "Hugo", FamilyName: "Blanc", Collectivities: agglo, Groups: reception, Rights: all},
		{Login: "agent@syndicat.example", GivenName: "Yann", FamilyName: "Le Bris", Collectivities: syndicat, Groups: reception},
		{Login: "collegue@syndicat.example", GivenName: "Rose", FamilyName: "Klein", Collectivities: syndicat},
		{Login: "redaction@syndicat.example", GivenName: "Élie", FamilyName: "Noir", Collectivities: syndicat, Groups: reception, Rights: editing},
		{Login: "admin@syndicat.example", GivenName: "Jade", FamilyName: "Perrin", Collectivities: syndicat, Groups: reception, Rights: all},
		{Login: "pool@pool.example", Operator: true},
	}
}

// journal keeps what is logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(line)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// gone fails a test that leaves work of Parvis behind.
func gone(t testing.TB, before map[string]string) {
	t.Helper()
	var left []string
	for range 100 {
		left = left[:0]
		for number, stack := range ownGoroutines() {
			if _, old := before[number]; !old {
				left = append(left, stack)
			}
		}
		if len(left) == 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("%d goroutines are still there 5 s after the end, such as:\n%s", len(left), left[0])
}

// ownGoroutines are the stacks of goroutines that our rooms, or what they keep
// open, run, by their numbers: a number is never used again, while the stack of
// one that was there before may have moved on.
func ownGoroutines() map[string]string {
	text := make([]byte, 4<<20)
	text = text[:runtime.Stack(text, true)]
	found := map[string]string{}
	for stack := range strings.SplitSeq(string(text), "\n\n") {
		if strings.Contains(stack, "testing.") || strings.Contains(stack, "parvis/e2e/") {
			continue
		}
		for _, name := range []string{"\tparvis/", "\nparvis/", "by parvis/", "blevesearch/", "database/sql.", "otter", "jackc/"} {
			if strings.Contains(stack, name) {
				number, _, _ := strings.Cut(stack, " [")
				found[number] = stack
				break
			}
		}
	}
	return found
}
