package sso

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// Names of the cookies. The prefix __Host- makes browsers refuse one that
// another host or a plain connection tries to set; it needs https, so that a
// demo on the loopback goes without.
const (
	sessionCookie = "parvis"
	flowCookie    = "parvis-flow"
	leftCookie    = "parvis-left" // state of a sign-out at the issuer
	hostPrefix    = "__Host-"
)

func cookieName(r *http.Request, name string) string {
	if web.Secure(r) {
		return hostPrefix + name
	}
	return name
}

// setCookie sets a cookie that lives as long as the browser when life is 0, as
// suits a computer that several people share.
func setCookie(w http.ResponseWriter, r *http.Request, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r, name), Value: value, Path: "/", MaxAge: int(life / time.Second),
		Secure: web.Secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func clearCookie(w http.ResponseWriter, r *http.Request, name string) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName(r, name), Path: "/", MaxAge: -1,
		Secure: web.Secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// flowLife is how long a person may take between her address and her password,
// or on the issuer's pages.
const flowLife = 15 * time.Minute

// aboutFlow is what a sealed flow is about.
const aboutFlow = "sso/flow"

// maxFlow bounds what is sealed, so that the cookie stays under the 4,096 bytes
// that browsers keep.
const maxFlow = 2800

// flow is a sign-in under way. It lives sealed in a cookie, so that it belongs
// to one browser, costs the store nothing, and no address appears in a log.
type flow struct {
	Login  string `json:"l"` // canonical; "" when what was typed can't be a login
	Typed  string `json:"t"`
	Next   string `json:"n"`
	Again  bool   `json:"a,omitempty"` // she is signed in, and proves it anew
	Second bool   `json:"f,omitempty"` // an application asks for a second factor
	// Trial is the session of an administrator who tries how agents sign in, in the
	// collectivity In: nobody is let in.
	Trial    string                `json:"r,omitempty"`
	In       portal.CollectivityID `json:"c,omitempty"`
	Kiosk    bool                  `json:"k,omitempty"` // on a computer that several people share
	State    string                `json:"s,omitempty"`
	Nonce    string                `json:"o,omitempty"`
	Verifier string                `json:"v,omitempty"`
	Expires  int64                 `json:"e"` // ms since the epoch

	Proved *proved `json:"p,omitempty"` // nil before the first proof
}

// proved is a person who proved one thing, and must prove another before she is
// let in. It signs nobody in by itself.
type proved struct {
	ID      string                `json:"i"` // of this step: a form of another one is refused, and it ends once
	Account portal.AccountID      `json:"a"`
	Home    portal.CollectivityID `json:"h,omitempty"` // whose method vouched for her
	Into    portal.CollectivityID `json:"c,omitempty"` // where she goes
	Kind    Kind                  `json:"k,omitempty"`
	Factors string                `json:"f"`
	Vouched string                `json:"w,omitempty"`
	Since   int64                 `json:"s"`           // when, ms since the epoch
	Counted string                `json:"t,omitempty"` // subject of her wrong passwords
	Mark    string                `json:"m,omitempty"` // of the embedded password that proved it
	IDToken string                `json:"o,omitempty"`
	Kiosk   bool                  `json:"q,omitempty"`
	Session string                `json:"u,omitempty"` // session to raise, "" to open one
}

func (s *Service) writeFlow(w http.ResponseWriter, r *http.Request, f flow) error {
	f.Expires = s.now().Add(flowLife).UnixMilli()
	text, err := json.Marshal(f)
	if err == nil && len(text) > maxFlow && f.Proved != nil {
		without := *f.Proved
		without.IDToken = "" // only a hint, to sign out at the issuer too
		f.Proved = &without
		text, err = json.Marshal(f)
	}
	if err != nil {
		return err
	}
	setCookie(w, r, flowCookie, base64.RawURLEncoding.EncodeToString(s.sealer.Seal(aboutFlow, text)), flowLife)
	return nil
}

// readFlow returns the sign-in under way in this browser; not ok when there is
// none, or it took too long.
func (s *Service) readFlow(r *http.Request) (f flow, ok bool) {
	cookie, err := r.Cookie(cookieName(r, flowCookie))
	if err != nil {
		return flow{}, false
	}
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return flow{}, false
	}
	text, err := s.sealer.Open(aboutFlow, sealed)
	if err != nil || json.Unmarshal(text, &f) != nil || s.now().UnixMilli() > f.Expires {
		return flow{}, false
	}
	return f, true
}
