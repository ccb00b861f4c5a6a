package directory

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// Announcement is a notice of who operates the pool, to its collectivities.
type Announcement struct {
	ID              string    `json:"-"`
	Level           string    // of AnnouncementLevels
	French, English string    // "" English: the French one is shown
	Begins, Ends    time.Time // of a maintenance, zero for another level
	From, Until     time.Time // when it is shown, half-open
	Reach           string    // of AnnouncementReaches
	Kinds           []string
	Chosen          []portal.CollectivityID // sorted
	Administrators  bool                    // for them alone

	Version int       `json:"-"`
	Ended   time.Time `json:"-"` // when it was taken away before its time, zero for never
	Changed time.Time `json:"-"`
	By      string    `json:"-"` // login of who changed it last, "" for one who is gone
	Undoes  bool      `json:"-"` // its last change can be taken back
}

// Levels of an announcement, the gravest first.
const (
	Incident    = "incident"
	Maintenance = "maintenance"
	Information = "information"
)

// AnnouncementLevels are all of them, in the order in which one is chosen.
var AnnouncementLevels = []string{Information, Maintenance, Incident}

// Whom an announcement reaches.
const (
	ReachAll    = "all"
	ReachKinds  = "kinds"
	ReachChosen = "chosen"
)

// AnnouncementReaches are all of them.
var AnnouncementReaches = []string{ReachAll, ReachKinds, ReachChosen}

// States of an announcement, to narrow the list by.
const (
	AnnouncementNow   = "now"
	AnnouncementSoon  = "soon"
	AnnouncementEnded = "ended"
)

// State is where it stands at an instant.
func (a Announcement) State(now time.Time) string {
	switch {
	case !a.Ended.IsZero(), !now.Before(a.Until):
		return AnnouncementEnded
	case now.Before(a.From):
		return AnnouncementSoon
	}
	return AnnouncementNow
}

// Shown is the same as pages know it.
func (a Announcement) Shown() web.Announcement {
	return web.Announcement{ID: a.ID, Version: a.Version, Level: a.Level, French: a.French, English: a.English, Begins: a.Begins, Ends: a.Ends, Until: a.Until}
}

const (
	maxAnnouncement    = 300 // characters: a line or two
	maxAnnouncedFor    = 366 * 24 * time.Hour
	keptAnnouncements  = 366 * 24 * time.Hour // after their end
	announcementsFresh = 4 * time.Second      // other nodes see a change within five, as with sessions
	announcementsSize  = 25
)

// Announcements keeps what the pool announces, and in memory what is announced now.
type Announcements struct {
	store *Store
	log   *slog.Logger

	reading sync.Mutex // one reading at a time: an older one never replaces a newer
	live    atomic.Pointer[[]Announcement]
}

// NewAnnouncements returns them; Refresh reads them for the first time.
func NewAnnouncements(store *Store, log *slog.Logger) *Announcements {
	return &Announcements{store: store, log: log}
}

var _ web.Announcements = (*Announcements)(nil)

// To lists what is announced to a person. It reads memory only.
func (a *Announcements) To(identity *web.Identity, body web.Collectivity, now time.Time) (all []web.Announcement) {
	live := a.live.Load()
	if live == nil {
		return nil
	}
	for i := range *live {
		if one := &(*live)[i]; one.isFor(identity, body, now) {
			all = append(all, one.Shown())
		}
	}
	return all
}

// isFor says whether a person is concerned. Who is not signed in is told of incidents
// alone, and of those of her collectivity once the page knows it.
func (a *Announcement) isFor(identity *web.Identity, body web.Collectivity, now time.Time) bool {
	if a.State(now) != AnnouncementNow {
		return false
	}
	if identity == nil {
		return a.Level == Incident && !a.Administrators && a.reaches(body)
	}
	return identity.Caller.Collectivity != "" && a.reaches(identity.Collectivity) &&
		(!a.Administrators || identity.Caller.Administers()) &&
		(len(identity.Away) == 0 || !slices.Contains(identity.Away, a.Shown().Mark()))
}

func (a *Announcement) reaches(body web.Collectivity) bool {
	switch a.Reach {
	case ReachAll:
		return true
	case ReachKinds:
		return slices.Contains(a.Kinds, body.Kind)
	}
	_, found := slices.BinarySearch(a.Chosen, body.ID)
	return found
}

