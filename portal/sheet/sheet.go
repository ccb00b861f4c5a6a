// Package sheet reads tables as spreadsheets save them in France: UTF-8, UTF-16 or
// Windows-1252, semicolons, commas or tabs, quotes, and lines that end in any way.
// What the columns mean is for who reads.
package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf16 "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/unicode/norm"
)

// Why a file is no table.
var (
	ErrEmpty    = errors.New("sheet: nothing in it")
	ErrWorkbook = errors.New("sheet: a workbook, which is not text") // .xlsx, .xls, .ods
	ErrBinary   = errors.New("sheet: no text")
	ErrLong     = errors.New("sheet: too many rows")
)

// QuoteError is a cell that begins with a quote which nothing closes, or that is too
// long for any other reason.
type QuoteError struct{ Row int }

// Error is for logs.
func (e QuoteError) Error() string { return "sheet: a cell does not end" }

// Limits bound a table. More columns are left out, since spreadsheets save empty ones.
type Limits struct{ Rows, Columns, Cell int }

// Row is one row with something in it.
type Row struct {
	Number int // as a spreadsheet shows it, from 1
	Cells  []string
}

// Cell is the text of a column, "" beyond the last one.
func (r Row) Cell(column int) string {
	if column < 0 || column >= len(r.Cells) {
		return ""
	}
	return r.Cells[column]
}

// Read reads a file. Cells come on one line, without what surrounds them or can't be
// seen; rows with nothing in them are left out, and counted.
func Read(data []byte, limits Limits) ([]Row, error) {
	text, err := decode(data)
	if err != nil {
		return nil, err
	}
	first, text, comma := cutMark(lineEnds(text))
	if comma == 0 {
		comma = guessComma(text)
	}
	reader := newReader(text, comma)
	reader.LazyQuotes, reader.ReuseRecord = true, true
	var rows []Row
	var begins int64         // of the last record in the text
	folded := false          // it has a cell of several lines
	number, next := first, 1 // of the last row, and the line of the text after it
	for {
		at := reader.InputOffset()
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		begins, folded = at, false
		if err != nil {
			return nil, QuoteError{number + 1}
		}
		line, _ := reader.FieldPos(0)
		number += 1 + line - next // lines with nothing at all, which the reader skips
		next = line + 1
		cells := make([]string, 0, min(len(record), limits.Columns))
		filled := 0
		for i, cell := range record {
			breaks := strings.Count(cell, "\n")
			next, folded = next+breaks, folded || breaks > 0
			if len(cell) > limits.Cell {
				return nil, QuoteError{number}
			}
			if i >= limits.Columns {
				continue
			}
			cells = append(cells, tidy(cell))
			if cells[i] != "" {
				filled = i + 1
			}
		}
		if filled == 0 {
			continue
		}
		if len(rows) == limits.Rows {
			return nil, ErrLong
		}
		rows = append(rows, Row{number, cells[:filled:filled]})
	}
	if folded && open(text[begins:], comma) {
		return nil, QuoteError{number}
	}
	if len(rows) == 0 {
		return nil, ErrEmpty
	}
	return rows, nil
}

func newReader(text string, comma rune) *csv.Reader {
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comma, reader.FieldsPerRecord = comma, -1
	return reader
}

// open says whether the last record of a table has a quote that nothing closes: it took
// all that is below.
func open(record string, comma rune) bool {
	_, err := newReader(record, comma).Read()
	return errors.Is(err, csv.ErrQuote)
}

var marks = []struct {
	mark string
	kind encoding.Encoding
}{
	{"\xef\xbb\xbf", encoding.Nop},
	{"\xff\xfe", utf16.UTF16(utf16.LittleEndian, utf16.IgnoreBOM)},
	{"\xfe\xff", utf16.UTF16(utf16.BigEndian, utf16.IgnoreBOM)},
}

