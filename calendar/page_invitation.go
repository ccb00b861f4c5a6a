package calendar

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// invitationPage is where somebody without an agenda here answers.
type invitationPage struct {
	web.Page
	Invitation
	When string
}

// tally counts the answers, "" when nobody is invited. What is booked is no answer.
func (i Invited) tally(p *i18n.Printer) string {
	counts, said := map[string]int{}, []string{}
	for _, one := range i.People() {
		counts[one.Answer]++
	}
	for _, answer := range []string{Accepted, Tentative, Declined, "DELEGATED", NeedsAction} {
		if n := counts[answer]; n > 0 {
			said = append(said, p.N("calendar.tally."+answer, n))
		}
	}
	return strings.Join(said, ", ")
}

// invitation shows what the holder of a link is asked.
func (h *Handler) invitation(w http.ResponseWriter, r *http.Request) error {
	invitation, err := h.store.Invitation(r.Context(), web.Var(r, "secret"))
	if err != nil {
		return gone(err)
	}
	p := web.Printer(r)
	page := &invitationPage{Invitation: invitation, When: invitation.Event.whenWords(p, invitation.Zone)}
	page.Title = invitation.Event.Title
	if page.Title == "" {
		page.Title = p.T("calendar.untitled")
	}
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is the secret
	w.Header().Set("X-Robots-Tag", "noindex")
	return h.renderer.Render(w, r, http.StatusOK, "calendar/invitation", page)
}

// gone says what became of a link that asks nothing.
func gone(err error) error {
	if errors.Is(err, portal.ErrNotFound) {
		return portal.UserError{Kind: portal.ErrNotFound, Key: "calendar.error.invitation-gone"}
	}
	return err
}

func (h *Handler) answerInvitation(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	if err := h.store.AnswerInvitation(r.Context(), web.Var(r, "secret"), answerTyped(r)); err != nil {
		return gone(err)
	}
	return web.Redirect(w, r, "/invitations/"+web.Var(r, "secret"))
}

// answerTyped is the button that was pressed.
func answerTyped(r *http.Request) string { return strings.ToUpper(r.PostForm.Get("answer")) }

// answer answers an invitation that lies in a calendar of the caller.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	id, back := web.Var(r, "id"), "/calendar/events/"+web.Var(r, "id")
	var at time.Time
	if named := r.PostForm.Get("at"); named != "" {
		var err error
		if at, err = time.Parse(occurrenceForm, named); err != nil {
			return portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.invalid"}
		}
		back += "?at=" + named
	}
	if err := h.store.AnswerEvent(r.Context(), web.CallerOf(r), EventID(id), at, answerTyped(r)); err != nil {
		return err
	}
	web.SetFlash(w, r, "calendar.done.answered")
	return web.Redirect(w, r, back)
}
