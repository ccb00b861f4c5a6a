package probe

import (
	"slices"
	"strings"
)

// contacts is CardDAV.
func contacts() []Check {
	fresh := func(s *session, version string, more ...string) (href, text string) {
		uid := s.name()
		href, text = s.addressBook()+uid+".vcf", vcard(version, uid, "Anne "+uid, more...)
		s.putCard(href, text).want(201)
		return href, text
	}
	kept := func(version string, more ...string) func(*session) {
		return func(s *session) {
			href, text := fresh(s, version, more...)
			got := s.me.do("GET", href, "", "Accept", "text/vcard; version="+version+", */*;q=0.1").want(200)
			hasLines(got, text)
		}
	}
	ask := func(s *session, filter, data, more string) answer {
		return s.me.do("REPORT", s.addressBook(), `<R:addressbook-query `+spaces+`><prop><getetag/>`+data+`</prop><R:filter`+filter+`</R:filter>`+more+`</R:addressbook-query>`, "Depth", "1")
	}
	// people are three cards that queries look for.
	people := func(s *session) string {
		return s.keep("people", func() string {
			for name, more := range map[string][]string{
				"un":    {"EMAIL;TYPE=WORK:un@probe.example", "NOTE:" + s.mark},
				"deux":  {"EMAIL;TYPE=HOME:deux@probe.example", "NOTE:" + s.mark, "TEL:+33 1"},
				"trois": {"NOTE:" + s.mark},
			} {
				href := s.addressBook() + name + s.mark + ".vcf"
				s.putCard(href, vcard("3.0", name+s.mark, "Probe "+name, more...)).want(201)
			}
			return s.addressBook()
		})
	}
	finds := func(filter, names string) func(*session) {
		return func(s *session) {
			book := people(s)
			var found []string
			for _, name := range ask(s, filter, "", "").named(book) {
				if one, ours := strings.CutSuffix(name, s.mark); ours {
					found = append(found, one)
				}
			}
			slices.Sort(found)
			want := strings.Fields(names)
			slices.Sort(want)
			that(slices.Equal(found, want), names, found)
		}
	}
	email := func(attributes, value string) string {
		return `><R:prop-filter name="EMAIL"><R:text-match ` + attributes + `>` + value + `</R:text-match></R:prop-filter>`
	}
	all := []Check{
		{"", "addressbook-home-set", "RFC 6352 §7.1.1", func(s *session) { that(s.me.books != "", "an address", "none") }},
		{"", "the home lists an address book", "RFC 6352 §5.2", func(s *session) {
			book := s.addressBook()
			r := s.me.propfind(s.me.books, "1", "resourcetype").responses()[pathOf(book)]
			that(r.props["resourcetype"].has("addressbook"), book, r)
		}},
		{"", "supported-address-data and max-resource-size", "RFC 6352 §6.2", func(s *session) {
			r := s.me.propfind(s.addressBook(), "0", "R:supported-address-data R:max-resource-size").only()
			that(r.props["supported-address-data"] != nil && atoi(r.props["max-resource-size"].value()) > 0, "both", r.missing)
		}},
		{"", "supported-report-set names the reports of books", "RFC 6352 §8", func(s *session) {
			n := s.me.propfind(s.addressBook(), "0", "supported-report-set").only().props["supported-report-set"]
			that(n.has("addressbook-query") && n.has("addressbook-multiget") && n.has("sync-collection"), "three", n.list())
		}},
		{"", "a card of version 3.0 is kept", "RFC 6352 §6.3.2", kept("3.0", "TEL;TYPE=CELL:+33 6 00 00 00 00", "X-ABLABEL:été")},
		{"", "a card of version 4.0 is kept", "RFC 6350", kept("4.0", "TEL;VALUE=uri;PREF=1:tel:+33-6", "BDAY:--0714")},
		{"", "a photograph is kept", "RFC 2426 §3.1.4", kept("3.0", "PHOTO;ENCODING=b;TYPE=PNG:iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")},
		{"", "a group as Apple writes it is kept", "clients: Apple", kept("3.0", "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:a")},
		{"", "a group of version 4.0 is kept", "RFC 6350 §6.1.4", kept("4.0", "KIND:group", "MEMBER:urn:uuid:a")},
		{"", "the ETag of PUT is that of GET", "RFC 6352 §6.3.2.3", func(s *session) {
			uid := s.name()
			href := s.addressBook() + uid + ".vcf"
			put := s.putCard(href, vcard("3.0", uid, "Anne")).want(201)
			got := s.me.do("GET", href, "").header.Get("ETag")
			that(put.header.Get("ETag") == got && got != "", got, put.header.Get("ETag"))
		}},
		{"", "If-None-Match: * over something: 412", "RFC 6352 §6.3.2", func(s *session) {
			href, text := fresh(s, "3.0")
			s.putCard(href, text, "If-None-Match", "*").want(412)
		}},
		{"", "a UID twice in a book: no-uid-conflict", "RFC 6352 §6.3.2.1", func(s *session) {
			_, text := fresh(s, "3.0")
			s.putCard(s.addressBook()+s.name()+".vcf", text).refused("no-uid-conflict")
		}},
		{"", "no card: valid-address-data", "RFC 6352 §6.3.2.1", func(s *session) {
			s.putCard(s.addressBook()+s.name()+".vcf", "hello").refused("valid-address-data", "supported-address-data")
		}},
		{"", "multiget", "RFC 6352 §8.7", func(s *session) {
			href, _ := fresh(s, "3.0")
			a := s.me.do("REPORT", s.addressBook(), `<R:addressbook-multiget `+spaces+`><prop><getetag/><R:address-data/></prop><href>`+href+`</href><href>`+s.addressBook()+`nonesuch.vcf</href></R:addressbook-multiget>`, "Depth", "1")
			r := a.responses()
			that(strings.Contains(r[pathOf(href)].props["address-data"].value(), "BEGIN:VCARD") && r[pathOf(s.addressBook()+"nonesuch.vcf")].status == 404, "one card and a 404", a)
		}},
		{"", "query: a text within a property", "RFC 6352 §10.5.4", finds(email("", "un@PROBE"), "un")},
		{"", "query: the whole of a property", "RFC 6352 §10.5.4", finds(email(`match-type="equals"`, "un@probe.example"), "un")},
		{"", "query: the beginning of a property", "RFC 6352 §10.5.4", finds(email(`match-type="starts-with"`, "deux"), "deux")},
		{"", "query: the end of a property", "RFC 6352 §10.5.4", finds(email(`match-type="ends-with"`, "@probe.example"), "un deux")},
		{"", "query: a property that must not be there", "RFC 6352 §10.5.2", finds(` test="allof"><R:prop-filter name="EMAIL"><R:is-not-defined/></R:prop-filter><R:prop-filter name="FN"><R:text-match>Probe</R:text-match></R:prop-filter>`, "trois")},
		{"", "query: one of two filters", "RFC 6352 §10.5", finds(` test="anyof"><R:prop-filter name="TEL"><R:text-match>+33 1</R:text-match></R:prop-filter><R:prop-filter name="EMAIL"><R:text-match>un@probe</R:text-match></R:prop-filter>`, "un deux")},
		{"", "query: a parameter", "RFC 6352 §10.5.3", finds(` test="allof"><R:prop-filter name="EMAIL" test="allof"><R:text-match>probe.example</R:text-match><R:param-filter name="TYPE"><R:text-match>home</R:text-match></R:param-filter></R:prop-filter>`, "deux")},
		{"", "query: a limit is told by 507", "RFC 6352 §8.6.1", func(s *session) {
			book := people(s)
			a := ask(s, `><R:prop-filter name="FN"/>`, "", "<R:limit><R:nresults>1</R:nresults></R:limit>")
			that(a.responses()[pathOf(book)].status == 507 && len(a.named(book)) == 1, "one card and 507", a)
		}},
		{"", "query: a collation that is not known: supported-collation", "RFC 6352 §8.3", func(s *session) {
			ask(s, email(`collation="i;nonesuch"`, "a"), "", "").refused("supported-collation")
		}},
		{"", "parts of a card", "RFC 6352 §10.4", func(s *session) {
			people(s)
			a := ask(s, email("", "un@probe"), `<R:address-data><R:prop name="VERSION"/><R:prop name="UID"/><R:prop name="EMAIL"/></R:address-data>`, "").want(207)
			a.holds("un@probe.example").lacks("NOTE:")
		}},
		{"", "sync: new, deleted", "RFC 6578 §3.5", func(s *session) {
			href, _ := fresh(s, "3.0")
			token := s.me.sync(s.addressBook(), "", "").token()
			other, _ := fresh(s, "3.0")
			s.me.do("DELETE", href, "").want(204, 200)
			r := s.me.sync(s.addressBook(), token, "").responses()
			that(r[pathOf(href)].status == 404 && r[pathOf(other)].props["getetag"].value() != "", "a 404 and an ETag", r)
		}},
	}
	return grouped("contacts", all)
}

// putCard writes a card, which the run removes.
func (s *session) putCard(href, text string, headers ...string) answer {
	a := s.me.do("PUT", href, text, append([]string{"Content-Type", "text/vcard; charset=utf-8"}, headers...)...)
	if a.status == 201 {
		s.made = append(s.made, href)
	}
	return a
}
