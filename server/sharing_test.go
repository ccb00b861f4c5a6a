package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/directory"
	"parvis/portal"
	"parvis/server/servertest"
)

// TestADirectoryIsReadByWhomItIsSharedWith, its open fields only, and by nobody else; the
// other one's stays its own.
func TestADirectoryIsReadByWhomItIsSharedWith(t *testing.T) {
	p := servertest.New(t)
	admin, other, syndicat := p.As("admin@bourg.example"), p.As("agent@agglo.example"), p.AsIn("secretaire@bourg.example", "syndicat")
	install := directory.Installation("bourg")
	unit, err := p.Directory.CreateUnit(t.Context(), install, directory.Unit{ID: "voirie", Name: "Voirie"})
	if err != nil {
		t.Fatal(err)
	}
	id, err := p.Directory.AddAgent(t.Context(), install, directory.Agent{GivenName: "Zélie", FamilyName: "Quintard", Function: "Fontainière", Unit: unit, Phone: "02 61 91 01 77", Mobile: "06 39 98 01 77"}, "")
	if err != nil {
		t.Fatal(err)
	}
	card := "/agents/" + string(id)
	closed := func(who *servertest.Client, why string) {
		t.Helper()
		for _, path := range []string{"", "?q=quintard", "/chart", card, card + "/photo?side=96"} {
			if answer := who.Get("/directory/of/bourg" + path); answer.Status != http.StatusNotFound {
				t.Errorf("%s: /directory/of/bourg%s: %d, want 404", why, path, answer.Status)
			}
		}
	}
	closed(other, "before")
	admin.Post("/admin/directory/sharing", "collectivity", "nowhere.example").Want(t, 422, "Aucune collectivité ouverte")
	admin.Post("/admin/directory/sharing", "collectivity", "bourg").Want(t, 422, "votre propre collectivité")
	admin.Post("/admin/directory/sharing", "collectivity", "someone@AGGLO.example").Want(t, 303)
	admin.Get("/admin/directory/sharing").Want(t, 200, "/admin/directory/sharing/agglo/end")

	other.Get("/directory").Want(t, 200, `href="/directory/of/bourg"`)
	list := other.Get("/directory/of/bourg?q=quintard").Want(t, 200, "Zélie", "Fontainière", `href="/directory/of/bourg`+card+`"`).Body
	if strings.Contains(list, `href="/directory`+card) {
		t.Error("a card leads into the reader's own directory")
	}
	other.Get("/directory/of/bourg/chart?open=all").Want(t, 200, "Voirie", `/directory/of/bourg/chart?unit=voirie`)
	other.Get("/directory/of/bourg"+card).Want(t, 200, "Zélie Quintard", "02 61 91 01 77", `href="/directory/of/bourg?unit=voirie"`)
	other.Get("/directory"+card).Want(t, 404)
	closed(syndicat, "a third collectivity")
	closed(admin, "one's own by that way")
	admin.Get("/directory/of/agglo").Want(t, 404)

	policy, err := p.Directory.Policy(t.Context(), install)
	if err != nil {
		t.Fatal(err)
	}
	was := policy.Encode()
	for i := range policy {
		if policy[i].Field == directory.FieldPhone {
			policy[i].SeenBy = directory.ByUnit
		}
	}
	if err := p.Directory.SetPolicy(t.Context(), install, was, policy, ""); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(other.Get("/directory/of/bourg"+card).Want(t, 200).Body, "02 61 91 01 77") {
		t.Error("a field for those of a unit is shown to another collectivity")
	}
	governing := p.As("admin@agglo.example").Get("/directory/of/bourg"+card).Want(t, 200).Body
	if strings.Contains(governing, "02 61 91 01 77") || strings.Contains(governing, "/admin/agents/"+string(id)) {
		t.Error("who governs her own collectivity reads as more than anybody")
	}
	other.Get("/directory/of/bourg?q=0261910177").Want(t, 200, "Personne")

	p.Suspend("bourg")
	closed(other, "suspended")
	if _, err := p.DB.Exec(t.Context(), `UPDATE collectivities SET active = TRUE WHERE id = 'bourg'`); err != nil {
		t.Fatal(err)
	}
	admin = p.As("admin@bourg.example")
	admin.Post("/admin/directory/sharing/agglo/end").Want(t, 303)
	closed(other, "ended")
	if strings.Contains(other.Get("/directory").Body, "/directory/of/bourg") {
		t.Error("a directory that is read no more is offered")
	}
	admin.Get("/admin/directory/sharing").Want(t, 200, "/admin/directory/sharing/agglo/restore")
	admin.Post("/admin/directory/sharing/agglo/restore").Want(t, 303)
	other.Get("/directory/of/bourg"+card).Want(t, 200)
	admin.Get("/admin/journal?action=directory.shared").Want(t, 200, "notre annuaire")
	p.As("admin@agglo.example").Get("/admin/journal?action=directory.shared").Want(t, 200, "son annuaire")
	admin.Post("/admin/directory/sharing/agglo/end").Want(t, 303)
	if _, err := p.DB.Exec(t.Context(), `UPDATE directory_shares SET ended = 1`); err != nil {
		t.Fatal(err)
	}
	admin.Post("/admin/directory/sharing/agglo/restore").Want(t, 404)
	closed(other, "long ago")
}

