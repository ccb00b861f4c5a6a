package oncall

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// statementPage is a month.
type statementPage struct {
	page
	Statement
	Agents         []shownStatement
	Name           string // "novembre 2026"
	Previous, Next string
	Month          string // "2026-11"
	Open           bool   // all lines are shown, as on paper
	Total          int64
	Everyone       bool // the reader sees others than herself
}

// shownStatement is the month of an agent as a page writes it.
type shownStatement struct {
	AgentStatement
	Lines    []shownLine
	CallOuts []shownCallOut
}

// shownLine is a line as a page writes it.
type shownLine struct {
	Line
	Span string
	Rate string // "159,20 €", "50 % de 159,20 €"
	From time.Time
}

// shownCallOut is an intervention as a page writes it.
type shownCallOut struct {
	Intervention
	Span    string
	Forgets bool // the reader may take it out
}

// monthOf is the month of an address, "2026-11": this one for what is none.
func monthOf(text string, now time.Time) time.Time {
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, now.Location())
	return dayOr(text+"-01", now, first)
}

func (h *Handler) statement(w http.ResponseWriter, r *http.Request) error {
	caller, p, now := web.CallerOf(r), web.Printer(r), web.Now(r)
	asked := web.Query(r)
	found, err := h.store.Statement(r.Context(), caller, monthOf(asked.Get("month"), now))
	if err != nil {
		return err
	}
	made := &statementPage{Statement: found, Name: p.MonthYear(found.Month), Month: found.Month.Format("2006-01"), Open: asked.Has("open")}
	path := "/oncall/statement?month="
	made.Previous, made.Next = path+found.Month.AddDate(0, -1, 0).Format("2006-01"), path+found.Month.AddDate(0, 1, 0).Format("2006-01")
	for _, one := range found.Agents {
		made.Total += one.Total
		made.Everyone = made.Everyone || one.Agent != caller.Agent
		shown := shownStatement{AgentStatement: one, CallOuts: shownCallOuts(r, one.CallOuts, false)}
		for _, line := range one.Lines {
			shown.Lines = append(shown.Lines, lineOf(p, line, now))
		}
		made.Agents = append(made.Agents, shown)
	}
	made.Tab = "statement"
	return h.render(w, r, http.StatusOK, "statement", made, &made.page, p.T("oncall.statement.of", "month", made.Name))
}

func lineOf(p *i18n.Printer, line Line, now time.Time) shownLine {
	one := shownLine{Line: line, Span: clocksIn(p, line, now), From: dayOr(line.Rate.From, now, time.Time{})}
	switch {
	case line.Rate.Amount == 0:
	case line.Unit == Late:
		one.Rate = p.T("oncall.percent-of", "percent", line.Rate.Amount, "amount", p.Money(line.Of))
	default:
		one.Rate = p.Money(line.Rate.Amount)
	}
	return one
}

// clocksIn tells when a line was, by the clocks of the collectivity.
func clocksIn(p *i18n.Printer, line Line, now time.Time) string {
	local := func(t time.Time) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, now.Location())
	}
	return spanIn(p, local(line.Starts), local(line.Ends), now)
}

func shownCallOuts(r *http.Request, calls []Intervention, own bool) (all []shownCallOut) {
	for _, one := range calls {
		all = append(all, shownCallOut{one, spanIn(web.Printer(r), one.Starts, one.Ends, web.Now(r)), own})
	}
	return all
}

// centsText writes cents as a spreadsheet of this country reads them, "159,20".
func centsText(cents int64) string { return fmt.Sprintf("%d,%02d", cents/100, cents%100) }

