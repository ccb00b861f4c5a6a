package booking

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// formPage is one resource, as stored or as typed.
type formPage struct {
	web.Page
	Form                              web.Form
	Res                               Resource
	Seats, Longest, Notice, Ahead, Km string // as typed
	Features                          string // a line each
	Days                              []dayRow
	Closings                          []Closing // and some rows to fill in
	Seen                              string    // Modified when the form was opened, ms
	Other                             bool      // another administrator changed it meanwhile
	Kinds                             []Kind
	Energies, Categories              []string
	Groups, Seers, Approvers          []groupChoice
	// SeeAgents and ApproveAgents are who is named herself, and SeeAdd and ApproveAdd the addresses typed to name
	// more.
	SeeAgents, ApproveAgents []agentChoice
	SeeAdd, ApproveAdd       string
	ToCome                   int
	Upload                   web.Form
	MaxPhoto                 int64

	wrong portal.FieldErrors // what is no number, no hours, nobody
}

// dayRow is the hours of a day of the week.
type dayRow struct {
	Field, Name, Typed string
}

type groupChoice struct {
	portal.Group
	Chosen bool
}

type agentChoice struct{ ID, Name string }

// Has says whether one of some fields is filled in, or wrong: the part of the form that holds it is open.
func (p *formPage) Has(part string) bool {
	r := p.Res
	filled := map[string]bool{
		"features": p.Features != "",
		"hours":    len(r.Closings) > 0 || r.HolidaysOff || slices.ContainsFunc(p.Days, func(d dayRow) bool { return d.Typed != "" }),
		"rules":    p.Longest+p.Ahead+p.Notice != "",
		"who":      len(r.Groups)+len(r.Seers) > 0 || r.TitlesPublic || p.SeeAdd != "",
		"approval": r.Approval || len(r.Approvers) > 0 || p.ApproveAdd != "",
		"vehicle":  r.Vehicle != VehicleFacts{} || p.Km != "",
	}
	fields := map[string][]string{
		"features": {"features"}, "hours": {"closings", "hours-0", "hours-1", "hours-2", "hours-3", "hours-4", "hours-5", "hours-6"},
		"rules": {"longest", "ahead", "notice"}, "who": {"groups", "seers"}, "approval": {"approvers"},
		"vehicle": {"plate", "energy", "odometer", "inspection", "insured"},
	}
	return filled[part] || slices.ContainsFunc(fields[part], func(field string) bool { return p.Form.Error(field) != "" })
}

func (h *Handler) newResource(w http.ResponseWriter, r *http.Request) error {
	return h.render(w, r, http.StatusOK, &formPage{Res: Resource{Kind: Room}})
}

func (h *Handler) edit(w http.ResponseWriter, r *http.Request) error {
	return h.editWith(w, r, http.StatusOK, web.Form{})
}

