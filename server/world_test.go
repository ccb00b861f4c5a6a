package server_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"parvis/applications"
	"parvis/booking"
	"parvis/calendar"
	"parvis/contacts"
	"parvis/dav"
	"parvis/dav/vcard"
	"parvis/directory"
	"parvis/documents"
	"parvis/kiosk"
	"parvis/mail"
	"parvis/news"
	"parvis/portal"
	"parvis/portal/seal"
	"parvis/server"
	"parvis/server/servertest"
	"parvis/sso"
	"parvis/weather"
)

// words are what the fields of one collectivity hold and nobody else may read,
// so that a leak says whence it comes and how deep it goes.
type words struct {
	name  string // what it is called, which who belongs to it knows wherever she is
	every string // in all that it holds
	group string // beside every in what is for its group accueil
	own   string // beside every in what is its author's alone
	phone string // of its help desk, as pages show it
	theme string // begins the address of its colours
}

func wordsOf(id portal.CollectivityID, phone string) words {
	return words{"martinet" + string(id), "crecerelle" + string(id), "hulotte" + string(id), "effraie" + string(id), phone, "/theme/" + string(id) + "-"}
}

func (v words) all() []string {
	return []string{v.name, v.every, v.group, v.own, v.phone, v.theme}
}

const (
	secretary = "secretaire@bourg.example" // in accueil of bourg and of syndicat, edits in both
	operator  = "pool@pool.example"
)

// world is a portal where three collectivities hold one of everything.
type world struct {
	*servertest.Portal
	t       *testing.T
	post    mail.Server // with everybody's mailbox
	estates []*estate
}

// estate is one collectivity and what it holds.
type estate struct {
	*servertest.Portal
	words
	t  *testing.T
	id portal.CollectivityID

	author    string        // who is in accueil and edits everything
	colleague string        // who is in no group and has no right
	manager   string        // who has every right
	caller    portal.Caller // the author's
	admin     portal.Caller // the manager's

	accueil   portal.GroupID
	unit      portal.UnitID
	card      portal.AgentID
	app       string // application for accueil
	folderID  documents.FolderID
	vehicleID string
	shared    calendar.Calendar // for accueil
	password  string            // app password of the author

	mailServer mail.Server
	number     int // of objects made so far, so that no two share a name
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Portal: servertest.NewWith(t, func(c *server.Config) { c.Log.Requests = true }), t: t}
	for _, place := range []struct {
		id            portal.CollectivityID
		phone, colour string
	}{{"bourg", "61 91 01 71", "#17566b"}, {"agglo", "61 91 02 72", "#6b2f7a"}, {"syndicat", "61 91 03 73", "#2e6b34"}} {
		e := &estate{Portal: w.Portal, words: wordsOf(place.id, place.phone), t: t, id: place.id, accueil: "accueil"}
		e.author, e.colleague, e.manager = e.login("redaction"), e.login("collegue"), e.login("admin")
		e.caller, e.admin = w.Caller(e.author, e.id), w.Caller(e.manager, e.id)
		e.must(w.Directory.ChangeCollectivity(t.Context(), directory.Collectivity{
			ID: e.id, Name: e.name, LongName: "Mairie " + e.name, Kind: "commune",
			Phone: "02 " + e.phone, Colour: place.colour, Domains: []string{string(e.id) + ".example"},
		}))
		w.estates = append(w.estates, e)
	}
	w.openMail()
	for _, e := range w.estates {
		e.furnish()
		e.fillUp()
	}
	return w
}

// of is one collectivity's estate.
func (w *world) of(id portal.CollectivityID) *estate {
	i := slices.IndexFunc(w.estates, func(e *estate) bool { return e.id == id })
	return w.estates[i]
}

func (e *estate) login(name string) string { return name + "@" + string(e.id) + ".example" }

