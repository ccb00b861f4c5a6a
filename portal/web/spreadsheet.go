package web

import (
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Spreadsheet answers with a table that a spreadsheet of this country opens:
// UTF-8 with its mark, semicolons, and no cell that it takes for a formula.
type Spreadsheet struct{ out *csv.Writer }

// NewSpreadsheet begins the answer, a file to keep named "agents-bourg.csv". An
// error of writing is in Flush: the reader left.
func NewSpreadsheet(w http.ResponseWriter, name string) *Spreadsheet {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+url.PathEscape(name)+`"`)
	w.Header().Set("Cache-Control", "no-store")
	out := csv.NewWriter(w)
	out.Comma = ';'
	io.WriteString(w, "\ufeff") // an error comes again with the first row
	return &Spreadsheet{out}
}

// DatedName is the name of a file that somebody takes away today, "agents-bourg-2026-11-30.csv".
func DatedName(r *http.Request, name string) string {
	return name + "-" + string(CallerOf(r).Collectivity) + "-" + Now(r).Format(time.DateOnly) + ".csv"
}

// Row adds a row.
func (s *Spreadsheet) Row(cells ...string) {
	row := make([]string, len(cells))
	for i, cell := range cells {
		row[i] = harmless(cell)
	}
	s.out.Write(row) // an error stays in the writer
}

// Flush sends the rows, so that a long table costs no memory.
func (s *Spreadsheet) Flush() error {
	s.out.Flush()
	return s.out.Error()
}

// harmless keeps a spreadsheet from taking a text for a formula (OWASP, CSV
// Injection).
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
