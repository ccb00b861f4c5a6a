package servers

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"
)

// Domain is a real Active Directory domain, served by Samba, that holds People and Groups and the persons of
// DomainStates. A password in clear is refused (result 8, strongerAuthRequired): StartTLS on URL, or LDAPS.
//
// Agents are users in "OU=Agents" with sAMAccountName, userPrincipalName, cn, givenName, sn, mail, title,
// telephoneNumber and objectGUID; groups are in "OU=Groupes". NestedGroups are members of each other. An account is
// locked at five wrong passwords.
type Domain struct {
	URL       string // "ldap://127.77.12.9", wants StartTLS
	SecureURL string // "ldaps://127.77.12.9"
	BaseDN    string // the domain's root: "DC=bourg,DC=example"
	CAFile    string // PEM of the authority that signed the server's certificate

	BindDN       string // service account, an ordinary user: "parvis@bourg.example"
	BindPassword string

	dir     string
	address string
}

// DomainState is a person of the domain whose account is in a state of its own. Her right password is
// DomainPassword.
type DomainState struct {
	Account string // sAMAccountName, before "@bourg.example" in her other names
	Code    string // that error 49 gives with the right password, "" for none
}

// DomainPassword is the password of the persons of DomainStates.
const DomainPassword = "Orme-Champetre-49"

// DomainStates are the persons beside People. The one of "775" is locked by whoever tries five wrong passwords.
func DomainStates() []DomainState {
	return []DomainState{
		{"desactive", "533"},
		{"expire", "701"},
		{"a.changer", "773"},
		{"mdp.expire", "532"},
		{"a.verrouiller", ""},
		{"emboite", ""},
		{"parti", ""},
	}
}

// NestedGroups are groups of the domain of which each is a member of the next, and the last of the first: "emboite"
// is a member of the first alone.
func NestedGroups() []string { return []string{"Régie", "Culture, fêtes", "Tous les services"} }

// sharedDomain serves the whole test process, and ends with it: a domain takes ten seconds to be made.
var sharedDomain = sync.OnceValues(startDomain)

// ActiveDirectory is the domain that this test process shares. A test that changes a person has her for itself.
func ActiveDirectory(t testing.TB) *Domain {
	t.Helper()
	need(t, "samba", "samba-tool")
	if os.Getuid() != 0 {
		Missing(t, "Samba serves the ports of a directory, 389 and 636, to root alone")
	}
	domain, err := sharedDomain()
	if err != nil {
		t.Fatal(err)
	}
	return domain
}

func startDomain() (*Domain, error) {
	dir, err := ProcessDir("samba")
	if err != nil {
		return nil, err
	}
	root := "DC=bourg,DC=example"
	d := &Domain{BaseDN: root, CAFile: filepath.Join(dir, "ca.pem"), BindDN: "parvis@bourg.example", BindPassword: rand.Text() + "-aA1", dir: dir}
	if err := d.provision(); err != nil {
		return nil, err
	}
	if err := d.fill(); err != nil {
		return nil, err
	}
	return d, d.start()
}

// provision makes the domain in its folder. Samba knows neither other ports nor a way around them, so the domain has an
// address of the loopback to itself.
func (d *Domain) provision() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*startTimeout)
	defer cancel()
	tool, err := find("samba-tool")
	if err != nil {
		return err
	}
	return run(ctx, nil, tool, "domain", "provision", "--realm=BOURG.EXAMPLE", "--domain=BOURG", "--server-role=dc",
		"--dns-backend=NONE", "--adminpass="+rand.Text()+"-aA1", "--targetdir="+filepath.Join(d.dir, "dc"),
		"--host-name=dc", "--host-ip=127.0.0.1", "--option=interfaces=lo", "--option=bind interfaces only=yes")
}

