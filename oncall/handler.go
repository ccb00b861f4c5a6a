package oncall

import (
	"context"
	_ "embed"
	"errors"
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

// Someone is an agent to choose.
type Someone struct {
	ID       portal.AgentID
	Name     string
	Function string
}

// Place is a unit to choose.
type Place struct {
	ID    portal.UnitID
	Name  string
	Depth int
}

// People knows the agents of the caller's collectivity, and its organisation chart.
type People interface {
	// Find lists active agents whose entries begin so.
	Find(ctx context.Context, caller portal.Caller, text string) ([]Someone, error)
	// Units are those of the organisation chart, in its order.
	Units(ctx context.Context, caller portal.Caller) ([]Place, error)
}

// Handler serves the pages of duties.
type Handler struct {
	store    *Store
	people   People
	shared   func(r *http.Request) (bool, error)
	renderer *web.Renderer
}

// NewHandler returns the pages over the store. shared says whether a session is on a computer that several
// people share: nothing is kept there.
func NewHandler(store *Store, people People, shared func(r *http.Request) (bool, error), renderer *web.Renderer) *Handler {
	return &Handler{store, people, shared, renderer}
}

// Routes lists the pages. Who is on call is for everybody of the collectivity; what only those who plan a
// team may see or do is not there for others.
func (h *Handler) Routes() []web.Route {
	plan := web.Needs(portal.ManageDuties)
	get := func(path string, access web.Access, handler web.Handler) web.Route {
		return web.Route{Method: "GET", Path: "/oncall" + path, Access: access, Handler: handler}
	}
	post := func(path string, access web.Access, handler web.Handler) web.Route {
		return web.Route{Method: "POST", Path: "/oncall" + path, Access: access, Handler: handler}
	}
	return []web.Route{
		get("", web.SignedIn, h.show), get("/worker.js", web.SignedIn, h.worker), get("/mine", web.SignedIn, h.mine),
		get("/teams/new", plan, h.newTeam), post("/teams", plan, h.createTeam),
		get("/teams/{id}", web.SignedIn, h.team), get("/teams/{id}/settings", web.SignedIn, h.settings), post("/teams/{id}", web.SignedIn, h.changeTeam),
		post("/teams/{id}/close", plan, h.closeTeam), post("/teams/{id}/reopen", plan, h.reopenTeam),
		post("/teams/{id}/members", web.SignedIn, h.addMember), post("/teams/{id}/members/{agent}/remove", web.SignedIn, h.removeMember),
		post("/teams/{id}/members/{agent}/move", web.SignedIn, h.moveMember),
		post("/teams/{id}/managers", plan, h.addManager), post("/teams/{id}/managers/{agent}/remove", plan, h.removeManager),
		get("/teams/{id}/rota", web.SignedIn, h.rota), post("/teams/{id}/rota", web.SignedIn, h.keepRota),
		get("/teams/{id}/periods/new", web.SignedIn, h.newPeriod), post("/teams/{id}/periods", web.SignedIn, h.assign),
		get("/periods/{id}", web.SignedIn, h.period), post("/periods/{id}", web.SignedIn, h.changePeriod), post("/periods/{id}/remove", web.SignedIn, h.removePeriod),
		get("/periods/{id}/offer", web.SignedIn, h.offerForm), post("/periods/{id}/offer", web.SignedIn, h.offer),
		get("/call-outs/new", web.SignedIn, h.newCallOut), post("/call-outs", web.SignedIn, h.record), post("/call-outs/{id}/forget", web.SignedIn, h.forget),
		get("/links", web.SignedIn, h.links), post("/links", web.SignedIn, h.makeLink), post("/links/{id}/revoke", web.SignedIn, h.revokeLink),
		get("/statement", web.SignedIn, h.statement), post("/statement.csv", web.SignedIn, h.export),
		get("/rates", web.SignedIn, h.rates), post("/rates", plan, h.addRate),
		post("/swaps/{id}/answer", web.SignedIn, h.answer), post("/swaps/{id}/withdraw", web.SignedIn, h.withdraw), post("/swaps/{id}/undo", web.SignedIn, h.undoSwap), post("/swaps/{id}/redo", web.SignedIn, h.redoSwap),
	}
}

// page is what all pages of duties have.
type page struct {
	web.Page
	Tab   string // "now", "mine", …
	Plans bool   // the reader manages duties
}

func (h *Handler) render(w http.ResponseWriter, r *http.Request, status int, name string, data web.Framed, at *page, title string) error {
	at.Title, at.Section, at.Plans = title, "oncall", web.CallerOf(r).Can(portal.ManageDuties)
	return h.renderer.Render(w, r, status, "oncall/"+name, data)
}

// shown is a period as a page writes it.
type shown struct {
	Period
	Span, Team string
	Mine       bool
	Edit       bool // the reader plans its team
	Offers     bool // she may offer some of it
	Now        bool
}

// Order names its level.
func (s shown) Order(p levels) string { return p[s.Level] }

// levels are the names of levels, from 1.
type levels []string

func levelsIn(p *i18n.Printer) levels {
	all := make(levels, MaxLevel+1)
	for level := 1; level <= MaxLevel; level++ {
		all[level] = levelText(p, level)
	}
	return all
}

// comingWeeks is how far the page of all teams looks; plannedWeeks the page of one.
const (
	comingWeeks  = 6
	plannedWeeks = 26
)

type nowPage struct {
	page
	Teams  []nowTeam
	Coming []shown
	Levels levels
	AsOf   string
	Keeps  bool // her telephone may keep the page
}

//go:embed worker.js
var workerText []byte

// worker is the script that keeps the page of who is on call on a telephone: it serves that page alone.
func (h *Handler) worker(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Service-Worker-Allowed", "/oncall")
	_, err := w.Write(workerText)
	return err
}

// keeps says whether this browser may keep the page: not one that several people share, nor that of who
// sees the desk of another or assists.
func (h *Handler) keeps(r *http.Request) (bool, error) {
	if web.IdentityOf(r).Seer != nil || web.CallerOf(r).Agent == "" {
		return false, nil
	}
	shared, err := h.shared(r)
	return !shared, err
}

// nowTeam is a team and who is called, first to last.
type nowTeam struct {
	Team
	Calls []nowCall
}

type nowCall struct {
	OnCall
	Order, Until string
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, p, now := r.Context(), web.CallerOf(r), web.Printer(r), web.Now(r)
	teams, err := h.store.Teams(ctx, caller, false)
	if err != nil {
		return err
	}
	calls, err := h.store.Now(ctx, caller, now)
	if err != nil {
		return err
	}
	made := &nowPage{Levels: levelsIn(p)}
	for _, team := range teams {
		one := nowTeam{Team: team}
		for _, call := range calls {
			if call.Team == team.ID {
				one.Calls = append(one.Calls, nowCall{call, made.Levels[call.Level], untilIn(p, call.Ends, now)})
			}
		}
		made.Teams = append(made.Teams, one)
	}
	periods, err := h.store.Periods(ctx, caller, Query{From: now, To: addDays(now, 7*comingWeeks)})
	if err != nil {
		return err
	}
	made.Coming = shownOf(r, teams, slices.DeleteFunc(periods, func(p Period) bool { return !p.Starts.After(now) }))
	if made.Keeps, err = h.keeps(r); err != nil {
		return err
	}
	if made.Keeps {
		w.Header().Set("X-May-Keep", "1") // for the worker
	}
	made.Tab, made.AsOf = "now", momentIn(p, now, now)
	return h.render(w, r, http.StatusOK, "now", made, &made.page, p.T("oncall.title"))
}

// shownOf writes periods of some teams; those of other teams are left out.
func shownOf(r *http.Request, teams []Team, periods []Period) (all []shown) {
	caller, p, now := web.CallerOf(r), web.Printer(r), web.Now(r)
	for _, one := range periods {
		at := slices.IndexFunc(teams, func(t Team) bool { return t.ID == one.Team })
		if at < 0 {
			continue
		}
		mine := one.Agent == caller.Agent && caller.Agent != ""
		all = append(all, shown{
			Period: one, Span: spanIn(p, one.Starts, one.Ends, now), Team: teams[at].Name, Mine: mine, Edit: teams[at].Manages(caller),
			Offers: mine && one.Ends.After(now), Now: !one.Starts.After(now) && one.Ends.After(now),
		})
	}
	return all
}

type minePage struct {
	page
	Coming   []shown
	Swaps    []shownSwap
	CallOuts []shownCallOut // of the last months
	Levels   levels
}

// callOutMonths is how far back an agent's page lists what she was called out for.
const callOutMonths = 3

// shownSwap is a swap as a page writes it.
type shownSwap struct {
	Swap
	Span               string
	Withdraws          bool // the reader may take her offer back
	Undoes, RedoesBack bool // she plans the team and may overrule it
	Answers            bool // it waits for her
}

func (h *Handler) mine(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, p, now := r.Context(), web.CallerOf(r), web.Printer(r), web.Now(r)
	teams, err := h.store.Teams(ctx, caller, false)
	if err != nil {
		return err
	}
	made := &minePage{Levels: levelsIn(p)}
	if caller.Agent != "" {
		periods, err := h.store.Periods(ctx, caller, Query{Agent: caller.Agent, From: now, To: addDays(now, 400)})
		if err != nil {
			return err
		}
		made.Coming = shownOf(r, teams, periods)
		calls, err := h.store.Interventions(ctx, caller, now.AddDate(0, -callOutMonths, 0), now)
		if err != nil {
			return err
		}
		made.CallOuts = shownCallOuts(r, calls, true)
	}
	swaps, err := h.store.Swaps(ctx, caller, "")
	if err != nil {
		return err
	}
	made.Swaps = shownSwaps(r, swaps, false)
	made.Tab = "mine"
	return h.render(w, r, http.StatusOK, "mine", made, &made.page, p.T("oncall.mine"))
}

func shownSwaps(r *http.Request, swaps []Swap, manages bool) (all []shownSwap) {
	caller, p, now := web.CallerOf(r), web.Printer(r), web.Now(r)
	for _, w := range swaps {
		coming := w.Starts.After(now)
		all = append(all, shownSwap{
			Swap: w, Span: spanIn(p, w.Starts, w.Ends, now), Withdraws: w.Giver == caller.Agent && w.State == Offered,
			Undoes: manages && coming && w.State == Accepted, RedoesBack: manages && coming && w.State == Undone,
			Answers: w.Taker == caller.Agent && w.State == Offered && coming,
		})
	}
	return all
}

type teamPage struct {
	page
	Team     Team
	Manages  bool
	Handover string
	Planned  []shown
	Troubles []saidTrouble
	Swaps    []shownSwap
	Levels   levels
	From, To time.Time
	Earlier  string
	Later    string
}

// saidTrouble is a trouble in a sentence, and where it is mended.
type saidTrouble struct {
	Text, Href string
}

func (h *Handler) team(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, p, now := r.Context(), web.CallerOf(r), web.Printer(r), web.Now(r)
	team, err := h.store.Team(ctx, caller, TeamID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	made := &teamPage{Team: team, Manages: team.Manages(caller), Levels: levelsIn(p), Handover: handoverText(p, team)}
	made.From = dayOr(web.Query(r).Get("from"), now, now)
	made.To = addDays(made.From, 7*plannedWeeks)
	path := teamPath(team.ID) + "?from="
	made.Earlier, made.Later = path+addDays(made.From, -7*plannedWeeks).Format(time.DateOnly), path+made.To.Format(time.DateOnly)
	periods, err := h.store.Periods(ctx, caller, Query{Team: team.ID, From: made.From, To: made.To})
	if err != nil {
		return err
	}
	made.Planned = shownOf(r, []Team{team}, periods)
	if made.Manages && team.Active {
		if made.Troubles, err = h.troubles(r, team); err != nil {
			return err
		}
	}
	swaps, err := h.store.Swaps(ctx, caller, team.ID)
	if err != nil {
		return err
	}
	made.Swaps = shownSwaps(r, swaps, made.Manages)
	made.Tab = "team"
	return h.render(w, r, http.StatusOK, "team", made, &made.page, team.Name)
}

// handoverText is when a team hands over: "vendredi à 17 h".
func handoverText(p *i18n.Printer, team Team) string {
	sunday := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	moment := at(addDays(sunday, int(team.HandoverDay)), team.HandoverAt)
	return p.T("oncall.handover.at", "day", p.DayName(moment), "at", p.Clock(moment))
}

// dayOr is the beginning of a day as a form or an address writes it, or else another moment.
func dayOr(text string, now, or time.Time) time.Time {
	day, err := time.ParseInLocation(time.DateOnly, text, now.Location())
	if err != nil || day.Year() < 2000 || day.Year() > 2100 {
		return or
	}
	return day
}

// outlookWeeks is how far troubles are looked for.
const outlookWeeks = 26

// troubles are what is wrong with the planning of a team in the months to come.
func (h *Handler) troubles(r *http.Request, team Team) (all []saidTrouble, err error) {
	p, now := web.Printer(r), web.Now(r)
	found, err := h.store.Outlook(r.Context(), web.CallerOf(r), team, now, addDays(now, 7*outlookWeeks))
	if err != nil {
		return nil, err
	}
	for _, one := range found.Troubles() {
		text := p.T("oncall.trouble."+string(one.Kind), "name", one.Name, "other", one.Other, "level", levelText(p, max(one.Level, 1)),
			"when", spanIn(p, one.Starts, one.Ends, now), "from", momentIn(p, one.Starts, now), "away", absenceText(p, one.Absent, now))
		href := teamPath(team.ID) + "/rota"
		switch {
		case one.Period != "":
			href = "/oncall/periods/" + string(one.Period)
		case one.Kind == Gap:
			href = teamPath(team.ID) + "/periods/new?" + url.Values{
				"level": {strconv.Itoa(one.Level)}, "starts": {one.Starts.In(now.Location()).Format(fieldMoment)}, "ends": {one.Ends.In(now.Location()).Format(fieldMoment)},
			}.Encode()
		case one.Kind == NoManager:
			href = teamPath(team.ID) + "/settings#managers"
		}
		all = append(all, saidTrouble{text, href})
	}
	return all, nil
}

// momentIn tells a moment: "vendredi 4 décembre, 17 h".
func momentIn(p *i18n.Printer, at, now time.Time) string {
	at = at.In(now.Location())
	return p.T("oncall.moment", "day", p.DateLong(at, now), "at", p.Clock(at))
}

// absenceText tells the days of an absence.
func absenceText(p *i18n.Printer, a Absence, now time.Time) string {
	first, last := dayOr(a.First, now, now), dayOr(a.Last, now, now)
	if a.First == a.Last {
		return p.DateLong(first, now)
	}
	return p.T("oncall.days", "from", p.Date(first, now), "to", p.Date(last, now))
}

// Outlook reads what the troubles of a team are looked for in, for who plans it.
func (s *Store) Outlook(ctx context.Context, caller portal.Caller, team Team, from, to time.Time) (Outlook, error) {
	found := Outlook{Team: team, Names: map[TeamID]string{}, From: from, To: to}
	teams, err := s.Teams(ctx, caller, false)
	if err != nil {
		return Outlook{}, err
	}
	for _, one := range teams {
		found.Names[one.ID] = one.Name
	}
	if found.Periods, err = s.Periods(ctx, caller, Query{From: from, To: to}); err != nil {
		return Outlook{}, err
	}
	found.Periods = slices.DeleteFunc(found.Periods, func(p Period) bool { return found.Names[p.Team] == "" })
	var agents []portal.AgentID
	for _, p := range found.Periods {
		if p.Team == team.ID && p.Active && !slices.Contains(agents, p.Agent) {
			agents = append(agents, p.Agent)
		}
	}
	found.Absences, err = s.absences.Absent(ctx, caller, agents, from.Format(time.DateOnly), to.Format(time.DateOnly))
	return found, err
}

// fieldMoment is a moment as a form's field of that type writes it.
const fieldMoment = "2006-01-02T15:04"

// momentOf reads such a field in a zone; the zero time for what is none.
func momentOf(text string, zone *time.Location) time.Time {
	for _, layout := range []string{fieldMoment, "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if moment, err := time.ParseInLocation(layout, strings.TrimSpace(text), zone); err == nil {
			return moment
		}
	}
	return time.Time{}
}

// clockOf reads "17:00", "17 h", "17h30" or "8": minutes after midnight, -1 for what is none.
func clockOf(text string) int {
	text = strings.ToLower(strings.Join(strings.Fields(text), ""))
	hours, minutes, _ := strings.Cut(strings.Replace(text, "h", ":", 1), ":")
	if minutes == "" {
		minutes = "0"
	}
	h, err := strconv.ParseUint(hours, 10, 8)
	m, err2 := strconv.ParseUint(minutes, 10, 8)
	if err != nil || err2 != nil || h > 23 || m > 59 || len(hours) > 2 || len(minutes) > 2 {
		return -1
	}
	return int(h)*60 + int(m)
}

// clockText writes such minutes for a form's field, "17:00".
func clockText(minutes int) string {
	if minutes < 0 {
		return ""
	}
	return time.Date(2000, 1, 1, 0, minutes, 0, 0, time.UTC).Format("15:04")
}

// hidden makes what the caller may not do something that is not there.
func hidden(err error) error {
	if errors.Is(err, portal.ErrDenied) {
		return errors.Join(portal.ErrNotFound, err)
	}
	return err
}
