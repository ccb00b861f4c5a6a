package oncall

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/web"
)

// Link is a secret address under which duties are read without signing in.
type Link struct {
	ID    string
	Team  TeamID // "" for her own duties
	Label string
	Made  time.Time
	Seen  time.Time // when it was last read, to a few minutes; zero for never
}

// Bounds of links, and how exactly the last reading is known.
const (
	maxLinks  = 20
	maxLabel  = 100
	seenEvery = 5 * time.Minute
)

// Event is a duty as an agenda holds it.
type Event struct {
	UID           string
	Title, Detail string
	Starts, Ends  time.Time
	Changed       time.Time
}

// Calendars writes the files that agendas read.
type Calendars func(name string, events []Event) []byte

// Callers says who an account is in a collectivity now; portal.ErrNotFound when it is nobody's agent there
// any more, or the collectivity is closed.
type Callers interface {
	CallerFor(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (portal.Caller, error)
}

// Links lists the caller's links, the newest first.
func (s *Store) Links(ctx context.Context, caller portal.Caller) ([]Link, error) {
	rows, err := s.db.Query(ctx, `SELECT id, team, label, made, seen FROM duty_feeds WHERE collectivity = $1 AND agent = $2 ORDER BY made DESC, id`,
		string(caller.Collectivity), string(caller.Agent))
	links, err := database.Collect(rows, err, func(rows *sql.Rows) (l Link, err error) {
		var made, seen int64
		err = rows.Scan(&l.ID, &l.Team, &l.Label, &made, &seen)
		l.Made, l.Seen = database.FromMillis(made), database.FromMillis(seen)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("oncall: list links: %w", err)
	}
	return links, nil
}

// MakeLink makes a link to the caller's own duties or to those of a team, and returns its secret, which is
// told this once.
func (s *Store) MakeLink(ctx context.Context, caller portal.Caller, made Link) (secret string, err error) {
	made.Label = strings.TrimSpace(made.Label)
	var wrong portal.Check
	wrong.Text("label", made.Label, true, maxLabel)
	if err := wrong.OrNil(); err != nil {
		return "", fmt.Errorf("oncall: make a link: %w", err)
	}
	if caller.Agent == "" {
		return "", fmt.Errorf("oncall: make a link: %w", portal.ErrNotFound)
	}
	secret = portal.NewSecret()
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if made.Team != "" {
			if _, err := s.team(ctx, tx, caller.Collectivity, made.Team); err != nil {
				return err
			}
		}
		var many int
		err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM duty_feeds WHERE collectivity = $1 AND agent = $2`, string(caller.Collectivity), string(caller.Agent)).Scan(&many)
		if err != nil {
			return err
		}
		if many >= maxLinks {
			return portal.FieldErrors{portal.Invalid("label", "oncall.error.links", "max", maxLinks)}
		}
		return tx.Write(ctx, `
			INSERT INTO duty_feeds (collectivity, id, agent, account, team, hash, label, made, seen) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
			string(caller.Collectivity), portal.NewID(), string(caller.Agent), string(caller.Account), string(made.Team), portal.HashSecret(secret), made.Label, database.Millis(s.now()))
	})
	if err != nil {
		return "", fmt.Errorf("oncall: make a link: %w", err)
	}
	return secret, nil
}

// RevokeLink ends a link of the caller's.
func (s *Store) RevokeLink(ctx context.Context, caller portal.Caller, id string) error {
	err := database.OneRow(s.db.Exec(ctx, `DELETE FROM duty_feeds WHERE collectivity = $1 AND agent = $2 AND id = $3`,
		string(caller.Collectivity), string(caller.Agent), id))
	if err != nil {
		return fmt.Errorf("oncall: revoke link %.40q: %w", id, err)
	}
	return nil
}

// openLink finds a link by its secret; portal.ErrNotFound when there is none, or when who made it is gone.
func (s *Store) openLink(ctx context.Context, callers Callers, secret string) (link Link, caller portal.Caller, err error) {
	var collectivity portal.CollectivityID
	var account portal.AccountID
	var agent portal.AgentID
	var seen int64
	err = s.db.QueryRow(ctx, `SELECT collectivity, id, team, agent, account, seen FROM duty_feeds WHERE hash = $1`, portal.HashSecret(secret)).
		Scan(&collectivity, &link.ID, &link.Team, &agent, &account, &seen)
	if err == nil {
		caller, err = callers.CallerFor(ctx, account, collectivity)
	}
	if err == nil && caller.Agent != agent {
		err = portal.ErrNotFound
	}
	if err != nil {
		return Link{}, portal.Caller{}, fmt.Errorf("oncall: open a link: %w", err)
	}
	if s.now().Sub(database.FromMillis(seen)) < seenEvery {
		return link, caller, nil
	}
	_, err = s.db.Exec(ctx, `UPDATE duty_feeds SET seen = $3 WHERE collectivity = $1 AND id = $2`, string(collectivity), link.ID, database.Millis(s.now()))
	if err != nil && !errors.Is(err, portal.ErrUnavailable) { // what is read is worth more than when
		return Link{}, portal.Caller{}, fmt.Errorf("oncall: note the reading of a link: %w", err)
	}
	return link, caller, nil
}

