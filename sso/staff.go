package sso

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// staffPage says who must have a second factor, and who has one.
type staffPage struct {
	web.Page
	Form   web.Form
	Policy Policy
	Day    string // first day, "2026-11-24"
	Whos   []Who
	Groups []portal.Group
	Rows   []staffRow
	Pages  themes.Pages
	Shown  string // "missing" or ""
	Must   int    // how many must, whatever the date
	Ready  int    // how many of those have one
	Waits  bool   // the rule binds from a later day
}

// Chosen says whether a group is one of those who must.
func (p *staffPage) Chosen(group portal.GroupID) bool { return slices.Contains(p.Policy.Groups, group) }

type staffRow struct {
	Member
	Must, Ready bool
	Ours        bool // her login is of this collectivity, which may reset her
}

const staffSize = 50

func (s *Service) showStaff(w http.ResponseWriter, r *http.Request) error {
	policy, err := s.Policies.Of(r.Context(), web.CallerOf(r).Collectivity)
	if err != nil {
		return err
	}
	return s.renderStaff(w, r, http.StatusOK, policy, web.Form{})
}

func (s *Service) renderStaff(w http.ResponseWriter, r *http.Request, status int, policy Policy, form web.Form) (err error) {
	caller := web.CallerOf(r)
	page := &staffPage{Form: form, Policy: policy, Whos: Whos, Waits: s.now().Before(policy.From)}
	if r.URL.Query().Get("show") == "missing" {
		page.Shown = "missing"
	}
	if !policy.From.IsZero() {
		page.Day = policy.From.In(web.Now(r).Location()).Format(time.DateOnly)
	}
	if page.Groups, err = s.people.Groups(r.Context(), caller); err != nil {
		return err
	}
	rows, err := s.staff(r.Context(), caller, policy)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Must {
			page.Must++
			if row.Ready {
				page.Ready++
			}
		}
	}
	if page.Shown != "" {
		rows = slices.DeleteFunc(rows, func(row staffRow) bool { return !row.Must || row.Ready })
	}
	last := max(1, (len(rows)+staffSize-1)/staffSize)
	number := min(web.PageNumber(r), last)
	page.Rows = rows[(number-1)*staffSize : min(len(rows), number*staffSize)]
	for i := range page.Rows {
		if page.Rows[i].Ours, err = s.vouchedHere(r.Context(), caller, page.Rows[i].Member); err != nil {
			return err
		}
	}
	page.Pages = web.PageLinks(r, web.Printer(r).T("sso.staff.pages"), number, last)
	page.Title, page.Section = web.Printer(r).T("sso.staff"), "admin"
	return s.render(w, r, status, "sso/staff", page)
}

// staff lists the agents of the caller's collectivity and what they have.
func (s *Service) staff(ctx context.Context, caller portal.Caller, policy Policy) ([]staffRow, error) {
	members, err := s.people.Staff(ctx, caller)
	if err != nil {
		return nil, err
	}
	accounts := make([]portal.AccountID, len(members))
	for i, member := range members {
		accounts[i] = member.Account
	}
	ready, err := s.Factors.ready(ctx, accounts)
	if err != nil {
		return nil, err
	}
	rows := make([]staffRow, len(members))
	for i, member := range members {
		she := portal.Caller{Collectivity: caller.Collectivity, Agent: member.Agent, Groups: member.Groups, Rights: member.Rights, Narrowed: member.Narrowed}
		rows[i] = staffRow{Member: member, Must: policy.Names(she), Ready: ready[member.Account]}
	}
	return rows, nil
}

// vouchedHere says whether a member's login is of the caller's collectivity. Her
// factors are her account's: who vouches for her password may forget them, and
// another collectivity that she is an agent of may not.
func (s *Service) vouchedHere(ctx context.Context, caller portal.Caller, member Member) (bool, error) {
	place, err := s.people.Locate(ctx, member.Login)
	return place.Collectivity.ID == caller.Collectivity, err
}

func (s *Service) savePolicy(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	caller := web.CallerOf(r)
	policy := Policy{Who: Who(r.PostFormValue("who")), Alone: r.PostFormValue("alone") != "", Issuer: r.PostFormValue("issuer") != ""}
	groups, err := s.people.Groups(r.Context(), caller)
	if err != nil {
		return err
	}
	for _, group := range groups {
		if slices.Contains(r.PostForm["groups"], string(group.ID)) {
			policy.Groups = append(policy.Groups, group.ID)
		}
	}
	slices.Sort(policy.Groups)
	if day := r.PostFormValue("from"); day != "" {
		if policy.From, err = time.ParseInLocation(time.DateOnly, day, web.Now(r).Location()); err != nil {
			err = portal.FieldErrors{portal.Invalid("from", "sso.error.from")}
		}
	}
	if err == nil {
		err = s.Policies.Set(r.Context(), caller, policy, web.ClientAddr(r))
	}
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return s.renderStaff(w, r, http.StatusUnprocessableEntity, policy, form)
	}
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "sso.staff.saved")
	return web.Redirect(w, r, "/admin/sign-in/factors")
}

// errElsewhere is for a member whose login is of another collectivity.
var errElsewhere = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.elsewhere"}

func (s *Service) resetFactors(w http.ResponseWriter, r *http.Request) error {
	caller := web.CallerOf(r)
	member, err := s.ourMember(r)
	if err != nil {
		return err
	}
	if err := s.Factors.reset(r.Context(), caller, member, web.ClientAddr(r)); err != nil {
		return err
	}
	s.Participants.Wake()
	web.SetFlash(w, r, "sso.staff.reset-done", "name", member.Name)
	return web.Redirect(w, r, "/admin/sign-in/factors")
}

// ourMember is the agent that the address of a request names, whose login is of
// the caller's collectivity. Who also operates the pool is the pool's own: an
// administrator who could undo her factors would be half-way to all the others.
func (s *Service) ourMember(r *http.Request) (Member, error) {
	caller := web.CallerOf(r)
	members, err := s.people.Staff(r.Context(), caller)
	if err != nil {
		return Member{}, err
	}
	i := slices.IndexFunc(members, func(m Member) bool { return string(m.Agent) == web.Var(r, "id") })
	if i < 0 {
		return Member{}, portal.ErrNotFound
	}
	ours, err := s.vouchedHere(r.Context(), caller, members[i])
	if err != nil {
		return Member{}, err
	}
	identity, err := s.people.Identity(r.Context(), members[i].Account, caller.Collectivity)
	if err == nil && (!ours || identity.Caller.Can(portal.OperatePool)) {
		err = errElsewhere
	}
	return members[i], err
}

// sentPage shows a link that no mail carries, the only time that it can be read.
type sentPage struct {
	web.Page
	Name, Link string
}

// sendReset gives an agent of the collectivity a link to a new password.
func (s *Service) sendReset(w http.ResponseWriter, r *http.Request) error {
	member, err := s.ourMember(r)
	if err != nil {
		return err
	}
	link, err := s.Resets.send(r.Context(), web.CallerOf(r), member, web.ClientAddr(r))
	if errors.Is(err, portal.ErrInvalid) {
		err = portal.UserError{Kind: portal.ErrInvalid, Key: "sso.error.no-reach"}
	}
	if err != nil {
		return err
	}
	if link == "" {
		web.SetFlash(w, r, "sso.sent.done", "name", member.Name)
		return web.Redirect(w, r, "/admin/agents")
	}
	page := &sentPage{Name: member.Name, Link: link}
	page.Title, page.Section = web.Printer(r).T("sso.sent"), "admin"
	return s.render(w, r, http.StatusCreated, "sso/sent", page)
}
