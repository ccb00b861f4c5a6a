package news

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// keptDeleted is how long a deleted article can be restored.
const keptDeleted = 30 * 24 * time.Hour

// Run announces articles when their hour comes and forgets the deleted ones,
// until ctx ends. What goes wrong is logged and tried again.
func (s *Store) Run(ctx context.Context) error {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		if err := s.tick(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("news clock", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Store) tick(ctx context.Context) error {
	if err := s.announce(ctx); err != nil {
		return err
	}
	return s.forget(ctx)
}

type started struct {
	collectivity portal.CollectivityID
	id           ArticleID
}

// announce tells search and the boxes about the articles of the whole pool
// that have started since they were written. An article becomes old news by
// itself: search keeps it, and boxes reload within their freshness.
func (s *Store) announce(ctx context.Context) error {
	rows, err := s.db.Query(ctx, `SELECT collectivity, id FROM articles WHERE announced = $1 AND starts <= $2 LIMIT 1000`, false, database.Millis(s.now()))
	due, err := database.Collect(rows, err, func(rows *sql.Rows) (one started, err error) {
		return one, rows.Scan(&one.collectivity, &one.id)
	})
	if err != nil {
		return fmt.Errorf("news: read what starts: %w", err)
	}
	for _, article := range due {
		err := s.write(ctx, article.collectivity, article.id, func(tx *database.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE articles SET announced = $3 WHERE collectivity = $1 AND id = $2`, article.collectivity, article.id, true)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// forget removes what was deleted more than 30 days ago, in the whole pool.
func (s *Store) forget(ctx context.Context) error {
	before := database.Millis(s.now().Add(-keptDeleted))
	return s.db.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM article_audience WHERE EXISTS (SELECT 1 FROM articles a
			WHERE a.collectivity = article_audience.collectivity AND a.id = article_audience.article AND a.deleted > 0 AND a.deleted < $1)`, before)
		if err != nil {
			return fmt.Errorf("news: forget audiences: %w", err)
		}
		_, err = tx.Exec(ctx, `DELETE FROM articles WHERE deleted > 0 AND deleted < $1`, before)
		if err != nil {
			return fmt.Errorf("news: forget articles: %w", err)
		}
		return nil
	})
}

// Source offers the articles to search.
type Source struct{ store *Store }

// Source is what search may find of the articles.
func (s *Store) Source() Source { return Source{s} }

// Kind is search.KindArticle.
func (Source) Kind() search.Kind { return search.KindArticle }

// Load returns the articles that have started; those that have not don't exist
// for search yet.
func (src Source) Load(ctx context.Context, collectivity portal.CollectivityID, ids []string) ([]search.Document, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := []any{collectivity, database.Millis(src.store.now())}
	for _, id := range ids {
		args = append(args, id)
	}
	rows, err := src.store.db.Query(ctx, `SELECT `+articleColumns+` FROM articles a
		WHERE a.collectivity = $1 AND a.starts <= $2 AND a.deleted = 0 AND a.id IN (`+database.Params(3, len(ids))+`)`, args...)
	articles, err := database.Collect(rows, err, scanArticle)
	if err != nil {
		return nil, fmt.Errorf("news: load for search: %w", err)
	}
	documents := make([]search.Document, len(articles))
	for i, article := range articles {
		audience, err := src.store.audience(ctx, collectivity, article.ID)
		if err != nil {
			return nil, err
		}
		text := plain(article.Body)
		documents[i] = search.Document{
			Kind: search.KindArticle, ID: string(article.ID), Title: article.Title, Body: text,
			Summary: summary(lead(article.Body)), URL: "/news/" + string(article.ID), Icon: "i-news",
			Detail: article.AuthorName, Date: article.Starts, Audience: audience,
		}
	}
	return documents, nil
}

// IDs lists the articles for a rebuild of the index.
func (src Source) IDs(ctx context.Context, collectivity portal.CollectivityID, after string, limit int) ([]string, error) {
	rows, err := src.store.db.Query(ctx, `SELECT id FROM articles WHERE collectivity = $1 AND deleted = 0 AND id > $2 ORDER BY id LIMIT 0 + $3`, collectivity, after, limit)
	return database.Collect(rows, err, func(rows *sql.Rows) (id string, err error) {
		return id, rows.Scan(&id)
	})
}
