package directory

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/widgets"
)

// TemplateID names a template of the pool.
type TemplateID string

// Template is what a new collectivity begins with: its home page, its groups and what
// these may do.
type Template struct {
	ID     TemplateID
	Name   string // "Commune de moins de 3 500 habitants"
	About  string // a sentence for who chooses
	Kinds  []string
	Most   int // inhabitants that it suits, 0 for any number
	Places []widgets.Place
	Groups []TemplateGroup

	Shipped bool      `json:"-"` // it comes with Parvis, and is not changed
	Version int       `json:"-"`
	Changed time.Time `json:"-"`
	By      string    `json:"-"` // login of who changed it last
}

// TemplateGroup is a group that a collectivity begins with.
type TemplateGroup struct {
	Name   string
	Rights []portal.Right
}

// Suits says whether a template is made for a kind of collectivity of some population,
// 0 when unknown.
func (t Template) Suits(kind string, population int) bool {
	return slices.Contains(t.Kinds, kind) && (t.Most == 0 || population > 0 && population <= t.Most)
}

// TemplateRights are what a template may give to a group. The administrator is named
// by name: who would be in a group is not known yet.
var TemplateRights = slices.DeleteFunc(slices.Clone(portal.CollectivityRights), func(right portal.Right) bool { return right == portal.Admin })

const (
	maxTemplates      = 50
	maxTemplateGroups = 20
	maxTemplateAbout  = 300
)

// checked is a template as it would be kept, or what is wrong with it.
func (t Template) checked() (Template, error) {
	var wrong portal.Check
	wrong.Text("name", t.Name, true, 100)
	wrong.Text("about", t.About, false, maxTemplateAbout)
	if len(t.Kinds) == 0 || slices.ContainsFunc(t.Kinds, func(kind string) bool { return !slices.Contains(Kinds, kind) }) {
		wrong.Add("kinds", "directory.error.template.kinds")
	}
	if t.Most < 0 || t.Most > 10_000_000 {
		wrong.Add("most", "directory.error.template.most")
	}
	if len(t.Groups) > maxTemplateGroups {
		wrong.Add("groups", "directory.error.template.groups", "max", maxTemplateGroups)
	}
	var seen []string
	for _, group := range t.Groups {
		var one portal.Check
		one.Text("groups", group.Name, true, 120)
		switch name := i18n.Fold(group.Name); {
		case one.OrNil() != nil:
			wrong.Add("groups", "directory.error.template.group", "group", group.Name)
		case slices.Contains(seen, name):
			wrong.Add("groups", "directory.error.template.twice", "group", group.Name)
		default:
			seen = append(seen, name)
		}
		if slices.ContainsFunc(group.Rights, func(right portal.Right) bool { return !slices.Contains(TemplateRights, right) }) {
			wrong.Add("groups", "directory.error.template.right", "group", group.Name)
		}
	}
	return t, wrong.OrNil()
}

const selectTemplates = `SELECT t.id, t.content, t.version, t.changed, COALESCE(p.login, '') FROM pool_templates t LEFT JOIN accounts p ON p.id = t.account `

func scanTemplate(scan func(dest ...any) error) (t Template, err error) {
	var content string
	var changed int64
	var id TemplateID
	if err := scan(&id, &content, &t.Version, &changed, &t.By); err != nil {
		return Template{}, err
	}
	if err := json.Unmarshal([]byte(content), &t); err != nil {
		return Template{}, fmt.Errorf("template %q is not what was written: %w", id, err)
	}
	t.ID, t.Changed = id, database.FromMillis(changed)
	return t, nil
}

// Templates lists those of the pool by name; dropped lists those that can still be
// taken up again. They need the right to operate the pool, as all about templates.
func (s *Store) Templates(ctx context.Context, caller portal.Caller, dropped bool) ([]Template, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return nil, fmt.Errorf("directory: list templates: %w", err)
	}
	query, args := selectTemplates+`WHERE t.dropped = 0`, []any{}
	if dropped {
		query, args = selectTemplates+`WHERE t.dropped > $1`, []any{database.Millis(s.now().Add(-draftLife))}
	}
	rows, err := s.db.Query(ctx, query, args...)
	templates, err := database.Collect(rows, err, func(rows *sql.Rows) (Template, error) { return scanTemplate(rows.Scan) })
	if err != nil {
		return nil, fmt.Errorf("directory: list templates: %w", err)
	}
	slices.SortFunc(templates, func(a, b Template) int { return i18n.ByName(a.Name, b.Name) })
	return templates, nil
}

// Template returns one; portal.ErrNotFound when it is not there any more.
func (s *Store) Template(ctx context.Context, caller portal.Caller, id TemplateID) (Template, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return Template{}, fmt.Errorf("directory: read template: %w", err)
	}
	return readTemplate(ctx, s.db, id)
}

func readTemplate(ctx context.Context, from rows, id TemplateID) (Template, error) {
	t, err := scanTemplate(from.QueryRow(ctx, selectTemplates+`WHERE t.id = $1 AND t.dropped = 0`, string(id)).Scan)
	if err != nil {
		return Template{}, fmt.Errorf("directory: read template: %w", err)
	}
	return t, nil
}

