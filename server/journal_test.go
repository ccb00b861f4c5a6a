package server_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"parvis/portal/audit"
	"parvis/server/servertest"
)

// TestTheJournalTellsWhoSignedInAndWhyNot signs in and fails to, then reads the
// journal as an administrator of each collectivity.
func TestTheJournalTellsWhoSignedInAndWhyNot(t *testing.T) {
	p := servertest.New(t)
	const mistyped = "Secret-Typed-As-Login-1!"
	p.Anonymous().SignIn("agent@bourg.example", "wrong-password-canary")
	p.Anonymous().SignIn("nobody@bourg.example", servertest.Password)
	p.Anonymous().SignIn(mistyped, servertest.Password)
	browser := p.Anonymous()
	browser.SignIn("agent@bourg.example", servertest.Password)
	made := browser.Post("/account/app-passwords", "name", "Téléphone de Camille", "scope", "calendar").Want(t, 201, "est prêt").Body
	if strings.Index(made, "est prêt") > strings.Index(made, "Voir ma fiche") {
		t.Error("the new password is not the first thing on its page")
	}
	formula := audit.By(p.Caller("admin@bourg.example", "bourg"), audit.Exported)
	formula.Object = `=HYPERLINK("x")`
	if err := audit.Write(t.Context(), p.DB, formula); err != nil {
		t.Fatal(err)
	}
	browser.Post("/sign-out")

	type told struct {
		action  audit.Action
		refused audit.Reason
	}
	var got []told
	admin := p.Caller("admin@bourg.example", "bourg")
	lines, _, err := p.Journal.Lines(t.Context(), admin, audit.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		got = append(got, told{line.Action, line.Refused})
		if line.Address == "" && line.Action == audit.SignIn {
			t.Errorf("no address in %v", line)
		}
	}
	want := []told{
		{audit.SignOut, ""},
		{audit.Exported, ""},
		{audit.AppPasswordCreated, ""},
		{audit.SignIn, ""},
		{audit.SignIn, audit.Unknown},
		{audit.SignIn, audit.Password},
	}
	if len(got) != len(want) {
		t.Fatalf("journal = %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("line %d = %v, want %v", i, got[i], want[i])
		}
	}

	page := p.As("admin@bourg.example").Get("/admin/journal").Want(t, 200, "mot de passe erroné", "compte inconnu", "n° ")
	if strings.Contains(page.Body, `>– <`) {
		t.Error("a dash stands where something is told beside it")
	}
	table := p.As("admin@bourg.example").Post("/admin/journal.csv").Want(t, 200)
	for _, secret := range []string{mistyped, strings.ToLower(mistyped), "wrong-password-canary", servertest.Password, "Téléphone de Camille"} {
		if strings.Contains(page.Body+table.Body, secret) {
			t.Errorf("the journal holds %q", secret)
		}
	}
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(table.Body, "\ufeff")))
	reader.Comma = ';'
	rows, err := reader.ReadAll()
	if err != nil || len(rows) < len(want)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") {
				t.Errorf("a spreadsheet takes %q for a formula", cell)
			}
		}
	}
	if body := p.As("admin@agglo.example").Get("/admin/journal").Want(t, 200).Body; strings.Contains(body, "mot de passe erroné") {
		t.Error("another collectivity reads what was refused here")
	}
	p.As("agent@bourg.example").Get("/admin/journal").Want(t, 404)
}

// TestEveryActionAndReasonHasItsWords in both languages: a line must not show
// the name of a key.
func TestEveryActionAndReasonHasItsWords(t *testing.T) {
	p := servertest.New(t)
	caller := p.Caller("admin@bourg.example", "bourg")
	for _, action := range audit.Actions {
		for _, reason := range append([]audit.Reason{""}, audit.Reasons...) {
			line := audit.By(caller, action)
			line.Refused = reason
			if err := audit.Write(t.Context(), p.DB, line); err != nil {
				t.Fatal(err)
			}
		}
	}
	browser := p.As("admin@bourg.example")
	for _, language := range []string{"fr", "en"} {
		browser.Post("/account/preferences", "language", language, "scheme", "")
		if body := browser.Post("/admin/journal.csv").Want(t, 200).Body; strings.Contains(body, "audit.") {
			t.Errorf("%s: a key shows in\n%s", language, body)
		}
	}
}

// TestTheJournalIsInTheReadersLanguage: how she signed in, and that the
// installation is not somebody unknown.
func TestTheJournalIsInTheReadersLanguage(t *testing.T) {
	p := servertest.New(t)
	p.Anonymous().SignIn("agent@bourg.example", servertest.Password)
	p.Anonymous().SignIn("nobody@bourg.example", "wrong")
	signedIn := audit.By(p.Caller("agent@bourg.example", "bourg"), audit.SignIn)
	signedIn.Detail = "ldap recovery"
	policy := audit.By(p.Caller("admin@bourg.example", "bourg"), audit.FactorPolicy)
	policy.Detail = "administrators"
	granted := audit.By(p.Caller("admin@bourg.example", "bourg"), audit.ApplicationGranted)
	granted.Detail = "password key" // a name, as people have them
	for _, line := range []audit.Line{signedIn, policy, granted, {Collectivity: "bourg", Action: audit.KeysRotated}} {
		if err := audit.Write(t.Context(), p.DB, line); err != nil {
			t.Fatal(err)
		}
	}
	browser := p.As("admin@bourg.example")
	for language, want := range map[string][]string{
		"fr": {">mot de passe<", ">annuaire, code de secours<", ">les administrateurs<", ">password key<", ">L’installation<", ">Inconnu<"},
		"en": {">password<", ">directory server, recovery code<", ">administrators<", ">password key<", ">The installation<", ">Unknown<"},
	} {
		browser.Post("/account/preferences", "language", language, "scheme", "")
		browser.Get("/admin/journal").Want(t, 200, want...)
	}
}

// TestAFloodOfAttemptsDoesNotFillTheJournal: who has to wait makes one line.
func TestAFloodOfAttemptsDoesNotFillTheJournal(t *testing.T) {
	p := servertest.New(t)
	for range 12 {
		p.Anonymous().SignIn("nobody@bourg.example", "wrong")
	}
	lines, _, err := p.Journal.Lines(t.Context(), p.Caller("admin@bourg.example", "bourg"), audit.Query{})
	if err != nil || len(lines) != 5 {
		t.Errorf("%d lines, %v; want four wrong passwords and one wait", len(lines), err)
	}
}
