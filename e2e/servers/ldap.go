package servers

import (
	"context"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// BaseDN is the root of the directory of Bourg.
const BaseDN = "dc=bourg,dc=example"

// Directory is a real slapd that holds People and Groups. It refuses a password sent in clear (result
// 13, confidentialityRequired): StartTLS on URL, or LDAPS.
//
// Agents are inetOrgPerson in "ou=agents" with uid, cn, givenName, sn, mail, title, ou,
// telephoneNumber, memberOf and entryUUID; groups are groupOfNames in "ou=groupes". An anonymous
// connection may only bind; the service account reads everything but passwords; the manager writes.
type Directory struct {
	URL       string // "ldap://127.0.0.1:40123", wants StartTLS
	SecureURL string // "ldaps://127.0.0.1:40124"
	BaseDN    string
	CAFile    string         // PEM of the authority that signed the server's certificate
	CAs       *x509.CertPool // the same
	// WrongCAFile is the PEM of an authority that signed nothing here.
	WrongCAFile string

	BindDN          string // service account, read only
	BindPassword    string
	ManagerDN       string // writes everything
	ManagerPassword string

	town    *authority
	extra   string // LDIF of entries beside People and Groups
	log     string // configuration of its session log, "" for none
	dir     string
	process *process
}

// LDAP starts a directory that ends with t. It also holds the entries of extra (LDIF, RFC 2849).
func LDAP(t testing.TB, extra ...string) *Directory {
	t.Helper()
	return startLDAP(t, "", extra)
}

// LoggedLDAP is LDAP with a log by which it tells consumers who left, rather than who is there.
func LoggedLDAP(t testing.TB, extra ...string) *Directory {
	t.Helper()
	return startLDAP(t, "syncprov-sessionlog 100", extra)
}

func startLDAP(t testing.TB, log string, extra []string) *Directory {
	t.Helper()
	need(t, "slapd", "slapadd")
	town, err := newAuthority("Bourg")
	if err != nil {
		t.Fatal(err)
	}
	return (&Directory{
		BaseDN:          BaseDN,
		BindDN:          "cn=parvis,ou=services," + BaseDN,
		BindPassword:    rand.Text(),
		ManagerDN:       "cn=admin," + BaseDN,
		ManagerPassword: rand.Text(),
		CAs:             town.pool(), town: town, extra: strings.Join(extra, "\n"), log: log,
	}).open(t)
}

// Replica starts a second server of the same directory: same entries, identifiers, passwords and authority, elsewhere.
func (d *Directory) Replica(t testing.TB) *Directory {
	t.Helper()
	return (&Directory{
		BaseDN: d.BaseDN, BindDN: d.BindDN, BindPassword: d.BindPassword, ManagerDN: d.ManagerDN, ManagerPassword: d.ManagerPassword,
		CAs: d.CAs, town: d.town, extra: d.extra,
	}).open(t)
}

func (d *Directory) open(t testing.TB) *Directory {
	t.Helper()
	if err := d.make(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.process.stop()
		os.RemoveAll(d.dir)
	})
	return d
}

// Modify applies LDIF changes (RFC 2849) as the manager.
func (d *Directory) Modify(t testing.TB, changes string) {
	t.Helper()
	need(t, "ldapmodify")
	ldapmodify, err := find("ldapmodify")
	if err != nil {
		t.Fatal(err)
	}
	err = run(t.Context(), strings.NewReader(changes), "/usr/bin/env", "LDAPTLS_CACERT="+d.CAFile, ldapmodify,
		"-x", "-H", d.SecureURL, "-D", d.ManagerDN, "-w", d.ManagerPassword)
	if err != nil {
		t.Fatal(err)
	}
}

// Stop ends the server as a crash or an evening's maintenance would: connections are refused.
func (d *Directory) Stop(t testing.TB) {
	t.Helper()
	d.process.stop()
}

// Start starts a stopped server again on the same ports and with the same entries.
func (d *Directory) Start(t testing.TB) {
	t.Helper()
	if err := d.start(); err != nil {
		t.Fatal(err)
	}
}

// Freeze makes the server hang: connections are accepted and nothing answers, until Thaw.
func (d *Directory) Freeze() { d.process.freeze() }

// Thaw ends Freeze.
func (d *Directory) Thaw() { d.process.signal(syscall.SIGCONT) }

func (d *Directory) make(ctx context.Context) (err error) {
	if d.dir, err = newDir("ldap"); err != nil {
		return err
	}
	d.CAFile, d.WrongCAFile = filepath.Join(d.dir, "ca.pem"), filepath.Join(d.dir, "wrong-ca", "ca.pem")
	if err = d.prepare(ctx); err == nil {
		err = d.start()
	}
	if err != nil {
		os.RemoveAll(d.dir)
	}
	return err
}

// prepare writes certificates, configuration and entries.
func (d *Directory) prepare(ctx context.Context) error {
	for _, folder := range []string{"data", "wrong-ca"} {
		if err := os.Mkdir(filepath.Join(d.dir, folder), 0o755); err != nil {
			return fmt.Errorf("servers: slapd: %w", err)
		}
	}
	other, err := newAuthority("Elsewhere")
	if err != nil {
		return err
	}
	host, err := os.Hostname() // libldap takes the machine's name for "localhost"
	if err != nil {
		return fmt.Errorf("servers: slapd: %w", err)
	}
	if err := d.town.save(d.dir, host); err != nil {
		return err
	}
	if err := other.save(filepath.Join(d.dir, "wrong-ca")); err != nil {
		return err
	}
	if err := os.WriteFile(d.config(), []byte(d.configText()), 0o600); err != nil {
		return fmt.Errorf("servers: slapd: %w", err)
	}
	slapadd, err := find("slapadd")
	if err != nil {
		return err
	}
	return run(ctx, strings.NewReader(d.entries()), slapadd, "-q", "-f", d.config())
}

