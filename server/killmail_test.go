package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"parvis/portal/database"
	"parvis/server"
	"parvis/server/servertest"
)

// slowMailbox takes letters, each after a moment: a kill meets one on its way.
type slowMailbox struct {
	mu      sync.Mutex
	letters map[string]int // by address
	begun   atomic.Int32
}

func (m *slowMailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &slowSession{box: m}, nil }

type slowSession struct {
	box *slowMailbox
	to  string
}

func (s *slowSession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *slowSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

func (s *slowSession) Data(from io.Reader) error {
	s.box.begun.Add(1)
	if _, err := io.Copy(io.Discard, from); err != nil {
		return err // killed in the middle
	}
	time.Sleep(10 * time.Millisecond)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.letters[s.to]++
	return nil
}

func (s *slowSession) Reset() {}

func (s *slowSession) Logout() error { return nil }

func (m *slowMailbox) count(address string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.letters[address]
}

// killRounds is how often a portal that sends is killed.
const killRounds = 12

// TestNoLetterIsLostByAKill kills the portal while it sends: every invitation that
// it acknowledged is delivered, at least once, by the one that follows.
func TestNoLetterIsLostByAKill(t *testing.T) {
	box := &slowMailbox{letters: map[string]int{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	relay := smtp.NewServer(box)
	go relay.Serve(listener)
	defer relay.Close()
	p := servertest.NewWith(t, func(c *server.Config) {
		c.Mail = server.MailConfig{Server: listener.Addr().String(), Security: "none", From: "parvis@pool.example"}
	})
	client, config := p.As("admin@bourg.example"), p.Config
	p.Stop()
	var invited []string
	for round := range killRounds {
		child, _ := startChild(t, config, client)
		client.URL = child.url
		var writer sync.WaitGroup
		writer.Go(func() {
			for n := 0; ; n++ {
				address := fmt.Sprintf("anne-%d-%d@bourg.example", round, n)
				if !inviteOne(client, address) {
					return
				}
				invited = append(invited, address)
			}
		})
		for begun := box.begun.Load(); box.begun.Load() < begun+3; {
			time.Sleep(time.Millisecond)
		}
		child.kill()
		writer.Wait()
	}
	again := servertest.Again(t, config)
	var underWay, waiting int
	err = again.DB.QueryRow(t.Context(), `SELECT COUNT(CASE WHEN due > $1 THEN 1 END), COUNT(*) FROM outgoing_mail`,
		database.Millis(time.Now().Add(time.Minute))).Scan(&underWay, &waiting)
	if err != nil {
		t.Fatal(err)
	}
	if underWay == 0 {
		t.Error("no kill met a letter on its way: this shows nothing")
	}
	if _, err := again.DB.Exec(t.Context(), `UPDATE outgoing_mail SET due = 1`); err != nil { // their leases end
		t.Fatal(err)
	}
	again.Post.Wake()
	allSent(t, again)
	twice := 0
	for _, address := range invited {
		switch box.count(address) {
		case 0:
			t.Errorf("%s was invited and got no letter", address)
		case 1:
		default:
			twice++
		}
	}
	t.Logf("%d invitations acknowledged; at the last start %d letters waited, %d of them under way when killed; %d came twice", len(invited), waiting, underWay, twice)
	if len(invited) < killRounds {
		t.Error("too little was written to tell anything")
	}
}

// inviteOne asks one person in, as the page does once it has shown her line; false
// when the portal did not say that it was done.
func inviteOne(client *servertest.Client, address string) bool {
	lines := "Anne Nouvelle <" + address + ">"
	seen := sha256.Sum256([]byte(lines))
	form := url.Values{"lines": {lines}, "seen": {hex.EncodeToString(seen[:])}, "do": {"send"}}
	answer, err := client.Try("POST", "/admin/agents/invite", strings.NewReader(form.Encode()),
		"Content-Type", "application/x-www-form-urlencoded", "Origin", client.URL)
	return err == nil && answer.Status == 303
}
