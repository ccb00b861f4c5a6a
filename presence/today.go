package presence

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/themes"
)

// todayPage tells who is there.
type todayPage struct {
	web.Page
	Text  string
	Unit  portal.UnitID
	State string // "", or only those who are "away" or at "telework"
	Units []Unit
	Found Found
	Lines []line
	Links themes.Pages
}

// line is what is known of one person at this hour.
type line struct {
	Person
	Hidden bool      // the reader may not know
	Away   time.Time // the last day of her absence; zero: she is not away
	Busy   time.Time // until when she is taken; zero: she is not
	Place  Place     // now
	Later  Place     // in the afternoon, seen in the morning, where it is another; 0
}

// lineAt is a line with the hour at which it is told.
type lineAt struct {
	line
	Now time.Time
}

// Line is a line at the hour of the page.
func (p *todayPage) Line(one line) lineAt { return lineAt{one, p.Now} }

// States are the lists beside that of all.
func (todayPage) States() []string { return []string{"away", "telework", "elsewhere"} }

func (h *Handler) today(w http.ResponseWriter, r *http.Request) error {
	ctx, caller, asked := r.Context(), web.CallerOf(r), web.Query(r)
	page := &todayPage{Text: strings.TrimSpace(asked.Get("q")), Unit: portal.UnitID(asked.Get("unit")), State: asked.Get("state")}
	var err error
	if page.Units, err = h.staff.Units(ctx, caller); err != nil {
		return err
	}
	if !slices.Contains(page.States(), page.State) {
		page.State = ""
	}
	if page.State == "" {
		page.Found, err = h.staff.Find(ctx, caller, page.Text, page.Unit, web.PageNumber(r))
	} else {
		page.Found, err = h.only(r, page)
	}
	if err == nil {
		page.Lines, err = h.lines(r, page.Found.People)
	}
	if err != nil {
		return err
	}
	printer := web.Printer(r)
	page.Links = web.PageLinks(r, printer.T("presence.pages"), page.Found.Page, page.Found.Pages)
	page.Title, page.Section = printer.T("presence.today"), "directory"
	return h.renderer.Render(w, r, http.StatusOK, "presence/today", page)
}

// staffPage is how many people a page of a list that is narrowed by state shows.
const staffPage = 50

// only finds those who are in the state that a page asks for, whatever was typed beside it.
func (h *Handler) only(r *http.Request, page *todayPage) (Found, error) {
	ctx, caller := r.Context(), web.CallerOf(r)
	roll, err := h.staff.Roll(ctx, caller, page.Unit)
	if err != nil {
		return Found{}, err
	}
	away, err := h.staff.Away(ctx, caller, roll, midnight(r))
	if err != nil {
		return Found{}, err
	}
	said, err := h.store.On(ctx, caller.Collectivity, roll, midnight(r), midnight(r))
	if err != nil {
		return Found{}, err
	}
	ids := slices.DeleteFunc(roll, func(agent portal.AgentID) bool {
		_, isAway := away[agent]
		if page.State == "away" || isAway {
			return page.State != "away" || !isAway
		}
		return len(said[agent]) == 0 || said[agent][0].Halves.At(web.Now(r)).Name() != page.State
	})
	found := Found{Total: len(ids), Pages: (len(ids) + staffPage - 1) / staffPage}
	found.Page = max(1, min(web.PageNumber(r), found.Pages))
	first := (found.Page - 1) * staffPage
	found.People, err = h.staff.Named(ctx, caller, ids[min(first, len(ids)):min(first+staffPage, len(ids))])
	return found, err
}

// lines tells of each person what the reader may know.
func (h *Handler) lines(r *http.Request, people []Person) ([]line, error) {
	ctx, caller, now := r.Context(), web.CallerOf(r), web.Now(r)
	ids := make([]portal.AgentID, len(people))
	for i, one := range people {
		ids[i] = one.ID
	}
	seen, err := h.staff.Seen(ctx, caller, ids)
	if err != nil {
		return nil, err
	}
	shown := slices.DeleteFunc(slices.Clone(ids), func(agent portal.AgentID) bool { return !seen[agent] })
	away, err := h.staff.Away(ctx, caller, shown, midnight(r))
	if err != nil {
		return nil, err
	}
	busy, err := h.staff.Busy(ctx, caller, shown, now)
	if err != nil {
		return nil, err
	}
	said, err := h.store.On(ctx, caller.Collectivity, shown, midnight(r), midnight(r))
	if err != nil {
		return nil, err
	}
	lines := make([]line, len(people))
	for i, one := range people {
		lines[i] = line{Person: one, Hidden: !seen[one.ID], Away: away[one.ID], Busy: busy[one.ID], Place: Here}
		if days := said[one.ID]; len(days) > 0 {
			lines[i].Place = days[0].Halves.At(now)
			if now.Hour() < noon && !days[0].Halves.Both() {
				lines[i].Later = days[0].Halves.Afternoon()
			}
		}
	}
	return lines, nil
}
