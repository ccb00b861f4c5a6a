// Command parvis is the virtual desk of local authorities: one binary that
// serves a pool of collectivities, and the commands that look after it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // small machines have no time zones

	"parvis/search/extract"
)

// command is one word after "parvis".
type command struct {
	name  string
	about string
	run   func(ctx context.Context, args []string, out io.Writer) error
}

func commands() []command {
	return []command{
		{"demo", "start a pool of fictional collectivities, nothing to install", runDemo},
		{"serve", "serve the pool that parvis.toml describes", runServe},
		{"check", "try every configured server and say what is wrong", runCheck},
		{"collectivity", "set FILE, export NAME, restore FILE, erase NAME, recall NAME", runCollectivity},
		{"user", "set the password of an account of the embedded directory", runUser},
		{"keys", "rotate: replace the keys that sign for applications", runKeys},
		{"reindex", "build the search indexes anew", runReindex},
		{"version", "print the version", runVersion},
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "extract" {
		os.Exit(extract.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	default:
		fmt.Fprintf(os.Stderr, "parvis: %s\n", explain(err))
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		usage(os.Stderr)
		return flag.ErrHelp
	}
	for _, command := range commands() {
		if command.name == args[0] {
			return command.run(ctx, args[1:], out)
		}
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(out)
		return nil
	}
	usage(os.Stderr)
	return fmt.Errorf("there is no command %q", args[0])
}

func usage(out io.Writer) {
	fmt.Fprintln(out, "usage: parvis COMMAND [OPTIONS]")
	fmt.Fprintln(out)
	for _, command := range commands() {
		fmt.Fprintf(out, "  %-13s %s\n", command.name, command.about)
	}
	fmt.Fprintln(out, "\nparvis COMMAND --help lists its options.")
}

func runVersion(_ context.Context, _ []string, out io.Writer) error {
	_, err := fmt.Fprintln(out, "parvis", version())
	return err
}

// version is the module's version, or the revision that it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision, dirty := "", ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			revision = setting.Value[:min(12, len(setting.Value))]
		case setting.Key == "vcs.modified" && setting.Value == "true":
			dirty = "+changes"
		}
	}
	if revision == "" {
		return info.Main.Version
	}
	return revision + dirty
}
