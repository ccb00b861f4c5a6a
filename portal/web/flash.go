package web

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"parvis/portal"
	"parvis/portal/i18n"
	"parvis/themes"
)

const languageCookie = "lang"

// flashCookie is the name of the cookie of a sentence. Over https no other host may
// set it: the application of a neighbour would have a person press a button of its
// choice, under words of ours.
func flashCookie(r *http.Request) string {
	if Secure(r) {
		return "__Host-flash"
	}
	return "flash"
}

// flashData travels in a cookie of the browser: catalogue keys, not text, so
// that nobody can make the page say something else.
type flashData struct {
	Key    string   `json:"k"`
	Args   []string `json:"a,omitempty"`
	Label  string   `json:"l,omitempty"`
	Action string   `json:"h,omitempty"`
}

// SetFlash shows a sentence of the catalogue on the next page. Args are name,
// value pairs of its placeholders.
func SetFlash(w http.ResponseWriter, r *http.Request, key string, args ...string) {
	writeFlash(w, r, flashData{Key: key, Args: args})
}

// SetUndo shows a sentence with a button that posts to action, a path of ours.
func SetUndo(w http.ResponseWriter, r *http.Request, label, action, key string, args ...string) {
	writeFlash(w, r, flashData{Key: key, Args: args, Label: label, Action: action})
}

// FlashRefusal shows on the next page the sentence of a refusal that is about what
// others did meanwhile: a portal.UserError of kind portal.ErrConflict or
// portal.ErrNotFound. It returns false for any other error.
func FlashRefusal(w http.ResponseWriter, r *http.Request, err error) bool {
	var refusal portal.UserError
	if !errors.As(err, &refusal) || !errors.Is(refusal, portal.ErrConflict) && !errors.Is(refusal, portal.ErrNotFound) {
		return false
	}
	args := make([]string, len(refusal.Args))
	for i, arg := range refusal.Args {
		args[i] = fmt.Sprint(arg)
	}
	SetFlash(w, r, refusal.Key, args...)
	return true
}

func writeFlash(w http.ResponseWriter, r *http.Request, data flashData) {
	text, err := json.Marshal(data)
	if err != nil {
		return // strings always marshal
	}
	http.SetCookie(w, &http.Cookie{
		Name: flashCookie(r), Value: base64.RawURLEncoding.EncodeToString(text),
		Path: "/", MaxAge: 60, HttpOnly: true, Secure: Secure(r), SameSite: http.SameSiteLaxMode,
	})
}

// HasFlash says whether the next page has something to announce, and so can't
// come from a cache.
func HasFlash(r *http.Request) bool {
	_, err := r.Cookie(flashCookie(r))
	return err == nil
}

// takeFlash reads the sentence and forgets it.
func takeFlash(w http.ResponseWriter, r *http.Request, printer *i18n.Printer) *themes.Flash {
	cookie, err := r.Cookie(flashCookie(r))
	if err != nil {
		return nil
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie(r), Path: "/", MaxAge: -1, HttpOnly: true, Secure: Secure(r)})
	var data flashData
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || json.Unmarshal(text, &data) != nil || !printer.Has(data.Key) {
		return nil
	}
	args := make([]any, len(data.Args))
	for i, arg := range data.Args {
		args[i] = arg
	}
	flash := &themes.Flash{Text: printer.T(data.Key, args...)}
	if printer.Has(data.Label) && data.Action != "" && LocalPath(data.Action) == data.Action {
		flash.ActionLabel, flash.ActionHref = printer.T(data.Label), data.Action
	}
	return flash
}

// SetLanguage remembers the language of this browser for pages before sign-in.
func SetLanguage(w http.ResponseWriter, r *http.Request, lang i18n.Language) {
	http.SetCookie(w, &http.Cookie{
		Name: languageCookie, Value: string(lang), Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: Secure(r), SameSite: http.SameSiteLaxMode,
	})
}
