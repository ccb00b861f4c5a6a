package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/web"
	"parvis/server"
	"parvis/server/servertest"
	"parvis/sso/ssotest"
)

// helping is the client of an operator who assists bourg.
func helping(t *testing.T, p *servertest.Portal) *servertest.Client {
	t.Helper()
	op := p.As(operator)
	op.Post("/pool/collectivities/bourg/assist", "reason", "Groupe à refaire", "minutes", "30").Want(t, 303)
	return op
}

// TestAssistanceStaysInItsCollectivity: an operator who assists one reads nothing of
// another; who administers another neither sees it nor ends it.
func TestAssistanceStaysInItsCollectivity(t *testing.T) {
	p := servertest.New(t)
	op, neighbour := helping(t, p), p.As("admin@agglo.example")
	op.Get("/admin/agents/"+string(p.Caller("agent@bourg.example", "bourg").Agent)).Want(t, 200)
	op.Get("/admin/agents/"+string(p.Caller("agent@agglo.example", "agglo").Agent)).Want(t, 404)
	ends := between(t, p.As("admin@bourg.example").Get("/admin").Body, `action="/admin/assistance/`, `"`)
	if strings.Contains(neighbour.Get("/admin").Body, `class="help"`) {
		t.Error("another collectivity is told")
	}
	neighbour.Get("/admin/assistance").Want(t, 200, "Personne ne vous a assistés")
	neighbour.Post("/admin/assistance/"+ends).Want(t, 404)
	op.Get("/admin").Want(t, 200)
	if strings.Contains(neighbour.Get("/admin/journal").Body, operator) {
		t.Error("another collectivity's journal tells it")
	}
}

// assistance is all that who assists may open, said a second time: whoever opens more
// to her says so twice.
var assistance = []string{
	"GET /admin",
	"GET /admin/agents", "GET /admin/agents/{id}", "POST /admin/agents/{id}/groups",
	"GET /admin/agents/{id}/close", "POST /admin/agents/{id}/close", "POST /admin/agents/{id}/reopen",
	"GET /admin/units", "GET /admin/units/new", "POST /admin/units", "GET /admin/units/{id}", "POST /admin/units/{id}",
	"POST /admin/units/{id}/shift", "POST /admin/units/{id}/empty", "POST /admin/units/{id}/delete",
	"GET /admin/groups", "POST /admin/groups", "GET /admin/groups/{id}", "POST /admin/groups/{id}",
	"POST /admin/groups/{id}/delete", "POST /admin/groups/{id}/restore",
	"POST /admin/groups/{id}/members/{agent}/add", "POST /admin/groups/{id}/members/{agent}/remove",
	"GET /admin/rights", "POST /admin/rights", "POST /admin/rights/{id}/take", "POST /admin/rights/{id}/give-back",
	"GET /admin/applications", "GET /admin/applications/new", "POST /admin/applications",
	"GET /admin/applications/{id}", "POST /admin/applications/{id}", "POST /admin/applications/{id}/delete", "POST /admin/applications/{id}/restore",
	"GET /admin/applications/{id}/access", "POST /admin/applications/{id}/access",
	"POST /admin/applications/{id}/access/{agent}/revoke", "POST /admin/applications/{id}/access/{agent}/restore",
	"GET /admin/home", "GET /admin/home/everyone", "POST /admin/home/everyone", "POST /admin/home/everyone/reset", "POST /admin/home/everyone/restore",
	"GET /admin/home/groups/{group}", "POST /admin/home/groups/{group}", "POST /admin/home/groups/{group}/reset",
	"POST /admin/home/groups/{group}/restore", "POST /admin/home/groups/{group}/first",
	"GET /admin/identity", "POST /admin/identity", "POST /admin/identity/logo", "POST /admin/identity/logo/remove",
	"POST /admin/identity/logo/restore/{version}",
	"GET /admin/sign-in", "GET /admin/sign-in/factors", "GET /admin/journal",
}

