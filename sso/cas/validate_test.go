package cas_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"parvis/server/servertest"
)

func TestATicketTellsWhoseItIs(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	for _, path := range []string{"serviceValidate", "proxyValidate", "p3/serviceValidate", "p3/proxyValidate"} {
		read := call(t, p, path, "service", finances, "ticket", ticketOf(t, client, finances))
		if read.Success == nil {
			t.Fatalf("%s: %s", path, read.code())
		}
		if want := string(p.Caller(agent, "bourg").Agent); read.Success.User != want {
			t.Errorf("%s: user %q, want %q", path, read.Success.User, want)
		}
		for name, want := range map[string][]string{
			"mail": {agent}, "memberOf": {"Accueil", hostile}, "sn": {"Le Goff"},
			"isFromNewLogin": {"false"}, "longTermAuthenticationRequestTokenUsed": {"false"},
		} {
			if got := read.attribute(name); !slices.Equal(got, want) {
				t.Errorf("%s: %s = %q, want %q", path, name, got, want)
			}
		}
		if len(read.attribute("authenticationDate")) != 1 || read.Success.IOU != "" || len(read.Success.Proxies) > 0 {
			t.Errorf("%s: %+v", path, read.Success)
		}
	}
}

func TestAnAnswerIsInJSONToo(t *testing.T) {
	p := portalWith(t)
	ask := func(pairs ...string) (kind string, read map[string]map[string]map[string]any) {
		answer := p.Anonymous().Do("GET", "/cas/p3/serviceValidate?"+query(append(pairs, "format", "JSON")...), nil).Want(t, http.StatusOK)
		if err := json.Unmarshal([]byte(answer.Body), &read); err != nil {
			t.Fatalf("%v in %s", err, answer.Body)
		}
		if user, attributes := strings.Index(answer.Body, `"user"`), strings.Index(answer.Body, `"attributes"`); user > attributes {
			t.Errorf("attributes before user: %s", answer.Body)
		}
		return answer.Header.Get("Content-Type"), read
	}
	kind, read := ask("service", finances, "ticket", ticketOf(t, p.As(agent), finances))
	success := read["serviceResponse"]["authenticationSuccess"]
	attributes, _ := success["attributes"].(map[string]any)
	if !strings.HasPrefix(kind, "application/json") || success["user"] == "" || cmp.Diff(attributes["memberOf"], []any{"Accueil", hostile}) != "" {
		t.Errorf("%s %v", kind, read)
	}
	_, read = ask("service", finances, "ticket", "ST-x")
	if got := read["serviceResponse"]["authenticationFailure"]; got["code"] != "INVALID_TICKET" || got["description"] == "" {
		t.Errorf("%v", read)
	}
}

func TestEachFailureHasItsCode(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	fresh := func() string { return ticketOf(t, client, finances) }
	for name, test := range map[string]struct {
		pairs []string
		want  string
	}{
		"nothing":             {nil, "INVALID_REQUEST"},
		"no ticket":           {[]string{"service", finances}, "INVALID_REQUEST"},
		"no service":          {[]string{"ticket", fresh()}, "INVALID_REQUEST"},
		"two services":        {[]string{"service", finances, "service", finances, "ticket", fresh()}, "INVALID_REQUEST"},
		"two tickets":         {[]string{"service", finances, "ticket", fresh(), "ticket", fresh()}, "INVALID_REQUEST"},
		"another format":      {[]string{"service", finances, "ticket", fresh(), "format", "YAML"}, "INVALID_REQUEST"},
		"no ticket of ours":   {[]string{"service", finances, "ticket", "ST-1"}, "INVALID_TICKET"},
		"another ticket":      {[]string{"service", finances, "ticket", fresh()[:54] + "!"}, "INVALID_TICKET"},
		"a granting ticket":   {[]string{"service", finances, "ticket", "PGT-" + fresh()[3:]}, "INVALID_TICKET"},
		"a NUL":               {[]string{"service", finances, "ticket", fresh() + "\x00"}, "INVALID_TICKET"},
		"not UTF-8":           {[]string{"service", finances, "ticket", "ST-\xff"}, "INVALID_TICKET"},
		"another service":     {[]string{"service", "https://archives.bourg.example/", "ticket", fresh()}, "INVALID_SERVICE"},
		"a page below":        {[]string{"service", finances + "/x", "ticket", fresh()}, "INVALID_SERVICE"},
		"another query":       {[]string{"service", finances + "?a=1", "ticket", fresh()}, "INVALID_SERVICE"},
		"a service in no way": {[]string{"service", "javascript:1", "ticket", fresh()}, "INVALID_SERVICE"},
		"renew":               {[]string{"service", finances, "ticket", fresh(), "renew", "true"}, "INVALID_TICKET"},
		"a plain callback":    {[]string{"service", finances, "ticket", fresh(), "pgtUrl", "http://finances.bourg.example/app"}, "INVALID_PROXY_CALLBACK"},
		"no callback":         {[]string{"service", finances, "ticket", fresh(), "pgtUrl", "javascript:1"}, "INVALID_PROXY_CALLBACK"},
		"another's callback":  {[]string{"service", finances, "ticket", fresh(), "pgtUrl", "https://voleur.example/"}, "UNAUTHORIZED_SERVICE_PROXY"},
		"silent callback":     {[]string{"service", finances, "ticket", fresh(), "pgtUrl", finances}, "INVALID_PROXY_CALLBACK"},
	} {
		if got := call(t, p, "serviceValidate", test.pairs...); got.code() != test.want || got.Failure.Text == "" {
			t.Errorf("%s: %q, want %q", name, got.code(), test.want)
		}
	}
	ticket := fresh()
	p.Withdraw("bourg", "finances")
	if got := validate(t, p, finances, ticket).code(); got != "INVALID_SERVICE" {
		t.Errorf("application removed meanwhile: %q", got)
	}
}

