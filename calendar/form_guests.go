package calendar

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// guestForm is whom the form of an event invites.
type guestForm struct {
	Invites   bool // from one of its calendars somebody can invite
	Guests    []guestRow
	Addresses string // as typed, those that are not in the list yet
	Who       chooser
	Rooms     roomSearch
	posted    bool // the guests are those of the form, not the stored ones
	changes   bool // the form had guests to change
}

// guestRow is one guest, with what is known of her when she was invited already.
type guestRow struct {
	Guest
	Known   bool
	Answer  string
	ByMail  bool
	Trouble Trouble
	Room    *roomChoice // what it is when it is nobody
}

// Thing says that it is nobody.
func (g guestRow) Thing() bool { return g.Room != nil }

// Label is what she is called: by her name, else by her address.
func (g guestRow) Label() string { return cmp.Or(g.Name, g.Party) }

// Address is that of her mail, "" when it is her label already or she has none.
func (g guestRow) Address() string {
	if g.Name == "" || strings.HasPrefix(g.Party, principals) {
		return ""
	}
	return g.Party
}

func readGuests(r *http.Request) guestForm {
	post := r.PostForm
	form := guestForm{posted: true, changes: post.Get("invites") != "", Addresses: post.Get("addresses"), Who: chooser{Text: post.Get("q")}, Rooms: readRooms(post)}
	names, optional := post["guest-name"], map[string]bool{}
	for _, party := range post["optional"] {
		optional[party] = true
	}
	for i, party := range post["guest"] {
		one := Guest{Party: party, Optional: optional[party]}
		if i < len(names) {
			one.Name = plainName(names[i])
		}
		form.add(one)
	}
	return form
}

// add adds a guest who is not in the list. Of a list that is too long already, which is refused as it
// is, it adds nobody: looking through it for each would take a forged form minutes.
func (f *guestForm) add(one Guest) {
	if one.Party != "" && len(f.Guests) <= MaxAttendees && !slices.ContainsFunc(f.Guests, func(row guestRow) bool { return row.Party == one.Party }) {
		f.Guests = append(f.Guests, guestRow{Guest: one})
	}
}

// addTyped puts the addresses that were typed into the list; those that are none stay in their field.
func (f *guestForm) addTyped() error {
	found, unread := readAddresses(f.Addresses)
	if len(found)+len(unread) > MaxAttendees {
		return portal.Invalid("addresses", "calendar.error.guests-many", "max", MaxAttendees-1)
	}
	for _, one := range found {
		f.add(one)
	}
	f.Addresses = strings.Join(unread, "\n")
	if len(unread) > 0 {
		return portal.Invalid("addresses", "calendar.error.guest-address", "address", cut(unread[0], 60))
	}
	return nil
}

// draft is whom the form invites. What was typed to find somebody, and not followed by a choice, is
// refused rather than forgotten.
func (f *guestForm) draft(read *reader) *Guests {
	if !f.changes {
		return nil
	}
	var refused portal.UserError
	if strings.TrimSpace(f.Who.Text) != "" {
		read.errs = append(read.errs, portal.Invalid("q", "calendar.error.guest-search"))
	}
	if f.Rooms.Text != "" {
		read.errs = append(read.errs, portal.Invalid("room", "calendar.error.room-search"))
	}
	if errors.As(f.addTyped(), &refused) {
		read.errs = append(read.errs, refused)
	}
	guests := &Guests{}
	for _, row := range f.Guests {
		guests.All = append(guests.All, row.Guest)
	}
	return guests
}