// editWith shows what is stored, and what was wrong with a photograph.
func (h *Handler) editWith(w http.ResponseWriter, r *http.Request, status int, upload web.Form) error {
	res, err := h.store.Resource(r.Context(), web.CallerOf(r), ResourceID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	page := &formPage{Res: res, Seen: strconv.FormatInt(res.Modified.UnixMilli(), 10), Upload: upload}
	count := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	page.Seats, page.Ahead, page.Km = count(res.Seats), count(res.Ahead), count(res.Vehicle.Odometer)
	page.Longest, page.Notice = inHours(res.Longest), inHours(res.Notice)
	page.Features = strings.Join(res.Features, "\n")
	return h.render(w, r, status, page)
}

// inHours writes a length as readHours reads it: "1,5"; "" for none.
func inHours(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strings.ReplaceAll(strconv.FormatFloat(math.Round(d.Hours()*100)/100, 'f', -1, 64), ".", ",")
}

func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, page *formPage) error {
	caller, printer := web.CallerOf(r), web.Printer(r)
	groups, err := h.groups.Groups(r.Context(), caller)
	if err != nil {
		return err
	}
	choose := func(chosen []portal.GroupID) (all []groupChoice) {
		for _, group := range portal.WithDeleted(groups, chosen, printer.T("web.group.deleted")) {
			all = append(all, groupChoice{group, slices.Contains(chosen, group.ID)})
		}
		return all
	}
	page.Groups, page.Seers, page.Approvers = choose(page.Res.Groups), choose(groupsOf(page.Res.Seers)), choose(groupsOf(page.Res.Approvers))
	if page.SeeAgents, err = h.agents(r, page.Res.Seers); err != nil {
		return err
	}
	if page.ApproveAgents, err = h.agents(r, page.Res.Approvers); err != nil {
		return err
	}
	if page.Categories, err = h.store.Categories(r.Context(), caller); err != nil {
		return err
	}
	if page.Days == nil {
		for _, day := range week {
			page.Days = append(page.Days, dayRow{Field: hoursField(day), Typed: page.Res.Hours.Typed(day)})
		}
	}
	for i, day := range week {
		page.Days[i].Name = printer.DayName(dayOfWeek(day))
	}
	page.Closings = append(slices.Clone(page.Res.Closings), Closing{}, Closing{})
	page.Title = printer.T("booking.resource.new")
	if page.Res.ID != "" {
		stored, err := h.store.Resource(r.Context(), caller, page.Res.ID)
		if err != nil {
			return err
		}
		if page.ToCome, err = h.store.ToCome(r.Context(), caller, stored); err != nil {
			return err
		}
		page.Title, page.Res.Active, page.Res.Photo = stored.Name, stored.Active, stored.Photo
	}
	page.Kinds, page.Energies, page.MaxPhoto, page.Section = Kinds, Energies, maxPhoto, "admin"
	return h.renderer.Render(w, r, status, "booking/resource", page)
}

// dayOfWeek is some day that is that day of a week.
func dayOfWeek(day time.Weekday) time.Time {
	return time.Date(2024, 1, 7+int(day), 0, 0, 0, 0, time.UTC) // 7 January 2024 was a Sunday
}

func hoursField(day time.Weekday) string { return fmt.Sprint("hours-", int(day)) }

func groupsOf(people []portal.Subject) (groups []portal.GroupID) {
	for _, one := range people {
		if one.Kind == portal.TheGroup {
			groups = append(groups, portal.GroupID(one.ID))
		}
	}
	return groups
}

func (h *Handler) agents(r *http.Request, people []portal.Subject) (all []agentChoice, err error) {
	for _, one := range people {
		if one.Kind != portal.TheAgent {
			continue
		}
		names, err := h.store.namesOf(r.Context(), h.store.db, web.CallerOf(r).Collectivity, []portal.Subject{one})
		if err != nil {
			return nil, err
		}
		all = append(all, agentChoice{one.ID, strings.Join(names, "")})
	}
	return all, nil
}

