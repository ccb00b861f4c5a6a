// Package portal holds the words that every feature shares: who is asking
// (Caller), what they may do (Right), and how a refusal is named (ErrNotFound,
// UserError). It knows no storage, no HTTP and no feature, and imports the
// standard library only.
package portal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"slices"
)

// CollectivityID names one public body of the pool, for ever. It is a short
// lower-case word chosen when the collectivity is created, "bourg".
type CollectivityID string

// AccountID names a person who signs in, "k3v9m2p7q4r8s6t2".
type AccountID string

// AgentID names the entry of an account in one collectivity.
type AgentID string

// UnitID names a direction or service of a collectivity's organisation chart.
type UnitID string

// GroupID names a group of agents of one collectivity.
type GroupID string

// Group is a set of agents that audiences name.
type Group struct {
	ID   GroupID
	Name string // "Encadrants"
}

// WithDeleted are groups to choose from and, under a name of their own, those that
// a thing names and that are there no more. A form that left them out would open
// the thing to everybody when it is saved.
func WithDeleted(groups []Group, named []GroupID, deleted string) []Group {
	all := slices.Clone(groups)
	for _, id := range named {
		if !slices.ContainsFunc(all, func(g Group) bool { return g.ID == id }) {
			all = append(all, Group{id, deleted})
		}
	}
	return all
}

// idEncoding is the lower-case base32 of RFC 4648 §6: safe in addresses, file
// names and calendar paths, and never read as two letters for one.
var idEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// NewID returns 16 characters holding 80 random bits: enough that two never
// meet, and that none can be guessed from another.
func NewID() string {
	var bits [10]byte
	rand.Read(bits[:])
	return idEncoding.EncodeToString(bits[:])
}

// NewSecret returns 52 characters holding 256 random bits, for sessions and
// the like. Store its hash, never the secret.
func NewSecret() string {
	var bits [32]byte
	rand.Read(bits[:])
	return idEncoding.EncodeToString(bits[:])
}

// HashSecret is what the store keeps of a secret of NewSecret: its bits are random, so that no salt and no slow hash is
// needed.
func HashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
