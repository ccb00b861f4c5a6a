package demo

import (
	"slices"
	"strings"
	"time"
)

// Letter is a message that waits in a mailbox of the demo's own mail server.
type Letter struct {
	To      string // address of the mailbox
	From    string // name
	Address string // of the sender
	Subject string
	Body    string // plain text
	At      time.Time
	Read    bool
}

// Mailbox is one that several agents of a collectivity read.
type Mailbox struct {
	Address  string // unique in the pool: "urbanisme@bourg.example"
	Name     string // "Urbanisme"
	Audience []string
}

// letter is a Letter told in days before one that is not known yet.
type letter struct {
	to      string // an address, or a collectivity: each of its agents
	days    int    // working days before now
	clock   string // "09:12"
	from    string
	address string
	subject string
	body    string
	isRead  bool
}

// unread and read keep the tables of letters one line each.
func unread(to string, days int, clock, from, address, subject, body string) letter {
	return letter{to: to, days: days, clock: clock, from: from, address: address, subject: subject, body: body}
}

func read(to string, days int, clock, from, address, subject, body string) letter {
	one := unread(to, days, clock, from, address, subject, body)
	one.isRead = true
	return one
}

// at dates the letter. One whose hour has not come yet today came on the
// working day before.
func (l letter) at(now time.Time) Letter {
	written := clock(workdayBefore(now, l.days), l.clock)
	if written.After(now) {
		written = clock(workdayBefore(now, l.days+1), l.clock)
	}
	return Letter{
		To: l.to, From: l.from, Address: l.address, Subject: dated(l.subject, now), Body: dated(l.body, now),
		At: written, Read: l.isRead,
	}
}

// letters are what the mailboxes hold at now, oldest first; a letter to a
// collectivity lies in the mailbox of each of its agents.
func (s Story) letters(now time.Time) []Letter {
	var all []Letter
	for _, told := range s.mail {
		written := told.at(now)
		if strings.Contains(told.to, "@") {
			all = append(all, written)
			continue
		}
		for _, person := range s.People {
			if slices.ContainsFunc(person.Agents, func(a Agent) bool { return a.Collectivity == told.to }) {
				written.To = person.Login
				all = append(all, written)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Letter) int { return a.At.Compare(b.At) })
	return all
}

// addresses are the mailboxes of the pool: each person's, and the shared ones.
func (s Story) addresses() []string {
	var all []string
	for _, person := range s.People {
		all = append(all, person.Login)
	}
	for _, c := range s.Collectivities {
		for _, shared := range c.Mailboxes {
			all = append(all, shared.Address)
		}
	}
	return all
}
