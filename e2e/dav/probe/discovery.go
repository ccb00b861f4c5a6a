package probe

import (
	"slices"
	"strings"
)

// discovery is how a client gets from a host name to calendars.
func discovery() []Check {
	nobody := func(s *session) *user { return &user{s: s} }
	wellKnown := func(method, path string) func(*session) {
		return func(s *session) {
			a := nobody(s).do(method, path, "", "Depth", "0").want(301, 302, 303, 307, 308)
			that(a.header.Get("Location") != "", "a Location", a.header)
		}
	}
	principal := func(names string) func(*session) response {
		return func(s *session) response { return s.me.propfind(s.me.principal, "0", names).only() }
	}
	has := func(local, names string) func(*session) {
		return func(s *session) {
			r := principal(names)(s)
			n := r.props[local]
			that(n != nil && (n.value() != "" || len(n.children) > 0), local, r.missing)
		}
	}
	options := func(href func(*session) string, classes ...string) func(*session) {
		return func(s *session) {
			a := s.me.do("OPTIONS", href(s), "").want(200, 204)
			told := strings.Split(strings.ReplaceAll(strings.Join(a.header.Values("DAV"), ","), " ", ""), ",")
			for _, class := range classes {
				that(slices.Contains(told, class), "DAV: "+class, told)
			}
		}
	}
	home := func(s *session) string { return s.me.home }
	all := []Check{
		{"", "well-known of calendars redirects GET before sign-in", "RFC 6764 §5", wellKnown("GET", "/.well-known/caldav")},
		{"", "well-known of calendars redirects PROPFIND before sign-in", "RFC 6764 §5", wellKnown("PROPFIND", "/.well-known/caldav")},
		{"", "well-known of contacts redirects PROPFIND before sign-in", "RFC 6764 §5", wellKnown("PROPFIND", "/.well-known/carddav")},
		{"", "the redirect leads to the principal", "RFC 6764 §6", func(s *session) {
			a := s.me.follow("/.well-known/caldav", "current-user-principal").want(207)
			that(a.only().props["current-user-principal"].has("href"), "current-user-principal", a)
		}},
		{"", "the root leads to the principal", "clients: Apple", func(s *session) {
			a := s.me.propfind("/", "0", "current-user-principal").want(207)
			that(a.only().props["current-user-principal"].has("href"), "current-user-principal", a)
		}},
		{"", "/principals/ leads to the principal", "clients: Apple", func(s *session) {
			a := s.me.propfind("/principals/", "0", "current-user-principal").want(207)
			that(a.only().props["current-user-principal"].has("href"), "current-user-principal", a)
		}},
		{"", "without a password: 401 with a Basic realm", "RFC 7235 §3.1", func(s *session) {
			a := nobody(s).do("PROPFIND", s.me.home, "", "Depth", "0").want(401)
			that(strings.Contains(a.header.Get("WWW-Authenticate"), "realm="), "a realm", a.header)
		}},
		{"", "a wrong password: 401 with the same realm", "clients: Thunderbird", func(s *session) {
			first := nobody(s).do("PROPFIND", s.me.home, "", "Depth", "0").want(401)
			wrong := &user{Account: Account{s.me.Login, "wrong-" + s.mark}, s: s}
			a := wrong.do("PROPFIND", s.me.home, "", "Depth", "0").want(401)
			that(a.header.Get("WWW-Authenticate") == first.header.Get("WWW-Authenticate"), first.header.Get("WWW-Authenticate"), a.header.Get("WWW-Authenticate"))
		}},
		{"", "the principal has a displayname", "RFC 3744 §4", has("displayname", "displayname")},
		{"", "the principal is one, by its resourcetype", "RFC 3744 §4", func(s *session) {
			r := principal("resourcetype")(s)
			that(r.props["resourcetype"].has("principal"), "DAV:principal", r)
		}},
		{"", "calendar-home-set", "RFC 4791 §6.2.1", has("calendar-home-set", "C:calendar-home-set")},
		{"", "calendar-user-address-set, the mail address first", "RFC 6638 §2.4.1", func(s *session) {
			r := principal("C:calendar-user-address-set")(s)
			that(strings.HasPrefix(r.props["calendar-user-address-set"].find("href").value(), "mailto:"), "mailto:…", r.props)
		}},
		{"", "schedule-inbox-URL and schedule-outbox-URL", "RFC 6638 §2.1.1", func(s *session) {
			that(s.me.inbox != "" && s.me.outbox != "", "both", s.me.inbox+" "+s.me.outbox)
		}},
		{"", "calendar-user-type", "RFC 6638 §2.4.2", has("calendar-user-type", "C:calendar-user-type")},
		{"", "principal-collection-set", "RFC 3744 §5.8", has("principal-collection-set", "principal-collection-set")},
		{"", "group-membership", "RFC 3744 §4.4", func(s *session) {
			r := principal("group-membership")(s)
			that(r.props["group-membership"] != nil, "group-membership", r.missing)
		}},
		{"", "the principal names its reports", "RFC 3253 §3.1.5", has("supported-report-set", "supported-report-set")},
		{"", "the principal without a final slash, under the address that was asked", "clients: DAVx5", func(s *session) {
			bare := strings.TrimSuffix(s.me.principal, "/")
			a := s.me.propfind(bare, "0", "displayname").want(207)
			for _, r := range a.responses() {
				that(pathOf(r.href) == pathOf(bare), bare, r.href)
			}
		}},
		{"", "OPTIONS of the home tells the classes of DAV", "RFC 4918 §18", options(home, "1", "3", "access-control")},
		{"", "OPTIONS of the home tells calendar-access and extended-mkcol", "RFC 4791 §5.1", options(home, "calendar-access", "extended-mkcol")},
		{"", "OPTIONS of the home tells calendar-auto-schedule", "RFC 6638 §2", options(home, "calendar-auto-schedule")},
		{"", "OPTIONS of the principal tells calendar-access and addressbook", "clients: Apple", options(func(s *session) string { return s.me.principal }, "calendar-access", "addressbook")},
		{"", "the home is a collection and no calendar", "RFC 4791 §6.2.1", func(s *session) {
			r := s.me.propfind(s.me.home, "0", "resourcetype").only()
			that(r.props["resourcetype"].has("collection") && !r.props["resourcetype"].has("calendar"), "DAV:collection alone", r.props)
		}},
		{"", "the home lists a calendar", "RFC 4791 §6.2.1", func(s *session) {
			made := s.simple()
			r := s.me.propfind(s.me.home, "1", "resourcetype").responses()[pathOf(made)]
			that(r.props["resourcetype"].has("calendar"), made, r)
		}},
		{"", "the home lists inbox and outbox", "RFC 6638 §2", func(s *session) {
			a := s.me.propfind(s.me.home, "1", "resourcetype").want(207)
			that(a.xml().has("schedule-inbox") && a.xml().has("schedule-outbox"), "schedule-inbox and schedule-outbox", a)
		}},
		{"", "an event leads to the principal too", "RFC 5397 §3", func(s *session) {
			uid := s.name()
			s.me.put(s.simple(), uid, at(uid, "20260610T100000Z"))
			r := s.me.propfind(s.simple()+uid+".ics", "0", "current-user-principal").only()
			that(pathOf(r.props["current-user-principal"].find("href").value()) == pathOf(s.me.principal), s.me.principal, r)
		}},
	}
	return grouped("discovery", all)
}

func grouped(group string, all []Check) []Check {
	for i := range all {
		all[i].Group = group
	}
	return all
}
