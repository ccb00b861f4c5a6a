package remote

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/calendar"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
	"parvis/portal/seal"
	"parvis/portal/web"
	"parvis/themes"
	"parvis/widgets"
)

var (
	paris    = mustZone("Europe/Paris")
	claire   = portal.Caller{Account: "claire", Agent: "claire", Collectivity: "bourg"}
	paul     = portal.Caller{Account: "paul", Agent: "paul", Collectivity: "bourg"}
	stranger = portal.Caller{Account: "claire", Agent: "claire", Collectivity: "agglo", Rights: []portal.Right{portal.Admin}}
)

func mustZone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return zone
}

// tuesday is the clock of the tests.
var tuesday = time.Date(2026, 11, 24, 9, 35, 0, 0, paris)

// clock is one that a test moves while readings run behind it.
type clock struct{ now atomic.Int64 }

func (c *clock) Now() time.Time      { return time.UnixMilli(c.now.Load()) }
func (c *clock) set(t time.Time)     { c.now.Store(t.UnixMilli()) }
func (c *clock) add(d time.Duration) { c.now.Add(d.Milliseconds()) }

func newStore(t testing.TB, change func(*Options)) (*Store, *clock) {
	t.Helper()
	db := databasetest.New(t)
	databasetest.AddCollectivities(t, db, "bourg", "agglo")
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{}
	c.set(tuesday)
	options := Options{DB: db, Sealer: sealer, Log: slog.New(slog.DiscardHandler), AllowInside: true, AllowPlain: true, Now: c.Now}
	if change != nil {
		change(&options)
	}
	s := New(options)
	t.Cleanup(s.Close)
	return s, c
}

// radicale starts a real CalDAV server with the account claire, password "mot de passe é".
func radicale(t testing.TB, more ...string) string {
	t.Helper()
	program, err := exec.LookPath("radicale")
	if err != nil {
		servers.Missing(t, "radicale is not installed: run tools/install.sh")
	}
	dir := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	users := filepath.Join(dir, "users")
	if err := os.WriteFile(users, []byte("claire:"+password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, append([]string{
		"--config", "", "--server-hosts", address, "--auth-type", "htpasswd",
		"--auth-htpasswd-filename", users, "--auth-htpasswd-encryption", "plain", "--storage-filesystem-folder", filepath.Join(dir, "data"),
	}, more...)...)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	for range 200 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return "http://" + address
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("radicale does not listen:\n%s", output.String())
	return ""
}

const password = "mot de passe é"

func send(t testing.TB, method, target, body string) {
	t.Helper()
	req, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("claire", password)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s %s: %s\n%s", method, target, resp.Status, text)
	}
}

func object(uid string, lines ...string) string {
	return strings.Join(append(append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test", "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20261101T000000Z"},
		lines...), "END:VEVENT", "END:VCALENDAR", ""), "\r\n")
}

// fill makes a calendar of meetings at a server.
func fill(t testing.TB, base string) {
	t.Helper()
	home := base + "/claire/reunions/"
	send(t, "MKCALENDAR", home, `<?xml version="1.0"?><C:mkcalendar xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop><D:displayname>Réunions</D:displayname></D:prop></D:set></C:mkcalendar>`)
	send(t, "PUT", home+"a.ics", object("a", "SUMMARY:Budget & dépenses <b>", "LOCATION:Salle é", "DESCRIPTION:Ligne 1\\nLigne 2", "DTSTART:20261124T130000Z", "DTEND:20261124T140000Z"))
	send(t, "PUT", home+"b.ics", object("b", "SUMMARY:Point hebdo", "DTSTART;TZID=Europe/Paris:20261020T090000", "DTEND;TZID=Europe/Paris:20261020T100000", "RRULE:FREQ=WEEKLY;BYDAY=TU"))
	send(t, "PUT", home+"c.ics", object("c", "SUMMARY:Congrès", "DTSTART;VALUE=DATE:20261125", "DTEND;VALUE=DATE:20261127"))
}

