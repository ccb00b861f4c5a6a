package directory

import (
	"net/mail"
	"slices"
	"strings"
	"sync"
	"unicode"

	"parvis/portal/i18n"
	"parvis/portal/sheet"
)

// Column says what a column of a file holds, "" for nothing of ours.
type Column string

// What a column can hold.
const (
	FamilyColumn   Column = "family_name"
	GivenColumn    Column = "given_name"
	NameColumn     Column = "full_name" // "Camille Le Goff", "LE GOFF Camille"
	EmailColumn    Column = "email"
	LoginColumn    Column = "login" // tells who is meant, and is never written
	PhoneColumn    Column = "phone"
	MobileColumn   Column = "mobile"
	FunctionColumn Column = "function"
	AboveColumn    Column = "above" // direction above the unit
	UnitColumn     Column = "unit"  // "Voirie", or its path, "Services techniques/Voirie"
	OfficeColumn   Column = "office"
	KindColumn     Column = "kind"
	GroupsColumn   Column = "groups" // their names, with commas between
	LeavesColumn   Column = "leaves" // her last day, "31/12/2026"
)

// Columns lists them in the order in which an administrator chooses.
var Columns = []Column{
	FamilyColumn, GivenColumn, NameColumn, EmailColumn, FunctionColumn, AboveColumn, UnitColumn, PhoneColumn, MobileColumn, OfficeColumn,
	KindColumn, GroupsColumn, LeavesColumn, LoginColumn,
}

// titles are what offices write above their columns, folded, by what is meant.
var titles = sync.OnceValue(func() map[string]Column {
	known := map[string]Column{}
	for column, names := range map[Column]string{
		FamilyColumn: "nom, nom de famille, nom usuel, nom d usage, nom patronymique, patronyme, nom agent, last name, lastname, surname, family name, sn",
		GivenColumn:  "prenom, prenoms, prenom usuel, prenom agent, first name, firstname, given name, givenname, forename",
		NameColumn: "nom et prenom, nom prenom, nom prenoms, prenom nom, prenom et nom, nom complet, agent, identite, name, full name, display name, displayname, " +
			"nom affiche, cn",
		EmailColumn: "mail, e mail, email, emails, courriel, mel, adresse mail, adresse e mail, adresse email, adresse electronique, adresse de messagerie, " +
			"adresse courriel, messagerie, mail pro, mail professionnel, email pro, email professionnel, courriel professionnel, e mail address, email address",
		LoginColumn: "identifiant, login, compte, nom d utilisateur, nom de connexion, username, user name, user, uid, samaccountname",
		PhoneColumn: "telephone, tel, tel fixe, telephone fixe, fixe, ligne directe, poste telephonique, numero de telephone, n tel, n de telephone, telephone professionnel, tel pro, " +
			"telephone bureau, tel bureau, phone, telephone number, business phone, work phone, landline",
		MobileColumn: "mobile, portable, gsm, tel portable, telephone portable, tel mobile, telephone mobile, portable professionnel, portable pro, mobile phone, cell, cell phone",
		FunctionColumn: "fonction, fonctions, poste, poste occupe, emploi, metier, intitule du poste, intitule de poste, libelle emploi, libelle du poste, titre, qualite, " +
			"function, job title, jobtitle, job, title, position, role",
		AboveColumn:  "direction, pole, departement, direction generale, division, directorate, branch",
		UnitColumn:   "service, services, unite, affectation, service d affectation, direction service, structure, entite, equipe, department, unit, team, org unit, service path",
		OfficeColumn: "bureau, office, localisation, lieu, site, numero de bureau, room, location",
		KindColumn:   "type, type d agent, nature, kind, type of agent, categorie d agent",
		LeavesColumn: "date de depart, date depart, depart, depart prevu, date de depart prevue, depart le, dernier jour, date de sortie, sortie, date de fin, " +
			"date de fin de contrat, fin de contrat, date fin contrat, departure, departure date, date of departure, leaving date, last day, end date, contract end, end of contract",
		GroupsColumn: "groupe, groupes, group, groups, groupes d agents",
	} {
		for name := range strings.SplitSeq(names, ", ") {
			known[name] = column
		}
	}
	return known
})

