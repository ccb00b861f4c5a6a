// Package server joins the features into one running Parvis: it opens the
// store, gives each feature what it asks of the others, mounts their routes,
// and runs their work in the background. It holds no rule of its own.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"parvis/almanac"
	"parvis/applications"
	"parvis/booking"
	"parvis/calendar"
	"parvis/calendar/remote"
	"parvis/contacts"
	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/directory/mirror"
	"parvis/directory/webhooks"
	"parvis/documents"
	"parvis/kiosk"
	"parvis/leaving"
	"parvis/mail"
	"parvis/news"
	"parvis/oncall"
	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/outgoing"
	"parvis/portal/post"
	"parvis/portal/quota"
	"parvis/portal/seal"
	"parvis/portal/web"
	"parvis/presence"
	"parvis/search"
	"parvis/search/bleveindex"
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

// Server is one Parvis. Its features are open to the commands and the tests.
type Server struct {
	Config       Config
	DB           *database.DB
	Directory    *directory.Store
	Applications *applications.Store
	OpenID       *openid.Provider
	Forward      *forwardauth.Guard
	SSO          *sso.Service
	Home         *widgets.Handler
	News         *news.Store
	Calendar     *calendar.Store
	Booking      *booking.Store
	Presence     *presence.Store
	OnCall       *oncall.Store
	Kiosks       *kiosk.Store
	Contacts     *contacts.Store
	Remote       *remote.Store
	Documents    *documents.Store
	Mail         *mail.Store
	Weather      *weather.Store
	Indexer      *search.Indexer
	Journal      *audit.Journal
	CAS          *cas.Server
	Post         *post.Queue
	Inviter      *directory.Inviter
	Arrivals     *directory.Arrivals
	Departures   *directory.Departures

	Announcements *directory.Announcements
	Quotas        *quota.Store
	Networks      *outgoing.Networks
	Mirror        *mirror.Mirror
	Webhooks      *webhooks.Store
	Inbox         *todo.Inbox
	Leaving       *leaving.Store
	Router        *web.Router

	log       *slog.Logger
	catalogue *i18n.Catalogue
	renderer  *web.Renderer
	assets    *themes.Assets
	themes    *themeServer
	index     *bleveindex.Index
	extractor *extract.Extractor

	directories   *ldapdir.Servers
	weatherSource weather.Source // nil: no weather
	outside       *http.Client   // for pages of applications
	answers       answerTurns

	stop    context.CancelFunc
	workers sync.WaitGroup
}

// Options are what a test or the demo may set and a configuration file may
// not.
type Options struct {
	Log     *slog.Logger // required
	Version string       // of this program, as archives tell it: "v1.4.0"
	// WeatherSource takes the place of the configured one.
	WeatherSource weather.Source
	// Extract is what makes this program read files, see extract.Options.
	ExtractArgs []string
}

