package widgets

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Groups knows the groups of the caller's collectivity, by name.
type Groups interface {
	Groups(ctx context.Context, caller portal.Caller) ([]portal.Group, error)
}

// HomePage is what an administrator decides for everyone, or for one group.
type HomePage struct {
	Group  portal.Group // zero for everyone
	Shown  string       // the stamp of what she was shown, "" for a page that was not there
	Places []Place
	From   string // address of the client, for the journal
}

// framePage is a stored page.
type framePage struct {
	group   portal.GroupID // "" for everyone
	places  []Place
	text    string // what places were read from, "" when the page was taken away
	before  string
	changed time.Time
}

// taken says whether the page was taken away.
func (p framePage) taken() bool { return p.text == "" }

// stamp changes with what the page decides, "" for one that is not there.
func (p framePage) stamp() string {
	if p.taken() {
		return ""
	}
	sum := sha256.Sum256([]byte(p.text))
	return hex.EncodeToString(sum[:8])
}

// undoable says whether the last change can still be undone.
func (p framePage) undoable(now time.Time) bool {
	return p.text != p.before && now.Before(p.changed.Add(frameUndo))
}

// frameUndo is how long the last change of a page can be undone.
const frameUndo = 30 * 24 * time.Hour

// maxGroupPages bounds the groups with a page of their own: each home page reads them all.
const maxGroupPages = 30

// framePages are those of a collectivity, everyone's first, then by rank.
type framePages []framePage

// of is the page of a group, "" for everyone's.
func (p framePages) of(group portal.GroupID) framePage {
	if i := slices.IndexFunc(p, func(one framePage) bool { return one.group == group }); i >= 0 {
		return p[i]
	}
	return framePage{group: group}
}

// over merges the pages that count for who is in some groups over the pool's. The
// group of the lowest rank comes last, and so decides.
func (p framePages) over(pool []Place, groups []portal.GroupID) []Place {
	merged := mergeFrames(pool, p.of("").places)
	for _, page := range slices.Backward(p) {
		if page.group != "" && slices.Contains(groups, page.group) {
			merged = mergeFrames(merged, page.places)
		}
	}
	return merged
}

// above merges what a group's page is laid over, "" for everyone's.
func (p framePages) above(pool []Place, group portal.GroupID) []Place {
	if group == "" {
		return mergeFrames(pool, nil)
	}
	return p.over(pool, nil)
}

const selectPages = `SELECT group_id, places, before, changed FROM home_frames WHERE collectivity = $1 ORDER BY group_id <> '', rank, group_id`

func (s *layoutStore) pages(ctx context.Context, collectivity portal.CollectivityID) (framePages, error) {
	return readPages(ctx, s.db, collectivity)
}

func readPages(ctx context.Context, from database.Reader, collectivity portal.CollectivityID) (framePages, error) {
	rows, err := from.Query(ctx, selectPages, string(collectivity))
	pages, err := database.Collect(rows, err, func(rows *sql.Rows) (page framePage, err error) {
		var changed int64
		if err = rows.Scan(&page.group, &page.text, &page.before, &changed); err != nil {
			return page, err
		}
		page.changed = database.FromMillis(changed)
		if !page.taken() {
			err = json.Unmarshal([]byte(page.text), &page.places)
		}
		return page, err
	})
	if err != nil {
		return nil, fmt.Errorf("widgets: read frames: %w", err)
	}
	return pages, nil
}

// changePage lets change decide what a page holds next; what it held before can come
// back. What change returns as it was is not written.
func (s *layoutStore) changePage(ctx context.Context, caller portal.Caller, group portal.Group, line audit.Line, change func(pages framePages) (string, error)) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("widgets: set frame: %w", err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		pages, err := readPages(ctx, tx, caller.Collectivity)
		if err != nil {
			return err
		}
		text, err := change(pages)
		now := pages.of(group.ID)
		if err != nil || text == now.text {
			return err
		}
		if group.ID != "" && now.taken() && pages.ofGroups() >= maxGroupPages {
			return portal.UserError{Kind: portal.ErrInvalid, Key: "widgets.error.pages", Args: []any{"max", maxGroupPages}}
		}
		err = tx.Write(ctx, `
			INSERT INTO home_frames (collectivity, group_id, rank, places, before, changed)
			SELECT $1, $2, COALESCE(MAX(rank), 0) + 1, $3, $4, $5 FROM home_frames WHERE collectivity = $1
			ON CONFLICT (collectivity, group_id) DO UPDATE SET places = excluded.places, before = excluded.before, changed = excluded.changed`,
			string(caller.Collectivity), string(group.ID), text, now.text, database.Millis(time.Now()))
		if err != nil {
			return err
		}
		line.Action, line.Object, line.ObjectID = audit.HomeChanged, group.Name, string(group.ID)
		return audit.Write(ctx, tx, line)
	})
	if err != nil {
		return fmt.Errorf("widgets: set frame: %w", err)
	}
	return nil
}

// ofGroups counts the groups with a page of their own.
func (p framePages) ofGroups() (count int) {
	for _, page := range p {
		if page.group != "" && !page.taken() {
			count++
		}
	}
	return count
}

