package booking

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

const (
	screensPath = "/admin/doors"
	// doorPath is where screens look. The secret is in the query, which no log holds.
	doorPath = "/door"
	feedPath = "/door.ics"
	// What its file tells: weeks that are over, and those to come.
	feedBefore, feedAfter = 28, 180 // days
	// doorRefresh is after how many seconds a screen looks again.
	doorRefresh = "60"
)

// Towns knows what pages show of a collectivity that is open; portal.ErrNotFound for any other.
type Towns interface {
	Town(ctx context.Context, id portal.CollectivityID) (web.Collectivity, error)
}

// Doors serves screens on doors and in halls, and the page where an administrator keeps them.
type Doors struct {
	store    *Store
	towns    Towns
	write    Calendars
	renderer *web.Renderer
}

// Entry is a booking as an agenda holds it.
type Entry struct {
	UID           string
	Title, Detail string
	Starts, Ends  time.Time
	Changed       time.Time
}

// Calendars writes the files that agendas read.
type Calendars func(name string, entries []Entry) []byte

// NewDoors returns the pages over the store.
func NewDoors(store *Store, towns Towns, write Calendars, renderer *web.Renderer) *Doors {
	return &Doors{store, towns, write, renderer}
}

// Routes lists the pages.
func (d *Doors) Routes() []web.Route {
	admin := web.Needs(portal.Admin)
	return []web.Route{
		{Method: "GET", Path: doorPath, Access: web.Public, Handler: d.show},
		{Method: "GET", Path: feedPath, Access: web.Protocol, Handler: d.feed},
		{Method: "GET", Path: screensPath, Access: admin, Handler: d.list},
		{Method: "POST", Path: screensPath, Access: admin, Handler: d.make},
		{Method: "POST", Path: screensPath + "/{id}/revoke", Access: admin, Handler: d.revoke},
	}
}

// doorPage is a screen.
type doorPage struct {
	web.Page
	Door
	Rooms []shownRoom
}

// shownRoom is a resource as a screen shows it now.
type shownRoom struct {
	DoorRoom
	State
	Words string
	Rest  []Booking // of the day, that have not ended
}

func (d *Doors) show(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Refresh", doorRefresh) // first, so that a page of trouble looks again too: nobody touches the screen
	door, town, err := d.open(r, 0, 1)
	if err != nil {
		return err
	}
	p := web.Printer(r)
	page := &doorPage{Door: door}
	for _, room := range door.Rooms {
		state := room.At(door.Now)
		shown := shownRoom{room, state, room.StateWords(p, state, door.Now), nil}
		for _, b := range room.Bookings {
			if b.End.After(door.Now) {
				shown.Rest = append(shown.Rest, b)
			}
		}
		page.Rooms = append(page.Rooms, shown)
	}
	header := w.Header()
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Robots-Tag", "noindex")
	header.Set("Cache-Control", "no-cache")
	page.Title = door.Label
	page.Wear(town)
	return d.renderer.RenderWhole(w, r, http.StatusOK, "booking/door", page)
}

// open finds a screen by the secret in its address, and whose it is.
func (d *Doors) open(r *http.Request, before, after int) (door Door, town web.Collectivity, err error) {
	door, err = d.store.OpenScreen(r.Context(), r.URL.Query().Get("key"), before, after)
	if err == nil {
		town, err = d.towns.Town(r.Context(), door.Collectivity)
	}
	if errors.Is(err, portal.ErrNotFound) {
		err = portal.UserError{Kind: portal.ErrNotFound, Key: "booking.door.gone"}
	}
	return door, town, err
}

// feed tells an agenda what a screen tells, by the same secret.
func (d *Doors) feed(w http.ResponseWriter, r *http.Request) error {
	door, _, err := d.open(r, feedBefore, feedAfter)
	if err != nil {
		return err
	}
	taken := web.Printer(r).T("booking.desk.taken")
	var entries []Entry
	for _, room := range door.Rooms {
		for _, b := range room.Bookings {
			words := []string{room.Name, cmp.Or(b.Title, taken), b.Name}
			entries = append(entries, Entry{
				UID:   fmt.Sprintf("%s-%s-%d@bookings.parvis", b.Event, b.Resource, b.Start.Unix()),
				Title: strings.Join(slices.DeleteFunc(words, func(word string) bool { return word == "" }), " · "),
				// What was booked is not known to have changed: the hour at which it begins stays the same.
				Starts: b.Start, Ends: b.End, Changed: b.Start,
			})
		}
	}
	return web.WriteFeed(w, r, d.write(door.Label, entries))
}

// screensPage is the list of screens, and the form of a new one.
type screensPage struct {
	web.Page
	Form    web.Form
	Screens []shownScreen
	All     []Resource
	Label   string
	Names   bool
	Chosen  []ResourceID
	Secret  string // address of a new screen, told this once
}

type shownScreen struct {
	Screen
	Shows []string // names of its resources
}

// Has says whether a resource is ticked.
func (p *screensPage) Has(id ResourceID) bool { return slices.Contains(p.Chosen, id) }

func (d *Doors) list(w http.ResponseWriter, r *http.Request) error {
	page := &screensPage{}
	if id := ResourceID(web.Query(r).Get("resource")); id != "" {
		page.Chosen = []ResourceID{id}
	}
	return d.render(w, r, http.StatusOK, page)
}

func (d *Doors) render(w http.ResponseWriter, r *http.Request, status int, page *screensPage) (err error) {
	caller := web.CallerOf(r)
	if page.All, err = d.store.active(r.Context(), caller.Collectivity); err != nil {
		return err
	}
	screens, err := d.store.Screens(r.Context(), caller)
	if err != nil {
		return err
	}
	for _, one := range screens {
		shown := shownScreen{Screen: one}
		for _, resource := range page.All {
			if slices.Contains(one.Resources, resource.ID) {
				shown.Shows = append(shown.Shows, resource.Name)
			}
		}
		page.Screens = append(page.Screens, shown)
	}
	if page.Secret != "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	page.Title, page.Section = web.Printer(r).T("booking.screens"), "admin"
	return d.renderer.Render(w, r, status, "booking/screens", page)
}

func (d *Doors) make(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	made := Screen{Label: r.PostForm.Get("label"), Names: r.PostForm.Get("names") != ""}
	for _, id := range r.PostForm["resources"] {
		made.Resources = append(made.Resources, ResourceID(id))
	}
	secret, err := d.store.MakeScreen(r.Context(), web.CallerOf(r), made, web.ClientAddr(r))
	if form, refused := web.FormErrors(r, err); err != nil && refused {
		return d.render(w, r, http.StatusUnprocessableEntity, &screensPage{Form: form, Label: made.Label, Names: made.Names, Chosen: made.Resources})
	}
	if err != nil {
		return err
	}
	return d.render(w, r, http.StatusCreated, &screensPage{Secret: web.BaseURL(r) + doorPath + "?key=" + url.QueryEscape(secret)})
}

func (d *Doors) revoke(w http.ResponseWriter, r *http.Request) error {
	label, err := d.store.RevokeScreen(r.Context(), web.CallerOf(r), web.Var(r, "id"), web.ClientAddr(r))
	if err != nil {
		return err
	}
	web.SetFlash(w, r, "booking.done.screen", "name", label)
	return web.Redirect(w, r, screensPath)
}
