package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"parvis/contacts"
	"parvis/dav"
	"parvis/dav/vcard"
	"parvis/portal"
)

// acquaintance is somebody in an address book, as a phone would write it.
type acquaintance struct {
	given, family, organisation, title string
	mobile, phone, email               string
	street, postcode, town             string
	categories, note                   string
}

// addressBook is one of an agent, or of a unit.
type addressBook struct {
	keeper            string // login: whose it is, or who made it
	unit              string // "" for one of the keeper's own
	name, description string // "" for her first one
	membersWrite      bool
	people            []acquaintance
	group             string   // a group of some of them, "" for none
	members           []string // their family names
}

func addressBooks() []addressBook {
	return []addressBook{
		{keeper: "admin@bourg.example", unit: "techniques", name: "Fournisseurs et artisans", description: "Qui appeler pour un devis ou une panne. Les délais sont ceux constatés cette année.", people: []acquaintance{
			{organisation: "Menuiserie Le Gall", given: "Ronan", family: "Le Gall", title: "Gérant", phone: "02 61 91 41 10", mobile: "06 39 98 41 10", email: "atelier@legall.example", street: "8 rue des Charpentiers", postcode: "45999", town: "Bourg-sur-Loire", categories: "Bâtiments", note: "Devis sous huit jours. Connaît toutes les fenêtres de l’école."},
			{organisation: "Électricité Bossard", given: "Aline", family: "Bossard", title: "Conductrice de travaux", phone: "02 61 91 41 22", mobile: "06 39 98 41 22", email: "travaux@bossard.example", town: "Bourg-sur-Loire", categories: "Bâtiments,Urgences", note: "Astreinte du marché : 06 39 98 41 23."},
			{organisation: "Plomberie des Quais", given: "Mehdi", family: "Haddad", title: "Plombier chauffagiste", mobile: "06 39 98 41 31", email: "contact@plomberie-quais.example", town: "Bourg-sur-Loire", categories: "Bâtiments,Urgences"},
			{organisation: "Ascenseurs Montrevault", phone: "02 61 91 41 40", email: "depannage@montrevault.example", categories: "Urgences", note: "Contrat n° 2024-118, médiathèque et mairie."},
			{organisation: "Carrière du Ponant", given: "Yves", family: "Kermorvan", title: "Responsable des ventes", phone: "02 61 91 41 52", email: "ventes@ponant.example", street: "Route de la Carrière", postcode: "45998", town: "Saint-Brice", categories: "Voirie", note: "Gravillons et enrobé à froid, retrait dès 7 h."},
			{organisation: "Signalisation Ouest", given: "Perrine", family: "Vasseur", title: "Commerciale", phone: "02 61 91 41 60", email: "perrine.vasseur@signa-ouest.example", categories: "Voirie"},
			{organisation: "Garage des Mariniers", given: "Didier", family: "Ponthieu", phone: "02 61 91 41 71", email: "garage@mariniers.example", town: "Bourg-sur-Loire", categories: "Véhicules", note: "Contrôles techniques du minibus et de la nacelle."},
			{organisation: "Loc’Engins Varenne", phone: "02 61 91 41 80", email: "location@locengins.example", town: "Varenne", categories: "Véhicules,Voirie"},
			{organisation: "Pépinière des Sables", given: "Odile", family: "Tessier", title: "Pépiniériste", phone: "02 61 91 41 91", email: "odile@pepiniere-sables.example", categories: "Espaces verts", note: "Commandes d’automne avant le 15 octobre."},
			{organisation: "Arbres et Nacelles", given: "Loïc", family: "Briand", title: "Élagueur grimpeur", mobile: "06 39 98 42 02", email: "loic@arbres-nacelles.example", categories: "Espaces verts,Urgences"},
			{organisation: "Nettoyage Clair et Net", given: "Sonia", family: "Da Costa", title: "Cheffe d’équipe", phone: "02 61 91 42 12", email: "equipe@clairetnet.example", categories: "Bâtiments"},
			{organisation: "Gaz et Eau du Val", phone: "02 61 91 42 20", categories: "Urgences", note: "Urgence gaz, jour et nuit."},
		}},
		{keeper: "admin@bourg.example", unit: "population", name: "Associations et partenaires", description: "Chacun du service peut compléter.", membersWrite: true, people: []acquaintance{
			{organisation: "Comité des fêtes", given: "Josiane", family: "Pellerin", title: "Présidente", mobile: "06 39 98 43 01", email: "comite@fetes-bourg.example", categories: "Associations"},
			{organisation: "Club nautique", given: "Alban", family: "Rivière", title: "Secrétaire", mobile: "06 39 98 43 12", email: "secretariat@nautique-bourg.example", categories: "Associations"},
			{organisation: "École des Mariniers", given: "Hortense", family: "Lévêque", title: "Directrice", phone: "02 61 91 43 20", email: "ecole@mariniers-bourg.example", categories: "Écoles"},
			{organisation: "Croix-Rouge, antenne de Bourg", phone: "02 61 91 43 33", email: "antenne@croixrouge-bourg.example", categories: "Associations,Urgences"},
			{organisation: "Sous-préfecture", title: "Bureau des titres", phone: "02 61 91 43 40", email: "titres@sous-prefecture.example", categories: "Partenaires"},
		}},
		{keeper: "agent@bourg.example", people: []acquaintance{
			{given: "Zoé", family: "Éluard", title: "Notaire", organisation: "Étude du Port", mobile: "06 39 98 44 01", email: "zoe.eluard@etude-port.example", street: "12 quai des Mariniers", postcode: "45999", town: "Bourg-sur-Loire", categories: "Actes"},
			{given: "Marc", family: "Thibault", title: "Marbrier", organisation: "Marbrerie Thibault", phone: "02 61 91 44 12", categories: "Cimetière"},
			{given: "Sœur", family: "Marie-Paule", organisation: "Maison de retraite Les Tilleuls", phone: "02 61 91 44 20", email: "accueil@tilleuls.example"},
			{given: "Aurélie", family: "Quentin", mobile: "06 39 98 44 33", email: "aurelie@chorale.example"},
			{given: "Jean-Noël", family: "Brossard", mobile: "06 39 98 44 41", email: "jn.brossard@chorale.example"},
			{given: "Inès", family: "Abadie", mobile: "06 39 98 44 52"},
		}, group: "Chorale", members: words("Quentin Brossard")},
	}
}

