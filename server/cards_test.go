package server_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/portal"
	"parvis/server/servertest"
)

// picture is a file that becomes a photograph.
func picture(t testing.TB, side int) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// pictured is an agent with a photograph.
func (e *estate) pictured() string {
	e.t.Helper()
	e.must(e.Directory.SetPhoto(e.t.Context(), e.admin, e.card, picture(e.t, 200), ""))
	return string(e.card)
}

// mandate is the end of the address of one: "{agent}/mandates/{mandate}".
func (e *estate) mandate() string {
	e.t.Helper()
	e.must(e.Directory.PutMandate(e.t.Context(), e.admin, e.card, directory.Mandate{Title: e.text()}, ""))
	all, err := e.Directory.Mandates(e.t.Context(), e.admin, e.card)
	e.must(err)
	return string(e.card) + "/mandates/" + all[0].ID
}

// TestAHiddenFieldLeavesByNoDoor shows the number and the photograph of an agent to
// more people and to fewer, and looks at all that leaves the directory, as each of
// them: her card, the list, what is found by the number, the chart, the box on the
// home page, the search, the address book of telephones, the exported file.
func TestAHiddenFieldLeavesByNoDoor(t *testing.T) {
	p := servertest.New(t)
	ctx, bourg := t.Context(), directory.Installation("bourg")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	unit, err := p.Directory.CreateUnit(ctx, bourg, directory.Unit{Name: "Voirie"})
	must(err)
	place := func(login string, unit portal.UnitID, manager portal.AgentID, mobile string) portal.Caller {
		t.Helper()
		caller := p.Caller(login, "bourg")
		shown, err := p.Directory.Enrolled(ctx, p.Caller("admin@bourg.example", "bourg"), caller.Agent)
		must(err)
		typed := shown.Agent
		typed.Unit, typed.Manager, typed.Mobile = unit, manager, mobile
		must(p.Directory.ChangeAgent(ctx, bourg, shown.Agent, typed, ""))
		return p.Caller(login, "bourg")
	}
	chief := place("redaction@bourg.example", "", "", "")
	her := place("agent@bourg.example", unit, chief.Agent, "06 39 98 77 66")
	readers := map[string]string{
		"agent@bourg.example": "herself", "secretaire@bourg.example": "one of her unit", "redaction@bourg.example": "her manager",
		"admin@bourg.example": "an administrator", "collegue@bourg.example": "a colleague",
	}
	place("secretaire@bourg.example", unit, "", "")
	must(p.Directory.SetPhoto(ctx, bourg, her.Agent, picture(t, 300), ""))
	for seenBy, sees := range map[directory.SeenBy][]string{
		directory.ByEveryone: {"herself", "one of her unit", "her manager", "an administrator", "a colleague"},
		directory.ByUnit:     {"herself", "one of her unit", "her manager", "an administrator"},
		directory.ByManagers: {"herself", "her manager", "an administrator"},
		directory.ByNobody:   {"herself"},
	} {
		policy, err := p.Directory.Policy(ctx, bourg)
		must(err)
		shown := policy.Encode()
		for i, one := range policy {
			if one.Field == directory.FieldMobile || one.Field == directory.FieldPhoto {
				policy[i].SeenBy = seenBy
			}
		}
		must(p.Directory.SetPolicy(ctx, bourg, shown, policy, ""))
		p.WaitForIndex()
		for login, reader := range readers {
			if login == "secretaire@bourg.example" && !slices.Contains(p.Caller(login, "bourg").Units, unit) {
				t.Fatal("the secretary is not in the unit")
			}
			her := doors{p, login, string(her.Agent), string(unit)}
			for door, body := range her.personal(t) {
				if got, want := tellsNumber(body), slices.Contains(sees, reader); got != want && !(want && door == "photo") {
					t.Errorf("seen by %s: the %s tells %s the number: %v, want %v", seenBy, door, reader, got, want)
				}
			}
			if got, want := her.photo(), slices.Contains(sees, reader); got != want {
				t.Errorf("seen by %s: %s is given the photograph: %v, want %v", seenBy, reader, got, want)
			}
			for door, body := range her.common(t) {
				if got, want := tellsNumber(body), seenBy == directory.ByEveryone; got != want {
					t.Errorf("seen by %s: the %s tells %s the number: %v, want %v", seenBy, door, reader, got, want)
				}
				if got, want := strings.Contains(body, "PHOTO"), seenBy == directory.ByEveryone && door == "telephone"; got != want {
					t.Errorf("seen by %s: the %s has a photograph for %s: %v, want %v", seenBy, door, reader, got, want)
				}
			}
		}
		file := p.As("admin@bourg.example").Post("/admin/agents.csv")
		if got, want := tellsNumber(file.Body), seenBy != directory.ByNobody; got != want || file.Status != http.StatusOK {
			t.Errorf("seen by %s: the file of agents tells the number: %v, want %v", seenBy, got, want)
		}
	}
}

// tellsNumber looks for the number however it is written.
func tellsNumber(body string) bool {
	only := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" \u00a0\u202f.", r) {
			return -1
		}
		return r
	}, body)
	return strings.Contains(only, "639987766")
}

// doors are what somebody is answered about an agent.
type doors struct {
	*servertest.Portal
	login, agent, unit string
}

// personal are the answers that depend on who asks. What was typed is no answer.
func (d doors) personal(t *testing.T) map[string]string {
	t.Helper()
	client, caller := d.As(d.login), d.Caller(d.login, "bourg")
	found := client.Get("/directory?q=39+98+77").Body
	_, found, _ = strings.Cut(found, `id="found"`)
	answers := map[string]string{
		"card": client.Get("/directory/agents/" + d.agent).Body, "list": client.Get("/directory?unit=" + d.unit).Body, "answer to the number": found,
	}
	if caller.Agent != portal.AgentID(d.agent) && caller.Unit == portal.UnitID(d.unit) { // the box shows the others of one's unit
		answers["box"] = client.Get("/boxes/directory?fragment=1").Body
	}
	return answers
}

// common are the answers that are the same for all of a collectivity.
func (d doors) common(t *testing.T) map[string]string {
	t.Helper()
	client, caller := d.As(d.login), d.Caller(d.login, "bourg")
	_, found, _ := strings.Cut(client.Get("/search?q=0639987766").Body, "<main")
	found = strings.ReplaceAll(found, "0639987766", "")
	request := d.Anonymous().Do("GET", "/dav/contacts/"+string(caller.Agent)+"/directory/"+d.agent+".vcf", nil, "Authorization",
		"Basic "+base64.StdEncoding.EncodeToString([]byte(d.login+":"+d.AppPassword(d.login, "bourg"))))
	if request.Status != http.StatusOK {
		t.Fatalf("her card for telephones = %d", request.Status)
	}
	return map[string]string{"search": found, "telephone": request.Body}
}

func (d doors) photo() bool {
	return d.As(d.login).Get("/directory/agents/"+d.agent+"/photo?side=96").Status == http.StatusOK
}
