package sso

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/web"
)

// linkCookie carries the secret of a link from the address that was opened to
// the form behind it, so that it stays in no history and on no screen.
const linkCookie = "parvis-link"

// linkStay is how long one may think about a new password.
const linkStay = 30 * time.Minute

// errDeadLink is for a link that served, was followed by another, or is too old.
var errDeadLink = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.link"}

// isDead says whether an error is errDeadLink, which errors.Is can't compare.
func isDead(err error) bool {
	var said portal.UserError
	return errors.As(err, &said) && said.Key == errDeadLink.Key
}

// keepLink takes the secret of a link out of the address: kept says that it
// answered. Opening a link changes nothing, since machines that read mail open
// it too.
func keepLink(w http.ResponseWriter, r *http.Request) (kept bool, err error) {
	secret := r.URL.Query().Get("key")
	if secret == "" {
		return false, nil
	}
	w.Header().Set("Cache-Control", "no-store")
	if len(secret) == len(portal.NewSecret()) {
		setCookie(w, r, linkCookie, secret, linkStay)
	} else {
		clearCookie(w, r, linkCookie) // cut by a mail program: not to be taken for the one before
	}
	return true, web.Redirect(w, r, r.URL.Path)
}

// linkOf is the secret that keepLink kept, "" for none.
func linkOf(r *http.Request) string {
	cookie, err := r.Cookie(cookieName(r, linkCookie))
	if err != nil || len(cookie.Value) != len(portal.NewSecret()) {
		return ""
	}
	return cookie.Value
}

// linkTag names the link that a form was shown for, and opens nothing.
func linkTag(secret string) string {
	sum := sha256.Sum256([]byte("form of " + secret))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// errOtherLink is for a form whose link is not the one of this browser any more:
// in another tab another one was opened, and what is typed here would be given to
// its person.
var errOtherLink = portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.other-link"}

// sameLink refuses a form that was shown for another link.
func sameLink(r *http.Request) error {
	shown := r.PostFormValue("link")
	if r.Method != http.MethodPost || shown == "" && linkOf(r) == "" || shown == linkTag(linkOf(r)) {
		return nil
	}
	return errOtherLink
}

// choosePage asks for a new password.
type choosePage struct {
	web.Page
	Form    web.Form
	Action  string
	Link    string // tag of the link
	Login   string
	Lead    string
	Typed   string // shown again when she asks to see it
	Shown   bool
	Apps    bool // app passwords can be ended too
	AppsOff bool // she ticked it
	First   bool // of a new account
}

func (s *Service) renderChoose(w http.ResponseWriter, r *http.Request, status int, page *choosePage) error {
	page.Title, page.Gate = web.Printer(r).T("sso.choose.title"), true
	return s.render(w, r, status, "sso/choose", page)
}

// wantsToSee answers a form whose button only shows what was typed, which a
// script does where there is one.
func wantsToSee(r *http.Request) bool { return r.PostFormValue("show") != "" }

func (s *Service) showReset(w http.ResponseWriter, r *http.Request) error {
	if kept, err := keepLink(w, r); kept {
		return err
	}
	who, err := s.resetting(r)
	if err != nil {
		return s.refuseLink(w, r, err)
	}
	return s.renderChoose(w, r, http.StatusOK, s.resetPage(r, who))
}

func (s *Service) resetPage(r *http.Request, who person) *choosePage {
	page := &choosePage{Action: "/sign-in/reset", Link: linkTag(linkOf(r)), Login: who.login, Apps: true, Lead: web.Printer(r).T("sso.choose.reset")}
	page.Wear(who.identity.Collectivity)
	return page
}

// resetting is whose password the link of this browser is about.
func (s *Service) resetting(r *http.Request) (person, error) {
	if err := sameLink(r); err != nil {
		return person{}, err
	}
	account, err := s.Resets.find(r.Context(), linkOf(r))
	if errors.Is(err, portal.ErrNotFound) {
		return person{}, errDeadLink
	}
	if err != nil {
		return person{}, err
	}
	login, err := s.people.LoginOf(r.Context(), account)
	if err != nil {
		return person{}, err
	}
	who, err := s.Resets.personOf(r.Context(), account, login)
	if err == nil && (who.identity == nil || who.kind != Embedded || who.identity.Caller.Can(portal.OperatePool)) {
		err = errDeadLink // closed since, signs in by other means, or operates the pool
	}
	return who, err
}

// linkPage says that a link serves no more and what can be done.
type linkPage struct {
	web.Page
	Sentence string
	Forgot   bool // a new link can be asked for
}

func (s *Service) refuseLink(w http.ResponseWriter, r *http.Request, err error) error {
	sentence, ok := sentenceOf(r, err)
	if !ok {
		return err
	}
	page := &linkPage{Sentence: sentence, Forgot: r.URL.Path == "/sign-in/reset"}
	page.Title, page.Gate = web.Printer(r).T("sso.link.title"), true
	return s.render(w, r, web.StatusOf(err), "sso/dead-link", page)
}

func (s *Service) takeReset(w http.ResponseWriter, r *http.Request) error {
	if err := web.ParseForm(r); err != nil {
		return err
	}
	who, err := s.resetting(r)
	if err != nil {
		return s.refuseLink(w, r, err)
	}
	typed, page := r.PostFormValue("password"), s.resetPage(r, who)
	page.AppsOff = r.PostFormValue("apps") != ""
	if wantsToSee(r) {
		page.Typed, page.Shown = typed, true
		return s.renderChoose(w, r, http.StatusOK, page)
	}
	err = s.reset(r, who, typed, page.AppsOff)
	if form, refused := web.FormErrors(r, err); err != nil && refused && !isDead(err) {
		page.Form = form
		return s.renderChoose(w, r, http.StatusUnprocessableEntity, page)
	}
	if err != nil {
		return s.refuseLink(w, r, err)
	}
	return s.enterAfter(w, r, who)
}

// ownWords are what others know of a person, for her password to avoid.
func (p person) ownWords() []string {
	return []string{p.identity.PersonName, p.login, p.identity.Collectivity.Name, p.identity.Collectivity.LongName}
}

// newHash judges a new password and returns what is kept of it.
func (s *Service) newHash(ctx context.Context, typed string, own []string) (string, error) {
	if err := checkStrength(typed, own...); err != nil {
		return "", err
	}
	return s.Passwords.hash(ctx, typed)
}

// reset replaces the password of who opened a link. All of her sessions end, and
// her app passwords if she says so: those are of her devices, which go on
// reading her agenda after she forgot a password.
func (s *Service) reset(r *http.Request, who person, typed string, apps bool) error {
	ctx, account := r.Context(), who.identity.Caller.Account
	hash, err := s.newHash(ctx, typed, who.ownWords())
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(tx *database.Tx) error {
		err := s.Resets.spend(ctx, tx, linkOf(r))
		if errors.Is(err, portal.ErrNotFound) {
			return errDeadLink // somebody was first
		}
		if err != nil {
			return err
		}
		return s.replace(ctx, tx, change{
			who: who, hash: hash, apps: apps, detail: "reset", device: DeviceOf(r.UserAgent()), address: web.ClientAddr(r),
		})
	})
	if err != nil {
		return err
	}
	s.changedPassword(account)
	return nil
}

