package documents

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxNameBytes is what file systems take for a name (ext4, NTFS and APFS: 255).
const maxNameBytes = 255

const maxTitleRunes = 200

// cleanFileName makes a name that is safe to show and to offer to any disk: the last part of a path, in NFC,
// without controls, marks of direction ("exe.pdf" written backwards) or invisible signs, with its extension
// when it must be cut. What has no name is "document".
func cleanFileName(name string) string {
	name = cleanLine(name[strings.LastIndexAny(name, `/\`)+1:])
	name = strings.TrimRight(name, ". ")
	if strings.Trim(name, ".") == "" {
		return "document"
	}
	extension := path.Ext(name)
	if len(extension) > 20 || len(extension) == len(name) {
		extension = ""
	}
	return cutBytes(strings.TrimSuffix(name, extension), maxNameBytes-len(extension)) + extension
}

// cleanLine is one line of visible text in NFC, without spaces at its ends.
func cleanLine(text string) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, ""))
	var line strings.Builder
	for _, char := range text {
		switch {
		case char == '\n' || char == '\t' || char == '\r':
			line.WriteByte(' ')
		case unicode.IsControl(char), unicode.Is(unicode.Cf, char), unicode.Is(unicode.Co, char),
			char == utf8.RuneError, char == '\u2028', char == '\u2029':
		default:
			line.WriteRune(char)
		}
	}
	return strings.TrimSpace(line.String())
}

func cutBytes(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return strings.TrimSpace(text[:limit])
}

// nameKey is the same for names that people take for the same: "Été.PDF" and "été.pdf".
func nameKey(name string) string {
	return cases.Fold().String(norm.NFKC.String(cleanLine(name)))
}

// titleOf is the title a file gets from its name: "Budget 2026.pdf" is "Budget 2026".
func titleOf(fileName string) string {
	title := strings.TrimSpace(strings.TrimSuffix(fileName, path.Ext(fileName)))
	if title == "" {
		title = fileName
	}
	if utf8.RuneCountInString(title) > maxTitleRunes {
		title = string([]rune(title)[:maxTitleRunes])
	}
	return title
}

// sortKey orders names as a reader looks for them: case and accents don't count, "Œuvres" is under O.
func sortKey(name string) string {
	var key strings.Builder
	for _, char := range norm.NFKD.String(nameKey(name)) {
		switch {
		case unicode.Is(unicode.Mn, char):
		case char == 'œ':
			key.WriteString("oe")
		case char == 'æ':
			key.WriteString("ae")
		default:
			key.WriteRune(char)
		}
	}
	return key.String()
}
