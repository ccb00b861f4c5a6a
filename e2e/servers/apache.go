package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Authority signs the certificates of one test, as a town hall's own would.
type Authority struct {
	// Dir holds ca.pem, and cert.pem and key.pem for localhost and 127.0.0.1.
	Dir string
}

// NewAuthority makes an authority whose files end with t.
func NewAuthority(t testing.TB) Authority {
	t.Helper()
	made, err := newAuthority("Bourg")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := newDir("authority")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := made.save(dir); err != nil {
		t.Fatal(err)
	}
	return Authority{Dir: dir}
}

// CA is the file of the authority's own certificate.
func (a Authority) CA() string { return filepath.Join(a.Dir, "ca.pem") }

// Apache is a real Apache that serves /app, behind mod_auth_cas, and /free. Both
// answer with their environment, a variable a line, as a CGI program sees it.
type Apache struct {
	URL string // "http://127.0.0.1:40125"

	dir     string
	process *process
}

// CASApache starts an Apache that trusts the CAS server at an https address,
// "https://localhost:40127/cas", and ends with t.
func CASApache(t testing.TB, cas string, authority Authority) *Apache {
	t.Helper()
	need(t, "apache2")
	module := "/usr/lib/apache2/modules/mod_auth_cas.so"
	if _, err := os.Stat(module); err != nil {
		Missing(t, "libapache2-mod-auth-cas is not installed: run tools/install.sh")
	}
	a, err := newApache(cas, authority)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		a.process.stop()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(a.dir, "error.log"))
			t.Logf("Apache's log:\n%s", log)
		}
		os.RemoveAll(a.dir)
	})
	return a
}

func newApache(cas string, authority Authority) (*Apache, error) {
	dir, err := newDir("apache")
	if err != nil {
		return nil, err
	}
	a := &Apache{dir: dir}
	show := filepath.Join(dir, "show.sh")
	if err := os.WriteFile(show, []byte("#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv\n"), 0o755); err != nil {
		return nil, fmt.Errorf("servers: apache: %w", err)
	}
	sessions := filepath.Join(dir, "sessions")
	if err := os.Mkdir(sessions, 0o777); err != nil {
		return nil, fmt.Errorf("servers: apache: %w", err)
	}
	if err := os.Chmod(sessions, 0o777); err != nil { // whom Apache serves as
		return nil, fmt.Errorf("servers: apache: %w", err)
	}
	apache, err := find("apache2")
	if err != nil {
		return nil, err
	}
	return a, retryPorts(1, nil, func(ports []int) error {
		a.URL = "http://" + address(ports[0])
		if err := os.WriteFile(a.config(), []byte(a.configText(ports[0], cas, authority)), 0o644); err != nil {
			return fmt.Errorf("servers: apache: %w", err)
		}
		a.process, err = start(command{args: []string{apache, "-f", a.config(), "-DFOREGROUND"}, folder: dir})
		if err != nil {
			return err
		}
		return a.process.listening(ports...)
	})
}

func (a *Apache) config() string { return filepath.Join(a.dir, "apache.conf") }

func (a *Apache) configText(port int, cas string, authority Authority) string {
	var modules strings.Builder
	for _, name := range []string{"mpm_prefork", "authn_core", "authz_core", "authz_user", "alias", "env", "cgi", "auth_cas"} {
		fmt.Fprintf(&modules, "LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so\n", name, name)
	}
	return modules.String() + fmt.Sprintf(`
ServerRoot %[1]s
ServerName 127.0.0.1
PidFile %[1]s/pid
Mutex file:%[1]s
ErrorLog %[1]s/error.log
LogLevel warn auth_cas:info
User www-data
Group www-data
Listen 127.0.0.1:%[2]d
StartServers 2
MaxRequestWorkers 8

CASVersion 2
CASLoginURL %[3]s/login
CASValidateURL %[3]s/serviceValidate
CASCertificatePath %[4]s
CASCookiePath %[1]s/sessions/
CASSSOEnabled On
CASAttributePrefix CAS-
CASRootProxiedAs http://127.0.0.1:%[2]d

<Directory %[1]s>
	Require all granted
	Options +ExecCGI
</Directory>
ScriptAlias /app %[1]s/show.sh
ScriptAlias /free %[1]s/show.sh
<Location /app>
	AuthType CAS
	Require valid-user
	CASAuthNHeader CAS-User
</Location>
`, a.dir, port, cas, authority.CA())
}
