// Package signon measures a whole Parvis in a process of its own, over HTTP on
// loopback: single sign-on beside LemonLDAP::NG, the peer that French
// administrations know, and a Monday morning. What is counted is the processor time
// of the servers' own processes.
//
//	make bench-sso
package signon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"parvis/e2e/servers"
	"parvis/server/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

const (
	casService = "https://finances.bourg.example/app"
	callback   = "https://app.bourg.example/callback"
	protected  = "https://gestion.bourg.example/dossiers?id=4"
)

// subject is a server under measure.
type subject interface {
	// processes are those that serve.
	processes() []int
	// signIn opens a session with a login and a password.
	signIn(b *testing.B, person servers.Person) *http.Cookie
	// address is where the server answers something.
	address(of string) string
	// client are the identifier and the secret of the OpenID application.
	client() (id, secret string)
	// forward is the request by which nginx asks about a page.
	forward(b *testing.B, session *http.Cookie) *http.Request
}

// browser follows nothing and keeps nothing. Every name is this machine's.
var browser = &http.Client{
	Timeout: 20 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 64, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
	}},
	CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	},
}

// do sends a request and returns its answer, whose status must be one of wanted.
func do(b *testing.B, request *http.Request, wanted ...int) (*http.Response, string) {
	b.Helper()
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	request.Header.Set("Accept", "text/html,*/*")
	response, err := browser.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	for _, status := range wanted {
		if response.StatusCode == status {
			return response, string(body)
		}
	}
	b.Fatalf("%s %s = %s, want %v\n%.600s", request.Method, request.URL, response.Status, wanted, body)
	return nil, ""
}

func get(address string, cookies ...*http.Cookie) *http.Request {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		panic(err)
	}
	for _, cookie := range cookies {
		request.AddCookie(cookie)
	}
	return request
}

func post(address string, form url.Values, cookies ...*http.Cookie) *http.Request {
	request, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, cookie := range cookies {
		request.AddCookie(cookie)
	}
	return request
}

func cookieOf(b *testing.B, response *http.Response, name string) *http.Cookie {
	b.Helper()
	for _, cookie := range response.Cookies() {
		if strings.HasSuffix(cookie.Name, name) && cookie.Value != "" {
			return cookie
		}
	}
	b.Fatalf("no cookie %s in %v", name, response.Header)
	return nil
}

// ticks is a hundredth of a second of processor time, the unit of /proc.
const ticks = 10 * time.Millisecond

// spent is the processor time of processes, with that of the children they waited
// for.
func spent(b *testing.B, processes []int) (all time.Duration) {
	b.Helper()
	for _, pid := range processes {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if errors.Is(err, os.ErrNotExist) {
			continue // a worker that had served enough
		}
		if err != nil {
			b.Fatal(err)
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		for _, field := range fields[11:15] { // utime, stime, cutime, cstime
			count, err := strconv.Atoi(field)
			if err != nil {
				b.Fatal(err)
			}
			all += time.Duration(count) * ticks
		}
	}
	return all
}

// memory is the memory of processes in bytes, what they share divided among them.
func memory(b *testing.B, processes []int) (all int) {
	b.Helper()
	for _, pid := range processes {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		if err != nil {
			b.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if rest, found := strings.CutPrefix(line, "Pss:"); found {
				count, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
				if err != nil {
					b.Fatal(err)
				}
				all += count << 10
			}
		}
	}
	return all
}

// anybody is a person after another: Parvis lets nobody try more than a few
// passwords of one person at once.
func anybody() servers.Person {
	all := slices.DeleteFunc(servers.People(), func(person servers.Person) bool {
		return person.Mail == "accueil@bourg.example" // names two, and so nobody
	})
	return all[turns.Add(1)%int64(len(all))]
}

var turns atomic.Int64

// operations are what is measured.
var operations = []struct {
	name string
	run  func(b *testing.B, s subject, person servers.Person, session *http.Cookie)
}{
	{"SignIn", func(b *testing.B, s subject, _ servers.Person, _ *http.Cookie) { s.signIn(b, anybody()) }},
	{"Portal", func(b *testing.B, s subject, _ servers.Person, session *http.Cookie) {
		do(b, get(s.address("portal"), session), http.StatusOK)
	}},
	{"CAS", func(b *testing.B, s subject, person servers.Person, session *http.Cookie) {
		response, _ := do(b, get(s.address("cas")+"/login?service="+url.QueryEscape(casService), session), http.StatusFound, http.StatusSeeOther)
		_, ticket, _ := strings.Cut(response.Header.Get("Location"), "ticket=")
		query := url.Values{"service": {casService}, "ticket": {ticket}}
		_, body := do(b, get(s.address("cas")+"/p3/serviceValidate?"+query.Encode()), http.StatusOK)
		if !strings.Contains(body, "<cas:user>") {
			b.Fatal(body)
		}
	}},
	{"OpenID", func(b *testing.B, s subject, _ servers.Person, session *http.Cookie) {
		id, secret := s.client()
		query := url.Values{"client_id": {id}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid profile email"}, "state": {"s"}, "nonce": {"n"}}
		response, _ := do(b, get(s.address("authorize")+"?"+query.Encode(), session), http.StatusFound, http.StatusSeeOther)
		back, err := response.Location()
		if err != nil {
			b.Fatal(err)
		}
		exchange := post(s.address("token"), url.Values{"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "redirect_uri": {callback}})
		exchange.SetBasicAuth(id, secret)
		_, body := do(b, exchange, http.StatusOK)
		var tokens struct {
			Access string `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(body), &tokens); err != nil {
			b.Fatal(err)
		}
		asking := get(s.address("userinfo"))
		asking.Header.Set("Authorization", "Bearer "+tokens.Access)
		if _, body = do(b, asking, http.StatusOK); !strings.Contains(body, "@bourg.example") {
			b.Fatal(body)
		}
	}},
	{"ForwardAuth", func(b *testing.B, s subject, _ servers.Person, session *http.Cookie) {
		do(b, s.forward(b, session), http.StatusOK)
	}},
}

// BenchmarkBeside is one line an operation and a server: the same directory and the
// same requests, eight at once, one server after the other in the same minutes.
// LemonLDAP's figure includes the nginx that it needs in front. Where it can choose
// it is spared: no token in its form, no captcha, no consent, no history.
func BenchmarkBeside(b *testing.B) {
	directory := servers.LDAP(b)
	for _, server := range []struct {
		name string
		open func(*testing.B, *servers.Directory) subject
	}{{"Parvis", openParvis}, {"LemonLDAP", openLemon}} {
		s := server.open(b, directory)
		person := servers.People()[0]
		session := s.signIn(b, person)
		for _, operation := range operations {
			b.Run(operation.name+"/"+server.name, func(b *testing.B) {
				for range 20 { // every worker has loaded what it needs
					operation.run(b, s, person, session)
				}
				before := spent(b, s.processes())
				b.ResetTimer()
				b.SetParallelism(4) // of each of two processors
				b.RunParallel(func(loop *testing.PB) {
					for loop.Next() {
						operation.run(b, s, person, session)
					}
				})
				b.StopTimer()
				each := float64((spent(b, s.processes()) - before).Microseconds()) / float64(b.N)
				b.ReportMetric(each, "server-cpu-µs/op")
				b.ReportMetric(float64(memory(b, s.processes()))/(1<<20), "MiB")
			})
		}
	}
}

// deadline bounds what a server may take to answer at first.
func deadline(b *testing.B, ready func() error) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 30*time.Second)
	defer cancel()
	for {
		err := ready()
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			b.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
