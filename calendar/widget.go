package calendar

import (
	"context"
	"time"

	"parvis/portal/i18n"
	"parvis/widgets"
)

// Widget is the box of the next appointments.
type Widget struct {
	store     *Store
	elsewhere []Elsewhere
}

// NewWidget returns the box over the store, and over agendas kept elsewhere.
func NewWidget(store *Store, elsewhere ...Elsewhere) Widget { return Widget{store, elsewhere} }

// Manifest says that each agent has her own. It is fresh for a short time only: the countdown is in
// minutes, and a phone may add an appointment at any moment.
func (Widget) Manifest() widgets.Manifest {
	return widgets.Manifest{
		ID: "agenda", Title: "calendar.widget.title", Help: "calendar.widget.help", Icon: "calendar",
		Sizes: []widgets.Size{widgets.Small, widgets.Medium, widgets.Large},
		Link:  "/calendar", LinkText: "calendar.widget.all",
		SettingsVersion: 1,
		Scope:           widgets.ScopeAgent,
		Fresh:           20 * time.Second, Stale: time.Hour, Deadline: 2 * time.Second,
	}
}

// What a box looks at: today, and the days after as long as there is room.
const (
	boxDays  = 7
	boxItems = 5
)

// Load reads what is left of today and what comes next.
func (w Widget) Load(ctx context.Context, request widgets.Request) (widgets.Content, error) {
	p, now := request.Printer, request.Now
	today := midnight(now)
	a, err := readAgenda(ctx, w.store, w.elsewhere, request.Caller, p, today, addDays(today, boxDays), query{})
	if err != nil {
		return widgets.Content{}, err
	}
	content := widgets.Content{Layout: widgets.Times, Empty: widgets.Empty{
		Title: p.T("calendar.widget.empty"), Text: p.T("calendar.widget.emptynext"),
	}}
	counted := false
	for i := range a.Placed {
		at := &a.Placed[i]
		if at.Cancelled() || at.over(now) {
			continue
		}
		if len(content.Items) == boxItems && !sameDay(at.Start, now) || len(content.Items) == widgets.MaxItems {
			break
		}
		item := itemOf(at, p, now)
		if !at.AllDay && at.Start.After(now) && !counted {
			item.Soon, counted = soon(p, at.Start, now), true
		}
		content.Items = append(content.Items, item)
	}
	content.Links = []widgets.Link{{Text: p.T("calendar.widget.today"), URL: query{}.href(dayView, today)}}
	for _, c := range a.Calendars {
		if c.Feed != nil && c.Feed.State != FeedFresh {
			content.Notice = feedNotice(p, c.Feed, now)
		}
	}
	return content, nil
}

// over says whether there is nothing left of an instance; one without end is over when it starts.
func (p *placed) over(now time.Time) bool { return !p.End.After(now) && p.Start.Before(now) }

// soon is the countdown of what starts within a day, "" of what is farther.
func soon(p *i18n.Printer, start, now time.Time) string {
	if start.Sub(now) > 24*time.Hour {
		return ""
	}
	return p.Until(start, now)
}

func itemOf(at *placed, p *i18n.Printer, now time.Time) widgets.Item {
	item := widgets.Item{Title: titleOf(p, at), Detail: at.Location, Link: at.Href}
	if at.Theirs {
		item.Detail = joined(item.Detail, at.CalendarName)
	}
	if at.Maybe() {
		item.Detail = joined(item.Detail, p.T("calendar.status.tentative"))
	}
	switch {
	case at.AllDay && !at.Start.After(now):
		item.When = p.T("calendar.all-day")
	case at.AllDay:
		item.When = p.NearDay(at.Start, now)
	case sameDay(at.Start, now):
		item.Time = at.Start
	case at.Start.Before(now) && sameDay(at.End, now):
		item.When = p.T("calendar.until-hour", "hour", p.Clock(at.End))
	case at.Start.Before(now):
		item.When = p.T("calendar.until-hour", "hour", p.NearClock(at.End, now))
	default:
		item.When = p.NearClock(at.Start, now)
	}
	if !at.AllDay && !at.Start.After(now) && at.End.After(now) {
		item.Soon = p.T("calendar.widget.going-on")
	}
	return item
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + " · " + b
}

// feedNotice says that an agenda elsewhere is not what it may be by now.
func feedNotice(p *i18n.Printer, feed *Feed, now time.Time) widgets.Notice {
	if feed.State == FeedUnread {
		return widgets.Notice{Text: p.T("calendar.feed.unread", "name", feed.Name)}
	}
	if feed.State == FeedOld {
		return widgets.Notice{Text: p.T("calendar.feed.old", "name", feed.Name, "since", p.NearClock(feed.At, now))}
	}
	return widgets.Notice{
		Tone: widgets.Warn, Text: p.T("calendar.feed.late", "name", feed.Name, "since", p.Moment(feed.At, now)),
		Link: widgets.Link{Text: p.T("calendar.feed.see"), URL: "/calendar/remote"},
	}
}