// export answers with a month as a table.
func (h *Handler) export(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	caller, p, now := web.CallerOf(r), web.Printer(r), web.Now(r)
	month := monthOf(r.PostForm.Get("month"), now)
	found, err := h.store.Statement(r.Context(), caller, month)
	if err != nil {
		return err
	}
	if err := h.store.NoteExport(r.Context(), caller, month, web.ClientAddr(r)); err != nil {
		return err
	}
	sheet := web.NewSpreadsheet(w, "astreintes-"+string(caller.Collectivity)+"-"+month.Format("2006-01")+".csv")
	head := func(keys ...string) {
		for i, key := range keys {
			keys[i] = p.T("oncall." + key)
		}
		sheet.Row(keys...)
	}
	head("agent", "team", "kind", "level-short", "starts", "ends", "counted", "rate", "amount", "source", "to-check")
	const moment = "2006-01-02 15:04"
	for _, agent := range found.Agents {
		for _, line := range agent.Lines {
			check := checksOf(p, agent, line)
			rate := centsText(line.Rate.Amount)
			if line.Unit == Late {
				rate = strconv.FormatInt(line.Rate.Amount, 10) + " %"
			}
			sheet.Row(agent.Name, line.TeamName, p.T("oncall.kind."+string(line.Kind)), strconv.Itoa(line.Level), line.Starts.Format(moment), line.Ends.Format(moment),
				p.T("oncall.unit."+string(line.Unit)), rate, centsText(line.Amount), line.Rate.Source, check)
		}
		for _, call := range agent.CallOuts {
			how := p.T("oncall.call-out.by-phone")
			if call.Moved {
				how = p.T("oncall.call-out.moved")
			}
			sheet.Row(agent.Name, call.TeamName, p.T("oncall.call-out"), "", call.Starts.In(now.Location()).Format(moment), call.Ends.In(now.Location()).Format(moment), how, "", "", call.What, "")
		}
	}
	return sheet.Flush()
}

// checksOf is what is to be looked at before a line is paid, "" for nothing.
func checksOf(p *i18n.Printer, agent AgentStatement, line Line) string {
	var all []string
	switch {
	case line.Note != "":
		all = append(all, p.T(line.Note))
	case !line.Rate.Checked:
		all = append(all, p.T("oncall.unchecked"))
	}
	if agent.Twice {
		all = append(all, p.T("oncall.statement.twice"))
	}
	if agent.Left {
		all = append(all, p.T("oncall.statement.left"))
	}
	return strings.Join(all, " ")
}

// ratesPage is what duties are worth.
type ratesPage struct {
	page
	Form   web.Form
	Groups []rateGroup
	Kinds  []Kind
	Units  []Unit
	Rate   Rate // as typed
	Amount string
}

// rateGroup is the rates of a kind, the last first.
type rateGroup struct {
	Kind  Kind
	Rates []shownRate
}

// shownRate is a rate as a page writes it.
type shownRate struct {
	Rate
	Text        string
	Begins, End time.Time
	InForce     bool
}

func (h *Handler) rates(w http.ResponseWriter, r *http.Request) error {
	return h.renderRates(w, r, http.StatusOK, &ratesPage{Rate: Rate{From: web.Now(r).Format(time.DateOnly)}})
}

func (h *Handler) renderRates(w http.ResponseWriter, r *http.Request, status int, made *ratesPage) error {
	p, now := web.Printer(r), web.Now(r)
	all, err := h.store.Rates(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	for _, kind := range Kinds {
		group := rateGroup{Kind: kind}
		for _, unit := range Units {
			force, known := all.On(kind, unit, now.Format(time.DateOnly))
			for _, rate := range all {
				if rate.Kind != kind || rate.Unit != unit {
					continue
				}
				one := shownRate{Rate: rate, Text: p.Money(rate.Amount), Begins: dayOr(rate.From, now, time.Time{}), InForce: known && rate == force}
				switch unit {
				case Late:
					one.Text = p.T("oncall.percent", "n", rate.Amount)
				case NoticeDays:
					one.Text = p.N("oncall.n-days", int(rate.Amount))
				}
				one.End = dayOr(rate.Until, now, time.Time{})
				group.Rates = append(group.Rates, one)
			}
		}
		made.Groups = append(made.Groups, group)
	}
	made.Kinds, made.Units, made.Tab = Kinds, Units, "rates"
	return h.render(w, r, status, "rates", made, &made.page, p.T("oncall.rates"))
}

func (h *Handler) addRate(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	post := r.PostForm
	made := &ratesPage{Amount: post.Get("amount")}
	made.Rate = Rate{
		Kind: Kind(post.Get("kind")), Unit: Unit(post.Get("unit")), Amount: amountOf(made.Amount, Unit(post.Get("unit"))),
		From: post.Get("from"), Until: post.Get("until"), Source: post.Get("source"),
	}
	err := h.store.AddRate(r.Context(), web.CallerOf(r), made.Rate, web.ClientAddr(r))
	var refused bool
	if made.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderRates(w, r, http.StatusUnprocessableEntity, made)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "oncall.done.rate")
	return web.Redirect(w, r, "/oncall/rates")
}

