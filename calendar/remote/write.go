package remote

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"parvis/calendar"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/outgoing"
)

// writeDeadline bounds one question or order to another server, for which a person waits.
const writeDeadline = 10 * time.Second

// Abroad are the caller's calendars on other servers, as they were last read: calendar.Elsewhere.
func (s *Store) Abroad(ctx context.Context, caller portal.Caller) ([]calendar.Foreign, error) {
	rows, err := s.DB.Query(ctx, `SELECT c.id, a.name, c.name, c.writable FROM remote_accounts a
		JOIN remote_calendars c ON c.collectivity = a.collectivity AND c.account = a.id
		WHERE a.collectivity = $1 AND a.agent = $2 ORDER BY a.name, c.name, c.id`,
		string(caller.Collectivity), string(caller.Agent))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one calendar.Foreign, err error) {
		var account, name string
		err = rows.Scan(&one.ID, &account, &name, &one.Writable)
		one.Name = shownName(account, name)
		return one, err
	})
	if err != nil {
		return nil, fmt.Errorf("remote: calendars to write in: %w", err)
	}
	return all, nil
}

// target is a calendar of an account that is written, with what it takes to do so.
type target struct {
	calendar.Foreign
	caller  portal.Caller
	account Account
	access  access
	path    string // of the calendar
	quiet   bool   // its account is left as it is, whatever the server answers
}

// target is portal.ErrNotFound for a calendar of nobody, or of somebody else.
func (s *Store) target(ctx context.Context, caller portal.Caller, id calendar.CalendarID) (target, error) {
	var account AccountID
	var name string
	t := target{caller: caller}
	err := s.DB.QueryRow(ctx, `SELECT c.account, c.path, c.name, c.writable FROM remote_calendars c
		JOIN remote_accounts a ON a.collectivity = c.collectivity AND a.id = c.account
		WHERE c.collectivity = $1 AND a.agent = $2 AND c.id = $3`,
		string(caller.Collectivity), string(caller.Agent), string(id)).Scan(&account, &t.path, &name, &t.Writable)
	if err == nil {
		t.account, err = s.account(ctx, caller, account)
	}
	if err != nil {
		return target{}, fmt.Errorf("remote: calendar %.40q: %w", id, err)
	}
	password, err := s.Sealer.Open(about(caller, account), t.account.sealed)
	if err != nil {
		return target{}, fmt.Errorf("remote: account %.40q: %w", account, err)
	}
	t.ID, t.Name = id, shownName(t.account.Name, name)
	t.access = access{t.account.URL, t.account.Login, string(password), account}
	return t, nil
}

// Open asks the server for the object of an instance: calendar.Elsewhere.
func (s *Store) Open(ctx context.Context, caller portal.Caller, id calendar.EventID, zone *time.Location, ordered bool) (calendar.There, error) {
	known, err := s.Instance(ctx, caller, id, zone)
	if err == nil && known.Name == "" {
		err = portal.ErrNotFound
	}
	if err != nil {
		return calendar.There{}, err
	}
	t, err := s.target(ctx, caller, known.Calendar)
	if err != nil {
		return calendar.There{}, err
	}
	t.quiet = !ordered
	there := calendar.There{Foreign: t.Foreign, Name: known.Name, At: known.Recurrence}
	got, err := s.version(ctx, t, known.Name)
	if errors.Is(err, portal.ErrNotFound) && ordered {
		err = errors.Join(err, s.keepWritten(ctx, t, known.Name, nil))
	}
	there.ETag, there.Octets = got.etag, got.octets
	return there, err
}

// version is an object as it is there, under an ETag without which a change could go over somebody else's.
func (s *Store) version(ctx context.Context, t target, path string) (got, error) {
	found, err := s.ask(ctx, t, http.MethodGet, path, nil, nil)
	if err == nil && !strong(found.etag) {
		err = t.said(portal.ErrDenied, "versionless")
	}
	return found, err
}

