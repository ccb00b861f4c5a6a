package dav

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"parvis/portal"
)

// errUnsupportedReport refuses a report that a resource doesn't answer (RFC 3253 §3.6).
var errUnsupportedReport = Forbidden(Name("supported-report"))

// maxHrefs is the most resources that one multiget asks for.
const maxHrefs = 5000

func (q *query) report(r Resource) error {
	root, ok, err := readNode(q.Body)
	if err != nil {
		return err
	}
	if !ok {
		return &Error{Status: http.StatusBadRequest, Text: "a report expected"}
	}
	if root.Name == Name("sync-collection") {
		return q.sync(r, root)
	}
	if root.Name == Name("expand-property") {
		return q.expandProperty(r, root)
	}
	if root.Name == Name("acl-principal-prop-set") {
		return q.aclPrincipals(r, root)
	}
	if slices.Contains(principalReports, root.Name) && answersForPrincipals(r) {
		return q.principalReport(root)
	}
	reporter, ok := r.(Reporter)
	if !ok || !slices.Contains(reporter.Reports(), root.Name) {
		return errUnsupportedReport
	}
	want, err := WantedOf(root, q.minimal())
	if errors.Is(err, errProperties) {
		return err
	}
	if err != nil {
		want = Wanted{} // a report may ask for addresses alone
	}
	m := q.multistatus(want)
	return m.finish(reporter.Report(q.Context(), q.caller, root, m), "")
}

// answersForPrincipals says whether a resource is one where clients search principals: their collection,
// one of them, or the root.
func answersForPrincipals(r Resource) bool {
	switch r.(type) {
	case *principals, *Principal, *folder:
		return true
	}
	return false
}

// sync answers sync-collection (RFC 6578 §3). Depth is 0 by the standard and 1 in older clients;
// as our collections hold no collections, both mean the same.
func (q *query) sync(r Resource, root *Node) error {
	syncer, ok := r.(Syncer)
	if !ok {
		return errUnsupportedReport
	}
	if q.depth("0") == "infinity" {
		return errFiniteDepth
	}
	limit, err := syncLimit(root)
	if err != nil {
		return err
	}
	want, err := WantedOf(root, q.minimal())
	if err != nil {
		return err
	}
	token := ""
	if n := root.Child(Name("sync-token")); n != nil {
		token = strings.TrimSpace(n.Text)
	}
	changes, err := syncer.Sync(q.Context(), q.caller, token, limit)
	if err != nil {
		return err
	}
	m := q.multistatus(want)
	for _, changed := range changes.Changed {
		m.Resource(changed.Href(), changed)
	}
	for _, href := range changes.Deleted {
		m.Status(href, http.StatusNotFound)
	}
	if changes.More {
		m.Status(q.URL.EscapedPath(), http.StatusInsufficientStorage)
	}
	return m.end(changes.Token)
}

func syncLimit(root *Node) (int, error) {
	n := root.Child(Name("limit"))
	if n == nil {
		return 0, nil
	}
	results := n.Child(Name("nresults"))
	if results == nil {
		return 0, &Error{Status: http.StatusBadRequest, Text: "limit without nresults"}
	}
	limit, err := strconv.Atoi(strings.TrimSpace(results.Text))
	if err != nil || limit < 1 {
		return 0, &Error{Status: http.StatusBadRequest, Text: "nresults is no positive number"}
	}
	return min(limit, 1<<30), nil
}

// Preparer is a resource that must work for what a report asks of it. Prepare comes before its
// properties; an error of it is the answer for this resource.
type Preparer interface{ Prepare() error }

// Multiget writes a response for every address that the body names (RFC 4791 §7.9), one for an
// address named twice: names are those of base's children, found answers them.
func (m *Multistatus) Multiget(body *Node, base string, load func(names []string) (map[string]Resource, error)) error {
	hrefs := hrefsOf(body)
	if len(hrefs) > maxHrefs {
		return Forbidden(Name("number-of-matches-within-limits"))
	}
	const batch = 50
	for part := range slices.Chunk(hrefs, batch) {
		names := make([]string, len(part))
		for i, href := range part {
			if parts, ok := Split(base, href); ok && len(parts) == 1 {
				names[i] = parts[0]
			}
		}
		found, err := load(names)
		if err != nil && !errors.Is(err, portal.ErrNotFound) {
			return err
		}
		for i, href := range part {
			if err := m.got(href, found[names[i]]); err != nil {
				return err
			}
		}
	}
	return nil
}

// hrefsOf are the paths that a multiget names, each once.
func hrefsOf(body *Node) (hrefs []string) {
	seen := map[string]bool{}
	for _, n := range body.Children {
		if n.Name != Name("href") {
			continue
		}
		if href := pathOf(strings.TrimSpace(n.Text)); !seen[href] {
			seen[href] = true
			hrefs = append(hrefs, href)
		}
	}
	return hrefs
}

// got writes the response for one address of a multiget; nil: there is nothing.
func (m *Multistatus) got(href string, r Resource) error {
	if r == nil {
		m.Status(href, http.StatusNotFound)
		return nil
	}
	if p, ok := r.(Preparer); ok {
		if err := p.Prepare(); err != nil {
			refused, known := asError(err)
			if !known {
				return err
			}
			m.Fail(href, refused)
			return nil
		}
	}
	m.Resource(href, r)
	return nil
}

// pathOf is the path of an href, which may be a whole URL.
func pathOf(href string) string {
	if _, rest, ok := strings.Cut(href, "://"); ok {
		if slash := strings.IndexByte(rest, '/'); slash >= 0 {
			return rest[slash:]
		}
	}
	return href
}
