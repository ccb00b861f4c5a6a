package sso

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/i18n"
	"parvis/portal/post"
	"parvis/portal/seal"
	"parvis/portal/web"
)

// Options are what signing in needs.
type Options struct {
	DB          *database.DB
	People      People
	Directories PasswordServer // nil: no collectivity may use LDAP
	Registry    Registry       // nil: nobody's entry is looked at without her password
	Issuers     IssuerServer   // nil: none may use an issuer
	Renderer    *web.Renderer  // may be set later, before the first request
	Sealer      *seal.Sealer   // with the installation's key
	Invitations Invitations    // nil: nobody is invited
	Post        *post.Queue    // where letters about passwords go
	Catalogue   *i18n.Catalogue
	URL         string // of the installation, which letters lead to: "https://parvis.example"
	Log         *slog.Logger
	Limits      Limits
	Lifetimes   Lifetimes
	// BindOperators asks a second factor of who operates the pool.
	BindOperators bool
	Now           func() time.Time // nil is time.Now
}

// Service signs people in and out.
type Service struct {
	Sessions     *Sessions
	AppPasswords *AppPasswords
	Syncs        *Syncs
	Passwords    *Passwords
	Methods      *Methods
	Participants *Participants
	Factors      *Factors
	Policies     *Policies
	Resets       *Resets

	db            *database.DB
	people        People
	directories   PasswordServer
	registry      Registry
	rechecked     map[holder]time.Time // when a directory server or an issuer was last asked about her
	issuers       IssuerServer
	renderer      *web.Renderer
	throttle      *throttle
	late          *late
	flood         *window // refusals of who has to wait, each written into the journal once
	sealer        *seal.Sealer
	formEnds      []FormEnd
	invitations   Invitations
	post          *post.Queue
	catalogue     *i18n.Catalogue
	url           string
	handOvers     *handOvers
	log           *slog.Logger
	now           func() time.Time
	bindOperators bool
	tidied        atomic.Int64 // when, ms since the epoch
}

// New returns the service.
func New(options Options) *Service {
	if options.Now == nil {
		options.Now = time.Now
	}
	late := newLate(options.DB, options.Log)
	s := &Service{
		Sessions:     newSessions(options.DB, options.People, options.Lifetimes, options.Log, options.Now),
		AppPasswords: newAppPasswords(options.DB, late, options.People, options.Log, options.Now),
		Syncs:        newSyncs(options.DB, late, options.Now),
		Passwords:    newPasswords(options.DB),
		Methods:      &Methods{db: options.DB, sealer: options.Sealer, now: options.Now},
		Participants: newParticipants(options.DB, options.Log, options.Now),
		late:         late,
		db:           options.DB, people: options.People, directories: options.Directories, issuers: options.Issuers,
		registry: options.Registry, rechecked: map[holder]time.Time{},
		renderer: options.Renderer, throttle: newThrottle(options.DB, options.Limits, options.Now),
		flood:  newWindow(1, options.Limits.withDefaults().Window, options.Now),
		sealer: options.Sealer, log: options.Log, now: options.Now, bindOperators: options.BindOperators,
		invitations: options.Invitations, post: options.Post, catalogue: options.Catalogue, url: options.URL,
		handOvers: newHandOvers(options.Now),
	}
	if s.post == nil {
		s.post = post.New(post.Options{DB: options.DB, Sealer: options.Sealer, Log: options.Log}) // no server: nothing is sent
	}
	s.Resets = newResets(s, options.Limits)
	s.Factors = &Factors{db: options.DB, sealer: options.Sealer, now: options.Now, forget: s.Sessions.Forget}
	s.Policies = &Policies{db: options.DB, methods: s.Methods, now: options.Now}
	return s
}

// Close writes what was put off.
func (s *Service) Close(ctx context.Context) error { return s.late.flush(ctx) }

// SetRenderer gives the pages their renderer, for a server that makes it after
// the features.
func (s *Service) SetRenderer(renderer *web.Renderer) { s.renderer = renderer }

// Forget drops what is remembered of an account, "" for everybody's. It is
// called after each change of the directory.
func (s *Service) Forget(account portal.AccountID) {
	s.Sessions.Forget(account)
	s.AppPasswords.Forget(account)
}

