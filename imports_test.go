package parvis_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors are the rooms of the house and how high they lie: a room imports lower floors only, and rooms of
// one floor don't know each other. A new room, or a new arrow, changes this table in the same commit.
var floors = map[string]int{
	"cmd": 6, "demo": 6,
	"server":    5,
	"directory": 4, "applications": 4, "calendar": 4, "documents": 4, "contacts": 4, "booking": 4, "presence": 4, "kiosk": 4, "leave": 4, "oncall": 4, "news": 4, "mail": 4, "weather": 4, "almanac": 4, "leaving": 4,
	"sso": 3, "search": 3, "widgets": 3, "dav": 3, "todo": 3,
	"portal": 2,
	"themes": 1,
}

// sameRoof are arrows between two rooms of one floor: the command serves the demo, and the inbox of all
// features is a box too.
var sameRoof = map[string]string{"cmd": "demo", "todo": "widgets"}

// outside are folders beside the house: they import what they like, and nothing of the house imports them.
var outside = []string{"e2e", "bench", "tools", "docs"}

// importers are the only packages that may import a library, so that what a protocol needs is said once.
// A package's own folders count as the package.
var importers = map[string][]string{
	"github.com/go-ldap/":              {"directory/ldapdir"},
	"github.com/coreos/go-oidc/":       {"sso/upstream"},
	"golang.org/x/oauth2":              {"sso/upstream"},
	"github.com/go-jose/":              {"sso/openid"},
	"github.com/go-webauthn/":          {"sso"},
	"github.com/boombuler/barcode":     {"sso"},
	"github.com/danielgtaylor/huma/":   {"directory/api"},
	"github.com/scim2/filter-parser/":  {"directory/scim"},
	"github.com/gorilla/mux":           {"portal/web"},
	"github.com/blevesearch/":          {"search/bleveindex"},
	"github.com/emersion/go-webdav":    {"calendar/remote"},
	"github.com/emersion/go-ical":      {"calendar"},
	"github.com/emersion/go-vcard":     {}, // forgets order and folds: dav/vcard reads cards
	"github.com/emersion/go-imap/":     {"mail", "demo"},
	"github.com/jackc/pgx/":            {"portal/database"},
	"modernc.org/sqlite":               {"portal/database"},
	"github.com/pressly/goose/":        {"portal/database"},
	"github.com/riverqueue/":           {"portal/jobs"},
	"github.com/tetratelabs/wazero":    {"search/extract/pdfium"},
	"github.com/pelletier/go-toml/":    {"cmd/parvis", "server"},
	"github.com/chromedp/":             {},
	"github.com/google/go-cmp/":        {},
	"github.com/rogpeppe/go-internal/": {},
	"codeberg.org/go-pdf/fpdf":         {"demo/office"},
	"github.com/wneessen/go-mail":      {"portal/post"},
	"github.com/emersion/go-message":   {"mail", "search/extract"},
	"github.com/emersion/go-smtp":      {"demo"},
}

func TestImportsFollowTheArrows(t *testing.T) {
	for _, file := range goFiles(t) {
		for _, imported := range imports(t, file) {
			if fault := arrowFault(file, imported); fault != "" {
				t.Errorf("%s imports %s: %s", file, imported, fault)
			}
			if fault := libraryFault(file, imported); fault != "" {
				t.Errorf("%s imports %s: %s", file, imported, fault)
			}
		}
	}
}

