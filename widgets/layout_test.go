package widgets

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// places reads "agenda news! mail!! weather-": suggested, locked, fixed,
// available.
func places(text string) []Place {
	var list []Place
	for _, word := range strings.Fields(text) {
		state := Suggested
		switch {
		case strings.HasSuffix(word, "!!"):
			state = Fixed
		case strings.HasSuffix(word, "!"):
			state = Locked
		case strings.HasSuffix(word, "-"):
			state = Available
		}
		list = append(list, Place{Widget: strings.Trim(word, "!-"), Size: Small, State: state})
	}
	return list
}

// text writes boxes as "agenda news:m mail*": sizes other than small, new.
func text(boxes []Box) string {
	var words []string
	for _, box := range boxes {
		word := box.Widget
		if box.Size != Small {
			word += ":" + string(box.Size)
		}
		if box.New {
			word += "*"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestMergeKeepsWhatEachDecided(t *testing.T) {
	arranged := []string{"a", "b", "c"}
	tests := []struct {
		name, frame string
		choices     Choices
		want        string
	}{
		{"nothing decided", "a b! c!! d-", Choices{}, "a b c"},
		{"her order", "a b c", Choices{Order: []string{"c", "a", "b"}, Known: arranged}, "c a b"},
		{"her sizes", "a b c", Choices{Sizes: map[string]Size{"b": Medium}, Known: arranged}, "a b:m c"},
		{"an unknown size is not hers", "a", Choices{Sizes: map[string]Size{"a": "xl"}, Known: arranged}, "a"},
		{"removed", "a b c", Choices{Removed: []string{"b"}, Known: arranged}, "a c"},
		{"a locked box can't be removed", "a b! c!!", Choices{Removed: []string{"b", "c"}, Known: arranged}, "a b c"},
		{"added at the end", "a d- b", Choices{Added: []string{"d"}, Known: arranged}, "a b d"},
		{"added where she put it", "a d- b", Choices{Added: []string{"d"}, Order: []string{"d", "a", "b"}, Known: arranged}, "d a b"},
		{"added, and now suggested", "a d b", Choices{Added: []string{"d"}, Order: []string{"b", "d", "a"}, Known: append(arranged, "d")}, "b d a"},
		{"a fixed box keeps its rank", "a b!! c", Choices{Order: []string{"c", "b", "a"}, Known: arranged}, "c b a"},
		{"fixed first", "a!! b c", Choices{Order: []string{"c", "b"}, Known: arranged}, "a c b"},
		{"a new box comes after the one before it", "a b n c", Choices{Order: []string{"c", "b", "a"}, Known: arranged}, "c b n* a"},
		{"a new box comes first when it is", "n a b", Choices{Order: []string{"b", "a"}, Known: arranged}, "n* b a"},
		{"a new box for who only removed one", "a b n c", Choices{Removed: []string{"b"}, Known: arranged}, "a n* c"},
		{"a new box for who never arranged is not marked", "a b n c", Choices{}, "a b n c"},
		{"a box that left the frame leaves the page", "a c", Choices{Order: []string{"c", "b", "a"}, Known: arranged}, "c a"},
		{"ids twice", "a b", Choices{Order: []string{"b", "b", "a"}, Known: arranged}, "b a"},
	}
	for _, test := range tests {
		if got := text(merge(places(test.frame), test.choices)); got != test.want {
			t.Errorf("%s: merge = %q, want %q", test.name, got, test.want)
		}
	}
}

func TestACollectivityOrdersWhatThePoolSuggests(t *testing.T) {
	tests := []struct{ name, pool, collectivity, want string }{
		{"nothing decided", "a b! c!!", "", "a b! c!!"},
		{"its order", "a b c", "c a b", "c a b"},
		{"its states", "a b c", "a! b- c!!", "a! b- c!!"},
		{"it can't weaken the pool's", "a! b!!", "b a-", "b!! a!"},
		{"what the pool added since", "a n b", "b a", "b a n"},
		{"its own boxes", "a", "x a", "x a"},
		{"twice", "a a b", "b b", "a b"},
	}
	for _, test := range tests {
		got := mergeFrames(places(test.pool), places(test.collectivity))
		if diff := cmp.Diff(places(test.want), got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
}

func TestArrangingDecidesOnlyWhatWasAsked(t *testing.T) {
	type change func(a arrangement) (Choices, bool)
	step := func(id string, by int) change { return func(a arrangement) (Choices, bool) { return a.step(id, by) } }
	move := func(id string, rank int) change {
		return func(a arrangement) (Choices, bool) { return a.move(id, rank) }
	}
	remove := func(id string) change { return func(a arrangement) (Choices, bool) { return a.remove(id) } }
	add := func(id string) change { return func(a arrangement) (Choices, bool) { return a.add(id) } }
	keep := func(id string) change { return func(a arrangement) (Choices, bool) { return a.keep(id) } }
	size := func(id string, size Size) change {
		return func(a arrangement) (Choices, bool) { return a.resize(id, size) }
	}
	tests := []struct {
		name, frame string
		changes     []change
		want        string
		refused     bool // the last change decides nothing
	}{
		{"forward", "a b c", []change{step("c", -1)}, "a c b", false},
		{"back", "a b c", []change{step("a", 1)}, "b a c", false},
		{"forward and back is where it was", "a b c", []change{step("b", -1), step("b", 1)}, "a b c", false},
		{"forward of the first", "a b c", []change{step("a", -1)}, "a b c", true},
		{"over a fixed box", "a b!! c", []change{step("c", -1)}, "c b a", false},
		{"behind a fixed first box", "a!! b c", []change{step("b", -1)}, "a b c", true},
		{"a fixed box", "a!! b c", []change{step("a", 1)}, "a b c", true},
		{"a locked box moves", "a! b c", []change{step("a", 1)}, "b a c", false},
		{"to the end", "a b c d", []change{move("a", 3)}, "b c d a", false},
		{"beyond the end", "a b c d", []change{move("a", 99)}, "b c d a", false},
		{"to the front", "a b c d", []change{move("d", 0)}, "d a b c", false},
		{"before the front", "a b c d", []change{move("d", -5)}, "d a b c", false},
		{"remove", "a b c", []change{remove("b")}, "a c", false},
		{"remove, then add again", "a b c", []change{remove("b"), add("b")}, "a b c", false},
		{"remove after a move, then add again", "a b c", []change{step("a", 1), remove("b"), add("b")}, "a b c", false},
		{"remove a locked box", "a b! c", []change{remove("b")}, "a b c", true},
		{"remove an added box", "a d-", []change{add("d"), remove("d")}, "a", false},
		{"add what is there", "a d-", []change{add("a")}, "a", true},
		{"add what can't be had", "a", []change{add("z")}, "a", true},
		{"add after a move comes last", "a b d-", []change{step("a", 1), add("d")}, "b a d", false},
		{"size", "a b", []change{size("b", Large)}, "a b:l", false},
		{"size of nothing", "a b", []change{size("z", Large)}, "a b", true},
		{"the size leaves with the box", "a d-", []change{add("d"), size("d", Large), remove("d"), add("d")}, "a d", false},
		{"keep", "a b", []change{keep("a")}, "a b", false},
	}
	for _, test := range tests {
		a := arrangement{frame: places(test.frame)}
		var done bool
		for _, change := range test.changes {
			a.choices, done = change(a)
		}
		if got := text(a.boxes()); got != test.want || done == test.refused {
			t.Errorf("%s: boxes = %q, changed = %v; want %q, %v", test.name, got, done, test.want, !test.refused)
		}
	}
}

func TestANewBoxStaysNewUntilSheSpeaksOfIt(t *testing.T) {
	a := arrangement{frame: places("a b c")}
	a.choices, _ = a.step("a", 1)
	a.frame = places("a n b m c")
	want := func(when, boxes string) {
		t.Helper()
		if got := text(a.boxes()); got != boxes {
			t.Errorf("%s: boxes = %q, want %q", when, got, boxes)
		}
	}
	want("two new defaults", "b m* a n* c")
	a.choices, _ = a.resize("c", Medium)
	want("after speaking of another", "b m* a n* c:m")
	a.choices, _ = a.keep("n")
	want("after keeping one", "b m* a n c:m")
	a.choices, _ = a.remove("m")
	want("after removing the other", "b a n c:m")
	a.frame = places("a n b m c k!")
	want("a new locked box", "b a n c:m k*")
}

func TestChoicesSurviveTheStore(t *testing.T) {
	a := arrangement{frame: places("d-")}
	a.choices, _ = a.add("d")
	text, err := json.Marshal(a.choices)
	if err != nil {
		t.Fatal(err)
	}
	var back Choices
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(a.choices, back); diff != "" {
		t.Errorf("(-written +read)\n%s", diff)
	}
	if back.Known == nil {
		t.Error("who decided something is taken for somebody who decided nothing")
	}
}

// FuzzDifferences: what a page keeps of what was wanted gives it back, whatever the page
// above, and nothing where nothing differs.
func FuzzDifferences(f *testing.F) {
	f.Add("a b! c!! d-", "c!! a b! d-")
	f.Add("a b c", "b! a")
	f.Add("", "a")
	f.Fuzz(func(t *testing.T, aboveText, wantedText string) {
		if len(aboveText)+len(wantedText) > 2000 {
			return
		}
		above := mergeFrames(places(aboveText), nil)
		wanted := complete(unique(places(wantedText)), above)
		want := mergeFrames(above, wanted)
		got := mergeFrames(above, differences(above, want))
		if !slices.Equal(got, want) {
			t.Fatalf("above %v, wanted %v: kept %v, which gives %v", above, want, differences(above, want), got)
		}
		if kept := differences(above, above); len(kept) > 0 {
			t.Fatalf("above %v: kept %v of itself", above, kept)
		}
	})
}

// TestWhatIsDecidedOfAnAbsentBoxStays: the weather comes back with its place.
func TestWhatIsDecidedOfAnAbsentBoxStays(t *testing.T) {
	before := []Place{{Widget: "weather", State: Locked}, {Widget: "mail", State: Fixed}, {Widget: "gone"}}
	got := keepAbsent([]Place{{Widget: "agenda", Size: Large}}, before, places("agenda mail"))
	want := []Place{{Widget: "weather", State: Locked}, {Widget: "gone"}, {Widget: "agenda", Size: Large}}
	slices.SortFunc(got, func(a, b Place) int { return strings.Compare(a.Widget, b.Widget) })
	slices.SortFunc(want, func(a, b Place) int { return strings.Compare(a.Widget, b.Widget) })
	if !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
}

// FuzzMerge lays any choices over any frame and holds what must always be so.
func FuzzMerge(f *testing.F) {
	f.Add("a b! c!! d-", `{"order":["c","a"],"sizes":{"a":"l"},"added":["d"],"removed":["a","b"],"known":["a"]}`, "back a")
	f.Add("", `{}`, "add a")
	f.Add("a!! b!! c!!", `{"order":["c","b","a","a"],"removed":["a"],"known":[]}`, "forward b")
	f.Add("a- b- a-", `{"added":["b","a","b"],"sizes":{"b":"x"},"known":null}`, "remove b")
	f.Fuzz(func(t *testing.T, frameText, choicesText, orderText string) {
		if len(frameText)+len(choicesText) > 2000 {
			return
		}
		var choices Choices
		if json.Unmarshal([]byte(choicesText), &choices) != nil {
			return
		}
		frame := unique(places(frameText))
		holds(t, frame, choices)
		verb, id, _ := strings.Cut(orderText, " ")
		a := arrangement{frame: frame, choices: choices}
		before := text(a.boxes())
		var next Choices
		var changed bool
		switch verb {
		case "forward":
			next, changed = a.step(id, -1)
		case "back":
			next, changed = a.step(id, 1)
		case "remove":
			next, changed = a.remove(id)
		case "add":
			next, changed = a.add(id)
		case "keep":
			next, changed = a.keep(id)
		default:
			next, changed = a.move(id, len(verb))
		}
		if text(a.boxes()) != before {
			t.Fatalf("deciding changed what was decided before: %q, then %q", before, text(a.boxes()))
		}
		if changed {
			holds(t, frame, next)
		}
	})
}

func holds(t *testing.T, frame []Place, choices Choices) {
	t.Helper()
	boxes := merge(frame, choices)
	seen := map[string]int{}
	for rank, box := range boxes {
		if _, twice := seen[box.Widget]; twice {
			t.Fatalf("box %q is there twice: %v", box.Widget, boxes)
		}
		seen[box.Widget] = rank
		if !slices.Contains(ids(frame), box.Widget) {
			t.Fatalf("box %q is not in the frame", box.Widget)
		}
		if !box.Size.valid() {
			t.Fatalf("box %q has size %q", box.Widget, box.Size)
		}
	}
	var visible []string
	for _, place := range frame {
		_, there := seen[place.Widget]
		if !there && (place.State == Locked || place.State == Fixed) {
			t.Fatalf("box %q, %s, is not on the page", place.Widget, place.State)
		}
		if there && place.State == Available && !slices.Contains(choices.Added, place.Widget) {
			t.Fatalf("box %q is there and nobody added it", place.Widget)
		}
		if there && place.State != Available {
			visible = append(visible, place.Widget)
		}
	}
	for rank, id := range visible {
		i := slices.IndexFunc(frame, func(p Place) bool { return p.Widget == id })
		if frame[i].State == Fixed && seen[id] != rank {
			t.Fatalf("fixed box %q is at rank %d, want %d", id, seen[id], rank)
		}
	}
}