// filler adds the entries to the domain's files, as no client may: it dates a password back.
const filler = `
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
lp = LoadParm()
lp.load(sys.argv[1])
db = SamDB(lp=lp, session_info=system_session(lp))
changes, entries, past = sys.stdin.read().split("\n--\n")
db.modify_ldif(changes)
db.add_ldif(entries)
db.modify_ldif(past, controls=["local_oid:1.3.6.1.4.1.7165.4.3.20:0"])
`

func (d *Domain) fill() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	changes := ldifChange(d.BaseDN, "lockoutThreshold", "5", "pwdProperties", "0", "minPwdAge", "0")
	// long before any password's end
	past := ldifChange(d.personDN("mdp.expire"), "pwdLastSet", "130000000000000000")
	text := strings.Join([]string{changes, d.entries(), past}, "\n--\n")
	// Debian's own Python: another may be first in the path, without Samba's modules
	return run(ctx, strings.NewReader(text), "/usr/bin/python3", "-c", filler, filepath.Join(d.dir, "dc/etc/smb.conf"))
}

// ldifChange replaces attributes of one entry; attributes are name, value pairs.
func ldifChange(dn string, attributes ...string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "dn: %s\nchangetype: modify\n", dn)
	for i := 0; i < len(attributes); i += 2 {
		fmt.Fprintf(&text, "replace: %s\n%s: %s\n-\n", attributes[i], attributes[i], attributes[i+1])
	}
	return text.String()
}

func (d *Domain) personDN(account string) string {
	return "CN=" + escapeDN(account) + ",OU=Agents," + d.BaseDN
}

// PersonDN is where an agent's entry is.
func (d *Domain) PersonDN(person Person) string {
	return "CN=" + escapeDN(person.Name()) + ",OU=Agents," + d.BaseDN
}

// GroupDN is where a group's entry is.
func (d *Domain) GroupDN(name string) string {
	return "CN=" + escapeDN(name) + ",OU=Groupes," + d.BaseDN
}

// entries is the LDIF of what the domain holds beside its own.
func (d *Domain) entries() string {
	var text ldif
	for _, unit := range []string{"Agents", "Groupes", "Services"} {
		text.entry("OU="+unit+","+d.BaseDN, "objectClass", "organizationalUnit")
	}
	text.entry("CN=Parvis,OU=Services,"+d.BaseDN, account("parvis", d.BindPassword)...)
	for _, person := range People() {
		attributes := append(account(strings.ReplaceAll(person.UID, "œ", "oe"), person.Password), "givenName", person.GivenName,
			"sn", person.FamilyName, "mail", person.Mail, "title", person.Title, "telephoneNumber", person.Phone)
		text.entry(d.PersonDN(person), attributes...)
	}
	for _, state := range DomainStates() {
		attributes := append(account(state.Account, DomainPassword), "givenName", "Camille", "sn", "d’État", "mail", state.Account+"@bourg.example")
		switch state.Code {
		case "533":
			attributes[slices.Index(attributes, "512")] = "514"
		case "701":
			attributes = append(attributes, "accountExpires", "130000000000000000")
		case "773":
			attributes = append(attributes, "pwdLastSet", "0")
		}
		text.entry(d.personDN(state.Account), attributes...)
	}
	for _, group := range Groups() {
		attributes := []string{"objectClass", "group", "sAMAccountName", strings.ReplaceAll(group.Name, ",", "")}
		for _, uid := range group.Members {
			attributes = append(attributes, "member", d.PersonDN(PersonByUID(uid)))
		}
		text.entry(d.GroupDN(group.Name), attributes...)
	}
	d.nest(&text)
	return text.String()
}

// nest adds NestedGroups: the first is last, since a member must be there.
func (d *Domain) nest(text *ldif) {
	member := d.personDN("emboite")
	for _, name := range NestedGroups() {
		text.entry(d.GroupDN(name), "objectClass", "group", "sAMAccountName", strings.ReplaceAll(name, ",", ""), "member", member)
		member = d.GroupDN(name)
	}
}

