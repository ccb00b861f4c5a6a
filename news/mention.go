package news

import (
	"context"
	"database/sql"
	"fmt"

	"parvis/portal"
	"parvis/portal/database"
)

// NamingGroup lists the articles of the caller's collectivity that name a group.
func (s *Store) NamingGroup(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
	rows, err := from.Query(ctx, `
		SELECT a.id, a.title FROM articles a WHERE a.collectivity = $1 AND a.deleted = 0 AND EXISTS (
			SELECT 1 FROM article_audience w WHERE w.collectivity = $1 AND w.article = a.id AND w.group_id = $2)
		ORDER BY a.ends DESC, a.id`,
		string(caller.Collectivity), string(group))
	mentions, err := database.Collect(rows, err, func(rows *sql.Rows) (portal.Mention, error) {
		var id string
		mention := portal.Mention{Kind: "news.mention", Icon: "news", Governs: portal.EditNews}
		err := rows.Scan(&id, &mention.Name)
		mention.Path = "/news/" + id + "/edit"
		return mention, err
	})
	if err != nil {
		return nil, fmt.Errorf("news: list what names a group: %w", err)
	}
	return mentions, nil
}
