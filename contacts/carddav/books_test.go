package carddav_test

import (
	"strings"
	"testing"

	"parvis/contacts"
	"parvis/portal"
)

const homeOfClaire = "/dav/contacts/claire/"

func makeBook(properties string) string {
	return `<mkcol ` + spaces + `><set><prop><resourcetype><collection/><R:addressbook/></resourcetype>` + properties + `</prop></set></mkcol>`
}

func patch(properties string) string {
	return `<propertyupdate ` + spaces + `><set><prop>` + properties + `</prop></set></propertyupdate>`
}

const look = `<propfind ` + spaces + `><prop><displayname/><R:addressbook-description/><current-user-privilege-set/><owner/><sync-token/></prop></propfind>`

// TestAProgramMakesABook, names it, fills it and deletes it; the first one stays.
func TestAProgramMakesABook(t *testing.T) {
	s := newServer(t)
	const chorale = homeOfClaire + "chorale/"
	s.do("MKCOL", chorale, makeBook(`<displayname>Chorale</displayname><R:addressbook-description>Le jeudi</R:addressbook-description>`)).want(t, 201)
	s.do("MKCOL", chorale, makeBook("")).want(t, 405, "resource-must-be-null")
	s.do("MKCOL", homeOfClaire+"bad/", makeBook(`<S:getctag>x</S:getctag>`)).want(t, 424, "403 Forbidden", "getctag")
	s.do("MKCOL", homeOfClaire+"bad/", makeBook(`<displayname>`+strings.Repeat("x", 101)+`</displayname>`)).want(t, 424, "displayname")
	for _, slug := range []string{"shared-x", "directory-of-agglo"} { // where others' books come
		s.do("MKCOL", homeOfClaire+slug+"/", makeBook("")).want(t, 403, "addressbook-collection-location-ok")
	}
	s.do("MKCOL", "/dav/contacts/paul/hers/", makeBook("")).want(t, 409)
	s.do("MKCOL", homeOfClaire+"b/", makeBook(""), "As", "claire+contacts.read").want(t, 403, "need-privileges")
	s.do("PROPFIND", homeOfClaire, look, "Depth", "1").want(t, 207, ">Chorale<", ">Le jeudi<", ">Contacts<", "<D:bind/>")
	s.do("PUT", chorale+"a.vcf", named("a", "Ténor")).want(t, 201)
	s.do("PUT", own+"a.vcf", named("a", "Notaire")).want(t, 201) // a UID is one of its book
	s.do("PUT", chorale+"b.vcf", named("a", "Basse")).want(t, 403, "no-uid-conflict", chorale+"a.vcf")
	s.do("PROPPATCH", chorale, patch(`<displayname>Chœur</displayname>`)).want(t, 207, "200 OK")
	s.do("PROPPATCH", chorale, patch(`<displayname></displayname>`)).want(t, 207, "403 Forbidden")
	s.do("PROPPATCH", chorale, patch(`<displayname>Autre</displayname><S:getctag>x</S:getctag>`)).want(t, 207, "424 Failed", "403 Forbidden")
	s.do("PROPPATCH", own, patch(`<R:addressbook-description>À moi</R:addressbook-description>`)).want(t, 207, "200 OK")
	s.do("PROPFIND", homeOfClaire, look, "Depth", "1").want(t, 207, ">Chœur<", ">À moi<", ">Contacts<")
	s.do("MOVE", chorale+"a.vcf", "", "Destination", own+"ténor.vcf").want(t, 403, "no-uid-conflict")
	s.do("PUT", chorale+"c.vcf", named("c", "Alto")).want(t, 201)
	s.do("MOVE", chorale+"c.vcf", "", "Destination", own+"c.vcf").want(t, 201)
	s.do("GET", own+"c.vcf", "").want(t, 200, "Alto")
	for _, other := range []string{"paul", "agglo"} {
		if got := s.do("PROPFIND", chorale, look, "As", other, "Depth", "1"); strings.Contains(got.body, "Chœur") || strings.Contains(got.body, "a.vcf") {
			t.Errorf("%s is told %s", other, got.body)
		}
		if got := s.do("DELETE", chorale, "", "As", other); got.StatusCode < 400 {
			t.Errorf("%s deletes it: %s", other, got.Status)
		}
	}
	s.do("DELETE", chorale, "", "If-Match", `"x"`).want(t, 412)
	s.do("DELETE", chorale, "").want(t, 204)
	s.do("GET", chorale+"a.vcf", "").want(t, 404)
	s.do("DELETE", own, "").want(t, 403)
	s.do("GET", own+"a.vcf", "").want(t, 200, "Notaire")
	s.do("MKCOL", chorale, makeBook(`<displayname>Chorale</displayname>`)).want(t, 201) // an empty one
	s.do("GET", chorale+"a.vcf", "").want(t, 404)
}

