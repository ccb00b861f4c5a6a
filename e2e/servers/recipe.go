package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// recipe is a file of docs/recipes as an administrator copies it, with her
// addresses in the place of the examples: pairs of old and new. Each old one must
// be there, or the recipe is not what the tests run.
func recipe(name string, pairs ...string) (string, error) {
	text, err := os.ReadFile(filepath.Join(Root(), "docs", "recipes", name))
	if err != nil {
		return "", fmt.Errorf("servers: recipe: %w", err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(string(text), pairs[i]) {
			return "", fmt.Errorf("servers: recipe %s does not say %q", name, pairs[i])
		}
	}
	return strings.NewReplacer(pairs...).Replace(string(text)), nil
}

// The addresses of the examples.
const (
	parvisExample      = "https://parvis.example"
	applicationExample = "https://app.bourg.example"
	backendExample     = "http://127.0.0.1:9000"
	authoritiesExample = "/etc/ssl/certs/ca-certificates.crt"
)
