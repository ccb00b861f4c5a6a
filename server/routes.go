package server

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"parvis/almanac"
	"parvis/applications"
	"parvis/booking"
	"parvis/calendar"
	"parvis/calendar/caldav"
	"parvis/calendar/remote"
	"parvis/contacts"
	contactsdav "parvis/contacts/carddav"
	"parvis/dav"
	"parvis/dav/addressbook"
	"parvis/directory"
	"parvis/directory/api"
	directorydav "parvis/directory/carddav"
	"parvis/directory/ldapdir"
	"parvis/directory/mirror"
	"parvis/directory/pool"
	"parvis/directory/scim"
	"parvis/directory/webhooks"
	"parvis/documents"
	"parvis/kiosk"
	"parvis/leaving"
	"parvis/mail"
	"parvis/news"
	"parvis/oncall"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/outgoing"
	"parvis/portal/post"
	"parvis/portal/quota"
	"parvis/portal/web"
	"parvis/presence"
	"parvis/search"
	"parvis/search/extract"
	"parvis/sso"
	"parvis/sso/cas"
	"parvis/sso/forwardauth"
	"parvis/sso/openid"
	"parvis/sso/upstream"
	"parvis/themes"
	"parvis/todo"
	"parvis/weather"
	"parvis/widgets"
)

// pageTemplates are the templates of every room that has pages.
func pageTemplates() []fs.FS {
	return []fs.FS{
		templates, audit.Templates, widgets.Templates, sso.Templates, cas.Templates, openid.Templates, directory.Templates, mirror.Templates, webhooks.Templates, pool.Templates, applications.Templates, news.Templates,
		calendar.Templates, booking.Templates, presence.Templates, kiosk.Templates, oncall.Templates, contacts.Templates, remote.Templates, documents.Templates, mail.Templates, search.Templates, todo.Templates, leaving.Templates,
	}
}

// locale are the sentences of every room that speaks.
func locale() []fs.FS {
	return []fs.FS{
		themes.Locales, web.Locales, audit.Locales, post.Locales, quota.Locales, outgoing.Locales, locales, widgets.Locales, sso.Locales, cas.Locales, openid.Locales, forwardauth.Locales, upstream.Locales,
		directory.Locales, api.Locales, mirror.Locales, webhooks.Locales, scim.Locales, pool.Locales, ldapdir.Locales, applications.Locales, news.Locales, calendar.Locales, booking.Locales, presence.Locales, kiosk.Locales, oncall.Locales, contacts.Locales, remote.Locales, documents.Locales, extract.Locales,
		mail.Locales, weather.Locales, almanac.Locales, search.Locales, todo.Locales, leaving.Locales,
	}
}