// TestATicketIsJudgedOnce whatever the result, and the journal tells what no
// honest application does.
func TestATicketIsJudgedOnce(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	for name, first := range map[string][]string{
		"right":           {"service", finances},
		"another service": {"service", "https://archives.bourg.example/"},
		"no service":      {},
		"renew":           {"service", finances, "renew", "1"},
		"callback":        {"service", finances, "pgtUrl", "https://voleur.example/"},
	} {
		ticket := ticketOf(t, client, finances)
		call(t, p, "serviceValidate", append(first, "ticket", ticket)...)
		for range 2 {
			if got := validate(t, p, finances, ticket).code(); got != "INVALID_TICKET" {
				t.Errorf("after %s: %q", name, got)
			}
		}
	}
	for reason, want := range map[string]int{"replayed": 5, "wrong-service": 1} {
		if got := count(t, p, `SELECT count(*) FROM audit_lines WHERE collectivity = 'bourg' AND action = 'ticket.refused' AND agent <> '' AND refused = $1`, reason); got != want {
			t.Errorf("%d lines about %s, want %d", got, reason, want)
		}
	}
	if got := count(t, p, `SELECT count(*) FROM audit_lines WHERE collectivity = 'bourg' AND action = 'application.opened' AND refused = '' AND object = 'Application finances' AND detail = 'cas' AND address <> ''`); got != 2 {
		t.Errorf("%d lines about openings, want 2: the ticket that was right, and that whose callback was not", got)
	}
}

func TestOfTwoAtOnceOneIsServed(t *testing.T) {
	p := portalWith(t)
	ticket := ticketOf(t, p.As(agent), finances)
	var all sync.WaitGroup
	served := make(chan bool, 16)
	for range cap(served) {
		client := p.Anonymous()
		all.Go(func() {
			answer, err := client.Try("GET", "/cas/serviceValidate?"+query("service", finances, "ticket", ticket), nil)
			served <- err == nil && strings.Contains(answer.Body, "authenticationSuccess")
		})
	}
	all.Wait()
	close(served)
	count := 0
	for one := range served {
		if one {
			count++
		}
	}
	if count != 1 {
		t.Errorf("%d were served", count)
	}
}

func TestATicketLivesTwentySeconds(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	for age, want := range map[time.Duration]string{15 * time.Second: "", 20*time.Second + time.Millisecond: "INVALID_TICKET", time.Hour: "INVALID_TICKET"} {
		p.CAS.Now = func() time.Time { return time.Now().Add(-age) }
		ticket := ticketOf(t, client, finances)
		p.CAS.Now = time.Now
		if got := validate(t, p, finances, ticket).code(); got != want {
			t.Errorf("after %v: %q, want %q", age, got, want)
		}
	}
	if lines := count(t, p, `SELECT count(*) FROM audit_lines WHERE action = 'ticket.refused'`); lines != 0 {
		t.Errorf("%d lines about tickets that came too late", lines)
	}
}

