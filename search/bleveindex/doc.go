// Package bleveindex is the search.Index on Bleve: one Scorch index a
// collectivity, each in its own folder, opened when it is asked for. Bleve
// keeps the postings; the analysis, the scoring, the rights, the facets and
// the extracts are ours. It is the only importer of Bleve.
//
// Everything in a folder can be rebuilt from the sources: what is damaged, or
// of another format, is removed and filled again.
package bleveindex
