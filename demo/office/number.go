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
