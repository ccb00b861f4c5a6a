package looks_test

import (
	"html"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/documents"
	"parvis/e2e/browser"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/server/servertest"
)

// role is a kind of person who looks at pages.
type role struct {
	name  string
	login string // "" for one who is not signed in
	// seeds are pages that no link leads to as the demonstration stands, and
	// states of a page that are worth a look of their own.
	seeds []string
}

var everybody = []string{"/sitemap", "/help", "/accessibility", "/legal", "/privacy", "/nothing-here"}

var signedIn = append([]string{
	"/", "/home/edit", "/account", "/account/factors", "/account/factors/app", "/apps", "/boxes/news", "/boxes/agenda", "/boxes/mail", "/boxes/weather", "/boxes/directory", "/boxes/applications",
	"/search", "/search?q=budget", "/search?q=bugdet", "/search?q=xyzzyx", "/search?q=budget&kind=document",
	"/calendar?view=day", "/calendar?view=work", "/calendar?view=week", "/calendar?view=month", "/calendar?view=list", "/calendar/team", "/calendar/team/sheet", "/calendar/new", "/calendar/new?typed=point+mardi+vers+14h", "/calendar/tasks", "/calendar/tasks/new", "/calendar/exchange",
	"/calendar/calendars", "/calendar/calendars?q=a", "/calendar/calendars?who=xyzzyx", "/calendar/delegates", "/calendar/delegates?q=a",
	"/news", "/news?shelf=archive", "/news?shelf=planned", "/documents", "/documents/bin", "/documents/unread",
	"/account/rights", "/account/rights?q=a", "/directory", "/directory?q=dupont", "/directory?q=xyzzyx", "/directory/card", "/directory/chart", "/directory/chart?open=all", "/directory/chart?q=voirie", "/directory/chart?unit=conseil", "/directory/of/ccas", "/directory/of/ccas?q=xyzzyx", "/directory/of/ccas/chart?open=all", "/bookings", "/bookings?view=week", "/bookings?kind=vehicle", "/bookings/mine", "/bookings/series", "/presence", "/presence/today", "/presence/today?state=away", "/presence/today?q=xyzzyx", "/contacts", "/contacts?q=menuiserie", "/contacts?q=xyzzyx", "/contacts?category=Urgences", "/contacts/new", "/contacts/books", "/boxes/contacts", "/mail", "/todo", "/boxes/todo", "/apps/finances/ask", "/apps/marches/ask",
}, everybody...)

// poolPages are those of who operates the pool.
var poolPages = []string{
	"/pool", "/pool?q=xyzzyx", "/pool?state=suspended", "/pool/journal",
	"/pool/templates", "/pool/templates/new", "/pool/templates/new?from=commune", "/pool/quotas", "/pool/collectivities/bourg/quotas", "/pool/collectivities/bourg/outgoing", "/pool/announcements", "/pool/announcements?state=ended", "/pool/announcements/new", "/pool/announcements/new?to=bourg",
	"/pool/new", "/pool/new?q=saint-denis", "/pool/new?q=xyzzyx", "/pool/new?place=45203", "/pool/collectivities/bourg", "/pool/collectivities/bourg/suspend", "/pool/collectivities/bourg/erase", "/pool/erasures", "/pool/collectivities/bourg/assist", "/pool?state=trouble",
	draftScreens + "identity", draftScreens + "look", draftScreens + "look?colour=%23f0e68c", draftScreens + "sign-in", draftScreens + "first", draftScreens + "template", draftScreens + "services", draftScreens + "open",
}

