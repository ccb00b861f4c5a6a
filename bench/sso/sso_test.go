// Package sso measures signing in and staying signed in, over a whole Parvis
// and a real slapd. CPU is this process's own, user and system, without the
// directory server's.
//
//	go test ./bench/sso -bench . -benchtime 2s
package sso

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// cpu is the processor time that this process has used: all of it, and in the
// system's own code (network, syncing to disk).
func cpu(b *testing.B) (all, system time.Duration) {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), time.Duration(usage.Stime.Nano())
}

// measure runs an operation b.N times and reports our CPU for each.
func measure(b *testing.B, operation func()) {
	b.Helper()
	operation() // warm: connections, statements
	b.ReportAllocs()
	b.ResetTimer()
	all, system := cpu(b)
	for range b.N {
		operation()
	}
	allAfter, systemAfter := cpu(b)
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(b.N) / 1000 }
	b.ReportMetric(each(allAfter-all), "cpu-µs/op")
	b.ReportMetric(each(systemAfter-system), "system-µs/op")
}

// measureAtOnce is measure with several operations at the same time, which is
// what a server under load does: a process that waits for each answer alone also
// pays for looking for other work and for being woken.
func measureAtOnce(b *testing.B, count int, operation func(i int)) {
	b.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	operation(0)
	b.ResetTimer()
	before, _ := cpu(b)
	for range count {
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				operation(int(i))
			}
		})
	}
	all.Wait()
	after, _ := cpu(b)
	b.ReportMetric(float64((after-before).Nanoseconds())/float64(b.N)/1000, "cpu-µs/op")
}

// answer gives a request to the router, without a network.
func answer(b *testing.B, p *servertest.Portal, request *http.Request, want int) *http.Response {
	b.Helper()
	recorder := httptest.NewRecorder()
	p.Router.ServeHTTP(recorder, request)
	if recorder.Code != want {
		b.Fatalf("%s %s = %d, want %d\n%s", request.Method, request.URL, recorder.Code, want, recorder.Body)
	}
	return recorder.Result()
}

func form(path string, values url.Values, cookies ...*http.Cookie) *http.Request {
	request, err := http.NewRequest(http.MethodPost, "http://127.0.0.1"+path, strings.NewReader(values.Encode())) // httptest's would be parsed from text
	if err != nil {
		panic(err)
	}
	request.RemoteAddr = "192.0.2.1:1234"
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, cookie := range cookies {
		request.AddCookie(cookie)
	}
	return request
}

// signIn types a login, then a password.
func signIn(b *testing.B, p *servertest.Portal, login, password string, want int) {
	b.Helper()
	first := answer(b, p, form("/sign-in", url.Values{"login": {login}}), http.StatusSeeOther)
	answer(b, p, form("/sign-in/password", url.Values{"password": {password}}, first.Cookies()...), want)
}

// BenchmarkSignInByLDAP is a whole sign-in of a known agent: both forms, search,
// bind, session, over kept TLS connections.
func BenchmarkSignInByLDAP(b *testing.B) {
	p, server := servertest.New(b), servers.LDAP(b)
	settings, err := json.Marshal(ldapdir.Settings{URL: server.URL, BindDN: server.BindDN, BaseDN: server.BaseDN})
	if err != nil {
		b.Fatal(err)
	}
	authority, err := os.ReadFile(server.CAFile)
	if err != nil {
		b.Fatal(err)
	}
	err = p.SSO.Methods.Set(context.Background(), sso.Method{
		Collectivity: "bourg", Kind: sso.LDAP, Settings: settings,
		Secret: server.BindPassword, CA: string(authority),
	})
	if err != nil {
		b.Fatal(err)
	}
	people := slices.DeleteFunc(servers.People(), func(person servers.Person) bool {
		return person.Mail == "accueil@bourg.example" // names two, and so nobody
	})
	one := func(b *testing.B, person servers.Person) {
		signIn(b, p, person.Mail, person.Password, http.StatusSeeOther)
	}
	b.Run("one", func(b *testing.B) { measure(b, func() { one(b, people[0]) }) })
	b.Run("eight-at-once", func(b *testing.B) {
		measureAtOnce(b, 8, func(i int) { one(b, people[i%len(people)]) })
	})
}

