package sso

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// handOver is what a telephone is told that follows the picture of a new app password. It lives in
// memory alone, since the store keeps no password.
type handOver struct {
	collectivity    portal.CollectivityID
	account         portal.AccountID
	wears           web.Collectivity
	login, password string
	scopes          portal.Scopes
	until           time.Time
}

const (
	handOverLife = 10 * time.Minute
	// maxHandOvers bounds the memory of who makes app passwords and never looks.
	maxHandOvers = 1000
)

// handOvers are those of the last minutes, by the secret of their link.
type handOvers struct {
	now func() time.Time

	mu  sync.Mutex
	all map[string]handOver
}

func newHandOvers(now func() time.Time) *handOvers {
	return &handOvers{now: now, all: map[string]handOver{}}
}

// add returns the secret by which one is found, and until when; "" when too many wait.
func (h *handOvers) add(one handOver) (secret string, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	for key, old := range h.all {
		if !now.Before(old.until) {
			delete(h.all, key)
		}
	}
	if len(h.all) >= maxHandOvers {
		return "", time.Time{}
	}
	secret, one.until = portal.NewSecret(), now.Add(handOverLife)
	h.all[secret] = one
	return secret, one.until
}

func (h *handOvers) find(secret string) (handOver, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, found := h.all[secret]
	return one, found && h.now().Before(one.until)
}

var errHandedOver = portal.UserError{Kind: portal.ErrNotFound, Key: "sso.error.phone"}

// handedOver is what a link tells whose time is not over and whose password was not withdrawn.
func (s *Service) handedOver(ctx context.Context, secret string) (handOver, error) {
	one, found := s.handOvers.find(secret)
	if !found {
		return handOver{}, errHandedOver
	}
	id, _, _ := splitAppPassword(one.password)
	var there int
	err := s.db.QueryRow(ctx, `SELECT COUNT(*) FROM app_passwords WHERE collectivity = $1 AND id = $2`, string(one.collectivity), id).Scan(&there)
	if err != nil {
		return handOver{}, fmt.Errorf("sso: find app password: %w", err)
	}
	if there == 0 {
		return handOver{}, errHandedOver
	}
	switch _, err := s.people.Identity(ctx, one.account, one.collectivity); {
	case errors.Is(err, portal.ErrNotFound), errors.Is(err, portal.ErrDenied), errors.Is(err, portal.ErrInvalid):
		return handOver{}, errHandedOver // she may not enter any more
	case err != nil:
		return handOver{}, err
	}
	return one, nil
}

// phonePage is what a telephone shows that followed the picture.
type phonePage struct {
	web.Page
	Server, Login, Password string
	Profile                 string       // address of Apple's
	DAVx5                   template.URL // opens the app
}

func (s *Service) showPhone(w http.ResponseWriter, r *http.Request) error {
	one, err := s.handedOver(r.Context(), web.Var(r, "secret"))
	if err != nil {
		return err
	}
	server, err := url.Parse(web.BaseURL(r))
	if err != nil {
		return fmt.Errorf("sso: address of the installation: %w", err)
	}
	page := &phonePage{Server: server.Host, Login: one.login, Password: one.password, Profile: phonePath + web.Var(r, "secret") + profileName}
	page.Title, page.Gate = web.Printer(r).T("sso.phone"), true
	page.Wear(one.wears)
	// The scheme is DAVx⁵'s own, and the rest is made here.
	page.DAVx5 = template.URL((&url.URL{Scheme: "davx5", User: url.UserPassword(one.login, one.password), Host: server.Host, Path: "/"}).String())
	unshared(w)
	return s.render(w, r, http.StatusOK, "sso/phone", page)
}

const (
	phonePath   = "/phone/"
	profileName = "/parvis.mobileconfig"
)

// unshared keeps the address of a page, which is its secret, from going elsewhere.
func unshared(w http.ResponseWriter) {
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("X-Robots-Tag", "noindex")
}

