package server_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/booking"
)

var secretAddress = regexp.MustCompile(`<code class="secret">[^<]*(/door\?key=[^<]+)</code>`)

// hang makes a screen on a page, and returns where it looks.
func (h *hall) hang(fields ...string) string {
	h.t.Helper()
	page := h.As("admin@bourg.example").Post("/admin/doors", fields...).Want(h.t, http.StatusCreated, "Elle n’est montrée qu’une fois").Body
	found := secretAddress.FindStringSubmatch(page)
	if found == nil {
		h.t.Fatal("no address is told")
	}
	return found[1]
}

// TestADoorTellsWhatIsFree to who passes by, without signing in: no title and no name but by their leave.
func TestADoorTellsWhatIsFree(t *testing.T) {
	h := newHall(t)
	open := h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Salle des fêtes", TitlesPublic: true})
	start := time.Now().Truncate(time.Minute).Add(-10 * time.Minute)
	for _, room := range []booking.ResourceID{h.room, open} {
		if _, err := h.Booking.Book(t.Context(), h.Caller("agent@bourg.example", "bourg"), room, start, start.Add(30*time.Minute), "Point voirie"); err != nil {
			t.Fatal(err)
		}
	}
	secret, named := h.hang("label", "Porte du conseil", "resources", string(h.room)), h.hang("label", "Hall", "names", "1", "resources", string(h.room), "resources", string(open))
	door := h.Anonymous().Get(secret).Want(t, 200, "Salle du conseil", "Réservé jusqu’à", "Bourg-sur-Loire")
	for _, text := range []string{"Point voirie", "Le Goff", "sign-in"} {
		lacks(t, door.Body, text)
	}
	if door.Header.Get("Refresh") != "60" || door.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers %v", door.Header)
	}
	hall := h.Anonymous().Get(named).Want(t, 200, "Salle du conseil", "Salle des fêtes", "Camille Le Goff", "Point voirie").Body
	if n := strings.Count(hall, "Point voirie"); n != 1 {
		t.Errorf("the title is told %d times, want that of the resource whose titles are public", n)
	}
	// An agenda reads the same under the same secret.
	file := h.Anonymous().Get(strings.Replace(secret, "/door?", "/door.ics?", 1)).Want(t, 200, "BEGIN:VEVENT", "SUMMARY:Salle du conseil · Réservé\r\n")
	lacks(t, file.Body, "Point voirie")
	h.Anonymous().Get(strings.Replace(named, "/door?", "/door.ics?", 1)).Want(t, 200, "SUMMARY:Salle des fêtes · Point voirie · Camille Le Goff\r\n")
	h.Anonymous().Do("GET", strings.Replace(secret, "/door?", "/door.ics?", 1), nil, "If-None-Match", file.Header.Get("ETag")).Want(t, http.StatusNotModified)
	h.Anonymous().Get("/door.ics?key=x").Want(t, http.StatusNotFound)
	// Whose session is of another collectivity sees the screen as it is.
	lacks(t, h.As("agent@agglo.example").Get(secret).Want(t, 200, "Bourg-sur-Loire").Body, "Point voirie")
	list := h.As("admin@bourg.example").Get("/admin/doors").Want(t, 200, "Porte du conseil", "Hall", "avec les noms", "lu le").Body
	lacks(t, list, strings.TrimPrefix(secret, "/door?key="))
	lacks(t, h.As("admin@agglo.example").Get("/admin/doors").Want(t, 200).Body, "Porte du conseil")

	_, after, _ := strings.Cut(list, `action="/admin/doors/`)
	id, _, _ := strings.Cut(after, `/revoke`)
	h.As("admin@agglo.example").Post("/admin/doors/"+id+"/revoke").Want(t, http.StatusNotFound)
	h.As("admin@bourg.example").Post("/admin/doors/"+id+"/revoke").Want(t, http.StatusSeeOther)
	gone := 0
	for _, one := range []string{secret, named} {
		if answer := h.Anonymous().Get(one); answer.Status == http.StatusNotFound {
			answer.Want(t, http.StatusNotFound, "Cet écran n’est plus ouvert")
			gone++
		}
	}
	if gone != 1 {
		t.Errorf("%d screens are closed, want that one alone", gone)
	}
}

func TestAScreenIsRefusedBySentences(t *testing.T) {
	h := newHall(t)
	admin := h.As("admin@bourg.example")
	admin.Post("/admin/doors", "label", "").Want(t, http.StatusUnprocessableEntity, "Choisissez au moins une ressource")
	admin.Post("/admin/doors", "label", strings.Repeat("x", 101), "resources", string(h.room)).Want(t, http.StatusUnprocessableEntity, "label-error", "checked")
	// A resource of another collectivity is none.
	h.As("admin@agglo.example").Post("/admin/doors", "label", "Hall", "resources", string(h.room)).Want(t, http.StatusNotFound)
	many := []string{"label", "Hall"}
	for range 13 {
		many = append(many, "resources", string(h.add("bourg", booking.Resource{Kind: booking.Room, Name: "Salle"})))
	}
	admin.Post("/admin/doors", many...).Want(t, http.StatusUnprocessableEntity, "au plus 12")
	h.As("agent@bourg.example").Get("/admin/doors").Want(t, http.StatusNotFound)
	// A suspended collectivity shows nothing.
	secret := h.hang("label", "Porte", "resources", string(h.room))
	h.Anonymous().Get(secret).Want(t, 200)
	h.Suspend("bourg")
	h.Anonymous().Get(secret).Want(t, http.StatusNotFound)
}
