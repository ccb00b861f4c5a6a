package booking

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// book books what was asked for: the resource that was chosen, or the first that is free and fits.
func (d *Desk) book(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &deskPage{asked: readAsked(r.PostForm)}
	from, to, err := page.times(web.Now(r).Location())
	if err != nil {
		return d.refuse(w, r, page, err)
	}
	if err := d.search(r, page); err != nil {
		return err
	}
	if page.Under, err = d.store.Under(r.Context(), web.CallerOf(r)); err != nil {
		return err
	}
	chosen := page.Resource
	if chosen == "" {
		if len(page.Found) == 0 || !page.Found[0].Free {
			return d.refuse(w, r, page, portal.UserError{Kind: portal.ErrConflict, Key: "booking.error.none-free"})
		}
		chosen = page.Found[0].ID
	}
	event, err := d.store.BookFor(r.Context(), web.CallerOf(r), page.For, chosen, from, to, page.Headline, web.ClientAddr(r))
	if errors.Is(err, portal.ErrNotFound) && page.For == "" { // it is none of her own collectivity's
		return d.borrow(w, r, page, chosen, from, to)
	}
	if errors.Is(err, portal.ErrConflict) && page.Resource != "" {
		page.Taken = page.name(chosen)
	}
	if err != nil {
		return d.refuse(w, r, page, err)
	}
	she, err := d.store.holder(r.Context(), web.CallerOf(r), page.For)
	if err != nil {
		return err
	}
	own, err := d.store.OwnOf(r.Context(), she, event)
	if err != nil {
		return err
	}
	done, back := "booking.done.booked", cancelPath(event)
	if own.Pending {
		done = "booking.done.asked"
	}
	if she.Agent != web.CallerOf(r).Agent {
		done, back = done+".for", madePath(event)
	}
	when := WhenWords(web.Printer(r), from, to, web.Now(r))
	web.SetUndo(w, r, "booking.undo", back, done, "name", own.Resource.Name, "when", when, "who", page.nameOf(she.Agent))
	return web.Redirect(w, r, page.link(page.View, from))
}

// nameOf is that of somebody for whom the reader books.
func (p *deskPage) nameOf(agent portal.AgentID) string {
	if i := slices.IndexFunc(p.Under, func(one Someone) bool { return one.ID == agent }); i >= 0 {
		return p.Under[i].Name
	}
	return ""
}

// madePath takes a booking that was made for another back when it is posted to.
func madePath(event string) string { return deskPath + "/made/" + url.PathEscape(event) + "/cancel" }

func (d *Desk) cancelMade(w http.ResponseWriter, r *http.Request) error {
	if err := d.store.CancelMade(r.Context(), web.CallerOf(r), web.Var(r, "event"), web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "booking.done.cancelled")
	return web.Redirect(w, r, deskPath+"/mine")
}

// borrow takes what another collectivity lends.
func (d *Desk) borrow(w http.ResponseWriter, r *http.Request, page *deskPage, chosen ResourceID, from, to time.Time) error {
	loan, err := d.store.BookLent(r.Context(), web.CallerOf(r), web.Printer(r), chosen, from, to, page.Headline)
	if err != nil {
		return d.refuse(w, r, page, err)
	}
	done := "booking.lend.done.borrowed"
	if loan.State == LoanWaiting {
		done = "booking.lend.done.asked"
	}
	when := WhenWords(web.Printer(r), from, to, web.Now(r))
	web.SetUndo(w, r, "booking.undo", loanPath(loan.ID)+"/cancel", done, "name", loan.Name, "lender", loan.LenderName, "when", when)
	return web.Redirect(w, r, page.link(page.View, from))
}

func loanPath(id string) string { return deskPath + "/loans/" + url.PathEscape(id) }

// cancelLoan gives a loan of hers back.
func (d *Desk) cancelLoan(w http.ResponseWriter, r *http.Request) error {
	loan, err := d.store.CancelLoan(r.Context(), web.CallerOf(r), web.Var(r, "loan"))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return d.renderMine(w, r, http.StatusConflict, &minePage{Form: form})
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "booking.lend.done.cancelled", "name", loan.Name)
	return web.Redirect(w, r, deskPath+"/mine")
}

