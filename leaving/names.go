package leaving

import (
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"parvis/portal/i18n"
)

// longestName of a part of a path, in bytes: what every file system takes, with
// room for a number.
const longestName = 200

// reserved are names that Windows keeps for devices.
var reserved = map[string]bool{
	"con": true, "prn": true, "aux": true, "nul": true, "com1": true, "com2": true, "com3": true, "com4": true, "com5": true,
	"com6": true, "com7": true, "com8": true, "com9": true, "lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true,
	"lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true,
}

// safeName makes one part of a path of a name that somebody typed: it unpacks on
// any system, inside of its folder.
func safeName(name string) string {
	made := strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), unicode.Is(unicode.Cf, r): // bidirectional marks too
			return -1
		case strings.ContainsRune(`/\:*?"<>|`, r):
			return '-'
		}
		return r
	}, name)
	if len(made) > longestName {
		extension := path.Ext(made)
		if len(extension) > 16 {
			extension = ""
		}
		made = strings.ToValidUTF8(made[:longestName-len(extension)], "") + extension
	}
	made = strings.Trim(made, " .")
	stem, _, _ := strings.Cut(strings.ToLower(made), ".")
	if made == "" || reserved[stem] {
		made = "_" + made
	}
	return made
}

// names gives out paths so that no two are the same, also where letters of both
// cases are.
type names map[string]bool

// take is dir/name, with a number before its extension when it is taken.
func (n names) take(dir, name string) string {
	name = safeName(name)
	extension := path.Ext(name)
	stem := strings.TrimSuffix(name, extension)
	for number := 1; ; number++ {
		made := path.Join(dir, name)
		if number > 1 {
			made = path.Join(dir, stem+" ("+strconv.Itoa(number)+")"+extension)
		}
		if key := i18n.Fold(path.Dir(made)) + "/" + strings.ToLower(path.Base(made)); !n[key] {
			n[key] = true
			return made
		}
	}
}
