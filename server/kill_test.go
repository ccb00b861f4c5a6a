package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"mime/multipart"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"parvis/documents"
	"parvis/news"
	"parvis/portal"
	"parvis/portal/database"
	"parvis/server"
	"parvis/server/servertest"
)

// childConfig is the variable that makes the test binary serve until it is
// killed.
const childConfig = "PARVIS_TEST_SERVE"

// serveUntilKilled is "parvis serve" with the configuration of a test. It
// prints its address.
func serveUntilKilled(text string) error {
	var config server.Config
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return err
	}
	listener, err := server.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	parvis, err := server.New(context.Background(), config, server.Options{Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err != nil {
		return err
	}
	fmt.Println("http://" + listener.Addr().String())
	return parvis.Run(context.Background(), listener)
}

// rounds is how often the portal is killed.
const rounds = 50

// acknowledged is what the portal said it has kept.
type acknowledged struct {
	mu        sync.Mutex
	events    map[string]string // name of the object → octets
	cards     map[string]string // the same of contacts
	articles  map[string]string // id → title
	documents map[string]string // file name → content
}

// wait waits until as many of each kind are kept as rounds began, so that a slow machine tells as much as a
// quick one, and at most a moment.
func (a *acknowledged) wait(rounds int) {
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		a.mu.Lock()
		fewest := min(len(a.events), len(a.cards), len(a.articles), len(a.documents))
		a.mu.Unlock()
		if fewest > rounds {
			return
		}
	}
}

// TestNothingAcknowledgedIsLostByAKill kills the portal under mixed writes
// (reliability.md 18).
func TestNothingAcknowledgedIsLostByAKill(t *testing.T) {
	e := newWorld(t).of("bourg")
	kept := &acknowledged{events: map[string]string{}, cards: map[string]string{}, articles: map[string]string{}, documents: map[string]string{}}
	client, config := e.As(e.author), e.Config
	e.Stop()
	var starts []time.Duration
	for round := range rounds {
		child, took := startChild(t, config, client)
		starts = append(starts, took)
		client.URL = child.url
		var writers sync.WaitGroup
		for _, write := range []func() error{
			func() error { return kept.putEvent(client, e) },
			func() error { return kept.putCard(client, e) },
			func() error { return kept.postArticle(client) },
			func() error { return kept.upload(client, e) },
		} {
			writers.Go(func() {
				for write() == nil {
					time.Sleep(5 * time.Millisecond) // enough to tell, and soon looked through
				}
			})
		}
		kept.wait(round)
		time.Sleep(time.Duration(rand.IntN(270)) * time.Millisecond)
		child.kill()
		writers.Wait()
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	slices.Sort(starts)
	t.Logf("%d events, %d articles and %d documents acknowledged; first page after %v (median), %v (worst)",
		len(kept.events), len(kept.articles), len(kept.documents), starts[rounds/2].Round(time.Millisecond), starts[rounds-1].Round(time.Millisecond))
	if median := starts[rounds/2]; median > 2*time.Second {
		t.Errorf("the first page comes %v after a restart, want 2 s at most", median)
	}
	if len(kept.events) < rounds || len(kept.cards) < rounds || len(kept.articles) < rounds || len(kept.documents) < rounds {
		t.Errorf("too little was written to tell anything")
	}
	kept.check(t, servertest.Again(t, config), e)
}

// child is a portal in a process of its own.
type child struct {
	command *exec.Cmd
	url     string
}

// startChild starts a portal and returns how long it took to answer with a
// page.
func startChild(t *testing.T, config server.Config, client *servertest.Client) (child, time.Duration) {
	t.Helper()
	text, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), childConfig+"="+string(text))
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { command.Process.Kill() }) // only when the test ends early
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the portal does not start: %v", err)
	}
	go io.Copy(io.Discard, out)
	started := child{command, strings.TrimSpace(line)}
	client.URL = started.url
	if answer, err := client.Try("GET", "/", nil, "Sec-Fetch-Dest", "document"); err != nil || answer.Status != 200 {
		t.Fatalf("first page: %d, %v", answer.Status, err)
	}
	return started, time.Since(begun)
}

// kill is kill -9.
func (c child) kill() {
	c.command.Process.Kill()
	c.command.Wait() // it says that it was killed
}

var errNotTaken = errors.New("not acknowledged")

func (a *acknowledged) putEvent(client *servertest.Client, e *estate) error {
	word := portal.NewID()
	octets := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nBEGIN:VEVENT\r\nUID:" + word + "\r\nDTSTAMP:20261101T000000Z\r\n" +
		"DTSTART:20261124T090000Z\r\nSUMMARY:" + word + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	answer, err := client.Try("PUT", "/dav/calendars/"+string(e.caller.Agent)+"/personal/"+word+".ics", strings.NewReader(octets),
		"Content-Type", "text/calendar", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(e.author+":"+e.password)))
	return a.keep(a.events, word+".ics", octets, answer, err, 201)
}

