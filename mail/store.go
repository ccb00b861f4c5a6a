package mail

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"parvis/portal"
	"parvis/portal/audit"
	"parvis/portal/database"
	"parvis/portal/seal"
)

// Store keeps how a collectivity's mail is reached. Passwords are sealed.
type Store struct {
	db     *database.DB
	sealer *seal.Sealer

	attempts attempts

	mu      sync.Mutex
	servers map[portal.CollectivityID]knownServer
}

// knownServer is a server read from the store a moment ago.
type knownServer struct {
	server Server
	found  bool
	until  time.Time
}

// serverMemory is how long a server is remembered: boxes ask at every load.
const serverMemory = 30 * time.Second

// NewStore returns the store over db.
func NewStore(db *database.DB, sealer *seal.Sealer) *Store {
	return &Store{db: db, sealer: sealer, servers: map[portal.CollectivityID]knownServer{}}
}

// Server returns the collectivity's server; portal.ErrNotFound without one.
func (s *Store) Server(ctx context.Context, collectivity portal.CollectivityID) (Server, error) {
	s.mu.Lock()
	known, ok := s.servers[collectivity]
	s.mu.Unlock()
	if !ok || time.Now().After(known.until) {
		server, err := s.readServer(ctx, collectivity)
		if err != nil && !errors.Is(err, portal.ErrNotFound) {
			return Server{}, err
		}
		known = knownServer{server, err == nil, time.Now().Add(serverMemory)}
		s.mu.Lock()
		s.servers[collectivity] = known
		s.mu.Unlock()
	}
	if !known.found {
		return Server{}, fmt.Errorf("mail: server of %q: %w", collectivity, portal.ErrNotFound)
	}
	return known.server, nil
}

func (s *Store) readServer(ctx context.Context, collectivity portal.CollectivityID) (Server, error) {
	var server Server
	var sealed []byte
	err := s.db.QueryRow(ctx, `SELECT address, security, ca, sign_in, master_user, separator, master_password, webmail
		FROM mail_servers WHERE collectivity = $1`, collectivity).Scan(&server.Address, &server.Security, &server.CA,
		&server.SignIn, &server.MasterUser, &server.Separator, &sealed, &server.Webmail)
	if err != nil {
		return Server{}, fmt.Errorf("mail: server of %q: %w", collectivity, err)
	}
	if server.SignIn == ByMaster {
		password, err := s.sealer.Open(masterKey(collectivity), sealed)
		if err != nil {
			return Server{}, fmt.Errorf("mail: master password of %q: %w", collectivity, err)
		}
		server.MasterPassword = string(password)
	}
	return server, nil
}

// SetServer sets how the caller's collectivity is reached. It needs the
// administrator's right; portal.FieldErrors name what to correct.
func (s *Store) SetServer(ctx context.Context, caller portal.Caller, server Server) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("mail: set server: %w", err)
	}
	if err := server.check(); err != nil {
		return fmt.Errorf("mail: set server: %w", err)
	}
	var sealed []byte
	if server.SignIn == ByMaster {
		sealed = s.sealer.Seal(masterKey(caller.Collectivity), []byte(server.MasterPassword))
	}
	_, err := s.db.Exec(ctx, `
		INSERT INTO mail_servers (collectivity, address, security, ca, sign_in, master_user, separator, master_password, webmail)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (collectivity) DO UPDATE SET address = excluded.address, security = excluded.security, ca = excluded.ca,
			sign_in = excluded.sign_in, master_user = excluded.master_user, separator = excluded.separator,
			master_password = excluded.master_password, webmail = excluded.webmail`,
		caller.Collectivity, server.Address, server.Security, server.CA, server.SignIn, server.MasterUser,
		server.Separator, sealed, server.Webmail)
	if err != nil {
		return fmt.Errorf("mail: set server: %w", err)
	}
	s.mu.Lock()
	delete(s.servers, caller.Collectivity)
	s.mu.Unlock()
	return nil
}