func roles() []role {
	return []role{
		{"agent", "agent@bourg.example", signedIn},
		{"admin", "admin@bourg.example", append([]string{"/news/new", "/documents/folders/new", "/admin", "/admin/agents", "/admin/rights", "/admin/rights?q=a", "/admin/rights?to=everyone&right=news.edit", "/admin/rights/review?holds=&q=xyzzyx", "/admin/rights/review/things?kind=documents.mention", "/admin/rights/review/changes?since=2999-01-01", "/admin/mirror", "/admin/webhooks", "/admin/export", "/admin/erasures", "/admin/directory/sharing", "/admin/home", "/admin/home/everyone", "/admin/identity", "/admin/identity?colour=%23f0e68c&name=Bourg&long_name=Mairie&language=fr", "/admin/directory", "/admin/agents/invite", "/admin/agents?q=xyzzyx", "/admin/agents?state=closed", "/admin/agents?state=leaving", "/admin/agents?unit=technique&state=active", "/admin/units/new?parent=technique", "/admin/units/technique/empty", "/admin/units?q=v", "/admin/units?q=xyzzyx", "/admin/groups?q=e&state=hand", "/admin/groups?q=xyzzyx", "/admin/journal?action=factor.reset", "/admin/applications", "/admin/applications?q=xyzzyx", "/admin/applications/tickets/try?q=a", "/admin/applications/projets/openid", "/admin/applications/finances/access", "/admin/applications/finances/access?q=a", "/admin/sign-in/factors"}, signedIn...)},
		{"operator", "pool@pool.example", append(poolPages, everybody...)},
		{"anybody", "", append([]string{"/sign-in", "/sign-in/forgotten"}, everybody...)},
	}
}

// draftScreens begins the addresses of the screens of a collectivity that the
// operator is writing down.
const draftScreens = "/pool/drafts/neuve/"

// unseen are the routes that answer with no page of their own: why.
var unseen = map[string]string{
	"/oncall/worker.js":                      "is a script",
	"/oncall/periods/{id}/offer":             "is for who has a duty to come, see TestDutiesAreForEveryone",
	"/phone/{secret}":                        "is reached by a picture, see TestDevicesAreForEveryone",
	"/phone/{secret}/parvis.mobileconfig":    "is a file",
	"/door":                                  "is reached by a link, see TestADoorIsForEveryone",
	"/invitations/{secret}":                  "is reached by a link, see TestInvitationsAreForEveryone",
	"/directory/of/{town}/agents/{id}/photo": "is a picture",
	"/pool/templates/{id}":                   "is the form of /pool/templates/new, filled in",
	"/sign-in/password":                      "is reached by a form, see TestRefusedFormsAreForEveryone",
	"/sign-in/reset":                         "is reached by a link, see TestAnAccountFromItsInvitationToItsSecondPassword",
	"/sign-in/invitation":                    "is reached by a link, see the same",
	"/kiosk":                                 "is of a device, see TestAKioskIsForEveryone",
	"/kiosk/in":                              "is of a device, see the same",
	"/kiosk/code":                            "is of a device, see the same",
	"/account/pin":                           "asks for a fresh sign-in, see the same",
	"/account/invitation":                    "is reached by a link, see TestLinksOnPaperAreForEveryone",
	"/account/password":                      "asks for a fresh sign-in, see the same",
	"/account/factors/keys":                  "needs a host with a name, see TestPasskeys",
	"/sign-in/second":                        "is reached by a form, see TestSecondFactorsAreForEveryone",
	"/sign-in/second/new":                    "is reached by a form, see TestSecondFactorsAreForEveryone",
	"/sign-in/issuer":                        "leaves for an issuer, see the stories",
	"/sign-in/callback/{collectivity}":       "comes back from an issuer, see the stories",
	"/mail/password":                         "is asked where a person gives her password, see the stories",
	"/home/boxes/{id}":                       "no box of the demonstration has settings of the agent",
	"/documents/folders":                     "leads back to a page",
	"/documents/folders/{id}/delete":         "leads back to a page",
	"/documents/folders/{id}/upload":         "leads back to a page",
	"/documents/{id}/versions":               "leads back to a page",
	"/documents/{id}/file":                   "is the file",
	"/documents/{id}/versions/{number}":      "is the file",
	"/cas/login":                             "leads to an application, see TestRefusalsOfApplicationsAreForEveryone",
	"/cas/logout":                            "leads to the sign-in or to an application, see sso/cas",
	"/oidc/{issuer}/authorize":               "leads to an application, see the same",
	"/oidc/{issuer}/continue/{request}":      "leads to an application, see sso/openid",
	"/oidc/{issuer}/logout":                  "asks before it leads to an application, see the same",
	"/forward/start":                         "leads to an application, see the same",
	"/admin/agents/import/{id}":              "needs a file, see TestAnAdministratorImportsTheAgentsOfACommune",
	"/admin/agents/import/sample.csv":        "is the file",
	"/admin/export/{id}":                     "is the archive",
	"/admin/erasures/{id}":                   "is the certificate",
	"/pool/erasures/{id}":                    "is the certificate",
	"/directory/agents/{id}/photo":           "is a picture",
	"/resources/{id}/photo":                  "is a picture",
	"/bookings/trips/{id}/photo":             "is a picture",
	"/bookings/trips/new":                    "needs a vehicle that is in, see TestAVehicleIsDrivenFromAPhone",
	"/search/suggestions":                    "is a fragment of the search field",
	"/theme/{file}":                          "is a style sheet",
	"/theme/sample/{file}":                   "is a style sheet",
	"/logo/{file}":                           "is a picture",
	"/admin/lendings/{id}/terms":             "is the form of /admin/lendings/new, filled in",
	"/admin/lendings/{id}/statement.csv":     "is the file",
	"/admin/mirror/runs/{id}":                "needs a directory server, see TestTheMirrorIsForEveryone",
	"/admin/webhooks/{id}":                   "needs a program, see TestAProgramIsToldOfWhoArrives",
	"/calendar/remote/{id}/import":           "needs another server, see calendar/remote",
	"/calendar/remote/events/{id}":           "needs another server, see calendar/remote",
	"/calendar/remote/events/{id}/edit":      "needs another server, see calendar/remote",
	"/calendar/remote/events/{id}/delete":    "needs another server, see calendar/remote",
	"/calendar/export/{id}":                  "is the file",
	"/contacts/cards/{book}/{card}/photo":    "is a picture",
	"/contacts/books/{book}/export":          "is the file",
	"/contacts/imports/{id}":                 "needs a file, see server",
	"/calendar/imports/{id}":                 "needs a file, see calendar",
	"/calendar/tasks/{id}":                   "is the form of /calendar/tasks/new, filled in",
}

