package documents

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"parvis/portal"
)

// OpenFile reads a kept file by its SHA-256, for the archive of its collectivity.
func (s *Store) OpenFile(collectivity portal.CollectivityID, sum string) (io.ReadCloser, error) {
	file, err := s.vault.open(collectivity, sum)
	if err != nil {
		return nil, fmt.Errorf("documents: open file: %w", err)
	}
	return file, nil
}

// KeepFile keeps a file that came in an archive. One whose octets are not those
// that it promised is refused and leaves nothing. Sweep takes it when no row speaks
// of it within the hour.
func (s *Store) KeepFile(collectivity portal.CollectivityID, sum string, size int64, content io.Reader) error {
	received, err := s.vault.receive(collectivity, content, size)
	if err != nil {
		return fmt.Errorf("documents: keep file: %w", diskError(err))
	}
	if received.sum != sum || received.size != size {
		received.drop()
		return fmt.Errorf("documents: keep file: %w: it is not the one that was promised", portal.ErrInvalid)
	}
	if err := s.vault.keep(collectivity, received); err != nil {
		received.drop()
		return fmt.Errorf("documents: keep file: %w", diskError(err))
	}
	return nil
}

// ForgetFiles removes every file of a collectivity, texts and unfinished uploads
// included. None is left that way when it has none.
func (s *Store) ForgetFiles(collectivity portal.CollectivityID) error {
	if !collectivityName.MatchString(string(collectivity)) {
		return fmt.Errorf("documents: forget files: %w: no folder can be called %q", portal.ErrInvalid, collectivity)
	}
	s.vault.using.Lock()
	defer s.vault.using.Unlock()
	err := os.RemoveAll(filepath.Join(s.vault.root, string(collectivity)))
	if err == nil {
		err = syncFolder(s.vault.root)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("documents: forget files: %w", err)
	}
	return nil
}