// TestArrowsAreRefused shows that the table can say no.
func TestArrowsAreRefused(t *testing.T) {
	for _, c := range []struct {
		file, imported string
		refused        bool
	}{
		{"calendar/store.go", "parvis/portal/database", false},
		{"calendar/caldav/server.go", "parvis/calendar", false},
		{"calendar/store.go", "parvis/calendar/caldav", true},
		{"calendar/store.go", "parvis/news", true},
		{"calendar/store.go", "parvis/server", true},
		{"calendar/store_test.go", "parvis/server/servertest", false},
		{"calendar/store.go", "parvis/server/servertest", true},
		{"server/servertest/servertest.go", "parvis/demo", false},
		{"server/server.go", "parvis/demo", true},
		{"calendar/store.go", "parvis/portal/database/databasetest", true},
		{"calendar/store_test.go", "parvis/portal/database/databasetest", false},
		{"calendar/store_test.go", "parvis/e2e/servers", false},
		{"calendar/store.go", "parvis/e2e/servers", true},
		{"sso/upstream/oidc.go", "github.com/coreos/go-oidc/v3/oidc", false},
		{"sso/session.go", "github.com/coreos/go-oidc/v3/oidc", true},
		{"news/handler.go", "github.com/gorilla/mux", true},
		{"portal/caller.go", "parvis/themes", true},
		{"portal/caller.go", "golang.org/x/text/cases", true},
		{"portal/web/page.go", "parvis/themes", false},
		{"themes/frame.go", "parvis/portal", true},
		{"cmd/parvis/main.go", "parvis/demo", false},
		{"demo/pool.go", "parvis/cmd/parvis", true},
		{"attic/new.go", "parvis/portal", true},
		{"e2e/story_test.go", "parvis/server", false},
	} {
		fault := arrowFault(c.file, c.imported) + libraryFault(c.file, c.imported)
		if got := fault != ""; got != c.refused {
			t.Errorf("%s importing %s refused = %v (%s), want %v", c.file, c.imported, got, fault, c.refused)
		}
	}
}

// arrowFault says why a file of the house may not import another package of it, "" when it may.
func arrowFault(file, imported string) string {
	target, ours := strings.CutPrefix(imported, "parvis/")
	dir := path.Dir(filepath.ToSlash(file))
	switch from := room(dir); {
	case dir == "portal" && !isStandard(imported) && !isTest(file):
		return "the shared words need the standard library only"
	case dir == "." || !ours || slices.Contains(outside, from):
		return ""
	case isHarness(target):
		if isTest(file) || isHarness(dir) {
			return ""
		}
		return "a harness is for tests"
	case dir == "server/servertest" && room(target) == "demo": // tests lean on the demonstration
		return ""
	case floors[from] == 0:
		return "the room " + from + " is not in the table of floors"
	case from == room(target):
		if dir == from && floors[from] <= 4 && floors[from] >= 3 && target != from && !isTest(file) {
			return "adapters import their feature, never the reverse"
		}
		return ""
	case isTest(file) && room(target) == "portal": // themes is tried with its sentences
		return ""
	case floors[from] > floors[room(target)], sameRoof[from] == room(target):
		return ""
	default:
		return "arrows run down: join the two in server"
	}
}

// libraryFault says why a file may not import a library, "" when it may. Tests import what they like.
func libraryFault(file, imported string) string {
	dir := path.Dir(filepath.ToSlash(file))
	if isTest(file) || slices.Contains(outside, room(dir)) || isHarness(dir) {
		return ""
	}
	longest := ""
	for prefix := range importers {
		if strings.HasPrefix(imported, prefix) && len(prefix) > len(longest) {
			longest = prefix
		}
	}
	if longest == "" {
		return ""
	}
	for _, allowed := range importers[longest] {
		if dir == allowed || strings.HasPrefix(dir, allowed+"/") {
			return ""
		}
	}
	return "only " + strings.Join(importers[longest], ", ") + " may"
}

// room is the first folder of a path: "calendar" of "calendar/caldav".
func room(dir string) string {
	first, _, _ := strings.Cut(dir, "/")
	return first
}

func isTest(file string) bool { return strings.HasSuffix(file, "_test.go") }

// isHarness tells packages that only tests use: e2e and those named …test.
func isHarness(dir string) bool { return room(dir) == "e2e" || strings.HasSuffix(dir, "test") }

// isStandard tells a package of Go itself: its path has no host.
func isStandard(imported string) bool {
	return !strings.Contains(room(imported), ".") && room(imported) != "parvis"
}

func imports(t *testing.T, file string) []string {
	t.Helper()
	var paths []string
	for _, spec := range parse(t, file, parser.ImportsOnly).Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, imported)
	}
	return paths
}

func parse(t *testing.T, file string, mode parser.Mode) *ast.File {
	t.Helper()
	syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, mode)
	if err != nil {
		t.Fatal(err)
	}
	return syntax
}

// goFiles are the module's Go files, by their paths from its root.
func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (slices.Contains([]string{"node_modules", "testdata", "tools"}, entry.Name()) || strings.HasPrefix(entry.Name(), ".") && file != ".") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(file, ".go") {
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 20 {
		t.Fatalf("only %d Go files found", len(files))
	}
	return files
}
