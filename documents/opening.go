package documents

import (
	"context"
	"fmt"
	"slices"

	"parvis/portal"
	"parvis/portal/database"
)

// Openings tells to whom the top folders of the caller's collectivity are open, and
// with them all that is inside; no folder is open to an agent in her own name.
// portal.ErrDenied but for its administrator.
func (s *Store) Openings(ctx context.Context, caller portal.Caller, _ []portal.AgentID) ([]portal.Opening, error) {
	if err := caller.Require(portal.Admin); err != nil {
		return nil, fmt.Errorf("documents: list openings: %w", err)
	}
	rows, err := s.db.Query(ctx, `SELECT `+folderColumns+` FROM document_folders f
		WHERE f.collectivity = $1 AND f.deleted = 0 AND f.parent = '' ORDER BY f.id`, string(caller.Collectivity))
	folders, err := database.Collect(rows, err, scanFolder)
	if err != nil {
		return nil, fmt.Errorf("documents: list openings: %w", err)
	}
	rights, err := allRights(ctx, s.db, caller.Collectivity)
	if err != nil {
		return nil, fmt.Errorf("documents: list openings: %w", err)
	}
	var openings []portal.Opening
	for _, folder := range rights.give(folders) {
		openings = append(openings, folder.openings()...)
	}
	return openings, nil
}

// openings says of a top folder what readableBy and WritableBy decide.
func (f Folder) openings() (all []portal.Opening) {
	open := portal.Opening{
		Mention: portal.Mention{Kind: "documents.mention", Name: f.Name, Path: "/documents/folders/" + string(f.ID) + "/edit", Icon: "folder"},
		ID:      string(f.ID),
	}
	add := func(to portal.Subject, does portal.Deed, needs portal.Right) {
		open.To, open.Does, open.Needs = to, does, needs
		all = append(all, open)
	}
	readers := []portal.Subject{{Kind: portal.Everyone}}
	if len(f.Readers) > 0 {
		readers = nil
		for _, group := range f.Readers {
			readers = append(readers, portal.Subject{Kind: portal.TheGroup, ID: string(group)})
		}
	}
	for _, reader := range readers {
		if reader.Kind == portal.Everyone || !slices.Contains(f.Writers, portal.GroupID(reader.ID)) {
			add(reader, portal.Reads, "")
			add(reader, portal.Writes, portal.EditDocuments)
		}
	}
	for _, group := range f.Writers {
		add(portal.Subject{Kind: portal.TheGroup, ID: string(group)}, portal.Writes, "")
	}
	return all
}
