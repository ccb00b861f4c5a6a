package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/booking"
	"parvis/directory"
	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/server/servertest"
)

// neighbour is a collectivity beside the estates, with which each may have conventions of its own.
const neighbour = portal.CollectivityID("voisin")

// settle founds the neighbour once, and is who decides there.
func (e *estate) settle() portal.Caller {
	e.t.Helper()
	caller := directory.Installation(neighbour)
	if _, err := e.Directory.Collectivity(e.t.Context(), neighbour); err != nil {
		e.must(e.Directory.CreateCollectivity(e.t.Context(), directory.Collectivity{ID: neighbour, Name: "Voisin", LongName: "Commune voisine", Kind: "commune"}))
	}
	return caller
}

// agreed is a convention of two collectivities about one resource, accepted.
func (e *estate) agreed(lender, borrower portal.Caller, resource booking.ResourceID, name string) booking.LendingID {
	e.t.Helper()
	ctx := e.t.Context()
	id, err := e.Booking.Propose(ctx, lender, booking.Proposal{Borrower: string(borrower.Collectivity), Title: name, Terms: booking.Terms{
		From: time.Now().AddDate(0, 0, -30).Format(time.DateOnly), Resources: []booking.ResourceID{resource}, Hour: 400, Text: name,
	}}, "")
	e.must(err)
	e.must(e.Booking.AnswerTerms(ctx, borrower, id, 1, true, "", ""))
	return id
}

// lending is a convention by which the collectivity lends a room to the neighbour.
func (e *estate) lending() string {
	e.t.Helper()
	return string(e.agreed(e.admin, e.settle(), e.room(booking.Resource{}), e.text()))
}

// borrowed is a lorry of the neighbour's that the author has borrowed.
func (e *estate) borrowed() string {
	e.t.Helper()
	lender := e.settle()
	lorry, err := e.Booking.Create(e.t.Context(), lender, booking.Resource{Kind: booking.Vehicle, Name: "Camion"}, "")
	e.must(err)
	e.agreed(lender, e.admin, lorry, "Prêt du camion")
	catalogue, err := i18n.Load(booking.Locales)
	e.must(err)
	at := time.Now().Add(48 * time.Hour).Truncate(time.Hour)
	loan, err := e.Booking.BookLent(e.t.Context(), e.caller, catalogue.Printer(i18n.French), lorry, at, at.Add(time.Hour), e.text(e.own))
	e.must(err)
	return loan.ID
}

// barter is a portal where agglo lends bourg a minibus.
type barter struct {
	*hall
	minibus booking.ResourceID
	id      booking.LendingID
	at      time.Time // a Monday to come, at midnight
}

func newBarter(t *testing.T) *barter {
	b := &barter{hall: newHall(t), at: day(2)}
	b.minibus = b.add("agglo", booking.Resource{Kind: booking.Vehicle, Name: "Minibus crécerelle", Place: "Siège", Seats: 9})
	return b
}

// propose and accept are done on the pages of both administrators.
func (b *barter) propose(fields ...string) string {
	b.t.Helper()
	fields = append([]string{"borrower", "bourg", "title", "Prêt hulotte", "from", time.Now().AddDate(0, -1, 0).Format(time.DateOnly), "resource", string(b.minibus)}, fields...)
	made := b.As("admin@agglo.example").Post("/admin/lendings", fields...).Want(b.t, http.StatusSeeOther)
	path := made.Header.Get("Location")
	b.id = booking.LendingID(strings.TrimPrefix(path, "/admin/lendings/"))
	return path
}

func (b *barter) agree(fields ...string) string {
	b.t.Helper()
	path := b.propose(fields...)
	b.As("admin@bourg.example").Post(path+"/answer", "number", "1", "do", "accept").Want(b.t, http.StatusSeeOther)
	return path
}

// borrow takes the minibus on the page of an agent of bourg.
func (b *barter) borrow(login, from, to string) servertest.Answer {
	b.t.Helper()
	return b.As(login).Post("/bookings", "kind", "vehicle", "date", b.at.Format(time.DateOnly), "from", from, "to", to, "resource", string(b.minibus), "title", "Piscine effraie")
}

