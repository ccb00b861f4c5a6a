package oncall

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// settingsPage is what a team is and who is in it, as stored or as typed.
type settingsPage struct {
	page
	Form      web.Form // of what the team is
	Choosing  web.Form // of who is added
	Team      Team
	Seen      string // Modified when the form was opened, ms
	Other     bool   // somebody else changed it meanwhile
	Names     bool   // the reader may name managers and close the team
	Kinds     []Kind
	Days      []day7
	Units     []Place
	Handover  string
	Morning   string
	Evening   string
	Text      string // whom one looks for
	For       string // "members" or "managers"
	Found     []Someone
	Phone     string
	Addressed portal.AgentID // who was to be added
}

// chooser looks for agents to add to a list of a team.
type chooser struct {
	Team      Team
	List      string // "members" or "managers"
	Text      string
	Found     []Someone
	Form      web.Form
	phone     string
	addressed portal.AgentID
}

// Into is the chooser of a list.
func (p *settingsPage) Into(list string) chooser {
	one := chooser{Team: p.Team, List: list}
	if p.For == list {
		one.Text, one.Found, one.Form, one.phone, one.addressed = p.Text, p.Found, p.Choosing, p.Phone, p.Addressed
	}
	return one
}

// PhoneOf is what was typed as the number of an agent.
func (c chooser) PhoneOf(agent portal.AgentID) string {
	if agent == c.addressed {
		return c.phone
	}
	return ""
}

// moment is a field of a day and an hour.
type moment struct{ Field, Value, Problem string }

func momentField(form web.Form, field, starts, ends string) moment {
	if field == "ends" {
		return moment{field, ends, form.Error(field)}
	}
	return moment{field, starts, form.Error(field)}
}

// Moment is one of the page's two.
func (p *periodPage) Moment(field string) moment { return momentField(p.Form, field, p.Starts, p.Ends) }

// Moment is one of the page's two.
func (p *offerPage) Moment(field string) moment { return momentField(p.Form, field, p.Starts, p.Ends) }

// day7 is a day of the week.
type day7 struct {
	Day  time.Weekday
	Name string
}

// newDefaults is a team before anybody typed anything: it hands over on Friday evening.
func newDefaults() Team {
	return Team{Kind: Operation, HandoverDay: time.Friday, HandoverAt: 17 * 60, Morning: 8 * 60, Evening: 17 * 60, Phones: ForEveryone}
}

func (h *Handler) newTeam(w http.ResponseWriter, r *http.Request) error {
	return h.renderSettings(w, r, http.StatusOK, settingsOf(newDefaults()))
}

func settingsOf(team Team) *settingsPage {
	return &settingsPage{
		Team: team, Seen: strconv.FormatInt(team.Modified.UnixMilli(), 10),
		Handover: clockText(team.HandoverAt), Morning: clockText(team.Morning), Evening: clockText(team.Evening),
	}
}

// managed is the team of the address, which the caller must plan.
func (h *Handler) managed(r *http.Request) (Team, error) {
	team, err := h.store.Team(r.Context(), web.CallerOf(r), TeamID(web.Var(r, "id")))
	if err == nil && !team.Manages(web.CallerOf(r)) {
		err = portal.ErrNotFound
	}
	return team, err
}

func (h *Handler) settings(w http.ResponseWriter, r *http.Request) error {
	team, err := h.managed(r)
	if err != nil {
		return err
	}
	made := settingsOf(team)
	asked := web.Query(r)
	made.Text, made.For = asked.Get("q"), asked.Get("for")
	return h.renderSettings(w, r, http.StatusOK, made)
}

func (h *Handler) renderSettings(w http.ResponseWriter, r *http.Request, status int, made *settingsPage) (err error) {
	ctx, caller, p := r.Context(), web.CallerOf(r), web.Printer(r)
	made.Kinds, made.Names = Kinds, caller.Can(portal.ManageDuties)
	monday := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	for n := range 7 {
		day := addDays(monday, n)
		made.Days = append(made.Days, day7{day.Weekday(), p.DayName(day)})
	}
	if made.Units, err = h.people.Units(ctx, caller); err != nil {
		return err
	}
	if made.Text != "" {
		if made.Found, err = h.people.Find(ctx, caller, made.Text); err != nil {
			return err
		}
	}
	title := p.T("oncall.team.new")
	if made.Team.ID != "" {
		stored, err := h.store.Team(ctx, caller, made.Team.ID)
		if err != nil {
			return err
		}
		title, made.Team.Members, made.Team.Managers, made.Team.Active = stored.Name, stored.Members, stored.Managers, stored.Active
	}
	made.Tab = "team"
	return h.render(w, r, status, "settings", made, &made.page, title)
}

