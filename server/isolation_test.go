package server_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"parvis/portal"
	"parvis/portal/web"
	"parvis/server/servertest"
)

// visit is one line of the isolation table: how a route is asked for something
// of one collectivity, and the status that each must get.
type visit struct {
	route string // "POST /news/{id}", as the router lists it
	// path fills the route; for a POST it makes an object of its own, which the
	// author may then change. "" is the route's own path.
	path func(e *estate) string
	// fields are those of the form, see estate.fill; nil for a GET.
	fields []string
	file   bool // the form uploads a file
	writes bool // a GET that changes what the browser's person has

	author    int // in accueil, who made it and edits everything
	colleague int // of the same collectivity, in no group, without right
	stranger  int // of another one, with every right there, or the secretary while she is there
	anonymous int
	operator  int // of the pool, on her own routes; 0 is 200
}

// at fills the variable of a path with what make returns.
func at(before string, make func(e *estate) string, after ...string) func(e *estate) string {
	return func(e *estate) string { return before + make(e) + strings.Join(after, "") }
}

func fixed(path string) func(e *estate) string { return func(*estate) string { return path } }

func own(e *estate) string  { return string(e.id) }
func card(e *estate) string { return string(e.card) }
func app(e *estate) string  { return e.app }

func office(e *estate) string { return string(e.unit) }

// colours is the style sheet that a page of the collectivity links: anybody may
// read it, since the page before the sign-in has it too.
func colours(e *estate) string {
	page := e.As(e.author).Get("/").Body
	_, rest, _ := strings.Cut(page, e.theme)
	version, _, _ := strings.Cut(rest, `"`)
	return e.theme + version
}

