package leaving

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"parvis/portal"
)

// FuzzOpen gives the reader anything: it answers with an archive whose names stay
// inside, or with a sentence, within a second.
func FuzzOpen(f *testing.F) {
	for _, files := range []map[string]string{
		{},
		{"manifest.json": `{"format":1,"schema":1,"files":[{"path":"collectivity.json","size":2,"sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}]}`, "collectivity.json": `{}`},
		{"manifest.json": `{"format":9}`},
		{"../evil": "x"},
		{"/etc/passwd": "x"},
		{`a\b`: "x"},
		{"a/../../b": "x"},
	} {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for name, text := range files {
			entry, err := w.Create(name)
			if err == nil {
				_, err = io.WriteString(entry, text)
			}
			if err != nil {
				f.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		begun := time.Now()
		archive, err := Open(bytes.NewReader(octets), int64(len(octets)), 35)
		if err == nil {
			err = archive.Verify(context.Background())
		}
		var sentence portal.UserError
		if err != nil && !errors.As(err, &sentence) {
			t.Fatalf("refused without a sentence: %v", err)
		}
		if archive != nil {
			for name := range archive.entries {
				if !fs.ValidPath(name) || strings.Contains(name, `\`) {
					t.Errorf("an entry is called %q", name)
				}
			}
		}
		if took := time.Since(begun); took > time.Second {
			t.Errorf("%d octets took %s", len(octets), took)
		}
	})
}

// FuzzRow reads any line: a row of flat values, or an error.
func FuzzRow(f *testing.F) {
	for _, line := range []string{`{"id":"x","position":9223372036854775807,"writes":true,"octets":"AAE="}`, `{}`, `[]`, `null`, `{"a":{"b":1}}`, `{"a":1e999}`, `{"a":"\u0000"}`} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		values, err := decode(line)
		if err != nil {
			return
		}
		for _, given := range values {
			for of := kindText; of <= kindNumber; of++ {
				if made, err := value(of, given); err == nil {
					switch got := made.(type) {
					case nil, int64, float64, bool, []byte:
					case string:
						if strings.ContainsRune(got, 0) {
							t.Errorf("a NUL goes to the store")
						}
					default:
						t.Errorf("%T goes to the store", made)
					}
				}
			}
		}
	})
}

// FuzzSafeName makes a part of a path of any name.
func FuzzSafeName(f *testing.F) {
	for _, name := range []string{"Budget 2026.pdf", "..", "../../etc", "CON", "a/b", "é\u202etxt.exe", strings.Repeat("é", 300) + ".pdf", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		made := safeName(name)
		if !fs.ValidPath(made) || made == "." || strings.ContainsAny(made, `/\:`) || len(made) > 255 {
			t.Errorf("safeName(%q) = %q", name, made)
		}
		taken := names{}
		if first, second := taken.take("d", name), taken.take("d", name); first == second {
			t.Errorf("%q is given out twice", first)
		}
	})
}