// decode makes UTF-8 of a file: by its mark, by the NULs between the letters of UTF-16,
// or as Windows wrote it when it is no UTF-8.
func decode(data []byte) (string, error) {
	for _, workbook := range []string{"PK\x03\x04", "\xd0\xcf\x11\xe0"} {
		if bytes.HasPrefix(data, []byte(workbook)) {
			return "", ErrWorkbook
		}
	}
	kind := encoding.Encoding(encoding.Nop)
	marked := false
	for _, one := range marks {
		if bytes.HasPrefix(data, []byte(one.mark)) {
			data, kind, marked = data[len(one.mark):], one.kind, true
			break
		}
	}
	if !marked {
		kind = unmarked(data)
	}
	text, err := kind.NewDecoder().Bytes(data)
	if err != nil || bytes.IndexByte(text, 0) >= 0 {
		return "", ErrBinary
	}
	return norm.NFC.String(strings.ToValidUTF8(string(text), "\uFFFD")), nil
}

// unmarked tells what a file without mark is written in.
func unmarked(data []byte) encoding.Encoding {
	sample := data[:min(len(data), 4096)]
	var zeros [2]int
	for i, octet := range sample {
		if octet == 0 {
			zeros[i%2]++
		}
	}
	switch {
	case zeros[1] > len(sample)/4 && zeros[0] == 0:
		return utf16.UTF16(utf16.LittleEndian, utf16.IgnoreBOM)
	case zeros[0] > len(sample)/4 && zeros[1] == 0:
		return utf16.UTF16(utf16.BigEndian, utf16.IgnoreBOM)
	case mostlyUTF8(data):
		return encoding.Nop
	}
	return charmap.Windows1252
}

// mostlyUTF8 says whether text is UTF-8, but for a letter in ten at the most that
// somebody pasted or cut.
func mostlyUTF8(data []byte) bool {
	const often = 10
	var right, wrong int
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		data = data[size:]
		switch {
		case r == utf8.RuneError && size == 1:
			wrong++
		case size > 1:
			right++
		}
	}
	return wrong*often <= right
}

// lineEnds makes one of every way to end a line.
func lineEnds(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
}

// cutMark takes the line off by which Excel tells its separator, "sep=;".
func cutMark(text string) (rows int, rest string, comma rune) {
	line, rest, _ := strings.Cut(text, "\n")
	if mark, ok := strings.CutPrefix(strings.Trim(line, `" `), "sep="); ok && len(mark) == 1 && strings.Contains(commas, mark) {
		return 1, rest, rune(mark[0])
	}
	return 0, text, 0
}

// commas are what separates cells, the likeliest first.
const commas = ";\t,|"

// guessComma finds the separator that most lines hold as often as each other.
func guessComma(text string) rune {
	const looked = 30
	best, most := rune(commas[0]), 0
	for _, comma := range commas {
		counts := map[int]int{} // how many lines hold it so many times
		lines := 0
		for line := range strings.Lines(text[:min(len(text), 64<<10)]) {
			if count := countOutside(line, comma); count > 0 {
				counts[count]++
			}
			if lines++; lines == looked {
				break
			}
		}
		for count, same := range counts {
			if score := same*1000 + min(count, 100); score > most {
				best, most = comma, score
			}
		}
	}
	return best
}

// countOutside counts separators that are in no quotes.
func countOutside(line string, comma rune) (count int) {
	quoted := false
	for _, r := range line {
		if r == '"' {
			quoted = !quoted
		}
		if r == comma && !quoted {
			count++
		}
	}
	return count
}

// tidy is a cell on one line. The apostrophe goes by which a spreadsheet, or our own
// export, keeps "+33…" from being a formula.
func tidy(cell string) string {
	plain := true
	for i := range len(cell) {
		plain = plain && cell[i] > ' ' && cell[i] < 0x7f
	}
	if !plain {
		cell = strings.Join(strings.Fields(strings.Map(visible, cell)), " ")
	}
	if len(cell) > 1 && cell[0] == '\'' && strings.ContainsRune("=+-@", rune(cell[1])) {
		cell = cell[1:]
	}
	return cell
}

func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r), unicode.IsControl(r):
		return ' '
	case unicode.In(r, unicode.Cf):
		return -1
	}
	return r
}