// Changed is Forget for an account, or, for "", for all who are in a collectivity.
func (s *Service) Changed(collectivity portal.CollectivityID, account portal.AccountID) {
	if collectivity == "" || account != "" {
		s.Forget(account)
		return
	}
	s.Sessions.ForgetIn(collectivity)
	s.AppPasswords.ForgetIn(collectivity)
}

// Check tries the sign-in of a collectivity and says in a sentence what is
// wrong: a portal.UserError, or nil.
func (s *Service) Check(ctx context.Context, collectivity portal.CollectivityID) error {
	method, err := s.Methods.Of(ctx, collectivity)
	if err != nil {
		return err
	}
	switch method.Kind {
	case LDAP:
		if s.directories == nil {
			return errNoMethod
		}
		return s.directories.Check(ctx, method)
	case OIDC:
		if s.issuers == nil {
			return errNoMethod
		}
		return s.issuers.Check(ctx, method)
	case Embedded:
		return nil
	}
	return errNoMethod
}

var errNoMethod = portal.UserError{Kind: portal.ErrUnavailable, Key: "sso.error.method"}

// errNotAllowed is for one who proved to be who she is and may not enter.
func errNotAllowed(err error) error {
	if errors.Is(err, portal.ErrNotFound) || errors.Is(err, portal.ErrDenied) || errors.Is(err, portal.ErrInvalid) {
		return portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.closed"}
	}
	return err
}

// entry is a person who proved to be who she is, about to be let in.
type entry struct {
	account portal.AccountID
	home    portal.CollectivityID // whose method vouched for her
	kind    Kind                  // how she proved it
	factors string                // what she proved (RFC 8176)
	vouched string                // what an issuer says she proved
	detail  string                // the same for the journal, "password otp"
	since   time.Time             // when she proved the first; zero is now
	once    string                // what may let in once, "" for nothing
	mark    string                // of the password that proved it, "" for no embedded one
	tries   []attempt             // that proved it
	counted string                // subject of her wrong passwords, "" for her account's
	idToken string
	kiosk   bool
}

// entering is who a person is where she is about to be let in.
func (s *Service) entering(ctx context.Context, who entry) (*web.Identity, error) {
	identity, err := s.people.Identity(ctx, who.account, who.home)
	if errors.Is(err, portal.ErrNotFound) {
		identity, err = s.people.Identity(ctx, who.account, "")
	}
	if err != nil {
		return nil, errors.Join(errNotAllowed(err), s.throttle.cancel(context.WithoutCancel(ctx), who.tries...))
	}
	return identity, nil
}

// enter opens a session in this browser, with a new secret, and puts an end to
// the one that was there.
func (s *Service) enter(w http.ResponseWriter, r *http.Request, identity *web.Identity, who entry) error {
	var secret string
	err := s.tidy(r.Context())
	if err == nil {
		secret, err = s.renewOrOpen(r, identity.Caller, who)
	}
	if err != nil {
		return errors.Join(err, s.throttle.cancel(context.WithoutCancel(r.Context()), who.tries...))
	}
	s.throttle.land(who.tries...)
	clearCookie(w, r, flowCookie)
	clearCookie(w, r, keyCookie)
	setCookie(w, r, sessionCookie, secret, 0)
	s.log.Info("signed in", "account", who.account, "collectivity", identity.Caller.Collectivity)
	return nil
}

// renewOrOpen renews the session of this browser when it is the same person's,
// and otherwise ends it and opens another. It returns the secret.
func (s *Service) renewOrOpen(r *http.Request, caller portal.Caller, who entry) (secret string, err error) {
	hash, ok := hashOf(r)
	if !ok {
		return s.open(r, caller, who, s.Sessions.insert)
	}
	secret, err = s.open(r, caller, who, func(ctx context.Context, to database.Writer, begin opening) (string, error) {
		return s.Sessions.renew(ctx, to, hash, begin)
	})
	s.Sessions.Forget(who.account)
	if !errors.Is(err, portal.ErrNotFound) {
		return secret, err
	}
	if _, err := s.Sessions.end(r.Context(), hash, web.CallerOf(r)); err != nil && !errors.Is(err, portal.ErrNotFound) {
		return "", err
	}
	s.Participants.Wake()
	return s.open(r, caller, who, s.Sessions.insert)
}

