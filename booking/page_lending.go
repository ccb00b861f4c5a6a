package booking

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// Lendings serves the pages where the administrators of both parties keep conventions.
type Lendings struct {
	store    *Store
	groups   Groups
	renderer *web.Renderer
}

// NewLendings returns the pages over the store.
func NewLendings(store *Store, groups Groups, renderer *web.Renderer) *Lendings {
	return &Lendings{store, groups, renderer}
}

const lendingsPath = "/admin/lendings"

// Routes lists the pages.
func (h *Lendings) Routes() []web.Route {
	admin := web.Needs(portal.Admin)
	one := lendingsPath + "/{id}"
	return []web.Route{
		{Method: "GET", Path: lendingsPath, Access: admin, Handler: h.list},
		{Method: "GET", Path: lendingsPath + "/new", Access: admin, Handler: h.newLending},
		{Method: "POST", Path: lendingsPath, Access: admin, Handler: h.propose},
		{Method: "GET", Path: one, Access: admin, Handler: h.show},
		{Method: "GET", Path: one + "/terms", Access: admin, Handler: h.newTerms},
		{Method: "POST", Path: one + "/terms", Access: admin, Handler: h.changeTerms},
		{Method: "POST", Path: one + "/answer", Access: admin, Handler: h.answer},
		{Method: "POST", Path: one + "/groups", Access: admin, Handler: h.chooseGroups},
		{Method: "POST", Path: one + "/end", Access: admin, Handler: h.end},
		{Method: "POST", Path: one + "/loans/{loan}/withdraw", Access: admin, Handler: h.withdraw},
		{Method: "POST", Path: one + "/loans/{loan}/cancel", Access: admin, Handler: h.cancel},
		{Method: "POST", Path: one + "/loans/{loan}/km", Access: admin, Handler: h.measure},
		{Method: "GET", Path: one + "/statement", Access: admin, Handler: h.statement},
		{Method: "GET", Path: one + "/statement.csv", Access: admin, Handler: h.export},
	}
}

// Href is the page of a convention.
func (l Lending) Href() string { return lendingsPath + "/" + string(l.ID) }

// lendingsPage are the conventions of a collectivity.
type lendingsPage struct {
	web.Page
	Lent, Borrowed []shownLending
}

// shownLending is a convention as a page writes it.
type shownLending struct {
	Lending
	Where LendingState
	Span  string // "du 1er janvier 2026 au 31 décembre 2027"
	Waits bool   // terms wait for the borrower
}

func shownOf(p *i18n.Printer, l Lending, now time.Time) shownLending {
	one := shownLending{Lending: l, Where: l.State(now.In(l.Zone).Format(time.DateOnly))}
	_, one.Waits = l.Pending()
	one.Waits = one.Waits && one.Where != LendingOver
	first := p.Date(dayIn(l.First, l.Zone), now)
	if one.Span = p.T("booking.lend.since", "first", first); l.Last != "" {
		one.Span = p.T("booking.lend.span", "first", first, "last", p.Date(dayIn(l.Last, l.Zone), now))
	}
	return one
}

// Pill is the kind and the icon of the state.
func (s shownLending) Pill() (kind string) {
	switch s.Where {
	case LendingRunning:
		return "good"
	case LendingProposed:
		return "warn"
	}
	return ""
}

