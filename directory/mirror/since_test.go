package mirror_test

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"testing"

	"parvis/directory/ldapdir"
	"parvis/e2e/servers"
)

// reads reads a server, as who has what a reading before it left.
func reads(t testing.TB, d *desk, wanted ldapdir.Wanted, known ldapdir.Known) ldapdir.Reading {
	t.Helper()
	return got(d.options.Servers.Read(context.Background(), got(d.methods.Of(context.Background(), "bourg"))(t), wanted, known))(t)
}

// after are the versions that are known after a reading.
func after(before map[string]string, reading ldapdir.Reading) map[string]string {
	now := map[string]string{}
	if reading.Partly {
		now = maps.Clone(before)
		for _, key := range reading.Gone {
			delete(now, key)
		}
	}
	for _, one := range reading.People {
		now[one.Key] = one.Version
	}
	return now
}

// TestWhatChangedIsWhatAListWouldSay: after each change, of a real server that tells who
// is there and of one that tells who left, with few questions and fewer entries.
func TestWhatChangedIsWhatAListWouldSay(t *testing.T) {
	const extra = "dn: ou=annexe,ou=agents," + servers.BaseDN + "\nobjectClass: organizationalUnit\nou: annexe\n\n" +
		"dn: uid=zoe,ou=annexe,ou=agents," + servers.BaseDN + "\nobjectClass: inetOrgPerson\nuid: zoe\ncn: Zoé Loin\ngivenName: Zoé\nsn: Loin\ntitle: Agente\n"
	marc, ines := servers.PersonByUID("marc.dupont"), servers.PersonByUID("ines.dacosta")
	for name, start := range map[string]func(testing.TB, ...string) *servers.Directory{"present": servers.LDAP, "logged": servers.LoggedLDAP} {
		t.Run(name, func(t *testing.T) {
			d, server := newDesk(t), start(t, extra)
			d.uses(t, "bourg", server)
			wanted := got(d.options.Servers.Usual(got(d.methods.Of(context.Background(), "bourg"))(t)))(t)
			wanted.People.Filter, wanted.Groups = "(&(objectClass=person)(title=*))", ldapdir.Branch{}
			first := reads(t, d, wanted, ldapdir.Known{})
			known, stamp := after(nil, first), first.Stamp
			for _, c := range []struct {
				what, changes string
				people, gone  int
				listed        bool // everybody is read to tell
			}{
				{"another attribute", change(marc, "title", "Adjoint"), 1, 0, false},
				{"a manager", change(marc, "manager", ines.DN()), 1, 0, false},
				{"no more what is looked for", "dn: " + marc.DN() + "\nchangetype: modify\ndelete: title\n", 0, 1, false},
				{"again what is looked for", change(marc, "title", "Maire"), 1, 0, false},
				{"moved away", "dn: " + marc.DN() + "\nchangetype: modrdn\nnewrdn: uid=marc.dupont\ndeleteoldrdn: 1\nnewsuperior: ou=services," + servers.BaseDN + "\n", 0, 1, false},
				{"back", "dn: uid=marc.dupont,ou=services," + servers.BaseDN + "\nchangetype: modrdn\nnewrdn: uid=marc.dupont\ndeleteoldrdn: 1\nnewsuperior: ou=agents," + servers.BaseDN + "\n", 1, 0, false},
				{"deleted", "dn: " + ines.DN() + "\nchangetype: delete\n", 0, 1, false},
				{"another entry", "dn: ou=services," + servers.BaseDN + "\nchangetype: modify\nreplace: description\ndescription: x\n", 0, 0, false},
				{"a branch renamed", "dn: ou=annexe,ou=agents," + servers.BaseDN + "\nchangetype: modrdn\nnewrdn: ou=loin\ndeleteoldrdn: 1\n", 1, 0, true},
				{"after it", change(marc, "title", "Maire adjoint"), 1, 0, false},
			} {
				server.Modify(t, c.changes)
				told := reads(t, d, wanted, ldapdir.Known{Stamp: stamp, Partly: true, Versions: func() (people, groups map[string]string, err error) { return maps.Clone(known), nil, nil }})
				gone := slices.DeleteFunc(told.Gone, func(key string) bool { return known[key] == "" })
				if len(told.People) != c.people || len(gone) != c.gone {
					t.Errorf("%s: %d changed, %d gone, want %d and %d", c.what, len(told.People), len(gone), c.people, c.gone)
				}
				if listed := told.Received > 4 || told.Asked > 5; listed != c.listed {
					t.Errorf("%s: %d questions and %d entries for one change, want a list %v", c.what, told.Asked, told.Received, c.listed)
				}
				whole := reads(t, d, wanted, ldapdir.Known{})
				if now := after(known, told); !maps.Equal(now, after(nil, whole)) {
					t.Errorf("%s: known are %v, a list says %v", c.what, now, after(nil, whole))
				}
				for _, one := range told.People {
					i := slices.IndexFunc(whole.People, func(other ldapdir.Entry) bool { return other.Key == one.Key })
					if one.Read && (!reflect.DeepEqual(one.Profile, whole.People[i].Profile) || one.Manager != whole.People[i].Manager) {
						t.Errorf("%s: %+v by %q, a list says %+v by %q", c.what, one.Profile, one.Manager, whole.People[i].Profile, whole.People[i].Manager)
					}
				}
				known, stamp = after(nil, whole), whole.Stamp
			}
		})
	}
}