// open writes the session and its line in the journal, and returns its secret.
func (s *Service) open(r *http.Request, caller portal.Caller, who entry, write func(context.Context, database.Writer, opening) (string, error)) (secret string, err error) {
	begin := opening{
		account: who.account, collectivity: caller.Collectivity, home: who.home, factors: who.factors,
		vouched: who.vouched, idToken: who.idToken, device: DeviceOf(r.UserAgent()), address: web.ClientAddr(r),
		since: who.since, kiosk: who.kiosk, counted: who.counted,
	}
	line := audit.By(caller, audit.SignIn)
	line.At, line.Detail, line.Address = s.now(), who.detail, begin.address
	err = s.db.Tx(r.Context(), func(tx *database.Tx) error {
		if err := s.spend(r.Context(), tx, who.once); err != nil {
			return err
		}
		if err := still(r.Context(), tx, who.account, who.mark); err != nil {
			return err
		}
		if secret, err = write(r.Context(), tx, begin); err != nil {
			return err
		}
		if err := s.throttle.forgive(r.Context(), tx, who.tries...); err != nil {
			return err
		}
		if err := s.people.Entered(r.Context(), tx, caller); err != nil {
			return err
		}
		return audit.Write(r.Context(), tx, line)
	})
	return secret, err
}

// spend marks what may serve once, "" for nothing. A portal.UserError when it
// served before.
func (s *Service) spend(ctx context.Context, to database.Writer, what string) error {
	if what == "" {
		return nil
	}
	err := database.OneRow(to.Exec(ctx, `INSERT INTO sign_in_spent (id, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		what, database.Millis(s.now())))
	if errors.Is(err, portal.ErrNotFound) {
		return Because(portal.UserError{Kind: portal.ErrDenied, Key: "sso.error.expired"}, audit.Replayed)
	}
	return err
}

// spentLife is how long what served is remembered: longer than a sign-in or a
// question to a key is valid.
const spentLife = time.Hour

// tidyEvery is how often a sign-in also clears away what ended.
const tidyEvery = time.Minute

// tidy removes ended sessions, what hung on them, and old attempts, at most once a minute. A second
// node may do it too, for nothing.
func (s *Service) tidy(ctx context.Context) error {
	now, last := s.now().UnixMilli(), s.tidied.Load()
	if now-last < tidyEvery.Milliseconds() || !s.tidied.CompareAndSwap(last, now) {
		return nil
	}
	_, err := s.db.Exec(ctx, `DELETE FROM sign_in_spent WHERE at < $1`, now-spentLife.Milliseconds())
	if err := errors.Join(s.Sessions.purge(ctx), s.throttle.sweep(ctx), s.dropVouchers(ctx), err); err != nil {
		return fmt.Errorf("sso: tidy: %w", err)
	}
	return nil
}

// Open makes a session for an account without asking for a proof, for tests and
// for tools of the installation. It returns the secret that the cookie holds.
func (s *Service) Open(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (secret string, err error) {
	return s.Sessions.insert(ctx, s.db, opening{account: account, collectivity: collectivity, home: collectivity})
}

// CallerIn is who an account is in a collectivity; portal.ErrNotFound when it is
// no agent there, or may not enter.
func (s *Service) CallerIn(ctx context.Context, account portal.AccountID, collectivity portal.CollectivityID) (portal.Caller, error) {
	identity, err := s.people.Identity(ctx, account, collectivity)
	if err != nil {
		return portal.Caller{}, fmt.Errorf("sso: find caller: %w", err)
	}
	return identity.Caller, nil
}

// CookieName is the name of the session's cookie, over https or not.
func CookieName(secure bool) string {
	if secure {
		return hostPrefix + sessionCookie
	}
	return sessionCookie
}

// hashSecret is what the store keeps of a session's secret.
func hashSecret(secret string) sessionHash { return sha256.Sum256([]byte(secret)) }
