package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"parvis/portal/i18n"
	"parvis/themes"
)

// Announcement is a notice of who operates the pool.
type Announcement struct {
	ID              string
	Version         int       // raised by each change
	Level           string    // "information", "maintenance", "incident"
	French, English string    // "" English is none
	Begins, Ends    time.Time // of the work of a maintenance, zero for none
	Until           time.Time // first instant without it
}

// Mark names an announcement as it reads now: put away, it comes back when it changes.
func (a Announcement) Mark() string { return a.ID + "." + strconv.Itoa(a.Version) }

// Announcements are what the pool announces. Asking must cost no more than memory.
type Announcements interface {
	// To lists what is announced at an instant to a person, the gravest first, but for
	// what she put away. identity is nil for who is not signed in: body is then the
	// collectivity that the page speaks for, if it is known.
	To(identity *Identity, body Collectivity, now time.Time) []Announcement
}

// Announce makes pages show what the pool announces. Call it before the first request.
func (rd *Renderer) Announce(announcements Announcements) { rd.announcements = announcements }

// Announced names what is announced to who asks: pages that are kept change with it.
func (rd *Renderer) Announced(r *http.Request) string {
	all := rd.announced(requestOf(r), Collectivity{})
	if len(all) == 0 {
		return ""
	}
	var marks strings.Builder
	for _, one := range all {
		marks.WriteString(one.Mark() + " ")
	}
	return marks.String()
}

func (rd *Renderer) announced(about *request, body Collectivity) []Announcement {
	if rd.announcements == nil {
		return nil
	}
	return rd.announcements.To(about.identity, body, about.now)
}

// notices are the announcements of a page as it shows them.
func (rd *Renderer) notices(about *request, body Collectivity) []themes.Notice {
	all := rd.announced(about, body)
	if len(all) == 0 {
		return nil
	}
	now, where := about.now, ""
	if about.identity == nil && body.Zone != nil {
		now = now.In(body.Zone)
	} else if about.identity == nil {
		where = about.printer.T("frame.notice.paris")
	}
	notices := make([]themes.Notice, len(all))
	for i, one := range all {
		notices[i] = NoticeOf(about.printer, one, now)
		notices[i].Where = where
		// Who sees the desk of another, assists, or is at a kiosk for a moment puts nothing away for anybody.
		if about.identity != nil && about.identity.Seer == nil && about.identity.Kiosk == nil && !Assists(about.identity.Caller) {
			notices[i].Away = "/announcements/" + one.ID + "/away"
		}
	}
	return notices
}

// NoticeOf is an announcement in the reader's language, with the hours of her zone, which is now's.
func NoticeOf(printer *i18n.Printer, one Announcement, now time.Time) themes.Notice {
	notice := themes.Notice{Level: one.Level, Text: one.French, When: shownUntil(printer, one.Until.In(now.Location()), now)}
	if lang := printer.Lang(); lang != i18n.French && one.English != "" {
		notice.Text = one.English
	} else if lang != i18n.French {
		notice.Lang = string(i18n.French)
	}
	if !one.Begins.IsZero() {
		notice.When = workHours(printer, one.Begins.In(now.Location()), one.Ends.In(now.Location()), now)
	}
	return notice
}

// shownUntil is "jusqu’à 18 h", "jusqu’à lundi, 18 h", "jusqu’au 20 nov., 18 h".
func shownUntil(printer *i18n.Printer, until, now time.Time) string {
	switch day := printer.NearDay(until, now); {
	case until.Format(time.DateOnly) == now.Format(time.DateOnly):
		return printer.T("frame.notice.until", "when", printer.Clock(until))
	case day == printer.DateShort(until, now):
		return printer.T("frame.notice.until.date", "when", printer.NearClock(until, now))
	}
	return printer.T("frame.notice.until", "when", printer.NearClock(until, now))
}

// workHours is "mardi, 18 h – 20 h", "lundi, 22 h – mardi, 2 h".
func workHours(printer *i18n.Printer, from, to, now time.Time) string {
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return printer.NearDay(from, now) + ", " + printer.ClockRange(from, to)
	}
	return printer.NearClock(from, now) + " – " + printer.NearClock(to, now)
}
