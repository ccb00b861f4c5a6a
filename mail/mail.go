// Package mail shows an agent her mailboxes: how many messages wait in each,
// and the latest ones. It reads by IMAP and writes nothing there; reading and
// answering is the webmail's work.
package mail

import (
	"time"

	"parvis/portal"
)

// Mailbox is one mailbox and its latest messages, newest first.
type Mailbox struct {
	Address  string // "mairie@bourg.example"
	Name     string // "Mairie"; "" is the agent's own
	Unread   int
	Messages []Message
}

// Message is the head of one message.
type Message struct {
	Subject string // "" when the sender gave none
	From    string // name, or address without name
	At      time.Time
	Unread  bool
}

// Security is how the connection to the server is protected.
type Security string

// The two ways. There is no third: a password never travels in clear.
const (
	TLS      Security = "tls"      // from the first octet, port 993
	StartTLS Security = "starttls" // port 143
)

// SignIn is how Parvis opens a mailbox in the agent's name.
type SignIn string

// The ways that exist today; a token of our own OpenID provider will be another.
const (
	ByPassword SignIn = "password" // that the agent gives once
	ByMaster   SignIn = "master"   // a master user of the server
)

// Server is the IMAP server of a collectivity.
type Server struct {
	Address        string // "imap.bourg.example:993"
	Security       Security
	CA             string // PEM of its certificate authority, "" for the system's
	SignIn         SignIn
	MasterUser     string
	Separator      string // between mailbox and master user, "*" for Dovecot
	MasterPassword string
	Webmail        string // "https://courriel.bourg.example/", "" for none
}

// Shared is a mailbox of a service, read by the members of its groups.
type Shared struct {
	Address  string
	Name     string
	Audience []portal.GroupID // at least one
}

// key says whose secret is sealed, see seal.Sealer.
func passwordKey(collectivity portal.CollectivityID, agent portal.AgentID) string {
	return "mail/" + string(collectivity) + "/" + string(agent)
}

func masterKey(collectivity portal.CollectivityID) string {
	return "mail-master/" + string(collectivity)
}
