package extract

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func (r *reading) plainText(content io.Reader) error {
	raw, err := r.all(content)
	if err != nil {
		return err
	}
	if bytes.IndexByte(raw, 0) >= 0 && guessUTF16(raw) == nil && !marked16(raw) {
		return failure(ReasonUnsupported, nil)
	}
	r.out.write(decodeText(raw))
	return nil
}

// decodeText reads bytes without a declared charset: UTF-16 by its mark or by its zeros, UTF-8 when valid,
// else Windows-1252, which is what French office machines wrote for twenty years.
func decodeText(raw []byte) string {
	switch {
	case marked16(raw):
		return decodeWith(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), raw)
	case guessUTF16(raw) != nil:
		return decodeWith(guessUTF16(raw), raw)
	case utf8.Valid(trimPartialRune(raw)):
		return string(raw)
	}
	return decodeWith(charmap.Windows1252, raw)
}

func decodeWith(charset encoding.Encoding, raw []byte) string {
	decoded, err := charset.NewDecoder().Bytes(raw)
	if err != nil {
		return string(raw) // not reached: these decoders replace what they can't read
	}
	return string(decoded)
}

func marked16(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte("\xff\xfe")) || bytes.HasPrefix(raw, []byte("\xfe\xff"))
}

// guessUTF16 tells UTF-16 without a mark: in western text every other byte is zero. nil means no.
func guessUTF16(raw []byte) encoding.Encoding {
	sample := raw[:min(len(raw), 1024)&^1]
	if len(sample) < 8 {
		return nil
	}
	zeros := [2]int{}
	for i, octet := range sample {
		if octet == 0 {
			zeros[i&1]++
		}
	}
	half := len(sample) / 2
	switch {
	case zeros[1] > half*7/10 && zeros[0] == 0:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case zeros[0] > half*7/10 && zeros[1] == 0:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	return nil
}

// trimPartialRune drops a character cut at the end of a truncated file, which would make all of it look foreign.
func trimPartialRune(raw []byte) []byte {
	for back := 1; back < utf8.UTFMax && back <= len(raw); back++ {
		tail := raw[len(raw)-back:]
		if utf8.RuneStart(tail[0]) {
			if tail[0] >= 0xc0 && !utf8.FullRune(tail) {
				return raw[:len(raw)-back]
			}
			break
		}
	}
	return raw
}
