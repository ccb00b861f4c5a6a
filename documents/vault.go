package documents

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"parvis/portal"
)

// vault keeps octets on disk under their SHA-256: <collectivity>/ab/abcd….bin, with the text taken out of
// them beside, abcd….txt. No name given by a person ever becomes a path.
type vault struct {
	root string
	// using is read-held from the file to the row that speaks of it, and held to delete a file without rows:
	// in between the two an upload of the same octets would lose them.
	using sync.RWMutex
}

const (
	incomingName = "incoming"
	// abandoned is the age after which an upload that never ended is thrown away.
	abandoned = 24 * time.Hour
	headSize  = 4096
)

func openVault(dir string, now time.Time) (*vault, error) {
	v := &vault{root: dir}
	if err := os.MkdirAll(v.root, 0o700); err != nil {
		return nil, err
	}
	return v, v.dropAbandoned(now)
}

// dropAbandoned removes what uploads left behind when the process died.
func (v *vault) dropAbandoned(now time.Time) error {
	left, err := filepath.Glob(filepath.Join(v.root, "*", incomingName, "*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		info, err := os.Stat(path)
		if err != nil || now.Sub(info.ModTime()) < abandoned {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

var (
	collectivityName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	sumName          = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// path of a file; an error when the collectivity or the sum isn't what the store writes.
func (v *vault) path(collectivity portal.CollectivityID, sum, suffix string) (string, error) {
	if !collectivityName.MatchString(string(collectivity)) || !sumName.MatchString(sum) {
		return "", fmt.Errorf("no file can be called %q of %q", sum, collectivity)
	}
	return filepath.Join(v.root, string(collectivity), sum[:2], sum+suffix), nil
}

// blob is a received file that no row speaks of yet.
type blob struct {
	temp string // path; "" once kept or dropped
	size int64
	sum  string
	head []byte // the first bytes, for its kind
}

// receive writes at most limit bytes to a temporary file, synced, and sums them. More is errTooLarge.
func (v *vault) receive(collectivity portal.CollectivityID, content io.Reader, limit int64) (received *blob, err error) {
	if !collectivityName.MatchString(string(collectivity)) {
		return nil, fmt.Errorf("no folder can be called %q", collectivity)
	}
	dir := filepath.Join(v.root, string(collectivity), incomingName)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp(dir, "upload-*")
	if err != nil {
		return nil, err
	}
	received = &blob{temp: file.Name()}
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil {
			received.drop()
		}
	}()
	hash := sha256.New()
	head := &headWriter{}
	received.size, err = io.Copy(io.MultiWriter(file, hash, head), io.LimitReader(content, limit+1))
	switch {
	case err != nil:
		return received, err
	case received.size > limit:
		return received, errTooLarge
	}
	received.sum, received.head = hex.EncodeToString(hash.Sum(nil)), head.bytes
	return received, file.Sync()
}

var errTooLarge = errors.New("documents: too large")

// headWriter keeps the beginning of what passes.
type headWriter struct{ bytes []byte }

func (h *headWriter) Write(p []byte) (int, error) {
	if room := headSize - len(h.bytes); room > 0 {
		h.bytes = append(h.bytes, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

// drop removes a blob that isn't kept. Dropping twice, or after keep, does nothing.
func (b *blob) drop() {
	if b.temp != "" {
		_ = os.Remove(b.temp) // dropAbandoned takes what stays
		b.temp = ""
	}
}

// keep gives the blob its lasting name, and the present for its age: an upload may have waited for long beside
// others. When it returns nil the file survives a power cut.
func (v *vault) keep(collectivity portal.CollectivityID, received *blob) error {
	path, err := v.path(collectivity, received.sum, ".bin")
	if err != nil {
		return err
	}
	now := time.Now()
	if err := os.Chtimes(received.temp, now, now); err != nil {
		return err
	}
	if err := v.place(received.temp, path); err != nil {
		return err
	}
	received.temp = ""
	return nil
}

// place moves a synced file to its path and syncs the folders that name it.
func (v *vault) place(temp, path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	for _, folder := range []string{dir, filepath.Dir(dir), v.root} {
		if err := syncFolder(folder); err != nil {
			return err
		}
	}
	return nil
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// open reads a kept file.
func (v *vault) open(collectivity portal.CollectivityID, sum string) (*os.File, error) {
	path, err := v.path(collectivity, sum, ".bin")
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}

// keepText writes the text of a file beside it, whole or not at all.
func (v *vault) keepText(collectivity portal.CollectivityID, sum, text string) error {
	path, err := v.path(collectivity, sum, ".txt")
	if err != nil {
		return err
	}
	received, err := v.receive(collectivity, bytes.NewReader([]byte(text)), int64(len(text)))
	if err != nil {
		return err
	}
	if err := v.place(received.temp, path); err != nil {
		received.drop()
		return err
	}
	return nil
}

// text is what keepText wrote; "" when there is none, for search must go on without it.
func (v *vault) text(collectivity portal.CollectivityID, sum string) (string, error) {
	path, err := v.path(collectivity, sum, ".txt")
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	return string(text), err
}

// remove deletes a file and its text; one that isn't there is well removed.
func (v *vault) remove(collectivity portal.CollectivityID, sum string) error {
	for _, suffix := range []string{".bin", ".txt"} {
		path, err := v.path(collectivity, sum, suffix)
		if err != nil {
			return err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// keptAt is when a file was last received; now when it isn't there, so that nobody takes it for old.
func (v *vault) keptAt(collectivity portal.CollectivityID, sum string) (time.Time, error) {
	path, err := v.path(collectivity, sum, ".bin")
	if err != nil {
		return time.Time{}, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return time.Now(), nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// each visits every kept file.
func (v *vault) each(visit func(collectivity portal.CollectivityID, sum string) error) error {
	return filepath.WalkDir(v.root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		sum, kept := strings.CutSuffix(entry.Name(), ".bin")
		if !kept || !sumName.MatchString(sum) {
			return nil
		}
		return visit(portal.CollectivityID(filepath.Base(filepath.Dir(filepath.Dir(path)))), sum)
	})
}
