package dav

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"parvis/portal"
)

// SyncToken names a state of a collection: which epoch, and the number of the last change in it. It
// holds no time, so that a clock set back loses nothing.
type SyncToken struct {
	Epoch    string // drawn when the collection is made or restored, without "-"
	Sequence int64
	// Forgotten is what the log had forgotten when a first reading began that goes on after this
	// token: the deletions until there are no news to it. 0 for any other token.
	Forgotten int64
}

// syncPrefix makes a URI of a token, as RFC 6578 §6.2 asks for.
const syncPrefix = "urn:parvis:sync:"

// String is "k3v9m2p7q4r8s6t2-42", or "k3v9m2p7q4r8s6t2-42-60" within a first reading.
func (t SyncToken) String() string {
	s := t.Epoch + "-" + strconv.FormatInt(t.Sequence, 10)
	if t.Forgotten != 0 {
		s += "-" + strconv.FormatInt(t.Forgotten, 10)
	}
	return s
}

// URI is the token as DAV:sync-token has it.
func (t SyncToken) URI() string { return syncPrefix + t.String() }

// ParseSyncToken reads a URI; the zero token for "". portal.ErrInvalid for what is none.
func ParseSyncToken(uri string) (SyncToken, error) {
	if uri == "" {
		return SyncToken{}, nil
	}
	text, ours := strings.CutPrefix(uri, syncPrefix)
	parts := strings.Split(text, "-")
	t := SyncToken{Epoch: parts[0]}
	var err error
	for i, into := range []*int64{&t.Sequence, &t.Forgotten}[:min(2, len(parts)-1)] {
		n, unread := strconv.ParseInt(parts[i+1], 10, 64)
		err, *into = cmp.Or(err, unread), n
	}
	if !ours || err != nil || len(parts) < 2 || len(parts) > 3 || t.Epoch == "" || t.Sequence < 0 || t.Forgotten < 0 {
		return SyncToken{}, fmt.Errorf("dav: sync token %.60q: %w", uri, portal.ErrInvalid)
	}
	return t, nil
}

// First says whether a client that knows nothing yet asks.
func (t SyncToken) First() bool { return t == SyncToken{} }

// Answered says whether a log at now, which forgot its deletions until a sequence, can say what
// happened since the token.
func (t SyncToken) Answered(now SyncToken, forgotten int64) bool {
	return t.First() || t.Epoch == now.Epoch && t.Sequence <= now.Sequence && (t.Sequence >= forgotten || t.Forgotten == forgotten)
}
