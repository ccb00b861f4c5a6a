package forwardauth

import (
	"net/http"

	"parvis/portal"
	"parvis/sso"
)

// asked is the address that a person asks the proxy for, as the proxy tells it:
// nginx in X-Original-URL, the others in parts. An address that can be read in two
// ways is none (LemonLDAP::NG CVE-2020-24660).
func asked(r *http.Request) (sso.Address, error) {
	if whole := r.Header.Values("X-Original-URL"); len(whole) > 0 {
		if len(whole) > 1 {
			return sso.Address{}, portal.ErrInvalid
		}
		return sso.ParseAddress(whole[0])
	}
	for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Uri"} {
		if len(r.Header.Values(name)) != 1 {
			return sso.Address{}, portal.ErrInvalid
		}
	}
	return sso.ParseAddress(r.Header.Get("X-Forwarded-Proto") + "://" + r.Header.Get("X-Forwarded-Host") + r.Header.Get("X-Forwarded-Uri"))
}

// here is the origin at which a browser asks us through an application's proxy.
func here(r *http.Request) (string, error) {
	if r.Header.Get("X-Original-URL") != "" {
		address, err := asked(r)
		return address.Origin, err
	}
	for _, name := range []string{"X-Forwarded-Proto", "X-Forwarded-Host"} {
		if len(r.Header.Values(name)) != 1 {
			return "", portal.ErrInvalid
		}
	}
	address, err := sso.ParseAddress(r.Header.Get("X-Forwarded-Proto") + "://" + r.Header.Get("X-Forwarded-Host"))
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
