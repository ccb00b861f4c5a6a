package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"parvis/leaving"
	"parvis/portal"
	"parvis/portal/audit"
)

// runExport is "parvis collectivity export NAME": its archive in a file, which is
// there whole or not at all.
func runExport(ctx context.Context, args []string, out io.Writer) error {
	var file string
	config, rest, err := configured("collectivity export", args, func(flags *flag.FlagSet) {
		flags.StringVar(&file, "o", "", "the archive to write, NAME.zip when it is left out; it must not be there")
	})
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return errors.New("say which: parvis collectivity export --config parvis.toml NAME")
	}
	if file == "" {
		file = filepath.Base(rest[0]) + ".zip"
	}
	parvis, err := openPool(ctx, config)
	if err != nil {
		return err
	}
	defer parvis.Close()
	written, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	made, err := parvis.Leaving.Export(ctx, portal.CollectivityID(rest[0]), audit.Line{Login: "parvis"}, written)
	if err = errors.Join(err, written.Sync(), written.Close()); err != nil {
		os.Remove(file)
		if errors.Is(err, portal.ErrNotFound) {
			return fmt.Errorf("there is no collectivity %q", rest[0])
		}
		return err
	}
	rows := 0
	for _, count := range made.Rows {
		rows += count
	}
	_, err = fmt.Fprintf(out, "%s holds %s: %d rows, %d files. It tells everything of its people: keep it as you keep a backup.\n", file, rest[0], rows, len(made.Files))
	return err
}

// runRestore is "parvis collectivity restore FILE".
func runRestore(ctx context.Context, args []string, out io.Writer) error {
	var how leaving.Restoring
	var as string
	config, rest, err := configured("collectivity restore", args, func(flags *flag.FlagSet) {
		flags.StringVar(&as, "as", "", "another identifier than the archive's")
		flags.BoolVar(&how.WithoutDomains, "without-domains", false, "leave out the domains that another collectivity has")
	})
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return errors.New("give one archive: parvis collectivity restore --config parvis.toml FILE")
	}
	how.As = portal.CollectivityID(as)
	file, err := os.Open(rest[0])
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	parvis, err := openPool(ctx, config)
	if err != nil {
		return err
	}
	defer parvis.Close()
	done, err := parvis.Leaving.Restore(ctx, file, info.Size(), how)
	if err != nil && done.Collectivity == "" {
		return errors.New(parvis.Sentence(err))
	}
	fmt.Fprintf(out, "%s is restored, and suspended until you open it in /pool: %d rows, %d files\n", done.Collectivity, done.Rows, done.Files)
	for _, domain := range done.Domains {
		fmt.Fprintf(out, "  left out: the domain %s is another collectivity's\n", domain)
	}
	for _, login := range done.Strangers {
		fmt.Fprintf(out, "  without an account: %s has one here already; invite her, and she links it herself\n", login)
	}
	fmt.Fprintln(out, "No password came along: people ask for a new one on the sign-in page, or you give one with parvis user.")
	if err != nil {
		return fmt.Errorf("it is restored, and the search does not find it yet: run parvis reindex (%w)", err)
	}
	return nil
}

// atTheTerminal is whoever may read the store's file.
var atTheTerminal = portal.Caller{Rights: []portal.Right{portal.OperatePool}}

// runErase asks for the erasure of a collectivity, runRecall takes it back.
func runErase(ctx context.Context, args []string, out io.Writer) error {
	return onCollectivity(ctx, "erase", args, func(store *leaving.Store, id portal.CollectivityID) error {
		asked, err := store.AskErasure(ctx, atTheTerminal, id, "")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s is suspended, and erased from %s on by the running Parvis. Until then: parvis collectivity recall %s\nCertificate: number %s, in /pool once it is done.\n",
			id, asked.Due.Local().Format("2006-01-02"), id, asked.Number)
		return err
	})
}

func runRecall(ctx context.Context, args []string, out io.Writer) error {
	return onCollectivity(ctx, "recall", args, func(store *leaving.Store, id portal.CollectivityID) error {
		err := store.RecallErasure(ctx, atTheTerminal, id, "")
		if errors.Is(err, portal.ErrNotFound) {
			return fmt.Errorf("no erasure of %q is asked for", id)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s is not erased. It is still suspended: open it in /pool.\n", id)
		return err
	})
}

func onCollectivity(ctx context.Context, name string, args []string, do func(*leaving.Store, portal.CollectivityID) error) error {
	config, rest, err := configured("collectivity "+name, args, nil)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return fmt.Errorf("say which: parvis collectivity %s --config parvis.toml NAME", name)
	}
	parvis, err := openPool(ctx, config)
	if err != nil {
		return err
	}
	defer parvis.Close()
	err = do(parvis.Leaving, portal.CollectivityID(rest[0]))
	var refusal portal.UserError
	switch {
	case errors.As(err, &refusal):
		return errors.New(parvis.Sentence(err))
	case errors.Is(err, portal.ErrNotFound):
		return fmt.Errorf("there is no collectivity %q", rest[0])
	}
	return err
}
