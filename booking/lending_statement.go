package booking

import (
	"context"
	"fmt"
	"time"

	"parvis/portal"
)

// Share is what the loans of a convention cost the borrower in a year: what began in it and is over, by the terms of the
// day on which each began; and of the part that is paid whatever is lent, the days on which its terms were in force.
type Share struct {
	Lending
	Year       int
	Until      time.Time // first instant that is not counted: that of the statement, or the end of the year
	Lines      []ShareLine
	Fixed      []FixedLine
	Hours      time.Duration // of all lines
	Days       int
	Km         int64
	Unmeasured int   // lines of vehicles that are paid by the kilometre, of which nobody said how many
	Total      int64 // cents
}

// ShareLine is a loan in a statement.
type ShareLine struct {
	Loan
	Terms  Terms
	Days   int   // begun
	Amount int64 // cents
}

// FixedLine is the yearly part of some terms.
type FixedLine struct {
	Terms       Terms
	From, Until string // days in force, both included
	Days, Of    int    // of the days of the year
	Amount      int64  // cents
}

// cost is what a loan costs by some terms, in cents: the hours to the nearest cent, half a cent up; then each day begun
// and each kilometre.
func (t Terms) cost(length time.Duration, days int, km int64) int64 {
	minutes := int64(length / time.Minute)
	return (minutes*t.Hour+30)/60 + int64(days)*t.Day + max(km, 0)*t.Km
}

// Statement is the share of a year, for an administrator of either party: both read the same. What is to come is not in
// it, nor what was refused, given back or withdrawn before it began.
func (s *Store) Statement(ctx context.Context, caller portal.Caller, id LendingID, year int) (Share, error) {
	l, err := s.Lending(ctx, caller, id)
	if err != nil {
		return Share{}, err
	}
	if year < 2000 || year > 2100 {
		return Share{}, fmt.Errorf("booking: statement of %d: %w", year, portal.ErrNotFound)
	}
	first := time.Date(year, 1, 1, 0, 0, 0, 0, l.Zone)
	share := Share{Lending: l, Year: year, Until: earliest(first.AddDate(1, 0, 0), s.now().In(l.Zone))}
	loans, err := s.Loans(ctx, caller, l, first, first.AddDate(1, 0, 0))
	if err != nil {
		return Share{}, err
	}
	for _, loan := range loans {
		terms, holds := l.On(loan.Start.In(l.Zone).Format(time.DateOnly))
		if loan.State != LoanGranted || loan.End.After(s.now()) || !holds {
			continue
		}
		line := ShareLine{Loan: loan, Terms: terms, Days: Time{loan.Start.In(l.Zone), loan.End.In(l.Zone)}.daysBegun()}
		line.Amount = terms.cost(loan.End.Sub(loan.Start), line.Days, loan.Km)
		if loan.Kind == Vehicle && terms.Km > 0 && loan.Km < 0 {
			share.Unmeasured++
		}
		share.Lines = append(share.Lines, line)
		share.Hours, share.Days, share.Km = share.Hours+loan.End.Sub(loan.Start), share.Days+line.Days, share.Km+max(loan.Km, 0)
		share.Total += line.Amount
	}
	share.addFixed(first)
	return share, nil
}

// addFixed adds the yearly parts: of each the days of the year on which its terms were in force, up to now, to the
// nearest cent.
func (s *Share) addFixed(first time.Time) {
	days := first.AddDate(1, 0, -1).YearDay()
	for day := first; day.Before(s.Until); day = day.AddDate(0, 0, 1) {
		date := day.Format(time.DateOnly)
		terms, holds := s.On(date)
		if !holds || terms.Year == 0 {
			continue
		}
		if last := len(s.Fixed) - 1; last >= 0 && s.Fixed[last].Terms.Number == terms.Number {
			s.Fixed[last].Until = date
			s.Fixed[last].Days++
			continue
		}
		s.Fixed = append(s.Fixed, FixedLine{Terms: terms, From: date, Until: date, Days: 1, Of: days})
	}
	for i := range s.Fixed {
		one := &s.Fixed[i]
		one.Amount = (2*one.Terms.Year*int64(one.Days) + int64(one.Of)) / (2 * int64(one.Of))
		s.Total += one.Amount
	}
}

// Rates are the terms that the statement counts by, by their first day.
func (s Share) Rates() (all []Terms) {
	for _, one := range s.Terms {
		if one.State == TermsAccepted && one.From <= s.Until.Add(-time.Millisecond).Format(time.DateOnly) {
			all = append(all, one)
		}
	}
	return all
}
