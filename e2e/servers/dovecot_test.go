package servers_test

import (
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/google/go-cmp/cmp"

	"parvis/e2e/servers"
)

func TestDovecotAnswersOverBothKindsOfTLS(t *testing.T) {
	t.Parallel()
	m := servers.Dovecot(t)
	helene := servers.PersonByUID("helene.daumas")
	options := &imapclient.Options{TLSConfig: &tls.Config{RootCAs: m.CAs}}
	for name, dial := range map[string]func() (*imapclient.Client, error){
		"StartTLS": func() (*imapclient.Client, error) { return imapclient.DialStartTLS(m.Address, options) },
		"IMAPS":    func() (*imapclient.Client, error) { return imapclient.DialTLS(m.SecureAddress, options) },
	} {
		t.Run(name, func(t *testing.T) {
			client, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if err := client.Login(helene.Mail, helene.Password).Wait(); err != nil {
				t.Fatal(err)
			}
			if got, want := unread(t, client), uint32(3); got != want {
				t.Errorf("unread = %d, want %d", got, want)
			}
		})
	}
}

func TestDovecotRefusesWrongPasswordsAndPasswordsInClear(t *testing.T) {
	t.Parallel()
	m := servers.Dovecot(t)
	marc := servers.PersonByUID("marc.dupont")
	if err := dialIMAP(t, m).Login(marc.Mail, marc.Password+"x").Wait(); !isAuthenticationFailed(err) {
		t.Errorf("wrong password = %v, want AUTHENTICATIONFAILED", err)
	}
	clear, err := imapclient.DialInsecure(m.Address, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer clear.Close()
	if err := clear.Login(marc.Mail, marc.Password).Wait(); err == nil {
		t.Error("a password in clear is accepted")
	}
}

func TestMasterUserOpensSharedMailboxes(t *testing.T) {
	t.Parallel()
	m := servers.Dovecot(t)
	want := map[string]uint32{"mairie@bourg.example": 2, "urbanisme@bourg.example": 0}
	got := map[string]uint32{}
	for _, user := range servers.SharedMailboxes() {
		got[user] = unread(t, asMaster(t, m, user))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("unread (-want +got):\n%s", diff)
	}
	m.Append(t, "mairie@bourg.example", "INBOX", []byte("Subject: arrive maintenant\r\n\r\nBonjour\r\n"))
	m.Append(t, "mairie@bourg.example", "Dossiers/Été", []byte("Subject: range\r\n\r\nBonjour\r\n"))
	if got := unread(t, asMaster(t, m, "mairie@bourg.example")); got != 3 {
		t.Errorf("unread after a new message = %d, want 3", got)
	}
}

func TestDovecotStopsStartsAndHangs(t *testing.T) {
	t.Parallel()
	m := servers.Dovecot(t)
	m.Stop(t)
	if conn, err := net.Dial("tcp", m.Address); err == nil {
		conn.Close()
		t.Fatal("a stopped server accepts connections")
	}
	m.Start(t)
	if got := unread(t, asMaster(t, m, "helene.daumas@bourg.example")); got != 3 {
		t.Errorf("unread after a restart = %d, want 3", got)
	}
	m.Freeze()
	conn, err := net.Dial("tcp", m.Address)
	if err != nil {
		t.Fatalf("a frozen server refuses connections: %v", err)
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("a frozen server greets (%d octets)", n)
	}
	m.Thaw()
	unread(t, asMaster(t, m, "helene.daumas@bourg.example"))
}

func dialIMAP(t *testing.T, m *servers.Mailserver) *imapclient.Client {
	t.Helper()
	client, err := imapclient.DialTLS(m.SecureAddress, &imapclient.Options{
		TLSConfig: &tls.Config{RootCAs: readCAs(t, m.CAFile)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func asMaster(t *testing.T, m *servers.Mailserver, user string) *imapclient.Client {
	t.Helper()
	client := dialIMAP(t, m)
	if err := client.Login(user+m.MasterSeparator+m.MasterUser, m.MasterPassword).Wait(); err != nil {
		t.Fatal(err)
	}
	return client
}

// unread is the number of messages not yet seen in INBOX.
func unread(t *testing.T, client *imapclient.Client) uint32 {
	t.Helper()
	status, err := client.Status("INBOX", &imap.StatusOptions{NumUnseen: true}).Wait()
	if err != nil {
		t.Fatal(err)
	}
	return *status.NumUnseen
}

func isAuthenticationFailed(err error) bool {
	var status *imap.Error
	return errors.As(err, &status) && status.Code == imap.ResponseCodeAuthenticationFailed
}
