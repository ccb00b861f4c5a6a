package server_test

import (
	"encoding/base64"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"parvis/e2e/servers"
	"parvis/mail"
	"parvis/server/servertest"
)

// A meeting whose guests from outside answer by their own programs: the letters leave by SMTP, the
// answers come into the organizer's mailbox, which nobody touches.
func TestAnswersByMailReachTheMeeting(t *testing.T) {
	p := servertest.NewSending(t)
	dovecot := servers.Dovecot(t)
	readsMailOf(t, p, dovecot)
	const organizer, mailbox, jean, marie = "admin@bourg.example", "helene.daumas@bourg.example", "jean@ailleurs.example", "marie@ailleurs.example"
	if _, err := p.DB.Exec(t.Context(), `UPDATE agents SET email = $1 WHERE collectivity = 'bourg' AND id = $2`, mailbox, string(p.Caller(organizer, "bourg").Agent)); err != nil {
		t.Fatal(err)
	}
	she := p.As(organizer)
	made := she.Post("/calendar/events", "calendar", string(p.Caller(organizer, "bourg").Agent), "title", "Budget", "start", inDays(1), "start-time", "10:00", "end-time", "11:00",
		"invites", "1", "addresses", "Jean <"+jean+">; "+marie).Want(t, http.StatusSeeOther)
	event := made.Header.Get("Location")
	request := strings.ReplaceAll(p.Received(jean, 1), "=\r\n", "")
	uid := regexp.MustCompile(`UID:(\w+)`).FindStringSubmatch(request)
	if uid == nil || !strings.Contains(request, "method=REQUEST") {
		t.Fatalf("the letter:\n%s", request)
	}

	answers := func(from, about, of, stat string) []byte { return replyByMail(from, about, mailbox, of, stat) }
	for _, message := range [][]byte{
		answers("Inconnu <inconnu@ailleurs.example>", marie, uid[1], "ACCEPTED"), // forged
		answers(jean, jean, "another", "ACCEPTED"),
		[]byte("From: " + jean + "\r\nContent-Type: text/calendar; method=REPLY\r\n\r\nBEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT"),
		answers("Jean <"+jean+">", jean, uid[1], "DECLINED"),
	} {
		dovecot.Append(t, mailbox, "INBOX", message)
	}
	for range 2 {
		if err := p.ReadMailedAnswers(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	she.Get(event).Want(t, http.StatusOK, "1 non, 1 sans réponse")
	inbox := diaryOf(p, t, organizer, "bourg").lists("inbox/")
	if len(inbox) != 1 {
		t.Errorf("%d messages in the scheduling inbox, want the one answer", len(inbox))
	}
	// Marie answers by her link, then by her program, which knows better.
	link := regexp.MustCompile(`/invitations/[\w-]+`).FindString(strings.ReplaceAll(p.Received(marie, 1), "=\r\n", ""))
	p.Anonymous().Post(link, "answer", "tentative").Want(t, http.StatusSeeOther)
	aMinutePasses := `UPDATE calendar_said SET said = said - 60000 WHERE collectivity = 'bourg'`
	if _, err := p.DB.Exec(t.Context(), aMinutePasses); err != nil { // mail servers count in seconds
		t.Fatal(err)
	}
	dovecot.Append(t, mailbox, "INBOX", answers(marie, marie, uid[1], "ACCEPTED"))
	if err := p.ReadMailedAnswers(t.Context()); err != nil {
		t.Fatal(err)
	}
	she.Get(event).Want(t, http.StatusOK, "1 oui, 1 non")
	dovecot.Stop(t)
	if err := p.ReadMailedAnswers(t.Context()); err == nil {
		t.Error("a server that is away is no news")
	}
}

// Agents who ask by mail and have no mailbox, or whose mailbox does not open, keep nobody waiting
// who comes after them.
func TestMailboxesThatDoNotOpenKeepNobodyWaiting(t *testing.T) {
	p := servertest.NewSending(t)
	dovecot := servers.Dovecot(t)
	readsMailOf(t, p, dovecot)
	const organizer, mailbox, jean = "admin@bourg.example", "helene.daumas@bourg.example", "jean@ailleurs.example"
	her := string(p.Caller(organizer, "bourg").Agent)
	run := func(query string, args ...any) {
		t.Helper()
		if _, err := p.DB.Exec(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	run(`UPDATE agents SET email = $1 WHERE collectivity = 'bourg' AND id = $2`, mailbox, her)
	for _, id := range []string{"0a", "0b", "0c", "0d"} { // before hers in every order
		run(`INSERT INTO agents (collectivity, id, given_name, family_name, sort_name, email, created) VALUES ('bourg', $1, $1, $1, $1, $2, 1)`, id, "sans-boite-"+id+"@bourg.example")
		run(`INSERT INTO calendar_answers (collectivity, secret, organizer, uid, address, ends) VALUES ('bourg', $1, $1, 'u', $2, $3)`, id, jean, time.Now().AddDate(1, 0, 0).UnixMilli())
	}
	made := p.As(organizer).Post("/calendar/events", "calendar", her, "title", "Budget", "start", inDays(1), "start-time", "10:00", "end-time", "11:00",
		"invites", "1", "addresses", jean).Want(t, http.StatusSeeOther)
	uid := regexp.MustCompile(`UID:(\w+)`).FindStringSubmatch(strings.ReplaceAll(p.Received(jean, 1), "=\r\n", ""))
	if uid == nil {
		t.Fatal("no UID in the letter")
	}
	dovecot.Append(t, mailbox, "INBOX", replyByMail(jean, jean, mailbox, uid[1], "DECLINED"))
	if err := p.ReadMailedAnswers(t.Context()); err != nil {
		t.Errorf("mailboxes that there are not: %v", err)
	}
	p.As(organizer).Get(made.Header.Get("Location")).Want(t, http.StatusOK, "1 non")
}

// readsMailOf makes bourg read mail from a server by its master user.
func readsMailOf(t *testing.T, p *servertest.Portal, dovecot *servers.Mailserver) {
	t.Helper()
	authority, err := os.ReadFile(dovecot.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Mail.SetServer(t.Context(), p.Caller("admin@bourg.example", "bourg"), mail.Server{
		Address: dovecot.SecureAddress, Security: mail.TLS, CA: string(authority), SignIn: mail.ByMaster,
		MasterUser: dovecot.MasterUser, MasterPassword: dovecot.MasterPassword, Separator: dovecot.MasterSeparator,
	})
	if err != nil {
		t.Fatal(err)
	}
}

// replyByMail is a message by which a program answers for somebody.
func replyByMail(from, about, to, uid, stat string) []byte {
	text := strings.Join([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "METHOD:REPLY", "BEGIN:VEVENT", "UID:" + uid, "SEQUENCE:1", "ATTENDEE;PARTSTAT=" + stat + ":mailto:" + about, "END:VEVENT", "END:VCALENDAR", ""}, "\r\n")
	return []byte("From: " + from + "\r\nTo: " + to + "\r\nSubject: Oui\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; method=REPLY; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" +
		base64.StdEncoding.EncodeToString([]byte(text)) + "\r\n")
}
