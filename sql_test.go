package parvis_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// keyedByAccount are the tables whose rows are found before any collectivity is known, or belong to an
// account whatever its collectivities: their column says where the row leads, not who may see it.
var keyedByAccount = map[string]string{
	"sessions":             "found by the hash of a secret, listed and ended by their account",
	"cas_grantings":        "found by the hash of a secret, which leads to their collectivity",
	"cas_spent":            "found by the hash of a ticket, which says its collectivity",
	"collectivity_domains": "decide which collectivity an address belongs to, before the sign-in",
}

// allCollectivities are the other SQL texts that rightly touch the rows of every collectivity, by their
// file and what they begin with, and why. A text that serves a signed-in request is never one of them.
var allCollectivities = []struct{ file, start, why string }{
	{"applications/admit.go", "SELECT p.collectivity, p.id, p.name, p.second_factor", "whose an address is, before anybody is known: each by its collectivity"},
	{"directory/agent.go", "SELECT (SELECT COUNT(*) FROM accounts", "counts an account's other agents before a link: it shows no row"},
	{"directory/mirror/run.go", "SELECT collectivity, next FROM mirrors", "the mirrors whose time has come: each runs by its collectivity"},
	{"directory/invitation.go", "SELECT i.collectivity, i.agent, i.login", "the collectivity of an invitation by the hash of its secret"},
	{"directory/invitation.go", "SELECT collectivity, agent, login FROM invitations WHERE hash", "the same, as it is used up"},
	{"directory/arrival_run.go", "SELECT collectivity, id, state, file_name, columns, namesakes, units, plan, reached, invites, invited, account, agent, address, fault, created, begun, ended FROM arrivals WHERE state", "the imports under way, each by its collectivity"},
	{"directory/arrival_run.go", "SELECT collectivity, id, state, file_name, columns, namesakes, units, plan, reached, invites, invited, account, agent, address, fault, created, begun, ended FROM arrivals WHERE begun", "old imports: deletes each by its collectivity and id"},
	{"directory/departure_run.go", "SELECT collectivity, agent FROM planned_departures WHERE done", "the departures whose day is over, each by its collectivity"},
	{"directory/webhooks/worker.go", "SELECT collectivity, id FROM ( SELECT w.collectivity", "the webhooks with something to send, each by its collectivity"},
	{"directory/webhooks/worker.go", "SELECT w.collectivity, w.id, r.id", "rights that ended, each told in its collectivity"},
	{"directory/webhooks/worker.go", "DELETE FROM webhook_messages WHERE due = 0", "what became of messages long ago"},
	{"directory/webhooks/worker.go", "DELETE FROM webhooks WHERE state", "webhooks that were removed long ago"},
	{"portal/post/worker.go", "SELECT collectivity, id, letter", "the next letters to send, each by its collectivity"},
	{"portal/post/worker.go", "DELETE FROM outgoing_mail WHERE due = 0", "what became of letters given up long ago"},
	{"portal/post/lost.go", "SELECT collectivity, COUNT(*) FROM outgoing_mail", "how many letters were given up in each, for the operator"},
	{"calendar/feed.go", "SELECT collectivity, id, calendar, agent, account, busy FROM calendar_feeds WHERE hash", "the collectivity of a link by the hash of its secret"},
	{"booking/door.go", "SELECT collectivity, id, label, names, seen FROM door_screens WHERE hash", "the collectivity of a screen by the hash of its secret"},
	{"booking/wait.go", "SELECT DISTINCT collectivity FROM booking_waits", "where somebody waits, so that a round asks no other collectivity: each by itself"},
	{"kiosk/kiosk.go", "SELECT k.id, k.collectivity, k.name, k.place, k.kind, k.subject, COALESCE(u.name, g.name, '')", "the collectivity of a device by the hash of its secret"},
	{"kiosk/moment.go", "SELECT s.collectivity, s.kiosk, k.name, s.agent, s.changes, s.opened, s.used FROM kiosk_sessions s", "the collectivity of who is let in by the hash of a secret"},
	{"kiosk/moment.go", "SELECT collectivity, agent FROM kiosk_sessions WHERE hash", "the same, as she leaves"},
	{"booking/lending_loan.go", "SELECT l.collectivity, l.id, COALESCE(l.borrower, ''), '' FROM lendings", "conventions whose party was suspended, and loans that nobody accepted in time: each ends by its lender"},
	{"oncall/feed.go", "SELECT collectivity, id, team, agent, account, seen FROM duty_feeds WHERE hash", "the collectivity of a link by the hash of its secret"},
	{"calendar/mailedanswer.go", "SELECT DISTINCT collectivity FROM calendar_answers", "where people are invited by mail, so that a round asks no other collectivity"},
	{"calendar/remote/failing.go", "SELECT collectivity, COUNT(*) FROM remote_accounts", "how many agendas could not be read in each, for the operator"},
	{"sso/choose.go", "DELETE FROM app_passwords WHERE account", "what an account's own person ends, in each of its collectivities"},
	{"directory/identity.go", "SELECT a.id, a.collectivity, c.name, a.unit", "lists an account's own agents, to switch between"},
	{"sso/program.go", "SELECT collectivity, hash, scopes, ends, used, stopped FROM app_passwords", "finds the collectivity of a password by its account and id"},
	{"sso/recheck.go", "SELECT home, account, FALSE FROM sessions", "people to ask directory servers about: each by the collectivity that vouches for her"},
	{"sso/voucher.go", "DELETE FROM issuer_vouchers WHERE asked", "what issuers gave, once nothing hangs on it: each by its own account and collectivity"},
	{"sso/recheck.go", "UPDATE app_passwords SET stopped", "what a collectivity vouches for, also where an account is an agent of another"},
	{"sso/participant.go", "SELECT collectivity, id, session, account, application, protocol, reference, address FROM session_participants p WHERE NOT EXISTS", "applications to be told that their session ended: each by its collectivity"},
	{"sso/participant.go", "SELECT collectivity, id, session, account, application, protocol, reference, address FROM session_participants WHERE account", "what an account's own session opened, in each of its collectivities"},
	{"sso/openid/client.go", "SELECT collectivity, application, id, secret, algorithm, userinfo_algorithm, post_logout, back_channel FROM openid_clients WHERE id", "the collectivity of a client by its identifier, which is one in the pool"},
	{"sso/forwardauth/check.go", "SELECT origin, collectivity, application, session, account FROM forward_sessions", "the collectivity of a cookie by its hash"},
	{"sso/forwardauth/handover.go", "UPDATE forward_sessions SET hash", "a code by its hash"},
	{"sso/forwardauth/handover.go", "DELETE FROM forward_sessions WHERE is_code", "codes that nobody used"},
	{"directory/bounded.go", "SELECT collectivity, COUNT(*) FROM agents", "how many agents each has, for its bound"},
	{"directory/mailbox.go", "SELECT collectivity, COUNT(*) FROM invitation_letters", "how many letters each had sent, for its bound"},
	{"documents/size.go", "SELECT collectivity, CAST(SUM(size) AS BIGINT) FROM (SELECT DISTINCT collectivity, sha256, size FROM document_versions) files", "how much each keeps, for its bound"},
	{"calendar/remote/account.go", "SELECT collectivity, COUNT(*) FROM remote_accounts", "how many agendas each follows, for its bound"},
	{"portal/outgoing/networks.go", "SELECT collectivity, network FROM collectivity_networks", "the networks that each may reach, kept in memory by collectivity"},
	{"portal/quota/store.go", "SELECT collectivity, kind, bound FROM collectivity_quotas", "the bounds of each, compared with what it holds"},
	{"directory/announcement.go", "SELECT announcement, collectivity FROM announcement_targets WHERE announcement IN", "whom the pool's notices reach, kept in memory: each is shown to its own"},
	{"directory/announcement.go", "SELECT collectivity FROM announcement_targets WHERE announcement", "the collectivities that an operator chose for a notice of the pool"},
	{"directory/announcement.go", "DELETE FROM announcement_targets WHERE announcement", "a notice of the pool is of no collectivity"},
	{"calendar/answerlink.go", "SELECT a.collectivity, a.organizer, a.uid, a.address", "who holds a link is of no collectivity: its secret names one"},
	{"documents/bin.go", "SELECT collectivity, id FROM documents", "empties every bin: deletes each by its collectivity and id"},
	{"documents/worker.go", "UPDATE document_versions SET text_after = 0 WHERE text_state = $1", "takes up every extraction left by a stopped process"},
	{"documents/worker.go", "SELECT collectivity, document, number, file_name", "the next extractions, whoever's: each is stored by its collectivity"},
	{"search/queue.go", "SELECT collectivity, kind, id, change, tries FROM search_queue", "the next changes to index, each by its collectivity"},
	{"search/queue.go", "SELECT COUNT(*) FROM (SELECT collectivity FROM search_queue", "how much waits, for the operator"},
	{"leaving/erase_collectivity.go", "SELECT DISTINCT a.account FROM agents a", "accounts that no other collectivity has an agent of: it shows no row of them"},
	{"leaving/waiting.go", "SELECT collectivity, id FROM collectivity_exports WHERE state", "the archives to make, each by its collectivity"},
	{"leaving/waiting.go", "SELECT collectivity, id FROM collectivity_exports WHERE ends", "those that ended, each by its collectivity"},
	{"leaving/erase_person.go", "SELECT NOT EXISTS (SELECT 1 FROM agents o", "the same, of one account"},
	{"leaving/erase_collectivity.go", "UPDATE lendings SET borrower_name", "how others call whom they lent something, once it is erased"},
	{"leaving/erase_collectivity.go", "DELETE FROM lending_notices WHERE lending", "what others were told of its conventions"},
	{"leaving/erase_collectivity.go", "UPDATE audit_lines SET object = $2, login", "and their journals, which then have its number"},
	{"leaving/erase_collectivity.go", "DELETE FROM app_passwords WHERE home", "what the erased collectivity vouches for, also where an account is an agent of another"},
	{"news/clock.go", "SELECT collectivity, id FROM articles", "the articles that become visible: each is announced by its collectivity"},
	{"news/clock.go", "DELETE FROM article_audience WHERE EXISTS", "empties every bin"},
	{"news/clock.go", "DELETE FROM articles WHERE deleted > 0 AND deleted < $1", "empties every bin"},
}

