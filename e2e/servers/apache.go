package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// CASApache is a real Apache that serves /app, behind mod_auth_cas as
// docs/recipes/apache-cas.conf says, and /free. Both answer with their
// environment, a variable a line, as a CGI program sees it. It trusts the CAS
// server at an https address, "https://localhost:40127/cas", and ends with t. It
// returns its address, "http://127.0.0.1:40125".
func CASApache(t testing.TB, cas string, authority Authority) (url string) {
	t.Helper()
	return apache(t, []string{"auth_cas"}, func(dir, url string) (string, error) {
		sessions := filepath.Join(dir, "sessions") + "/"
		if err := os.Mkdir(sessions, 0o700); err != nil {
			return "", fmt.Errorf("servers: apache: %w", err)
		}
		// whom Apache serves as
		if err := os.Chmod(sessions, 0o777); err != nil {
			return "", fmt.Errorf("servers: apache: %w", err)
		}
		text, err := recipe("apache-cas.conf", parvisExample+"/cas", cas, applicationExample, url, authoritiesExample, authority.CA(),
			"/var/cache/apache2/mod_auth_cas/", sessions)
		return text + "LogLevel auth_cas:info\n" + showing(dir, "/app", "/free"), err
	})
}

// OpenIDApache is a real Apache that is wholly behind mod_auth_openidc, as
// docs/recipes/apache-openid.conf says, with a backend at /behind/. register makes it a client of bourg, with
// the addresses that the recipe names, once its address is known.
func OpenIDApache(t testing.TB, parvis, backend string, authority Authority, register func(url string) (id, secret string)) (url string) {
	t.Helper()
	return apache(t, []string{"auth_openidc", "proxy", "proxy_http"}, func(dir, url string) (string, error) {
		id, secret := register(url)
		text, err := recipe("apache-openid.conf", parvisExample, parvis, applicationExample, url, authoritiesExample, authority.CA(),
			"the-client-id", id, "the-client-secret", secret)
		return text + showing(dir, "/app", "/bye") + "ProxyPass /behind/ " + backend + "/\n", err
	})
}

// Apache is the same as Nginx with a real Apache, mod_lua and
// docs/recipes/apache-forward.conf.
func Apache(t testing.TB, parvis, backend string) (url string) {
	t.Helper()
	if _, err := os.Stat("/usr/share/lua/5.3/socket/http.lua"); err != nil {
		Missing(t, "lua-socket is not installed: run tools/install.sh")
	}
	return apache(t, []string{"lua", "headers", "proxy", "proxy_http"}, func(dir, url string) (string, error) {
		const here = "http://127.0.0.1:8080"
		script, err := recipe("parvis.lua", here, parvis, applicationExample, url)
		if err != nil {
			return "", err
		}
		file := filepath.Join(dir, "parvis.lua")
		if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
			return "", fmt.Errorf("servers: apache: %w", err)
		}
		return recipe("apache-forward.conf", here, parvis, applicationExample, url, backendExample, backend, "/etc/apache2/parvis.lua", file)
	})
}

// apache starts an Apache with modules beside the ordinary ones and the rest of
// its configuration.
func apache(t testing.TB, modules []string, rest func(dir, url string) (string, error)) (url string) {
	t.Helper()
	for _, name := range modules {
		if _, err := os.Stat(moduleFile(name)); err != nil {
			Missing(t, "Apache's mod_"+name+" is not installed: run tools/install.sh")
		}
	}
	return proxy(t, "apache2", func(dir, url string) (map[string]string, error) {
		text, err := rest(dir, url)
		return map[string]string{"apache.conf": apacheHead(dir, url, modules) + text}, err
	}, "-f", "{dir}/apache.conf", "-DFOREGROUND")
}

func moduleFile(name string) string { return "/usr/lib/apache2/modules/mod_" + name + ".so" }

func apacheHead(dir, url string, more []string) string {
	var text strings.Builder
	for _, name := range append([]string{"mpm_prefork", "authn_core", "authz_core", "authz_user", "alias", "env", "cgi"}, more...) {
		fmt.Fprintf(&text, "LoadModule %s_module %s\n", name, moduleFile(name))
	}
	fmt.Fprintf(&text, `
ServerRoot %[1]s
ServerName 127.0.0.1
PidFile %[1]s/pid
Mutex file:%[1]s
ErrorLog /dev/stderr
User www-data
Group www-data
Listen %[2]s
StartServers 2
MaxRequestWorkers 8
`, dir, strings.TrimPrefix(url, "http://"))
	return text.String()
}

// showing serves the environment of a program at some paths.
func showing(dir string, paths ...string) string {
	file := filepath.Join(dir, "show.sh")
	if err := os.WriteFile(file, []byte("#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\nenv\n"), 0o755); err != nil {
		panic(err) // in a folder that was just made
	}
	text := fmt.Sprintf("<Directory %s>\n\tRequire all granted\n\tOptions +ExecCGI\n</Directory>\n", dir)
	for _, path := range paths {
		text += "ScriptAlias " + path + " " + file + "\n"
	}
	return text
}