// change is a password about to be replaced.
type change struct {
	who             person
	hash            string
	mark            string // of the password that it replaces, "" for any
	keep            string // session that goes on, "" for none
	apps            bool   // app passwords end too
	detail          string // how, for the journal: "reset", "own", "invitation"
	device, address string
}

// replace writes a new password and ends what the old one opened.
func (s *Service) replace(ctx context.Context, tx *database.Tx, c change) error {
	account := string(c.who.identity.Caller.Account)
	if err := still(ctx, tx, c.who.identity.Caller.Account, c.mark); err != nil {
		return err // by a link, or in another tab
	}
	if err := putHash(ctx, tx, c.who.identity.Caller.Account, c.hash); err != nil {
		return err
	}
	if err := killLinks(ctx, tx, c.who.identity.Caller.Account); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE account = $1 AND id <> $2`, account, c.keep); err != nil {
		return err
	}
	line := c.who.line(audit.PasswordChanged, c.address, s.now())
	line.Detail = c.detail
	if c.apps {
		if _, err := tx.Exec(ctx, `DELETE FROM app_passwords WHERE account = $1`, account); err != nil {
			return err
		}
		line.Detail += " apps"
	}
	if err := audit.Write(ctx, tx, line); err != nil {
		return err
	}
	return s.Resets.notice(ctx, tx, c.who, c.device)
}

// changedPassword makes what was ended end at once.
func (s *Service) changedPassword(account portal.AccountID) {
	s.Forget(account)
	s.Participants.Wake()
	s.post.Wake()
}

// enterAfter signs in who chose her password by a link. Her failures are
// forgotten, unless she has a second factor: those are counted together, and a
// mailbox must not buy more codes to try.
func (s *Service) enterAfter(w http.ResponseWriter, r *http.Request, who person) error {
	account := who.identity.Caller.Account
	clearCookie(w, r, linkCookie)
	held, err := s.Factors.Of(r.Context(), account)
	if err != nil {
		return err
	}
	if !held.Any() {
		if err := s.throttle.forget(r.Context(), "account:"+string(account)); err != nil {
			return err
		}
	}
	hash, err := hashOfAccount(r.Context(), s.db, account)
	if err != nil {
		return err
	}
	next, err := s.proceed(w, r, entry{account: account, home: who.home, kind: Embedded, mark: markOf(hash)},
		flow{Login: who.login, Typed: who.login, Next: home})
	if err != nil {
		return err
	}
	return web.Redirect(w, r, next)
}