// satellite is a town with people, whose directory agglo may be let read.
type satellite struct {
	*servertest.Portal
	admin, reader, third *servertest.Client
	zelie, paul          portal.AgentID
	install              portal.Caller
}

// newSatellite fills the town. Nothing is shared yet.
func newSatellite(t *testing.T) *satellite {
	p := servertest.New(t)
	s := &satellite{Portal: p, install: directory.Installation("bourg")}
	s.admin, s.reader, s.third = p.As("admin@bourg.example"), p.As("agent@agglo.example"), p.AsIn("secretaire@bourg.example", "syndicat")
	unit, err := p.Directory.CreateUnit(t.Context(), s.install, directory.Unit{ID: "voirie", Name: "Voirie"})
	if err != nil {
		t.Fatal(err)
	}
	for id, agent := range map[*portal.AgentID]directory.Agent{
		&s.zelie: {GivenName: "Zélie", FamilyName: "Quintard", Function: "Fontainière", Unit: unit, Phone: "02 61 91 01 77", Mobile: "06 39 98 01 77"},
		&s.paul:  {GivenName: "Paul", FamilyName: "Quintard", Function: "Jardinier"},
	} {
		if *id, err = p.Directory.AddAgent(t.Context(), s.install, agent, ""); err != nil {
			t.Fatal(err)
		}
	}
	_, err = p.Directory.AddAgent(t.Context(), directory.Installation("agglo"), directory.Agent{GivenName: "Ida", FamilyName: "Quintard", Phone: "02 61 91 20 99"}, "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// index waits until the indexes of both are made: a new one takes everybody up again once
// it is opened.
func (s *satellite) index(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(90 * time.Second)
	for _, who := range []*servertest.Client{s.admin, s.reader} {
		for strings.Contains(who.Get("/search?q=quintard").Body, "se reconstitue") {
			if time.Now().After(deadline) {
				t.Fatal("after 90 s an index is not filled")
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	s.WaitForIndex()
}

// hide shows telephones to one's unit alone.
func (s *satellite) hide(t *testing.T) {
	t.Helper()
	policy, err := s.Directory.Policy(t.Context(), s.install)
	if err != nil {
		t.Fatal(err)
	}
	was := policy.Encode()
	for i := range policy {
		if policy[i].Field == directory.FieldPhone || policy[i].Field == directory.FieldMobile {
			policy[i].SeenBy = directory.ByUnit
		}
	}
	if err := s.Directory.SetPolicy(t.Context(), s.install, was, policy, ""); err != nil {
		t.Fatal(err)
	}
}

// reopen undoes Suspend, and signs in again who was signed out.
func (s *satellite) reopen(t *testing.T) {
	t.Helper()
	if _, err := s.DB.Exec(t.Context(), `UPDATE collectivities SET active = TRUE WHERE id = 'bourg'`); err != nil {
		t.Fatal(err)
	}
	s.admin = s.As("admin@bourg.example")
}

// TestTheSearchFindsWhomASharedDirectoryShows in every state of the share, for whom it
// is meant alone, and nothing that the shared pages do not show.
func TestTheSearchFindsWhomASharedDirectoryShows(t *testing.T) {
	s := newSatellite(t)
	s.index(t)
	link := `href="/directory/of/bourg/agents/` + string(s.zelie) + `"`
	finds := func(why string, who *servertest.Client, found bool) {
		t.Helper()
		for _, path := range []string{"/search?q=quintard", "/search?q=quintrad", "/search?q=zelie+quintard&kind=person", "/search/suggestions?q=quin"} {
			body := who.Get(path).Want(t, 200).Body
			if strings.Contains(body, link) != found || !found && strings.Contains(body, "Zélie") {
				t.Errorf("%s: %s finds her: %v, want %v", why, path, !found, found)
			}
		}
	}
	finds("before", s.reader, false)
	s.admin.Post("/admin/directory/sharing", "collectivity", "agglo").Want(t, 303)
	finds("shared", s.reader, true)
	finds("a third collectivity", s.third, false)
	body := s.admin.Get("/search?q=quintard").Want(t, 200, `href="/directory/agents/`+string(s.zelie)).Body
	if strings.Contains(body, "Ida") || strings.Contains(s.admin.Get("/search/suggestions?q=quin").Body, "Ida") {
		t.Error("who shares finds those of whom she shares with")
	}
	body = s.reader.Get("/search?q=quintard").Want(t, 200, "Bourg-sur-Loire", "Fontainière", "Ida").Body
	if strings.Contains(body, `href="/directory/agents/`+string(s.zelie)) || strings.Index(body, "Ida") > strings.Index(body, "Zélie") {
		t.Error("she is taken for one's own, or before one's own")
	}
	s.reader.Get("/search?q=0261910177").Want(t, 200, link)

	s.hide(t)
	for _, when := range []string{"at once", "once it is indexed"} {
		for _, query := range []string{"0261910177", "0639980177", "quintard"} {
			if strings.Contains(s.reader.Get("/search?q="+query).Want(t, 200).Body, "33261910177") {
				t.Errorf("%s, %s: a hidden number is shown", when, query)
			}
			if answer := s.reader.Get("/search?q=" + query); query != "quintard" && strings.Contains(answer.Body, "Zélie") {
				t.Errorf("%s, %s: a hidden number finds her", when, query)
			}
		}
		s.WaitForIndex()
	}
	finds("hidden fields", s.reader, true)

	s.Suspend("bourg")
	finds("suspended", s.reader, false)
	s.reopen(t)
	finds("open again", s.reader, true)
	s.admin.Post("/admin/directory/sharing/agglo/end").Want(t, 303)
	finds("ended", s.reader, false)
	s.admin.Post("/admin/directory/sharing/agglo/restore").Want(t, 303)
	finds("restored", s.reader, true)
	if err := s.Directory.CloseAgent(t.Context(), s.install, s.zelie, ""); err != nil {
		t.Fatal(err)
	}
	finds("who left", s.reader, false)
}

// TestASearchOfTheDirectoryFindsThoseOfOthersToo, one's own first, in the page that the
// box of the home page opens.
func TestASearchOfTheDirectoryFindsThoseOfOthersToo(t *testing.T) {
	s := newSatellite(t)
	link := `href="/directory/of/bourg/agents/` + string(s.zelie) + `"`
	finds := func(why string, who *servertest.Client, found bool) {
		t.Helper()
		for _, query := range []string{"zelie+quintard", "ZQ", "fontaini", "voirie+zelie"} {
			body := who.Get("/directory?q="+query).Want(t, 200).Body
			if strings.Contains(body, link) != found || !found && strings.Contains(body, "Zélie") {
				t.Errorf("%s: %s finds her: %v, want %v", why, query, !found, found)
			}
		}
	}
	finds("before", s.reader, false)
	s.admin.Post("/admin/directory/sharing", "collectivity", "agglo").Want(t, 303)
	finds("shared", s.reader, true)
	finds("a third collectivity", s.third, false)
	if body := s.admin.Get("/directory?q=quintard").Want(t, 200, "Zélie").Body; strings.Contains(body, "Ida") {
		t.Error("who shares finds those of whom she shares with")
	}
	s.reader.Get("/boxes/directory").Want(t, 200, `<form class="filters" action="/directory">`)
	body := s.reader.Get("/directory?q=quintard").Want(t, 200, "1\u00a0personne", "2\u00a0personnes", "<b>Bourg-sur-Loire</b>", "02 61 91 01 77").Body
	if strings.Index(body, "Ida") > strings.Index(body, "Zélie") || strings.Contains(body, `href="/directory/agents/`+string(s.zelie)) {
		t.Error("those of others come before one's own, or as one's own")
	}
	for path, why := range map[string]string{"/directory": "no question", "/directory?q=+": "nothing typed", "/directory?q=---": "signs alone", "/directory?q=quintard&unit=x": "a unit of one's own"} {
		if strings.Contains(s.reader.Get(path).Want(t, 200).Body, "Zélie") {
			t.Errorf("%s: shows those of others", why)
		}
	}
	// One's own nearest are of no use where others answer exactly; without that all of them are.
	s.reader.Get("/directory?q=quintard+zelie").Want(t, 200, "Personne de chez vous", link)
	if body := s.reader.Get("/directory?q=paul+quintard").Want(t, 200, "Jardinier").Body; strings.Contains(body, "Ida") || strings.Contains(body, "Zélie") {
		t.Error("somebody else answers to a whole name")
	}
	s.reader.Get("/directory?q=quintrad").Want(t, 200, "Les plus proches", "Ida", link)
	s.reader.Get("/directory?q=jardinier").Want(t, 200, "Personne de chez vous", "Paul")
	if _, err := s.Directory.AddAgent(t.Context(), directory.Installation("agglo"), directory.Agent{GivenName: "Zélia", FamilyName: "Quintard"}, ""); err != nil {
		t.Fatal(err)
	}
	for query, other := range map[string]string{"zelia": "Zélie", "zelie": "Zélia"} {
		if strings.Contains(s.reader.Get("/directory?q="+query+"+quintard").Want(t, 200).Body, other) {
			t.Errorf("%s is near to a name that was found as it was typed", other)
		}
	}

	s.hide(t)
	if strings.Contains(s.reader.Get("/directory?q=quintard").Want(t, 200, link).Body, "01 77") {
		t.Error("a hidden number is shown")
	}
	s.reader.Get("/directory?q=0261910177").Want(t, 200, "Personne ne correspond")
	for i := range 8 {
		if _, err := s.Directory.AddAgent(t.Context(), s.install, directory.Agent{GivenName: "Anna", FamilyName: "Quintard " + string(rune('a'+i))}, ""); err != nil {
			t.Fatal(err)
		}
	}
	s.reader.Get("/directory?q=quintard").Want(t, 200, "10\u00a0personnes", `href="/directory/of/bourg?q=quintard"`)
	for range 26 {
		if _, err := s.Directory.AddAgent(t.Context(), directory.Installation("agglo"), directory.Agent{GivenName: "Ada", FamilyName: "Quintard"}, ""); err != nil {
			t.Fatal(err)
		}
	}
	if body := s.reader.Get("/directory?q=quintard&page=2").Want(t, 200, "28\u00a0personnes").Body; strings.Contains(body, "Anna") {
		t.Error("every page of one's own shows those of others")
	}
	s.Suspend("bourg")
	finds("suspended", s.reader, false)
	s.reopen(t)
	finds("open again", s.reader, true)
	s.admin.Post("/admin/directory/sharing/agglo/end").Want(t, 303)
	finds("ended", s.reader, false)
	s.admin.Post("/admin/directory/sharing/agglo/restore").Want(t, 303)
	if err := s.Directory.CloseAgent(t.Context(), s.install, s.zelie, ""); err != nil {
		t.Fatal(err)
	}
	finds("who left", s.reader, false)
}
