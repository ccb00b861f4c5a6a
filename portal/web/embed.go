package web

import "embed"

// Templates holds the error page.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences that any page may need.
//
//go:embed locales/*.json
var Locales embed.FS
