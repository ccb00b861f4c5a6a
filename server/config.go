package server

import (
	"crypto/x509"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"parvis/portal"
	"parvis/portal/post"
	"parvis/portal/web"
)

// Config is all that an installation sets in parvis.toml. What a collectivity
// sets (its directory, its mail server, its colours) is in the store.
type Config struct {
	// Listen is the address of the HTTP server, "127.0.0.1:8080".
	Listen string `toml:"listen"`
	// URL is the address that people use, "https://parvis.example". Empty only
	// where Listen is on this machine.
	URL string `toml:"url"`
	// Data is the folder of documents, indexes and, by default, the database.
	Data string `toml:"data"`
	// Database is "sqlite:FILE" or "postgres://…"; empty is a SQLite file in Data.
	Database string `toml:"database"`
	// DatabaseFile names a file that holds Database, for addresses with a password.
	DatabaseFile string `toml:"database_file"`
	// TrustedProxies may set X-Forwarded-For, "127.0.0.1" or "10.0.0.0/8".
	TrustedProxies []string        `toml:"trusted_proxies"`
	TLS            TLSConfig       `toml:"tls"`
	Log            LogConfig       `toml:"log"`
	Documents      DocumentsConfig `toml:"documents"`
	Calendar       CalendarConfig  `toml:"calendar"`
	Webhooks       WebhooksConfig  `toml:"webhooks"`
	Weather        WeatherConfig   `toml:"weather"`
	Mail           MailConfig      `toml:"mail"`

	Applications ApplicationsConfig `toml:"applications"`
	Operators    OperatorsConfig    `toml:"operators"`
}

// OperatorsConfig says what is asked of who operates the pool.
type OperatorsConfig struct {
	// SecondFactor is "recommend", a notice for those who have none, or "require".
	// No collectivity's rule binds an operator: she is of none.
	SecondFactor string `toml:"second_factor"`
}

// The values of OperatorsConfig.SecondFactor.
const (
	recommend = "recommend"
	require   = "require"
)

// TLSConfig names the certificate files, for a Parvis without reverse proxy.
type TLSConfig struct {
	Certificate string `toml:"certificate"`
	Key         string `toml:"key"`
}

// LogConfig says what is written on the standard error stream.
type LogConfig struct {
	Level    string `toml:"level"`    // "debug", "info", "warn", "error"
	Format   string `toml:"format"`   // "json" or "text"
	Requests bool   `toml:"requests"` // a line for each request
}

// DocumentsConfig bounds the library.
type DocumentsConfig struct {
	MaxSizeMB int64 `toml:"max_size_mb"` // of one file, in mebibytes
}

// CalendarConfig bounds what agents may connect.
type CalendarConfig struct {
	// AllowInside lets agents connect agendas of servers at private addresses. An
	// installation that hosts others must not have it.
	AllowInside bool `toml:"allow_inside"`
}

// WebhooksConfig bounds where programs may be told of what changes.
type WebhooksConfig struct {
	// AllowInside lets administrators name private addresses, and addresses without
	// TLS. An installation that hosts others must not have it.
	AllowInside bool `toml:"allow_inside"`
}

// ApplicationsConfig says how business applications are reached when they must
// be told that a session ended, or ask for a proxy ticket.
type ApplicationsConfig struct {
	// AllowInside lets them be at private addresses, where those of a town hall
	// often are. An installation that hosts others must not have it.
	AllowInside bool `toml:"allow_inside"`
	// CAFile names the PEM file of an authority that signs their certificates,
	// beside those that the system trusts.
	CAFile string `toml:"ca_file"`
}

// roots are the authorities that applications' certificates are judged by.
func (c ApplicationsConfig) roots() (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil || c.CAFile == "" {
		return roots, err
	}
	text, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("server: applications.ca_file: %w", err)
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("server: %w: applications.ca_file holds no certificate", portal.ErrInvalid)
	}
	return roots, nil
}

// MailConfig is the SMTP server that invitations and the like leave by; without
// it, administrators hand links over themselves.
type MailConfig struct {
	Server       string `toml:"server"`        // "smtp.example:587"
	Security     string `toml:"security"`      // "starttls", "tls" or "none"
	User         string `toml:"user"`          // "" for a server that asks for none
	PasswordFile string `toml:"password_file"` // file that holds the password
	From         string `toml:"from"`          // address of who has no other, "parvis@pool.example"
	// CAFile names the PEM file of the only authority that signs its
	// certificate, instead of those that the system trusts.
	CAFile string `toml:"ca_file"`
}

