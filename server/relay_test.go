package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"parvis/e2e/servers"
	"parvis/server"
	"parvis/server/servertest"
)

// TestARealRelayDeliversAnInvitation: STARTTLS with the operator's own authority,
// a password from a file, and a letter in a Maildir whose link opens an account.
func TestARealRelayDeliversAnInvitation(t *testing.T) {
	relay := servers.Exim(t)
	secret := filepath.Join(t.TempDir(), "smtp-password")
	if err := os.WriteFile(secret, []byte(relay.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := servertest.NewWith(t, func(c *server.Config) {
		c.Mail = server.MailConfig{
			Server: relay.Address, Security: "starttls", User: relay.User, PasswordFile: secret, From: "parvis@pool.example", CAFile: relay.CAFile,
		}
	})
	if err := p.Post.Check(t.Context()); err != nil {
		t.Errorf("parvis check says %v", err)
	}
	invite(t, p.As("admin@bourg.example"), "Zoé d'Été-Le Goff <zoe@bourg.example>").Want(t, 303)
	letter := relay.Delivered(t, 1)[0]
	if !strings.Contains(letter, "Envelope-to: zoe@bourg.example") || !strings.Contains(letter, "esmtpsa") {
		t.Errorf("the letter did not come to her, by TLS and with a password:\n%s", letter)
	}
	subject, text := plain(t, strings.ReplaceAll(letter, "\n", "\r\n"))
	if subject != "Mairie de Bourg-sur-Loire vous ouvre un accès à Parvis" || !strings.Contains(text, "Bonjour Zoé d'Été-Le Goff") {
		t.Errorf("the letter says %q\n%s", subject, text)
	}
	client := p.Anonymous()
	follow(t, client, linkIn(t, p, strings.ReplaceAll(letter, "\n", "\r\n"))).Want(t, 200, "zoe@bourg.example")
	choose(t, client, "/sign-in/invitation", "password", chosen).Want(t, 303)
	client.Get("/").Want(t, 200, "Zoé")
	allSent(t, p)
	if again := relay.Delivered(t, 1); len(again) != 1 {
		t.Errorf("%d letters delivered, want 1", len(again))
	}
}
