package mirror

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/directory"
	"parvis/directory/ldapdir"
	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
	"parvis/themes"
)

// Handler serves the pages of an administrator.
type Handler struct {
	mirror    *Mirror
	directory *directory.Store
	renderer  *web.Renderer
}

// NewHandler returns the pages over the mirrors.
func NewHandler(mirror *Mirror, directory *directory.Store, renderer *web.Renderer) *Handler {
	return &Handler{mirror, directory, renderer}
}

// address is the page about the mirror of a collectivity.
const address = "/admin/mirror"

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	admin := web.Needs(portal.Admin)
	return []web.Route{
		{Method: "GET", Path: address, Access: admin, Handler: h.show},
		{Method: "POST", Path: address, Access: admin, Slow: true, Handler: h.take},
		{Method: "POST", Path: address + "/turn", Access: admin, Handler: h.turn},
		{Method: "POST", Path: address + "/try", Access: admin, Slow: true, Handler: h.try},
		{Method: "POST", Path: address + "/run", Access: admin, Slow: true, Handler: h.runNow},
		{Method: "POST", Path: address + "/allow", Access: admin, Slow: true, Handler: h.allow},
		{Method: "POST", Path: address + "/links", Access: admin, Slow: true, Handler: h.tie},
		{Method: "GET", Path: address + "/runs/{id}", Access: admin, Handler: h.showRun},
	}
}

// mirrorPage is how the mirror stands, and its settings.
type mirrorPage struct {
	web.Page
	Form      web.Form
	Available bool
	Status    Status
	Settings  Settings // as stored, or as typed
	Fault     string
	Question  *Run // that waits for an answer
	Links     []Waits
	Runs      []runRow
	Modes     []UnitMode
	Everies   []everyChoice
	Fields    [][]string // by rows of the form
	Text      string     // who was looked for
	Seen      *seenPage
}

// runRow is a run in the list.
type runRow struct {
	Run
	Name string // who asked for it, "" for the clock
	Says string
}

// seenPage is one person as she would arrive.
type seenPage struct {
	Seen
	Values  []seenValue
	Refused string
	Skipped []string
}

type seenValue struct{ Field, Attribute, Value string }

// Attribute is what a field is read from, in a template.
func (p *mirrorPage) Attribute(field string) string { return p.Settings.Attributes[field] }

// Aria links a field to its error, in a template.
func (p *mirrorPage) Aria(field string) string {
	if p.Form.Error(field) == "" {
		return ""
	}
	return field + "-error"
}

// everyChoice is a time between two runs.
type everyChoice struct {
	Minutes int
	Time    time.Duration
}

func everyChoices() (all []everyChoice) {
	for _, minutes := range Everies {
		all = append(all, everyChoice{minutes, time.Duration(minutes) * time.Minute})
	}
	return all
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	return h.render(w, r, http.StatusOK, &mirrorPage{})
}

func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, page *mirrorPage) (err error) {
	ctx, caller, printer := r.Context(), web.CallerOf(r), web.Printer(r)
	if page.Available, err = h.mirror.Available(ctx, caller.Collectivity); err != nil {
		return err
	}
	if page.Status, err = h.mirror.Of(ctx, caller); err != nil {
		return err
	}
	if page.Settings.Every == 0 {
		page.Settings = page.Status.Settings
	}
	page.Fault = page.Status.Fault.In(printer)
	if page.Status.Waiting != "" {
		question, err := h.mirror.RunOf(ctx, caller, page.Status.Waiting)
		if err != nil {
			return err
		}
		page.Question = &question
	}
	if page.Links, err = h.mirror.Links(ctx, caller); err != nil {
		return err
	}
	runs, err := h.mirror.Runs(ctx, caller)
	if err != nil {
		return err
	}
	var askers []portal.AgentID
	for _, run := range runs {
		askers = append(askers, run.By)
	}
	names, err := h.directory.Names(ctx, caller, askers)
	if err != nil {
		return err
	}
	for _, run := range runs {
		page.Runs = append(page.Runs, runRow{run, names[run.By], says(printer, run)})
	}
	page.Modes, page.Everies, page.Fields = UnitModes, everyChoices(), slices.Collect(slices.Chunk(Fields[:len(Fields)-1], 4)) // the unit has its own place
	page.Title, page.Section = printer.T("mirror.title"), "admin"
	return h.renderer.Render(w, r, status, "mirror/mirror", page)
}

