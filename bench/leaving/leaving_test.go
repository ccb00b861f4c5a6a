// Package leaving measures the move of a collectivity of 1,000 agents, each with 20
// events and 5 contacts, and 300 documents, out of a pool of 3 collectivities and of
// 1,000.
//
//	go test ./bench/leaving -run '^$' -bench . -benchmem -benchtime 1x
package leaving

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"parvis/documents"
	"parvis/leaving"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
)

const (
	agents   = 1_000
	events   = 20
	contacts = 5
	files    = 300
	fileSize = 100 << 10
)

type noIndex struct{}

func (noIndex) Remove(context.Context, portal.CollectivityID) error { return nil }

func newPool(b *testing.B, collectivities int) (*leaving.Store, *database.DB) {
	b.Helper()
	db := databasetest.New(b)
	library, err := documents.New(db, documents.Options{Dir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	store := leaving.New(leaving.Options{
		DB: db, Files: library, Index: noIndex{}, Log: slog.New(slog.DiscardHandler), Dir: b.TempDir(), Check: func(leaving.Body) error { return nil },
		Back: func(context.Context, portal.CollectivityID) error { return nil }, Changed: func(portal.AccountID) {},
	})
	run := filling(b, db)
	run(func(exec func(string, ...any)) {
		for c := range collectivities {
			id := fmt.Sprintf("c%04d", c)
			exec(`INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 1)`, id)
			people := 20
			if c == 0 {
				people = agents
			}
			for a := range people {
				fillAgent(exec, id, a, c == 0)
			}
		}
	})
	octets := make([]byte, fileSize)
	for f := range files {
		copy(octets, fmt.Sprint("file ", f))
		sum := sha256.Sum256(octets)
		name := hex.EncodeToString(sum[:])
		if err := library.KeepFile("c0000", name, fileSize, bytes.NewReader(octets)); err != nil {
			b.Fatal(err)
		}
		run(func(exec func(string, ...any)) {
			exec(`INSERT INTO documents (collectivity, id, folder, title, title_key, name_key, version, added, changed) VALUES ('c0000', $1, '', $1, $1, $1, 1, 1, 1)`, name)
			exec(`INSERT INTO document_versions (collectivity, document, number, file_name, media_type, size, sha256, author, author_name, added, text_state) VALUES ('c0000', $1, 1, $1, 'text/plain', $2, $1, '', '', 1, 'read')`, name, fileSize)
		})
	}
	return store, db
}

func filling(b *testing.B, db *database.DB) func(func(exec func(string, ...any))) {
	return func(fill func(exec func(string, ...any))) {
		err := db.Tx(b.Context(), func(tx *database.Tx) error {
			fill(func(query string, args ...any) {
				if err := tx.Write(b.Context(), query, args...); err != nil {
					b.Fatal(err)
				}
			})
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func fillAgent(exec func(string, ...any), collectivity string, number int, whole bool) {
	agent := fmt.Sprintf("a%06d", number)
	account := collectivity + agent
	exec(`INSERT INTO accounts (id, login, created) VALUES ($1, $2, 1)`, account, account+"@"+collectivity+".example")
	exec(`INSERT INTO agents (collectivity, id, account, given_name, family_name, sort_name, created) VALUES ($1, $2, $3, 'Camille', $2, $2, 1)`, collectivity, agent, account)
	if !whole {
		return
	}
	exec(`INSERT INTO calendars (collectivity, id, owner, slug, name, epoch, created) VALUES ($1, $2, $2, 'calendar', 'Agenda', 'e', 1)`, collectivity, agent)
	for e := range events {
		name := fmt.Sprintf("%s-%d", agent, e)
		octets := []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nBEGIN:VEVENT\r\nUID:" + name + "\r\nDTSTAMP:20261101T080000Z\r\nDTSTART:20261102T080000Z\r\nSUMMARY:Réunion\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
		exec(`INSERT INTO calendar_objects (collectivity, calendar, name, id, uid, etag, size, component, summary, status, first_start, last_end, exact, all_day, recurring, transparent, modified, octets)
			VALUES ($1, $2, $3, $3, $3, 'x', 1, 'VEVENT', 'Réunion', '', 1, 2, TRUE, FALSE, FALSE, FALSE, 1, $4)`, collectivity, agent, name, octets)
	}
	exec(`INSERT INTO contact_books (collectivity, id, owner, epoch) VALUES ($1, $2, $2, 'e')`, collectivity, agent)
	for c := range contacts {
		name := fmt.Sprintf("%s-%d", agent, c)
		exec(`INSERT INTO contacts (collectivity, book, name, uid, etag, size, full_name, modified, octets) VALUES ($1, $2, $3, $3, 'x', 1, 'Ami', 1, $4)`,
			collectivity, agent, name, []byte("BEGIN:VCARD\r\nVERSION:4.0\r\nUID:"+name+"\r\nFN:Ami\r\nEND:VCARD\r\n"))
	}
}

func BenchmarkExport(b *testing.B) {
	for _, pool := range []int{3, 1_000} {
		b.Run(fmt.Sprintf("pool=%d", pool), func(b *testing.B) {
			store, _ := newPool(b, pool)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.Export(b.Context(), "c0000", audit.Line{}, io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkRestore(b *testing.B) {
	for _, pool := range []int{3, 1_000} {
		b.Run(fmt.Sprintf("pool=%d", pool), func(b *testing.B) {
			store, db := newPool(b, pool)
			var archive bytes.Buffer
			if _, err := store.Export(b.Context(), "c0000", audit.Line{}, &archive); err != nil {
				b.Fatal(err)
			}
			// as in another pool: the logins are free
			if _, err := db.Exec(b.Context(), `UPDATE accounts SET login = 'x' || login, id = id WHERE id LIKE 'c0000%'`); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			number := 0
			for b.Loop() {
				number++
				done, err := store.Restore(b.Context(), bytes.NewReader(archive.Bytes()), int64(archive.Len()), leaving.Restoring{As: portal.CollectivityID(fmt.Sprintf("r%d", number))})
				if err != nil {
					b.Fatal(err)
				}
				if done.Files != files {
					b.Fatalf("%d files", done.Files)
				}
				b.ReportMetric(float64(done.Rows), "rows")
			}
		})
	}
}
