package signon

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"parvis/e2e/servers"
)

// lemon is a LemonLDAP::NG as Debian packages it: its FastCGI workers behind an
// nginx, with files for its configuration and its sessions.
type lemon struct {
	workers, nginx *exec.Cmd
	portal         string // "http://auth.bourg.test:40131"
	at             string // "http://127.0.0.1:40131"
	host           string
}

const lemonProgram = "/usr/sbin/llng-fastcgi-server"

func openLemon(b *testing.B, directory *servers.Directory) subject {
	if _, err := os.Stat(lemonProgram); err != nil {
		b.Skip("LemonLDAP::NG is not installed: make bench-sso installs it")
	}
	dir, err := os.MkdirTemp("", "lemonldap")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(dir) })
	port := freePort(b)
	l := &lemon{host: "auth.bourg.test:" + port, at: "http://127.0.0.1:" + port, portal: "http://auth.bourg.test:" + port}
	l.write(b, dir, directory)
	own(b, dir)
	l.start(b, dir)
	return l
}

func freePort(b *testing.B) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	return port
}

// own gives a folder to the web server's user: LemonLDAP refuses to run as root.
func own(b *testing.B, dir string) {
	b.Helper()
	if os.Getuid() != 0 {
		return
	}
	uid, gid := web(b)
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, int(uid), int(gid))
	})
	if err != nil {
		b.Fatal(err)
	}
}

func web(b *testing.B) (uid, gid uint32) {
	b.Helper()
	account, err := user.Lookup("www-data")
	if err != nil {
		b.Fatal(err)
	}
	parse := func(text string) uint32 {
		number, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			b.Fatal(err)
		}
		return uint32(number)
	}
	return parse(account.Uid), parse(account.Gid)
}

