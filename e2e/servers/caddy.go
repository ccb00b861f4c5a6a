package servers

import "testing"

// Caddy is the same as Nginx with a real Caddy and docs/recipes/Caddyfile.
func Caddy(t testing.TB, parvis, backend string) (url string) {
	t.Helper()
	return proxy(t, "caddy", func(_, url string) (map[string]string, error) {
		text, err := recipe("Caddyfile", parvisExample, parvis, applicationExample, url, backendExample, backend)
		return map[string]string{"Caddyfile": "{\n\tadmin off\n\tauto_https off\n}\n" + text}, err
	}, "run", "--config", "{dir}/Caddyfile", "--adapter", "caddyfile")
}
