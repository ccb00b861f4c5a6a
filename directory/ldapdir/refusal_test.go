package ldapdir

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/sso"
)

const diagnostic = "80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data 533, v1db1"

func TestTheStateOfAnAccountIsSaidToWhoGaveTheRightPasswordAlone(t *testing.T) {
	var wrong portal.UserError
	errors.As(sso.ErrWrong, &wrong)
	for _, test := range []struct {
		code   string
		said   portal.UserError
		reason audit.Reason
	}{
		{"52e", wrong, audit.Password},
		{"525", wrong, audit.Unknown},
		{"775", wrong, audit.Locked},
		{"533", errDisabled, audit.Disabled},
		{"701", errExpired, audit.AccountExpired},
		{"532", errPasswordExpired, audit.PasswordExpired},
		{"773", errMustChange, audit.MustChange},
		{"530", errRefused, audit.Closed},
		{"0", wrong, audit.Password},
		{"zzz", wrong, audit.Password},
	} {
		answer := &ldap.Error{ResultCode: ldap.LDAPResultInvalidCredentials, Err: errors.New(strings.Replace(diagnostic, "533", test.code, 1))}
		domain, other := server{settings: presets[ActiveDirectory]}, server{settings: presets[OpenLDAP]}
		got := domain.judge(answer)
		if !says(got, test.said) || sso.ReasonOf(got) != test.reason {
			t.Errorf("data %s = %v (%s), want %v (%s)", test.code, got, sso.ReasonOf(got), test.said, test.reason)
		}
		if got := other.judge(answer); !errors.Is(got, sso.ErrWrong) {
			t.Errorf("data %s of another server = %v, want ErrWrong", test.code, got)
		}
	}
}

func FuzzRefusalCode(f *testing.F) {
	for _, text := range []string{diagnostic, "", ", data ,", ", data 52e", ", data 52e,", ", data -1,", ", data ffffffffff,", ", data , data 533,"} {
		f.Add(text)
	}
	domain := server{settings: presets[ActiveDirectory]}
	f.Fuzz(func(t *testing.T, text string) {
		code, ok := refusalCode(text)
		if !ok && code != 0 && !strings.Contains(text, ", data ") {
			t.Fatalf("refusalCode(%q) = %x", text, code)
		}
		got := domain.refusal(&ldap.Error{ResultCode: ldap.LDAPResultInvalidCredentials, Err: errors.New(text)})
		if !errors.Is(got, sso.ErrWrong) && !strings.Contains(text, ", data ") {
			t.Fatalf("refusal(%q) = %v", text, got)
		}
	})
}
