package leaving

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/quota"
)

// Restoring says how an archive is taken in.
type Restoring struct {
	As portal.CollectivityID // another name than the archive's; "" keeps it
	// WithoutDomains leaves out the domains that another collectivity of the pool
	// has; without it they refuse the archive.
	WithoutDomains bool
}

// Restored is what was taken in.
type Restored struct {
	Collectivity portal.CollectivityID
	Rows         int
	Files        int
	// Strangers are agents who come without an account: somebody here has her login
	// already, and only she can say that they are one.
	Strangers []string
	Domains   []string // left out
}

// Restore makes a collectivity of an archive, all of it or nothing. It is suspended
// until its operator opens it. portal.ErrInvalid with a sentence says what is wrong
// with the archive, portal.ErrConflict what the pool has already. An error with a
// collectivity in Restored is of what follows: the collectivity is there.
//
// Nothing of another collectivity is touched: rows carry no collectivity, files are
// kept under their sums, and an account that is here already, by its login or by its
// identifier, is neither changed nor linked.
func (s *Store) Restore(ctx context.Context, content io.ReaderAt, size int64, how Restoring) (Restored, error) {
	schema, err := s.DB.Version(ctx)
	if err != nil {
		return Restored{}, wrap(err, "restore")
	}
	archive, err := Open(content, size, schema)
	if err != nil {
		return Restored{}, wrap(err, "restore")
	}
	if err := archive.Verify(ctx); err != nil {
		return Restored{}, wrap(err, "restore")
	}
	job := &restoreJob{Store: s, ctx: ctx, archive: archive, how: how}
	if err := job.prepare(); err != nil {
		return Restored{}, wrap(err, "restore")
	}
	if err := s.free(ctx, job.body.ID); err != nil {
		return Restored{}, wrap(err, "restore %q", job.body.ID)
	}
	if err = job.keepFiles(); err == nil {
		err = s.DB.Tx(ctx, job.write)
	}
	if err != nil {
		return Restored{}, errors.Join(wrap(err, "restore %q", job.body.ID), s.dropFiles(context.WithoutCancel(ctx), job.body.ID))
	}
	s.Changed("")
	if err := s.Back(ctx, job.body.ID); err != nil {
		return job.done, wrap(err, "restore %q: what follows", job.body.ID)
	}
	return job.done, nil
}

// free refuses the name of a collectivity that is there.
func (s *Store) free(ctx context.Context, id portal.CollectivityID) error {
	var name string
	err := s.DB.QueryRow(ctx, `SELECT name FROM collectivities WHERE id = $1`, string(id)).Scan(&name)
	if errors.Is(err, portal.ErrNotFound) {
		return nil
	}
	if err == nil {
		err = portal.UserError{Kind: portal.ErrConflict, Key: "leaving.error.there", Args: []any{"id", string(id), "name", name}}
	}
	return err
}

// dropFiles removes the files of a collectivity that did not come to be.
func (s *Store) dropFiles(ctx context.Context, id portal.CollectivityID) error {
	if err := s.free(ctx, id); err != nil {
		return nil // somebody made it meanwhile: the sweep of documents takes what is too much
	}
	return s.Files.ForgetFiles(id)
}

type restoreJob struct {
	*Store
	ctx     context.Context
	archive *Archive
	how     Restoring
	body    Body
	columns map[string]map[string]kind // by table and column
	account map[string]string          // ours, by the archive's; "" for one that is not linked
	done    Restored
}

// prepare reads what the whole depends on, and refuses what can't be, before
// anything is written.
func (j *restoreJob) prepare() error {
	err := j.archive.read("collectivity.json", func(content io.Reader) error { return decodeBody(content, &j.body) })
	if err != nil {
		return refused("not-ours")
	}
	if j.how.As != "" {
		j.body.ID = j.how.As
	}
	if err := j.Check(j.body); err != nil {
		return err
	}
	for _, name := range j.archive.tables() {
		if name != "accounts" && !slices.ContainsFunc(exported(), func(t Table) bool { return t.Name == name }) {
			return refused("table", "table", shown80(name))
		}
	}
	if err := j.readColumns(); err != nil {
		return err
	}
	if err := j.checkRows(); err != nil {
		return err
	}
	return j.checkTrees()
}

