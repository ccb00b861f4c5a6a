package sso

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// pendingLife is how long a person may take to add an application.
const pendingLife = 15 * time.Minute

// pendingApp is the secret of an application about to be added. It travels
// sealed in the form, so that two tabs don't meet and nothing waits in the store.
type pendingApp struct {
	Secret  []byte `json:"s"`
	Expires int64  `json:"e"` // ms since the epoch
}

func aboutPending(account portal.AccountID) string { return "sso/otp/new/" + string(account) }

// newApp is what the page shows of an application about to be added.
type newApp struct {
	Sealed  string // pendingApp
	Text    string // the secret, "ABCD EFGH …"
	Picture picture
}

// offerApp returns what the page shows of a secret, a new one for nil.
func (s *Service) offerApp(account portal.AccountID, login string, secret []byte) (newApp, error) {
	if secret == nil {
		secret = newOTPSecret()
	}
	text, err := json.Marshal(pendingApp{secret, s.now().Add(pendingLife).UnixMilli()})
	if err != nil {
		return newApp{}, err
	}
	drawn, err := newPicture(otpAddress(secret, "Parvis", login))
	if err != nil {
		return newApp{}, err
	}
	sealed := base64.RawURLEncoding.EncodeToString(s.sealer.Seal(aboutPending(account), text))
	return newApp{sealed, otpText(secret), drawn}, nil
}

// readPending opens what offerApp sealed; nil when it is not of this account, or
// too old.
func (s *Service) readPending(account portal.AccountID, sealed string) []byte {
	octets, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil
	}
	text, err := s.sealer.Open(aboutPending(account), octets)
	var pending pendingApp
	if err != nil || json.Unmarshal(text, &pending) != nil || s.now().UnixMilli() > pending.Expires {
		return nil
	}
	return pending.Secret
}

// addAppOf adds the application of a form, whose code shows that it works.
func (s *Service) addAppOf(r *http.Request, caller portal.Caller, what addition) (made, []byte, error) {
	secret := s.readPending(caller.Account, r.PostFormValue("pending"))
	if secret == nil {
		return made{}, nil, portal.FieldErrors{portal.Invalid("code", "sso.error.pending")}
	}
	step, ok := otpMatch(secret, r.PostFormValue("code"), s.now())
	if !ok {
		return made{}, secret, portal.FieldErrors{portal.Invalid("code", "sso.error.first-code")}
	}
	codes, err := s.Factors.addApp(r.Context(), caller, secret, step, what)
	return made{second{factors: "otp", detail: "otp"}, codes}, secret, err
}

// addKeyOf adds the key of a form.
func (s *Service) addKeyOf(r *http.Request, caller portal.Caller, name string, what addition) (made, error) {
	session, err := s.askedOf(r, keyNew, caller.Account)
	if err != nil {
		return made{}, err
	}
	user, err := s.keyUserOf(r.Context(), caller.Account, "")
	if err != nil {
		return made{}, err
	}
	credential, err := readNewKey(web.BaseURL(r), user, session, r.PostFormValue("answer"))
	if err != nil {
		return made{}, err
	}
	if err := checkKeyName(name); err != nil {
		return made{}, err // before the question is spent, so that she may correct it
	}
	if err := s.spend(r.Context(), s.db, "key:"+session.Challenge); err != nil {
		return made{}, err
	}
	codes, err := s.Factors.addKey(r.Context(), caller, name, credential, what)
	return made{second{factors: keyProof{credential: credential}.factors(), detail: useKey}, codes}, err
}
