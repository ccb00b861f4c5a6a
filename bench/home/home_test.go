// Package home measures the home page as an agent's browser meets it: a warm
// page of twelve boxes, over loopback HTTP, from a process of its own, against
// a bare net/http handler that writes the same octets.
//
//	go test ./bench/home -run '^$' -bench . -benchtime 5s
package home

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parvis/portal"
	"parvis/widgets"
	"parvis/widgets/widgetstest"
)

// fixed is a widget whose content costs nothing to load, so that the page is
// what is measured.
type fixed struct{ manifest widgets.Manifest }

func (f fixed) Manifest() widgets.Manifest { return f.manifest }

func (f fixed) Load(_ context.Context, request widgets.Request) (widgets.Content, error) {
	content := widgets.Content{
		Badge: widgets.Badge{Count: 5, Label: "non lus"},
		Links: []widgets.Link{{Text: "Toutes les demandes de la semaine", URL: "/todo"}},
	}
	for i := range 10 {
		content.Items = append(content.Items, widgets.Item{
			Title:  fmt.Sprintf("Fermeture du pont de la Varenne, %d, %s %s", i, f.manifest.ID, request.Caller.Agent),
			Detail: "Déviation par la rue du Port ; passage piéton maintenu. Tournée de ramassage modifiée.",
			Link:   fmt.Sprintf("/news/k3v9m2p7q4r8s6%02d", i), Time: request.Now, Unread: i%3 == 0,
		})
	}
	return content, nil
}

// twelve boxes, as an agent of a town has: some her own, some shared.
func twelve() []widgets.Widget {
	scopes := []widgets.Scope{widgets.ScopeAgent, widgets.ScopeCollectivity, widgets.ScopeAudience}
	var all []widgets.Widget
	for i := range 12 {
		all = append(all, fixed{widgets.Manifest{
			ID: "box-" + strconv.Itoa(i), Title: "widgets.title", Help: "widgets.title",
			Icon: "news", Sizes: []widgets.Size{[]widgets.Size{widgets.Small, widgets.Medium, widgets.Large}[i%3]},
			Link: "/news", LinkText: "widgets.all-apps", SettingsVersion: 1, Scope: scopes[i%3],
			Fresh: time.Hour, Stale: time.Hour, Deadline: time.Second,
		}})
	}
	return all
}

type apps struct{}

func (apps) Pinned(context.Context, portal.Caller) ([]widgets.App, error) {
	return []widgets.App{
		{Name: "État civil", URL: "https://etat-civil.example/", Icon: "people"},
		{Name: "Finances", URL: "https://finances.example/", Icon: "money"},
	}, nil
}

// agentsEach is how many agents a collectivity has.
const agentsEach = 20

