package sso

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"parvis/directory"
	"parvis/server/servertest"
)

// forgetful is a portal that sends mail, and people who forgot their passwords.
type forgetful struct {
	*servertest.Portal
	asked int // so that each request comes from another network
}

// forgetfulPeople may each be sent three letters an hour.
const forgetfulPeople = 1500

func newForgetful(b *testing.B) *forgetful {
	b.Helper()
	f := &forgetful{Portal: servertest.NewSending(b)}
	ctx, admin := context.Background(), directory.Installation("bourg")
	for i := range forgetfulPeople {
		account, err := f.Directory.CreateAccount(ctx, admin, f.login(i))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.Directory.CreateAgent(ctx, admin, directory.Agent{Account: account, GivenName: "Élise", FamilyName: fmt.Sprintf("Nom%d", i)}); err != nil {
			b.Fatal(err)
		}
	}
	return f
}

func (f *forgetful) login(i int) string { return fmt.Sprintf("elise.nom%d@bourg.example", i) }

// forget asks for a new password for a login.
func (f *forgetful) forget(b *testing.B, login string) {
	b.Helper()
	f.asked++
	request := form("/sign-in/forgotten", url.Values{"login": {login}})
	request.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1234", f.asked>>16&255, f.asked>>8&255, f.asked&255)
	answer(b, f.Portal, request, http.StatusOK)
}

// looked waits until every request was looked at and every letter taken.
func (f *forgetful) looked(b *testing.B) {
	b.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var waiting int
		err := f.DB.QueryRow(context.Background(), `SELECT (SELECT COUNT(*) FROM reset_requests) + (SELECT COUNT(*) FROM outgoing_mail WHERE due > 0)`).Scan(&waiting)
		if err != nil {
			b.Fatal(err)
		}
		if waiting == 0 {
			return
		}
	}
	b.Fatal("requests or letters wait for ever")
}

// BenchmarkForgotten is a request for a new password, from its form to the end of
// what follows behind it: for nobody's login, which is dropped; for an agent's, to the
// letter that a server took. That server is in this process, and counted.
func BenchmarkForgotten(b *testing.B) {
	f := newForgetful(b)
	b.Run("page", func(b *testing.B) {
		measure(b, func() { answer(b, f.Portal, ask(http.MethodGet, "/sign-in/forgotten", nil), http.StatusOK) })
	})
	for name, login := range map[string]func(i int) string{
		"nobody": func(i int) string { return fmt.Sprintf("personne%d@bourg.example", i) },
		"letter": func(i int) string { return f.login(i % forgetfulPeople) },
	} {
		b.Run(name, func(b *testing.B) {
			if b.N > 3*forgetfulPeople {
				b.Fatalf("%d letters: people would be told to wait", b.N)
			}
			if _, err := f.DB.Exec(context.Background(), `DELETE FROM password_resets`); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			before, _ := cpu(b)
			for i := range b.N {
				f.forget(b, login(i))
			}
			f.looked(b)
			after, _ := cpu(b)
			b.ReportMetric(float64((after-before).Nanoseconds())/float64(b.N)/1000, "cpu-µs/op")
			if name == "letter" && f.ReceivedSoFar(f.login(0)) == 0 {
				b.Fatal("no letter came")
			}
		})
	}
}
