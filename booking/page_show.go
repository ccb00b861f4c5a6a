package booking

import (
	"cmp"
	"errors"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// Desk serves the pages where agents book.
type Desk struct {
	store    *Store
	whole    Shrinker
	renderer *web.Renderer
}

// NewDesk returns the pages over the store.
func NewDesk(store *Store, whole Shrinker, renderer *web.Renderer) *Desk {
	return &Desk{store, whole, renderer}
}

const (
	deskPath = "/bookings"
	section  = "bookings"
)

// Routes lists the pages.
func (d *Desk) Routes() []web.Route {
	return append(d.tripRoutes(), []web.Route{
		{Method: "GET", Path: deskPath, Access: web.SignedIn, Handler: d.show},
		{Method: "POST", Path: deskPath, Access: web.SignedIn, Handler: d.book},
		{Method: "GET", Path: seriesPath, Access: web.SignedIn, Handler: d.series},
		{Method: "POST", Path: seriesPath, Access: web.SignedIn, Handler: d.bookSeries},
		{Method: "GET", Path: deskPath + "/mine", Access: web.SignedIn, Handler: d.mine},
		{Method: "POST", Path: deskPath + "/events/{event}/cancel", Access: web.SignedIn, Handler: d.cancel},
		{Method: "POST", Path: deskPath + "/made/{event}/cancel", Access: web.SignedIn, Handler: d.cancelMade},
		{Method: "POST", Path: deskPath + "/waits", Access: web.SignedIn, Handler: d.wait},
		{Method: "POST", Path: deskPath + "/waits/{id}/leave", Access: web.SignedIn, Handler: d.leave},
		{Method: "GET", Path: deskPath + "/resources/{id}", Access: web.SignedIn, Handler: d.resource},
		{Method: "POST", Path: deskPath + "/loans/{loan}/cancel", Access: web.SignedIn, Handler: d.cancelLoan},
		{Method: "POST", Path: deskPath + "/loans/{loan}/km", Access: web.SignedIn, Handler: d.measureLoan},
	}...)
}

// The ways to show bookings.
const (
	dayView  = "day"
	weekView = "week"
)

// onePage is how many resources stand side by side on a day, and under each other in a week.
var onePage = map[string]int{dayView: 8, weekView: 100}

// asked is what an address, or a form, asks for, as typed.
type asked struct {
	Kind     Kind
	View     string
	Date     string // "2026-12-01"
	From, To string // "10:00"
	Seats    string
	Features string // words, between commas
	Category string
	Resource ResourceID
	Headline string         // what it is for
	For      portal.AgentID // whom it is for, "" for the reader
}

func readAsked(values url.Values) asked {
	a := asked{
		Kind: Kind(values.Get("kind")), View: values.Get("view"), Date: strings.TrimSpace(values.Get("date")), From: strings.TrimSpace(values.Get("from")), To: strings.TrimSpace(values.Get("to")),
		Seats: strings.TrimSpace(values.Get("seats")), Features: strings.TrimSpace(values.Get("features")), Category: strings.TrimSpace(values.Get("category")), Resource: ResourceID(values.Get("resource")), Headline: strings.TrimSpace(values.Get("title")),
		For: portal.AgentID(values.Get("for")),
	}
	if !slices.Contains(Kinds, a.Kind) {
		a.Kind = Room
	}
	if a.View != weekView {
		a.View = dayView
	}
	return a
}

// day is the day asked for, else that of now.
func (a asked) day(now time.Time) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, a.Date, now.Location())
	if err != nil || day.Year() < 2000 || day.Year() > 2200 {
		return midnight(now)
	}
	return day
}

// times are the instants asked for, or what is wrong about them.
func (a asked) times(zone *time.Location) (from, to time.Time, err error) {
	var wrong portal.Check
	day, dayErr := time.ParseInLocation(time.DateOnly, a.Date, zone)
	if dayErr != nil {
		wrong.Add("date", "booking.error.date")
	}
	read := func(field, clock string) time.Time {
		at, err := time.Parse("15:04", clock)
		if err != nil {
			wrong.Add(field, "booking.error.clock")
		}
		return time.Date(day.Year(), day.Month(), day.Day(), at.Hour(), at.Minute(), 0, 0, zone)
	}
	from, to = read("from", a.From), read("to", a.To)
	if wrong.OrNil() == nil && !to.After(from) {
		wrong.Add("to", "booking.error.order")
	}
	return from, to, wrong.OrNil()
}

// need is what is looked for between two instants.
func (a asked) need(from, to time.Time) Need {
	seats, _ := strconv.Atoi(a.Seats) // what is no number asks for none
	need := Need{From: from, To: to, Kind: a.Kind, Category: a.Category, Seats: seats}
	for feature := range strings.SplitSeq(a.Features, ",") {
		if feature = strings.TrimSpace(feature); feature != "" {
			need.Features = append(need.Features, feature)
		}
	}
	return need
}