// server is the same as the post knows it, with what its files hold.
func (c MailConfig) server() (post.Server, error) {
	server := post.Server{Address: c.Server, Security: post.Security(c.Security), User: c.User, From: c.From}
	var err error
	if server.Password, err = readSecret(c.PasswordFile); err != nil {
		return post.Server{}, fmt.Errorf("server: mail.password_file: %w", err)
	}
	authority, err := readSecret(c.CAFile)
	if err != nil {
		return post.Server{}, fmt.Errorf("server: mail.ca_file: %w", err)
	}
	if authority != "" {
		server.Roots = x509.NewCertPool()
		if !server.Roots.AppendCertsFromPEM([]byte(authority)) {
			return post.Server{}, fmt.Errorf("server: %w: mail.ca_file holds no certificate", portal.ErrInvalid)
		}
	}
	return server, server.Check()
}

// WeatherConfig names the source of the weather box; without it there is none.
type WeatherConfig struct {
	// URL of a service that speaks the Open-Meteo forecast API,
	// "https://meteo.example/v1/forecast".
	URL string `toml:"url"`
}

// DefaultConfig works on an empty machine.
func DefaultConfig() Config {
	return Config{
		Listen:    "127.0.0.1:8080",
		Data:      "parvis-data",
		Log:       LogConfig{Level: "info", Format: "json", Requests: true},
		Documents: DocumentsConfig{MaxSizeMB: 200},
		Operators: OperatorsConfig{SecondFactor: recommend},
		Mail:      MailConfig{Security: string(post.StartTLS)},
	}
}

// Validate says what no installation can run with.
func (c Config) Validate() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("%w: listen = %q must look like 127.0.0.1:8080", portal.ErrInvalid, c.Listen)
	}
	if c.URL != "" {
		if err := checkURL(c.URL); err != nil {
			return err
		}
	} else if !c.Local() {
		return fmt.Errorf("%w: url is missing: say which address people use, such as url = \"https://parvis.example\"", portal.ErrInvalid)
	}
	if (c.TLS.Certificate == "") != (c.TLS.Key == "") {
		return fmt.Errorf("%w: tls.certificate and tls.key go together", portal.ErrInvalid)
	}
	if c.Database != "" && c.DatabaseFile != "" {
		return fmt.Errorf("%w: set database or database_file, not both", portal.ErrInvalid)
	}
	if c.Documents.MaxSizeMB <= 0 {
		return fmt.Errorf("%w: documents.max_size_mb = %d must be 1 or more", portal.ErrInvalid, c.Documents.MaxSizeMB)
	}
	if c.Operators.SecondFactor != recommend && c.Operators.SecondFactor != require {
		return fmt.Errorf("%w: operators.second_factor = %q must be %q or %q", portal.ErrInvalid, c.Operators.SecondFactor, recommend, require)
	}
	mailer := post.Server{Address: c.Mail.Server, Security: post.Security(c.Mail.Security), User: c.Mail.User, From: c.Mail.From}
	if err := mailer.Check(); err != nil {
		return err
	}
	_, err := web.ParseNetworks(c.TrustedProxies)
	return err
}

// checkURL refuses what would be left out in silence: Parvis has a whole host.
func checkURL(text string) error {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return fmt.Errorf("%w: url = %q must look like https://parvis.example", portal.ErrInvalid, text)
	}
	if strings.Trim(address.Path, "/") != "" || address.RawQuery != "" || address.User != nil {
		return fmt.Errorf("%w: url = %q must end after the name of the host: Parvis does not serve under a path", portal.ErrInvalid, text)
	}
	return nil
}

// Local says whether Listen is an address that only this machine reaches.
func (c Config) Local() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return false
	}
	address := net.ParseIP(host)
	return host == "localhost" || address != nil && address.IsLoopback()
}

// address is what letters lead to. It never comes from a request, whose host
// anybody may choose.
func (c Config) address() string {
	if c.URL != "" {
		return strings.TrimRight(c.URL, "/")
	}
	return "http://" + c.Listen
}

// databaseURL is the store's address.
func (c Config) databaseURL() string {
	if c.Database != "" {
		return c.Database
	}
	return "sqlite:" + filepath.Join(c.Data, "parvis.db")
}