// openMail serves everybody's mailbox and that of accueil in every collectivity.
func (w *world) openMail() {
	w.t.Helper()
	var addresses []string
	var letters []servertest.Letter
	for _, person := range servertest.People() {
		addresses = append(addresses, person.Login)
	}
	for _, e := range w.estates {
		addresses = append(addresses, e.mailbox())
		for to, text := range map[string]string{e.author: e.text(e.own), e.mailbox(): e.text(e.group), e.colleague: e.text(), e.manager: e.text(e.group)} {
			letters = append(letters, servertest.Letter{To: to, From: text, Address: e.every + "@courriel.example", Subject: text, Body: text, At: time.Now()})
		}
	}
	bourg := w.of("bourg")
	letters = append(letters, servertest.Letter{To: secretary, From: bourg.group, Address: "x@courriel.example", Subject: bourg.group, Body: bourg.group, At: time.Now()})
	w.post = w.OpenMail(addresses, letters)
	for _, e := range w.estates {
		e.mailServer = w.post
		e.mailServer.Webmail = "https://" + e.every + ".example/"
		e.must(w.Mail.SetServer(w.t.Context(), e.admin, e.mailServer))
		e.must(w.Mail.SetShared(w.t.Context(), e.admin, mail.Shared{Address: e.mailbox(), Name: e.text(e.group), Audience: []portal.GroupID{e.accueil}}))
	}
}

// mailbox is that of accueil.
func (e *estate) mailbox() string { return e.login(e.group) }

