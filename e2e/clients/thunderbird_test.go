package clients_test

import (
	"bufio"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/portal"
)

// thunderbird is the program itself, without its windows, driven by the protocol of its own tests
// (Marionette): scripts run where its pages run.
type thunderbird struct {
	d    *desk
	conn net.Conn
	read *bufio.Reader
	last int // number of the last command
}

const (
	thunderbirdStarts = 90 * time.Second
	scriptRuns        = 60 * time.Second
)

func startThunderbird(d *desk) *thunderbird {
	d.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	address := listener.Addr().String()
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	d.write("profile/user.js", fmt.Sprintf(`user_pref("marionette.port", %d);
user_pref("mail.rights.version", 1);
user_pref("mailnews.start_page.enabled", false);
user_pref("mail.provider.suppress_dialog_on_startup", true);
user_pref("app.donation.eoy.version.viewed", 999);
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionPolicyBypassNotification", true);
user_pref("calendar.timezone.local", "Europe/Paris");
user_pref("calendar.timezone.useSystemTimezone", false);
`, port))
	command := exec.Command("thunderbird", "--headless", "--no-remote", "--profile", d.dir+"/profile", "--marionette", "-remote-allow-system-access")
	command.Env = append(os.Environ(), "HOME="+d.dir, "LC_ALL=C.UTF-8", "TZ=Europe/Paris")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		_ = command.Wait()
	})
	b := &thunderbird{d: d}
	for begun := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		if b.conn, err = net.Dial("tcp", address); err == nil {
			break
		}
		if time.Since(begun) > thunderbirdStarts {
			d.t.Fatalf("thunderbird does not start: %v", err)
		}
	}
	d.t.Cleanup(func() { b.conn.Close() })
	b.read = bufio.NewReader(b.conn)
	b.receive() // what it is
	b.command("WebDriver:NewSession", map[string]any{})
	b.command("Marionette:SetContext", map[string]any{"value": "chrome"})
	return b
}