func (a *acknowledged) putCard(client *servertest.Client, e *estate) error {
	word := portal.NewID()
	octets := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" + word + "\r\nFN:" + word + "\r\nX-Phone:" + word + "\r\nEND:VCARD\r\n"
	answer, err := client.Try("PUT", "/dav/contacts/"+string(e.caller.Agent)+"/personal/"+word+".vcf", strings.NewReader(octets),
		"Content-Type", "text/vcard", "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(e.author+":"+e.password)))
	return a.keep(a.cards, word+".vcf", octets, answer, err, 201)
}

func (a *acknowledged) postArticle(client *servertest.Client) error {
	title := portal.NewID()
	form := url.Values{"title": {title}, "body": {"Texte"}, "starts": {today()}, "ends": {inDays(3)}}
	answer, err := client.Try("POST", "/news", strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Origin", client.URL)
	return a.keep(a.articles, strings.TrimPrefix(answer.Header.Get("Location"), "/news/"), title, answer, err, 303)
}

func (a *acknowledged) upload(client *servertest.Client, e *estate) error {
	word := portal.NewID()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", word+".txt")
	if err == nil {
		_, err = io.WriteString(part, "Le mot est "+word+".\n")
	}
	if err = errors.Join(err, form.Close()); err != nil {
		return err
	}
	answer, err := client.Try("POST", "/documents/folders/"+string(e.folderID)+"/upload", &body, "Content-Type", form.FormDataContentType(), "Origin", client.URL)
	return a.keep(a.documents, word+".txt", "Le mot est "+word+".\n", answer, err, 303)
}

// keep remembers what was acknowledged.
func (a *acknowledged) keep(in map[string]string, name, content string, answer servertest.Answer, err error, want int) error {
	if err != nil {
		return err
	}
	if answer.Status != want {
		return fmt.Errorf("%w: %d", errNotTaken, answer.Status)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	in[name] = content
	return nil
}

// check finds everything that was acknowledged, in the store and by search.
func (a *acknowledged) check(t *testing.T, p *servertest.Portal, e *estate) {
	t.Helper()
	if p.DB.Engine() == database.SQLite {
		var verdict string
		if err := p.DB.SQL().QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&verdict); err != nil || verdict != "ok" {
			t.Errorf("integrity_check = %q, %v", verdict, err)
		}
	}
	if p.DB.Engine() == database.PostgreSQL {
		// Another node may be reading what a killed one had taken: its lease must end first.
		if _, err := p.DB.Exec(t.Context(), `UPDATE document_versions SET text_after = 0 WHERE text_state = 'queued'`); err != nil {
			t.Fatal(err)
		}
	}
	p.WaitForIndex()
	client := p.As(e.author)
	found := func(word string) bool { return strings.Contains(client.Get("/search?q="+word).Body, word+"</mark>") }
	phone := base64.StdEncoding.EncodeToString([]byte(e.author + ":" + e.password))
	for name, octets := range a.events {
		answer := client.Do("GET", "/dav/calendars/"+string(e.caller.Agent)+"/personal/"+name, nil, "Authorization", "Basic "+phone)
		if answer.Status != 200 || answer.Body != octets {
			t.Errorf("event %s: %d, %q", name, answer.Status, answer.Body)
		}
		if word := strings.TrimSuffix(name, ".ics"); !found(word) {
			t.Errorf("search does not find the event %s", word)
		}
	}
	for name, octets := range a.cards {
		answer := client.Do("GET", "/dav/contacts/"+string(e.caller.Agent)+"/personal/"+name, nil, "Authorization", "Basic "+phone)
		if answer.Status != 200 || answer.Body != octets {
			t.Errorf("card %s: %d, %q", name, answer.Status, answer.Body)
		}
	}
	listed := client.Do("REPORT", "/dav/contacts/"+string(e.caller.Agent)+"/personal/", strings.NewReader(syncAll), "Authorization", "Basic "+phone)
	for name := range a.cards {
		if !strings.Contains(listed.Body, name) {
			t.Errorf("a phone that synchronises does not hear of the card %s", name)
		}
	}
	for id, title := range a.articles {
		article, err := p.News.Article(t.Context(), e.caller, news.ArticleID(id))
		if err != nil || article.Title != title || !found(title) {
			t.Errorf("article %s: %+v, %v, found %v", id, article, err, found(title))
		}
	}
	a.checkDocuments(t, p, e, found)
}

func (a *acknowledged) checkDocuments(t *testing.T, p *servertest.Portal, e *estate, found func(string) bool) {
	t.Helper()
	all, _, err := p.Documents.Documents(t.Context(), e.caller, e.folderID, 100_000, 0)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]documents.DocumentID{}
	for _, document := range all {
		ids[document.FileName] = document.ID
	}
	for name, content := range a.documents {
		_, file, err := p.Documents.Open(t.Context(), e.caller, ids[name], 0)
		if err != nil {
			t.Errorf("document %s: %v", name, err)
			continue
		}
		text, err := io.ReadAll(file)
		file.Close()
		if word := strings.TrimSuffix(name, ".txt"); err != nil || string(text) != content || !found(word) {
			t.Errorf("document %s: %q, %v, found %v", name, text, err, found(word))
		}
	}
}