// measureLoan takes the kilometres of a loan of hers.
func (d *Desk) measureLoan(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &minePage{Loan: web.Var(r, "loan"), Km: r.PostForm.Get("km")}
	err := d.store.Measure(r.Context(), web.CallerOf(r), page.Loan, int64(readKm(page.Km)), web.ClientAddr(r))
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return d.renderMine(w, r, web.StatusOf(err), page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "booking.lend.done.measured")
	return web.Redirect(w, r, deskPath+"/mine")
}

// name is that of a resource which was looked for.
func (p *deskPage) name(id ResourceID) string {
	if i := slices.IndexFunc(p.Found, func(one Found) bool { return one.ID == id }); i >= 0 {
		return p.Found[i].Name
	}
	return ""
}

// refuse shows the page again with what was typed, why it is refused, and what is free instead.
func (d *Desk) refuse(w http.ResponseWriter, r *http.Request, page *deskPage, err error) error {
	form, refused := web.FormErrors(r, err)
	var said portal.UserError
	switch {
	case refused:
		page.Form = form
	case errors.As(err, &said):
		page.Form = web.OneError(web.Sentence(r, said))
	default:
		return err
	}
	return d.render(w, r, web.StatusOf(err), page)
}

// cancel gives a booking back, with the event that holds it: of a series the date that was sent, by its Recurrence in
// milliseconds.
func (d *Desk) cancel(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	var date time.Time
	done := "booking.done.cancelled"
	if typed := r.PostForm.Get("date"); typed != "" {
		ms, err := strconv.ParseInt(typed, 10, 64)
		if err != nil || ms <= 0 {
			return portal.ErrNotFound
		}
		date, done = time.UnixMilli(ms).UTC(), "booking.done.cancelled.date"
	}
	undo, err := d.store.Cancel(r.Context(), web.CallerOf(r), web.Var(r, "event"), date)
	if err != nil {
		return err
	}
	if web.AtKiosk(r) { // the agenda, which could take it back, is not there
		web.SetFlash(w, r, done)
	} else {
		web.SetUndo(w, r, "booking.undo", undo, done)
	}
	return web.Redirect(w, r, deskPath+"/mine")
}

// minePage is what the reader booked, and what she waits for.
type minePage struct {
	web.Page
	Form  web.Form
	Trips []statedTrip // vehicles that she has out
	Own   []shownOwn
	Made  []shownMade
	Loans []shownLoan // to come
	Over  []shownLoan // of vehicles, over within a month: their kilometres are missing
	// Loan is that whose kilometres were refused, and Km they as typed.
	Loan, Km string
	Waits    []shownWait
	Asks     int
	Kinds    []Kind
	Kind     Kind // of the tabs: none is current
}

type shownOwn struct {
	Own
	When  string
	Take  string   // the form that takes the vehicle, "" before its time
	Notes []string // what she should know of it: not back yet, an inspection before
}

type shownMade struct {
	Made
	When string
}

// CancelPath takes it back.
func (m shownMade) CancelPath() string { return madePath(m.Event) }

type shownWait struct {
	Wait
	When string
}

// KmOf is the form of a loan's kilometres.
func (p *minePage) KmOf(one shownLoan) kmForm {
	return kmFormOf(one, loanPath(one.ID)+"/km", p.Loan, p.Km)
}

func (d *Desk) mine(w http.ResponseWriter, r *http.Request) error {
	return d.renderMine(w, r, http.StatusOK, &minePage{})
}

func (d *Desk) renderMine(w http.ResponseWriter, r *http.Request, status int, page *minePage) (err error) {
	ctx, caller, printer, now := r.Context(), web.CallerOf(r), web.Printer(r), web.Now(r)
	page.Kinds = Kinds
	own, err := d.store.Mine(ctx, caller)
	if err != nil {
		return err
	}
	out, err := d.store.out(ctx, caller.Collectivity)
	if err != nil {
		return err
	}
	page.Trips = statesOf(printer, out, caller, now)
	loans, err := d.store.MyLoans(ctx, caller)
	if err != nil {
		return err
	}
	for _, one := range shownLoans(printer, loans, now) {
		if one.End.After(now) {
			page.Loans = append(page.Loans, one)
		} else if one.Kind == Vehicle && one.State == LoanGranted && (one.Km < 0 || one.ID == page.Loan) {
			page.Over = append(page.Over, one)
		}
	}
	for _, one := range own {
		shown := shownOwn{Own: one, When: WhenWords(printer, one.Start.In(now.Location()), one.End.In(now.Location()), now)}
		shown.Take, shown.Notes = one.standing(printer, out, now)
		page.Own = append(page.Own, shown)
	}
	made, err := d.store.MadeFor(ctx, caller)
	if err != nil {
		return err
	}
	for _, one := range made {
		page.Made = append(page.Made, shownMade{one, WhenWords(printer, one.Start.In(now.Location()), one.End.In(now.Location()), now)})
	}
	waits, err := d.store.MyWaits(ctx, caller)
	if err != nil {
		return err
	}
	for _, one := range waits {
		page.Waits = append(page.Waits, shownWait{one, WhenWords(printer, one.Start.In(now.Location()), one.End.In(now.Location()), now)})
	}
	if page.Asks, err = d.store.CountAsked(ctx, caller); err != nil {
		return err
	}
	page.Title, page.Section = printer.T("booking.desk.mine"), section
	return d.renderer.Render(w, r, status, "booking/mine", page)
}

