package server_test

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"
	"time"

	"parvis/booking"
	"parvis/portal"
)

// depot is a place with a minibus that is booked from a quarter of an hour ago on, for two hours.
type depot struct {
	*hall
	minibus booking.ResourceID
	event   string
}

func newDepot(t *testing.T) *depot {
	h := newHall(t)
	d := &depot{hall: h, minibus: h.add("bourg", booking.Resource{
		Kind: booking.Vehicle, Name: "Minibus", Seats: 9,
		Vehicle: booking.VehicleFacts{Plate: "FG-482-KL", Energy: "diesel", Odometer: 84_210, Inspection: in(10), Insured: in(400)},
	})}
	event, err := d.Booking.Book(t.Context(), d.Caller("agent@bourg.example", "bourg"), d.minibus, time.Now().Add(-15*time.Minute), time.Now().Add(2*time.Hour), "Piscine")
	if err != nil {
		t.Fatal(err)
	}
	d.event = event
	return d
}

// in is the day some days from now, as a form has it.
func in(days int) string { return time.Now().AddDate(0, 0, days).Format(time.DateOnly) }

func photograph(t *testing.T, width, height int) *bytes.Reader {
	t.Helper()
	var file bytes.Buffer
	if err := jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, width, height)), nil); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(file.Bytes())
}

// TestAVehicleIsTakenAndBroughtBack by two short forms, with a photograph that only the driver and who governs it see.
func TestAVehicleIsTakenAndBroughtBack(t *testing.T) {
	d := newDepot(t)
	claire, noe, admin := d.As("agent@bourg.example"), d.As("collegue@bourg.example"), d.As("admin@bourg.example")
	take := between(t, claire.Get("/bookings/mine").Want(t, 200, "Prendre le véhicule").Body, `class="button main" href="`, `"`)
	claire.Get("/bookings/resources/"+string(d.minibus)).Want(t, 200, "Prendre le véhicule")
	lacks(t, noe.Get("/bookings/resources/"+string(d.minibus)).Body, "Prendre le véhicule")
	lacks(t, noe.Get("/bookings/resources/"+string(d.minibus)).Body, "Carnet de bord")
	claire.Get(strings.ReplaceAll(take, "&amp;", "&")).Want(t, 200, `value="84210"`, "84\u202f210\u00a0km au dernier relevé", `capture="environment"`, "3/8")
	fields := []string{"resource", string(d.minibus), "event", d.event, "km", "84 200", "level", "875", "said", "Pare-chocs rayé"}
	claire.Post("/bookings/trips", fields...).Want(t, 422, "ne peut pas être en dessous de 84\u202f210", `value="84 200"`, "Pare-chocs rayé", `<option value="875" selected>7/8`)
	fields[5] = "90000"
	claire.Post("/bookings/trips", fields...).Want(t, 422, "Oui, ce compteur est juste")
	fields[5] = "84 212 km"
	claire.Upload("/bookings/trips", "auto.jpg", strings.NewReader("not a picture"), fields...).Want(t, 422, "Pare-chocs rayé", "Reprenez la photo")
	claire.Upload("/bookings/trips", "auto.jpg", photograph(t, 900, 2000), fields...).Want(t, http.StatusSeeOther)
	mine := claire.Get("/bookings/mine").Want(t, 200, "départ noté", "Annuler", "Rendre le véhicule", "Sorti, attendu").Body
	id := between(t, mine, `href="/bookings/trips/`, `"`)
	noe.Get("/bookings?kind=vehicle").Want(t, 200, "Sorti, attendu")
	noe.Get("/bookings/resources/"+string(d.minibus)).Want(t, 200, "Sorti, attendu", "Camille Le Goff")

	photo := claire.Get("/bookings/trips/"+id+"/photo?at=out").Want(t, 200)
	kept, err := jpeg.DecodeConfig(strings.NewReader(photo.Body))
	if err != nil || kept.Height != 1280 || kept.Width != 576 {
		t.Errorf("the photograph is %d × %d: %v", kept.Width, kept.Height, err)
	}
	admin.Get("/bookings/trips/"+id+"/photo?at=out").Want(t, 200)
	noe.Get("/bookings/trips/"+id+"/photo?at=out").Want(t, 404)

	claire.Get("/bookings/trips/"+id+"/back").Want(t, 200, "84\u202f212\u00a0km au départ")
	back := func(more ...string) []string { return append([]string{"km", "84260", "level", "500"}, more...) }
	claire.Post("/bookings/trips/"+id+"/back", back("date", in(1), "clock", "10:00")...).Want(t, 422, "pas encore passé", `value="10:00"`)
	claire.Post("/bookings/trips/"+id+"/back", back("date", "hier", "clock", "")...).Want(t, 422, "Indiquez un jour et une heure")
	claire.Post("/bookings/trips/"+id+"/back", back("incident", "1")...).Want(t, 422, "en quelques mots")
	claire.Post("/bookings/trips/"+id+"/back", back()...).Want(t, http.StatusSeeOther)
	lacks(t, claire.Get("/bookings/mine").Want(t, 200, "retour noté").Body, "Rendre le véhicule")
	admin.Get("/bookings/resources/"+string(d.minibus)+"/log").Want(t, 200, "Camille Le Goff", "48\u00a0km", "Pare-chocs rayé", "4/8")
	admin.Get("/admin/resources/"+string(d.minibus)).Want(t, 200, `value="84260"`)
	claire.Post("/bookings/trips/"+id+"/undo").Want(t, http.StatusSeeOther)
	claire.Get("/bookings/mine").Want(t, 200, "retour annulé", "Rendre le véhicule")
	claire.Post("/bookings/trips/"+id+"/undo").Want(t, http.StatusSeeOther)
	claire.Get("/bookings/mine").Want(t, 200, "départ annulé", "Prendre le véhicule")
}

