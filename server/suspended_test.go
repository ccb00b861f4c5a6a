package server_test

import (
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/server/servertest"
)

// TestASuspendedCollectivityAnswersNoProgram: telephones and programs are out with its
// people, and in again with them. What applications are told is in sso/cas,
// sso/openid and sso/forwardauth.
func TestASuspendedCollectivityAnswersNoProgram(t *testing.T) {
	p := servertest.New(t)
	const login = "admin@bourg.example"
	phone := newPhone(p.Anonymous(), login, p.AppPassword(login, "bourg"))
	doors := []struct{ method, path string }{
		{"PROPFIND", "/dav/calendars/bourg/"}, {"PROPFIND", "/dav/addressbooks/bourg/"}, {"PROPFIND", "/dav/"}, {"GET", "/api/v1/me"}, {"GET", "/api/v1/agents"},
	}
	for _, door := range doors {
		if answer := phone.ask(door.method, door.path, "", "Depth", "0"); answer.Status == 401 || answer.Status >= 500 {
			t.Fatalf("%s %s: %d before", door.method, door.path, answer.Status)
		}
	}
	p.Suspend("bourg")
	for _, door := range doors {
		if answer := phone.ask(door.method, door.path, "", "Depth", "0"); answer.Status != 401 {
			t.Errorf("%s %s: %d of a suspended collectivity, want 401", door.method, door.path, answer.Status)
		}
	}
}

// TestASuspendedCollectivityWritesToNobody: letters that wait stay until it is open
// again, a link that it sent leads nowhere meanwhile, and none is sent for a
// forgotten password.
func TestASuspendedCollectivityWritesToNobody(t *testing.T) {
	p := servertest.NewSending(t)
	ctx, pool, admin := t.Context(), operating(t, p), p.Caller("admin@bourg.example", "bourg")
	invite(t, p.As("admin@bourg.example"), "Anne Nouvelle <anne@ailleurs.example>").Want(t, 303)
	link := linkIn(t, p, p.Received("anne@ailleurs.example", 1))
	if err := p.Directory.Suspend(ctx, pool, "bourg", directory.Suspension{Reason: "Essai"}, ""); err != nil {
		t.Fatal(err)
	}
	anne := p.Anonymous()
	if opened := follow(t, anne, link); strings.Contains(opened.Body, `name="password"`) {
		t.Error("an invitation to a suspended collectivity is taken")
	}
	p.Anonymous().Post("/sign-in/forgotten", "login", "agent@bourg.example").Want(t, 200)
	if err := p.SSO.Resets.Handle(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Inviter.Invite(ctx, admin, directory.ParseGuests("Zoé Nouvelle <zoe@ailleurs.example>"), directory.Placing{}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := p.Post.Deliver(ctx); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	for _, address := range []string{"agent@bourg.example", "zoe@ailleurs.example"} {
		if n := p.ReceivedSoFar(address); n > 0 {
			t.Errorf("%d letters of a suspended collectivity left for %s", n, address)
		}
	}
	if err := p.Directory.Resume(ctx, pool, "bourg", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Post.Deliver(ctx); err != nil {
		t.Fatal(err)
	}
	p.Received("zoe@ailleurs.example", 1)
	follow(t, p.Anonymous(), link).Want(t, 200, `name="password"`)
}
