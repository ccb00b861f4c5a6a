package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"parvis/e2e/servers"
)

// axeSource is axe-core, read once.
var axeSource = sync.OnceValues(func() ([]byte, error) {
	return os.ReadFile(filepath.Join(servers.Root(), "e2e", "node_modules", "axe-core", "axe.min.js"))
})

// runAxe runs every rule of WCAG 2.0 to 2.2, A and AA, and the best practices; the RGAA's criteria are
// among a rule's tags. Violations come back one a line of the report.
const runAxe = `axe.run(document, {
	runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']},
	resultTypes: ['violations'],
}).then(r => r.violations.map(v => v.id + ' (' + v.impact + '; ' +
	v.tags.filter(t => /^(wcag\d{3,}|RGAA-)/.test(t)).join(' ') + '): ' + v.help +
	v.nodes.map(n => '\n    ' + n.target.join(' ') + ': ' + n.html.slice(0, 200) + '\n      ' +
		n.failureSummary.replace(/\s+/g, ' ')).join('')))`

// Axe fails t for each accessibility fault that axe-core finds in the page as it stands.
func (p *Page) Axe(t testing.TB) {
	t.Helper()
	for _, violation := range p.violations(t) {
		t.Errorf("axe: %s: %s", p.URL(), violation)
	}
}

func (p *Page) violations(t testing.TB) []string {
	t.Helper()
	source, err := axeSource()
	if err != nil {
		servers.Missing(t, fmt.Sprintf("axe-core: %v: run tools/install.sh", err))
	}
	if !p.script {
		// axe waits by timers, which stand still without scripts; the page's own have missed their time
		p.setScripts(true)
		defer p.setScripts(false)
	}
	var script strings.Builder
	// a page keeps axe until it is left
	fmt.Fprintf(&script, "if (!window.axe) { %s\n}\n%s", source, runAxe)
	return value[[]string](p, script.String())
}
