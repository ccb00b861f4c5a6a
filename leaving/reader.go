package leaving

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// The bounds of an archive, so that a small file can't fill a disk or the memory.
const (
	maxManifest = 256 << 20
	maxLine     = 64 << 20
	maxEntries  = 2_000_000
	// maxRatio is how often larger than the file its content may be; below
	// smallSize nobody minds.
	maxRatio  = 200
	smallSize = 256 << 20
)

// Archive is one that was opened: its list is sound, its files are not read yet.
type Archive struct {
	Manifest
	entries map[string]*zip.File
	sums    map[string]string // path by SHA-256
}

// Open reads the list of an archive: every name is a plain one inside of it, none is
// there twice, and the manifest names each with its size. schema is the newest that
// the store knows. A portal.UserError says what is wrong.
func Open(content io.ReaderAt, size, schema int64) (*Archive, error) {
	reader, err := zip.NewReader(content, size)
	if err != nil {
		return nil, refused("cut")
	}
	a := &Archive{entries: make(map[string]*zip.File, len(reader.File)), sums: map[string]string{}}
	if len(reader.File) > maxEntries {
		return nil, refused("many", "limit", maxEntries)
	}
	for _, entry := range reader.File {
		switch {
		case !isPlain(entry):
			return nil, refused("path", "path", shown80(entry.Name))
		case a.entries[entry.Name] != nil:
			return nil, refused("twice", "path", shown80(entry.Name))
		}
		a.entries[entry.Name] = entry
	}
	if err := a.readManifest(schema); err != nil {
		return nil, err
	}
	return a, a.compare(size)
}

// isPlain says whether an entry is a file whose name stays inside.
func isPlain(entry *zip.File) bool {
	return fs.ValidPath(entry.Name) && !strings.ContainsAny(entry.Name, "\\\x00:") && entry.Mode().IsRegular() && !strings.HasSuffix(entry.Name, "/")
}

// shown80 is what a sentence shows of a name that somebody chose.
func shown80(name string) string {
	name = strings.ToValidUTF8(name, "?")
	if runes := []rune(name); len(runes) > 80 {
		name = string(runes[:80]) + "…"
	}
	return name
}

func (a *Archive) readManifest(schema int64) error {
	entry := a.entries[manifestName]
	if entry == nil {
		return refused("cut")
	}
	if entry.UncompressedSize64 > maxManifest {
		return refused("large")
	}
	content, err := entry.Open()
	if err != nil {
		return refused("cut")
	}
	defer content.Close()
	if err := json.NewDecoder(io.LimitReader(content, maxManifest)).Decode(&a.Manifest); err != nil {
		return refused("not-ours")
	}
	return a.check(schema)
}

// compare holds the manifest against what is there.
func (a *Archive) compare(size int64) error {
	if len(a.Files)+1 != len(a.entries) {
		return refused("count", "listed", len(a.Files), "found", len(a.entries)-1)
	}
	var total uint64
	seen := make(map[string]bool, len(a.Files))
	for _, file := range a.Files {
		entry := a.entries[file.Path]
		if entry == nil || seen[file.Path] || file.Path == manifestName {
			return refused("missing", "path", shown80(file.Path))
		}
		if file.Size < 0 || entry.UncompressedSize64 != uint64(file.Size) {
			return refused("changed", "path", shown80(file.Path))
		}
		seen[file.Path], a.sums[file.SHA256] = true, file.Path
		if total += entry.UncompressedSize64; total > smallSize && total/maxRatio > uint64(size) {
			return refused("large")
		}
	}
	return nil
}

// Verify reads every file and compares its sum.
func (a *Archive) Verify(ctx context.Context) error {
	for _, file := range a.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		sum := sha256.New()
		if err := a.read(file.Path, func(content io.Reader) error {
			n, err := io.Copy(sum, io.LimitReader(content, file.Size+1))
			if err == nil && n != file.Size {
				err = io.ErrUnexpectedEOF
			}
			return err
		}); err != nil || hex.EncodeToString(sum.Sum(nil)) != file.SHA256 {
			return refused("changed", "path", shown80(file.Path))
		}
	}
	return nil
}

func (a *Archive) read(path string, use func(io.Reader) error) error {
	entry := a.entries[path]
	if entry == nil {
		return refused("missing", "path", shown80(path))
	}
	content, err := entry.Open()
	if err != nil {
		return err
	}
	return errors.Join(use(content), content.Close())
}

// rows visits the lines of a table; one that is not there has none.
func (a *Archive) rows(table string, visit func(line int, values map[string]any) error) error {
	path := tablePath(table)
	if a.entries[path] == nil {
		return nil
	}
	return a.read(path, func(content io.Reader) error {
		lines := bufio.NewScanner(content)
		lines.Buffer(make([]byte, 64<<10), maxLine)
		for number := 1; lines.Scan(); number++ {
			values, err := decode(lines.Text())
			if err != nil {
				return refused("row", "table", table, "line", number)
			}
			if err := visit(number, values); err != nil {
				return err
			}
		}
		if errors.Is(lines.Err(), bufio.ErrTooLong) {
			return refused("large")
		}
		return lines.Err()
	})
}

// errNotARow is for a line that is no flat object of JSON.
var errNotARow = errors.New("leaving: not a row")

// decode reads a row: numbers stay as they are written.
func decode(line string) (map[string]any, error) {
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	var values map[string]any
	if err := decoder.Decode(&values); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) || values == nil {
		return nil, errNotARow
	}
	return values, nil
}

// value is what a column of a kind is given, out of JSON.
func value(of kind, given any) (any, error) {
	switch got := given.(type) {
	case nil:
		return nil, nil
	case bool:
		if of == kindBool {
			return got, nil
		}
	case json.Number:
		if of == kindInteger {
			return got.Int64()
		}
		if of == kindNumber {
			return got.Float64()
		}
	case string:
		if of == kindText && !strings.ContainsRune(got, 0) {
			return got, nil
		}
		if of == kindOctets {
			return base64.StdEncoding.DecodeString(got)
		}
	}
	return nil, errNotARow
}

// tables are the names of the tables in the archive.
func (a *Archive) tables() []string {
	var all []string
	for path := range a.entries {
		if name, isTable := strings.CutPrefix(path, "tables/"); isTable {
			all = append(all, strings.TrimSuffix(name, ".jsonl"))
		}
	}
	slices.Sort(all)
	return all
}