// Put writes an object: calendar.Elsewhere. It is one request, and another one where the server does not
// say under which ETag it has what was sent.
func (s *Store) Put(ctx context.Context, caller portal.Caller, there calendar.There, octets []byte, zone *time.Location) (calendar.Stored, error) {
	ctx = context.WithoutCancel(ctx)
	t, err := s.writing(ctx, caller, there)
	if err != nil {
		return calendar.Stored{}, err
	}
	name, condition := there.Name, http.Header{"If-Match": {there.ETag}}
	if there.ETag == "" {
		name = strings.TrimSuffix((&url.URL{Path: t.path}).EscapedPath(), "/") + "/" + url.PathEscape(there.Name)
		condition = http.Header{"If-None-Match": {"*"}}
	}
	got, err := s.ask(ctx, t, http.MethodPut, name, condition, octets)
	if there.Retried && errors.Is(err, calendar.ErrCondition) {
		if got, err = s.version(ctx, t, name); err == nil {
			got, err = s.ask(ctx, t, http.MethodPut, name, http.Header{"If-Match": {got.etag}}, octets)
		}
	}
	if err != nil {
		return calendar.Stored{}, err
	}
	// It is written: what follows only tells how it is there, and a server that fails now is told by the next reading.
	stored := answer{href: name, octets: octets}
	if !strong(got.etag) {
		if again, err := s.ask(ctx, t, http.MethodGet, name, nil, nil); err == nil {
			got.etag, stored.octets = again.etag, again.octets
		}
	}
	instances, err := s.keepObject(ctx, t, stored, zone)
	return calendar.Stored{Name: name, ETag: got.etag, Instances: instances}, err
}

// Delete deletes an object: calendar.Elsewhere.
func (s *Store) Delete(ctx context.Context, caller portal.Caller, there calendar.There) error {
	ctx = context.WithoutCancel(ctx)
	t, err := s.writing(ctx, caller, there)
	if err == nil && !strong(there.ETag) {
		err = t.said(portal.ErrDenied, "versionless")
	}
	if err != nil {
		return err
	}
	_, err = s.ask(ctx, t, http.MethodDelete, there.Name, http.Header{"If-Match": {there.ETag}}, nil)
	if err != nil && !errors.Is(err, portal.ErrNotFound) {
		return err
	}
	return s.keepWritten(ctx, t, there.Name, nil)
}

// writing is the calendar of an object that is to be written, portal.ErrDenied with a sentence where its server
// lets the account only read.
func (s *Store) writing(ctx context.Context, caller portal.Caller, there calendar.There) (target, error) {
	t, err := s.target(ctx, caller, there.ID)
	if err == nil && !t.Writable {
		err = t.said(portal.ErrDenied, "denied")
	}
	return t, err
}

// strong says whether an ETag names octets exactly, so that If-Match may compare it (RFC 9110 §13.1.1).
func strong(etag string) bool { return len(etag) > 2 && etag[0] == '"' }

// got is what a server answered about an object.
type got struct {
	etag   string
	octets []byte
}

