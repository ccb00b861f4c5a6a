package database

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"

	"parvis/portal"
)

// pool is a set of connections and, on SQLite, the statements prepared on
// them: preparing costs as much as a point read.
type pool struct {
	conns           *sql.DB
	cacheStatements bool
	statements      sync.Map // SQL text → *sql.Stmt
	count           atomic.Int32
}

// maxStatements bounds the cache, should somebody build SQL texts that vary.
const maxStatements = 1000

// statement returns the prepared statement of a text, or nil when there is
// none to be had and the text must be run as it is.
func (p *pool) statement(ctx context.Context, query string) *sql.Stmt {
	if !p.cacheStatements {
		return nil
	}
	if found, ok := p.statements.Load(query); ok {
		return found.(*sql.Stmt)
	}
	if p.count.Load() >= maxStatements {
		return nil
	}
	made, err := p.conns.PrepareContext(ctx, query)
	if err != nil {
		return nil // the query itself will say what is wrong
	}
	found, loaded := p.statements.LoadOrStore(query, made)
	if loaded {
		made.Close()
	} else {
		p.count.Add(1)
	}
	return found.(*sql.Stmt)
}

func (p *pool) query(ctx context.Context, query string, args []any) (*sql.Rows, error) {
	if stmt := p.statement(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return p.conns.QueryContext(ctx, query, args...)
}

func (p *pool) queryRow(ctx context.Context, query string, args []any) Row {
	if stmt := p.statement(ctx, query); stmt != nil {
		return Row{row: stmt.QueryRowContext(ctx, args...)}
	}
	return Row{row: p.conns.QueryRowContext(ctx, query, args...)}
}

func (p *pool) exec(ctx context.Context, query string, args []any) (sql.Result, error) {
	if stmt := p.statement(ctx, query); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return p.conns.ExecContext(ctx, query, args...)
}

func (p *pool) close() error {
	p.statements.Range(func(_, stmt any) bool {
		stmt.(*sql.Stmt).Close()
		return true
	})
	return p.conns.Close()
}

// Row is one row to scan.
type Row struct {
	row *sql.Row
	tx  *Tx // nil outside of a transaction
}

// Scan copies the columns; portal.ErrNotFound when there is no row.
func (r Row) Scan(dest ...any) error {
	err := r.row.Scan(dest...)
	if r.tx != nil {
		r.tx.note(err)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return portal.ErrNotFound
	}
	return err
}