// TestEveryPageIsForEveryone opens every page of the demonstration as each kind
// of person, in both languages, light and dark, wide and narrow: no
// accessibility fault, valid HTML, sound geometry, no error in the console, no
// request to another host (reliability.md 1 to 3).
func TestEveryPageIsForEveryone(t *testing.T) {
	portal := servertest.Demo(t)
	writeDown(t, portal)
	patterns := map[string]*regexp.Regexp{}
	for _, route := range portal.Router.Routes() {
		if route.Method == "GET" && route.Access != web.Protocol {
			patterns[route.Path] = pattern(route.Path)
		}
	}
	seen := map[string]bool{}
	pages := map[string][]string{}         // by role
	routes := map[string]map[string]bool{} // of the pages that a role is shown
	everyone := roles()
	for i := range everyone {
		if r := &everyone[i]; r.name == "admin" {
			r.seeds = append(r.seeds, "/admin/agents/"+closedAgent(t, portal)+"/erase")
		}
	}
	for _, r := range everyone {
		found := crawl(portal, r, patterns)
		routes[r.name] = map[string]bool{}
		for path, route := range found {
			seen[route], routes[r.name][route] = true, true
			if r.name == "operator" && routes["agent"][route] {
				delete(found, path) // as an agent is shown it
			}
		}
		pages[r.name] = slices.Sorted(maps.Keys(found))
	}
	pages["admin"] = differing(portal, pages["admin"])
	for route := range patterns {
		if !seen[route] && unseen[route] == "" {
			t.Errorf("no page of %s was found: link to it, or say why not", route)
		}
	}
	if portal.DB.Engine() == database.PostgreSQL {
		return // the pages are found there too; they look the same, and one look is enough
	}
	t.Run("as", func(t *testing.T) {
		for _, r := range everyone {
			t.Run(r.name, func(t *testing.T) {
				t.Parallel()
				look(t, portal, r, pages[r.name], patterns)
			})
		}
	})
}

