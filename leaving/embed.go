package leaving

import "embed"

// Templates holds the pages.
//
//go:embed templates/*.html
var Templates embed.FS

// Locales holds their sentences.
//
//go:embed locales/*.json
var Locales embed.FS
