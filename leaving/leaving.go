// Package leaving is how a collectivity goes: the archive of everything that it
// has, which another pool takes in, and the erasure of a person or of the whole
// collectivity, with proof. It knows every table of the store by a catalogue and
// no feature: what is beside the store (files, indexes) is asked of the interfaces
// declared here.
package leaving

import (
	"context"
	"io"
	"log/slog"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Files keeps the octets of documents, a collectivity apart from others.
type Files interface {
	// OpenFile reads the file with a SHA-256, in hexadecimal.
	OpenFile(collectivity portal.CollectivityID, sum string) (io.ReadCloser, error)
	// KeepFile keeps a file of a size, and refuses one whose sum is another.
	KeepFile(collectivity portal.CollectivityID, sum string, size int64, content io.Reader) error
	// ForgetFiles removes every file of a collectivity.
	ForgetFiles(collectivity portal.CollectivityID) error
}

// Index finds what is stored.
type Index interface {
	// Remove removes all that was indexed of a collectivity, its folder included.
	Remove(ctx context.Context, collectivity portal.CollectivityID) error
}

// Options are what this room asks of others.
type Options struct {
	DB    *database.DB
	Files Files
	Index Index
	Log   *slog.Logger
	// Dir is the folder of archives that wait to be downloaded.
	Dir string
	// Version of this program, for manifests: "v1.4.0".
	Version string
	// Check refuses what is no sound collectivity.
	Check func(body Body) error
	// Back tells every feature that the data of a collectivity came back: clients
	// that synchronise must read everything again, and the search its documents.
	Back func(ctx context.Context, collectivity portal.CollectivityID) error
	// Changed tells the caches who must be read anew, "" for everybody.
	Changed func(account portal.AccountID)
	Now     func() time.Time // nil is time.Now
}

// Store exports, restores and erases.
type Store struct {
	Options
	wake chan struct{}
}

// New returns the store over others.
func New(options Options) *Store {
	if options.Now == nil {
		options.Now = time.Now
	}
	return &Store{Options: options, wake: make(chan struct{}, 1)}
}

// Logo is which of collectivity_logos is shown, "" for none.
type Logo struct {
	Version string `json:"version"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
}

// Body is a public body as an archive describes it.
type Body struct {
	ID       portal.CollectivityID `json:"id"`
	Name     string                `json:"name"`
	LongName string                `json:"long_name"`
	Kind     string                `json:"kind"`
	SIREN    string                `json:"siren"`
	SIRET    string                `json:"siret"`
	INSEE    string                `json:"insee"`
	Zone     string                `json:"zone"`
	Language string                `json:"language"`
	Colour   string                `json:"colour"`
	Phone    string                `json:"phone"`
	Logo     Logo                  `json:"logo"`
	Domains  []string              `json:"domains"`
}
