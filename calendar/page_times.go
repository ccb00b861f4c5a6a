package calendar

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// timesPage proposes times at which the guests of a form are free. It carries the form, which nothing
// is saved of.
type timesPage struct {
	web.Page
	*eventForm
	Lasts    string // "1 h 30"
	Days     []slotDay
	From, To time.Time // the days that are looked at, To the last one
	Earlier  string    // first day of the page before, "" for none
	Later    string
	Unknown  string    // whose times are not known
	Day      time.Time // that is shown person by person
	People   []personDay
}

type slotDay struct {
	Day   time.Time
	Slots []slotChoice
}

type slotChoice struct {
	FreeTime
	Value   string // "2026-12-01T09:00"
	Missing string // "Paul Petit, Anne Roy"
}

// personDay is one person's day.
type personDay struct {
	Attendance
	Bars  []bar
	Words string // "9 h – 10 h, 14 h – 15 h 30", "" for a free day
}

// bar is a time in minutes from the beginning of the day of work.
type bar struct{ At, Lasts int }

// DayMinutes is how long the bars of a day are.
func (*timesPage) DayMinutes() int { return (workEnds - workBegins) * 60 }

// Hours are those of the scale above the bars.
func (p *timesPage) Hours() (hours []time.Time) {
	for hour := workBegins; hour <= workEnds; hour += 2 {
		hours = append(hours, hourOf(p.Day, hour))
	}
	return hours
}

func (h *Handler) findTimes(w http.ResponseWriter, r *http.Request) error {
	form, event, err := h.formAgain(r)
	if errors.Is(err, portal.ErrNotFound) && form != nil && form.ETag != "" {
		return h.showGone(w, r, form)
	}
	if err != nil {
		return err
	}
	page, err := h.timesOf(r, form, event)
	if refused, ok := web.FormErrors(r, err); ok {
		form.Form = refused
		return h.showForm(w, r, web.StatusOf(err), form)
	}
	if err != nil {
		return err
	}
	page.Title, page.Section = web.Printer(r).T("calendar.times.title"), "calendar"
	return h.renderer.Render(w, r, http.StatusOK, "calendar/times", page)
}

// timesOf looks for the times of a form, portal.FieldErrors where it can't be told what for.
func (h *Handler) timesOf(r *http.Request, form *eventForm, event Event) (*timesPage, error) {
	now := readNow(r)
	read := reader{zone: now.Location()}
	guests := form.guestForm.draft(&read)
	lasts := form.lasts(now.Location())
	switch {
	case guests == nil:
		return nil, portal.FieldErrors{portal.Invalid("calendar", "calendar.error.invites-nobody")}
	case form.AllDay || lasts > (workEnds-workBegins)*time.Hour:
		read.errs = append(read.errs, portal.Invalid("end-time", "calendar.error.times-long"))
	}
	if key, args := guests.check(); key != "" {
		read.errs = append(read.errs, portal.Invalid("guests", "calendar.error."+key, args...))
	}
	source, place, err := h.placeOf(r, form.Calendar)
	if err != nil {
		return nil, err
	}
	if source != nil {
		read.errs = append(read.errs, guestsElsewhere(place))
	}
	if len(read.errs) > 0 {
		return nil, read.errs
	}
	page := &timesPage{eventForm: form, Lasts: web.Printer(r).Duration(lasts)}
	page.From = daySought(cmp.Or(r.PostForm.Get("move"), r.PostForm.Get("from"), form.Start), now)
	until := addDays(page.From, slotDays)
	people, err := h.store.Attendances(r.Context(), web.CallerOf(r), form.Calendar, guests.All, page.From, until, event.UID)
	if err != nil {
		return nil, err
	}
	off, err := h.store.daysOff(r.Context(), web.CallerOf(r))
	if err != nil {
		return nil, err
	}
	page.To, page.Unknown = addDays(until, -1), unknown(people)
	for day := page.From; day.Before(until); day = addDays(day, 1) {
		if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday || off.holiday(day) != "" {
			continue
		}
		page.Days = append(page.Days, slotDay{Day: day, Slots: choices(slotsOn(day, lasts, now, people))})
	}
	if page.From.After(midnight(now)) {
		page.Earlier = addDays(page.From, -slotDays).Format(time.DateOnly)
	}
	page.Later = until.Format(time.DateOnly)
	page.showDay(web.Printer(r), r.PostForm.Get("day"), people)
	return page, nil
}

// daySought is the first day that is looked at: one that was asked for within two years, else today.
func daySought(asked string, now time.Time) time.Time {
	today := midnight(now)
	day, err := time.ParseInLocation(time.DateOnly, asked, now.Location())
	if err != nil || day.Before(today) || day.After(today.AddDate(2, 0, 0)) {
		return today
	}
	return day
}

func choices(slots []FreeTime) (all []slotChoice) {
	for _, slot := range slots {
		all = append(all, slotChoice{slot, slot.Start.Format(slotForm), strings.Join(slot.Without, ", ")})
	}
	return all
}

// showDay fills in the day that was asked for, the first one with a slot otherwise.
func (p *timesPage) showDay(printer *i18n.Printer, asked string, people []Attendance) {
	at := slices.IndexFunc(p.Days, func(d slotDay) bool { return d.Day.Format(time.DateOnly) == asked })
	if at < 0 {
		at = slices.IndexFunc(p.Days, func(d slotDay) bool { return len(d.Slots) > 0 })
	}
	if at < 0 && len(p.Days) > 0 {
		at = 0
	}
	if at < 0 {
		return
	}
	p.Day = p.Days[at].Day
	from, to := hourOf(p.Day, workBegins), hourOf(p.Day, workEnds)
	for _, one := range people {
		row, said := personDay{Attendance: one}, []string{}
		for _, busy := range one.Taken {
			start, end := latest(busy.From, from).In(p.Day.Location()), earliest(busy.To, to).In(p.Day.Location())
			if !end.After(start) {
				continue
			}
			words := printer.ClockRange(start, end)
			if busy.Tentative {
				words += " " + printer.T("calendar.times.maybe")
			}
			said = append(said, words)
			row.Bars = append(row.Bars, bar{int(start.Sub(from).Minutes()), int(end.Sub(start).Minutes())})
		}
		row.Words = strings.Join(said, ", ")
		p.People = append(p.People, row)
	}
}