// typed is what a form holds.
func (h *Handler) typed(r *http.Request) (*formPage, error) {
	if err := web.ParseForm(r); err != nil {
		return nil, err
	}
	post := r.PostForm
	text := func(field string) string { return strings.TrimSpace(post.Get(field)) }
	page := &formPage{
		Seats: text("seats"), Longest: text("longest"), Notice: text("notice"), Ahead: text("ahead"), Km: text("odometer"),
		Features: post.Get("features"), Seen: post.Get("seen"), SeeAdd: text("see-add"), ApproveAdd: text("approve-add"),
	}
	page.Res = Resource{
		ID: ResourceID(web.Var(r, "id")), Kind: Kind(post.Get("kind")), Name: post.Get("name"), Place: post.Get("place"), Address: post.Get("address"),
		Category: post.Get("category"), Description: post.Get("description"), Features: strings.Split(page.Features, "\n"),
		HolidaysOff: post.Get("holidays") != "", Approval: post.Get("approval") != "", TitlesPublic: post.Get("titles") != "",
		Vehicle: VehicleFacts{Plate: post.Get("plate"), Energy: post.Get("energy"), Inspection: text("inspection"), Insured: text("insured")},
	}
	res := &page.Res
	res.Seats, res.Ahead, res.Vehicle.Odometer = readCount(page.Seats), readCount(page.Ahead), readCount(page.Km)
	res.Longest, res.Notice = readHours(page.Longest), readHours(page.Notice)
	ms, _ := strconv.ParseInt(page.Seen, 10, 64) // a forged value only makes a conflict
	res.Modified = time.UnixMilli(ms)
	page.readDays(post)
	for i, first := range post["closed-from"] {
		one := Closing{First: strings.TrimSpace(first), Last: at(post["closed-to"], i), Reason: at(post["closed-why"], i)}
		if one != (Closing{}) {
			res.Closings = append(res.Closings, one)
		}
	}
	for _, group := range post["group"] {
		res.Groups = append(res.Groups, portal.GroupID(group))
	}
	res.Seers, res.Approvers = named(post, "see"), named(post, "approve")
	if err := h.addNamed(r, page, "seers", page.SeeAdd, &res.Seers); err != nil {
		return nil, err
	}
	return page, h.addNamed(r, page, "approvers", page.ApproveAdd, &res.Approvers)
}

func at(all []string, i int) string {
	if i < len(all) {
		return strings.TrimSpace(all[i])
	}
	return ""
}

// readCount is a number, less than 0 for what is none: it is refused by the store, in its sentence.
func readCount(text string) int {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(strings.Map(withoutSpace, text))
	if err != nil {
		return -1
	}
	return n
}

func withoutSpace(r rune) rune {
	if r == ' ' || r == '\u00a0' || r == '\u202f' {
		return -1
	}
	return r
}

// readHours is a length in hours, "1,5"; less than 0 for what is none.
func readHours(text string) time.Duration {
	if text == "" {
		return 0
	}
	hours, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSuffix(strings.Map(withoutSpace, text), "h"), ",", "."), 64)
	if err != nil || math.IsNaN(hours) || hours < 0 || hours > 100_000 {
		return -1
	}
	return time.Duration(math.Round(hours*60)) * time.Minute
}

func (p *formPage) readDays(post url.Values) {
	for _, day := range week {
		row := dayRow{Field: hoursField(day), Typed: strings.TrimSpace(post.Get(hoursField(day)))}
		ranges, err := ParseRanges(row.Typed)
		if err != nil {
			p.wrong = append(p.wrong, portal.Invalid(row.Field, "booking.error.hours"))
		}
		p.Res.Hours[day] = ranges
		p.Days = append(p.Days, row)
	}
}

// named are the groups and agents that are ticked.
func named(post url.Values, does string) (people []portal.Subject) {
	for _, id := range post[does+"-group"] {
		people = append(people, portal.Subject{Kind: portal.TheGroup, ID: id})
	}
	for _, id := range post[does+"-agent"] {
		people = append(people, portal.Subject{Kind: portal.TheAgent, ID: id})
	}
	return people
}

// addNamed adds the agents of some addresses.
func (h *Handler) addNamed(r *http.Request, page *formPage, field, typed string, people *[]portal.Subject) error {
	addresses := strings.FieldsFunc(strings.ToLower(typed), func(c rune) bool { return c == ',' || c == ';' || c == ' ' || c == '\n' || c == '\r' || c == '\u00a0' })
	found, err := h.store.agentsAt(r.Context(), web.CallerOf(r), addresses)
	for _, address := range addresses {
		if found[address] == "" {
			page.wrong = append(page.wrong, portal.Invalid(field, "booking.error.people.address", "address", address))
			continue
		}
		*people = append(*people, portal.Subject{Kind: portal.TheAgent, ID: string(found[address])})
	}
	return err
}
