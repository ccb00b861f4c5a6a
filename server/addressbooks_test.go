package server_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"parvis/contacts"
	"parvis/dav"
	"parvis/directory"
	"parvis/e2e/servers"
	"parvis/portal"
	"parvis/server/servertest"
)

// computer is a person's own, where vdirsyncer keeps a copy of her address books in folders that khard reads.
type computer struct {
	t   *testing.T
	dir string
}

// newComputer knows the bare address of the portal, a login and an app password, and which directories
// others share.
func newComputer(t *testing.T, address, login, password string, shared ...string) computer {
	t.Helper()
	books := map[string]string{"personal": "", "directory": "read_only = true"}
	for _, book := range shared {
		books[book] = "read_only = true"
	}
	return newComputerWith(t, address, login, password, books)
}

// newComputerWith knows some books, each with what vdirsyncer is told of it.
func newComputerWith(t *testing.T, address, login, password string, books map[string]string) computer {
	t.Helper()
	for _, program := range []string{"vdirsyncer", "khard"} {
		if _, err := exec.LookPath(program); err != nil {
			servers.Missing(t, program)
		}
	}
	c := computer{t, t.TempDir()}
	config := fmt.Sprintf("[general]\nstatus_path = %q\n", filepath.Join(c.dir, "status"))
	for book, more := range books {
		config += fmt.Sprintf(`[pair %[1]s]
a = "%[1]s_here"
b = "%[1]s_there"
collections = [%[2]q]
[storage %[1]s_here]
type = "filesystem"
path = %[4]q
fileext = ".vcf"
[storage %[1]s_there]
type = "carddav"
url = %[5]q
username = %[6]q
password = %[7]q
%[3]s
`, strings.ReplaceAll(book, "-", "_"), book, more, filepath.Join(c.dir, "people"), address+"/", login, password)
	}
	c.write("config", config)
	c.write("khard.conf", "[addressbooks]\n[[personal]]\npath = "+c.folder("personal")+"\n[[directory]]\npath = "+c.folder("directory")+
		"\n[general]\ndefault_action = list\n[contact table]\nlocalize_dates = no\n")
	c.run("vdirsyncer", "-c", filepath.Join(c.dir, "config"), "discover")
	return c
}

func (c computer) folder(book string) string { return filepath.Join(c.dir, "people", book) }

func (c computer) write(name, text string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c computer) run(program string, args ...string) string {
	c.t.Helper()
	output, err := c.try(program, args...)
	if err != nil {
		c.t.Fatalf("%s %v: %v\n%s", program, args, err, output)
	}
	return output
}

func (c computer) try(program string, args ...string) (string, error) {
	command := exec.Command(program, args...)
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "LANG=C.UTF-8", "HOME="+c.dir)
	command.Stdin = strings.NewReader(strings.Repeat("y\n", 20))
	output, err := command.CombinedOutput()
	return string(output), err
}

// sync brings both sides to the same state.
func (c computer) sync() {
	c.t.Helper()
	c.run("vdirsyncer", "-c", filepath.Join(c.dir, "config"), "sync")
}

// file is where the card with a text is here, "" for none.
func (c computer) file(book, text string) string {
	c.t.Helper()
	paths, err := filepath.Glob(filepath.Join(c.folder(book), "*.vcf"))
	if err != nil {
		c.t.Fatal(err)
	}
	for _, path := range paths {
		octets, err := os.ReadFile(path)
		if err != nil {
			c.t.Fatal(err)
		}
		if strings.Contains(string(octets), text) {
			return path
		}
	}
	return ""
}

// khard asks khard about the copies.
func (c computer) khard(args ...string) string {
	c.t.Helper()
	return c.run("khard", append([]string{"-c", filepath.Join(c.dir, "khard.conf")}, args...)...)
}

