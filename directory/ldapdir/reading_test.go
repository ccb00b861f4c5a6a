package ldapdir

import "testing"

func TestStampsTellHowFarAServerIs(t *testing.T) {
	const one, later = "20261129212035.123456Z#000000#001#000000", "20261129212036.123456Z#000000#001#000000"
	const other = "20261129212035.123456Z#000000#002#000000"
	for _, c := range []struct {
		before, now Stamp
		want        Order
	}{
		{"", one, Unknown},
		{one, "", Unknown},
		{one, one, Equal},
		{one, later, Later},
		{later, one, Behind},
		{one, one + " " + other, Later},
		{one + " " + other, one, Behind},
		{one + " " + other, later + " " + other, Later},
		{"dc:99", "dc:100", Later},
		{"dc:100", "dc:99", Behind},
		{"dc:100", "other:1000", Unknown},
	} {
		if got := c.now.Since(c.before); got != c.want {
			t.Errorf("%q since %q = %v, want %v", c.now, c.before, got, c.want)
		}
	}
}

func TestPartsOfALargeGroup(t *testing.T) {
	for name, want := range map[string]struct {
		next     int
		last, ok bool
	}{
		"member;range=0-1499":    {1500, false, true},
		"member;range=1500-*":    {0, true, true},
		"Member;Range=1500-2999": {3000, false, true},
		"member":                 {}, "member;range=": {}, "member;range=0": {}, "member;binary": {},
	} {
		if next, last, ok := memberRange(name); next != want.next || last != want.last || ok != want.ok {
			t.Errorf("memberRange(%q) = %d, %v, %v, want %+v", name, next, last, ok, want)
		}
	}
}

// FuzzReading: what servers write of themselves.
func FuzzReading(f *testing.F) {
	f.Add("20261129212035.123456Z#000000#001#000000", "dc:12", "member;range=0-1499", "ou=agents,dc=bourg")
	f.Fuzz(func(t *testing.T, before, now, name, dn string) {
		if Stamp(now).Since(Stamp(now)) == Behind || Stamp(before).Since("") != Unknown {
			t.Errorf("%q is behind itself", now)
		}
		if next, last, ok := memberRange(name); ok && !last && next < 1 {
			t.Errorf("memberRange(%q) = %d: it would be asked for ever", name, next)
		}
		if IsAttribute(name) && len(name) > 60 {
			t.Errorf("%q names an attribute", name)
		}
		for above, steps := foldDN(dn), 0; above != ""; above = parentDN(above) {
			if steps++; steps > len(dn)+1 {
				t.Fatalf("%q has no top", dn)
			}
		}
	})
}