// typedTeam is what the form of a team holds.
func typedTeam(r *http.Request) (*settingsPage, error) {
	if err := web.ParseForm(r); err != nil {
		return nil, err
	}
	post := r.PostForm
	weekday, err := strconv.Atoi(post.Get("handover_day"))
	if err != nil {
		weekday = -1 // refused by the store, in its sentence
	}
	made := &settingsPage{Seen: post.Get("seen"), Handover: post.Get("handover_at"), Morning: post.Get("morning"), Evening: post.Get("evening")}
	ms, _ := strconv.ParseInt(made.Seen, 10, 64) // a forged value only makes a conflict
	made.Team = Team{
		ID: TeamID(web.Var(r, "id")), Name: post.Get("name"), Kind: Kind(post.Get("kind")), Unit: portal.UnitID(post.Get("unit")),
		HandoverDay: time.Weekday(weekday), HandoverAt: clockOf(made.Handover), Morning: clockOf(made.Morning), Evening: clockOf(made.Evening),
		Phones: post.Get("phones"), SwapsRaise: post.Get("swaps_raise") != "", Modified: time.UnixMilli(ms).UTC(),
	}
	return made, nil
}

func (h *Handler) createTeam(w http.ResponseWriter, r *http.Request) error {
	made, err := typedTeam(r)
	if err != nil {
		return err
	}
	id, err := h.store.CreateTeam(r.Context(), web.CallerOf(r), made.Team, web.ClientAddr(r))
	var refused bool
	if made.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderSettings(w, r, http.StatusUnprocessableEntity, made)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "oncall.done.team", "name", made.Team.Name)
	return web.Redirect(w, r, teamPath(id)+"/settings#members")
}

func (h *Handler) changeTeam(w http.ResponseWriter, r *http.Request) error {
	made, err := typedTeam(r)
	if err != nil {
		return err
	}
	err = h.store.ChangeTeam(r.Context(), web.CallerOf(r), made.Team, web.ClientAddr(r))
	var other TeamChanged
	if errors.As(err, &other) { // what was typed is kept: sent again, it is taken
		made.Other, made.Seen = true, strconv.FormatInt(other.Now.Modified.UnixMilli(), 10)
		return h.renderSettings(w, r, http.StatusConflict, made)
	}
	var refused bool
	if made.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderSettings(w, r, http.StatusUnprocessableEntity, made)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "oncall.done.team", "name", made.Team.Name)
	return web.Redirect(w, r, teamPath(made.Team.ID))
}

func (h *Handler) closeTeam(w http.ResponseWriter, r *http.Request) error {
	return h.setActive(w, r, false, "oncall.done.closed")
}

func (h *Handler) reopenTeam(w http.ResponseWriter, r *http.Request) error {
	return h.setActive(w, r, true, "oncall.done.reopened")
}

func (h *Handler) setActive(w http.ResponseWriter, r *http.Request, active bool, done string) error {
	id := TeamID(web.Var(r, "id"))
	if err := h.store.SetActive(r.Context(), web.CallerOf(r), id, active, web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, done)
	return web.Redirect(w, r, teamPath(id)+"/settings")
}

func (h *Handler) addMember(w http.ResponseWriter, r *http.Request) error {
	return h.choose(w, r, "members", func(team TeamID, agent portal.AgentID, phone string) error {
		return h.store.AddMember(r.Context(), web.CallerOf(r), team, agent, phone, web.ClientAddr(r))
	})
}

func (h *Handler) addManager(w http.ResponseWriter, r *http.Request) error {
	return h.choose(w, r, "managers", func(team TeamID, agent portal.AgentID, _ string) error {
		return h.store.SetManager(r.Context(), web.CallerOf(r), team, agent, true, web.ClientAddr(r))
	})
}