// Three collectivities: of what two agreed the third sees nothing, on no page and by no address; and of the two each sees
// what is hers.
func TestLendingIsolatesThreeCollectivities(t *testing.T) {
	b := newBarter(t)
	path := b.agree("hour", "4,50", "text", "Texte chouette")
	b.borrow("agent@bourg.example", "10:00", "12:00").Want(t, http.StatusSeeOther)
	secret := scriptOf(b.Portal, t, "agent@agglo.example", "agglo", portal.ScopeCalendar)
	secret.book(b.minibus, b.at.Add(14*time.Hour), 2).Want(t, http.StatusCreated)
	var loan string
	if err := b.DB.QueryRow(t.Context(), `SELECT id FROM lending_loans`).Scan(&loan); err != nil {
		t.Fatal(err)
	}
	day := "?kind=vehicle&date=" + b.at.Format(time.DateOnly)
	pages := []string{
		"/bookings" + day, "/bookings" + day + "&view=week", "/bookings?kind=vehicle&date=" + b.at.Format(time.DateOnly) + "&from=10:00&to=11:00", "/bookings/mine", "/bookings/resources/" + string(b.minibus),
		"/todo", "/admin/lendings", path, path + "/terms", path + "/statement", path + "/statement.csv", "/admin/journal", "/calendar",
	}
	for _, login := range []string{"admin@syndicat.example", "agent@syndicat.example"} {
		client := b.As(login)
		for _, page := range pages {
			body := client.Get(page).Body
			for _, word := range []string{"crécerelle", "hulotte", "effraie", "chouette", loan} {
				if strings.Contains(body, word) {
					t.Errorf("%s reads %q on %s", login, word, page)
				}
			}
		}
		for _, one := range []struct{ path, more string }{
			{path + "/answer", "number 1 do accept"},
			{path + "/groups", ""},
			{path + "/end", "last " + b.at.Format(time.DateOnly)},
			{path + "/terms", "from 2030-01-01"},
			{path + "/loans/" + loan + "/withdraw", "reason Panne"},
			{path + "/loans/" + loan + "/cancel", ""},
			{path + "/loans/" + loan + "/km", "km 12"},
			{"/bookings/loans/" + loan + "/cancel", ""},
			{"/bookings/loans/" + loan + "/km", "km 12"},
		} {
			client.Post(one.path, strings.Fields(one.more)...).Want(t, http.StatusNotFound)
		}
		b.borrow(login, "08:00", "09:00").Want(t, http.StatusNotFound)
	}
	for login, want := range map[string]struct{ has, lacks string }{
		"agent@bourg.example":    {"Minibus crécerelle|prêté par|Piscine effraie", "Nicolas"},
		"collegue@bourg.example": {"Minibus crécerelle|prêté par", "Piscine effraie"},
		"agent@agglo.example":    {"Minibus crécerelle|Bourg", "Piscine effraie|prêté par"},
	} {
		body := b.As(login).Get("/bookings" + day).Body
		for word := range strings.SplitSeq(want.has, "|") {
			if !strings.Contains(body, word) {
				t.Errorf("%s reads no %q", login, word)
			}
		}
		for word := range strings.SplitSeq(want.lacks, "|") {
			if strings.Contains(body, word) {
				t.Errorf("%s reads %q", login, word)
			}
		}
	}
	own := b.Caller("agent@agglo.example", "agglo")
	name := b.As("admin@bourg.example").Get("/bookings" + day).Body
	if strings.Contains(name, string(own.Agent)) || strings.Contains(name, "Réunion") {
		t.Error("the borrower's administrator reads who holds the lender's bookings, or what for")
	}
}

// What an agent borrows is on her page and in her agenda, and goes from both with the loan; she is told why.
func TestALoanIsInHerAgenda(t *testing.T) {
	b := newBarter(t)
	path := b.agree()
	agent, admin := b.As("agent@bourg.example"), b.As("admin@agglo.example")
	b.borrow("agent@bourg.example", "10:00", "12:00").Want(t, http.StatusSeeOther)
	week := "/calendar?view=week&date=" + b.at.Format(time.DateOnly)
	if body := agent.Get(week).Body; !strings.Contains(body, "Piscine effraie") {
		t.Error("her agenda lacks the loan")
	}
	mine := agent.Get("/bookings/mine").Want(t, http.StatusOK, "Minibus crécerelle", "prêté par", "/calendar/events/").Body
	loan := "/bookings/loans/" + between(t, mine, `action="/bookings/loans/`, "/cancel")
	// Somebody who asks for the same time is told, and loses nothing.
	b.borrow("collegue@bourg.example", "11:00", "13:00").Want(t, http.StatusConflict, "Il y a déjà une réservation", "Piscine effraie")
	agent.Post(loan+"/cancel").Want(t, http.StatusSeeOther)
	agent.Post(loan+"/cancel").Want(t, http.StatusConflict, "déjà terminé ou annulé")
	if body := agent.Get(week).Body; strings.Contains(body, "Piscine effraie") {
		t.Error("her agenda has what she gave back")
	}
	b.borrow("agent@bourg.example", "10:00", "12:00").Want(t, http.StatusSeeOther)
	page := admin.Get(path).Want(t, http.StatusOK, "Minibus crécerelle").Body
	withdraw := path + "/loans/" + between(t, page, path+"/loans/", "/withdraw") + "/withdraw"
	admin.Post(withdraw, "reason", "").Want(t, http.StatusUnprocessableEntity)
	admin.Post(withdraw, "reason", "Contrôle technique").Want(t, http.StatusSeeOther)
	if body := agent.Get(week).Body; strings.Contains(body, "Piscine effraie") {
		t.Error("her agenda has what was withdrawn")
	}
	agent.Get("/todo").Want(t, http.StatusOK, "le prêt est retiré", "Contrôle technique")
	if body := b.As("collegue@bourg.example").Get("/todo").Body; strings.Contains(body, "Contrôle technique") {
		t.Error("a colleague is told")
	}
	for _, login := range []string{"admin@agglo.example", "admin@bourg.example"} {
		b.As(login).Get("/admin/journal").Want(t, http.StatusOK, "Convention de prêt proposée", "Conditions de prêt acceptées", "Prêt retiré")
	}
	if body := b.As("admin@bourg.example").Get("/admin/journal").Body; strings.Contains(body, "admin@agglo.example") {
		t.Error("a journal names somebody of the other collectivity")
	}
}