// changeGuests shows the form with a guest more or less: nothing is saved, nobody is told.
func (h *Handler) changeGuests(w http.ResponseWriter, r *http.Request) error {
	form, _, err := h.formAgain(r)
	if errors.Is(err, portal.ErrNotFound) && form != nil && form.ETag != "" {
		return h.showGone(w, r, form)
	}
	if err != nil {
		return err
	}
	post := r.PostForm
	switch out, in := post.Get("out"), post.Get("in"); {
	case post.Get("slot") != "":
		form.choose(post.Get("slot"), web.Now(r).Location())
	case post.Get("book") != "":
		err = h.bookInForm(r, form, post.Get("book"))
	case out != "":
		err = h.leaveRoom(r, form, out)
		form.Guests = slices.DeleteFunc(form.Guests, func(row guestRow) bool { return row.Party == out })
	case in != "":
		one, found := h.store.GuestOf(r.Context(), web.CallerOf(r), portal.AgentID(in))
		if errors.Is(found, portal.ErrNotFound) {
			err = portal.Invalid("q", "calendar.error.guest-left")
			break
		}
		if found != nil {
			return found
		}
		form.add(one)
		form.Who.Text = ""
	case post.Get("do") == "addresses":
		err = form.addTyped()
	}
	refused, isRefused := web.FormErrors(r, err)
	switch {
	case isRefused:
		form.Form = refused
		return h.showForm(w, r, web.StatusOf(err), form)
	case err != nil:
		return err
	}
	return h.showForm(w, r, http.StatusOK, form)
}

// formAgain is a form that was sent to be shown again; of a stored event the caller must be able to
// write it. The form comes with portal.ErrNotFound for one that is no more.
func (h *Handler) formAgain(r *http.Request) (*eventForm, Event, error) {
	form, err := readForm(r)
	if err != nil {
		return nil, Event{}, err
	}
	form.ID = EventID(web.Var(r, "id"))
	if form.ID == "" {
		return form, Event{}, nil
	}
	event, err := h.eventAt(r, form.ID, readAt(form.At))
	if err != nil {
		return form, Event{}, err
	}
	if !event.Writable {
		return nil, Event{}, portal.UserError{Kind: portal.ErrDenied, Key: "calendar.error.read-only"}
	}
	form.Calendar = event.Calendar
	form.keep(event)
	return form, event, nil
}

// choose fills in the hour of a slot, "2026-12-01T09:00", as long as what was typed lasts.
func (f *eventForm) choose(slot string, zone *time.Location) {
	start, err := time.ParseInLocation(slotForm, slot, zone)
	if err != nil {
		return
	}
	end := start.Add(f.lasts(zone))
	f.Start, f.StartTime = start.Format(time.DateOnly), start.Format(timeForm)
	f.End, f.EndTime = end.Format(time.DateOnly), end.Format(timeForm)
}

// slotForm is how a slot is named.
const slotForm = "2006-01-02T15:04"

// lasts is how long the event takes as typed, an hour where that can't be told.
func (f *eventForm) lasts(zone *time.Location) time.Duration {
	if start, end, known := f.when(zone); known {
		return end.Sub(start)
	}
	return time.Hour
}

// when is the time that the form asks for, and whether that can be told.
func (f *eventForm) when(zone *time.Location) (start, end time.Time, known bool) {
	read := reader{zone: zone}
	start, end = read.times(f)
	if f.AllDay && end.IsZero() {
		end = addDays(start, 1)
	}
	return start, end, len(read.errs) == 0 && end.After(start)
}

// knowGuests finds out whether the form may invite, who was invited before and what became of it.
func (h *Handler) knowGuests(r *http.Request, form *eventForm, chosen *Calendar, writable []Calendar) error {
	form.Invites = slices.ContainsFunc(writable, h.store.CanInvite)
	if form.ID != "" && !form.There {
		invited, err := h.store.Invited(r.Context(), web.CallerOf(r), form.ID, readAt(form.At))
		if err != nil {
			return err
		}
		form.Invites = form.Invites && (invited.Organizer.Address == "" || invited.Organizer.Me)
		form.know(invited)
	}
	if !form.Invites {
		return nil
	}
	var owner portal.AgentID
	if chosen != nil {
		owner = chosen.Owner
	}
	return form.Who.choose(r, h.directory, owner)
}

// know says of guests what they answered.
func (f *guestForm) know(invited Invited) {
	for _, one := range invited.All {
		if !f.posted {
			f.add(Guest{Party: one.Address, Name: one.Name, Optional: one.Optional})
		}
		for i := range f.Guests {
			if row := &f.Guests[i]; row.Party == one.Address {
				row.Known, row.Answer, row.ByMail, row.Trouble = true, one.Answer, one.ByMail, one.Trouble
			}
		}
	}
}
