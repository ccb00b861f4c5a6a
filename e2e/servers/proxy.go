package servers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// proxy starts a reverse proxy in a folder of its own, with the configuration that
// files returns for the folder and for the proxy's own address. "{dir}" in args is
// the folder.
func proxy(t testing.TB, program string, files func(dir, url string) (map[string]string, error), args ...string) (url string) {
	t.Helper()
	need(t, program)
	path, err := find(program)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := newDir(program)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	line := []string{path}
	for _, arg := range args {
		line = append(line, strings.ReplaceAll(arg, "{dir}", dir))
	}
	var running *process
	err = retryPorts(1, nil, func(ports []int) error {
		url = "http://" + address(ports[0])
		texts, err := files(dir, url)
		if err != nil {
			return err
		}
		for name, text := range texts {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				return fmt.Errorf("servers: %s: %w", program, err)
			}
		}
		running, err = start(command{args: line, env: []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}, folder: dir})
		if err != nil {
			return err
		}
		return running.listening(ports...)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		running.stop()
		if t.Failed() {
			t.Logf("%s says:\n%s", program, running.output)
		}
	})
	return url
}
