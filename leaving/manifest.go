package leaving

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"parvis/portal"
)

// Format is the version of the archive's format that this program writes. It reads
// it, and those before.
const Format = 1

// manifestName is the last entry of an archive: one without it was cut short.
const manifestName = "manifest.json"

// Manifest says what an archive holds.
type Manifest struct {
	Format       int                   `json:"format"`
	Schema       int64                 `json:"schema"`  // of the store that it was made from
	Version      string                `json:"version"` // of the program that made it
	Made         time.Time             `json:"made"`
	Collectivity portal.CollectivityID `json:"collectivity"`
	Name         string                `json:"name"`
	Rows         map[string]int        `json:"rows"`     // by table
	Excluded     map[string]string     `json:"excluded"` // why a table is not here
	Files        []Entry               `json:"files"`    // all others than this one, in their order
}

// Entry is a file of an archive.
type Entry struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// refused is what is wrong with an archive, as a sentence for whoever gave it.
func refused(key string, args ...any) error {
	return portal.UserError{Kind: portal.ErrInvalid, Key: "leaving.error." + key, Args: args}
}

func tablePath(name string) string { return "tables/" + name + ".jsonl" }

// check refuses what this program can't take in.
func (m Manifest) check(schema int64) error {
	switch {
	case m.Format < 1:
		return refused("not-ours")
	case m.Format > Format:
		return refused("newer-format", "have", m.Format, "know", Format)
	case m.Schema > schema:
		return refused("newer-schema", "have", m.Schema, "know", schema)
	case len(m.Files) == 0:
		return refused("not-ours")
	}
	return nil
}

func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("leaving: "+format+": %w", append(args, err)...)
}

func decodeBody(content io.Reader, body *Body) error {
	return json.NewDecoder(io.LimitReader(content, 1<<20)).Decode(body)
}