// TestWhatChangedIsListedWhereItCannotBeTold: another key, groups whose members are named
// by where they are, entries that a new right shows.
func TestWhatChangedIsListedWhereItCannotBeTold(t *testing.T) {
	marc := servers.PersonByUID("marc.dupont")
	d, server := newDesk(t), servers.LDAP(t)
	d.uses(t, "bourg", server)
	usual := got(d.options.Servers.Usual(got(d.methods.Of(context.Background(), "bourg"))(t)))(t)
	rename := "dn: " + marc.DN() + "\nchangetype: modrdn\nnewrdn: uid=marc\ndeleteoldrdn: 1\n"
	back := "dn: uid=marc,ou=agents," + servers.BaseDN + "\nchangetype: modrdn\nnewrdn: uid=marc.dupont\ndeleteoldrdn: 1\n"
	byLogin, alone := usual, usual
	byLogin.Attributes.Key, alone.Groups = "uid", ldapdir.Branch{}
	for name, c := range map[string]struct {
		wanted        ldapdir.Wanted
		changes, undo string
		forget        bool
		listed        bool
	}{
		"a title":           {usual, change(marc, "title", "Adjoint"), "", false, false},
		"another key":       {byLogin, change(marc, "title", "Maire"), "", false, true},
		"elsewhere":         {usual, rename, back, false, true},
		"nobody in a group": {alone, rename, back, false, false},
		"a group":           {usual, "dn: cn=Finances,ou=groupes," + servers.BaseDN + "\nchangetype: modify\nreplace: description\ndescription: x\n", "", false, true},
		"shown since":       {usual, change(marc, "title", "Agent"), "", true, true},
	} {
		first := reads(t, d, c.wanted, ldapdir.Known{})
		people, groups := after(nil, first), map[string]string{}
		for _, group := range first.Groups {
			groups[group.Key] = group.Version
		}
		if c.forget {
			delete(people, servers.PersonByUID("ines.dacosta").EntryUUID())
		}
		server.Modify(t, c.changes)
		told := reads(t, d, c.wanted, ldapdir.Known{Stamp: first.Stamp, Partly: true, Versions: func() (_, _ map[string]string, _ error) { return people, groups, nil }})
		if listed := told.Received > len(people); listed != c.listed || told.Shown != len(servers.People()) {
			t.Errorf("%s: %d entries were read, %d shown, want a list %v", name, told.Received, told.Shown, c.listed)
		}
		if c.undo != "" {
			server.Modify(t, c.undo)
		}
	}
}
