package directory

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// arrivalRoutes are the pages where an administrator brings agents by a file.
func (h *Handler) arrivalRoutes() []web.Route {
	admin := web.NeedsSomewhere(portal.ManageAgents)
	return []web.Route{
		{Method: "GET", Path: "/admin/agents/import", Access: admin, Handler: h.showArrivals},
		{Method: "POST", Path: "/admin/agents/import", Access: admin, Slow: true, MaxBody: MaxArrival + 64<<10, Handler: h.takeFile},
		{Method: "GET", Path: "/admin/agents/import/sample.csv", Access: admin, Handler: h.sampleFile},
		{Method: "GET", Path: "/admin/agents/import/{id}", Access: admin, Handler: h.showArrival},
		{Method: "POST", Path: "/admin/agents/import/{id}", Access: admin, Slow: true, Handler: h.planArrival},
		{Method: "POST", Path: "/admin/agents/import/{id}/begin", Access: admin, Handler: h.beginArrival},
		{Method: "POST", Path: "/admin/agents/import/{id}/undo", Access: admin, Handler: h.undoArrival},
		{Method: "POST", Path: "/admin/agents/import/{id}/drop", Access: admin, Handler: h.dropArrival},
	}
}

const arrivalsPath = "/admin/agents/import"

func arrivalPath(id string) string { return arrivalsPath + "/" + id }

// arrivalsPage asks for a file, and lists those that came before.
type arrivalsPage struct {
	web.Page
	Form web.Form
	Max  int64 // bytes
	Rows int   // the most
	Past []pastArrival
}

type pastArrival struct {
	Arrival
	Who string
}

func (h *Handler) showArrivals(w http.ResponseWriter, r *http.Request) error {
	return h.renderArrivals(w, r, http.StatusOK, web.Form{})
}

