package i18n

import (
	"html/template"
	"strings"
)

// Phone writes a telephone number by pairs that a line never cuts: "02 61 91 01 42". It reads 0261910142,
// 02.61.91.01.42, +33 2 61 91 01 42 and 0033…; foreign and internal numbers keep their own grouping.
func Phone(number string) string {
	national, ok := nationalNumber(number)
	if !ok {
		return strings.Join(strings.Fields(number), nbsp)
	}
	if len(national)%2 != 0 {
		return national
	}
	pairs := make([]string, 0, len(national)/2)
	for i := 0; i < len(national); i += 2 {
		pairs = append(pairs, national[i:i+2])
	}
	return strings.Join(pairs, nbsp)
}

// Tel is the address that dials the number: "tel:+33261910142", "tel:15" for a short one, "" when it holds no digits.
// It is a template.URL because html/template refuses the tel scheme; it holds nothing but digits and one +.
func Tel(number string) template.URL {
	national, ok := nationalNumber(number)
	if ok && len(national) == 10 {
		return template.URL("tel:" + countryCode(national) + national[1:])
	}
	digits := digitsOf(number)
	if digits == "" {
		return ""
	}
	if strings.HasPrefix(strings.TrimSpace(number), "+") {
		return template.URL("tel:+" + digits)
	}
	if rest, ok := strings.CutPrefix(digits, "00"); ok {
		return template.URL("tel:+" + rest)
	}
	return template.URL("tel:" + digits)
}

// nationalNumber gives the ten digits of a French number, or a short number of 2 to 6 digits; ok is false for others.
func nationalNumber(number string) (string, bool) {
	digits := digitsOf(number)
	international := strings.HasPrefix(strings.TrimSpace(number), "+")
	if rest, found := strings.CutPrefix(digits, "00"); found {
		digits, international = rest, true
	}
	if international {
		for _, code := range []string{"33", "262", "590", "594", "596"} {
			rest, found := strings.CutPrefix(digits, code)
			rest = strings.TrimPrefix(rest, "0") // +33 (0)2 61 91 01 42
			if found && len(rest) == 9 {
				return "0" + rest, true
			}
		}
		return "", false
	}
	if strings.ContainsFunc(number, isLetter) {
		return "", false
	}
	short := len(digits) >= 2 && len(digits) <= 6
	return digits, short || len(digits) == 10 && digits[0] == '0'
}

// countryCode gives the code of a national number: départements d’outre-mer have their own (plan de numérotation, ARCEP).
// 06 39 98 is kept out of Mayotte's 0639: the plan reserves it for fiction.
func countryCode(national string) string {
	if strings.HasPrefix(national, "063998") {
		return "+33"
	}
	switch national[:4] {
	case "0262", "0263", "0269", "0639", "0692", "0693":
		return "+262"
	case "0590", "0690", "0691":
		return "+590"
	case "0594", "0694":
		return "+594"
	case "0596", "0696", "0697":
		return "+596"
	}
	return "+33"
}

func digitsOf(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0xc0 }
