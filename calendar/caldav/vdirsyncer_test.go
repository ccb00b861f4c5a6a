package caldav_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// vdirsyncer runs the real client between a folder and the server's calendars.
type vdirsyncer struct {
	t      *testing.T
	config string
	folder string
	env    []string
}

func newVdirsyncer(t *testing.T, s *server) *vdirsyncer {
	t.Helper()
	if _, err := exec.LookPath("vdirsyncer"); err != nil {
		if os.Getenv("CI") == "" && os.Getenv("PARVIS_TEST_ALL") == "" {
			t.Skip("vdirsyncer is not installed")
		}
		t.Fatal(err)
	}
	dir := t.TempDir()
	v := &vdirsyncer{t: t, config: filepath.Join(dir, "config"), folder: filepath.Join(dir, "files")}
	v.env = append(os.Environ(), "LC_ALL=C.UTF-8", "LANG=C.UTF-8", "HOME="+dir)
	config := fmt.Sprintf(`[general]
status_path = %q
[pair agenda]
a = "here"
b = "there"
collections = ["from b"]
conflict_resolution = "b wins"
metadata = ["color", "displayname"]
[storage here]
type = "filesystem"
path = %q
fileext = ".ics"
[storage there]
type = "caldav"
url = %q
username = "claire"
password = "claire"
`, filepath.Join(dir, "status"), v.folder, s.url+"/")
	if err := os.WriteFile(v.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *vdirsyncer) run(args ...string) {
	v.t.Helper()
	command := exec.Command("vdirsyncer", append([]string{"-c", v.config}, args...)...)
	command.Env = v.env
	command.Stdin = strings.NewReader(strings.Repeat("y\n", 10))
	if output, err := command.CombinedOutput(); err != nil {
		v.t.Fatalf("vdirsyncer %v: %v\n%s", args, err, output)
	}
}

// files are the objects in the folder's copy of the personal calendar, by UID.
func (v *vdirsyncer) files() map[string]string {
	v.t.Helper()
	paths, err := filepath.Glob(filepath.Join(v.folder, "personal", "*.ics"))
	if err != nil {
		v.t.Fatal(err)
	}
	found := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			v.t.Fatal(err)
		}
		_, uid, _ := strings.Cut(string(text), "UID:")
		uid, _, _ = strings.Cut(uid, "\n")
		found[strings.TrimSpace(uid)] = path
	}
	return found
}

func TestVdirsyncerInBothDirectionsFromTheBareHostName(t *testing.T) {
	s := newServer(t)
	s.do("PUT", own+"a.ics", on("from-server", 10)).want(t, 201)
	v := newVdirsyncer(t, s)
	v.run("discover", "agenda")
	v.run("sync")
	if v.files()["from-server"] == "" {
		t.Fatalf("the folder holds %v", v.files())
	}
	// The agent writes one event on her side and changes the other.
	local := filepath.Join(v.folder, "personal", "local.ics")
	if err := os.WriteFile(local, []byte(on("from-folder", 11)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(v.files()["from-server"], []byte(strings.ReplaceAll(on("from-server", 10), "SUMMARY:", "SUMMARY:changé ")), 0o600); err != nil {
		t.Fatal(err)
	}
	v.run("sync")
	all := s.do("REPORT", own, query(`<C:comp-filter name="VEVENT"/>`), "Depth", "1").want(t, 207, "UID:from-folder", "changé from-server")
	if n := len(hrefs(t, all.body, own)); n != 2 {
		t.Errorf("the server has %d events, want 2", n)
	}
	// The server changes one and deletes the other.
	s.do("DELETE", own+"a.ics", "").want(t, 204)
	for _, name := range hrefs(t, all.body, own) {
		if name != "a" {
			s.do("PUT", own+name+".ics", strings.Replace(on("from-folder", 11), "SUMMARY:", "SUMMARY:déplacé ", 1)).want(t, 204)
		}
	}
	v.run("sync")
	files := v.files()
	if len(files) != 1 {
		t.Fatalf("the folder holds %v, want from-folder alone", files)
	}
	if text, err := os.ReadFile(files["from-folder"]); err != nil || !strings.Contains(string(text), "déplacé") {
		t.Errorf("the folder has %s, %v", text, err)
	}
	// It takes an emptied folder for an accident, so another event is there when this one goes.
	s.do("PUT", own+"b.ics", on("another", 12)).want(t, 201)
	v.run("sync")
	if err := os.Remove(files["from-folder"]); err != nil {
		t.Fatal(err)
	}
	v.run("sync")
	if left := hrefs(t, s.do("REPORT", own, query(""), "Depth", "1").body, own); strings.Join(left, " ") != "b" {
		t.Errorf("the server has %v, want b alone", left)
	}
	v.run("metasync")
}