func (e *estate) must(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

// text is a new text for all of the collectivity, or for fewer with more words.
func (e *estate) text(more ...string) string {
	e.number++
	return strings.Join(append([]string{"budget", e.every}, append(more, strconv.Itoa(e.number))...), " ")
}

// furnish adds what the collectivity has once.
func (e *estate) furnish() {
	e.t.Helper()
	ctx, toAccueil, address := e.t.Context(), []portal.GroupID{e.accueil}, e.login(e.every)
	var err error
	e.unit, err = e.Directory.CreateUnit(ctx, e.admin, directory.Unit{Name: e.text()})
	e.must(err)
	_, err = e.Directory.CreateGroup(ctx, e.admin, directory.Group{Name: e.text(e.group)})
	e.must(err)
	account, err := e.Directory.CreateAccount(ctx, directory.Installation(""), address)
	e.must(err)
	e.card, err = e.Directory.CreateAgent(ctx, e.admin, directory.Agent{
		Account: account, GivenName: "Budget", FamilyName: e.every, Function: e.every, Unit: e.unit,
		Email: address, Phone: "02 61 91 01 42", Mobile: "06 39 98 00 42", Office: e.every,
	})
	e.must(err)
	e.app, err = e.Applications.Create(ctx, e.admin, applications.Application{
		ID: portal.NewID(), Name: e.text(e.group), Description: e.text(e.group), URL: "https://" + e.group + ".example/", Category: e.text(e.group),
		Pinned: true, Audience: toAccueil,
	}, "")
	e.must(err)
	_, err = e.Applications.Create(ctx, e.admin, applications.Application{Name: e.text(), URL: "https://" + e.every + ".example/", Pinned: true}, "")
	e.must(err)
	e.shared, err = e.Calendar.CreateCalendar(ctx, e.admin, calendar.NewCalendar{
		Name: e.text(e.group), Description: e.text(e.group), Shared: true, ReadGroups: toAccueil, WriteGroups: toAccueil,
	})
	e.must(err)
	e.must(e.Weather.SetPlace(ctx, e.admin, weather.Place{Name: e.every, Latitude: 47, Longitude: 1}))
	e.folderID = e.folder("")
	e.vehicleID = e.vehicle()
	e.password = e.AppPassword(e.author, e.id)
}

// fillUp makes one of everything that an author makes.
func (e *estate) fillUp() {
	e.t.Helper()
	for _, make := range []func() string{
		e.article, e.removedArticle, e.document, e.removedDocument, e.event, e.sharedEvent, e.undo, e.remoteEvent, e.appPassword, e.request, e.answer, e.granted, e.resource, e.hiddenResource, e.bookingRequest, e.bookingOffer, e.trip, e.incident, e.lending, e.borrowed, e.duty, e.unswapped, e.callOut, e.contactPage, e.groupContact, e.removedContact, e.contactImport,
	} {
		make()
	}
	_, err := e.News.Create(e.t.Context(), e.caller, e.every, news.Draft{
		Title: e.text(), Body: e.text(), Starts: time.Now().Add(-time.Hour), Ends: time.Now().AddDate(0, 0, 7),
	})
	e.must(err)
}

// article is for accueil.
func (e *estate) article() string {
	e.t.Helper()
	text := e.text(e.group)
	id, err := e.News.Create(e.t.Context(), e.caller, e.every, news.Draft{
		Title: text, Body: "Le **" + text + "**", Starts: time.Now().Add(-time.Hour),
		Ends: time.Now().AddDate(0, 0, 7), Audience: []portal.GroupID{e.accueil},
	})
	e.must(err)
	return string(id)
}

// team is a group whose identifier no other collectivity has.
func (e *estate) team() string {
	e.t.Helper()
	id, err := e.Directory.AddGroup(e.t.Context(), e.admin, e.text(), "")
	e.must(err)
	return string(id)
}

// resource is a room that the author has booked.
func (e *estate) resource() string {
	e.t.Helper()
	id := e.room(booking.Resource{
		Category: e.text(), Description: e.text(), Features: []string{e.text()}, Closings: []booking.Closing{{First: "2030-01-01", Last: "2030-01-02", Reason: e.text()}},
	})
	e.books(id)
	return string(id)
}

// device adds a kiosk.
func (e *estate) device() string {
	e.t.Helper()
	id, _, err := e.Kiosks.Create(e.t.Context(), e.admin, kiosk.Kiosk{Name: e.text(), Place: e.text(), For: portal.Subject{Kind: portal.TheUnit, ID: string(e.unit)}}, "")
	e.must(err)
	return string(id)
}

// room adds one with some facts.
func (e *estate) room(r booking.Resource) booking.ResourceID {
	e.t.Helper()
	r.Kind, r.Name, r.Place, r.Address = booking.Room, e.text(), e.text(), e.login(portal.NewID())
	id, err := e.Booking.Create(e.t.Context(), e.admin, r, "")
	e.must(err)
	return id
}

// books puts an event of the author's that invites a resource, and returns its name.
func (e *estate) books(id booking.ResourceID) string {
	e.t.Helper()
	uid := portal.NewID()
	_, err := e.Calendar.Put(e.t.Context(), e.caller, calendar.CalendarID(e.caller.Agent), uid+".ics",
		invitationText(uid, e.text(e.own), "mailto:"+e.author, "/dav/principals/"+string(id)+"/"), calendar.Condition{})
	e.must(err)
	return uid + ".ics"
}

// picturedResource is one with a photograph, hiddenResource one that the author alone sees.
func (e *estate) picturedResource() string { return e.pictureOf(booking.Resource{}) }

func (e *estate) hiddenResource() string {
	return e.pictureOf(booking.Resource{Seers: []portal.Subject{{Kind: portal.TheAgent, ID: string(e.caller.Agent)}}})
}

func (e *estate) pictureOf(r booking.Resource) string {
	e.t.Helper()
	id := e.room(r)
	e.must(e.Booking.SetPhoto(e.t.Context(), e.admin, id, "v", map[int][]byte{96: {1}, 384: {1}}, ""))
	return string(id)
}

// screen is one on a door.
func (e *estate) screen() string {
	e.t.Helper()
	_, err := e.Booking.MakeScreen(e.t.Context(), e.admin, booking.Screen{Label: e.text(), Resources: []booking.ResourceID{e.room(booking.Resource{})}}, "")
	e.must(err)
	all, err := e.Booking.Screens(e.t.Context(), e.admin)
	e.must(err)
	return all[0].ID
}

// bookingRequest waits for the author, who accepts the bookings of a resource, and bookingOffer is kept for her.
func (e *estate) bookingRequest() string {
	e.t.Helper()
	id := e.room(booking.Resource{Approval: true, Approvers: []portal.Subject{{Kind: portal.TheAgent, ID: string(e.caller.Agent)}}})
	_, err := e.Booking.Book(e.t.Context(), e.admin, id, time.Now().Add(48*time.Hour), time.Now().Add(49*time.Hour), e.text(e.group))
	e.must(err)
	asked, err := e.Booking.Asked(e.t.Context(), e.caller, 100)
	e.must(err)
	return asked[slices.IndexFunc(asked, func(one booking.Asked) bool { return one.Resource == id })].ID
}

func (e *estate) bookingOffer() string {
	e.t.Helper()
	id := e.room(booking.Resource{})
	start := time.Now().Add(48 * time.Hour)
	event, err := e.Booking.Book(e.t.Context(), e.admin, id, start, start.Add(time.Hour), e.text(e.group))
	e.must(err)
	wait, err := e.Booking.WaitFor(e.t.Context(), e.caller, id, start, start.Add(time.Hour), e.text(e.own))
	e.must(err)
	_, err = e.Booking.Cancel(e.t.Context(), e.admin, event, time.Time{})
	e.must(err)
	return wait
}

// vehicle is one whose bookings the author accepts; trip is one of hers that is out; incident came back with damage; and
// tripVehicle has a log book.
func (e *estate) vehicle() string {
	e.t.Helper()
	r := booking.Resource{Kind: booking.Vehicle, Name: e.text(), Vehicle: booking.VehicleFacts{Odometer: 100}}
	r.Seers = []portal.Subject{{Kind: portal.TheAgent, ID: string(e.caller.Agent)}}
	r.Approvers = r.Seers
	id, err := e.Booking.Create(e.t.Context(), e.admin, r, "")
	e.must(err)
	return string(id)
}

func (e *estate) tripOf(vehicle string) string {
	e.t.Helper()
	trip, err := e.Booking.CheckOut(e.t.Context(), e.caller, booking.Taking{Resource: booking.ResourceID(vehicle), Leg: booking.Leg{Km: 110, Said: e.text()}}, "")
	e.must(err)
	return trip.ID
}

func (e *estate) trip() string { return e.tripOf(e.vehicle()) }

func (e *estate) incident() string {
	e.t.Helper()
	id := e.trip()
	_, err := e.Booking.CheckIn(e.t.Context(), e.caller, id, booking.Returning{Leg: booking.Leg{Km: 120, Said: e.text()}, Incident: true, Picture: []byte{1}}, "")
	e.must(err)
	return id
}

func (e *estate) tripVehicle() string {
	id := e.vehicle()
	e.tripOf(id)
	return id
}

// arrival is an import that waits for its administrator to agree.
func (e *estate) arrival() string {
	e.t.Helper()
	id, err := e.Arrivals.Bring(e.t.Context(), e.admin, e.text()+".csv", []byte("Nom;Courriel\n"+e.text()+";"+e.login("arrivee")+"\n"))
	e.must(err)
	e.must(e.Arrivals.Plan(e.t.Context(), e.admin, id, []directory.Column{directory.FamilyColumn, directory.EmailColumn}, directory.LeaveNamesakes))
	return id
}

// unitMove is all of a unit, moved away at once.
func (e *estate) unitMove() string {
	e.t.Helper()
	from, err := e.Directory.AddUnit(e.t.Context(), e.admin, directory.Unit{Name: e.text(e.group)}, "")
	e.must(err)
	_, err = e.Directory.AddUnit(e.t.Context(), e.admin, directory.Unit{Name: e.text(e.group), Parent: from}, "")
	e.must(err)
	move, err := e.Directory.EmptyUnit(e.t.Context(), e.admin, from, "", "")
	e.must(err)
	return move
}

func (e *estate) removedGroup() string {
	id := e.team()
	e.must(e.Directory.DeleteGroup(e.t.Context(), e.admin, portal.GroupID(id), ""))
	return id
}

func (e *estate) removedArticle() string {
	id := e.article()
	e.must(e.News.Delete(e.t.Context(), e.caller, news.ArticleID(id)))
	return id
}

// folder is for accueil.
func (e *estate) folder(parent documents.FolderID) documents.FolderID {
	e.t.Helper()
	draft := documents.FolderDraft{Name: e.text(e.group), Parent: parent}
	if parent == "" {
		draft.Readers, draft.Writers = []portal.GroupID{e.accueil}, []portal.GroupID{e.accueil}
	}
	id, err := e.Documents.CreateFolder(e.t.Context(), e.caller, draft)
	e.must(err)
	return id
}

func (e *estate) topFolder() string { return string(e.folder("")) }

func (e *estate) file() *documents.Incoming {
	e.t.Helper()
	text := e.text(e.group)
	file, err := e.Documents.Receive(e.t.Context(), e.caller, text+".txt", strings.NewReader("Le "+text+" de la commune.\n"), 0)
	e.must(err)
	return file
}

// document is for accueil, in its second version.
func (e *estate) document() string {
	e.t.Helper()
	ids, err := e.Documents.Add(context.Background(), e.caller, e.every, e.folderID, []documents.Upload{{File: e.file()}})
	e.must(err)
	e.must(e.Documents.Replace(e.t.Context(), e.caller, e.every, ids[0], e.file()))
	return string(ids[0])
}

func (e *estate) removedDocument() string {
	id := e.document()
	e.must(e.Documents.Delete(e.t.Context(), e.caller, documents.DocumentID(id)))
	return id
}

// contact is the DAV name of a card in the author's own address book.
func (e *estate) contact() string {
	e.t.Helper()
	name := portal.NewID() + ".vcf"
	octets := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" + name + "\r\nFN:" + vcard.Escape(e.text(e.own)) + "\r\nEND:VCARD\r\n"
	_, err := e.Contacts.Put(e.t.Context(), e.caller, contacts.BookID(e.caller.Agent), name, []byte(octets), dav.Conditions{})
	e.must(err)
	return name
}

// contactPage is the address of one on pages.
func (e *estate) contactPage() string { return e.cardIn(contacts.BookID(e.caller.Agent), e.own) }

// groupContact is one in the book of accueil, where its members write.
func (e *estate) groupContact() string { return e.cardIn(contacts.BookID(e.groupBook()), e.group) }

func (e *estate) cardIn(book contacts.BookID, reading string) string {
	e.t.Helper()
	name := portal.NewID() + ".vcf"
	octets := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" + name + "\r\nFN:" + vcard.Escape(e.text(reading)) + "\r\nNOTE:" + vcard.Escape(e.text(reading)) + "\r\nEND:VCARD\r\n"
	_, err := e.Contacts.Put(e.t.Context(), e.caller, book, name, []byte(octets), dav.Conditions{})
	e.must(err)
	return string(book) + "/" + base64.RawURLEncoding.EncodeToString([]byte(name))
}

// ownBook is another one of the author's.
func (e *estate) ownBook() string {
	e.t.Helper()
	id, err := e.Contacts.CreateBook(e.t.Context(), e.caller, contacts.NewBook{Name: e.text(e.own), Description: e.text(e.own)}, "")
	e.must(err)
	return string(id)
}

// groupBook is one of accueil.
func (e *estate) groupBook() string {
	e.t.Helper()
	id, err := e.Contacts.CreateBook(e.t.Context(), e.admin, contacts.NewBook{
		Name: e.text(e.group), To: portal.Subject{Kind: portal.TheGroup, ID: string(e.accueil)}, MembersWrite: true,
	}, "")
	e.must(err)
	return string(id)
}

// removedContact is one of the author's own that she may put back.
func (e *estate) removedContact() string {
	e.t.Helper()
	name := e.contact()
	undo, err := e.Contacts.Remove(e.t.Context(), e.caller, contacts.BookID(e.caller.Agent), name)
	e.must(err)
	return undo
}

// contactImport is a file of the author's that waits.
func (e *estate) contactImport() string {
	e.t.Helper()
	text := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" + portal.NewID() + "\r\nFN:" + vcard.Escape(e.text(e.own)) + "\r\nEND:VCARD\r\n"
	id, err := e.Contacts.PlanImport(e.t.Context(), e.caller, contacts.BookID(e.caller.Agent), e.text(e.own)+".vcf", []byte(text))
	e.must(err)
	return id
}

// event is in the author's own calendar.
func (e *estate) event() string {
	e.t.Helper()
	text := e.text(e.own)
	own, err := e.Calendar.Calendars(e.t.Context(), e.caller)
	e.must(err)
	start := time.Now().Add(time.Hour).Truncate(time.Minute)
	id, err := e.Calendar.CreateEvent(e.t.Context(), e.caller, calendar.Draft{
		Calendar: own[0].ID, Title: text, Location: e.text(e.own),
		Description: e.text(e.own), Start: start, End: start.Add(time.Hour),
	})
	e.must(err)
	return string(id)
}

// sharedEvent is in the calendar of accueil.
func (e *estate) sharedEvent() string {
	e.t.Helper()
	start := time.Now().Add(2 * time.Hour).Truncate(time.Minute)
	id, err := e.Calendar.CreateEvent(e.t.Context(), e.caller, calendar.Draft{
		Calendar: e.shared.ID, Title: e.text(e.group), Location: e.text(e.group),
		Start: start, End: start.Add(time.Hour),
	})
	e.must(err)
	return string(id)
}

// ownCalendar holds an event of the author's own.
func (e *estate) ownCalendar() string {
	e.t.Helper()
	e.event()
	return string(e.caller.Agent)
}

func (e *estate) commonCalendar() string { return string(e.shared.ID) }

// feed is a secret link to the author's own calendar.
func (e *estate) feed() string {
	e.t.Helper()
	_, err := e.Calendar.MakeLink(e.t.Context(), e.caller, calendar.Link{Calendar: calendar.CalendarID(e.ownCalendar()), Label: e.text(e.own)})
	e.must(err)
	links, err := e.Calendar.Links(e.t.Context(), e.caller)
	e.must(err)
	return links[0].ID
}

// task is in the author's own calendar.
func (e *estate) task() string {
	e.t.Helper()
	id, err := e.Calendar.CreateTask(e.t.Context(), e.caller, calendar.TaskDraft{
		Calendar: calendar.CalendarID(e.ownCalendar()), Title: e.text(e.own), Description: e.text(e.own), Due: time.Now(),
	})
	e.must(err)
	return string(id)
}

// fileImport is a file that is read and not yet written; doneImport is written.
func (e *estate) fileImport() string {
	e.t.Helper()
	text := "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:" + portal.NewID() + "\nDTSTART:20261124T090000Z\nSUMMARY:" + e.text(e.own) + "\nEND:VEVENT\nEND:VCALENDAR\n"
	id, err := e.Calendar.PlanImport(e.t.Context(), e.caller, calendar.CalendarID(e.ownCalendar()), e.text(e.own)+".ics", []byte(text))
	e.must(err)
	return id
}

func (e *estate) doneImport() string {
	e.t.Helper()
	id := e.fileImport()
	e.must(e.Calendar.RunImport(e.t.Context(), e.caller, id, time.Now().Add(time.Minute)))
	return id
}

// share opens the author's calendar to a group in which nobody is.
func (e *estate) share() string {
	e.t.Helper()
	empty, err := e.Directory.CreateGroup(e.t.Context(), e.admin, directory.Group{Name: e.text()})
	e.must(err)
	id, err := e.Calendar.Share(e.t.Context(), e.caller, calendar.Share{
		Calendar: calendar.CalendarID(e.caller.Agent), To: portal.Subject{Kind: portal.TheGroup, ID: string(empty)}, Level: calendar.LevelRead,
	}, "")
	e.must(err)
	return id
}

func (e *estate) endedShare() string {
	e.t.Helper()
	id := e.share()
	e.must(e.Calendar.EndShare(e.t.Context(), e.caller, id, ""))
	return id
}

// delegate gives the author's agenda to who is listed and never signs in.
func (e *estate) delegate() string {
	e.t.Helper()
	id, err := e.Calendar.Delegate(e.t.Context(), e.caller, calendar.Delegate{Agent: e.card, Writes: true}, "")
	e.must(err)
	return id
}

func (e *estate) endedDelegate() string {
	e.t.Helper()
	id := e.delegate()
	e.must(e.Calendar.EndDelegate(e.t.Context(), e.caller, id, ""))
	return id
}

func (e *estate) undo() string {
	e.t.Helper()
	undo, err := e.Calendar.Remove(e.t.Context(), e.caller, calendar.Target{Event: calendar.EventID(e.event())})
	e.must(err)
	return undo
}

// askable is an application that is shown to all, and open to nobody that the
// tests are.
func (e *estate) askable() string {
	e.t.Helper()
	closed, err := e.Directory.CreateGroup(e.t.Context(), e.admin, directory.Group{Name: e.text()})
	e.must(err)
	id, err := e.Applications.Create(e.t.Context(), e.admin, applications.Application{
		ID: portal.NewID(), Name: e.text(), Description: e.text(), URL: "https://" + e.every + ".example/", Audience: []portal.GroupID{closed}, OnDemand: true,
	}, "")
	e.must(err)
	return id
}

// asked is one that the author asked for.
func (e *estate) asked() string {
	e.t.Helper()
	id := e.askable()
	_, err := e.Applications.Ask(e.t.Context(), e.caller, id, e.text(e.group), "")
	e.must(err)
	return id
}

// request is what the author asked.
func (e *estate) request() string {
	e.t.Helper()
	offer, err := e.Applications.Offer(e.t.Context(), e.caller, e.asked())
	e.must(err)
	return offer.Request.ID
}

// answer is a request of hers that the manager granted.
func (e *estate) answer() string {
	e.t.Helper()
	id := e.request()
	_, err := e.Applications.Answer(e.t.Context(), e.admin, id, applications.Answer{Grant: true}, "")
	e.must(err)
	return id
}

// granted is the place of an access that the author was given.
func (e *estate) granted() string {
	e.t.Helper()
	id := e.askable()
	e.must(e.Applications.Grant(e.t.Context(), e.admin, id, e.caller.Agent, time.Now().Add(time.Hour), ""))
	return id + "/access/" + string(e.caller.Agent)
}

// revoked is that of one that was taken away.
func (e *estate) revoked() string {
	e.t.Helper()
	place := e.granted()
	id, _, _ := strings.Cut(place, "/")
	_, err := e.Applications.Revoke(e.t.Context(), e.admin, id, e.caller.Agent, "")
	e.must(err)
	return place
}

// right is one that those of accueil have for a while.
func (e *estate) right() string {
	e.t.Helper()
	e.number++
	id, err := e.Directory.Give(e.t.Context(), e.admin, directory.Given{
		Right: portal.EditNews, Ends: time.Now().Add(time.Hour + time.Duration(e.number)*time.Second),
		Subject: portal.Subject{Kind: portal.TheGroup, ID: string(e.accueil)},
	}, "")
	e.must(err)
	return id
}

// loan is a right that the author lends.
func (e *estate) loan() string {
	e.t.Helper()
	e.number++
	id, err := e.Directory.Lend(e.t.Context(), e.caller, directory.Given{
		Right: portal.EditNews, Ends: time.Now().Add(time.Hour + time.Duration(e.number)*time.Second),
		Subject: portal.Subject{Kind: portal.TheAgent, ID: string(e.admin.Agent)},
	}, "")
	e.must(err)
	return id
}

func (e *estate) takenRight() string {
	e.t.Helper()
	id := e.right()
	_, err := e.Directory.Take(e.t.Context(), e.admin, id, "")
	e.must(err)
	return id
}

func (e *estate) appPassword() string {
	e.t.Helper()
	_, err := e.SSO.AppPasswords.Create(e.t.Context(), e.caller, sso.AppPassword{Name: e.text(e.own), Scopes: portal.Scopes{portal.ScopeCalendar, portal.ScopeContacts}})
	e.must(err)
	all, err := e.SSO.AppPasswords.List(e.t.Context(), e.caller)
	e.must(err)
	return all[0].ID
}

// guest is an agent who was invited.
func (e *estate) guest() string {
	e.t.Helper()
	e.number++
	guests := directory.ParseGuests("Budget " + e.every + " <" + e.login(e.every+strconv.Itoa(e.number)) + ">")
	_, err := e.Inviter.Invite(e.t.Context(), e.admin, guests, directory.Placing{})
	e.must(err)
	var id string
	e.must(e.DB.QueryRow(e.t.Context(), `SELECT agent FROM invitations WHERE collectivity = $1 AND login = $2`, string(e.id), guests[0].Login).Scan(&id))
	return id
}

// key is a passkey of the author's.
func (e *estate) key() string {
	e.t.Helper()
	id := portal.NewID()
	_, err := e.DB.Exec(e.t.Context(), `INSERT INTO account_keys (account, id, credential, record, name, created) VALUES ($1, $2, $3, '{}', $4, 1)`,
		string(e.caller.Account), id, []byte(id), e.text(e.own))
	e.must(err)
	return id
}

// session is a second session of the author.
func (e *estate) session() string {
	e.t.Helper()
	before := map[string]bool{}
	all, err := e.SSO.Sessions.List(e.t.Context(), e.caller)
	e.must(err)
	for _, session := range all {
		before[session.ID] = true
	}
	e.As(e.author)
	all, err = e.SSO.Sessions.List(e.t.Context(), e.caller)
	e.must(err)
	for _, session := range all {
		if !before[session.ID] {
			return session.ID
		}
	}
	e.t.Fatal("no session was opened")
	return ""
}

// fill puts into the fields of a form the author's own "{calendar}", a
// "{folder}" of accueil, a "{vehicle}", and the change of the article that was "{seen}" last.
func (e *estate) fill(fields []string, path string) []string {
	e.t.Helper()
	e.number++
	seen := ""
	if id, isNews := strings.CutPrefix(path, "/news/"); isNews && slices.Contains(fields, "{seen}") {
		article, err := e.News.Article(e.t.Context(), e.caller, news.ArticleID(id))
		e.must(err)
		seen = strconv.FormatInt(article.Changed.UnixMilli(), 10)
	}
	replace := strings.NewReplacer("{number}", strconv.Itoa(e.number), "{login}", e.author, "{calendar}", string(e.caller.Agent), "{agent}", string(e.caller.Agent), "{folder}", string(e.folderID), "{seen}", seen, "{soon}", localTime(48*time.Hour), "{vehicle}", e.vehicleID)
	filled := make([]string, len(fields))
	for i, field := range fields {
		filled[i] = replace.Replace(field)
	}
	return filled
}

// remoteAccount is an account of the author's on another server, as it is after
// a reading: the server itself is beyond these tests.
func (e *estate) remoteAccount() string {
	e.t.Helper()
	return e.addRemote()
}

// remoteEvent is an event read from that server.
func (e *estate) remoteEvent() string {
	e.t.Helper()
	return e.addRemote() + "-event"
}

func (e *estate) addRemote() string {
	e.t.Helper()
	sealer, err := seal.Open(filepath.Join(e.Config.Data, "secret.key"))
	e.must(err)
	id, now := portal.NewID(), time.Now().UnixMilli()
	calendarID, sealed := id+"-calendar", sealer.Seal("remote/"+string(e.id)+"/"+id, []byte(e.own))
	for _, insert := range []struct {
		query string
		args  []any
	}{
		{
			`INSERT INTO remote_accounts (collectivity, id, agent, name, url, login, sealed, created, tried, read_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8)`,
			[]any{e.id, id, e.caller.Agent, e.text(e.own), "https://" + e.own + ".invalid/", e.own, sealed, now},
		},
		{
			`INSERT INTO remote_calendars (collectivity, id, account, path, name, writable) VALUES ($1, $2, $3, $4, $5, TRUE)`,
			[]any{e.id, calendarID, id, "/" + e.own, e.text(e.own)},
		},
		{
			`INSERT INTO remote_instances (collectivity, calendar, id, uid, starts, ends, all_day, title, location, description, status, transparent, object)
			VALUES ($1, $2, $3, $3, $4, $5, FALSE, $6, $6, $6, '', FALSE, $7)`,
			[]any{e.id, calendarID, id + "-event", now, now + 3_600_000, e.text(e.own), "/" + e.own + "/e.ics"},
		},
	} {
		_, err := e.DB.Exec(e.t.Context(), insert.query, insert.args...)
		e.must(err)
	}
	return id
}

func today() string { return time.Now().Format(time.DateOnly) }

func inDays(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }

// upload is a file of accueil.
func (e *estate) upload() io.Reader { return strings.NewReader("Un " + e.text(e.group) + "\n") }

// draft is a collectivity that is being written down.
func (e *estate) draft() string {
	e.number++
	id, err := e.Directory.SaveIdentity(e.t.Context(), operating(e.t, e.Portal), "", directory.Collectivity{
		ID: portal.CollectivityID(fmt.Sprintf("draft-%s-%d", e.id, e.number)), Name: "Neuve", LongName: "Mairie de Neuve", Kind: "commune",
	})
	e.must(err)
	return string(id)
}

// template is one of the pool.
func (e *estate) template() string {
	e.number++
	id, err := e.Directory.KeepTemplate(e.t.Context(), operating(e.t, e.Portal), directory.Template{Name: fmt.Sprintf("Modèle %d", e.number), Kinds: []string{"commune"}}, "")
	e.must(err)
	return string(id)
}

// assistance is one that the collectivity is given now.
func (e *estate) assistance() string {
	e.number++
	id := fmt.Sprintf("assistance-%s-%d", e.id, e.number)
	account, err := e.Directory.AccountByLogin(e.t.Context(), operator)
	if err == nil {
		_, err = e.DB.Exec(e.t.Context(), `INSERT INTO assistances (collectivity, id, account, login, reason, begun, ends) VALUES ($1, $2, $3, $4, 'Essai', 1, $5)`,
			string(e.id), id, string(account.ID), operator, time.Now().Add(time.Hour).UnixMilli())
	}
	if err != nil {
		e.t.Fatal(err)
	}
	return id
}

// notice is what the pool announces to the collectivity.
func (e *estate) notice() string {
	account, err := e.Directory.AccountByLogin(e.t.Context(), operator)
	e.must(err)
	id := portal.NewID()
	e.must(e.Announcements.Publish(e.t.Context(), portal.Caller{Account: account.ID, Rights: []portal.Right{portal.OperatePool}}, directory.Announcement{
		ID: id, Level: directory.Information, French: "Essai", Until: time.Now().Add(time.Hour), Reach: directory.ReachChosen, Chosen: []portal.CollectivityID{e.id},
	}, ""))
	return id
}

// hosted is a collectivity that nobody is in.
func (e *estate) hosted() string {
	e.number++
	id := portal.CollectivityID(fmt.Sprintf("hosted-%s-%d", e.id, e.number))
	e.must(e.Directory.CreateCollectivity(e.t.Context(), directory.Collectivity{ID: id, Name: "Neuve", LongName: "Mairie de Neuve", Kind: "commune"}))
	return string(id)
}