// KeepTemplate writes a template, a new one when its id is "", and returns its id.
// portal.FieldErrors for what is refused, portal.ErrConflict when it is no more of the
// version that was shown.
func (s *Store) KeepTemplate(ctx context.Context, caller portal.Caller, t Template, address string) (TemplateID, error) {
	err := caller.Require(portal.OperatePool)
	if err == nil {
		t, err = t.checked()
	}
	if err != nil {
		return "", fmt.Errorf("directory: keep template: %w", err)
	}
	id := t.ID
	if id == "" {
		id = TemplateID(portal.NewID())
	}
	content, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("directory: keep template: %w", err)
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		if err := mayKeep(ctx, tx, t); err != nil {
			return err
		}
		err := tx.Write(ctx, `
			INSERT INTO pool_templates (id, content, version, changed, account) VALUES ($1, $2, 1, $3, $4)
			ON CONFLICT (id) DO UPDATE SET content = excluded.content, version = pool_templates.version + 1, changed = excluded.changed, account = excluded.account`,
			string(id), string(content), database.Millis(s.now()), string(caller.Account))
		if err != nil {
			return err
		}
		return s.tellTemplate(ctx, tx, caller, audit.TemplateKept, id, t.Name, address)
	})
	if err != nil {
		return "", fmt.Errorf("directory: keep template: %w", err)
	}
	return id, nil
}

// mayKeep refuses one that another operator changed meanwhile, and one too many.
func mayKeep(ctx context.Context, tx *database.Tx, t Template) error {
	if t.ID != "" {
		now, err := readTemplate(ctx, tx, t.ID)
		if err == nil && now.Version != t.Version {
			err = portal.UserError{Kind: portal.ErrConflict, Key: "directory.error.template.meanwhile", Args: []any{"who", now.By}}
		}
		return err
	}
	var count int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM pool_templates WHERE dropped = 0`).Scan(&count)
	if err == nil && count >= maxTemplates {
		err = portal.UserError{Kind: portal.ErrInvalid, Key: "directory.error.template.many", Args: []any{"max", maxTemplates}}
	}
	return err
}

func (s *Store) tellTemplate(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, id TemplateID, name, address string) error {
	line, err := s.byOperator(ctx, tx, caller, action, address)
	if err != nil {
		return err
	}
	line.Object, line.ObjectID = name, string(id)
	return audit.Write(ctx, tx, line)
}

// DropTemplate puts a template away for thirty days. What began with it stays.
func (s *Store) DropTemplate(ctx context.Context, caller portal.Caller, id TemplateID, address string) error {
	return s.setTemplateDropped(ctx, caller, id, true, address)
}

// RestoreTemplate takes a dropped one up again.
func (s *Store) RestoreTemplate(ctx context.Context, caller portal.Caller, id TemplateID, address string) error {
	return s.setTemplateDropped(ctx, caller, id, false, address)
}

func (s *Store) setTemplateDropped(ctx context.Context, caller portal.Caller, id TemplateID, away bool, address string) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("directory: drop template: %w", err)
	}
	action, at := audit.TemplateRestored, int64(0)
	if away {
		action, at = audit.TemplateDropped, database.Millis(s.now())
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		var content string
		var dropped int64
		err := tx.QueryRow(ctx, `SELECT content, dropped FROM pool_templates WHERE id = $1`, string(id)).Scan(&content, &dropped)
		if err != nil || away == (dropped > 0) {
			return err // it was sent twice
		}
		var t Template
		if err := json.Unmarshal([]byte(content), &t); err != nil {
			return err
		}
		if err := tx.Write(ctx, `UPDATE pool_templates SET dropped = $1 WHERE id = $2`, at, string(id)); err != nil {
			return err
		}
		return s.tellTemplate(ctx, tx, caller, action, id, t.Name, address)
	})
	if err != nil {
		return fmt.Errorf("directory: drop template: %w", err)
	}
	return nil
}

// SaveTemplate writes down what a new collectivity begins with: a copy, so that what was
// looked at is what it gets. Nil for nothing.
func (s *Store) SaveTemplate(ctx context.Context, caller portal.Caller, id DraftID, t *Template) error {
	_, err := s.saveDraft(ctx, caller, id, func(_ *database.Tx, d *Draft) error {
		d.Template, d.Chosen = t, true
		return nil
	})
	return err
}

// layGroups makes the groups of a template, with what they may do.
func (s *Store) layGroups(ctx context.Context, tx *database.Tx, caller portal.Caller, t *Template, address string) error {
	if t == nil {
		return nil
	}
	for _, one := range t.Groups {
		group := Group{ID: portal.GroupID(portal.NewID()), Name: strings.TrimSpace(one.Name)}
		err := errors.Join(checkGroup(group), insertGroup(ctx, tx, caller.Collectivity, group))
		if err == nil {
			err = s.tellGroup(ctx, tx, caller, audit.GroupCreated, group, "", address)
		}
		if err != nil {
			return err
		}
		for _, right := range one.Rights {
			given := Given{ID: portal.NewID(), Right: right, Subject: portal.Subject{Kind: portal.TheGroup, ID: string(group.ID)}, Created: s.now()}
			if err := insertRight(ctx, tx, caller, given); err != nil {
				return err
			}
			if err := audit.Write(ctx, tx, rightLine(caller, audit.RightGiven, given, group.Name, s.now(), address)); err != nil {
				return err
			}
		}
	}
	return nil
}
