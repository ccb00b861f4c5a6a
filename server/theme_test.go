package server_test

import (
	"regexp"
	"testing"

	"parvis/server/servertest"
)

// TestColoursAreKeptByBrowsersUntilTheyChange: compressed and kept for a year at their address; another address leads
// to today's, and is not kept.
func TestColoursAreKeptByBrowsersUntilTheyChange(t *testing.T) {
	agent := servertest.New(t).As("agent@bourg.example")
	match := regexp.MustCompile(`href="(/theme/[^"]+)"`).FindStringSubmatch(agent.Get("/").Body)
	if match == nil {
		t.Fatal("the home page names no colours")
	}
	plain, packed := agent.Get(match[1]).Want(t, 200), agent.Do("GET", match[1], nil, "Accept-Encoding", "gzip")
	if packed.Header.Get("Content-Encoding") != "gzip" || 2*len(packed.Body) > len(plain.Body) {
		t.Errorf("%d octets, %d compressed", len(plain.Body), len(packed.Body))
	}
	if got, want := plain.Header.Get("Cache-Control"), "public, max-age=31536000, immutable"; got != want {
		t.Errorf("Cache-Control = %q, want %q", got, want)
	}
	old := agent.Get("/theme/bourg-000000000000.css")
	if old.Status != 302 || old.Header.Get("Location") != match[1] || old.Header.Get("Cache-Control") == plain.Header.Get("Cache-Control") {
		t.Errorf("an old address: %d to %q, %q", old.Status, old.Header.Get("Location"), old.Header.Get("Cache-Control"))
	}
}