// TestASessionLeftOpenAssistsNobody: an operator proves anew who she is, and finds what she
// typed.
func TestASessionLeftOpenAssistsNobody(t *testing.T) {
	p := servertest.New(t)
	op, path := p.As(operator), "/pool/collectivities/bourg/assist"
	if _, err := p.DB.Exec(t.Context(), `UPDATE sessions SET created = created - 3600000`); err != nil {
		t.Fatal(err)
	}
	back := path + "?minutes=60&reason=Les+groupes+%26+droits"
	p.SSO.Forget("")
	answer := op.Post(path, "reason", "Les groupes & droits", "minutes", "60").Want(t, http.StatusSeeOther)
	if at, want := answer.Header.Get("Location"), "/sign-in?again=1&next="+url.QueryEscape(back); at != want {
		t.Errorf("led to %s, want %s", at, want)
	}
	if list := p.As("admin@bourg.example").Get("/admin/assistance").Want(t, http.StatusOK).Body; strings.Contains(list, "Les groupes") {
		t.Error("a session left open assists")
	}
	fresh := p.As(operator)
	fresh.Get(back).Want(t, http.StatusOK, "Les groupes &amp; droits", `value="60" checked`)
	fresh.Post(path, "reason", "Les groupes & droits", "minutes", "60").Want(t, http.StatusSeeOther)
	fresh.Get("/admin").Want(t, http.StatusOK)
}

// TestAssistanceOpensTheAdministrationAndNoContent: the matrix of what who assists may
// open. What is not on the list is not there, whatever a feature adds.
func TestAssistanceOpensTheAdministrationAndNoContent(t *testing.T) {
	p := servertest.New(t)
	op := helping(t, p)
	open := []string{"/admin", "/admin/agents", "/admin/units", "/admin/groups", "/admin/rights", "/admin/applications", "/admin/sign-in", "/admin/journal"}
	for _, path := range open {
		op.Get(path).Want(t, 200, "Vous assistez Bourg-sur-Loire")
	}
	op.Get("/").Want(t, 303)
	asked := 0
	for _, route := range p.Router.Routes() {
		name := route.Method + " " + route.Path
		own := route.Access == web.Public || route.Access == web.Protocol || route.Access == web.Operator || route.Access == web.Account
		if own || route.Path == "/" || slices.Contains(assistance, name) {
			continue
		}
		asked++
		path := strings.NewReplacer("{", "", "}", "", "*", "x").Replace(route.Path)
		if route.Method == "POST" {
			op.Post(path).Want(t, 404)
		} else {
			op.Get(path).Want(t, 404)
		}
	}
	if asked < 60 {
		t.Errorf("%d routes were asked for, too few", asked)
	}
	lines := countRows(t, p, "audit_lines")
	for _, name := range assistance {
		method, path, _ := strings.Cut(name, " ")
		path = strings.NewReplacer("{id}", "nowhere", "{agent}", "nowhere").Replace(path)
		if method == "POST" {
			op.Post(path)
		} else {
			op.Get(path)
		}
	}
	if told := countRows(t, p, "audit_lines") - lines; told < len(assistance) {
		t.Errorf("%d pages of %d are told to the collectivity", told, len(assistance))
	}
	admin := op.Get("/admin").Body
	if strings.Contains(admin, `href="/admin/assistance"`) || strings.Contains(admin, `href="/admin/sign-in/factors"`) == false {
		t.Error("the administration leads where she may not go, or not where she may")
	}
	// Applications know her for nobody's agent.
	caller := portal.Caller{Account: operating(t, p).Account, Collectivity: "bourg", Rights: []portal.Right{portal.Admin}}
	if !web.Assists(caller) {
		t.Error("she is taken for an agent")
	}
}

