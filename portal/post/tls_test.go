package post_test

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/portal/post"
	"parvis/portal/seal"
)

// guarded is a session that takes mail from who gave the password alone.
type guarded struct {
	session
	known bool
}

func (g *guarded) AuthMechanisms() []string { return []string{sasl.Plain} }

func (g *guarded) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "parvis" || password != "Tilleul-en-fleur-7" {
			return smtp.ErrAuthFailed
		}
		g.known = true
		return nil
	}), nil
}

func (g *guarded) Mail(string, *smtp.MailOptions) error {
	if !g.known {
		return smtp.ErrAuthRequired
	}
	return nil
}

// TestAServerIsTrustedByItsCertificateAlone speaks STARTTLS and TLS with a
// password, and sends nothing to a server that is not what it should be.
func TestAServerIsTrustedByItsCertificateAlone(t *testing.T) {
	authority := httptest.NewTLSServer(nil)
	authority.Close()
	roots := authority.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	for _, c := range []struct {
		name     string
		security post.Security
		tls      bool // the server speaks it
		password string
		trusted  bool
		fault    string
	}{
		{"STARTTLS", post.StartTLS, true, "Tilleul-en-fleur-7", true, ""},
		{"TLS", post.TLS, true, "Tilleul-en-fleur-7", true, ""},
		{"STARTTLS, another authority", post.StartTLS, true, "Tilleul-en-fleur-7", false, "post.fault.certificate"},
		{"TLS, another authority", post.TLS, true, "Tilleul-en-fleur-7", false, "post.fault.certificate"},
		{"STARTTLS, wrong password", post.StartTLS, true, "autre", true, "post.fault.sign-in"},
		{"no TLS offered", post.StartTLS, false, "Tilleul-en-fleur-7", true, "post.fault.sign-in"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &receiver{}
			server := smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) { return &guarded{session: session{r, conn}}, nil }))
			server.ErrorLog, server.AllowInsecureAuth = discard{}, !c.tls
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			address := listener.Addr().String()
			if c.tls {
				server.TLSConfig = &tls.Config{Certificates: authority.TLS.Certificates}
			}
			if c.security == post.TLS {
				listener = tls.NewListener(listener, server.TLSConfig)
			}
			go server.Serve(listener)
			t.Cleanup(func() { server.Close() })
			sealer, err := seal.Open(filepath.Join(t.TempDir(), "key"))
			if err != nil {
				t.Fatal(err)
			}
			settings := post.Server{Address: address, Security: c.security, User: "parvis", Password: c.password, From: "parvis@pool.example"}
			if c.trusted {
				settings.Roots = roots
			}
			db := databasetest.New(t)
			queue := post.New(post.Options{DB: db, Sealer: sealer, Server: settings, Log: slog.New(slog.DiscardHandler)})
			var said portal.UserError
			err = queue.Check(t.Context())
			errors.As(err, &said)
			if said.Key != c.fault {
				t.Errorf("Check = %q (%v), want %q", said.Key, err, c.fault)
			}
			one := letter()
			one.Collectivity = ""
			if _, err := queue.Put(t.Context(), db, one); err != nil {
				t.Fatal(err)
			}
			if _, err := queue.Deliver(t.Context()); err != nil {
				t.Fatal(err)
			}
			want := 0
			if c.fault == "" {
				want = 1
			}
			if got := len(r.taken()); got != want {
				t.Errorf("%d letters taken, want %d", got, want)
			}
		})
	}
}

// discard takes what the server says of refusals that are meant.
type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}
