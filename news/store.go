package news

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/search"
)

// Store keeps the articles. Every method takes who asks; what she may not see
// is portal.ErrNotFound.
type Store struct {
	db    *database.DB
	queue search.Queue
	log   *slog.Logger
	now   func() time.Time
	// changed tells the boxes of a collectivity that its news are not what
	// they were.
	changed func(portal.CollectivityID)
}

// NewStore returns the store over db. changed is called after each change
// that readers can see.
func NewStore(db *database.DB, log *slog.Logger, changed func(portal.CollectivityID)) *Store {
	return &Store{db: db, log: log, now: time.Now, changed: changed}
}

// Shelf is the part of the articles that a list shows.
type Shelf string

// The shelves. Only an editor finds anything on Planned.
const (
	Current Shelf = "current" // started, not ended
	Archive Shelf = "archive" // ended
	Planned Shelf = "planned" // not started yet
)

var shelfConditions = map[Shelf]string{
	Current: "a.starts <= $2 AND a.ends > $2",
	Archive: "a.ends <= $2",
	Planned: "a.starts > $2",
}

const articleColumns = `a.id, a.title, a.body, a.author_name, a.starts, a.ends, a.changed`

// List returns at most limit articles of a shelf after skipping some, newest
// first, and how many the shelf holds for the caller.
func (s *Store) List(ctx context.Context, caller portal.Caller, shelf Shelf, limit, skip int) ([]Article, int, error) {
	condition, known := shelfConditions[shelf]
	if !known || shelf == Planned && !caller.Can(portal.EditNews) {
		return nil, 0, fmt.Errorf("news: shelf %q: %w", shelf, portal.ErrNotFound)
	}
	args := []any{caller.Collectivity, database.Millis(s.now())}
	visible, args := visibleTo(caller, args)
	where := ` FROM articles a WHERE a.collectivity = $1 AND a.deleted = 0 AND ` + condition + visible
	var total int
	if err := s.db.QueryRow(ctx, `SELECT count(*)`+where, args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("news: count: %w", err)
	}
	page := fmt.Sprintf(` ORDER BY a.starts DESC, a.id LIMIT %d OFFSET %d`, limit, max(skip, 0))
	rows, err := s.db.Query(ctx, `SELECT `+articleColumns+where+page, args...)
	articles, err := database.Collect(rows, err, scanArticle)
	if err != nil {
		return nil, 0, fmt.Errorf("news: list: %w", err)
	}
	return articles, total, nil
}

// visibleTo is the condition that an article's audience holds the caller. An
// editor sees all of them: she must know what the others see.
func visibleTo(caller portal.Caller, args []any) (string, []any) {
	if caller.Can(portal.EditNews) {
		return "", args
	}
	open := `NOT EXISTS (SELECT 1 FROM article_audience w WHERE w.collectivity = a.collectivity AND w.article = a.id)`
	if len(caller.Groups) == 0 {
		return ` AND ` + open, args
	}
	member := `EXISTS (SELECT 1 FROM article_audience w WHERE w.collectivity = a.collectivity AND w.article = a.id AND w.group_id IN (` +
		database.Params(len(args)+1, len(caller.Groups)) + `))`
	for _, group := range caller.Groups {
		args = append(args, group)
	}
	return ` AND (` + open + ` OR ` + member + `)`, args
}

func scanArticle(rows *sql.Rows) (Article, error) {
	var a Article
	var starts, ends, changed int64
	err := rows.Scan(&a.ID, &a.Title, &a.Body, &a.AuthorName, &starts, &ends, &changed)
	a.Starts, a.Ends, a.Changed = database.FromMillis(starts), database.FromMillis(ends), database.FromMillis(changed)
	return a, err
}

// Article returns one article that the caller may see now.
func (s *Store) Article(ctx context.Context, caller portal.Caller, id ArticleID) (Article, error) {
	args := []any{caller.Collectivity, id}
	visible, args := visibleTo(caller, args)
	if !caller.Can(portal.EditNews) {
		args = append(args, database.Millis(s.now()))
		visible += fmt.Sprintf(` AND a.starts <= $%d`, len(args))
	}
	rows, err := s.db.Query(ctx, `SELECT `+articleColumns+
		` FROM articles a WHERE a.collectivity = $1 AND a.id = $2 AND a.deleted = 0`+visible, args...)
	found, err := database.Collect(rows, err, scanArticle)
	if err != nil {
		return Article{}, fmt.Errorf("news: article %q: %w", id, err)
	}
	if len(found) == 0 {
		return Article{}, fmt.Errorf("news: article %q: %w", id, portal.ErrNotFound)
	}
	article := found[0]
	article.Audience, err = s.audience(ctx, caller.Collectivity, id)
	return article, err
}