// titles lists what is known of the week of 24 November.
func titles(t testing.TB, s *Store, caller portal.Caller) (found []string, feeds []calendar.Feed) {
	t.Helper()
	feeds, err := s.Feeds(context.Background(), caller, time.Date(2026, 11, 23, 0, 0, 0, 0, paris), time.Date(2026, 11, 30, 0, 0, 0, 0, paris))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range feeds {
		for _, in := range f.Instances {
			found = append(found, in.Start.Format("2 15:04 ")+in.Title)
		}
	}
	return found, feeds
}

var week = []string{"24 09:00 Point hebdo", "24 14:00 Budget & dépenses <b>", "25 00:00 Congrès"}

func mustAdd(t testing.TB, s *Store, address string) AccountID {
	t.Helper()
	id, err := s.Add(context.Background(), claire, Draft{Name: "Nuage", URL: address, Login: "claire", Password: password}, paris)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestTheAgendaOfARealServerIsFoundFromAnyOfItsAddresses(t *testing.T) {
	base := radicale(t)
	fill(t, base)
	for _, path := range []string{"", "/", "/claire/", "/claire", "/claire/reunions/", "/.well-known/caldav"} {
		s, _ := newStore(t, nil)
		mustAdd(t, s, base+path)
		got, feeds := titles(t, s, claire)
		if !cmp.Equal(got, week) || len(feeds) != 1 || feeds[0].Name != "Nuage – Réunions" || feeds[0].State != calendar.FeedFresh {
			t.Errorf("from %q: %q in %+v, want %q", path, got, feeds, week)
		}
	}
}

func TestAChangeThereIsSeenAtTheNextReading(t *testing.T) {
	base := radicale(t)
	fill(t, base)
	s, c := newStore(t, nil)
	id := mustAdd(t, s, base)
	send(t, "DELETE", base+"/claire/reunions/b.ics", "")
	send(t, "PUT", base+"/claire/reunions/d.ics", object("d", "SUMMARY:Ajouté", "DTSTART:20261126T080000Z"))
	want := []string{"24 14:00 Budget & dépenses <b>", "25 00:00 Congrès", "26 09:00 Ajouté"}
	if got, _ := titles(t, s, claire); !cmp.Equal(got, week) {
		t.Errorf("before it is due: %q, want %q", got, week)
	}
	c.add(readEvery) // the page that asks gets what is kept, and the next one what is new
	titles(t, s, claire)
	s.wait.Wait()
	if got, _ := titles(t, s, claire); !cmp.Equal(got, want) {
		t.Errorf("after it was due: %q, want %q", got, want)
	}
	if err := s.Remove(context.Background(), claire, id); err != nil {
		t.Fatal(err)
	}
	if got, feeds := titles(t, s, claire); got != nil || feeds != nil {
		t.Errorf("removed, and %q is left", got)
	}
	for _, table := range []string{"remote_calendars", "remote_instances"} {
		var n int
		if err := s.DB.QueryRow(context.Background(), `SELECT count(*) FROM `+table+` WHERE collectivity = $1`, "bourg").Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows of %s are left, %v", n, table, err)
		}
	}
}