func (j *restoreJob) readColumns() error {
	j.columns = map[string]map[string]kind{}
	for _, table := range append(exported(), Table{Name: "accounts"}) {
		rows, err := j.DB.Query(j.ctx, `SELECT * FROM `+table.Name+` WHERE 1 = 0`)
		if err != nil {
			return err
		}
		kinds, err := rows.ColumnTypes()
		if err = errors.Join(err, rows.Close()); err != nil {
			return err
		}
		j.columns[table.Name] = map[string]kind{}
		for _, column := range kinds {
			if name := column.Name(); name != "collectivity" && table.Left[name] == "" {
				j.columns[table.Name][name] = kindOf(column.DatabaseTypeName())
			}
		}
	}
	return nil
}

// checkRows reads every row once: its columns and their kinds, and what a row must
// not say.
func (j *restoreJob) checkRows() error {
	accounts, holders := map[string]bool{}, map[string]bool{}
	err := j.each("accounts", func(_ int, values map[string]any) error {
		id, _ := values["id"].(string)
		login, _ := values["login"].(string)
		if !isIdentifier(id) || login == "" || accounts[id] {
			return errNotARow
		}
		accounts[id] = true
		return nil
	})
	for _, table := range exported() {
		if err != nil {
			return err
		}
		err = j.each(table.Name, func(_ int, values map[string]any) error {
			if table.Name == "agents" && values["account"] != nil {
				account, _ := values["account"].(string)
				if !accounts[account] || holders[account] {
					return errNotARow // an account that is not in the archive, or of two agents
				}
				holders[account] = true
			}
			if slices.Contains(table.Key, "id") && !isIdentifier(values["id"]) {
				return errNotARow
			}
			return j.checkRow(table.Name, values)
		})
	}
	return err
}

// isIdentifier says whether a value can be a part of an address.
func isIdentifier(value any) bool {
	id, _ := value.(string)
	return id != "" && len(id) <= longestName && !strings.ContainsFunc(id, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`/\?#%"'<>&`, r)
	})
}

// checkRow refuses what would reach further than the collectivity.
func (j *restoreJob) checkRow(table string, values map[string]any) error {
	text := func(column string) string { text, _ := values[column].(string); return text }
	switch table {
	case "rights_given":
		if !slices.Contains(portal.CollectivityRights, portal.Right(text("right_name"))) {
			return refused("right", "right", shown80(text("right_name")))
		}
		if text("in_unit") != "" && !slices.Contains(portal.Narrowable, portal.Right(text("right_name"))) {
			return errNotARow // it would be given to nobody, and be counted as an administrator's
		}
	case "document_versions":
		if j.archive.sums[text("sha256")] == "" {
			return refused("missing", "path", shown80(text("file_name")))
		}
	case "collectivity_domains":
		if !slices.Contains(j.body.Domains, text("domain")) {
			return errNotARow
		}
	}
	return nil
}

// each visits the rows of a table with values for its columns.
func (j *restoreJob) each(table string, visit func(line int, values map[string]any) error) error {
	known, before := j.columns[table], byName(table).Before
	return j.archive.rows(table, func(line int, values map[string]any) error {
		for column, since := range before {
			if given, old := values[column]; old {
				delete(values, column)
				for _, now := range since {
					values[now] = given
				}
			}
		}
		for column, given := range values {
			of, there := known[column]
			made, err := value(of, given)
			if !there || err != nil {
				return refused("row", "table", table, "line", line)
			}
			values[column] = made
		}
		err := visit(line, values)
		if errors.Is(err, errNotARow) {
			return refused("row", "table", table, "line", line)
		}
		return err
	})
}

// checkTrees refuses a unit or a folder that is below itself: pages would never end.
func (j *restoreJob) checkTrees() error {
	for _, table := range []string{"units", "document_folders"} {
		parents := map[string]string{}
		err := j.each(table, func(_ int, values map[string]any) error {
			id, _ := values["id"].(string)
			parents[id], _ = values["parent"].(string)
			return nil
		})
		if err != nil {
			return err
		}
		for id := range parents {
			slow, fast := id, parents[id]
			for fast != "" && parents[fast] != "" {
				if slow == fast {
					return refused("loop", "table", table)
				}
				slow, fast = parents[slow], parents[parents[fast]]
			}
		}
	}
	return nil
}

// keepFiles puts the octets of documents where rows will find them.
func (j *restoreJob) keepFiles() error {
	kept := map[string]bool{}
	return j.each("document_versions", func(_ int, values map[string]any) error {
		sum, _ := values["sha256"].(string)
		if kept[sum] {
			return nil
		}
		kept[sum] = true
		j.done.Files++
		size, _ := values["size"].(int64)
		return j.archive.read(j.archive.sums[sum], func(content io.Reader) error {
			return j.Files.KeepFile(j.body.ID, sum, size, content)
		})
	})
}

