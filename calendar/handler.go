package calendar

import (
	"embed"
	"time"

	"parvis/portal/web"
)

// Templates and Locales are parsed by the server.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences of the agenda's pages.
//
//go:embed locales/*.json
var Locales embed.FS

// Feed is one calendar of another server over the time that was asked for.
type Feed struct {
	ID        CalendarID // unlike any of ours
	Name      string     // "Nextcloud : Réunions"
	Instances []Instance
	Path      string // of the page of an instance, before its Event: "/calendar/remote/events/"
	State     FeedState
	At        time.Time // when the server was last read; zero when Unread
}

// FeedState says what a feed is worth.
type FeedState string

// The states of a feed.
const (
	FeedFresh  FeedState = ""
	FeedOld    FeedState = "old"    // read long ago, and being read again
	FeedLate   FeedState = "late"   // the server did not answer the last time
	FeedUnread FeedState = "unread" // it never did: nothing is known
)

// Handler serves the agenda's pages.
type Handler struct {
	store     *Store
	directory Directory
	renderer  *web.Renderer
	elsewhere []Elsewhere
	tries     tries
}

// NewHandler returns the pages over the store, and over agendas kept elsewhere. The directory knows who
// can be invited.
func NewHandler(store *Store, directory Directory, renderer *web.Renderer, elsewhere ...Elsewhere) *Handler {
	return &Handler{store: store, directory: directory, renderer: renderer, elsewhere: elsewhere}
}

// Routes lists the pages.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/calendar", Access: web.SignedIn, Handler: h.show},
		{Method: "GET", Path: "/calendar/new", Access: web.SignedIn, Handler: h.newEvent},
		{Method: "POST", Path: "/calendar/events", Access: web.SignedIn, Handler: h.create},
		{Method: "POST", Path: "/calendar/guests", Access: web.SignedIn, Handler: h.changeGuests},
		{Method: "POST", Path: "/calendar/events/{id}/guests", Access: web.SignedIn, Handler: h.changeGuests},
		{Method: "POST", Path: "/calendar/times", Access: web.SignedIn, Handler: h.findTimes},
		{Method: "POST", Path: "/calendar/events/{id}/times", Access: web.SignedIn, Handler: h.findTimes},
		{Method: "GET", Path: "/calendar/events/{id}", Access: web.SignedIn, Handler: h.showEvent},
		{Method: "GET", Path: "/calendar/events/{id}/edit", Access: web.SignedIn, Handler: h.edit},
		{Method: "POST", Path: "/calendar/events/{id}", Access: web.SignedIn, Handler: h.change},
		{Method: "POST", Path: "/calendar/events/{id}/delete", Access: web.SignedIn, Handler: h.remove},
		{Method: "POST", Path: "/calendar/events/{id}/move", Access: web.SignedIn, Handler: h.move},
		{Method: "POST", Path: "/calendar/events/{id}/answer", Access: web.SignedIn, Handler: h.answer},
		{Method: "GET", Path: "/invitations/{secret}", Access: web.Public, Handler: h.invitation},
		{Method: "POST", Path: "/invitations/{secret}", Access: web.Public, Handler: h.answerInvitation},
		{Method: "POST", Path: "/calendar/undo/{id}", Access: web.SignedIn, Handler: h.undo},
		{Method: "GET", Path: ElsewherePath + "{id}/edit", Access: web.SignedIn, Handler: h.editThere},
		{Method: "POST", Path: ElsewherePath + "{id}", Access: web.SignedIn, Handler: h.changeThere},
		{Method: "GET", Path: ElsewherePath + "{id}/delete", Access: web.SignedIn, Handler: h.askRemoveThere},
		{Method: "POST", Path: ElsewherePath + "{id}/delete", Access: web.SignedIn, Handler: h.removeThere},
		{Method: "GET", Path: "/calendar/tasks", Access: web.SignedIn, Handler: h.showTasks},
		{Method: "GET", Path: "/calendar/tasks/new", Access: web.SignedIn, Handler: h.newTask},
		{Method: "POST", Path: "/calendar/tasks", Access: web.SignedIn, Handler: h.createTask},
		{Method: "GET", Path: "/calendar/tasks/{id}", Access: web.SignedIn, Handler: h.editTask},
		{Method: "POST", Path: "/calendar/tasks/{id}", Access: web.SignedIn, Handler: h.changeTask},
		{Method: "POST", Path: "/calendar/tasks/{id}/done", Access: web.SignedIn, Handler: h.finishTask},
		{Method: "POST", Path: "/calendar/tasks/{id}/delete", Access: web.SignedIn, Handler: h.removeTask},
		{Method: "GET", Path: "/calendar/exchange", Access: web.SignedIn, Handler: h.showExchange},
		{Method: "GET", Path: "/calendar/export/{id}", Access: web.SignedIn, Slow: true, Handler: h.export},
		{Method: "POST", Path: "/calendar/imports", Access: web.SignedIn, Slow: true, MaxBody: MaxImportSize + importRoom, Handler: h.planImport},
		{Method: "GET", Path: "/calendar/imports/{id}", Access: web.SignedIn, Handler: h.showImport},
		{Method: "POST", Path: "/calendar/imports/{id}/run", Access: web.SignedIn, Slow: true, Handler: h.runImport},
		{Method: "POST", Path: "/calendar/imports/{id}/undo", Access: web.SignedIn, Slow: true, Handler: h.undoImport},
		{Method: "POST", Path: "/calendar/feeds", Access: web.SignedIn, Handler: h.makeLink},
		{Method: "POST", Path: "/calendar/feeds/{id}/renew", Access: web.SignedIn, Handler: h.renewLink},
		{Method: "POST", Path: "/calendar/feeds/{id}/revoke", Access: web.SignedIn, Handler: h.revokeLink},
	}
}