// New opens everything and mounts every route. Nothing runs yet: see Start.
// Close it.
func New(ctx context.Context, config Config, options Options) (*Server, error) {
	s := &Server{Config: config, log: options.Log, answers: answerTurns{turns: map[portal.CollectivityID]*answerTurn{}}}
	for _, step := range []func(context.Context, Options) error{
		s.openStore, s.openPages, s.openFeatures, s.openHome, s.mount,
	} {
		if err := step(ctx, options); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (s *Server) openStore(ctx context.Context, _ Options) error {
	if err := os.MkdirAll(s.Config.Data, 0o750); err != nil {
		return fmt.Errorf("server: data folder: %w", err)
	}
	address := s.Config.databaseURL()
	if s.Config.DatabaseFile != "" {
		text, err := os.ReadFile(s.Config.DatabaseFile)
		if err != nil {
			return fmt.Errorf("server: database_file: %w", err)
		}
		address = strings.TrimSpace(string(text))
	}
	var err error
	s.DB, err = database.Open(ctx, address, s.log)
	return err
}

func (s *Server) openPages(context.Context, Options) error {
	look, err := theLook()
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.assets, s.catalogue, s.renderer = look.assets, look.catalogue, look.renderer.Copy()
	return nil
}

// look is what pages are made with. It is part of the program and never changes.
type look struct {
	assets    *themes.Assets
	catalogue *i18n.Catalogue
	renderer  *web.Renderer
}

// theLook is compressed, checked and parsed once, however many servers a process opens: tests open hundreds.
var theLook = sync.OnceValues(func() (l look, err error) {
	if l.assets, err = themes.NewAssets(); err != nil {
		return l, err
	}
	if l.catalogue, err = i18n.Load(locale()...); err != nil {
		return l, err
	}
	l.renderer, err = web.NewRenderer(l.catalogue, l.assets.URL, navigation(), pageTemplates()...)
	return l, err
})

// navigation is the main menu. The first ones marked Key stand in the bar of
// a phone.
func navigation() []web.NavItem {
	item := func(section, href, icon string, key bool) web.NavItem {
		return web.NavItem{NavItem: themes.NavItem{Section: section, Href: href, Label: "server.nav." + section, Icon: icon, Key: key}}
	}
	pool := item("pool", "/pool", "building", false)
	pool.Rights = []portal.Right{portal.OperatePool}
	admin := item("admin", "/admin", "settings", false)
	admin.Rights = portal.Administration
	return []web.NavItem{
		item("home", "/", "home", true), item("calendar", "/calendar", "calendar", true), item("bookings", "/bookings", "room", false), item("oncall", "/oncall", "phone", false), item("directory", "/directory", "people", true),
		item("news", "/news", "news", false), item("documents", "/documents", "doc", false), admin, pool,
	}
}

func (s *Server) openFeatures(ctx context.Context, options Options) error {
	sealer, err := seal.Open(filepath.Join(s.Config.Data, "secret.key"))
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.Directory = directory.New(s.DB)
	s.Journal = audit.NewJournal(s.DB, s.Directory)
	s.themes = newThemeServer(s.Directory)
	if err := s.themes.warm(ctx); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.directories = ldapdir.New(s.log)
	mailer, err := s.Config.Mail.server()
	if err != nil {
		return err
	}
	s.Post = post.New(post.Options{DB: s.DB, Sealer: sealer, Server: mailer, Log: s.log})
	s.SSO = sso.New(sso.Options{
		DB: s.DB, People: s.people(), Invitations: s.people(), Post: s.Post, Catalogue: s.catalogue, URL: s.Config.address(),
		Directories: s.directories, Registry: s.directories, Issuers: upstream.New(),
		Renderer: s.renderer, Sealer: sealer, Log: s.log, BindOperators: s.Config.Operators.SecondFactor == require,
	})
	s.Directory.OnChange(s.SSO.Changed)
	s.Inviter = directory.NewInviter(s.Directory, s.SSO.Methods, s.Post, s.catalogue, s.Config.address())
	s.Arrivals = directory.NewArrivals(s.Directory, s.Inviter, s.log)
	s.Departures = directory.NewDepartures(s.Directory, s.log)
	s.Announcements = directory.NewAnnouncements(s.Directory, s.log)
	if err := s.Announcements.Refresh(ctx); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.renderer.Announce(s.Announcements)
	s.Networks = outgoing.NewNetworks(s.DB, s.log)
	if err := s.Networks.Refresh(ctx); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.Applications = applications.New(s.DB, appDirectory{s.Directory})
	s.Directory.OnChart(s.Applications.Forget)
	s.Directory.OnCards(func(id portal.CollectivityID) { s.Home.Changed(id, "directory") })
	if err := s.openProtocols(sealer); err != nil {
		return err
	}
	s.Applications.OnChange(func(id portal.CollectivityID, agents ...portal.AgentID) {
		s.Home.Changed(id, widgets.TopicApplications, agents...)
	})
	s.Mirror = mirror.New(mirror.Options{DB: s.DB, Directory: s.Directory, Servers: s.directories, Methods: s.SSO.Methods, Log: s.log})
	s.Webhooks = webhooks.New(webhooks.Options{
		DB: s.DB, Sealer: sealer, Log: s.log, Client: webhooks.NewClient(s.Config.Webhooks.AllowInside, s.Networks), AllowInside: s.Config.Webhooks.AllowInside,
	})
	s.Calendar = calendar.NewStore(s.DB)
	s.Calendar.Scheduling(invited{s.Directory}, calendar.NewMailer(s.Post, s.catalogue, s.Config.address()))
	s.Booking = booking.New(s.DB, s.catalogue)
	s.joinBooking()
	s.Presence = presence.New(s.DB, staff{s.Directory, s.Calendar})
	s.OnCall = oncall.New(s.DB, s.Calendar, dutyAbsences{s.Directory})
	s.Kiosks = kiosk.New(s.DB, kioskPeople{s.people()}, s.SSO.Passwords)
	s.openInbox()
	s.News = news.NewStore(s.DB, s.log, func(id portal.CollectivityID) { s.Home.Changed(id, "news") })
	s.Contacts = contacts.NewStore(s.DB)
	s.Remote = remote.New(remote.Options{DB: s.DB, Sealer: sealer, Log: s.log, AllowInside: s.Config.Calendar.AllowInside, Networks: s.Networks})
	s.Mail = mail.NewStore(s.DB, sealer)
	s.Weather = weather.NewStore(s.DB)
	s.Documents, err = documents.New(s.DB, documents.Options{
		Dir: filepath.Join(s.Config.Data, "files"), MaxUpload: s.Config.Documents.MaxSizeMB << 20,
		Progress: search.Progress{DB: s.DB}, Log: s.log,
	})
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.Quotas = quota.New(s.DB, s.log, map[quota.Kind]quota.Use{
		quota.Documents: s.Documents.Used(), quota.Agents: s.Directory.AgentsUsed(), quota.Subscriptions: s.Remote.Used(), quota.Letters: s.Inviter.Used(),
	})
	s.Directory.Mentioning(s.Applications.NamingUnit, s.Applications.NamingGroup)
	s.Directory.Mentioning(s.Contacts.NamingUnit, s.Contacts.NamingGroup)
	s.Directory.Mentioning(s.OnCall.NamingUnit, nil)
	for _, naming := range []directory.GroupMentions{
		s.Documents.NamingGroup, s.Calendar.NamingGroup, s.Booking.NamingGroup, s.News.NamingGroup, s.Mail.NamingGroup, s.SSO.Policies.NamingGroup,
	} {
		s.Directory.Mentioning(nil, naming)
	}
	s.Directory.Mentioning(nil, func(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
		return s.Home.NamingGroup(ctx, from, caller, group) // it is opened later
	})
	s.Directory.Departing(s.Calendar, s.Calendar.LeftBy, s.Documents.LeftBy, s.Mail.LeftBy, s.SSO.LeftBy, s.OnCall.LeftBy, s.Inbox.LeftBy)
	s.Directory.Reviewing(s.Applications.Openings, s.Documents.Openings, s.Calendar.Openings, s.Contacts.Openings, s.Mail.Openings)
	return s.openSearch(options)
}

// openProtocols opens what business applications leave their sign-in to.
func (s *Server) openProtocols(sealer *seal.Sealer) error {
	proxies, err := web.ParseNetworks(s.Config.TrustedProxies)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	roots, err := s.Config.Applications.roots()
	if err != nil {
		return err
	}
	client := outgoing.NewClientFor(s.Networks, roots)
	if s.Config.Applications.AllowInside {
		client = outgoing.NewClient(true, roots)
	}
	s.outside = client
	people := s.people()
	s.CAS = cas.New(cas.Options{DB: s.DB, SSO: s.SSO, Applications: s.Applications, Renderer: s.renderer, Sealer: sealer, Client: client, Log: s.log})
	s.OpenID = openid.New(openid.Options{DB: s.DB, SSO: s.SSO, Applications: s.Applications, People: people, Renderer: s.renderer, Sealer: sealer, Client: client, Log: s.log})
	s.Forward = forwardauth.New(forwardauth.Options{DB: s.DB, SSO: s.SSO, Applications: s.Applications, People: people, Proxies: proxies, Log: s.log})
	return nil
}

// people is the directory as sign-in sees it.
func (s *Server) people() directory.SignIn {
	return directory.SignIn{Store: s.Directory, Theme: s.themes.URL}
}

// extractIdle ends the child that reads files soon after its last one: it holds
// as much memory as all the rest.
const extractIdle = 5 * time.Second

func (s *Server) openSearch(options Options) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("server: find own program: %w", err)
	}
	s.extractor, err = extract.New(extract.Options{
		Exe: exe, Args: options.ExtractArgs,
		CacheDir: filepath.Join(s.Config.Data, "cache"), Idle: extractIdle, Log: s.log,
	})
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	s.index = bleveindex.New(filepath.Join(s.Config.Data, "index"), s.log)
	s.Indexer = search.NewIndexer(s.DB, s.index, s.log,
		s.Documents.Source(), s.News.Source(), s.Calendar.Source(),
		directory.PeopleSource{Store: s.Directory}, applications.Source{Store: s.Applications})
	s.openLeaving(options.Version)
	return nil
}

