package servers

import (
	"crypto/tls"
	"crypto/x509"
	"net/smtp"
	"os"
	"strings"
	"testing"
)

func TestEximTakesMailFromWhoSignsInByTLS(t *testing.T) {
	relay := Exim(t)
	authority, err := os.ReadFile(relay.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	for _, password := range []string{"", "autre", relay.Password} {
		client, err := smtp.Dial(relay.Address)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if ok, _ := client.Extension("AUTH"); ok {
			t.Error("it asks for a password in clear")
		}
		if err := client.StartTLS(&tls.Config{ServerName: mailHost, RootCAs: roots}); err != nil {
			t.Fatal(err)
		}
		if password != "" {
			err := client.Auth(smtp.PlainAuth("", relay.User, password, mailHost))
			if (err == nil) != (password == relay.Password) {
				t.Errorf("password %q: %v", password, err)
			}
			if err != nil {
				continue // which ended the conversation
			}
		}
		if err := client.Mail("parvis@pool.example"); err != nil {
			t.Fatal(err)
		}
		if err := client.Rcpt("anne@bourg.example"); (err == nil) != (password == relay.Password) {
			t.Fatalf("a letter of who gave %q: %v", password, err)
		} else if err != nil {
			continue
		}
		data, err := client.Data()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := data.Write([]byte("Subject: Bonjour\r\n\r\nTexte\r\n")); err != nil {
			t.Fatal(err)
		}
		if err := data.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if letters := relay.Delivered(t, 1); len(letters) != 1 || !strings.Contains(letters[0], "Envelope-to: anne@bourg.example") {
		t.Errorf("delivered %q, want one letter to Anne", letters)
	}
}
