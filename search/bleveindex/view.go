package bleveindex

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"parvis/search"
)

// view is one state of an index, which searches share while the index changes
// behind it. In it an entry is a number from 0, less than size. What a search
// needs to know of all entries (lengths, kinds, units, days, who may see them)
// is read from the postings at the first search that asks, and kept.
type view struct {
	reader *scorch.IndexSnapshot
	since  time.Time    // when it was taken
	users  atomic.Int64 // searches in it, and 1 while it is the current one
	size   int          // entries, deleted ones too
	docs   float64      // entries, without the deleted ones
	state  search.State

	title, body column // lengths
	labels      labels
	scratch     sync.Pool // *scores

	mu      sync.Mutex
	allowed map[string]bitset // by the caller's agent and audience
}

// newView takes the current state of an index.
func newView(from index.Index, now time.Time) (*view, error) {
	reader, err := from.Reader()
	if err != nil {
		return nil, err
	}
	snapshot := reader.(*scorch.IndexSnapshot)
	v := &view{reader: snapshot, since: now, allowed: map[string]bitset{}}
	v.users.Store(1)
	for _, segment := range snapshot.Segments() {
		v.size += int(segment.FullSize())
	}
	docs, err := snapshot.DocCount()
	if err != nil {
		snapshot.Close()
		return nil, err
	}
	v.docs = float64(docs)
	if v.state, err = stateOf(snapshot); err != nil {
		snapshot.Close()
		return nil, err
	}
	v.scratch.New = func() any { return newScores(v.size) }
	return v, nil
}

func stateOf(reader index.IndexReader) (search.State, error) {
	making, err := reader.GetInternal(keyMaking)
	if err != nil {
		return search.State{}, err
	}
	filled, err := reader.GetInternal(keyFilled)
	return search.State{Making: string(making), Filled: len(filled) > 0}, err
}

// release ends one use. The last one gives the files back.
func (v *view) release() {
	if v.users.Add(-1) == 0 {
		v.reader.Close()
	}
}

// eachEntry calls fn with every entry that holds the term in the field.
func (v *view) eachEntry(ctx context.Context, field, term string, fn func(entry int)) error {
	postings, err := v.reader.TermFieldReader(ctx, []byte(term), field, false, false, false)
	if err != nil {
		return err
	}
	defer postings.Close()
	var one index.TermFieldDoc
	for {
		posting, err := postings.Next(&one)
		if err != nil || posting == nil {
			return err
		}
		fn(int(posting.ID.Value()))
	}
}

// holders counts the entries that hold a term.
func (v *view) holders(ctx context.Context, field, term string) (float64, error) {
	postings, err := v.reader.TermFieldReader(ctx, []byte(term), field, false, false, false)
	if err != nil {
		return 0, err
	}
	defer postings.Close()
	return float64(postings.Count()), nil
}

// column is the length in words of one field of every entry.
type column struct {
	once    sync.Once
	err     error
	lengths []float32
	average float64
}

func (c *column) load(ctx context.Context, v *view, field string) error {
	c.once.Do(func() { c.err = c.read(context.WithoutCancel(ctx), v, field) })
	return c.err
}

func (c *column) read(ctx context.Context, v *view, field string) error {
	postings, err := v.reader.TermFieldReader(ctx, []byte(everywhere), field, true, true, false)
	if err != nil {
		return err
	}
	defer postings.Close()
	c.lengths = make([]float32, v.size)
	var one index.TermFieldDoc
	var sum, n float64
	for {
		posting, err := postings.Next(&one)
		if err != nil {
			return err
		}
		if posting == nil {
			break
		}
		length := 1/(posting.Norm*posting.Norm) - 1 // without the word that is everywhere
		c.lengths[posting.ID.Value()] = float32(length)
		sum += length
		n++
	}
	c.average = max(1, sum/max(1, n))
	return nil
}

// labels are the facets of every entry.
type labels struct {
	once  sync.Once
	err   error
	kind  []uint8  // index into kinds
	unit  []uint16 // index into units
	day   []uint32 // 20261121, 0 for none
	kinds []string // kinds[0] and units[0] are "", for none
	units []string
}

func (l *labels) load(ctx context.Context, v *view) error {
	l.once.Do(func() { l.err = l.read(context.WithoutCancel(ctx), v) })
	return l.err
}

func (l *labels) read(ctx context.Context, v *view) error {
	l.kind, l.unit, l.day = make([]uint8, v.size), make([]uint16, v.size), make([]uint32, v.size)
	l.kinds, l.units = []string{""}, []string{""}
	err := v.eachTerm(ctx, fieldKind, func(term string) error {
		number := uint8(len(l.kinds))
		l.kinds = append(l.kinds, term)
		return v.eachEntry(ctx, fieldKind, term, func(entry int) { l.kind[entry] = number })
	})
	if err != nil {
		return err
	}
	err = v.eachTerm(ctx, fieldUnit, func(term string) error {
		number := uint16(len(l.units))
		l.units = append(l.units, term)
		return v.eachEntry(ctx, fieldUnit, term, func(entry int) { l.unit[entry] = number })
	})
	if err != nil {
		return err
	}
	return v.eachTerm(ctx, fieldDay, func(term string) error {
		number := dayNumber(term)
		return v.eachEntry(ctx, fieldDay, term, func(entry int) { l.day[entry] = number })
	})
}

// dayNumber reads "20261121" as 20261121.
func dayNumber(day string) uint32 {
	var number uint32
	for _, digit := range []byte(day) {
		number = number*10 + uint32(digit-'0')
	}
	return number
}

// eachTerm calls fn with every term of a field, in byte order.
func (v *view) eachTerm(ctx context.Context, field string, fn func(term string) error) error {
	terms, err := v.reader.FieldDict(field)
	if err != nil {
		return err
	}
	defer terms.Close()
	return eachEntryOf(ctx, terms, fn)
}

func eachEntryOf(ctx context.Context, terms index.FieldDict, fn func(term string) error) error {
	for {
		term, err := terms.Next()
		if err != nil || term == nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(term.Term); err != nil {
			return err
		}
	}
}

// entryName returns the kind and the id of an entry's document.
func (v *view) entryName(entry int) (search.Kind, string, error) {
	name, err := v.reader.ExternalID(index.NewIndexInternalID(nil, uint64(entry)))
	if err != nil {
		return "", "", err
	}
	for i := range len(name) {
		if name[i] == '/' {
			return search.Kind(name[:i]), name[i+1:], nil
		}
	}
	return "", "", fmt.Errorf("bleveindex: entry %q has no kind", name)
}

// kept returns what an entry keeps of its document, and its body.
func (v *view) kept(entry int) (search.Document, []byte, error) {
	kind, id, err := v.entryName(entry)
	if err != nil {
		return search.Document{}, nil, err
	}
	stored, err := v.reader.Document(entryID(kind, id))
	if err != nil {
		return search.Document{}, nil, err
	}
	if stored == nil {
		return search.Document{}, nil, fmt.Errorf("bleveindex: entry of %s %q is gone", kind, id)
	}
	var show shown
	var body []byte
	stored.VisitFields(func(field index.Field) {
		switch field.Name() {
		case fieldBody:
			body = field.Value()
		case fieldShown:
			err = json.Unmarshal(field.Value(), &show)
		}
	})
	return search.Document{
		Kind: kind, ID: id, Title: show.Title, Summary: show.Summary, URL: show.URL, Icon: show.Icon,
		Detail: show.Detail, Phone: show.Phone, Unit: show.Unit, Date: show.Date,
		Audience: show.Audience, Agents: show.Agents,
	}, body, err
}
