package contacts

import "embed"

// Templates and Locales are parsed by the server.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds the sentences of the pages of contacts.
//
//go:embed locales/*.json
var Locales embed.FS
