package cas_test

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// catalogue is what the tests register.
type catalogue struct {
	mu   sync.Mutex
	all  []sso.Application
	deny map[portal.AgentID]bool
}

func (c *catalogue) add(t testing.TB, collectivity portal.CollectivityID, id string, addresses ...string) {
	t.Helper()
	one := sso.Application{Collectivity: collectivity, ID: id, Name: strings.ToUpper(id), Kind: sso.KindCAS}
	for _, text := range addresses {
		address, err := sso.ParseAddress(text)
		if err != nil {
			t.Fatal(err)
		}
		one.Addresses = append(one.Addresses, address)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, one)
}

// change changes an application.
func (c *catalogue) change(id string, with func(*sso.Application)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.all {
		if c.all[i].ID == id {
			with(&c.all[i])
		}
	}
}

func (c *catalogue) remove(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = slices.DeleteFunc(c.all, func(one sso.Application) bool { return one.ID == id })
}

func (c *catalogue) At(_ context.Context, kind sso.ApplicationKind, address sso.Address) (found []sso.Application, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.all {
		if one.Kind == kind && slices.ContainsFunc(one.Addresses, func(a sso.Address) bool { return a.Covers(address) }) {
			found = append(found, one)
		}
	}
	slices.SortFunc(found, func(a, b sso.Application) int {
		return strings.Compare(string(a.Collectivity)+" "+a.ID, string(b.Collectivity)+" "+b.ID)
	})
	return found, nil
}

func (c *catalogue) Application(_ context.Context, kind sso.ApplicationKind, collectivity portal.CollectivityID, id string) (sso.Application, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range c.all {
		if one.Kind == kind && one.Collectivity == collectivity && one.ID == id {
			return one, nil
		}
	}
	return sso.Application{}, portal.ErrNotFound
}

func (c *catalogue) Admit(_ context.Context, caller portal.Caller, one sso.Application) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.deny[caller.Agent] {
		return portal.UserError{Kind: portal.ErrDenied, Key: "cas.error.factor", Args: []any{"name", one.Name}}
	}
	return nil
}

func (c *catalogue) Release(_ context.Context, caller portal.Caller, _ sso.Application) (sso.Release, error) {
	return sso.Release{User: string(caller.Collectivity) + "/" + string(caller.Account), Attributes: []sso.Attribute{
		{Name: "mail", Values: []string{"éloïse&<co>@bourg.example"}},
		{Name: "memberOf", Values: []string{"Élus", "Accueil"}},
		{Name: "urn:oid:2.5.4.4", Values: []string{"Le Goff"}},
		{Name: "isFromNewLogin", Values: []string{"lie"}},
	}}, nil
}

// portalWith is a portal whose catalogue is the test's: finances and archives are
// of bourg, each at an address of its own.
func portalWith(t testing.TB) (*servertest.Portal, *catalogue) {
	t.Helper()
	c := &catalogue{deny: map[portal.AgentID]bool{}}
	c.add(t, "bourg", "finances", finances)
	c.add(t, "bourg", "archives", "https://archives.bourg.example/")
	c.add(t, "agglo", "transport", "https://transport.agglo.example/")
	c.add(t, "syndicat", "eau", "https://eau.syndicat.example/")
	p := servertest.NewWith(t, func(c *servertest.Config) { c.Applications.AllowInside = true },
		func(o *servertest.Options) { o.Applications = c })
	return p, c
}

const finances = "https://finances.bourg.example/app"

const agent = "agent@bourg.example"

// query writes pairs of parameters.
func query(pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

// ticketOf asks for a ticket and takes it out of the redirection.
func ticketOf(t testing.TB, client *servertest.Client, service string, pairs ...string) string {
	t.Helper()
	answer := client.Get("/cas/login?"+query(append([]string{"service", service}, pairs...)...)).Want(t, http.StatusFound)
	return ticketIn(t, answer)
}

func ticketIn(t testing.TB, answer servertest.Answer) string {
	t.Helper()
	to, err := url.Parse(answer.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	found := to.Query().Get("ticket")
	if found == "" {
		t.Fatalf("no ticket in %q", to)
	}
	return found
}

// response is what a CAS client reads.
type response struct {
	XMLName xml.Name `xml:"http://www.yale.edu/tp/cas serviceResponse"`
	Success *struct {
		User       string `xml:"user"`
		Attributes struct {
			All []struct {
				XMLName xml.Name
				Text    string `xml:",chardata"`
			} `xml:",any"`
		} `xml:"attributes"`
		IOU     string   `xml:"proxyGrantingTicket"`
		Proxies []string `xml:"proxies>proxy"`
	} `xml:"authenticationSuccess"`
	Failure *struct {
		Code string `xml:"code,attr"`
		Text string `xml:",chardata"`
	} `xml:"authenticationFailure"`
	Proxy *struct {
		Ticket string `xml:"proxyTicket"`
	} `xml:"proxySuccess"`
	ProxyFailure *struct {
		Code string `xml:"code,attr"`
	} `xml:"proxyFailure"`
}

func (r response) code() string {
	switch {
	case r.Failure != nil:
		return r.Failure.Code
	case r.ProxyFailure != nil:
		return r.ProxyFailure.Code
	}
	return ""
}

func (r response) attribute(name string) (values []string) {
	for _, one := range r.Success.Attributes.All {
		if one.XMLName.Local == name {
			values = append(values, one.Text)
		}
	}
	return values
}

// call asks a validation address as a program does, without cookies.
func call(t testing.TB, p *servertest.Portal, path string, pairs ...string) response {
	t.Helper()
	answer := p.Anonymous().Do("GET", "/cas/"+path+"?"+query(pairs...), nil).Want(t, http.StatusOK)
	if got := answer.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("%s: Cache-Control %q", path, got)
	}
	var read response
	if err := xml.Unmarshal([]byte(answer.Body), &read); err != nil {
		t.Fatalf("%v in\n%s", err, answer.Body)
	}
	return read
}

func validate(t testing.TB, p *servertest.Portal, service, ticket string, pairs ...string) response {
	t.Helper()
	return call(t, p, "serviceValidate", append([]string{"service", service, "ticket", ticket}, pairs...)...)
}