// TestALogBookIsNoFormula in a spreadsheet, and the journal says who has it.
func TestALogBookIsNoFormula(t *testing.T) {
	d := newDepot(t)
	admin := d.As("admin@bourg.example")
	admin.Post("/bookings/trips", "resource", string(d.minibus), "event", d.event, "km", "84215", "said", "=HYPERLINK(1)").Want(t, http.StatusSeeOther)
	admin.Post("/bookings/resources/"+string(d.minibus)+"/log.csv").Want(t, 200, ";Camille Le Goff;84215;;", "'=HYPERLINK(1)", "Conducteur")
	admin.Get("/admin/journal").Want(t, 200, "Véhicule sorti pour un autre agent", "Carnet de bord exporté")
	admin.Post("/bookings/resources/"+string(d.room)+"/log.csv").Want(t, 404)
}

// TestAnIncidentIsDealtWith in À traiter of who governs vehicles, who may withdraw it from its page.
func TestAnIncidentIsDealtWith(t *testing.T) {
	d := newDepot(t)
	claire, admin := d.As("agent@bourg.example"), d.As("admin@bourg.example")
	claire.Post("/bookings/trips", "resource", string(d.minibus), "event", d.event, "km", "84210").Want(t, http.StatusSeeOther)
	id := between(t, claire.Get("/bookings/mine").Body, `href="/bookings/trips/`, `"`)
	claire.Post("/bookings/trips/"+id+"/back", "km", "84220", "said", "Rétroviseur arraché", "incident", "1").Want(t, http.StatusSeeOther)
	claire.Get("/bookings/mine").Want(t, 200, "prévenu de l’incident")
	lacks(t, claire.Get("/todo").Want(t, 200).Body, "Incident avec")
	admin.Get("/todo").Want(t, 200, "Incident avec «\u00a0Minibus\u00a0»", "Rétroviseur arraché", "Camille Le Goff", "/bookings/trips/"+id)
	admin.Get("/bookings/trips/"+id).Want(t, 200, "Rétroviseur arraché", `action="/admin/resources/`+string(d.minibus)+`/withdraw"`)
	lacks(t, claire.Get("/bookings/trips/"+id).Want(t, 200, "Incident").Body, "withdraw")
	admin.Post("/todo/do/bourg/incidents/"+id+"/handle").Want(t, http.StatusSeeOther)
	lacks(t, admin.Get("/todo").Want(t, 200, "Incident avec «\u00a0Minibus\u00a0» traité").Body, "Rétroviseur arraché")
	admin.Post("/bookings/trips/"+id+"/handled", "handled", "0").Want(t, http.StatusSeeOther)
	admin.Get("/todo").Want(t, 200, "Rétroviseur arraché")
}

// TestWhatIsNotBroughtBackIsTold to the driver, to who has it next, and to who governs it.
func TestWhatIsNotBroughtBackIsTold(t *testing.T) {
	d := newDepot(t)
	claire, noe, admin := d.As("agent@bourg.example"), d.As("collegue@bourg.example"), d.As("admin@bourg.example")
	claire.Post("/bookings/trips", "resource", string(d.minibus), "event", d.event, "km", "84210").Want(t, http.StatusSeeOther)
	now := time.Now()
	if _, err := d.DB.Exec(t.Context(), `UPDATE bookings SET starts = $1, ends = $2 WHERE collectivity = 'bourg' AND event = $3`,
		now.Add(-3*time.Hour).UnixMilli(), now.Add(-31*time.Minute).UnixMilli(), d.event); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Booking.Book(t.Context(), d.Caller("collegue@bourg.example", "bourg"), d.minibus, now.Add(time.Hour), now.Add(2*time.Hour), ""); err != nil {
		t.Fatal(err)
	}
	late := booking.LateSource{Store: d.Booking}
	for login, want := range map[string]int{"agent@bourg.example": 1, "admin@bourg.example": 1, "collegue@bourg.example": 0} {
		if n, err := late.Count(t.Context(), d.Caller(login, "bourg")); err != nil || n != want {
			t.Errorf("for %s %d are late, want %d: %v", login, n, want, err)
		}
	}
	claire.Get("/todo").Want(t, 200, "Rendre «\u00a0Minibus\u00a0»", "En retard, attendu")
	claire.Get("/bookings/mine").Want(t, 200, "En retard, attendu", "Rendre le véhicule")
	noe.Get("/bookings/mine").Want(t, 200, "pas encore rendu, attendu")
	admin.Get("/todo").Want(t, 200, "«\u00a0Minibus\u00a0» n’est pas rendu", "Camille Le Goff")
	admin.Get("/bookings/resources/"+string(d.minibus)).Want(t, 200, "En retard, attendu", "Rendre le véhicule", "Carnet de bord")
}

