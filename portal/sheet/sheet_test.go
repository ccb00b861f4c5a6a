package sheet_test

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	utf16 "golang.org/x/text/encoding/unicode"

	"parvis/portal/sheet"
)

var limits = sheet.Limits{Rows: 1000, Columns: 20, Cell: 2000}

// saved is one table as offices save it.
func saved(t *testing.T) map[string][]byte {
	t.Helper()
	const table = "Nom;Prénom;Courriel\r\nLe Goff;Zoë;zoe@bourg.example\r\n"
	latin, err := charmap.Windows1252.NewEncoder().String(table)
	if err != nil {
		t.Fatal(err)
	}
	little, err := utf16.UTF16(utf16.LittleEndian, utf16.UseBOM).NewEncoder().String(strings.ReplaceAll(table, ";", "\t"))
	if err != nil {
		t.Fatal(err)
	}
	big, err := utf16.UTF16(utf16.BigEndian, utf16.IgnoreBOM).NewEncoder().String(table)
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"UTF-8":                      []byte(table),
		"Excel, UTF-8 with its mark": []byte("\ufeff" + table),
		"Excel in French":            []byte(latin),
		"Excel, Unicode text":        []byte(little),
		"UTF-16 without mark":        []byte(big),
		"LibreOffice with quotes":    []byte("\"Nom\",\"Prénom\",\"Courriel\"\n\"Le Goff\",\"Zoë\",\"zoe@bourg.example\"\n"),
		"an old Macintosh":           []byte(strings.ReplaceAll(table, "\r\n", "\r")),
		"accents written apart":      []byte(strings.NewReplacer("é", "e\u0301", "ë", "e\u0308").Replace(table)),
		"empty columns at the end":   []byte(strings.ReplaceAll(table, "\r\n", ";;;\r\n")),
		"spaces that can't be seen":  []byte("Nom;\u00a0Prénom ;Courriel\nLe  Goff;\u200bZoë;\tzoe@bourg.example\n"),
		"a cell of two lines":        []byte("Nom;Prénom;Courriel\n\"Le\nGoff\";Zoë;zoe@bourg.example\n"),
		"no line end after the last": []byte(strings.TrimSuffix(table, "\r\n")),
		"a separator in quotes":      []byte("Nom,Prénom,Courriel\n\"Le Goff\",Zoë,zoe@bourg.example\n"),
		"bars":                       []byte("Nom|Prénom|Courriel\nLe Goff|Zoë|zoe@bourg.example\n"),
	}
}

func TestATableIsTheSameHoweverItWasSaved(t *testing.T) {
	want := []sheet.Row{{1, []string{"Nom", "Prénom", "Courriel"}}, {2, []string{"Le Goff", "Zoë", "zoe@bourg.example"}}}
	for name, data := range saved(t) {
		got, err := sheet.Read(data, limits)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", name, diff)
		}
	}
}

// TestOneBrokenLetterSpoilsNoOther: a list that was cut and pasted together holds both.
func TestOneBrokenLetterSpoilsNoOther(t *testing.T) {
	rows, err := sheet.Read([]byte("Nom;Prénom\n"+strings.Repeat("L’Hénoret;Zoë\n", 10)+"Grand;L\xe9a\n"), limits)
	if err != nil || rows[0].Cell(1) != "Prénom" || rows[10].Cell(0) != "L’Hénoret" || rows[11].Cell(1) != "L\uFFFDa" {
		t.Errorf("%+v, %v", rows, err)
	}
	rows, err = sheet.Read([]byte("Pr\xe9nom\nSoci\xe9t\xe9 \xc3\xa9\n"), limits) // mostly Windows'
	if err != nil || rows[0].Cell(0) != "Prénom" {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestALastCellOfManyLinesIsRead(t *testing.T) {
	rows, err := sheet.Read([]byte("Nom;Adresse\nRoux;\"Bâtiment B\n3, rue \"\"des\"\" Prés\"\n\n"), limits)
	if err != nil || len(rows) != 2 || rows[1].Cell(1) != `Bâtiment B 3, rue "des" Prés` {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestRowsAreNumberedAsASpreadsheetDoes(t *testing.T) {
	rows, err := sheet.Read([]byte("sep=,\nNom,Tel\n\n\"Le\nGoff\",1\n,\n\nRoux,\"'+33 2\"\n"), limits)
	if err != nil {
		t.Fatal(err)
	}
	want := []sheet.Row{{2, []string{"Nom", "Tel"}}, {4, []string{"Le Goff", "1"}}, {7, []string{"Roux", "+33 2"}}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhatIsNoTableIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want error
	}{
		"nothing":                       {"", sheet.ErrEmpty},
		"separators":                    {"\ufeff;;;\r\n;;\r\n", sheet.ErrEmpty},
		"a workbook":                    {"PK\x03\x04\x14\x00", sheet.ErrWorkbook},
		"an old workbook":               {"\xd0\xcf\x11\xe0\xa1", sheet.ErrWorkbook},
		"a picture":                     {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", sheet.ErrBinary},
		"too many rows":                 {strings.Repeat("a;b\n", 1001), sheet.ErrLong},
		"an open quote in a short list": {"Nom;Prénom\nLe Goff;\"Zoë\nRoux;Anne\n", sheet.QuoteError{Row: 2}},
		"an open quote":                 {"Nom;Prénom\nRoux;Anne\nLe Goff;\"Zoë\n" + strings.Repeat("Roux;Anne\n", 900), sheet.QuoteError{Row: 3}},
	} {
		if _, err := sheet.Read([]byte(c.data), limits); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, data := range [][]byte{
		[]byte("Nom;Prénom\r\nLe Goff;Zoë\r\n"), []byte("\ufeff\"a\"\"b\",c\n"), []byte("sep=,\na,b"), []byte("\xff\xfea\x00;\x00b\x00"),
		[]byte("\xe9;\xe8\r"), []byte("a\tb\n\n\n\"c\nd\"\t'+1"), []byte("\xff\xfe\x00\xd8"), []byte("\"\"\"\";\""),
	} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		began := time.Now()
		rows, err := sheet.Read(data, limits)
		if took := time.Since(began); took > time.Second {
			t.Fatalf("took %v for %d bytes", took, len(data))
		}
		if err == nil && len(rows) == 0 {
			t.Fatal("no row and no error")
		}
		last := 0
		for _, row := range rows {
			if row.Number <= last || len(row.Cells) == 0 || len(row.Cells) > limits.Columns {
				t.Fatalf("row %d with %d cells after row %d", row.Number, len(row.Cells), last)
			}
			last = row.Number
			for _, cell := range row.Cells {
				if !utf8.ValidString(cell) || strings.ContainsAny(cell, "\x00\n\r\t") || strings.TrimSpace(cell) != cell {
					t.Fatalf("cell %q", cell)
				}
			}
		}
	})
}
