package demo

import (
	"bytes"
	"fmt"
	"time"

	"parvis/booking"
	"parvis/calendar"
	"parvis/directory"
	"parvis/portal"
)

// Resource is a room, a vehicle or equipment that is booked by inviting it.
type Resource struct {
	Collectivity string
	Kind         booking.Kind
	Name         string
	Place        string
	Seats        int
	Address      string
	Groups       []string // that may book it; empty: everyone
}

func resources() []Resource {
	return []Resource{
		{"bourg", booking.Room, "Salle du conseil", "Mairie, 1er étage", 40, "salle-du-conseil@bourg.example", nil},
		{"bourg", booking.Room, "Salle des mariages", "Mairie, rez-de-chaussée", 60, "salle-des-mariages@bourg.example", nil},
		{"bourg", booking.Room, "Salle des fêtes", "Quai des Mariniers", 180, "salle-des-fetes@bourg.example", words("associations techniques direction")},
		{"bourg", booking.Vehicle, "Minibus", "Dépôt", 9, "minibus@bourg.example", nil},
		{"bourg", booking.Vehicle, "Voiture électrique", "Cour de la mairie", 5, "voiture@bourg.example", nil},
		{"bourg", booking.Equipment, "Vidéoprojecteur", "Accueil de la mairie", 0, "videoprojecteur@bourg.example", nil},
		{"agglo", booking.Room, "Salle Varenne", "Siège, 2e étage", 24, "salle-varenne@agglo.example", nil},
		{"agglo", booking.Room, "Salle Loire", "Siège, rez-de-chaussée", 12, "salle-loire@agglo.example", nil},
		{"agglo", booking.Vehicle, "Minibus de l’agglomération", "Siège, parking", 9, "minibus@agglo.example", nil},
		{"agglo", booking.Vehicle, "Vélo à assistance", "Siège, local à vélos", 1, "velo@agglo.example", nil},
		{"ccas", booking.Room, "Bureau des permanences", "Mairie, bureau 12", 4, "permanences@ccas.example", nil},
		{"ccas", booking.Vehicle, "Voiture de l’aide à domicile", "Cour de la mairie", 5, "voiture@ccas.example", words("domicile direction")},
		{"syndicat", booking.Room, "Salle de réunion", "Usine des Sables", 16, "salle@syndicat.example", nil},
	}
}

// described adds what some resources are besides: categories, features, hours, plates, and one whose bookings the
// direction accepts. The minibus is due for its inspection in some weeks.
func described(r booking.Resource, now time.Time) booking.Resource {
	office := booking.Hours{}
	for day := time.Monday; day <= time.Friday; day++ {
		office[day] = []booking.Range{{From: 8 * 60, Until: 12 * 60}, {From: 13*60 + 30, Until: 17*60 + 30}}
	}
	switch r.Address {
	case "salle-du-conseil@bourg.example":
		r.Category, r.Features = "Salles de réunion", []string{"Écran", "Visio", "Accessible PMR"}
		r.Description = "Remettre les tables en carré après usage."
	case "salle-des-mariages@bourg.example":
		r.Category, r.Features, r.Approval = "Salles de réception", []string{"Sonorisation", "Accessible PMR"}, true
		r.Approvers = []portal.Subject{{Kind: portal.TheGroup, ID: "direction"}}
	case "salle-des-fetes@bourg.example":
		r.Category, r.Features = "Salles de réception", []string{"Cuisine", "Sonorisation", "Accessible PMR"}
		r.Description = "Clés à l’accueil de la mairie, contre signature. Rendre la salle balayée."
	case "minibus@agglo.example":
		r.Category, r.Vehicle = "Véhicules", booking.VehicleFacts{Plate: "HB-317-RD", Energy: "diesel", Odometer: 41_660, Inspection: "2028-02-28", Insured: "2027-12-31"}
	case "minibus@bourg.example":
		r.Category, r.Vehicle = "Véhicules", booking.VehicleFacts{Plate: "FG-482-KL", Energy: "diesel", Odometer: 84_210, Inspection: now.AddDate(0, 0, 19).Format(time.DateOnly), Insured: now.AddDate(0, 8, 0).Format(time.DateOnly)}
	case "voiture@bourg.example":
		r.Category, r.Vehicle = "Véhicules", booking.VehicleFacts{Plate: "GR-105-PT", Energy: "electric", Odometer: 21_480, Inspection: now.AddDate(1, 4, 0).Format(time.DateOnly), Insured: now.AddDate(0, 8, 0).Format(time.DateOnly)}
	case "videoprojecteur@bourg.example":
		r.Category, r.Hours = "Matériel", office
		r.Description = "À retirer et à rendre à l’accueil."
	}
	return r
}