// choose adds the agent of a form to a team, or shows the form again.
func (h *Handler) choose(w http.ResponseWriter, r *http.Request, list string, add func(team TeamID, agent portal.AgentID, phone string) error) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id, agent, phone := TeamID(web.Var(r, "id")), portal.AgentID(r.PostForm.Get("agent")), r.PostForm.Get("phone")
	err := add(id, agent, phone)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		team, err := h.managed(r)
		if err != nil {
			return err
		}
		made := settingsOf(team)
		made.Choosing, made.For, made.Text, made.Phone, made.Addressed = form, list, r.PostForm.Get("q"), phone, agent
		return h.renderSettings(w, r, http.StatusUnprocessableEntity, made)
	}
	if err != nil {
		return hidden(err)
	}
	web.SetFlash(w, r, "oncall.done.members")
	return web.Redirect(w, r, teamPath(id)+"/settings#"+list)
}

func (h *Handler) removeMember(w http.ResponseWriter, r *http.Request) error {
	return h.leave(w, r, "members", func(team TeamID, agent portal.AgentID) error {
		return h.store.RemoveMember(r.Context(), web.CallerOf(r), team, agent, web.ClientAddr(r))
	})
}

func (h *Handler) removeManager(w http.ResponseWriter, r *http.Request) error {
	return h.leave(w, r, "managers", func(team TeamID, agent portal.AgentID) error {
		return h.store.SetManager(r.Context(), web.CallerOf(r), team, agent, false, web.ClientAddr(r))
	})
}

func (h *Handler) moveMember(w http.ResponseWriter, r *http.Request) error {
	return h.leave(w, r, "members", func(team TeamID, agent portal.AgentID) error {
		if err := web.ParseForm(r); err != nil {
			return err
		}
		return h.store.MoveMember(r.Context(), web.CallerOf(r), team, agent, r.PostForm.Get("later") != "", web.ClientAddr(r))
	})
}

func (h *Handler) leave(w http.ResponseWriter, r *http.Request, list string, do func(team TeamID, agent portal.AgentID) error) error {
	id := TeamID(web.Var(r, "id"))
	if err := do(id, portal.AgentID(web.Var(r, "agent"))); err != nil {
		return hidden(err)
	}
	web.SetFlash(w, r, "oncall.done.members")
	return web.Redirect(w, r, teamPath(id)+"/settings#"+list)
}

// rotaPage is a rota before it is kept.
type rotaPage struct {
	page
	Form    web.Form
	Team    Team
	Level   int
	From    time.Time
	Weeks   int
	Levels  levels
	Turns   []shownTurn
	Kept    int // turns that will be kept
	Gaps    int
	Asked   bool
	Through time.Time // until when the level is planned, zero for nothing
}

// shownTurn is a turn as a page writes it.
type shownTurn struct {
	Turn
	Span     string
	Holidays []string
	Skipped  []string
}

func (h *Handler) rota(w http.ResponseWriter, r *http.Request) error {
	team, err := h.managed(r)
	if err != nil {
		return err
	}
	asked := web.Query(r)
	made, err := h.preview(r, team, asked.Get("level"), asked.Get("from"), asked.Get("weeks"))
	if err != nil {
		return err
	}
	made.Asked = asked.Has("weeks")
	return h.render(w, r, http.StatusOK, "rota", made, &made.page, web.Printer(r).T("oncall.rota.title", "team", team.Name))
}

// defaultWeeks is what a rota is made for when nobody says.
const defaultWeeks = 12