// chart gives bourg the units technique > voirie and état civil, and a group.
func (s *server) chart() {
	s.Helper()
	for _, text := range []string{
		`INSERT INTO units (id, collectivity, parent, name) VALUES ('technique', 'bourg', '', 'Services techniques'), ('voirie', 'bourg', 'technique', 'Voirie'), ('civil', 'bourg', '', 'État civil'), ('technique', 'agglo', '', 'Technique')`,
		`INSERT INTO agent_groups (id, collectivity, name) VALUES ('elus', 'bourg', 'Élus')`,
	} {
		if err := s.db.Write(s.Context(), text); err != nil {
			s.Fatal(err)
		}
	}
	s.known["tech"] = portal.Caller{Agent: "tech", Account: "tech", Collectivity: "bourg", Unit: "technique", Units: []portal.UnitID{"technique"}}
	s.known["voirie"] = portal.Caller{Agent: "voirie", Account: "voirie", Collectivity: "bourg", Unit: "voirie", Units: []portal.UnitID{"technique", "voirie"}}
	s.known["civil"] = portal.Caller{Agent: "civil", Account: "civil", Collectivity: "bourg", Unit: "civil", Units: []portal.UnitID{"civil"}}
	s.known["elue"] = portal.Caller{Agent: "elue", Account: "elue", Collectivity: "bourg", Groups: []portal.GroupID{"elus"}}
	s.known["chef"] = portal.Caller{Agent: "chef", Account: "chef", Collectivity: "bourg", Narrowed: []portal.Holding{
		{Right: portal.ManageAgents, Unit: "technique", Above: []portal.UnitID{"technique"}},
	}}
	s.known["ailleurs"] = portal.Caller{Agent: "tech", Account: "tech2", Collectivity: "agglo", Unit: "technique", Units: []portal.UnitID{"technique"}}
}

func (s *server) share(as string, made contacts.NewBook) string {
	s.Helper()
	id, err := s.store.CreateBook(s.Context(), s.known[as], made, "192.0.2.1")
	if err != nil {
		s.Fatal(err)
	}
	return "shared-" + string(id) + "/"
}

// TestTheBookOfAUnitIsThatOfItsMembers, and of those of the units below it, and of nobody else.
func TestTheBookOfAUnitIsThatOfItsMembers(t *testing.T) {
	s := newServer(t)
	s.chart()
	book := s.share("paul", contacts.NewBook{Name: "Fournisseurs", To: portal.Subject{Kind: portal.TheUnit, ID: "technique"}})
	at := func(agent string) string { return "/dav/contacts/" + agent + "/" + book }
	s.do("PUT", at("chef")+"a.vcf", named("a", "Menuiserie Le Gall"), "As", "chef").want(t, 201) // who manages the unit writes
	for _, member := range []string{"tech", "voirie"} {
		listed := s.do("PROPFIND", "/dav/contacts/"+member+"/", look, "As", member, "Depth", "1").want(t, 207, "Fournisseurs (Services techniques)")
		_, shared, _ := strings.Cut(listed.body, at(member))
		if strings.Contains(shared, "<D:write/>") || strings.Contains(shared, "<D:bind/>") {
			t.Errorf("%s is told that she writes: %s", member, shared)
		}
		s.do("GET", at(member)+"a.vcf", "", "As", member).want(t, 200, "Le Gall")
		s.do("PUT", at(member)+"b.vcf", named("b", "Autre"), "As", member).want(t, 403, "need-privileges")
		s.do("DELETE", at(member)+"a.vcf", "", "As", member).want(t, 403, "need-privileges")
		s.do("PROPPATCH", at(member), patch(`<displayname>x</displayname>`), "As", member).want(t, 207, "403 Forbidden")
		s.do("DELETE", at(member), "", "As", member).want(t, 403, "need-privileges")
	}
	s.do("DELETE", at("chef"), "", "As", "chef").want(t, 403) // from pages alone
	for _, other := range []string{"civil", "elue", "claire", "ailleurs"} {
		agent := string(s.known[other].Agent)
		if got := s.do("PROPFIND", "/dav/contacts/"+agent+"/", look, "As", other, "Depth", "1"); strings.Contains(got.body, "Fournisseurs") {
			t.Errorf("%s is told of it: %s", other, got.body)
		}
		s.do("GET", "/dav/contacts/"+agent+"/"+book+"a.vcf", "", "As", other).want(t, 404)
		s.do("PUT", "/dav/contacts/"+agent+"/"+book+"c.vcf", named("c", "x"), "As", other).want(t, 409)
	}

	writes := true
	id := contacts.BookID(strings.TrimSuffix(strings.TrimPrefix(book, "shared-"), "/"))
	if err := s.store.ChangeBook(t.Context(), s.known["chef"], id, contacts.BookLook{MembersWrite: &writes}, ""); err != nil {
		t.Fatal(err)
	}
	s.do("PUT", at("voirie")+"b.vcf", named("b", "Carrière du Ponant"), "As", "voirie").want(t, 201)
	s.do("GET", at("tech")+"b.vcf", "", "As", "tech").want(t, 200, "Ponant")

	left := s.known["voirie"]
	left.Unit, left.Units = "civil", []portal.UnitID{"civil"}
	s.known["voirie"] = left // she moves to another unit
	s.do("GET", at("voirie")+"b.vcf", "", "As", "voirie").want(t, 404)
	s.do("PUT", at("voirie")+"b.vcf", named("b", "x"), "As", "voirie").want(t, 409)
}

