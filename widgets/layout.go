package widgets

import (
	"maps"
	"slices"
)

// State says how much of a box the agent may decide.
type State string

// The states, from the freest to the strictest.
const (
	Available State = "available" // she may add it
	Suggested State = "suggested" // on her page unless she removes it
	Locked    State = "locked"    // she can't remove it
	Fixed     State = "fixed"     // nor move it
)

func (s State) rank() int { return slices.Index([]State{Available, Suggested, Locked, Fixed}, s) }

// Place is what the pool or a collectivity decides of one box. The order of
// places is the order of the page.
type Place struct {
	Widget string `json:"widget"`
	Size   Size   `json:"size,omitempty"`  // "" for the widget's own default
	State  State  `json:"state,omitempty"` // "" as on the page above
}

// Box is one box of an agent's page.
type Box struct {
	Widget string
	Size   Size
	State  State
	New    bool // came after she arranged her page, and she said nothing of it
}

// Choices are what one agent decided of her page, and nothing else. The zero
// value decides nothing. Ids of boxes that she can no longer have stay, and
// count again when she can.
type Choices struct {
	Order   []string        `json:"order,omitempty"` // of the boxes that she may move, once she moved one
	Sizes   map[string]Size `json:"sizes,omitempty"`
	Added   []string        `json:"added,omitempty"`
	Removed []string        `json:"removed,omitempty"`
	// Known are the boxes of the collectivity that were there when she last
	// decided: one that is not is new to her. Nil: she decided nothing.
	Known []string `json:"known"`
}

// mergeFrames puts a collectivity's places over the pool's, or a group's over those.
// The collectivity orders; what the pool added since comes after the box it follows there. A
// box that the pool locked or fixed is never weaker in a collectivity.
func mergeFrames(pool, collectivity []Place) []Place {
	pool, collectivity = unique(pool), unique(collectivity)
	byID := map[string]Place{}
	for _, place := range pool {
		byID[place.Widget] = place
	}
	for _, place := range collectivity {
		above, ok := byID[place.Widget]
		if !ok && place.State == "" {
			continue // the page above has it no more
		}
		if ok {
			if place.State == "" || above.State.rank() >= Locked.rank() && above.State.rank() > place.State.rank() {
				place.State = above.State
			}
			if place.Size == "" {
				place.Size = above.Size
			}
		}
		byID[place.Widget] = place
	}
	merged := make([]Place, 0, len(byID))
	for _, id := range weave(ids(collectivity), ids(pool)) {
		if place, ok := byID[id]; ok {
			merged = append(merged, place)
		}
	}
	return merged
}

// differences are what wanted decides that the page above does not: its order, all of
// it, where that differs, and the sizes and states that do.
func differences(above, wanted []Place) []Place {
	byID := map[string]Place{}
	for _, place := range above {
		byID[place.Widget] = place
	}
	reordered := !slices.Equal(ids(above), ids(wanted))
	decided := []Place{}
	for _, place := range wanted {
		one := Place{Widget: place.Widget}
		if byID[place.Widget].State != place.State {
			one.State = place.State
		}
		if byID[place.Widget].Size != place.Size {
			one.Size = place.Size
		}
		if reordered || one.State != "" || one.Size != "" {
			decided = append(decided, one)
		}
	}
	return decided
}

// unique keeps the first place of each widget, and only known states.
func unique(places []Place) []Place {
	kept := make([]Place, 0, len(places))
	seen := map[string]bool{}
	for _, place := range places {
		if place.Widget == "" || seen[place.Widget] || place.State != "" && place.State.rank() < 0 {
			continue
		}
		seen[place.Widget] = true
		kept = append(kept, place)
	}
	return kept
}

func ids(places []Place) []string {
	list := make([]string, len(places))
	for i, place := range places {
		list[i] = place.Widget
	}
	return list
}

// merge lays an agent's choices over the frame of her collectivity. The frame
// holds only boxes that she may have.
func merge(frame []Place, choices Choices) []Box {
	byID := map[string]Place{}
	var suggested, visible []string
	for _, place := range frame {
		byID[place.Widget] = place
		if place.State == Available {
			continue
		}
		suggested = append(suggested, place.Widget)
		if place.State != Suggested || !slices.Contains(choices.Removed, place.Widget) {
			visible = append(visible, place.Widget)
		}
	}
	for _, id := range choices.Added {
		if place, ok := byID[id]; ok && place.State == Available && !slices.Contains(visible, id) {
			visible = append(visible, id)
		}
	}
	order := slices.DeleteFunc(slices.Clone(choices.Order), func(id string) bool { return !slices.Contains(visible, id) })
	boxes := make([]Box, 0, len(visible))
	for _, id := range pin(weave(order, visible), visible, byID) {
		box := Box{Widget: id, Size: byID[id].Size, State: byID[id].State}
		if size, ok := choices.Sizes[id]; ok && size.valid() {
			box.Size = size
		}
		box.New = choices.Known != nil && slices.Contains(suggested, id) && !slices.Contains(choices.Known, id)
		boxes = append(boxes, box)
	}
	return boxes
}