// write makes the collectivity in one transaction. It may run again.
func (j *restoreJob) write(tx *database.Tx) error {
	j.done = Restored{Collectivity: j.body.ID, Files: j.done.Files}
	b, now := j.body, database.Millis(j.Now())
	_, err := tx.Exec(j.ctx, `
		INSERT INTO collectivities (id, name, long_name, kind, siren, siret, insee, zone, language, colour, phone, active, created, suspended, logo, logo_width, logo_height)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, FALSE, $12, $12, $13, $14, $15)`,
		string(b.ID), b.Name, b.LongName, b.Kind, b.SIREN, b.SIRET, b.INSEE, b.Zone, b.Language, b.Colour, b.Phone, now,
		b.Logo.Version, b.Logo.Width, b.Logo.Height)
	if database.IsDuplicate(err) {
		return portal.UserError{Kind: portal.ErrConflict, Key: "leaving.error.there", Args: []any{"id", string(b.ID), "name", b.Name}}
	}
	if err != nil {
		return err
	}
	if err := j.writeDomains(tx); err != nil {
		return err
	}
	if err := j.writeAccounts(tx); err != nil {
		return err
	}
	for _, table := range exported() {
		if table.Name == "collectivity_domains" {
			continue
		}
		if err := j.writeTable(tx, table); err != nil {
			return fmt.Errorf("table %s: %w", table.Name, err)
		}
	}
	err = tx.Write(j.ctx, `
		UPDATE collectivities SET logo = '' WHERE id = $1 AND NOT EXISTS (
			SELECT 1 FROM collectivity_logos l WHERE l.collectivity = $1 AND l.version = collectivities.logo)`, string(b.ID))
	if err != nil {
		return err
	}
	if err := j.room(tx); err != nil {
		return err
	}
	line := audit.Line{At: j.Now(), Action: audit.CollectivityRestored, Object: b.Name, ObjectID: string(b.ID), Detail: j.archive.Made.Format("2006-01-02")}
	for _, line.Collectivity = range []portal.CollectivityID{"", b.ID} {
		if err := audit.Write(j.ctx, tx, line); err != nil {
			return err
		}
	}
	return nil
}