// link is the address of the same on another day, or in another view.
func (a asked) link(view string, day time.Time) string {
	values := url.Values{"kind": {string(a.Kind)}, "view": {view}, "date": {day.Format(time.DateOnly)}}
	for name, value := range map[string]string{"seats": a.Seats, "features": a.Features, "category": a.Category} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return deskPath + "?" + values.Encode()
}

// deskPage is what is free and taken.
type deskPage struct {
	web.Page
	asked
	Form               web.Form
	Day                time.Time
	Heading            string
	Kinds              []Kind
	Asks               int // bookings that wait for the reader's word
	Resources          []Resource
	Barred             map[ResourceID]bool   // not to be had by whom it is for
	Under              []Someone             // for whom the reader books beside herself
	States             map[ResourceID]string // of vehicles that are out, where today is shown
	Rows               []slotRow             // of a day
	Days               []weekDay             // of a week
	Lines              []shownRow            // the same by resource; on a phone instead of the table
	Shown              []Resource
	Categories, Offers []string // what resources of the kind are, and have
	Prev, Today, Next  string
	// PrevName and NextName are "Lundi 30", or the week before and after.
	PrevName, NextName string
	Views              []viewLink
	Links              themes.Pages
	Found              []Found // that fit what was asked, free ones first
	Sought             bool    // something was asked
	Taken              string  // of what was asked for by name, taken then: one can wait for it
	printer            *i18n.Printer
}

// Blocks are bookings as a cell shows them.
func (p *deskPage) Blocks(all []Booking, where string) template.HTML {
	return blocksOf(p.printer, all, where, p.Day.Location())
}

// Block is one of them.
func (p *deskPage) Block(b Booking) template.HTML { return p.Blocks([]Booking{b}, "") }

// Counts tells how many bookings each day has, as a telephone lists them.
func (p *deskPage) Counts(cells []shownCell) template.HTML {
	var out strings.Builder
	for i, cell := range cells {
		if n := len(cell.Bookings); n > 0 {
			day := p.Days[i]
			out.WriteString(`<a href="` + template.HTMLEscapeString(day.Href) + `">` + string(p.printer.DateHTML(day.Date, p.Now)) + "</a> · ")
			out.WriteString(template.HTMLEscapeString(p.printer.N("booking.desk.many", n)) + "<br>")
		}
	}
	return template.HTML(out.String()) // escaped above
}

// Warns tells what of a vehicle's papers ends before what was asked for.
func (p *deskPage) Warns(r Resource) []string {
	_, to, err := p.times(p.Day.Location())
	if err != nil || r.Kind != Vehicle {
		return nil
	}
	return r.Vehicle.Warns(p.printer, to, p.Now)
}

type viewLink struct {
	View, Href string
	Current    bool
}

func (d *Desk) show(w http.ResponseWriter, r *http.Request) error {
	page := &deskPage{asked: readAsked(web.Query(r))}
	if err := d.search(r, page); err != nil {
		return err
	}
	return d.render(w, r, http.StatusOK, page)
}

// search answers what was asked for between two hours, if they can be read.
func (d *Desk) search(r *http.Request, page *deskPage) error {
	from, to, err := page.times(web.Now(r).Location())
	if err != nil { // the form says it once it is sent
		return nil
	}
	she, err := d.store.holder(r.Context(), web.CallerOf(r), page.For)
	if err != nil {
		return err
	}
	page.Found, err = d.store.Free(r.Context(), she, web.Printer(r), page.need(from, to))
	if errors.Is(err, portal.ErrInvalid) {
		return nil
	}
	if err != nil {
		return err
	}
	lent, err := d.store.LentFree(r.Context(), web.CallerOf(r), web.Printer(r), page.need(from, to))
	page.Found, page.Sought = append(page.Found, lent...), err == nil
	slices.SortStableFunc(page.Found, func(a, b Found) int { // what is free first, one's own before what is lent
		return cmp.Or(boolToInt(b.Free)-boolToInt(a.Free), boolToInt(a.LentBy != "")-boolToInt(b.LentBy != ""), byFree(a, b))
	})
	return err
}

// plan is what the caller sees of her own collectivity's resources, then of those that others lend it.
func (d *Desk) plan(r *http.Request, from, until time.Time) (Plan, error) {
	ctx, caller, p := r.Context(), web.CallerOf(r), web.Printer(r)
	plan, err := d.store.Plan(ctx, caller, p, from, until)
	if err != nil {
		return plan, err
	}
	lent, err := d.store.LentPlan(ctx, caller, p, from, until)
	plan.Resources = append(plan.Resources, lent.Resources...)
	maps.Copy(plan.Bookings, lent.Bookings)
	maps.Copy(plan.Shut, lent.Shut)
	return plan, err
}