// card writes somebody as a phone does.
func (a acquaintance) card(uid string) []byte {
	name := strings.TrimSpace(a.given + " " + a.family)
	if name == "" {
		name = a.organisation
	}
	properties := []vcard.Property{
		{Name: "UID", Value: uid},
		{Name: "N", Value: vcard.Structured(a.family, a.given, "", "", "")},
		{Name: "FN", Value: vcard.Escape(name)},
	}
	add := func(name, value, kind string) {
		if strings.Trim(value, ";") == "" {
			return
		}
		p := vcard.Property{Name: name, Value: value}
		if kind != "" {
			p.SetTypes(nil, kind)
		}
		properties = append(properties, p)
	}
	add("ORG", vcard.Structured(a.organisation), "")
	add("TITLE", vcard.Escape(a.title), "")
	add("TEL", vcard.Escape(a.phone), "work")
	add("TEL", vcard.Escape(a.mobile), "cell")
	add("EMAIL", vcard.Escape(a.email), "work")
	add("ADR", vcard.Structured("", "", a.street, a.town, "", a.postcode, ""), "work")
	add("CATEGORIES", a.categories, "")
	add("NOTE", vcard.Escape(a.note), "")
	return vcard.New(vcard.V3, properties...).Encode()
}

// contacts fills the address books.
func (l *loader) contacts() error {
	const place = "bourg"
	for _, book := range addressBooks() {
		keeper, _, err := l.caller(place, book.keeper, "")
		if err != nil {
			return err
		}
		id := contacts.BookID(keeper.Agent)
		if book.name != "" {
			made := contacts.NewBook{Name: book.name, Description: book.description, MembersWrite: book.membersWrite}
			if book.unit != "" {
				made.To = portal.Subject{Kind: portal.TheUnit, ID: book.unit}
			}
			if id, err = l.server.Contacts.CreateBook(l.ctx, keeper, made, ""); err != nil {
				return fmt.Errorf("%s: %w", book.name, err)
			}
		}
		put := func(uid string, octets []byte) error {
			_, err := l.server.Contacts.Put(l.ctx, keeper, id, uid+".vcf", octets, dav.Conditions{})
			return err
		}
		group := []vcard.Property{{Name: "UID", Value: uidOf(book.group)}, {Name: "FN", Value: vcard.Escape(book.group)}, {Name: "KIND", Value: "group"}}
		for _, one := range book.people {
			uid := uidOf(book.name + one.given + one.family + one.organisation)
			if err := put(uid, one.card(uid)); err != nil {
				return fmt.Errorf("%s: %s%s: %w", book.name, one.family, one.organisation, err)
			}
			for _, member := range book.members {
				if member == one.family {
					group = append(group, vcard.Property{Name: "MEMBER", Value: "urn:uuid:" + uid})
				}
			}
		}
		if book.group == "" {
			continue
		}
		if err := put(uidOf(book.group), vcard.New(vcard.V4, group...).Encode()); err != nil {
			return fmt.Errorf("%s: %w", book.group, err)
		}
	}
	return nil
}

// uidOf is the same for ever, and another for each.
func uidOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}
