package ldapdir

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"parvis/portal"
)

const (
	// pageSize is below what servers give at once: beyond, Active Directory
	// cuts and others refuse.
	pageSize = 500
	// maxGroups bounds the groups that are read of one person.
	maxGroups = 10_000
	// atOnce is how many entries one filter names.
	atOnce = 100
	// groupsTimeout bounds the reading of one person's groups.
	groupsTimeout = 2 * operationTimeout
	// rulesLife is how long it may take to see a group made anew in the
	// directory under an old name.
	rulesLife = 5 * time.Minute
)

// errGroups is for who is in so many groups that the directory can't tell in
// time. She is not let in with old groups: one of them may have been taken away.
var errGroups = portal.UserError{Kind: portal.ErrUnavailable, Key: "ldapdir.error.groups"}

// groupClasses are the groups of OpenLDAP (RFC 4519 §3.5, RFC 2307 §4).
const groupClasses = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))"

// rules are the rules of the settings, by what identifies a group in the
// directory: its SID, or its DN folded.
type rules struct {
	until   time.Time
	to      map[string][]portal.GroupID
	unique  bool     // some groups list their members in uniqueMember, which few servers index
	posix   bool     // and some in memberUid
	unknown []string // groups of the settings that are none of the directory's, or several
}

// memberships are the groups that a person is in, nested ones too.
type memberships struct {
	ids []string // as rules name them
	cut bool     // there are more than are read, or than the server gives
}

