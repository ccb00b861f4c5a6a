package caldav_test

import (
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/calendar/caldav"
	"parvis/dav"
	"parvis/portal/database/databasetest"
)

// TestABusyStoreAsksClientsToComeBack: another process keeps the store, and who writes is told so in time: Thunderbird
// turns a calendar off at its first 4xx. What is read is read.
func TestABusyStoreAsksClientsToComeBack(t *testing.T) {
	if os.Getenv("PARVIS_TEST_POSTGRES") != "" {
		return // one process can't keep all of that store
	}
	db := databasetest.New(t)
	databasetest.AddCollectivities(t, db, "bourg")
	known := agents{"claire": {Agent: "claire", Account: "claire", Collectivity: "bourg"}}
	site := dav.NewSite(known, known, slog.New(slog.DiscardHandler), caldav.Home(calendar.NewStore(db)))
	site.Patience = 50 * time.Millisecond
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.SetBasicAuth("claire", "claire")
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		return w
	}
	if w := ask("PUT", own+"a.ics", on("a", 10)); w.Code != 201 {
		t.Fatal(w.Code, w.Body)
	}
	var path string
	if err := db.SQL().QueryRowContext(t.Context(), `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&path); err != nil {
		t.Fatal(err)
	}
	other, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if w := ask("PUT", own+"b.ics", on("b", 11)); w.Code != 503 || w.Header().Get("Retry-After") == "" || time.Since(begun) > 30*time.Second {
		t.Errorf("%d after %v, Retry-After %q", w.Code, time.Since(begun), w.Header().Get("Retry-After"))
	}
	if w := ask("GET", own+"a.ics", ""); w.Code != 200 {
		t.Errorf("GET: %d", w.Code)
	}
	if _, err := conn.ExecContext(t.Context(), `ROLLBACK`); err != nil {
		t.Fatal(err)
	}
	if w := ask("PUT", own+"b.ics", on("b", 11)); w.Code != 201 {
		t.Errorf("afterwards: %d %s", w.Code, w.Body)
	}
}

// TestAnUploadMayBeSlow: the store is waited for, not the client's line.
func TestAnUploadMayBeSlow(t *testing.T) {
	site, _, _ := newSite(t)
	site.Patience = 300 * time.Millisecond
	out, in := io.Pipe()
	go func() {
		time.Sleep(2 * site.Patience)
		_, _ = io.WriteString(in, on("a", 10))
		in.Close()
	}()
	r := httptest.NewRequest("PUT", own+"a.ics", out)
	r.SetBasicAuth("claire", "claire")
	w := httptest.NewRecorder()
	site.ServeHTTP(w, r)
	if w.Code != 201 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestNothingIsLostByAClockSetBack: tokens and counters hold no time.
func TestNothingIsLostByAClockSetBack(t *testing.T) {
	s := newServer(t)
	s.do("PUT", own+"a.ics", on("a", 10)).want(t, 201)
	token := tokenOf(t, s.sync(own, ""))
	setBack := s.do("PROPFIND", own, propfind("S:getctag"), "Depth", "0").body
	// What was written lies an hour ahead of the clock, as after it was set back.
	err := s.db.Write(context.Background(), `UPDATE calendar_objects SET modified = modified + 3600000 WHERE collectivity = 'bourg'`)
	if err == nil {
		err = s.db.Write(context.Background(), `UPDATE calendar_changes SET changed = changed + 3600000 WHERE collectivity = 'bourg'`)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.do("PUT", own+"a.ics", on("a", 12)).want(t, 204)
	s.do("PUT", own+"b.ics", on("b", 11)).want(t, 201)
	s.sync(own, token).want(t, 207, own+"a.ics", own+"b.ics")
	if again := s.do("PROPFIND", own, propfind("S:getctag"), "Depth", "0").body; again == setBack {
		t.Error("the ctag did not change")
	}
	got := s.do("GET", own+"a.ics", "").want(t, 200)
	s.do("GET", own+"a.ics", "", "If-None-Match", got.Header.Get("ETag"), "If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT").want(t, 304)
	s.do("GET", own+"a.ics", "", "If-None-Match", `"other"`, "If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT").want(t, 200) // the ETag decides
	if err := s.store.ForgetChanges(context.Background(), "bourg", time.Now().AddDate(0, -6, 0)); err != nil {
		t.Fatal(err)
	}
	s.sync(own, token).want(t, 207, own+"a.ics", own+"b.ics")
}
