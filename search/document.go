package search

import (
	"time"

	"parvis/portal"
)

// Kind says what a document is for the person who searches.
type Kind string

// The kinds that are searched. A feature offers documents of one kind.
const (
	KindPerson      Kind = "person"
	KindApplication Kind = "application"
	KindDocument    Kind = "document"
	KindArticle     Kind = "article"
	KindEvent       Kind = "event"
)

// Kinds lists the kinds in the order in which a page shows them.
var Kinds = []Kind{KindDocument, KindArticle, KindEvent, KindPerson, KindApplication}

// Document is a thing that can be found: what is searched in it, what a page of
// results shows of it, and who may see it. All its texts are plain text.
type Document struct {
	Kind Kind
	ID   string // unique in its kind and collectivity, at most 200 bytes

	Title    string   // "Règlement intérieur de la salle des fêtes"
	Body     string   // what is searched (its first 2 MiB) and what extracts are cut from; "" for none
	Keywords []string // found when typed whole, never shown: e-mail addresses, file names, references

	Summary string    // shown instead of an extract when no word of Body matches
	URL     string    // where it opens, "/documents/k3v9m2p7q4r8s6t2"
	Icon    string    // name in the sprite, "i-file"; its "i-" may be left out
	Detail  string    // "PDF, 6 pages"; the function of a person
	Phone   string    // of a person, as written; its digits are found whatever the spaces
	Unit    string    // name of the unit it belongs to, a facet; "" for none
	Date    time.Time // of publication, of the event; zero when it has none

	// Audience and Agents say who finds it: the members of one of the groups,
	// and these agents. Both empty: everyone of the collectivity.
	Audience []portal.GroupID
	Agents   []portal.AgentID
}

// VisibleTo says whether the caller, of the document's collectivity, may find it.
func (d Document) VisibleTo(caller portal.Caller) bool {
	if len(d.Audience) == 0 && len(d.Agents) == 0 {
		return true
	}
	for _, agent := range d.Agents {
		if agent == caller.Agent {
			return true
		}
	}
	return len(d.Audience) > 0 && caller.InAudience(d.Audience)
}
