package contacts

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"

	"parvis/dav/vcard"
)

// MaxImportSize is the largest file that is imported, in bytes.
const MaxImportSize = 20 << 20

// imported is one card of a file. What was read of it is not kept: that takes many times the memory of the file.
type imported struct {
	line   int // of the file, from 1: where it begins
	name   string
	uid    string
	octets []byte
	reason string // why it is refused, the end of a key of the catalogue; "" when it is taken
}

// readFile takes the cards out of a file, in their order; none when it holds none. A card that can't be read is
// refused by itself: the others are not lost.
func readFile(octets []byte) []imported {
	var all []imported
	seen := map[string]bool{}
	for _, piece := range cutFile(bytes.TrimPrefix(octets, []byte("\xef\xbb\xbf"))) {
		one := readCard(piece)
		if one.reason == "" && seen[one.uid] {
			one.reason = "repeated"
		}
		if one.uid != "" {
			seen[one.uid] = true
		}
		all = append(all, one)
	}
	return all
}

// piece is the text of one card.
type piece struct {
	line int
	text []byte
}

// cutFile finds the cards of a file by where they begin: what is broken ends where the next one begins.
func cutFile(octets []byte) []piece {
	var all []piece
	start, startLine, line := -1, 0, 0
	shut := func(end int) {
		if start >= 0 && len(all) <= MaxContacts {
			all = append(all, piece{startLine, octets[start:end]})
		}
		start = -1
	}
	for at := 0; at < len(octets); {
		next := len(octets)
		if i := bytes.IndexByte(octets[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		line++
		switch word := bytes.TrimSpace(octets[at:min(next, at+40)]); {
		case octets[at] == ' ' || octets[at] == '\t': // a line goes on
		case bytes.EqualFold(word, []byte("BEGIN:VCARD")):
			shut(at)
			start, startLine = at, line
		case bytes.EqualFold(word, []byte("END:VCARD")):
			shut(next)
		}
		at = next
	}
	shut(len(octets))
	return all
}

// readCard reads one card; one without UID is given one that is the same whenever the file is read.
func readCard(from piece) imported {
	one := imported{line: from.line, octets: from.text}
	card, err := vcard.Parse(from.text)
	var refused *vcard.Refusal
	if errors.As(err, &refused) && refused.Reason == vcard.Nameless {
		one.octets = withUID(from.text)
		card, err = vcard.Parse(one.octets)
	}
	if err == nil {
		one.uid, one.name = strings.Clone(card.UID), strings.Clone(clip(personOf(card).shown(), maxIndexed))
		return one
	}
	one.reason = "malformed"
	if errors.As(err, &refused) {
		switch refused.Reason {
		case vcard.Unsupported:
			one.reason = "version"
		case vcard.TooLarge:
			one.reason = "large"
		}
	}
	return one
}

// withUID is a card with a UID before its end, as a line of its own; the rest stays as it is.
func withUID(octets []byte) []byte {
	sum := sha256.Sum256(octets)
	trimmed := bytes.TrimRight(octets, "\r\n \t")
	end := bytes.LastIndexByte(trimmed, '\n') + 1
	made := bytes.Clone(trimmed[:end])
	made = append(made, "UID:"+hex.EncodeToString(sum[:16])+"\r\n"...)
	return append(append(made, trimmed[end:]...), "\r\n"...)
}
