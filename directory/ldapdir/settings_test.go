package ldapdir

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"parvis/portal"
)

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	good := Settings{URL: "ldap://dir.bourg.example", BaseDN: "dc=bourg,dc=example"}
	for name, change := range map[string]func(s *Settings){
		"no url":             func(s *Settings) { s.URL = "" },
		"another scheme":     func(s *Settings) { s.URL = "http://dir.bourg.example" },
		"plain over the net": func(s *Settings) { s.Plain = true },
		"plain ldaps":        func(s *Settings) { s.URL, s.Plain = "ldaps://127.0.0.1", true },
		"no base":            func(s *Settings) { s.BaseDN = "" },
		"bad base":           func(s *Settings) { s.BaseDN = "bourg" },
		"filter of nobody":   func(s *Settings) { s.Filter = "(objectClass=person)" },
		"broken filter":      func(s *Settings) { s.Filter = "(mail={login}" },
		"another kind":       func(s *Settings) { s.Kind = "novell" },
		"bad fallback":       func(s *Settings) { s.Fallbacks = []string{"dir2.bourg.example"} },
		"plain fallback": func(s *Settings) {
			s.URL, s.Plain, s.Fallbacks = "ldap://127.0.0.1", true, []string{"ldap://192.0.2.1"}
		},
		"ten fallbacks":     func(s *Settings) { s.Fallbacks = make([]string, 10) },
		"bad group branch":  func(s *Settings) { s.GroupBase = "groups" },
		"rule from nothing": func(s *Settings) { s.Groups = []GroupRule{{To: "finances"}} },
		"rule to nothing":   func(s *Settings) { s.Groups = []GroupRule{{From: "Finances"}} },
	} {
		settings := good
		change(&settings)
		text, err := json.Marshal(settings)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(text); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("%s: Parse = %v, want ErrInvalid", name, err)
		}
	}
	for _, text := range []string{``, `[]`, `{"url":"ldap://x","base_dn":"dc=x","misspelt":1}`} {
		if _, err := Parse([]byte(text)); !errors.Is(err, portal.ErrInvalid) {
			t.Errorf("Parse(%q) = %v, want ErrInvalid", text, err)
		}
	}
	plain := Settings{URL: "ldap://127.0.0.1:3890", Plain: true, BaseDN: "dc=x"}
	text, err := json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(text); err != nil {
		t.Errorf("plain on the loopback: %v", err)
	}
}

func TestALoginIsEscapedOnce(t *testing.T) {
	settings := Settings{Filter: "(|(mail={login})(uid={name}))"}
	for login, want := range map[string]string{
		"anne@bourg.example": "(|(mail=anne@bourg.example)(uid=anne))",
		"*":                  `(|(mail=\2a)(uid=\2a))`,
		"a)(uid=*":           `(|(mail=a\29\28uid=\2a)(uid=a\29\28uid=\2a))`,
		`\2a`:                `(|(mail=\5c2a)(uid=\5c2a))`,
		"hélène@x":           `(|(mail=h\c3\a9l\c3\a8ne@x)(uid=h\c3\a9l\c3\a8ne))`,
		"{name}":             "(|(mail={name})(uid={name}))",
	} {
		if got := settings.filter(login); got != want {
			t.Errorf("filter(%q) = %s, want %s", login, got, want)
		}
	}
}

// FuzzFilter: whatever is typed, the filter keeps its shape, and means exactly
// what was typed.
func FuzzFilter(f *testing.F) {
	for _, login := range []string{"anne@bourg.example", "*", "a)(uid=*", `\2a`, "é'*(\\😀", "{login}", "\x00", "\xff"} {
		f.Add(login)
	}
	settings := Settings{Filter: DefaultFilter}
	f.Fuzz(func(t *testing.T, login string) {
		if login == "" {
			return
		}
		packet, err := ldap.CompileFilter(settings.filter(login))
		if err != nil {
			t.Fatalf("filter of %q does not compile: %v", login, err)
		}
		either := packet.Children[1]
		if len(packet.Children) != 2 || len(either.Children) != 2 {
			t.Fatalf("filter of %q has another shape: %s", login, settings.filter(login))
		}
		mail := either.Children[0]
		if got := string(mail.Children[1].ByteValue); len(mail.Children) != 2 || (got != "" && got != login) {
			t.Fatalf("filter of %q searches %q", login, got)
		}
		if text, err := ldap.DecompileFilter(packet); err != nil || !strings.HasPrefix(text, "(&(objectClass=person)(|(mail=") {
			t.Fatalf("filter of %q reads %q, %v", login, text, err)
		}
	})
}

func TestAKeyOfOctetsIsWrittenInHex(t *testing.T) {
	if got, want := text([]byte{0xff, 0x00, 0x10}), "ff0010"; got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
	entry := ldap.NewEntry("uid=a,dc=x", map[string][]string{"sn": {"A"}})
	if _, err := presets[OpenLDAP].Attributes.profile(entry); !errors.Is(err, portal.ErrUnavailable) {
		t.Errorf("profile without key = %v, want ErrUnavailable", err)
	}
}

func TestGroupsAreSoughtInTheWholeDomain(t *testing.T) {
	for base, want := range map[string]string{
		"ou=agents,dc=bourg,dc=example": "dc=bourg,dc=example", "DC=bourg,DC=example": "dc=bourg,dc=example", "o=bourg": "o=bourg", "ou=agents,o=Bourg": "ou=agents,o=Bourg",
	} {
		if got := (Settings{BaseDN: base}).groupBase(); !strings.EqualFold(got, want) {
			t.Errorf("groupBase of %s = %s, want %s", base, got, want)
		}
	}
	if got := (Settings{BaseDN: "dc=a", GroupBase: "ou=g,dc=a"}).groupBase(); got != "ou=g,dc=a" {
		t.Errorf("groupBase = %s", got)
	}
}
