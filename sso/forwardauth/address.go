package forwardauth

import (
	"net/http"

	"parvis/portal"
	"parvis/sso"
)

// telling is how a proxy tells which address a person asks it for. Each endpoint
// believes one way alone, the one that its proxy writes anew in each request: the
// other comes from the browser (oauth2-proxy CVE-2026-40575). An address that can
// be read in two ways is none (LemonLDAP::NG CVE-2020-24660).
type telling func(r *http.Request) (sso.Address, error)

// whole is the way of nginx: X-Original-URL.
func whole(r *http.Request) (sso.Address, error) {
	text := r.Header.Values("X-Original-URL")
	if len(text) != 1 {
		return sso.Address{}, portal.ErrInvalid
	}
	return sso.ParseAddress(text[0])
}

// inParts is the way of Caddy and Traefik: X-Forwarded-Proto, -Host and -Uri.
func inParts(r *http.Request) (sso.Address, error) {
	return joined(r, "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Uri")
}

// joined is the address whose parts are in headers, each there once.
func joined(r *http.Request, names ...string) (sso.Address, error) {
	for _, name := range names {
		if len(r.Header.Values(name)) != 1 {
			return sso.Address{}, portal.ErrInvalid
		}
	}
	text := r.Header.Get(names[0]) + "://"
	for _, name := range names[1:] {
		text += r.Header.Get(name)
	}
	return sso.ParseAddress(text)
}

// here is the origin at which a browser asks us through an application's proxy,
// whichever it is. A browser that lies about it gets a cookie that opens nothing.
func here(r *http.Request) (string, error) {
	if r.Header.Get("X-Original-URL") != "" {
		address, err := whole(r)
		return address.Origin, err
	}
	address, err := joined(r, "X-Forwarded-Proto", "X-Forwarded-Host")
	return address.Origin, err
}

func covers(application sso.Application, address sso.Address) bool {
	for _, one := range application.Addresses {
		if one.Covers(address) {
			return true
		}
	}
	return false
}