// Run reads what other processes announced, until the context ends.
func (a *Announcements) Run(ctx context.Context) error {
	return database.Again(ctx, announcementsFresh, a.Refresh, func(err error) {
		a.log.Warn("announcements could not be read; those known are shown", "error", err)
	})
}

// Refresh reads what is announced, and what will be.
func (a *Announcements) Refresh(ctx context.Context) error {
	a.reading.Lock()
	defer a.reading.Unlock()
	var found []Announcement
	targets := map[string][]portal.CollectivityID{}
	now := database.Millis(a.store.now())
	err := a.store.db.ReadAll(ctx, database.Read{
		Query: announcementsRead + ` WHERE a.shown_until > $1 AND a.ended = 0 ORDER BY a.created DESC, a.id`, Args: []any{now},
		Row: func(scan func(...any) error) error {
			one, err := scanAnnouncement(scan)
			found = append(found, one)
			return err
		},
	}, database.Read{
		Query: `SELECT announcement, collectivity FROM announcement_targets WHERE announcement IN (SELECT id FROM announcements WHERE shown_until > $1 AND ended = 0)`, Args: []any{now},
		Row: func(scan func(...any) error) error {
			var id string
			var collectivity portal.CollectivityID
			err := scan(&id, &collectivity)
			targets[id] = append(targets[id], collectivity)
			return err
		},
	})
	if err != nil {
		return fmt.Errorf("directory: read announcements: %w", err)
	}
	for i := range found {
		found[i].Chosen = targets[found[i].ID]
		slices.Sort(found[i].Chosen)
	}
	grave := []string{Incident, Maintenance, Information}
	slices.SortStableFunc(found, func(x, y Announcement) int {
		return cmp.Compare(slices.Index(grave, x.Level), slices.Index(grave, y.Level))
	})
	a.live.Store(&found)
	return nil
}

// told is what follows a change: this process shows it at once.
func (a *Announcements) told(ctx context.Context) {
	if err := a.Refresh(context.WithoutCancel(ctx)); err != nil {
		a.log.Warn("an announcement is shown a few seconds late", "error", err)
	}
}

const announcementsRead = `SELECT a.id, a.level, a.french, a.english, a.begins, a.ends, a.shown_from, a.shown_until, a.reach, a.kinds, a.administrators,
	a.version, a.was <> '', a.ended, a.changed, COALESCE(p.login, '') FROM announcements a LEFT JOIN accounts p ON p.id = a.account`

func scanAnnouncement(scan func(...any) error) (a Announcement, err error) {
	var kinds string
	var begins, ends, from, until, ended, changed int64
	err = scan(&a.ID, &a.Level, &a.French, &a.English, &begins, &ends, &from, &until, &a.Reach, &kinds, &a.Administrators,
		&a.Version, &a.Undoes, &ended, &changed, &a.By)
	a.Kinds, a.Begins, a.Ends = strings.Fields(kinds), database.FromMillis(begins), database.FromMillis(ends)
	a.From, a.Until, a.Ended, a.Changed = database.FromMillis(from), database.FromMillis(until), database.FromMillis(ended), database.FromMillis(changed)
	return a, err
}

// AnnouncementQuery says which to list.
type AnnouncementQuery struct {
	Text  string
	State string // "" for what is shown now and later
	Page  int    // from 1
}

// AnnouncementList is a page of them: of what is shown, the first to begin first; of
// what ended, the last one first.
type AnnouncementList struct {
	Rows        []Announcement
	Total       int
	Page, Pages int
}