func (h *Lendings) list(w http.ResponseWriter, r *http.Request) error {
	all, err := h.store.Lendings(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	page := &lendingsPage{}
	for _, l := range all {
		one := shownOf(web.Printer(r), l, web.Now(r))
		if l.Side == Lender {
			page.Lent = append(page.Lent, one)
		} else {
			page.Borrowed = append(page.Borrowed, one)
		}
	}
	page.Title, page.Section = web.Printer(r).T("booking.lendings"), "admin"
	return h.renderer.Render(w, r, http.StatusOK, "booking/lendings", page)
}

// termsPage is the form of a convention, or of other terms of one.
type termsPage struct {
	web.Page
	Form                       web.Form
	Lending                    *shownLending // nil for a new one
	Borrower, Headline, Last   string
	Terms                      Terms
	Ahead, Notice, Month, Days string // as typed
	Hour, Day, Km, Year        string
	Resources                  []lentChoice
}

// formField is a field of a page that has many alike.
type formField struct {
	Name, Value, Type, Problem string
	Hint, Required             bool
}

// Field is one of the form.
func (p *termsPage) Field(name string) formField {
	one := formField{Name: name, Type: "text", Problem: p.Form.Error(name), Hint: true, Value: map[string]string{
		"borrower": p.Borrower, "title": p.Headline, "from": p.Terms.From, "last": p.Last, "ahead": p.Ahead, "notice": p.Notice, "month": p.Month, "days": p.Days,
		"hour": p.Hour, "day": p.Day, "km": p.Km, "year": p.Year,
	}[name]}
	switch name {
	case "from", "last":
		one.Type = "date"
	case "hour", "day", "title":
		one.Hint = false
	}
	one.Required = slices.Contains([]string{"borrower", "title", "from"}, name)
	return one
}

type lentChoice struct {
	Resource
	Chosen bool
}

// has says whether terms lend a resource.
func (t Terms) has(id ResourceID) bool { return slices.Contains(t.Resources, id) }

func (h *Lendings) newLending(w http.ResponseWriter, r *http.Request) error {
	return h.renderTerms(w, r, http.StatusOK, &termsPage{Terms: Terms{From: web.Now(r).Format(time.DateOnly)}})
}

func (h *Lendings) newTerms(w http.ResponseWriter, r *http.Request) error {
	l, err := h.lender(r)
	if err != nil {
		return err
	}
	page := &termsPage{Terms: l.Current(web.Now(r).In(l.Zone).Format(time.DateOnly))}
	if waits, any := l.Pending(); any {
		page.Terms = waits
	}
	t := page.Terms
	count := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	page.Ahead, page.Days, page.Notice, page.Month = count(t.Ahead), count(t.Days), inHours(t.Notice), inHours(t.Month)
	page.Hour, page.Day, page.Km, page.Year = inEuros(t.Hour), inEuros(t.Day), inEuros(t.Km), inEuros(t.Year)
	page.Terms.From = max(t.From, web.Now(r).AddDate(0, 0, 1).Format(time.DateOnly))
	page.Lending = &shownLending{Lending: l}
	return h.renderTerms(w, r, http.StatusOK, page)
}

// lender is the convention of an address, for the lender.
func (h *Lendings) lender(r *http.Request) (Lending, error) {
	l, err := h.store.Lending(r.Context(), web.CallerOf(r), LendingID(web.Var(r, "id")))
	if err == nil && l.Side != Lender {
		err = portal.ErrNotFound
	}
	return l, err
}

func (h *Lendings) renderTerms(w http.ResponseWriter, r *http.Request, status int, page *termsPage) error {
	all, err := h.store.lendable(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	for _, one := range all {
		page.Resources = append(page.Resources, lentChoice{one, page.Terms.has(one.ID)})
	}
	page.Title, page.Section = web.Printer(r).T("booking.lend.new"), "admin"
	if page.Lending != nil {
		page.Title = web.Printer(r).T("booking.lend.terms.new")
	}
	return h.renderer.Render(w, r, status, "booking/lending-terms", page)
}

// inEuros writes cents as readEuros reads them: "4,50"; "" for none.
func inEuros(cents int64) string {
	if cents == 0 {
		return ""
	}
	return strings.TrimSuffix(centsText(cents), ",00")
}

// centsText writes cents as a spreadsheet of this country reads them, "159,20".
func centsText(cents int64) string {
	text := strconv.FormatInt(cents+1000, 10) // at least four digits
	whole, _ := strconv.ParseInt(text[:len(text)-2], 10, 64)
	return strconv.FormatInt(whole-10, 10) + "," + text[len(text)-2:]
}

// readEuros reads what somebody typed: "4,50", "4.5 €" and "1 240" are cents; -1 for what is no amount, 0 for nothing.
func readEuros(text string) int64 {
	if text = strings.TrimSuffix(strings.Map(withoutSpace, text), "€"); text == "" {
		return 0
	}
	whole, part, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	euros, err := strconv.ParseUint(whole, 10, 31)
	if err != nil || len(part) > 2 {
		return -1
	}
	cents, err := strconv.ParseUint((part + "00")[:2], 10, 8)
	if err != nil {
		return -1
	}
	return int64(euros)*100 + int64(cents)
}

// typedTerms is what a form holds.
func typedTerms(r *http.Request) (*termsPage, error) {
	if err := web.ParseForm(r); err != nil {
		return nil, err
	}
	post := r.PostForm
	text := func(field string) string { return strings.TrimSpace(post.Get(field)) }
	page := &termsPage{
		Borrower: text("borrower"), Headline: text("title"), Last: text("last"), Ahead: text("ahead"), Notice: text("notice"), Month: text("month"), Days: text("days"),
		Hour: text("hour"), Day: text("day"), Km: text("km"), Year: text("year"),
	}
	t := &page.Terms
	t.From, t.Text, t.Approval = text("from"), post.Get("text"), post.Get("approval") != ""
	t.Ahead, t.Days, t.Notice, t.Month = readCount(page.Ahead), readCount(page.Days), readHours(page.Notice), readHours(page.Month)
	t.Hour, t.Day, t.Km, t.Year = readEuros(page.Hour), readEuros(page.Day), readEuros(page.Km), readEuros(page.Year)
	for _, id := range post["resource"] {
		t.Resources = append(t.Resources, ResourceID(id))
	}
	return page, nil
}

func (h *Lendings) propose(w http.ResponseWriter, r *http.Request) error {
	page, err := typedTerms(r)
	if err != nil {
		return err
	}
	wanted := Proposal{Borrower: page.Borrower, Title: page.Headline, Last: page.Last, Terms: page.Terms}
	id, err := h.store.Propose(r.Context(), web.CallerOf(r), wanted, web.ClientAddr(r))
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderTerms(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "booking.lend.done.proposed")
	return web.Redirect(w, r, lendingsPath+"/"+string(id))
}

func (h *Lendings) changeTerms(w http.ResponseWriter, r *http.Request) error {
	page, err := typedTerms(r)
	if err != nil {
		return err
	}
	l, err := h.lender(r)
	if err != nil {
		return err
	}
	page.Lending = &shownLending{Lending: l}
	err = h.store.ChangeTerms(r.Context(), web.CallerOf(r), l.ID, page.Terms, web.ClientAddr(r))
	var refused bool
	if page.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderTerms(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return h.refuse(w, r, err)
	}
	web.SetFlash(w, r, "booking.lend.done.changed")
	return web.Redirect(w, r, l.Href())
}

// lendingPage is a convention as one of its parties reads it.
type lendingPage struct {
	web.Page
	shownLending
	Form     web.Form
	History  []shownTerms // the last first
	InForce  *shownTerms
	Offered  *shownTerms // what waits for the borrower
	Coming   []shownLoan
	Past     []shownLoan // of this year
	Choices  []groupChoice
	EndDay   string
	Beyond   []shownLoan // what an end releases, to be confirmed
	Reason   string
	Loan, Km string // whose kilometres were refused, and as typed
	Ends     bool   // either may end it still
}

// KmOf is the form of a loan's kilometres.
func (p *lendingPage) KmOf(one shownLoan) kmForm {
	return kmFormOf(one, p.Lending.Href()+"/loans/"+one.ID+"/km", p.Loan, p.Km)
}

// kmForm asks for the kilometres of a loan, or corrects them.
type kmForm struct {
	shownLoan
	Href, Typed string
	Open        bool
}

// kmFormOf is the form of a loan; typed is what was refused for another one, or for this one.
func kmFormOf(one shownLoan, path, refused, typed string) kmForm {
	form := kmForm{shownLoan: one, Href: path, Open: one.Km < 0}
	switch {
	case one.ID == refused:
		form.Typed, form.Open = typed, true
	case one.Km >= 0:
		form.Typed = strconv.FormatInt(one.Km, 10)
	}
	return form
}

// shownTerms are terms as a page writes them.
type shownTerms struct {
	Terms
	Day   string // on which they begin
	Names string // of what is lent
	Lines []string
	Price string // "25,00 € par jour entamé, 0,35 € par kilomètre"
}

// shownLoan is a loan as a page writes it.
type shownLoan struct {
	Loan
	When string
}

func (h *Lendings) show(w http.ResponseWriter, r *http.Request) error {
	return h.renderLending(w, r, http.StatusOK, &lendingPage{})
}

func (h *Lendings) renderLending(w http.ResponseWriter, r *http.Request, status int, page *lendingPage) error {
	ctx, caller, p, now := r.Context(), web.CallerOf(r), web.Printer(r), web.Now(r)
	l, err := h.store.Lending(ctx, caller, LendingID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	page.shownLending = shownOf(p, l, now)
	names, err := h.store.lentNames(ctx, l)
	if err != nil {
		return err
	}
	today := now.In(l.Zone).Format(time.DateOnly)
	force, holds := l.On(max(today, l.First))
	for _, t := range slices.Backward(l.Terms) {
		shown := termsOf(p, l, t, names, now)
		if page.History = append(page.History, shown); t.State == TermsProposed && page.Waits {
			page.Offered = &shown
		}
		if holds && t.Number == force.Number {
			page.InForce = &shown
		}
	}
	year := yearOf(now.In(l.Zone))
	loans, err := h.store.Loans(ctx, caller, l, year, now.AddDate(10, 0, 0))
	if err != nil {
		return err
	}
	for _, one := range shownLoans(p, loans, now) {
		if one.End.After(now) && one.Holds() {
			page.Coming = append(page.Coming, one)
		} else if one.Start.In(l.Zone).Before(year.AddDate(1, 0, 0)) {
			page.Past = append(page.Past, one)
		}
	}
	slices.Reverse(page.Past)
	if l.Side == Borrower {
		groups, err := h.groups.Groups(ctx, caller)
		if err != nil {
			return err
		}
		for _, group := range portal.WithDeleted(groups, l.Groups, p.T("web.group.deleted")) {
			page.Choices = append(page.Choices, groupChoice{group, slices.Contains(l.Groups, group.ID)})
		}
	}
	if page.Ends = page.Where != LendingOver; page.EndDay == "" {
		page.EndDay = today
	}
	page.Title, page.Section = l.Name, "admin"
	return h.renderer.Render(w, r, status, "booking/lending", page)
}

func shownLoans(p *i18n.Printer, loans []Loan, now time.Time) (all []shownLoan) {
	for _, one := range loans {
		all = append(all, shownLoan{one, WhenWords(p, one.Start.In(now.Location()), one.End.In(now.Location()), now)})
	}
	return all
}

// termsOf writes terms, a line for each rule that they have.
func termsOf(p *i18n.Printer, l Lending, t Terms, names map[ResourceID]string, now time.Time) shownTerms {
	shown := shownTerms{Terms: t, Day: p.Date(dayIn(t.From, l.Zone), now)}
	var all []string
	for _, id := range t.Resources {
		all = append(all, names[id])
	}
	slices.SortFunc(all, i18n.ByName)
	shown.Names = strings.Join(all, ", ")
	add := func(is bool, line string) {
		if is {
			shown.Lines = append(shown.Lines, line)
		}
	}
	add(t.Ahead > 0, p.N("booking.lend.rule.ahead", t.Ahead))
	add(t.Notice > 0, p.T("booking.lend.rule.notice", "notice", LengthWords(p, t.Notice)))
	add(t.Month > 0, p.T("booking.lend.rule.month", "hours", LengthWords(p, t.Month)))
	add(t.Days > 0, p.N("booking.lend.rule.days", t.Days))
	add(t.Approval, p.T("booking.lend.rule.approval", "lender", l.LenderName))
	rules := len(shown.Lines)
	for _, one := range []struct {
		unit  string
		cents int64
	}{{"hour", t.Hour}, {"day", t.Day}, {"km", t.Km}, {"year", t.Year}} {
		add(one.cents > 0, p.T("booking.lend.rule."+one.unit, "amount", p.Money(one.cents)))
	}
	add(!t.Costs(), p.T("booking.lend.rule.free"))
	shown.Price = strings.Join(shown.Lines[rules:], ", ")
	return shown
}

// refuse shows the convention again with why something was refused.
func (h *Lendings) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	return h.refuseWith(w, r, err, &lendingPage{})
}

func (h *Lendings) refuseWith(w http.ResponseWriter, r *http.Request, err error, page *lendingPage) error {
	form, said := web.FormErrors(r, err)
	if !said {
		return err
	}
	page.Form = form
	return h.renderLending(w, r, web.StatusOf(err), page)
}

func (h *Lendings) answer(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	number, _ := strconv.Atoi(r.PostForm.Get("number")) // what is none was replaced
	accepts, reason := r.PostForm.Get("do") == acceptAction, strings.TrimSpace(r.PostForm.Get("reason"))
	err := h.store.AnswerTerms(r.Context(), web.CallerOf(r), LendingID(web.Var(r, "id")), number, accepts, reason, web.ClientAddr(r))
	if err != nil {
		return h.refuseWith(w, r, err, &lendingPage{Reason: reason})
	}
	done := "booking.lend.done.refused"
	if accepts {
		done = "booking.lend.done.accepted"
	}
	web.SetFlash(w, r, done)
	return web.Redirect(w, r, lendingsPath+"/"+web.Var(r, "id"))
}

func (h *Lendings) chooseGroups(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	var groups []portal.GroupID
	for _, group := range r.PostForm["group"] {
		groups = append(groups, portal.GroupID(group))
	}
	if err := h.store.ChooseGroups(r.Context(), web.CallerOf(r), LendingID(web.Var(r, "id")), groups, web.ClientAddr(r)); err != nil {
		return h.refuse(w, r, err)
	}
	web.SetFlash(w, r, "booking.lend.done.groups")
	return web.Redirect(w, r, lendingsPath+"/"+web.Var(r, "id"))
}

// end ends a convention: at once where that releases nothing, else once what it releases was shown.
func (h *Lendings) end(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	ctx, caller, id := r.Context(), web.CallerOf(r), LendingID(web.Var(r, "id"))
	page := &lendingPage{EndDay: strings.TrimSpace(r.PostForm.Get("last"))}
	l, err := h.store.Lending(ctx, caller, id)
	if err != nil {
		return err
	}
	if isDay(page.EndDay) && r.PostForm.Get("sure") == "" {
		loans, err := h.store.Loans(ctx, caller, l, dayIn(page.EndDay, l.Zone).AddDate(0, 0, 1), web.Now(r).AddDate(10, 0, 0))
		if err != nil {
			return err
		}
		loans = slices.DeleteFunc(loans, func(one Loan) bool { return !one.Holds() })
		if page.Beyond = shownLoans(web.Printer(r), loans, web.Now(r)); len(loans) > 0 {
			return h.renderLending(w, r, http.StatusOK, page)
		}
	}
	if err := h.store.EndLending(ctx, caller, id, page.EndDay, web.ClientAddr(r)); err != nil {
		return h.refuseWith(w, r, err, page)
	}
	web.SetFlash(w, r, "booking.lend.done.ended")
	return web.Redirect(w, r, l.Href())
}

func (h *Lendings) withdraw(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	reason := r.PostForm.Get("reason")
	err := h.store.WithdrawLoan(r.Context(), web.CallerOf(r), LendingID(web.Var(r, "id")), web.Var(r, "loan"), reason, web.ClientAddr(r))
	if err != nil {
		return h.refuseWith(w, r, err, &lendingPage{Reason: reason})
	}
	web.SetFlash(w, r, "booking.lend.done.withdrawn")
	return web.Redirect(w, r, lendingsPath+"/"+web.Var(r, "id"))
}

// cancel gives a loan back that somebody of the borrower took.
func (h *Lendings) cancel(w http.ResponseWriter, r *http.Request) error {
	loan, err := h.store.CancelLoan(r.Context(), web.CallerOf(r), web.Var(r, "loan"))
	if err != nil {
		return h.refuse(w, r, err)
	}
	web.SetFlash(w, r, "booking.lend.done.cancelled", "name", loan.Name)
	return web.Redirect(w, r, lendingsPath+"/"+web.Var(r, "id"))
}

// measure takes the kilometres of a loan.
func (h *Lendings) measure(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	err := h.store.Measure(r.Context(), web.CallerOf(r), web.Var(r, "loan"), int64(readKm(r.PostForm.Get("km"))), web.ClientAddr(r))
	if err != nil {
		return h.refuseWith(w, r, err, &lendingPage{Loan: web.Var(r, "loan"), Km: r.PostForm.Get("km")})
	}
	web.SetFlash(w, r, "booking.lend.done.measured")
	return web.Redirect(w, r, lendingsPath+"/"+web.Var(r, "id"))
}

// readKm is a number of kilometres, less than 0 for what is none.
func readKm(text string) int {
	if strings.TrimSpace(text) == "" {
		return -1
	}
	return readCount(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "km")))
}

