package directory

import (
	"strings"
	"unicode"

	"parvis/portal/post"
	"parvis/sso"
)

// maxLines is how many people one form may invite.
const maxLines = 200

// Guest is one person to invite, as one line of a form says.
type Guest struct {
	Number     int // of the line, from 1
	Text       string
	GivenName  string
	FamilyName string
	Address    string // as typed
	Login      string // canonical
	Fault      string // key of the sentence that says what is wrong, "" for nothing
}

// Name is "Camille Le Goff".
func (g Guest) Name() string { return strings.TrimSpace(g.GivenName + " " + g.FamilyName) }

// ParseGuests reads pasted lines: "Camille Le Goff <c.legoff@bourg.example>",
// "LE GOFF Camille c.legoff@bourg.example", or the cells of a spreadsheet,
// "Camille;Le Goff;c.legoff@bourg.example". Lines without a letter are left out.
func ParseGuests(text string) []Guest {
	var guests []Guest
	seen := map[string]bool{}
	number := 0
	for line := range strings.Lines(lineEnds.Replace(text)) {
		number++
		line = strings.TrimSpace(strings.Map(printable, line))
		if strings.Trim(line, " ;,\t") == "" {
			continue
		}
		guest := parseGuest(line)
		guest.Number = number
		switch {
		case guest.Fault != "":
		case seen[guest.Login]:
			guest.Fault = "directory.invite.twice"
		case len(seen) >= maxLines:
			guest.Fault = "directory.invite.many"
		}
		seen[guest.Login] = true
		guests = append(guests, guest)
	}
	return guests
}

// printable makes spaces of what is one or shows nothing, as pasted texts hold.
func printable(r rune) rune {
	switch {
	case r == '\t':
		return r
	case unicode.IsSpace(r), unicode.IsControl(r):
		return ' '
	case unicode.In(r, unicode.Cf):
		return -1
	}
	return r
}

func parseGuest(line string) Guest {
	guest := Guest{Text: line}
	names, address := splitAddress(line)
	guest.Address = address
	guest.GivenName, guest.FamilyName = splitName(names)
	clean, err := post.CleanAddress(address)
	login, ok := sso.CanonicalLogin(clean)
	switch {
	case err != nil || !ok:
		guest.Fault = "directory.invite.address"
	case guest.FamilyName == "":
		guest.Fault = "directory.invite.name"
	case len(guest.Name()) > 100:
		guest.Fault = "directory.invite.long"
	}
	guest.Login = login
	return guest
}

// splitAddress takes the word with an @ out of a line.
func splitAddress(line string) (names, address string) {
	apart := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("<>;,\"()", r) }
	for word := range strings.FieldsFuncSeq(line, apart) {
		if strings.Contains(word, "@") {
			address = strings.TrimPrefix(word, "mailto:")
			break
		}
	}
	if address == "" {
		return line, ""
	}
	before, after, _ := strings.Cut(line, address)
	names = strings.TrimSuffix(strings.TrimSpace(before), "mailto:")
	if strings.Trim(names, " <>;,\"()\t") == "" {
		names = after // the address came first
	}
	return names, address
}

// splitName tells given from family names: by the cells of a spreadsheet, by the
// comma of "Le Goff, Camille", by capitals, and else the first word is given.
func splitName(text string) (given, family string) {
	text = strings.Trim(text, " <>\"()\t;,")
	for _, separator := range []string{";", "\t"} {
		if before, after, cells := strings.Cut(text, separator); cells {
			return ordered(tidyName(before), tidyName(after))
		}
	}
	if before, after, found := strings.Cut(text, ","); found {
		return tidyName(after), tidyName(before)
	}
	words := strings.Fields(text)
	for i := range words {
		words[i] = tidyName(words[i])
	}
	var capitals, others []string
	for _, word := range words {
		if isCapitals(word) {
			capitals = append(capitals, word)
		} else {
			others = append(others, word)
		}
	}
	if len(capitals) > 0 && len(others) > 0 {
		return strings.Join(others, " "), strings.Join(capitals, " ")
	}
	if len(words) < 2 {
		return "", strings.Join(words, " ")
	}
	return words[0], strings.Join(words[1:], " ")
}

// ordered puts two cells right when capitals say that the family name is first.
func ordered(first, second string) (given, family string) {
	if isCapitals(first) && !isCapitals(second) {
		return second, first
	}
	return first, second
}

// tidyName is a name on one line without what surrounds it.
func tidyName(text string) string {
	return strings.Join(strings.Fields(strings.Trim(text, " <>\"();,\t")), " ")
}

// isCapitals says whether a name is written in capitals, as family names are on
// forms. One letter is an initial.
func isCapitals(word string) bool {
	letters := 0
	for _, r := range word {
		if unicode.IsLower(r) {
			return false
		}
		if unicode.IsUpper(r) {
			letters++
		}
	}
	return letters > 1
}

// lineEnds makes one of every way to end a line.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")
