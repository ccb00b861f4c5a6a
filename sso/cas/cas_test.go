package cas_test

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"testing"

	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// add registers an application that everyone of a collectivity may open, and that
// is told what CAS applications ask for.
func add(p *servertest.Portal, collectivity portal.CollectivityID, id string, addresses ...string) {
	p.Register(servertest.Application{
		Collectivity: collectivity, ID: id, Kind: sso.KindCAS, Subject: "id", Addresses: addresses,
		Releases: map[string]string{"mail": "email", "memberOf": "groups", "sn": "family_name", "place": "collectivity", "isFromNewLogin": "given_name"},
	})
}

// portalWith is a portal with applications: finances and archives are of bourg,
// each at an address of its own. What bourg calls a group is hard to write in XML.
func portalWith(t testing.TB) *servertest.Portal {
	t.Helper()
	p := servertest.NewWith(t, func(c *servertest.Config) { c.Applications.AllowInside = true })
	p.AddGroup("bourg", "elus", "Élus")
	p.AddGroup("bourg", "hostile", hostile, agent)
	add(p, "bourg", "finances", finances)
	add(p, "bourg", "archives", "https://archives.bourg.example/")
	add(p, "agglo", "transport", "https://transport.agglo.example/")
	add(p, "syndicat", "eau", "https://eau.syndicat.example/")
	return p
}

// hostile is the name of a group.
const hostile = "éloïse&<co>"

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
