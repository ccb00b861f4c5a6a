package booking

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"parvis/booking"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/i18n"
)

// lendTo has agglo lend a minibus to bourg, beside some conventions between other collectivities, each with its terms
// and 50 loans. It has 200 loans of a year to come itself.
func (t *town) lendTo(b *testing.B, others int) booking.ResourceID {
	b.Helper()
	admin := t.Caller("admin@agglo.example", "agglo")
	minibus, err := t.Booking.Create(b.Context(), admin, booking.Resource{Kind: booking.Vehicle, Name: "Minibus", Seats: 9}, "")
	if err != nil {
		b.Fatal(err)
	}
	id, err := t.Booking.Propose(b.Context(), admin, booking.Proposal{Borrower: "bourg", Title: "Prêt", Terms: booking.Terms{
		From: "2026-01-01", Resources: []booking.ResourceID{minibus}, Month: 700 * time.Hour, Days: 366, Hour: 450, Km: 40,
	}}, "")
	if err == nil {
		err = t.Booking.AnswerTerms(b.Context(), t.caller, id, 1, true, "", "")
	}
	if err == nil {
		err = t.DB.Tx(b.Context(), func(tx *database.Tx) error {
			for n := range others {
				if err := t.agreement(b, tx, n, string(id)); err != nil {
					return err
				}
			}
			return t.loans(b, tx, "agglo", string(id), string(minibus), 200)
		})
	}
	if err != nil {
		b.Fatal(err)
	}
	return minibus
}

// agreement copies a convention for two collectivities of their own.
func (t *town) agreement(b *testing.B, tx *database.Tx, n int, like string) error {
	lender, borrower, id := fmt.Sprint("lender-", n), fmt.Sprint("borrower-", n), fmt.Sprint("lending-", n)
	for _, body := range []string{lender, borrower} {
		if err := tx.Write(b.Context(), `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $1, $1, 'commune', 0)`, body); err != nil {
			return err
		}
		if err := tx.Write(b.Context(), `INSERT INTO lending_parties (collectivity, lending, lender) VALUES ($1, $2, $3)`, body, id, lender); err != nil {
			return err
		}
	}
	for _, text := range []string{
		`INSERT INTO lendings (collectivity, id, borrower, borrower_name, title, first_day, last_day, turn, created)
			SELECT $1, $2, $3, $3, title, first_day, last_day, 0, created FROM lendings WHERE collectivity = 'agglo' AND id = $4`,
		`INSERT INTO lending_terms (collectivity, lending, number, from_day, state, ahead, notice, month_minutes, year_days, approval, hour_cents, day_cents, km_cents, year_cents, text, proposed, proposed_by)
			SELECT $1, $2, number, from_day, state, ahead, notice, month_minutes, year_days, approval, hour_cents, day_cents, km_cents, year_cents, $3, proposed, ''
			FROM lending_terms WHERE collectivity = 'agglo' AND lending = $4`,
	} {
		if err := tx.Write(b.Context(), text, lender, id, borrower, like); err != nil {
			return err
		}
	}
	return t.loans(b, tx, lender, id, "vehicle", 50)
}

// loans are an hour each, one a day from two months from now on.
func (t *town) loans(b *testing.B, tx *database.Tx, lender, lending, resource string, many int) error {
	for n := range many {
		starts := t.begins.AddDate(0, 2, n)
		err := tx.Write(b.Context(), `
			INSERT INTO lending_loans (collectivity, id, lending, resource, resource_name, kind, starts, ends, state, asked)
			VALUES ($1, $2, $3, $4, 'Minibus', 'vehicle', $5, $6, 'granted', 0)`,
			lender, fmt.Sprint("loan-", lending, "-", n), lending, resource, starts.UnixMilli(), starts.Add(time.Hour).UnixMilli())
		if err == nil {
			err = tx.Write(b.Context(), `
				INSERT INTO bookings (collectivity, resource, event, recurrence, starts, ends, holder, uid, goes_on) VALUES ($1, $2, $3, 0, $4, $5, '', $3, FALSE)`,
				lender, resource, fmt.Sprint("loan-", lending, "-", n), starts.UnixMilli(), starts.Add(time.Hour).UnixMilli())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkLending is what pages cost whose reader is lent something, and a loan, beside conventions of others; "none" is
// the page of a collectivity without any.
func BenchmarkLending(b *testing.B) {
	catalogue, err := i18n.Load(booking.Locales)
	if err != nil {
		b.Fatal(err)
	}
	for _, others := range []int{1, 200} {
		b.Run(fmt.Sprint("beside-", others), func(b *testing.B) {
			t := newTown(b, 1, 0)
			minibus := t.lendTo(b, others)
			path := "/bookings?kind=vehicle&date=" + t.begins.AddDate(0, 2, 0).Format(time.DateOnly)
			b.Run("page", func(b *testing.B) {
				client := t.As("admin@bourg.example")
				measure(b, func(int) { client.Get(path).Want(b, http.StatusOK, "Minibus") })
			})
			b.Run("none", func(b *testing.B) {
				client := t.As("admin@syndicat.example")
				measure(b, func(int) { client.Get(path).Want(b, http.StatusOK) })
			})
			b.Run("borrow", func(b *testing.B) {
				agent := t.Caller("agent@bourg.example", portal.CollectivityID("bourg"))
				measure(b, func(n int) {
					at := t.begins.Add(time.Duration(24+n) * time.Hour)
					loan, err := t.Booking.BookLent(b.Context(), agent, catalogue.Printer(i18n.French), minibus, at, at.Add(30*time.Minute), "")
					if err == nil {
						_, err = t.Booking.CancelLoan(b.Context(), agent, loan.ID)
					}
					if err != nil {
						b.Fatal(err)
					}
				})
			})
		})
	}
}
