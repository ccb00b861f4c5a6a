package contacts

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestAFileTakesLittleMemory: that of its octets, whatever its cards hold. Several agents may import at a time.
func TestAFileTakesLittleMemory(t *testing.T) {
	var b strings.Builder
	for i := 0; b.Len() < 4<<20; i++ {
		fmt.Fprintf(&b, "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%d\r\nFN:x\r\n%sEND:VCARD\r\n", i, strings.Repeat("A:\r\n", 1900))
	}
	octets := []byte(b.String())
	b.Reset()
	held := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := held()
	all := readFile(octets)
	if more := int64(held()) - int64(before); more > 8<<20 {
		t.Errorf("%d cards of %d bytes hold %d bytes more", len(all), len(octets), more)
	}
	runtime.KeepAlive(all)
	runtime.KeepAlive(octets)
}

// TestFilesDoNotPileUp: those that an agent brought before her last few are forgotten, and what nobody decided about
// or took back goes by itself.
func TestFilesDoNotPileUp(t *testing.T) {
	ctx, s := t.Context(), newStore(t)
	now := time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC)
	s.now = func() time.Time { return now }
	other := in("paul")
	for range 2 * keptFiles {
		now = now.Add(time.Second)
		if _, err := s.PlanImport(ctx, anne, "anne", "a.vcf", card("a", 1)); err != nil {
			t.Fatal(err)
		}
	}
	id, err := s.PlanImport(ctx, other, "paul", "a.vcf", card("a", 1))
	if err != nil {
		t.Fatal(err)
	}
	rows := func(table string) (count int) {
		t.Helper()
		if err := s.db.QueryRow(ctx, `SELECT COUNT(*) FROM `+table).Scan(&count); err != nil {
			t.Fatal(err)
		}
		return count
	}
	if got := rows("contact_imports"); got != keptFiles+1 {
		t.Errorf("%d files wait, want %d of one agent and one of another", got, keptFiles)
	}
	if err := s.RunImport(ctx, other, id, false, now.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	all, err := s.List(ctx, other, "paul")
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	if _, err := s.Remove(ctx, other, "paul", all[0].Name); err != nil {
		t.Fatal(err)
	}
	now = now.Add(undoTime / 2)
	if err := s.Clean(ctx, "bourg"); err != nil || rows("contact_undo") != 1 || rows("contact_imports") == 0 {
		t.Errorf("too early: %v", err)
	}
	now = now.Add(importKept)
	if err := s.Clean(ctx, "bourg"); err != nil || rows("contact_undo") != 0 || rows("contact_imports") != 0 {
		t.Errorf("what was deleted stays: %v", err)
	}
}
