package portal

import "strings"

// laPoste is the one SIREN whose establishments don't follow Luhn's formula: the
// sum of their digits is a multiple of five.
const laPoste = "356000000"

// SIRET reads the number of an establishment: 14 digits, the SIREN and the NIC,
// with a key (décret 97-497). Spaces are left out, "999 000 102 00015" is
// "99900010200015". Not ok for anything else.
func SIRET(text string) (siret string, ok bool) {
	siret = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' || r == '\u202f' {
			return -1
		}
		return r
	}, text)
	if len(siret) != 14 {
		return "", false
	}
	sum, key := 0, 0
	for i, r := range siret {
		if r < '0' || r > '9' {
			return "", false
		}
		digit := int(r - '0')
		sum += digit
		if i%2 == 0 { // every other one, from the last but one
			digit *= 2
		}
		key += digit/10 + digit%10
	}
	if strings.HasPrefix(siret, laPoste) && sum%5 == 0 {
		return siret, true
	}
	return siret, key%10 == 0 && sum > 0
}
