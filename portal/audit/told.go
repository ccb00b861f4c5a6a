package audit

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"parvis/portal"
	"parvis/portal/i18n"
)

// told is a line in the reader's language.
type told struct {
	Entry
	Who  string // "Camille Le Goff", "L’installation"
	What string // "mot de passe, code", "" without
}

func tell(printer *i18n.Printer, entries []Entry) []told {
	all := make([]told, len(entries))
	for i, entry := range entries {
		all[i] = told{entry, entry.who(printer), entry.What(printer)}
	}
	return all
}

// who names who acted. A request has an address: what came from none is what the
// installation did by itself or by its operator's command.
func (e Entry) who(printer *i18n.Printer) string {
	if e.Name == "" && e.Account == "" && e.Address == "" {
		return printer.T("audit.installation")
	}
	return cmp.Or(e.Name, printer.T("audit.nobody"))
}

// details are the words that features write into Line.Detail, by the actions that
// write nothing else there. Each has its words in the catalogue,
// "audit.detail.otp"; other details are names that people gave.
var details = map[Action][]string{
	AgentInvited:        {"password", "ldap", "oidc"},
	AgentChanged:        {"kind", "given_name", "family_name", "function", "unit", "manager", "email", "phone", "mobile", "office", "photo", "presence", "mandates"},
	CollectivityChanged: {"name", "long_name", "colour", "phone", "language", "logo"},
	DirectoryShared:     {"given", "read"},
	DirectoryUnshared:   {"given", "read"},
	HomeChanged:         {"boxes", "removed", "restored", "order"},
	CardsDecided:        {"photo", "function", "manager", "phone", "mobile", "email", "office", "presence"},
	MirrorChanged:       {"on", "off"},
	AgentClosed:         {"gone", "disabled", "account-expired"},
	SignIn:              {"password", "ldap", "oidc", "otp", "key", "recovery"},
	AppPasswordCreated:  scopes,
	StepUp:              {"otp", "key", "recovery"},
	FactorAdded:         {"otp", "key"},
	FactorRemoved:       {"otp", "key"},
	FactorPolicy:        {"nobody", "administrators", "groups", "everyone"},
	ApplicationOpened:   {"cas", "oidc", "forward"},
	TicketRefused:       {"cas"},
	RightGiven:          rights,
	RightLent:           rights,
	RightTaken:          rights,
}

// scopes are those of app passwords.
var scopes = func() (words []string) {
	for _, scope := range portal.AllScopes {
		words = append(words, string(scope))
	}
	return words
}()

// rights are words that lines about rights have.
var rights = func() (words []string) {
	for _, right := range portal.CollectivityRights {
		words = append(words, string(right))
	}
	return words
}()

// becomes stands between what was and what is, and between a right and the name of the
// unit where it holds.
const becomes = " → "

// openTo says to whom a thing is open where no group is named.
var openTo = map[Action]string{AudienceChanged: "audit.everyone", ReadersChanged: "audit.everyone", WritersChanged: "audit.editors"}

// Became is the detail of a line about what took the place of something; in an audience
// "" is what openTo says.
func Became(before, after string) string { return before + becomes + after }

// RightDetail is the detail of a line about a right; in is the name of the unit that it
// is narrowed to, "" for none.
func RightDetail(right portal.Right, in string) string {
	if in == "" {
		return string(right)
	}
	return Became(string(right), in)
}

// What tells the detail of a line.
func (e Entry) What(printer *i18n.Printer) string {
	if months, err := strconv.Atoi(e.Detail); err == nil && e.Action == Kept {
		return printer.N("audit.keep.choice", months)
	}
	if e.Action == DirectoryMirrored {
		return counted(printer, e.Detail)
	}
	if before, after, both := strings.Cut(e.Detail, becomes); both && openTo[e.Action] != "" {
		nobody := printer.T(openTo[e.Action])
		return cmp.Or(before, nobody) + becomes + cmp.Or(after, nobody)
	}
	known := details[e.Action]
	if known == nil {
		return e.Detail
	}
	detail, unit, narrowed := strings.Cut(e.Detail, becomes)
	words := strings.Fields(detail)
	for i, word := range words {
		if slices.Contains(known, word) {
			words[i] = printer.T("audit.detail." + word)
		}
	}
	told := strings.Join(words, ", ")
	if narrowed { // of a right that holds in a unit
		told += " (" + unit + ")"
	}
	return told
}

// counted tells "create:3 close:1".
func counted(printer *i18n.Printer, detail string) string {
	words := strings.Fields(detail)
	for i, word := range words {
		kind, number, _ := strings.Cut(word, ":")
		if count, err := strconv.Atoi(number); err == nil {
			words[i] = printer.N("audit.mirror."+kind, count)
		}
	}
	return strings.Join(words, ", ")
}
