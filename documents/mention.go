package documents

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// NamingGroup lists the top folders of the caller's collectivity that name a group.
func (s *Store) NamingGroup(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
	rows, err := from.Query(ctx, `
		SELECT f.id, f.name FROM document_folders f WHERE f.collectivity = $1 AND f.deleted = 0 AND EXISTS (
			SELECT 1 FROM document_folder_groups g WHERE g.collectivity = $1 AND g.folder = f.id AND g.group_id = $2)
		ORDER BY f.name_key, f.id`,
		string(caller.Collectivity), string(group))
	mentions, err := database.Collect(rows, err, func(rows *sql.Rows) (portal.Mention, error) {
		var id string
		mention := portal.Mention{Kind: "documents.mention", Icon: "folder", Governs: portal.EditDocuments}
		err := rows.Scan(&id, &mention.Name)
		mention.Path = "/documents/folders/" + id + "/edit"
		return mention, err
	})
	if err != nil {
		return nil, fmt.Errorf("documents: list what names a group: %w", err)
	}
	return mentions, nil
}
