package e2e_test

import (
	"testing"
	"time"

	"parvis/booking"
	"parvis/server/servertest"
)

func TestAMinibusIsLent(t *testing.T) {
	for name, script := range map[string]bool{"with scripts": true, "without scripts": false} {
		t.Run(name, func(t *testing.T) { lendingStory(t, script) })
	}
}

// lendingStory: agglo proposes a convention, bourg accepts it, an agent books the minibus and says how far she drove,
// and both read what the year costs.
func lendingStory(t *testing.T, script bool) {
	p := servertest.New(t)
	_, err := p.Booking.Create(t.Context(), p.Caller("admin@agglo.example", "agglo"), booking.Resource{Kind: booking.Vehicle, Name: "Minibus", Place: "Siège", Seats: 9}, "")
	if err != nil {
		t.Fatal(err)
	}
	lender, borrower, agent := browserOf(t, script), browserOf(t, script), browserOf(t, script)
	lender.SignIn(p.URL, "admin@agglo.example", servertest.Password)
	borrower.SignIn(p.URL, "admin@bourg.example", servertest.Password)
	agent.SignIn(p.URL, "agent@bourg.example", servertest.Password)

	lender.Open(p.URL + "/admin")
	lender.Follow("text=Prêts entre collectivités")
	lender.Follow("text=Proposer une convention")
	lender.Fill("#borrower", "bourg.example")
	lender.Fill("#title", "Prêt du minibus")
	lender.Set("#from", time.Now().AddDate(0, -1, 0).Format(time.DateOnly))
	lender.Click("#resources input")
	lender.Fill("#ahead", "60")
	lender.Fill("#day", "25")
	lender.Fill("#km", "0,40")
	lender.Follow("form.sheet button.main")
	lender.MustSee("Convention proposée")
	lender.MustSee("En attente de la réponse de Bourg")

	borrower.Open(p.URL + "/todo")
	borrower.MustSee("« Prêt du minibus » attend votre accord")
	borrower.Follow("text=« Prêt du minibus » attend votre accord")
	borrower.MustSee("0,40 € par kilomètre")
	borrower.Follow("text=Accepter ces conditions")
	borrower.MustSee("Conditions acceptées")
	borrower.MustSee("Conditions en vigueur")

	day := time.Now().AddDate(0, 0, 3).Format(time.DateOnly)
	agent.Open(p.URL + "/bookings?kind=vehicle&date=" + day)
	agent.MustSee("prêté par Agglo")
	agent.Set("#from", "10:00")
	agent.Set("#to", "12:00")
	agent.Fill("#title", "Piscine")
	agent.Follow("#book button.main")
	agent.MustSee("c’est réservé")
	agent.Open(p.URL + "/bookings/mine")
	agent.MustSee("Mes prêts d’autres collectivités")

	lender.Open(p.URL + "/bookings?kind=vehicle&date=" + day)
	lender.MustSee("— Camille Le Goff")
	lender.MustNotSee("Piscine")

	back := (10 * 24 * time.Hour).Milliseconds() // the loan is over
	for _, table := range []string{"lending_loans", "bookings"} {
		if _, err := p.DB.Exec(t.Context(), `UPDATE `+table+` SET starts = starts - $1, ends = ends - $1`, back); err != nil {
			t.Fatal(err)
		}
	}
	agent.Reload()
	agent.MustSee("Kilomètres à indiquer")
	agent.Fill("input[name=km]", "130")
	agent.Follow("details[open] button")
	agent.MustSee("Kilomètres enregistrés")

	borrower.Reload()
	borrower.Follow("text=Décompte de l’année")
	borrower.Open(borrower.URL() + "?year=" + time.Now().AddDate(0, 0, -7).Format("2006")) // a week ago may be last year
	borrower.MustSee("77,00 €")                                                            // 25 + 130 × 0.40
	lender.Open(borrower.URL())
	lender.MustSee("77,00 €")
	lender.MustSee("Camille Le Goff")
}
