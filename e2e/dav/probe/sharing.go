package probe

import "strings"

// sharing is who sees and may do what: rights, principals, calendars of others.
func sharing() []Check {
	given := func(href string) string {
		if href == "" {
			panic(skipped("nothing is shared"))
		}
		return href
	}
	search := func(s *session, property, text string) answer {
		return s.me.do("REPORT", s.collection(), `<principal-property-search `+spaces+`><property-search><prop><`+property+`/></prop><match>`+text+`</match></property-search>`+
			`<prop><displayname/><C:calendar-user-address-set/></prop></principal-property-search>`, "Depth", "0")
	}
	all := []Check{
		{"", "supported-privilege-set is a tree", "RFC 3744 §5.3", func(s *session) {
			r := s.me.propfind(s.simple(), "0", "supported-privilege-set").only()
			that(r.props["supported-privilege-set"].find("supported-privilege").has("supported-privilege"), "a tree", r)
		}},
		{"", "acl tells at least one's own rights", "RFC 3744 §5.5", func(s *session) {
			r := s.me.propfind(s.simple(), "0", "acl").only()
			that(r.props["acl"].find("ace").has("grant"), "an ace that grants", r)
		}},
		{"", "ACL is carried out, or refused by a precondition", "RFC 3744 §8.1", func(s *session) {
			a := s.me.do("ACL", s.calendar(""), `<acl `+spaces+`><ace><principal><authenticated/></principal><grant><privilege><read/></privilege></grant></ace></acl>`)
			if a.status != 200 {
				that(a.want(403, 409).xml().name.Local == "error", "a DAV:error", a)
			}
		}},
		{"", "acl-principal-prop-set tells who is in an acl", "RFC 3744 §9.2", func(s *session) {
			a := s.me.do("REPORT", s.simple(), `<acl-principal-prop-set `+spaces+`><prop><displayname/></prop></acl-principal-prop-set>`, "Depth", "0")
			_, found := a.responses()[pathOf(s.me.principal)]
			that(found, s.me.principal, a)
		}},
		{"", "an event tells privileges too", "RFC 3744 §5.4", func(s *session) {
			uid := s.name()
			s.me.put(s.simple(), uid, at(uid, "20260610T100000Z"))
			r := s.me.propfind(s.simple()+uid+".ics", "0", "current-user-privilege-set").only()
			that(r.props["current-user-privilege-set"].has("write-content"), "write-content", r)
		}},
		{"", "the search tells by what principals are found", "RFC 3744 §9.5", func(s *session) {
			a := s.me.do("REPORT", s.collection(), `<principal-search-property-set `+spaces+`/>`, "Depth", "0").want(200)
			that(a.xml().has("principal-search-property"), "properties", a)
		}},
		{"", "a colleague is found by her name", "RFC 3744 §9.4", func(s *session) {
			name := s.me.propfind(s.colleague().principal, "0", "displayname").only().props["displayname"].value()
			that(name != "", "a name", "none")
			found := search(s, "displayname", name).responses()
			_, ok := found[pathOf(s.other.principal)]
			that(ok, s.other.principal, found)
		}},
		{"", "a colleague is found by her address", "RFC 6638 §2.4.1", func(s *session) {
			that(s.colleague().address != "", "an address", "none")
			found := search(s, "C:calendar-user-address-set", strings.TrimPrefix(s.other.address, "mailto:")).responses()
			_, ok := found[pathOf(s.other.principal)]
			that(ok, s.other.principal, found)
		}},
		{"", "principal-match finds oneself", "RFC 3744 §9.3", func(s *session) {
			found := s.me.do("REPORT", s.collection(), `<principal-match `+spaces+`><self/><prop><displayname/></prop></principal-match>`, "Depth", "0").responses()
			_, ok := found[pathOf(s.me.principal)]
			that(ok, s.me.principal, found)
		}},
		{"", "expand-property goes from a calendar to its owner", "RFC 3253 §3.8", func(s *session) {
			a := s.me.do("REPORT", s.simple(), `<expand-property `+spaces+`><property name="owner"><property name="displayname"/></property></expand-property>`, "Depth", "0").want(207)
			that(a.xml().find("owner").find("response").has("displayname"), "the owner's name", a)
		}},
		{"", "group-membership or proxy groups for delegates", "caldav-proxy, by Apple", func(s *session) {
			r := s.me.propfind(s.me.principal, "0", "S:calendar-proxy-write-for S:calendar-proxy-read-for").only()
			that(r.props["calendar-proxy-write-for"] != nil && r.props["calendar-proxy-read-for"] != nil, "both", r.missing)
		}},
		{"", "the principal holds its two proxy groups", "caldav-proxy, by Apple", func(s *session) {
			r := s.me.propfind(s.me.principal+"calendar-proxy-write/", "0", "group-member-set resourcetype").only()
			that(r.props["group-member-set"] != nil, "group-member-set", r)
		}},
		{"", "the home of a colleague shows nothing", "RFC 3744 §7.1", func(s *session) {
			s.me.propfind(s.colleague().home, "1", "displayname").want(403, 404)
		}},
		{"", "an event of a colleague is not read", "RFC 3744 §7.1", func(s *session) {
			own, uid := s.colleague().own(), s.name()
			s.other.put(own, uid, at(uid, "20260610T100000Z", "X-SECRET:hidden-word"))
			defer s.other.do("DELETE", own+uid+".ics", "")
			s.me.do("GET", own+uid+".ics", "").want(403, 404).lacks("hidden-word")
			a := s.me.do("REPORT", s.simple(), `<C:calendar-multiget `+spaces+`><prop><C:calendar-data/></prop><href>`+own+uid+`.ics</href></C:calendar-multiget>`, "Depth", "1")
			a.lacks("hidden-word")
		}},
		{"", "nothing is written into the calendar of a colleague", "RFC 3744 §7.1", func(s *session) {
			own, uid := s.colleague().own(), s.name()
			s.me.do("PUT", own+uid+".ics", at(uid, "20260610T100000Z")).want(403, 404, 409)
			s.me.do("DELETE", own, "").want(403, 404)
		}},
		{"", "a shared calendar is in the reader's own home, with its owner", "clients: Thunderbird", func(s *session) {
			shared := given(s.Read)
			r, found := s.colleague().propfind(s.other.home, "1", "resourcetype owner").responses()[pathOf(shared)]
			that(found && r.props["resourcetype"].has("calendar"), shared, r)
			that(pathOf(r.props["owner"].find("href").value()) == pathOf(s.me.principal), s.me.principal, r)
		}},
		{"", "shared to read: no privilege to write", "RFC 3744 §5.4", func(s *session) {
			r := s.colleague().propfind(given(s.Read), "0", "current-user-privilege-set").only()
			n := r.props["current-user-privilege-set"]
			that(n.has("read") && !n.has("write") && !n.has("write-content") && !n.has("bind") && !n.has("unbind"), "read alone", r)
		}},
		{"", "shared to read: PUT and DELETE are 403 need-privileges", "RFC 3744 §7.1.1", func(s *session) {
			uid := s.name()
			s.me.put(given(s.ReadOwn), uid, at(uid, "20260610T100000Z"))
			s.colleague().do("PUT", s.Read+uid+"x.ics", at(uid+"x", "20260610T100000Z")).want(403).refused("need-privileges")
			s.other.do("DELETE", s.Read+uid+".ics", "").want(403).refused("need-privileges")
			s.other.do("GET", s.Read+uid+".ics", "").want(200)
		}},
		{"", "shared to read: what is private is not read", "RFC 5545 §3.8.1.3", func(s *session) {
			uid := s.name()
			s.me.put(given(s.ReadOwn), uid, at(uid, "20260610T100000Z", "CLASS:PRIVATE", "LOCATION:hidden-word"))
			s.colleague().events(s.Read, "20260610T000000Z", "20260611T000000Z").want(207)
			s.other.query(s.Read, "", "<C:calendar-data/>").want(207).lacks("hidden-word")
		}},
		{"", "name and colour of a shared calendar are the reader's own", "clients", func(s *session) {
			before := s.me.propfind(given(s.ReadOwn), "0", "displayname").only().props["displayname"].value()
			r := s.colleague().patch(s.Read, "<displayname>Chez moi</displayname><A:calendar-color>#123456</A:calendar-color>", "").only()
			that(r.props["displayname"] != nil && r.props["calendar-color"] != nil, "200 for both", r)
			that(s.other.propfind(s.Read, "0", "displayname").only().props["displayname"].value() == "Chez moi", "Chez moi", "another")
			after := s.me.propfind(s.ReadOwn, "0", "displayname").only().props["displayname"].value()
			that(before == after, before, after)
		}},
		{"", "shared to write: what a colleague writes is there", "RFC 3744 §3.2", func(s *session) {
			uid := s.name()
			s.colleague().put(given(s.Write), uid, at(uid, "20260610T100000Z"))
			s.me.do("GET", s.WriteOwn+uid+".ics", "").want(200)
		}},
		{"", "busy times tell no title by any report", "RFC 4791 §6.1.1", func(s *session) {
			uid := s.name()
			s.me.put(given(s.BusyOwn), uid, at(uid, "20260610T100000Z", "LOCATION:hidden-word"))
			s.colleague().query(s.Busy, "", "<C:calendar-data/>").lacks("hidden-word", "SUMMARY:"+uid)
			s.other.sync(s.Busy, "", "").lacks("hidden-word", uid)
			s.other.do("GET", s.Busy+uid+".ics", "").lacks("hidden-word")
		}},
	}
	return grouped("sharing", all)
}

// collection is that of principals.
func (s *session) collection() string {
	r := s.me.propfind(s.me.principal, "0", "principal-collection-set").only()
	href := r.props["principal-collection-set"].find("href").value()
	that(href != "", "principal-collection-set", r)
	return href
}