func TestWhatIsKnownStaysWithItsHourWhenTheServerIsGone(t *testing.T) {
	base := radicale(t)
	fill(t, base)
	proxy := newProxy(t, base)
	s, c := newStore(t, nil)
	id := mustAdd(t, s, proxy.url)
	for _, fault := range []struct {
		mode, key string
	}{{"gone", "remote.fault.unreachable"}, {"broken", "remote.fault.unreadable"}, {"refuse", "remote.fault.refused"}, {"endless", "remote.fault.large"}} {
		proxy.mode.Store(fault.mode)
		c.add(readEvery)
		titles(t, s, claire)
		s.wait.Wait()
		got, feeds := titles(t, s, claire)
		s.wait.Wait()
		if !cmp.Equal(got, week) || feeds[0].State != calendar.FeedLate || !feeds[0].At.Equal(tuesday) {
			t.Errorf("%s: %q, %v of %v", fault.mode, got, feeds[0].State, feeds[0].At)
		}
		accounts, err := s.Accounts(context.Background(), claire)
		if err != nil || accounts[0].Fault != fault.key {
			t.Errorf("%s: fault %q, want %q", fault.mode, accounts[0].Fault, fault.key)
		}
	}
	proxy.mode.Store("")
	if err := s.Refresh(context.Background(), claire, id, paris); err != nil {
		t.Fatal(err)
	}
	if _, feeds := titles(t, s, claire); feeds[0].State != calendar.FeedFresh {
		t.Errorf("back, and still %v", feeds[0].State)
	}
	c.add(2 * oldAfter)
	if _, feeds := titles(t, s, claire); feeds[0].State != calendar.FeedOld {
		t.Errorf("two hours later: %v", feeds[0].State)
	}
}

// proxy stands before a real server and fails as it is told.
type proxy struct {
	url  string
	mode atomic.Value
	hung atomic.Int32
	// before sees a request before it is handed on; true: it answered itself.
	before atomic.Pointer[func(http.ResponseWriter, *http.Request) bool]
	asked  atomic.Int32
}

func newProxy(t testing.TB, target string) *proxy {
	t.Helper()
	p := &proxy{}
	p.mode.Store("")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if before := p.before.Load(); before != nil && (*before)(w, r) {
			return
		}
		switch p.mode.Load() {
		case "gone":
			panic(http.ErrAbortHandler)
		case "hang":
			p.hung.Add(1)
			io.Copy(io.Discard, r.Body) // a server that reads no more is not told that its client left
			<-r.Context().Done()
			return
		case "broken":
			w.WriteHeader(http.StatusMultiStatus)
			fmt.Fprint(w, `<multistatus xmlns="DAV:"><response><hr`)
			return
		case "refuse":
			w.WriteHeader(http.StatusUnauthorized)
			return
		case "endless":
			w.Header().Set("Content-Type", "text/xml")
			w.WriteHeader(http.StatusMultiStatus)
			fmt.Fprint(w, `<multistatus xmlns="DAV:">`)
			for {
				if _, err := fmt.Fprint(w, strings.Repeat("<response/>", 1000)); err != nil {
					return
				}
			}
		}
		out, err := http.NewRequest(r.Method, target+r.URL.RequestURI(), r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		out.Header, out.ContentLength = r.Header, r.ContentLength // radicale reads no chunks
		resp, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		for name, values := range resp.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func TestAServerThatHangsMakesNobodyWait(t *testing.T) {
	base := radicale(t)
	fill(t, base)
	proxy := newProxy(t, base)
	s, c := newStore(t, nil)
	mustAdd(t, s, proxy.url)
	proxy.mode.Store("hang")
	c.add(readEvery)
	started := time.Now()
	for range 20 {
		if got, _ := titles(t, s, claire); !cmp.Equal(got, week) {
			t.Fatalf("%q, want %q", got, week)
		}
	}
	if took := time.Since(started); took > 20*time.Second { // each would wait 4 s for the server
		t.Errorf("20 pages took %v", took)
	}
	closing := time.Now()
	s.Close()
	if took := time.Since(closing); took > 20*time.Second { // a minute for what still waits
		t.Errorf("closing took %v", took)
	}
	if n := proxy.hung.Load(); n > 1 {
		t.Errorf("the server was asked %d times at once", n)
	}
}

func TestWhatIsAddedInOneCollectivityDoesNotExistInTheOther(t *testing.T) {
	ctx, base := context.Background(), radicale(t)
	fill(t, base)
	s, _ := newStore(t, nil)
	id := mustAdd(t, s, base)
	_, feeds := titles(t, s, claire)
	instance := feeds[0].Instances[0].Event
	for _, there := range []portal.Caller{stranger, paul, {}} {
		if got, feeds := titles(t, s, there); got != nil || feeds != nil {
			t.Errorf("%v sees %q", there, got)
		}
		_, readErr := s.Instance(ctx, there, instance, paris)
		for what, err := range map[string]error{
			"read": readErr, "refresh": s.Refresh(ctx, there, id, paris), "remove": s.Remove(ctx, there, id),
		} {
			if !errors.Is(err, portal.ErrNotFound) {
				t.Errorf("%s by %v: %v, want ErrNotFound", what, there, err)
			}
		}
	}
	if got, _ := titles(t, s, claire); !cmp.Equal(got, week) {
		t.Errorf("after all attempts %q, want %q", got, week)
	}
}

func TestThePasswordIsSealedAndGoesNowhereElse(t *testing.T) {
	base := radicale(t)
	fill(t, base)
	s, _ := newStore(t, nil)
	mustAdd(t, s, base)
	var sealed []byte
	if err := s.DB.QueryRow(context.Background(), `SELECT sealed FROM remote_accounts WHERE collectivity = $1`, "bourg").Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("passe")) {
		t.Error("the password is in clear in the store")
	}
	var leaked atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		leaked.Store(r.Header.Get("Authorization") != "")
	}))
	defer other.Close()
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	defer thief.Close()
	_, err := s.Add(context.Background(), claire, Draft{URL: thief.URL, Login: "claire", Password: password}, paris)
	if key := keyOf(err); key != "remote.fault.redirected" || leaked.Load() {
		t.Errorf("redirected elsewhere: %q, password sent: %v", key, leaked.Load())
	}
}

