package extract

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"
)

// Main is the command `parvis extract`: with a file, it prints the file's text; with -serve it answers
// the requests of an Extractor until its input ends. The answer is the exit status.
func Main(ctx context.Context, args []string, in io.Reader, out, trouble io.Writer) int {
	flags := flag.NewFlagSet("extract", flag.ContinueOnError)
	flags.SetOutput(trouble)
	serve := flags.Bool("serve", false, "answer requests on the standard input")
	cache := flags.String("cache", "", "folder that keeps the PDF reader compiled")
	memory := flags.Int64("memory", defaultMemory, "bytes this process may use")
	cpu := flags.Duration("cpu", defaultTimeout, "CPU time for one file")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if !*serve && flags.NArg() != 1 {
		fmt.Fprintln(trouble, "usage: parvis extract FILE")
		return 2
	}
	// A long file gives its beginning rather than nothing.
	limits := Limits{Memory: *memory / 2, Time: *cpu / 2}
	child := &child{reader: NewReader(limits, *cache), memory: *memory, cpu: *cpu}
	defer child.reader.Close(ctx)
	err := child.run(ctx, flags.Arg(0), in, out)
	if err != nil {
		fmt.Fprintln(trouble, err)
		return 1
	}
	return 0
}

type child struct {
	reader *Reader
	memory int64
	cpu    time.Duration
}

func (c *child) run(ctx context.Context, path string, in io.Reader, out io.Writer) error {
	if err := limitProcess(c.memory); err != nil {
		return fmt.Errorf("extract: limit this process: %w", err)
	}
	debug.SetMemoryLimit(c.memory * 3 / 4)
	debug.SetGCPercent(40) // a small process matters more than a quick one
	if path == "" {
		return c.serve(ctx, in, out)
	}
	result, err := c.read(ctx, request{Path: path, Name: path})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, result.Text)
	return err
}

// serve answers one request after the other until the parent closes its end.
func (c *child) serve(ctx context.Context, in io.Reader, out io.Writer) error {
	requests := bufio.NewReaderSize(in, maxLine)
	if err := writeLine(out, greeting{Version: protocolVersion}); err != nil {
		return err
	}
	answers := bufio.NewWriter(out)
	for {
		var asked request
		err := readLine(requests, &asked)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("extract: read a request: %w", err)
		}
		if err := limitCPU(c.cpu); err != nil {
			return fmt.Errorf("extract: limit the CPU: %w", err)
		}
		result, err := c.read(ctx, asked)
		if err := writeAnswer(answers, result, err); err != nil {
			return err
		}
		if err := answers.Flush(); err != nil {
			return err
		}
	}
}

// read answers for one file. A panic of a parser is the file's failure.
func (c *child) read(ctx context.Context, asked request) (result Result, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			result, err = Result{}, failure(ReasonDamaged, fmt.Errorf("panic: %v", cause))
		}
	}()
	file, err := os.Open(asked.Path)
	if err != nil {
		return Result{}, fmt.Errorf("extract: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Result{}, fmt.Errorf("extract: %w", err)
	}
	if !info.Mode().IsRegular() {
		return Result{}, fmt.Errorf("extract: %q is not a file", asked.Path)
	}
	return c.reader.Read(ctx, file, info.Size(), asked.Name)
}
