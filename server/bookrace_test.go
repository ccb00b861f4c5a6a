package server_test

import (
	"flag"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/portal"
	"parvis/server/servertest"
)

// raceRounds is how often fifty people race for a room: make bench has a thousand.
var raceRounds = flag.Int("rounds", 4, "rounds of the race for a room by every door")

// racer asks for a room by one door.
type racer struct {
	login string
	phone diary
	pages *servertest.Client
	mine  string // calendar
	robot script
}

// book asks for the room for an hour, and returns whether she has it, or what she is told.
func (r racer) book(h *hall, door, round int, at time.Time) (has bool, told string) {
	switch door {
	case 0:
		answer := r.robot.book(h.room, at, 1)
		return answer.Status == http.StatusCreated, answer.Body
	case 1:
		on, from, until := at.Format(time.DateOnly), at.Format("15:04"), at.Add(time.Hour).Format("15:04")
		made := r.pages.Post("/calendar/events", "title", "Budget", "start", on, "start-time", from, "end", on, "end-time", until, "invites", "1",
			"calendar", r.mine, "guest", roomAddress, "guest-name", "Salle du conseil")
		if made.Status != http.StatusSeeOther {
			return false, made.Body
		}
		page := r.pages.Get(made.Header.Get("Location")).Body
		return strings.Contains(page, "réservation confirmée"), page
	default:
		name := fmt.Sprint("race", round, ".ics")
		answer := r.phone.put(event(fmt.Sprint("race", round, r.login), r.login, at, at.Hour(), at.Hour()+1, room), name)
		if answer.Status != http.StatusCreated {
			return false, answer.Body
		}
		text := r.phone.get("personal/" + name)
		return answers(text, room[0]) == "ACCEPTED", text
	}
}

// Fifty people ask for one room at one time, a third by phones, a third on pages, a third by programs: one has it,
// and the others are told by the same sentence that it is taken. go test ./server -run RaceByEveryDoor -rounds 1000
func TestFiftyRaceByEveryDoor(t *testing.T) {
	h := newHall(t)
	const people = 50
	racers := make([]racer, people)
	for i := range racers {
		login := fmt.Sprint("racer", i, "@bourg.example")
		h.Hire(servertest.Person{Login: login, GivenName: "Agent", FamilyName: fmt.Sprint(i), Collectivities: []portal.CollectivityID{"bourg"}})
		racers[i] = racer{login: login, mine: string(h.Caller(login, "bourg").Agent)}
		switch i % 3 {
		case 0:
			racers[i].robot = scriptOf(h.Portal, t, login, "bourg", portal.ScopeCalendar)
		case 1:
			racers[i].pages = h.As(login)
		default:
			racers[i].phone = diaryOf(h.Portal, t, login, "bourg")
		}
	}
	won := [3]int{}
	begun := time.Now()
	for round := range *raceRounds {
		at := day(2).AddDate(0, 0, round/8).Add(time.Duration(8+round%8) * time.Hour)
		at = time.Date(at.Year(), at.Month(), at.Day(), 8+round%8, 0, 0, 0, at.Location())
		var wait sync.WaitGroup
		has, told := make([]bool, people), make([]string, people)
		for i, r := range racers {
			wait.Go(func() { has[i], told[i] = r.book(h, i%3, round, at) })
		}
		wait.Wait()
		winners := 0
		for i := range racers {
			if has[i] {
				winners++
				won[i%3]++
			} else if !strings.Contains(told[i], "Il y a déjà une réservation le") {
				t.Errorf("round %d: %s is told %.600s", round, racers[i].login, told[i])
			}
		}
		if winners != 1 {
			t.Fatalf("round %d: %d have the room", round, winners)
		}
	}
	var double int
	err := h.DB.QueryRow(t.Context(), `
		SELECT COUNT(*) FROM bookings a JOIN bookings b ON b.collectivity = a.collectivity AND b.resource = a.resource AND b.event <> a.event
		AND b.starts < a.ends AND b.ends > a.starts`).Scan(&double)
	if err != nil || double != 0 || h.taken(h.room) != *raceRounds {
		t.Errorf("%d bookings, %d double, after %d rounds: %v", h.taken(h.room), double, *raceRounds, err)
	}
	t.Logf("%d rounds in %v: programs had %d, pages %d, phones %d", *raceRounds, time.Since(begun).Round(time.Millisecond), won[0], won[1], won[2])
}
