// Davprobe asks a CalDAV server what real clients ask, and prints how many of its answers are those of the RFCs:
//
//	go run ./e2e/dav/cmd/davprobe -url https://parvis.bourg.fr/ -login claire@bourg.fr -password …
//
// What it makes has "probe-" in its name and is removed at the end; events of scheduling stay in the colleague's agenda.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"parvis/e2e/dav/probe"
)

func main() {
	var target probe.Target
	flag.StringVar(&target.URL, "url", "", "where discovery begins")
	flag.StringVar(&target.Person.Login, "login", "", "login")
	flag.StringVar(&target.Person.Password, "password", "", "password")
	flag.StringVar(&target.Colleague.Login, "colleague", "", "login of a second person, who is invited")
	flag.StringVar(&target.Colleague.Password, "colleague-password", "", "her password")
	only := flag.String("only", "", "run the checks whose name has this text")
	flag.Parse()
	results, err := probe.Run(context.Background(), target, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	probe.Report(os.Stdout, results)
	probe.Table(os.Stdout, []string{target.URL}, results)
}