// errFrameMeanwhile: another administrator changed the page.
var errFrameMeanwhile = portal.UserError{Kind: portal.ErrConflict, Key: "widgets.error.meanwhile"}

// SetHome stores the home page that the administrator decided for everyone or for a
// group: what differs from the page above it. It returns portal.ErrDenied to others,
// portal.ErrInvalid for a widget, a size or a state that does not exist, and
// portal.ErrConflict when the page is not what she was shown.
func (h *Handler) SetHome(ctx context.Context, caller portal.Caller, page HomePage) error {
	for _, place := range page.Places {
		if h.catalogue.byID[place.Widget] == nil || place.State.rank() < 0 || (place.Size != "" && !place.Size.valid()) {
			return fmt.Errorf("widgets: set frame: %w: place %+v", portal.ErrInvalid, place)
		}
	}
	known := h.available(ctx, caller)
	return h.changePage(ctx, caller, page.Group, line(caller, page.From, "boxes"), func(pages framePages) (string, error) {
		now := pages.of(page.Group.ID)
		if now.stamp() != page.Shown {
			return "", errFrameMeanwhile
		}
		above := among(known, pages.above(h.pool, page.Group.ID))
		decided := differences(above, complete(unique(page.Places), above))
		text, err := json.Marshal(keepAbsent(decided, now.places, above))
		return string(text), err
	})
}

func line(caller portal.Caller, from, detail string) audit.Line {
	line := audit.By(caller, audit.HomeChanged)
	line.Address, line.Detail = from, detail
	return line
}

func (h *Handler) changePage(ctx context.Context, caller portal.Caller, group portal.Group, line audit.Line, change func(pages framePages) (string, error)) error {
	if err := h.layouts.changePage(ctx, caller, group, line, change); err != nil {
		return err
	}
	h.Changed(caller.Collectivity, TopicHome)
	return nil
}

// ResetHome takes away what was decided for everyone or for a group.
func (h *Handler) ResetHome(ctx context.Context, caller portal.Caller, group portal.Group, from string) error {
	return h.changePage(ctx, caller, group, line(caller, from, "removed"), func(framePages) (string, error) { return "", nil })
}

// errFrameOld: what is to be undone was done too long ago.
var errFrameOld = portal.UserError{Kind: portal.ErrNotFound, Key: "widgets.error.old"}

// RestoreHome undoes the last change of a page; done twice, it redoes it.
func (h *Handler) RestoreHome(ctx context.Context, caller portal.Caller, group portal.Group, from string) error {
	return h.changePage(ctx, caller, group, line(caller, from, "restored"), func(pages framePages) (string, error) {
		now := pages.of(group.ID)
		if !now.undoable(time.Now()) {
			return "", errFrameOld
		}
		return now.before, nil
	})
}

// PutFirst lets a group's page decide where somebody is in several groups that have one.
func (h *Handler) PutFirst(ctx context.Context, caller portal.Caller, group portal.Group, from string) error {
	err := caller.Require(portal.Admin)
	if err == nil {
		err = h.layouts.db.Tx(ctx, func(tx *database.Tx) error {
			err := database.OneRow(tx.Exec(ctx, `
				UPDATE home_frames SET rank = (SELECT MIN(f.rank) FROM home_frames f WHERE f.collectivity = $1 AND f.group_id <> '') - 1
				WHERE collectivity = $1 AND group_id = $2 AND group_id <> '' AND places <> ''`, string(caller.Collectivity), string(group.ID)))
			if err != nil {
				return err
			}
			told := line(caller, from, "order")
			told.Object, told.ObjectID = group.Name, string(group.ID)
			return audit.Write(ctx, tx, told)
		})
	}
	if err != nil {
		return fmt.Errorf("widgets: order frames: %w", err)
	}
	h.Changed(caller.Collectivity, TopicHome)
	return nil
}

// complete puts the places of above that wanted does not speak of where they stand there.
func complete(wanted, above []Place) []Place {
	byID := map[string]Place{}
	for _, place := range slices.Concat(above, wanted) {
		byID[place.Widget] = place
	}
	all := make([]Place, 0, len(byID))
	for _, id := range weave(ids(wanted), ids(above)) {
		all = append(all, byID[id])
	}
	return all
}

// keepAbsent keeps what was decided of boxes that are not there today, such as the
// weather of a collectivity without a place: it counts again when they are.
func keepAbsent(decided, before, above []Place) []Place {
	there := ids(above)
	absent := slices.DeleteFunc(slices.Clone(before), func(place Place) bool {
		return slices.Contains(there, place.Widget) && !slices.Contains(ids(decided), place.Widget)
	})
	return complete(decided, absent)
}

// NamingGroup lists the page of a group of the caller's collectivity.
func (h *Handler) NamingGroup(ctx context.Context, from database.Reader, caller portal.Caller, group portal.GroupID) ([]portal.Mention, error) {
	pages, err := readPages(ctx, from, caller.Collectivity)
	if err != nil || group == "" || pages.of(group).taken() {
		return nil, err
	}
	return []portal.Mention{{Kind: "widgets.mention", Path: groupPagePath(group), Icon: "home"}}, nil
}
