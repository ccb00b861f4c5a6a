package seal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"parvis/portal"
	"parvis/portal/seal"
)

func open(t *testing.T, path string) *seal.Sealer {
	t.Helper()
	sealer, err := seal.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

func TestASecretOpensOnlyWhereItWasSealed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	secret := []byte("l’été à la mairie")
	sealed := open(t, path).Seal("mail/bourg/a", secret)
	if bytes.Contains(sealed, secret) {
		t.Fatal("sealed in clear")
	}
	again := open(t, path) // the key was kept
	if got, err := again.Open("mail/bourg/a", sealed); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("Open = %q, %v", got, err)
	}
	other := open(t, filepath.Join(t.TempDir(), "other.key"))
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, attempt := range map[string]func() ([]byte, error){
		"another place": func() ([]byte, error) { return again.Open("mail/agglo/a", sealed) },
		"another key":   func() ([]byte, error) { return other.Open("mail/bourg/a", sealed) },
		"changed":       func() ([]byte, error) { return again.Open("mail/bourg/a", changed) },
		"cut":           func() ([]byte, error) { return again.Open("mail/bourg/a", sealed[:5]) },
		"empty":         func() ([]byte, error) { return again.Open("mail/bourg/a", nil) },
	} {
		if got, err := attempt(); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%s: %q, %v, want ErrInvalid", name, got, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info.Mode(), err)
	}
}

func TestADamagedKeyIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret.key")
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := seal.Open(path); err == nil {
		t.Error("a key of 5 bytes is taken")
	}
}

func FuzzOpen(f *testing.F) {
	sealer, err := seal.Open(filepath.Join(f.TempDir(), "secret.key"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		if _, err := sealer.Open("a", sealed); err == nil {
			t.Error("a made-up text opens")
		}
	})
}