func (s *Store) audience(ctx context.Context, collectivity portal.CollectivityID, id ArticleID) ([]portal.GroupID, error) {
	rows, err := s.db.Query(ctx, `SELECT group_id FROM article_audience WHERE collectivity = $1 AND article = $2 ORDER BY group_id`, collectivity, id)
	groups, err := database.Collect(rows, err, func(rows *sql.Rows) (group portal.GroupID, err error) {
		return group, rows.Scan(&group)
	})
	if err != nil {
		return nil, fmt.Errorf("news: audience of %q: %w", id, err)
	}
	return groups, nil
}

// Create publishes an article, signed by the name of its author. It needs the
// right to edit news; portal.FieldErrors name what to correct.
func (s *Store) Create(ctx context.Context, caller portal.Caller, authorName string, draft Draft) (ArticleID, error) {
	if err := caller.Require(portal.EditNews); err != nil {
		return "", fmt.Errorf("news: create: %w", err)
	}
	if err := draft.check(); err != nil {
		return "", fmt.Errorf("news: create: %w", err)
	}
	id, now := ArticleID(portal.NewID()), s.now()
	err := s.write(ctx, caller.Collectivity, id, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO articles (collectivity, id, title, body, author, author_name, starts, ends, changed, announced)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			caller.Collectivity, id, strings.TrimSpace(draft.Title), draft.Body, caller.Agent, authorName,
			database.Millis(draft.Starts), database.Millis(draft.Ends), database.Millis(now), !draft.Starts.After(now))
		if err != nil {
			return err
		}
		return setAudience(ctx, tx, caller.Collectivity, id, draft.Audience)
	})
	return id, err
}

// Change replaces an article. seen is the article's Changed when the editor
// opened it: portal.ErrConflict when somebody changed it since.
func (s *Store) Change(ctx context.Context, caller portal.Caller, id ArticleID, seen time.Time, draft Draft) error {
	if err := caller.Require(portal.EditNews); err != nil {
		return fmt.Errorf("news: change: %w", err)
	}
	if err := draft.check(); err != nil {
		return fmt.Errorf("news: change: %w", err)
	}
	if _, err := s.Article(ctx, caller, id); err != nil {
		return err
	}
	now := s.now()
	return s.write(ctx, caller.Collectivity, id, func(tx *database.Tx) error {
		result, err := tx.Exec(ctx, `
			UPDATE articles SET title = $3, body = $4, starts = $5, ends = $6, changed = $7, announced = $8
			WHERE collectivity = $1 AND id = $2 AND deleted = 0 AND changed = $9`,
			caller.Collectivity, id, strings.TrimSpace(draft.Title), draft.Body,
			database.Millis(draft.Starts), database.Millis(draft.Ends), max(database.Millis(now), database.Millis(seen)+1),
			!draft.Starts.After(now), database.Millis(seen))
		if err != nil {
			return err
		}
		if count, err := result.RowsAffected(); err != nil || count == 0 {
			return portal.UserError{Kind: portal.ErrConflict, Key: "news.error.changed"}
		}
		return setAudience(ctx, tx, caller.Collectivity, id, draft.Audience)
	})
}

func setAudience(ctx context.Context, tx *database.Tx, collectivity portal.CollectivityID, id ArticleID, groups []portal.GroupID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM article_audience WHERE collectivity = $1 AND article = $2`, collectivity, id); err != nil {
		return err
	}
	for _, group := range groups {
		_, err := tx.Exec(ctx, `INSERT INTO article_audience (collectivity, article, group_id) VALUES ($1, $2, $3)
			ON CONFLICT (collectivity, article, group_id) DO NOTHING`, collectivity, id, group)
		if err != nil {
			return err
		}
	}
	return nil
}

// Delete takes an article away; Restore brings it back for 30 days.
func (s *Store) Delete(ctx context.Context, caller portal.Caller, id ArticleID) error {
	return s.setDeleted(ctx, caller, id, s.now())
}

// Restore undoes Delete.
func (s *Store) Restore(ctx context.Context, caller portal.Caller, id ArticleID) error {
	return s.setDeleted(ctx, caller, id, time.Time{})
}

func (s *Store) setDeleted(ctx context.Context, caller portal.Caller, id ArticleID, when time.Time) error {
	if err := caller.Require(portal.EditNews); err != nil {
		return fmt.Errorf("news: delete %q: %w", id, err)
	}
	return s.write(ctx, caller.Collectivity, id, func(tx *database.Tx) error {
		return database.OneRow(tx.Exec(ctx, `UPDATE articles SET deleted = $3 WHERE collectivity = $1 AND id = $2`,
			caller.Collectivity, id, database.Millis(when)))
	})
}

// write changes an article and tells the search queue in one transaction,
// then the boxes.
func (s *Store) write(ctx context.Context, collectivity portal.CollectivityID, id ArticleID, change func(tx *database.Tx) error) error {
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return s.queue.Changed(ctx, tx, collectivity, search.KindArticle, string(id))
	})
	if err != nil {
		return fmt.Errorf("news: write %q: %w", id, err)
	}
	s.changed(collectivity)
	return nil
}