// amountOf reads what somebody typed: "159,20", "159.2 €" or "1 240" are cents for money, whole for percents
// and days; -1 for what is none.
func amountOf(text string, unit Unit) int64 {
	text = strings.Map(func(c rune) rune {
		if c == ' ' || c == '\u00a0' || c == '\u202f' || c == '€' || c == '%' {
			return -1
		}
		return c
	}, text)
	whole, part, _ := strings.Cut(strings.Replace(text, ",", ".", 1), ".")
	units, err := strconv.ParseUint(whole, 10, 31)
	if err != nil || len(part) > 2 || part != "" && !unit.Cents() {
		return -1
	}
	if !unit.Cents() {
		return int64(units)
	}
	cents, err := strconv.ParseUint((part + "00")[:2], 10, 8)
	if err != nil {
		return -1
	}
	return int64(units)*100 + int64(cents)
}

// callOutPage is an intervention as typed.
type callOutPage struct {
	page
	Form         web.Form
	Teams        []Team // she takes turns in, or plans
	Team         TeamID
	Agent        portal.AgentID
	Choices      []Member // whose it may be
	Starts, Ends string
	What         string
	Moved        bool
}

// Moment is one of the page's two.
func (p *callOutPage) Moment(field string) moment {
	return momentField(p.Form, field, p.Starts, p.Ends)
}

func (h *Handler) newCallOut(w http.ResponseWriter, r *http.Request) error {
	now := web.Now(r)
	made := &callOutPage{Agent: web.CallerOf(r).Agent, Moved: true, Starts: onTheHour(now, 0).Format(fieldMoment), Ends: now.Format(fieldMoment)}
	calls, err := h.store.Now(r.Context(), web.CallerOf(r), now)
	if err != nil {
		return err
	}
	if at := slices.IndexFunc(calls, func(c OnCall) bool { return c.Agent == made.Agent }); at >= 0 {
		made.Team = calls[at].Team
	}
	return h.renderCallOut(w, r, http.StatusOK, made)
}

func (h *Handler) renderCallOut(w http.ResponseWriter, r *http.Request, status int, made *callOutPage) error {
	caller := web.CallerOf(r)
	teams, err := h.store.Teams(r.Context(), caller, false)
	if err != nil {
		return err
	}
	for _, team := range teams {
		if !team.Includes(caller.Agent) && !team.Manages(caller) {
			continue
		}
		made.Teams = append(made.Teams, team)
		for _, member := range team.Members {
			mine := member.Agent == caller.Agent
			if (mine || team.Manages(caller)) && !slices.ContainsFunc(made.Choices, func(m Member) bool { return m.Agent == member.Agent }) {
				made.Choices = append(made.Choices, member)
			}
		}
	}
	made.Tab = "mine"
	return h.render(w, r, status, "call-out", made, &made.page, web.Printer(r).T("oncall.call-out.new"))
}

func (h *Handler) record(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	post, zone := r.PostForm, web.Now(r).Location()
	made := &callOutPage{
		Team: TeamID(post.Get("team")), Agent: portal.AgentID(post.Get("agent")), Starts: post.Get("starts"), Ends: post.Get("ends"),
		What: post.Get("what"), Moved: post.Get("how") == "moved",
	}
	err := h.store.Record(r.Context(), web.CallerOf(r), Intervention{
		Team: made.Team, Agent: made.Agent, Starts: momentOf(made.Starts, zone).UTC(), Ends: momentOf(made.Ends, zone).UTC(), What: made.What, Moved: made.Moved,
	}, web.ClientAddr(r))
	var refused bool
	if made.Form, refused = web.FormErrors(r, err); err != nil && refused {
		return h.renderCallOut(w, r, http.StatusUnprocessableEntity, made)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "oncall.done.call-out")
	return web.Redirect(w, r, "/oncall/mine#call-outs")
}

func (h *Handler) forget(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.Forget(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "oncall.done.forgotten")
	return web.Redirect(w, r, "/oncall/mine#call-outs")
}
