package sso

import "embed"

// Templates holds the sign-in pages and the account's.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds their sentences.
//
//go:embed locales/*.json
var Locales embed.FS
