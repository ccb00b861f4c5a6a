package booking

import (
	"context"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
)

// Series is how what is wanted repeats. The zero Series happens once.
type Series struct {
	Every string    // one of Rhythms
	Until time.Time // the last day on which it may begin, in the zone of the collectivity
}

// Rhythms are how often something repeats, in the order in which one chooses.
var Rhythms = []string{"daily", "workdays", "weekly", "fortnightly", "monthly"}

// Dates are the times of a series, by start, at most so many. What can be none is a portal.FieldErrors.
type Dates func(wanted Wanted, most int) ([]Slot, error)

// OnSeries adds how the dates of a series are found. It is a step of set-up.
func (s *Store) OnSeries(dates Dates) { s.dates = dates }

// maxDates is how many dates of a series are booked at once: each day as far as one books.
const maxDates = maxAhead + 1

// Date is a time of a series, for one resource.
type Date struct {
	Slot
	Why     string     // it can't be had then: a sentence; "" when it can
	Instead []Resource // that can be had then, at most three; filled in by Tell where it can't
	Holiday string     // the key of the name of a public holiday, "" on other days; filled in by Tell
}

// Offer is what a resource could give of a series.
type Offer struct {
	Resource
	Free  int // how many dates
	Dates []Date
}

// Offers says when each resource that the caller may book, and that has what is needed, can be had at the dates
// of a series: those that give most of them first. What is told of a date besides is left to Tell. What can be no
// series is a portal.FieldErrors.
func (s *Store) Offers(ctx context.Context, caller portal.Caller, p *i18n.Printer, need Need, series Series) ([]Offer, error) {
	if err := s.checkSeries(need, series); err != nil {
		return nil, err
	}
	all, err := s.candidates(ctx, caller, need)
	if err != nil {
		return nil, err
	}
	ruled, words, err := s.ruled(ctx, caller, p, all)
	if err != nil {
		return nil, wrap(err, "look for a series")
	}
	slots, err := s.dates(Wanted{Title: "?", Start: need.From.In(words.zone), End: need.To.In(words.zone), Series: series}, maxDates)
	if err != nil || len(slots) == 0 {
		return nil, err
	}
	taken, err := s.Taken(ctx, caller.Collectivity, idsOf(all), slots[0].Start, slots[len(slots)-1].End, "")
	if err != nil {
		return nil, err
	}
	offers := make([]Offer, len(ruled))
	for i, r := range ruled {
		offers[i] = r.offer(words, taken[r.ID], slots)
	}
	slices.SortStableFunc(offers, func(a, b Offer) int { return b.Free - a.Free })
	return offers, nil
}

// Tell fills in what is told of the dates of one offer, of the others beside it: public holidays of the caller's
// collectivity, and what else can be had.
func (s *Store) Tell(ctx context.Context, caller portal.Caller, o *Offer, all []Offer) error {
	holidays, err := s.holidaysOf(ctx, s.db, caller.Collectivity)
	if err != nil {
		return wrap(err, "tell of a series")
	}
	words, err := s.wordsFor(ctx, s.db, caller.Collectivity)
	if err != nil {
		return wrap(err, "tell of a series")
	}
	for i := range o.Dates {
		date := &o.Dates[i]
		date.Holiday, _ = holidays(date.Start.In(words.zone))
		if date.Why != "" {
			date.Instead = insteadOf(*o, i, all)
		}
	}
	return nil
}

func (s *Store) checkSeries(need Need, series Series) error {
	var wrong portal.Check
	farthest := midnight(s.now().In(series.Until.Location())).AddDate(0, 0, maxAhead-1)
	switch length := need.To.Sub(need.From); {
	case length <= 0 || length > maxLongest:
		wrong.Add("to", "booking.error.order")
	case !need.To.After(s.now()):
		wrong.Add("date", "booking.error.wait.past")
	}
	switch {
	case !slices.Contains(Rhythms, series.Every):
		wrong.Add("every", "booking.error.every")
	case series.Until.IsZero():
		wrong.Add("until", "booking.error.until")
	case series.Until.Before(midnight(need.From.In(series.Until.Location()))):
		wrong.Add("until", "booking.error.until.early")
	case series.Until.After(farthest):
		wrong.Add("until", "booking.error.until.far", "day", farthest)
	}
	return wrong.OrNil()
}

// candidates are the resources that the caller may book and that have what is needed.
func (s *Store) candidates(ctx context.Context, caller portal.Caller, need Need) ([]Resource, error) {
	all, err := s.Bookable(ctx, caller)
	if err != nil {
		return nil, err
	}
	barred, err := s.Barred(ctx, caller.Collectivity, caller.Agent)
	return slices.DeleteFunc(all, func(r Resource) bool { return barred[r.ID] || !r.has(need) }), err
}

func idsOf(all []Resource) []ResourceID {
	ids := make([]ResourceID, len(all))
	for i, r := range all {
		ids[i] = r.ID
	}
	return ids
}

// offer judges the dates of a series, which are sorted as what is taken is.
func (r rules) offer(words *words, taken []Time, slots []Slot) Offer {
	offer := Offer{Resource: r.Resource}
	for _, slot := range slots {
		for len(taken) > 0 && !taken[0].To.After(slot.Start) {
			taken = taken[1:] // the first that ends later begins before all others that do
		}
		date := Date{Slot: slot, Why: r.refuses(words, taken[:min(len(taken), 1)], slot)}
		if date.Why == "" {
			offer.Free++
		}
		offer.Dates = append(offer.Dates, date)
	}
	return offer
}

// insteadOf names other offers of the same kind that can be had at one date of an offer.
func insteadOf(o Offer, date int, all []Offer) (instead []Resource) {
	const most = 3
	for _, other := range all {
		if len(instead) == most {
			break
		}
		if other.Kind == o.Kind && other.Dates[date].Why == "" {
			instead = append(instead, other.Resource)
		}
	}
	return instead
}

// BookSeries books a resource for the caller at those dates of a series that she chose, by their starts, and names
// the event. When one of them can't be had after all nothing is booked: see Book.
func (s *Store) BookSeries(ctx context.Context, caller portal.Caller, resource ResourceID, need Need, title string, series Series, chosen []time.Time) (event string, err error) {
	if err := s.checkSeries(need, series); err != nil {
		return "", err
	}
	words, err := s.wordsFor(ctx, s.db, caller.Collectivity)
	if err != nil {
		return "", wrap(err, "book a series")
	}
	wanted := Wanted{Title: title, Start: need.From.In(words.zone), End: need.To.In(words.zone), Series: series}
	slots, err := s.dates(Wanted{Title: "?", Start: wanted.Start, End: wanted.End, Series: series}, maxDates)
	if err != nil {
		return "", fmt.Errorf("booking: dates of a series: %w", err)
	}
	picked := 0
	for _, slot := range slots {
		if slices.ContainsFunc(chosen, slot.Start.Equal) {
			picked++
		} else {
			wanted.Without = append(wanted.Without, slot.Start)
		}
	}
	if picked == 0 {
		return "", portal.FieldErrors{portal.Invalid("dates", "booking.error.dates")}
	}
	return s.bookAll(ctx, caller, resource, wanted)
}
