package directory

import "embed"

// Templates holds the pages of people.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds their sentences.
//
//go:embed locales/*.json
var Locales embed.FS