func keyOf(err error) string {
	var fields portal.FieldErrors
	if errors.As(err, &fields) {
		return fields[0].Key
	}
	var said portal.UserError
	errors.As(err, &said)
	return said.Key
}

func TestAddressesInsideAreRefusedWhenTheyAreDialled(t *testing.T) {
	var asked atomic.Bool
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Store(true) }))
	defer inside.Close()
	s, _ := newStore(t, func(o *Options) { o.AllowInside = false })
	port := inside.URL[strings.LastIndex(inside.URL, ":"):]
	for _, address := range []string{inside.URL, "http://localhost" + port, "https://127.0.0.1" + port, "https://[::1]" + port, "https://[::ffff:127.0.0.1]" + port, "https://0.0.0.0" + port} {
		_, err := s.Add(context.Background(), claire, Draft{URL: address, Login: "claire", Password: "x"}, paris)
		if key := keyOf(err); key != "remote.fault.inside" {
			t.Errorf("%s: %q (%v)", address, key, err)
		}
	}
	if asked.Load() {
		t.Error("a server inside was asked")
	}
}

func TestAPasswordThatOnlyOpensTheFrontDoorIsRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "REPORT" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusMultiStatus)
		fmt.Fprintf(w, `<d:multistatus xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:response><d:href>%s</d:href><d:propstat><d:prop>
			<d:resourcetype><d:collection/><c:calendar/></d:resourcetype><d:current-user-principal><d:href>/</d:href></d:current-user-principal>
			<c:calendar-home-set><d:href>/</d:href></c:calendar-home-set></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response></d:multistatus>`, r.URL.Path)
	}))
	defer server.Close()
	s, _ := newStore(t, nil)
	_, err := s.Add(context.Background(), claire, Draft{URL: server.URL, Login: "claire", Password: "x"}, paris)
	if key := keyOf(err); key != "remote.fault.refused" {
		t.Errorf("%q, %v", key, err)
	}
}

