// Package seal keeps secrets that must be readable again, such as the password
// of a mailbox, from whoever reads the database or a backup of it: they are
// encrypted with a key of the installation, kept in a file of its own.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"parvis/portal"
)

// keySize is the size of the key in bytes: AES-256.
const keySize = 32

// version starts every sealed text, so that another cipher can follow.
const version = 1

// Overhead is how much longer a sealed text is, in bytes: the version, the nonce
// and the tag of AES-GCM.
const Overhead = 1 + 12 + 16

// Sealer seals and opens with the key of one installation.
type Sealer struct{ aead cipher.AEAD }

// Open reads the key in a file, and makes one when there is no file yet. The
// file is readable by its owner alone; a backup must hold it apart from the
// database, or the sealed passwords are lost and must be typed again.
func Open(path string) (*Sealer, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = create(path)
	}
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("seal: %s holds %d bytes instead of %d; restore it from a backup", filepath.Base(path), len(key), keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &Sealer{aead}, nil
}

func create(path string) ([]byte, error) {
	key := make([]byte, keySize)
	rand.Read(key)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(key)
	return key, errors.Join(err, file.Sync(), file.Close())
}

// Seal encrypts a secret. about says what it is and whose, such as
// "mail/bourg/k3v9m2p7q4r8s6t2": a sealed text copied to another place does not
// open there.
func (s *Sealer) Seal(about string, secret []byte) []byte {
	nonce := make([]byte, s.aead.NonceSize())
	rand.Read(nonce)
	return s.aead.Seal(append([]byte{version}, nonce...), nonce, secret, []byte(about))
}

// Open decrypts what Seal made for the same about; portal.ErrInvalid when the
// text was changed, moved, or sealed with another key.
func (s *Sealer) Open(about string, sealed []byte) ([]byte, error) {
	size := s.aead.NonceSize()
	if len(sealed) < 1+size || sealed[0] != version {
		return nil, fmt.Errorf("seal: %w: not a sealed text", portal.ErrInvalid)
	}
	secret, err := s.aead.Open(nil, sealed[1:1+size], sealed[1+size:], []byte(about))
	if err != nil {
		return nil, fmt.Errorf("seal: %w: wrong key or changed text", portal.ErrInvalid)
	}
	return secret, nil
}