// TestAssistanceIsSeenAndToldAndEnds: its administrators read who, why and until when
// on each page, its journal tells each page and each change, and either side ends it.
func TestAssistanceIsSeenAndToldAndEnds(t *testing.T) {
	p := servertest.New(t)
	op, admin, agent := p.As(operator), p.As("admin@bourg.example"), p.As("agent@bourg.example")
	op.Post("/pool/collectivities/bourg/assist", "reason", " ", "minutes", "30").Want(t, 422, `id="reason-error"`)
	op.Post("/pool/collectivities/bourg/assist", "reason", "Essai", "minutes", "61").Want(t, 422, "une heure au plus")
	op.Get("/admin").Want(t, 303)
	op = helping(t, p)
	admin.Get("/").Want(t, 200, operator, "Groupe à refaire")
	admin.Get("/admin/assistance").Want(t, 200, "en cours, jusqu’à")
	if strings.Contains(agent.Get("/").Body, "Groupe à refaire") {
		t.Error("an agent who governs nothing is told")
	}
	op.Post("/admin/groups", "name", "Élections").Want(t, 303)
	op.Get("/pool").Want(t, 200)
	admin.Get("/admin/journal").Want(t, 200, "Assistance commencée", "Groupe à refaire", "Groupe ajouté", "Élections", "Formulaire envoyé par l’assistance")
	lines, _, err := p.Journal.Lines(t.Context(), p.Caller("admin@bourg.example", "bourg"), audit.Query{Action: audit.GroupCreated})
	if err != nil || len(lines) != 1 || lines[0].Name != operator {
		t.Errorf("who made the group: %+v, %v", lines, err)
	}
	op.Get("/admin/units").Want(t, 200)
	admin.Get("/admin/journal?action=assistance.saw").Want(t, 200, "/admin/units", operator)
	other := p.As(operator)
	other.Post("/pool/collectivities/bourg/assist", "reason", "Deux fois", "minutes", "15").Want(t, 409, "l’assiste déjà")
	other.Get("/pool/collectivities/bourg").Want(t, 200, "Reprendre l’assistance")

	ends := between(t, admin.Get("/admin").Body, `action="/admin/assistance/`, `"`)
	admin.Post("/admin/assistance/"+ends).Want(t, 303)
	op.Get("/admin/agents").Want(t, 303)
	op.Get("/pool").Want(t, 200)
	admin.Get("/admin/assistance").Want(t, 200, "terminée à")
	admin.Post("/admin/assistance/"+ends).Want(t, 404)

	op = helping(t, p)
	op.Post("/pool/assistance/end").Want(t, 303)
	op.Get("/admin/agents").Want(t, 303)
	op.Post("/pool/assistance/end").Want(t, 404)
	admin.Get("/admin/journal").Want(t, 200, "Assistance terminée")

	op = helping(t, p)
	if _, err := p.DB.Exec(t.Context(), `UPDATE assistances SET ends = $1 WHERE collectivity = 'bourg' AND ended = 0`, time.Now().Add(time.Second).UnixMilli()); err != nil {
		t.Fatal(err)
	}
	admin.Post("/admin/assistance").Want(t, 303) // read anew
	op.Get("/admin").Want(t, 200)
	time.Sleep(1100 * time.Millisecond)
	op.Get("/admin").Want(t, 303)
	if strings.Contains(admin.Get("/admin").Body, `class="help"`) {
		t.Error("its administrator reads of an assistance that is over")
	}
}

// TestACollectivityRefusesAndInvites.
func TestACollectivityRefusesAndInvites(t *testing.T) {
	p := servertest.New(t)
	op, admin := p.As(operator), p.As("admin@bourg.example")
	admin.Post("/admin/assistance", "refuse", "1").Want(t, 303)
	op.Get("/pool/collectivities/bourg/assist").Want(t, 200, "n’accepte pas l’assistance")
	op.Post("/pool/collectivities/bourg/assist", "reason", "Essai", "minutes", "15").Want(t, 409)
	admin.Post("/admin/assistance/invite", "why", " ").Want(t, 422, `id="why-error"`)
	admin.Post("/admin/assistance/invite", "why", "Le groupe Accueil a disparu").Want(t, 303)
	op.Get("/pool").Want(t, 200, "Elles demandent de l’aide", "Le groupe Accueil a disparu")
	admin.Post("/admin/assistance/invite", "withdraw", "1").Want(t, 303)
	op.Post("/pool/collectivities/bourg/assist", "reason", "Essai", "minutes", "15").Want(t, 409)
	admin.Post("/admin/assistance/invite", "why", "Le groupe Accueil a disparu").Want(t, 303)
	op.Post("/pool/collectivities/bourg/assist", "reason", "À votre demande", "minutes", "15").Want(t, 303)
	op.Get("/admin/groups").Want(t, 200)
	op.Post("/pool/assistance/end").Want(t, 303)
	op.Post("/pool/collectivities/bourg/assist", "reason", "Encore", "minutes", "15").Want(t, 409) // it served once
	admin.Get("/admin/journal").Want(t, 200, "Assistance demandée", "Assistance sans invitation refusée")
	p.As("agent@bourg.example").Get("/admin/assistance").Want(t, http.StatusNotFound)
}

