package server_test

import (
	"net/http"
	"net/url"
	"testing"
)

// TestThePageSaysWhyARoomDeclined shows the words that the room gave to who invited it.
func TestThePageSaysWhyARoomDeclined(t *testing.T) {
	h := newHall(t)
	diaryOf(h.Portal, t, "admin@bourg.example", "bourg").put(event("first", "admin@bourg.example", day(2), 9, 11, room), "first.ics").Want(t, http.StatusCreated)
	diaryOf(h.Portal, t, "collegue@bourg.example", "bourg").put(event("clash", "collegue@bourg.example", day(2), 10, 12, room), "clash.ics").Want(t, http.StatusCreated)
	var id string
	if err := h.DB.QueryRow(t.Context(), `SELECT id FROM calendar_objects WHERE collectivity = 'bourg' AND uid = 'clash'`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	h.As("collegue@bourg.example").Get("/calendar/events/"+url.PathEscape(id)).Want(t, http.StatusOK, "Salle du conseil", "Il y a déjà une réservation", "de 9\u00a0h à 11\u00a0h")
}