// preview makes the rota that is asked for: what can't be is brought within its bounds.
func (h *Handler) preview(r *http.Request, team Team, level, from, weeks string) (*rotaPage, error) {
	ctx, caller, p, now := r.Context(), web.CallerOf(r), web.Printer(r), web.Now(r)
	made := &rotaPage{Team: team, Levels: levelsIn(p)}
	made.Level, _ = strconv.Atoi(level)
	made.Level = min(max(made.Level, 1), MaxLevel)
	made.Weeks, _ = strconv.Atoi(weeks)
	if made.Weeks < 1 {
		made.Weeks = defaultWeeks
	}
	made.Weeks = min(made.Weeks, MaxWeeks)
	last, err := h.store.LastTurns(ctx, caller, team, made.Level)
	if err != nil {
		return nil, err
	}
	for _, end := range last {
		if end.After(made.Through) {
			made.Through = end.In(now.Location())
		}
	}
	start := now
	if made.Through.After(start) {
		start = made.Through
	}
	made.From = team.NextHandover(dayOr(from, now, start))
	turns, err := h.store.MakeRota(ctx, caller, team, made.Level, made.From, made.Weeks, last)
	if err != nil {
		return nil, err
	}
	for _, turn := range turns {
		one := shownTurn{Turn: turn, Span: spanIn(p, turn.Starts, turn.Ends, now)}
		for _, holiday := range turn.Holidays {
			one.Holidays = append(one.Holidays, p.T("oncall.rota.holiday", "day", p.DateLong(holiday.Day, now), "name", p.T(holiday.Key)))
		}
		for _, skipped := range turn.Skipped {
			if skipped.Absent == (Absence{}) {
				one.Skipped = append(one.Skipped, p.T("oncall.rota.busy", "name", skipped.Name))
			} else {
				one.Skipped = append(one.Skipped, p.T("oncall.rota.away", "name", skipped.Name, "when", absenceText(p, skipped.Absent, now)))
			}
		}
		switch {
		case turn.Taken:
		case turn.Agent == "":
			made.Gaps++
		default:
			made.Kept++
		}
		made.Turns = append(made.Turns, one)
	}
	made.Tab = "team"
	return made, nil
}

func (h *Handler) keepRota(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	team, err := h.managed(r)
	if err != nil {
		return err
	}
	post := r.PostForm
	made, err := h.preview(r, team, post.Get("level"), post.Get("from"), post.Get("weeks"))
	if err != nil {
		return err
	}
	made.Asked = true
	if post.Get("plan") != made.Plan() { // what was shown is what is kept
		made.Form = web.OneError(web.Printer(r).T("oncall.rota.other"))
		return h.render(w, r, http.StatusConflict, "rota", made, &made.page, web.Printer(r).T("oncall.rota.title", "team", team.Name))
	}
	turns := make([]Turn, len(made.Turns))
	for i, one := range made.Turns {
		turns[i] = one.Turn
	}
	kept, err := h.store.PutRota(r.Context(), web.CallerOf(r), team.ID, turns, web.ClientAddr(r))
	var refused bool
	if made.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.render(w, r, http.StatusUnprocessableEntity, "rota", made, &made.page, web.Printer(r).T("oncall.rota.title", "team", team.Name))
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "oncall.done.rota", "n", strconv.Itoa(kept))
	return web.Redirect(w, r, teamPath(team.ID))
}

// Plan is who has which week, as the form sends it back: another plan is shown before it is kept.
func (p *rotaPage) Plan() string {
	var text []byte
	for _, turn := range p.Turns {
		text = strconv.AppendInt(text, turn.Starts.Unix(), 36)
		text = append(append(append(text, ':'), turn.Agent...), ' ')
	}
	return string(text)
}

// periodPage is one period, as stored or as typed.
type periodPage struct {
	page
	Form         web.Form
	Team         Team
	Period       Period
	Starts, Ends string // as fields write them
	Told         string // the day, "" for now
	Seen         string
	Other        bool
	Levels       levels
	Choices      []Member
}

func (h *Handler) newPeriod(w http.ResponseWriter, r *http.Request) error {
	team, err := h.managed(r)
	if err != nil {
		return err
	}
	now, asked := web.Now(r), web.Query(r)
	made := &periodPage{Team: team, Period: Period{Team: team.ID, Level: 1}, Starts: asked.Get("starts"), Ends: asked.Get("ends")}
	if level, err := strconv.Atoi(asked.Get("level")); err == nil {
		made.Period.Level = min(max(level, 1), MaxLevel)
	}
	if momentOf(made.Starts, now.Location()).IsZero() || momentOf(made.Ends, now.Location()).IsZero() {
		next := team.NextHandover(now)
		made.Starts, made.Ends = next.Format(fieldMoment), addDays(next, 7).Format(fieldMoment)
	}
	return h.renderPeriod(w, r, http.StatusOK, made)
}

func (h *Handler) renderPeriod(w http.ResponseWriter, r *http.Request, status int, made *periodPage) error {
	p := web.Printer(r)
	made.Levels = levelsIn(p)
	for _, member := range made.Team.Members {
		if member.Active || member.Agent == made.Period.Agent {
			made.Choices = append(made.Choices, member)
		}
	}
	made.Tab = "team"
	title := p.T("oncall.period.new")
	if made.Period.ID != "" {
		title = p.T("oncall.period.of", "name", made.Period.Name)
	}
	return h.render(w, r, status, "period", made, &made.page, title)
}

