package ssotest

import "strings"

// Registered is an address that an application was registered with.
const Registered = "https://app.bourg.example/finances"

// LookAlikes are spellings that somebody, a browser, a proxy or a careless reader
// of addresses, has taken for Registered or let through in its place. None is it.
func LookAlikes() []string {
	return append(append(AtSigns(), Climbing()...),
		"https://evil.example/https://app.bourg.example/finances",
		"https://evil.example/?https://app.bourg.example/finances",
		"https://app.bourg.example.evil.example/finances",
		"https://app.bourg.example:8443/finances",
		"http://app.bourg.example/finances",
		"https://app.bourg.example/financesX",
		"https://app.bourg.example/Finances",
		"https:\\\\evil.example/finances",
		"https:///app.bourg.example/finances",
		"//app.bourg.example/finances",
		"javascript://app.bourg.example/finances%0aalert(1)",
		"JaVaScRiPt:alert(1)//app.bourg.example/finances",
		"data:text/html,https://app.bourg.example/finances",
		"ftp://app.bourg.example/finances",
		"https://app.bourg.example/finances#@evil.example",
		"https://evil.example#https://app.bourg.example/finances",
		" https://app.bourg.example/finances",
		"https://app.bourg.example/finances\r\nSet-Cookie: a=b",
		"https://app.bourg.example\t/finances",
		"https://app.bourg.example/\x00finances",
		"https://app.bourg.example./finances",
		"https://APP.BOURG.EXAMPLE.:443/finances",
		"https://app。bourg.example/finances",
		"https://ａpp.bourg.example/finances",
		"https://app.bourg.example:/finances",
		"https://app.bourg.example:443:80/finances",
		"https://0x7f.1/finances",
		"https://2130706433/finances",
		"https:app.bourg.example/finances",
		"/finances",
		"https://app.bourg.example/"+strings.Repeat("a", 4096),
	)
}

// AtSigns are look-alikes that hide another host behind "@" (Keycloak
// CVE-2026-7504: with several of them, the host was the wrong one).
func AtSigns() []string {
	return []string{
		"https://app.bourg.example@evil.example/finances",
		"https://app.bourg.example@evil.example@app.bourg.example/finances",
		"https://a@@app.bourg.example/finances",
		"https://user:pass@app.bourg.example/finances",
		"https://@app.bourg.example/finances",
		"https://app.bourg.example%40evil.example/finances",
		"https://app.bourg.example\\@evil.example/finances",
	}
}

// Climbing are look-alikes that leave Registered's folder (Keycloak CVE-2026-3872:
// dots with a parameter, "..;").
func Climbing() []string {
	return []string{
		"https://app.bourg.example/finances/..;/admin",
		"https://app.bourg.example/finances/..;x=y/admin",
		"https://app.bourg.example/finances/..%3b/admin",
		"https://app.bourg.example/finances/%2e%2e;/admin",
		"https://app.bourg.example/finances/../admin",
		"https://app.bourg.example/finances/%2e%2e/admin",
		"https://app.bourg.example/finances/%252e%252e/admin",
		"https://app.bourg.example/finances%2f..%2fadmin",
		"https://app.bourg.example/finances\\..\\admin",
		"https://app.bourg.example/finances/./../admin",
	}
}
