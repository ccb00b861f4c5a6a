package directory

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// reviewRoutes are the access review: who may do and open what, why, and who won or
// lost what.
func (h *Handler) reviewRoutes() []web.Route {
	admin := web.Needs(portal.Admin)
	return []web.Route{
		{Method: "GET", Path: reviewPath, Access: admin, Handler: h.review},
		{Method: "POST", Path: reviewPath + ".csv", Access: admin, Slow: true, Handler: h.exportReview},
		{Method: "GET", Path: reviewPath + "/agents/{id}", Access: admin, Handler: h.reviewAgent},
		{Method: "GET", Path: reviewPath + "/rights", Access: admin, Handler: h.reviewRights},
		{Method: "GET", Path: reviewPath + "/things", Access: admin, Handler: h.reviewThings},
		{Method: "POST", Path: reviewPath + "/things.csv", Access: admin, Slow: true, Handler: h.exportThings},
		{Method: "GET", Path: reviewPath + "/things/{kind}/{id}", Access: admin, Handler: h.reviewThing},
		{Method: "GET", Path: reviewPath + "/changes", Access: admin, Handler: h.reviewChanges},
		{Method: "POST", Path: reviewPath + "/changes.csv", Access: admin, Slow: true, Handler: h.exportChanges},
	}
}

const reviewPath = "/admin/rights/review"

// reviewFrame is what the pages of the review share.
type reviewFrame struct {
	web.Page
	Tab      string // "people", "rights", "things", "changes"
	Download string // address of the same as a file, "" without
	Links    themes.Pages
}

func (h *Handler) renderReview(w http.ResponseWriter, r *http.Request, name string, frame *reviewFrame, page web.Framed) error {
	frame.Title, frame.Section = cmp.Or(frame.Title, web.Printer(r).T("directory.review")), "admin"
	w.Header().Set("Cache-Control", "no-store")
	return h.renderer.Render(w, r, http.StatusOK, name, page)
}

// reviewPage is the review by person.
type reviewPage struct {
	reviewFrame
	Query   ReviewQuery
	Units   []UnitNode
	Choices []portal.Right
	Review
	Rows []reviewRow
}

// reviewRow is an agent with reasons in the reader's words.
type reviewRow struct {
	Reviewed
	Held  []reviewLine
	Kinds []reviewKind
}

// reviewLine is a right, or a thing, and why.
type reviewLine struct {
	Right portal.Right
	Thing OpenFor
	Deed  string // key of what may be done, "" for a right
	Whys  []string
}

// Why is its reasons on one line.
func (l reviewLine) Why() string { return strings.Join(l.Whys, " · ") }

// Href is the page of who may open the thing.
func (l reviewLine) Href() string { return thingPath(l.Thing.Opening) }

// reviewKind are the things of one kind.
type reviewKind struct {
	Kind  string
	Lines []reviewLine
}

func reviewQuery(r *http.Request) ReviewQuery {
	query := web.Query(r)
	asked := ReviewQuery{Text: query.Get("q"), Unit: portal.UnitID(query.Get("unit")), Holds: HoldsAny, Page: web.PageNumber(r)}
	if query.Has("holds") {
		asked.Holds = query.Get("holds")
	}
	return asked
}

func (h *Handler) review(w http.ResponseWriter, r *http.Request) (err error) {
	ctx, caller := r.Context(), web.CallerOf(r)
	page := &reviewPage{Query: reviewQuery(r), Choices: portal.Rights}
	if page.Review, err = h.store.Review(ctx, caller, page.Query); err != nil {
		return err
	}
	if page.Units, err = h.store.Units(ctx, caller); err != nil {
		return err
	}
	for _, agent := range page.Agents {
		page.Rows = append(page.Rows, reviewRowOf(r, agent))
	}
	page.Tab, page.Download = "people", web.Filtered(r, reviewPath+".csv")
	page.Links = web.PageLinks(r, web.Printer(r).T("directory.pages"), page.Review.Page, page.Pages)
	return h.renderReview(w, r, "directory/review", &page.reviewFrame, page)
}

