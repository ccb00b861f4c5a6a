package sso

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/database"
)

// Synced is what a device did, as the person sees it who has its app password.
type Synced struct {
	Collectivity portal.CollectivityID
	Password     string       // id of the app password
	Feature      portal.Scope // "calendar", "contacts"
	Agent        string       // User-Agent
	Path         string       // where it wrote, in the protocol
	Writes       bool
	Trouble      string // a kind of dav.Trouble, "" when it went well
	Subject      string // title of what it tried to write
}

// Sync is how one of a person's devices fares in a feature.
type Sync struct {
	Feature   portal.Scope
	Program   string    // "DAVx⁵", "" when it says nothing known
	Succeeded time.Time // some minutes late; zero for never
	Failed    time.Time
	Trouble   string // last trouble that is not over, "" for none
	Subject   string
	agent     string
	path      string
}

// Syncs keep how devices fare. What they do all day is remembered and written now and then, a moment after; what
// goes wrong, or no longer does, is written at once.
type Syncs struct {
	db   *database.DB
	now  func() time.Time
	late *late

	mu    sync.Mutex
	known map[synced]Sync
}

type synced struct {
	collectivity portal.CollectivityID
	password     string
	feature      portal.Scope
}

const (
	// succeededEvery is how late a last success may be told.
	succeededEvery = 5 * time.Minute
	// failedEvery is how often the same trouble is written again.
	failedEvery = time.Minute
	// maxKnownSyncs bounds what is remembered: one more reading each when it is dropped.
	maxKnownSyncs = 50_000
	// toldFor is how long a trouble is told that did not come again.
	toldFor     = 14 * 24 * time.Hour
	longestPath = 500 // bytes
)

func newSyncs(db *database.DB, late *late, now func() time.Time) *Syncs {
	return &Syncs{db: db, now: now, late: late, known: map[synced]Sync{}}
}

// Note takes in what a device did.
func (s *Syncs) Note(ctx context.Context, did Synced) error {
	key := synced{did.Collectivity, did.Password, did.Feature}
	was, err := s.recall(ctx, key)
	if err != nil {
		return fmt.Errorf("sso: note sync: %w", err)
	}
	did.Agent, did.Path = cut(did.Agent, maxUserAgent), cut(did.Path, longestPath)
	now, changed := was.after(did, s.now())
	if !changed {
		return nil
	}
	s.remember(key, now) // also where it can't be written: a busy store is not asked again at each request
	s.late.put(fmt.Sprint("sync ", key), now.write(key))
	if now.Trouble == was.Trouble {
		return nil
	}
	if err := s.late.flush(ctx); err != nil {
		return fmt.Errorf("sso: note sync: %w", err)
	}
	return nil
}

func (s Sync) write(key synced) lateWrite {
	return func(ctx context.Context, to database.Writer) error {
		_, err := to.Exec(ctx, `
			INSERT INTO device_syncs (collectivity, password, feature, user_agent, succeeded, failed, trouble, subject, path)
			SELECT collectivity, id, $3, $4, $5, $6, $7, $8, $9 FROM app_passwords WHERE collectivity = $1 AND id = $2
			ON CONFLICT (collectivity, password, feature) DO UPDATE SET user_agent = excluded.user_agent, succeeded = excluded.succeeded,
				failed = excluded.failed, trouble = excluded.trouble, subject = excluded.subject, path = excluded.path`,
			string(key.collectivity), key.password, string(key.feature), s.agent, database.Millis(s.Succeeded), database.Millis(s.Failed),
			s.Trouble, s.Subject, s.path)
		return err
	}
}

// after is what is to be written of a device once it did something, if anything is.
func (s Sync) after(did Synced, now time.Time) (next Sync, changed bool) {
	next = s
	next.agent = cmp.Or(did.Agent, s.agent)
	if did.Trouble != "" {
		next.Failed, next.Trouble, next.Subject, next.path = now, did.Trouble, did.Subject, did.Path
		again := s.Trouble == did.Trouble && s.path == did.Path && s.Subject == did.Subject
		return next, !again || now.Sub(s.Failed) >= failedEvery
	}
	// What was refused is taken at last when the same place takes it; an outage is over at the first answer.
	if s.Trouble != "" && (s.Trouble == outage || did.Writes && did.Path == s.path) {
		next.Trouble, next.Subject, next.path, next.Failed = "", "", "", time.Time{}
		changed = true
	}
	next.Succeeded = now
	return next, changed || next.agent != s.agent || now.Sub(s.Succeeded) >= succeededEvery
}

// outage is the trouble that is ours.
const outage = "down"