// writeDown begins a collectivity at the address of draftScreens.
func writeDown(t *testing.T, portal *servertest.Portal) {
	t.Helper()
	operator := portal.As("pool@pool.example")
	saved := operator.Post("/pool/new", "id", "neuve", "name", "Neuve-sur-Loire", "long_name", "Mairie de Neuve-sur-Loire", "kind", "commune", "zone", "Europe/Paris").Want(t, http.StatusSeeOther)
	id := strings.Split(saved.Header.Get("Location"), "/")[3]
	if _, err := portal.DB.Exec(t.Context(), `UPDATE collectivity_drafts SET id = 'neuve' WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
}

// closedAgent is one who left the commune.
func closedAgent(t *testing.T, portal *servertest.Portal) string {
	t.Helper()
	admin := directory.Installation("bourg")
	agent, err := portal.Directory.CreateAgent(t.Context(), admin, directory.Agent{GivenName: "Odile", FamilyName: "Partie"})
	if err == nil {
		err = portal.Directory.CloseAgent(t.Context(), admin, agent, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(agent)
}

// pattern matches the addresses of a route.
func pattern(route string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(route)
	return regexp.MustCompile("^" + regexp.MustCompile(`\\\{[a-z]+\\\}`).ReplaceAllString(quoted, "[^/]+") + "$")
}

var link = regexp.MustCompile(`href="(/[^"#]*)`)

// perRoute is how many pages of one route are looked at beside the seeds: an
// event and another, a document and another.
const perRoute = 2

// crawl follows links as a person of the role and returns the pages, each with
// its route.
func crawl(portal *servertest.Portal, r role, patterns map[string]*regexp.Regexp) map[string]string {
	client := clientOf(portal, r)
	found, count, tried := map[string]string{}, map[string]int{}, map[string]bool{}
	queue := slices.Clone(r.seeds)
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		seeded := slices.Contains(r.seeds, path)
		route := routeOf(patterns, path)
		if tried[path] || !seeded && (route == "" || count[route] >= perRoute || strings.Contains(path, "?")) {
			continue
		}
		tried[path] = true
		answer := client.Get(path)
		isPage := strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") && answer.Status != http.StatusSeeOther
		if !isPage || answer.Status != http.StatusOK && !seeded {
			continue
		}
		found[path] = route
		count[route]++
		for _, match := range link.FindAllStringSubmatch(answer.Body, -1) {
			queue = append(queue, html.UnescapeString(match[1]))
		}
	}
	return found
}

// differing keeps the pages that the administrator sees otherwise than the
// agent does: those that are shut to her, or have other forms and buttons.
func differing(portal *servertest.Portal, pages []string) []string {
	agent, admin := portal.As("agent@bourg.example"), portal.As("admin@bourg.example")
	return slices.DeleteFunc(pages, func(path string) bool {
		hers, his := agent.Get(path), admin.Get(path)
		return hers.Status == his.Status && controls(hers.Body) == controls(his.Body)
	})
}

// controls counts what can be pressed or filled in.
func controls(body string) int {
	return strings.Count(body, "<form") + strings.Count(body, `class="button`) + strings.Count(body, "<input")
}

// routeOf is the route of an address, the one without variables first.
func routeOf(patterns map[string]*regexp.Regexp, path string) string {
	path, _, _ = strings.Cut(path, "?")
	if patterns[path] != nil {
		return path
	}
	for _, route := range slices.Sorted(maps.Keys(patterns)) {
		if patterns[route].MatchString(path) {
			return route
		}
	}
	return ""
}

func clientOf(portal *servertest.Portal, r role) *servertest.Client {
	if r.login == "" {
		return portal.Anonymous()
	}
	return portal.As(r.login)
}

// look judges every page in every shape; of the pages of one route that are no seed,
// the first in both languages and the others in French.
func look(t *testing.T, portal *servertest.Portal, r role, pages []string, patterns map[string]*regexp.Regexp) {
	page, client := browser.New(t), clientOf(portal, r)
	page.Allow("status of 404") // the page that is not there
	if r.login != "" {
		page.SignIn(portal.URL, r.login, servertest.Password)
	}
	for _, language := range []i18n.Language{i18n.French, i18n.English} {
		speak(t, portal, page, r, language)
		looked := map[string]bool{}
		for _, path := range pages {
			route := routeOf(patterns, path)
			if language != i18n.French && looked[route] && !slices.Contains(r.seeds, path) {
				continue
			}
			looked[route] = true
			t.Run(string(language)+path, func(t *testing.T) {
				keep(page, portal.URL, r, language, path)
				if language == i18n.French {
					page.Judge(t, portal.URL+path, false)
				} else {
					page.JudgeAgain(t, portal.URL+path, true)
				}
				browser.HTML(t, []byte(client.Do("GET", path, nil, "Accept-Language", string(language)).Body))
			})
		}
	}
}

// speak sets the language of the pages.
func speak(t *testing.T, portal *servertest.Portal, page *browser.Page, r role, language i18n.Language) {
	t.Helper()
	page.Language(string(language))
	if r.login == "" {
		return
	}
	account, err := portal.Directory.AccountByLogin(t.Context(), r.login)
	if err != nil {
		t.Fatal(err)
	}
	if err := portal.Directory.SetPreferences(t.Context(), account.ID, language, ""); err != nil {
		t.Fatal(err)
	}
}

// portraits are the pages whose pictures are kept.
var portraits = map[string]string{
	"/": "home", "/home/edit": "home-edit", "/sign-in": "sign-in", "/calendar?view=week": "calendar-week", "/calendar?view=month": "calendar-month",
	"/calendar/new": "event-new", "/search?q=budget": "search", "/documents": "documents", "/news": "news", "/directory": "directory",
	"/account": "account", "/account/factors": "factors", "/account/factors/app": "factor-app", "/admin/sign-in/factors": "staff", "/mail": "mail", "/apps": "apps", "/todo": "todo", "/apps/finances/ask": "app-ask", "/admin/applications/finances/access": "admin-application-access", "/admin": "admin", "/admin/rights": "admin-rights", "/account/rights": "own-rights", "/admin/rights?q=a": "admin-rights-search", "/admin/applications": "admin-applications", "/admin/applications/tickets": "admin-application", "/admin/applications/new": "admin-application-new", "/admin/applications/tickets/try?q=a": "admin-application-try", "/pool": "pool", "/pool/new?q=saint-denis": "pool-new", "/pool/collectivities/bourg": "pool-collectivity", draftScreens + "look?colour=%23f0e68c": "pool-look", draftScreens + "open": "pool-open", "/help": "help", "/nothing-here": "not-found",
}

// keep takes pictures of a portrait, wide and light, then narrow and dark.
func keep(page *browser.Page, address string, r role, language i18n.Language, path string) {
	name := portraits[path]
	if browser.Pictures() == "" || name == "" || language != i18n.French {
		return
	}
	page.Size(1366, 900)
	page.Scheme(false)
	page.Open(address + path)
	page.Screenshot("pages/" + r.name + "/" + name)
	page.Size(360, 640)
	page.Scheme(true)
	page.Screenshot("pages/" + r.name + "/" + name + "-360-dark")
}

// TestRefusedFormsAreForEveryone sends forms that are refused and judges the
// pages that come back with what was typed.
func TestRefusedFormsAreForEveryone(t *testing.T) {
	p := servertest.New(t)
	folder, err := p.Documents.CreateFolder(t.Context(), p.Caller("admin@bourg.example", "bourg"),
		documents.FolderDraft{Name: "Dépôt", Readers: []portal.GroupID{"accueil"}, Writers: []portal.GroupID{"accueil"}})
	if err != nil {
		t.Fatal(err)
	}
	page := browser.New(t)
	page.Allow("status of 4") // a refusal
	page.Open(p.URL + "/sign-in")
	refuse(t, page, "button.main", "login")
	page.Fill("#login", "agent@bourg.example")
	page.Follow("button.main")
	page.JudgeAsItStands(t)
	page.Fill("#password", "pas-le-bon")
	refuse(t, page, "button.main", "password")
	page.Fill("#password", servertest.Password)
	page.Follow("button.main")
	for _, form := range []struct{ page, button, field string }{
		{"/calendar/new", "main form.sheet button.main", "title"},
		{"/documents/folders/" + string(folder), "main form[enctype] button.main", "file"},
		{"/account", "form[action='/account/app-passwords'] button", "name"},
		{"/calendar/remote", "main form[action='/calendar/remote'] button", "url"},
		{"/calendar/calendars", "main #share form[method=post] button", "to"},
	} {
		page.Open(p.URL + form.page)
		refuse(t, page, form.button, form.field)
	}
}

// refuse sends a form past the browser's own checks; its field must say what is
// wrong, beside the summary.
func refuse(t *testing.T, page *browser.Page, button, field string) {
	t.Helper()
	var done bool
	page.Evaluate(`(document.querySelectorAll('form').forEach(f => f.noValidate = true), true)`, &done)
	page.Follow(button)
	if page.Count("#"+field+"-error") != 1 || page.Attribute("#"+field, "aria-invalid") != "true" {
		t.Errorf("%s: the field %s does not say what is wrong", page.URL(), field)
	}
	page.JudgeAsItStands(t)
}

// TestFragmentsAreValid checks what scripts put into a page.
func TestFragmentsAreValid(t *testing.T) {
	client := servertest.Demo(t).As("agent@bourg.example")
	for _, path := range []string{
		"/boxes/agenda?fragment=1", "/boxes/mail?fragment=1", "/boxes/news?fragment=1", "/boxes/directory?fragment=1",
		"/boxes/applications?fragment=1", "/boxes/todo?fragment=1", "/boxes/weather?fragment=1", "/search/suggestions?q=bud", "/search/suggestions?q=xyzzyx",
	} {
		t.Run(path, func(t *testing.T) {
			fragment := client.Get(path).Want(t, 200).Body
			if strings.Contains(fragment, "<html") {
				t.Errorf("%s is a whole page", path)
			}
			browser.HTML(t, []byte(fragment))
		})
	}
}

// TestLabelsOfFoldedRowsFollowTheirLanguage: French puts a space before a colon.
func TestLabelsOfFoldedRowsFollowTheirLanguage(t *testing.T) {
	portal, page := servertest.New(t), browser.New(t)
	r := role{login: "admin@bourg.example"}
	page.SignIn(portal.URL, r.login, servertest.Password)
	page.Size(360, 640)
	for _, language := range []i18n.Language{i18n.French, i18n.English} {
		speak(t, portal, page, r, language)
		page.Open(portal.URL + "/admin/agents")
		var content string
		page.Evaluate(`getComputedStyle(document.querySelector('.folds td[data-label]'), '::before').content`, &content)
		if spaced := strings.Contains(content, "\u00a0"); spaced != (language == i18n.French) {
			t.Errorf("%s: the label reads %s", language, content)
		}
	}
}

// TestThePoolIsForEveryone looks at the pages of an operator who is nobody's agent:
// the one of the demonstration is an agent too. Her frame has no collectivity.
func TestThePoolIsForEveryone(t *testing.T) {
	portal := servertest.New(t)
	writeDown(t, portal)
	operator := role{login: "pool@pool.example"}
	page, client := browser.New(t), portal.As(operator.login)
	page.SignIn(portal.URL, operator.login, servertest.Password)
	for i, path := range poolPages {
		language := []i18n.Language{i18n.French, i18n.English}[i%2]
		speak(t, portal, page, operator, language)
		t.Run(path, func(t *testing.T) {
			page.Judge(t, portal.URL+path, language == i18n.English)
			browser.HTML(t, []byte(client.Do("GET", path, nil, "Accept-Language", string(language)).Body))
		})
	}
}
