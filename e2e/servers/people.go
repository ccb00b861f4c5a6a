package servers

import "strings"

// Person is an agent of the fictional town of Bourg, known to all the servers under one address and
// one password.
type Person struct {
	UID        string `json:"uid"`         // sign-in name in the directory: "helene.daumas"
	GivenName  string `json:"given_name"`  // "Hélène"
	FamilyName string `json:"family_name"` // "D'Aumas"
	Mail       string `json:"email"`       // "helene.daumas@bourg.example"; two persons share accueil@
	Title      string `json:"title"`       // function: "Directrice générale des services"
	Unit       string `json:"unit"`        // direction or service: "Direction générale"
	Phone      string `json:"phone"`       // "+33 1 99 00 10 01", of a range kept for fiction
	Password   string `json:"password"`
}

// Name is how the person is shown: "Hélène D'Aumas".
func (p Person) Name() string { return p.GivenName + " " + p.FamilyName }

// DN is the person's distinguished name in the directory.
func (p Person) DN() string { return "uid=" + p.UID + ",ou=agents," + BaseDN }

// Group is a groupOfNames of the directory; Members are UIDs.
type Group struct {
	Name    string // "Élus"
	Members []string
}

// DN is the group's distinguished name in the directory.
func (g Group) DN() string { return "cn=" + escapeDN(g.Name) + ",ou=groupes," + BaseDN }

// escapeDN escapes a value inside a distinguished name (RFC 4514 §2.4).
func escapeDN(value string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `+`, `\+`, `"`, `\"`, `<`, `\<`, `>`, `\>`, `;`, `\;`).Replace(value)
}

// People are all the agents, sorted by UID: accents, apostrophes, hyphens, particles and passwords that
// a person really chooses.
func People() []Person {
	return []Person{
		{"amelie.lefevre", "Amélie", "Lefèvre", "amelie.lefevre@bourg.example", "Chargée d'état civil", "Accueil et état civil", "+33 1 99 00 10 05", "Été à la mairie 2026"},
		{"anais.cote", "Anaïs", "Côté", "anais.cote@bourg.example", "Animatrice", "Enfance et jeunesse", "+33 1 99 00 10 16", "anais-Coquelicot-16"},
		{"benoit.legoff", "Benoît", "Le Goff", "benoit.legoff@bourg.example", "Agent d'accueil", "Accueil et état civil", "+33 1 99 00 10 06", "benoit-Tilleul-06"},
		{"cecile.oconnor", "Cécile", "O’Connor", "cecile.oconnor@bourg.example", "Instructrice du droit des sols", "Urbanisme", "+33 1 99 00 10 08", "cecile-Glycine-08"},
		{"elodie.chatelain", "Élodie", "Châtelain", "elodie.chatelain@bourg.example", "Responsable des finances", "Finances", "+33 1 99 00 10 03", "elodie-Noisetier-03"},
		{"fatima.benali", "Fatima", "Ben Ali", "fatima.benali@bourg.example", "Comptable", "Finances", "+33 1 99 00 10 04", `fatima*(compte)\04`},
		{"francois.beranger", "François", "Béranger", "francois.beranger@bourg.example", "Responsable technique", "Services techniques", "+33 1 99 00 10 10", "francois-Platane-10"},
		{"gael.yvetot", "Gaël", "Yvetot", "gael.yvetot@bourg.example", "Agent des espaces verts", "Services techniques", "+33 1 99 00 10 12", "gael-Buis-12"},
		{"helene.daumas", "Hélène", "D'Aumas", "helene.daumas@bourg.example", "Directrice générale des services", "Direction générale", "+33 1 99 00 10 01", "helene-Magnolia-01"},
		{"ines.dacosta", "Inès", "da Costa", "ines.dacosta@bourg.example", "Agente d'entretien", "Services techniques", "+33 1 99 00 10 13", "ines-Lavande-13"},
		{"jeanbaptiste.noel", "Jean-Baptiste", "Noël", "jeanbaptiste.noel@bourg.example", "Policier municipal", "Police municipale", "+33 1 99 00 10 18", "jb-Houx-18"},
		{"joel.aimable", "Joël", "Aimable", "accueil@bourg.example", "Agent d'accueil", "Accueil et état civil", "+33 1 99 00 10 00", "joel-Jonquille-19"},
		{"lea.vasseur", "Léa", "Vasseur", "accueil@bourg.example", "Agente d'accueil", "Accueil et état civil", "+33 1 99 00 10 00", "lea-Anemone-20"},
		{"marc.dupont", "Marc", "Dupont", "marc.dupont@bourg.example", "Secrétaire de mairie", "Direction générale", "+33 1 99 00 10 02", "marc-Chene-02"},
		{"mireille.lhospitalier", "Mireille", "L'Hospitalier", "mireille.lhospitalier@bourg.example", "Bibliothécaire", "Culture", "+33 1 99 00 10 14", "mireille-Pivoine-14"},
		{"noemie.gruess", "Noémie", "Grüß", "noemie.gruess@bourg.example", "Responsable de l'enfance", "Enfance et jeunesse", "+33 1 99 00 10 15", "noemie-Bleuet-15"},
		{"oeuvre.lesœur", "Sœur Œuvre", "Le Sœur", "oeuvre.lesoeur@bourg.example", "Coordinatrice du CCAS", "Action sociale", "+33 1 99 00 10 17", "oeuvre-Sureau-17"},
		{"raphael.nguyen", "Raphaël", "Nguyễn", "raphael.nguyen@bourg.example", "Agent de voirie", "Services techniques", "+33 1 99 00 10 11", "raphael-Erable-11"},
		{"stephane.maitre", "Stéphane", "Maître", "stephane.maitre@bourg.example", "Responsable de l'urbanisme", "Urbanisme", "+33 1 99 00 10 07", "stephane-Cedre-07 🌳"},
		{"zoe.a-b", "Zoé", "Çelik (remplaçante)", "zoe.celik@bourg.example", "Assistante (remplaçante)", "Urbanisme", "+33 1 99 00 10 09", "zoe-Mimosa-09"},
	}
}

// Groups are the groups of the directory, sorted by name.
func Groups() []Group {
	return []Group{
		{"Accueil, état civil", []string{"amelie.lefevre", "benoit.legoff", "joel.aimable", "lea.vasseur"}},
		{"Administrateurs", []string{"helene.daumas", "marc.dupont"}},
		{"Finances", []string{"elodie.chatelain", "fatima.benali"}},
		{"Services techniques", []string{"francois.beranger", "gael.yvetot", "ines.dacosta", "raphael.nguyen"}},
		{"Tous les agents", allUIDs()},
	}
}

func allUIDs() []string {
	var uids []string
	for _, p := range People() {
		uids = append(uids, p.UID)
	}
	return uids
}

// PersonByUID finds one of People and panics on an unknown name: a fault of the test.
func PersonByUID(uid string) Person {
	for _, p := range People() {
		if p.UID == uid {
			return p
		}
	}
	panic("servers: no person " + uid)
}
