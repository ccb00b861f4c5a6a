package bleveindex

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"
	segment "github.com/blevesearch/scorch_segment_api/v2"
	bolt "go.etcd.io/bbolt/errors"
)

// isFresh says whether a folder holds no index yet, and makes it.
func isFresh(dir string) (bool, error) {
	_, err := os.Stat(filepath.Join(dir, "root.bolt"))
	if errors.Is(err, os.ErrNotExist) {
		return true, os.MkdirAll(dir, 0o700)
	}
	return false, err
}

// verify checks the format of an index and each of its segments against the
// sum at its end: Bleve itself reads a damaged file without an error, or
// panics. It opens the index read only, so that no merge carries damage into
// a new segment, and looks only at the segments that the index names: what a
// killed process left half written is no damage.
func (s *shelf) verify() error {
	store, err := s.openStore(true)
	if err != nil {
		return err
	}
	err = guarded(func() error { return verifyStore(store) })
	return errors.Join(err, guarded(store.Close))
}

func verifyStore(store index.Index) error {
	reader, err := store.Reader()
	if err != nil {
		return err
	}
	defer reader.Close()
	format, err := reader.GetInternal(keyFormat)
	if err != nil {
		return err
	}
	if string(format) != formatVersion {
		return fmt.Errorf("bleveindex: index of format %q, want %q", format, formatVersion)
	}
	for _, part := range reader.(*scorch.IndexSnapshot).Segments() {
		if persisted, ok := part.Segment().(segment.PersistedSegment); ok {
			if err := verifySegment(persisted.Path()); err != nil {
				return err
			}
		}
	}
	return nil
}

// verifySegment compares the CRC-32 of a file with its last four bytes.
func verifySegment(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	sum := crc32.NewIEEE()
	if _, err := io.CopyN(sum, file, info.Size()-crc32.Size); err != nil {
		return fmt.Errorf("bleveindex: segment %s: %w", filepath.Base(path), err)
	}
	var want [crc32.Size]byte
	if _, err := io.ReadFull(file, want[:]); err != nil {
		return err
	}
	if sum.Sum32() != binary.BigEndian.Uint32(want[:]) {
		return fmt.Errorf("bleveindex: segment %s is damaged", filepath.Base(path))
	}
	return nil
}

// isLocked says whether an index could not be opened because another process
// holds it: it is not damaged.
func isLocked(err error) bool { return errors.Is(err, bolt.ErrTimeout) }

// guard turns a panic into an error. A file that shrinks under its memory map
// gives a fault, which guarded makes a panic.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("bleveindex: panic: %v\n%s", r, debug.Stack())
	}
}

func guarded(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer guard(&err)
	return fn()
}