func (s *Service) showProfile(w http.ResponseWriter, r *http.Request) error {
	one, err := s.handedOver(r.Context(), web.Var(r, "secret"))
	if err != nil {
		return err
	}
	profile, err := newProfile(one, web.BaseURL(r), web.Printer(r).T)
	if err != nil {
		return err
	}
	unshared(w)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/x-apple-aspen-config")
	w.Header().Set("Content-Disposition", `attachment; filename="parvis.mobileconfig"`)
	_, err = w.Write(profile)
	return err
}

// setting is one key of a property list and its value: a string, an int, a bool, or lists of settings.
type setting struct {
	key   string
	value any
}

// newProfile is a configuration profile for Apple's devices with the accounts that the app password is
// for (Apple, Configuration Profile Reference: com.apple.caldav.account, com.apple.carddav.account).
// Made anew for the same password, it takes the place of the one before.
func newProfile(one handOver, base string, word func(string, ...any) string) ([]byte, error) {
	server, err := url.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("sso: address of the installation: %w", err)
	}
	secure := server.Scheme == "https"
	port, err := strconv.Atoi(cmp.Or(server.Port(), map[bool]string{true: "443", false: "80"}[secure]))
	if err != nil {
		return nil, fmt.Errorf("sso: port of the installation: %w", err)
	}
	id, _, _ := splitAppPassword(one.password)
	account := func(kind, prefix, title string) []setting {
		return append(payload(kind, "parvis."+server.Hostname()+"."+id+"."+prefix, title), []setting{
			{prefix + "AccountDescription", title},
			{prefix + "HostName", server.Hostname()},
			{prefix + "Port", port},
			{prefix + "UseSSL", secure},
			{prefix + "Username", one.login},
			{prefix + "Password", one.password},
		}...)
	}
	var accounts [][]setting
	if one.scopes.Read(portal.ScopeCalendar) {
		accounts = append(accounts, account("com.apple.caldav.account", "CalDAV", word("sso.phone.agenda", "name", one.wears.Name)))
	}
	if one.scopes.Read(portal.ScopeContacts) {
		accounts = append(accounts, account("com.apple.carddav.account", "CardDAV", word("sso.phone.contacts", "name", one.wears.Name)))
	}
	whole := append(payload("Configuration", "parvis."+server.Hostname()+"."+id, word("sso.phone.profile", "name", one.wears.Name)), []setting{
		{"PayloadDescription", word("sso.phone.profile.lead", "login", one.login)},
		{"PayloadOrganization", one.wears.Name},
		{"PayloadContent", accounts},
	}...)
	return propertyList(whole), nil
}

// payload are the keys that each part of a profile has.
func payload(kind, identifier, title string) []setting {
	sum := sha256.Sum256([]byte(identifier))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80 // RFC 9562 §5.8
	return []setting{
		{"PayloadType", kind},
		{"PayloadVersion", 1},
		{"PayloadIdentifier", identifier},
		{"PayloadUUID", fmt.Sprintf("%X-%X-%X-%X-%X", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])},
		{"PayloadDisplayName", title},
	}
}

// propertyList is Apple's XML for a dictionary.
func propertyList(root []setting) []byte {
	var out bytes.Buffer
	out.WriteString(xml.Header + `<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">` + "\n" + `<plist version="1.0">`)
	writeProperty(&out, root)
	out.WriteString("</plist>\n")
	return out.Bytes()
}

func writeProperty(out *bytes.Buffer, value any) {
	element := func(name, text string) {
		out.WriteString("<" + name + ">")
		_ = xml.EscapeText(out, []byte(text)) // a buffer takes all
		out.WriteString("</" + name + ">")
	}
	switch value := value.(type) {
	case string:
		element("string", value)
	case int:
		element("integer", strconv.Itoa(value))
	case bool:
		fmt.Fprintf(out, "<%t/>", value)
	case []setting:
		out.WriteString("<dict>")
		for _, one := range value {
			element("key", one.key)
			writeProperty(out, one.value)
		}
		out.WriteString("</dict>")
	case [][]setting:
		out.WriteString("<array>")
		for _, one := range value {
			writeProperty(out, one)
		}
		out.WriteString("</array>")
	}
}
