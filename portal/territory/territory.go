// Package territory knows the communes, intercommunalities, départements and
// regions of France without a network: names, codes, populations, postal codes,
// school and time zones, and finds them by what people type. It knows no
// collectivity of the pool. It lies in the portal, below every feature, since it
// holds facts and no rule: whoever prefills a form may ask.
//
// The data is Etalab's, release 6.0.0 of @etalab/decoupage-administratif (MIT;
// the data under the Licence Ouverte 2.0): the division of 1 January 2026 by
// INSEE and the DGCL, the populations in force then. Nothing of it is in memory
// before the first question.
package territory

import (
	"bytes"
	"cmp"
	"compress/flate"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
)

//go:generate ../../tools/territory.sh

// places is what the generator in tools/territory writes, and says the shape of.
//
//go:embed places.deflate
var places []byte

// Kind of a place.
type Kind string

// The kinds that Find and BySIREN return.
const (
	Commune     Kind = "commune"
	EPCI        Kind = "epci" // with its own taxes
	Departement Kind = "departement"
	Region      Kind = "region"
)

// Place is one of them.
type Place struct {
	Kind        Kind
	Name        string   // "Le Havre", "CA Chartres Métropole"
	Code        string   // INSEE's, "76351", "28"; the SIREN of an EPCI
	SIREN       string   // "" when the source does not say, as of départements
	Form        string   // of an EPCI: "CC", "CA", "CU", "METRO", "MET69"
	Population  int      // municipal; 0 when nobody counted
	Postcodes   []string // of a commune, sorted
	Departement string   // its code; of an EPCI that where most of its people live
	Around      string   // name of that département, of a département its region's
	link        byte     // INSEE's TNCC, '0' to '8'
}

// INSEE is the code of a commune, "" for other places.
func (p Place) INSEE() string {
	if p.Kind == Commune {
		return p.Code
	}
	return ""
}

// atlas is the data as it is searched.
type atlas struct {
	text      string   // the lines of the file
	records   []record // communes in the order of their codes, after the others
	communes  int      // index of the first
	folded    string   // names between spaces, " saint denis "
	words     []word   // of all names, sorted
	bySIREN   []uint32 // indexes of records, in the order of their SIREN
	posted    []post   // of communes, sorted by code
	areas     map[string]string
	regionsOf map[string]string // of a département's code, the name
}

type record struct {
	line           uint32 // where it begins in text
	fold, foldEnd  uint32 // in folded
	population     uint32
	kind           byte // 'C', 'E', 'D', 'R'
	article, title byte // bytes of folded that a name may be typed without
}

// post is one postal code of a commune.
type post struct{ code, record uint32 }

// word is where a word of a name begins in folded.
type word struct{ at, record uint32 }

var shipped = sync.OnceValue(func() *atlas {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(places)))
	if err != nil {
		panic(fmt.Sprintf("territory: the embedded file is broken: %v", err)) // it is part of the program
	}
	return read(string(text))
})

func read(text string) *atlas {
	a := &atlas{text: text, areas: map[string]string{}, regionsOf: map[string]string{}}
	var folded strings.Builder
	regions := map[string]string{}
	for at := 0; at < len(text); {
		line := a.lineAt(uint32(at))
		cells := strings.Split(line, "\t")
		name := cells[len(cells)-1]
		one := record{line: uint32(at), kind: line[0], fold: uint32(folded.Len())}
		switch one.kind {
		case 'R':
			regions[cells[1]] = typographic(name)
		case 'D':
			a.areas[cells[1]] = typographic(name)
			a.regionsOf[cells[1]] = regions[cells[2]]
		case 'E':
			one.population = count(cells[4])
		case 'C':
			one.population = count(cells[2])
			if a.communes == 0 {
				a.communes = len(a.records)
			}
		}
		fold := canonical(name)
		one.article, one.title = leading(fold, one.kind)
		folded.WriteByte(' ')
		folded.WriteString(fold)
		folded.WriteByte(' ')
		one.foldEnd = uint32(folded.Len())
		a.records = append(a.records, one)
		at += len(line) + 1
	}
	a.folded = folded.String()
	a.index()
	return a
}