// receive reads a message: its length in decimal, a colon, JSON.
func (b *thunderbird) receive() json.RawMessage {
	b.d.t.Helper()
	_ = b.conn.SetReadDeadline(time.Now().Add(scriptRuns + 30*time.Second))
	head, err := b.read.ReadString(':')
	if err != nil {
		b.d.t.Fatal(err)
	}
	size, err := strconv.Atoi(strings.TrimSuffix(head, ":"))
	if err != nil {
		b.d.t.Fatal(err)
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(b.read, message); err != nil {
		b.d.t.Fatal(err)
	}
	return message
}

// command asks for something: [0, number, name, parameters], answered by [1, number, error, result].
func (b *thunderbird) command(name string, parameters map[string]any) json.RawMessage {
	b.d.t.Helper()
	b.last++
	message, err := json.Marshal([]any{0, b.last, name, parameters})
	if err != nil {
		b.d.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(b.conn, "%d:%s", len(message), message); err != nil {
		b.d.t.Fatal(err)
	}
	var answer [4]json.RawMessage
	if err := json.Unmarshal(b.receive(), &answer); err != nil {
		b.d.t.Fatal(err)
	}
	if string(answer[2]) != "null" {
		b.d.t.Fatalf("thunderbird: %s: %s", name, answer[2])
	}
	return answer[3]
}

//go:embed thunderbird.js
var thunderbirdScripts string

// do calls a function of thunderbird.js; into may be nil.
func (b *thunderbird) do(function string, into any, args ...any) {
	b.d.t.Helper()
	script := thunderbirdScripts + `
const args = Array.from(arguments), done = args.pop();
steps.` + function + `(...args).then(ok => done({ ok }), error => done({ error: String(error) + (error.stack || "") }));`
	raw := b.command("WebDriver:ExecuteAsyncScript", map[string]any{"script": script, "args": append([]any{}, args...), "scriptTimeout": scriptRuns.Milliseconds()})
	var answer struct {
		Value struct {
			OK    json.RawMessage
			Error string
		}
	}
	if err := json.Unmarshal(raw, &answer); err != nil || answer.Value.Error != "" {
		b.d.t.Fatalf("thunderbird: %s: %v %s", function, err, answer.Value.Error)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer.Value.OK, into); err != nil {
		b.d.t.Fatalf("thunderbird: %s: %v in %s", function, err, answer.Value.OK)
	}
}

// TestThunderbird connects the program as its dialog does: it finds the calendars from the bare address,
// writes, is told of changes, invites, and knows what it may only read.
func TestThunderbird(t *testing.T) {
	d := newDesk(t, "thunderbird")
	boss := d.portal.Caller("admin@bourg.example", "bourg")
	bossAgenda := calendar.CalendarID(boss.Agent)
	if _, err := d.portal.Calendar.Share(t.Context(), boss, calendar.Share{Calendar: bossAgenda, To: portal.Subject{Kind: portal.TheAgent, ID: string(d.caller.Agent)}, Level: calendar.LevelRead}, ""); err != nil {
		t.Fatal(err)
	}
	d.put("weekly", "BEGIN:VEVENT\nUID\nDTSTART;TZID=Europe/Paris:20261201T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=4\nSUMMARY:Point de service\nEND:VEVENT")
	b := startThunderbird(d)
	type found struct {
		Name, URI string
		ReadOnly  bool
		Items     []string
	}
	var calendars []found
	b.do("connect", &calendars, d.login, d.password, d.portal.URL)
	var own, shared *found
	for i, one := range calendars {
		if strings.HasSuffix(one.URI, "/"+calendar.PersonalSlug+"/") && strings.HasPrefix(one.URI, d.home) {
			own = &calendars[i]
		}
		if strings.Contains(one.URI, string(boss.Agent)) || strings.Contains(one.Name, "Garnier") {
			shared = &calendars[i]
		}
	}
	if own == nil || shared == nil {
		t.Fatalf("not all calendars are found: %+v", calendars)
	}
	if own.ReadOnly || !shared.ReadOnly || len(own.Items) != 4 {
		t.Errorf("her own: %+v; shared to be read: %+v", *own, *shared)
	}

	b.do("add", nil, own.URI, "tb-one", "Écrit dans Thunderbird")
	b.do("rename", nil, own.URI, "tb-one", "Changé dans Thunderbird")
	d.has("the agenda", d.kept(), "SUMMARY:Changé dans Thunderbird")
	d.put("tb-one", "BEGIN:VEVENT\nUID\nDTSTART:20261202T090000Z\nDURATION:PT1H\nSUMMARY:Changé ici\nEND:VEVENT")
	var items []string
	b.do("refresh", &items, own.URI, "Changé ici")
	b.do("invite", nil, own.URI, "tb-one", d.login, "admin@bourg.example")
	d.has("the organizer’s event", strings.ReplaceAll(d.kept(), "\r\n ", ""), "SCHEDULE-STATUS=1.2")
	copies, err := d.portal.Calendar.Instances(t.Context(), boss, time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 12, 3, 0, 0, 0, 0, time.UTC), bossAgenda)
	if err != nil || len(copies) != 1 || copies[0].Title != "Changé ici" {
		t.Errorf("who is invited has %+v, %v", copies, err)
	}
	b.do("remove", nil, own.URI, "tb-one")
	if strings.Contains(d.kept(), "Changé ici") {
		t.Error("what was deleted is still there")
	}
}

// TestThunderbirdContacts adds the address books of a person: her own, and the directory to be read.
func TestThunderbirdContacts(t *testing.T) {
	d := newDesk(t, "thunderbird")
	answer := d.portal.Anonymous().Do("PUT", "/dav/contacts/"+string(d.caller.Agent)+"/personal/zoe.vcf", strings.NewReader("BEGIN:VCARD\r\nVERSION:3.0\r\nUID:zoe\r\nFN:Zoé Lambert\r\nN:Lambert;Zoé;;;\r\nEND:VCARD\r\n"),
		"Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(d.login+":"+d.password)))
	if answer.Status != http.StatusCreated {
		t.Fatal(answer.Status, answer.Body)
	}
	var books []struct {
		Name     string
		ReadOnly bool
		Cards    []string
	}
	startThunderbird(d).do("books", &books, d.login, d.password, d.portal.URL)
	if len(books) != 2 || books[0].ReadOnly || !slices.Contains(books[0].Cards, "Zoé Lambert") || !books[1].ReadOnly || len(books[1].Cards) < 3 {
		t.Errorf("%+v", books)
	}
}
