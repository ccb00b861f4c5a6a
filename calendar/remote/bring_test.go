package remote

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/calendar"
)

// TestAnAgendaElsewhereIsBroughtHere imports one from a real server: old events and tasks too, with a
// report first, by its owner alone.
func TestAnAgendaElsewhereIsBroughtHere(t *testing.T) {
	base := radicale(t)
	fill(t, base)
	home := base + "/claire/reunions/"
	send(t, "PUT", home+"old.ics", object("old", "SUMMARY:Vœux de 2009", "DTSTART:20090109T180000Z", "DTEND:20090109T200000Z"))
	send(t, "PUT", home+"task.ics", strings.ReplaceAll(object("task", "SUMMARY:Relire", "DUE:20261203T100000Z"), "VEVENT", "VTODO"))
	proxy := newProxy(t, base)
	s, _ := newStore(t, nil)
	id := mustAdd(t, s, proxy.url)
	do, _ := newPages(t, s)
	at := "/calendar/remote/" + string(id) + "/import"
	_, page := do("GET", "/calendar/remote", nil)
	wants(t, page, at)
	_, page = do("GET", at, nil)
	wants(t, page, "Importer depuis Nuage", "Réunions", `<option value="claire"`)
	from := between(page, `name="from" value="`, `"`)

	form := url.Values{"from": {from}, "to": {"claire"}}
	for name, change := range map[string][2]string{"who": {"stranger", ""}, "from": {"nowhere", from}, "to": {"paul", "claire"}} {
		form.Set(name, change[0])
		if status, page := do("POST", at, form); status != http.StatusNotFound {
			t.Errorf("%s %s: %d\n%s", name, change[0], status, page)
		}
		form.Set(name, change[1])
	}
	proxy.mode.Store("gone")
	if status, page := do("POST", at, form); status/100 == 3 || !strings.Contains(page, "ne répond pas") {
		t.Errorf("a server that is gone: %d", status)
	}
	proxy.mode.Store("")
	if status, page := do("POST", at, form); status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", status, page)
	}
	agenda := calendar.NewStore(s.DB)
	var report string
	if err := s.DB.QueryRow(context.Background(), `SELECT id FROM calendar_imports WHERE collectivity = 'bourg' AND agent = 'claire'`).Scan(&report); err != nil {
		t.Fatal(err)
	}
	_, page = do("GET", "/calendar/imports/"+report, nil)
	wants(t, page, "Nuage, Réunions", "Vœux de 2009", "Relire")
	if list, err := agenda.List(context.Background(), claire, "claire"); err != nil || len(list) != 0 {
		t.Fatalf("written before it is confirmed: %v, %v", list, err)
	}
	if status, _ := do("POST", "/calendar/imports/"+report+"/run", nil); status != http.StatusSeeOther {
		t.Fatal(status)
	}
	list, err := agenda.List(context.Background(), claire, "claire")
	var kept []string
	for _, one := range list {
		entries, err := agenda.Entries(context.Background(), claire, "claire", []string{one.Name})
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, regexp.MustCompile(`SUMMARY:([^\r\n]*)`).FindStringSubmatch(string(entries[one.Name].Octets))[1])
	}
	slices.Sort(kept)
	if want := []string{"Budget & dépenses <b>", "Congrès", "Point hebdo", "Relire", "Vœux de 2009"}; err != nil || !slices.Equal(kept, want) {
		t.Errorf("here now: %q, %v; want %q", kept, err, want)
	}
}

func TestWhatElsewhereHasTooMuchOfIsNotBrought(t *testing.T) {
	base := radicale(t)
	fill(t, base)
	proxy := newProxy(t, base)
	s, _ := newStore(t, nil)
	id := mustAdd(t, s, proxy.url)
	_, all, err := s.Named(context.Background(), claire, id)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	for mode, key := range map[string]string{"endless": "remote.fault.large", "refuse": "remote.fault.refused", "broken": "remote.fault.unreadable"} {
		proxy.mode.Store(mode)
		begun := time.Now()
		if _, _, err := s.Fetch(context.Background(), claire, id, all[0].ID); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v, want %s", mode, err, key)
		}
		if time.Since(begun) > readDeadline {
			t.Errorf("%s took %v", mode, time.Since(begun))
		}
	}
	if _, _, err := s.Fetch(context.Background(), paul, id, all[0].ID); err == nil {
		t.Error("fetched for a colleague")
	}
}
