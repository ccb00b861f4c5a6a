package server_test

import (
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/directory"
	"parvis/portal"
	"parvis/server/servertest"
	"parvis/sso"
)

// TestAnAgentSharesHerCalendarOnAPage: with a colleague, who sees no more than she was opened, until
// it ends; and each end can be taken back.
func TestAnAgentSharesHerCalendarOnAPage(t *testing.T) {
	p := servertest.New(t)
	she, he := p.Caller("agent@bourg.example", "bourg"), p.Caller("collegue@bourg.example", "bourg")
	start := time.Now().Add(time.Hour).Truncate(time.Minute)
	event, err := p.Calendar.CreateEvent(t.Context(), she, calendar.Draft{
		Calendar: calendar.CalendarID(she.Agent), Title: "Rendez-vous secret", Location: "Clinique", Start: start, End: start.Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	hers, his := p.As("agent@bourg.example"), p.As("collegue@bourg.example")
	entry, err := p.Directory.Agent(t.Context(), he, she.Agent)
	if err != nil {
		t.Fatal(err)
	}
	name := html.EscapeString(entry.Name())
	hers.Get("/calendar").Want(t, http.StatusOK, "/calendar/calendars")
	hers.Get("/calendar/calendars").Want(t, http.StatusOK, "Mon agenda", "n’est partagé avec personne")
	share := "/calendar/calendars/" + string(she.Agent) + "/share"
	hers.Post(share, "to", "", "level", "read").Want(t, http.StatusUnprocessableEntity, "Choisissez une personne")
	hers.Post(share, "to", "everyone", "level", "write").Want(t, http.StatusUnprocessableEntity, "pas y écrire")
	hers.Get("/calendar/calendars?share="+string(she.Agent)+"&to=agent:"+string(he.Agent)).Want(t, http.StatusOK, `value="agent:`+string(he.Agent)+`" selected`)
	path := "/calendar/events/" + string(event)
	his.Get(path).Want(t, http.StatusNotFound)
	for level, reads := range map[string]bool{"busy": false, "read": true} {
		hers.Post(share, "to", "agent:"+string(he.Agent), "level", level).Want(t, http.StatusSeeOther)
		for _, page := range []string{path, "/calendar?view=list&date=" + start.Format(time.DateOnly), "/boxes/agenda?fragment=1", "/"} {
			body := his.Get(page).Want(t, http.StatusOK).Body
			if strings.Contains(body, "secret") != reads || strings.Contains(body, "Clinique") != reads && page == path {
				t.Errorf("at %q, %s tells the title: %v, want %v", level, page, !reads, reads)
			}
			if !reads && page != "/" && (!strings.Contains(body, "Occupé") || page != path && !strings.Contains(body, name)) {
				t.Errorf("%s does not tell that she is taken", page)
			}
		}
	}
	hers.Post(share, "to", "agent:"+string(he.Agent), "level", "write").Want(t, http.StatusSeeOther)
	his.Get("/calendar/new").Want(t, http.StatusOK, `<option value="`+string(she.Agent)+`">`)
	his.Get("/calendar/calendars").Want(t, http.StatusOK, "Lire et modifier les événements")
	his.Post("/calendar/calendars/"+string(she.Agent)+"/away").Want(t, http.StatusSeeOther)
	his.Get("/calendar/calendars").Want(t, http.StatusOK, "Afficher de nouveau", "n’est plus dans le vôtre")
	his.Post("/calendar/calendars/"+string(she.Agent)+"/take").Want(t, http.StatusSeeOther)
	shares, err := p.Calendar.Shares(t.Context(), she)
	if err != nil || len(shares) != 1 {
		t.Fatalf("%+v, %v, want one share whose level changed", shares, err)
	}
	his.Post("/calendar/shares/"+shares[0].ID+"/end").Want(t, http.StatusNotFound)
	hers.Post("/calendar/shares/"+shares[0].ID+"/end").Want(t, http.StatusSeeOther)
	hers.Get("/calendar/calendars").Want(t, http.StatusOK, "Partage terminé", "/calendar/shares/"+shares[0].ID+"/back")
	his.Get(path).Want(t, http.StatusNotFound)
	hers.Post("/calendar/shares/"+shares[0].ID+"/back").Want(t, http.StatusSeeOther)
	his.Get(path).Want(t, http.StatusOK, "secret")
}

// TestAnAgendaIsGivenIntoOtherHands: the administrator reads in the review and in the journal who keeps
// whose, by the name of the owner and no name of a calendar.
func TestAnAgendaIsGivenIntoOtherHands(t *testing.T) {
	p := servertest.New(t)
	she, he := p.Caller("agent@bourg.example", "bourg"), p.Caller("collegue@bourg.example", "bourg")
	hers, his, admin := p.As("agent@bourg.example"), p.As("collegue@bourg.example"), p.As("admin@bourg.example")
	hers.Post("/calendar/calendars", "name", "Projet secret", "color", "#1c9a4a").Want(t, http.StatusSeeOther)
	hers.Post("/calendar/calendars", "name", "", "color", "").Want(t, http.StatusUnprocessableEntity)
	hers.Get("/calendar/delegates?agent="+string(he.Agent)).Want(t, http.StatusOK, "Confier")
	hers.Post("/calendar/delegates", "agent", string(he.Agent), "writes", "1", "until", "2001-01-01").Want(t, http.StatusUnprocessableEntity, "à venir")
	last := time.Now().AddDate(0, 1, 0).Format(time.DateOnly)
	hers.Post("/calendar/delegates", "agent", string(he.Agent), "writes", "1", "until", last).Want(t, http.StatusSeeOther)
	hers.Get("/calendar/delegates").Want(t, http.StatusOK, "Agenda confié", "y compris ce qui est privé", "jusqu’au")
	his.Get("/calendar/delegates").Want(t, http.StatusOK, "Les agendas que je tiens")
	his.Get("/calendar/calendars").Want(t, http.StatusOK, "Projet secret", "Lire et tout modifier")
	journal := admin.Get("/admin/journal").Want(t, http.StatusOK, "Accès en écriture modifié").Body
	review := admin.Get("/admin/rights/review/things?kind=calendar.mention.shared").Want(t, http.StatusOK, "Agenda d’un agent").Body
	if strings.Contains(journal+review, "Projet secret") {
		t.Error("the administrator reads what an agent calls her calendars")
	}
	theirs, err := p.Directory.ReviewOf(t.Context(), p.Caller("admin@bourg.example", "bourg"), he.Agent)
	if err != nil {
		t.Fatal(err)
	}
	told := false
	for _, thing := range theirs.Things {
		told = told || thing.Kind == "calendar.mention.shared" && thing.ID == string(she.Agent) && thing.Does == portal.Writes
	}
	if !told {
		t.Errorf("the review does not tell whose agenda he keeps: %+v", theirs.Things)
	}
	all, err := p.Calendar.Delegates(t.Context(), she)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	hers.Post("/calendar/delegates/"+all[0].ID+"/end").Want(t, http.StatusSeeOther)
	if body := his.Get("/calendar/calendars").Want(t, http.StatusOK).Body; strings.Contains(body, "Projet secret") {
		t.Error("after the end he still sees her calendars")
	}
	hers.Get("/calendar/delegates").Want(t, http.StatusOK, "ne tient plus votre agenda")
	hers.Post("/calendar/delegates/"+all[0].ID+"/back").Want(t, http.StatusSeeOther)
	his.Get("/calendar/calendars").Want(t, http.StatusOK, "Projet secret")
}

// TestPrincipalsTellWhatTheDirectoryShows: a colleague is found by her name, and by her address where the
// collectivity shows it; nobody of another collectivity is.
func TestPrincipalsTellWhatTheDirectoryShows(t *testing.T) {
	p := servertest.New(t)
	admin, he := p.Caller("admin@bourg.example", "bourg"), p.Caller("collegue@bourg.example", "bourg")
	colleague, err := p.Directory.Agent(t.Context(), admin, he.Agent)
	if err != nil {
		t.Fatal(err)
	}
	phoneOf := func(login, collectivity string) phone {
		made, err := p.SSO.AppPasswords.Create(t.Context(), p.Caller(login, portal.CollectivityID(collectivity)), sso.AppPassword{Name: "Téléphone", Scopes: portal.Scopes{portal.ScopeCalendar}})
		if err != nil {
			t.Fatal(err)
		}
		return newPhone(p.Anonymous(), login, made)
	}
	hers, stranger := phoneOf("agent@bourg.example", "bourg"), phoneOf("agent@agglo.example", "agglo")
	search := func(from phone, property, text string) string {
		return from.ask("REPORT", "/dav/principals/", `<principal-property-search xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><property-search><prop>`+property+
			`</prop><match>`+text+`</match></property-search><prop><displayname/><C:calendar-user-address-set/></prop></principal-property-search>`, "Depth", "0").Want(t, http.StatusMultiStatus).Body
	}
	const name, address = `<displayname/>`, `<C:calendar-user-address-set/>`
	href, mail := "/dav/principals/"+string(he.Agent)+"/", "mailto:"+colleague.Email
	for _, c := range []struct {
		from            phone
		property, text  string
		found, tellsHim bool
	}{
		{hers, name, colleague.FamilyName, true, true},
		{hers, address, mail, true, true},
		{hers, name, "xyzzyx", false, false},
		{stranger, name, colleague.FamilyName, false, false},
		{stranger, address, mail, false, false},
	} {
		if body := search(c.from, c.property, c.text); strings.Contains(body, href) != c.found || strings.Contains(body, colleague.Email) != c.tellsHim {
			t.Errorf("%s is searched by %q: found %v, want %v\n%s", c.property, c.text, !c.found, c.found, body)
		}
	}
	stranger.ask("PROPFIND", href, "", "Depth", "0").Want(t, http.StatusNotFound)
	policy, err := p.Directory.Policy(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	shown := policy.Encode()
	for i := range policy {
		if policy[i].Field == directory.FieldEmail {
			policy[i].SeenBy = directory.ByNobody
		}
	}
	if err := p.Directory.SetPolicy(t.Context(), admin, shown, policy, ""); err != nil {
		t.Fatal(err)
	}
	if body := search(hers, name, colleague.FamilyName); !strings.Contains(body, href) || strings.Contains(body, colleague.Email) {
		t.Errorf("an address that the directory hides is told: %s", body)
	}
	if body := search(hers, address, mail); strings.Contains(body, href) {
		t.Errorf("who hides her address is found by it: %s", body)
	}
	if body := hers.ask("PROPFIND", href, "", "Depth", "0").Want(t, http.StatusMultiStatus).Body; strings.Contains(body, colleague.Email) {
		t.Errorf("her principal tells it: %s", body)
	}
}