// says tells in a line what a run did.
func says(printer *i18n.Printer, run Run) string {
	if run.Outcome == Failed {
		return run.Fault.In(printer)
	}
	var words []string
	for _, kind := range Kinds {
		if count := run.Counts[kind]; count > 0 {
			words = append(words, printer.N("mirror.count."+string(kind), count))
		}
	}
	if words == nil {
		return printer.T("mirror.nothing")
	}
	return strings.Join(words, ", ")
}

// typed reads the settings of a form.
func typed(r *http.Request) Settings {
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	number := func(name string) int {
		n, err := strconv.Atoi(value(name))
		if err != nil {
			return -1
		}
		return n
	}
	settings := Settings{
		People: ldapdir.Branch{Base: value("people_base"), Filter: value("people_filter")},
		Groups: ldapdir.Branch{Base: value("groups_base"), Filter: value("groups_filter")},
		Units:  UnitMode(value("units")), WithGroups: value("with_groups") != "", Administration: value("administration") != "",
		Every: number("every"), Share: number("share"), Attributes: map[string]string{},
	}
	for _, field := range Fields {
		settings.Attributes[field] = value(field)
	}
	return settings
}

// take saves settings, or shows what they would make of one person.
func (h *Handler) take(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	caller := web.CallerOf(r)
	page := &mirrorPage{Settings: typed(r), Text: strings.TrimSpace(r.PostFormValue("who"))}
	if r.PostFormValue("do") == "show" {
		return h.look(w, r, page)
	}
	err := h.mirror.Save(r.Context(), caller, page.Settings, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		return h.render(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "mirror.saved")
	return web.Redirect(w, r, address)
}

func (h *Handler) look(w http.ResponseWriter, r *http.Request, page *mirrorPage) error {
	printer := web.Printer(r)
	if page.Text == "" {
		page.Form, _ = web.FormErrors(r, portal.FieldErrors{portal.Invalid("who", "mirror.error.who")})
		return h.render(w, r, http.StatusUnprocessableEntity, page)
	}
	seen, err := h.mirror.Show(r.Context(), web.CallerOf(r), page.Settings, page.Text)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		page.Form = form
		return h.render(w, r, http.StatusUnprocessableEntity, page)
	}
	page.Seen = &seenPage{Seen: seen}
	if said, ok := saidOf(err); ok {
		page.Seen.Refused, err = web.Sentence(r, said), nil
	}
	if err != nil {
		return err
	}
	page.Seen.fill(printer, page.Settings)
	return h.render(w, r, http.StatusOK, page)
}

func (s *seenPage) fill(printer *i18n.Printer, settings Settings) {
	entry := s.Entry
	for _, one := range []seenValue{
		{"given_name", "", entry.Profile.GivenName},
		{"family_name", "", entry.Profile.FamilyName},
		{"function", "", entry.Profile.Function},
		{"email", "", entry.Profile.Email},
		{"phone", "", entry.Profile.Phone},
		{"mobile", "", entry.Profile.Mobile},
		{"office", "", entry.Profile.Office},
	} {
		if one.Attribute = settings.Attributes[one.Field]; one.Attribute != "" {
			s.Values = append(s.Values, one)
		}
	}
	if settings.Units == UnitAttribute {
		s.Values = append(s.Values, seenValue{"unit", settings.Attributes["unit"], entry.Unit})
	}
	for _, line := range s.Seen.Skipped {
		s.Skipped = append(s.Skipped, skipped(printer, line))
	}
}

// skipped says why something was not taken.
func skipped(printer *i18n.Printer, line Line) string {
	text := line.Detail.Text
	if line.Detail.Reason == "refused" {
		text = strings.ToLower(printer.T("directory.field." + text))
	}
	return printer.T("mirror.skip."+line.Detail.Reason, "text", text)
}

