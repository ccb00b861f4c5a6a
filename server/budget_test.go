package server_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/server/servertest"
)

// The home page's budgets: requests, and octets on the line.
const (
	maxRequests = 8
	maxCold     = 40 << 10
	maxWarm     = 8 << 10
	maxScript   = 8 << 10
	maxStyle    = 8 << 10
)

var assetAddress = regexp.MustCompile(`(?:href|src)="(/(?:assets|theme)/[^"#]+)`)

// TestTheHomePageKeepsItsBudgets adds up what a browser asks for a first look
// at the demo's home page, and for a second one when a box has changed.
func TestTheHomePageKeepsItsBudgets(t *testing.T) {
	agent := servertest.Demo(t).As("agent@bourg.example")
	weigh := func(path string) (size int, body string) {
		packed := agent.Do("GET", path, nil, "Accept-Encoding", "gzip")
		if packed.Status != 200 || packed.Header.Get("Content-Encoding") != "gzip" && len(packed.Body) > 1200 {
			t.Errorf("GET %s = %d, %q, %d octets", path, packed.Status, packed.Header.Get("Content-Encoding"), len(packed.Body))
		}
		return len(packed.Body), agent.Get(path).Body
	}
	for deadline := time.Now().Add(10 * time.Second); strings.Contains(agent.Get("/").Body, "data-late") && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond) // the page is weighed with all of its boxes
	}
	total, page := weigh("/")
	warm, requests, script, style := total, 1, 0, 0
	seen := map[string]bool{}
	for _, found := range assetAddress.FindAllStringSubmatch(page, -1) {
		if seen[found[1]] {
			continue
		}
		seen[found[1]] = true
		size, _ := weigh(found[1])
		requests, total = requests+1, total+size
		switch {
		case strings.HasSuffix(found[1], ".js"):
			script += size
		case strings.HasSuffix(found[1], ".css"):
			style += size
		}
	}
	t.Logf("%d requests, %d octets cold, %d warm, script %d, style %d", requests, total, warm, script, style)
	for name, over := range map[string]bool{
		"requests": requests > maxRequests, "cold": total > maxCold, "warm": warm > maxWarm,
		"script": script > maxScript, "style": style > maxStyle, "nothing found": requests < 4,
	} {
		if over {
			t.Errorf("over budget: %s", name)
		}
	}
	for _, other := range regexp.MustCompile(`(?:src|href)="(https?:)?//[^"]*\.(?:js|css|woff2?|png|svg)`).FindAllString(page, -1) {
		t.Errorf("the page asks another host: %s", other)
	}
}
