package remote

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"parvis/calendar"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/outgoing"
	"parvis/portal/web"
)

// Agenda takes in what is brought from another server, as it takes a file: with a report first, and
// the way back.
type Agenda interface {
	// Calendars are those that the caller sees.
	Calendars(ctx context.Context, caller portal.Caller) ([]calendar.Calendar, error)
	// PlanImport keeps what a file would do to a calendar, for the caller to decide.
	PlanImport(ctx context.Context, caller portal.Caller, id calendar.CalendarID, name string, octets []byte) (string, error)
}

// Named is a calendar of another server.
type Named struct {
	ID   calendar.CalendarID
	Name string
	path string
}

// Named lists the calendars of an account, as they were last read.
func (s *Store) Named(ctx context.Context, caller portal.Caller, id AccountID) (Account, []Named, error) {
	a, err := s.account(ctx, caller, id)
	if err != nil {
		return Account{}, nil, err
	}
	rows, err := s.DB.Query(ctx, `SELECT id, name, path FROM remote_calendars WHERE collectivity = $1 AND account = $2 ORDER BY name, id`,
		string(caller.Collectivity), string(id))
	all, err := database.Collect(rows, err, func(rows *sql.Rows) (one Named, err error) {
		return one, rows.Scan(&one.ID, &one.Name, &one.path)
	})
	if err != nil {
		return Account{}, nil, fmt.Errorf("remote: calendars of %.40q: %w", id, err)
	}
	return a, all, nil
}

// Fetch asks the server for all events and tasks of one of its calendars, whenever they are, as one file of
// calendar objects one after the other. A server that can't be read is a *Fault; the agent's account
// or calendar that is not there, portal.ErrNotFound.
func (s *Store) Fetch(ctx context.Context, caller portal.Caller, id AccountID, from calendar.CalendarID) (name string, octets []byte, err error) {
	a, all, err := s.Named(ctx, caller, id)
	if err != nil {
		return "", nil, err
	}
	at := slices.IndexFunc(all, func(one Named) bool { return one.ID == from })
	if at < 0 {
		return "", nil, fmt.Errorf("remote: calendar %.40q: %w", from, portal.ErrNotFound)
	}
	password, err := s.Sealer.Open(about(caller, id), a.sealed)
	if err != nil {
		return "", nil, fmt.Errorf("remote: account %.40q: %w", id, err)
	}
	octets, err = s.fetch(outgoing.In(ctx, caller.Collectivity), access{a.URL, a.Login, string(password), id}, all[at].path)
	return a.Name + ", " + all[at].Name, octets, err
}

func (s *Store) fetch(ctx context.Context, a access, at string) (octets []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, readDeadline)
	defer cancel()
	defer func() {
		if fault := recover(); fault != nil { // as in read
			err = s.fault(fmt.Errorf("remote: panic: %v", fault), false)
		}
	}()
	var file bytes.Buffer
	for _, component := range []string{calendar.EventComponent, calendar.TodoComponent} {
		c := &client{transport: s.transport, login: a.login, password: a.password, limit: maxAnswer}
		answers, err := query(ctx, a, c, at, component, time.Time{}, time.Time{})
		if err != nil && component == calendar.TodoComponent && !c.refused && ctx.Err() == nil && !errors.Is(err, errTooLarge) {
			break // a calendar for events alone
		}
		if err != nil {
			return nil, s.fault(fmt.Errorf("remote: calendar %.200q: %w", at, err), c.refused)
		}
		for _, one := range answers {
			file.Write(one.octets)
			file.WriteString("\r\n")
		}
		if file.Len() > calendar.MaxImportSize {
			return nil, s.fault(errTooLarge, false)
		}
	}
	return file.Bytes(), nil
}

// bringPage asks which calendar of another server is to be brought here, and where to.
type bringPage struct {
	web.Page
	web.Form
	Account  Account
	Theirs   []Named
	Ours     []calendar.Calendar
	From, To calendar.CalendarID
}

func (h *Handler) bring(w http.ResponseWriter, r *http.Request) error {
	return h.showBring(w, r, http.StatusOK, &bringPage{})
}

func (h *Handler) showBring(w http.ResponseWriter, r *http.Request, status int, page *bringPage) (err error) {
	caller := web.CallerOf(r)
	if page.Account, page.Theirs, err = h.store.Named(r.Context(), caller, AccountID(web.Var(r, "id"))); err != nil {
		return err
	}
	ours, err := h.agenda.Calendars(r.Context(), caller)
	if err != nil {
		return err
	}
	for _, one := range ours {
		if one.Name = calendar.ShownName(one, web.Printer(r)); one.Writable {
			page.Ours = append(page.Ours, one)
		}
	}
	page.Page.Title, page.Section = web.Printer(r).T("remote.bring.title", "name", page.Account.Name), "calendar"
	return h.renderer.Render(w, r, status, "remote/bring", page)
}

// takeBring reads the other server, and leads to the report of what would be imported.
func (h *Handler) takeBring(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	caller := web.CallerOf(r)
	page := &bringPage{From: calendar.CalendarID(r.PostForm.Get("from")), To: calendar.CalendarID(r.PostForm.Get("to"))}
	name, octets, err := h.store.Fetch(r.Context(), caller, AccountID(web.Var(r, "id")), page.From)
	if err == nil && len(octets) == 0 {
		err = portal.FieldErrors{portal.Invalid("from", "remote.error.bring-empty")}
	}
	var id string
	if err == nil {
		id, err = h.agenda.PlanImport(r.Context(), caller, page.To, name, octets)
	}
	if err == nil {
		return web.Redirect(w, r, "/calendar/imports/"+id)
	}
	form, status, ok := refusal(r, err)
	if !ok {
		return err
	}
	page.Form = form
	return h.showBring(w, r, status, page)
}