// mount is the list of everything that is served.
func (s *Server) mount(context.Context, Options) error {
	proxies, err := web.ParseNetworks(s.Config.TrustedProxies)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.Router, err = web.NewRouter(web.Config{
		Identifier: kiosk.Identifier{Store: s.Kiosks, Signed: s.SSO.Sessions}, Renderer: s.renderer, Catalogue: s.catalogue, Log: s.log,
		BaseURL: s.Config.URL, TrustedProxies: proxies, LogRequests: s.Config.Log.Requests, Assisting: s.assisting(),
	})
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	changed := func(caller portal.Caller) { s.Home.Changed(caller.Collectivity, "mail", caller.Agent) }
	for _, routes := range [][]web.Route{
		s.Home.Routes(),
		s.SSO.Routes(),
		s.CAS.Routes(),
		s.OpenID.Routes(),
		s.Forward.Routes(),
		directory.NewHandler(s.Directory, s.renderer, s.Inviter, s.Arrivals, s.SSO.Sessions).Routes(),
		mirror.NewHandler(s.Mirror, s.Directory, s.renderer).Routes(),
		webhooks.NewHandler(s.Webhooks, s.renderer).Routes(),
		applications.NewHandler(s.Applications, appDirectory{s.Directory}, s.renderer).Routes(),
		news.NewHandler(s.News, s.Directory, s.renderer).Routes(),
		booking.NewDesk(s.Booking, directory.WholePhoto, s.renderer).Routes(),
		booking.NewDoors(s.Booking, s.people(), plainCalendar[booking.Entry], s.renderer).Routes(),
		booking.NewLendings(s.Booking, s.Directory, s.renderer).Routes(),
		booking.NewHandler(s.Booking, s.Directory, directory.SquarePhoto, s.renderer).Routes(),
		kiosk.NewWall(s.Kiosks, boards{s}, sso.DeviceOf, s.SSO.Drop, s.renderer).Routes(),
		kiosk.NewHandler(s.Kiosks, s.renderer, s.SSO.Freshly).Routes(),
		oncall.NewHandler(s.OnCall, dutyPeople{s.Directory}, s.onShared, s.renderer).Routes(),
		oncall.NewFeeds(s.OnCall, s.Directory, plainCalendar[oncall.Event]).Routes(),
		s.refreshing("agenda", calendar.NewHandler(s.Calendar, sharingDirectory{s.Directory}, s.renderer, s.Remote).Routes()),
		calendar.NewTeamHandler(s.Calendar, teams{s.Directory}, s.renderer, sheetBoards{s}, marks{staff{s.Directory, s.Calendar}, s.Presence}, dutyMarks{s.OnCall}).Routes(),
		presence.NewHandler(s.Presence, staff{s.Directory, s.Calendar}, s.renderer).Routes(),
		s.refreshingAll("agenda", calendar.NewSharingHandler(s.Calendar, sharingDirectory{s.Directory}, s.renderer).Routes()),
		calendar.NewFeeds(s.Calendar, s.Directory).Routes(),
		s.refreshing("agenda", remote.NewHandler(s.Remote, s.Calendar, s.renderer).Routes()),
		contacts.NewHandler(s.Contacts, bookOwners{s.Directory}, directory.SquarePhoto, s.renderer).Routes(),
		slow(documents.NewHandler(s.Documents, s.Directory, s.renderer).Routes()),
		mail.NewHandler(s.Mail, s.renderer, changed).Routes(),
		search.NewHandler(s.index, directory.OtherPeople{Store: s.Directory}, s.renderer).Routes(),
		todo.NewHandler(s.Inbox, s.renderer).Routes(),
		slow(s.davSite().Routes()),
		audit.NewHandler(s.Journal, s.renderer).Routes(),
		api.New(api.Options{Store: s.Directory, Journal: s.Journal, Webhooks: s.Webhooks, Bookings: apiBookings{s.Booking}, Inviter: s.Inviter, Furnish: s.furnish, Auth: s.SSO.AppPasswords, Catalogue: s.catalogue, Log: s.log}).Routes(),
		scim.New(scim.Options{DB: s.DB, Store: s.Directory, Auth: s.SSO.AppPasswords, Catalogue: s.catalogue, Log: s.log, URL: s.Config.address()}).Routes(),
		s.themes.routes(),
		standing{s.renderer}.routes(),
		adminPage{s.renderer, s.concernSources(), s.log}.routes(),
		pool.NewHandler(pool.Options{
			Store: s.Directory, Inviter: s.Inviter, Journal: s.Journal, Methods: s.SSO.Methods, Factors: s.SSO.Factors,
			Passwords: s.SSO.Passwords, Sessions: s.SSO.Sessions, Announcements: s.Announcements, Quotas: s.Quotas, Networks: s.Networks, Renderer: s.renderer, Home: s.Home, Log: s.log, Sizes: s.Documents, Furnish: s.furnish, Try: s.tryServices, Freshly: s.SSO.Freshly,
			Troubles: []pool.Trouble{{Key: "mail", Count: s.Post.Lost}, {Key: "agendas", Count: s.Remote.Failing}},
		}).Routes(),
		leaving.NewHandler(s.Leaving, s.renderer, s.SSO.Freshly).Routes(),
		s.ownRoutes(),
	} {
		s.Router.Mount(kioskRoutes(seenRoutes(routes))...)
	}
	return nil
}

// slow marks the routes that carry files or long listings.
func slow(routes []web.Route) []web.Route {
	for i := range routes {
		routes[i].Slow = true
	}
	return routes
}

// refreshing makes what a person changes on a feature's pages show on her own
// home page at once: a box, by its widget's id, or another topic.
func (s *Server) refreshing(topic string, routes []web.Route) []web.Route {
	return after(routes, func(caller portal.Caller) { s.Home.Changed(caller.Collectivity, topic, caller.Agent) })
}

// refreshingAll is refreshing for the home pages of her whole collectivity, which see
// what she opens, and must not see what she closes.
func (s *Server) refreshingAll(topic string, routes []web.Route) []web.Route {
	return after(routes, func(caller portal.Caller) { s.Home.Changed(caller.Collectivity, topic) })
}

// after has something done once a form was sent.
func after(routes []web.Route, do func(caller portal.Caller)) []web.Route {
	for i, route := range routes {
		if route.Method != http.MethodPost {
			continue
		}
		routes[i].Handler = func(w http.ResponseWriter, r *http.Request) error {
			err := route.Handler(w, r)
			if err == nil {
				do(web.CallerOf(r))
			}
			return err
		}
	}
	return routes
}