func (server Server) check() error {
	var refused portal.FieldErrors
	if _, _, err := net.SplitHostPort(server.Address); err != nil {
		refused = append(refused, portal.Invalid("address", "mail.error.address"))
	}
	if server.Security != TLS && server.Security != StartTLS {
		refused = append(refused, portal.Invalid("security", "mail.error.security"))
	}
	switch server.SignIn {
	case ByPassword:
	case ByMaster:
		if server.MasterUser == "" || server.MasterPassword == "" || server.Separator == "" {
			refused = append(refused, portal.Invalid("master_user", "mail.error.master"))
		}
	default:
		refused = append(refused, portal.Invalid("sign_in", "mail.error.signin"))
	}
	if server.Webmail != "" && !strings.HasPrefix(server.Webmail, "https://") {
		refused = append(refused, portal.Invalid("webmail", "mail.error.webmail"))
	}
	return refused.OrNil()
}

// SetShared adds or changes a mailbox of a service. It needs the
// administrator's right.
func (s *Store) SetShared(ctx context.Context, caller portal.Caller, shared Shared) error {
	if err := caller.Require(portal.Admin); err != nil {
		return fmt.Errorf("mail: set shared: %w", err)
	}
	if !strings.Contains(shared.Address, "@") || shared.Name == "" || len(shared.Audience) == 0 {
		return fmt.Errorf("mail: set shared %q: %w", shared.Address, portal.Invalid("shared", "mail.error.shared"))
	}
	return s.db.Tx(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO mail_shared (collectivity, address, name) VALUES ($1, $2, $3)
			ON CONFLICT (collectivity, address) DO UPDATE SET name = excluded.name`, caller.Collectivity, shared.Address, shared.Name)
		if err != nil {
			return fmt.Errorf("mail: set shared: %w", err)
		}
		rows, err := tx.Query(ctx, `SELECT group_id FROM mail_shared_audience WHERE collectivity = $1 AND address = $2`, caller.Collectivity, shared.Address)
		was, err := database.Collect(rows, err, func(rows *sql.Rows) (group portal.GroupID, err error) { return group, rows.Scan(&group) })
		if err != nil {
			return fmt.Errorf("mail: set shared: %w", err)
		}
		if len(was) > 0 { // a new one had no readers
			line := audit.By(caller, audit.ReadersChanged)
			line.Object, line.ObjectID = shared.Name, shared.Address
			if err := audit.WriteAudience(ctx, tx, line, was, shared.Audience); err != nil {
				return fmt.Errorf("mail: set shared: %w", err)
			}
		}
		_, err = tx.Exec(ctx, `DELETE FROM mail_shared_audience WHERE collectivity = $1 AND address = $2`, caller.Collectivity, shared.Address)
		if err != nil {
			return fmt.Errorf("mail: set shared: %w", err)
		}
		for _, group := range shared.Audience {
			_, err := tx.Exec(ctx, `INSERT INTO mail_shared_audience (collectivity, address, group_id) VALUES ($1, $2, $3)
				ON CONFLICT (collectivity, address, group_id) DO NOTHING`, caller.Collectivity, shared.Address, group)
			if err != nil {
				return fmt.Errorf("mail: set shared: %w", err)
			}
		}
		return nil
	})
}

// sharedOf lists the shared mailboxes that the caller reads, by name.
func (s *Store) sharedOf(ctx context.Context, caller portal.Caller) ([]Shared, error) {
	if len(caller.Groups) == 0 {
		return nil, nil
	}
	args := []any{caller.Collectivity}
	for _, group := range caller.Groups {
		args = append(args, group)
	}
	rows, err := s.db.Query(ctx, `SELECT m.address, m.name FROM mail_shared m WHERE m.collectivity = $1 AND EXISTS (
			SELECT 1 FROM mail_shared_audience w WHERE w.collectivity = m.collectivity AND w.address = m.address
			AND w.group_id IN (`+database.Params(2, len(caller.Groups))+`))
		ORDER BY m.name, m.address`, args...)
	shared, err := database.Collect(rows, err, func(rows *sql.Rows) (one Shared, err error) {
		return one, rows.Scan(&one.Address, &one.Name)
	})
	if err != nil {
		return nil, fmt.Errorf("mail: shared mailboxes: %w", err)
	}
	return shared, nil
}

// address is the caller's own mailbox as the directory knows it, "" when it
// knows none.
func (s *Store) address(ctx context.Context, caller portal.Caller) (string, error) {
	var address string
	err := s.db.QueryRow(ctx, `SELECT email FROM agents WHERE collectivity = $1 AND id = $2`, caller.Collectivity, caller.Agent).Scan(&address)
	if err != nil {
		return "", fmt.Errorf("mail: address of the agent: %w", err)
	}
	return address, nil
}

// ownAddress is the mailbox that the master user may open for the caller: of
// one of the collectivity's own domains, and on no colleague's card. Cards are
// filled by directories that people may write in, so they prove nothing more.
func (s *Store) ownAddress(ctx context.Context, caller portal.Caller) (string, error) {
	address, err := s.address(ctx, caller)
	if err != nil {
		return "", err
	}
	_, domain, _ := strings.Cut(strings.ToLower(address), "@")
	var ours, others int
	err = s.db.QueryRow(ctx, `SELECT
			(SELECT count(*) FROM collectivity_domains d WHERE d.collectivity = $1 AND d.domain = $2),
			(SELECT count(*) FROM agents a WHERE a.collectivity = $1 AND lower(a.email) = lower($3) AND a.id <> $4 AND a.active = $5)`,
		caller.Collectivity, domain, address, caller.Agent, true).Scan(&ours, &others)
	if err != nil {
		return "", fmt.Errorf("mail: whose address: %w", err)
	}
	if ours == 0 || others > 0 {
		return "", fmt.Errorf("mail: no mailbox of the agent's own: %w", portal.ErrNotFound)
	}
	return address, nil
}

// credentials open one mailbox.
type credentials struct {
	login, password string
	sealed          []byte // the password as it is kept; nil for one that is not the agent's own
}

// personal returns how the caller's own mailbox opens; portal.ErrNotFound
// when she has none, or has not given its password yet.
func (s *Store) personal(ctx context.Context, caller portal.Caller, server Server) (credentials, error) {
	if server.SignIn == ByMaster {
		address, err := s.ownAddress(ctx, caller)
		if err != nil {
			return credentials{}, err
		}
		return server.as(address), nil
	}
	var login string
	var sealed []byte
	err := s.db.QueryRow(ctx, `SELECT login, sealed FROM mail_passwords WHERE collectivity = $1 AND agent = $2`,
		caller.Collectivity, caller.Agent).Scan(&login, &sealed)
	if err != nil {
		return credentials{}, fmt.Errorf("mail: password of the agent: %w", err)
	}
	password, err := s.sealer.Open(passwordKey(caller.Collectivity, caller.Agent), sealed)
	if err != nil {
		return credentials{}, fmt.Errorf("mail: password of the agent: %w", err)
	}
	return credentials{login, string(password), sealed}, nil
}

// as opens an address by the master user.
func (server Server) as(address string) credentials {
	return credentials{login: address + server.Separator + server.MasterUser, password: server.MasterPassword}
}

// keepPassword seals the password that the caller gave for her mailbox.
func (s *Store) keepPassword(ctx context.Context, caller portal.Caller, login, password string) error {
	sealed := s.sealer.Seal(passwordKey(caller.Collectivity, caller.Agent), []byte(password))
	_, err := s.db.Exec(ctx, `INSERT INTO mail_passwords (collectivity, agent, login, sealed) VALUES ($1, $2, $3, $4)
		ON CONFLICT (collectivity, agent) DO UPDATE SET login = excluded.login, sealed = excluded.sealed`,
		caller.Collectivity, caller.Agent, login, sealed)
	if err != nil {
		return fmt.Errorf("mail: keep password: %w", err)
	}
	return nil
}

// forgetRefused removes the password that the server refused, and no other one: the agent may have given
// the right one while the server took its time with the old.
func (s *Store) forgetRefused(ctx context.Context, caller portal.Caller, who credentials) error {
	_, err := s.db.Exec(ctx, `DELETE FROM mail_passwords WHERE collectivity = $1 AND agent = $2 AND sealed = $3`,
		caller.Collectivity, caller.Agent, who.sealed)
	if err != nil {
		return fmt.Errorf("mail: forget refused password: %w", err)
	}
	return nil
}

// forgetPassword removes the caller's password.
func (s *Store) forgetPassword(ctx context.Context, caller portal.Caller) error {
	_, err := s.db.Exec(ctx, `DELETE FROM mail_passwords WHERE collectivity = $1 AND agent = $2`, caller.Collectivity, caller.Agent)
	if err != nil {
		return fmt.Errorf("mail: forget password: %w", err)
	}
	return nil
}
