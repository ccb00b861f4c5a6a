package post_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net"
	netmail "net/mail"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"parvis/portal"
	"parvis/portal/database"
	"parvis/portal/database/databasetest"
	"parvis/portal/i18n"
	"parvis/portal/post"
	"parvis/portal/seal"
)

// receiver is an SMTP server that keeps what it takes, or answers as told.
type receiver struct {
	address string

	mu      sync.Mutex
	letters []string
	answer  error                    // to RCPT
	during  func(*smtp.Conn, string) // called while it is given a letter, before it takes it
}

func (r *receiver) NewSession(conn *smtp.Conn) (smtp.Session, error) { return &session{r, conn}, nil }

type session struct {
	r    *receiver
	conn *smtp.Conn
}

func (s *session) Mail(string, *smtp.MailOptions) error { return nil }

func (s *session) Rcpt(string, *smtp.RcptOptions) error {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	return s.r.answer
}

func (s *session) Data(from io.Reader) error {
	text, err := io.ReadAll(from)
	if err == nil && s.r.during != nil {
		s.r.during(s.conn, string(text))
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.r.letters = append(s.r.letters, string(text))
	return err
}

func (s *session) Reset() {}

func (s *session) Logout() error { return nil }

func (r *receiver) say(answer error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string{}, r.letters...)
}

func receive(t *testing.T) *receiver {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{address: listener.Addr().String()}
	server := smtp.NewServer(r)
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return r
}

// office is a queue with a clock and a log of its own.
type office struct {
	*post.Queue
	t      *testing.T
	db     *database.DB
	sealer *seal.Sealer
	log    *bytes.Buffer
	at     time.Time
}

func open(t *testing.T, address string) *office {
	t.Helper()
	o := &office{t: t, db: databasetest.New(t), log: &bytes.Buffer{}, at: time.Date(2026, 11, 24, 8, 31, 0, 0, time.UTC)}
	sealer, err := seal.Open(filepath.Join(t.TempDir(), "key"))
	if err != nil {
		t.Fatal(err)
	}
	o.sealer = sealer
	o.Queue = o.worker(address)
	for _, id := range []string{"bourg", "agglo"} {
		_, err := o.db.Exec(t.Context(), `INSERT INTO collectivities (id, name, long_name, kind, created) VALUES ($1, $2, $3, 'commune', 1)`, id, id, id)
		if err != nil {
			t.Fatal(err)
		}
	}
	return o
}

// worker is one that sends from the same store.
func (o *office) worker(address string) *post.Queue {
	return post.New(post.Options{
		DB: o.db, Sealer: o.sealer, Log: slog.New(slog.NewTextHandler(o.log, nil)), Now: func() time.Time { return o.at },
		Server: post.Server{Address: address, Security: post.Plain, From: "parvis@pool.example"},
	})
}

const secret = "https://parvis.example/sign-in/reset?key=k3v9m2p7q4r8s6t2"

func letter() post.Letter {
	return post.Letter{
		Collectivity: "bourg", Sender: "Mairie de L’Haÿ-les-Bois", Name: "Hélène D'Aumas", Address: "helene@bourg.example",
		Language: i18n.French, Subject: "Réinitialiser l’accès", Before: []string{"Bonjour <Hélène> & co,"},
		Link: secret, Label: "Choisir", After: []string{"À bientôt."},
	}
}

