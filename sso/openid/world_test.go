package openid_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso"
	"parvis/sso/openid"
)

// register adds an application of kind OpenID to a collectivity, open to all of
// its agents.
func (r *relying) register(collectivity portal.CollectivityID, id string, redirects ...string) {
	r.t.Helper()
	r.Register(servertest.Application{Collectivity: collectivity, ID: id, Kind: sso.KindOIDC, Addresses: redirects})
}

// renew gives a client another secret.
func (r *relying) renew(application string, client openid.Client) (secret string) {
	r.t.Helper()
	client.Application = application
	_, secret, err := r.provider.SetClient(r.t.Context(), r.Caller("admin@bourg.example", "bourg"), client, true)
	if err != nil {
		r.t.Fatal(err)
	}
	return secret
}

// close lets an agent out of bourg.
func (r *relying) close(login string) {
	r.t.Helper()
	err := r.Directory.CloseAgent(r.t.Context(), r.Caller("admin@bourg.example", "bourg"), r.Caller(login, "bourg").Agent, "")
	if err != nil {
		r.t.Fatal(err)
	}
}

// listener is an application that keeps what is posted to it.
type listener struct {
	URL   string
	forms chan url.Values
}

func listen(t testing.TB) *listener {
	t.Helper()
	l := &listener{forms: make(chan url.Values, 16)}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.ParseForm() == nil {
			l.forms <- r.PostForm
		}
	}))
	t.Cleanup(server.Close)
	l.URL = server.URL
	return l
}

// next is the next form that was posted; it fails the test when none comes.
func (l *listener) next(t testing.TB) url.Values {
	t.Helper()
	select {
	case form := <-l.forms:
		return form
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was posted")
		return nil
	}
}