func reviewRowOf(r *http.Request, agent Reviewed) reviewRow {
	row := reviewRow{Reviewed: agent}
	for _, right := range agent.Rights {
		row.Held = append(row.Held, reviewLine{Right: right.Right, Whys: whyTexts(r, right.Whys)})
	}
	for _, thing := range agent.Things {
		if last := len(row.Kinds) - 1; last < 0 || row.Kinds[last].Kind != thing.Kind {
			row.Kinds = append(row.Kinds, reviewKind{Kind: thing.Kind})
		}
		last := &row.Kinds[len(row.Kinds)-1]
		last.Lines = append(last.Lines, thingLine(r, thing))
	}
	return row
}

func thingLine(r *http.Request, thing OpenFor) reviewLine {
	return reviewLine{Thing: thing, Deed: deedKey(thing.Does), Whys: whyTexts(r, thing.Whys)}
}

func deedKey(deed portal.Deed) string { return "directory.review.does." + string(deed) }

func whyTexts(r *http.Request, whys []Why) []string {
	texts := make([]string, len(whys))
	for i, why := range whys {
		texts[i] = whyText(web.Printer(r), why, web.Now(r))
	}
	return texts
}

// whyText is a reason as one line, "confié par Camille Le Goff, jusqu’au 12 décembre".
func whyText(printer *i18n.Printer, why Why, now time.Time) string {
	var text string
	switch {
	case why.ByPool:
		text = printer.T("directory.review.why.pool")
	case why.Lender != "":
		text = printer.T("directory.rights.lent", "name", why.Lender)
	case why.To.Kind == portal.TheGroup:
		text = printer.T("directory.review.why.group", "name", why.Name)
	case why.To.Kind == portal.TheUnit && why.Above:
		text = printer.T("directory.review.why.above", "name", why.Name)
	case why.To.Kind == portal.TheUnit:
		text = printer.T("directory.review.why.unit", "name", why.Name)
	case why.To.Kind == portal.Everyone && why.Needs != "":
		text = printer.T("directory.review.why.right", "right", printer.T("directory.right."+string(why.Needs)))
	case why.To.Kind == portal.Everyone:
		text = printer.T("directory.review.why.everyone")
	case why.By != "":
		text = printer.T("directory.rights.by", "name", why.By, "day", printer.NearDay(why.Since.In(now.Location()), now))
	default:
		text = printer.T("directory.review.why.own")
	}
	if why.Needs != "" && why.To.Kind != portal.Everyone {
		text += ", " + printer.T("directory.review.why.and", "right", printer.T("directory.right."+string(why.Needs)))
	}
	if why.In != "" {
		text = printer.T("directory.rights.in", "name", why.InName) + ", " + text
	}
	if !why.Until.IsZero() {
		text += ", " + printer.T("directory.rights.until", "day", printer.Date(lastDayOf(why.Until, now), now))
	}
	return text
}

// lastDayOf is the last day of what ends at a moment.
func lastDayOf(ends, now time.Time) time.Time { return ends.Add(-time.Millisecond).In(now.Location()) }

// reviewAgentPage is all that one agent may do.
type reviewAgentPage struct {
	reviewFrame
	Row reviewRow
}

