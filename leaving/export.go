package leaving

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// rowsAtOnce bounds what is read of a table in one part.
const rowsAtOnce = 500

// Export writes the archive of a collectivity, part by part: its size does not
// matter to memory. line tells the journal who asked; its action and collectivity
// are filled in. portal.ErrNotFound when there is no such collectivity.
func (s *Store) Export(ctx context.Context, id portal.CollectivityID, line audit.Line, to io.Writer) (Manifest, error) {
	if _, err := readBody(ctx, s.DB, id); err != nil {
		return Manifest{}, wrap(err, "export %q", id)
	}
	line.Collectivity, line.Action, line.At = id, audit.CollectivityExported, s.Now()
	if err := audit.Write(ctx, s.DB, line); err != nil {
		return Manifest{}, wrap(err, "export %q", id)
	}
	return s.write(ctx, id, to)
}

func (s *Store) write(ctx context.Context, id portal.CollectivityID, to io.Writer) (Manifest, error) {
	version, err := s.DB.Version(ctx)
	if err != nil {
		return Manifest{}, wrap(err, "export %q", id)
	}
	body, err := readBody(ctx, s.DB, id)
	if err != nil {
		return Manifest{}, wrap(err, "export %q", id)
	}
	buffered := bufio.NewWriterSize(to, 64<<10)
	out := &writer{zip: zip.NewWriter(buffered), made: s.Now().UTC().Truncate(time.Second), taken: names{}, manifest: Manifest{
		Format: Format, Schema: version, Version: s.Version, Made: s.Now().UTC().Truncate(time.Second),
		Collectivity: id, Name: body.Name, Rows: map[string]int{}, Excluded: map[string]string{},
	}}
	err = s.DB.Snapshot(ctx, func(view *database.Snapshot) error {
		job := exportJob{ctx: ctx, view: view, id: id, files: s.Files, out: out, body: body}
		return job.run()
	})
	if err == nil {
		err = errors.Join(out.end(), buffered.Flush())
	}
	return out.manifest, wrap(err, "export %q", id)
}

// querier is what reads rows: the store, a snapshot, a transaction.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) database.Row
}

func readBody(ctx context.Context, from querier, id portal.CollectivityID) (Body, error) {
	body := Body{ID: id}
	err := from.QueryRow(ctx, `
		SELECT name, long_name, kind, siren, siret, insee, zone, language, colour, phone, logo, logo_width, logo_height
		FROM collectivities WHERE id = $1`, string(id)).
		Scan(&body.Name, &body.LongName, &body.Kind, &body.SIREN, &body.SIRET, &body.INSEE, &body.Zone, &body.Language, &body.Colour, &body.Phone,
			&body.Logo.Version, &body.Logo.Width, &body.Logo.Height)
	if err != nil {
		return Body{}, err
	}
	rows, err := from.Query(ctx, `SELECT domain FROM collectivity_domains WHERE collectivity = $1 ORDER BY domain`, string(id))
	body.Domains, err = database.Collect(rows, err, func(rows *sql.Rows) (domain string, err error) { return domain, rows.Scan(&domain) })
	return body, err
}

// writer fills an archive and keeps its manifest.
type writer struct {
	zip      *zip.Writer
	made     time.Time
	taken    names
	manifest Manifest
	entry    io.Writer
	sum      hash.Hash
	size     int64
	path     string
}

// begin starts a file. Documents are stored as they are: most are compressed.
func (w *writer) begin(path string, method uint16) error {
	if err := w.finish(); err != nil {
		return err
	}
	header := &zip.FileHeader{Name: path, Method: method, Modified: w.made}
	entry, err := w.zip.CreateHeader(header)
	w.entry, w.sum, w.size, w.path = entry, sha256.New(), 0, path
	return err
}

func (w *writer) Write(octets []byte) (int, error) {
	n, err := w.entry.Write(octets)
	w.sum.Write(octets[:n])
	w.size += int64(n)
	return n, err
}

func (w *writer) finish() error {
	if w.entry == nil {
		return nil
	}
	w.manifest.Files = append(w.manifest.Files, Entry{w.path, w.size, hex.EncodeToString(w.sum.Sum(nil))})
	w.entry = nil
	return nil
}

func (w *writer) end() error {
	if err := w.finish(); err != nil {
		return err
	}
	for _, table := range catalogue {
		if table.Excluded != "" {
			w.manifest.Excluded[table.Name] = table.Excluded
		}
	}
	entry, err := w.zip.CreateHeader(&zip.FileHeader{Name: manifestName, Method: zip.Deflate, Modified: w.made})
	if err != nil {
		return err
	}
	text := json.NewEncoder(entry)
	text.SetIndent("", "\t")
	return errors.Join(text.Encode(w.manifest), w.zip.Close())
}

// exportJob is one archive in the making.
type exportJob struct {
	ctx   context.Context
	view  *database.Snapshot
	id    portal.CollectivityID
	files Files
	out   *writer
	body  Body
}

func (j *exportJob) run() error {
	if err := j.json("collectivity.json", j.body); err != nil {
		return err
	}
	if err := j.accounts(); err != nil {
		return err
	}
	for _, table := range exported() {
		if err := j.table(table); err != nil {
			return fmt.Errorf("table %s: %w", table.Name, err)
		}
	}
	for _, part := range []func() error{j.settings, j.people, j.calendars, j.contacts, j.documents, j.news} {
		if err := part(); err != nil {
			return err
		}
	}
	return nil
}