// TestPapersThatEndAreTold in À traiter and on the first page of the administration, and before a booking; without an
// insurance nothing goes out.
func TestPapersThatEndAreTold(t *testing.T) {
	d := newDepot(t)
	kangoo := d.add("bourg", booking.Resource{Kind: booking.Vehicle, Name: "Kangoo", Vehicle: booking.VehicleFacts{Odometer: 1000, Insured: in(-1)}})
	admin, claire := d.As("admin@bourg.example"), d.As("agent@bourg.example")
	admin.Get("/todo").Want(t, 200, "Contrôle technique de «\u00a0Minibus\u00a0» avant le", "L’assurance de «\u00a0Kangoo\u00a0» s’est arrêtée le")
	admin.Get("/admin").Want(t, 200, "Le contrôle technique d’un véhicule est à faire dans le mois", "L’assurance d’un véhicule s’est arrêtée", "Kangoo")
	lacks(t, claire.Get("/todo").Want(t, 200).Body, "Kangoo")
	lacks(t, d.As("admin@agglo.example").Get("/todo").Want(t, 200).Body, "Kangoo")
	lacks(t, d.As("admin@agglo.example").Get("/admin").Want(t, 200).Body, "Kangoo")
	claire.Get("/bookings?kind=vehicle&date="+in(20)+"&from=10:00&to=11:00").Want(t, 200, "Contrôle technique à faire avant le")
	claire.Get("/bookings/resources/"+string(kangoo)).Want(t, 200, "L’assurance s’arrête le")
	event, err := d.Booking.Book(t.Context(), d.Caller("agent@bourg.example", "bourg"), kangoo, time.Now(), time.Now().Add(time.Hour), "")
	if err != nil {
		t.Fatal(err)
	}
	claire.Post("/bookings/trips", "resource", string(kangoo), "event", event, "km", "1000").Want(t, http.StatusConflict, "il ne peut pas sortir")
}

// TestAVehicleIsTakenFromItsBox with the km of the last time, and the box leads to where it is brought back.
func TestAVehicleIsTakenFromItsBox(t *testing.T) {
	d := newDepot(t)
	box := booking.NewWidget(d.Booking, booking.Vehicle)
	claire, noe := boxRequest(t, d.Caller("agent@bourg.example", "bourg")), boxRequest(t, d.Caller("collegue@bourg.example", "bourg"))
	content, err := box.Load(t.Context(), claire)
	if err != nil || len(content.Items) != 1 || len(content.Items[0].Actions) != 1 || content.Items[0].Actions[0].Name != "take-out" || content.Items[0].Detail != "Réservé pour vous" {
		t.Fatalf("the box shows %+v, %v", content, err)
	}
	take := content.Items[0].Actions[0].Values
	if _, err := box.Act(t.Context(), noe, "take-out", take); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a colleague takes it: %v", err)
	}
	said, err := box.Act(t.Context(), claire, "take-out", take)
	if err != nil || said.Key != "booking.trip.done.out" || !strings.HasSuffix(said.Undo, "/undo") {
		t.Fatalf("%+v, %v", said, err)
	}
	content, err = box.Load(t.Context(), claire)
	if err != nil || !strings.HasPrefix(content.Notice.Text, "Minibus\u00a0: Sorti, attendu") || !strings.HasSuffix(content.Notice.Link.URL, "/back") {
		t.Fatalf("the box shows %+v, %v", content.Notice, err)
	}
	content, err = box.Load(t.Context(), noe)
	if err != nil || content.Notice.Text != "" || !strings.Contains(content.Items[0].Detail, "Sorti, attendu") || !strings.Contains(content.Items[0].Detail, "Camille Le Goff") {
		t.Fatalf("the box of a colleague shows %+v, %v", content, err)
	}
	d.As("agent@bourg.example").Post(said.Undo).Want(t, http.StatusSeeOther)
}
