package directory

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// ruleRoutes are the pages where an administrator says who is in a group by a rule.
func (h *Handler) ruleRoutes() []web.Route {
	admin := web.Needs(portal.ManageAgents)
	return []web.Route{
		{Method: "GET", Path: "/admin/groups/{id}/rule", Access: admin, Handler: h.showRule},
		{Method: "POST", Path: "/admin/groups/{id}/rule", Access: admin, Handler: h.takeRule},
		{Method: "POST", Path: "/admin/groups/{id}/by-hand", Access: admin, Handler: h.fillByHand},
	}
}

// rulePage is a rule to write, and what it would do.
type rulePage struct {
	web.Page
	Form    web.Form
	Group   GroupRule // as it is
	Any     bool
	Rows    []ruleRow
	Fields  []RuleField
	Units   []UnitNode
	Kinds   []AgentKind
	Preview *RulePreview // nil before it was asked for
	Words   string       // the rule of the preview in words
	Opens   []portal.Mention
}

// ruleRow is a condition as it is written.
type ruleRow struct {
	Condition
	At    string // its number, as the form names it
	Tests []RuleTest
	Fresh bool // just added
}

// Full says that no condition can be added.
func (p *rulePage) Full() bool { return len(p.Rows) >= maxConditions }

func (p *rulePage) set(rule Rule) {
	p.Any, p.Rows = rule.Any, nil
	for i, c := range rule.Conditions {
		p.Rows = append(p.Rows, ruleRow{Condition: c, At: strconv.Itoa(i), Tests: c.Field.Tests()})
	}
}

func (h *Handler) showRule(w http.ResponseWriter, r *http.Request) error {
	group, err := h.store.RuleOf(r.Context(), web.CallerOf(r), portal.GroupID(web.Var(r, "id")))
	if err != nil {
		return err
	}
	page := &rulePage{}
	if len(group.Rule.Conditions) == 0 {
		group.Rule.Conditions = []Condition{{Field: RuleUnit, Test: TestWithin}}
	}
	page.set(group.Rule)
	return h.renderRule(w, r, http.StatusOK, page)
}

func (h *Handler) renderRule(w http.ResponseWriter, r *http.Request, status int, page *rulePage) (err error) {
	caller, printer := web.CallerOf(r), web.Printer(r)
	if page.Group, err = h.store.RuleOf(r.Context(), caller, portal.GroupID(web.Var(r, "id"))); err != nil {
		return err
	}
	if page.Units, err = h.store.Units(r.Context(), caller); err != nil {
		return err
	}
	if page.Preview != nil {
		page.Words = ruleWords(printer, page.Units, page.Preview.New)
		members, err := h.store.Members(r.Context(), caller, page.Group.ID, 1)
		if err != nil {
			return err
		}
		page.Opens = slices.DeleteFunc(members.Mentions, func(m portal.Mention) bool { return m.Name == "" }) // rights have their own sentence
	}
	page.Fields, page.Kinds = RuleFields, AgentKinds
	page.Title, page.Section = printer.T("directory.rule.title", "name", page.Group.Name), "admin"
	return h.renderer.Render(w, r, status, "directory/rule", page)
}

// typedRule reads the conditions of the form, each of three fields of one name.
func typedRule(r *http.Request) Rule {
	rule := Rule{Any: r.PostFormValue("any") == "1"}
	fields, tests, values := r.PostForm["field"], r.PostForm["test"], r.PostForm["value"]
	for i := range min(len(fields), len(tests), len(values), maxConditions+1) {
		rule.Conditions = append(rule.Conditions, Condition{RuleField(fields[i]), RuleTest(tests[i]), strings.TrimSpace(values[i])})
	}
	return rule
}