// wait has the reader told once something that is taken is free after all.
func (d *Desk) wait(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &deskPage{asked: readAsked(r.PostForm)}
	from, to, err := page.times(web.Now(r).Location())
	if err == nil {
		_, err = d.store.WaitFor(r.Context(), web.CallerOf(r), page.Resource, from, to, page.Headline)
	}
	if err != nil {
		return d.refuse(w, r, page, err)
	}
	web.SetFlash(w, r, "booking.done.waits")
	return web.Redirect(w, r, deskPath+"/mine")
}

func (d *Desk) leave(w http.ResponseWriter, r *http.Request) error {
	if err := d.store.Leave(r.Context(), web.CallerOf(r), web.Var(r, "id")); err != nil {
		return err
	}
	web.SetFlash(w, r, "booking.done.left")
	return web.Redirect(w, r, deskPath+"/mine")
}

// resourcePage is one resource, and its week.
type resourcePage struct {
	web.Page
	Resource
	Row         shownRow
	Book        string // the address of its form; "" where the reader may not book
	Open        []openDay
	Paragraphs  []string
	ClosedAhead []Closing
	garageOf
	Terms   *shownTerms // by which it is lent, nil for one's own
	printer *i18n.Printer
}

// Blocks are bookings as its week shows them.
func (p *resourcePage) Blocks(all []Booking, where string) template.HTML {
	return blocksOf(p.printer, all, where, p.Now.Location())
}

type openDay struct {
	Day   time.Time
	Words string
}

func (d *Desk) resource(w http.ResponseWriter, r *http.Request) error {
	printer, now := web.Printer(r), web.Now(r)
	first := i18n.Monday(now)
	plan, err := d.plan(r, first, first.AddDate(0, 0, 14))
	if err != nil {
		return err
	}
	at := slices.IndexFunc(plan.Resources, func(one Resource) bool { return string(one.ID) == web.Var(r, "id") })
	if at < 0 {
		return portal.ErrNotFound
	}
	page := &resourcePage{Resource: plan.Resources[at], Paragraphs: linesOf(plan.Resources[at].Description), printer: printer}
	page.Row = rowOf(plan, page.Resource, first, 14, now)
	if !page.Row.Barred {
		page.Book = deskPath + "?" + url.Values{"kind": {string(page.Kind)}, "resource": {string(page.ID)}}.Encode() + "#book"
	}
	if !page.Hours.Always() {
		for _, day := range week {
			if ranges := page.Hours[day]; len(ranges) > 0 {
				page.Open = append(page.Open, openDay{dayOfWeek(day), HoursWords(printer, ranges)})
			}
		}
	}
	for _, one := range page.Closings {
		if one.Last >= now.Format(time.DateOnly) {
			page.ClosedAhead = append(page.ClosedAhead, one)
		}
	}
	if page.Kind == Vehicle {
		if page.garageOf, err = d.garage(r, page.Resource); err != nil {
			return err
		}
	}
	if page.LentBy != "" {
		l, terms, err := d.store.lentBy(r.Context(), web.CallerOf(r), page.ID)
		if err != nil {
			return err
		}
		shown := termsOf(printer, l, terms, nil, now)
		page.Terms = &shown
	}
	page.Title, page.Section = page.Name, section
	return d.renderer.Render(w, r, http.StatusOK, "booking/one", page)
}

// linesOf are the lines of a text that are not empty.
func linesOf(text string) (lines []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}
