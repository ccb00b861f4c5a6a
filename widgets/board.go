package widgets

import (
	"net/url"
	"slices"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
)

// Board is a form over a frame: each box with its order, its size and what people may
// decide of it, and a sketch of the page of who decided nothing.
type Board struct {
	Rows    []boardRow
	Sketch  []sketched
	Addable []string // titles of boxes to add
	Pressed string   // the button that gets the focus again, "up-agenda"
}

// boardRow is one box.
type boardRow struct {
	Widget, Title, Help, Icon string
	States, Sizes             []boardChoice
	Rank                      int // from 1
	First, Last               bool
}

// boardChoice is an answer of a list.
type boardChoice struct {
	Value, Label string
	Selected     bool
}

// sketched is a box of the sketch.
type sketched struct {
	Title, Icon string
	Size        Size
}

// errBoard: a form that is none of ours.
var errBoard = portal.UserError{Kind: portal.ErrInvalid, Key: "web.error.invalid"}

// ReadBoard takes the places out of a board's form, and does what its buttons "up
// agenda" and "down agenda" ask; pressed names that button.
func ReadBoard(form url.Values) (places []Place, pressed string, err error) {
	widgets, states, sizes := form["widget"], form["state"], form["size"]
	if len(widgets) == 0 || len(widgets) != len(states) || len(widgets) != len(sizes) || len(widgets) > maxPlaces {
		return nil, "", errBoard
	}
	for i, id := range widgets {
		place := Place{Widget: id, State: State(states[i]), Size: Size(sizes[i])}
		if !idPattern.MatchString(id) || place.State.rank() < 0 || !place.Size.valid() || slices.Contains(ids(places), id) {
			return nil, "", errBoard
		}
		places = append(places, place)
	}
	verb, id, _ := strings.Cut(form.Get("do"), " ")
	at := slices.Index(ids(places), id)
	to := at
	switch verb {
	case "up":
		to--
	case "down":
		to++
	}
	if at < 0 || to == at {
		return places, "", nil
	}
	if to >= 0 && to < len(places) {
		places[at], places[to] = places[to], places[at]
	}
	return places, verb + "-" + id, nil
}

// maxPlaces bounds a form; there are far fewer kinds of boxes.
const maxPlaces = 200

// Board shows places of boxes that exist, over what the page above them decides: a box
// that it keeps on the page can't be given back here. Without above, everything can be
// decided.
func (h *Handler) Board(printer *i18n.Printer, places, above []Place) Board {
	var board Board
	for i, place := range places {
		k := h.catalogue.byID[place.Widget]
		if k == nil {
			continue
		}
		title := printer.T(k.manifest.Title)
		row := boardRow{
			Widget: place.Widget, Title: title, Help: printer.T(k.manifest.Help), Icon: k.manifest.Icon,
			Rank: i + 1, First: i == 0, Last: i == len(places)-1,
		}
		for _, state := range statesOver(above, place.Widget) {
			row.States = append(row.States, boardChoice{string(state), printer.T("widgets.state." + string(state)), state == place.State})
		}
		size := k.manifest.size(place.Size)
		for _, one := range k.manifest.Sizes {
			row.Sizes = append(row.Sizes, boardChoice{string(one), printer.T(sizeNames[one]), one == size})
		}
		board.Rows = append(board.Rows, row)
		if place.State == Available {
			board.Addable = append(board.Addable, title)
		} else {
			board.Sketch = append(board.Sketch, sketched{title, k.manifest.Icon, size})
		}
	}
	return board
}

// statesOver are those that a box may have over the page above.
func statesOver(above []Place, widget string) []State {
	all := []State{Suggested, Locked, Fixed, Available}
	i := slices.Index(ids(above), widget)
	if i < 0 || above[i].State.rank() < Locked.rank() {
		return all
	}
	return slices.DeleteFunc(all, func(state State) bool { return state.rank() < above[i].State.rank() })
}

// Every lists all kinds of boxes as a collectivity has them that decided nothing.
func (h *Handler) Every() []Place { return among(h.catalogue.kinds, mergeFrames(h.pool, nil)) }

// Filled is a frame with every kind of box: those that it does not speak of can be added.
func (h *Handler) Filled(places []Place) []Place { return among(h.catalogue.kinds, places) }

// Titles are those of the boxes on the page of who decided nothing.
func (h *Handler) Titles(printer *i18n.Printer, places []Place) []string {
	var titles []string
	for _, box := range h.Board(printer, places, nil).Sketch {
		titles = append(titles, box.Title)
	}
	return titles
}
