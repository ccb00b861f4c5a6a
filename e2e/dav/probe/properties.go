package probe

import (
	"net/http"
	"strconv"
	"strings"
)

// patch sets or removes properties.
func (u *user) patch(href, set, remove string) answer {
	body := `<propertyupdate ` + spaces + `>`
	if set != "" {
		body += `<set><prop>` + set + `</prop></set>`
	}
	if remove != "" {
		body += `<remove><prop>` + remove + `</prop></remove>`
	}
	return u.do("PROPPATCH", href, body+`</propertyupdate>`)
}

// properties are what a calendar tells of itself, and what can be set of it.
func properties() []Check {
	one := func(s *session, names string) response { return s.me.propfind(s.simple(), "0", names).only() }
	has := func(local, names string) func(*session) {
		return func(s *session) {
			r := one(s, names)
			n := r.props[local]
			that(n != nil && (n.value() != "" || len(n.children) > 0), local, r.missing)
		}
	}
	keeps := func(local, element, value string) func(*session) {
		return func(s *session) {
			name := strings.TrimSuffix(strings.TrimPrefix(strings.Fields(element + " ")[0], "<"), ">")
			r := s.me.patch(s.simple(), "<"+name+">"+value+"</"+name+">", "").only()
			that(r.props[local] != nil, "200 for "+local, r.missing)
			got := one(s, name).props[local].value()
			that(got == unescape(value), unescape(value), got)
		}
	}
	changes := func(name, local string) func(*session) {
		return func(s *session) {
			before := one(s, name).props[local].value()
			uid := s.name()
			s.me.put(s.simple(), uid, at(uid, "20260610T100000Z"))
			after := one(s, name).props[local].value()
			that(before != "" && after != "" && before != after, "another "+local, before+" → "+after)
		}
	}
	all := []Check{
		{"", "resourcetype under allprop", "RFC 4918 §9.1", func(s *session) {
			r := s.me.do("PROPFIND", s.simple(), `<propfind xmlns="DAV:"><allprop/></propfind>`, "Depth", "0").only()
			that(r.props["resourcetype"].has("calendar"), "a calendar", r.props)
		}},
		{"", "PROPFIND without a body is allprop", "RFC 4918 §9.1", func(s *session) {
			r := s.me.do("PROPFIND", s.simple(), "", "Depth", "0", "Content-Type", "").only()
			that(r.props["resourcetype"].has("calendar"), "a calendar", r.props)
		}},
		{"", "propname tells names without values", "RFC 4918 §9.1", func(s *session) {
			r := s.me.do("PROPFIND", s.simple(), `<propfind xmlns="DAV:"><propname/></propfind>`, "Depth", "0").only()
			n := r.props["resourcetype"]
			that(n != nil && len(n.children) == 0, "an empty resourcetype", r.props)
		}},
		{"", "a property that is not there is 404 for itself", "RFC 4918 §9.1", func(s *session) {
			r := one(s, "displayname nonesuch resourcetype")
			that(r.missing["nonesuch"] == 404 && r.props["resourcetype"] != nil, "404 for nonesuch alone", r)
		}},
		{"", "Prefer: return=minimal leaves out what is missing", "RFC 8144 §2.1", func(s *session) {
			a := s.me.do("PROPFIND", s.simple(), `<propfind `+spaces+`><prop><resourcetype/><nonesuch/></prop></propfind>`, "Depth", "0", "Prefer", "return=minimal").want(207)
			a.lacks("nonesuch")
		}},
		{"", "supported-calendar-component-set as it was made", "RFC 4791 §5.2.3", func(s *session) {
			made := s.calendar(`<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>`)
			n := s.me.propfind(made, "0", "C:supported-calendar-component-set").only().props["supported-calendar-component-set"]
			that(len(n.all("comp")) == 1, "VEVENT alone", n.list())
		}},
		{"", "supported-report-set names sync-collection", "RFC 6578 §3.2", func(s *session) {
			that(one(s, "supported-report-set").props["supported-report-set"].has("sync-collection"), "sync-collection", "none")
		}},
		{"", "supported-report-set names the reports of calendars", "RFC 4791 §7", func(s *session) {
			n := one(s, "supported-report-set").props["supported-report-set"]
			that(n.has("calendar-query") && n.has("calendar-multiget") && n.has("free-busy-query"), "calendar-query, calendar-multiget, free-busy-query", n.list())
		}},
		{"", "getctag changes with a write", "caldav-ctag, by Apple", changes("S:getctag", "getctag")},
		{"", "sync-token changes with a write", "RFC 6578 §4", changes("sync-token", "sync-token")},
		{"", "owner is the principal", "RFC 3744 §5.1", func(s *session) {
			r := one(s, "owner")
			that(pathOf(r.props["owner"].find("href").value()) == pathOf(s.me.principal), s.me.principal, r)
		}},
		{"", "one privilege an element", "RFC 3744 §5.4", func(s *session) {
			n := one(s, "current-user-privilege-set").props["current-user-privilege-set"]
			that(n != nil && len(n.children) > 0, "current-user-privilege-set", "none")
			for _, p := range n.children {
				that(p.name.Local == "privilege" && len(p.children) == 1, "a privilege in each", p.list())
			}
		}},
		{"", "privileges name write-content, write-properties, bind and unbind", "clients: Outlook CalDav Synchronizer", func(s *session) {
			n := one(s, "current-user-privilege-set").props["current-user-privilege-set"]
			that(n.has("write-content") && n.has("write-properties") && n.has("bind") && n.has("unbind"), "all four", n.list())
		}},
		{"", "max-resource-size is a number", "RFC 4791 §5.2.5", func(s *session) {
			text := one(s, "C:max-resource-size").props["max-resource-size"].value()
			n, err := strconv.Atoi(text)
			that(err == nil && n > 0, "bytes", text)
		}},
		{"", "supported-calendar-data", "RFC 4791 §5.2.4", has("supported-calendar-data", "C:supported-calendar-data")},
		{"", "supported-collation-set", "RFC 4791 §7.5.1", has("supported-collation-set", "C:supported-collation-set")},
		{"", "displayname can be set, of any characters", "RFC 4918 §15.2", keeps("displayname", "<displayname>", "Été &lt;&amp;&gt; “projets” 🙂")},
		{"", "calendar-color can be set", "clients: Apple", keeps("calendar-color", "<A:calendar-color>", "#FF8800FF")},
		{"", "calendar-order can be set", "clients: Apple", keeps("calendar-order", "<A:calendar-order>", "7")},
		{"", "calendar-description can be set", "RFC 4791 §5.2.1", keeps("calendar-description", "<C:calendar-description>", "Pour les projets")},
		{"", "calendar-timezone can be set", "RFC 4791 §5.2.2", func(s *session) {
			zone := strings.ReplaceAll(ical(paris("Europe/Paris")), "\r", "&#13;")
			r := s.me.patch(s.simple(), "<C:calendar-timezone>"+zone+"</C:calendar-timezone>", "").only()
			that(r.props["calendar-timezone"] != nil, "200", r)
			that(strings.Contains(one(s, "C:calendar-timezone").props["calendar-timezone"].value(), "Europe/Paris"), "Europe/Paris", "another")
		}},
		{"", "a calendar-timezone that is none is refused", "RFC 4791 §5.2.2", func(s *session) {
			a := s.me.patch(s.calendar(""), "<C:calendar-timezone>Paris</C:calendar-timezone>", "")
			if a.status == http.StatusMultiStatus {
				that(a.only().missing["calendar-timezone"]/100 == 4, "4xx for the property", a)
			} else {
				a.want(403, 409)
			}
		}},
		{"", "calendar-timezone-id can be set", "RFC 7809 §5.2", keeps("calendar-timezone-id", "<C:calendar-timezone-id>", "Europe/Paris")},
		{"", "a property that the server doesn't know is kept", "RFC 4918 §4.4", func(s *session) {
			made := s.calendar("")
			r := s.me.patch(made, `<p:note xmlns:p="urn:probe">x</p:note>`, "").only()
			that(r.props["note"] != nil, "200", r)
			r = s.me.do("PROPFIND", made, `<propfind xmlns="DAV:" xmlns:p="urn:probe"><prop><p:note/></prop></propfind>`, "Depth", "0").only()
			that(r.props["note"].value() == "x", "x", r)
		}},
		{"", "MKCALENDAR with a property that can't be set makes nothing", "RFC 4791 §5.3.1", func(s *session) {
			href := s.me.home + s.name() + "/"
			a := s.me.do("MKCALENDAR", href, `<C:mkcalendar `+spaces+`><set><prop><getetag>x</getetag></prop></set></C:mkcalendar>`)
			s.made = append(s.made, href)
			that(a.status != 201, "no 201", a)
			s.me.propfind(href, "0", "resourcetype").want(404)
		}},
		{"", "schedule-calendar-transp can be set", "RFC 6638 §9.1", func(s *session) {
			r := s.me.patch(s.simple(), "<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>", "").only()
			that(r.props["schedule-calendar-transp"] != nil, "200", r)
			n := one(s, "C:schedule-calendar-transp").props["schedule-calendar-transp"]
			s.me.patch(s.simple(), "<C:schedule-calendar-transp><C:opaque/></C:schedule-calendar-transp>", "")
			that(n.has("transparent"), "transparent", n.list())
		}},
		{"", "a property can be removed", "RFC 4918 §9.2", func(s *session) {
			s.me.patch(s.simple(), "<C:calendar-description>x</C:calendar-description>", "").want(207)
			s.me.patch(s.simple(), "", "<C:calendar-description/>").want(207)
			r := one(s, "C:calendar-description")
			that(r.props["calendar-description"].value() == "", "nothing", r.props["calendar-description"].value())
		}},
		{"", "PROPPATCH answers for each property", "RFC 4918 §9.2", func(s *session) {
			r := s.me.patch(s.simple(), "<displayname>a</displayname><A:calendar-color>#112233</A:calendar-color>", "").only()
			that(r.props["displayname"] != nil && r.props["calendar-color"] != nil, "200 for both", r)
		}},
		{"", "a live property can't be set", "RFC 4918 §9.2", func(s *session) {
			r := s.me.patch(s.calendar(""), "<getetag>x</getetag>", "").only()
			that(r.missing["getetag"]/100 == 4, "403", r)
		}},
		{"", "what is refused stops the rest of a PROPPATCH", "RFC 4918 §9.2", func(s *session) {
			made := s.calendar("<displayname>before</displayname>")
			r := s.me.patch(made, "<displayname>after</displayname><getetag>x</getetag>", "").only()
			that(r.missing["displayname"] == http.StatusFailedDependency, "424 for displayname", r)
			name := s.me.propfind(made, "0", "displayname").only().props["displayname"].value()
			that(name == "before", "before", name)
		}},
		{"", "MKCALENDAR sets what it is given", "RFC 4791 §5.3.1", func(s *session) {
			made := s.calendar("<displayname>Projets</displayname><A:calendar-color>#aa00aa</A:calendar-color>")
			r := s.me.propfind(made, "0", "displayname A:calendar-color").only()
			that(r.props["displayname"].value() == "Projets" && strings.HasPrefix(strings.ToLower(r.props["calendar-color"].value()), "#aa00aa"), "Projets, #aa00aa", r.props)
		}},
		{"", "MKCALENDAR where something is: 405 or 403 resource-must-be-null", "RFC 4791 §5.3.1.2", func(s *session) {
			a := s.me.do("MKCALENDAR", s.calendar(""), "")
			if a.status != 405 {
				a.refused("resource-must-be-null")
			}
		}},
		{"", "no calendar in a calendar", "RFC 4791 §4.2", func(s *session) {
			s.me.do("MKCALENDAR", s.calendar("")+"inner/", "").want(403, 409, 405)
		}},
		{"", "MKCALENDAR where no collection is: 409", "RFC 4791 §5.3.1.1", func(s *session) {
			s.me.do("MKCALENDAR", s.me.home+s.name()+"/inner/", "").want(409, 403)
		}},
		{"", "extended MKCOL makes a calendar", "RFC 5689 §3", func(s *session) {
			href := s.me.home + s.name() + "/"
			s.me.do("MKCOL", href, `<mkcol `+spaces+`><set><prop><resourcetype><collection/><C:calendar/></resourcetype><displayname>M</displayname></prop></set></mkcol>`).want(201)
			s.made = append(s.made, href)
			r := s.me.propfind(href, "0", "resourcetype displayname").only()
			that(r.props["resourcetype"].has("calendar") && r.props["displayname"].value() == "M", "a calendar M", r)
		}},
		{"", "a calendar is deleted", "RFC 4918 §9.6", func(s *session) {
			made := s.calendar("")
			s.me.do("DELETE", made, "").want(204, 200)
			s.me.propfind(made, "0", "resourcetype").want(404)
		}},
	}
	return grouped("properties", all)
}

func unescape(text string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
}