// takeRule adds a condition or removes one, shows what the rule would do, or keeps
// it once that was shown.
func (h *Handler) takeRule(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	page, rule := &rulePage{}, typedRule(r)
	do, which, _ := strings.Cut(r.PostFormValue("do"), ":")
	switch do {
	case "add":
		if field := RuleField(which); slices.Contains(RuleFields, field) && len(rule.Conditions) < maxConditions {
			rule.Conditions = append(rule.Conditions, Condition{Field: field, Test: field.Tests()[0]})
			page.set(rule)
			page.Rows[len(page.Rows)-1].Fresh = true
		} else {
			page.set(rule)
		}
		return h.renderRule(w, r, http.StatusOK, page)
	case "remove":
		if at, err := strconv.Atoi(which); err == nil && at >= 0 && at < len(rule.Conditions) {
			rule.Conditions = slices.Delete(rule.Conditions, at, at+1)
		}
		page.set(rule)
		return h.renderRule(w, r, http.StatusOK, page)
	case "save":
		return h.saveRule(w, r, page, rule)
	}
	return h.previewRule(w, r, page, rule, nil)
}

// previewRule shows what a rule would do, and why it was not kept.
func (h *Handler) previewRule(w http.ResponseWriter, r *http.Request, page *rulePage, rule Rule, refusal error) error {
	page.set(rule)
	preview, err := h.store.PreviewRule(r.Context(), web.CallerOf(r), portal.GroupID(web.Var(r, "id")), rule)
	if err == nil {
		page.Preview, err = &preview, refusal
	}
	status := http.StatusOK
	if err != nil {
		var refused bool
		if page.Form, refused = web.FormErrors(r, err); !refused {
			return err
		}
		status = http.StatusUnprocessableEntity
		if errors.Is(err, portal.ErrConflict) {
			status = http.StatusConflict
		}
	}
	return h.renderRule(w, r, status, page)
}

func (h *Handler) saveRule(w http.ResponseWriter, r *http.Request, page *rulePage, rule Rule) error {
	caller, id := web.CallerOf(r), portal.GroupID(web.Var(r, "id"))
	units, err := h.store.Units(r.Context(), caller)
	if err != nil {
		return err
	}
	err = h.store.SetRule(r.Context(), caller, RuleChange{
		Group: id, Rule: rule, Seen: r.PostFormValue("seen"), Sure: r.PostFormValue("sure") == "1",
		Told: ruleWords(web.Printer(r), units, rule), Address: web.ClientAddr(r),
	})
	var refusal portal.UserError
	var refusals portal.FieldErrors
	if errors.As(err, &refusals) || errors.As(err, &refusal) && !errors.Is(err, portal.ErrNotFound) {
		return h.previewRule(w, r, page, rule, err)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.rule.saved")
	return web.Redirect(w, r, groupPath(id))
}

func (h *Handler) fillByHand(w http.ResponseWriter, r *http.Request) error {
	id := portal.GroupID(web.Var(r, "id"))
	group, err := h.store.FillByHand(r.Context(), web.CallerOf(r), id, web.ClientAddr(r))
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "directory.rule.by-hand.done", "name", group.Name)
	return web.Redirect(w, r, groupPath(id))
}

// ruleWords tells a rule in a sentence: "Service Voirie ou en dessous, et type
// Élu(e)."
func ruleWords(printer *i18n.Printer, units []UnitNode, rule Rule) string {
	words := make([]string, len(rule.Conditions))
	for i, c := range rule.Conditions {
		value := c.Value
		switch c.Field {
		case RuleUnit:
			if at := slices.IndexFunc(units, func(u UnitNode) bool { return string(u.ID) == c.Value }); at >= 0 {
				value = units[at].Name
			}
		case RuleKind:
			value = printer.T("directory.kind." + c.Value)
		}
		words[i] = printer.T("directory.rule.said."+string(c.Field)+"."+string(c.Test), "value", value)
	}
	key := "directory.rule.and"
	if rule.Any {
		key = "directory.rule.or"
	}
	text := strings.Join(words, printer.T(key))
	first := firstRune(text)
	return strings.ToUpper(first) + strings.TrimPrefix(text, first) + "."
}
