package extract

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	defaultMemory  = 768 << 20
	defaultTimeout = 2 * time.Minute
	defaultIdle    = 20 * time.Second
	// filesPerChild bounds what a parser can leave behind in the child from one file to the next.
	filesPerChild = 500
	startTimeout  = 20 * time.Second
)

// Options of an Extractor. Zero fields take the default.
type Options struct {
	Exe      string        // our own binary; os.Executable()
	Args     []string      // what makes it run Main; {"extract"}
	CacheDir string        // keeps the PDF reader compiled, so that only the first start pays 2 s; "" keeps nothing
	Memory   int64         // bytes the child may use; 768 MiB
	Timeout  time.Duration // for one file, of wall time and of CPU; 2 min, and half of it for the pages of a PDF
	Idle     time.Duration // a child without work ends after that; 20 s
	Log      *slog.Logger  // required
}

func (o Options) withDefaults() (Options, error) {
	if o.Exe == "" {
		exe, err := os.Executable()
		if err != nil {
			return o, fmt.Errorf("extract: find our own binary: %w", err)
		}
		o.Exe = exe
	}
	if o.Args == nil {
		o.Args = []string{"extract"}
	}
	o.Memory = orDefault(o.Memory, defaultMemory)
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	return o, nil
}

// Extractor reads files in a child process that it starts at need, ends when idle, and replaces when a file
// kills it. It is safe for concurrent use; files are read one at a time, so that indexing takes one core.
type Extractor struct {
	options Options
	mutex   sync.Mutex
	process *process // nil when none runs
	idle    *time.Timer
}

// New makes an Extractor; no process is started yet.
func New(options Options) (*Extractor, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Extractor{options: options}, nil
}

// Text reads the file at path, called name by the person ("Budget 2026.docx"). It is a *Failure when the
// file can't be read: empty, encrypted, damaged, too slow, fatal to the child… Any other error is ours:
// the child can't be started, the file isn't there, ctx ended.
func (e *Extractor) Text(ctx context.Context, path, name string) (Result, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	child, err := e.running()
	if err != nil {
		return Result{}, err
	}
	child.makeRoom(name)
	result, err := child.ask(ctx, request{Path: path, Name: name}, e.options.Timeout)
	if child.broken || child.served >= filesPerChild {
		e.stop()
	}
	e.endWhenIdle()
	return result, err
}

// Close ends the child.
func (e *Extractor) Close() error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.stop()
	return nil
}

// Run reads one file in a child of its own. Use an Extractor for more than one.
func Run(ctx context.Context, options Options, path, name string) (Result, error) {
	extractor, err := New(options)
	if err != nil {
		return Result{}, err
	}
	defer extractor.Close()
	return extractor.Text(ctx, path, name)
}

// running gives the child, started if need be. The caller holds the mutex.
func (e *Extractor) running() (*process, error) {
	if e.idle != nil {
		e.idle.Stop()
	}
	if e.process != nil {
		return e.process, nil
	}
	child, err := start(e.options)
	if err != nil {
		return nil, err
	}
	e.process = child
	return child, nil
}

func (e *Extractor) stop() {
	if e.idle != nil {
		e.idle.Stop()
	}
	if e.process != nil {
		e.process.kill()
		e.process = nil
	}
}

// endWhenIdle gives the child's memory back once no file came for a while.
func (e *Extractor) endWhenIdle() {
	child := e.process
	if child == nil {
		return
	}
	served := child.served
	e.idle = time.AfterFunc(e.options.Idle, func() {
		e.mutex.Lock()
		defer e.mutex.Unlock()
		if e.process == child && child.served == served {
			e.stop()
		}
	})
}

// process is one child with its two pipes.
type process struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	served  int
	broken  bool
	roomy   bool // a PDF was asked of it
}

// makeRoom gives back what this process holds and doesn't use, before a child reads its first PDF: it is
// about to take as much as we have, to compile PDFium or to map it.
func (p *process) makeRoom(name string) {
	if !p.roomy && strings.EqualFold(filepath.Ext(name), ".pdf") {
		p.roomy = true
		debug.FreeOSMemory()
	}
}

func start(options Options) (*process, error) {
	args := append(options.Args[:len(options.Args):len(options.Args)],
		"-serve", "-cache", options.CacheDir,
		"-memory", strconv.FormatInt(options.Memory, 10), "-cpu", options.Timeout.String())
	command := exec.Command(options.Exe, args...)
	// Nothing of ours goes down: neither secrets of the environment nor open files.
	command.Env = []string{"GOMAXPROCS=1"}
	command.Stderr = &lastWords{log: options.Log}
	in, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("extract: start a child: %w", err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("extract: start a child: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("extract: start a child: %w", err)
	}
	child := &process{command: command, in: in, out: bufio.NewReaderSize(out, maxLine)}
	if err := child.greeted(); err != nil {
		child.kill()
		return nil, fmt.Errorf("extract: start a child: %w", err)
	}
	return child, nil
}

// ask sends one request and waits for its answer. Whatever goes wrong in between, the process is broken:
// what it would answer next could belong to another file.
func (p *process) ask(ctx context.Context, asked request, timeout time.Duration) (Result, error) {
	p.served++
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTooSlow)
	defer cancel()
	stopKilling := context.AfterFunc(ctx, func() { _ = p.command.Process.Kill() })
	result, err := p.exchange(asked)
	var failed *Failure
	answered := err == nil || errors.As(err, &failed)
	p.broken = !stopKilling() || !answered
	switch {
	case answered:
		return result, err
	case errors.Is(context.Cause(ctx), errTooSlow):
		return Result{}, failure(ReasonTimeout, err)
	case ctx.Err() != nil:
		return Result{}, ctx.Err()
	case errors.Is(err, errGone):
		return Result{}, failure(ReasonCrashed, err)
	}
	return Result{}, err
}

var (
	errTooSlow = errors.New("extract: too slow")
	errGone    = errors.New("extract: the child is gone")
)

func (p *process) exchange(asked request) (Result, error) {
	if err := writeLine(p.in, asked); err != nil {
		return Result{}, fmt.Errorf("%w: %w", errGone, err)
	}
	result, err := readAnswer(p.out, Limits{}.withDefaults().Text)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", errGone, err)
	}
	return result, err
}

// greeted waits for the child's first line: a binary that can't start must not be taken for a bad file.
func (p *process) greeted() error {
	tooLate := time.AfterFunc(startTimeout, func() { _ = p.command.Process.Kill() })
	defer tooLate.Stop()
	var hello greeting
	if err := readLine(p.out, &hello); err != nil {
		return err
	}
	if hello.Version != protocolVersion {
		return fmt.Errorf("it speaks version %d, not %d", hello.Version, protocolVersion)
	}
	return nil
}

// kill ends the process and waits for it, so that none is left behind.
func (p *process) kill() {
	_ = p.in.Close()
	_ = p.command.Process.Kill() // it may have ended already
	_ = p.command.Wait()
}

// lastWords logs the beginning of what a dying child writes to its standard error: a Go runtime that runs
// out of memory prints pages of goroutines.
type lastWords struct {
	log     *slog.Logger
	written int
}

const maxLastWords = 500 // bytes

func (l *lastWords) Write(p []byte) (int, error) {
	if l.written < maxLastWords {
		text := p[:min(len(p), maxLastWords-l.written)]
		l.written += len(text)
		l.log.Warn("the text extractor says", "text", string(text))
	}
	return len(p), nil
}
