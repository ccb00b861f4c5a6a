package office

import (
	"strconv"
	"strings"
)

var unspaced = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", ",", ".", "−", "-", "+", "")

// number reads a number as French writes it: "2 418,60", "− 5". A telephone, a code that
// starts with 0 or a number with a unit is none.
func number(cell string) (float64, bool) {
	text := unspaced.Replace(plain(cell))
	if text == "" || len(text) > 1 && text[0] == '0' && text[1] != '.' {
		return 0, false
	}
	if strings.Trim(text, "-.0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// atEnd says which columns of a table hold numbers, amounts or percentages alone: they are set
// at the end, header included.
func atEnd(rows [][]string) []bool {
	end := make([]bool, columns(rows))
	for c := range end {
		filled, amounts := 0, 0
		for _, row := range rows[1:] {
			if c >= len(row) || row[c] == "" {
				continue
			}
			filled++
			if amount(row[c]) {
				amounts++
			}
		}
		end[c] = filled > 0 && amounts == filled
	}
	return end
}

func amount(cell string) bool {
	text := strings.TrimRight(plain(cell), "€%\u00a0 ")
	_, ok := number(text)
	return ok
}