// ask sends one request about an object of a calendar. What the server refuses is a portal.UserError that says
// what to do; portal.ErrNotFound, calendar.ErrCondition.
func (s *Store) ask(ctx context.Context, t target, method, path string, header http.Header, octets []byte) (got, error) {
	bounded, cancel := context.WithTimeout(outgoing.In(ctx, t.caller.Collectivity), writeDeadline)
	defer cancel()
	address, err := at(t.access.url, path)
	if err != nil {
		return got{}, err
	}
	req, err := http.NewRequestWithContext(bounded, method, address, bytes.NewReader(octets))
	if err != nil {
		return got{}, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	if method == http.MethodPut {
		req.Header.Set("Content-Type", "text/calendar; charset=utf-8")
	}
	req.Header.Set("Accept-Encoding", "identity") // what is compressed on the way has another ETag
	c := &client{transport: s.transport, login: t.access.login, password: t.access.password, limit: maxObject}
	resp, err := c.Do(req)
	if err != nil {
		return got{}, s.failed(ctx, t, err, c.refused)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return got{}, s.refused(ctx, t, header.Get("If-None-Match") != "", resp.StatusCode)
	}
	found := got{etag: resp.Header.Get("ETag")}
	if method == http.MethodGet {
		if found.octets, err = io.ReadAll(resp.Body); err != nil {
			err = s.failed(ctx, t, err, false)
		}
	}
	return found, err
}

// failed is a server that can't be asked: as when it is read, it is told with the account. A person who leaves is
// no fault of it.
func (s *Store) failed(ctx context.Context, t target, err error, refused bool) error {
	var fault *Fault
	key := "unreadable"
	if errors.As(s.fault(err, refused), &fault) {
		key = strings.TrimPrefix(fault.Key, "remote.fault.")
	}
	s.Log.Warn("remote agenda not written", "collectivity", t.caller.Collectivity, "account", t.account.ID, "fault", key) // not where: that is hers
	var kept error
	if ctx.Err() == nil && !t.quiet {
		kept = s.keepFault(ctx, t.caller, t.account.ID, "remote.fault."+key)
	}
	said := portal.UserError{Kind: portal.ErrDenied, Key: "remote.fault." + key}
	switch key {
	case "unreachable":
		said = t.said(portal.ErrUnavailable, key)
	case "refused":
		said = t.said(portal.ErrDenied, key)
	}
	return errors.Join(said, kept)
}

// refused is what a status says of an order that was not carried out; made: that of a new object.
func (s *Store) refused(ctx context.Context, t target, made bool, status int) error {
	switch status {
	case http.StatusUnauthorized:
		return s.failed(ctx, t, errRefused, true)
	case http.StatusNotFound, http.StatusGone:
		if made {
			return t.said(portal.ErrConflict, "gone") // the calendar is
		}
		return portal.UserError{Kind: portal.ErrNotFound, Key: "calendar.error.elsewhere-gone"}
	case http.StatusConflict:
		return t.said(portal.ErrConflict, "gone")
	case http.StatusPreconditionFailed:
		return calendar.ErrCondition
	case http.StatusForbidden, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return t.said(portal.ErrDenied, "denied")
	case http.StatusRequestEntityTooLarge, http.StatusInsufficientStorage:
		return t.said(portal.ErrDenied, "full")
	}
	if status >= http.StatusInternalServerError || status == http.StatusLocked || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout {
		s.Log.Warn("remote agenda not written", "collectivity", t.caller.Collectivity, "account", t.account.ID, "status", status)
		return t.said(portal.ErrUnavailable, "failed")
	}
	return t.said(portal.ErrInvalid, "invalid")
}

func (t target) said(kind error, key string) portal.UserError {
	return portal.UserError{Kind: kind, Key: "remote.write." + key, Args: []any{"name", t.Name}}
}

// keepObject shows what was written: its instances take the place of those that were known.
func (s *Store) keepObject(ctx context.Context, t target, object answer, zone *time.Location) ([]calendar.Instance, error) {
	from, to := s.window(zone)
	r := reading{account: t.account.ID}
	found, err := r.expand(t.path, object, from, to, zone)
	if err != nil {
		found = nil // the next reading counts it among what can't be read
	}
	if err := s.keepWritten(ctx, t, object.href, found); err != nil {
		return nil, err
	}
	var shown []calendar.Instance
	for _, one := range found {
		shown = append(shown, one.Instance)
	}
	return shown, nil
}

// keepWritten replaces the instances of an object, and has a reading that is under way forgotten.
func (s *Store) keepWritten(ctx context.Context, t target, path string, found []instance) error {
	err := s.DB.Tx(ctx, func(tx *database.Tx) error {
		err := database.OneRow(tx.Exec(ctx, `UPDATE remote_accounts SET written = written + 1, checksum = '' WHERE collectivity = $1 AND id = $2`,
			string(t.caller.Collectivity), string(t.account.ID)))
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM remote_instances WHERE collectivity = $1 AND calendar = $2 AND object = $3`,
			string(t.caller.Collectivity), string(t.ID), path)
		if err != nil {
			return err
		}
		for _, one := range found {
			if err := s.keepInstance(ctx, tx, t.caller, t.ID, one); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remote: keep what was written: %w", err)
	}
	return nil
}
