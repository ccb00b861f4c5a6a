package documents

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// Source offers the library to search.
type Source struct{ store *Store }

// Source of the library's documents.
func (s *Store) Source() *Source { return &Source{s} }

var _ search.Source = (*Source)(nil)

// Kind is document.
func (*Source) Kind() search.Kind { return search.KindDocument }

// found is a document with what search needs of its top folder.
type found struct {
	Document
	top     FolderID
	topName string
}

// Load returns the documents that are not in the bin, with the text of their current version if it was read.
func (src *Source) Load(ctx context.Context, collectivity portal.CollectivityID, ids []string) ([]search.Document, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := []any{collectivity}
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := src.store.db.Query(ctx, `SELECT `+documentColumns+`, t.id, t.name`+fromDocuments+`
		JOIN document_folders f ON f.collectivity = d.collectivity AND f.id = d.folder
		JOIN document_folders t ON t.collectivity = f.collectivity AND t.id = f.top
		WHERE d.collectivity = $1 AND d.deleted = 0 AND d.id IN (`+database.Params(2, len(ids))+`)`, args...)
	all, err := database.Collect(rows, err, scanFound)
	if err != nil {
		return nil, fmt.Errorf("documents: load for search: %w", err)
	}
	rights, err := allRights(ctx, src.store.db, collectivity)
	if err != nil {
		return nil, fmt.Errorf("documents: load for search: %w", err)
	}
	documents := make([]search.Document, len(all))
	for i, one := range all {
		folder := rights.give([]Folder{{ID: one.top, Top: one.top}})[0]
		if documents[i], err = src.document(collectivity, one, folder); err != nil {
			return nil, fmt.Errorf("documents: load %q for search: %w", one.ID, err)
		}
	}
	return documents, nil
}

func scanFound(rows *sql.Rows) (found, error) {
	var f found
	var added, changed, deleted, since int64
	err := rows.Scan(&f.ID, &f.Folder, &f.Title, &added, &changed, &deleted, &f.Number, &f.FileName, &f.MediaType,
		&f.Size, &f.Sum, &f.AuthorName, &since, &f.Text, &f.Reason, &f.Pages, &f.top, &f.topName)
	f.Added = database.FromMillis(added)
	return f, err
}

func (src *Source) document(collectivity portal.CollectivityID, one found, top Folder) (search.Document, error) {
	body := ""
	if one.Text == TextRead {
		text, err := src.store.vault.text(collectivity, one.Sum)
		if err != nil {
			return search.Document{}, err
		}
		body = text
	}
	return search.Document{
		Kind:     search.KindDocument,
		ID:       string(one.ID),
		Title:    one.Title,
		Body:     body,
		Keywords: []string{one.FileName},
		URL:      "/documents/" + string(one.ID),
		Icon:     "i-" + one.Icon(),
		Detail:   detail(one),
		Date:     one.Added,
		Audience: top.audience(),
	}, nil
}

// detail is "PDF, 6 pages · Marchés": the same in French and in English.
func detail(one found) string {
	var parts []string
	if format := one.Format(); format != "" {
		parts = append(parts, format)
	}
	switch {
	case one.Pages == 1:
		parts = append(parts, "1\u00a0page")
	case one.Pages > 1:
		parts = append(parts, strconv.Itoa(one.Pages)+"\u00a0pages")
	}
	return strings.TrimPrefix(strings.Join(parts, ", ")+" · "+one.topName, " · ")
}

// IDs lists the documents that are not in the bin.
func (src *Source) IDs(ctx context.Context, collectivity portal.CollectivityID, after string, limit int) ([]string, error) {
	rows, err := src.store.db.Query(ctx, `SELECT id FROM documents WHERE collectivity = $1 AND id > $2 AND deleted = 0
		ORDER BY id LIMIT `+strconv.Itoa(limit), collectivity, after)
	ids, err := database.Collect(rows, err, scanText)
	if err != nil {
		return nil, fmt.Errorf("documents: ids for search: %w", err)
	}
	return ids, nil
}