// Feeds serves duties to who has a link to them.
type Feeds struct {
	store   *Store
	callers Callers
	write   Calendars
}

// NewFeeds returns the door of secret links.
func NewFeeds(store *Store, callers Callers, write Calendars) *Feeds {
	return &Feeds{store, callers, write}
}

// feedPath is where links lead. The secret is in the query, which no log holds.
const feedPath = "/oncall/feed.ics"

// Routes lists the door.
func (f *Feeds) Routes() []web.Route {
	return []web.Route{{Method: "GET", Path: feedPath, Access: web.Protocol, Handler: f.read}}
}

// What a link tells: two months that are over, and a year to come.
const (
	monthsBefore = 2
	monthsAfter  = 13
)

// read answers 304 to who has the duties as they are. Telephone numbers are not in them.
func (f *Feeds) read(w http.ResponseWriter, r *http.Request) error {
	ctx, p, now := r.Context(), web.Printer(r), f.store.now()
	link, caller, err := f.store.openLink(ctx, f.callers, r.URL.Query().Get("key"))
	if err != nil {
		return err
	}
	query := Query{Team: link.Team, Agent: caller.Agent, From: now.AddDate(0, -monthsBefore, 0), To: now.AddDate(0, monthsAfter, 0)}
	if link.Team != "" {
		query.Agent = ""
	}
	periods, err := f.store.Periods(ctx, caller, query)
	if err != nil {
		return err
	}
	teams, err := f.store.Teams(ctx, caller, false)
	if err != nil {
		return err
	}
	name := p.T("oncall.mine")
	if at := slices.IndexFunc(teams, func(t Team) bool { return t.ID == link.Team }); at >= 0 {
		name = p.T("oncall.feed.name", "team", teams[at].Name)
	}
	var events []Event
	for _, one := range periods {
		at := slices.IndexFunc(teams, func(t Team) bool { return t.ID == one.Team })
		if at < 0 || !one.Active {
			continue
		}
		title := p.T("oncall.feed.own", "team", teams[at].Name, "level", levelText(p, one.Level))
		if link.Team != "" {
			title = p.T("oncall.feed.team", "name", one.Name, "level", levelText(p, one.Level))
		}
		events = append(events, Event{
			UID: string(one.ID) + "@duties.parvis", Title: title, Detail: p.T("oncall.kind." + string(teams[at].Kind)),
			Starts: one.Starts, Ends: one.Ends, Changed: one.Modified,
		})
	}
	return web.WriteFeed(w, r, f.write(name, events))
}

// linksPage is the links of an agent.
type linksPage struct {
	page
	Form   web.Form
	Links  []shownLink
	Teams  []Team
	Team   TeamID
	Label  string
	Secret string // address of a new link, told this once
}

type shownLink struct {
	Link
	TeamName string
}

func (h *Handler) links(w http.ResponseWriter, r *http.Request) error {
	return h.renderLinks(w, r, http.StatusOK, &linksPage{})
}

func (h *Handler) renderLinks(w http.ResponseWriter, r *http.Request, status int, made *linksPage) (err error) {
	caller := web.CallerOf(r)
	if made.Teams, err = h.store.Teams(r.Context(), caller, false); err != nil {
		return err
	}
	links, err := h.store.Links(r.Context(), caller)
	if err != nil {
		return err
	}
	for _, link := range links {
		one := shownLink{Link: link}
		if at := slices.IndexFunc(made.Teams, func(t Team) bool { return t.ID == link.Team }); at >= 0 {
			one.TeamName = made.Teams[at].Name
		}
		made.Links = append(made.Links, one)
	}
	made.Tab = "mine"
	if made.Secret != "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	return h.render(w, r, status, "links", made, &made.page, web.Printer(r).T("oncall.links"))
}

func (h *Handler) makeLink(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	made := Link{Team: TeamID(r.PostForm.Get("team")), Label: r.PostForm.Get("label")}
	secret, err := h.store.MakeLink(r.Context(), web.CallerOf(r), made)
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return h.renderLinks(w, r, http.StatusUnprocessableEntity, &linksPage{Form: form, Team: made.Team, Label: made.Label})
	}
	if err != nil {
		return err
	}
	return h.renderLinks(w, r, http.StatusCreated, &linksPage{Secret: web.BaseURL(r) + feedPath + "?key=" + url.QueryEscape(secret)})
}

func (h *Handler) revokeLink(w http.ResponseWriter, r *http.Request) error {
	if err := h.store.RevokeLink(r.Context(), web.CallerOf(r), web.Var(r, "id")); err != nil {
		return err
	}
	web.SetFlash(w, r, "oncall.done.link")
	return web.Redirect(w, r, "/oncall/links")
}