// replaced are the fields of a form with another value of one, or with one more.
func replaced(fields []string, name, value string) []string {
	others := []string{name, value}
	for i := 0; i < len(fields); i += 2 {
		if fields[i] != name {
			others = append(others, fields[i], fields[i+1])
		}
	}
	return others
}

// Terms are accepted in À traiter too, and what is wrong in a form is said beside what was typed.
func TestTermsAreAnsweredInTodo(t *testing.T) {
	b := newBarter(t)
	lender, borrower := b.As("admin@agglo.example"), b.As("admin@bourg.example")
	for field, value := range map[string]string{"borrower": "nulle-part", "title": " ", "from": "hier", "ahead": "beaucoup", "notice": "tôt", "month": "-1", "days": "400", "hour": "cher", "km": "1,234", "last": "2001-01-01", "resource": "x"} {
		fields := []string{"borrower", "bourg", "title", "Prêt hulotte", "from", "2026-01-01", "resource", string(b.minibus), "text", "Clés à l’accueil"}
		lender.Post("/admin/lendings", replaced(fields, field, value)...).Want(t, http.StatusUnprocessableEntity, "Clés à l’accueil")
	}
	path := b.propose("ahead", "30", "month", "20", "hour", "4,50")
	todo := borrower.Get("/todo").Want(t, http.StatusOK, "Prêt hulotte", "Minibus crécerelle").Body
	accept := "/todo/do/bourg/lendings/" + between(t, todo, "/todo/do/bourg/lendings/", "/accept") + "/accept"
	lender.Get("/todo").Want(t, http.StatusOK)
	borrower.Post(accept).Want(t, http.StatusSeeOther)
	lender.Get("/todo").Want(t, http.StatusOK, "est acceptée")
	borrower.Get(path).Want(t, http.StatusOK, "4,50", "20\u00a0h par mois au plus")
	b.borrow("agent@bourg.example", "10:00", "12:00").Want(t, http.StatusSeeOther)
	// An end before a loan shows what it releases, and does nothing yet.
	end := b.at.AddDate(0, 0, -1).Format(time.DateOnly)
	borrower.Post(path+"/end", "last", end).Want(t, http.StatusOK, "1 prêt serait libéré", "Minibus crécerelle")
	borrower.Get(path).Want(t, http.StatusOK, "En cours")
	borrower.Post(path+"/end", "last", "2001-01-01").Want(t, http.StatusOK)
	borrower.Post(path+"/end", "last", "2001-01-01", "sure", "1").Want(t, http.StatusUnprocessableEntity, "à partir d’aujourd’hui")
	borrower.Post(path+"/end", "last", end, "sure", "1").Want(t, http.StatusSeeOther)
	b.As("agent@bourg.example").Get("/todo").Want(t, http.StatusOK, "n’est plus prêtée ce jour-là")
	lender.Get("/todo").Want(t, http.StatusOK, "prend fin le")
}

// Thirty people want the minibus at one time on the pages of both collectivities: one has it, and the others are told.
func TestPagesOfBothRaceForWhatIsLent(t *testing.T) {
	b := newBarter(t)
	b.agree("month", "1")
	clients := make([]*servertest.Client, 30)
	for i := range clients {
		of := []portal.CollectivityID{"agglo", "bourg"}[i%2]
		login := fmt.Sprint("pilote", i, "@", of, ".example")
		b.Hire(servertest.Person{Login: login, GivenName: "Pilote", FamilyName: fmt.Sprint(i), Collectivities: []portal.CollectivityID{of}})
		clients[i] = b.As(login)
	}
	var wait sync.WaitGroup
	answers := make([]servertest.Answer, len(clients))
	for i, client := range clients {
		wait.Go(func() {
			answers[i] = client.Post("/bookings", "kind", "vehicle", "date", b.at.Format(time.DateOnly), "from", "10:00", "to", "11:00", "resource", string(b.minibus))
		})
	}
	wait.Wait()
	won := 0
	for i, answer := range answers {
		if answer.Status == http.StatusSeeOther {
			won++
		} else if answer.Status != http.StatusConflict {
			t.Errorf("%d is answered %d", i, answer.Status)
		}
	}
	var booked int
	err := b.DB.QueryRow(t.Context(), `SELECT COUNT(*) FROM bookings WHERE collectivity = 'agglo' AND resource = $1`, string(b.minibus)).Scan(&booked)
	if err != nil || won != 1 || booked != 1 {
		t.Errorf("%d have the minibus, %d bookings, %v", won, booked, err)
	}
}
