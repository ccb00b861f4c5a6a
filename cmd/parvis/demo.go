package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
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
	if !config.Local() {
		return fmt.Errorf("%w: --listen %s: the demo's passwords are known to all, so it listens on this machine only, such as 127.0.0.1:8080", portal.ErrInvalid, config.Listen)
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
	post, err := startPost(log)
	if err != nil {
		return err
	}
	defer post.Close()
	config.Listen, config.Mail = listener.Addr().String(), post.Outgoing() // letters lead to the port that was free
	server.Tune()
	parvis, err := server.New(ctx, config, server.Options{Log: log, Version: version(), WeatherSource: demo.Weather{}})
	if err != nil {
		return err
	}
	err = serveDemo(ctx, parvis, listener, post, *scale, out)
	return errors.Join(err, parvis.Close())
}

// startPost serves the mailboxes of the story.
func startPost(log *slog.Logger) (*demo.MailServer, error) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return nil, err
	}
	return demo.StartMail(demo.Pool(), time.Now().In(paris), log)
}

// serveDemo serves the folder's demo, with its mail server beside it, until ctx
// ends.
func serveDemo(ctx context.Context, parvis *server.Server, listener net.Listener, post *demo.MailServer, scale int, out io.Writer) error {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		return err
	}
	file, err := openDemo(ctx, parvis, time.Now().In(paris), scale)
	if err != nil {
		return err
	}
	if err := post.Connect(ctx, parvis, demo.Pool()); err != nil {
		return err
	}
	file.URL = "http://" + listener.Addr().String()
	file.OIDC.Issuer = file.URL + "/oidc/bourg"
	if file.Kiosk, err = demo.OpenYard(ctx, parvis, file.URL); err != nil {
		return err
	}
	if err := file.Write(parvis.Config.Data); err != nil {
		return err
	}
	if err := greet(out, file, parvis.Config.Data); err != nil {
		return err
	}
	return parvis.Run(ctx, listener)
}

func demoLevel(verbose bool) slog.Level {
	if verbose {
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// openDemo returns the accounts of the folder's demo, made now if it is empty.
func openDemo(ctx context.Context, parvis *server.Server, now time.Time, scale int) (demo.File, error) {
	file, err := demo.ReadFile(parvis.Config.Data)
	if err == nil || !errors.Is(err, portal.ErrNotFound) {
		return file, err
	}
	if file.Accounts, err = demo.Load(ctx, parvis, now); err != nil {
		return file, err
	}
	file.CAS = demo.CAS{Service: demo.CASService}
	if file.OIDC, err = demo.Client(ctx, parvis); err != nil {
		return file, err
	}
	err = demo.Scale(ctx, parvis, scale)
	debug.FreeOSMemory() // making the files and hashing the password left garbage
	return file, err
}

func greet(out io.Writer, file demo.File, dir string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "Parvis, démonstration : %s\n\n", file.URL)
	for _, account := range file.Accounts {
		fmt.Fprintf(&text, "  %-*s  %s\n", file.Widest(), account.Login, strings.Join(account.Collectivities, ", "))
	}
	fmt.Fprintf(&text, "\nMot de passe de tous ces comptes : %s\nMots de passe d’application (CalDAV) : %s/demo.json\n%sCtrl C pour arrêter.\n", demo.Password, dir, yardText(file.Kiosk))
	_, err := io.WriteString(out, text.String())
	return err
}

// yardText says how the kiosk of the depot is opened and who enters there, "" without one.
func yardText(yard demo.Yard) string {
	if yard.Address == "" {
		return ""
	}
	var pins []string
	for _, one := range yard.PINs {
		pins = append(pins, one.Name+" "+one.PIN)
	}
	return fmt.Sprintf("Borne du centre technique, à ouvrir une fois : %s\nCodes sur la borne : %s\n", yard.Address, strings.Join(pins, ", "))
}
