package leaving

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"parvis/portal"
)

// Certificate is the proof of an erasure. It names nobody: whoever asked knows its
// number by the letter that she was sent.
type Certificate struct {
	Number string    `json:"number"` // "effacement-k3v9m2p7q4r8s6t2"
	Kind   string    `json:"kind"`   // "person", "collectivity"
	Asked  time.Time `json:"asked"`
	Done   time.Time `json:"done"`
	// Deleted are the rows that are there no more, Unnamed those that stay and name
	// the number, or nobody, where they named a person; both by table.
	Deleted map[string]int64 `json:"deleted"`
	Unnamed map[string]int64 `json:"unnamed,omitempty"`
	// Kept says what stays, and why.
	Kept []string `json:"kept,omitempty"`
}

// The reasons why something stays, as docs/export.md tells them.
const (
	keptAccount  = "account"  // she is an agent of another collectivity, operates the pool, or assisted another
	keptJournal  = "journal"  // lines name the number until their time is over
	keptWritings = "writings" // documents and articles are the collectivity's
)

func newNumber() string { return "effacement-" + portal.NewID() }

// seal is the text of a certificate and its SHA-256.
func (c Certificate) seal() (text, sum string, err error) {
	octets, err := json.Marshal(c)
	if err != nil {
		return "", "", err
	}
	hashed := sha256.Sum256(octets)
	return string(octets), hex.EncodeToString(hashed[:]), nil
}

// ReadCertificate reads what was kept, and refuses what was changed since.
func ReadCertificate(text, sum string) (c Certificate, err error) {
	hashed := sha256.Sum256([]byte(text))
	if hex.EncodeToString(hashed[:]) != strings.ToLower(sum) {
		return Certificate{}, wrap(portal.ErrInvalid, "certificate: it was changed")
	}
	return c, wrap(json.Unmarshal([]byte(text), &c), "certificate")
}