func TestAnAnswerWithoutEndElementsTakesNoMemory(t *testing.T) {
	deep := strings.Repeat("<a>", maxReport/3)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readAnswers(strings.NewReader(deep))
	runtime.ReadMemStats(&after)
	if took := (after.TotalAlloc - before.TotalAlloc) >> 20; !errors.Is(err, errTooLarge) || took > 1 {
		t.Errorf("%v after %d MB", err, took)
	}
	many := `<m xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav">` + strings.Repeat("<response><c:calendar-data>x</c:calendar-data></response>", 1000) + "</m>"
	if found, err := readAnswers(strings.NewReader(many)); err != nil || len(found) != 1000 {
		t.Errorf("%d objects side by side, %v", len(found), err)
	}
}

func TestAddressesAreReadAsPeopleTypeThem(t *testing.T) {
	for _, c := range []struct {
		typed, want string
		plain       bool
	}{
		{"nuage.example", "https://nuage.example/", false},
		{" https://nuage.example:8443/dav/ ", "https://nuage.example:8443/dav/", false},
		{"http://nuage.example/", "", true},
		{"http://127.0.0.1:8/", "", false},
		{"http://127.0.0.1:8/", "http://127.0.0.1:8/", true},
		{"ftp://nuage.example", "", true},
		{"https://claire:x@nuage.example", "", true},
		{"https://nuage.example/#x", "", true},
		{"https://nuage.example/?x=1", "", true},
		{"", "", true},
		{"https://", "", true},
		{"https://:443", "", true},
		{`https://"><b>`, "", true},
		{"https://mairie-éco.example", "https://mairie-éco.example/", false},
		{"javascript://x/%0aalert(1)", "", true},
		{"https://" + strings.Repeat("a", 600), "", true},
		{"file:///etc/passwd", "", true},
	} {
		s := &Store{Options: Options{AllowPlain: c.plain}}
		u, ok := s.address(c.typed)
		if ok != (c.want != "") || ok && u.Scheme+"://"+u.Host+u.Path != c.want {
			t.Errorf("address(%q) = %v, %v, want %q", c.typed, u, ok, c.want)
		}
	}
}

