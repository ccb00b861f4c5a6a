package ldapdir

import (
	"errors"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/sso"
)

// What a person reads who gave the right password of an account that Active
// Directory does not let in.
var (
	errDisabled        = portal.UserError{Kind: portal.ErrDenied, Key: "ldapdir.error.disabled"}
	errExpired         = portal.UserError{Kind: portal.ErrDenied, Key: "ldapdir.error.expired"}
	errPasswordExpired = portal.UserError{Kind: portal.ErrDenied, Key: "ldapdir.error.password-expired"}
	errMustChange      = portal.UserError{Kind: portal.ErrDenied, Key: "ldapdir.error.must-change"}
)

// Codes that Active Directory puts into the text of error 49: the Win32 errors
// of a sign-in, in hexadecimal ([MS-ERREF] §2.2).
const (
	codeNoSuchUser      = 0x525
	codeHours           = 0x530
	codeWorkstation     = 0x531
	codePasswordExpired = 0x532
	codeDisabled        = 0x533
	codeAccountExpired  = 0x701
	codeMustChange      = 0x773
	codeLocked          = 0x775
)

// refusalCode reads the code in the text of an error 49, "80090308: LdapErr:
// DSID-0C0903A9, comment: AcceptSecurityContext error, data 533, v1db1". The
// protocol has no other place for it.
func refusalCode(diagnostic string) (code uint32, ok bool) {
	_, after, found := strings.Cut(diagnostic, ", data ")
	if !found {
		return 0, false
	}
	digits, _, found := strings.Cut(after, ",")
	if !found {
		return 0, false
	}
	parsed, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 32)
	return uint32(parsed), err == nil
}

// refusal is what a bind with code 49 means. A state of the account is told to
// who gave the right password alone: Active Directory looks at the password
// first, but for a locked account, of which the person is told nothing.
func (s *server) refusal(answer *ldap.Error) error {
	if s.settings.Kind != ActiveDirectory || answer.Err == nil {
		return sso.ErrWrong // a lock of OpenLDAP's ppolicy is not told apart from a wrong password
	}
	code, _ := refusalCode(answer.Err.Error())
	switch code {
	case codeDisabled:
		return sso.Proved(errors.Join(errDisabled, answer), audit.Disabled)
	case codeAccountExpired:
		return sso.Proved(errors.Join(errExpired, answer), audit.AccountExpired)
	case codePasswordExpired:
		return sso.Proved(errors.Join(errPasswordExpired, answer), audit.PasswordExpired)
	case codeMustChange:
		return sso.Proved(errors.Join(errMustChange, answer), audit.MustChange)
	case codeHours, codeWorkstation:
		return sso.Proved(errors.Join(errRefused, answer), audit.Closed)
	case codeLocked:
		return sso.Because(sso.ErrWrong, audit.Locked)
	case codeNoSuchUser:
		return sso.Because(sso.ErrWrong, audit.Unknown)
	}
	return sso.ErrWrong
}
