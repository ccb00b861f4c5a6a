package booking

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

const seriesPath = deskPath + "/series"

// seriesPage is where one books many dates at once.
type seriesPage struct {
	web.Page
	asked
	Every, Until string // as typed
	Form         web.Form
	Kinds        []Kind
	Rhythms      []string
	Asks         int
	Resources    []Resource // that she may book
	Offers       []shownOffer
	Chosen       *shownOffer // whose dates are listed
	Lines        []dateLine
}

// shownOffer is what a resource could give, and where its dates are.
type shownOffer struct {
	Offer
	Href string
}

// dateLine is a date of the resource that was chosen.
type dateLine struct {
	Date
	Value  string // start, ms
	Ticked bool
}

func readSeries(values url.Values) *seriesPage {
	return &seriesPage{asked: readAsked(values), Every: values.Get("every"), Until: values.Get("until")}
}

// wanted is the need and the series that were typed, or what is wrong about them.
func (p *seriesPage) wanted(zone *time.Location) (Need, Series, error) {
	from, to, err := p.times(zone)
	var wrong portal.FieldErrors
	errors.As(err, &wrong)
	until, dayErr := time.ParseInLocation(time.DateOnly, p.Until, zone)
	if dayErr != nil {
		wrong = append(wrong, portal.Invalid("until", "booking.error.until"))
	}
	return p.need(from, to), Series{p.Every, until}, wrong.OrNil()
}

// query is the page's address with another resource.
func (p *seriesPage) query(id ResourceID) string {
	values := url.Values{"kind": {string(p.Kind)}, "resource": {string(id)}, "date": {p.Date}, "from": {p.From}, "to": {p.To}, "every": {p.Every}, "until": {p.Until}}
	for name, value := range map[string]string{"seats": p.Seats, "features": p.Features, "category": p.Category, "title": p.Headline} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return seriesPath + "?" + values.Encode()
}

func (d *Desk) series(w http.ResponseWriter, r *http.Request) error {
	page := readSeries(web.Query(r))
	if page.Every == "" { // the form as it opens
		page.Every = "weekly"
		return d.renderSeries(w, r, http.StatusOK, page)
	}
	return d.showOffers(w, r, http.StatusOK, page, nil)
}

// showOffers lists what can be had. chosen are the dates that were ticked, nil for all that are free.
func (d *Desk) showOffers(w http.ResponseWriter, r *http.Request, status int, page *seriesPage, chosen []time.Time) error {
	zone := web.Now(r).Location()
	need, series, err := page.wanted(zone)
	var offers []Offer
	if err == nil {
		offers, err = d.store.Offers(r.Context(), web.CallerOf(r), web.Printer(r), need, series)
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		return d.renderSeries(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	for _, offer := range offers {
		page.Offers = append(page.Offers, shownOffer{offer, page.query(offer.ID)})
	}
	at := slices.IndexFunc(page.Offers, func(one shownOffer) bool { return one.ID == page.Resource })
	if at < 0 && page.Resource == "" && len(page.Offers) > 0 {
		at = 0
	}
	if at >= 0 {
		if err := d.store.Tell(r.Context(), web.CallerOf(r), &page.Offers[at].Offer, offers); err != nil {
			return err
		}
		page.Chosen, page.Resource = &page.Offers[at], page.Offers[at].ID
		for _, date := range page.Chosen.Dates {
			line := dateLine{Date: date, Value: strconv.FormatInt(date.Start.UnixMilli(), 10), Ticked: date.Why == ""}
			line.Ticked = line.Ticked && (chosen == nil || slices.ContainsFunc(chosen, date.Start.Equal))
			line.Start, line.End = date.Start.In(zone), date.End.In(zone)
			page.Lines = append(page.Lines, line)
		}
	}
	return d.renderSeries(w, r, status, page)
}

func (d *Desk) renderSeries(w http.ResponseWriter, r *http.Request, status int, page *seriesPage) (err error) {
	ctx, caller, now := r.Context(), web.CallerOf(r), web.Now(r)
	if page.Resources, err = d.store.candidates(ctx, caller, Need{Kind: page.Kind}); err != nil {
		return err
	}
	if page.Asks, err = d.store.CountAsked(ctx, caller); err != nil {
		return err
	}
	page.Kinds, page.Rhythms = Kinds, Rhythms
	if page.Date == "" {
		page.Date = now.Format(time.DateOnly)
	}
	if page.From == "" && page.To == "" {
		page.From, page.To = "09:00", "10:00"
	}
	page.Title, page.Section = web.Printer(r).T("booking.series"), section
	return d.renderer.Render(w, r, status, "booking/series", page)
}

// bookSeries books the dates that are ticked.
func (d *Desk) bookSeries(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := readSeries(r.PostForm)
	chosen := []time.Time{}
	for _, typed := range r.PostForm["dates"] {
		ms, err := strconv.ParseInt(typed, 10, 64)
		if err != nil {
			return portal.ErrInvalid
		}
		chosen = append(chosen, time.UnixMilli(ms))
	}
	need, series, err := page.wanted(web.Now(r).Location())
	if err != nil {
		return d.showOffers(w, r, http.StatusUnprocessableEntity, page, chosen)
	}
	event, err := d.store.BookSeries(r.Context(), web.CallerOf(r), page.Resource, need, page.Headline, series, chosen)
	if err != nil {
		return d.refuseSeries(w, r, page, chosen, err)
	}
	own, err := d.store.OwnOf(r.Context(), web.CallerOf(r), event)
	if err != nil {
		return err
	}
	done := "booking.done.series"
	if own.Pending {
		done = "booking.done.series.asked"
	}
	web.SetUndo(w, r, "booking.undo", cancelPath(event), done, "name", own.Resource.Name, "count", web.Printer(r).Number(len(chosen)))
	return web.Redirect(w, r, deskPath+"/mine")
}

// refuseSeries shows the dates again, with what became of them meanwhile.
func (d *Desk) refuseSeries(w http.ResponseWriter, r *http.Request, page *seriesPage, chosen []time.Time, err error) error {
	form, refused := web.FormErrors(r, err)
	if !refused {
		return err
	}
	page.Form = form
	return d.showOffers(w, r, web.StatusOf(err), page, chosen)
}
