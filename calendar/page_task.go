package calendar

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/portal/web"
)

// shownDone is how many finished tasks the page lists.
const shownDone = 20

// shownTask is a task as a page shows it.
type shownTask struct {
	Task
	CalendarName string
	Late         bool
	Words        string // how it repeats
}

// Named is the address' name of its instance, "" for a task that happens once.
func (t shownTask) Named() string {
	if t.At.IsZero() {
		return ""
	}
	return t.At.UTC().Format(occurrenceForm)
}

// taskGroup is the tasks under one heading.
type taskGroup struct {
	Name  string // the end of a key: "late", "today", "later", "undated" or "done"
	Tasks []shownTask
}

type tasksPage struct {
	web.Page
	Groups []taskGroup
}

// taskLine is what the template of one task needs.
type taskLine struct {
	Task shownTask
	Now  time.Time
}

// Line gives a task its now.
func (p *tasksPage) Line(t shownTask) taskLine { return taskLine{t, p.Now} }

func (h *Handler) showTasks(w http.ResponseWriter, r *http.Request) error {
	tasks, err := h.tasks(r)
	if err != nil {
		return err
	}
	now := readNow(r)
	page := &tasksPage{}
	for _, name := range []string{"late", "today", "later", "undated", "done"} {
		group := taskGroup{Name: name}
		for _, t := range tasks {
			if t.group(now) == name && (name != "done" || len(group.Tasks) < shownDone) {
				group.Tasks = append(group.Tasks, t)
			}
		}
		if len(group.Tasks) > 0 {
			page.Groups = append(page.Groups, group)
		}
	}
	page.Title, page.Section = web.Printer(r).T("calendar.tasks.title"), "calendar"
	return h.renderer.Render(w, r, http.StatusOK, "calendar/tasks", page)
}

func (t shownTask) group(now time.Time) string {
	switch {
	case t.Done:
		return "done"
	case t.Due.IsZero():
		return "undated"
	case t.Late:
		return "late"
	case sameDay(t.Due, now):
		return "today"
	}
	return "later"
}

// tasks are all that the caller sees.
func (h *Handler) tasks(r *http.Request) ([]shownTask, error) {
	caller, now, p := web.CallerOf(r), readNow(r), web.Printer(r)
	tasks, err := h.store.Tasks(r.Context(), caller, now)
	if err != nil || len(tasks) == 0 {
		return nil, err
	}
	calendars, err := h.store.Calendars(r.Context(), caller)
	if err != nil {
		return nil, err
	}
	names := map[CalendarID]string{}
	for _, c := range calendars {
		names[c.ID] = ShownName(c, p)
	}
	shown := make([]shownTask, len(tasks))
	for i, t := range tasks {
		shown[i] = shownTask{Task: t, CalendarName: names[t.Calendar], Late: t.Late(now), Words: taskWords(p, t, now)}
	}
	return shown, nil
}

func taskWords(p *i18n.Printer, t Task, now time.Time) string {
	return repeatWords(p, Repeat{Every: t.Every}, t.Due, now)
}

// tasksOn are those to do that are due on a day.
func (h *Handler) tasksOn(r *http.Request, day time.Time) ([]shownTask, error) {
	all, err := h.tasks(r)
	return slices.DeleteFunc(all, func(t shownTask) bool { return t.Done || t.Due.IsZero() || !sameDay(t.Due, day) }), err
}

// taskForm is what the form of a task holds, as typed.
type taskForm struct {
	web.Page
	web.Form
	ID                    EventID
	ETag                  string
	Calendar              CalendarID
	Headline, Description string
	Due, DueTime          string
	Priority              string
	Repeat                Every
	Otherwise             bool // the stored one
	Calendars             []calendarChoice
	Every                 []Every
	Priorities            []string
	names                 map[string]string
}

// DateType is the type of the field of a day, as in the form of an event.
func (f *taskForm) DateType(typed string) string { return typeOf("date", time.DateOnly, typed) }

// TimeType is the type of the field of an hour.
func (f *taskForm) TimeType(typed string) string { return typeOf("time", timeForm, typed) }

// PriorityName is how the form calls a priority of RFC 5545.
func (f *taskForm) PriorityName(n string) string { return f.names[n] }

func (h *Handler) newTask(w http.ResponseWriter, r *http.Request) error {
	return h.showTaskForm(w, r, http.StatusOK, &taskForm{Calendar: CalendarID(web.CallerOf(r).Agent), Priority: "0"})
}

func (h *Handler) editTask(w http.ResponseWriter, r *http.Request) error {
	t, err := h.store.Task(r.Context(), web.CallerOf(r), EventID(web.Var(r, "id")), readNow(r))
	if err != nil {
		return err
	}
	if !t.Writable {
		return portal.UserError{Kind: portal.ErrDenied, Key: "calendar.error.read-only"}
	}
	form := &taskForm{
		ID: t.ID, ETag: t.ETag, Calendar: t.Calendar, Headline: t.Title, Description: t.Description,
		Repeat: t.Every, Otherwise: t.Every == Otherwise, Priority: strconv.Itoa(t.Priority),
	}
	if !t.Due.IsZero() {
		form.Due = t.Due.Format(time.DateOnly)
		if !t.WholeDay {
			form.DueTime = t.Due.Format(timeForm)
		}
	}
	return h.showTaskForm(w, r, http.StatusOK, form)
}