// ownRoutes are the static files and what a supervisor asks.
func (s *Server) ownRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: themes.Prefix + "*", Access: web.Protocol, Handler: func(w http.ResponseWriter, r *http.Request) error {
			s.assets.ServeHTTP(w, r)
			return nil
		}},
		{Method: "GET", Path: "/healthz", Access: web.Protocol, Handler: plain("ok\n")},
		{Method: "GET", Path: "/readyz", Access: web.Protocol, Handler: s.ready},
		{Method: "GET", Path: "/robots.txt", Access: web.Protocol, Handler: plain("User-agent: *\nDisallow: /\n")},
	}
}

func plain(text string) web.Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, err := io.WriteString(w, text)
		return err
	}
}

// ready says whether requests can be answered: the store must be there.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	if err := s.DB.Ping(r.Context()); err != nil {
		return err
	}
	return plain("ready\n")(w, r)
}

// appDirectory tells the applications who is who.
type appDirectory struct{ *directory.Store }

// Units lists the organisation chart.
func (d appDirectory) Units(ctx context.Context, caller portal.Caller) ([]applications.Unit, error) {
	found, err := d.Store.Units(ctx, caller)
	units := make([]applications.Unit, len(found))
	for i, unit := range found {
		units[i] = applications.Unit{ID: unit.ID, Parent: unit.Parent, Name: unit.Name, Depth: unit.Depth}
	}
	return units, err
}

// Person is what the directory knows of the caller.
func (d appDirectory) Person(ctx context.Context, caller portal.Caller) (applications.Person, error) {
	p, err := d.Portrait(ctx, caller)
	return applications.Person{
		Login: p.Login, GivenName: p.GivenName, FamilyName: p.FamilyName, Email: p.Email, Phone: p.Phone, Mobile: p.Mobile,
		Office: p.Office, Function: p.Function, Unit: p.UnitName, SourceKey: p.SourceKey, SIREN: p.SIREN, SIRET: p.SIRET,
	}, err
}

// Present tells who agents are; those who left are left out.
func (d appDirectory) Present(ctx context.Context, caller portal.Caller, agents []portal.AgentID) (map[portal.AgentID]applications.Colleague, error) {
	found, err := d.Store.Present(ctx, caller, agents)
	present := make(map[portal.AgentID]applications.Colleague, len(found))
	for id, one := range found {
		present[id] = applications.Colleague{Name: one.Name(), Function: one.Function, Caller: portal.Caller{
			Account: one.Account, Agent: id, Collectivity: caller.Collectivity, Unit: one.Unit, Groups: one.Groups,
		}}
	}
	return present, err
}

// Find lists the agents whose entries begin so.
func (d appDirectory) Find(ctx context.Context, caller portal.Caller, text string) ([]applications.Someone, error) {
	const enough = 12 // to choose from; more is a search to narrow
	people, err := d.People(ctx, caller, directory.PeopleQuery{Text: text, Size: enough})
	found := make([]applications.Someone, len(people.Agents))
	for i, agent := range people.Agents {
		found[i] = applications.Someone{ID: agent.ID, Name: agent.Name(), Function: agent.Function}
	}
	return found, err
}

// As is an agent as she would ask, without any right.
func (d appDirectory) As(ctx context.Context, caller portal.Caller, agent portal.AgentID) (portal.Caller, error) {
	return d.Standing(ctx, caller, agent)
}

// sharingDirectory tells the agenda with whom its calendars can be shared.
type sharingDirectory struct{ *directory.Store }

// Find lists the agents whose entries begin so.
func (d sharingDirectory) Find(ctx context.Context, caller portal.Caller, text string) ([]calendar.Someone, error) {
	found, err := appDirectory(d).Find(ctx, caller, text)
	people := make([]calendar.Someone, len(found))
	for i, one := range found {
		people[i] = calendar.Someone(one)
	}
	return people, err
}

// Someone is an active agent.
func (d sharingDirectory) Someone(ctx context.Context, caller portal.Caller, agent portal.AgentID) (calendar.Someone, error) {
	present, err := d.Present(ctx, caller, []portal.AgentID{agent})
	one, there := present[agent]
	if err == nil && !there {
		err = portal.ErrNotFound
	}
	return calendar.Someone{ID: agent, Name: one.Name(), Function: one.Function}, err
}

// Units lists the organisation chart.
func (d sharingDirectory) Units(ctx context.Context, caller portal.Caller) ([]calendar.Place, error) {
	found, err := d.Store.Units(ctx, caller)
	places := make([]calendar.Place, len(found))
	for i, unit := range found {
		places[i] = calendar.Place{ID: unit.ID, Name: unit.Name, Depth: unit.Depth}
	}
	return places, err
}

