// Dav measures the DAV door of the real program over loopback, beside Debian's Radicale in the same run: the conformance
// probe on both, what clients ask of a calendar that both can hold, the same of 10,000 events for Parvis alone, and 500
// clients that poll while 50 synchronise at once: of that calendar, and each of the first calendar of its own account. It prints the tables of docs/performance-calendar.md.
//
//	make bench-dav
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"parvis/e2e/dav/probe"
)

func main() {
	program := flag.String("parvis", "bin/parvis", "the program")
	same := flag.Int("same", 500, "events of the calendar that both servers hold; 0: no peer")
	large := flag.Int("large", 10_000, "events of Parvis's own")
	lasting := flag.Duration("load", time.Minute, "how long clients poll and synchronise")
	flag.Parse()
	if err := run(*program, *same, *large, *lasting); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// ownEvents is how many events each of the accounts has.
const ownEvents = 20

func run(program string, same, large int, lasting time.Duration) error {
	parvis, err := startParvis(program)
	if err != nil {
		return err
	}
	defer parvis.stop()
	fmt.Printf("load average at the beginning: %s\n\n", loadAverage())
	if same > 0 {
		if err := beside(parvis, same); err != nil {
			return err
		}
	}
	c, err := parvis.fill("large", large)
	if err != nil {
		return err
	}
	fmt.Printf("\nParvis, %d events, load average %s:\n\n", large, loadAverage())
	rows, err := c.ask()
	if err != nil {
		return err
	}
	printTable([]string{"Parvis"}, rows)
	if err := load([]*calendar{c}, lasting); err != nil {
		return err
	}
	people, err := parvis.accounts(pollers)
	if err != nil {
		return err
	}
	theirs, err := parvis.agendas(people, ownEvents)
	if err != nil {
		return err
	}
	if err := load(theirs, lasting); err != nil {
		return err
	}
	fmt.Printf("\nmemory of Parvis at its peak, and now: %s\n", parvis.memory())
	return nil
}

// beside measures a peer on the same events, and asks both the same questions.
func beside(parvis *server, events int) error {
	peer, err := startRadicale(events)
	if err != nil {
		return err
	}
	defer peer.stop()
	mine, err := parvis.fill("same", events)
	if err != nil {
		return err
	}
	theirs := &calendar{peer, peer.url + "/me/personal/", peer.people[0], events}
	fmt.Printf("%d events each, wall ms (median) / CPU ms, load average %s:\n\n", events, loadAverage())
	ours, err := mine.ask()
	if err != nil {
		return err
	}
	others, err := theirs.ask()
	if err != nil {
		return err
	}
	printTable([]string{"Parvis", "Radicale"}, ours, others)
	fmt.Printf("\nmemory at the peak, and now: Parvis %s, Radicale %s\n\n", parvis.memory(), peer.memory())
	var all [][]probe.Result
	for _, s := range []*server{parvis, peer} {
		results, err := probe.Run(context.Background(), probe.Target{URL: s.url + "/", Person: s.people[0], Colleague: s.people[1]}, "")
		if err != nil {
			return err
		}
		all = append(all, results)
	}
	probe.Table(os.Stdout, []string{"Parvis", "Radicale"}, all...)
	return nil
}

// printTable prints a row a request, a column a server.
func printTable(names []string, servers ...[]row) {
	fmt.Printf("| request | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for i, first := range servers[0] {
		fmt.Printf("| %s |", first.what)
		for _, rows := range servers {
			fmt.Printf(" %.1f / %.1f |", rows[i].wall, rows[i].cpu)
		}
		fmt.Println()
	}
}

func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(text))[:1], "")
}