// canned is a CalDAV server whose one calendar holds these objects.
func canned(t testing.TB, objects ...string) string {
	t.Helper()
	const status = `<propstat><prop>%s</prop><status>HTTP/1.1 200 OK</status></propstat>`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		w.WriteHeader(http.StatusMultiStatus)
		fmt.Fprint(w, `<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">`)
		if r.Method == "REPORT" {
			for i, octets := range objects {
				var escaped bytes.Buffer
				escaped.WriteString("<![CDATA[" + octets + "]]>")
				fmt.Fprintf(w, `<response><href>/c/%d.ics</href>`+status+`</response>`, i, `<C:calendar-data>`+escaped.String()+`</C:calendar-data>`)
			}
		} else {
			fmt.Fprintf(w, `<response><href>/c/</href>`+status+`</response>`, `<current-user-principal><href>/c/</href></current-user-principal>`+
				`<C:calendar-home-set><href>/c/</href></C:calendar-home-set><resourcetype><collection/><C:calendar/></resourcetype><displayname>&lt;script&gt;</displayname>`)
		}
		fmt.Fprint(w, `</multistatus>`)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestOneBrokenObjectHidesNoOther(t *testing.T) {
	good := object("a", "SUMMARY:Bon", "DTSTART:20261124T130000Z", "DTEND:20261124T140000Z")
	base := canned(t, "no calendar", "", object("b", "DTSTART;TZID=X"), object("c", `SUMMARY;X="`+strings.Repeat("a", 900_000)+`":x`, "DTSTART:20261124T130000Z"),
		object("d", "DTSTART:20261124T130000Z", "RRULE:FREQ=SECONDLY"), good, object("e", "SUMMARY:Tâche"), good[:len(good)/2])
	s, _ := newStore(t, nil)
	started := time.Now()
	mustAdd(t, s, base)
	if took := time.Since(started); took > time.Minute { // expanded, they would take hours
		t.Errorf("hostile objects took %v", took)
	}
	if got, _ := titles(t, s, claire); !cmp.Equal(got, []string{"24 14:00 Bon"}) {
		t.Errorf("%q", got)
	}
	accounts, err := s.Accounts(context.Background(), claire)
	if err != nil || accounts[0].Skipped < 5 {
		t.Errorf("skipped %+v, %v", accounts, err)
	}
}

func TestAnEndlessSeriesIsKeptWithinBounds(t *testing.T) {
	var objects []string
	for i := range 40 {
		objects = append(objects, object(fmt.Sprint(i), "SUMMARY:Chaque jour", "DTSTART:20200101T080000Z", "RRULE:FREQ=DAILY"))
	}
	s, _ := newStore(t, nil)
	mustAdd(t, s, canned(t, objects...))
	var n int
	if err := s.DB.QueryRow(context.Background(), `SELECT count(*) FROM remote_instances WHERE collectivity = $1`, "bourg").Scan(&n); err != nil || n != maxInstances {
		t.Errorf("%d instances are kept, want %d, %v", n, maxInstances, err)
	}
}

// identity signs claire in.
type identity struct{}

func (identity) Identify(r *http.Request) (*web.Identity, error) {
	caller := claire
	if r.Header.Get("X-Who") == "stranger" {
		caller = stranger
	}
	return &web.Identity{
		Caller: caller, PersonName: "Claire Martin",
		Collectivity: web.Collectivity{ID: caller.Collectivity, Name: "Bourg-sur-Loire", Language: i18n.French, Zone: paris},
	}, nil
}

// newRouter mounts the agenda's pages and ours.
func newRouter(t testing.TB, s *Store) (*web.Router, *i18n.Catalogue) {
	t.Helper()
	catalogue, err := i18n.Load(web.Locales, themes.Locales, calendar.Locales, Locales)
	if err != nil {
		t.Fatal(err)
	}
	assets, err := themes.NewAssets()
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.NewRenderer(catalogue, assets.URL, nil, calendar.Templates, Templates)
	if err != nil {
		t.Fatal(err)
	}
	router, err := web.NewRouter(web.Config{Identifier: identity{}, Renderer: renderer, Catalogue: catalogue, Log: slog.New(slog.DiscardHandler), Now: s.Now})
	if err != nil {
		t.Fatal(err)
	}
	router.Mount(calendar.NewHandler(calendar.NewStore(s.DB), nil, renderer, s).Routes()...)
	router.Mount(NewHandler(s, calendar.NewStore(s.DB), renderer).Routes()...)
	return router, catalogue
}

// newPages asks for pages one by one.
func newPages(t testing.TB, s *Store) (func(method, target string, form url.Values) (int, string), *i18n.Catalogue) {
	t.Helper()
	router, catalogue := newRouter(t, s)
	return func(method, target string, form url.Values) (int, string) {
		r := httptest.NewRequest(method, "http://parvis.test"+target, strings.NewReader(form.Encode()))
		if method == "POST" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Sec-Fetch-Site", "same-origin")
		}
		r.Header.Set("X-Who", form.Get("who"))
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}, catalogue
}

