package widgets

import (
	"errors"
	"time"

	"parvis/portal"
)

// boxView is a box for the template "widgets/box": a content, how it is shown,
// and what can be done with it.
type boxView struct {
	ID, Title, Icon, Link, LinkText string
	Size                            Size
	Content                         Content
	Items                           []Item // those of the content that the size has room for
	Hour                            string // "à 8 h 12", "" when it is the page's own
	Sentence                        string // what goes wrong, "" when all is well

	First  bool // the raised sheet
	Known  bool // there is a content to show
	Late   bool // it is still being loaded
	Failed bool // the last try failed
	Mark   bool // it is new to the agent

	Edit, Pinned, Removable, Resizable, Settings bool
	SizeName                                     string

	now time.Time
}

// moment is when an item happens, for a template.
type moment struct {
	When      string
	Time, Now time.Time
}

// buttons are the actions of an item or of a box, for a template.
type buttons struct {
	ID      string
	Actions []Action
}

// titled is an item with the classes of its title.
type titled struct {
	Item
	Class string
}

// view prepares a box as a page shows it to a reader.
func (k *kind) view(box Box, state shown, rd reader) boxView {
	manifest, printer := k.manifest, rd.printer
	view := boxView{
		ID: manifest.ID, Title: printer.T(manifest.Title), Icon: manifest.Icon, Link: manifest.Link,
		Size: box.Size, First: manifest.First, Late: state.late, Mark: box.New && !rd.seen, now: rd.now,
		Pinned: box.State == Fixed, Removable: box.State == Suggested || box.State == Available,
		Resizable: len(manifest.Sizes) > 1, Settings: len(manifest.AgentSettings) > 0,
		SizeName: printer.T(sizeNames[box.Size]),
	}
	if manifest.LinkText != "" {
		view.LinkText = printer.T(manifest.LinkText)
	}
	if k.closedTo(rd) {
		view.Link = "" // it leads to what is the agent's alone
	}
	if state.loaded == nil {
		return view
	}
	view.Known = !state.loaded.at.IsZero()
	view.Failed = state.loaded.failed != nil && !state.late
	if view.Failed {
		view.Sentence = failure(state.loaded, rd)
	}
	if view.Known {
		view.Content = state.loaded.content
		view.Items = view.Content.Items[:min(len(view.Content.Items), room(box.Size, view.Content.Layout))]
		view.Hour = hour(state, rd)
	}
	return view
}

var sizeNames = map[Size]string{Small: "widgets.size-s", Medium: "widgets.size-m", Large: "widgets.size-l"}

// room is how many items a box shows.
func room(size Size, layout Layout) int {
	rooms := map[Size]int{Small: 5, Medium: 5, Large: 10}
	if layout == Tiles {
		rooms = map[Size]int{Small: 8, Medium: 12, Large: MaxItems}
	}
	return rooms[size]
}

// hour is the hour of the data when it isn't the page's: the widget says so,
// or what is shown is not of the last moment.
func hour(state shown, rd reader) string {
	at := state.loaded.content.At
	if at.IsZero() && !state.dated() {
		return ""
	}
	if at.IsZero() {
		at = state.loaded.shownAt
	}
	return clockOf(at, rd)
}

// dated says whether the hour of the loading is shown.
func (s shown) dated() bool { return s.age == stale || s.age == expired || s.loaded.failed != nil }

// clockOf is "à 8 h 12" today, "hier, 8 h 12" before.
func clockOf(at time.Time, rd reader) string {
	if dayOf(at.In(rd.now.Location())) == dayOf(rd.now) {
		return rd.printer.T("widgets.hour", "hour", rd.printer.Clock(at.In(rd.now.Location())))
	}
	return rd.printer.NearClock(at, rd.now)
}

// failure is the sentence of a box whose last try failed: the widget's own
// when it said one, else since when.
func failure(l *loaded, rd reader) string {
	var refusal portal.UserError
	if errors.As(l.failed, &refusal) && rd.printer.Has(refusal.Key) {
		return rd.printer.T(refusal.Key, refusal.Args...)
	}
	since := rd.printer.Clock(l.since.In(rd.now.Location()))
	if dayOf(l.since.In(rd.now.Location())) != dayOf(rd.now) {
		since = rd.printer.NearClock(l.since, rd.now)
	}
	return rd.printer.T("widgets.failed", "since", since)
}

// dayOf numbers the days of a calendar.
func dayOf(t time.Time) int { return t.Year()*1000 + t.YearDay() }

// Moment is when an item happens, nil when it has no moment.
func (v boxView) Moment(item Item) *moment {
	if item.When == "" && item.Time.IsZero() {
		return nil
	}
	return &moment{When: item.When, Time: item.Time, Now: v.now}
}

// Titled says how strong an item's title is: in a list what was read is
// quieter than what was not, while people and appointments are all equal.
func (v boxView) Titled(item Item) titled {
	switch {
	case item.Unread:
		return titled{item, "t dot"}
	case v.Content.Layout == List && item.Phone == "":
		return titled{item, "t read"}
	}
	return titled{item, "t"}
}

// Buttons are an item's, none while the page is arranged.
func (v boxView) Buttons(item Item) buttons {
	if v.Edit {
		return buttons{}
	}
	return buttons{ID: v.ID, Actions: item.Actions}
}

// FootButtons are the box's own.
func (v boxView) FootButtons() buttons { return buttons{ID: v.ID, Actions: v.Content.Actions} }

// HasFoot says whether there is anything at the end of the box.
func (v boxView) HasFoot() bool {
	return v.Link != "" || v.Failed || v.Mark || (v.Late && !v.Known) ||
		(v.Known && len(v.Content.Links)+len(v.Content.Actions) > 0)
}

// Nothing says whether to say that there is nothing.
func (v boxView) Nothing() bool { return v.Content.empty() && !v.Content.Partial }

// NoticeIcon goes with the tone: meaning is never by colour alone.
func (v boxView) NoticeIcon() string {
	if v.Content.Notice.Tone == Good {
		return "check"
	}
	return "alert"
}

// fragment renders a box, once for each look of what was loaded.
func (h *Handler) fragment(box placed, state shown, rd reader) (*fragment, error) {
	render := func() ([]byte, error) {
		return h.renderer.Execute(rd.printer.Lang(), "widgets/box", box.kind.view(box.Box, state, rd))
	}
	if state.loaded == nil {
		html, err := render()
		if err != nil {
			return nil, err
		}
		return newFragment(html), nil
	}
	of := look{size: box.Size, state: box.State, mark: box.New && !rd.seen, late: state.late, dated: state.dated(), day: dayOf(rd.now)}
	return state.loaded.fragmentFor(of, render)
}
