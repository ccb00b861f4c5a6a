package booking

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"parvis/portal"
	"parvis/portal/database"
)

// Terms are what two collectivities agreed from a day on.
type Terms struct {
	Number    int
	From      string // day of the lender's calendar
	Resources []ResourceID
	Ahead     int           // days; 0: as far as the resource's own rules
	Notice    time.Duration // before a loan begins; 0: that of the resource
	Month     time.Duration // of all loans of a calendar month, 0: no quota
	Days      int           // begun, of all loans of a calendar year, 0: no quota
	Approval  bool          // the lender accepts each loan
	// What a loan costs, in cents: an hour, each day on which it is, a kilometre; and a year whatever is lent.
	Hour, Day, Km, Year int64
	Text                string // lines
	State               TermsState
	Proposed, Answered  time.Time
	Reason              string // of a refusal
}

// TermsState is what became of terms.
type TermsState string

// The states.
const (
	TermsProposed TermsState = "proposed"
	TermsAccepted TermsState = "accepted"
	TermsRefused  TermsState = "refused"
	TermsReplaced TermsState = "replaced" // by other ones, before they were answered
)

// Costs says whether loans are paid for.
func (t Terms) Costs() bool { return t.Hour+t.Day+t.Km+t.Year > 0 }

const (
	maxLent      = 50 // resources of a convention
	maxTermsText = 8000
	maxTerms     = 100 // changes of a convention
	maxCents     = 10_000_000
)

// checkTerms refuses what terms can't be, and writes them as they are kept.
func (s *Store) checkTerms(ctx context.Context, tx *database.Tx, lender portal.CollectivityID, t *Terms, wrong *portal.Check) error {
	if !isDay(t.From) {
		wrong.Add("from", "booking.error.day")
	}
	if t.Ahead < 0 || t.Ahead > maxAhead {
		wrong.Add("ahead", "booking.error.ahead", "max", maxAhead)
	}
	if t.Notice < 0 || t.Notice > maxNotice {
		wrong.Add("notice", "booking.error.notice")
	}
	if t.Month < 0 || t.Month > 744*time.Hour {
		wrong.Add("month", "booking.lend.error.month")
	}
	if t.Days < 0 || t.Days > 366 {
		wrong.Add("days", "booking.lend.error.days")
	}
	for _, one := range []struct {
		field string
		cents int64
	}{{"hour", t.Hour}, {"day", t.Day}, {"km", t.Km}, {"year", t.Year}} {
		if one.cents < 0 || one.cents > maxCents {
			wrong.Add(one.field, "booking.lend.error.amount")
		}
	}
	t.Text = strings.TrimSpace(strings.ReplaceAll(t.Text, "\r", ""))
	switch {
	case !utf8.ValidString(t.Text) || strings.ContainsFunc(t.Text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }):
		wrong.Add("text", "web.error.field.characters")
	case utf8.RuneCountInString(t.Text) > maxTermsText:
		wrong.Add("text", "web.error.field.long", "limit", maxTermsText)
	}
	t.Resources = slices.Compact(slices.Sorted(slices.Values(t.Resources)))
	among, args := database.Among([]any{string(lender)}, t.Resources)
	var found int
	if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM resources WHERE collectivity = $1 AND active AND id IN `+among, args...).Scan(&found); err != nil {
		return err
	}
	if found == 0 || found < len(t.Resources) || found > maxLent {
		wrong.Add("resources", "booking.lend.error.resources", "max", maxLent)
	}
	return nil
}

// writeTerms keeps terms that wait for the borrower.
func (s *Store) writeTerms(ctx context.Context, tx *database.Tx, caller portal.Caller, id LendingID, t Terms) error {
	if t.Number > maxTerms {
		return refuseLending("booking.lend.error.terms")
	}
	err := tx.Write(ctx, `
		INSERT INTO lending_terms (collectivity, lending, number, from_day, state, ahead, notice, month_minutes, year_days, approval,
			hour_cents, day_cents, km_cents, year_cents, text, proposed, proposed_by)
		VALUES ($1, $2, $3, $4, 'proposed', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		string(caller.Collectivity), string(id), t.Number, t.From, t.Ahead, int64(t.Notice/time.Minute), int64(t.Month/time.Minute), t.Days, t.Approval,
		t.Hour, t.Day, t.Km, t.Year, t.Text, database.Millis(s.now()), string(caller.Agent))
	for _, resource := range t.Resources {
		if err == nil {
			err = tx.Write(ctx, `INSERT INTO lending_resources (collectivity, lending, number, resource) VALUES ($1, $2, $3, $4)`,
				string(caller.Collectivity), string(id), t.Number, string(resource))
		}
	}
	return err
}

// readAgreed fills in the terms of some conventions that a collectivity reads, and whom she opens them to: of one, or of
// all where id is "".
func (s *Store) readAgreed(ctx context.Context, from database.Reader, reader portal.CollectivityID, id LendingID, all []Lending) error {
	at := make(map[LendingID]*Lending, len(all))
	for i := range all {
		at[all[i].ID] = &all[i]
	}
	rows, err := from.Query(ctx, `
		SELECT t.lending, t.number, t.from_day, t.state, t.ahead, t.notice, t.month_minutes, t.year_days, t.approval,
			t.hour_cents, t.day_cents, t.km_cents, t.year_cents, t.text, t.proposed, t.answered, t.reason
		FROM lending_parties p JOIN lending_terms t ON t.collectivity = p.lender AND t.lending = p.lending
		WHERE p.collectivity = $1 AND ($2 = '' OR p.lending = $2) ORDER BY t.lending, t.number`, string(reader), string(id))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var of LendingID
		var t Terms
		var notice, month, proposed, answered int64
		err = rows.Scan(&of, &t.Number, &t.From, &t.State, &t.Ahead, &notice, &month, &t.Days, &t.Approval, &t.Hour, &t.Day, &t.Km, &t.Year, &t.Text, &proposed, &answered, &t.Reason)
		t.Notice, t.Month = time.Duration(notice)*time.Minute, time.Duration(month)*time.Minute
		t.Proposed, t.Answered = database.FromMillis(proposed), database.FromMillis(answered)
		if l := at[of]; l != nil {
			l.Terms = append(l.Terms, t)
		}
		return none, err
	})
	if err != nil {
		return err
	}
	rows, err = from.Query(ctx, `SELECT lending, group_id FROM lending_groups WHERE collectivity = $1 AND ($2 = '' OR lending = $2) ORDER BY lending, group_id`,
		string(reader), string(id))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var of LendingID
		var group portal.GroupID
		err = rows.Scan(&of, &group)
		if l := at[of]; l != nil {
			l.Groups = append(l.Groups, group)
		}
		return none, err
	})
	if err != nil {
		return err
	}
	rows, err = from.Query(ctx, `
		SELECT r.lending, r.number, r.resource FROM lending_parties p JOIN lending_resources r ON r.collectivity = p.lender AND r.lending = p.lending
		WHERE p.collectivity = $1 AND ($2 = '' OR p.lending = $2) ORDER BY r.lending, r.number, r.resource`, string(reader), string(id))
	_, err = database.Collect(rows, err, func(rows *sql.Rows) (none struct{}, err error) {
		var of LendingID
		var number int
		var resource ResourceID
		err = rows.Scan(&of, &number, &resource)
		if l := at[of]; l != nil {
			for i := range l.Terms {
				if l.Terms[i].Number == number {
					l.Terms[i].Resources = append(l.Terms[i].Resources, resource)
				}
			}
		}
		return none, err
	})
	return err
}
