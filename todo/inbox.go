package todo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"parvis/portal"
)

// Place is a collectivity that a person works for, and who she is there.
type Place struct {
	Caller portal.Caller
	Name   string // "Bourg-sur-Loire"
	// Shut marks one that asks for a second factor of whoever enters: what waits
	// there is shown once she has entered.
	Shut bool
}

// Places knows where a person works.
type Places interface {
	// Places lists the collectivities of the caller's account, the caller's own
	// first and never shut.
	Places(ctx context.Context, caller portal.Caller) ([]Place, error)
}

// Inbox asks all sources.
type Inbox struct {
	sources []Source
	places  Places
	log     *slog.Logger
	counts  counts
}

// New returns the inbox of some sources, in the order in which a page names them.
func New(places Places, log *slog.Logger, sources ...Source) *Inbox {
	return &Inbox{sources: sources, places: places, log: log, counts: counts{now: time.Now}}
}

// patience is how long a source may take.
const patience = time.Second

// Entry is an item at its place.
type Entry struct {
	Item
	Source Manifest
	Place  Place
}

// Sheet is what waits for a person.
type Sheet struct {
	Entries []Entry // the most pressing first
	Total   int
	Sources []Heap  // those that have something, and those that did not answer
	Places  []Place // where she works, her own first
	Recent  []Trace // what she did within the last hour, the last first
}

// Heap is what waits in one source, in all places.
type Heap struct {
	Manifest
	Count   int
	Missing bool // it did not answer somewhere: Count is what is known
}

// Trace is something done at its place.
type Trace struct {
	Done
	Source Manifest
	Place  Place
}

// Several says whether pages name the collectivity of each line.
func (s Sheet) Several() bool { return len(s.Places) > 1 }

// Missing lists the sources that did not answer.
func (s Sheet) Missing() []Heap {
	return slices.DeleteFunc(slices.Clone(s.Sources), func(h Heap) bool { return !h.Missing })
}

// Query says what to show.
type Query struct {
	Source string // "" for all
	Limit  int    // of entries
	Recent bool   // with what was done
}

// Load asks the sources for what waits, all at once. One that fails, panics or
// takes longer than a second is missing from the answer, which says so.
func (i *Inbox) Load(ctx context.Context, request Request, query Query) (Sheet, error) {
	places, err := i.places.Places(ctx, request.Caller)
	if err != nil {
		return Sheet{}, fmt.Errorf("todo: list places: %w", err)
	}
	sheet := Sheet{Places: places}
	heaps := map[string]*Heap{}
	for _, found := range i.ask(ctx, request, places, query) {
		manifest := found.source.Manifest()
		heap := heaps[manifest.ID]
		if heap == nil {
			heap = &Heap{Manifest: manifest}
			heaps[manifest.ID] = heap
		}
		heap.Count += found.list.Total
		heap.Missing = heap.Missing || found.err != nil
		if query.Source == "" || query.Source == manifest.ID {
			sheet.add(found, manifest)
		}
	}
	for _, source := range i.sources {
		if heap := heaps[source.Manifest().ID]; heap != nil && (heap.Count > 0 || heap.Missing) {
			sheet.Sources = append(sheet.Sources, *heap)
		}
	}
	sheet.sort(query.Limit)
	return sheet, nil
}

func (s *Sheet) add(found found, manifest Manifest) {
	s.Total += found.list.Total
	for _, item := range found.list.Items {
		s.Entries = append(s.Entries, Entry{item, manifest, found.place})
	}
	for _, done := range found.recent {
		s.Recent = append(s.Recent, Trace{done, manifest, found.place})
	}
}

func (s *Sheet) sort(limit int) {
	slices.SortStableFunc(s.Entries, func(a, b Entry) int {
		return cmp.Or(Pressing(a.Item, b.Item), cmp.Compare(a.Source.ID, b.Source.ID), cmp.Compare(a.ID, b.ID))
	})
	s.Entries = s.Entries[:min(len(s.Entries), limit)]
	slices.SortStableFunc(s.Recent, func(a, b Trace) int { return b.At.Compare(a.At) })
}

// found is what one source answered about one place.
type found struct {
	source Source
	place  Place
	list   List
	recent []Done
	err    error
}