func (h *Handler) renderArrivals(w http.ResponseWriter, r *http.Request, status int, form web.Form) error {
	page := &arrivalsPage{Form: form, Max: MaxArrival, Rows: maxArrivalRows}
	all, err := h.arrivals.List(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	var agents []portal.AgentID
	for _, one := range all {
		agents = append(agents, one.Agent)
	}
	names, err := h.store.Names(r.Context(), web.CallerOf(r), agents)
	if err != nil {
		return err
	}
	for _, one := range all {
		page.Past = append(page.Past, pastArrival{one, names[one.Agent]})
	}
	page.Title, page.Section = web.Printer(r).T("directory.arrival"), "admin"
	return h.renderer.Render(w, r, status, "directory/arrivals", page)
}

// takeFile keeps a file and goes on to what its columns hold.
func (h *Handler) takeFile(w http.ResponseWriter, r *http.Request) error {
	name, data, err := receiveFile(r)
	var id string
	if err == nil {
		id, err = h.arrivals.Bring(r.Context(), web.CallerOf(r), name, data)
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		w.Header().Set("Connection", "close") // what is left of the body is not read
		return h.renderArrivals(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, arrivalPath(id))
}

// receiveFile reads the first file of a form.
func receiveFile(r *http.Request) (name string, data []byte, err error) {
	missing := portal.FieldErrors{portal.Invalid("file", "directory.arrival.error.missing")}
	parts, err := r.MultipartReader()
	if err != nil {
		return "", nil, missing
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return "", nil, missing
		}
		if err != nil {
			return "", nil, fileError(err)
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		data, err := io.ReadAll(io.LimitReader(part, MaxArrival+1))
		if err == nil && len(data) > MaxArrival {
			err = &http.MaxBytesError{}
		}
		return part.FileName(), data, fileError(err)
	}
}

// fileError gives the trouble of reading a form its sentence.
func fileError(err error) error {
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return portal.FieldErrors{portal.Invalid("file", "directory.arrival.error.large", "max", MaxArrival>>20)}
	}
	return portal.FieldErrors{portal.Invalid("file", "directory.arrival.error.broken")}
}

// sampleFile is a file to fill in.
func (h *Handler) sampleFile(w http.ResponseWriter, r *http.Request) error {
	printer := web.Printer(r)
	sheet := web.NewSpreadsheet(w, printer.T("directory.arrival.sample.file"))
	for _, row := range []string{"titles", "one", "two", "three"} {
		sheet.Row(strings.Split(printer.T("directory.arrival.sample."+row), ";")...)
	}
	return sheet.Flush()
}

// arrivalPage is one import at any of its states.
type arrivalPage struct {
	web.Page
	Form    web.Form
	Arrival Arrival
	Who     string
	Sends   bool

	// What the columns hold.
	Asking    bool
	Fields    []columnField
	Known     []Column
	Ways      []Namesakes
	Namesakes Namesakes
	People    int

	// What is done, or would be.
	Tally   Tally
	Show    string // a verdict, or "left"
	Shelves []shelf
	Lines   []shownLine
	Links   themes.Pages
	Plan    string
	Invite  string // "none", "now", "day"
	Day     string
	Still   bool // is not asked for again by itself
	Done    int  // lines
}

type columnField struct {
	Name   string // of the field
	Title  string // above the column
	Letter string // as a spreadsheet names it
	Sample []string
	Holds  Column
}

type shelf struct {
	Show  string
	Count int
}

// shownLine is a line with its sentences.
type shownLine struct {
	ArrivalLine
	Problems []string
	Summary  string // of a card to be created
}

// Word says of the lines what is to be done, or what was.
func (p *arrivalPage) Word() string {
	if p.Arrival.started() {
		return "made"
	}
	return "show"
}

// Goal is how many lines there are to do.
func (p *arrivalPage) Goal() int {
	if !p.Arrival.Ended.IsZero() {
		return p.Tally.Outcomes["done"] + p.Tally.Outcomes["undone"] + p.Tally.Outcomes["kept"]
	}
	return p.Tally.ToWrite()
}

// Aria links a field to its error, in a template.
func (p *arrivalPage) Aria(field string) string {
	if p.Form.Error(field) == "" {
		return ""
	}
	return field + "-error"
}

const linesShown = 50

func (h *Handler) showArrival(w http.ResponseWriter, r *http.Request) error {
	return h.renderArrival(w, r, http.StatusOK, &arrivalPage{Invite: "none"})
}

func (h *Handler) renderArrival(w http.ResponseWriter, r *http.Request, status int, page *arrivalPage) error {
	ctx, caller := r.Context(), web.CallerOf(r)
	a, err := h.arrivals.Arrival(ctx, caller, web.Var(r, "id"))
	if err != nil {
		return err
	}
	names, err := h.store.Names(ctx, caller, []portal.AgentID{a.Agent})
	if err != nil {
		return err
	}
	page.Arrival, page.Who, page.Sends, page.Plan = a, names[a.Agent], h.inviter.Sends(), a.plan
	printer := web.Printer(r)
	page.Title, page.Section = printer.T("directory.arrival.of", "file", a.FileName), "admin"
	switch {
	case a.State == ArrivalColumns, a.State == ArrivalReady && (page.Asking || web.Query(r).Get("columns") != ""):
		err = h.askColumns(r, page)
	default:
		err = h.fillLines(r, page)
	}
	if err != nil {
		return err
	}
	if a.Busy() {
		if page.Still = web.Query(r).Get("still") != ""; !page.Still {
			w.Header().Set("Refresh", "3")
		}
		w.Header().Set("Cache-Control", "no-store")
	}
	return h.renderer.Render(w, r, status, "directory/arrival", page)
}

// askColumns shows what the columns seem to hold, or what was chosen.
func (h *Handler) askColumns(r *http.Request, page *arrivalPage) error {
	layout, err := h.arrivals.Layout(r.Context(), web.CallerOf(r), page.Arrival.ID)
	if err != nil {
		return err
	}
	page.Asking, page.Known, page.Ways, page.People = true, Columns, NamesakeWays, len(layout.People)
	chosen := layout.Guessed
	if len(page.Arrival.Columns) == len(chosen) {
		chosen = page.Arrival.Columns
	}
	if page.Namesakes == "" {
		if page.Namesakes = page.Arrival.Namesakes; page.Namesakes == "" {
			page.Namesakes = LeaveNamesakes
		}
	}
	for i, title := range layout.Titles {
		field := columnField{Name: fmt.Sprint("column", i), Title: title, Letter: letterOf(i), Sample: layout.Sample(i), Holds: chosen[i]}
		if r.PostForm.Has(field.Name) {
			field.Holds = Column(r.PostFormValue(field.Name))
		}
		if title != "" || len(field.Sample) > 0 {
			page.Fields = append(page.Fields, field)
		}
	}
	return nil
}

// letterOf names a column as spreadsheets do: A, B, …, Z, AA.
func letterOf(column int) string {
	const letters = 26
	if column < letters {
		return string(rune('A' + column))
	}
	return letterOf(column/letters-1) + letterOf(column%letters)
}

// planArrival works out what the lines come to, and shows it.
func (h *Handler) planArrival(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	caller, id := web.CallerOf(r), web.Var(r, "id")
	page := &arrivalPage{Asking: true, Namesakes: Namesakes(r.PostFormValue("namesakes"))}
	layout, err := h.arrivals.Layout(r.Context(), caller, id)
	if errors.Is(err, portal.ErrNotFound) {
		if a, err := h.arrivals.Arrival(r.Context(), caller, id); err == nil && a.started() {
			return h.refuseArrival(w, r, errBegun)
		}
	}
	if err != nil {
		return err
	}
	columns := make([]Column, len(layout.Titles))
	for i := range columns {
		columns[i] = Column(r.PostFormValue(fmt.Sprint("column", i)))
	}
	err = h.arrivals.Plan(r.Context(), caller, id, columns, page.Namesakes)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		return h.renderArrival(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, arrivalPath(id))
}

// fillLines fills in what the lines come to, a page of them.
func (h *Handler) fillLines(r *http.Request, page *arrivalPage) (err error) {
	a, query := page.Arrival, web.Query(r)
	if page.Tally, err = h.arrivals.Tally(r.Context(), a); err != nil {
		return err
	}
	page.Done = page.Tally.Outcomes["done"] + page.Tally.Outcomes["left"]
	if a.State == ArrivalUndoing {
		page.Done = page.Tally.Outcomes["undone"] + page.Tally.Outcomes["kept"]
	}
	if page.Tally.Reasons > 0 {
		page.Shelves = append(page.Shelves, shelf{"left", page.Tally.Reasons})
	}
	for _, verdict := range []Verdict{Faulty, ToCreate, ToChange, Twice, TheSame} {
		if count := page.Tally.Verdicts[verdict]; count > 0 {
			page.Shelves = append(page.Shelves, shelf{string(verdict), count})
		}
	}
	if len(page.Shelves) == 0 {
		return nil
	}
	at := max(0, slices.IndexFunc(page.Shelves, func(one shelf) bool { return one.Show == query.Get("show") }))
	page.Show = page.Shelves[at].Show
	pages := (page.Shelves[at].Count + linesShown - 1) / linesShown
	number := max(1, min(web.PageNumber(r), pages))
	lines, err := h.arrivals.Lines(r.Context(), a, Verdict(page.Show), page.Show == "left", number, linesShown)
	if err != nil {
		return err
	}
	for _, line := range lines {
		shown := shownLine{line, problems(r, line), summary(r, line)}
		if move := shown.move(leavesField); move != nil {
			move.Before, move.After = shownDay(r, move.Before), shownDay(r, move.After)
		}
		page.Lines = append(page.Lines, shown)
	}
	page.Links = web.PageLinks(r, web.Printer(r).T("directory.arrival.pages"), number, pages)
	return nil
}

// shownDay is a day, "2026-12-31", in the reader's words.
func shownDay(r *http.Request, day string) string {
	if day == "" {
		return ""
	}
	return web.Printer(r).Date(dayOf(day), web.Now(r))
}

// problems are the sentences about a line.
func problems(r *http.Request, line ArrivalLine) []string {
	printer := web.Printer(r)
	var all []string
	for _, fault := range line.Faults {
		args := make([]any, len(fault.Args))
		for i, arg := range fault.Args {
			args[i] = arg
		}
		text := printer.T(fault.Key, args...)
		if strings.HasPrefix(fault.Key, "web.") || strings.HasPrefix(fault.Key, "directory.error.") && fault.Field != "" {
			text = printer.T("directory.arrival.fault.field", "field", printer.T("directory.field."+fault.Field), "text", text)
		}
		all = append(all, text)
	}
	if line.Verdict == Twice {
		all = append(all, printer.T("directory.arrival.twice", "line", line.Twin))
	}
	if line.Reason != "" {
		all = append(all, printer.T(line.Reason))
	}
	return all
}

// summary is a card to be created on one line, beside the name.
func summary(r *http.Request, line ArrivalLine) string {
	if line.Verdict != ToCreate {
		return ""
	}
	var parts []string
	for _, move := range line.Moves {
		switch move.Field {
		case "given_name", "family_name":
		case "kind":
			parts = append(parts, web.Printer(r).T("directory.kind."+move.After))
		case leavesField:
			parts = append(parts, web.Printer(r).T("directory.departure.short", "day", shownDay(r, move.After)))
		default:
			parts = append(parts, move.After)
		}
	}
	return cmp.Or(strings.Join(parts, " · "), "–")
}

// refuseArrival goes back to the page of an import with a sentence about what happened
// meanwhile.
func (h *Handler) refuseArrival(w http.ResponseWriter, r *http.Request, err error) error {
	if !web.FlashRefusal(w, r, err) {
		return err
	}
	return web.Redirect(w, r, arrivalPath(web.Var(r, "id")))
}

// letterHour is when letters of a chosen day leave.
const letterHour = 8

func (h *Handler) beginArrival(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page := &arrivalPage{Invite: r.PostFormValue("invite"), Day: r.PostFormValue("day")}
	invites, err := invitesOn(page, web.Now(r))
	id := web.Var(r, "id")
	if err == nil {
		err = h.arrivals.Begin(r.Context(), web.CallerOf(r), id, r.PostFormValue("plan"), invites, web.ClientAddr(r))
	}
	if errors.Is(err, portal.ErrConflict) {
		return h.refuseArrival(w, r, err)
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		return h.renderArrival(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, arrivalPath(id))
}

// invitesOn is when letters leave, the zero time for never.
func invitesOn(page *arrivalPage, now time.Time) (time.Time, error) {
	switch page.Invite {
	case "now":
		return now, nil
	case "day":
		day, err := time.ParseInLocation(time.DateOnly, page.Day, now.Location())
		if err != nil || day.AddDate(0, 0, 1).Before(now) {
			return time.Time{}, portal.FieldErrors{portal.Invalid("day", "directory.arrival.error.invites")}
		}
		return time.Date(day.Year(), day.Month(), day.Day(), letterHour, 0, 0, 0, now.Location()), nil
	}
	return time.Time{}, nil
}

func (h *Handler) undoArrival(w http.ResponseWriter, r *http.Request) error {
	err := h.arrivals.Undo(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	if errors.Is(err, portal.ErrConflict) {
		return h.refuseArrival(w, r, err)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, arrivalPath(web.Var(r, "id")))
}

func (h *Handler) dropArrival(w http.ResponseWriter, r *http.Request) error {
	err := h.arrivals.Drop(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	if errors.Is(err, portal.ErrConflict) {
		return h.refuseArrival(w, r, err)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.arrival.dropped")
	return web.Redirect(w, r, arrivalsPath)
}