// TestSQLNamesTheCollectivity reads every SQL text of the code: it must compare the collectivity of each
// table that has one, so that a query can't see another collectivity's rows.
func TestSQLNamesTheCollectivity(t *testing.T) {
	tables := collectivityTables(t)
	used := make([]bool, len(allCollectivities))
	texts := 0
	for _, file := range goFiles(t) {
		if isTest(file) || isHarness(filepath.ToSlash(filepath.Dir(file))) {
			continue
		}
		for _, text := range sqlTexts(t, file) {
			texts++
			fault := collectivityFault(text, tables)
			if dummy.MatchString(text) {
				t.Errorf("%s: a condition that every row meets hides that this works for the whole pool: %s", file, text)
			}
			if fault != "" && !isExcepted(file, text, used) {
				t.Errorf("%s: %s in %s", file, fault, text)
			}
		}
	}
	if texts == 0 {
		t.Error("no SQL text found")
	}
	for i, exception := range allCollectivities {
		if !used[i] {
			t.Errorf("%s: %q needs no exception any more", exception.file, exception.start)
		}
	}
}

// TestSQLFaultsAreFound shows that the reader can say no.
func TestSQLFaultsAreFound(t *testing.T) {
	tables := []string{"agents", "units"}
	for _, c := range []struct {
		text  string
		fault bool
	}{
		{`SELECT name FROM agents WHERE collectivity = $1 AND id = $2`, false},
		{`SELECT name FROM agents WHERE id = $1`, true},
		{`SELECT collectivity, name FROM agents WHERE id = $1`, true},
		{`SELECT a.name FROM agents a JOIN units u ON u.collectivity = a.collectivity AND u.id = a.unit WHERE a.collectivity = $1`, false},
		{`SELECT a.name FROM agents a JOIN units u ON u.id = a.unit WHERE a.collectivity = $1`, true},
		{`SELECT a.name FROM agents a, units u WHERE a.collectivity = $1 AND u.id = a.unit`, true},
		{`INSERT INTO agents (collectivity, id) VALUES ($1, $2)`, false},
		{`INSERT INTO agents (id) VALUES ($1)`, true},
		{`INSERT INTO units (collectivity, id) SELECT collectivity, unit FROM agents WHERE id = $1`, true},
		{`UPDATE agents SET name = $1 WHERE id = $2`, true},
		{`UPDATE agents SET collectivity = $1 WHERE id = $2`, true},
		{`DELETE FROM agents WHERE collectivity = $1`, false},
		{`DELETE FROM agents WHERE collectivity <> ''`, true},
		{`WITH old AS (SELECT id FROM agents WHERE id < $1) DELETE FROM units WHERE collectivity = $2`, true},
		{`SELECT id FROM accounts WHERE login = $1`, false},
	} {
		fault := collectivityFault(c.text, tables)
		if got := fault != ""; got != c.fault {
			t.Errorf("%s: fault = %v (%s), want %v", c.text, got, fault, c.fault)
		}
	}
}

