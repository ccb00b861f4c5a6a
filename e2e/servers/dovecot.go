package servers

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"net/mail"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// SharedMailboxes are mailboxes of services that several agents read, beside one per person: a master
// user opens them.
func SharedMailboxes() []string { return []string{"mairie@bourg.example", "urbanisme@bourg.example"} }

// mailHost is not 127.0.0.1: Dovecot takes a connection between two equal addresses as safe already and
// would accept a password in clear, which no real mail server does.
const mailHost = "127.0.0.2"

// Mailserver is a real Dovecot with an account for every person of People and every one of
// SharedMailboxes. Accounts are named by their address; a person's password is that of People. Seeded
// accounts are listed at Messages.
type Mailserver struct {
	Address       string // "127.0.0.2:40126": IMAP with StartTLS, a password in clear is refused
	SecureAddress string // "127.0.0.2:40127": IMAPS
	CAFile        string // PEM of the authority that signed the server's certificate
	CAs           *x509.CertPool

	// The master user signs in as any account: name "helene.daumas@bourg.example*parvis".
	MasterUser      string
	MasterPassword  string
	MasterSeparator string // "*"

	dir     string
	process *process
}

// Message is one message of a seeded mailbox.
type Message struct {
	User    string // account: "helene.daumas@bourg.example"
	Mailbox string // "INBOX", "Pièces jointes"
	Read    bool
	From    mail.Address
	Subject string
	Age     time.Duration // received that long before the server's start
}

// Messages are what the mailboxes hold at the start, the newest first in each. Unread in INBOX: 3 for
// helene.daumas, 1 for marc.dupont, 2 for mairie, none for urbanisme.
func Messages() []Message {
	const helene, marc, mairie, urbanisme = "helene.daumas@bourg.example", "marc.dupont@bourg.example", "mairie@bourg.example", "urbanisme@bourg.example"
	return []Message{
		{helene, "INBOX", false, mail.Address{Name: "Préfecture", Address: "prefecture@etat.example"}, "Contrôle de légalité : délibération nº 2026-41", 10 * time.Minute},
		{helene, "INBOX", false, mail.Address{Name: "L'Hospitalier, Mireille", Address: "mireille.lhospitalier@bourg.example"}, "Fête de la bibliothèque — planning", 2 * time.Hour},
		{helene, "INBOX", true, mail.Address{Name: "Agglomération", Address: "contact@agglo.example"}, "Compte rendu du bureau communautaire", 26 * time.Hour},
		{helene, "INBOX", false, mail.Address{Name: "", Address: "alerte@syndicat.example"}, "<script>alert(1)</script> & coupure d'eau rue de l'Église", 27 * time.Hour},
		{helene, "INBOX", true, mail.Address{Name: "Béranger François", Address: "francois.beranger@bourg.example"}, "Devis toiture de l'école", 72 * time.Hour},
		{helene, "Marchés publics", false, mail.Address{Name: "Plateforme", Address: "marches@plateforme.example"}, "Nouvelle question sur le lot 2", 5 * time.Hour},
		{marc, "INBOX", false, mail.Address{Name: "Trésorerie", Address: "tresorerie@finances.example"}, "Mandats rejetés du mois", 30 * time.Minute},
		{marc, "INBOX", true, mail.Address{Name: "Hélène D'Aumas", Address: "helene.daumas@bourg.example"}, "Ordre du jour du conseil", 48 * time.Hour},
		{mairie, "INBOX", false, mail.Address{Name: "Jeanne Morel", Address: "jeanne.morel@habitants.example"}, "Nid-de-poule rue des Tilleuls", 20 * time.Minute},
		{mairie, "INBOX", false, mail.Address{Name: "Association", Address: "bureau@asso.example"}, "Demande de salle pour le 14 décembre", 3 * time.Hour},
		{mairie, "INBOX", true, mail.Address{Name: "Paul Martin", Address: "paul.martin@habitants.example"}, "Merci !", 200 * time.Hour},
		{urbanisme, "INBOX", true, mail.Address{Name: "Notaire", Address: "etude@notaire.example"}, "Certificat d'urbanisme parcelle AB 112", 50 * time.Hour},
	}
}

// Dovecot starts a mail server that ends with t.
func Dovecot(t testing.TB) *Mailserver {
	t.Helper()
	need(t, "dovecot")
	m, err := newMailserver()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.process.kill() // nothing here is worth a second of Dovecot's own end
		os.RemoveAll(m.dir)
	})
	return m
}