func TestATicketEndsWithItsSessionAndItsAgent(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	ticket := ticketOf(t, client, finances)
	client.Post("/sign-out").Want(t, http.StatusSeeOther)
	if got := validate(t, p, finances, ticket).code(); got != "INVALID_TICKET" {
		t.Errorf("after signing out: %q", got)
	}
	ticket = ticketOf(t, p.As(agent), finances)
	if err := p.Directory.CloseAgent(t.Context(), p.Caller("admin@bourg.example", "bourg"), p.Caller(agent, "bourg").Agent, ""); err != nil {
		t.Fatal(err)
	}
	if got := validate(t, p, finances, ticket).code(); got != "INVALID_TICKET" {
		t.Errorf("after her agent was closed: %q", got)
	}
}

// TestAStoreThatFailsIsNoAnswerAboutATicket: the application is told to send the
// person again, and nothing of what failed.
func TestAStoreThatFailsIsNoAnswerAboutATicket(t *testing.T) {
	p := portalWith(t)
	ticket := ticketOf(t, p.As(agent), finances)
	if err := p.DB.Close(); err != nil {
		t.Fatal(err)
	}
	read := validate(t, p, finances, ticket)
	if got := read.code(); got != "INTERNAL_ERROR" || strings.Contains(read.Failure.Text, "sql") {
		t.Errorf("%q: %q", got, read.Failure.Text)
	}
	if !strings.Contains(p.Log(), "cas: validation failed") {
		t.Error("the log says nothing of it")
	}
}

// TestTheStoreHoldsNoTicket that could be used by who reads a copy of it.
func TestTheStoreHoldsNoTicket(t *testing.T) {
	p := portalWith(t)
	ticket := ticketOf(t, p.As(agent), finances)
	validate(t, p, finances, ticket)
	var reference string
	if err := p.DB.QueryRow(t.Context(), `SELECT reference FROM session_participants`).Scan(&reference); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(reference, ticket) || count(t, p, `SELECT count(*) FROM cas_spent WHERE hash = $1`, []byte(ticket)) > 0 {
		t.Error("the ticket is there in clear")
	}
}

func TestPlainValidation(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	ticket := ticketOf(t, client, finances)
	for _, want := range []string{"yes\n" + string(p.Caller(agent, "bourg").Agent) + "\n", "no\n"} {
		answer := p.Anonymous().Do("GET", "/cas/validate?"+query("service", finances, "ticket", ticket), nil).Want(t, http.StatusOK)
		if answer.Body != want {
			t.Errorf("%q, want %q", answer.Body, want)
		}
	}
	p.Anonymous().Do("GET", "/cas/validate", nil).Want(t, http.StatusOK, "no\n")
}

// TestACollectivityTellsNothingOfAnother: the secretary of bourg and syndicat
// gets each application's ticket as the agent of the collectivity that
// registered it, wherever she is; what another collectivity registered does not
// exist.
func TestACollectivityTellsNothingOfAnother(t *testing.T) {
	p := portalWith(t)
	const secretary = "secretaire@bourg.example"
	add(p, "bourg", "commun", "https://commun.example/")
	add(p, "syndicat", "commun", "https://commun.example/")
	add(p, "agglo", "finances-agglo", finances)
	user := func(client *servertest.Client, service string) string {
		read := validate(t, p, service, ticketOf(t, client, service))
		if read.Success == nil {
			return read.code()
		}
		return strings.Join(read.attribute("place"), " ")
	}
	inBourg, inSyndicat := p.AsIn(secretary, "bourg"), p.AsIn(secretary, "syndicat")
	for _, test := range []struct {
		client        *servertest.Client
		service, want string
	}{
		{inBourg, finances, "bourg"},
		{inBourg, "https://eau.syndicat.example/", "syndicat"},
		{inBourg, "https://commun.example/", "bourg"},
		{inSyndicat, finances, "bourg"},
		{inSyndicat, "https://eau.syndicat.example/", "syndicat"},
		{inSyndicat, "https://commun.example/", "syndicat"},
		{p.As("agent@agglo.example"), finances, "agglo"},
	} {
		if got := user(test.client, test.service); got != test.want {
			t.Errorf("%s: %q, want %q", test.service, got, test.want)
		}
	}
	for login, service := range map[string]string{agent: "https://transport.agglo.example/", "agent@agglo.example": "https://eau.syndicat.example/", "pool@pool.example": finances} {
		p.As(login).Get("/cas/login?"+query("service", service)).Want(t, http.StatusForbidden)
	}
	for _, collectivity := range []string{"agglo", "syndicat"} {
		rows := count(t, p, `SELECT count(*) FROM session_participants s JOIN accounts a ON a.id = s.account WHERE s.collectivity = $1 AND a.login = $2`, collectivity, agent)
		if rows != 0 {
			t.Errorf("%s knows %d tickets of bourg's agent", collectivity, rows)
		}
	}
}