// account is what every user has. A password is written as its UTF-16 between quotes ([MS-ADTS] 3.1.1.3.1.5.1).
func account(name, password string) []string {
	var quoted []byte
	for _, unit := range utf16.Encode([]rune(`"` + password + `"`)) {
		quoted = append(quoted, byte(unit), byte(unit>>8))
	}
	return []string{
		"objectClass", "user", "sAMAccountName", name, "userPrincipalName", name + "@bourg.example",
		"userAccountControl", "512", "unicodePwd", string(quoted),
	}
}

// start runs Samba's directory, and nothing else of it, on an address of the loopback that nobody has.
func (d *Domain) start() error {
	samba, err := find("samba")
	if err != nil {
		return err
	}
	var random [2]byte
	rand.Read(random[:])
	d.address = fmt.Sprintf("127.77.%d.%d", random[0], max(1, random[1]))
	d.URL, d.SecureURL = "ldap://"+d.address, "ldaps://"+d.address
	town, err := newAuthority("Bourg")
	if err != nil {
		return err
	}
	if err := town.save(d.dir, d.address); err != nil {
		return err
	}
	config := filepath.Join(d.dir, "smb.conf")
	if err := os.WriteFile(config, []byte(d.configText()), 0o600); err != nil {
		return fmt.Errorf("servers: samba: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(d.dir, "run"), 0o755); err != nil {
		return fmt.Errorf("servers: samba: %w", err)
	}
	p, err := start(command{args: []string{samba, "-i", "-M", "single", "-s", config}, folder: d.dir})
	if err != nil {
		return err
	}
	return p.ready(func() error {
		dialer := &net.Dialer{Timeout: time.Second}
		conn, err := tls.DialWithDialer(dialer, "tcp", d.address+":636", &tls.Config{RootCAs: town.pool()})
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

func (d *Domain) configText() string {
	return fmt.Sprintf(`[global]
netbios name = DC
realm = BOURG.EXAMPLE
workgroup = BOURG
server role = active directory domain controller
server services = ldap
interfaces = %[2]s/8
bind interfaces only = yes
private dir = %[1]s/dc/private
lock directory = %[1]s/dc
state directory = %[1]s/dc/state
cache directory = %[1]s/dc/cache
pid directory = %[1]s/run
ncalrpc dir = %[1]s/run/ncalrpc
winbindd socket directory = %[1]s/run/winbindd
ntp signd socket directory = %[1]s/run/ntp
log file = %[1]s/log.%%m
tls certfile = %[1]s/cert.pem
tls keyfile = %[1]s/key.pem
tls cafile = %[1]s/ca.pem
`, d.dir, d.address)
}

// Modify applies LDIF changes (RFC 2849) to the domain's files while it serves, as an administrator would.
func (d *Domain) Modify(t testing.TB, changes string) {
	t.Helper()
	d.modify(t.Context(), t, changes)
}

func (d *Domain) modify(ctx context.Context, t testing.TB, changes string) {
	t.Helper()
	const script = `
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
lp = LoadParm()
lp.load(sys.argv[1])
SamDB(lp=lp, session_info=system_session(lp)).modify_ldif(sys.stdin.read())
`
	if err := run(ctx, strings.NewReader(changes), "/usr/bin/python3", "-c", script, filepath.Join(d.dir, "dc/etc/smb.conf")); err != nil {
		t.Fatal(err)
	}
}

// Disable closes the account of a person of DomainStates until the test ends: the
// domain serves the next one too.
func (d *Domain) Disable(t testing.TB, account string) {
	t.Helper()
	d.Modify(t, ldifChange(d.personDN(account), "userAccountControl", "514"))
	t.Cleanup(func() {
		d.modify(context.Background(), t, ldifChange(d.personDN(account), "userAccountControl", "512"))
	})
}

// CAs reads the authority.
func (d *Domain) CAs(t testing.TB) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(d.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("servers: samba: the authority is no PEM")
	}
	return pool
}