// TestAComputerKeepsBothAddressBooks: vdirsyncer carries changes of personal contacts in both directions and
// those of the directory from the portal; khard reads what it brought.
func TestAComputerKeepsBothAddressBooks(t *testing.T) {
	p := servertest.New(t)
	const login = "redaction@bourg.example"
	caller := p.Caller(login, "bourg")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := p.Contacts.Put(t.Context(), caller, contacts.BookID(caller.Agent), "a.vcf", []byte(vcardOf("from-server", "Notaire de l’étude")), dav.Conditions{})
	must(err)
	agent, err := p.Directory.CreateAgent(t.Context(), directory.Installation("bourg"), directory.Agent{
		GivenName: "Zoé", FamilyName: "Éluard", Function: "Policière municipale", Phone: "02 61 91 01 77", Email: "zoe@bourg.example",
	})
	must(err)

	c := newComputer(t, p.URL, login, p.AppPassword(login, "bourg"))
	c.sync()
	if got := c.khard("phone", "--parsable", "Éluard"); !strings.Contains(got, "+33261910177") {
		t.Errorf("khard dials Zoé by %q", got)
	}
	if got := c.khard("email", "--parsable", "Éluard"); !strings.Contains(got, "zoe@bourg.example") {
		t.Errorf("khard writes to Zoé by %q", got)
	}
	if got := c.khard("list"); !strings.Contains(got, "Notaire de l’étude") {
		t.Errorf("khard lists %s", got)
	}

	// On the computer: a new card and a change.
	c.write("people/personal/local.vcf", vcardOf("from-computer", "Plombier"))
	here := c.file("personal", "Notaire")
	octets, err := os.ReadFile(here)
	must(err)
	must(os.WriteFile(here, []byte(strings.ReplaceAll(string(octets), "Notaire", "Notaire honoraire")), 0o600))
	c.sync()
	all, err := p.Contacts.List(t.Context(), caller, contacts.BookID(caller.Agent))
	must(err)
	names := ""
	for _, one := range all {
		names += one.FullName + "; "
	}
	if !strings.Contains(names, "Plombier") || !strings.Contains(names, "Notaire honoraire") || len(all) != 2 {
		t.Errorf("the portal has %s", names)
	}
	plumber, err := os.ReadFile(c.file("personal", "Plombier"))
	must(err)
	for _, one := range all {
		found, err := p.Contacts.Contacts(t.Context(), caller, contacts.BookID(caller.Agent), []string{one.Name})
		must(err)
		if one.UID == "from-computer" && strings.TrimSpace(string(found[one.Name].Octets)) != strings.TrimSpace(string(plumber)) {
			t.Errorf("the portal has %q, the computer %q", found[one.Name].Octets, plumber)
		}
	}

	// On the portal: one card goes, an agent's function changes, another leaves.
	must(p.Contacts.Delete(t.Context(), caller, contacts.BookID(caller.Agent), "a.vcf", dav.Conditions{}))
	shown, err := p.Directory.Agent(t.Context(), directory.Installation("bourg"), agent)
	must(err)
	typed := shown
	typed.GivenName, typed.FamilyName, typed.Function = "Zoé", "Éluard", "Cheffe de service"
	must(p.Directory.ChangeAgent(t.Context(), directory.Installation("bourg"), shown, typed, ""))
	c.sync()
	if c.file("personal", "Notaire") != "" || c.file("directory", "Cheffe de service") == "" {
		t.Error("the computer did not hear of what changed on the portal")
	}
	must(p.Directory.CloseAgent(t.Context(), directory.Installation("bourg"), agent, ""))
	c.sync()
	if c.file("directory", "Éluard") != "" {
		t.Error("who left is still on the computer")
	}
}