// samlRequest is what a SAML 1.1 client posts.
func samlRequest(ticket string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Header/><SOAP-ENV:Body>` +
		`<samlp:Request xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol" MajorVersion="1" MinorVersion="1" RequestID="_192.168.16.51.1024506224022" IssueInstant="2026-06-19T17:03:44.022Z">` +
		`<samlp:AssertionArtifact>` + ticket + `</samlp:AssertionArtifact></samlp:Request></SOAP-ENV:Body></SOAP-ENV:Envelope>`
}

func TestSAMLValidation(t *testing.T) {
	p := portalWith(t)
	client := p.As(agent)
	ask := func(service, body string) (read struct {
		Body struct {
			Response struct {
				InResponseTo string `xml:",attr"`
				Recipient    string `xml:",attr"`
				Status       struct {
					Code struct {
						Value string `xml:",attr"`
					} `xml:"StatusCode"`
					Message string `xml:"StatusMessage"`
				}
				Assertion *struct {
					Conditions struct {
						Audience string `xml:"AudienceRestrictionCondition>Audience"`
					}
					Statement struct {
						Name       string `xml:"Subject>NameIdentifier"`
						Attributes []struct {
							Name   string   `xml:"AttributeName,attr"`
							Values []string `xml:"AttributeValue"`
						} `xml:"Attribute"`
					} `xml:"AttributeStatement"`
				}
			}
		}
	},
	) {
		answer := p.Anonymous().Do("POST", "/cas/samlValidate?"+query("TARGET", service), strings.NewReader(body), "Content-Type", "text/xml").Want(t, http.StatusOK)
		if err := xml.Unmarshal([]byte(answer.Body), &read); err != nil {
			t.Fatalf("%v in %s", err, answer.Body)
		}
		return read
	}
	read := ask(finances, samlRequest(ticketOf(t, client, finances))).Body.Response
	if read.Status.Code.Value != "saml1p:Success" || read.InResponseTo != "_192.168.16.51.1024506224022" || read.Recipient != finances || read.Assertion == nil {
		t.Fatalf("%+v", read)
	}
	if read.Assertion.Conditions.Audience != finances || read.Assertion.Statement.Name != string(p.Caller(agent, "bourg").Agent) {
		t.Errorf("%+v", read.Assertion)
	}
	found := map[string][]string{}
	for _, one := range read.Assertion.Statement.Attributes {
		found[one.Name] = one.Values
	}
	if diff := cmp.Diff(found["memberOf"], []string{"Accueil", hostile}); diff != "" {
		t.Error(diff)
	}
	ticket := ticketOf(t, client, finances)
	for _, test := range []struct{ service, body, want string }{
		{"https://archives.bourg.example/", samlRequest(ticket), "INVALID_SERVICE"},
		{finances, samlRequest(ticket), "INVALID_TICKET"},
		{"", samlRequest(ticketOf(t, client, finances)), "INVALID_REQUEST"},
		{finances, "", "INVALID_REQUEST"},
		{finances, "<a", "INVALID_REQUEST"},
		{finances, strings.Replace(samlRequest("&x;"), "?>", `?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>`, 1), "INVALID_REQUEST"},
		{finances, samlRequest(`<a>` + ticket + `</a>`), "INVALID_REQUEST"},
		{finances, samlRequest(strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40)), "INVALID_REQUEST"},
		{finances, samlRequest(strings.Repeat("x", 80<<10)), "INVALID_REQUEST"},
		{finances, samlRequest(ticket + "</samlp:AssertionArtifact><samlp:AssertionArtifact>" + ticket), "INVALID_REQUEST"},
	} {
		got := ask(test.service, test.body).Body.Response.Status
		if got.Code.Value != "saml1p:RequestDenied" || !strings.HasPrefix(got.Message, test.want+":") {
			t.Errorf("%.200s: %+v, want %s", test.body, got, test.want)
		}
	}
}