// replanned is a bare parameter where SQLite looks at its value to plan the statement: it then compiles the
// statement again at each execution, which costs more than most of our reads. An expression is not looked
// at: "LIMIT 0 + $3", or a LIKE whose pattern has an empty text joined to it.
var replanned = regexp.MustCompile(`(?i)\b(LIMIT|LIKE|GLOB)\s+\(?\$\d+(?:\s*\)?\s*$|\s+[^|\s])`)

// TestSQLIsPlannedOnce reads every SQL text of the code.
func TestSQLIsPlannedOnce(t *testing.T) {
	for _, file := range goFiles(t) {
		if isTest(file) {
			continue
		}
		for _, text := range sqlTexts(t, file) {
			if found := replanned.FindString(text); found != "" {
				t.Errorf("%s: %q makes SQLite compile anew each time: %s", file, found, text)
			}
		}
	}
	for text, want := range map[string]bool{
		`SELECT id FROM agents WHERE id > $1 LIMIT $2`:            true,
		`SELECT id FROM agents WHERE name LIKE $1`:                true,
		`SELECT id FROM agents WHERE name LIKE $1 AND id > $2`:    true,
		`SELECT id FROM agents LIMIT $1 OFFSET 0 + $2`:            true,
		`SELECT id FROM agents WHERE name LIKE $1 || ''`:          false,
		`SELECT id FROM agents WHERE id > $1 LIMIT 0 + $2`:        false,
		`SELECT id FROM agents WHERE id > $1 LIMIT 8`:             false,
		`SELECT id FROM agents WHERE name LIKE $1 || '' LIMIT 10`: false,
	} {
		if got := replanned.MatchString(text); got != want {
			t.Errorf("replanned(%s) = %v, want %v", text, got, want)
		}
	}
}