func (o *office) put(one post.Letter) string {
	o.t.Helper()
	id, err := o.Put(o.t.Context(), o.db, one)
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

func (o *office) deliver() {
	o.t.Helper()
	if _, err := o.Deliver(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) state(id string) (post.State, bool) {
	o.t.Helper()
	states, err := o.States(o.t.Context(), "bourg", []string{id})
	if err != nil {
		o.t.Fatal(err)
	}
	state, waits := states[id]
	return state, waits
}

func TestALetterIsReadByEveryProgram(t *testing.T) {
	r := receive(t)
	o := open(t, r.address)
	id := o.put(letter())
	o.deliver()
	taken := r.taken()
	if len(taken) != 1 {
		t.Fatalf("%d letters, want 1", len(taken))
	}
	message, err := netmail.ReadMessage(strings.NewReader(taken[0]))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Auto-Submitted": "auto-generated", "Message-Id": "<" + id + "@pool.example>", "Content-Language": "fr",
		"Date": "Tue, 24 Nov 2026 08:31:00 +0000",
	} {
		if got := message.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	decoder := mime.WordDecoder{}
	if subject, err := decoder.DecodeHeader(message.Header.Get("Subject")); err != nil || subject != "Réinitialiser l’accès" {
		t.Errorf("subject = %q, %v", subject, err)
	}
	from, err := message.Header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Name != "Mairie de L’Haÿ-les-Bois" || from[0].Address != "parvis@pool.example" {
		t.Errorf("from = %v, %v", from, err)
	}
	to, err := message.Header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Name != "Hélène D'Aumas" || to[0].Address != "helene@bourg.example" {
		t.Errorf("to = %v, %v", to, err)
	}
	body := strings.ReplaceAll(taken[0], "=\r\n", "")
	for _, want := range []string{"Bonjour <H=C3=A9l=C3=A8ne> & co,", "&lt;H=C3=A9l=C3=A8ne&gt; &amp; co", "reset?key=3Dk3v9m2p7q4r8s6t2"} {
		if !strings.Contains(body, want) {
			t.Errorf("the letter lacks %q:\n%s", want, body)
		}
	}
	if _, waits := o.state(id); waits {
		t.Error("a letter that was taken still waits")
	}
}

// TestNobodyWritesAHeader tries what ends a line in every field that a person
// can fill.
func TestNobodyWritesAHeader(t *testing.T) {
	r := receive(t)
	o := open(t, r.address)
	for _, ending := range []string{"\r\n", "\n", "\r", "\u2028", "\x00\r\n"} {
		one := letter()
		evil := "x" + ending + "Bcc: voleur@example.net" + ending + ending + "Corps"
		one.Name, one.Sender, one.Subject = evil, evil, evil
		o.put(one)
		one.Address = "a@bourg.example" + ending + "Bcc: voleur@example.net"
		if _, err := o.Put(t.Context(), o.db, one); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("Put to %q = %v, want ErrInvalid", one.Address, err)
		}
	}
	o.deliver()
	if len(r.taken()) != 5 {
		t.Fatalf("%d letters, want 5", len(r.taken()))
	}
	for _, text := range r.taken() {
		message, err := netmail.ReadMessage(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if message.Header.Get("Bcc") != "" {
			t.Errorf("a name wrote a header:\n%s", text)
		}
	}
}

func TestASecretLiesSealedAndGoesWithItsLetter(t *testing.T) {
	r := receive(t)
	o := open(t, r.address)
	o.put(letter())
	var kept []byte
	if err := o.db.QueryRow(t.Context(), `SELECT letter FROM outgoing_mail`).Scan(&kept); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"k3v9m2p7q4r8s6t2", "helene", "parvis"} {
		if bytes.Contains(kept, []byte(word)) {
			t.Errorf("the store shows %q", word)
		}
	}
	r.say(&smtp.SMTPError{Code: 550, Message: "no such mailbox"})
	o.deliver()
	var size, due int
	if err := o.db.QueryRow(t.Context(), `SELECT length(letter), due FROM outgoing_mail`).Scan(&size, &due); err != nil {
		t.Fatal(err)
	}
	if size != 0 || due != 0 {
		t.Errorf("a letter given up keeps %d bytes, due %d", size, due)
	}
}

func TestALetterIsTriedUntilItTellsNothingUseful(t *testing.T) {
	r := receive(t)
	o := open(t, r.address)
	one := letter()
	one.Expires = o.at.Add(time.Hour)
	id := o.put(one)
	r.say(&smtp.SMTPError{Code: 451, Message: "come back later"})
	tries := 0
	for range 60 {
		if taken, err := o.Deliver(t.Context()); err != nil {
			t.Fatal(err)
		} else if taken > 0 {
			tries++
		}
		if state, _ := o.state(id); state.Lost {
			break
		} else if !state.Waits || state.Key != "post.fault.address" {
			t.Fatalf("state after %d tries = %+v", tries, state)
		}
		o.at = o.at.Add(time.Minute)
	}
	if state, _ := o.state(id); !state.Lost || tries < 5 || tries > 8 {
		t.Errorf("after an hour: %+v and %d tries, want it lost after 5 to 8, further and further apart", state, tries)
	}
	r.say(nil)
	again := o.put(letter())
	o.deliver()
	if _, waits := o.state(again); waits {
		t.Error("a letter waits behind one that was given up")
	}
	if got := len(r.taken()); got != 1 {
		t.Errorf("%d letters taken, want 1", got)
	}
}

// TestTheOperatorHearsOnce: a server that is down for a night is one line.
func TestTheOperatorHearsOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	o := open(t, address)
	o.put(letter())
	for range 5 {
		o.deliver()
		o.at = o.at.Add(30 * time.Minute)
	}
	if got := strings.Count(o.log.String(), "mail waits"); got != 1 {
		t.Errorf("%d lines about the server, want 1:\n%s", got, o.log)
	}
	if strings.Contains(o.log.String(), "key=") || strings.Contains(o.log.String(), "helene") {
		t.Errorf("the log tells what is in a letter:\n%s", o.log)
	}
	var said portal.UserError
	if err := o.Check(t.Context()); !errors.As(err, &said) || said.Key != "post.fault.unreachable" {
		t.Errorf("Check = %v, want that the server does not answer", err)
	}
}