func TestTheAgendaShowsWhatIsKeptElsewhere(t *testing.T) {
	base := radicale(t)
	fill(t, base)
	proxy := newProxy(t, base)
	s, c := newStore(t, nil)
	do, catalogue := newPages(t, s)
	form := url.Values{"url": {proxy.url}, "login": {"claire"}, "password": {password}, "name": {"Nuage"}}
	if status, page := do("POST", "/calendar/remote", form); status != http.StatusSeeOther {
		t.Fatalf("add: %d\n%s", status, page)
	}
	for _, view := range []string{"day", "week", "month", "list"} {
		_, page := do("GET", "/calendar?date=2026-11-24&view="+view, nil)
		wants(t, page, "Budget &amp; dépenses &lt;b&gt;", "Nuage – Réunions", eventPath)
	}
	_, page := do("GET", "/calendar?view=list&cal=claire", nil)
	if strings.Contains(page, "Budget") {
		t.Error("a hidden calendar is shown")
	}
	_, page = do("GET", "/calendar?view=day", nil)
	_, link, _ := strings.Cut(page, eventPath)
	link, _, _ = strings.Cut(link, `"`)
	status, event := do("GET", eventPath+link, nil)
	if status != http.StatusOK {
		t.Fatalf("event: %d", status)
	}
	wants(t, event, "mardi 24\u00a0novembre", "Nuage, Réunions", "Ce que vous modifiez ici est écrit là-bas")
	if status, _ := do("GET", eventPath+link, url.Values{"who": {"stranger"}}); status != http.StatusNotFound {
		t.Errorf("the event to a stranger: %d", status)
	}
	write(t, "remote-event.html", event)
	list := func() string { _, page := do("GET", "/calendar/remote", nil); return page }
	wants(t, list(), "Nuage", "Lu aujourd’hui, 9\u00a0h\u00a035")

	proxy.mode.Store("gone")
	c.add(readEvery)
	do("GET", "/calendar", nil)
	s.wait.Wait()
	_, page = do("GET", "/calendar", nil)
	s.wait.Wait()
	write(t, "late.html", page)
	wants(t, page, "Nuage – Réunions\u00a0» non joint depuis 9\u00a0h\u00a035", "Point hebdo")
	wants(t, list(), "Ce serveur ne répond pas", "Dernière lecture réussie")
	write(t, "remote.html", list())

	widget := calendar.NewWidget(calendar.NewStore(s.DB), s)
	content, err := widget.Load(context.Background(), widgets.Request{Caller: claire, Printer: catalogue.Printer(i18n.French), Now: tuesday})
	if err != nil || len(content.Items) == 0 || content.Items[0].Title != "Point hebdo" || !strings.Contains(content.Notice.Text, "non joint depuis") {
		t.Errorf("the box shows %+v, %v", content, err)
	}
	id := between(list(), "/calendar/remote/", "/refresh")
	if status, _ := do("POST", "/calendar/remote/"+id+"/remove", url.Values{"who": {"stranger"}}); status != http.StatusNotFound {
		t.Errorf("removed by a stranger: %d", status)
	}
	if status, _ := do("POST", "/calendar/remote/"+id+"/refresh", nil); status != http.StatusSeeOther {
		t.Errorf("read again: %d", status)
	}
	if status, _ := do("POST", "/calendar/remote/"+id+"/remove", nil); status != http.StatusSeeOther {
		t.Errorf("remove: %d", status)
	}
	wants(t, list(), "Aucun compte relié.")
}

func between(text, before, after string) string {
	for part := range strings.SplitSeq(text, before) {
		if found, _, ok := strings.Cut(part, after); ok && !strings.ContainsAny(found, `"<`) {
			return found
		}
	}
	return ""
}

func TestARefusedAccountKeepsItsValuesButThePassword(t *testing.T) {
	base := radicale(t)
	fill(t, base)
	s, _ := newStore(t, nil)
	do, _ := newPages(t, s)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	html := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!doctype html>Bonjour") }))
	defer html.Close()
	unknown := httptest.NewUnstartedServer(http.NotFoundHandler())
	unknown.Config.ErrorLog = log.New(io.Discard, "", 0)
	unknown.StartTLS()
	defer unknown.Close()
	for _, c := range []struct {
		change url.Values
		want   []string
	}{
		{url.Values{"password": {"faux mot"}}, []string{"Ce serveur refuse", `href="#password"`}},
		{url.Values{"url": {"http://nuage.example"}}, []string{"commence par https://", `href="#url"`}},
		{url.Values{"login": {" "}}, []string{`href="#login"`}},
		{url.Values{"password": {""}}, []string{`href="#password"`}},
		{url.Values{"url": {"http://" + closed.Addr().String()}}, []string{"Ce serveur ne répond pas", `href="#url"`}},
		{url.Values{"url": {html.URL}}, []string{"ne répond pas comme un serveur d’agendas"}},
		{url.Values{"url": {unknown.URL}}, []string{"Le certificat de ce serveur"}},
		{url.Values{"url": {`"><script>alert(1)</script>`}}, []string{`href="#url"`, "&lt;script&gt;"}},
	} {
		form := url.Values{"url": {base}, "login": {"claire"}, "password": {password}, "name": {"Mon nuage"}}
		for name, values := range c.change {
			form[name] = values
		}
		status, page := do("POST", "/calendar/remote", form)
		if status != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d, want 422", c.change, status)
		}
		write(t, "remote-refused.html", page)
		wants(t, fmt.Sprint(c.change, page), append(c.want, `value="Mon nuage"`, `class="summary"`)...)
		for _, secret := range []string{password, "faux mot", base64.StdEncoding.EncodeToString([]byte("claire:" + password)), "<script>alert", "⟦"} {
			if strings.Contains(page, secret) {
				t.Errorf("%v: the page holds %q", c.change, secret)
			}
		}
	}
	accounts, err := s.Accounts(context.Background(), claire)
	if err != nil || len(accounts) != 0 {
		t.Errorf("refused, and kept: %v, %v", accounts, err)
	}
}