// visits is the table. A foreign object is 404 wherever it is asked for; 303
// sends who is not signed in to the sign-in, and follows what was done.
var visits = []visit{
	{route: "GET /", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /home/edit", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /home/edit", fields: []string{"do", "back agenda"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /home/boxes/{id}", path: fixed("/home/boxes/news"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /home/boxes/{id}", path: fixed("/home/boxes/news"), fields: []string{"x", "y"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/news"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/agenda?fragment=1"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/applications"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/directory"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/mail"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/weather"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /boxes/{id}/retry", path: fixed("/boxes/news/retry"), fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /boxes/{id}/do/{action}", path: fixed("/boxes/news/do/open"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /sign-in", author: 303, colleague: 303, stranger: 303, anonymous: 200},
	{route: "POST /sign-in", fields: []string{"login", "{login}"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /sign-in/password", author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /sign-in/password", fields: []string{"password", "x"}, author: 303, colleague: 303, stranger: 303, anonymous: 403},
	// Keys are made for hosts with a name, which this one has not: TestAKeyLetsInAlone asks by another.
	{route: "POST /sign-in/key/ask", fields: []string{}, author: 422, colleague: 422, stranger: 422, anonymous: 422},
	{route: "POST /sign-in/key", fields: []string{"answer", "{}"}, author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /sign-in/second", author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /sign-in/second", path: fixed("/sign-in/second?next=/news"), author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /sign-in/second", fields: []string{"code", "123456"}, author: 303, colleague: 303, stranger: 303, anonymous: 403},
	{route: "GET /sign-in/second/new", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /sign-in/second/new", fields: []string{"code", "123456"}, author: 303, colleague: 303, stranger: 303, anonymous: 403},
	{route: "POST /sign-in/second/key/ask", fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /sign-in/issuer", author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /sign-in/callback/{collectivity}", path: fixed("/sign-in/callback/bourg"), author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /sign-in/forgotten", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	// The page wears the colours of the domain that was typed, as that of the sign-in does: here of none.
	{route: "POST /sign-in/forgotten", fields: []string{"login", "personne@ailleurs.example"}, author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /sign-in/reset", author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /sign-in/reset", path: fixed("/sign-in/reset?key=x"), author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /sign-in/reset", fields: []string{"password", "x"}, author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /sign-in/invitation", author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "POST /sign-in/invitation", fields: []string{"password", "x"}, author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /account/invitation", author: 403, colleague: 403, stranger: 403, anonymous: 303},
	{route: "POST /account/invitation", fields: []string{}, author: 403, colleague: 403, stranger: 403, anonymous: 303},
	{route: "GET /account/password", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /account/password", fields: []string{"show", "1", "password", "x"}, author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /account/pin", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /account/pin", fields: []string{"pin", "1234", "again", "1234"}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "POST /sign-out", fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /account", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /account/switch", fields: []string{"agent", "nobody"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /account/preferences", fields: []string{"language", "fr", "scheme", ""}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /account/app-passwords", fields: []string{"name", "Téléphone", "scope", "calendar"}, author: 201, colleague: 201, stranger: 201, anonymous: 303},
	{route: "POST /account/app-passwords/{id}/revoke", path: at("/account/app-passwords/", (*estate).appPassword, "/revoke"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /account/app-passwords/{id}/settle", path: at("/account/app-passwords/", (*estate).appPassword, "/settle"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /phone/{secret}", path: fixed("/phone/x"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /phone/{secret}/parvis.mobileconfig", path: fixed("/phone/x/parvis.mobileconfig"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /account/factors", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /account/factors/app", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /account/factors/app", fields: []string{"code", "123456"}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "POST /account/factors/app/remove", fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /account/factors/keys", author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "POST /account/factors/keys", fields: []string{"name", "Clé", "answer", "{}"}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "POST /account/factors/keys/ask", fields: []string{}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "POST /account/factors/codes", fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /account/factors/keys/{id}/remove", path: at("/account/factors/keys/", (*estate).key, "/remove"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /account/sessions/revoke-others", fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /account/sessions/{id}/revoke", path: at("/account/sessions/", (*estate).session, "/revoke"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /directory", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /directory", path: fixed("/directory?q=budget"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /directory", path: func(e *estate) string { return "/directory?unit=" + string(e.unit) }, author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /directory/agents/{id}", path: at("/directory/agents/", card), author: 200, colleague: 200, stranger: 404, anonymous: 303},
	{route: "GET /directory/agents/{id}/photo", path: at("/directory/agents/", (*estate).pictured, "/photo?side=96"), author: 200, colleague: 200, stranger: 404, anonymous: 303},
	{route: "GET /directory/chart", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /directory/chart", path: at("/directory/chart?unit=", office), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /directory/chart", path: fixed("/directory/chart?q=budget"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /directory/card", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /directory/card", fields: []string{"office", "Bureau 3"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /directory/card/absence", fields: []string{"first_day", today(), "last_day", inDays(3)}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /directory/card/photo", fields: []string{}, file: true, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "POST /directory/card/photo/remove", fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /apps", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /apps/{id}/pin", path: at("/apps/", app, "/pin"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /apps/{id}/unpin", path: at("/apps/", app, "/unpin"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /apps/{id}/ask", path: at("/apps/", (*estate).askable, "/ask"), author: 200, colleague: 200, stranger: 404, anonymous: 303},
	{route: "GET /apps/{id}/ask", path: at("/apps/", app, "/ask"), author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /apps/{id}/ask", path: at("/apps/", (*estate).askable, "/ask"), fields: []string{"reason", "Pour voir"}, author: 303, colleague: 303, stranger: 404, anonymous: 303},
	{route: "POST /apps/{id}/ask", path: at("/apps/", app, "/ask"), fields: []string{"reason", "Pour voir"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /apps/{id}/withdraw", path: at("/apps/", (*estate).asked, "/withdraw"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /todo", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /todo", path: fixed("/todo?source=access-requests&page=2"), author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /boxes/{id}", path: fixed("/boxes/todo?fragment=1"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /todo/do/{collectivity}/{source}/{item}/{action}", path: func(e *estate) string {
		return "/todo/do/" + string(e.id) + "/access-requests/" + e.request() + "/grant"
	}, fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /todo/do/{collectivity}/{source}/{item}/{action}", path: func(e *estate) string {
		return "/todo/do/" + string(e.id) + "/access-requests/" + e.request() + "/refuse"
	}, fields: []string{"reason", "Non"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /todo/do/{collectivity}/{source}/{item}/{action}", path: func(e *estate) string {
		return "/todo/do/" + string(e.id) + "/own-access/answer-" + e.answer() + "/seen"
	}, fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /todo/undo/{collectivity}/{source}/{token}", path: func(e *estate) string {
		return "/todo/undo/" + string(e.id) + "/access-requests/" + e.answer()
	}, fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /news", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /news", path: fixed("/news?shelf=archive"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /news/new", author: 200, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /news", fields: []string{"title", "Titre", "body", "Texte", "starts", today(), "ends", inDays(3)}, author: 303, colleague: 404, stranger: 303, anonymous: 303},
	{route: "GET /news/{id}", path: at("/news/", (*estate).article), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /news/{id}/edit", path: at("/news/", (*estate).article, "/edit"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /news/{id}", path: at("/news/", (*estate).article), fields: []string{"title", "Autre", "body", "Texte", "starts", today(), "ends", inDays(3), "seen", "{seen}"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /news/{id}/delete", path: at("/news/", (*estate).article, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /news/{id}/restore", path: at("/news/", (*estate).removedArticle, "/restore"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /contacts", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /contacts", path: at("/contacts?book=", (*estate).ownBook), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /contacts", path: at("/contacts?q=budget&book=", (*estate).groupBook), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /contacts/new", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /contacts/cards", fields: []string{"book", "{calendar}", "family", "Notaire"}, author: 303, colleague: 404, stranger: 404, anonymous: 303}, // an agent's first book has her identifier too
	{route: "GET /contacts/cards/{book}/{card}", path: at("/contacts/cards/", (*estate).contactPage), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /contacts/cards/{book}/{card}", path: at("/contacts/cards/", (*estate).groupContact), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /contacts/cards/{book}/{card}/photo", path: at("/contacts/cards/", (*estate).contactPage, "/photo"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /contacts/cards/{book}/{card}/edit", path: at("/contacts/cards/", (*estate).contactPage, "/edit"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /contacts/cards/{book}/{card}/delete", path: at("/contacts/cards/", (*estate).contactPage, "/delete"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /contacts/cards/{book}/{card}", path: at("/contacts/cards/", (*estate).contactPage), fields: []string{"family", "Autre"}, author: 409, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /contacts/cards/{book}/{card}", path: at("/contacts/cards/", (*estate).groupContact), fields: []string{}, author: 409, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /contacts/cards/{book}/{card}/delete", path: at("/contacts/cards/", (*estate).contactPage, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /contacts/cards/{book}/{card}/delete", path: at("/contacts/cards/", (*estate).groupContact, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /contacts/undo/{id}", path: at("/contacts/undo/", (*estate).removedContact), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /contacts/books", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /contacts/books", fields: []string{"name", "Chorale"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /contacts/books/{book}", path: at("/contacts/books/", (*estate).ownBook), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /contacts/books/{book}", path: at("/contacts/books/", (*estate).groupBook), author: 403, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /contacts/books/{book}", path: at("/contacts/books/", (*estate).ownBook), fields: []string{"name", "Autre"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /contacts/books/{book}", path: at("/contacts/books/", (*estate).groupBook), fields: []string{"name", "Autre"}, author: 403, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /contacts/books/{book}/delete", path: at("/contacts/books/", (*estate).ownBook, "/delete"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /contacts/books/{book}/delete", path: at("/contacts/books/", (*estate).ownBook, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /contacts/books/{book}/delete", path: at("/contacts/books/", (*estate).groupBook, "/delete"), fields: []string{}, author: 403, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /contacts/books/{book}/export", path: at("/contacts/books/", (*estate).ownBook, "/export"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /contacts/books/{book}/export", path: at("/contacts/books/", (*estate).groupBook, "/export"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /contacts/imports", fields: []string{"book", "{calendar}"}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "GET /contacts/imports/{id}", path: at("/contacts/imports/", (*estate).contactImport), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /contacts/imports/{id}/run", path: at("/contacts/imports/", (*estate).contactImport, "/run"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar", path: fixed("/calendar?view=list"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar/new", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /calendar/events", fields: []string{"calendar", "{calendar}", "title", "Réunion", "start", today(), "start-time", "10:00"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/events/{id}/guests", path: at("/calendar/events/", (*estate).event, "/guests"), fields: []string{"title", "Réunion"}, author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/guests", fields: []string{"title", "Réunion", "q", "budget"}, author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /calendar/times", fields: []string{"calendar", "{calendar}", "title", "Réunion", "invites", "1"}, author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/events/{id}/times", path: at("/calendar/events/", (*estate).event, "/times"), fields: []string{"title", "Réunion", "invites", "1"}, author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/events/{id}", path: at("/calendar/events/", (*estate).event), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/events/{id}", path: at("/calendar/events/", (*estate).sharedEvent), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/events/{id}/edit", path: at("/calendar/events/", (*estate).event, "/edit"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/events/{id}", path: at("/calendar/events/", (*estate).event), fields: []string{"title", "Autre", "start", today(), "start-time", "11:00"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/events/{id}", path: at("/calendar/events/", (*estate).sharedEvent), fields: []string{"title", "Autre", "start", today(), "start-time", "11:00"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/events/{id}/delete", path: at("/calendar/events/", (*estate).event, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/events/{id}/move", path: at("/calendar/events/", (*estate).event, "/move"), fields: []string{"to", today()}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/events/{id}/answer", path: at("/calendar/events/", (*estate).toAnswer, "/answer"), fields: []string{"answer", "accepted"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/events/{id}/answer", path: at("/calendar/events/", (*estate).event, "/answer"), fields: []string{"answer", "accepted"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	// Who holds the link of a letter answers, whoever she is: a wrong one asks nothing.
	{route: "GET /invitations/{secret}", path: fixed("/invitations/x"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "POST /invitations/{secret}", path: fixed("/invitations/x"), fields: []string{"answer", "accepted"}, author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "POST /calendar/undo/{id}", path: at("/calendar/undo/", (*estate).undo), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/calendars", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar/calendars", path: at("/calendar/calendars?q=budget&share=", (*estate).ownCalendar), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /calendar/calendars", fields: []string{"name", "Projets"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /calendar/calendars/{id}", path: at("/calendar/calendars/", (*estate).ownCalendar), fields: []string{"name", "", "color", "#1c9a4a"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/calendars/{id}/share", path: at("/calendar/calendars/", (*estate).ownCalendar, "/share"), fields: []string{"to", "agent:nobody", "level", "read"}, author: 422, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/calendars/{id}/away", path: at("/calendar/calendars/", (*estate).commonCalendar, "/away"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/calendars/{id}/take", path: at("/calendar/calendars/", (*estate).commonCalendar, "/take"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/shares/{id}/end", path: at("/calendar/shares/", (*estate).share, "/end"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/shares/{id}/back", path: at("/calendar/shares/", (*estate).endedShare, "/back"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/delegates", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar/delegates", path: at("/calendar/delegates?agent=", card), author: 200, colleague: 200, stranger: 404, anonymous: 303},
	{route: "POST /calendar/delegates", fields: []string{"agent", "nobody", "writes", "1"}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "POST /calendar/delegates/{id}/end", path: at("/calendar/delegates/", (*estate).delegate, "/end"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/delegates/{id}/back", path: at("/calendar/delegates/", (*estate).endedDelegate, "/back"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /bookings", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /bookings", path: fixed("/bookings?view=week&kind=vehicle"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /bookings", fields: []string{"date", "2999-01-01", "from", "10:00", "to", "09:00"}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "GET /bookings/series", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /bookings/series", path: fixed("/bookings/series?every=weekly&date=2999-01-01&from=10:00&to=09:00"), author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "POST /bookings/series", fields: []string{"resource", "nothing", "every", "weekly", "date", inDays(7), "until", inDays(30), "from", "10:00", "to", "11:00", "dates", "1"}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	// With its key it is for everybody: TestADoorTellsWhatIsFree.
	{route: "GET /door", path: fixed("/door?key=x"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /door.ics", path: fixed("/door.ics?key=x"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /admin/doors", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/doors", fields: []string{"label", "Porte"}, author: 404, colleague: 404, stranger: 422, anonymous: 303},
	{route: "POST /admin/doors/{id}/revoke", path: at("/admin/doors/", (*estate).screen, "/revoke"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /bookings/mine", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /bookings/events/{event}/cancel", path: fixed("/bookings/events/nothing/cancel"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /bookings/made/{event}/cancel", path: fixed("/bookings/made/nothing/cancel"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /bookings/waits", fields: []string{"resource", "nothing", "date", "2999-01-01", "from", "10:00", "to", "11:00"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /bookings/waits/{id}/leave", path: fixed("/bookings/waits/nothing/leave"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /bookings/resources/{id}", path: fixed("/bookings/resources/nothing"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/team/sheet", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar/team/sheet", path: at("/calendar/team/sheet?unit=", office), author: 200, colleague: 200, stranger: 404, anonymous: 303},
	{route: "GET /kiosk", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "POST /kiosk/open", fields: []string{"code", "x"}, author: 422, colleague: 422, stranger: 422, anonymous: 422},
	{route: "GET /kiosk/in", path: at("/kiosk/in?agent=", card), author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /kiosk/in", fields: []string{"agent", "{agent}", "pin", "1234"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /kiosk/code", author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /kiosk/code", fields: []string{"pin", "7294", "again", "7294"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /kiosk/done", fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /admin/kiosks", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/kiosks", fields: []string{"name", "Atelier", "for", "unit:{login}"}, author: 404, colleague: 404, stranger: 422, anonymous: 303},
	{route: "POST /admin/kiosks/{id}/code", path: at("/admin/kiosks/", (*estate).device, "/code"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/kiosks/{id}/revoke", path: at("/admin/kiosks/", (*estate).device, "/revoke"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/agents/{id}/pin", path: at("/admin/agents/", card, "/pin"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/pin", path: at("/admin/agents/", card, "/pin"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/pin/remove", path: at("/admin/agents/", card, "/pin/remove"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /bookings/trips/new", path: at("/bookings/trips/new?resource=", (*estate).vehicle), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /bookings/trips", fields: []string{"resource", "{vehicle}", "km", "120"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /bookings/trips/{id}", path: at("/bookings/trips/", (*estate).trip), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /bookings/trips/{id}/back", path: at("/bookings/trips/", (*estate).trip, "/back"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /bookings/trips/{id}/back", path: at("/bookings/trips/", (*estate).trip, "/back"), fields: []string{"km", "130"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /bookings/trips/{id}/undo", path: at("/bookings/trips/", (*estate).trip, "/undo"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /bookings/trips/{id}/handled", path: at("/bookings/trips/", (*estate).incident, "/handled"), fields: []string{"handled", "1"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /bookings/trips/{id}/photo", path: at("/bookings/trips/", (*estate).incident, "/photo?at=back"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /bookings/resources/{id}/log", path: at("/bookings/resources/", (*estate).tripVehicle, "/log"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /bookings/resources/{id}/log.csv", path: at("/bookings/resources/", (*estate).tripVehicle, "/log.csv"), fields: []string{}, author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /todo/do/{collectivity}/{source}/{item}/{action}", path: func(e *estate) string {
		return "/todo/do/" + string(e.id) + "/incidents/" + e.incident() + "/handle"
	}, fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /presence", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /presence", path: fixed("/presence?agent=nobody"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /presence/week", fields: []string{"since", today(), "half-a", "here", "half-b", "here", "half-c", "here", "half-d", "here", "half-e", "here", "half-f", "here", "half-g", "here", "half-h", "here", "half-i", "here", "half-j", "here", "half-k", "here", "half-l", "here", "half-m", "here", "half-n", "here"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /presence/days", fields: []string{"first", today(), "place", "telework"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /presence/today", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar/team", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar/tasks", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar/tasks/new", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /calendar/tasks", fields: []string{"calendar", "{calendar}", "title", "Relire", "due", today()}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/tasks/{id}", path: at("/calendar/tasks/", (*estate).task), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/tasks/{id}", path: at("/calendar/tasks/", (*estate).task), fields: []string{"title", "Autre", "priority", "0"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/tasks/{id}/done", path: at("/calendar/tasks/", (*estate).task, "/done"), fields: []string{"done", "1"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/tasks/{id}/delete", path: at("/calendar/tasks/", (*estate).task, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/exchange", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar/export/{id}", path: at("/calendar/export/", (*estate).ownCalendar), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/export/{id}", path: at("/calendar/export/", (*estate).commonCalendar), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/feeds", fields: []string{"calendar", "{calendar}", "label", "Famille"}, author: 201, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/feeds/{id}/renew", path: at("/calendar/feeds/", (*estate).feed, "/renew"), fields: []string{}, author: 201, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/feeds/{id}/revoke", path: at("/calendar/feeds/", (*estate).feed, "/revoke"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/imports", fields: []string{"calendar", "{calendar}"}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "GET /calendar/imports/{id}", path: at("/calendar/imports/", (*estate).fileImport), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/imports/{id}/run", path: at("/calendar/imports/", (*estate).fileImport, "/run"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/imports/{id}/undo", path: at("/calendar/imports/", (*estate).doneImport, "/undo"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/feed.ics", path: fixed("/calendar/feed.ics?key=x"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /calendar/remote", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /calendar/remote/events/{id}", path: at("/calendar/remote/events/", (*estate).remoteEvent), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/remote/events/{id}/edit", path: at("/calendar/remote/events/", (*estate).remoteEvent, "/edit"), author: 503, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/remote/events/{id}", path: at("/calendar/remote/events/", (*estate).remoteEvent), fields: []string{"title", "Réunion", "start", today(), "start-time", "09:00", "etag", "x"}, author: 503, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/remote/events/{id}/delete", path: at("/calendar/remote/events/", (*estate).remoteEvent, "/delete"), author: 503, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/remote/events/{id}/delete", path: at("/calendar/remote/events/", (*estate).remoteEvent, "/delete"), fields: []string{"etag", "x"}, author: 503, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/remote", fields: []string{"name", "Nuage", "url", "https://127.0.0.1:9/", "login", "x", "password", "y"}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "POST /calendar/remote/{id}/refresh", path: at("/calendar/remote/", (*estate).remoteAccount, "/refresh"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /calendar/remote/{id}/import", path: at("/calendar/remote/", (*estate).remoteAccount, "/import"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/remote/{id}/import", path: at("/calendar/remote/", (*estate).remoteAccount, "/import"), fields: []string{"from", "x", "to", "y"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /calendar/remote/{id}/remove", path: at("/calendar/remote/", (*estate).remoteAccount, "/remove"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /documents", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /documents/unread", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /documents/bin", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /documents/folders/new", author: 200, colleague: 403, stranger: 200, anonymous: 303},
	{route: "GET /documents/folders/new", path: at("/documents/folders/new?parent=", (*estate).topFolder), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/folders", fields: []string{"name", "Nouveau {number}"}, author: 303, colleague: 403, stranger: 303, anonymous: 303},
	{route: "GET /documents/folders", author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /documents/folders/{id}", path: at("/documents/folders/", (*estate).topFolder), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/folders/{id}", path: at("/documents/folders/", (*estate).topFolder), fields: []string{"name", "Autre", "readers", "accueil"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/folders/{id}/edit", path: at("/documents/folders/", (*estate).topFolder, "/edit"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/folders/{id}/delete", path: at("/documents/folders/", (*estate).topFolder, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/folders/{id}/delete", path: at("/documents/folders/", (*estate).topFolder, "/delete"), author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/folders/{id}/upload", path: at("/documents/folders/", (*estate).topFolder, "/upload"), fields: []string{}, file: true, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/folders/{id}/upload", path: at("/documents/folders/", (*estate).topFolder, "/upload"), author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/{id}", path: at("/documents/", (*estate).document), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/{id}", path: at("/documents/", (*estate).document), fields: []string{"title", "Autre", "folder", "{folder}"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/{id}/edit", path: at("/documents/", (*estate).document, "/edit"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/{id}/file", path: at("/documents/", (*estate).document, "/file"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/{id}/versions/{number}", path: at("/documents/", (*estate).document, "/versions/1"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/{id}/versions", path: at("/documents/", (*estate).document, "/versions"), fields: []string{}, file: true, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /documents/{id}/versions", path: at("/documents/", (*estate).document, "/versions"), author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/{id}/delete", path: at("/documents/", (*estate).document, "/delete"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/{id}/restore", path: at("/documents/", (*estate).removedDocument, "/restore"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /documents/{id}/retry", path: at("/documents/", (*estate).document, "/retry"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},

	{route: "GET /mail", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /mail/password", author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /mail/password", fields: []string{"login", "x", "password", "y"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /mail/password/forget", fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},

	{route: "GET /search", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /search", path: fixed("/search?q=budget"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /search", path: fixed("/search?q=crecerelle*"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /search/suggestions", path: fixed("/search/suggestions?q=budg"), author: 200, colleague: 200, stranger: 200, anonymous: 303},

	{route: "GET /theme/{file}", path: colours, author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /logo/{file}", path: (*estate).logoPicture, author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /logo/{file}", path: fixed("/logo/bourg-0123.png"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /directory/of/{town}", path: fixed("/directory/of/bourg"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /directory/of/{town}/chart", path: fixed("/directory/of/bourg/chart"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /directory/of/{town}/agents/{id}", path: at("/directory/of/bourg/agents/", card), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /directory/of/{town}/agents/{id}/photo", path: at("/directory/of/bourg/agents/", (*estate).pictured, "/photo?side=96"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/directory/sharing", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/directory/sharing", fields: []string{"collectivity", "nowhere.example"}, author: 404, colleague: 404, stranger: 422, anonymous: 303},
	{route: "POST /admin/directory/sharing/{town}/end", path: fixed("/admin/directory/sharing/bourg/end"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/directory/sharing/{town}/restore", path: fixed("/admin/directory/sharing/bourg/restore"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/home", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/home/everyone", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/home/everyone", fields: []string{"was", "0123", "widget", "agenda", "state", "locked", "size", "m"}, author: 404, colleague: 404, stranger: 409, anonymous: 303},
	{route: "POST /admin/home/everyone/reset", fields: []string{}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "POST /admin/home/everyone/restore", fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/home/groups/{group}", path: at("/admin/home/groups/", (*estate).team), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/home/groups/{group}", path: at("/admin/home/groups/", (*estate).team), fields: []string{"widget", "agenda", "state", "locked", "size", "m"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/home/groups/{group}/reset", path: at("/admin/home/groups/", (*estate).team, "/reset"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/home/groups/{group}/restore", path: at("/admin/home/groups/", (*estate).team, "/restore"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/home/groups/{group}/first", path: at("/admin/home/groups/", (*estate).team, "/first"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/identity", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/identity", path: fixed("/admin/identity?colour=%237a1f3d"), author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/identity", fields: []string{"was", "", "name", "Autre", "long_name", "Autre", "colour", "#7a1f3d", "language", "fr"}, author: 404, colleague: 404, stranger: 409, anonymous: 303},
	{route: "POST /admin/identity/logo", fields: []string{}, file: true, author: 404, colleague: 404, stranger: 422, anonymous: 303},
	{route: "POST /admin/identity/logo/remove", fields: []string{}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "POST /admin/identity/logo/restore/{version}", path: at("/admin/identity/logo/restore/", (*estate).logo), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /language", fields: []string{"language", "fr", "next", "/help"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /help", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /sitemap", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /accessibility", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /legal", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /privacy", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	// The protocols of applications: TestACollectivityKeepsToItself in sso/openid, and forwardauth's own tests,
	// ask with clients and cookies of each.
	{route: "GET /.well-known/openid-configuration", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /oidc/{issuer}/.well-known/openid-configuration", path: fixed("/oidc/nowhere/.well-known/openid-configuration"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /oidc/{issuer}/keys", path: fixed("/oidc/nowhere/keys"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /oidc/{issuer}/authorize", path: fixed("/oidc/nowhere/authorize"), author: 400, colleague: 400, stranger: 400, anonymous: 400},
	{route: "GET /oidc/{issuer}/continue/{request}", path: fixed("/oidc/_/continue/none"), author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /oidc/{issuer}/userinfo", path: fixed("/oidc/_/userinfo"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /oidc/{issuer}/authorize", path: fixed("/oidc/nowhere/authorize"), fields: []string{"client_id", "x"}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "POST /oidc/{issuer}/token", path: fixed("/oidc/_/token"), fields: []string{"grant_type", "x"}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /oidc/{issuer}/userinfo", path: fixed("/oidc/_/userinfo"), fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /oidc/{issuer}/introspect", path: fixed("/oidc/_/introspect"), fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /oidc/{issuer}/revoke", path: fixed("/oidc/_/revoke"), fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /oidc/{issuer}/logout", path: fixed("/oidc/_/logout"), fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /oidc/{issuer}/logout", path: fixed("/oidc/_/logout?post_logout_redirect_uri=https://x.example/"), author: 400, colleague: 400, stranger: 400, anonymous: 400},
	{route: "GET /forward/start", author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /.parvis/return", author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "* /forward/nginx", author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "* /forward/auth", author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /admin/applications/{application}/openid", path: at("/admin/applications/", app, "/openid"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/applications/{application}/openid", path: at("/admin/applications/", app, "/openid"), fields: []string{"algorithm", "RS256"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/journal", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/journal.csv", fields: []string{}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/journal/keep", fields: []string{"months", "9"}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "GET /admin", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /account/rights", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /account/rights", fields: []string{"to", "{agent}", "right", "news.edit"}, author: 422, colleague: 422, stranger: 422, anonymous: 303},
	{route: "POST /account/rights/{id}/end", path: at("/account/rights/", (*estate).loan, "/end"), fields: []string{}, author: 303, colleague: 403, stranger: 404, anonymous: 303},
	{route: "GET /admin/rights", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/rights", fields: []string{"to", "agent:{agent}", "right", "news.edit"}, author: 404, colleague: 404, stranger: 422, anonymous: 303},
	{route: "POST /admin/rights.csv", fields: []string{}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/rights/{id}/take", path: at("/admin/rights/", (*estate).right, "/take"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/rights/{id}/give-back", path: at("/admin/rights/", (*estate).takenRight, "/give-back"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/units/moves/{id}/undo", path: at("/admin/units/moves/", (*estate).unitMove, "/undo"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/agents/{id}/departure", path: at("/admin/agents/", card, "/departure"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/departure", path: at("/admin/agents/", card, "/departure"), fields: []string{"last_day", inDays(3)}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/departure/cancel", path: at("/admin/agents/", card, "/departure/cancel"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/agents/{id}/desk", path: at("/admin/agents/", card, "/desk"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/desk", path: at("/admin/agents/", card, "/desk"), fields: []string{"reason", "Pour voir"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /desk/leave", fields: []string{}, author: 303, colleague: 303, stranger: 303, anonymous: 303},
	{route: "GET /account/desk", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /admin/rights/review", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/rights/review", path: fixed("/admin/rights/review?holds=&q=budget"), author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/rights/review.csv", fields: []string{}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/rights/review/agents/{id}", path: at("/admin/rights/review/agents/", card), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/rights/review/rights", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/rights/review/things", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/rights/review/things.csv", fields: []string{}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/rights/review/things/{kind}/{id}", path: at("/admin/rights/review/things/applications/", app), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/rights/review/changes", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/rights/review/changes.csv", fields: []string{}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/applications", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/applications.csv", fields: []string{}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/applications/new", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/applications", fields: []string{"name", "Nouvelle {number}", "url", "https://nouvelle.example/", "kind", "link", "icon", "apps", "subject", "login"}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "GET /admin/applications/{id}", path: at("/admin/applications/", app), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/applications/{id}", path: at("/admin/applications/", app), fields: []string{"name", "Autre", "url", "https://autre.example/"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/applications/{id}/try", path: at("/admin/applications/", app, "/try"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/applications/{id}/access", path: at("/admin/applications/", app, "/access"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/applications/{id}/access.csv", path: at("/admin/applications/", app, "/access.csv"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/applications/{id}/access", path: at("/admin/applications/", app, "/access"), fields: []string{"agent", "{agent}"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/applications/{id}/access/{agent}/revoke", path: at("/admin/applications/", (*estate).granted, "/revoke"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/applications/{id}/access/{agent}/restore", path: at("/admin/applications/", (*estate).revoked, "/restore"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/applications/{id}/delete", path: at("/admin/applications/", app, "/delete"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/applications/{id}/restore", path: at("/admin/applications/", app, "/restore"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/sign-in/factors", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/sign-in/factors", path: fixed("/admin/sign-in/factors?show=missing"), author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/sign-in/factors", fields: []string{"who", "nobody"}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "POST /admin/sign-in/factors/{id}/reset", path: at("/admin/sign-in/factors/", card, "/reset"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/agents", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/agents", path: fixed("/admin/agents?q=budget&state=never"), author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/agents/invite", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/agents/invite", fields: []string{"lines", "Anne Nouvelle <{login}>"}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/agents/import", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/agents/import/sample.csv", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/agents/import", fields: []string{}, author: 404, colleague: 404, stranger: 422, anonymous: 303},
	{route: "GET /admin/agents/import/{id}", path: at("/admin/agents/import/", (*estate).arrival), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/import/{id}", path: at("/admin/agents/import/", (*estate).arrival), fields: []string{"column0", "family_name", "namesakes", "leave"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/import/{id}/begin", path: at("/admin/agents/import/", (*estate).arrival, "/begin"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/import/{id}/undo", path: at("/admin/agents/import/", (*estate).arrival, "/undo"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/import/{id}/drop", path: at("/admin/agents/import/", (*estate).arrival, "/drop"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents.csv", fields: []string{}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/agents", path: func(e *estate) string { return "/admin/agents?unit=" + string(e.unit) }, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/agents/{id}", path: at("/admin/agents/", card), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}", path: at("/admin/agents/", card), fields: []string{"family_name", "Autre", "kind", "agent"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/groups", path: at("/admin/agents/", card, "/groups"), fields: []string{"was", "accueil"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/agents/{id}/close", path: at("/admin/agents/", card, "/close"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/close", path: at("/admin/agents/", card, "/close"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/reopen", path: at("/admin/agents/", card, "/reopen"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/directory", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/directory", fields: []string{"was", ""}, author: 404, colleague: 404, stranger: 422, anonymous: 303},
	{route: "GET /admin/agents/{id}/portrait", path: at("/admin/agents/", card, "/portrait"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/photo", path: at("/admin/agents/", card, "/photo"), fields: []string{}, file: true, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/photo/remove", path: at("/admin/agents/", card, "/photo/remove"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/mandates", path: at("/admin/agents/", card, "/mandates"), fields: []string{"title", "Maire"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/mandates/{mandate}", path: at("/admin/agents/", (*estate).mandate), fields: []string{"title", "Maire"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/mandates/{mandate}/drop", path: at("/admin/agents/", (*estate).mandate, "/drop"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /oncall", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /oncall/worker.js", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /oncall/mine", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /oncall/teams/new", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /oncall/teams", fields: []string{"name", "Astreinte {number}", "kind", "operation", "handover_day", "5", "handover_at", "17:00", "morning", "08:00", "evening", "17:00", "phones", "everyone"}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "GET /oncall/teams/{id}", path: at("/oncall/teams/", (*estate).dutyTeam), author: 200, colleague: 200, stranger: 404, anonymous: 303},
	{route: "GET /oncall/teams/{id}/settings", path: at("/oncall/teams/", (*estate).dutyTeam, "/settings"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/teams/{id}", path: at("/oncall/teams/", (*estate).dutyTeam), fields: []string{"name", "Autre"}, author: 409, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/teams/{id}/close", path: at("/oncall/teams/", (*estate).dutyTeam, "/close"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/teams/{id}/reopen", path: at("/oncall/teams/", (*estate).dutyTeam, "/reopen"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/teams/{id}/members", path: at("/oncall/teams/", (*estate).dutyTeam, "/members"), fields: []string{"agent", "{agent}", "phone", "06 39 98 01 24"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/teams/{id}/members/{agent}/remove", path: at("/oncall/teams/", (*estate).dutyMember, "/remove"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/teams/{id}/members/{agent}/move", path: at("/oncall/teams/", (*estate).dutyMember, "/move"), fields: []string{"later", "1"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/teams/{id}/managers", path: at("/oncall/teams/", (*estate).dutyTeam, "/managers"), fields: []string{"agent", "{agent}"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/teams/{id}/managers/{agent}/remove", path: at("/oncall/teams/", (*estate).dutyTeam, "/managers/x/remove"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /oncall/teams/{id}/rota", path: at("/oncall/teams/", (*estate).dutyTeam, "/rota?weeks=3"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/teams/{id}/rota", path: at("/oncall/teams/", (*estate).dutyTeam, "/rota"), fields: []string{"weeks", "3", "plan", "x"}, author: 409, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /oncall/teams/{id}/periods/new", path: at("/oncall/teams/", (*estate).dutyTeam, "/periods/new"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/teams/{id}/periods", path: at("/oncall/teams/", (*estate).dutyTeam, "/periods"), fields: []string{"agent", "{agent}", "level", "1", "starts", "2030-01-04T17:00", "ends", "2030-01-11T17:00"}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /oncall/periods/{id}", path: at("/oncall/periods/", (*estate).duty), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/periods/{id}", path: at("/oncall/periods/", (*estate).duty), fields: []string{"agent", "{agent}", "level", "1", "starts", "2030-01-04T17:00", "ends", "2030-01-11T17:00"}, author: 409, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/periods/{id}/remove", path: at("/oncall/periods/", (*estate).duty, "/remove"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /oncall/periods/{id}/offer", path: at("/oncall/periods/", (*estate).duty, "/offer"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/periods/{id}/offer", path: at("/oncall/periods/", (*estate).duty, "/offer"), fields: []string{"taker", "nobody"}, author: 422, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /oncall/call-outs/new", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /oncall/call-outs", path: fixed("/oncall/call-outs"), fields: []string{"team", "x", "agent", "{agent}"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/call-outs/{id}/forget", path: at("/oncall/call-outs/", (*estate).callOut, "/forget"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /oncall/links", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /oncall/links", path: fixed("/oncall/links"), fields: []string{"label", "Téléphone"}, author: 201, colleague: 201, stranger: 201, anonymous: 303},
	{route: "POST /oncall/links/{id}/revoke", path: at("/oncall/links/", (*estate).dutyLink, "/revoke"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /oncall/feed.ics", path: fixed("/oncall/feed.ics?key=x"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /oncall/statement", path: fixed("/oncall/statement?open=1"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /oncall/statement.csv", fields: []string{}, author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /oncall/rates", author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "POST /oncall/rates", fields: []string{"kind", "operation", "unit", "week", "amount", "160", "from", "2026-01-01", "source", "Délibération"}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "POST /oncall/swaps/{id}/answer", path: at("/oncall/swaps/", (*estate).offered, "/answer"), fields: []string{"answer", "no"}, author: 404, colleague: 303, stranger: 404, anonymous: 303},
	{route: "POST /oncall/swaps/{id}/withdraw", path: at("/oncall/swaps/", (*estate).offered, "/withdraw"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/swaps/{id}/undo", path: at("/oncall/swaps/", (*estate).swapped, "/undo"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /oncall/swaps/{id}/redo", path: at("/oncall/swaps/", (*estate).unswapped, "/redo"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /bookings/loans/{loan}/cancel", path: at("/bookings/loans/", (*estate).borrowed, "/cancel"), fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /bookings/loans/{loan}/km", path: at("/bookings/loans/", (*estate).borrowed, "/km"), fields: []string{"km", "12"}, author: 409, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/lendings", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/lendings/new", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/lendings", fields: []string{"borrower", "voisin", "title", "Prêt {number}", "from", "2026-01-01", "resource", "x"}, author: 404, colleague: 404, stranger: 422, anonymous: 303},
	{route: "GET /admin/lendings/{id}", path: at("/admin/lendings/", (*estate).lending), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/lendings/{id}/terms", path: at("/admin/lendings/", (*estate).lending, "/terms"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/lendings/{id}/terms", path: at("/admin/lendings/", (*estate).lending, "/terms"), fields: []string{"from", "2030-01-01"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/lendings/{id}/answer", path: at("/admin/lendings/", (*estate).lending, "/answer"), fields: []string{"number", "1", "do", "accept"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/lendings/{id}/groups", path: at("/admin/lendings/", (*estate).lending, "/groups"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/lendings/{id}/end", path: at("/admin/lendings/", (*estate).lending, "/end"), fields: []string{"last", "2030-01-01", "sure", "1"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/lendings/{id}/loans/{loan}/withdraw", path: at("/admin/lendings/", (*estate).lending, "/loans/x/withdraw"), fields: []string{"reason", "Panne"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/lendings/{id}/loans/{loan}/cancel", path: at("/admin/lendings/x/loans/", (*estate).borrowed, "/cancel"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/lendings/{id}/loans/{loan}/km", path: at("/admin/lendings/x/loans/", (*estate).borrowed, "/km"), fields: []string{"km", "12"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/lendings/{id}/statement", path: at("/admin/lendings/", (*estate).lending, "/statement"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/lendings/{id}/statement.csv", path: at("/admin/lendings/", (*estate).lending, "/statement.csv"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/resources", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/resources", path: fixed("/admin/resources?q=budget&kind=room&state=withdrawn"), author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/resources/new", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/resources", fields: []string{"name", "Salle {number}", "kind", "room"}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "GET /admin/resources/{id}", path: at("/admin/resources/", (*estate).resource), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/resources/{id}", path: at("/admin/resources/", (*estate).resource), fields: []string{"name", "Autre", "kind", "room"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/resources/{id}/photo", path: at("/admin/resources/", (*estate).resource, "/photo"), fields: []string{}, file: true, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/resources/{id}/photo/remove", path: at("/admin/resources/", (*estate).resource, "/photo/remove"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /resources/{id}/photo", path: at("/resources/", (*estate).picturedResource, "/photo?side=96"), author: 200, colleague: 200, stranger: 404, anonymous: 303},
	{route: "GET /resources/{id}/photo", path: at("/resources/", (*estate).hiddenResource, "/photo?side=96"), author: 200, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /todo/do/{collectivity}/{source}/{item}/{action}", path: func(e *estate) string {
		return "/todo/do/" + string(e.id) + "/bookings/" + e.bookingRequest() + "/accept"
	}, fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /todo/do/{collectivity}/{source}/{item}/{action}", path: func(e *estate) string { return "/todo/do/" + string(e.id) + "/freed/" + e.bookingOffer() + "/take" }, fields: []string{}, author: 303, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/resources/{id}/withdraw", path: at("/admin/resources/", (*estate).resource, "/withdraw"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/resources/{id}/restore", path: at("/admin/resources/", (*estate).resource, "/restore"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/groups", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/groups", fields: []string{"name", "Nouveau {number}"}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "GET /admin/groups", path: fixed("/admin/groups?q=budget&state=hand"), author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/groups.csv", fields: []string{}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/groups/{id}", path: at("/admin/groups/", (*estate).team), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/groups/{id}", path: at("/admin/groups/", (*estate).team), fields: []string{"name", "Autre"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/groups/{id}/delete", path: at("/admin/groups/", (*estate).team, "/delete"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/groups/{id}/restore", path: at("/admin/groups/", (*estate).removedGroup, "/restore"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/groups/{id}/members/{agent}/add", path: func(e *estate) string { return "/admin/groups/" + e.team() + "/members/" + card(e) + "/add" }, fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/groups/{id}/members/{agent}/remove", path: func(e *estate) string { return "/admin/groups/" + e.team() + "/members/" + card(e) + "/remove" }, fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/groups/{id}/rule", path: func(e *estate) string { return "/admin/groups/" + e.team() + "/rule" }, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/groups/{id}/rule", path: func(e *estate) string { return "/admin/groups/" + e.team() + "/rule" }, fields: []string{"field", "kind", "test", "is", "value", "elected"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/groups/{id}/by-hand", path: func(e *estate) string { return "/admin/groups/" + e.team() + "/by-hand" }, fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/units", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/units", path: fixed("/admin/units?q=budget&state=empty"), author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/units.csv", fields: []string{}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/units/new", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/units/new", path: at("/admin/units/new?parent=", office), author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/units", fields: []string{"name", "Nouveau {number}"}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "GET /admin/units/{id}", path: at("/admin/units/", office), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/units/{id}", path: at("/admin/units/", office), fields: []string{"name", "Autre"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/units/{id}/shift", path: at("/admin/units/", office, "/shift"), fields: []string{"do", "up"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/units/{id}/empty", path: at("/admin/units/", office, "/empty"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/units/{id}/empty", path: at("/admin/units/", office, "/empty"), fields: []string{"unit", ""}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/units/{id}/delete", path: at("/admin/units/", office, "/delete"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/invite", path: at("/admin/agents/", card, "/invite"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/cancel", path: at("/admin/agents/", (*estate).guest, "/cancel"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/password", path: at("/admin/agents/", card, "/password"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/sign-in/help", fields: []string{"help", "Appelez le 12"}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "GET /admin/sign-in", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/sign-in/issuer", fields: []string{}, author: 404, colleague: 404, stranger: 422, anonymous: 303},
	{route: "POST /admin/sign-in", fields: []string{"login", "{login}"}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/mirror", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/mirror", fields: []string{"people_base", "dc=x", "people_filter", "(cn=*)", "family_name", "sn", "every", "15", "share", "10"}, author: 404, colleague: 404, stranger: 422, anonymous: 303},
	{route: "POST /admin/mirror/turn", fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/mirror/try", fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/mirror/run", fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/mirror/allow", fields: []string{"closings", "0123"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/mirror/links", fields: []string{}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "GET /admin/mirror/runs/{id}", path: at("/admin/mirror/runs/", (*estate).reading), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/webhooks", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/webhooks", fields: []string{"address", "https://paie.example/{number}", "label", "Paie {number}"}, author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/webhooks/{id}", path: at("/admin/webhooks/", (*estate).hook), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/webhooks/{id}", path: at("/admin/webhooks/", (*estate).hook), fields: []string{"address", "https://paie.example/", "label", "Paie"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/webhooks/{id}/try", path: at("/admin/webhooks/", (*estate).hook, "/try"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/webhooks/{id}/rotate", path: at("/admin/webhooks/", (*estate).hook, "/rotate"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/webhooks/{id}/pause", path: at("/admin/webhooks/", (*estate).hook, "/pause"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/webhooks/{id}/resume", path: at("/admin/webhooks/", (*estate).hook, "/resume"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/webhooks/{id}/remove", path: at("/admin/webhooks/", (*estate).hook, "/remove"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/webhooks/{id}/restore", path: at("/admin/webhooks/", (*estate).hook, "/restore"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/webhooks/{id}/deliveries/{message}/resend", path: func(e *estate) string {
		id := e.hook()
		return "/admin/webhooks/" + id + "/deliveries/" + id + "/resend"
	}, fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/export", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/export", fields: []string{}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "GET /admin/export/{id}", path: at("/admin/export/", (*estate).archive), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/agents/{id}/erase", path: at("/admin/agents/", card, "/erase"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /admin/agents/{id}/erase", path: at("/admin/agents/", card, "/erase"), fields: []string{"name", "x"}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /admin/erasures", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "GET /admin/erasures/{id}", path: at("/admin/erasures/", (*estate).erased), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /pool/collectivities/{id}/erase", path: at("/pool/collectivities/", own, "/erase"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/collectivities/{id}/erase", path: at("/pool/collectivities/", own, "/erase"), fields: []string{"name", "x"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 422},
	{route: "POST /pool/collectivities/{id}/recall", path: at("/pool/collectivities/", own, "/recall"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 404},
	{route: "GET /pool/erasures", author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /pool/erasures/{id}", path: fixed("/pool/erasures/effacement-x"), author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 404},
	{route: "GET /pool", author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /pool", path: fixed("/pool?q=martinet&state=open"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/collectivities.csv", fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /pool/collectivities/{id}", path: at("/pool/collectivities/", own), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /pool/collectivities/{id}/suspend", path: at("/pool/collectivities/", own, "/suspend"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/collectivities/{id}/suspend", path: at("/pool/collectivities/", (*estate).hosted, "/suspend"), fields: []string{"reason", "Essai"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "POST /pool/collectivities/{id}/resume", path: at("/pool/collectivities/", (*estate).hosted, "/resume"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "GET /pool/collectivities/{id}/assist", path: at("/pool/collectivities/", own, "/assist"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/collectivities/{id}/assist", path: at("/pool/collectivities/", (*estate).hosted, "/assist"), fields: []string{"reason", "Essai", "minutes", "15"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "POST /pool/collectivities/{id}/rejoin", path: at("/pool/collectivities/", (*estate).hosted, "/rejoin"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 404},
	{route: "POST /pool/assistance/end", fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 404},
	{route: "GET /admin/assistance", author: 404, colleague: 404, stranger: 200, anonymous: 303},
	{route: "POST /admin/assistance", fields: []string{}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "POST /admin/assistance/invite", fields: []string{"why", "Un essai"}, author: 404, colleague: 404, stranger: 303, anonymous: 303},
	{route: "POST /admin/assistance/{id}/end", path: at("/admin/assistance/", (*estate).assistance, "/end"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /pool/collectivities/{id}/outgoing", path: at("/pool/collectivities/", own, "/outgoing"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/collectivities/{id}/outgoing", path: at("/pool/collectivities/", (*estate).hosted, "/outgoing"), fields: []string{"do", "save", "networks", "10.1.2.0/24"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "GET /pool/quotas", author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/quotas", fields: []string{"choice-agents", "bound", "agents", "beaucoup"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 422},
	{route: "GET /pool/collectivities/{id}/quotas", path: at("/pool/collectivities/", own, "/quotas"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/collectivities/{id}/quotas", path: at("/pool/collectivities/", (*estate).hosted, "/quotas"), fields: []string{"choice-agents", "bound", "agents", "5"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "GET /pool/announcements", author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /pool/announcements/new", author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/announcements", fields: []string{"do", "preview", "level", "information", "french", "Texte", "until", "{soon}", "reach", "all"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 200},
	{route: "GET /pool/announcements/{id}", path: at("/pool/announcements/", (*estate).notice), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/announcements/{id}", path: at("/pool/announcements/", (*estate).notice), fields: []string{"do", "publish", "seen", "9", "level", "information", "french", "Texte", "until", "{soon}", "reach", "all"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 409},
	{route: "POST /pool/announcements/{id}/end", path: at("/pool/announcements/", (*estate).notice, "/end"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "POST /pool/announcements/{id}/resume", path: at("/pool/announcements/", (*estate).notice, "/resume"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "POST /pool/announcements/{id}/undo", path: at("/pool/announcements/", (*estate).notice, "/undo"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "POST /announcements/{id}/away", path: at("/announcements/", (*estate).notice, "/away"), fields: []string{}, author: 303, colleague: 303, stranger: 404, anonymous: 303},
	{route: "POST /announcements/{id}/back", path: at("/announcements/", (*estate).notice, "/back"), fields: []string{}, author: 303, colleague: 303, stranger: 404, anonymous: 303},
	{route: "GET /pool/journal", author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /pool/journal", path: at("/pool/journal?of=", own), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /theme/sample/{file}", path: fixed("/theme/sample/17566b.css"), author: 200, colleague: 200, stranger: 200, anonymous: 303},
	{route: "GET /pool/new", author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /pool/new", path: fixed("/pool/new?q=meung"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/new", fields: []string{"id", "neuve-{number}", "name", "Neuve", "long_name", "Mairie de Neuve", "kind", "commune", "zone", "Europe/Paris"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "GET /pool/templates", author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /pool/templates/new", author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "GET /pool/templates/new", path: fixed("/pool/templates/new?from=town"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/templates", fields: []string{"name", "Petite commune", "kind", "commune", "widget", "agenda", "state", "locked", "size", "m"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "GET /pool/templates/{id}", path: at("/pool/templates/", (*estate).template), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/templates/{id}", path: at("/pool/templates/", (*estate).template), fields: []string{"name", "Petite commune", "kind", "commune", "widget", "agenda", "state", "locked", "size", "m", "version", "9"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 409},
	{route: "POST /pool/templates/{id}/drop", path: at("/pool/templates/", (*estate).template, "/drop"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "POST /pool/templates/{id}/restore", path: at("/pool/templates/", (*estate).template, "/restore"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "GET /pool/drafts/{id}/template", path: at("/pool/drafts/", (*estate).draft, "/template"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/drafts/{id}/template", path: at("/pool/drafts/", (*estate).draft, "/template"), fields: []string{"template", "town"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "GET /pool/drafts/{id}/identity", path: at("/pool/drafts/", (*estate).draft, "/identity"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/drafts/{id}/identity", path: at("/pool/drafts/", (*estate).draft, "/identity"), fields: []string{"name", ""}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 422},
	{route: "GET /pool/drafts/{id}/look", path: at("/pool/drafts/", (*estate).draft, "/look"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/drafts/{id}/look", path: at("/pool/drafts/", (*estate).draft, "/look"), fields: []string{"colour", "#7a1f3d"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "GET /pool/drafts/{id}/sign-in", path: at("/pool/drafts/", (*estate).draft, "/sign-in"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/drafts/{id}/sign-in", path: at("/pool/drafts/", (*estate).draft, "/sign-in"), fields: []string{"domains", "neuve.example"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "GET /pool/drafts/{id}/first", path: at("/pool/drafts/", (*estate).draft, "/first"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/drafts/{id}/first", path: at("/pool/drafts/", (*estate).draft, "/first"), fields: []string{"given_name", "Anne", "family_name", "Neuve", "address", "anne@neuve.example"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "GET /pool/drafts/{id}/services", path: at("/pool/drafts/", (*estate).draft, "/services"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/drafts/{id}/services", path: at("/pool/drafts/", (*estate).draft, "/services"), fields: []string{"links", "Finances https://finances.example/"}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "GET /pool/drafts/{id}/open", path: at("/pool/drafts/", (*estate).draft, "/open"), author: 404, colleague: 404, stranger: 404, anonymous: 303},
	{route: "POST /pool/drafts/{id}/open", path: at("/pool/drafts/", (*estate).draft, "/open"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 422},
	{route: "POST /pool/drafts/{id}/drop", path: at("/pool/drafts/", (*estate).draft, "/drop"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},
	{route: "POST /pool/drafts/{id}/restore", path: at("/pool/drafts/", (*estate).draft, "/restore"), fields: []string{}, author: 404, colleague: 404, stranger: 404, anonymous: 303, operator: 303},

	{route: "GET /assets/*", path: fixed("/assets/none"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /healthz", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /readyz", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /robots.txt", author: 200, colleague: 200, stranger: 200, anonymous: 200},

	// What CAS tells of tickets is in sso/cas: TestACollectivityTellsNothingOfAnother.
	{route: "GET /cas/login", path: fixed("/cas/login?service=https%3A%2F%2Fnowhere.example%2F"), author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "POST /cas/login", fields: []string{"service", "https://nowhere.example/"}, author: 403, colleague: 403, stranger: 403, anonymous: 403},
	{route: "GET /cas/logout", writes: true, author: 302, colleague: 302, stranger: 302, anonymous: 302},
	{route: "GET /cas/validate", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /cas/serviceValidate", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /cas/p3/serviceValidate", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /cas/proxyValidate", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /cas/p3/proxyValidate", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /cas/proxy", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "POST /cas/samlValidate", fields: []string{}, author: 200, colleague: 200, stranger: 200, anonymous: 200},

	// The DAV tree takes no cookie: TestDAVOfAnotherFindsNothing asks with passwords.
	{route: "* /dav/*", path: fixed("/dav/"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "* /dav", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PROPFIND /", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "OPTIONS /", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PROPFIND /principals/", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "* /.well-known/caldav", author: 301, colleague: 301, stranger: 301, anonymous: 301},
	{route: "* /.well-known/carddav", author: 301, colleague: 301, stranger: 301, anonymous: 301},
	// The API takes no cookie: TestTheAPIOfAnotherFindsNothing asks with app passwords.
	{route: "* /api/v1/{rest:.*}", path: fixed("/api/v1/nowhere"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /api/v1/openapi.json", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /api/v1/me", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /api/v1/agents", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/agents", fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /api/v1/agents/{id}", path: fixed("/api/v1/agents/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PATCH /api/v1/agents/{id}", path: fixed("/api/v1/agents/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/agents/{id}/close", path: fixed("/api/v1/agents/x/close"), fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/agents/{id}/reopen", path: fixed("/api/v1/agents/x/reopen"), fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/collectivities", fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /api/v1/bookings", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/bookings", fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "DELETE /api/v1/bookings/{id}", path: fixed("/api/v1/bookings/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /api/v1/resources", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /api/v1/units", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/units", fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PATCH /api/v1/units/{id}", path: fixed("/api/v1/units/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "DELETE /api/v1/units/{id}", path: fixed("/api/v1/units/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /api/v1/groups", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/groups", fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PATCH /api/v1/groups/{id}", path: fixed("/api/v1/groups/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "DELETE /api/v1/groups/{id}", path: fixed("/api/v1/groups/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /api/v1/groups/{id}/members", path: fixed("/api/v1/groups/x/members"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PUT /api/v1/groups/{id}/members/{agent}", path: fixed("/api/v1/groups/x/members/y"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "DELETE /api/v1/groups/{id}/members/{agent}", path: fixed("/api/v1/groups/x/members/y"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /api/v1/rights", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/rights", fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "DELETE /api/v1/rights/{id}", path: fixed("/api/v1/rights/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /api/v1/webhooks", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/webhooks", fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /api/v1/webhooks/{id}", path: fixed("/api/v1/webhooks/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PUT /api/v1/webhooks/{id}", path: fixed("/api/v1/webhooks/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "DELETE /api/v1/webhooks/{id}", path: fixed("/api/v1/webhooks/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/webhooks/{id}/pause", path: fixed("/api/v1/webhooks/x/pause"), fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/webhooks/{id}/resume", path: fixed("/api/v1/webhooks/x/resume"), fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/webhooks/{id}/restore", path: fixed("/api/v1/webhooks/x/restore"), fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/webhooks/{id}/rotate", path: fixed("/api/v1/webhooks/x/rotate"), fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/webhooks/{id}/try", path: fixed("/api/v1/webhooks/x/try"), fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /api/v1/webhooks/{id}/deliveries", path: fixed("/api/v1/webhooks/x/deliveries"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /api/v1/webhooks/{id}/deliveries/{message}/resend", path: fixed("/api/v1/webhooks/x/deliveries/y/resend"), fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /scim/v2/Users", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /scim/v2/Users", fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /scim/v2/Users/{id}", path: fixed("/scim/v2/Users/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PUT /scim/v2/Users/{id}", path: fixed("/scim/v2/Users/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PATCH /scim/v2/Users/{id}", path: fixed("/scim/v2/Users/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "DELETE /scim/v2/Users/{id}", path: fixed("/scim/v2/Users/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /scim/v2/Groups", author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "POST /scim/v2/Groups", fields: []string{}, author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /scim/v2/Groups/{id}", path: fixed("/scim/v2/Groups/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PUT /scim/v2/Groups/{id}", path: fixed("/scim/v2/Groups/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "PATCH /scim/v2/Groups/{id}", path: fixed("/scim/v2/Groups/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "DELETE /scim/v2/Groups/{id}", path: fixed("/scim/v2/Groups/x"), author: 401, colleague: 401, stranger: 401, anonymous: 401},
	{route: "GET /scim/v2/ServiceProviderConfig", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /scim/v2/ResourceTypes", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /scim/v2/Schemas", author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /scim/v2/ResourceTypes/{id}", path: fixed("/scim/v2/ResourceTypes/User"), author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "GET /scim/v2/Schemas/{id}", path: fixed("/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group"), author: 200, colleague: 200, stranger: 200, anonymous: 200},
	{route: "* /scim/v2/{rest:.*}", path: fixed("/scim/v2/Rien"), author: 404, colleague: 404, stranger: 404, anonymous: 404},
	{route: "GET /api/v1/journal", author: 401, colleague: 401, stranger: 401, anonymous: 401},
}

func (v visit) isPost() bool { return v.writes || strings.HasPrefix(v.route, "POST ") }

// ask sends the visit as a client would from a page of ours.
func (v visit) ask(e *estate, client *servertest.Client, path string) servertest.Answer {
	method, _, _ := strings.Cut(v.route, " ")
	switch {
	case v.file:
		return client.Upload(path, "crue.txt", e.upload())
	case method == "POST":
		return client.Post(path, e.fill(v.fields, path)...)
	case method == "GET" || method == "*":
		return client.Get(path)
	}
	return client.Do(method, path, nil)
}

// place is the address of the visit in a collectivity.
func (v visit) place(e *estate) string {
	if v.path != nil {
		return v.path(e)
	}
	_, path, _ := strings.Cut(v.route, " ")
	return path
}

// TestEveryRouteKeepsItsCollectivity asks every route of the portal for
// something of each collectivity, as people of all of them and of none.
func TestEveryRouteKeepsItsCollectivity(t *testing.T) {
	w := newWorld(t)
	access := map[string]web.Access{}
	for _, route := range w.Router.Routes() {
		access[route.Method+" "+route.Path] = route.Access
	}
	described := map[string]bool{}
	for _, v := range visits {
		if _, exists := access[v.route]; !exists {
			t.Errorf("the table speaks of %s, which is no route", v.route)
		}
		described[v.route] = true
	}
	for _, name := range slices.Sorted(maps.Keys(access)) {
		if !described[name] {
			t.Errorf("route %s (%s) has no line in the isolation table", name, access[name])
		}
	}
	t.Run("reading changes nothing", func(t *testing.T) {
		for _, e := range w.estates {
			readEverything(t, w, e, access)
		}
	})
	t.Run("writing reaches one's own", func(t *testing.T) { writeEverything(t, w, w.of("bourg"), access) })
	w.silentLog(t)
}

// readEverything asks all that is read of one collectivity, its author first so
// that every cache is full of what is hers.
func readEverything(t *testing.T, w *world, e *estate, access map[string]web.Access) {
	people, seen := w.people(e), map[string]int{}
	paths := make([]string, len(visits))
	for i, v := range visits {
		if !v.isPost() {
			paths[i] = v.place(e)
		}
	}
	for i := range people {
		people[i].client = w.client(people[i])
	}
	w.WaitForIndex()
	before := dump(t, w.Portal)
	for i, v := range visits {
		if v.isPost() {
			continue
		}
		for _, p := range people {
			answer := v.ask(e, p.client, paths[i])
			v.judge(t, w, e, p, paths[i], access[v.route], answer)
			if p.in != "" {
				seen[p.who] += strings.Count(answer.Body, w.of(p.in).every)
			}
		}
	}
	for _, p := range people {
		if p.in != "" && seen[p.who] < 30 {
			t.Errorf("%s reads her own collectivity's word %d times only: the table asks for the wrong things", p.who, seen[p.who])
		}
	}
	if diff := cmp.Diff(before, dump(t, w.Portal)); diff != "" {
		t.Errorf("reading changed the store:\n%s", diff)
	}
}

// writeEverything sends every form to an object of its own, first as those who
// may not, and the author last.
func writeEverything(t *testing.T, w *world, e *estate, access map[string]web.Access) {
	owned := func() []string { return without(of(dump(t, w.Portal), e.id), w.account(secretary)) }
	for _, v := range visits {
		if !v.isPost() {
			continue
		}
		path, people := v.place(e), w.people(e)
		for i := range people {
			people[i].client = w.client(people[i])
		}
		author, colleague := people[0], people[1]
		before := dump(t, w.Portal)
		for _, site := range otherSites(access[v.route]) {
			answer := author.client.Do("POST", path, nil, append(site, "Content-Type", "application/x-www-form-urlencoded")...)
			if answer.Status != http.StatusForbidden {
				t.Errorf("POST %s from another site (%v): %d, want 403", path, site, answer.Status)
			}
			hardened(t, v.route, answer)
		}
		if diff := cmp.Diff(before, dump(t, w.Portal)); diff != "" {
			t.Errorf("POST %s from another site changed the store:\n%s", path, diff)
		}
		ours := owned()
		for _, p := range people {
			if p.in != e.id {
				v.judge(t, w, e, p, path, access[v.route], v.ask(e, p.client, path))
			}
		}
		if diff := cmp.Diff(ours, owned()); diff != "" {
			t.Errorf("POST %s by somebody from elsewhere changed what is of %s:\n%s", path, e.id, diff)
		}
		between := dump(t, w.Portal)
		v.judge(t, w, e, colleague, path, access[v.route], v.ask(e, colleague.client, path))
		if diff := cmp.Diff(between, dump(t, w.Portal)); diff != "" && v.colleague >= 400 {
			t.Errorf("POST %s, refused to a colleague, changed the store:\n%s", path, diff)
		}
		v.judge(t, w, e, author, path, access[v.route], v.ask(e, author.client, path))
	}
}

// otherSites are the headers by which a browser says that a form is of another
// site; none for a protocol, which reads no cookie and so has nothing to lose.
func otherSites(access web.Access) [][]string {
	if access == web.Protocol {
		return nil
	}
	return [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://voleur.example"}, {"Sec-Fetch-Site", "same-site", "Sec-Fetch-Dest", "iframe"}}
}

// judge compares an answer with the table's line.
func (v visit) judge(t *testing.T, w *world, e *estate, p person, path string, access web.Access, answer servertest.Answer) {
	t.Helper()
	if want := v.status(e, p, access); want != 0 && answer.Status != want {
		t.Errorf("%s %s: %s gets %d, want %d\n%.300s", v.route, path, p.who, answer.Status, want, answer.Body)
	}
	w.silent(t, p, v.route+" "+path, path, answer)
	if access != web.Protocol {
		hardened(t, v.route, answer)
	}
}

// status is what a person must get of a collectivity's object, 0 for one who is
// another of its agents.
func (v visit) status(e *estate, p person, access web.Access) int {
	switch {
	case p.login == "":
		return v.anonymous
	case p.in == "":
		return v.ofOperator(access)
	case p.login == e.author:
		return v.author
	case p.login == e.colleague:
		return v.colleague
	case p.in == e.id:
		return 0
	case onlyAdministrators(access) && !strings.HasPrefix(p.login, "admin@"):
		return http.StatusNotFound // what only an administrator has
	}
	return v.stranger
}

// onlyAdministrators says whether a page is of those who govern, wholly or in part.
func onlyAdministrators(access web.Access) bool {
	return access == web.Administrator || access == web.Needs(portal.ManageDuties) || slices.ContainsFunc(portal.Administration, func(right portal.Right) bool {
		return access == web.Needs(right) || access == web.NeedsSomewhere(right)
	})
}

// ofOperator is what who operates the pool gets: her own page, the public
// ones, and nothing of any collectivity.
func (v visit) ofOperator(access web.Access) int {
	switch access {
	case web.Public, web.Protocol:
		return 0 // as anybody
	case web.Operator:
		return max(v.operator, http.StatusOK)
	case web.Account:
		return v.stranger // as whoever has an account elsewhere
	}
	return http.StatusSeeOther
}

// hardened fails an answer to a browser that lacks a security header
// (reliability.md 11).
func hardened(t *testing.T, route string, answer servertest.Answer) {
	t.Helper()
	policy := answer.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") && !strings.Contains(policy, "sandbox") {
		t.Errorf("%s: content security policy %q", route, policy)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := answer.Header.Get(name); got != want {
			t.Errorf("%s: %s = %q, want %q", route, name, got, want)
		}
	}
	for _, name := range []string{"Permissions-Policy", "Cache-Control"} {
		if answer.Header.Get(name) == "" {
			t.Errorf("%s: no %s", route, name)
		}
	}
}