func (s *Syncs) recall(ctx context.Context, key synced) (Sync, error) {
	s.mu.Lock()
	was, known := s.known[key]
	s.mu.Unlock()
	if known {
		return was, nil
	}
	one, err := scanSync(s.db.QueryRow(ctx, `SELECT `+syncColumns+` FROM device_syncs WHERE collectivity = $1 AND password = $2 AND feature = $3`,
		string(key.collectivity), key.password, string(key.feature)))
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return Sync{}, err
	}
	s.remember(key, one)
	return one, nil
}

func (s *Syncs) remember(key synced, one Sync) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxKnownSyncs {
		clear(s.known)
	}
	s.known[key] = one
}

const syncColumns = `feature, user_agent, succeeded, failed, trouble, subject, path`

func scanSync(row interface{ Scan(...any) error }) (one Sync, err error) {
	var succeeded, failed int64
	err = row.Scan(&one.Feature, &one.agent, &succeeded, &failed, &one.Trouble, &one.Subject, &one.path)
	one.Succeeded, one.Failed = database.FromMillis(succeeded), database.FromMillis(failed)
	one.Program = programOf(one.agent)
	return one, err
}

// Of returns how the devices of a caller fare, by the id of their app passwords.
func (s *Syncs) Of(ctx context.Context, caller portal.Caller) (map[string][]Sync, error) {
	if err := s.late.flush(ctx); err != nil {
		return nil, fmt.Errorf("sso: how devices fare: %w", err)
	}
	rows, err := s.db.Query(ctx, `
		SELECT d.password, `+syncColumns+` FROM device_syncs d JOIN app_passwords p ON p.collectivity = d.collectivity AND p.id = d.password
		WHERE p.collectivity = $1 AND p.account = $2 ORDER BY feature`, string(caller.Collectivity), string(caller.Account))
	all := map[string][]Sync{}
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var password string
		one, err := scanSync(prefixed{rows, &password})
		if s.now().Sub(one.Failed) > toldFor {
			one.Trouble = ""
		}
		all[password] = append(all[password], one)
		return struct{}{}, err
	})
	if err != nil {
		return nil, fmt.Errorf("sso: how devices fare: %w", err)
	}
	return all, nil
}

// prefixed scans one column more before the others.
type prefixed struct {
	rows  *sql.Rows
	first any
}

func (p prefixed) Scan(rest ...any) error { return p.rows.Scan(append([]any{p.first}, rest...)...) }

// Settle forgets the troubles of one of the caller's devices; portal.ErrNotFound for another's.
func (s *Syncs) Settle(ctx context.Context, caller portal.Caller, password string) error {
	if err := s.late.flush(ctx); err != nil {
		return fmt.Errorf("sso: settle sync: %w", err)
	}
	err := s.db.Tx(ctx, func(tx *database.Tx) error {
		var hers int
		err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM app_passwords WHERE collectivity = $1 AND account = $2 AND id = $3`,
			string(caller.Collectivity), string(caller.Account), password).Scan(&hers)
		if err != nil || hers == 0 {
			return cmp.Or(err, portal.ErrNotFound)
		}
		_, err = tx.Exec(ctx, `UPDATE device_syncs SET trouble = '', subject = '', path = '', failed = 0 WHERE collectivity = $1 AND password = $2`,
			string(caller.Collectivity), password)
		return err
	})
	if err != nil {
		return fmt.Errorf("sso: settle sync: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.known, func(key synced, _ Sync) bool {
		return key.collectivity == caller.Collectivity && key.password == password
	})
	return nil
}

// cut bounds a text in bytes.
func cut(text string, most int) string { return strings.ToValidUTF8(text[:min(len(text), most)], "") }

// maxUserAgent is in bytes.
const maxUserAgent = 200

// programs are words of the User-Agent of what synchronizes, and what people call it.
var programs = []sign{
	{"DAVx5", "DAVx⁵"},
	{"CalDavSynchronizer", "Outlook CalDav Synchronizer"},
	{"Thunderbird", "Thunderbird"},
	{"iOS", "iPhone, iPad"},
	{"dataaccessd", "iPhone, iPad"},
	{"macOS", "Mac"},
	{"Mac OS X", "Mac"},
	{"Mac_OS_X", "Mac"},
	{"Evolution", "Evolution"},
	{"KOrganizer", "KOrganizer"},
	{"Akonadi", "KOrganizer"},
	{"vdirsyncer", "vdirsyncer"},
	{"pimsync", "pimsync"},
	{"OneCalendar", "One Calendar"},
}

// programOf names what synchronizes; "" when its User-Agent says nothing known.
func programOf(agent string) string {
	for _, one := range programs {
		if strings.Contains(agent, one.word) {
			return one.name
		}
	}
	return ""
}
