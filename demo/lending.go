package demo

import (
	"fmt"
	"time"

	"parvis/booking"
	"parvis/directory"
	"parvis/portal"
	"parvis/portal/database"
)

// outing is a loan of the agglomeration's minibus that is over.
type outing struct {
	weeks    int // ago
	day      time.Weekday
	from, to string
	who      string
	what     string
	km       int64 // -1 as long as she did not say
}

// outings are a year of the minibus, the oldest first: the day centre, the elders, the football club.
func outings() []outing {
	const (
		fatima, gael, lucie = "fatima.el-mansouri@bourg.example", "gael.quemeneur@bourg.example", "lucie.escoubes@bourg.example"
		camille, aissatou   = "agent@bourg.example", "collegue@bourg.example"
	)
	return []outing{
		{48, time.Wednesday, "13:00", "18:00", fatima, "Médiathèque de l’agglomération", 42},
		{44, time.Wednesday, "08:30", "17:30", fatima, "Sortie à la ferme pédagogique", 118},
		{41, time.Saturday, "08:00", "19:00", gael, "Tournoi de football des jeunes", 164},
		{37, time.Thursday, "13:30", "17:30", lucie, "Spectacle pour les aînés", 36},
		{33, time.Wednesday, "08:30", "17:30", fatima, "Zoo de la Varenne", 142},
		{29, time.Friday, "07:30", "18:30", camille, "Congrès des maires du département", 96},
		{26, time.Wednesday, "09:00", "17:00", fatima, "Base de loisirs", 88},
		{22, time.Tuesday, "09:00", "18:00", gael, "Camp d’été, aller", 132},
		{21, time.Friday, "14:00", "19:00", gael, "Camp d’été, retour", 134},
		{15, time.Saturday, "08:00", "13:00", aissatou, "Forum des associations", 24},
		{12, time.Wednesday, "13:30", "17:30", fatima, "Piscine de l’agglomération", 38},
		{9, time.Thursday, "09:00", "16:30", lucie, "Musée, semaine bleue", 74},
		{5, time.Wednesday, "13:30", "18:00", fatima, "Cinéma des vacances", 40},
		{2, time.Tuesday, "08:30", "12:30", camille, "Visite de la déchèterie avec les élus", -1},
	}
}

// lendings is a convention between the agglomeration and Bourg: a year of loans by two rates, and one to come.
func (l *loader) lendings() error {
	store, ctx := l.server.Booking, l.ctx
	lender, borrower := directory.Installation("agglo"), directory.Installation("bourg")
	found, err := store.Find(ctx, l.callers["agglo/admin@agglo.example"], "Minibus de l’agglomération", 1)
	if err != nil || len(found) == 0 {
		return fmt.Errorf("the minibus: %d, %w", len(found), err)
	}
	minibus := found[0]
	terms := booking.Terms{
		From: time.Date(l.now.Year(), l.now.Month()-12, 1, 0, 0, 0, 0, l.now.Location()).Format(time.DateOnly), Resources: []booking.ResourceID{minibus.ID},
		Ahead: 90, Notice: 24 * time.Hour, Month: 40 * time.Hour, Days: 40, Day: 25_00, Km: 35, Year: 300_00,
		Text: "Les clés se retirent à l’accueil du siège, la veille au plus tôt, contre signature.\nLe plein est rendu par l’emprunteur. L’assurance est celle de l’agglomération ; la franchise est à la charge de la commune.",
	}
	id, err := store.Propose(ctx, lender, booking.Proposal{Borrower: "bourg", Title: "Prêt du minibus", Terms: terms}, "")
	if err == nil {
		err = store.AnswerTerms(ctx, borrower, id, 1, true, "", "")
	}
	terms.From, terms.Day, terms.Km = time.Date(l.now.Year(), l.now.Month()-5, 1, 0, 0, 0, 0, l.now.Location()).Format(time.DateOnly), 28_00, 40
	if err == nil {
		err = store.ChangeTerms(ctx, lender, id, terms, "")
	}
	if err == nil {
		err = store.AnswerTerms(ctx, borrower, id, 2, true, "", "")
	}
	if err != nil {
		return err
	}
	for _, one := range outings() {
		if err := l.outing(minibus, id, one); err != nil {
			return fmt.Errorf("%s: %w", one.what, err)
		}
	}
	to := dayIn(l.now, 2, time.Wednesday)
	_, err = store.BookLent(ctx, l.callers["bourg/agent@bourg.example"], french(), minibus.ID, clock(to, "13:30"), clock(to, "17:30"), "Patinoire avec le conseil des jeunes")
	return err
}

// outing writes a loan as it stands once it is over: nobody books what is past.
func (l *loader) outing(minibus booking.Resource, id booking.LendingID, one outing) error {
	day := dayIn(l.now, -one.weeks, one.day)
	starts, ends := database.Millis(clock(day, one.from)), database.Millis(clock(day, one.to))
	loan := "loan-" + portal.NewID()
	return l.server.DB.Tx(l.ctx, func(tx *database.Tx) error {
		err := tx.Write(l.ctx, `
			INSERT INTO lending_loans (collectivity, id, lending, resource, resource_name, kind, starts, ends, state, asked, km)
			VALUES ('agglo', $1, $2, $3, $4, 'vehicle', $5, $6, 'granted', $7, $8)`,
			loan, string(id), string(minibus.ID), minibus.Name, starts, ends, database.Millis(day.AddDate(0, 0, -10)), one.km)
		if err == nil {
			err = tx.Write(l.ctx, `INSERT INTO lending_takers (collectivity, loan, lender, agent, title) VALUES ('bourg', $1, 'agglo', $2, $3)`,
				loan, string(l.callers["bourg/"+one.who].Agent), one.what)
		}
		if err == nil {
			err = tx.Write(l.ctx, `
				INSERT INTO bookings (collectivity, resource, event, recurrence, starts, ends, holder, uid, goes_on)
				VALUES ('agglo', $1, $2, 0, $3, $4, '', $2, FALSE)`, string(minibus.ID), loan, starts, ends)
		}
		return err
	})
}
