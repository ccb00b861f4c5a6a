package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"parvis/portal"
	"parvis/server"
)

// openPool opens an installation for a command that looks after it.
func openPool(ctx context.Context, config server.Config) (*server.Server, error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return server.New(ctx, config, server.Options{Log: log, Version: version()})
}

func runCheck(ctx context.Context, args []string, out io.Writer) error {
	var login string
	config, _, err := configured("check", args, func(flags *flag.FlagSet) {
		flags.StringVar(&login, "login", "", "say what this login would get, agent@bourg.example, instead of trying the servers")
	})
	if err != nil {
		return err
	}
	parvis, err := openPool(ctx, config)
	if err != nil {
		return err
	}
	defer parvis.Close()
	if login != "" {
		text, err := parvis.Preview(ctx, login)
		if err != nil {
			return errors.New(parvis.Sentence(err))
		}
		_, err = io.WriteString(out, text)
		return err
	}
	reports, err := parvis.Check(ctx)
	if err != nil {
		return err
	}
	faults := 0
	for _, report := range reports {
		state := "ok"
		if report.Fault != "" {
			state, faults = report.Fault, faults+1
		}
		fmt.Fprintf(out, "%-12s %-10s %s\n", report.Collectivity, report.What, state)
	}
	if faults > 0 {
		return fmt.Errorf("%d of %d checks failed", faults, len(reports))
	}
	return nil
}

func runUser(ctx context.Context, args []string, out io.Writer) error {
	var login string
	var operator bool
	config, _, err := configured("user", args, func(flags *flag.FlagSet) {
		flags.StringVar(&login, "login", "", "the account, agent@bourg.example; its new password is read from the standard input")
		flags.BoolVar(&operator, "operator", false, "let it operate the pool; the account is made when there is none")
	})
	if err != nil {
		return err
	}
	if login == "" {
		return errors.New("say which account: --login agent@bourg.example")
	}
	password, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	parvis, err := openPool(ctx, config)
	if err != nil {
		return err
	}
	defer parvis.Close()
	if operator {
		err = parvis.MakeOperator(ctx, login, strings.TrimRight(password, "\r\n"))
	} else {
		err = setPassword(ctx, parvis, login, strings.TrimRight(password, "\r\n"))
	}
	if err != nil {
		return errors.New(parvis.Sentence(err))
	}
	_, err = fmt.Fprintf(out, "password of %s set\n", login)
	return err
}

func setPassword(ctx context.Context, parvis *server.Server, login, password string) error {
	account, err := parvis.Directory.AccountByLogin(ctx, login)
	if errors.Is(err, portal.ErrNotFound) {
		return fmt.Errorf("nobody signs in as %s", login)
	}
	if err != nil {
		return err
	}
	return parvis.SSO.Passwords.Set(ctx, password, account.ID)
}

func runKeys(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 || args[0] != "rotate" {
		return errors.New("say what to do: parvis keys rotate --collectivity bourg")
	}
	var collectivity string
	config, _, err := configured("keys", args[1:], func(flags *flag.FlagSet) {
		flags.StringVar(&collectivity, "collectivity", "", "whose issuer; the pool's when it is left out")
	})
	if err != nil {
		return err
	}
	parvis, err := openPool(ctx, config)
	if err != nil {
		return err
	}
	defer parvis.Close()
	id := portal.CollectivityID(collectivity)
	if id != "" {
		if _, err := parvis.Directory.Collectivity(ctx, id); err != nil {
			return fmt.Errorf("there is no collectivity %q", collectivity)
		}
	}
	if err := parvis.OpenID.RotateKeys(ctx, id); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "keys replaced; what they signed is still verified for a week")
	return err
}

func runReindex(ctx context.Context, args []string, out io.Writer) error {
	config, _, err := configured("reindex", args, nil)
	if err != nil {
		return err
	}
	parvis, err := openPool(ctx, config)
	if err != nil {
		return err
	}
	defer parvis.Close()
	count, err := parvis.Reindex(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d documents will be indexed anew by the running Parvis\n", count)
	return err
}