// weave returns order, with each id of base that it lacks put after the one
// that precedes it in base: first where none does.
func weave(order, base []string) []string {
	woven := make([]string, 0, len(order)+len(base))
	for _, id := range order {
		if !slices.Contains(woven, id) {
			woven = append(woven, id)
		}
	}
	previous := -1 // index in woven of what precedes in base
	for _, id := range base {
		at := slices.Index(woven, id)
		if at < 0 {
			at = previous + 1
			woven = slices.Insert(woven, at, id)
		}
		previous = at
	}
	return woven
}

// pin gives the fixed boxes the rank that they have in base.
func pin(order, base []string, byID map[string]Place) []string {
	fixed := func(id string) bool { return byID[id].State == Fixed }
	pinned := slices.DeleteFunc(slices.Clone(order), fixed)
	for rank, id := range base {
		if fixed(id) {
			pinned = slices.Insert(pinned, min(rank, len(pinned)), id)
		}
	}
	return pinned
}

// arrangement is a page that an agent arranges: the frame and her choices.
// Its methods return what she decided next, and change nothing.
type arrangement struct {
	frame   []Place
	choices Choices
}

func (a arrangement) boxes() []Box { return merge(a.frame, a.choices) }

func (a arrangement) box(widget string) (box Box, rank int, ok bool) {
	boxes := a.boxes()
	rank = slices.IndexFunc(boxes, func(b Box) bool { return b.Widget == widget })
	if rank < 0 {
		return Box{}, 0, false
	}
	return boxes[rank], rank, true
}

// decided is a copy of the choices to change: the boxes on the page that are
// not new are known from now on, and so is the one that she speaks of.
func (a arrangement) decided(about string) Choices {
	next := Choices{
		Order: slices.Clone(a.choices.Order), Sizes: maps.Clone(a.choices.Sizes),
		Added: slices.Clone(a.choices.Added), Removed: slices.Clone(a.choices.Removed),
		Known: slices.Clone(a.choices.Known),
	}
	for _, place := range a.frame {
		news := a.choices.Known != nil && !slices.Contains(a.choices.Known, place.Widget)
		if place.State != Available && (!news || place.Widget == about) {
			next.Known = with(next.Known, place.Widget)
		}
	}
	if next.Known == nil {
		next.Known = []string{}
	}
	return next
}

// move puts a box at a rank of the page, 0 being the first; ranks beyond the
// ends are the ends. Fixed boxes stay where they are and are jumped over.
func (a arrangement) move(widget string, rank int) (Choices, bool) {
	box, from, ok := a.box(widget)
	if !ok || box.State == Fixed {
		return a.choices, false
	}
	boxes := a.boxes()
	rank = min(max(rank, 0), len(boxes)-1)
	order, target := []string{}, 0
	for i, other := range boxes {
		if other.State == Fixed || other.Widget == widget {
			continue
		}
		order = append(order, other.Widget)
		if i < rank || (i == rank && rank > from) {
			target = len(order)
		}
	}
	next := a.decided(widget)
	next.Order = slices.Insert(order, target, widget)
	return next, true
}

// step moves a box over the nearest one that is not fixed, forward (-1) or
// back (+1). At the end of the page nothing is decided.
func (a arrangement) step(widget string, by int) (Choices, bool) {
	_, rank, ok := a.box(widget)
	if !ok {
		return a.choices, false
	}
	boxes := a.boxes()
	for to := rank + by; to >= 0 && to < len(boxes); to += by {
		if boxes[to].State != Fixed {
			return a.move(widget, to)
		}
	}
	return a.choices, false
}

func (a arrangement) resize(widget string, size Size) (Choices, bool) {
	if _, _, ok := a.box(widget); !ok || !size.valid() {
		return a.choices, false
	}
	next := a.decided(widget)
	if next.Sizes == nil {
		next.Sizes = map[string]Size{}
	}
	next.Sizes[widget] = size
	return next, true
}

func (a arrangement) remove(widget string) (Choices, bool) {
	box, _, ok := a.box(widget)
	if !ok || box.State == Locked || box.State == Fixed {
		return a.choices, false
	}
	next := a.decided(widget)
	next.Order, next.Added = without(next.Order, widget), without(next.Added, widget)
	delete(next.Sizes, widget)
	if box.State == Suggested {
		next.Removed = with(next.Removed, widget)
	}
	return next, true
}

func (a arrangement) add(widget string) (Choices, bool) {
	i := slices.IndexFunc(a.frame, func(p Place) bool { return p.Widget == widget })
	if _, _, there := a.box(widget); there || i < 0 {
		return a.choices, false
	}
	next := a.decided(widget)
	next.Removed = without(next.Removed, widget)
	if a.frame[i].State == Available {
		next.Added = with(next.Added, widget)
		if next.Order != nil {
			next.Order = with(next.Order, widget)
		}
	}
	return next, true
}

// keep takes the mark off a new box.
func (a arrangement) keep(widget string) (Choices, bool) {
	if _, _, ok := a.box(widget); !ok {
		return a.choices, false
	}
	return a.decided(widget), true
}

func with(list []string, id string) []string {
	if slices.Contains(list, id) {
		return list
	}
	return append(list, id)
}

func without(list []string, id string) []string {
	return slices.DeleteFunc(list, func(other string) bool { return other == id })
}