// render lays the page out around its day.
func (d *Desk) render(w http.ResponseWriter, r *http.Request, status int, page *deskPage) error {
	ctx, caller, printer, now := r.Context(), web.CallerOf(r), web.Printer(r), web.Now(r)
	page.Day, page.printer = page.day(now), printer
	first, days := page.Day, 1
	if page.View == weekView {
		first, days = i18n.Monday(page.Day), 7
	}
	plan, err := d.plan(r, first, first.AddDate(0, 0, days))
	if err != nil {
		return err
	}
	if page.Asks, err = d.store.CountAsked(ctx, caller); err != nil {
		return err
	}
	if page.Under, err = d.store.Under(ctx, caller); err != nil {
		return err
	}
	if page.Kind == Vehicle && !now.Before(first) && now.Before(first.AddDate(0, 0, days)) {
		if page.States, err = d.states(r); err != nil {
			return err
		}
	}
	need := page.need(time.Time{}, time.Time{})
	page.Kinds, page.Barred = Kinds, plan.Barred
	if page.For != "" {
		if page.Barred, err = d.store.Barred(ctx, caller.Collectivity, page.For); err != nil {
			return err
		}
	}
	page.Categories, page.Offers = filters(plan.Resources, page.Kind)
	page.Resources = slices.DeleteFunc(plan.Resources, func(one Resource) bool { return !one.has(need) })
	page.choose(r, printer)
	if page.View == weekView {
		page.Heading = printer.DateRange(first, first.AddDate(0, 0, 6), now)
		for i := range days {
			at := first.AddDate(0, 0, i)
			page.Days = append(page.Days, weekDay{at, page.link(dayView, at), sameDay(at, now), at.AddDate(0, 0, 1).Before(now)})
		}
	} else {
		page.Heading = printer.DateLong(first, now)
		page.Rows = dayRows(plan, page.Shown, first, now, page.asked)
	}
	for _, one := range page.Shown {
		page.Lines = append(page.Lines, rowOf(plan, one, first, days, now))
	}
	page.Prev, page.Next = page.link(page.View, page.Day.AddDate(0, 0, -days)), page.link(page.View, page.Day.AddDate(0, 0, days))
	page.PrevName, page.NextName = printer.T("booking.desk.previous.week"), printer.T("booking.desk.next.week")
	if page.View == dayView {
		page.PrevName, page.NextName = dayLabel(printer, first.AddDate(0, 0, -1)), dayLabel(printer, first.AddDate(0, 0, 1))
	}
	page.Today = page.link(page.View, now)
	for _, view := range []string{dayView, weekView} {
		page.Views = append(page.Views, viewLink{view, page.link(view, page.Day), view == page.View})
	}
	page.prefill(now)
	page.Title, page.Section = printer.T("booking.desk."+string(page.Kind))+", "+page.Heading, section
	return d.renderer.Render(w, r, status, "booking/desk", page)
}

// filters are the categories and the features of the resources of a kind, by name.
func filters(all []Resource, kind Kind) (categories, features []string) {
	for _, one := range all {
		if one.Kind == kind {
			features = append(features, one.Features...)
			if one.Category != "" {
				categories = append(categories, one.Category)
			}
		}
	}
	for _, some := range []*[]string{&categories, &features} {
		slices.SortFunc(*some, i18n.ByName)
		*some = slices.Compact(*some)
	}
	return categories, features
}

// dayLabel names a day beside another, "Lundi 30".
func dayLabel(p *i18n.Printer, day time.Time) string {
	name := p.DayName(day)
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first)) + name[size:] + " " + strconv.Itoa(day.Day())
}

// Summary is what stands under the name of a resource, by how many seats it has in words: "40 places · Écran".
func (r Resource) Summary(seats string) string {
	if r.Seats == 0 {
		return strings.Join(r.Features, " · ")
	}
	return strings.Join(append([]string{seats}, r.Features...), " · ")
}

// choose cuts the resources into pages.
func (p *deskPage) choose(r *http.Request, printer *i18n.Printer) {
	size := onePage[p.View]
	pages := (len(p.Resources) + size - 1) / size
	current := max(1, min(web.PageNumber(r), pages))
	p.Shown = p.Resources[min((current-1)*size, len(p.Resources)):min(current*size, len(p.Resources))]
	p.Links = web.PageLinks(r, printer.T("booking.pages"), current, pages)
}

// prefill gives the form the hour that begins, where nothing was typed.
func (p *deskPage) prefill(now time.Time) {
	p.Date = p.Day.Format(time.DateOnly)
	if p.From == "" && p.To == "" {
		next := now.Truncate(time.Hour).Add(time.Hour)
		if !sameDay(p.Day, now) || next.Day() != now.Day() || next.Hour() < firstHour || next.Hour() >= lastHour {
			next = time.Date(now.Year(), now.Month(), now.Day(), firstHour+1, 0, 0, 0, now.Location())
		}
		p.From, p.To = next.Format("15:04"), next.Add(time.Hour).Format("15:04")
	}
}