// titled is what a title announces.
func titled(title string) Column {
	words := strings.FieldsFunc(i18n.Fold(strings.ReplaceAll(title, "(s)", "")), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return titles()[strings.Join(words, " ")]
}

// Layout is how a file is laid out: a title above each column, or none, and what
// the columns seem to hold.
type Layout struct {
	Titles  []string // "" where there is none
	Guessed []Column
	People  []sheet.Row // without what stands above them
}

// maxAbove is how many rows may stand above the titles: the name of the list, its date.
const maxAbove = 5

// LayOut looks for titles among the first rows, and guesses by them and by what stands
// below.
func LayOut(rows []sheet.Row) Layout {
	head := -1
	for i, row := range rows[:min(len(rows), maxAbove)] {
		known := 0
		for _, cell := range row.Cells {
			if titled(cell) != "" {
				known++
			}
		}
		if known > 1 || known == 1 && len(row.Cells) == 1 {
			head = i
			break
		}
	}
	if head < 0 && len(rows) > 1 && !slices.ContainsFunc(rows[0].Cells, func(cell string) bool { return isAddress(cell) || isNumber(cell) }) {
		head = 0 // titles that nobody told us
	}
	layout := Layout{People: rows[head+1:]}
	width := 0
	for _, row := range rows {
		width = max(width, len(row.Cells))
	}
	layout.Titles, layout.Guessed = make([]string, width), make([]Column, width)
	if head >= 0 {
		copy(layout.Titles, rows[head].Cells)
	}
	layout.guess()
	return layout
}

// guess takes each title at its word, once, and looks at what the others hold.
func (l *Layout) guess() {
	taken := map[Column]bool{}
	for i, title := range l.Titles {
		if column := titled(title); column != "" && !taken[column] {
			l.Guessed[i], taken[column] = column, true
		}
	}
	for i := range l.Guessed {
		if l.Guessed[i] != "" {
			continue
		}
		if column := l.holds(i); column != "" && !taken[column] {
			l.Guessed[i], taken[column] = column, true
		}
	}
	if taken[AboveColumn] && !taken[UnitColumn] { // then it is where people are
		l.Guessed[slices.Index(l.Guessed, AboveColumn)] = UnitColumn
	}
	if taken[FamilyColumn] && !taken[GivenColumn] && l.twoWords(slices.Index(l.Guessed, FamilyColumn)) {
		l.Guessed[slices.Index(l.Guessed, FamilyColumn)] = NameColumn
	}
}

// looked is how many rows are looked at to tell what a column holds.
const looked = 200

// holds tells by most of its cells what a column holds: addresses, telephones.
func (l *Layout) holds(column int) Column {
	var filled, addresses, numbers, mobiles int
	for _, row := range l.People[:min(len(l.People), looked)] {
		cell := row.Cell(column)
		if cell == "" {
			continue
		}
		filled++
		switch {
		case isAddress(cell):
			addresses++
		case isNumber(cell):
			numbers++
			if number := digits(cell); strings.HasPrefix(number, "06") || strings.HasPrefix(number, "07") {
				mobiles++
			}
		}
	}
	switch {
	case filled == 0:
	case addresses*10 > filled*6:
		return EmailColumn
	case numbers*10 > filled*6 && mobiles*2 > numbers:
		return MobileColumn
	case numbers*10 > filled*6:
		return PhoneColumn
	}
	return ""
}

// twoWords says whether most cells hold a given name too.
func (l *Layout) twoWords(column int) bool {
	filled, two := 0, 0
	for _, row := range l.People[:min(len(l.People), looked)] {
		if words := len(strings.Fields(row.Cell(column))); words > 0 {
			filled++
			if words > 1 {
				two++
			}
		}
	}
	return two*10 > filled*8
}

// Sample is the first few things that a column holds.
func (l *Layout) Sample(column int) []string {
	const shown = 3
	var sample []string
	for _, row := range l.People {
		if cell := row.Cell(column); cell != "" && !slices.Contains(sample, cell) {
			if sample = append(sample, cell); len(sample) == shown {
				break
			}
		}
	}
	return sample
}

func isAddress(text string) bool {
	if !strings.Contains(text, "@") {
		return false
	}
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address != ""
}

// isNumber says whether a text is a telephone number in full.
func isNumber(text string) bool {
	number := digits(text)
	return len(number) >= 9 && len(number) <= 15 && len(text) <= 25 && !strings.ContainsFunc(text, unicode.IsLetter)
}
