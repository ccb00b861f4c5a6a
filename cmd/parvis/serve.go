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

	"parvis/portal"
	"parvis/portal/database"
	"parvis/server"
)

// configured parses the options of a command that works on a pool: --config
// FILE, or --data DIR for a folder with nothing but defaults.
func configured(name string, args []string, more func(*flag.FlagSet)) (server.Config, []string, error) {
	flags := flag.NewFlagSet("parvis "+name, flag.ContinueOnError)
	file := flags.String("config", "", "the configuration, parvis.toml")
	data := flags.String("data", "", "the data folder, with defaults for all the rest")
	if more != nil {
		more(flags)
	}
	if err := flags.Parse(args); err != nil {
		return server.Config{}, nil, flag.ErrHelp // the flag set has said what is wrong
	}
	switch {
	case *file != "" && *data != "":
		return server.Config{}, nil, errors.New("give --config or --data, not both")
	case *file != "":
		config, err := readConfig(*file)
		return config, flags.Args(), err
	case *data != "":
		config := server.DefaultConfig()
		config.Data = *data
		return config, flags.Args(), nil
	}
	return server.Config{}, nil, errors.New("say which installation: --config parvis.toml, or --data DIR")
}

func runServe(ctx context.Context, args []string, _ io.Writer) error {
	config, _, err := configured("serve", args, nil)
	if err != nil {
		return err
	}
	log, err := newLog(config.Log)
	if err != nil {
		return err
	}
	listener, err := server.Listen(config.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	server.Tune()
	parvis, err := server.New(ctx, config, server.Options{Log: log, Version: version()})
	if err != nil {
		return err
	}
	log.Info("serving", "address", listener.Addr().String(), "url", config.URL, "version", version())
	return errors.Join(parvis.Run(ctx, listener), parvis.Close())
}

// newLog writes on the standard error stream.
func newLog(config server.LogConfig) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(config.Level)); err != nil {
		return nil, fmt.Errorf("%w: log.level = %q must be debug, info, warn or error", portal.ErrInvalid, config.Level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch config.Format {
	case "json":
		return slog.New(slog.NewJSONHandler(os.Stderr, options)), nil
	case "text":
		return slog.New(slog.NewTextHandler(os.Stderr, options)), nil
	}
	return nil, fmt.Errorf("%w: log.format = %q must be json or text", portal.ErrInvalid, config.Format)
}

// explain is the sentence for the person at the terminal: what is wrong and
// what to do, without the path that the error took.
func explain(err error) string {
	switch {
	case errors.Is(err, database.ErrNewer):
		return err.Error()
	case errors.Is(err, portal.ErrUnavailable):
		return err.Error() + "\nCheck that the server is running and that the address in the configuration is right."
	}
	text := err.Error()
	for _, kind := range []error{portal.ErrInvalid, portal.ErrConflict} {
		text = strings.ReplaceAll(text, kind.Error()+": ", "")
	}
	return text
}
