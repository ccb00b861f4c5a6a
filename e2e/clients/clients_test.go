// Package clients_test lets the calendar programs of Debian talk to Parvis as their users have them do.
package clients_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"parvis/calendar"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/server/servertest"
)

func TestMain(m *testing.M) { servertest.Main(m) }

// desk is a person's computer, her account and what she keeps there.
type desk struct {
	t               *testing.T
	portal          *servertest.Portal
	caller          portal.Caller
	dir             string
	login, password string
	home            string // address of her calendars
}

func newDesk(t *testing.T, programs ...string) *desk {
	t.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			servers.Missing(t, program)
		}
	}
	const login = "agent@bourg.example"
	p := servertest.New(t)
	d := &desk{t: t, portal: p, caller: p.Caller(login, "bourg"), dir: t.TempDir(), login: login, password: p.AppPassword(login, "bourg")}
	d.home = p.URL + "/dav/calendars/" + string(d.caller.Agent) + "/"
	return d
}

// run executes a program in her home, with lines typed.
func (d *desk) run(typed, program string, args ...string) string {
	d.t.Helper()
	command := exec.Command(program, args...)
	command.Dir = d.dir
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "LANG=C.UTF-8", "HOME="+d.dir, "XDG_CONFIG_HOME="+d.dir, "XDG_DATA_HOME="+d.dir, "XDG_CACHE_HOME="+d.dir, "TZ=Europe/Paris")
	command.Stdin = strings.NewReader(typed)
	output, err := command.CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s %v: %v\n%s", program, args, err, output)
	}
	return string(output)
}

func (d *desk) write(name, text string) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// kept is every object of her own calendar, one text.
func (d *desk) kept() string {
	d.t.Helper()
	id := calendar.CalendarID(d.caller.Agent)
	list, err := d.portal.Calendar.List(d.t.Context(), d.caller, id)
	if err != nil {
		d.t.Fatal(err)
	}
	var names []string
	for _, one := range list {
		names = append(names, one.Name)
	}
	entries, err := d.portal.Calendar.Entries(d.t.Context(), d.caller, id, names)
	if err != nil {
		d.t.Fatal(err)
	}
	var all strings.Builder
	for _, one := range entries {
		all.Write(one.Octets)
	}
	return all.String()
}

// put writes an event here, as a page would.
func (d *desk) put(uid, lines string) {
	d.t.Helper()
	text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//FR\r\n" + strings.ReplaceAll(lines, "UID\n", "UID:"+uid+"\nDTSTAMP:20260101T000000Z\n")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n") + "\r\nEND:VCALENDAR\r\n"
	if _, err := d.portal.Calendar.Put(d.t.Context(), d.caller, calendar.CalendarID(d.caller.Agent), uid+".ics", []byte(text), calendar.Condition{}); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) has(where, text string, wanted ...string) {
	d.t.Helper()
	for _, one := range wanted {
		if !strings.Contains(text, one) {
			d.t.Errorf("%s lacks %q:\n%s", where, one, text)
		}
	}
}

// mirror keeps a copy of her calendars in folders, as khal and todoman read them; it returns a function
// that brings both sides to the same state.
func (d *desk) mirror() (sync func()) {
	d.t.Helper()
	config := d.write("vdirsyncer.conf", fmt.Sprintf(`[general]
status_path = %q
[pair agenda]
a = "here"
b = "there"
collections = [%q]
[storage here]
type = "filesystem"
path = %q
fileext = ".ics"
[storage there]
type = "caldav"
url = %q
username = %q
password = %q
`, filepath.Join(d.dir, "status"), calendar.PersonalSlug, filepath.Join(d.dir, "calendars"), d.portal.URL+"/", d.login, d.password))
	d.run(strings.Repeat("y\n", 20), "vdirsyncer", "-c", config, "discover")
	return func() { d.run("", "vdirsyncer", "-c", config, "sync") }
}