func (s *Server) openHome(_ context.Context, options Options) error {
	s.weatherSource = options.WeatherSource
	if s.weatherSource == nil && s.Config.Weather.URL != "" {
		s.weatherSource = weather.NewOpenMeteo(s.Config.Weather.URL)
	}
	var err error
	s.Home, err = widgets.New(widgets.Config{
		DB: s.DB, Renderer: s.renderer, Log: s.log, Pins: pins{s.Applications},
		Pool: poolHome(), Groups: s.Directory,
		Widgets: []widgets.Widget{
			calendar.NewWidget(s.Calendar, s.Remote), mail.NewWidget(s.Mail), news.NewWidget(s.News),
			directory.NewWidget(s.Directory), contacts.NewWidget(s.Contacts), weather.NewWidget(s.Weather, s.weatherSource),
			applications.NewWidget(s.Applications), todo.NewWidget(s.Inbox),
			booking.NewWidget(s.Booking, booking.Room), booking.NewWidget(s.Booking, booking.Vehicle), booking.NewMineWidget(s.Booking),
			almanac.Widget{},
			oncall.NewWidget(s.OnCall),
		},
	})
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return nil
}

// poolHome is the home page of who decided nothing, in a collectivity that
// decided nothing: what waits for her first, on the wide sheet. A medium one and
// two small fill a row of four columns. The applications have their own line
// above the boxes.
func poolHome() []widgets.Place {
	return []widgets.Place{
		{Widget: "todo", State: widgets.Suggested},
		{Widget: "agenda", State: widgets.Suggested},
		{Widget: "mail", State: widgets.Suggested},
		{Widget: "news", State: widgets.Suggested},
		{Widget: "directory", Size: widgets.Small, State: widgets.Suggested},
		{Widget: "contacts", State: widgets.Available},
		{Widget: "rooms", State: widgets.Available},
		{Widget: "vehicles", State: widgets.Available},
		{Widget: "bookings", State: widgets.Available},
		{Widget: "weather", State: widgets.Suggested},
		{Widget: "almanac", State: widgets.Suggested},
		{Widget: "oncall", State: widgets.Suggested},
		{Widget: "applications", State: widgets.Available},
	}
}