// List needs the right to operate the pool, as all that follows.
func (a *Announcements) List(ctx context.Context, caller portal.Caller, query AnnouncementQuery) (list AnnouncementList, err error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return list, fmt.Errorf("directory: list announcements: %w", err)
	}
	now := database.Millis(a.store.now())
	where, order := ` WHERE (a.ended > 0 OR a.shown_until <= $1) AND a.folded LIKE $2 || ''`, ` ORDER BY a.shown_until DESC, a.id`
	switch query.State {
	case "":
		where, order = ` WHERE a.ended = 0 AND a.shown_until > $1 AND a.folded LIKE $2 || ''`, ` ORDER BY a.shown_from, a.id`
	case AnnouncementNow:
		where, order = ` WHERE a.ended = 0 AND a.shown_from <= $1 AND a.shown_until > $1 AND a.folded LIKE $2 || ''`, ` ORDER BY a.shown_from, a.id`
	case AnnouncementSoon:
		where, order = ` WHERE a.ended = 0 AND a.shown_from > $1 AND a.folded LIKE $2 || ''`, ` ORDER BY a.shown_from, a.id`
	}
	like := "%" + i18n.Fold(query.Text) + "%"
	if err := a.store.db.QueryRow(ctx, `SELECT COUNT(*) FROM announcements a`+where, now, like).Scan(&list.Total); err != nil {
		return list, fmt.Errorf("directory: count announcements: %w", err)
	}
	list.Pages = (list.Total + announcementsSize - 1) / announcementsSize
	list.Page = max(1, min(query.Page, list.Pages))
	rows, err := a.store.db.Query(ctx, announcementsRead+where+order+` LIMIT 0 + $3 OFFSET 0 + $4`, now, like, announcementsSize, (list.Page-1)*announcementsSize)
	list.Rows, err = database.Collect(rows, err, func(rows *sql.Rows) (Announcement, error) { return scanAnnouncement(rows.Scan) })
	if err != nil {
		return list, fmt.Errorf("directory: list announcements: %w", err)
	}
	return list, nil
}

// One returns an announcement with the collectivities chosen for it; portal.ErrNotFound without.
func (a *Announcements) One(ctx context.Context, caller portal.Caller, id string) (Announcement, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return Announcement{}, fmt.Errorf("directory: read announcement: %w", err)
	}
	return readAnnouncement(ctx, a.store.db, id)
}

func readAnnouncement(ctx context.Context, from rows, id string) (Announcement, error) {
	one, err := scanAnnouncement(from.QueryRow(ctx, announcementsRead+` WHERE a.id = $1`, id).Scan)
	if err == nil {
		var found *sql.Rows
		found, err = from.Query(ctx, `SELECT collectivity FROM announcement_targets WHERE announcement = $1 ORDER BY collectivity`, id)
		one.Chosen, err = database.Collect(found, err, func(rows *sql.Rows) (id portal.CollectivityID, err error) { return id, rows.Scan(&id) })
	}
	if err != nil {
		return Announcement{}, fmt.Errorf("directory: read announcement %q: %w", id, err)
	}
	slices.Sort(one.Chosen) // engines order texts differently
	return one, nil
}

// Concerned counts the collectivities that an announcement reaches.
func (a *Announcements) Concerned(ctx context.Context, caller portal.Caller, one Announcement) (count int, err error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return 0, fmt.Errorf("directory: whom an announcement reaches: %w", err)
	}
	all, err := a.store.Collectivities(ctx)
	for _, c := range all {
		if c.Active && one.reaches(web.Collectivity{ID: c.ID, Kind: c.Kind}) {
			count++
		}
	}
	return count, err
}

