// Package browser lets a test use pages as a person does, in Debian's Chromium: keyboard, mouse, sizes,
// light and dark, with and without JavaScript. It also judges pages: accessibility (axe), geometry,
// valid HTML, nothing from other hosts, no error in the console. It is a harness of the tests: nothing of
// the binary imports it.
package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"parvis/e2e/servers"
)

// shared is the browser that every page of this test process is a private window of; it ends with the
// process.
var shared = sync.OnceValues(startBrowser)

func startBrowser() (context.Context, error) {
	dir, err := servers.ProcessDir("chromium")
	if err != nil {
		return nil, err
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options(dir)...)
	ctx, _ := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		return nil, fmt.Errorf("browser: start chromium: %w", err)
	}
	return ctx, nil
}

// options are chromedp's own, and those that keep Chromium from looking for hosts outside.
func options(dir string) []chromedp.ExecAllocatorOption {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium()),
		chromedp.UserDataDir(dir),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-pings", true),
		chromedp.Flag("lang", "fr"),
		chromedp.Flag("font-render-hinting", "none"),
		chromedp.Flag("hide-scrollbars", true),
		// a page kept whole for "back" would fire no load event
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,BackForwardCache"),
	)
	if os.Getuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	return options
}

// chromium is the browser's path, "" when it is not installed.
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// start gives t the shared browser, or skips it where there is none; in CI it fails.
func start(t testing.TB) context.Context {
	t.Helper()
	if chromium() == "" {
		servers.Missing(t, "chromium is not installed: run tools/install.sh")
	}
	ctx, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return ctx
}