// teams tells the agenda who works together.
type teams struct{ directory *directory.Store }

// Units lists the organisation chart.
func (t teams) Units(ctx context.Context, caller portal.Caller) ([]calendar.Place, error) {
	return sharingDirectory{t.directory}.Units(ctx, caller)
}

// OwnUnit is that of the caller.
func (t teams) OwnUnit(ctx context.Context, caller portal.Caller) (portal.UnitID, error) {
	agent, err := t.directory.Agent(ctx, caller, caller.Agent)
	return agent.Unit, err
}

// Team lists the first agents of a unit and of those below it.
func (t teams) Team(ctx context.Context, caller portal.Caller, unit portal.UnitID, most int) (people []calendar.Someone, total int, err error) {
	units, err := t.directory.Units(ctx, caller)
	if err != nil {
		return nil, 0, err
	}
	first := slices.IndexFunc(units, func(one directory.UnitNode) bool { return one.ID == unit })
	if first < 0 {
		return nil, 0, portal.ErrNotFound
	}
	for i, one := range units[first:] {
		if i > 0 && one.Depth <= units[first].Depth {
			break // no longer below it
		}
		total += one.Agents
		if one.Agents == 0 || len(people) == most {
			continue
		}
		found, err := t.directory.UnitMembers(ctx, caller, one.ID, most-len(people))
		if err != nil {
			return nil, 0, err
		}
		for _, agent := range found {
			people = append(people, calendar.Someone{ID: agent.ID, Name: agent.Name(), Function: agent.Function})
		}
	}
	return people, total, nil
}

// bookOwners tells contacts for which units and groups somebody may make address books.
type bookOwners struct{ directory *directory.Store }

// Owners lists the units that the caller manages, in the order of the chart, then the groups when she manages all.
func (b bookOwners) Owners(ctx context.Context, caller portal.Caller) ([]contacts.Owner, error) {
	if !caller.CanSomewhere(portal.ManageAgents) {
		return nil, nil
	}
	units, err := b.directory.GovernedUnits(ctx, caller)
	if err != nil {
		return nil, err
	}
	var owners []contacts.Owner
	for _, unit := range units {
		owners = append(owners, contacts.Owner{Subject: portal.Subject{Kind: portal.TheUnit, ID: string(unit.ID)}, Name: unit.Name, Depth: unit.Depth})
	}
	if !caller.Can(portal.ManageAgents) {
		return owners, nil
	}
	groups, err := b.directory.Groups(ctx, caller)
	for _, group := range groups {
		owners = append(owners, contacts.Owner{Subject: portal.Subject{Kind: portal.TheGroup, ID: string(group.ID)}, Name: group.Name})
	}
	return owners, err
}

// pins shows the home page the applications that the agent pinned.
type pins struct{ applications *applications.Store }

// maxPins bounds the strip under the greeting.
const maxPins = 12

func (p pins) Pinned(ctx context.Context, caller portal.Caller) ([]widgets.App, error) {
	found, err := p.applications.Pinned(ctx, caller, maxPins)
	if err != nil {
		return nil, err
	}
	apps := make([]widgets.App, len(found))
	for i, app := range found {
		apps[i] = widgets.App{Name: app.Name, URL: app.URL, Icon: app.Icon}
	}
	return apps, nil
}

// davSite is the tree that phones and programs read: agendas, and address books, her own first.
func (s *Server) davSite() *dav.Site {
	site := dav.NewSite(s.SSO.AppPasswords, davPeople{s.Directory, s.Booking}, s.log,
		caldav.Home(s.Calendar), addressbook.Home(contactsdav.Books(s.Contacts), directorydav.Shelf(s.Directory, s.catalogue), directorydav.Shared(s.Directory, s.catalogue)))
	site.Watch(s.noteSync)
	return site
}

// noteSyncFor bounds how long a device waits for how it fares to be written.
const noteSyncFor = time.Second

// noteSync keeps how a person's device fares, for her account. It is no reason to fail: the device
// has its answer.
func (s *Server) noteSync(ctx context.Context, one dav.Outcome) {
	if one.Password == "" {
		return
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), noteSyncFor)
	defer done()
	err := s.SSO.Syncs.Note(ctx, sso.Synced{
		Collectivity: one.Caller.Collectivity, Password: one.Password, Feature: one.Feature, Agent: one.Agent, Path: one.Path,
		Writes: one.Writes, Trouble: string(one.Trouble), Subject: one.Subject,
	})
	if err != nil {
		s.log.Warn("how a device fares is not written", "error", err)
	}
}