// Named finds collectivities by their identifiers or names, as an operator types them.
// portal.FieldErrors about "chosen" for one that is not there, or is several.
func (a *Announcements) Named(ctx context.Context, caller portal.Caller, typed []string) ([]portal.CollectivityID, error) {
	if err := caller.Require(portal.OperatePool); err != nil {
		return nil, fmt.Errorf("directory: find collectivities: %w", err)
	}
	all, err := a.store.Collectivities(ctx)
	if err != nil {
		return nil, err
	}
	byName := map[string][]portal.CollectivityID{}
	for _, c := range all {
		byName[i18n.Fold(c.Name)] = append(byName[i18n.Fold(c.Name)], c.ID)
	}
	var found []portal.CollectivityID
	for _, one := range typed {
		switch named := byName[i18n.Fold(one)]; {
		case slices.ContainsFunc(all, func(c Collectivity) bool { return string(c.ID) == one }):
			found = append(found, portal.CollectivityID(one))
		case len(named) == 1:
			found = append(found, named[0])
		case len(named) > 1:
			return nil, portal.FieldErrors{portal.Invalid("chosen", "directory.announce.several", "name", one)}
		default:
			return nil, portal.FieldErrors{portal.Invalid("chosen", "directory.announce.unknown", "name", one)}
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// Checked is an announcement as it would be published, or what is wrong with it.
func (a *Announcements) Checked(one Announcement) (Announcement, error) {
	now := a.store.now()
	one.French, one.English = strings.Join(strings.Fields(one.French), " "), strings.Join(strings.Fields(one.English), " ")
	if one.From.IsZero() {
		one.From = now.Truncate(time.Second)
	}
	if one.Level != Maintenance {
		one.Begins, one.Ends = time.Time{}, time.Time{}
	} else if one.Until.IsZero() {
		one.Until = one.Ends
	}
	if one.Reach != ReachKinds {
		one.Kinds = nil
	}
	if one.Reach != ReachChosen {
		one.Chosen = nil
	}
	var wrong portal.Check
	if !slices.Contains(AnnouncementLevels, one.Level) {
		wrong.Add("level", "directory.announce.level")
	}
	wrong.Text("french", one.French, true, maxAnnouncement)
	wrong.Text("english", one.English, false, maxAnnouncement)
	if one.Level == Maintenance {
		switch {
		case one.Begins.IsZero():
			wrong.Add("begins", "directory.announce.begins")
		case !one.Ends.After(one.Begins):
			wrong.Add("ends", "directory.announce.ends")
		}
	}
	switch {
	case one.Until.IsZero():
		wrong.Add("until", "directory.announce.until")
	case !one.Until.After(now):
		wrong.Add("until", "directory.announce.past")
	case !one.Until.After(one.From):
		wrong.Add("until", "directory.announce.order")
	case one.Until.Before(one.Ends):
		wrong.Add("until", "directory.announce.short")
	case one.Until.Sub(one.From) > maxAnnouncedFor:
		wrong.Add("until", "directory.announce.long")
	}
	if !slices.Contains(AnnouncementReaches, one.Reach) {
		wrong.Add("reach", "directory.announce.reach")
	}
	if one.Reach == ReachKinds && (len(one.Kinds) == 0 || slices.ContainsFunc(one.Kinds, func(kind string) bool { return !slices.Contains(Kinds, kind) })) {
		wrong.Add("kinds", "directory.announce.kinds")
	}
	if one.Reach == ReachChosen && len(one.Chosen) == 0 {
		wrong.Add("chosen", "directory.announce.chosen")
	}
	return one, wrong.OrNil()
}

// newAnnouncementID is what portal.NewID gives.
var newAnnouncementID = regexp.MustCompile(`^[a-z2-7]{16}$`)

// Publish makes an announcement. The id comes from the form, so that one sent twice is
// published once. portal.FieldErrors for what is refused.
func (a *Announcements) Publish(ctx context.Context, caller portal.Caller, one Announcement, address string) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("directory: publish announcement: %w", err)
	}
	one, err := a.Checked(one)
	if err != nil {
		return fmt.Errorf("directory: publish announcement: %w", err)
	}
	if !newAnnouncementID.MatchString(one.ID) {
		return fmt.Errorf("directory: publish announcement %q: %w", one.ID, portal.ErrInvalid)
	}
	now := database.Millis(a.store.now())
	err = a.store.db.Tx(ctx, func(tx *database.Tx) error {
		result, err := tx.Exec(ctx, `
			INSERT INTO announcements (id, level, french, english, folded, begins, ends, shown_from, shown_until, reach, kinds, administrators, version, was, account, created, changed)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, '', $13, $14, $14) ON CONFLICT (id) DO NOTHING`,
			append(one.columns(), string(caller.Account), now)...)
		if err := database.OneRow(result, err); errors.Is(err, portal.ErrNotFound) {
			return nil // it was sent before
		} else if err != nil {
			return err
		}
		if err := target(ctx, tx, one); err != nil {
			return err
		}
		return a.write(ctx, tx, caller, audit.AnnouncementPublished, one, address)
	})
	if err != nil {
		return fmt.Errorf("directory: publish announcement: %w", err)
	}
	a.told(ctx)
	return nil
}

// columns are the parameters of all that an operator decides, the id first.
func (a Announcement) columns() []any {
	return []any{
		a.ID, a.Level, a.French, a.English, i18n.Fold(a.French + " " + a.English), database.Millis(a.Begins), database.Millis(a.Ends),
		database.Millis(a.From), database.Millis(a.Until), a.Reach, strings.Join(a.Kinds, " "), a.Administrators,
	}
}

// target writes which collectivities were chosen. One that went meanwhile is refused.
func target(ctx context.Context, tx *database.Tx, one Announcement) error {
	if err := tx.Write(ctx, `DELETE FROM announcement_targets WHERE announcement = $1`, one.ID); err != nil {
		return err
	}
	for _, id := range one.Chosen {
		err := database.OneRow(tx.Exec(ctx, `INSERT INTO announcement_targets (collectivity, announcement) SELECT id, $2 FROM collectivities WHERE id = $1`, string(id), one.ID))
		if errors.Is(err, portal.ErrNotFound) {
			return portal.FieldErrors{portal.Invalid("chosen", "directory.announce.unknown", "name", string(id))}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *Announcements) write(ctx context.Context, tx *database.Tx, caller portal.Caller, action audit.Action, one Announcement, address string) error {
	line, err := a.store.byOperator(ctx, tx, caller, action, address)
	if err != nil {
		return err
	}
	line.Object, line.ObjectID, line.Detail = one.French, one.ID, one.Level
	return audit.Write(ctx, tx, line)
}

var errAnnouncementChanged = portal.UserError{Kind: portal.ErrConflict, Key: "directory.announce.changed"}

// Change replaces an announcement, which who put it away sees again. one.Version is that
// which the operator saw; portal.ErrConflict when another one changed it meanwhile.
func (a *Announcements) Change(ctx context.Context, caller portal.Caller, one Announcement, address string) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("directory: change announcement: %w", err)
	}
	one, err := a.Checked(one)
	if err != nil {
		return fmt.Errorf("directory: change announcement: %w", err)
	}
	return a.change(ctx, caller, one.ID, audit.AnnouncementChanged, address, func(was Announcement) (Announcement, error) {
		if was.Version != one.Version || !was.Ended.IsZero() {
			return one, errAnnouncementChanged
		}
		return one, nil
	})
}

// Undo takes back the change that made the version which the operator saw;
// portal.ErrConflict when there is none, or another operator changed it since.
func (a *Announcements) Undo(ctx context.Context, caller portal.Caller, id string, seen int, address string) error {
	return a.change(ctx, caller, id, audit.AnnouncementUndone, address, func(was Announcement) (Announcement, error) {
		if was.Version != seen {
			return was, errAnnouncementChanged
		}
		return was, nil
	})
}

// change replaces what an operator decided by what decide says, or, for an undoing, goes
// back to what was before once decide let it.
func (a *Announcements) change(ctx context.Context, caller portal.Caller, id string, action audit.Action, address string, decide func(was Announcement) (Announcement, error)) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("directory: %s: %w", action, err)
	}
	err := a.store.db.Tx(ctx, func(tx *database.Tx) error {
		was, err := readAnnouncement(ctx, tx, id)
		if err != nil {
			return err
		}
		next, err := decide(was)
		kept := []byte{}
		switch {
		case err != nil:
		case action == audit.AnnouncementUndone:
			next, err = before(ctx, tx, was)
		default:
			kept, err = json.Marshal(was)
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE announcements SET level = $2, french = $3, english = $4, folded = $5, begins = $6, ends = $7, shown_from = $8, shown_until = $9,
				reach = $10, kinds = $11, administrators = $12, version = version + 1, was = $13, account = $14, changed = $15 WHERE id = $1`,
			append(next.columns(), string(kept), string(caller.Account), database.Millis(a.store.now()))...)
		if err != nil {
			return err
		}
		if err := target(ctx, tx, next); err != nil {
			return err
		}
		return a.write(ctx, tx, caller, action, next, address)
	})
	if err != nil {
		return fmt.Errorf("directory: %s %q: %w", action, id, err)
	}
	a.told(ctx)
	return nil
}

// before is an announcement as it was before its last change, without the collectivities
// that left since.
func before(ctx context.Context, tx *database.Tx, now Announcement) (was Announcement, err error) {
	var text string
	if err := tx.QueryRow(ctx, `SELECT was FROM announcements WHERE id = $1`, now.ID).Scan(&text); err != nil {
		return was, err
	}
	if text == "" || !now.Ended.IsZero() {
		return was, errAnnouncementChanged
	}
	if err := json.Unmarshal([]byte(text), &was); err != nil {
		return was, err
	}
	was.ID = now.ID
	found, err := tx.Query(ctx, `SELECT id FROM collectivities`)
	there, err := database.Collect(found, err, func(rows *sql.Rows) (id portal.CollectivityID, err error) { return id, rows.Scan(&id) })
	was.Chosen = slices.DeleteFunc(was.Chosen, func(id portal.CollectivityID) bool { return !slices.Contains(there, id) })
	return was, err
}

// End takes an announcement away before its time, and Resume brings it back until then.
func (a *Announcements) End(ctx context.Context, caller portal.Caller, id, address string) error {
	return a.setEnded(ctx, caller, id, true, address)
}

// Resume brings back what was taken away; portal.ErrConflict once its time is over.
func (a *Announcements) Resume(ctx context.Context, caller portal.Caller, id, address string) error {
	return a.setEnded(ctx, caller, id, false, address)
}

var errAnnouncementOver = portal.UserError{Kind: portal.ErrConflict, Key: "directory.announce.over"}

func (a *Announcements) setEnded(ctx context.Context, caller portal.Caller, id string, end bool, address string) error {
	if err := caller.Require(portal.OperatePool); err != nil {
		return fmt.Errorf("directory: end announcement: %w", err)
	}
	err := a.store.db.Tx(ctx, func(tx *database.Tx) error {
		one, err := readAnnouncement(ctx, tx, id)
		if err != nil {
			return err
		}
		now := a.store.now()
		action, at := audit.AnnouncementEnded, database.Millis(now)
		if !end {
			action, at = audit.AnnouncementResumed, 0
		}
		switch {
		case one.Ended.IsZero() != end: // so it is already
			return nil
		case !now.Before(one.Until):
			return errAnnouncementOver
		}
		if _, err := tx.Exec(ctx, `UPDATE announcements SET ended = $2, account = $3, changed = $4 WHERE id = $1`, id, at, string(caller.Account), database.Millis(now)); err != nil {
			return err
		}
		return a.write(ctx, tx, caller, action, one, address)
	})
	if err != nil {
		return fmt.Errorf("directory: end announcement %q: %w", id, err)
	}
	a.told(ctx)
	return nil
}

// PutAway hides from a person an announcement that she is shown, until it changes; away
// false shows it again. portal.ErrNotFound for one that does not concern her.
func (a *Announcements) PutAway(ctx context.Context, identity *web.Identity, id string, away bool) error {
	now := a.store.now()
	shown := *identity
	shown.Away = nil
	i := slices.IndexFunc(a.To(&shown, web.Collectivity{}, now), func(one web.Announcement) bool { return one.ID == id })
	if i < 0 {
		return fmt.Errorf("directory: put announcement %q away: %w", id, portal.ErrNotFound)
	}
	account := string(identity.Caller.Account)
	known := *a.live.Load()
	err := a.store.db.Tx(ctx, func(tx *database.Tx) error {
		var text string
		if err := tx.QueryRow(ctx, `SELECT announcements_read FROM accounts WHERE id = $1`, account).Scan(&text); err != nil {
			return err
		}
		var marks []string
		for _, one := range known { // of others nothing needs to be remembered
			mark := one.Shown().Mark()
			if one.ID == id && away || one.ID != id && slices.Contains(strings.Fields(text), mark) {
				marks = append(marks, mark)
			}
		}
		return tx.Write(ctx, `UPDATE accounts SET announcements_read = $1 WHERE id = $2`, strings.Join(marks, " "), account)
	})
	if err != nil {
		return fmt.Errorf("directory: put announcement %q away: %w", id, err)
	}
	a.store.changed(identity.Caller.Account)
	return nil
}

// Clean forgets those that ended long ago.
func (a *Announcements) Clean(ctx context.Context) error {
	old := database.Millis(a.store.now().Add(-keptAnnouncements))
	err := a.store.db.Tx(ctx, func(tx *database.Tx) error {
		if err := tx.Write(ctx, `DELETE FROM announcement_targets WHERE announcement IN (SELECT id FROM announcements WHERE shown_until < $1)`, old); err != nil {
			return err
		}
		return tx.Write(ctx, `DELETE FROM announcements WHERE shown_until < $1`, old)
	})
	if err != nil {
		return fmt.Errorf("directory: forget announcements: %w", err)
	}
	return nil
}