// dummy is a comparison that no row fails: a text for the whole pool is an exception with its reason.
var dummy = regexp.MustCompile(`(?i)\bcollectivity\s*(?:<>|!=)\s*''|\bcollectivity\s+IS\s+NOT\s+NULL`)

func isExcepted(file, text string, used []bool) bool {
	for i, exception := range allCollectivities {
		if filepath.ToSlash(file) == exception.file && strings.HasPrefix(text, exception.start) {
			used[i] = true
			return true
		}
	}
	return false
}

var (
	touched = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)`)
	listed  = regexp.MustCompile(`(?i),\s*([a-z_]+)(?:\s+(?:AS\s+)?[a-z]\w*)?\s*(?:,|\bWHERE\b|\bON\b|\bJOIN\b|$)`)
	filled  = regexp.MustCompile(`(?i)\bINTO\s+[a-z_]+(?:\s+AS\s+\w+)?\s*\([^)]*\bcollectivity\b`)
	// compared: "collectivity = …", "collectivity IN (…", "(collectivity, id) = (…", "USING (collectivity"
	compared = regexp.MustCompile(`(?i)\bcollectivity\s*(?:=|IN\b)|\(\s*(?:\w+\.)?collectivity\s*,[^()]*\)\s*(?:=|IN\b)|\bUSING\s*\([^)]*\bcollectivity\b`)
	setting  = regexp.MustCompile(`(?is)\bSET\b.*?(\bWHERE\b|$)`)
	columns  = regexp.MustCompile(`(?is)\bSELECT\b.*?\bFROM\b`)
)

// collectivityFault says which tables a text touches more often than it compares collectivities, "" when
// it is fine.
func collectivityFault(text string, tables []string) string {
	var found []string
	for _, expression := range []*regexp.Regexp{touched, listed} {
		// a select list is no list of tables
		for _, match := range expression.FindAllStringSubmatch(afterColumns(text, expression), -1) {
			if table := strings.ToLower(match[1]); slices.Contains(tables, table) {
				found = append(found, table)
			}
		}
	}
	names := len(filled.FindAllString(text, -1)) + len(compared.FindAllString(withoutSet(text), -1))
	if names < len(found) {
		return "touches " + strings.Join(found, ", ") + " and names the collectivity of " + strconv.Itoa(names)
	}
	return ""
}

// afterColumns leaves out the columns of SELECT lists for expressions that would take one for a table.
func afterColumns(text string, expression *regexp.Regexp) string {
	if expression == touched {
		return text
	}
	return columns.ReplaceAllString(text, "FROM")
}

// withoutSet leaves out what an UPDATE assigns, which compares nothing.
func withoutSet(text string) string { return setting.ReplaceAllString(text, "$1") }

// collectivityTables are the tables with a column named collectivity, by the migrations, but for those
// keyed by account.
func collectivityTables(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("portal/database/migrations/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no migrations: %v", err)
	}
	table := regexp.MustCompile(`(?is)CREATE TABLE (?:IF NOT EXISTS )?(\w+) \((.*?)\n\)`)
	column := regexp.MustCompile(`(?m)^\s*collectivity\s+TEXT`)
	var tables []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range table.FindAllStringSubmatch(string(text), -1) {
			if column.MatchString(match[2]) && keyedByAccount[match[1]] == "" {
				tables = append(tables, match[1])
			}
		}
	}
	if !slices.Contains(tables, "agents") {
		t.Fatalf("the tables %q lack agents", tables)
	}
	return tables
}

var statement = regexp.MustCompile(`^\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s`)

// sqlTexts are the SQL texts of a file: literals and sums of literals, constants, variables and functions
// of the same package, white space folded.
func sqlTexts(t *testing.T, file string) []string {
	t.Helper()
	reader := sqlReader{pkg: parsePackage(t, filepath.Dir(file))}
	var texts []string
	for _, declaration := range reader.pkg[file].Decls {
		reader.function = declaration
		ast.Inspect(declaration, func(node ast.Node) bool {
			expression, ok := node.(ast.Expr)
			if !ok {
				return true
			}
			text, isText := reader.text(expression, 0)
			if !isText {
				return true
			}
			if statement.MatchString(text) {
				texts = append(texts, strings.Join(strings.Fields(text), " "))
			}
			return false
		})
	}
	return texts
}

// sqlReader folds string expressions of one package.
type sqlReader struct {
	pkg      map[string]*ast.File // by path
	function ast.Decl             // where local variables are looked up
}

// text folds an expression that is a string literal or a sum that holds one; false: it is neither.
func (r sqlReader) text(expression ast.Expr, depth int) (string, bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.ParenExpr:
		return r.text(e.X, depth)
	case *ast.BinaryExpr:
		if e.Op != token.ADD {
			return "", false
		}
		left, leftIsText := r.part(e.X, depth)
		right, rightIsText := r.part(e.Y, depth)
		return left + right, leftIsText || rightIsText
	}
	return "", false
}

// part folds one side of a sum: also names and calls, each by what it may stand for.
func (r sqlReader) part(expression ast.Expr, depth int) (string, bool) {
	const deep = 4 // sums of sums of names: enough for SQL
	if depth > deep {
		return "", false
	}
	switch e := expression.(type) {
	case *ast.Ident:
		return r.named(e.Name, depth+1), false
	case *ast.CallExpr:
		if name, ok := e.Fun.(*ast.Ident); ok {
			return r.returned(name.Name), false
		}
		return "", false
	}
	return r.text(expression, depth)
}

// named is what a constant or variable of the package, or a variable of the function, was ever given.
func (r sqlReader) named(name string, depth int) string {
	var text strings.Builder
	nodes := []ast.Node{r.function}
	for _, file := range r.pkg {
		for _, declaration := range file.Decls {
			if general, ok := declaration.(*ast.GenDecl); ok {
				nodes = append(nodes, general)
			}
		}
	}
	for _, node := range nodes {
		for _, given := range givenTo(name, node) {
			part, _ := r.part(given, depth)
			text.WriteString(" " + part)
		}
	}
	return text.String()
}

// givenTo are the expressions that a node assigns to a name.
func givenTo(name string, node ast.Node) []ast.Expr {
	var given []ast.Expr
	ast.Inspect(node, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.ValueSpec:
			for i, ident := range n.Names {
				if ident.Name == name && i < len(n.Values) {
					given = append(given, n.Values[i])
				}
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if ident, ok := left.(*ast.Ident); ok && ident.Name == name && len(n.Lhs) == len(n.Rhs) {
					given = append(given, n.Rhs[i])
				}
			}
		}
		return true
	})
	return given
}

// returned is every string literal of a function of the package.
func (r sqlReader) returned(name string) string {
	var text strings.Builder
	for _, file := range r.pkg {
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Name.Name != name || function.Recv != nil {
				continue
			}
			ast.Inspect(function, func(node ast.Node) bool {
				if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if part, err := strconv.Unquote(literal.Value); err == nil {
						text.WriteString(" " + part)
					}
				}
				return true
			})
		}
	}
	return text.String()
}

// parsePackage parses the files of a folder that are not tests, by their paths.
func parsePackage(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	parsed := map[string]*ast.File{}
	for _, file := range files {
		if !isTest(file) {
			parsed[file] = parse(t, file, parser.SkipObjectResolution)
		}
	}
	return parsed
}