// known is the period of the address and its team, which the caller must plan.
func (h *Handler) known(r *http.Request) (Period, Team, error) {
	period, err := h.store.Period(r.Context(), web.CallerOf(r), PeriodID(web.Var(r, "id")))
	if err != nil {
		return Period{}, Team{}, err
	}
	team, err := h.store.Team(r.Context(), web.CallerOf(r), period.Team)
	if err == nil && !team.Manages(web.CallerOf(r)) {
		err = portal.ErrNotFound
	}
	return period, team, err
}

func (h *Handler) period(w http.ResponseWriter, r *http.Request) error {
	period, team, err := h.known(r)
	if err != nil {
		return err
	}
	zone := web.Now(r).Location()
	return h.renderPeriod(w, r, http.StatusOK, &periodPage{
		Team: team, Period: period, Seen: strconv.FormatInt(period.Modified.UnixMilli(), 10),
		Told: period.Told.In(zone).Format(time.DateOnly), Starts: period.Starts.In(zone).Format(fieldMoment), Ends: period.Ends.In(zone).Format(fieldMoment),
	})
}

// typedPeriod is what the form of a period holds.
func typedPeriod(r *http.Request) (made *periodPage, err error) {
	if err := web.ParseForm(r); err != nil {
		return nil, err
	}
	post, zone := r.PostForm, web.Now(r).Location()
	made = &periodPage{Starts: post.Get("starts"), Ends: post.Get("ends"), Seen: post.Get("seen"), Told: post.Get("told")}
	level, _ := strconv.Atoi(post.Get("level")) // 0 is refused by the store
	ms, _ := strconv.ParseInt(made.Seen, 10, 64)
	made.Period = Period{
		Level: level, Agent: portal.AgentID(post.Get("agent")), Modified: time.UnixMilli(ms).UTC(),
		Starts: momentOf(made.Starts, zone).UTC(), Ends: momentOf(made.Ends, zone).UTC(),
	}
	return made, nil
}

func (h *Handler) assign(w http.ResponseWriter, r *http.Request) error {
	made, err := typedPeriod(r)
	if err != nil {
		return err
	}
	if made.Team, err = h.managed(r); err != nil {
		return err
	}
	made.Period.Team = made.Team.ID
	made.Period.Told = dayOr(made.Told, web.Now(r), time.Time{})
	made.Period.Modified = time.Time{}
	_, err = h.store.Assign(r.Context(), web.CallerOf(r), made.Period, web.ClientAddr(r))
	return h.afterPeriod(w, r, made, err, "oncall.done.period")
}

// afterPeriod shows a form again that was refused, or the planning.
func (h *Handler) afterPeriod(w http.ResponseWriter, r *http.Request, made *periodPage, err error, done string) error {
	var refused bool
	if made.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderPeriod(w, r, http.StatusUnprocessableEntity, made)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, done)
	return web.Redirect(w, r, teamPath(made.Team.ID))
}

func (h *Handler) changePeriod(w http.ResponseWriter, r *http.Request) error {
	made, err := typedPeriod(r)
	if err != nil {
		return err
	}
	was, team, err := h.known(r)
	if err != nil {
		return err
	}
	made.Team, made.Period.ID, made.Period.Team, made.Period.Name = team, was.ID, was.Team, was.Name
	if made.Told != was.Told.In(web.Now(r).Location()).Format(time.DateOnly) { // untouched, it is as it was or now
		made.Period.Told = dayOr(made.Told, web.Now(r), time.Time{})
	}
	err = h.store.Change(r.Context(), web.CallerOf(r), made.Period, web.ClientAddr(r))
	var other PeriodChanged
	if errors.As(err, &other) {
		made.Other, made.Seen = true, strconv.FormatInt(other.Now.Modified.UnixMilli(), 10)
		return h.renderPeriod(w, r, http.StatusConflict, made)
	}
	return h.afterPeriod(w, r, made, err, "oncall.done.period")
}

func (h *Handler) removePeriod(w http.ResponseWriter, r *http.Request) error {
	was, err := h.store.Remove(r.Context(), web.CallerOf(r), PeriodID(web.Var(r, "id")), web.ClientAddr(r))
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "oncall.done.removed")
	return web.Redirect(w, r, teamPath(was.Team))
}

