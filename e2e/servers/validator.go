package servers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
)

// Validator is the Nu HTML checker as a server, so that a page is checked in milliseconds.
type Validator struct {
	url     string
	process *process
}

// sharedValidator serves the whole test process, and ends with it.
var sharedValidator = sync.OnceValues(startValidator)

// HTMLValidator is the checker that this test process shares.
func HTMLValidator(t testing.TB) *Validator {
	t.Helper()
	need(t, "java")
	if _, err := os.Stat(validatorJar()); err != nil {
		Missing(t, "npm's vnu-jar is not installed: run tools/install.sh")
	}
	validator, err := sharedValidator()
	if err != nil {
		t.Fatal(err)
	}
	return validator
}

func validatorJar() string { return modules("vnu-jar/build/dist/vnu.jar") }

func startValidator() (*Validator, error) {
	dir, err := newDir("vnu")
	if err != nil {
		return nil, err
	}
	v := &Validator{}
	return v, retryPorts(1, nil, func(ports []int) error {
		v.url = "http://" + address(ports[0]) + "/?out=json"
		v.process, err = start(command{
			// a short life: the second compiler and a parallel collector would only take processor time;
			// reading the schemas takes a deep stack
			args: []string{
				"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx768m", "-Xss16m", "-Djava.io.tmpdir=" + dir,
				"-Dnu.validator.servlet.bind-address=127.0.0.1", "-cp", validatorJar(),
				"nu.validator.servlet.Main", fmt.Sprint(ports[0]),
			},
			folder: dir,
		})
		if err != nil {
			return err
		}
		return v.process.listening(ports...)
	})
}

// Check returns the errors and warnings of a document, or of a fragment that would stand inside <main>,
// each as "error line 3: …: …"; none when it is valid.
func (v *Validator) Check(ctx context.Context, html []byte) ([]string, error) {
	if !isDocument(html) {
		html = wrap(html)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, v.url, bytes.NewReader(html))
	if err != nil {
		return nil, fmt.Errorf("servers: validate: %w", err)
	}
	request.Header.Set("Content-Type", "text/html; charset=utf-8")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("servers: validate: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("servers: validate: %s %q: %w", response.Status, body, err)
	}
	return verdict(body)
}

// verdict reads the checker's JSON. Its remarks of type "info" without subtype "warning" are left out.
func verdict(body []byte) ([]string, error) {
	var answer struct {
		Messages []struct {
			Type, SubType, Message, Extract string
			LastLine                        int
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("servers: validate: %w", err)
	}
	var faults []string
	for _, m := range answer.Messages {
		if m.Type == "info" && m.SubType != "warning" {
			continue
		}
		faults = append(faults, fmt.Sprintf("%s line %d: %s: %q", m.Type, m.LastLine, m.Message, m.Extract))
	}
	return faults, nil
}

func isDocument(html []byte) bool {
	start := strings.ToLower(string(bytes.TrimSpace(html[:min(len(html), 200)])))
	return strings.HasPrefix(start, "<!doctype")
}

// wrap makes a document of a fragment, with the title that every document needs unless the fragment has it.
func wrap(fragment []byte) []byte {
	title := "<h1>fragment</h1>"
	if bytes.Contains(fragment, []byte("<h1")) {
		title = ""
	}
	return fmt.Appendf(nil, "<!DOCTYPE html><html lang=\"fr\"><head><meta charset=\"utf-8\"><title>fragment</title></head>"+
		"<body><main>%s\n%s\n</main></body></html>", title, fragment)
}
