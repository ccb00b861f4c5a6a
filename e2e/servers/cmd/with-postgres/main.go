// With-postgres runs a command with PARVIS_TEST_POSTGRES naming a PostgreSQL server that lives as long
// as the command does:
//
//	go run ./e2e/servers/cmd/with-postgres go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"parvis/e2e/servers"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: with-postgres COMMAND [ARGUMENT…]")
		os.Exit(2)
	}
	err := run(os.Args[1:])
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "with-postgres:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cluster, err := servers.StartPostgres(ctx)
	if err != nil {
		return err
	}
	defer cluster.Close()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "PARVIS_TEST_POSTGRES="+cluster.DSN)
	err = cmd.Run()
	if trouble := cluster.Trouble(); err != nil && trouble != "" {
		fmt.Fprintf(os.Stderr, "with-postgres: the server broke down:\n%s\n", trouble)
	}
	return err
}
