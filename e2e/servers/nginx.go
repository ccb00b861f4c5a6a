package servers

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// nginxConf protects a backend by auth_request, as docs/operator.md writes it: %s are the folder, our own
// address, Parvis and the backend.
const nginxConf = `
daemon off; pid %[1]s/pid; error_log stderr;
events {}
http {
	access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	server {
		listen %[2]s;
		location / {
			auth_request /parvis-check;
			auth_request_set $parvis_user $upstream_http_parvis_user;
			auth_request_set $parvis_mail $upstream_http_parvis_mail;
			auth_request_set $parvis_sign_in $upstream_http_location;
			error_page 401 = @parvis;
			proxy_set_header Parvis-User $parvis_user;
			proxy_set_header Parvis-Mail $parvis_mail;
			proxy_pass %[4]s;
		}
		location = /parvis-check {
			internal;
			proxy_pass %[3]s/forward/nginx;
			proxy_pass_request_body off;
			proxy_set_header Content-Length "";
			proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
		}
		location @parvis { return 302 $parvis_sign_in; }
		location = /.parvis/return {
			proxy_pass %[3]s;
			proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
		}
	}
}
`

// Nginx is a real nginx in front of a backend, which asks Parvis about each request. It returns its address,
// "http://127.0.0.1:40131", and ends with the test.
func Nginx(t testing.TB, parvis, backend string) (url string) {
	t.Helper()
	need(t, "nginx")
	dir, err := newDir("nginx")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConf, dir, address, parvis, backend), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := find("nginx")
	if err != nil {
		t.Fatal(err)
	}
	server, err := start(command{args: []string{program, "-p", dir, "-c", file}, folder: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.stop)
	client := &http.Client{Timeout: time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	err = server.ready(func() error {
		answer, err := client.Get("http://" + address + "/")
		if err == nil {
			answer.Body.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return "http://" + address
}
