package contacts

import "embed"

// Locales holds the sentences of the pages of contacts.
//
//go:embed locales/*.json
var Locales embed.FS