// open makes a pool of so many collectivities in the store, each with twenty
// agents of whom a quarter arranged their page.
func open(t testing.TB, collectivities int) *widgetstest.World {
	w := widgetstest.New(t, widgets.Config{Widgets: twelve(), Pins: apps{}})
	ctx := context.Background()
	for c := range collectivities {
		id := portal.CollectivityID("c" + strconv.Itoa(c))
		if _, err := w.DB.Exec(ctx, `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, id); err != nil {
			t.Fatal(err)
		}
		for a := range agentsEach {
			name := w.Agent(nameOf(c, a), id)
			if a%4 > 0 {
				continue
			}
			if _, err := w.DB.Exec(ctx, `INSERT INTO home_choices (collectivity, agent, choices, previous, changed) VALUES ($1, $2, $3, '{}', 0)`,
				id, name, `{"order":["box-7","box-2","box-0"],"sizes":{"box-1":"l"},"known":["box-0","box-1","box-2"]}`); err != nil {
				t.Fatal(err)
			}
		}
	}
	return w
}

func nameOf(collectivity, agent int) string { return fmt.Sprintf("agent-%d-%d", collectivity, agent) }

// TestServer serves the measured pages, and is what the benchmarks start in a
// process of its own. Run as a test, it holds that the two servers answer the
// same octets.
func TestServer(t *testing.T) {
	collectivities := 3
	measured := os.Getenv("PARVIS_BENCH_COLLECTIVITIES")
	if measured != "" {
		var err error
		if collectivities, err = strconv.Atoi(measured); err != nil {
			t.Fatal(err)
		}
	}
	w := open(t, collectivities)
	portal := serve(t, w.Router)
	page := fetch(t, portal, nameOf(0, 0), "gzip", "")
	plain := fetch(t, portal, nameOf(0, 0), "identity", "")
	bare := serve(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body := plain.body
		if r.Header.Get("Accept-Encoding") == "gzip" {
			body = page.body
			rw.Header().Set("Content-Encoding", "gzip")
		}
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.Header().Set("Content-Length", strconv.Itoa(len(body)))
		rw.Write(body)
	}))
	for _, coding := range []string{"gzip", "identity"} {
		if got, want := fetch(t, bare, nameOf(0, 0), coding, "").body, fetch(t, portal, nameOf(0, 0), coding, "").body; !bytes.Equal(got, want) {
			t.Errorf("%s: the bare handler and the portal answer %d and %d octets, want the same", coding, len(got), len(want))
		}
	}
	if got := strings.Count(string(plain.body), "<section"); got != 12 {
		t.Errorf("%d boxes, want 12", got)
	}
	if got := fetch(t, portal, nameOf(0, 0), "gzip", page.etag).status; got != http.StatusNotModified {
		t.Errorf("with the page's ETag: %d, want 304", got)
	}
	if measured != "" {
		fmt.Printf("READY %s %s %d %d\n", portal, bare, len(plain.body), len(page.body))
		io.Copy(io.Discard, os.Stdin) // until the benchmark ends
	}
}

func serve(t testing.TB, handler http.Handler) (address string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return listener.Addr().String()
}

// answer is what a request brought.
type answer struct {
	status int
	etag   string
	body   []byte
}

func fetch(t testing.TB, address, who, coding, etag string) answer {
	t.Helper()
	c := dial(t, address)
	defer c.conn.Close()
	got, err := c.send(request(address, who, coding, etag), true)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// request is the octets of a browser's request.
func request(address, who, coding, etag string) []byte {
	text := "GET / HTTP/1.1\r\nHost: " + address + "\r\nCookie: who=" + who + "\r\nAccept-Encoding: " + coding +
		"\r\nAccept: text/html\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Dest: document\r\n"
	if etag != "" {
		text += "If-None-Match: " + etag + "\r\n"
	}
	return []byte(text + "\r\n")
}

// client is a connection that costs little, so that the server is measured.
type client struct {
	conn   net.Conn
	reader *bufio.Reader
}

func dial(t testing.TB, address string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return &client{conn, bufio.NewReaderSize(conn, 64<<10)}
}

func (c *client) send(request []byte, keep bool) (got answer, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return got, err
	}
	length := 0
	for first := true; ; first = false {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return got, err
		}
		switch {
		case first:
			if got.status, err = strconv.Atoi(string(line[9:12])); err != nil {
				return got, err
			}
		case len(line) <= 2:
			return c.take(got, length, keep)
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			if length, err = strconv.Atoi(strings.TrimSpace(string(line[16:]))); err != nil {
				return got, err
			}
		case keep && bytes.HasPrefix(line, []byte("Etag: ")):
			got.etag = strings.TrimSpace(string(line[6:]))
		}
	}
}

func (c *client) take(got answer, length int, keep bool) (answer, error) {
	if !keep {
		_, err := c.reader.Discard(length)
		return got, err
	}
	got.body = make([]byte, length)
	_, err := io.ReadFull(c.reader, got.body)
	return got, err
}

// process is a server in a process of its own.
type process struct {
	pid           int
	portal, bare  string
	plain, packed int // octets of a page
}

func start(b *testing.B, collectivities int) process {
	b.Helper()
	command := exec.Command(os.Args[0], "-test.run", "^TestServer$", "-test.timeout", "0")
	command.Env = append(os.Environ(), "PARVIS_BENCH_COLLECTIVITIES="+strconv.Itoa(collectivities))
	stdin, err := command.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { stdin.Close(); command.Wait() })
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		p := process{pid: command.Process.Pid}
		if n, _ := fmt.Sscanf(lines.Text(), "READY %s %s %d %d", &p.portal, &p.bare, &p.plain, &p.packed); n == 4 {
			go io.Copy(io.Discard, stdout)
			return p
		}
	}
	b.Fatal("the server did not start")
	return process{}
}

// cpu is the processor time of the server until now, from proc(5); the kernel
// counts in hundredths of a second.
func (p process) cpu(b *testing.B) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		b.Fatal(err1, err2)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// run sends b.N requests on two connections and returns the server's
// processor time and the time that passed, a request.
func (p process) run(b *testing.B, n, status int, address string, requests [][]byte) (cpu, wall time.Duration) {
	b.Helper()
	warm(b, status, address, requests)
	began, before := time.Now(), p.cpu(b)
	var sent atomic.Int64
	done := make(chan error, 2)
	for range 2 {
		go func() {
			c := dial(b, address)
			defer c.conn.Close()
			for sent.Add(1) <= int64(n) {
				if _, err := c.send(requests[rand.IntN(len(requests))], false); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	return (p.cpu(b) - before) / time.Duration(n), time.Since(began) / time.Duration(n)
}

// warm sends each request once.
func warm(b *testing.B, status int, address string, requests [][]byte) {
	b.Helper()
	c := dial(b, address)
	defer c.conn.Close()
	for _, request := range requests {
		if got, err := c.send(request, false); err != nil || got.status != status {
			b.Fatalf("status %d, want %d: %v", got.status, status, err)
		}
	}
}

// active are the requests of sixty agents, whatever the size of the pool: as
// many people look at their page at once.
func active(address string, collectivities int, coding string) [][]byte {
	var requests [][]byte
	for i := range 60 {
		c := i % collectivities
		if collectivities > 60 {
			c = i * (collectivities / 60)
		}
		requests = append(requests, request(address, nameOf(c, i%agentsEach), coding, ""))
	}
	return requests
}

// BenchmarkHome is the cost of a warm page. It fails over the budget of 150 µs
// of processor time.
func BenchmarkHome(b *testing.B) {
	for _, collectivities := range []int{3, 1000} {
		p := start(b, collectivities)
		for _, coding := range []string{"gzip", "identity"} {
			b.Run(fmt.Sprintf("collectivities=%d/%s", collectivities, coding), func(b *testing.B) {
				cpu, wall := p.run(b, b.N, http.StatusOK, p.portal, active(p.portal, collectivities, coding))
				report(b, cpu, wall)
				if b.N >= 10_000 && cpu > 150*time.Microsecond {
					b.Errorf("%v of processor time a page, want at most 150 µs", cpu)
				}
			})
		}
		b.Run(fmt.Sprintf("collectivities=%d/not-modified", collectivities), func(b *testing.B) {
			etag := fetch(b, p.portal, nameOf(0, 0), "gzip", "").etag
			cpu, wall := p.run(b, b.N, http.StatusNotModified, p.portal, [][]byte{request(p.portal, nameOf(0, 0), "gzip", etag)})
			report(b, cpu, wall)
		})
	}
}

// BenchmarkScale runs a pool of 1,000 collectivities and one of 3 in turns in
// the same seconds, and fails when a page of the large one costs over 10 %
// more.
func BenchmarkScale(b *testing.B) {
	small, large := start(b, 3), start(b, 1000)
	b.Run("3-and-1000", func(b *testing.B) {
		var cheap, dear time.Duration
		const turns = 20
		n := max(1, b.N/turns)
		for range turns {
			cpu, _ := small.run(b, n, http.StatusOK, small.portal, active(small.portal, 3, "gzip"))
			cheap += cpu
			cpu, _ = large.run(b, n, http.StatusOK, large.portal, active(large.portal, 1000, "gzip"))
			dear += cpu
		}
		b.ReportMetric(float64(cheap.Microseconds())/turns, "cpu-µs/of-3")
		b.ReportMetric(float64(dear.Microseconds())/turns, "cpu-µs/of-1000")
		// Under this many pages the hundredths of a second weigh too much.
		if ratio := float64(dear) / float64(cheap); b.N >= 100_000 && ratio > 1.1 {
			b.Errorf("a page of 1,000 collectivities costs %.0f %% of one of 3, want at most 110 %%", 100*ratio)
		}
	})
}

// BenchmarkManyAgents is the cost of a page when the 2,000 agents of a hundred
// collectivities look at theirs in no order, as on a working morning.
func BenchmarkManyAgents(b *testing.B) {
	const collectivities = 1000
	p := start(b, collectivities)
	var requests [][]byte
	for c := range 100 {
		for a := range agentsEach {
			requests = append(requests, request(p.portal, nameOf(c, a), "gzip", ""))
		}
	}
	warm(b, http.StatusOK, p.portal, requests)
	b.Run("2000-agents", func(b *testing.B) {
		cpu, wall := p.run(b, b.N, http.StatusOK, p.portal, requests)
		report(b, cpu, wall)
	})
}

// BenchmarkAgainstBare runs the portal and the bare handler in turns in the
// same seconds, and fails under 30 % of the bare one's throughput.
func BenchmarkAgainstBare(b *testing.B) {
	p := start(b, 3)
	for _, coding := range []string{"gzip", "identity"} {
		b.Run(coding, func(b *testing.B) {
			var portal, bare, portalCPU, bareCPU time.Duration
			turns := 10
			n := max(1, b.N/turns)
			for range turns {
				cpu, wall := p.run(b, n, http.StatusOK, p.bare, active(p.bare, 3, coding))
				bare, bareCPU = bare+wall, bareCPU+cpu
				cpu, wall = p.run(b, n, http.StatusOK, p.portal, active(p.portal, 3, coding))
				portal, portalCPU = portal+wall, portalCPU+cpu
			}
			ratio := float64(bare) / float64(portal)
			b.ReportMetric(100*ratio, "%-of-bare")
			b.ReportMetric(float64(portalCPU.Microseconds())/float64(turns), "cpu-µs/page")
			b.ReportMetric(float64(bareCPU.Microseconds())/float64(turns), "cpu-µs/bare")
			size := p.plain
			if coding == "gzip" {
				size = p.packed
			}
			b.ReportMetric(float64(size), "octets")
			if b.N >= 10_000 && ratio < .3 {
				b.Errorf("%.0f %% of the bare handler's throughput, want at least 30 %%", 100*ratio)
			}
		})
	}
}

func report(b *testing.B, cpu, wall time.Duration) {
	b.ReportMetric(float64(cpu.Nanoseconds())/1000, "cpu-µs/page")
	b.ReportMetric(float64(time.Second)/float64(wall), "pages/s")
}

// sink is a ResponseWriter that keeps nothing.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

// BenchmarkHandler is the cost of the router and the page alone, without a
// connection.
func BenchmarkHandler(b *testing.B) {
	w := open(b, 3)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Cookie", "who="+nameOf(0, 0))
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	s := &sink{http.Header{}}
	w.Router.ServeHTTP(s, r)
	b.ReportAllocs()
	for b.Loop() {
		clear(s.h)
		w.Router.ServeHTTP(s, r)
	}
}