// TestWhoAssistsIsNoAgent: applications vouch for nobody, and a program with a password
// of when she was an agent does not come in by the assistance.
func TestWhoAssistsIsNoAgent(t *testing.T) {
	g := newGate(t)
	const relay = "relais@pool.example"
	g.Hire(servertest.Person{Login: relay, GivenName: "Inès", FamilyName: "Relais", Collectivities: []portal.CollectivityID{"bourg"}, Operator: true})
	phone := newPhone(g.Anonymous(), relay, g.AppPassword(relay, "bourg"))
	g.wants(phone, 207)
	if err := g.Directory.CloseAgent(t.Context(), g.Caller("admin@bourg.example", "bourg"), g.Caller(relay, "bourg").Agent, ""); err != nil {
		t.Fatal(err)
	}
	op := g.As(relay)
	op.Post("/pool/collectivities/bourg/assist", "reason", "Groupe à refaire", "minutes", "30").Want(t, 303)
	op.Get("/admin/groups").Want(t, 200)
	g.wants(phone, 401)
	for _, door := range []string{
		"/cas/login?" + url.Values{"service": {ssotest.Registered}}.Encode(),
		"/oidc/bourg/authorize?" + url.Values{"redirect_uri": {ssotest.Registered}, "client_id": {g.client}, "response_type": {"code"}, "scope": {"openid"}}.Encode(),
		"/forward/start?" + url.Values{"to": {ssotest.Registered}}.Encode(),
	} {
		if to := op.Get(door).Header.Get("Location"); strings.Contains(to, "ticket=") || strings.Contains(to, "code=") {
			t.Errorf("%s vouches for who assists: %s", door, to)
		}
	}
}

// wants fails the test when a program is answered otherwise.
func (g *gate) wants(program phone, status int) {
	g.t.Helper()
	if answer := program.ask("PROPFIND", "/dav/", "", "Depth", "0"); answer.Status != status {
		g.t.Errorf("a program is answered %d, want %d", answer.Status, status)
	}
}

// TestWhoAssistsIsOfferedNothingThatIsShut: from the first page on, every link opens, and
// every form is sent to a route that is hers.
func TestWhoAssistsIsOfferedNothingThatIsShut(t *testing.T) {
	p := servertest.New(t)
	op, admin := helping(t, p), p.As("admin@bourg.example")
	trouble(t, p, "bourg")
	admin.Post("/admin/applications", "name", "Finances", "url", "https://finances.example/", "kind", "oidc", "addresses", "https://finances.example/retour", "subject", "login", "group", "accueil")
	admin.Post("/admin/units", "name", "Voirie").Want(t, 303)
	put(t, p, `UPDATE agents SET unit = (SELECT MAX(id) FROM units WHERE collectivity = 'bourg') WHERE collectivity = 'bourg'`)
	opens := map[string]*regexp.Regexp{}
	for _, route := range server.Assisted {
		opens[route] = regexp.MustCompile("^" + regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(route, "[^/]+") + "$")
	}
	hers := func(method, path string) bool {
		path, _, _ = strings.Cut(path, "?")
		path, _, _ = strings.Cut(path, "#")
		for _, pattern := range opens {
			if pattern.MatchString(method + " " + path) {
				return true
			}
		}
		return false
	}
	form := regexp.MustCompile(`(?s)<form.*?</form>`)
	method, action := regexp.MustCompile(` method="post"`), regexp.MustCompile(` action="([^"]*)"`)
	seen, waiting := map[string]bool{}, []string{"/admin"}
	for len(waiting) > 0 {
		page := waiting[0]
		waiting = waiting[1:]
		if at, _, _ := strings.Cut(page, "?"); seen[at] {
			continue
		} else {
			seen[at] = true
		}
		body := op.Get(page).Want(t, 200).Body
		for _, href := range linksOf(body) {
			if strings.HasSuffix(href, ".css") {
				op.Get(href).Want(t, 200)
			} else if !hers("GET", href) {
				t.Errorf("%s leads to %s", page, href)
			} else {
				waiting = append(waiting, href)
			}
		}
		_, main, _ := strings.Cut(body, "<main")
		main, _, _ = strings.Cut(main, "</main>")
		for _, tag := range form.FindAllString(main, -1) {
			if !strings.Contains(tag, "<button") {
				continue // it is read, and says so
			}
			verb := "GET"
			if method.MatchString(tag) {
				verb = "POST"
			}
			if to := action.FindStringSubmatch(tag); to != nil && !hers(verb, to[1]) {
				t.Errorf("%s sends %s %s", page, verb, to[1])
			}
		}
	}
	for _, want := range []string{"/admin/applications/finances", "/admin/groups/regle", "/admin/groups/accueil", "/admin/sign-in/factors", "/admin/identity", "/admin/units"} {
		if !seen[want] {
			t.Errorf("%s was not looked at", want)
		}
	}
}
