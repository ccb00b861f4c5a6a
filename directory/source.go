package directory

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// PeopleSource offers the active agents to search.
type PeopleSource struct{ Store *Store }

var _ search.Source = PeopleSource{}

// Kind is search.KindPerson.
func (PeopleSource) Kind() search.Kind { return search.KindPerson }

// Load returns the agents as search shows them: it has one index for a whole
// collectivity, so what everyone of it may see.
func (p PeopleSource) Load(ctx context.Context, collectivity portal.CollectivityID, ids []string) ([]search.Document, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	seen, err := p.Store.openVeil(ctx, collectivity)
	if err != nil {
		return nil, fmt.Errorf("directory: load people: %w", err)
	}
	rows, err := p.Store.db.Query(ctx, `SELECT `+agentColumns+agentTables+`
		WHERE a.collectivity = $1 AND a.active AND a.id IN (`+database.Params(2, len(ids))+`)`, withIDs(collectivity, ids)...)
	agents, err := database.Collect(rows, err, func(rows *sql.Rows) (Agent, error) { return scanAgent(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("directory: load people: %w", err)
	}
	documents := make([]search.Document, len(agents))
	for i, agent := range agents {
		documents[i] = seen.over(agent).document()
	}
	return documents, nil
}

// OtherPeople offers search the people of the directories that others share.
type OtherPeople struct{ Store *Store }

var _ search.Others = OtherPeople{}

// Readable implements search.Others.
func (o OtherPeople) Readable(ctx context.Context, caller portal.Caller) ([]search.Other, error) {
	shares, err := o.Store.Readable(ctx, caller)
	others := make([]search.Other, len(shares))
	for i, share := range shares {
		others[i] = search.Other{Reader: share.reader(), Name: share.Name}
	}
	return others, err
}

// People implements search.Others: what the shared pages show of some people. For whom
// the index is behind, it may have found what is hidden by now.
func (o OtherPeople) People(ctx context.Context, reader portal.Caller, ids []string) ([]search.Document, error) {
	waiting, err := search.Progress{DB: o.Store.db}.Waiting(ctx, reader.Collectivity, search.KindPerson, ids)
	if err != nil {
		return nil, fmt.Errorf("directory: people of another directory: %w", err)
	}
	ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(waiting, id) })
	people, err := PeopleSource(o).Load(ctx, reader.Collectivity, ids)
	for i, person := range people {
		people[i].URL = baseOf(reader.Collectivity) + "/agents/" + person.ID
	}
	return people, err
}

func (a Agent) document() search.Document {
	phone, keywords := a.Phone, []string{}
	if phone == "" {
		phone = a.Mobile
	}
	for _, word := range []string{a.Email, digits(a.Mobile), initials(a.GivenName) + initials(a.FamilyName)} {
		if word != "" {
			keywords = append(keywords, word)
		}
	}
	return search.Document{
		Kind: search.KindPerson, ID: string(a.ID), Title: a.Name(), Keywords: keywords,
		Body: a.Function, Summary: a.Function, Detail: a.Function, Phone: phone, Unit: a.UnitName,
		URL: "/directory/agents/" + string(a.ID), Icon: "i-user",
	}
}

// IDs pages through the active agents.
func (p PeopleSource) IDs(ctx context.Context, collectivity portal.CollectivityID, after string, limit int) ([]string, error) {
	return p.Store.ids(ctx, `SELECT id FROM agents WHERE collectivity = $1 AND active`, collectivity, after, limit)
}

// ids sorts here and not in the store: byte order is promised, and engines
// follow the language of the machine. A collectivity has thousands of each at
// the most.
func (s *Store) ids(ctx context.Context, query string, collectivity portal.CollectivityID, after string, limit int) ([]string, error) {
	rows, err := s.db.Query(ctx, query, string(collectivity))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (id string, err error) { return id, rows.Scan(&id) })
	if err != nil {
		return nil, fmt.Errorf("directory: list ids: %w", err)
	}
	slices.Sort(all)
	from, found := slices.BinarySearch(all, after)
	if found {
		from++
	}
	return all[from:min(len(all), from+limit)], nil
}

func withIDs(collectivity portal.CollectivityID, ids []string) []any {
	args := []any{string(collectivity)}
	for _, id := range ids {
		args = append(args, id)
	}
	return args
}