func TestKhal(t *testing.T) {
	d := newDesk(t, "khal", "vdirsyncer")
	sync := d.mirror()
	monday := nextMonday()
	d.put("weekly", "BEGIN:VEVENT\nUID\nDTSTART;TZID=Europe/Paris:"+monday.Format("20060102")+"T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3\nSUMMARY:Point de service\nEND:VEVENT")
	sync()
	d.write("khal/config", fmt.Sprintf("[calendars]\n[[agenda]]\npath = %s\n[default]\ndefault_calendar = agenda\n[locale]\ntimeformat = %%H:%%M\ndateformat = %%d/%%m/%%Y\nlongdateformat = %%d/%%m/%%Y\ndatetimeformat = %%d/%%m/%%Y %%H:%%M\nlongdatetimeformat = %%d/%%m/%%Y %%H:%%M\nlocal_timezone = Europe/Paris\ndefault_timezone = Europe/Paris\n",
		filepath.Join(d.dir, "calendars", calendar.PersonalSlug)))
	second := monday.AddDate(0, 0, 7).Format("02/01/2006")
	d.has("khal’s second week", d.run("", "khal", "list", second), "09:00-10:00 Point de service")
	d.run("", "khal", "new", second, "14:00", "15:30", "Conseil d’école", "-l", "École Jules-Ferry")
	sync()
	d.has("the agenda", d.kept(), "SUMMARY:Conseil d’école", "LOCATION:École Jules-Ferry")
	found, err := d.portal.Calendar.Instances(t.Context(), d.caller, monday.AddDate(0, 0, 7), monday.AddDate(0, 0, 8))
	if err != nil || len(found) != 2 || found[1].Start.Format("15:04") != "14:00" || found[1].End.Format("15:04") != "15:30" {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestTodoman(t *testing.T) {
	d := newDesk(t, "todoman", "vdirsyncer")
	sync := d.mirror()
	d.put("task", "BEGIN:VTODO\nUID\nDUE;TZID=Europe/Paris:20261201T170000\nPRIORITY:1\nSUMMARY:Relire la délibération\nEND:VTODO")
	sync()
	d.write("todoman/config.py", fmt.Sprintf("path = %q\ndate_format = \"%%Y-%%m-%%d\"\ntime_format = \"%%H:%%M\"\ndefault_list = %q\n", filepath.Join(d.dir, "calendars", "*"), calendar.PersonalSlug))
	d.has("todoman’s list", d.run("", "todoman", "list"), "Relire la délibération", "2026-12-01 17:00")
	d.run("", "todoman", "new", "Commander les urnes", "--due", "2026-12-10 12:00")
	d.run("", "todoman", "done", "1")
	sync()
	d.has("the agenda", d.kept(), "SUMMARY:Commander les urnes", "STATUS:COMPLETED")
}

func TestCadaver(t *testing.T) {
	d := newDesk(t, "cadaver")
	d.write(".netrc", fmt.Sprintf("machine 127.0.0.1 login %s password %s\n", d.login, d.password))
	event := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:cad\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20261201T090000Z\r\nDTEND:20261201T100000Z\r\nSUMMARY:Par cadaver\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	d.write("cad.ics", event)
	if _, err := d.portal.Calendar.CreateCalendar(t.Context(), d.caller, calendar.NewCalendar{Slug: "archives", Name: "Archives"}); err != nil {
		t.Fatal(err)
	}
	said := d.run(strings.Join([]string{
		"cd " + calendar.PersonalSlug, "put cad.ics", "ls", "get cad.ics back.ics", "move cad.ics ../archives/cad.ics", "cd ../archives", "ls",
		"copy cad.ics ../" + calendar.PersonalSlug + "/cad.ics", "delete cad.ics", "ls", "propnames .", "quit", "",
	}, "\n"), "cadaver", d.home)
	if strings.Contains(said, "failed") || strings.Contains(said, "Could not") {
		t.Error(said)
	}
	back, err := os.ReadFile(filepath.Join(d.dir, "back.ics"))
	if err != nil || string(back) != event {
		t.Errorf("%q, %v", back, err)
	}
	d.has("the agenda", d.kept(), "SUMMARY:Par cadaver")
}

// nextMonday is a midnight in Paris.
func nextMonday() time.Time {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		panic(err)
	}
	now := time.Now().In(paris)
	return time.Date(now.Year(), now.Month(), now.Day()+8-int(now.Weekday()), 0, 0, 0, 0, paris)
}
