package server_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/leaving"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/server/servertest"
)

// exportOf is the archive of a collectivity.
func exportOf(t *testing.T, p *servertest.Portal, id portal.CollectivityID) []byte {
	t.Helper()
	var archive bytes.Buffer
	if _, err := p.Leaving.Export(t.Context(), id, audit.Line{}, &archive); err != nil {
		t.Fatal(err)
	}
	return archive.Bytes()
}

func restoreInto(p *servertest.Portal, archive []byte, how leaving.Restoring) (leaving.Restored, error) {
	return p.Leaving.Restore(context.Background(), bytes.NewReader(archive), int64(len(archive)), how)
}

// filesOf reads an archive.
func filesOf(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range reader.File {
		content, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name] = string(text)
	}
	return files
}

// forge rewrites the files of an archive, its manifest along.
func forge(t *testing.T, archive []byte, change func(files map[string]string)) []byte {
	t.Helper()
	files := filesOf(t, archive)
	var manifest leaving.Manifest
	if err := json.Unmarshal([]byte(files["manifest.json"]), &manifest); err != nil {
		t.Fatal(err)
	}
	delete(files, "manifest.json")
	change(files)
	manifest.Files = nil
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	write := func(name, text string) {
		entry, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(entry, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		sum := sha256.Sum256([]byte(text))
		manifest.Files = append(manifest.Files, leaving.Entry{Path: name, Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:])})
		write(name, text)
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	write("manifest.json", string(text))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestAnArchiveTakesOverNoAccount: whoever writes an archive may name any login and
// any identifier in it. The accounts of the pool that takes it in stay what they are,
// and nobody of another collectivity becomes an agent of this one unasked.
func TestAnArchiveTakesOverNoAccount(t *testing.T) {
	from := servertest.New(t)
	archive := exportOf(t, from, "bourg")
	from.Stop()
	to := servertest.New(t)
	victim, err := to.Directory.AccountByLogin(t.Context(), "admin@agglo.example")
	if err != nil {
		t.Fatal(err)
	}
	operator, err := to.Directory.AccountByLogin(t.Context(), "pool@pool.example")
	if err != nil {
		t.Fatal(err)
	}
	before := without(dump(t, to), "")
	archive = forge(t, archive, func(files map[string]string) {
		accounts, agents := files["tables/accounts.jsonl"], files["tables/agents.jsonl"]
		login := func(name string) string {
			found := regexp.MustCompile(`"id":"([a-z0-9]+)"[^\n]*"login":"` + name + `"`).FindStringSubmatch(accounts)
			if found == nil {
				t.Fatalf("no %s in %s", name, accounts)
			}
			return found[1]
		}
		// one with the login of another, one with her identifier, one with the operator's
		accounts = strings.ReplaceAll(accounts, "agent@bourg.example", "admin@agglo.example")
		for name, id := range map[string]portal.AccountID{"collegue@bourg.example": victim.ID, "redaction@bourg.example": operator.ID} {
			old := login(name)
			accounts, agents = strings.ReplaceAll(accounts, old, string(id)), strings.ReplaceAll(agents, old, string(id))
		}
		accounts = regexp.MustCompile(`([a-z]+)@bourg`).ReplaceAllString(accounts, "$1@new")
		files["tables/accounts.jsonl"], files["tables/agents.jsonl"] = accounts, agents
	})
	done, err := restoreInto(to, archive, leaving.Restoring{As: "proie", WithoutDomains: true})
	if err != nil {
		t.Fatal(to.Sentence(err))
	}
	if !slices.Equal(done.Strangers, []string{"admin@agglo.example"}) {
		t.Errorf("without an account are %q, want who has her login here already", done.Strangers)
	}
	for _, account := range []portal.AccountID{victim.ID, operator.ID} {
		var agents int
		if err := to.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM agents WHERE collectivity = 'proie' AND account = $1`, string(account)).Scan(&agents); err != nil {
			t.Fatal(err)
		}
		if agents > 0 {
			t.Errorf("account %s became an agent of the restored collectivity", account)
		}
	}
	for _, was := range before {
		if !slices.Contains(dump(t, to), was) {
			t.Errorf("the restore changed or removed a row of the pool: %s", was)
			break
		}
	}
}

// TestAnArchiveGivesNoRightOverThePool: rights are those that a collectivity has.
func TestAnArchiveGivesNoRightOverThePool(t *testing.T) {
	p := servertest.New(t)
	archive := forge(t, exportOf(t, p, "bourg"), func(files map[string]string) {
		files["tables/rights_given.jsonl"] = strings.Replace(files["tables/rights_given.jsonl"], `"news.edit"`, `"pool.operate"`, 1)
	})
	refusesWith(t, p, archive, "pool.operate")
}

// refusesWith wants a sentence that says what is wrong, and a pool as it was.
func refusesWith(t *testing.T, p *servertest.Portal, archive []byte, saying string) {
	t.Helper()
	before := dump(t, p)
	_, err := restoreInto(p, archive, leaving.Restoring{As: "proie", WithoutDomains: true})
	if err == nil {
		t.Fatalf("taken in, want a sentence with %q", saying)
	}
	if !errors.Is(err, portal.ErrInvalid) && !errors.Is(err, portal.ErrConflict) || !strings.Contains(p.Sentence(err), saying) {
		t.Errorf("refused with %v, %q, want a sentence with %q", err, p.Sentence(err), saying)
	}
	if after := dump(t, p); !slices.Equal(before, after) {
		t.Error("a refused archive left rows")
	}
	if _, err := os.Stat(filepath.Join(p.Config.Data, "files", "proie")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a refused archive left files: %v", err)
	}
}

// TestABadArchiveIsRefusedWhole: each fault has its sentence, and nothing is done.
func TestABadArchiveIsRefusedWhole(t *testing.T) {
	p := servertest.New(t)
	archive := exportOf(t, p, "bourg")
	raw := func(build func(w *zip.Writer)) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		build(w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	twice := raw(func(w *zip.Writer) {
		for range 2 {
			if _, err := w.Create("tables/agents.jsonl"); err != nil {
				t.Fatal(err)
			}
		}
	})
	out := raw(func(w *zip.Writer) {
		if _, err := w.Create("../../etc/cron.d/parvis"); err != nil {
			t.Fatal(err)
		}
	})
	refusesWith(t, p, twice, "twice")
	refusesWith(t, p, out, "not allowed")
	refusesWith(t, p, archive[:len(archive)/2], "its end is missing")
	refusesWith(t, p, []byte("hello"), "its end is missing")
	damaged := bytes.Clone(archive)
	damaged[bytes.Index(damaged, []byte("tables/agents.jsonl"))+64]++
	refusesWith(t, p, damaged, "not as the archive announces")
	for name, c := range map[string]struct {
		change func(files map[string]string)
		saying string
	}{
		"an unknown table": {func(f map[string]string) {
			f["tables/account_passwords.jsonl"] = `{"account":"x","hash":"y","changed":1}` + "\n"
		}, "unknown table"},
		"pool rights": {func(f map[string]string) { f["tables/account_rights.jsonl"] = "{}\n" }, "unknown table"},
		"a foreign row": {func(f map[string]string) {
			f["tables/units.jsonl"] = `{"collectivity":"agglo","id":"x","name":"x"}` + "\n"
		}, "table units, line 1"},
		"a right limited to a unit that can't be": {func(f map[string]string) {
			f["tables/rights_given.jsonl"] = strings.Replace(f["tables/rights_given.jsonl"], `"in_unit":""`, `"in_unit":"accueil"`, 1)
		}, "table rights_given"},
		"an unknown column": {func(f map[string]string) { f["tables/units.jsonl"] = `{"id":"x","name":"x","evil":1}` + "\n" }, "table units, line 1"},
		"a wrong kind":      {func(f map[string]string) { f["tables/units.jsonl"] = `{"id":7,"name":"x"}` + "\n" }, "table units, line 1"},
		"no JSON":           {func(f map[string]string) { f["tables/units.jsonl"] = "{" }, "table units, line 1"},
		"a row twice":       {func(f map[string]string) { f["tables/units.jsonl"] = strings.Repeat(`{"id":"x","name":"x"}`+"\n", 2) }, "table units"},
		"a loop": {func(f map[string]string) {
			f["tables/units.jsonl"] = `{"id":"x","name":"x","parent":"y"}` + "\n" + `{"id":"y","name":"y","parent":"x"}` + "\n"
		}, "loop"},
		"its own parent":     {func(f map[string]string) { f["tables/units.jsonl"] = `{"id":"x","name":"x","parent":"x"}` + "\n" }, "loop"},
		"a column missing":   {func(f map[string]string) { f["tables/units.jsonl"] = `{"id":"x"}` + "\n" }, "table units"},
		"an empty account":   {func(f map[string]string) { f["tables/accounts.jsonl"] += `{"id":"x","login":"x@x.example"}` + "\n" }, "table accounts"},
		"a null":             {func(f map[string]string) { f["tables/units.jsonl"] = `{"id":"x","name":null}` + "\n" }, "table units"},
		"no rows' key":       {func(f map[string]string) { f["tables/units.jsonl"] = `{"name":"x"}` + "\n" }, "table units"},
		"an evil identifier": {func(f map[string]string) { f["tables/units.jsonl"] = `{"id":"../../x y","name":"x"}` + "\n" }, "table units"},
		"an account unnamed": {func(f map[string]string) { f["tables/accounts.jsonl"] = "" }, "table agents"},
		"a missing document": {func(f map[string]string) {
			f["tables/document_versions.jsonl"] = `{"document":"d","number":1,"file_name":"Budget.pdf","sha256":"00"}` + "\n"
		}, "Budget.pdf"},
		"an evil name": {func(f map[string]string) {
			f["collectivity.json"] = `{"id":"x","name":"X","long_name":"X","kind":"empire"}`
		}, "kind"},
		"a bomb": {func(f map[string]string) { f["news/bomb.md"] = strings.Repeat("0", 300<<20) }, "out of all proportion"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "a bomb" && testing.Short() {
				return
			}
			refusesWith(t, p, forge(t, archive, c.change), c.saying)
		})
	}
}

// TestACollectivityMovesAsItWas: exported, restored in an empty pool and exported
// again, its archive is the same but for what the test names.
func TestACollectivityMovesAsItWas(t *testing.T) {
	w := newWorld(t)
	head := w.Portal.Caller("agent@bourg.example", "bourg")
	unit, err := w.Directory.AddUnit(t.Context(), directory.Installation("bourg"), directory.Unit{Name: "Voirie"}, "")
	if err != nil {
		t.Fatal(err)
	}
	narrowed := directory.Given{Right: portal.ManageAgents, In: unit, Subject: portal.Subject{Kind: portal.TheAgent, ID: string(head.Agent)}}
	if _, err := w.Directory.Give(t.Context(), directory.Installation("bourg"), narrowed, ""); err != nil {
		t.Fatal(err)
	}
	w.WaitForIndex()
	first := exportOf(t, w.Portal, "bourg")
	w.Stop()
	to := servertest.Empty(t)
	done, err := restoreInto(to, first, leaving.Restoring{})
	if err != nil {
		t.Fatal(to.Sentence(err))
	}
	if len(done.Strangers) > 0 || len(done.Domains) > 0 {
		t.Errorf("an empty pool leaves out %q %q", done.Strangers, done.Domains)
	}
	if held := countWhere(t, to, `rights_given WHERE collectivity = 'bourg' AND right_name = 'agents.manage' AND in_unit = '`+string(unit)+`' AND subject = '`+string(head.Agent)+`'`); held != 1 {
		t.Errorf("%d rights are limited to the unit once restored, want 1", held)
	}
	second := exportOf(t, to, "bourg")
	compareArchives(t, filesOf(t, first), filesOf(t, second))
	var manifest leaving.Manifest
	if err := json.Unmarshal([]byte(filesOf(t, second)["manifest.json"]), &manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Version != "test" {
		t.Errorf("the manifest says that %q made it", manifest.Version)
	}
	for table, rows := range manifest.Rows {
		if lines := strings.Count(filesOf(t, second)["tables/"+table+".jsonl"], "\n"); lines != rows {
			t.Errorf("the manifest counts %d rows of %q, there are %d", rows, table, lines)
		}
	}
}

// differs are what a move changes, and why.
var differs = map[string]string{
	"manifest.json":         "when it was made, and the sums of the others",
	"settings/sign-in.json": "decided by the operator of the pool",
	"settings/mail.json":    "decided by the operator of the pool",
}

func compareArchives(t *testing.T, first, second map[string]string) {
	t.Helper()
	for name, text := range first {
		other, there := second[name]
		if differs[name] != "" {
			continue
		}
		if name == "tables/audit_lines.jsonl" { // the move itself is told
			text, other = withoutMoves(text), withoutMoves(other)
		}
		if !there || other != text {
			t.Errorf("%s is not what it was:\n%.2000s\n--- now ---\n%.2000s", name, text, other)
		}
	}
	for name := range second {
		if _, there := first[name]; !there {
			t.Errorf("%s came from nowhere", name)
		}
	}
}

func withoutMoves(lines string) string {
	kept := slices.DeleteFunc(strings.Split(lines, "\n"), func(line string) bool {
		return strings.Contains(line, `"collectivity.exported"`) || strings.Contains(line, `"collectivity.restored"`)
	})
	return strings.Join(kept, "\n")
}