// TestAStoppedWorkerLosesNothing: what was taken up and not sent is sent later.
func TestAStoppedWorkerLosesNothing(t *testing.T) {
	r := receive(t)
	o := open(t, r.address)
	id := o.put(letter())
	stopped, stop := context.WithCancel(t.Context())
	stop()
	o.Deliver(stopped) // ended in the middle
	o.at = o.at.Add(10 * time.Minute)
	o.deliver()
	if _, waits := o.state(id); waits || len(r.taken()) == 0 {
		t.Errorf("the letter did not leave after the stop: %d taken", len(r.taken()))
	}
}

// TestALetterHoldsUpNoOther: a server that hangs up at one letter takes those
// behind it at once.
func TestALetterHoldsUpNoOther(t *testing.T) {
	r := receive(t)
	r.during = func(conn *smtp.Conn, text string) {
		if strings.Contains(text, "Poison") {
			conn.Close()
		}
	}
	o := open(t, r.address)
	poison := letter()
	poison.Subject, poison.Expires = "Poison", o.at.AddDate(0, 0, 7)
	o.put(poison)
	o.at = o.at.Add(time.Second)
	ids := []string{o.put(letter()), o.put(letter())}
	o.deliver()
	for _, id := range ids {
		if state, waits := o.state(id); waits {
			t.Errorf("a letter waits behind one that ends the connection: %+v", state)
		}
	}
}

// TestALetterBehindSlowOnesIsSentOnce: the lease of a letter begins when its turn
// comes.
func TestALetterBehindSlowOnesIsSentOnce(t *testing.T) {
	r := receive(t)
	o := open(t, r.address)
	other := o.worker(r.address)
	seen := 0
	r.during = func(*smtp.Conn, string) {
		seen++
		o.at = o.at.Add(4 * time.Minute)
		if seen == 2 {
			if taken, err := other.Deliver(t.Context()); err != nil || taken != 0 {
				t.Errorf("another worker took up %d letters, %v, while the first was sending", taken, err)
			}
		}
	}
	o.put(letter())
	o.put(letter())
	o.deliver()
	if got := len(r.taken()); got != 2 {
		t.Errorf("%d letters taken, want 2", got)
	}
}

// TestALetterWhoseTimeIsOverStays: a link that serves no more after a long stop
// only confuses.
func TestALetterWhoseTimeIsOverStays(t *testing.T) {
	r := receive(t)
	o := open(t, r.address)
	one := letter()
	one.Expires = o.at.Add(time.Hour)
	id := o.put(one)
	o.at = o.at.Add(time.Hour)
	o.deliver()
	if state, _ := o.state(id); !state.Lost || state.Key != "post.fault.late" || len(r.taken()) != 0 {
		t.Errorf("state = %+v with %d letters taken, want it given up unsent", state, len(r.taken()))
	}
}

// TestAClockThatWentWrongLosesNothing: what was queued by a clock years ahead
// leaves once it is right.
func TestAClockThatWentWrongLosesNothing(t *testing.T) {
	r := receive(t)
	o := open(t, r.address)
	right := o.at
	o.at = right.AddDate(4, 0, 0)
	o.put(letter())
	o.at = right
	o.deliver()
	if got := len(r.taken()); got != 1 {
		t.Errorf("%d letters taken, want the one of 2030", got)
	}
}

