package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"parvis/directory"
	"parvis/documents"
	"parvis/leaving"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/quota"
	"parvis/server/servertest"
)

// bind sets bounds as the operator does.
func bind(t *testing.T, p *servertest.Portal, id portal.CollectivityID, bounds map[quota.Kind]int64) {
	t.Helper()
	shown, err := p.Quotas.Shown(t.Context(), announcing(t, p), id)
	if err == nil {
		err = p.Quotas.Set(t.Context(), announcing(t, p), id, shown, bounds, "")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func used(t *testing.T, p *servertest.Portal, id portal.CollectivityID, kind quota.Kind) int64 {
	t.Helper()
	all, err := p.Quotas.Of(t.Context(), announcing(t, p), id)
	if err != nil {
		t.Fatal(err)
	}
	for _, held := range all {
		if held.Kind == kind {
			return held.Used
		}
	}
	return -1
}

// library is a folder that its administrator writes to.
func library(t *testing.T, p *servertest.Portal, id portal.CollectivityID) (portal.Caller, documents.FolderID) {
	t.Helper()
	caller := portal.Caller{Collectivity: id, Agent: p.Caller("admin@"+string(id)+".example", id).Agent, Rights: []portal.Right{portal.Admin, portal.EditDocuments}}
	folder, err := p.Documents.CreateFolder(t.Context(), caller, documents.FolderDraft{Name: "Limites"})
	if err != nil {
		t.Fatal(err)
	}
	return caller, folder
}

func upload(t *testing.T, p *servertest.Portal, caller portal.Caller, folder documents.FolderID, name string, size int) error {
	t.Helper()
	content := bytes.Repeat([]byte(name+" "), size/(len(name)+1)+1)[:size]
	file, err := p.Documents.Receive(t.Context(), caller, name, bytes.NewReader(content), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Drop()
	_, err = p.Documents.Add(t.Context(), caller, "Essai", folder, []documents.Upload{{File: file}})
	return err
}

// TestTwoUploadsAtOnceDoNotPassTogether: whatever their number, what is kept stays within
// the bound of their collectivity, and another one's has room of its own.
func TestTwoUploadsAtOnceDoNotPassTogether(t *testing.T) {
	p := servertest.New(t)
	caller, folder := library(t, p, "bourg")
	other, elsewhere := library(t, p, "agglo")
	const size, fit, tried = 10_000, 3, 8
	bind(t, p, "bourg", map[quota.Kind]int64{quota.Documents: used(t, p, "bourg", quota.Documents) + fit*size + size/2})
	var kept atomic.Int64
	var uploads sync.WaitGroup
	for i := range tried {
		uploads.Go(func() {
			err := upload(t, p, caller, folder, fmt.Sprintf("note-%d.txt", i), size)
			switch {
			case err == nil:
				kept.Add(1)
			case !quota.IsRefusal(err):
				t.Errorf("upload %d: %v", i, err)
			}
		})
	}
	uploads.Wait()
	if kept.Load() != fit {
		t.Errorf("%d uploads passed, want %d", kept.Load(), fit)
	}
	if err := upload(t, p, other, elsewhere, "ailleurs.txt", size); err != nil {
		t.Errorf("another collectivity: %v", err)
	}
	bind(t, p, "bourg", nil)
	if err := upload(t, p, caller, folder, "encore.txt", size); err != nil {
		t.Errorf("without bound: %v", err)
	}
}

// TestNobodyComesBeyondTheBound, by whatever door; who is there stays, leaves, and is
// changed; and a line that would not fit begins no import.
func TestNobodyComesBeyondTheBound(t *testing.T) {
	p := servertest.New(t)
	op, admin := p.As(operator), p.As("admin@bourg.example")
	here := used(t, p, "bourg", quota.Agents)
	op.Post("/pool/collectivities/bourg/quotas", "choice-agents", "bound", "agents", fmt.Sprint(here+1), "choice-documents", "pool", "choice-subscriptions", "none", "choice-letters", "pool").Want(t, 303)
	op.Get("/pool/collectivities/bourg/quotas").Want(t, 200, fmt.Sprintf(`value="%d"`, here+1))
	admin.Get("/admin/journal").Want(t, 200, "Limites de l’hébergement fixées", operator)
	op.Get("/pool/journal").Want(t, 200, "Limites de l’hébergement fixées")
	caller := directory.Installation("bourg")
	create := func(name string) (portal.AgentID, error) {
		return p.Directory.CreateAgent(t.Context(), caller, directory.Agent{GivenName: name, FamilyName: "Limite"})
	}
	first, err := create("Une")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := create("Deux"); !quota.IsRefusal(err) {
		t.Fatalf("one more agent: %v, want a refusal", err)
	}
	seen := between(t, admin.Post("/admin/agents/invite", "lines", "Trois Limite <trois@bourg.example>", "do", "preview").Want(t, 200).Body, `name="seen" value="`, `"`)
	admin.Post("/admin/agents/invite", "lines", "Trois Limite <trois@bourg.example>", "do", "send", "seen", seen).Want(t, 422, "Fermez la fiche de qui est parti")
	if err := p.Quotas.Refresh(t.Context()); err != nil { // a minute later
		t.Fatal(err)
	}
	admin.Get("/admin").Want(t, 200, `href="/admin/agents">Plus aucun agent ne peut être ajouté`, fmt.Sprintf("L’hébergement en prévoit %d", here+1))
	op.Get("/pool").Want(t, 200, "Près de leurs limites", "/pool/collectivities/bourg/quotas")
	if body := p.As("admin@agglo.example").Get("/admin").Body; strings.Contains(body, "Plus aucun agent") {
		t.Error("another collectivity is warned")
	}
	if err := p.Directory.CloseAgent(t.Context(), caller, first, ""); err != nil {
		t.Fatal(err)
	}
	second, err := create("Quatre")
	if err != nil {
		t.Fatalf("in the place of who left: %v", err)
	}
	if err := p.Directory.ReopenAgent(t.Context(), caller, first, ""); !quota.IsRefusal(err) {
		t.Errorf("who comes back beyond the bound: %v, want a refusal", err)
	}
	admin.Post("/admin/agents/"+string(first)+"/reopen").Want(t, 409, "Fermez la fiche de qui est parti")
	bind(t, p, "bourg", map[quota.Kind]int64{quota.Agents: 1}) // far below
	if err := p.Directory.CloseAgent(t.Context(), caller, second, ""); err != nil {
		t.Errorf("leaving beyond the bound: %v", err)
	}
	p.As("agent@bourg.example").Get("/").Want(t, 200)
	if _, err := p.Directory.CreateAgent(t.Context(), directory.Installation("agglo"), directory.Agent{GivenName: "Ailleurs", FamilyName: "Limite"}); err != nil {
		t.Errorf("another collectivity: %v", err)
	}
	if got := used(t, p, "bourg", quota.Agents); got != here {
		t.Errorf("%d agents, want the %d of before", got, here)
	}
	if all, err := p.Directory.AgentsUsed().All(t.Context()); err != nil || all["bourg"] != here {
		t.Errorf("of all collectivities she has %d agents, %v; want the %d who are active", all["bourg"], err, here)
	}
}

// TestAnImportThatWouldNotFitBeginsNothing.
func TestAnImportThatWouldNotFitBeginsNothing(t *testing.T) {
	p := servertest.New(t)
	admin, here := p.As("admin@bourg.example"), used(t, p, "bourg", quota.Agents)
	bind(t, p, "", map[quota.Kind]int64{quota.Agents: here + 2}) // of the pool
	sent := admin.Upload("/admin/agents/import", "agents.csv", strings.NewReader("Prénom;Nom;Courriel\nAnne;Un;\nBéa;Deux;\nCléo;Trois;\n")).Want(t, 303)
	path := sent.Header.Get("Location")
	admin.Post(path, "column0", "given_name", "column1", "family_name", "column2", "email", "namesakes", "leave").Want(t, 303)
	page := admin.Get(path)
	plan := between(t, page.Body, `name="plan" value="`, `"`)
	admin.Post(path+"/begin", "plan", plan, "invite", "").Want(t, 303)
	admin.Get(path).Want(t, 200, "demandez à qui vous héberge")
	if got := used(t, p, "bourg", quota.Agents); got != here {
		t.Errorf("%d agents, want %d: something was written", got, here)
	}
	bind(t, p, "bourg", map[quota.Kind]int64{quota.Agents: quota.None}) // its own goes first
	admin.Post(path+"/begin", "plan", plan, "invite", "").Want(t, 303)
	for range 3 {
		if _, err := p.Arrivals.Work(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := used(t, p, "bourg", quota.Agents); got != here+3 {
		t.Errorf("%d agents, want %d", got, here+3)
	}
}

// TestLettersOfADayAreBounded: an invitation beyond is refused whole, and the link can
// still be handed over.
func TestLettersOfADayAreBounded(t *testing.T) {
	p := servertest.NewSending(t)
	admin := p.As("admin@bourg.example")
	bind(t, p, "bourg", map[quota.Kind]int64{quota.Letters: used(t, p, "bourg", quota.Letters) + 1})
	invite := func(lines string) servertest.Answer {
		seen := between(t, admin.Post("/admin/agents/invite", "lines", lines, "do", "preview").Want(t, 200).Body, `name="seen" value="`, `"`)
		return admin.Post("/admin/agents/invite", "lines", lines, "do", "send", "seen", seen)
	}
	invite("Anne Un <anne.un@bourg.example>\nBéa Deux <bea.deux@bourg.example>").Want(t, 422, "Reprenez demain")
	if got := p.ReceivedSoFar("anne.un@bourg.example"); got != 0 {
		t.Errorf("%d letters of a refused invitation", got)
	}
	invite("Anne Un <anne.un@bourg.example>").Want(t, 303)
	p.Received("anne.un@bourg.example", 1)
	invite("Béa Deux <bea.deux@bourg.example>").Want(t, 422, "Reprenez demain")
}

// TestACollectivityThatIsTooLargeIsNotRestored, nor any of it.
func TestACollectivityThatIsTooLargeIsNotRestored(t *testing.T) {
	p := servertest.New(t)
	var archive bytes.Buffer
	if _, err := p.Leaving.Export(t.Context(), "bourg", audit.Line{}, &archive); err != nil {
		t.Fatal(err)
	}
	bind(t, p, "", map[quota.Kind]int64{quota.Agents: 1})
	_, err := p.Leaving.Restore(t.Context(), bytes.NewReader(archive.Bytes()), int64(archive.Len()), leaving.Restoring{As: "ailleurs", WithoutDomains: true})
	var said portal.UserError
	if !errors.As(err, &said) || said.Key != "leaving.error.quota.agents" {
		t.Errorf("restore: %v, want a refusal for its agents", err)
	}
	if _, err := p.Directory.Collectivity(t.Context(), "ailleurs"); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("it is there: %v", err)
	}
}
