package oncall

import (
	"cmp"
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
)

// Unit is what a duty is counted in.
type Unit string

// The units (arrêté du 14 avril 2015). The last three are no time on call.
const (
	Week        Unit = "week"         // seven days
	Weekend     Unit = "weekend"      // from Friday evening to Monday morning
	Night       Unit = "night"        // of ten hours at least
	NightPart   Unit = "night-part"   // of less
	Saturday    Unit = "saturday"     // or a day of recovery
	Sunday      Unit = "sunday"       // or a public holiday
	WeekHoliday Unit = "week-holiday" // beside a week, for a public holiday in it: nothing where no rate says so
	Late        Unit = "late"         // percent more for a duty told late
	NoticeDays  Unit = "notice"       // days before which it is told in time
)

// Units lists them in the order in which pages show them.
var Units = []Unit{Week, Weekend, Night, NightPart, Saturday, Sunday, WeekHoliday, Late, NoticeDays}

// Cents says whether amounts of a unit are money.
func (u Unit) Cents() bool { return u != Late && u != NoticeDays }

// Rate is what a unit of a kind of duty is worth between two days.
type Rate struct {
	ID      string // "" for one that the program ships
	Kind    Kind
	Unit    Unit
	Amount  int64  // cents; percent of Late; days of NoticeDays
	From    string // "2015-04-17", of the collectivity's calendar
	Until   string // the last day, "" while nothing ends it
	Source  string // the text that says so
	Checked bool   // somebody compared it with its source
	Made    time.Time
}

//go:embed rates.json
var shippedText []byte

// Shipped are the rates of the program. They are data of the day of its release: what was not compared with
// its source says so.
var Shipped = func() []Rate {
	var rows []struct {
		Kind         Kind
		Unit         Unit
		Amount       int64
		From, Source string
		Checked      bool
	}
	if err := json.Unmarshal(shippedText, &rows); err != nil {
		panic(err)
	}
	rates := make([]Rate, len(rows))
	for i, row := range rows {
		rates[i] = Rate{Kind: row.Kind, Unit: row.Unit, Amount: row.Amount, From: row.From, Source: row.Source, Checked: row.Checked}
	}
	return rates
}()

// Rates are all that may hold, the last decision first.
type Rates []Rate

// On is the rate of a unit on a day; false where nothing says what it is worth. What the collectivity
// decided goes before what is shipped, a later day before an earlier one, a later decision before the one
// that it corrects.
func (r Rates) On(kind Kind, unit Unit, day string) (Rate, bool) {
	at := slices.IndexFunc(r, func(rate Rate) bool {
		return rate.Kind == kind && rate.Unit == unit && rate.From <= day && (rate.Until == "" || day <= rate.Until)
	})
	if at < 0 || r[at].Amount == 0 {
		return Rate{}, false
	}
	return r[at], true
}

// ratesOf puts what a collectivity decided before what is shipped.
func ratesOf(decided []Rate) Rates {
	all := slices.Clone(decided)
	all = append(all, Shipped...)
	slices.SortStableFunc(all, func(a, b Rate) int {
		ours := func(r Rate) int {
			if r.ID != "" {
				return 0
			}
			return 1
		}
		return cmp.Or(ours(a)-ours(b), cmp.Compare(b.From, a.From), b.Made.Compare(a.Made))
	})
	return all
}

// Rates are those of the caller's collectivity: any of its agents may read them.
func (s *Store) Rates(ctx context.Context, caller portal.Caller) (Rates, error) {
	rows, err := s.db.Query(ctx, `
		SELECT id, kind, unit, amount, valid_from, valid_to, source, made FROM duty_rates WHERE collectivity = $1 ORDER BY made DESC, id`, string(caller.Collectivity))
	decided, err := database.Collect(rows, err, func(rows *sql.Rows) (r Rate, err error) {
		var made int64
		err = rows.Scan(&r.ID, &r.Kind, &r.Unit, &r.Amount, &r.From, &r.Until, &r.Source, &made)
		r.Made, r.Checked = database.FromMillis(made), true
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("oncall: read rates: %w", err)
	}
	return ratesOf(decided), nil
}

// Bounds of a rate.
const (
	maxAmount = 1_000_000
	maxSource = 200
	maxRates  = 2000
)

// AddRate decides what a unit is worth from a day on, for who manages duties. Nothing that was decided is
// changed. portal.FieldErrors name "kind", "unit", "amount", "from", "until" and "source".
func (s *Store) AddRate(ctx context.Context, caller portal.Caller, rate Rate, address string) error {
	if err := caller.Require(portal.ManageDuties); err != nil {
		return fmt.Errorf("oncall: add a rate: %w", err)
	}
	rate.Source = strings.TrimSpace(rate.Source)
	if err := rate.check(); err != nil {
		return fmt.Errorf("oncall: add a rate: %w", err)
	}
	return s.tx(ctx, caller, "add a rate", func(tx *database.Tx) error {
		var many int
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM duty_rates WHERE collectivity = $1`, string(caller.Collectivity)).Scan(&many); err != nil {
			return err
		}
		if many >= maxRates {
			return portal.FieldErrors{portal.Invalid("kind", "oncall.error.rates", "max", maxRates)}
		}
		err := tx.Write(ctx, `
			INSERT INTO duty_rates (collectivity, id, kind, unit, amount, valid_from, valid_to, source, made, made_by)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			string(caller.Collectivity), portal.NewID(), string(rate.Kind), string(rate.Unit), rate.Amount, rate.From, rate.Until, rate.Source,
			database.Millis(s.now()), string(caller.Agent))
		if err != nil {
			return err
		}
		line := audit.By(caller, audit.DutyRate)
		line.At, line.Object, line.ObjectID, line.Address = s.now(), rate.Source, string(rate.Kind)+"."+string(rate.Unit), address
		line.Detail = fmt.Sprintf("%s %s %d · %s", rate.Kind, rate.Unit, rate.Amount, rate.From)
		return audit.Write(ctx, tx, line)
	})
}

func (r Rate) check() error {
	var wrong portal.Check
	if !slices.Contains(Kinds, r.Kind) {
		wrong.Add("kind", "oncall.error.kind")
	}
	if !slices.Contains(Units, r.Unit) {
		wrong.Add("unit", "oncall.error.unit-of-rate")
	}
	if r.Amount < 0 || r.Amount > maxAmount {
		wrong.Add("amount", "oncall.error.amount")
	}
	from, err := time.Parse(time.DateOnly, r.From)
	if err != nil || from.Year() < 1990 || from.Year() > 2100 {
		wrong.Add("from", "oncall.error.date")
	}
	if until, err := time.Parse(time.DateOnly, r.Until); r.Until != "" && (err != nil || until.Before(from)) {
		wrong.Add("until", "oncall.error.until")
	}
	wrong.Text("source", r.Source, true, maxSource)
	return wrong.OrNil()
}