// TestTheLogTellsWhyAndNotWhat: a server may repeat a letter in its refusal.
func TestTheLogTellsWhyAndNotWhat(t *testing.T) {
	r := receive(t)
	o := open(t, r.address)
	o.put(letter())
	r.say(&smtp.SMTPError{Code: 550, Message: "blocked using list.example: " + secret + " to <helene@bourg.example>"})
	o.deliver()
	if text := o.log.String(); strings.Contains(text, "k3v9m2p7") || strings.Contains(text, "helene") {
		t.Errorf("the log tells what is in a letter:\n%s", text)
	} else if !strings.Contains(text, "550") || !strings.Contains(text, "blocked using list.example") {
		t.Errorf("the log does not tell why:\n%s", text)
	}
}

func TestEachCollectivityWritesInItsOwnName(t *testing.T) {
	r := receive(t)
	o := open(t, r.address)
	if err := o.SetSender(t.Context(), "agglo", post.Sender{Name: "Agglomération", Address: "ne-pas-repondre@agglo.example"}); err != nil {
		t.Fatal(err)
	}
	if err := o.SetSender(t.Context(), "agglo", post.Sender{Address: "a@b.example\r\nBcc: x@y.example"}); !errors.Is(err, portal.ErrInvalid) {
		t.Errorf("SetSender with a header = %v, want ErrInvalid", err)
	}
	one := letter()
	id := o.put(one)
	one.Collectivity = "agglo"
	o.put(one)
	if states, err := o.States(t.Context(), "agglo", []string{id}); err != nil || len(states) != 0 {
		t.Errorf("agglo sees %v of bourg's letter, %v", states, err)
	}
	if err := o.Withdraw(t.Context(), o.db, "agglo", id); err != nil {
		t.Fatal(err)
	}
	o.deliver()
	all := strings.Join(r.taken(), "\n")
	for _, want := range []string{"<ne-pas-repondre@agglo.example>", "<parvis@pool.example>"} {
		if strings.Count(all, "From: ") != 2 || !strings.Contains(all, want) {
			t.Errorf("nothing was sent from %s:\n%s", want, all)
		}
	}
}

func TestServersThatCannotBeAreRefused(t *testing.T) {
	good := post.Server{Address: "smtp.example:587", Security: post.StartTLS, User: "parvis", Password: "x", From: "parvis@pool.example"}
	if err := good.Check(); err != nil {
		t.Errorf("Check of a good server = %v", err)
	}
	for name, change := range map[string]func(*post.Server){
		"no port":            func(s *post.Server) { s.Address = "smtp.example" },
		"no server":          func(s *post.Server) { s.Address = "" },
		"another security":   func(s *post.Server) { s.Security = "ssl" },
		"password in clear":  func(s *post.Server) { s.Security = post.Plain },
		"no sender":          func(s *post.Server) { s.From = "" },
		"sender with a name": func(s *post.Server) { s.From = "Parvis <parvis@pool.example>" },
	} {
		server := good
		change(&server)
		if err := server.Check(); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%s: Check = %v, want ErrInvalid", name, err)
		}
	}
}

func TestNothingCrossesTheInternetInClear(t *testing.T) {
	o := open(t, "192.88.99.1:25") // a public address, refused before it is dialled
	var said portal.UserError
	if err := o.Check(t.Context()); !errors.As(err, &said) || said.Key != "post.fault.clear" {
		t.Errorf("Check = %v, want that nothing is sent in clear", err)
	}
}

func FuzzCleanAddress(f *testing.F) {
	for _, seed := range []string{"a@b.example", "é@bourg.example", "a@été.example", `"a b"@c.example`, "a@b", "a@[127.0.0.1]", "a@b.example\r\nBcc: c@d.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		clean, err := post.CleanAddress(text)
		if err != nil {
			return
		}
		if strings.ContainsAny(clean, "\r\n\x00 <>,;") || strings.Count(clean, "@") != 1 {
			t.Errorf("CleanAddress(%q) = %q", text, clean)
		}
		if again, err := post.CleanAddress(clean); err != nil || again != clean {
			t.Errorf("CleanAddress(%q) = %q, %v: not the same again", clean, again, err)
		}
	})
}
