package dav

import (
	"context"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// patience is how long a write waits for a store that somebody else keeps busy: shorter than clients do, who would
// send it again without knowing that it waits already.
const patience = 10 * time.Second

// patient has a write end as an outage when the store takes too long, counted from the end of its body: a slow line
// is no fault of the store.
func (s *Site) patient(r *http.Request) (*http.Request, context.CancelFunc) {
	if slices.Contains(reading, r.Method) && r.Method != "COPY" {
		return r, func() {}
	}
	ctx, cancel := context.WithCancel(r.Context())
	var timer *time.Timer
	wait := sync.OnceFunc(func() { timer = time.AfterFunc(s.Patience, cancel) })
	if r.ContentLength == 0 {
		wait()
	}
	r = r.WithContext(ctx)
	r.Body = &readOut{r.Body, wait}
	return r, func() {
		cancel()
		if timer != nil {
			timer.Stop()
		}
	}
}

// readOut is a body that tells when it was read to its end.
type readOut struct {
	io.ReadCloser
	end func()
}

func (b *readOut) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.end()
	}
	return n, err
}