// write writes its files.
func (l *lemon) write(b *testing.B, dir string, directory *servers.Directory) {
	b.Helper()
	for _, folder := range []string{"conf", "sessions/lock", "psessions/lock", "notifications", "cache"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			b.Fatal(err)
		}
	}
	authority, err := os.ReadFile(directory.CAFile)
	if err != nil {
		b.Fatal(err)
	}
	settings, err := json.Marshal(l.settings(b, dir, directory))
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range map[string]string{
		"ca.pem":             string(authority),
		"conf/lmConf-1.json": string(settings),
		"lemonldap-ng.ini":   fmt.Sprintf(iniText, dir),
		"nginx.conf":         fmt.Sprintf(nginxText, dir, strings.TrimPrefix(l.at, "http://")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
}

// settings is its configuration: what Debian's first one has, and what is measured.
func (l *lemon) settings(b *testing.B, dir string, directory *servers.Directory) map[string]any {
	b.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		b.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		b.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	storage := func(name string) map[string]any {
		return map[string]any{
			"Directory": filepath.Join(dir, name), "LockDirectory": filepath.Join(dir, name, "lock"),
			"generateModule": "Lemonldap::NG::Common::Apache::Session::Generate::SHA256",
		}
	}
	exported := map[string]string{"mail": "mail", "cn": "cn", "uid": "uid"}
	return map[string]any{
		"cfgNum": 1, "cfgAuthor": "bench", "cfgDate": "1627287638", "cfgVersion": "2.16.1",
		"domain": "bourg.test", "portal": l.portal + "/", "cookieName": "lemonldap", "securedCookie": 0, "whatToTrace": "_user",
		"authentication": "LDAP", "userDB": "Same", "passwordDB": "Null", "registerDB": "Null",
		"ldapServer": "ldap+tls://127.0.0.1:" + directory.URL[strings.LastIndexByte(directory.URL, ':')+1:] + "/?verify=required&cafile=" + filepath.Join(dir, "ca.pem"),
		"ldapBase":   directory.BaseDN, "managerDn": directory.BindDN, "managerPassword": directory.BindPassword,
		"AuthLDAPFilter": "(&(mail=$user)(objectClass=inetOrgPerson))", "LDAPFilter": "(&(mail=$user)(objectClass=inetOrgPerson))",
		"ldapExportedVars": exported, "exportedVars": map[string]any{}, "macros": map[string]any{}, "groups": map[string]any{},
		"requireToken": 0, "captcha_login_enabled": 0, "captcha_mail_enabled": 0, "captcha_register_enabled": 0, "portalDisplayResetPassword": 0, "portalDisplayRegister": 0, "loginHistoryEnabled": 0, "notification": 0, "portalSkin": "bootstrap",
		"globalStorage": "Apache::Session::File", "globalStorageOptions": storage("sessions"),
		"persistentStorage": "Apache::Session::File", "persistentStorageOptions": storage("psessions"),
		"localSessionStorage": "Cache::FileCache",
		"localSessionStorageOptions": map[string]any{
			"cache_depth": 3, "cache_root": filepath.Join(dir, "cache"), "default_expires_in": 600, "directory_umask": "007", "namespace": "lemonldap-ng-sessions",
		},
		"locationRules": map[string]any{
			"auth.bourg.test": map[string]string{"default": "accept"}, "gestion.bourg.test": map[string]string{"default": "accept"},
		},
		"exportedHeaders":       map[string]any{"gestion.bourg.test": map[string]string{"Auth-User": "$uid", "Auth-Mail": "$mail"}},
		"issuerDBCASActivation": 1, "issuerDBCASPath": "^/cas/", "casAccessControlPolicy": "error",
		"casAppMetaDataOptions":           map[string]any{"finances": map[string]any{"casAppMetaDataOptionsService": casService}},
		"casAppMetaDataExportedVars":      map[string]any{"finances": map[string]string{"mail": "mail", "cn": "cn"}},
		"issuerDBOpenIDConnectActivation": 1, "issuerDBOpenIDConnectPath": "^/oauth2/",
		"oidcServiceMetaDataIssuer": l.portal, "oidcServiceAllowAuthorizationCodeFlow": 1,
		"oidcServicePrivateKeySig": text("PRIVATE KEY", private), "oidcServicePublicKeySig": text("PUBLIC KEY", public), "oidcServiceKeyIdSig": "one",
		"oidcRPMetaDataExportedVars": map[string]any{"app": map[string]string{"email": "mail", "name": "cn"}},
		"oidcRPMetaDataOptions": map[string]any{"app": map[string]any{
			"oidcRPMetaDataOptionsClientID": lemonClient, "oidcRPMetaDataOptionsClientSecret": lemonSecret,
			"oidcRPMetaDataOptionsBypassConsent": 1, "oidcRPMetaDataOptionsIDTokenSignAlg": "RS256", "oidcRPMetaDataOptionsRedirectUris": callback,
			"oidcRPMetaDataOptionsAccessTokenExpiration": 3600, "oidcRPMetaDataOptionsIDTokenExpiration": 3600,
		}},
	}
}

const lemonClient, lemonSecret = "app", "a-secret-of-the-bench"

const iniText = `[all]
logLevel = error
[configuration]
type=File
dirName = %[1]s/conf
localStorage=Cache::FileCache
localStorageOptions={ 'namespace' => 'lemonldap-ng-config', 'default_expires_in' => 600, 'directory_umask' => '007', 'cache_root' => '%[1]s/cache', 'cache_depth' => 3 }
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en, fr
[handler]
status = 0
useRedirectOnError = 1
`

const nginxText = `daemon off; pid %[1]s/nginx.pid; error_log %[1]s/nginx.log crit; worker_processes 2;
events {}
http {
	access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	upstream llng { server unix:%[1]s/llng.sock; }
	server {
		listen %[2]s; server_name auth.bourg.test; root /usr/share/lemonldap-ng/portal/htdocs/;
		location / {
			include /etc/nginx/fastcgi_params;
			fastcgi_pass llng;
			fastcgi_param HTTP_HOST $http_host;
			fastcgi_param LLTYPE psgi;
			fastcgi_param SCRIPT_FILENAME $document_root/index.psgi;
			fastcgi_param SCRIPT_NAME "";
			fastcgi_param PATH_INFO $uri;
		}
	}
	server {
		listen %[2]s; server_name gestion.bourg.test;
		location = /lmauth {
			include /etc/nginx/fastcgi_params;
			fastcgi_pass llng;
			fastcgi_param HTTP_HOST $http_host;
			fastcgi_param X_ORIGINAL_URI /dossiers?id=4;
		}
	}
}
`

func (l *lemon) start(b *testing.B, dir string) {
	b.Helper()
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		uid, gid := web(b)
		attributes.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	log, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	run := func(environment []string, args ...string) *exec.Cmd {
		process := exec.Command(args[0], args[1:]...)
		process.Dir, process.Env, process.Stdout, process.Stderr, process.SysProcAttr = dir, append(os.Environ(), environment...), log, log, attributes
		if err := process.Start(); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			syscall.Kill(-process.Process.Pid, syscall.SIGKILL)
			process.Wait()
		})
		return process
	}
	l.workers = run([]string{"LLNG_DEFAULTCONFFILE=" + filepath.Join(dir, "lemonldap-ng.ini"), "LLNG_DEFAULTLOGGER=Lemonldap::NG::Common::Logger::Std"},
		lemonProgram, "--foreground", "--pid", filepath.Join(dir, "llng.pid"), "--socket", filepath.Join(dir, "llng.sock"), "--proc", "7")
	l.nginx = run(nil, "/usr/sbin/nginx", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	deadline(b, func() error {
		response, err := browser.Do(l.ask(http.MethodGet, "/", nil))
		if err == nil {
			response.Body.Close()
			if response.StatusCode >= http.StatusInternalServerError {
				told, _ := os.ReadFile(log.Name())
				err = fmt.Errorf("LemonLDAP answers %s\n%.3000s", response.Status, told)
			}
		}
		return err
	})
}

func (l *lemon) ask(method, path string, form url.Values) *http.Request {
	request := get(l.at + path)
	if method == http.MethodPost {
		request = post(l.at+path, form)
	}
	request.Host = l.host
	return request
}

// processes are the workers, their manager, and nginx with its own.
func (l *lemon) processes() []int {
	var all []int
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if group, err := syscall.Getpgid(pid); err == nil && (group == l.workers.Process.Pid || group == l.nginx.Process.Pid) {
			all = append(all, pid)
		}
	}
	return all
}

func (l *lemon) client() (id, secret string) { return lemonClient, lemonSecret }

func (l *lemon) address(of string) string {
	return l.portal + map[string]string{
		"portal": "/", "cas": "/cas", "authorize": "/oauth2/authorize", "token": "/oauth2/token", "userinfo": "/oauth2/userinfo",
	}[of]
}

func (l *lemon) signIn(b *testing.B, person servers.Person) *http.Cookie {
	b.Helper()
	response, _ := do(b, post(l.portal+"/", url.Values{"user": {person.Mail}, "password": {person.Password}}), http.StatusFound, http.StatusSeeOther, http.StatusOK)
	return cookieOf(b, response, "lemonldap")
}

func (l *lemon) forward(b *testing.B, session *http.Cookie) *http.Request {
	b.Helper()
	request := get(l.at+"/lmauth", session)
	request.Host = "gestion.bourg.test"
	return request
}
