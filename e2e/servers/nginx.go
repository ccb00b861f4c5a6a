package servers

import (
	"fmt"
	"testing"
)

// Nginx is a real nginx in front of a backend, which asks Parvis about each
// request as docs/recipes/nginx.conf says. It returns its address,
// "http://127.0.0.1:40131", and ends with the test.
func Nginx(t testing.TB, parvis, backend string) (url string) {
	t.Helper()
	return proxy(t, "nginx", func(dir, url string) (map[string]string, error) {
		text, err := recipe("nginx.conf", parvisExample, parvis, applicationExample, url, backendExample, backend)
		return map[string]string{"nginx.conf": fmt.Sprintf(`
daemon off; pid %[1]s/pid; error_log stderr;
events {}
http {
	access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	server {
		listen %[2]s;
		%[3]s
	}
}
`, dir, url[len("http://"):], text)}, err
	}, "-p", "{dir}", "-c", "{dir}/nginx.conf")
}
