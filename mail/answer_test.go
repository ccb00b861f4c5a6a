package mail

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"parvis/e2e/servers"
	"parvis/portal"
)

const helenesBox = "helene.daumas@bourg.example"

// reply is a message that answers an invitation, as programs send it.
func reply(from, kind, encoding, body string) []byte {
	return []byte(strings.Join([]string{
		"From: " + from, "To: " + helenesBox, "Subject: =?utf-8?q?Accept=C3=A9?=", "MIME-Version: 1.0", "Message-ID: <" + portal.NewID() + "@ailleurs.example>",
		`Content-Type: multipart/alternative; boundary="b"`, "", "--b", "Content-Type: text/plain; charset=utf-8", "", "Jean sera là.", "--b",
		"Content-Type: " + kind, "Content-Transfer-Encoding: " + encoding, "", body, "--b--", "",
	}, "\r\n"))
}

const (
	replyKind = `text/calendar; charset="UTF-8"; method=REPLY`
	yes       = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nCOMMENT:Là à l’heure\r\nEND:VCALENDAR\r\n"
)

// answersFor collects what one look hands over.
func answersFor(t *testing.T, store *Store, agent portal.AgentID) []Answer {
	t.Helper()
	var all []Answer
	err := store.Answers(t.Context(), "bourg", agent, func(_ context.Context, one Answer) error {
		all = append(all, one)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAnswersAreReadOnceAndNothingIsTouched(t *testing.T) {
	store, dovecot := newStore(t), servers.Dovecot(t)
	connectMail(t, store, masterServer(t, dovecot))
	if got := answersFor(t, store, "helene"); got != nil {
		t.Fatalf("before anybody answers: %v", got)
	}
	receive := func(message []byte) { dovecot.Append(t, helenesBox, "INBOX", message) }
	before, err := store.Mailboxes(t.Context(), helene, 30)
	if err != nil {
		t.Fatal(err)
	}
	receive(reply("Jean <Jean@Ailleurs.example>", replyKind, "8bit", yes))
	receive(reply("jean@ailleurs.example", replyKind, "base64", base64.StdEncoding.EncodeToString([]byte(yes))))
	receive(reply("jean@ailleurs.example", "Text/Calendar; Method=reply; Charset=iso-8859-1", "quoted-printable", strings.NewReplacer("à", "=E0", "’", "'").Replace(yes)))
	receive(reply("jean@ailleurs.example, marie@ailleurs.example", replyKind, "8bit", yes))
	receive(reply("jean@ailleurs.example", "text/calendar; method=REQUEST", "8bit", yes))
	receive(reply("jean@ailleurs.example", "text/plain; method=REPLY", "8bit", yes))
	receive(reply("jean@ailleurs.example", replyKind, "8bit", strings.Repeat("COMMENT:x\r\n", maxAnswer/11+1)))
	receive(reply("jean@ailleurs.example", replyKind, "base64", "***"))
	receive(reply("jean@ailleurs.example", replyKind+"; charset=klingon", "8bit", yes))
	receive([]byte("From: jean@ailleurs.example\r\nContent-Type: " + replyKind + "\r\n\r\n" + yes))
	receive([]byte("From: jean@ailleurs.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--y\r\n"))
	receive([]byte("Content-Type: message/rfc822\r\n\r\n" + string(reply("jean@ailleurs.example", replyKind, "8bit", yes))))

	var got []string
	for _, one := range answersFor(t, store, "helene") {
		if age := time.Since(one.Received); age < 0 || age > time.Minute {
			t.Errorf("received %v ago", age)
		}
		got = append(got, fmt.Sprintf("%s %v", one.From, strings.Contains(string(one.Text), "COMMENT:Là à l")))
	}
	want := []string{"jean@ailleurs.example true", "jean@ailleurs.example true", "jean@ailleurs.example true", " true", "jean@ailleurs.example true"}
	if !slices.Equal(got, want) {
		t.Errorf("answers %q, want %q", got, want)
	}
	if again := answersFor(t, store, "helene"); again != nil {
		t.Errorf("the same answers again: %v", again)
	}
	after, err := store.Mailboxes(t.Context(), helene, 30)
	if err != nil || after.Boxes[0].Unread != before.Boxes[0].Unread+12 {
		t.Errorf("%d messages are unread, %v; %d and 12 more were", after.Boxes[0].Unread, err, before.Boxes[0].Unread)
	}
	if marcs := answersFor(t, store, "marc"); marcs != nil {
		t.Errorf("a colleague's look finds %v", marcs)
	}
}

func TestWhatIsNotTakenComesAgain(t *testing.T) {
	store, dovecot := newStore(t), servers.Dovecot(t)
	connectMail(t, store, masterServer(t, dovecot))
	for range 3 {
		dovecot.Append(t, helenesBox, "INBOX", reply("jean@ailleurs.example", replyKind, "8bit", yes))
	}
	taken, busy := 0, errors.New("the database is busy")
	for range 5 { // more often than a message that can't be read is tried
		err := store.Answers(t.Context(), "bourg", "helene", func(context.Context, Answer) error {
			if taken == 1 {
				return busy
			}
			taken++
			return nil
		})
		if !errors.Is(err, busy) || !errors.Is(err, ErrTaken) || taken != 1 {
			t.Fatalf("%v, %d taken", err, taken)
		}
	}
	if got := answersFor(t, store, "helene"); len(got) != 2 {
		t.Errorf("%d answers come again, want 2", len(got))
	}
	// Another server, or a mailbox made anew, numbers its messages anew.
	if _, err := store.db.Exec(t.Context(), `UPDATE mail_positions SET validity = validity + 1, uid = 4000000000 WHERE collectivity = 'bourg'`); err != nil {
		t.Fatal(err)
	}
	if got := answersFor(t, store, "helene"); len(got) != 3 {
		t.Errorf("%d answers after the numbers changed, want 3", len(got))
	}
}

func TestAMailboxThatDoesNotOpenHoldsNoAnswers(t *testing.T) {
	none := func(context.Context, Answer) error { t.Error("an answer"); return nil }
	store := newStore(t)
	if err := store.Answers(t.Context(), "bourg", "helene", none); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("without a server: %v", err)
	}
	dovecot := servers.Dovecot(t)
	connectMail(t, store, Server{Address: dovecot.Address, Security: StartTLS, CA: pem(t, dovecot.CAFile), SignIn: ByPassword})
	if err := store.Answers(t.Context(), "bourg", "helene", none); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("without her password: %v", err)
	}
	if err := store.keepPassword(t.Context(), helene, helenesBox, "wrong"); err != nil {
		t.Fatal(err)
	}
	if err := store.Answers(t.Context(), "bourg", "helene", none); !errors.Is(err, portal.ErrDenied) {
		t.Errorf("with a wrong password: %v", err)
	}
	if err := store.Answers(t.Context(), "bourg", "helene", none); !errors.Is(err, portal.ErrNotFound) {
		t.Errorf("a password that was refused is tried again: %v", err)
	}
	connectMail(t, store, masterServer(t, dovecot))
	if _, err := store.db.Exec(t.Context(), `UPDATE agents SET email = 'sans.boite@bourg.example' WHERE collectivity = 'bourg' AND id = 'helene'`); err != nil {
		t.Fatal(err)
	}
	if err := store.Answers(t.Context(), "bourg", "helene", none); !errors.Is(err, portal.ErrDenied) || errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("a mailbox that the master user does not find: %v", err)
	}
	dovecot.Freeze()
	defer dovecot.Thaw()
	begun := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if err := store.Answers(ctx, "bourg", "marc", none); !errors.Is(err, portal.ErrUnavailable) || time.Since(begun) > 10*time.Second {
		t.Errorf("a server that hangs: %v after %v", err, time.Since(begun))
	}
}

// Whatever a part says of itself, it is decoded within its bounds or not at all.
func FuzzDecodePart(f *testing.F) {
	f.Add([]byte(yes), "8bit", "utf-8")
	f.Add([]byte("TMOg"), "BASE64", "iso-8859-1")
	f.Add([]byte("=E0=\r\n"), "quoted-printable", "windows-1252")
	f.Add([]byte("\x1b$B"), "", "iso-2022-jp")
	f.Fuzz(func(t *testing.T, body []byte, encoding, set string) {
		begun := time.Now()
		if text := decodePart(body, encoding, set); len(text) > 4*maxAnswer {
			t.Errorf("%d bytes became %d", len(body), len(text))
		}
		if time.Since(begun) > 5*time.Second {
			t.Errorf("%d bytes took %v", len(body), time.Since(begun))
		}
	})
}
