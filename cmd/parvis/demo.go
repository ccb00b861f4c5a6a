package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"parvis/demo"
	"parvis/portal"
	"parvis/server"
)

func runDemo(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("parvis demo", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8080", "address to serve on")
	data := flags.String("data", "", "folder of the demo; started again with what it holds (default: a temporary folder, removed at the end)")
	store := flags.String("database", "", "sqlite:FILE or postgres://…, instead of a SQLite file in the folder")
	scale := flags.Int("scale", 0, "add `N` synthetic collectivities of 20 agents")
	verbose := flags.Bool("verbose", false, "log every request")
	if err := flags.Parse(args); err != nil {
		return flag.ErrHelp // the flag set has said what is wrong
	}
	config := server.DefaultConfig()
	config.Listen, config.Data, config.Database, config.Log.Requests = *listen, *data, *store, *verbose
	if err := config.Validate(); err != nil {
		return err
	}
	listener, err := server.Listen(config.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	if config.Data == "" {
		if config.Data, err = os.MkdirTemp("", "parvis-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(config.Data)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: demoLevel(*verbose)}))
	parvis, err := server.New(ctx, config, server.Options{Log: log, WeatherSource: demo.Weather{}})
	if err != nil {
		return err
	}
	file, err := openDemo(ctx, parvis, *scale)
	if err != nil {
		return errors.Join(err, parvis.Close())
	}
	file.URL = "http://" + listener.Addr().String()
	if err := file.Write(config.Data); err != nil {
		return errors.Join(err, parvis.Close())
	}
	if err := greet(out, file, config.Data); err != nil {
		return errors.Join(err, parvis.Close())
	}
	return errors.Join(parvis.Run(ctx, listener), parvis.Close())
}

func demoLevel(verbose bool) slog.Level {
	if verbose {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// openDemo returns the accounts of the folder's demo, made now if it is empty.
func openDemo(ctx context.Context, parvis *server.Server, scale int) (demo.File, error) {
	file, err := demo.ReadFile(parvis.Config.Data)
	if err == nil || !errors.Is(err, portal.ErrNotFound) {
		return file, err
	}
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return file, err
	}
	if file.Accounts, err = demo.Load(ctx, parvis, time.Now().In(paris)); err != nil {
		return file, err
	}
	return file, demo.Scale(ctx, parvis, scale)
}

func greet(out io.Writer, file demo.File, dir string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Parvis, démonstration : %s\n\n", file.URL)
	for _, account := range file.Accounts {
		fmt.Fprintf(&text, "  %-*s  %s\n", file.Widest(), account.Login, strings.Join(account.Collectivities, ", "))
	}
	fmt.Fprintf(&text, "\nMot de passe de tous ces comptes : %s\nMots de passe d’application (CalDAV) : %s/demo.json\nCtrl C pour arrêter.\n", demo.Password, dir)
	_, err := io.WriteString(out, text.String())
	return err
}