// room refuses a collectivity that holds more than this pool lets one hold.
func (j *restoreJob) room(tx *database.Tx) error {
	for kind, query := range map[quota.Kind]string{
		quota.Agents: `SELECT COUNT(*) FROM agents WHERE collectivity = $1 AND active`,
		quota.Documents: `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM
			(SELECT DISTINCT sha256, size FROM document_versions WHERE collectivity = $1) files`,
	} {
		err := quota.Check(j.ctx, tx, j.body.ID, kind, func() (int64, error) { return quota.CountOne(j.ctx, tx, query, j.body.ID) })
		if quota.IsRefusal(err) {
			return portal.UserError{Kind: portal.ErrConflict, Key: "leaving.error.quota." + string(kind)}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (j *restoreJob) writeDomains(tx *database.Tx) error {
	for _, domain := range j.body.Domains {
		var other string
		err := tx.QueryRow(j.ctx, `SELECT c.name FROM collectivities c JOIN collectivity_domains d ON d.collectivity = c.id WHERE d.domain = $1`, domain).Scan(&other)
		switch {
		case err == nil && j.how.WithoutDomains:
			j.done.Domains = append(j.done.Domains, domain)
			continue
		case err == nil:
			return portal.UserError{Kind: portal.ErrConflict, Key: "leaving.error.domain", Args: []any{"domain", domain, "name", other}}
		case !errors.Is(err, portal.ErrNotFound):
			return err
		}
		if _, err := tx.Exec(j.ctx, `INSERT INTO collectivity_domains (domain, collectivity) VALUES ($1, $2)`, domain, string(j.body.ID)); err != nil {
			return err
		}
	}
	return nil
}

// writeAccounts makes those that nobody has. A login that somebody has here is hers:
// the agent comes without an account, and is invited.
func (j *restoreJob) writeAccounts(tx *database.Tx) error {
	j.account = map[string]string{}
	insert := insertion{ctx: j.ctx, tx: tx, table: "accounts"}
	err := j.each("accounts", func(_ int, values map[string]any) error {
		id, login := values["id"].(string), values["login"].(string)
		var taken, logins int
		err := tx.QueryRow(j.ctx, `SELECT (SELECT COUNT(*) FROM accounts WHERE id = $1), (SELECT COUNT(*) FROM accounts WHERE login = $2)`, id, login).Scan(&taken, &logins)
		if err != nil {
			return err
		}
		if logins > 0 {
			j.done.Strangers = append(j.done.Strangers, login)
			j.account[id] = ""
			return nil
		}
		j.account[id] = id
		if taken > 0 { // somebody else's, or the same person's after her login changed: nobody can tell
			j.account[id] = portal.NewID()
			values["id"] = j.account[id]
		}
		return insert.add(values)
	})
	if err == nil {
		err = insert.flush()
	}
	if database.IsConstraint(err) {
		return refused("rows", "table", "accounts")
	}
	return err
}

func (j *restoreJob) writeTable(tx *database.Tx, table Table) error {
	insert := insertion{ctx: j.ctx, tx: tx, table: table.Name}
	err := j.each(table.Name, func(_ int, values map[string]any) error {
		j.done.Rows++
		for _, column := range table.Account {
			if err := j.ours(tx, values, column); err != nil {
				return err
			}
		}
		if table.Left["epoch"] != "" {
			values["epoch"] = portal.NewID()
		}
		values["collectivity"] = string(j.body.ID)
		if table.Name == "audit_lines" && values["object_id"] == string(j.archive.Collectivity) {
			values["object_id"] = string(j.body.ID)
		}
		return insert.add(values)
	})
	if err == nil {
		err = insert.flush()
	}
	if database.IsConstraint(err) {
		return refused("rows", "table", table.Name)
	}
	return err
}

// ours replaces an account of the archive by the one that was made of it. A line of
// the journal may tell of others, whom nobody here must be taken for.
func (j *restoreJob) ours(tx *database.Tx, values map[string]any, column string) error {
	id, _ := values[column].(string)
	if id == "" {
		return nil
	}
	made, known := j.account[id]
	if !known {
		var taken int
		if err := tx.QueryRow(j.ctx, `SELECT COUNT(*) FROM accounts WHERE id = $1`, id).Scan(&taken); err != nil {
			return err
		}
		if taken == 0 {
			made = id
		}
	}
	values[column] = made
	if made == "" && j.columns["agents"] != nil && values["given_name"] != nil {
		values[column] = nil // agents.account has no empty text
	}
	return nil
}

// insertion writes rows of one table together.
type insertion struct {
	ctx     context.Context
	tx      *database.Tx
	table   string
	columns []string
	args    []any
	rows    int
	bytes   int
	full    *sql.Stmt // of rowsTogether rows with these columns: reading the text costs as much as the rows
}

const (
	rowsTogether  = 50
	bytesTogether = 1 << 20
)

func (i *insertion) add(values map[string]any) error {
	columns := make([]string, 0, len(values))
	for column := range values {
		columns = append(columns, column)
	}
	slices.Sort(columns)
	if i.rows > 0 && !slices.Equal(columns, i.columns) {
		if err := i.flush(); err != nil {
			return err
		}
		i.full = nil
	}
	i.columns = columns
	for _, column := range columns {
		i.args = append(i.args, values[column])
		switch got := values[column].(type) {
		case []byte:
			i.bytes += len(got)
		case string:
			i.bytes += len(got)
		}
	}
	i.rows++
	if i.rows == rowsTogether || i.bytes > bytesTogether {
		return i.flush()
	}
	return nil
}

func (i *insertion) flush() error {
	if i.rows == 0 {
		return nil
	}
	defer func() { i.args, i.rows, i.bytes = i.args[:0], 0, 0 }()
	if i.rows == rowsTogether {
		return i.together()
	}
	_, err := i.tx.Exec(i.ctx, i.text(), i.args...)
	return err
}

func (i *insertion) together() (err error) {
	if i.full == nil {
		if i.full, err = i.tx.Prepare(i.ctx, i.text()); err != nil {
			return err
		}
	}
	_, err = i.full.ExecContext(i.ctx, i.args...)
	return err
}

func (i *insertion) text() string {
	var text strings.Builder
	text.WriteString("INSERT INTO " + i.table + " (" + strings.Join(i.columns, ", ") + ") VALUES ")
	for n := range i.rows {
		if n > 0 {
			text.WriteString(", ")
		}
		text.WriteString("(" + database.Params(1+n*len(i.columns), len(i.columns)) + ")")
	}
	return text.String()
}
