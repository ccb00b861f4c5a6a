package ldapdir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/sso"
)

// Wanted says what a directory that mirrors a server reads of it.
type Wanted struct {
	People     Branch
	Attributes Attributes
	Manager    string // attribute with the DN of her manager, "" for none
	Unit       string // attribute that names her unit, "" for none
	Tree       bool   // units are the organizationalUnits between the base and her entry
	Groups     Branch // without a Base no groups are read
}

// Branch is where entries are, and which.
type Branch struct {
	Base   string `json:"base,omitempty"`   // "ou=agents,dc=bourg,dc=example"
	Filter string `json:"filter,omitempty"` // "(objectClass=inetOrgPerson)"
}

// Check says what in a branch can't work; nil for one that may.
func (b Branch) Check() (wrongBase, wrongFilter bool) {
	base, err := ldap.ParseDN(b.Base)
	wrongBase = err != nil || len(base.RDNs) == 0
	_, err = ldap.CompileFilter(b.Filter)
	return wrongBase, err != nil
}

// IsAttribute says whether a text may name an attribute (RFC 4512 §2.5), without
// options.
func IsAttribute(name string) bool {
	const longest = 60
	if name == "" || len(name) > longest || (name[0]|0x20 < 'a' || name[0]|0x20 > 'z') {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z')
	})
}

// Usual is what is read of a server that its administrator said no more about.
func (s *Servers) Usual(method sso.Method) (Wanted, error) {
	settings, err := Parse(method.Settings)
	if err != nil {
		return Wanted{}, errors.Join(errSettings, err)
	}
	usual := Wanted{
		People:     Branch{settings.BaseDN, "(objectClass=person)"},
		Attributes: settings.Attributes, Manager: "manager", Unit: "ou",
		Groups: Branch{settings.groupBase(), groupClasses},
	}
	if settings.Kind == ActiveDirectory {
		usual.People.Filter = "(&(objectCategory=person)(objectClass=user))"
		usual.Unit, usual.Groups.Filter = "department", "(objectClass=group)"
	}
	return usual, nil
}

// Entry is a person as the server has her.
type Entry struct {
	Key     string // never changes
	Version string // another one when the entry, or its place, changed
	DN      string
	Read    bool // what follows was read; else the caller knows this version
	Profile sso.Profile
	Manager string       // key of her manager, "" for none
	Unit    string       // what the attribute says, or the key of a UnitEntry in a tree
	Closed  audit.Reason // why her account is closed, "" when it is open
	Ends    time.Time    // when it will be closed by its own date; zero for never

	managerDN string
}

// UnitEntry is an organizationalUnit; Parent is the key of another one, "" at the
// top.
type UnitEntry struct{ Key, Name, Parent string }

// GroupEntry is a group with the keys of the people who are in it, through other
// groups too, sorted.
type GroupEntry struct {
	Key, Version, Name string
	Members            []string
}

// Reading is what one server showed. It is whole, or there is an error: a page
// that is missing, a limit or a connection that ended never make it shorter.
type Reading struct {
	Server   string // "ldap://dir.bourg.example"
	First    bool   // it is the first of the settings
	Stamp    Stamp
	Same     bool // the server changed nothing since the stamp that the caller knew: nothing else is filled
	Partly   bool // People are those alone that changed since, and Gone are who left
	People   []Entry
	Gone     []string     // keys; of people whom the caller may not know too
	Units    []UnitEntry  // of a tree, those above first
	Groups   []GroupEntry // nil when none changed
	Shown    int          // people whom the server shows; 0 when it told who left alone
	Keyless  int          // entries without a key, which can't be told from people who left
	Referral string       // a part of the branch is on another server, "" for none

	Asked, Received int // what it cost: questions, and entries in their answers
}

// Known is what the caller has of an earlier reading.
type Known struct {
	Stamp Stamp // "" lists whatever there is
	Again bool  // the server is read where its stamp is the same too
	// Partly says that the caller is content with those who changed and who left.
	Partly bool
	// Versions are those of people and of groups by key, "" for who is not there. They are
	// asked for when the server is not where it was; nil knows none.
	Versions func() (people, groups map[string]string, err error)
}

// Stamp is how far a server is: its contextCSN on OpenLDAP, its highest USN on
// Active Directory; "" when it does not tell.
type Stamp string

