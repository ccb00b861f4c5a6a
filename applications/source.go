package applications

import (
	"context"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/search"
)

// Source offers the applications to search. One that is open to units alone is
// not among them: what is found is filtered by groups and by agents.
type Source struct{ Store *Store }

var _ search.Source = Source{}

// Kind is search.KindApplication.
func (Source) Kind() search.Kind { return search.KindApplication }

// Load returns the applications as search shows them, with their audience.
func (s Source) Load(ctx context.Context, collectivity portal.CollectivityID, ids []string) ([]search.Document, error) {
	found, err := s.found(ctx, collectivity)
	if err != nil {
		return nil, err
	}
	var documents []search.Document
	for _, app := range found {
		if slices.Contains(ids, app.ID) {
			documents = append(documents, app.document())
		}
	}
	return documents, nil
}

// found are the applications that search may show, by id. They are read anew:
// what is indexed stays.
func (s Source) found(ctx context.Context, collectivity portal.CollectivityID) ([]Application, error) {
	all, err := s.Store.read(ctx, collectivity)
	if err != nil {
		return nil, fmt.Errorf("applications: load for search: %w", err)
	}
	return slices.DeleteFunc(all.apps, func(a Application) bool { return len(a.Units) > 0 && len(a.Audience) == 0 }), nil
}

func (a Application) document() search.Document {
	slices.Sort(a.Audience)
	return search.Document{
		Kind: search.KindApplication, ID: a.ID, Title: a.Name, Body: a.Description, Summary: a.Description,
		Keywords: []string{host(a.URL)}, Detail: a.Category, URL: a.URL, Icon: "i-" + a.Icon, Audience: a.Audience,
	}
}

// IDs pages through the applications.
func (s Source) IDs(ctx context.Context, collectivity portal.CollectivityID, after string, limit int) ([]string, error) {
	found, err := s.found(ctx, collectivity)
	var ids []string
	for _, app := range found {
		if app.ID > after && len(ids) < limit {
			ids = append(ids, app.ID)
		}
	}
	return ids, err
}