// Append receives a message (RFC 5322, lines ending in CRLF) in a mailbox, unread, now. A mailbox that
// does not exist is created.
func (m *Mailserver) Append(t testing.TB, account, mailbox string, message []byte) {
	t.Helper()
	client, err := m.open(account)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := put(client, mailbox, message, &imap.AppendOptions{Time: time.Now()}); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server: connections are refused.
func (m *Mailserver) Stop(t testing.TB) {
	t.Helper()
	m.process.stop()
}

// Start starts a stopped server again on the same ports and with the same messages.
func (m *Mailserver) Start(t testing.TB) {
	t.Helper()
	if err := m.start(); err != nil {
		t.Fatal(err)
	}
}

// Freeze makes the server hang: connections are accepted and nothing answers, until Thaw.
func (m *Mailserver) Freeze() { m.process.freeze() }

// Thaw ends Freeze.
func (m *Mailserver) Thaw() { m.process.signal(syscall.SIGCONT) }

func newMailserver() (*Mailserver, error) {
	dir, err := newDir("dovecot")
	if err != nil {
		return nil, err
	}
	m := &Mailserver{
		CAFile: filepath.Join(dir, "ca.pem"), MasterUser: "parvis", MasterPassword: rand.Text(), MasterSeparator: "*", dir: dir,
	}
	if err := m.fill(); err != nil {
		if m.process != nil {
			m.process.stop()
		}
		os.RemoveAll(dir)
		return nil, err
	}
	return m, nil
}

func (m *Mailserver) fill() error {
	if err := m.prepare(); err != nil {
		return err
	}
	if err := m.start(); err != nil {
		return err
	}
	return m.seed()
}

// prepare writes the certificates, the accounts and the configuration.
func (m *Mailserver) prepare() error {
	town, err := newAuthority("Bourg")
	if err != nil {
		return err
	}
	m.CAs = town.pool()
	if err := town.save(m.dir); err != nil {
		return err
	}
	mailDir := filepath.Join(m.dir, "mail")
	if err := os.Mkdir(mailDir, 0o700); err != nil {
		return fmt.Errorf("servers: dovecot: %w", err)
	}
	if err := giveDir(mailDir, "nobody"); err != nil {
		return err
	}
	master := m.MasterUser + ":{PLAIN}" + m.MasterPassword + "\n"
	for name, text := range map[string]string{"users": accounts(), "masters": master} {
		// the server's own process of authentication reads them, as another user than ours
		if err := os.WriteFile(filepath.Join(m.dir, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("servers: dovecot: %w", err)
		}
	}
	return nil
}

// accounts is a passwd-file. A shared mailbox has a password that nobody knows, as an address that two
// persons share has.
func accounts() string {
	var names []string
	var text strings.Builder
	add := func(name, password string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
			fmt.Fprintf(&text, "%s:%s\n", name, password)
		}
	}
	for _, shared := range append(SharedMailboxes(), "accueil@bourg.example") {
		add(shared, "{PLAIN}"+rand.Text())
	}
	for _, person := range People() {
		add(person.Mail, hashPassword(person.Password))
	}
	return text.String()
}

// start runs dovecot on the server's ports, which it chooses at the first start.
func (m *Mailserver) start() error {
	dovecot, err := find("dovecot")
	if err != nil {
		return err
	}
	return retryPorts(2, m.ports(), func(ports []int) error {
		m.Address, m.SecureAddress = mailHost+fmt.Sprintf(":%d", ports[0]), mailHost+fmt.Sprintf(":%d", ports[1])
		config := filepath.Join(m.dir, "dovecot.conf")
		if err := os.WriteFile(config, []byte(m.configText(ports)), 0o644); err != nil {
			return fmt.Errorf("servers: dovecot: %w", err)
		}
		p, err := start(command{args: []string{dovecot, "-F", "-c", config}, folder: m.dir})
		if err != nil {
			return err
		}
		m.process = p
		return p.ready(func() error {
			client, err := m.open(SharedMailboxes()[0])
			if err != nil {
				return err
			}
			return client.Close()
		})
	})
}

// ports are those of an earlier start, none at the first.
func (m *Mailserver) ports() []int {
	if m.Address == "" {
		return nil
	}
	var ports [2]int
	fmt.Sscanf(m.Address, mailHost+":%d", &ports[0])
	fmt.Sscanf(m.SecureAddress, mailHost+":%d", &ports[1])
	return ports[:]
}

func (m *Mailserver) configText(ports []int) string {
	return fmt.Sprintf(`protocols = imap
listen = %[7]s
base_dir = %[1]s/run
state_dir = %[1]s/state
log_path = /dev/stderr
ssl = required
ssl_cert = <%[1]s/cert.pem
ssl_key = <%[1]s/key.pem
disable_plaintext_auth = yes
auth_master_user_separator = %[2]s
auth_failure_delay = 0
auth_cache_size = 0
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 100
%[5]s
passdb {
  driver = passwd-file
  args = %[1]s/masters
  master = yes
  result_success = continue
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%%u %[1]s/users
}
userdb {
  driver = static
  args = %[6]s home=%[1]s/mail/%%u allow_all_users=yes
}
namespace inbox {
  inbox = yes
  separator = /
}
service imap-login {
  chroot =
  process_min_avail = 1
  service_count = 0
  inet_listener imap {
    port = %[3]d
  }
  inet_listener imaps {
    port = %[4]d
    ssl = yes
  }
}
service imap {
  process_min_avail = 1
  service_count = 100
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
`, m.dir, m.MasterSeparator, ports[0], ports[1], internalUsers(), mailOwner(), mailHost)
}

// internalUsers are the users of Dovecot's own processes: ours when we are not root, since then no
// process can change its user.
func internalUsers() string {
	if os.Getuid() == 0 {
		return ""
	}
	me, err := user.Current()
	if err != nil {
		return ""
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("default_internal_user = %[1]s\ndefault_internal_group = %[2]s\ndefault_login_user = %[1]s", me.Username, group.Name)
}

// mailOwner is the user whose files the messages are.
func mailOwner() string {
	if os.Getuid() == 0 {
		return "uid=nobody gid=nogroup"
	}
	return fmt.Sprintf("uid=%d gid=%d", os.Getuid(), os.Getgid())
}

// seed puts Messages in their mailboxes.
func (m *Mailserver) seed() error {
	clients := map[string]*imapclient.Client{}
	for _, message := range Messages() {
		client := clients[message.User]
		if client == nil {
			var err error
			if client, err = m.open(message.User); err != nil {
				return err
			}
			defer client.Close()
			clients[message.User] = client
		}
		if err := put(client, message.Mailbox, message.text(), message.options()); err != nil {
			return err
		}
	}
	return nil
}

func (message Message) options() *imap.AppendOptions {
	options := &imap.AppendOptions{Time: time.Now().Add(-message.Age)}
	if message.Read {
		options.Flags = []imap.Flag{imap.FlagSeen}
	}
	return options
}

// text is the message as it travels (RFC 5322).
func (message Message) text() []byte {
	to := mail.Address{Address: message.User}
	var text strings.Builder
	for _, line := range []string{
		"From: " + message.From.String(),
		"To: " + to.String(),
		"Subject: " + mime.QEncoding.Encode("utf-8", message.Subject),
		"Date: " + time.Now().Add(-message.Age).Format(time.RFC1123Z),
		"Message-ID: <" + rand.Text() + "@bourg.example>",
		"MIME-Version: 1.0",
		"Content-Type: text/plain; charset=utf-8",
		"Content-Transfer-Encoding: 8bit",
		"",
		"Bonjour,",
		"",
		message.Subject + ".",
		"",
		"Bien cordialement",
	} {
		text.WriteString(line + "\r\n")
	}
	return []byte(text.String())
}

// open signs in to an account as the master user.
func (m *Mailserver) open(account string) (*imapclient.Client, error) {
	client, err := imapclient.DialTLS(m.SecureAddress, &imapclient.Options{
		TLSConfig: &tls.Config{RootCAs: m.CAs, ServerName: mailHost},
	})
	if err != nil {
		return nil, fmt.Errorf("servers: dovecot: %w", err)
	}
	if err := client.Login(account+m.MasterSeparator+m.MasterUser, m.MasterPassword).Wait(); err != nil {
		client.Close()
		return nil, fmt.Errorf("servers: dovecot: sign in as %s: %w", account, err)
	}
	return client, nil
}

// put appends a message and creates its mailbox first when that is missing (RFC 9051 §6.3.12, TRYCREATE).
func put(client *imapclient.Client, mailbox string, message []byte, options *imap.AppendOptions) error {
	err := appendMessage(client, mailbox, message, options)
	if status := (*imap.Error)(nil); errors.As(err, &status) && status.Code == imap.ResponseCodeTryCreate {
		if err := client.Create(mailbox, nil).Wait(); err != nil {
			return fmt.Errorf("servers: dovecot: create %q: %w", mailbox, err)
		}
		err = appendMessage(client, mailbox, message, options)
	}
	if err != nil {
		return fmt.Errorf("servers: dovecot: append to %q: %w", mailbox, err)
	}
	return nil
}

func appendMessage(client *imapclient.Client, mailbox string, message []byte, options *imap.AppendOptions) error {
	command := client.Append(mailbox, int64(len(message)), options)
	_, writeErr := command.Write(message)
	closeErr := command.Close()
	if _, err := command.Wait(); err != nil {
		return err
	}
	return errors.Join(writeErr, closeErr)
}
