package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"parvis/server"
)

// runCollectivity is what the terminal does to one collectivity. "set FILE": it is
// written down once, created or changed as often as the file is given.
func runCollectivity(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		args = []string{""}
	}
	switch args[0] {
	case "set":
	case "export":
		return runExport(ctx, args[1:], out)
	case "restore":
		return runRestore(ctx, args[1:], out)
	case "erase":
		return runErase(ctx, args[1:], out)
	case "recall":
		return runRecall(ctx, args[1:], out)
	default:
		return errors.New("usage: parvis collectivity set|export|restore|erase|recall --config parvis.toml FILE|NAME")
	}
	config, rest, err := configured("collectivity set", args[1:], nil)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return errors.New("give one description: parvis collectivity set --config parvis.toml FILE")
	}
	text, err := os.ReadFile(rest[0])
	if err != nil {
		return err
	}
	var description server.Description
	if err := decodeStrict(text, &description); err != nil {
		return fmt.Errorf("%s: %w", rest[0], err)
	}
	parvis, err := openPool(ctx, config)
	if err != nil {
		return err
	}
	defer parvis.Close()
	if err := parvis.Apply(ctx, description); err != nil {
		return fmt.Errorf("%s: %s", rest[0], parvis.Sentence(err))
	}
	_, err = fmt.Fprintf(out, "collectivity %s is set; try its servers with parvis check\n", description.ID)
	return err
}
