package directory_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"parvis/directory"
	"parvis/portal"
)

// TestCardsStayInTheirCollectivity: who keeps the cards of another gives nobody
// here a photograph or a mandate, reads none, and decides nothing.
func TestCardsStayInTheirCollectivity(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	bourg, admin := tw.appoint(t, tw.anne), tw.appoint(t, tw.luc)
	must(t, tw.SetPhoto(ctx, bourg, tw.anne.Agent, plain(t, 200, 200), ""))
	must(t, tw.PutMandate(ctx, bourg, tw.anne.Agent, directory.Mandate{Title: "Maire"}, ""))
	mandate := got(tw.Mandates(ctx, bourg, tw.anne.Agent))(t)[0]
	_, photo := tw.Photo(ctx, admin, tw.anne.Agent, directory.PhotoSmall)
	for operation, err := range map[string]error{
		"read photo": photo,
		"set photo":  tw.SetPhoto(ctx, admin, tw.anne.Agent, plain(t, 200, 200), ""),
		"add":        tw.PutMandate(ctx, admin, tw.anne.Agent, directory.Mandate{Title: "Maire"}, ""),
		"change":     tw.PutMandate(ctx, admin, tw.luc.Agent, directory.Mandate{ID: mandate.ID, Title: "x"}, ""),
		"drop":       tw.DropMandate(ctx, admin, tw.luc.Agent, mandate.ID, ""),
	} {
		if !errors.Is(err, portal.ErrNotFound) {
			t.Errorf("%s of another collectivity: %v, want ErrNotFound", operation, err)
		}
	}
	if all := got(tw.Mandates(ctx, admin, tw.anne.Agent))(t); len(all) > 0 {
		t.Errorf("mandates of another collectivity: %v", all)
	}
	policy := got(tw.Policy(ctx, admin))(t)
	shown := policy.Encode()
	policy[4].SeenBy = directory.ByNobody
	must(t, tw.SetPolicy(ctx, admin, shown, policy, ""))
	if got(tw.Policy(ctx, bourg))(t).Encode() != shown {
		t.Error("a collectivity decided for another")
	}
	if err := tw.SetPolicy(ctx, admin, shown, policy, ""); !errors.Is(err, portal.ErrConflict) {
		t.Errorf("a form that somebody else overtook: %v, want ErrConflict", err)
	}
	if err := tw.SetPhoto(ctx, tw.both, tw.anne.Agent, plain(t, 200, 200), ""); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("a colleague's photograph: %v, want ErrDenied", err)
	}
}

func plain(t testing.TB, width, height int) []byte {
	t.Helper()
	var file bytes.Buffer
	must(t, png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, width, height))))
	return file.Bytes()
}

// held is a photograph as a camera held sideways writes it: red at what is the top
// once it is upright, with a place in its EXIF.
func held(t testing.TB) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 400, 400))
	for y := range 400 {
		for x := range 400 {
			picture.Set(x, y, color.White)
			if x < 200 { // turned clockwise by orientation 6, the left is the top
				picture.Set(x, y, color.RGBA{200, 0, 0, 255})
			}
		}
	}
	var file bytes.Buffer
	must(t, jpeg.Encode(&file, picture, nil))
	exif := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00GPS 47.9 N 1.9 E")
	segment := append([]byte{0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(exif)+2))...)
	return slices.Concat(file.Bytes()[:2], segment, exif, file.Bytes()[2:])
}

func TestAPhotographIsWrittenAnewAndUpright(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	must(t, tw.SetPhoto(ctx, tw.anne, tw.anne.Agent, held(t), ""))
	for _, side := range []int{directory.PhotoSmall, directory.PhotoMedium, directory.PhotoLarge} {
		octets := got(tw.Photo(ctx, tw.both, tw.anne.Agent, side))(t)
		if bytes.Contains(octets, []byte("Exif")) || bytes.Contains(octets, []byte("GPS")) {
			t.Error("the photograph says where it was taken")
		}
		picture := got(jpeg.Decode(bytes.NewReader(octets)))(t)
		if picture.Bounds().Dx() != side || picture.Bounds().Dy() != side {
			t.Errorf("%v, want a square of %d", picture.Bounds(), side)
		}
		top, _, blue, _ := picture.At(side/2, side/4).RGBA()
		_, _, bottom, _ := picture.At(side/2, side*3/4).RGBA()
		if top < 0x8000 || blue > 0x4000 || bottom < 0xc000 {
			t.Errorf("%d: the photograph is not upright", side)
		}
	}
	must(t, tw.SetPhoto(ctx, tw.anne, tw.anne.Agent, nil, ""))
	if _, err := tw.Photo(ctx, tw.anne, tw.anne.Agent, directory.PhotoSmall); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a photograph that was taken away: %v", err)
	}
}