// sharePage is what the loans of a year cost.
type sharePage struct {
	web.Page
	Share
	Span           string
	Rates          []shownTerms
	Lines          []shownShare
	Fixed          []shownFixed
	Previous, Next int
	Done           bool // the year is over
	Csv            string
	printer        *i18n.Printer
}

type shownShare struct {
	ShareLine
	When, Hours string
}

type shownFixed struct {
	FixedLine
	Span string
}

// yearAsked is the year of an address, this one for what is none.
func yearAsked(r *http.Request) int {
	year, err := strconv.Atoi(web.Query(r).Get("year"))
	if err != nil || year < 2000 || year > 2100 {
		return web.Now(r).Year()
	}
	return year
}

func (h *Lendings) statement(w http.ResponseWriter, r *http.Request) error {
	p, now := web.Printer(r), web.Now(r)
	share, err := h.store.Statement(r.Context(), web.CallerOf(r), LendingID(web.Var(r, "id")), yearAsked(r))
	if err != nil {
		return err
	}
	names, err := h.store.lentNames(r.Context(), share.Lending)
	if err != nil {
		return err
	}
	page := &sharePage{printer: p, Share: share, Span: shownOf(p, share.Lending, now).Span, Previous: share.Year - 1, Next: share.Year + 1}
	page.Done = yearOf(now.In(share.Zone)).Year() > share.Year
	for _, one := range share.Rates() {
		page.Rates = append(page.Rates, termsOf(p, share.Lending, one, names, now))
	}
	for _, one := range share.Lines {
		page.Lines = append(page.Lines, shownShare{one, WhenWords(p, one.Start.In(share.Zone), one.End.In(share.Zone), now), LengthWords(p, one.End.Sub(one.Start))})
	}
	for _, one := range share.Fixed {
		page.Fixed = append(page.Fixed, shownFixed{one, p.T("booking.lend.span", "first", p.Date(dayIn(one.From, share.Zone), now), "last", p.Date(dayIn(one.Until, share.Zone), now))})
	}
	page.Csv = share.Href() + "/statement.csv?year=" + strconv.Itoa(share.Year)
	page.Title, page.Section = p.T("booking.lend.share.of", "year", strconv.Itoa(share.Year), "title", share.Lending.Name), "admin"
	return h.renderer.Render(w, r, http.StatusOK, "booking/lending-share", page)
}