func TestEverySentenceOfThePagesIsWritten(t *testing.T) {
	s, _ := newStore(t, nil)
	_, catalogue := newPages(t, s)
	missing, err := catalogue.Missing(Templates)
	if err != nil || len(missing) > 0 {
		t.Errorf("missing %q, %v", missing, err)
	}
	for _, key := range []string{"unreachable", "refused", "certificate", "inside", "large", "redirected", "empty", "unreadable"} {
		if !catalogue.Has("remote.fault." + key) {
			t.Errorf("no sentence for the fault %s", key)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte(`<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><response><C:calendar-data>BEGIN:VCALENDAR</C:calendar-data></response></multistatus>`))
	f.Add([]byte(`<multistatus xmlns="DAV:"><response><href>/c/%C3%A9.ics?x</href><propstat><prop><current-user-privilege-set><privilege><write/></privilege></current-user-privilege-set></prop></propstat></response></multistatus>`))
	f.Add([]byte(`<a><![CDATA[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		answers, err := readAnswers(bytes.NewReader(body))
		if err != nil {
			return
		}
		var r reading
		for _, one := range answers {
			mayWrite(one.privileges)
			found, _ := r.expand("/c/", one, tuesday, tuesday.AddDate(0, 1, 0), paris)
			for _, in := range found {
				if _, err := at("https://nuage.example/", in.Name); err != nil {
					t.Errorf("no address of %q: %v", in.Name, err)
				}
			}
		}
	})
}

func wants(t testing.TB, page string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %q: %.100s", text, page)
		}
	}
}

func write(t testing.TB, name, page string) {
	t.Helper()
	if dir := os.Getenv("PARVIS_SAMPLES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestThePagesAreValidHTML(t *testing.T) {
	validator := servers.HTMLValidator(t)
	s, _ := newStore(t, nil)
	do, _ := newPages(t, s)
	_, empty := do("GET", "/calendar/remote", nil)
	_, refused := do("POST", "/calendar/remote", url.Values{"url": {"ftp://x"}})
	id := mustAdd(t, s, canned(t, object("a", "SUMMARY:Bon", "DESCRIPTION:Un\\n\\nDeux", "DTSTART:20261124T130000Z"), "broken"))
	if err := s.keepFault(context.Background(), claire, id, "remote.fault.unreachable"); err != nil {
		t.Fatal(err)
	}
	_, list := do("GET", "/calendar/remote", nil)
	_, feeds := titles(t, s, claire)
	_, event := do("GET", eventPath+string(feeds[0].Instances[0].Event), nil)
	for name, page := range map[string]string{"empty": empty, "refused": refused, "list": list, "event": event} {
		faults, err := validator.Check(context.Background(), []byte(page))
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faults {
			t.Errorf("%s: %s", name, fault)
		}
	}
}