// lossless is the beginning of a WebP file of 200 by 200, whose picture says that it
// is larger.
func lossless(width, height uint32) []byte {
	canvas := []byte("VP8X\x0a\x00\x00\x00\x00\x00\x00\x00\xc7\x00\x00\xc7\x00\x00")
	picture := append([]byte("VP8L\x08\x00\x00\x00\x2f"), 0, 0, 0, 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(picture[9:], width-1|(height-1)<<14)
	file := slices.Concat([]byte("RIFF\x00\x00\x00\x00WEBP"), canvas, picture)
	binary.LittleEndian.PutUint32(file[4:], uint32(len(file)-8))
	return file
}

// progressive is a JPEG of a side, as its head says, whose scans make it better and better.
func progressive(t testing.TB, side uint16) []byte {
	t.Helper()
	file := held(t)
	at := bytes.Index(file, []byte{0xff, 0xc0})
	if at < 0 {
		t.Fatal("no frame")
	}
	file[at+1] = 0xc2
	binary.BigEndian.PutUint16(file[at+5:], side)
	binary.BigEndian.PutUint16(file[at+7:], side)
	return file
}

// again is a JPEG whose scan comes many times.
func again(t testing.TB, file []byte, times int) []byte {
	t.Helper()
	at, end := bytes.Index(file, []byte{0xff, 0xda}), bytes.LastIndex(file, []byte{0xff, 0xd9})
	if at < 0 || end < at {
		t.Fatal("no scan")
	}
	return slices.Concat(file[:at], bytes.Repeat(file[at:end], times), file[end:])
}

// bomb is a small file that says it unfolds to 3.6 thousand million dots.
func bomb(t testing.TB) []byte {
	t.Helper()
	huge := plain(t, 200, 200)
	binary.BigEndian.PutUint32(huge[16:], 60_000)
	binary.BigEndian.PutUint32(huge[20:], 60_000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	return huge
}

func TestWhatIsNoPhotographIsRefusedInASentence(t *testing.T) {
	tw, ctx := newTown(t), context.Background()
	var moving bytes.Buffer
	must(t, gif.Encode(&moving, image.NewPaletted(image.Rect(0, 0, 200, 200), color.Palette{color.White}), nil))
	for name, c := range map[string]struct {
		file []byte
		key  string
	}{
		"text": {[]byte("bonjour"), "kind"}, "nothing": {[]byte{}, "kind"}, "gif": {moving.Bytes(), "kind"}, "svg": {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), "kind"},
		"cut": {held(t)[:900], "broken"}, "bomb": {bomb(t), "pixels"}, "tiny": {plain(t, 40, 400), "small"},
		"a picture larger than its file says": {lossless(16_000, 16_000), "pixels"}, "a large picture in many scans": {progressive(t, 4000), "pixels"}, "a picture read a thousand times": {again(t, held(t), 1000), "broken"},
		"webp without a picture": {[]byte("RIFF\x10\x00\x00\x00WEBPVP8 \x00\x00\x00\x00"), "broken"},
	} {
		var refused portal.UserError
		err := tw.SetPhoto(ctx, tw.anne, tw.anne.Agent, c.file, "")
		if !errors.As(err, &refused) || refused.Field != "file" || refused.Key != "directory.error.photo."+c.key {
			t.Errorf("%s: %v, want %s", name, err, c.key)
		}
	}
}

func TestAnAgentCorrectsWhatSheMayAndNothingElse(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	shown, _, err := h.OwnCard(ctx, h.anne)
	must(t, err)
	typed := shown
	typed.Office, typed.Email, typed.FamilyName, typed.Function, typed.Unit = "Bureau 3", "maire@bourg.example", "Autre", "Maire", ""
	must(t, h.CorrectOwn(ctx, h.anne, shown, typed, ""))
	now, _, err := h.OwnCard(ctx, h.anne)
	must(t, err)
	if want := func() directory.Agent { a := shown; a.Office = "Bureau 3"; return a }(); now != want {
		t.Errorf("her card is %+v, want %+v", now, want)
	}
	typed.Office = "Bureau 4"
	var other directory.Meanwhile
	if err := h.CorrectOwn(ctx, h.anne, shown, typed, ""); !errors.As(err, &other) || !slices.Equal(other.Fields, []string{"office"}) {
		t.Errorf("over a change that she had not seen: %v, want Meanwhile", err)
	}
	admin := h.appoint(t, h.both)
	policy := got(h.Policy(ctx, admin))(t)
	was := policy.Encode()
	for i := range policy {
		policy[i].Own = false
	}
	must(t, h.SetPolicy(ctx, admin, was, policy, ""))
	must(t, h.CorrectOwn(ctx, h.anne, now, typed, ""))
	if after, _, err := h.OwnCard(ctx, h.anne); err != nil || after != now {
		t.Errorf("she corrected what she may not: %+v, %v", after, err)
	}
	for what, err := range map[string]error{
		"photo":   h.SetPhoto(ctx, h.anne, h.anne.Agent, plain(t, 200, 200), ""),
		"absence": h.StateAbsence(ctx, h.anne, directory.Absence{First: "2030-01-01", Last: "2030-01-02"}, "2030-01-01", ""),
	} {
		if !errors.Is(err, portal.ErrDenied) {
			t.Errorf("%s where the collectivity keeps it: %v, want ErrDenied", what, err)
		}
	}
	h.as(t, h.anne).get("/directory/card").want(t, http.StatusOK, "Ce que la collectivité tient")
}

// TestEveryFieldIsHiddenAndNotFound: each on its own, from a colleague, on the card and
// in the search; her manager sees it.
func TestEveryFieldIsHiddenAndNotFound(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	bourg := directory.Installation("bourg")
	her := got(h.CreateAgent(ctx, bourg, directory.Agent{
		GivenName: "Ysaline", FamilyName: "Cachée", Function: "Archiviste", Manager: h.anne.Agent, Unit: "technique",
		Phone: "02 61 91 77 77", Mobile: "06 39 98 77 66", Email: "ysaline@bourg.example", Office: "Grenier",
	}))(t)
	must(t, h.SetPhoto(ctx, bourg, her, plain(t, 200, 200), ""))
	today := h.now().Format("2006-01-02")
	own := portal.Caller{Collectivity: "bourg", Agent: her, Account: "hers"}
	must(t, h.StateAbsence(ctx, own, directory.Absence{First: today, Last: today}, today, ""))
	value := map[directory.Field]func(a directory.Agent) string{
		directory.FieldPhoto: func(a directory.Agent) string { return a.Photo }, directory.FieldFunction: func(a directory.Agent) string { return a.Function },
		directory.FieldManager: func(a directory.Agent) string { return string(a.Manager) }, directory.FieldPhone: func(a directory.Agent) string { return a.Phone },
		directory.FieldMobile: func(a directory.Agent) string { return a.Mobile }, directory.FieldEmail: func(a directory.Agent) string { return a.Email },
		directory.FieldOffice: func(a directory.Agent) string { return a.Office },
	}
	words := map[directory.Field]string{
		directory.FieldFunction: "archiviste", directory.FieldPhone: "02 61 91 77 77", directory.FieldMobile: "06 39 98 77 66", directory.FieldEmail: "ysaline@bourg", directory.FieldOffice: "grenier",
	}
	for i, hidden := range directory.Fields {
		policy := got(h.Policy(ctx, bourg))(t)
		was := policy.Encode()
		for j := range policy {
			policy[j].SeenBy = directory.ByEveryone
		}
		policy[i].SeenBy = directory.ByManagers
		must(t, h.SetPolicy(ctx, bourg, was, policy, ""))
		for reader, sees := range map[portal.AgentID]bool{h.both.Agent: false, h.anne.Agent: true} {
			caller := portal.Caller{Collectivity: "bourg", Agent: reader, Account: "x"}
			card := got(h.Agent(ctx, caller, her))(t)
			for field, of := range value {
				if got, want := of(card) != "", field != hidden || sees; got != want {
					t.Errorf("%s hidden: %s is shown to %s: %v, want %v", hidden, field, reader, got, want)
				}
			}
			away := got(h.Away(ctx, caller, []directory.Agent{card}, today))(t)
			if got, want := len(away) == 1, hidden != directory.FieldPresence || sees; got != want {
				t.Errorf("%s hidden: the absence is shown: %v, want %v", hidden, got, want)
			}
			for field, text := range words {
				if got, want := got(h.People(ctx, caller, directory.PeopleQuery{Text: text}))(t).Total, field != hidden || sees; (got > 0) != want {
					t.Errorf("%s hidden: %q finds %d, want some: %v", hidden, text, got, want)
				}
			}
		}
		b := h.as(t, h.both)
		shows := map[directory.Field]string{
			directory.FieldPhoto: "/agents/" + string(her) + "/photo", directory.FieldFunction: "Archiviste", directory.FieldEmail: "ysaline@bourg", directory.FieldOffice: "Grenier", directory.FieldPresence: "Absence jusqu’au",
		}
		for _, path := range []string{"/directory/agents/" + string(her), "/directory/agents/" + string(h.anne.Agent), "/directory/chart?unit=technique", "/directory?unit=technique"} {
			if word := shows[hidden]; word != "" && strings.Contains(b.get(path).body, word) {
				t.Errorf("%s hidden: %s shows %q", hidden, path, word)
			}
		}
		for _, path := range []string{"/directory/agents/" + string(her), "/directory/chart", "/directory/agents/" + string(h.anne.Agent)} {
			page := b.get(path)
			page.want(t, http.StatusOK)
			leads := strings.Contains(page.body, "L’Hénoret · ") || strings.Contains(page.body, "Responsable") && strings.Contains(page.body, "L’Hénoret") || strings.Contains(page.body, "Équipe")
			if leads == (hidden == directory.FieldManager) {
				t.Errorf("%s hidden: %s tells who leads her: %v", hidden, path, leads)
			}
		}
	}
}

// TestWhatTheDirectoryServerGivesIsNotCorrectedHere: it would be written over at the
// next reading.
func TestWhatTheDirectoryServerGivesIsNotCorrectedHere(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	for _, text := range []string{
		`INSERT INTO mirrors (collectivity, settings, active) VALUES ($1, '{}', TRUE)`,
		`INSERT INTO mirrored_agents (collectivity, source_key, agent, given) VALUES ($1, 'a', '` + string(h.anne.Agent) + `', 'given_name phone')`,
	} {
		_, err := h.db.Exec(ctx, text, "bourg")
		must(t, err)
	}
	page := h.as(t, h.anne).get("/directory/card")
	page.want(t, http.StatusOK, `name="mobile"`)
	if strings.Contains(page.body, `name="phone"`) {
		t.Error("the page asks for what the directory server gives")
	}
	shown, _, err := h.OwnCard(ctx, h.anne)
	must(t, err)
	typed := shown
	typed.Phone, typed.Mobile = "02 61 91 01 43", "06 39 98 00 01"
	must(t, h.CorrectOwn(ctx, h.anne, shown, typed, ""))
	if now, _, err := h.OwnCard(ctx, h.anne); err != nil || now.Phone != shown.Phone || now.Mobile != typed.Mobile {
		t.Errorf("telephones %q and %q, %v: want the server's, and hers", now.Phone, now.Mobile, err)
	}
}

func TestWhoIsAwayIsSaidUntilTheLastDay(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	anne, colleague := h.as(t, h.anne), h.as(t, h.both)
	day := func(n int) string { return h.now().AddDate(0, 0, n).Format("2006-01-02") }
	anne.post("/directory/card/absence", url.Values{"first_day": {day(0)}, "last_day": {day(-2)}}).want(t, http.StatusUnprocessableEntity, "Ce dernier jour est passé")
	anne.post("/directory/card/absence", url.Values{"first_day": {day(0)}, "last_day": {day(3)}}).want(t, http.StatusSeeOther)
	her := "/directory/agents/" + string(h.anne.Agent)
	for _, page := range []string{her, "/directory?q=anne", "/directory/chart?unit=technique"} {
		colleague.get(page).want(t, http.StatusOK, "Absence jusqu’au")
	}
	// A room that knows of leave says more.
	h.AbsencesFrom(func(context.Context, portal.CollectivityID, []portal.AgentID, string, string) (map[portal.AgentID][]directory.Absence, error) {
		nine := []directory.Absence{{First: day(0), Last: day(9)}}
		return map[portal.AgentID][]directory.Absence{h.anne.Agent: nine, h.luc.Agent: nine}, nil
	})
	agent := got(h.Agent(ctx, h.both, h.anne.Agent))(t)
	away := got(h.Away(ctx, h.both, []directory.Agent{agent}, day(0)))(t)
	if len(away) != 1 || away[h.anne.Agent].Last != day(9) {
		t.Errorf("away = %v, want until %s", away, day(9))
	}
	anne.post("/directory/card/absence", url.Values{"do": {"end"}}).want(t, http.StatusSeeOther)
	if absence := got(h.OwnAbsence(ctx, h.anne))(t); absence != (directory.Absence{}) {
		t.Errorf("she is back, and away on %v", absence)
	}
}

func TestTheChartCountsAndLeads(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	admin := h.appoint(t, h.anne)
	below := got(h.AddUnit(ctx, admin, directory.Unit{Name: "Voirie", Parent: "technique"}, ""))(t)
	got(h.CreateAgent(ctx, admin, directory.Agent{GivenName: "Jean", FamilyName: "Pavé", Unit: below, Manager: h.anne.Agent}))(t)
	b := h.as(t, h.both)
	page := b.get("/directory/chart")
	page.want(t, http.StatusOK, "Voirie", "Anne-Élodie L’Hénoret · 2 personnes")
	if strings.Contains(page.body, "Pavé") {
		t.Error("the chart lists people before they are asked for")
	}
	b.get("/directory/chart?unit="+string(below)).want(t, http.StatusOK, "Jean Pavé")
	found := b.get("/directory/chart?q=pave")
	found.want(t, http.StatusOK, "Jean Pavé", "1 réponse")
	for n := range 60 {
		got(h.CreateAgent(ctx, admin, directory.Agent{FamilyName: fmt.Sprint("Nombreux ", n), Unit: below}))(t)
	}
	b.get("/directory/chart?q=nombreux").want(t, http.StatusOK, "50 réponses", "10 autres personnes répondent", "/directory?q=nombreux")
	b.get("/directory/chart?q=voirie").want(t, http.StatusOK, "<mark>Voirie</mark>")
	b.get("/directory/agents/"+string(h.anne.Agent)).want(t, http.StatusOK, "Équipe", "Jean Pavé")
}

func TestPeopleAreFoundWithErrorsOfTyping(t *testing.T) {
	h, ctx := newHouse(t), context.Background()
	tw := h.town
	admin := tw.appoint(t, tw.both)
	for _, text := range []string{"henorret", "hneoret", "l’hennoret", "anelodie", "anne elodei", "referante", "+33 2 61 91 01 42", "0033261910142", "61.91.01", "anne 0142"} {
		people := got(tw.People(ctx, tw.anne, directory.PeopleQuery{Text: text}))(t)
		if !slices.Contains(names(people), "Anne-Élodie L’Hénoret") {
			t.Errorf("People(%q) = %v, want Anne-Élodie L’Hénoret", text, names(people))
		}
	}
	if people := got(tw.People(ctx, tw.anne, directory.PeopleQuery{Text: "aelh"}))(t); people.Total != 1 || people.Near {
		t.Errorf("by initials: %v", names(people))
	}
	// A change is found at once, and by a process that did not make it.
	other := directory.New(h.db)
	must(t, func() error { _, err := other.People(ctx, tw.anne, directory.PeopleQuery{Text: "anne"}); return err }())
	got(tw.CreateAgent(ctx, admin, directory.Agent{GivenName: "Ysaline", FamilyName: "Nouvelle"}))(t)
	for name, store := range map[string]*directory.Store{"this": tw.Store, "another": other} {
		if people := got(store.People(ctx, tw.anne, directory.PeopleQuery{Text: "ysaline"}))(t); people.Total != 1 {
			t.Errorf("%s process finds %d who just came, want 1", name, people.Total)
		}
	}
}
