package ldapdir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"parvis/portal/audit"
	"parvis/sso"
)

var _ sso.Registry = (*Servers)(nil)

// errBlind is a server that answers and shows nobody: its service account may
// have lost its rights, which says nothing about people.
var errBlind = errors.New("ldapdir: the server shows nobody")

// shownGroups bounds the names of groups that a preview lists.
const shownGroups = 200

// Preview implements sso.Registry.
func (s *Servers) Preview(ctx context.Context, method sso.Method, login string) (sso.Found, error) {
	server, err := s.of(method)
	if err != nil {
		return sso.Found{}, err
	}
	entries, err := server.find(ctx, login)
	if err := server.judge(err); err != nil {
		return sso.Found{}, err
	}
	found := sso.Found{Entries: len(entries)}
	if len(entries) != 1 {
		return found, nil
	}
	found.DN, found.Attributes = entries[0].DN, server.settings.Attributes.shown(entries[0])
	if found.Profile, err = server.settings.Attributes.profile(entries[0]); err != nil {
		return found, err
	}
	if found.Refused, err = server.stateOf(ctx, found.DN); err != nil {
		return found, server.judge(err)
	}
	return found, server.judge(server.showGroups(ctx, &found))
}

// shown are the attributes that the settings name, as the entry has them.
func (a Attributes) shown(entry *ldap.Entry) []sso.EntryAttribute {
	all := []sso.EntryAttribute{{Field: "key", Name: a.Key, Value: a.key(entry)}}
	for _, one := range []struct{ field, name string }{
		{"given_name", a.GivenName},
		{"family_name", a.FamilyName},
		{"email", a.Email},
		{"function", a.Function},
		{"phone", a.Phone},
		{"mobile", a.Mobile},
		{"office", a.Office},
	} {
		if one.name != "" {
			all = append(all, sso.EntryAttribute{Field: one.field, Name: one.name, Value: entry.GetAttributeValue(one.name)})
		}
	}
	return all
}

// showGroups fills in the groups of the directory and ours.
func (s *server) showGroups(ctx context.Context, found *sso.Found) error {
	rules, err := s.rulesOf(ctx)
	if err != nil {
		return err
	}
	in, err := s.groupsOf(ctx, found.DN, rules)
	if err != nil {
		return err
	}
	found.GroupCount = len(in.ids)
	if len(s.settings.Groups) > 0 {
		found.Profile.Managed, found.Profile.Groups = s.settings.managed(), rules.ours(in)
	}
	first := in.ids[:min(shownGroups, len(in.ids))]
	if s.settings.Kind != ActiveDirectory {
		found.Groups = first
		slices.Sort(found.Groups)
		return nil
	}
	found.Groups, err = s.nameSIDs(ctx, first)
	return err
}