// Order is how two stamps of a directory stand to each other.
type Order int

// The orders. Unknown is two servers that count each for itself, or none that counts.
const (
	Unknown Order = iota
	Equal
	Later
	Behind
)

// Since tells how a stamp stands to one of before.
func (s Stamp) Since(before Stamp) Order {
	switch {
	case s == "" || before == "":
		return Unknown
	case s == before:
		return Equal
	}
	now, was := s.parts(), before.parts()
	for source, counted := range was {
		reached, known := now[source]
		if !known && len(was) == 1 && !strings.Contains(counted, "#") {
			return Unknown // another controller of the domain counts for itself
		}
		if !known || compareCounts(reached, counted) < 0 {
			return Behind
		}
	}
	return Later
}

// parts are what each source of changes has reached: "20261129212035.123456Z#000000#001#000000"
// by its third part (draft-chu-ldap-csn), or "invocation:usn".
func (s Stamp) parts() map[string]string {
	parts := map[string]string{}
	for _, one := range strings.Fields(string(s)) {
		if fields := strings.Split(one, "#"); len(fields) == 4 {
			parts[fields[2]] = one
		} else if source, count, ok := strings.Cut(one, ":"); ok {
			parts[source] = count
		}
	}
	return parts
}

func compareCounts(a, b string) int {
	if strings.Contains(a, "#") {
		return cmp.Compare(a, b)
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// Read reads a directory: first versions, then the entries whose version the
// caller does not know. All of it comes from one server.
func (s *Servers) Read(ctx context.Context, method sso.Method, wanted Wanted, known Known) (reading Reading, err error) {
	server, err := s.of(method)
	if err != nil {
		return Reading{}, err
	}
	err = server.ask(ctx, func(one *replica) error {
		return one.searches.use(ctx, func(conn *ldap.Conn) error {
			reader := &reader{server: server, conn: conn, ctx: ctx, wanted: wanted, known: known}
			reader.found.Server, reader.found.First = one.address, one == server.replicas[0]
			err := reader.read()
			reading = reader.found
			return err
		})
	})
	if err := server.judge(err); err != nil {
		if ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) || ldap.IsErrorWithCode(err, ldap.LDAPResultAdminLimitExceeded) {
			err = errors.Join(errCut, err)
		}
		return Reading{}, err
	}
	return reading, nil
}

// errCut is a server that gives no more than its limit.
var errCut = portal.UserError{Kind: portal.ErrUnavailable, Key: "ldapdir.error.cut"}

// One finds the people that a login, an address or a name means, two at most, as
// they would be read.
func (s *Servers) One(ctx context.Context, method sso.Method, wanted Wanted, text string) ([]Entry, error) {
	server, err := s.of(method)
	if err != nil {
		return nil, err
	}
	escaped := ldap.EscapeFilter(text)
	filter := "(|(mail=" + escaped + ")(uid=" + escaped + ")(cn=" + escaped + "))"
	if server.settings.Kind == ActiveDirectory {
		filter = "(|(mail=" + escaped + ")(sAMAccountName=" + escaped + ")(userPrincipalName=" + escaped + ")(cn=" + escaped + "))"
	}
	reader := &reader{server: server, ctx: ctx, wanted: wanted}
	const two = 2
	request := reader.request(wanted.People, reader.personAttributes()...)
	request.Filter, request.SizeLimit = "(&"+wanted.People.Filter+filter+")", two
	entries, err := server.few(ctx, request)
	if err := server.judge(err); err != nil {
		return nil, err
	}
	var found []Entry
	for _, entry := range entries {
		found = append(found, reader.person(entry))
	}
	return found, nil
}

// reader reads one server once.
type reader struct {
	server       *server
	conn         *ldap.Conn
	ctx          context.Context
	wanted       Wanted
	known        Known
	before       map[string]string // versions of people
	groupsBefore map[string]string
	found        Reading
	domain       string            // invocationId of a domain controller
	places       map[string]string // key of a person, by her DN folded
	uids         map[string]string // the same by uid
	moved        bool              // somebody came or is elsewhere, who may be in groups that did not change
}

func (r *reader) read() error {
	if err := r.stamp(); err != nil {
		return err
	}
	if r.found.Stamp != "" && r.found.Stamp == r.known.Stamp && !r.known.Again {
		r.found.Same = true
		return nil
	}
	if r.known.Partly {
		if err := r.since(); !errors.Is(err, errUntold) {
			return err
		}
		r.found.People, r.found.Gone, r.found.Units, r.found.Keyless = nil, nil, nil, 0
	}
	for _, step := range []func() error{r.versions, r.units, r.list, r.changed, r.managers, r.groups} {
		if err := step(); err != nil {
			return err
		}
	}
	if r.found.Shown = len(r.found.People); r.known.Partly {
		r.narrow()
	}
	return nil
}

// narrow leaves of a list those who changed and who left, where that says all of it.
func (r *reader) narrow() {
	if r.before == nil || r.found.Shown == 0 || r.found.Keyless > 0 || r.found.Referral != "" || r.found.Groups != nil {
		return
	}
	seen, changed := map[string]bool{}, []Entry{}
	for _, one := range r.found.People {
		seen[one.Key] = true
		_, known := r.before[one.Key]
		if !known { // nobody, as far as the caller knows: who may she be?
			return
		}
		if r.before[one.Key] != one.Version {
			changed = append(changed, one)
		}
	}
	for key, version := range r.before {
		if version != "" && !seen[key] {
			r.found.Gone = append(r.found.Gone, key)
		}
	}
	r.found.Partly, r.found.People = true, changed
}

// versions asks the caller for what is known, once.
func (r *reader) versions() (err error) {
	if r.known.Versions != nil && r.before == nil {
		r.before, r.groupsBefore, err = r.known.Versions()
	}
	return err
}

func (r *reader) isAD() bool { return r.server.settings.Kind == ActiveDirectory }

// stamp reads how far the server is, before anything else: what changes
// meanwhile is seen again.
func (r *reader) stamp() error {
	root, err := r.entry("", "namingContexts", "dsServiceName", "highestCommittedUSN")
	if err != nil || root == nil {
		return err
	}
	if r.isAD() {
		service, err := r.entry(root.GetAttributeValue("dsServiceName"), "invocationId")
		if err != nil || service == nil {
			return err
		}
		r.domain, _ = guid(service.GetRawAttributeValue("invocationId"))
		if usn := root.GetAttributeValue("highestCommittedUSN"); r.domain != "" && usn != "" {
			r.found.Stamp = Stamp(r.domain + ":" + usn)
		}
		return nil
	}
	base := foldDN(r.wanted.People.Base)
	for _, context := range root.GetAttributeValues("namingContexts") {
		if folded := foldDN(context); base == folded || strings.HasSuffix(base, ","+folded) {
			top, err := r.entry(context, "contextCSN")
			if err != nil || top == nil {
				return err
			}
			all := slices.Clone(top.GetAttributeValues("contextCSN"))
			slices.Sort(all)
			r.found.Stamp = Stamp(strings.Join(all, " "))
		}
	}
	return nil
}

// entry reads one entry by its DN, nil when there is none or it is not shown.
func (r *reader) entry(dn string, attributes ...string) (*ldap.Entry, error) {
	r.found.Asked++
	result, err := r.conn.Search(r.server.base(dn, attributes...))
	if ldap.IsErrorAnyOf(err, ldap.LDAPResultNoSuchObject, ldap.LDAPResultInsufficientAccessRights) {
		return nil, nil //nolint:nilnil // what a server hides is as if it had none
	}
	if err != nil || len(result.Entries) != 1 {
		return nil, err
	}
	r.found.Received++
	return result.Entries[0], nil
}

func (r *reader) request(branch Branch, attributes ...string) *ldap.SearchRequest {
	attributes = slices.Clone(attributes)
	slices.Sort(attributes)
	attributes = slices.Compact(attributes)
	return ldap.NewSearchRequest(branch.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0,
		int(operationTimeout/time.Second), false, branch.Filter, attributes, nil)
}

// visit reads a branch page by page.
func (r *reader) visit(branch Branch, attributes []string, see func(entry *ldap.Entry)) error {
	return pages(r.conn, r.request(branch, attributes...), func(result *ldap.SearchResult) error {
		r.found.Asked++
		r.found.Received += len(result.Entries)
		for _, referral := range result.Referrals {
			if !ownPartition(referral) {
				r.found.Referral = referral
			}
		}
		for _, entry := range result.Entries {
			see(entry)
		}
		return r.ctx.Err()
	})
}

// ownPartition tells the parts that every domain keeps beside its people.
func ownPartition(referral string) bool {
	folded := strings.ToLower(referral)
	return strings.Contains(folded, "/cn=configuration,") || strings.Contains(folded, "dc=domaindnszones,") || strings.Contains(folded, "dc=forestdnszones,")
}

func (r *reader) versionAttributes() []string {
	if r.isAD() {
		return []string{r.wanted.Attributes.Key, "uSNChanged"}
	}
	return []string{r.wanted.Attributes.Key, "entryCSN", "modifyTimestamp"}
}

// version changes with what an entry says and with where it is: the move of a
// branch changes no entry below it.
func (r *reader) version(entry *ldap.Entry) string {
	place := fnv.New64a()
	place.Write([]byte(entry.DN))
	count := cmp.Or(entry.GetAttributeValue("entryCSN"), entry.GetAttributeValue("modifyTimestamp"))
	if r.isAD() {
		count = r.domain + ":" + entry.GetAttributeValue("uSNChanged")
	}
	return fmt.Sprintf("%s %x", count, place.Sum64())
}

// list reads who is there, and in which version. Where nothing is known it reads all of
// them at once.
func (r *reader) list() error {
	attributes := r.versionAttributes()
	if r.before == nil {
		attributes = append(attributes, r.personAttributes()...)
	}
	if r.wanted.Groups.Base != "" && !r.isAD() {
		attributes = append(attributes, "uid")
		r.uids = map[string]string{}
	}
	seen := map[string]bool{}
	err := r.visit(r.wanted.People, attributes, func(entry *ldap.Entry) {
		key := r.wanted.Attributes.key(entry)
		if key == "" || seen[key] {
			r.found.Keyless++
			return
		}
		seen[key] = true
		for _, uid := range entry.GetAttributeValues("uid") {
			if r.uids != nil {
				r.uids[uid] = key
			}
		}
		one := Entry{Key: key, DN: entry.DN}
		if r.before == nil {
			one = r.person(entry)
		}
		one.Version = r.version(entry)
		r.found.People = append(r.found.People, one)
	})
	slices.SortFunc(r.found.People, func(a, b Entry) int { return cmp.Compare(a.Key, b.Key) })
	return err
}

// many is from how many entries on all are read at once rather than by their keys.
const many = 1000

// changed reads the entries whose version is not known.
func (r *reader) changed() error {
	at, filter := map[string]int{}, []string{}
	for i, one := range r.found.People {
		was, known := r.before[one.Key]
		if known && was == one.Version {
			continue
		}
		r.moved = true
		if one.Read {
			continue
		}
		at[one.Key] = i
		if only, ok := r.wanted.Attributes.keyFilter(one.Key); ok {
			filter = append(filter, only)
		}
	}
	branches := []Branch{r.wanted.People}
	if len(at) < many {
		branches = nil
		for some := range slices.Chunk(filter, atOnce) {
			branches = append(branches, Branch{r.wanted.People.Base, "(&" + r.wanted.People.Filter + "(|" + strings.Join(some, "") + "))"})
		}
	}
	for _, branch := range branches {
		err := r.visit(branch, r.personAttributes(), func(entry *ldap.Entry) {
			if i, wanted := at[r.wanted.Attributes.key(entry)]; wanted {
				version := r.found.People[i].Version // of the list: what changed since is read again
				r.found.People[i] = r.person(entry)
				r.found.People[i].Version = version
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// personAttributes are all that is read of a person.
func (r *reader) personAttributes() []string {
	names := r.wanted.Attributes.names()
	for _, name := range []string{r.wanted.Manager, r.wanted.Unit} {
		if name != "" {
			names = append(names, name)
		}
	}
	if r.isAD() {
		return append(names, "userAccountControl", "accountExpires")
	}
	return append(names, "pwdAccountLockedTime", "pwdEndTime", "shadowExpire", "nsAccountLock")
}

func (r *reader) person(entry *ldap.Entry) Entry {
	one := Entry{Key: r.wanted.Attributes.key(entry), DN: entry.DN, Read: true}
	one.Profile, _ = r.wanted.Attributes.profile(entry) // its one error is a missing key
	if r.wanted.Manager != "" {
		one.managerDN = entry.GetAttributeValue(r.wanted.Manager)
	}
	if r.wanted.Unit != "" {
		one.Unit = strings.TrimSpace(entry.GetAttributeValue(r.wanted.Unit))
	}
	if r.wanted.Tree {
		one.Unit = r.unitOf(entry.DN)
	}
	one.Ends = r.ends(entry)
	switch reason := r.server.state(entry); {
	case reason == audit.Disabled, strings.EqualFold(entry.GetAttributeValue("nsAccountLock"), "true"):
		one.Closed = audit.Disabled
	case !one.Ends.IsZero() && !one.Ends.After(time.Now()):
		one.Closed = audit.AccountExpired
	}
	return one
}

// ends is when an account closes by its own date.
func (r *reader) ends(entry *ldap.Entry) time.Time {
	if r.isAD() {
		value, err := strconv.ParseInt(entry.GetAttributeValue("accountExpires"), 10, 64)
		if err != nil || value <= 0 || value == math.MaxInt64 {
			return time.Time{}
		}
		return fileTime(value)
	}
	if end, err := time.Parse("20060102150405Z", entry.GetAttributeValue("pwdEndTime")); err == nil {
		return end
	}
	days, err := strconv.ParseInt(entry.GetAttributeValue("shadowExpire"), 10, 32) // RFC 2307 §2.2: since 1970, -1 for never
	if err != nil || days <= 0 {
		return time.Time{}
	}
	const day = 86_400
	return time.Unix(days*day, 0)
}

// units reads the tree above the people.
func (r *reader) units() error {
	if !r.wanted.Tree {
		return nil
	}
	base := foldDN(r.wanted.People.Base)
	type place struct {
		UnitEntry
		above string
	}
	var all []place
	r.places = map[string]string{} // of units, until the people are in
	err := r.visit(Branch{r.wanted.People.Base, "(objectClass=organizationalUnit)"}, []string{r.wanted.Attributes.Key, "ou"}, func(entry *ldap.Entry) {
		key, at := r.wanted.Attributes.key(entry), foldDN(entry.DN)
		if key == "" || at == base {
			return
		}
		r.places[at] = key
		all = append(all, place{UnitEntry{Key: key, Name: entry.GetAttributeValue("ou")}, parentDN(at)})
	})
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Compare(strings.Count(a.above, ","), strings.Count(b.above, ",")) })
	for _, one := range all {
		one.Parent = r.unitAt(one.above)
		r.found.Units = append(r.found.Units, one.UnitEntry)
	}
	return err
}

// parentDN is what a folded DN is under, "" at the top.
func parentDN(folded string) string {
	parsed, err := ldap.ParseDN(folded)
	if err != nil || len(parsed.RDNs) < 2 {
		return ""
	}
	return (&ldap.DN{RDNs: parsed.RDNs[1:]}).String()
}

func (r *reader) unitOf(dn string) string { return r.unitAt(parentDN(foldDN(dn))) }

// unitAt is the nearest unit at a place or above it.
func (r *reader) unitAt(place string) string {
	for place != "" {
		if key, known := r.places[place]; known {
			return key
		}
		place = parentDN(place)
	}
	return ""
}

// people are the keys by the DNs.
func (r *reader) people() map[string]string {
	all := make(map[string]string, len(r.found.People))
	for _, one := range r.found.People {
		all[foldDN(one.DN)] = one.Key
	}
	return all
}

func (r *reader) managers() error {
	if r.moved {
		r.places = r.people()
	}
	for i := range r.found.People {
		if one := &r.found.People[i]; one.managerDN != "" {
			one.Manager = r.places[foldDN(one.managerDN)]
		}
	}
	return nil
}

// groups reads every group when one of them changed, or when somebody came who
// may be in them.
func (r *reader) groups() error {
	if r.wanted.Groups.Base == "" {
		return nil
	}
	if same, err := r.sameGroups(); err != nil || same && !r.moved {
		return err
	}
	return r.members()
}

// sameGroups says whether no group came, changed or left.
func (r *reader) sameGroups() (same bool, err error) {
	count := 0
	same = true
	err = r.visit(r.wanted.Groups, r.versionAttributes(), func(entry *ldap.Entry) {
		key := r.wanted.Attributes.key(entry)
		if key == "" {
			r.found.Keyless++
			return
		}
		count++
		same = same && r.groupsBefore[key] == r.version(entry)
	})
	return same && count == len(r.groupsBefore), err
}

// inside is a group as it lists its members.
type inside struct {
	GroupEntry
	dns, uids []string
}

func (r *reader) members() error {
	if r.places == nil || !r.moved {
		r.places = r.people()
	}
	attributes := append(r.versionAttributes(), "cn", "member")
	if !r.isAD() {
		attributes = append(attributes, "uniqueMember", "memberUid")
	}
	groups := map[string]*inside{} // by DN
	var order []string
	var ranged []string
	err := r.visit(r.wanted.Groups, attributes, func(entry *ldap.Entry) {
		key := r.wanted.Attributes.key(entry)
		if key == "" {
			return
		}
		at := foldDN(entry.DN)
		order = append(order, at)
		one := &inside{GroupEntry: GroupEntry{Key: key, Version: r.version(entry), Name: strings.TrimSpace(entry.GetAttributeValue("cn"))}}
		one.dns = append(entry.GetAttributeValues("member"), entry.GetAttributeValues("uniqueMember")...)
		one.uids = entry.GetAttributeValues("memberUid")
		groups[at] = one
		for _, attribute := range entry.Attributes {
			if _, _, cut := memberRange(attribute.Name); cut {
				ranged = append(ranged, entry.DN)
			}
		}
	})
	if err != nil {
		return err
	}
	for _, dn := range ranged {
		all, err := r.allMembers(dn)
		if err != nil {
			return err
		}
		groups[foldDN(dn)].dns = all
	}
	for _, at := range order {
		one := groups[at]
		people := map[string]bool{}
		r.collect(groups, at, map[string]bool{}, people)
		for key := range people {
			one.Members = append(one.Members, key)
		}
		slices.Sort(one.Members)
		r.found.Groups = append(r.found.Groups, one.GroupEntry)
	}
	slices.SortFunc(r.found.Groups, func(a, b GroupEntry) int { return cmp.Compare(a.Key, b.Key) })
	if r.found.Groups == nil {
		r.found.Groups = []GroupEntry{}
	}
	return nil
}

// collect adds the people of a group, and of those in it, each once.
func (r *reader) collect(groups map[string]*inside, at string, passed, people map[string]bool) {
	one := groups[at]
	if one == nil || passed[at] {
		return
	}
	passed[at] = true
	for _, uid := range one.uids {
		if key, known := r.uids[uid]; known {
			people[key] = true
		}
	}
	for _, dn := range one.dns {
		member := foldDN(dn)
		if key, known := r.places[member]; known {
			people[key] = true
		} else {
			r.collect(groups, member, passed, people)
		}
	}
}

// memberRange reads "member;range=0-1499" ([MS-ADTS] §3.1.1.3.1.3.3): Active
// Directory gives the members of a large group by parts, the last one ends in "*".
func memberRange(name string) (next int, last, ok bool) {
	rest, found := strings.CutPrefix(strings.ToLower(name), "member;range=")
	if !found {
		return 0, false, false
	}
	_, to, found := strings.Cut(rest, "-")
	if !found {
		return 0, false, false
	}
	if to == "*" {
		return 0, true, true
	}
	end, err := strconv.Atoi(to)
	return end + 1, false, err == nil && end >= 0 && end < math.MaxInt32
}

// allMembers reads a large group part by part.
func (r *reader) allMembers(dn string) (all []string, err error) {
	from := 0
	for {
		entry, err := r.entry(dn, fmt.Sprintf("member;range=%d-*", from))
		if err != nil || entry == nil {
			return all, err
		}
		ended := true
		for _, attribute := range entry.Attributes {
			next, last, ok := memberRange(attribute.Name)
			if !ok || len(attribute.Values) == 0 {
				continue
			}
			all = append(all, attribute.Values...)
			ended = last || next <= from
			from = max(from, next)
		}
		if ended {
			return all, r.ctx.Err()
		}
	}
}
