package servers

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

// PHP is a real PHP whose every page asks phpCAS who the visitor is, and answers
// "user=…" and her attributes, a line each.
type PHP struct {
	URL string // "http://127.0.0.1:40125"

	dir     string
	process *process
}

// phpCAS is where Debian keeps the library, and the recipe finds it.
const phpCAS = "/usr/share/php/CAS/CAS.php"

// showPHP answers with what the recipe reads.
const showPHP = `
header('Content-Type: text/plain; charset=utf-8');
echo "user=$login\n";
foreach ($attributes as $name => $value) {
	echo $name, '=', implode(', ', (array) $value), "\n";
}
`

// CASPHP starts a PHP that trusts the CAS server at an https address, and ends
// with t.
func CASPHP(t testing.TB, cas string, authority Authority) *PHP {
	t.Helper()
	need(t, "php")
	if _, err := os.Stat(phpCAS); err != nil {
		Missing(t, "php-cas is not installed: run tools/install.sh")
	}
	p, err := newPHP(cas, authority)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.process.stop()
		if t.Failed() {
			t.Logf("PHP's log:\n%s", p.process.output)
		}
		os.RemoveAll(p.dir)
	})
	return p
}

func newPHP(cas string, authority Authority) (*PHP, error) {
	server, err := url.Parse(cas)
	if err != nil {
		return nil, fmt.Errorf("servers: php: %w", err)
	}
	php, err := find("php")
	if err != nil {
		return nil, err
	}
	dir, err := newDir("php")
	if err != nil {
		return nil, err
	}
	p := &PHP{dir: dir}
	script := filepath.Join(dir, "router.php")
	return p, retryPorts(1, nil, func(ports []int) error {
		p.URL = "http://" + address(ports[0])
		text, err := recipe("phpcas.php", "'parvis.example', 443, '/cas'", fmt.Sprintf("'%s', %s, '%s'", server.Hostname(), server.Port(), server.Path),
			"['parvis.example']", "['"+server.Hostname()+"']", applicationExample, p.URL, authoritiesExample, authority.CA())
		if err != nil {
			return err
		}
		text += showPHP
		if err := os.WriteFile(script, []byte(text), 0o644); err != nil {
			return fmt.Errorf("servers: php: %w", err)
		}
		p.process, err = start(command{
			args:   []string{php, "-d", "session.save_path=" + dir, "-d", "display_errors=stderr", "-S", address(ports[0]), script},
			folder: dir,
		})
		if err != nil {
			return err
		}
		return p.process.listening(ports...)
	})
}