func (h *Handler) reviewAgent(w http.ResponseWriter, r *http.Request) error {
	agent, err := h.store.ReviewOf(r.Context(), web.CallerOf(r), portal.AgentID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	page := &reviewAgentPage{Row: reviewRowOf(r, agent)}
	page.Title, page.Tab = agent.Name(), "people"
	return h.renderReview(w, r, "directory/review-agent", &page.reviewFrame, page)
}

// reviewRightsPage is the review by right.
type reviewRightsPage struct {
	reviewFrame
	Rows   []reviewRight
	Admins int
}

// reviewRight is a right, how many hold it and to whom it is given.
type reviewRight struct {
	Right portal.Right
	Count int
	Given []string // the first givenShown
	More  int      // how many others
}

// givenShown bounds the lines of one right: the list of rights has them all.
const givenShown = 12

func (h *Handler) reviewRights(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, printer, now := r.Context(), web.CallerOf(r), web.Printer(r), web.Now(r)
	counts, err := h.store.CountHolders(ctx, caller)
	if err != nil {
		return err
	}
	given, err := h.store.serving(ctx, caller)
	if err != nil {
		return err
	}
	page := &reviewRightsPage{Admins: counts[portal.Admin]}
	for _, right := range portal.Rights {
		row := reviewRight{Right: right, Count: counts[right]}
		for _, one := range given {
			switch {
			case one.Right != right:
			case len(row.Given) == givenShown:
				row.More++
			default:
				row.Given = append(row.Given, givenText(printer, one, now))
			}
		}
		page.Rows = append(page.Rows, row)
	}
	page.Tab = "rights"
	return h.renderReview(w, r, "directory/review-rights", &page.reviewFrame, page)
}

// givenText is to whom a right is given, "groupe Communication, jusqu’au 3 mars".
func givenText(printer *i18n.Printer, given Given, now time.Time) string {
	text := subjectText(printer, given.Subject, given.Name)
	if given.In != "" {
		text += ", " + printer.T("directory.rights.in", "name", given.InName)
	}
	if given.LentBy != "" {
		text += ", " + printer.T("directory.rights.lent", "name", given.Lender)
	}
	if !given.Ends.IsZero() {
		text += ", " + printer.T("directory.rights.until", "day", printer.Date(lastDayOf(given.Ends, now), now))
	}
	return text
}

// subjectText names a subject, "groupe Élus".
func subjectText(printer *i18n.Printer, subject portal.Subject, name string) string {
	switch subject.Kind {
	case portal.Everyone:
		return printer.T("directory.rights.everyone")
	case portal.TheGroup:
		return printer.T("directory.review.group", "name", name)
	case portal.TheUnit:
		return printer.T("directory.review.unit", "name", name)
	}
	return name
}

// reviewThingsPage is the review by thing.
type reviewThingsPage struct {
	reviewFrame
	Text, Kind string
	Things
	Rows []reviewThingRow
}

type reviewThingRow struct {
	Thing
	Href string
	Open []string
}

func (h *Handler) reviewThings(w http.ResponseWriter, r *http.Request) (err error) {
	query := web.Query(r)
	page := &reviewThingsPage{Text: query.Get("q"), Kind: query.Get("kind")}
	page.Things, err = h.store.ReviewThings(r.Context(), web.CallerOf(r), ThingQuery{Kind: page.Kind, Text: page.Text, Page: web.PageNumber(r)})
	if err != nil {
		return err
	}
	for _, thing := range page.All {
		page.Rows = append(page.Rows, reviewThingRow{thing, thingPath(thing.Opening), openTexts(web.Printer(r), thing)})
	}
	page.Tab, page.Download = "things", web.Filtered(r, reviewPath+"/things.csv")
	page.Links = web.PageLinks(r, web.Printer(r).T("directory.pages"), page.Things.Page, page.Pages)
	return h.renderReview(w, r, "directory/review-things", &page.reviewFrame, page)
}

func thingPath(thing portal.Opening) string {
	return reviewPath + "/things/" + strings.TrimSuffix(thing.Kind, ".mention") + "/" + url.PathEscape(thing.ID)
}

// openTexts say to whom a thing is open, "Lire : groupe Élus, groupe Finances", a line
// for each of what may be done.
func openTexts(printer *i18n.Printer, thing Thing) (texts []string) {
	for _, does := range []portal.Deed{portal.Opens, portal.Reads, portal.Writes} {
		var who []string
		for _, to := range thing.To {
			if name := openWho(printer, to); to.Does == does && !slices.Contains(who, name) {
				who = append(who, name)
			}
		}
		if thing.Own > 0 && thing.Does == does {
			who = append(who, printer.N("directory.review.own", thing.Own))
		}
		if len(who) > 0 {
			texts = append(texts, printer.T("directory.review.open."+string(does), "who", strings.Join(who, ", ")))
		}
	}
	return texts
}

// openWho is whom a page names: a right needed besides is told once for all groups.
func openWho(printer *i18n.Printer, to ThingSubject) string {
	switch {
	case to.Needs == "":
		return subjectText(printer, to.To, to.Named)
	case to.To.Kind == portal.Everyone:
		return printer.T("directory.review.holders", "right", printer.T("directory.right."+string(to.Needs)))
	}
	return printer.T("directory.review.holders-reading", "right", printer.T("directory.right."+string(to.Needs)))
}

// openText is the same of one subject, for a spreadsheet.
func openText(printer *i18n.Printer, to ThingSubject) string {
	who := openWho(printer, to)
	if to.Needs != "" && to.To.Kind != portal.Everyone {
		who = printer.T("directory.review.holders-in", "who", subjectText(printer, to.To, to.Named), "right", printer.T("directory.right."+string(to.Needs)))
	}
	return who
}

// reviewThingPage is who may open one thing.
type reviewThingPage struct {
	reviewFrame
	Text   string
	People ThingPeople
	Open   []string
	Rows   []reviewLineOf
}

// Href is the page itself.
func (p *reviewThingPage) Href() string { return thingPath(p.People.Opening) }

type reviewLineOf struct {
	Reviewed
	Line reviewLine
}

func (h *Handler) reviewThing(w http.ResponseWriter, r *http.Request) (err error) {
	printer := web.Printer(r)
	page := &reviewThingPage{Text: web.Query(r).Get("q")}
	page.People, err = h.store.ReviewThing(r.Context(), web.CallerOf(r), web.Var(r, "kind")+".mention", web.Var(r, "id"),
		ReviewQuery{Text: page.Text, Page: web.PageNumber(r)})
	if err != nil {
		return err
	}
	page.Open = openTexts(printer, page.People.Thing)
	for _, agent := range page.People.Agents {
		row := reviewLineOf{Reviewed: agent}
		for _, thing := range agent.Things {
			row.Line = thingLine(r, thing)
		}
		page.Rows = append(page.Rows, row)
	}
	page.Title, page.Tab = page.People.Thing.Opening.Name, "things"
	page.Links = web.PageLinks(r, printer.T("directory.pages"), page.People.Page, page.People.Pages)
	return h.renderReview(w, r, "directory/review-thing", &page.reviewFrame, page)
}

// reviewChangesPage is who won or lost what.
type reviewChangesPage struct {
	reviewFrame
	Since  string // "2026-11-01"
	Today  time.Time
	Rows   []changeRow
	Older  string
	Newest string
}

// changeRow is a change in the reader's words.
type changeRow struct {
	RightsChange
	Who, What, How, By string
}

const (
	changesSize = 50
	sinceDays   = 30 // unless a day is asked for
)

// sinceOf is the first day of the changes that are asked for.
func sinceOf(r *http.Request) time.Time {
	now := web.Now(r)
	day, err := time.ParseInLocation(time.DateOnly, web.Query(r).Get("since"), now.Location())
	if err != nil || day.Year() < 2000 {
		return time.Date(now.Year(), now.Month(), now.Day()-sinceDays, 0, 0, 0, 0, now.Location())
	}
	return day
}

func (h *Handler) reviewChanges(w http.ResponseWriter, r *http.Request) error {
	since, before := sinceOf(r), audit.ParseMark(web.Query(r).Get("before"))
	changes, older, err := h.store.Changes(r.Context(), web.CallerOf(r), since, before, changesSize)
	if err != nil {
		return err
	}
	page := &reviewChangesPage{Since: since.Format(time.DateOnly), Today: web.Now(r)}
	for _, change := range changes {
		page.Rows = append(page.Rows, changeRowOf(web.Printer(r), change))
	}
	here := reviewPath + "/changes?since=" + page.Since
	if older != (audit.Mark{}) {
		page.Older = here + "&before=" + older.String()
	}
	if before != (audit.Mark{}) {
		page.Newest = here
	}
	page.Tab, page.Download = "changes", reviewPath+"/changes.csv?since="+page.Since
	return h.renderReview(w, r, "directory/review-changes", &page.reviewFrame, page)
}

func changeRowOf(printer *i18n.Printer, change RightsChange) changeRow {
	row := changeRow{RightsChange: change}
	if given := change.Given; given.ID != "" {
		row.Who, row.What = subjectText(printer, given.Subject, given.Name), printer.T("directory.right."+string(given.Right))
		switch {
		case change.Turn == Won && given.LentBy != "":
			row.How = printer.T("directory.rights.lent", "name", given.Lender)
		case change.Turn == Won:
			row.By = cmp.Or(given.By, printer.T("directory.review.installation"))
		case change.Over:
			row.How = printer.T("directory.review.over")
		}
		return row
	}
	line := change.Line
	row.Who, row.What, row.How, row.By = line.Object, line.Detail, printer.T("audit.action."+string(line.Action)), line.Name
	switch line.Action {
	case audit.ApplicationGranted, audit.ApplicationRevoked, audit.MembersByRule, audit.MembersByUnit:
		row.Who, row.What = line.Detail, line.Object
	case audit.GroupsSet:
		row.Who, row.By = line.Name, ""
	case audit.AudienceChanged, audit.ReadersChanged, audit.WritersChanged:
		row.Who, row.What = line.What(printer), line.Object
	case audit.AgentChanged:
		row.What = printer.T("directory.unit")
	}
	return row
}