func count(cell string) uint32 {
	n, _ := strconv.ParseUint(cell, 10, 32) // an empty cell is 0
	return uint32(n)
}

func (a *atlas) index() {
	type numbered struct{ siren, record uint32 }
	var numbers []numbered
	for i, one := range a.records {
		for at := one.fold; at+1 < one.foldEnd; at++ {
			if a.folded[at] == ' ' {
				a.words = append(a.words, word{at, uint32(i)})
			}
		}
		if siren := a.siren(one); siren != "" {
			numbers = append(numbers, numbered{count(siren), uint32(i)})
		}
		if one.kind != 'C' {
			continue
		}
		for code := range strings.SplitSeq(a.cell(one, 4), ",") {
			a.posted = append(a.posted, post{count(code), uint32(i)})
		}
	}
	slices.SortFunc(a.words, func(x, y word) int {
		return cmp.Or(strings.Compare(a.from(x), a.from(y)), cmp.Compare(x.record, y.record))
	})
	slices.SortFunc(a.posted, func(x, y post) int { return cmp.Compare(x.code, y.code) })
	slices.SortFunc(numbers, func(x, y numbered) int { return cmp.Compare(x.siren, y.siren) })
	for _, one := range numbers {
		a.bySIREN = append(a.bySIREN, one.record)
	}
}

// from is the rest of a name from a word on, with the space before it.
func (a *atlas) from(w word) string { return a.folded[w.at:a.records[w.record].foldEnd] }

func (a *atlas) lineAt(at uint32) string {
	line, _, _ := strings.Cut(a.text[at:], "\n")
	return line
}

// cell is the nth cell of a record, from 0.
func (a *atlas) cell(one record, n int) string {
	rest := a.lineAt(one.line)
	for range n {
		_, rest, _ = strings.Cut(rest, "\t")
	}
	first, _, _ := strings.Cut(rest, "\t")
	return first
}

func (a *atlas) siren(one record) string {
	switch one.kind {
	case 'E':
		return a.cell(one, 1)
	case 'C':
		return a.cell(one, 3)
	}
	return ""
}

// place reads a record.
func (a *atlas) place(one record) Place {
	cells := strings.Split(a.lineAt(one.line), "\t")
	p := Place{Name: typographic(cells[len(cells)-1]), Code: cells[1], Population: int(one.population), link: '0'}
	switch one.kind {
	case 'R':
		p.Kind = Region
	case 'D':
		p.Kind, p.Departement, p.Around = Departement, cells[1], a.regionsOf[cells[1]]
	case 'E':
		p.Kind, p.SIREN, p.Form, p.Departement = EPCI, cells[1], cells[2], cells[3]
	case 'C':
		p.Kind, p.SIREN, p.Departement = Commune, cells[3], departementOf(cells[1])
		if cells[4] != "" {
			p.Postcodes = strings.Split(cells[4], ",")
		}
		if cells[5] != "" {
			p.link = cells[5][0]
		}
	}
	if p.Kind == Commune || p.Kind == EPCI {
		p.Around = a.areas[p.Departement]
	}
	return p
}

// departementOf is the département that the code of a commune begins with.
func departementOf(insee string) string {
	if strings.HasPrefix(insee, "97") || strings.HasPrefix(insee, "98") {
		return insee[:3]
	}
	return insee[:2]
}

// typographic writes a name as it is printed.
func typographic(name string) string { return strings.ReplaceAll(name, "'", "’") }

// ByINSEE returns the commune of a code, "2A004".
func ByINSEE(code string) (Place, bool) {
	a := shipped()
	communes := a.records[a.communes:]
	i, found := slices.BinarySearchFunc(communes, strings.ToUpper(code), func(one record, code string) int {
		return strings.Compare(a.cell(one, 1), code)
	})
	if !found {
		return Place{}, false
	}
	return a.place(communes[i]), true
}

// BySIREN returns the commune or EPCI of a number of nine digits, "217500016".
func BySIREN(siren string) (Place, bool) {
	a := shipped()
	i, found := slices.BinarySearchFunc(a.bySIREN, siren, func(i uint32, siren string) int {
		return strings.Compare(a.siren(a.records[i]), siren)
	})
	if !found {
		return Place{}, false
	}
	return a.place(a.records[a.bySIREN[i]]), true
}
