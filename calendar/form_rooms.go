package calendar

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// roomSearch is what can be booked with the event of a form: rooms, vehicles, equipment.
type roomSearch struct {
	Any   bool // the collectivity has some
	Text  string
	Asked bool
	Found []roomChoice
	More  int // that there is no room to show
}

// roomChoice is a resource, and what is known of it at the time of the event.
type roomChoice struct {
	Offered
	Timed bool   // that time is known
	First bool   // it is the first one of a series
	Taken string // that somebody else has it then, or that its rules refuse it; "" when it is free
}

const (
	maxOffered   = 1000 // that a form knows
	maxRooms     = 20   // that it shows at once
	maxSuggested = 3    // for a place that was typed in a line
)

func readRooms(post url.Values) roomSearch {
	text := strings.TrimSpace(post.Get("room"))
	return roomSearch{Text: text, Asked: text != "" || post.Get("do") == "rooms"}
}

// isParty says whether an invitation names it so.
func (o Offered) isParty(party string) bool { return party == o.Party || party == principals+o.ID+"/" }

// offered finds a resource by a name that an invitation gives it; nil when there is none.
func (h *Handler) offered(r *http.Request, party string) (*Offered, error) {
	if h.store.resources == nil {
		return nil, nil
	}
	caller := web.CallerOf(r)
	all, err := h.store.resources.Offer(r.Context(), caller, caller.Agent, "", maxOffered)
	for i := range all {
		if all[i].isParty(party) {
			return &all[i], err
		}
	}
	return nil, err
}

// bookInForm adds a resource to the guests. A room is also where the event is, unless another place was said.
func (h *Handler) bookInForm(r *http.Request, form *eventForm, party string) error {
	one, err := h.offered(r, party)
	if err != nil {
		return err
	}
	if one == nil {
		return portal.Invalid("room", "calendar.error.room-left")
	}
	form.add(Guest{Party: one.Party, Name: one.Name})
	form.Rooms.Text, form.Rooms.Asked = "", false
	if said := i18n.Fold(strings.TrimSpace(form.Location)); one.Type == typeRoom && (said == "" || said == i18n.Fold(one.Name)) {
		form.Location = one.Where()
	}
	return nil
}

// leaveRoom takes away the place that a room gave the event when it was booked.
func (h *Handler) leaveRoom(r *http.Request, form *eventForm, party string) error {
	one, err := h.offered(r, party)
	if one != nil && form.Location == one.Where() {
		form.Location = ""
	}
	return err
}

// knowRooms tells of the resources of a form, and of those that were looked for, whether they are free
// when the event is.
func (h *Handler) knowRooms(r *http.Request, form *eventForm, chosen *Calendar) error {
	if !form.Invites || h.store.resources == nil {
		return nil
	}
	holder := web.CallerOf(r).Agent
	if chosen != nil {
		holder = chosen.Owner
	}
	all, err := h.store.resources.Offer(r.Context(), web.CallerOf(r), holder, "", maxOffered)
	if err != nil || len(all) == 0 {
		return err
	}
	form.Rooms.Any = true
	for _, one := range all {
		for i := range form.Guests {
			if guest := &form.Guests[i]; one.isParty(guest.Party) {
				guest.Room, guest.Name = &roomChoice{Offered: one}, one.Name
			}
		}
	}
	if form.Rooms.Found, err = h.findRooms(r, form, holder, all); err != nil {
		return err
	}
	return h.timeRooms(r, form)
}

// findRooms looks among all for what was typed, or for the place that a line named. What is a guest
// already is not offered again.
func (h *Handler) findRooms(r *http.Request, form *eventForm, holder portal.AgentID, all []Offered) (found []roomChoice, err error) {
	text, limit := form.Rooms.Text, maxOffered
	switch {
	case form.Rooms.Asked:
	case form.Understood != nil && form.Location != "":
		text, limit = form.Location, maxSuggested
	default:
		return nil, nil
	}
	if text != "" {
		all, err = h.store.resources.Offer(r.Context(), web.CallerOf(r), holder, text, limit)
	}
	for _, one := range all {
		if !slices.ContainsFunc(form.Guests, func(row guestRow) bool { return one.isParty(row.Party) }) {
			found = append(found, roomChoice{Offered: one})
		}
	}
	return found, err
}

// timeRooms finds out which resources are taken at the time of the event: those that are free come first.
func (h *Handler) timeRooms(r *http.Request, form *eventForm) error {
	rooms := form.rooms()
	zone := web.Now(r).Location()
	start, end, known := form.when(zone)
	if len(rooms) > 0 && known {
		ids := make([]string, len(rooms))
		for i, room := range rooms {
			ids[i] = room.ID
		}
		taken, err := h.store.resources.Taken(r.Context(), web.CallerOf(r), ids, start, end, form.uid)
		if err != nil {
			return err
		}
		broken, err := h.store.resources.Broken(r.Context(), web.CallerOf(r), ids, start, end)
		if err != nil {
			return err
		}
		for _, room := range rooms {
			room.Timed, room.First = true, form.Repeat != Once && form.Scope != OneDate
			if room.Taken = takenWords(r, taken[room.ID], start, end); room.Taken == "" {
				room.Taken = broken[room.ID]
			}
		}
	}
	slices.SortStableFunc(form.Rooms.Found, func(a, b roomChoice) int {
		return cmp.Or(boolToInt(a.Barred)-boolToInt(b.Barred), boolToInt(a.Taken != "")-boolToInt(b.Taken != ""))
	})
	form.Rooms.More = max(len(form.Rooms.Found)-maxRooms, 0)
	form.Rooms.Found = form.Rooms.Found[:len(form.Rooms.Found)-form.Rooms.More]
	return nil
}

// rooms are all resources that the form shows.
func (f *eventForm) rooms() (all []*roomChoice) {
	for i := range f.Guests {
		if room := f.Guests[i].Room; room != nil {
			all = append(all, room)
		}
	}
	for i := range f.Rooms.Found {
		all = append(all, &f.Rooms.Found[i])
	}
	return all
}

// takenWords tells when others have a resource during an event, "" when nobody has.
func takenWords(r *http.Request, taken []BusyTime, start, end time.Time) string {
	printer := web.Printer(r)
	if len(taken) == 0 {
		return ""
	}
	if !sameDay(start, end.Add(-1)) {
		return printer.T("calendar.rooms.taken-days")
	}
	var times []string
	for _, one := range joinBusy(taken) {
		times = append(times, printer.ClockRange(one.From.In(start.Location()), one.To.In(start.Location())))
	}
	return printer.T("calendar.rooms.taken", "times", strings.Join(times, ", "))
}