func (j *exportJob) json(path string, value any) error {
	if err := j.out.begin(path, zip.Deflate); err != nil {
		return err
	}
	text := json.NewEncoder(j.out)
	text.SetIndent("", "\t")
	text.SetEscapeHTML(false)
	return text.Encode(value)
}

// accounts are the public part of who signs in here.
func (j *exportJob) accounts() error {
	if err := j.out.begin(tablePath("accounts"), zip.Deflate); err != nil {
		return err
	}
	return j.each("accounts", Table{Key: []string{"id"}}, `
		SELECT id, login, language, scheme, active, created FROM accounts
		WHERE id IN (SELECT account FROM agents WHERE collectivity = $1)`, func(line row) error { return j.line(line) })
}

// table writes every row of a table, one a line.
func (j *exportJob) table(table Table) error {
	if err := j.out.begin(tablePath(table.Name), zip.Deflate); err != nil {
		return err
	}
	return j.each(table.Name, table, `SELECT * FROM `+table.Name+` WHERE collectivity = $1`, func(line row) error {
		delete(line.values, "collectivity")
		for column := range table.Left {
			delete(line.values, column)
		}
		if table.Name == "document_versions" && line.values["text_state"] != "replaced" {
			line.values["text_state"] = "queued" // its text is read again
		}
		return j.line(line)
	})
}

func (j *exportJob) line(line row) error {
	text, err := line.encode()
	if err == nil {
		_, err = j.out.Write(text)
	}
	return err
}

// each visits the rows of a text in the order of a table's key, part by part. The
// manifest counts them under the name, "" for what it counts already.
func (j *exportJob) each(name string, table Table, query string, visit func(row) error) error {
	var last []any
	for {
		text, args := query, append([]any{string(j.id)}, last...)
		if len(last) > 0 {
			text += ` AND (` + strings.Join(table.Key, ", ") + `) > (` + database.Params(2, len(last)) + `)`
		}
		if len(table.Key) > 0 {
			text += ` ORDER BY ` + strings.Join(table.Key, ", ")
		}
		rows, err := j.view.Query(j.ctx, text+` LIMIT `+strconv.Itoa(rowsAtOnce), args...)
		found, err := scanRows(rows, err)
		if err != nil {
			return err
		}
		for _, one := range found {
			if last, err = one.key(table.Key); err != nil {
				return err
			}
			if name != "" {
				j.out.manifest.Rows[name]++
			}
			if err := visit(one); err != nil {
				return err
			}
		}
		if len(found) < rowsAtOnce || len(table.Key) == 0 {
			return j.ctx.Err()
		}
	}
}

// row is one of a table: its values by column.
type row struct {
	columns []string
	values  map[string]any // string, int64, float64, bool, []byte, nil
}

// key are the values of some columns.
func (r row) key(columns []string) ([]any, error) {
	key := make([]any, len(columns))
	for i, column := range columns {
		value, there := r.values[column]
		if !there || value == nil {
			return nil, fmt.Errorf("no column %q to read on from", column)
		}
		key[i] = value
	}
	return key, nil
}

func (r row) text(column string) string {
	text, _ := r.values[column].(string)
	return text
}

// encode writes a row as a line of JSON, its columns in the order of the store, so
// that equal rows are equal texts. Octets are base64.
func (r row) encode() ([]byte, error) {
	line := []byte{'{'}
	for _, column := range r.columns {
		value, there := r.values[column]
		if !there {
			continue
		}
		text, err := plainJSON(value)
		if err != nil {
			return nil, err
		}
		if len(line) > 1 {
			line = append(line, ',')
		}
		line = strconv.AppendQuote(line, column)
		line = append(append(line, ':'), text...)
	}
	return append(line, '}', '\n'), nil
}

func plainJSON(value any) ([]byte, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return []byte(strings.TrimSuffix(text.String(), "\n")), err
}

func scanRows(rows *sql.Rows, err error) ([]row, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	kinds, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	sorted := slices.Sorted(slices.Values(columns)) // columns added later stand elsewhere in an older store
	var all []row
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			return nil, err
		}
		one := row{sorted, make(map[string]any, len(columns))}
		for i, column := range columns {
			one.values[column] = typed(*values[i].(*any), kinds[i].DatabaseTypeName())
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// typed is a value as both engines mean it.
func typed(value any, kind string) any {
	switch got := value.(type) {
	case int64:
		if kindOf(kind) == kindBool {
			return got != 0
		}
		if kindOf(kind) == kindNumber {
			return float64(got)
		}
	case []byte:
		if kindOf(kind) == kindText {
			return string(got)
		}
		if got == nil {
			return nil
		}
		return slices.Clone(got)
	case string:
		if kindOf(kind) == kindOctets {
			return []byte(got)
		}
	}
	return value
}

// kind of a column, for both engines.
type kind int

const (
	kindText kind = iota + 1
	kindInteger
	kindBool
	kindOctets
	kindNumber
)

func kindOf(name string) kind {
	switch strings.ToUpper(name) {
	case "BIGINT", "INT8", "INTEGER":
		return kindInteger
	case "BOOLEAN", "BOOL":
		return kindBool
	case "BYTEA", "BLOB":
		return kindOctets
	case "DOUBLE PRECISION", "FLOAT8":
		return kindNumber
	}
	return kindText
}