// meeting is an event that books something.
type meeting struct {
	event
	books string // address of a resource
}

// meetings are booked in their order: the last one of a room at the same time would be declined.
func meetings() []meeting {
	return []meeting{
		{weekly("bourg/patrick.chausson@bourg.example", mon, "10:00-11:30", "Préparation du budget", "Salle du conseil", "Orientations, puis un service après l’autre."), "salle-du-conseil@bourg.example"},
		{once("bourg/francois-xavier.deschamps@bourg.example", 1, thu, "14:00-16:00", "Réunion publique sur le pont, répétition", "Salle du conseil", "Diaporama et questions attendues."), "salle-du-conseil@bourg.example"},
		{weekly("bourg/fatima.el-mansouri@bourg.example", wed, "13:30-17:00", "Piscine avec le centre de loisirs", "Piscine de l’agglomération", "Huit enfants, deux sièges rehausseurs."), "minibus@bourg.example"},
		{once("bourg/gael.quemeneur@bourg.example", 2, sat, "14:00-22:00", "Loto de l’école", "Salle des fêtes", "Remise des clés à 13 h par Dominique Pautrat."), "salle-des-fetes@bourg.example"},
		{once("bourg/agent@bourg.example", 0, thu, "16:30-17:30", "Cérémonie des nouveaux habitants, préparation", "Salle du conseil", "Cadeaux, discours, liste des invités."), "salle-du-conseil@bourg.example"},
		{once("bourg/collegue@bourg.example", 0, fri, "14:00-15:30", "Formation des agents recenseurs", "Salle du conseil", "Sept agents, un classeur chacun."), "salle-du-conseil@bourg.example"},
		{weekly("bourg/francois-xavier.deschamps@bourg.example", tue, "08:30-10:00", "Visite des chantiers", "Quai des Mariniers", "Casques et chasubles dans le coffre."), "voiture@bourg.example"},
		{once("bourg/collegue@bourg.example", 0, thu, "09:00-12:00", "Livraison des urnes", "Bureaux de vote", "Trois tournées."), "voiture@bourg.example"},
		{once("bourg/agent@bourg.example", 1, mon, "14:00-16:00", "Accueil des classes de CM2", "Salle du conseil", "Diaporama sur la mairie."), "videoprojecteur@bourg.example"},
	}
}

// rooms adds what can be booked, and what is.
func (l *loader) rooms() error {
	for _, r := range resources() {
		_, err := l.server.Booking.Create(l.ctx, directory.Installation(portal.CollectivityID(r.Collectivity)), described(booking.Resource{
			Kind: r.Kind, Name: r.Name, Place: r.Place, Seats: r.Seats, Address: r.Address, Groups: groupIDs(r.Groups),
		}, l.now), "")
		if err != nil {
			return fmt.Errorf("resource %s: %w", r.Address, err)
		}
	}
	const first = 90 // number of the first: the other events of an agenda have lower ones
	for i, m := range meetings() {
		event := m.at(l.now, first+i)
		caller, _, err := l.caller(event.Collectivity, event.Owner, "")
		if err != nil {
			return err
		}
		invites := fmt.Sprintf("ORGANIZER:mailto:%s\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:%s\r\nATTENDEE:mailto:%s\r\nEND:VEVENT", event.Owner, event.Owner, m.books)
		text := bytes.Replace(event.ics(), []byte("END:VEVENT"), []byte(invites), 1)
		if _, err := l.server.Calendar.Put(l.ctx, caller, calendar.CalendarID(caller.Agent), event.ID+".ics", text, calendar.Condition{}); err != nil {
			return fmt.Errorf("meeting %s: %w", event.ID, err)
		}
	}
	return nil
}
