package server_test

import (
	"encoding/json"
	"strings"
	"testing"

	"parvis/contacts"
	"parvis/dav"
	"parvis/leaving"
	"parvis/portal"
	"parvis/server/servertest"
)

// TestAnArchiveOfBeforeBringsItsContacts: when an agent had one address book, rows named it by her.
func TestAnArchiveOfBeforeBringsItsContacts(t *testing.T) {
	p := servertest.New(t)
	caller := p.Caller("redaction@bourg.example", "bourg")
	book := contacts.BookID(caller.Agent)
	if _, err := p.Contacts.Put(t.Context(), caller, book, "a.vcf", []byte(vcardOf("a", "Notaire de l’étude")), dav.Conditions{}); err != nil {
		t.Fatal(err)
	}
	archive := forge(t, exportOf(t, p, "bourg"), func(files map[string]string) {
		for table, keeps := range map[string][]string{
			"contact_books":   {"sequence", "forgotten", "cards", "bytes"},
			"contacts":        {"name", "uid", "etag", "size", "full_name", "modified", "octets"},
			"contact_changes": {"name", "sequence", "deleted", "changed"},
		} {
			files["tables/"+table+".jsonl"] = rowsBefore(t, files["tables/"+table+".jsonl"], keeps)
		}
	})
	p.Stop()
	to := servertest.Empty(t)
	if _, err := restoreInto(to, archive, leaving.Restoring{}); err != nil {
		t.Fatal(to.Sentence(err))
	}
	all, err := to.Contacts.List(t.Context(), portal.Caller{Agent: caller.Agent, Collectivity: "bourg"}, book)
	if err != nil || len(all) != 1 || all[0].FullName != "Notaire de l’étude" {
		t.Errorf("restored %+v, %v", all, err)
	}
	if books, err := to.Contacts.Books(t.Context(), portal.Caller{Agent: caller.Agent, Collectivity: "bourg"}); err != nil || len(books) != 1 || !books[0].First() {
		t.Errorf("books %+v, %v", books, err)
	}
}

// rowsBefore are the lines of a table as they were when "agent" stood for the book.
func rowsBefore(t *testing.T, lines string, keeps []string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(lines) {
		var row map[string]any
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		before := map[string]any{"agent": row["id"]}
		if row["book"] != nil {
			before["agent"] = row["book"]
		}
		for _, column := range keeps {
			before[column] = row[column]
		}
		text, err := json.Marshal(before)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(append(text, '\n'))
	}
	return out.String()
}