func (d *Directory) config() string { return filepath.Join(d.dir, "slapd.conf") }

func (d *Directory) configText() string {
	schema := "/etc/ldap/schema/"
	return fmt.Sprintf(`include %[1]score.schema
include %[1]scosine.schema
include %[1]sinetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
moduleload syncprov
TLSCACertificateFile %[2]s/ca.pem
TLSCertificateFile %[2]s/cert.pem
TLSCertificateKeyFile %[2]s/key.pem
# a password in clear is refused
security simple_bind=128
database mdb
suffix %[3]s
directory %[2]s/data
maxsize 268435456
dbnosync
index objectClass,uid,mail,member,entryUUID eq
index cn,sn,givenName eq,sub
rootdn %[4]s
rootpw %[5]s
overlay memberof
overlay ppolicy
overlay syncprov
%[7]s
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact=%[6]s read by users read by * none
# a page gives 500 entries at most, and all pages together as many as there are
limits dn.exact="%[6]s" size.soft=500 size.hard=500 size.prtotal=unlimited
`, schema, d.dir, BaseDN, d.ManagerDN, d.ManagerPassword, d.BindDN, d.log)
}

// entries is the LDIF (RFC 2849) of the whole directory.
func (d *Directory) entries() string {
	var text ldif
	text.entry(BaseDN, "objectClass", "dcObject", "objectClass", "organization", "dc", "bourg", "o", "Mairie de Bourg")
	for _, unit := range []string{"agents", "groupes", "services"} {
		text.entry("ou="+unit+","+BaseDN, "objectClass", "organizationalUnit", "ou", unit)
	}
	text.entry(d.BindDN, "objectClass", "organizationalRole", "objectClass", "simpleSecurityObject",
		"cn", "parvis", "userPassword", hashPassword(d.BindPassword))
	for _, person := range People() {
		text.entry(person.DN(), append(person.attributes(), memberships(person.UID)...)...)
	}
	for _, group := range Groups() {
		attributes := []string{"objectClass", "groupOfNames", "cn", group.Name}
		for _, uid := range group.Members {
			attributes = append(attributes, "member", PersonByUID(uid).DN())
		}
		text.entry(group.DN(), attributes...)
	}
	return text.String() + d.extra
}

func (p Person) attributes() []string {
	return []string{
		"objectClass", "inetOrgPerson", "uid", p.UID, "cn", p.Name(), "givenName", p.GivenName, "sn", p.FamilyName,
		"mail", p.Mail, "title", p.Title, "ou", p.Unit, "telephoneNumber", p.Phone, "userPassword", hashPassword(p.Password),
		"entryUUID", p.EntryUUID(),
	}
}

// EntryUUID is the person's identifier in the directory, the same in every server of it.
func (p Person) EntryUUID() string {
	sum := sha1.Sum([]byte(p.DN()))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// memberships are the memberOf values of a person: slapadd runs no overlay that would compute them.
func memberships(uid string) []string {
	var attributes []string
	for _, group := range Groups() {
		for _, member := range group.Members {
			if member == uid {
				attributes = append(attributes, "memberOf", group.DN())
			}
		}
	}
	return attributes
}

// hashPassword is the value of userPassword in the salted form that OpenLDAP's administrators use.
func hashPassword(password string) string {
	salt := []byte(rand.Text()[:8])
	sum := sha1.Sum(append([]byte(password), salt...))
	return "{SSHA}" + base64.StdEncoding.EncodeToString(append(sum[:], salt...))
}

// start runs slapd on the directory's ports, which it chooses at the first start.
func (d *Directory) start() error {
	slapd, err := find("slapd")
	if err != nil {
		return err
	}
	return retryPorts(2, d.ports(), func(ports []int) error {
		d.URL, d.SecureURL = "ldap://"+address(ports[0]), "ldaps://"+address(ports[1])
		p, err := start(command{
			// -d 0 keeps slapd in the foreground
			args:   []string{slapd, "-d", "0", "-h", d.URL + " " + d.SecureURL, "-f", d.config()},
			folder: d.dir,
		})
		if err != nil {
			return err
		}
		d.process = p
		return p.listening(ports...)
	})
}

// ports are those of an earlier start, none at the first.
func (d *Directory) ports() []int {
	if d.URL == "" {
		return nil
	}
	var ports [2]int
	fmt.Sscanf(d.URL, "ldap://127.0.0.1:%d", &ports[0])
	fmt.Sscanf(d.SecureURL, "ldaps://127.0.0.1:%d", &ports[1])
	return ports[:]
}

// ldif builds entries, values in base64 as every value may be (RFC 2849 note 4).
type ldif struct{ strings.Builder }

// entry adds one entry; attributes are name, value pairs.
func (l *ldif) entry(dn string, attributes ...string) {
	l.line("dn", dn)
	for i := 0; i < len(attributes); i += 2 {
		l.line(attributes[i], attributes[i+1])
	}
	l.WriteString("\n")
}

func (l *ldif) line(name, value string) {
	fmt.Fprintf(l, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
}
