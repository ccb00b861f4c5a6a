package servers

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Relay is a real Exim that takes mail by STARTTLS from who signs in, and delivers all of it to one
// Maildir. It asks no other server anything.
type Relay struct {
	Address  string // "127.0.0.2:40128"
	CAFile   string // PEM of the authority that signed its certificate
	User     string
	Password string

	dir     string
	process *process
}

// Exim starts a relay that ends with t.
func Exim(t testing.TB) *Relay {
	t.Helper()
	need(t, "exim4")
	dir, err := newDir("exim")
	if err != nil {
		t.Fatal(err)
	}
	r := &Relay{CAFile: filepath.Join(dir, "ca.pem"), User: "parvis", Password: rand.Text(), dir: dir}
	t.Cleanup(func() {
		if r.process != nil {
			r.process.stop()
		}
		os.RemoveAll(dir)
	})
	if err := r.start(); err != nil {
		t.Fatal(err)
	}
	return r
}

// Delivered waits for n letters and returns all those of the Maildir, in no order.
func (r *Relay) Delivered(t testing.TB, n int) []string {
	t.Helper()
	var letters []string
	for range 500 {
		if letters = r.letters(t); len(letters) >= n {
			return letters
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%d letters delivered, want %d; the server says:\n%s", len(letters), n, r.process.output)
	return nil
}

// letters are those that are there whole: a Maildir's are moved to "new" once they are.
func (r *Relay) letters(t testing.TB) (letters []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(r.dir, "own", "mail", "new", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		letters = append(letters, string(text))
	}
	return letters
}

// start runs Exim as a user without rights: it keeps none, and its messages are that user's.
func (r *Relay) start() error {
	exim, err := find("exim4")
	if err != nil {
		return err
	}
	town, err := newAuthority("Bourg")
	if err != nil {
		return err
	}
	own := filepath.Join(r.dir, "own")
	if err := os.Mkdir(own, 0o700); err != nil {
		return fmt.Errorf("servers: exim: %w", err)
	}
	if err := town.save(r.dir); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(r.dir, "key.pem"), filepath.Join(own, "key.pem")); err != nil {
		return fmt.Errorf("servers: exim: %w", err)
	}
	for _, path := range []string{filepath.Join(own, "key.pem"), own} {
		if err := giveDir(path, "nobody"); err != nil {
			return err
		}
	}
	return retryPorts(1, nil, func(ports []int) error {
		config := filepath.Join(r.dir, "exim.conf")
		if err := os.WriteFile(config, []byte(r.configText(ports[0])), 0o644); err != nil {
			return fmt.Errorf("servers: exim: %w", err)
		}
		p, err := start(command{args: asNobody(exim, "-C", config, "-bdf"), folder: r.dir})
		if err != nil {
			return err
		}
		r.process, r.Address = p, mailHost+fmt.Sprintf(":%d", ports[0])
		return p.ready(acceptsAt(r.Address))
	})
}

// asNobody is as for the user and the group that mean nobody, which Debian names differently.
func asNobody(args ...string) []string {
	if os.Getuid() != 0 {
		return args
	}
	return append([]string{"setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--"}, args...)
}

func (r *Relay) configText(port int) string {
	user, group := "nobody", "nogroup"
	if os.Getuid() != 0 {
		user, group = fmt.Sprint(os.Getuid()), fmt.Sprint(os.Getgid())
	}
	return fmt.Sprintf(`primary_hostname = localhost
spool_directory = %[1]s/own/spool
log_file_path = %[1]s/own/log/%%slog
pid_file_path = %[1]s/own/pid
local_interfaces = %[2]s
daemon_smtp_ports = %[3]d
exim_user = %[4]s
exim_group = %[5]s
deliver_drop_privilege
keep_environment =
host_lookup =
rfc1413_hosts =
tls_advertise_hosts = *
tls_certificate = %[1]s/cert.pem
tls_privatekey = %[1]s/own/key.pem
auth_advertise_hosts = ${if def:tls_in_cipher{*}{}}
acl_smtp_rcpt = known

begin acl
known:
  accept authenticated = *
         encrypted = *
  deny   message = sign in first

begin routers
all:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = %[1]s/own/mail
  maildir_format
  envelope_to_add
  user = %[4]s
  group = %[5]s

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{%[6]s}}{eq{$auth3}{%[7]s}}}}
  server_set_id = $auth2
`, r.dir, mailHost, port, user, group, r.User, r.Password)
}
