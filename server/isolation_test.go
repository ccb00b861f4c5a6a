package server_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/portal/web"
	"parvis/server/servertest"
)

// visit is one line of the isolation table: how a route is asked for something
// of bourg, and the status that each must get.
type visit struct {
	route string // "POST /news/{id}", as the router lists it
	// path fills the route; for a POST it makes an object of its own, which the
	// author may then change. "" is the route's own path.
	path func(w *world) string
	// fields are those of the form, see world.fill; nil for a GET.
	fields []string
	file   bool // the form uploads a file

	author    int // of bourg, in accueil, who made it and edits everything
	colleague int // of bourg, in no group, without right
	stranger  int // of agglo, with every right there
	anonymous int
}

// at fills the variable of a path with what make returns.
func at(before string, make func(w *world) string, after ...string) func(w *world) string {
	return func(w *world) string { return before + make(w) + strings.Join(after, "") }
}

func fixed(path string) func(w *world) string { return func(*world) string { return path } }

func card(w *world) string { return string(w.card) }
func app(w *world) string  { return w.app }

// visits is the table. A foreign object is 404 wherever it is asked for; 303
// sends who is not signed in to the sign-in, and follows what was done.
var visits = []visit{
	{route: "GET /", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /home/edit", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /home/edit", fields: []string{"do", "back agenda"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /home/boxes/{id}", path: fixed("/home/boxes/news"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /home/boxes/{id}", path: fixed("/home/boxes/news"), fields: []string{"x", "y"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/news"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/agenda?fragment=1"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/applications"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/directory"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/mail"), author: 200, colleague: 200, stranger: 404, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/weather"), author: 200, colleague: 200, stranger: 404, anonymous: 303},
	{route: "POST /boxes/{id}/retry", path: fixed("/boxes/news/retry"), fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /boxes/{id}/do/{action}", path: fixed("/boxes/news/do/open"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /sign-in", author: 303, colleague: 303, stranger: 303, anonymous: 200},
	{route: "POST /sign-in", fields: []string{"login", author}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /sign-in/password", author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /sign-in/password", fields: []string{"password", "x"}, author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /sign-in/issuer", author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /sign-in/callback", author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "POST /sign-out", fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /account", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /account/switch", fields: []string{"agent", "nobody"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /account/preferences", fields: []string{"language", "fr", "scheme", ""}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /account/app-passwords", fields: []string{"name", "Téléphone"}, author: 201, colleague: 201, stranger: 201, anonymous: 303},
	{route: "POST /account/app-passwords/{id}/revoke", path: at("/account/app-passwords/", (*world).appPassword, "/revoke"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /account/sessions/revoke-others", fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /account/sessions/{id}/revoke", path: at("/account/sessions/", (*world).session, "/revoke"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /directory", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /directory", path: fixed("/directory?q=budget"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /directory", path: func(w *world) string { return "/directory?unit=" + string(w.unit) }, author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /directory/agents/{id}", path: at("/directory/agents/", card), author: 200, colleague: 200, stranger: 404, anonymous: 303},
	{route: "GET /apps", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /apps/{id}/pin", path: at("/apps/", app, "/pin"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /apps/{id}/unpin", path: at("/apps/", app, "/unpin"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /news", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /news", path: fixed("/news?shelf=archive"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /news/new", author: 200, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /news", fields: []string{"title", "Titre", "body", "Texte", "starts", today(), "ends", inDays(3)}, author: 303, colleague: 404, stranger: 303, anonymous: 303},
	{route: "GET /news/{id}", path: at("/news/", (*world).article), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /news/{id}/edit", path: at("/news/", (*world).article, "/edit"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /news/{id}", path: at("/news/", (*world).article), fields: []string{"title", "Autre", "body", "Texte", "starts", today(), "ends", inDays(3), "seen", "{seen}"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /news/{id}/delete", path: at("/news/", (*world).article, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /news/{id}/restore", path: at("/news/", (*world).removedArticle, "/restore"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /calendar", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar", path: fixed("/calendar?view=list"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar/new", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /calendar/events", fields: []string{"calendar", "{calendar}", "title", "Réunion", "start", today(), "start-time", "10:00"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/events/{id}", path: at("/calendar/events/", (*world).event), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/events/{id}", path: at("/calendar/events/", (*world).sharedEvent), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/events/{id}/edit", path: at("/calendar/events/", (*world).event, "/edit"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/events/{id}", path: at("/calendar/events/", (*world).event), fields: []string{"title", "Autre", "start", today(), "start-time", "11:00"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/events/{id}", path: at("/calendar/events/", (*world).sharedEvent), fields: []string{"title", "Autre", "start", today(), "start-time", "11:00"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/events/{id}/delete", path: at("/calendar/events/", (*world).event, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/undo/{id}", path: at("/calendar/undo/", (*world).undo), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /calendar/remote", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar/remote/events/{id}", path: at("/calendar/remote/events/", (*world).remoteEvent), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/remote", fields: []string{"name", "Nuage", "url", "https://127.0.0.1:9/", "login", "x", "password", "y"}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "POST /calendar/remote/{id}/refresh", path: at("/calendar/remote/", (*world).remoteAccount, "/refresh"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/remote/{id}/remove", path: at("/calendar/remote/", (*world).remoteAccount, "/remove"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /documents", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /documents/unread", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /documents/bin", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /documents/folders/new", author: 200, colleague: 403, stranger: 200, anonymous: 303},
	{route: "GET /documents/folders/new", path: at("/documents/folders/new?parent=", (*world).topFolder), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/folders", fields: []string{"name", "Nouveau"}, author: 303, colleague: 403, stranger: 303, anonymous: 303},
	{route: "GET /documents/folders", author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /documents/folders/{id}", path: at("/documents/folders/", (*world).topFolder), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/folders/{id}", path: at("/documents/folders/", (*world).topFolder), fields: []string{"name", "Autre", "readers", "accueil"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/folders/{id}/edit", path: at("/documents/folders/", (*world).topFolder, "/edit"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/folders/{id}/delete", path: at("/documents/folders/", (*world).topFolder, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/folders/{id}/delete", path: at("/documents/folders/", (*world).topFolder, "/delete"), author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/folders/{id}/upload", path: at("/documents/folders/", (*world).topFolder, "/upload"), fields: []string{}, file: true, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/folders/{id}/upload", path: at("/documents/folders/", (*world).topFolder, "/upload"), author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/{id}", path: at("/documents/", (*world).document), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/{id}", path: at("/documents/", (*world).document), fields: []string{"title", "Autre", "folder", "{folder}"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/{id}/edit", path: at("/documents/", (*world).document, "/edit"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/{id}/file", path: at("/documents/", (*world).document, "/file"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/{id}/versions/{number}", path: at("/documents/", (*world).document, "/versions/1"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/{id}/versions", path: at("/documents/", (*world).document, "/versions"), fields: []string{}, file: true, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/{id}/versions", path: at("/documents/", (*world).document, "/versions"), author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/{id}/delete", path: at("/documents/", (*world).document, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/{id}/restore", path: at("/documents/", (*world).removedDocument, "/restore"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/{id}/retry", path: at("/documents/", (*world).document, "/retry"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /mail", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /mail/password", author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /mail/password", fields: []string{"login", "x", "password", "y"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /mail/password/forget", fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},

	{route: "GET /search", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /search", path: fixed("/search?q=budget"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /search", path: fixed("/search?q=crecerelle*"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /search/suggestions", path: fixed("/search/suggestions?q=budg"), author: 200, colleague: 200, stranger: 200, anonymous: 303},

	{route: "GET /theme/{file}", path: fixed("/theme/bourg-x.css"), author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "POST /language", fields: []string{"language", "fr", "next", "/help"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /help", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /sitemap", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /accessibility", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /legal", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /privacy", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /pool", author: 404, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /assets/*", path: fixed("/assets/none"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /healthz", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /readyz", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /robots.txt", author: 200, colleague: 200, stranger: 200, anonymous: 200},

	// The DAV tree takes no cookie: TestDAVOfAnotherFindsNothing asks with passwords.
	{route: "* /dav/*", path: fixed("/dav/"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "* /dav", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PROPFIND /", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "OPTIONS /", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PROPFIND /principals/", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "* /.well-known/caldav", author: 301, colleague: 301, stranger: 301, anonymous: 301},
	{route: "* /.well-known/carddav", author: 301, colleague: 301, stranger: 301, anonymous: 301},
}

func (v visit) isPost() bool { return strings.HasPrefix(v.route, "POST ") }

// ask sends the visit as a client would from a page of ours.
func (v visit) ask(w *world, client *servertest.Client, path string) servertest.Answer {
	method, _, _ := strings.Cut(v.route, " ")
	switch {
	case v.file:
		return client.Upload(path, "crue.txt", textFile())
	case method == "POST":
		return client.Post(path, w.fill(v.fields, path)...)
	case method == "GET" || method == "*":
		return client.Get(path)
	}
	return client.Do(method, path, nil)
}

// place is the address of the visit in a world.
func (v visit) place(w *world) string {
	if v.path != nil {
		return v.path(w)
	}
	_, path, _ := strings.Cut(v.route, " ")
	return path
}

// TestEveryRouteKeepsItsCollectivity asks every route of the portal for
// something of bourg, as four kinds of people.
func TestEveryRouteKeepsItsCollectivity(t *testing.T) {
	w := newWorld(t)
	access := map[string]web.Access{}
	for _, route := range w.Router.Routes() {
		access[route.Method+" "+route.Path] = route.Access
	}
	described := map[string]bool{}
	for _, v := range visits {
		if _, exists := access[v.route]; !exists {
			t.Errorf("the table speaks of %s, which is no route", v.route)
		}
		described[v.route] = true
	}
	for _, name := range slices.Sorted(maps.Keys(access)) {
		if !described[name] {
			t.Errorf("route %s (%s) has no line in the isolation table", name, access[name])
		}
	}
	people := map[string]func() *servertest.Client{
		"author":    func() *servertest.Client { return w.As(author) },
		"colleague": func() *servertest.Client { return w.As(colleague) },
		"stranger":  func() *servertest.Client { return w.As(stranger) },
		"operator":  func() *servertest.Client { return w.As(operator) },
		"anonymous": w.Anonymous,
	}
	t.Run("reading changes nothing", func(t *testing.T) { readEverything(t, w, access, people) })
	t.Run("writing reaches one's own", func(t *testing.T) { writeEverything(t, w, access, people) })
	if strings.Contains(w.Log(), canary) || strings.Contains(w.Log(), secret) {
		t.Errorf("the log tells what people wrote:\n%s", w.Log())
	}
}

// readEverything asks all that is read, the author first so that every cache
// is full of what is hers.
func readEverything(t *testing.T, w *world, access map[string]web.Access, people map[string]func() *servertest.Client) {
	clients := map[string]*servertest.Client{}
	for who, client := range people {
		clients[who] = client()
	}
	paths := make([]string, len(visits))
	for i, v := range visits {
		if !v.isPost() {
			paths[i] = v.place(w)
		}
	}
	w.WaitForIndex()
	before := dump(t, w.Portal)
	seen := ""
	for i, v := range visits {
		if v.isPost() {
			continue
		}
		for _, who := range []string{"author", "colleague", "stranger", "operator", "anonymous"} {
			answer := v.ask(w, clients[who], paths[i])
			v.judge(t, who, paths[i], access[v.route], answer)
			if who == "author" {
				seen += answer.Body
			}
		}
	}
	if n := strings.Count(seen, canary); n < 50 {
		t.Errorf("the author herself reads the canary %d times only: the table asks for the wrong things", n)
	}
	if diff := cmp.Diff(before, dump(t, w.Portal)); diff != "" {
		t.Errorf("reading changed the store:\n%s", diff)
	}
}

// writeEverything sends every form to an object of its own, first as those who
// may not, and the author last.
func writeEverything(t *testing.T, w *world, access map[string]web.Access, people map[string]func() *servertest.Client) {
	for _, v := range visits {
		if !v.isPost() {
			continue
		}
		path, clients := v.place(w), map[string]*servertest.Client{}
		for who, client := range people {
			clients[who] = client()
		}
		before := dump(t, w.Portal)
		for _, site := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://voleur.example"}, {"Sec-Fetch-Site", "same-site", "Sec-Fetch-Dest", "iframe"}} {
			answer := clients["author"].Do("POST", path, nil, append(site, "Content-Type", "application/x-www-form-urlencoded")...)
			if answer.Status != http.StatusForbidden {
				t.Errorf("POST %s from another site (%v): %d, want 403", path, site, answer.Status)
			}
			hardened(t, v.route, answer)
		}
		if diff := cmp.Diff(before, dump(t, w.Portal)); diff != "" {
			t.Errorf("POST %s from another site changed the store:\n%s", path, diff)
		}
		for _, who := range []string{"anonymous", "operator", "stranger"} {
			v.judge(t, who, path, access[v.route], v.ask(w, clients[who], path))
		}
		if diff := cmp.Diff(of(before, "bourg"), of(dump(t, w.Portal), "bourg")); diff != "" {
			t.Errorf("POST %s by somebody from elsewhere changed what is bourg's:\n%s", path, diff)
		}
		between := dump(t, w.Portal)
		v.judge(t, "colleague", path, access[v.route], v.ask(w, clients["colleague"], path))
		if diff := cmp.Diff(between, dump(t, w.Portal)); diff != "" && v.colleague >= 400 {
			t.Errorf("POST %s, refused to a colleague, changed the store:\n%s", path, diff)
		}
		v.judge(t, "author", path, access[v.route], v.ask(w, clients["author"], path))
	}
}

// judge compares an answer with the table's line.
func (v visit) judge(t *testing.T, who, path string, access web.Access, answer servertest.Answer) {
	t.Helper()
	want := map[string]int{"author": v.author, "colleague": v.colleague, "stranger": v.stranger, "anonymous": v.anonymous}[who]
	if who == "operator" {
		want = v.ofOperator(access)
	}
	if want != 0 && answer.Status != want {
		t.Errorf("%s %s: %s gets %d, want %d\n%.300s", v.route, path, who, answer.Status, want, answer.Body)
	}
	forbidden := map[string][]string{"colleague": {secret}, "stranger": {canary, secret}, "operator": {canary, secret}, "anonymous": {canary, secret}}[who]
	for _, text := range forbidden {
		if strings.Contains(withoutEcho(answer.Body, path), text) {
			t.Errorf("%s %s: %s reads %q:\n%s", v.route, path, who, text, around(answer.Body, text))
		}
		for name, values := range answer.Header {
			if strings.Contains(withoutEcho(strings.Join(values, "\n"), path), text) {
				t.Errorf("%s %s: %s reads %q in header %s: %q", v.route, path, who, text, name, values)
			}
		}
	}
	if access != web.Protocol {
		hardened(t, v.route, answer)
	}
}

// ofOperator is what who operates the pool gets: her own page, the public
// ones, and nothing of any collectivity.
func (v visit) ofOperator(access web.Access) int {
	switch access {
	case web.Public, web.Protocol:
		return 0 // as anybody
	case web.Operator:
		return http.StatusOK
	}
	return http.StatusSeeOther
}

// withoutEcho leaves out the address that was asked, which a page may repeat.
func withoutEcho(text, path string) string { return strings.ReplaceAll(text, path, "") }

func around(text, found string) string {
	i := strings.Index(text, found)
	return text[max(0, i-200):min(len(text), i+200)]
}

// hardened fails an answer to a browser that lacks a security header
// (reliability.md 11).
func hardened(t *testing.T, route string, answer servertest.Answer) {
	t.Helper()
	policy := answer.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") && !strings.Contains(policy, "sandbox") {
		t.Errorf("%s: content security policy %q", route, policy)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s: %s = %q, want %q", route, name, got, want)
		}
	}
	for _, name := range []string{"Permissions-Policy", "Cache-Control"} {
		if answer.Header.Get(name) == "" {
			t.Errorf("%s: no %s", route, name)
		}
	}
}