// TestTheBookOfAGroupIsThatOfItsMembers; who manages a unit alone makes none for a group, nor for another unit.
func TestTheBookOfAGroupIsThatOfItsMembers(t *testing.T) {
	s := newServer(t)
	s.chart()
	toGroup := contacts.NewBook{Name: "Associations", To: portal.Subject{Kind: portal.TheGroup, ID: "elus"}, MembersWrite: true}
	toCivil := contacts.NewBook{Name: "Familles", To: portal.Subject{Kind: portal.TheUnit, ID: "civil"}}
	for _, refused := range []struct {
		as   string
		made contacts.NewBook
	}{
		{"chef", toGroup},
		{"chef", toCivil},
		{"tech", toCivil},
		{"elue", toGroup},
		{"agglo", toCivil},
		{"paul", contacts.NewBook{Name: "x", To: portal.Subject{Kind: portal.TheUnit, ID: "nowhere"}}},
	} {
		if id, err := s.store.CreateBook(t.Context(), s.known[refused.as], refused.made, ""); err == nil {
			t.Errorf("%s makes %q: %s", refused.as, refused.made.Name, id)
		}
	}
	book := s.share("paul", toGroup)
	s.do("PUT", "/dav/contacts/elue/"+book+"a.vcf", named("a", "Comité des fêtes"), "As", "elue").want(t, 201)
	s.do("PROPFIND", "/dav/contacts/elue/"+book, look, "As", "elue", "Depth", "0").want(t, 207, "Associations (Élus)", "<D:write-content/>", "<D:owner></D:owner>")
	for _, other := range []string{"tech", "chef", "civil"} {
		s.do("GET", "/dav/contacts/"+other+"/"+book+"a.vcf", "", "As", other).want(t, 404)
	}
}

// TestGroupsOfPeopleComeBackAsTheyWere in Apple's way and in that of 4.0.
func TestGroupsOfPeopleComeBackAsTheyWere(t *testing.T) {
	s := newServer(t)
	apple := card("3.0", "g", "FN:Pêche", "N:Pêche", "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:a", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:b")
	four := card("4.0", "urn:uuid:h", "KIND:group", "FN:Voisins", "MEMBER:urn:uuid:a", "MEMBER:mailto:b@ailleurs.example")
	categories := card("3.0", "a", "FN:Anne", "N:Anne;;;;", "CATEGORIES:Pêche,Voisins\\, rue du Port")
	for name, octets := range map[string]string{"apple": apple, "four": four, "categories": categories} {
		s.do("PUT", own+name+".vcf", octets).want(t, 201)
		if got := s.do("GET", own+name+".vcf", "").want(t, 200); got.body != octets {
			t.Errorf("%s came back as %q", name, got.body)
		}
	}
	s.do("REPORT", own, multiget(`<R:address-data/>`, "four.vcf")).want(t, 207, "X-ADDRESSBOOKSERVER-KIND:group", "X-ADDRESSBOOKSERVER-MEMBER:urn:uuid:a")
	s.do("GET", own+"apple.vcf", "", "Accept", "text/vcard;version=4.0").want(t, 200, "KIND:group", "MEMBER:urn:uuid:b")
}