func (h *Handler) showTaskForm(w http.ResponseWriter, r *http.Request, status int, form *taskForm) error {
	calendars, err := h.store.Calendars(r.Context(), web.CallerOf(r))
	if err != nil {
		return err
	}
	for _, c := range calendars {
		if c.Writable && slices.Contains(c.Components, TodoComponent) && (form.ID == "" || c.ID == form.Calendar) {
			form.Calendars = append(form.Calendars, calendarChoice{c.ID, ShownName(c, web.Printer(r)), c.ID == form.Calendar})
		}
	}
	form.Every, form.Priorities = slices.Clone(rhythms), []string{"0", "1", "5", "9"}
	if form.Otherwise {
		form.Every = append(form.Every, Otherwise)
	}
	if !slices.Contains(form.Priorities, form.Priority) { // of another program, kept
		form.Priorities = append(form.Priorities, form.Priority)
	}
	form.names = map[string]string{}
	for _, n := range form.Priorities {
		form.names[n] = n
		if key := "calendar.priority." + n; web.Printer(r).Has(key) {
			form.names[n] = web.Printer(r).T(key)
		}
	}
	form.Page.Title, form.Section = web.Printer(r).T("calendar.tasks.new"), "calendar"
	if form.ID != "" {
		form.Page.Title = web.Printer(r).T("calendar.tasks.edit")
	}
	return h.renderer.Render(w, r, status, "calendar/task", form)
}

// readTask reads the form and what it says; what can't be read comes back as portal.FieldErrors.
func readTask(r *http.Request) (*taskForm, TaskDraft, error) {
	if err := web.ParseForm(r); err != nil {
		return nil, TaskDraft{}, err
	}
	post := r.PostForm
	form := &taskForm{
		ETag: post.Get("etag"), Calendar: CalendarID(post.Get("calendar")), Headline: post.Get("title"), Description: post.Get("description"),
		Due: post.Get("due"), DueTime: post.Get("due-time"), Priority: post.Get("priority"), Repeat: Every(post.Get("repeat")),
	}
	read := reader{zone: web.Now(r).Location()}
	d := TaskDraft{Calendar: form.Calendar, Title: form.Headline, Description: form.Description, Every: form.Repeat}
	var err error
	if d.Priority, err = strconv.Atoi(form.Priority); err != nil && form.Priority != "" {
		read.errs = append(read.errs, portal.Invalid("priority", "calendar.error.priority-unknown"))
	}
	d.Due, d.WholeDay = read.day("due", form.Due), true
	if hour, minute, ok := read.clock("due-time", form.DueTime); ok && !d.Due.IsZero() {
		d.Due = time.Date(d.Due.Year(), d.Due.Month(), d.Due.Day(), hour, minute, 0, 0, read.zone)
		d.WholeDay = false
	} else if ok {
		read.errs = append(read.errs, portal.Invalid("due", "calendar.error.due-missing"))
	}
	return form, d, read.errs.OrNil()
}

// refuseTask shows the form again with what was typed and what is wrong with it.
func (h *Handler) refuseTask(w http.ResponseWriter, r *http.Request, form *taskForm, err error) error {
	refused, ok := web.FormErrors(r, err)
	if !ok || form == nil {
		return err
	}
	form.Form = refused
	return h.showTaskForm(w, r, web.StatusOf(err), form)
}

func (h *Handler) createTask(w http.ResponseWriter, r *http.Request) error {
	form, d, err := readTask(r)
	if err == nil {
		_, err = h.store.CreateTask(r.Context(), web.CallerOf(r), d)
	}
	if err != nil {
		return h.refuseTask(w, r, form, err)
	}
	web.SetFlash(w, r, "calendar.done.task-created")
	return web.Redirect(w, r, "/calendar/tasks")
}

func (h *Handler) changeTask(w http.ResponseWriter, r *http.Request) error {
	form, d, err := readTask(r)
	if form == nil {
		return err
	}
	stored, unknown := h.store.Task(r.Context(), web.CallerOf(r), EventID(web.Var(r, "id")), readNow(r))
	if unknown != nil {
		return unknown
	}
	form.ID, form.Calendar, form.Otherwise = stored.ID, stored.Calendar, stored.Every == Otherwise
	var undo string
	if err == nil {
		undo, err = h.store.ChangeTask(r.Context(), web.CallerOf(r), form.ID, form.ETag, d)
	}
	if errors.Is(err, portal.ErrConflict) {
		form.ETag, err = stored.ETag, portal.UserError{Kind: portal.ErrConflict, Key: "calendar.error.changed-under-form"}
	}
	if err != nil {
		return h.refuseTask(w, r, form, err)
	}
	web.SetUndo(w, r, "calendar.undo", UndoPath(undo), "calendar.done.task-changed")
	return web.Redirect(w, r, "/calendar/tasks")
}

// finishTask ticks a task, or takes the tick away.
func (h *Handler) finishTask(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	post, done := r.PostForm, r.PostForm.Get("done") == "1"
	undo, err := h.store.FinishTask(r.Context(), web.CallerOf(r), EventID(web.Var(r, "id")), readAt(post.Get("at")), post.Get("etag"), done)
	if err != nil {
		return err
	}
	said := "calendar.done.task-undone"
	if done {
		said = "calendar.done.task-done"
	}
	web.SetUndo(w, r, "calendar.undo", UndoPath(undo), said)
	return web.Redirect(w, r, "/calendar/tasks")
}

func (h *Handler) removeTask(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	undo, err := h.store.RemoveTask(r.Context(), web.CallerOf(r), EventID(web.Var(r, "id")), r.PostForm.Get("etag"))
	if err != nil {
		return err
	}
	web.SetUndo(w, r, "calendar.undo", UndoPath(undo), "calendar.done.task-deleted")
	return web.Redirect(w, r, "/calendar/tasks")
}