func (h *Handler) turn(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	on := r.PostFormValue("on") != ""
	if err := h.mirror.Turn(r.Context(), web.CallerOf(r), on, web.ClientAddr(r)); err != nil {
		return err
	}
	if on {
		web.SetFlash(w, r, "mirror.on")
	} else {
		web.SetFlash(w, r, "mirror.off")
	}
	return web.Redirect(w, r, address)
}

func (h *Handler) try(w http.ResponseWriter, r *http.Request) error {
	run, err := h.mirror.Try(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	return web.Redirect(w, r, address+"/runs/"+run.ID)
}

func (h *Handler) runNow(w http.ResponseWriter, r *http.Request) error {
	run, err := h.mirror.RunNow(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	return h.after(w, r, run)
}

// after tells what a run did.
func (h *Handler) after(w http.ResponseWriter, r *http.Request, run Run) error {
	if run.Outcome == Done && !run.Changed() {
		web.SetFlash(w, r, "mirror.same")
	}
	return web.Redirect(w, r, address)
}

func (h *Handler) allow(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	caller := web.CallerOf(r)
	if err := h.mirror.Allow(r.Context(), caller, r.PostFormValue("closings"), web.ClientAddr(r)); err != nil {
		return err
	}
	run, err := h.mirror.RunNow(r.Context(), caller)
	if err != nil {
		return err
	}
	switch run.Outcome {
	case Asks:
		web.SetFlash(w, r, "mirror.asks-anew")
	case Done:
		web.SetFlash(w, r, "mirror.allowed")
	}
	return web.Redirect(w, r, address)
}

func (h *Handler) tie(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	keys := r.PostForm["keys"]
	if len(keys) == 0 {
		web.SetFlash(w, r, "mirror.links.nobody")
		return web.Redirect(w, r, address)
	}
	if err := h.mirror.Tie(r.Context(), web.CallerOf(r), keys, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "mirror.links.done")
	return web.Redirect(w, r, address)
}

// runPage is one run, line by line.
type runPage struct {
	web.Page
	Run    Run
	Fault  string
	Name   string // who asked for it
	Query  LineQuery
	Kinds  []kindTab
	Lines  []lineRow
	Total  int
	Links  themes.Pages
	Active bool
	Waits  bool // it is the run that asks
}

type kindTab struct {
	Kind  Kind
	Count int
}

type lineRow struct {
	Line
	Why string
}

func (h *Handler) showRun(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, printer, query := r.Context(), web.CallerOf(r), web.Printer(r), web.Query(r)
	page := &runPage{Query: LineQuery{Run: web.Var(r, "id"), Kind: Kind(query.Get("kind")), Text: query.Get("q"), Page: web.PageNumber(r)}}
	var err error
	if page.Run, err = h.mirror.RunOf(ctx, caller, page.Query.Run); err != nil {
		return err
	}
	status, err := h.mirror.Of(ctx, caller)
	if err != nil {
		return err
	}
	lines, total, err := h.mirror.Lines(ctx, caller, page.Query)
	if err != nil {
		return err
	}
	for _, line := range lines {
		row := lineRow{Line: line}
		switch line.Kind {
		case Skip:
			row.Why = skipped(printer, line)
		case Close:
			row.Why = printer.T("audit.reason." + line.Detail.Reason)
		}
		page.Lines = append(page.Lines, row)
	}
	names, err := h.directory.Names(ctx, caller, []portal.AgentID{page.Run.By})
	if err != nil {
		return err
	}
	for _, kind := range Kinds {
		if count := page.Run.Counts[kind]; count > 0 {
			page.Kinds = append(page.Kinds, kindTab{kind, count})
		}
	}
	page.Total, page.Name, page.Active, page.Waits = total, names[page.Run.By], status.Active, status.Waiting == page.Run.ID
	page.Fault = page.Run.Fault.In(printer)
	page.Links = web.PageLinks(r, printer.T("mirror.pages"), page.Query.Page, (total+pageSize-1)/pageSize)
	page.Title, page.Section = printer.T("mirror.run."+string(page.Run.Outcome)), "admin"
	return h.renderer.Render(w, r, http.StatusOK, "mirror/run", page)
}