// Start runs the work in the background until Close.
func (s *Server) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	reader := documents.NewWorker(s.Documents, s.extractor, s.log)
	for name, work := range map[string]func(context.Context) error{
		"documents": reader.Run, "news": s.News.Run, "single logout": s.SSO.Participants.Run, "tickets": s.CAS.Run, "mail": s.Post.Run, "forgotten passwords": s.SSO.Resets.Run, "people who left": s.SSO.WatchPeople, "imports": s.Arrivals.Run, "departures": s.Departures.Run, "housekeeping": s.keepHouse, "mirrors": s.Mirror.Run, "webhooks": s.Webhooks.Run, "archives": s.Leaving.Run, "announcements": s.Announcements.Run, "quotas": s.Quotas.Run, "networks": s.Networks.Run, "answers by mail": s.readMailedAnswers,
		"waits":  s.keepWaits,
		"search": func(ctx context.Context) error { s.Indexer.Run(ctx); return nil },
	} {
		s.workers.Go(func() {
			if err := work(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("background work ended", "work", name, "error", err)
			}
		})
	}
}

// closing is how long background work may take to end.
const closing = 10 * time.Second

// Close ends the background work and closes the store.
func (s *Server) Close() error {
	if s.stop != nil {
		s.stop()
	}
	s.workers.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	var failures []error
	if s.Home != nil {
		failures = append(failures, s.Home.Close(ctx))
	}
	if s.SSO != nil {
		failures = append(failures, s.SSO.Close(ctx))
	}
	if s.Remote != nil {
		s.Remote.Close()
	}
	if s.directories != nil {
		s.directories.Close()
	}
	if s.extractor != nil {
		failures = append(failures, s.extractor.Close())
	}
	if s.index != nil {
		failures = append(failures, s.index.Close())
	}
	if s.DB != nil {
		failures = append(failures, s.DB.Close())
	}
	return errors.Join(failures...)
}

// ServeHTTP answers everything.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.Router.ServeHTTP(w, r) }