// ours are the groups of ours that memberships give, sorted.
func (r *rules) ours(of memberships) []portal.GroupID {
	var all []portal.GroupID
	for _, id := range of.ids {
		all = append(all, r.to[id]...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// rulesOf looks the groups of the settings up in the directory, once in a while:
// there are few, where a person may be in thousands.
func (s *server) rulesOf(ctx context.Context) (*rules, error) {
	s.mu.Lock()
	known := s.rules
	s.mu.Unlock()
	if known != nil && time.Now().Before(known.until) {
		return known, nil
	}
	found := &rules{until: time.Now().Add(rulesLife), to: map[string][]portal.GroupID{}}
	for _, rule := range s.settings.Groups {
		id, err := s.identify(ctx, rule.From)
		if err != nil {
			return nil, err
		}
		if id == "" {
			found.unknown = append(found.unknown, rule.From)
			continue
		}
		found.to[id] = append(found.to[id], rule.To)
	}
	for class, there := range map[string]*bool{"groupOfUniqueNames": &found.unique, "posixGroup": &found.posix} {
		if s.settings.Kind == ActiveDirectory {
			break // tokenGroups tells all
		}
		var err error
		if *there, err = s.has(ctx, class); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	s.rules = found
	s.mu.Unlock()
	return found, nil
}

// has tells whether the directory has a group of a class.
func (s *server) has(ctx context.Context, class string) (bool, error) {
	entries, err := s.few(ctx, s.limited("(objectClass="+class+")", 1))
	return len(entries) > 0, err
}

// few runs a search whose limit is no fault, nor a missing base.
func (s *server) few(ctx context.Context, request *ldap.SearchRequest) (entries []*ldap.Entry, err error) {
	err = s.search(ctx, func(conn *ldap.Conn) error {
		result, err := conn.Search(request)
		if result != nil {
			entries = result.Entries
		}
		if ldap.IsErrorAnyOf(err, ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultNoSuchObject) {
			return nil
		}
		return err
	})
	return entries, err
}

// limited searches groups.
func (s *server) limited(filter string, limit int) *ldap.SearchRequest {
	return ldap.NewSearchRequest(s.settings.groupBase(), ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, limit,
		int(operationTimeout/time.Second), false, filter, []string{s.idAttribute()}, nil)
}

// identify finds one group of the settings, "" when there is none, or more than
// one: whoever may make a group in some branch must not give herself the rights
// of its namesake.
func (s *server) identify(ctx context.Context, from string) (id string, err error) {
	if _, ok := sidOctets(from); ok && s.settings.Kind == ActiveDirectory {
		return from, nil
	}
	request := s.named(from)
	if dn, err := ldap.ParseDN(from); err == nil && len(dn.RDNs) > 0 {
		request = s.base(from, s.idAttribute())
	}
	entries, err := s.few(ctx, request)
	if err != nil || len(entries) != 1 {
		return "", err
	}
	return s.idOf(entries[0]), nil
}

// named searches the groups of a name.
func (s *server) named(name string) *ldap.SearchRequest {
	filter := "(&" + groupClasses + "(cn=" + ldap.EscapeFilter(name) + "))"
	if s.settings.Kind == ActiveDirectory { // where a cn may be in several branches, and sAMAccountName is one in the domain
		filter = "(&(objectClass=group)(sAMAccountName=" + ldap.EscapeFilter(name) + "))"
	}
	const two = 2 // enough to know that it isn't one
	return s.limited(filter, two)
}

func (s *server) idAttribute() string {
	if s.settings.Kind == ActiveDirectory {
		return "objectSid"
	}
	return noAttribute
}

// idOf is what identifies a group's entry.
func (s *server) idOf(entry *ldap.Entry) string {
	if s.settings.Kind != ActiveDirectory {
		return foldDN(entry.DN)
	}
	id, _ := sid(entry.GetRawAttributeValue("objectSid"))
	return id
}

// foldDN writes a DN so that two ways of writing it compare equal.
func foldDN(dn string) string {
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return strings.ToLower(dn)
	}
	return strings.ToLower(parsed.String())
}

// groupsOf reads the groups of a person.
func (s *server) groupsOf(ctx context.Context, dn string, rules *rules) (memberships, error) {
	if s.settings.Kind == ActiveDirectory {
		return s.tokenGroups(ctx, dn)
	}
	return s.memberOf(ctx, dn, rules)
}

// tokenGroups are the SIDs of all groups of a person, nested ones and the
// primary one too, as Active Directory itself computes them. It answers about
// one entry, read by its DN.
func (s *server) tokenGroups(ctx context.Context, dn string) (memberships, error) {
	var found memberships
	err := s.search(ctx, func(conn *ldap.Conn) error {
		result, err := conn.Search(s.base(dn, "tokenGroups"))
		if err != nil {
			return err
		}
		found = memberships{}
		for _, entry := range result.Entries {
			for _, octets := range entry.GetRawAttributeValues("tokenGroups") {
				if len(found.ids) == maxGroups {
					found.cut = true
					return nil
				}
				if id, ok := sid(octets); ok {
					found.ids = append(found.ids, id)
				}
			}
		}
		return nil
	})
	return found, err
}

// memberOf walks up from a person: the groups that her entry names, those that
// name her, then those that name these, each once.
func (s *server) memberOf(ctx context.Context, dn string, rules *rules) (memberships, error) {
	var walk *climb
	err := s.search(ctx, func(conn *ldap.Conn) error {
		walk = &climb{conn: conn, base: s.settings.groupBase(), rules: rules, known: map[string]bool{}, ends: time.Now().Add(groupsTimeout)}
		return walk.from(s.base(dn, "memberOf", "uid"))
	})
	if err != nil {
		return memberships{}, err
	}
	return walk.found, nil
}

// climb is a walk through the groups of OpenLDAP.
type climb struct {
	conn  *ldap.Conn
	base  string
	rules *rules
	found memberships
	known map[string]bool // so that a cycle ends
	next  []string        // DNs of groups whose own groups are still to be found
	ends  time.Time
}

func (c *climb) from(person *ldap.SearchRequest) error {
	result, err := c.conn.Search(person)
	if err != nil {
		return err
	}
	if len(result.Entries) != 1 {
		return nil // removed in between: in no group
	}
	entry := result.Entries[0]
	for _, dn := range entry.GetAttributeValues("memberOf") {
		c.add(dn)
	}
	filter := c.memberFilter(entry.DN)
	for _, uid := range entry.GetAttributeValues("uid") {
		if c.rules.posix {
			filter += "(memberUid=" + ldap.EscapeFilter(uid) + ")"
		}
	}
	if err := c.search(filter); err != nil {
		return err
	}
	for len(c.next) > 0 && !c.found.cut {
		batch := c.next[:min(atOnce, len(c.next))]
		c.next = c.next[len(batch):]
		filter := ""
		for _, dn := range batch {
			filter += c.memberFilter(dn)
		}
		if err := c.search(filter); err != nil {
			return err
		}
	}
	return nil
}

func (c *climb) memberFilter(dn string) string {
	escaped := ldap.EscapeFilter(dn)
	if c.rules.unique {
		return "(member=" + escaped + ")(uniqueMember=" + escaped + ")"
	}
	return "(member=" + escaped + ")"
}

// search leaves the rest of the time to the server, a second less than the
// connection gives it: one that is slow to tell groups still answers.
func (c *climb) search(members string) error {
	left := time.Until(c.ends)
	if left < 2*time.Second {
		return errGroups
	}
	request := ldap.NewSearchRequest(c.base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0,
		int(min(left, operationTimeout)/time.Second)-1, false, "(|"+members+")", []string{noAttribute}, nil)
	err := paged(c.conn, request, func(entry *ldap.Entry) error {
		if time.Now().After(c.ends) {
			return errGroups
		}
		c.add(entry.DN)
		return nil
	})
	if ldap.IsErrorWithCode(err, ldap.LDAPResultTimeLimitExceeded) {
		return errGroups
	}
	if ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
		c.found.cut = true // the server gives the service account no more
		return nil
	}
	return err
}

func (c *climb) add(dn string) {
	id := foldDN(dn)
	if c.known[id] {
		return
	}
	if len(c.found.ids) == maxGroups {
		c.found.cut = true
		return
	}
	c.known[id] = true
	c.found.ids = append(c.found.ids, id)
	c.next = append(c.next, dn)
}

// paged runs a search page by page. An error of visit ends it.
func paged(conn *ldap.Conn, request *ldap.SearchRequest, visit func(entry *ldap.Entry) error) error {
	return pages(conn, request, func(result *ldap.SearchResult) error {
		for _, entry := range result.Entries {
			if err := visit(entry); err != nil {
				return err
			}
		}
		return nil
	})
}

// pages runs a search page by page (RFC 2696); what a page holds before an error
// is seen too. An error of visit ends it.
func pages(conn *ldap.Conn, request *ldap.SearchRequest, visit func(result *ldap.SearchResult) error) error {
	paging := ldap.NewControlPaging(pageSize)
	request.Controls = []ldap.Control{paging}
	for {
		result, err := conn.Search(request)
		if result == nil {
			return err
		}
		if err := visit(result); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		next, ok := ldap.FindControl(result.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok || len(next.Cookie) == 0 {
			return nil
		}
		paging.SetCookie(next.Cookie)
	}
}