// nameSIDs are the names of groups of Active Directory; one that is not in the
// domain keeps its SID.
func (s *server) nameSIDs(ctx context.Context, ids []string) ([]string, error) {
	var names []string
	for some := range slices.Chunk(ids, atOnce) {
		filter := ""
		for _, id := range some {
			octets, _ := sidOctets(id)
			filter += "(objectSid=" + octetFilter(octets) + ")"
		}
		request := ldap.NewSearchRequest(s.settings.groupBase(), ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0,
			int(operationTimeout/time.Second), false, "(|"+filter+")", []string{"objectSid", "sAMAccountName"}, nil)
		known := map[string]string{}
		err := s.search(ctx, func(conn *ldap.Conn) error {
			return paged(conn, request, func(entry *ldap.Entry) error {
				known[s.idOf(entry)] = entry.GetAttributeValue("sAMAccountName")
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
		for _, id := range some {
			names = append(names, cmp.Or(known[id], id))
		}
	}
	slices.Sort(names)
	return names, nil
}

// States of an account in userAccountControl ([MS-ADTS] §2.2.16).
const (
	accountDisabled = 0x2
	accountLocked   = 0x10
	passwordExpired = 0x800000
)

// forGood is how ppolicy marks an account that an administrator locked
// (draft-behera-ldap-password-policy §5.3.3).
const forGood = "000001010000Z"

// stateAttributes tell whether an account may sign in. The last ones are
// computed for one entry read by its DN.
func (s *server) stateAttributes() []string {
	if s.settings.Kind == ActiveDirectory {
		return []string{"userAccountControl", "accountExpires", "pwdLastSet", "msDS-User-Account-Control-Computed"}
	}
	return []string{"pwdAccountLockedTime"}
}

// stateOf is why an account may not sign in, "" when it may.
func (s *server) stateOf(ctx context.Context, dn string) (reason audit.Reason, err error) {
	request := s.base(dn, s.stateAttributes()...)
	entries, err := s.few(ctx, request)
	if err != nil {
		return "", err
	}
	if len(entries) != 1 {
		return audit.Gone, nil
	}
	return s.state(entries[0]), nil
}

func (s *server) state(entry *ldap.Entry) audit.Reason {
	if s.settings.Kind != ActiveDirectory {
		switch locked := entry.GetAttributeValue("pwdAccountLockedTime"); locked {
		case "":
			return ""
		case forGood:
			return audit.Disabled
		default:
			return audit.Locked
		}
	}
	number := func(name string) int64 {
		value, _ := strconv.ParseInt(entry.GetAttributeValue(name), 10, 64) // 0 is said of nothing
		return value
	}
	computed := number("msDS-User-Account-Control-Computed")
	switch expires := number("accountExpires"); {
	case number("userAccountControl")&accountDisabled != 0:
		return audit.Disabled
	case expires != 0 && expires != math.MaxInt64 && fileTime(expires).Before(time.Now()):
		return audit.AccountExpired
	case computed&accountLocked != 0:
		return audit.Locked
	case entry.GetAttributeValue("pwdLastSet") == "0":
		return audit.MustChange
	case computed&passwordExpired != 0:
		return audit.PasswordExpired
	}
	return ""
}

// fileTime is an instant in tenths of a microsecond since 1601 ([MS-DTYP] §2.3.3).
func fileTime(value int64) time.Time {
	const from1601 = 11_644_473_600 // seconds before 1970
	const tenths = 10_000_000
	return time.Unix(value/tenths-from1601, value%tenths*100)
}

// Gone implements sso.Registry.
func (s *Servers) Gone(ctx context.Context, method sso.Method, keys []string) (map[string]audit.Reason, error) {
	server, err := s.of(method)
	if err != nil {
		return nil, err
	}
	gone, present := map[string]audit.Reason{}, map[string]bool{}
	for some := range slices.Chunk(keys, atOnce) {
		if err := server.look(ctx, some, func(key string, entry *ldap.Entry) {
			present[key] = true
			switch reason := server.state(entry); reason {
			case audit.Disabled, audit.AccountExpired:
				gone[key] = reason
			}
		}); err != nil {
			return nil, err
		}
	}
	for _, key := range keys {
		if !present[key] {
			gone[key] = audit.Gone
		}
	}
	if len(present) == 0 { // all gone at once: rather a service account that sees nobody
		return gone, server.seesPeople(ctx)
	}
	return gone, nil
}

// look visits the entries of keys.
func (s *server) look(ctx context.Context, keys []string, visit func(key string, entry *ldap.Entry)) error {
	filter := ""
	for _, key := range keys {
		if one, ok := s.settings.Attributes.keyFilter(key); ok {
			filter += one
		}
	}
	if filter == "" {
		return nil
	}
	attributes := append([]string{s.settings.Attributes.Key}, s.stateAttributes()...)
	request := ldap.NewSearchRequest(s.settings.BaseDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0,
		int(operationTimeout/time.Second), false, "(|"+filter+")", attributes, nil)
	return s.search(ctx, func(conn *ldap.Conn) error {
		return paged(conn, request, func(entry *ldap.Entry) error {
			if key := s.settings.Attributes.key(entry); key != "" {
				visit(key, entry)
			}
			return nil
		})
	})
}

// seesPeople is errBlind when the service account is shown no person with a key.
func (s *server) seesPeople(ctx context.Context) error {
	request := ldap.NewSearchRequest(s.settings.BaseDN, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 1,
		int(operationTimeout/time.Second), false, "(&(objectClass=person)("+s.settings.Attributes.Key+"=*))", []string{s.settings.Attributes.Key}, nil)
	entries, err := s.few(ctx, request)
	if err == nil && (len(entries) == 0 || s.settings.Attributes.key(entries[0]) == "") {
		return errBlind
	}
	return err
}

// Describe implements sso.Registry.
func (s *Servers) Describe(method sso.Method) ([]sso.Setting, error) {
	settings, err := Parse(method.Settings)
	if err != nil {
		return nil, errors.Join(errSettings, err)
	}
	all := []sso.Setting{
		{Key: "ldapdir.setting.kind", Value: settings.Kind.name()},
		{Key: "ldapdir.setting.servers", Value: strings.Join(settings.addresses(), ", ")},
		{Key: "ldapdir.setting.service", Value: cmp.Or(settings.BindDN, "–")},
		{Key: "ldapdir.setting.base", Value: settings.BaseDN},
		{Key: "ldapdir.setting.filter", Value: settings.Filter},
		{Key: "ldapdir.setting.group-base", Value: settings.groupBase()},
	}
	for _, rule := range settings.Groups {
		all = append(all, sso.Setting{Key: "ldapdir.setting.group", Value: fmt.Sprintf("%s → %s", rule.From, rule.To)})
	}
	return all, nil
}