// ask asks each source about each open place, all at once; the answers are in the
// order of sources and places.
func (i *Inbox) ask(ctx context.Context, request Request, places []Place, query Query) []found {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var all []found
	var answers []chan found
	for _, source := range i.sources {
		for _, place := range places {
			if place.Shut {
				continue
			}
			answer, asked := make(chan found, 1), request
			asked.Caller = place.Caller
			all, answers = append(all, found{source: source, place: place}), append(answers, answer)
			go func() { answer <- i.load(ctx, source, place, asked, query) }()
		}
	}
	for n, answer := range answers {
		select {
		case all[n] = <-answer:
			continue
		case <-ctx.Done():
		}
		select {
		case all[n] = <-answer: // it came with the deadline
		default:
			all[n].err = ctx.Err()
			i.failed(all[n])
		}
	}
	return all
}

func (i *Inbox) load(ctx context.Context, source Source, place Place, request Request, query Query) (answer found) {
	answer = found{source: source, place: place}
	defer func() {
		if panicked := recover(); panicked != nil {
			answer = found{source: source, place: place, err: fmt.Errorf("todo: panic: %v", panicked)}
		}
		if answer.err != nil {
			i.failed(answer)
		}
	}()
	answer.list, answer.err = source.List(ctx, request, query.Limit)
	if answer.err == nil && query.Recent {
		answer.recent, answer.err = source.Recent(ctx, request)
	}
	return answer
}

func (i *Inbox) failed(lost found) {
	if errors.Is(lost.err, context.Canceled) {
		return // the client left
	}
	i.log.Warn("what waits is not known", "source", lost.source.Manifest().ID, "collectivity", lost.place.Caller.Collectivity, "error", lost.err)
}

// Address names an item.
type Address struct {
	Collectivity portal.CollectivityID
	Source, Item string
}

// find returns the source of an address and the request of the agent that the
// person is at its place; portal.ErrNotFound where she is none, or may not enter
// without more proof.
func (i *Inbox) find(ctx context.Context, request Request, at Address) (Source, Request, error) {
	number := slices.IndexFunc(i.sources, func(s Source) bool { return s.Manifest().ID == at.Source })
	if number < 0 {
		return nil, request, fmt.Errorf("todo: source %.40q: %w", at.Source, portal.ErrNotFound)
	}
	places, err := i.places.Places(ctx, request.Caller)
	if err != nil {
		return nil, request, fmt.Errorf("todo: list places: %w", err)
	}
	here := slices.IndexFunc(places, func(p Place) bool { return p.Caller.Collectivity == at.Collectivity && !p.Shut })
	if here < 0 {
		return nil, request, fmt.Errorf("todo: act in %.40q: %w", at.Collectivity, portal.ErrNotFound)
	}
	request.Caller = places[here].Caller
	return i.sources[number], request, nil
}

// Act does what the person decided about an item, with what she typed.
// portal.FieldErrors name the fields that are refused.
func (i *Inbox) Act(ctx context.Context, request Request, at Address, action string, form Values) (Done, error) {
	source, request, err := i.find(ctx, request, at)
	if err != nil {
		return Done{}, err
	}
	known, ok := source.Manifest().action(action)
	if !ok {
		return Done{}, fmt.Errorf("todo: action %.40q of %s: %w", action, at.Source, portal.ErrNotFound)
	}
	values, err := read(known.Fields, form)
	if err != nil {
		return Done{}, err
	}
	return source.Act(ctx, request, at.Item, action, values)
}

// action is one of the manifest's.
func (m Manifest) action(name string) (Action, bool) {
	n := slices.IndexFunc(m.Actions, func(a Action) bool { return a.Name == name })
	if n < 0 {
		return Action{}, false
	}
	return m.Actions[n], true
}

// read takes the declared fields out of a form, and nothing else.
func read(fields []Field, form Values) (Values, error) {
	values := Values{}
	var wrong portal.FieldErrors
	for _, field := range fields {
		value := strings.TrimSpace(form[field.Name])
		limit := cmp.Or(field.Max, 200)
		_, notDate := time.Parse(time.DateOnly, value)
		switch {
		case value == "" && field.Required:
			wrong = append(wrong, portal.Invalid(field.Name, "todo.error.missing"))
		case utf8.RuneCountInString(value) > limit:
			wrong = append(wrong, portal.Invalid(field.Name, "todo.error.long", "limit", limit))
		case field.Kind == Date && value != "" && notDate != nil:
			wrong = append(wrong, portal.Invalid(field.Name, "todo.error.date"))
		}
		values[field.Name] = value
	}
	return values, wrong.OrNil()
}

// Undo takes back what the person did at a place.
func (i *Inbox) Undo(ctx context.Context, request Request, at Address, token string) (Sentence, error) {
	source, request, err := i.find(ctx, request, at)
	if err != nil {
		return Sentence{}, err
	}
	return source.Undo(ctx, request, token)
}