// TestAComputerKeepsASharedDirectory while it is shared, says that it is not, and goes on where it was when
// it is again.
func TestAComputerKeepsASharedDirectory(t *testing.T) {
	s := newSatellite(t)
	const book, login = "directory-of-bourg", "agent@agglo.example"
	s.admin.Post("/admin/directory/sharing", "collectivity", "agglo").Want(t, 303)
	c := newComputer(t, s.URL, login, s.AppPassword(login, "agglo"), book)
	c.sync()
	if c.file(book, "Zélie") == "" || c.file(book, "Jardinier") == "" || c.file(book, "Ida") != "" || c.file("directory", "Zélie") != "" {
		t.Error("the computer has not each directory in its book")
	}
	s.admin.Post("/admin/directory/sharing/agglo/end").Want(t, 303)
	if output, err := c.try("vdirsyncer", "-c", filepath.Join(c.dir, "config"), "sync", strings.ReplaceAll(book, "-", "_")); err == nil {
		t.Errorf("a book that is gone is read: %s", output)
	}
	if err := s.Directory.CloseAgent(t.Context(), s.install, s.paul, ""); err != nil {
		t.Fatal(err)
	}
	s.admin.Post("/admin/directory/sharing/agglo/restore").Want(t, 303)
	c.sync()
	if c.file(book, "Zélie") == "" || c.file(book, "Jardinier") != "" {
		t.Error("the computer did not hear of what happened meanwhile")
	}
}

func vcardOf(uid, name string) string {
	return "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:" + uid + "\r\nFN:" + name + "\r\nN:" + name + ";;;;\r\nX-Parvis-Test;X-P=1:a\\, b\r\nEND:VCARD\r\n"
}

// TestAComputerMakesABook, which vdirsyncer does where there is none, and keeps that of a group: only read until its
// members write in it. Groups of people come and go as they are.
func TestAComputerMakesABook(t *testing.T) {
	p := servertest.New(t)
	const login = "redaction@bourg.example"
	admin := p.Caller("admin@bourg.example", "bourg")
	id, err := p.Contacts.CreateBook(t.Context(), admin, contacts.NewBook{Name: "Associations", To: portal.Subject{Kind: portal.TheGroup, ID: "accueil"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Contacts.Put(t.Context(), admin, id, "a.vcf", []byte(vcardOf("fetes", "Comité des fêtes")), dav.Conditions{}); err != nil {
		t.Fatal(err)
	}
	shared := "shared-" + string(id)
	c := newComputerWith(t, p.URL, login, p.AppPassword(login, "bourg"), map[string]string{"chorale": "", shared: ""})
	const group = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:g\r\nFN:Altos\r\nN:Altos\r\nX-ADDRESSBOOKSERVER-KIND:group\r\nX-ADDRESSBOOKSERVER-MEMBER:urn:uuid:anne\r\nEND:VCARD\r\n"
	c.write("people/chorale/g.vcf", group)
	c.write("people/chorale/anne.vcf", vcardOf("anne", "Anne Dupré"))
	c.sync()
	caller := p.Caller(login, "bourg")
	books, err := p.Contacts.Books(t.Context(), caller)
	if err != nil || len(books) != 3 || books[1].Slug != "chorale" || books[1].Cards != 2 || books[1].Groups != 1 {
		t.Fatalf("the portal has the books %+v, %v", books, err)
	}
	all, err := p.Contacts.List(t.Context(), caller, books[1].ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		whole, err := p.Contacts.Contact(t.Context(), caller, books[1].ID, one.Name)
		if err != nil || one.UID == "g" && strings.TrimSpace(string(whole.Octets)) != strings.TrimSpace(group) {
			t.Errorf("the group became %q, %v", whole.Octets, err)
		}
	}
	if c.file(shared, "Comité") == "" {
		t.Error("the book of the group is not on the computer")
	}

	c.write("people/"+shared+"/b.vcf", vcardOf("boules", "Boulistes"))
	if output, err := c.try("vdirsyncer", "-c", filepath.Join(c.dir, "config"), "sync", strings.ReplaceAll(shared, "-", "_")); err == nil {
		t.Errorf("a book that is only read is written: %s", output)
	}
	writes := true
	if err := p.Contacts.ChangeBook(t.Context(), admin, id, contacts.BookLook{MembersWrite: &writes}, ""); err != nil {
		t.Fatal(err)
	}
	c.sync()
	if all, err := p.Contacts.List(t.Context(), caller, id); err != nil || len(all) != 2 {
		t.Errorf("the book of the group holds %+v, %v", all, err)
	}
}
