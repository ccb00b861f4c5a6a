package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"parvis/portal"
	"parvis/server"
)

// readConfig reads parvis.toml over the working defaults. An unknown key is
// refused with its line and the nearest known key, so that a misspelt setting
// is never silently ignored. Paths are relative to the file's folder.
func readConfig(path string) (server.Config, error) {
	config := server.DefaultConfig()
	text, err := os.ReadFile(path)
	if err != nil {
		return config, fmt.Errorf("%w: %w", portal.ErrInvalid, err)
	}
	if err := decodeStrict(text, &config); err != nil {
		return config, fmt.Errorf("%s: %w", path, err)
	}
	folder := filepath.Dir(path)
	for _, file := range []*string{&config.Data, &config.DatabaseFile, &config.TLS.Certificate, &config.TLS.Key, &config.Mail.PasswordFile, &config.Mail.CAFile} {
		*file = below(folder, *file)
	}
	if file, ok := strings.CutPrefix(config.Database, "sqlite:"); ok {
		config.Database = "sqlite:" + below(folder, file)
	}
	return config, config.Validate()
}

// below is a relative path seen from a folder; others, and none, stay.
func below(folder, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// decodeStrict reads TOML into value, a pointer to a struct, and says in one
// sentence what is wrong and where.
func decodeStrict(text []byte, value any) error {
	decoder := toml.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(value)
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		first := strict.Errors[0]
		line, _ := first.Position()
		return unknownKey(line, first.Key(), reflect.TypeOf(value).Elem())
	}
	var broken *toml.DecodeError
	if errors.As(err, &broken) {
		line, column := broken.Position()
		return fmt.Errorf("%w: line %d, column %d: %s", portal.ErrInvalid, line, column, strings.TrimPrefix(broken.Error(), "toml: "))
	}
	return err
}

func unknownKey(line int, key []string, shape reflect.Type) error {
	name := strings.Join(key, ".")
	known := knownKeys(shape, "")
	nearest := closest(name, known)
	if nearest == "" {
		return fmt.Errorf("%w: line %d: unknown key %q; known keys: %s", portal.ErrInvalid, line, name, strings.Join(known, ", "))
	}
	return fmt.Errorf("%w: line %d: unknown key %q; did you mean %q?", portal.ErrInvalid, line, name, nearest)
}

// knownKeys lists the dotted keys that a struct's toml tags allow.
func knownKeys(shape reflect.Type, prefix string) []string {
	for shape.Kind() == reflect.Pointer || shape.Kind() == reflect.Slice {
		shape = shape.Elem()
	}
	if shape.Kind() != reflect.Struct {
		return nil
	}
	var keys []string
	for field := range shape.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("toml"), ",")
		if name == "" || name == "-" {
			continue
		}
		inner := knownKeys(field.Type, prefix+name+".")
		if len(inner) == 0 {
			inner = []string{prefix + name}
		}
		keys = append(keys, inner...)
	}
	return keys
}

// closest is the known key at the smallest edit distance, "" when none is
// near enough to be what was meant.
func closest(name string, known []string) string {
	best, bestDistance := "", len(name)/2+1
	for _, candidate := range known {
		if distance := editDistance(name, candidate); distance < bestDistance {
			best, bestDistance = candidate, distance
		}
	}
	return best
}

// editDistance counts insertions, deletions and replacements (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