// export answers with a year as a table.
func (h *Lendings) export(w http.ResponseWriter, r *http.Request) error {
	p := web.Printer(r)
	share, err := h.store.Statement(r.Context(), web.CallerOf(r), LendingID(web.Var(r, "id")), yearAsked(r))
	if err != nil {
		return err
	}
	sheet := web.NewSpreadsheet(w, "prets-"+string(share.ID)+"-"+strconv.Itoa(share.Year)+".csv")
	head := []string{"resource", "taker", "starts", "ends", "hours", "days", "km", "since", "per-hour", "per-day", "per-km", "amount"}
	for i, key := range head {
		head[i] = p.T("booking.lend.csv." + key)
	}
	sheet.Row(head...)
	const at = "2006-01-02 15:04"
	for _, one := range share.Lines {
		km := ""
		if one.Km >= 0 {
			km = strconv.FormatInt(one.Km, 10)
		}
		hours := strings.Replace(strconv.FormatFloat(one.End.Sub(one.Start).Truncate(time.Minute).Hours(), 'f', 2, 64), ".", ",", 1)
		sheet.Row(one.Name, one.Taker, one.Start.In(share.Zone).Format(at), one.End.In(share.Zone).Format(at), hours, strconv.Itoa(one.Days), km,
			one.Terms.From, centsText(one.Terms.Hour), centsText(one.Terms.Day), centsText(one.Terms.Km), centsText(one.Amount))
	}
	for _, one := range share.Fixed {
		sheet.Row(p.T("booking.lend.share.fixed"), "", one.From, one.Until, "", strconv.Itoa(one.Days), "", one.Terms.From, "", "", "", centsText(one.Amount))
	}
	sheet.Row(p.T("booking.lend.share.total"), "", "", "", "", "", "", "", "", "", "", centsText(share.Total))
	return sheet.Flush()
}

// Day is that from which terms hold.
func (p *sharePage) Day(t Terms) string { return p.printer.Date(dayIn(t.From, p.Zone), p.Now) }

// Paragraphs are the lines of the text.
func (t Terms) Paragraphs() []string { return linesOf(t.Text) }