// offerPage is what an agent offers of a duty of hers.
type offerPage struct {
	page
	Form         web.Form
	Team         Team
	Period       shown
	Starts, Ends string
	Taker        portal.AgentID
	Message      string
	Choices      []Member
}

// own is the period of the address, which must be the caller's, and its team.
func (h *Handler) own(r *http.Request) (*offerPage, error) {
	caller := web.CallerOf(r)
	period, err := h.store.Period(r.Context(), caller, PeriodID(web.Var(r, "id")))
	if err == nil && (period.Agent != caller.Agent || caller.Agent == "") {
		err = portal.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	team, err := h.store.Team(r.Context(), caller, period.Team)
	if err != nil {
		return nil, err
	}
	made := &offerPage{Team: team, Period: shownOf(r, []Team{team}, []Period{period})[0]}
	made.Choices = slices.DeleteFunc(slices.Clone(team.Members), func(m Member) bool { return !m.Active || m.Agent == caller.Agent })
	return made, nil
}

func (h *Handler) offerForm(w http.ResponseWriter, r *http.Request) error {
	made, err := h.own(r)
	if err != nil {
		return err
	}
	now := web.Now(r)
	from := made.Period.Starts.In(now.Location())
	if !from.After(now) { // what is left of it, from the next hour on
		from = onTheHour(now, 1)
	}
	made.Starts, made.Ends = from.Format(fieldMoment), made.Period.Ends.In(now.Location()).Format(fieldMoment)
	return h.renderOffer(w, r, http.StatusOK, made)
}

func (h *Handler) renderOffer(w http.ResponseWriter, r *http.Request, status int, made *offerPage) error {
	made.Tab = "mine"
	return h.render(w, r, status, "offer", made, &made.page, web.Printer(r).T("oncall.offer.title"))
}

func (h *Handler) offer(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	made, err := h.own(r)
	if err != nil {
		return err
	}
	post, zone := r.PostForm, web.Now(r).Location()
	made.Starts, made.Ends, made.Taker, made.Message = post.Get("starts"), post.Get("ends"), portal.AgentID(post.Get("taker")), post.Get("message")
	_, err = h.store.Offer(r.Context(), web.CallerOf(r), made.Period.ID, made.Taker, momentOf(made.Starts, zone).UTC(), momentOf(made.Ends, zone).UTC(), made.Message)
	var refused bool
	if made.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderOffer(w, r, http.StatusUnprocessableEntity, made)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "oncall.done.offered")
	return web.Redirect(w, r, "/oncall/mine")
}

func (h *Handler) withdraw(w http.ResponseWriter, r *http.Request) error {
	_, err := h.store.Withdraw(r.Context(), web.CallerOf(r), web.Var(r, "id"))
	return afterSwap(w, r, "/oncall/mine", err, "oncall.done.withdrawn")
}

// answer says yes or no to what a colleague asks to take over, where there is no list of what waits.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	accepts := r.PostForm.Get("answer") == "yes"
	if !accepts && r.PostForm.Get("answer") != "no" {
		return portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.invalid"}
	}
	done := "oncall.done.refused"
	if accepts {
		done = "oncall.done.accepted"
	}
	_, err := h.store.Answer(r.Context(), web.CallerOf(r), web.Var(r, "id"), accepts, web.ClientAddr(r))
	return afterSwap(w, r, "/oncall/mine", err, done)
}

func (h *Handler) undoSwap(w http.ResponseWriter, r *http.Request) error {
	was, err := h.store.Undo(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	return afterSwap(w, r, teamPath(was.Team)+"#swaps", err, "oncall.done.undone")
}

func (h *Handler) redoSwap(w http.ResponseWriter, r *http.Request) error {
	was, err := h.store.Redo(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	return afterSwap(w, r, teamPath(was.Team)+"#swaps", err, "oncall.done.redone")
}

// afterSwap tells what was done, or that somebody was first.
func afterSwap(w http.ResponseWriter, r *http.Request, back string, err error, done string) error {
	if err == nil {
		web.SetFlash(w, r, done)
	} else if !errors.Is(err, portal.ErrConflict) || !web.FlashRefusal(w, r, err) {
		return err
	}
	return web.Redirect(w, r, back)
}