// BenchmarkSignInByPassword is the same with an embedded password: argon2id.
func BenchmarkSignInByPassword(b *testing.B) {
	p := servertest.New(b)
	measure(b, func() { signIn(b, p, "agent@bourg.example", servertest.Password, http.StatusSeeOther) })
}

// session is a request of a signed-in browser, and its account.
func session(b *testing.B, p *servertest.Portal) (*http.Request, portal.AccountID) {
	b.Helper()
	account, err := p.Directory.AccountByLogin(context.Background(), "agent@bourg.example")
	if err != nil {
		b.Fatal(err)
	}
	secret, err := p.SSO.Open(context.Background(), account.ID, "bourg")
	if err != nil {
		b.Fatal(err)
	}
	request := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/account", nil)
	request.AddCookie(&http.Cookie{Name: sso.CookieName(false), Value: secret})
	return request, account.ID
}

// throughRouter asks for a page that does not exist, so that little more than
// the session is measured.
func throughRouter(b *testing.B, p *servertest.Portal, request *http.Request) {
	b.Helper()
	answer(b, p, request, http.StatusNotFound)
}

// BenchmarkSessionWarm is a request for a page that does not exist, whose
// session was read less than five seconds ago, and BenchmarkSessionCold the
// same when it must be read. The error page is most of both: their difference
// is the reading.
func BenchmarkSessionWarm(b *testing.B) {
	p := servertest.New(b)
	request, _ := session(b, p)
	request.URL.Path = "/nowhere"
	request.Header.Set("Sec-Fetch-Dest", "empty")
	measure(b, func() { throughRouter(b, p, request) })
}

// BenchmarkSessionCold reads session, account, agent, groups and rights.
func BenchmarkSessionCold(b *testing.B) {
	p := servertest.New(b)
	request, account := session(b, p)
	request.URL.Path = "/nowhere"
	request.Header.Set("Sec-Fetch-Dest", "empty")
	measure(b, func() {
		p.SSO.Forget(account)
		throughRouter(b, p, request)
	})
}

// BenchmarkAppPassword is what a phone costs at each request.
func BenchmarkAppPassword(b *testing.B) {
	p := servertest.New(b)
	ctx, login := context.Background(), "agent@bourg.example"
	password := p.AppPassword(login, "bourg")
	caller := p.Caller(login, "bourg")
	for _, test := range []struct {
		name, password string
		cold           bool
	}{{"warm", password, false}, {"cold", password, true}, {"wrong", "old-password", false}} {
		b.Run(test.name, func(b *testing.B) {
			measure(b, func() {
				if test.cold {
					p.SSO.Forget(caller.Account)
				}
				_, err := p.SSO.AppPasswords.Authenticate(ctx, login, test.password, "192.0.2.1")
				if (err != nil) != (test.name == "wrong") {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkPeople searches a directory of 5,000 agents.
func BenchmarkPeople(b *testing.B) {
	p := servertest.New(b)
	ctx, admin := context.Background(), directory.Installation("bourg")
	if _, err := p.DB.Exec(ctx, `PRAGMA synchronous = OFF`); err != nil && p.DB.Engine() == "sqlite" {
		b.Fatal(err)
	}
	for i := range 5000 {
		agent := directory.Agent{
			GivenName: fmt.Sprintf("Prénom%d", i%97), FamilyName: fmt.Sprintf("Nom%d", i), Function: "Agent technique",
			Phone: fmt.Sprintf("02 61 91 %02d %02d", i/100, i%100),
		}
		if _, err := p.Directory.CreateAgent(ctx, admin, agent); err != nil {
			b.Fatal(err)
		}
	}
	for _, text := range []string{"", "prénom42", "nom4999", "4242"} {
		b.Run("q="+text, func(b *testing.B) {
			measure(b, func() {
				if _, err := p.Directory.People(ctx, admin, directory.PeopleQuery{Text: text}); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}
