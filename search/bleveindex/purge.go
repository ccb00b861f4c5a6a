package bleveindex

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"parvis/portal"
)

// Purge implements search.Index. A deleted entry stays in its segment until
// that is merged, and a lone segment never is: a placeholder, written anew,
// makes a second one. The old files go once no search reads them and Bleve has
// forgotten the state that named them.
func (x *Index) Purge(ctx context.Context, collectivity portal.CollectivityID) error {
	shelf, done, err := x.use(collectivity)
	if err != nil {
		return err
	}
	defer done()
	shelf.writing.Lock()
	defer shelf.writing.Unlock()
	if err := shelf.purge(ctx); err != nil {
		return fmt.Errorf("bleveindex: purge %s: %w", collectivity, err)
	}
	return nil
}

// placeholder is the entry that purge writes. Nobody may see it.
const placeholder = "purge/placeholder"

// purgeAttempts bounds how often purge tries: a search that reads an old
// state, or a merge under way, keeps its files for a while.
const purgeAttempts = 50

func (s *shelf) purge(ctx context.Context) error {
	if err := s.mergeAll(ctx); err != nil {
		return err
	}
	for attempt := range purgeAttempts {
		// Bleve forgets old states, and their files, when it writes a new one.
		mark := index.NewBatch()
		mark.SetInternal([]byte("purged"), []byte(time.Now().UTC().Format(time.RFC3339Nano)))
		if err := s.write(mark); err != nil {
			return err
		}
		clean, err := s.isClean()
		if clean || err != nil {
			return err
		}
		if attempt%10 == 9 { // a merge behind our back came between
			if err := s.mergeAll(ctx); err != nil {
				return err
			}
		}
		select {
		case <-time.After(time.Duration(attempt+1) * 5 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("old segments are still there: %w", portal.ErrUnavailable)
}

// mergeAll writes the placeholder anew and merges all segments into one.
func (s *shelf) mergeAll(ctx context.Context) error {
	put := index.NewBatch()
	put.Update(emptyEntry(placeholder))
	if err := s.write(put); err != nil {
		return err
	}
	store, err := s.writer()
	if err != nil {
		return err
	}
	if err := guarded(func() error { return store.(*scorch.Scorch).ForceMerge(ctx, nil) }); err != nil {
		s.distrust()
		return fmt.Errorf("merge: %w: %w", portal.ErrUnavailable, err)
	}
	return nil
}

// isClean says whether the folder holds the segments of the current state
// alone, and these no deleted entry.
func (s *shelf) isClean() (clean bool, err error) {
	files, err := filepath.Glob(filepath.Join(s.dir, "*.zap"))
	if err != nil {
		return false, err
	}
	err = s.read(func(v *view) error {
		segments := v.reader.Segments()
		clean = len(segments) == 1 && len(files) == 1
		for _, segment := range segments {
			clean = clean && int64(segment.Count()) == segment.FullSize()
		}
		return nil
	})
	return clean, err
}

// sweep removes a folder.
func (s *shelf) sweep() error {
	err := s.close()
	if errors.Is(err, errTimeout) {
		return err
	}
	if err != nil {
		s.log.Warn("search index did not close", "folder", filepath.Base(s.dir), "error", err)
	}
	return os.RemoveAll(s.dir)
}
