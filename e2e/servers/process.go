package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startTimeout is ample for a cold Java or Node on two busy cores; a server that fails ends sooner.
const startTimeout = 60 * time.Second

// keeper runs a server ("$@") until its own standard input closes, which the kernel does even when the
// test process is killed, then ends it with signal $SIGNAL. Whose parent is another than at the start has
// lost it: then nobody else is left to remove $FOLDER.
const keeper = `
exec 3<&0 </dev/null
"$@" & server=$!
{ cat <&3 >/dev/null; kill -"$SIGNAL" $server 2>/dev/null; } & watch=$!
wait $server; status=$?
while kill -0 $server 2>/dev/null; do wait $server; status=$?; done
kill $watch 2>/dev/null
[ "$(cut -d' ' -f4 /proc/$$/stat)" = "$PPID" ] || rm -rf "$FOLDER"
exit $status
`

// command is what to run and how it ends.
type command struct {
	args   []string
	env    []string       // beside the process's own
	signal syscall.Signal // that asks the server to end at once; 0 means SIGTERM
	folder string         // removed when the test process ends without having done so
}

// process is a running server with its children, in a process group of its own.
type process struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	output output
	ended  chan struct{} // closed when the server has ended
}

func start(c command) (*process, error) {
	signal := c.signal
	if signal == 0 {
		signal = syscall.SIGTERM
	}
	said, err := newOutput()
	if err != nil {
		return nil, err
	}
	p := &process{output: said, ended: make(chan struct{})}
	p.cmd = exec.Command("/bin/sh", append([]string{"-c", keeper, "keeper"}, c.args...)...)
	p.cmd.Env = append(append(os.Environ(), c.env...), fmt.Sprintf("SIGNAL=%d", signal), "FOLDER="+c.folder)
	p.cmd.Stdout, p.cmd.Stderr = said.File, said.File
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("servers: %w", err)
	}
	p.stdin = stdin
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("servers: start %s: %w", c.args[0], err)
	}
	go func() {
		_ = p.cmd.Wait() // the exit status says nothing that the output doesn't
		close(p.ended)
	}()
	return p, nil
}

// stop asks the server to end and waits for it; after 10 seconds it is killed.
func (p *process) stop() {
	p.signal(syscall.SIGCONT)
	_ = p.stdin.Close()
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
	}
	p.kill() // also children that outlive their server
}

// kill ends the server and its children without asking.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// signal reaches the server and all its children.
func (p *process) signal(s syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, s) }

// freeze stops the server and all its children where they stand. A signal is only asked for: a thread on another
// core could still answer, so freeze waits until each has stopped.
func (p *process) freeze() {
	p.signal(syscall.SIGSTOP)
	for deadline := time.Now().Add(5 * time.Second); p.runs() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// runs tells whether a thread of the server's process group is not stopped (proc_pid_stat(5)).
func (p *process) runs() bool {
	files, _ := filepath.Glob("/proc/[0-9]*/task/[0-9]*/stat") // the pattern is well formed
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) > 2 && fields[2] == strconv.Itoa(p.cmd.Process.Pid) && !strings.Contains("TZX", fields[0]) {
			return true
		}
	}
	return false
}

// ready waits until try succeeds. It fails with the server's output when the server ends first, or is not
// ready in time and is ended.
func (p *process) ready(try func() error) error {
	deadline := time.Now().Add(startTimeout)
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("servers: %s ended: %s", p.cmd.Args[4], p.output)
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.kill()
			return fmt.Errorf("servers: %s is not ready after %v: %w: %s", p.cmd.Args[4], startTimeout, err, p.output)
		}
	}
}

// accepts tells whether something listens on a port of the loopback.
func accepts(port int) func() error { return acceptsAt(address(port)) }

// acceptsAt tells whether something listens at an address.
func acceptsAt(address string) func() error {
	return func() error {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}

// address is "127.0.0.1:port".
func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// freePorts finds n different ports of the loopback that nobody listens on.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("servers: free port: %w", err)
		}
		defer listener.Close()
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

// run executes a program to its end; its output is the error's text.
func run(ctx context.Context, stdin io.Reader, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Stdin = stdin
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("servers: %s: %w: %s", args[0], err, bytes.TrimSpace(output))
	}
	return nil
}

// listening waits until the server accepts connections on all its ports.
func (p *process) listening(ports ...int) error {
	for _, port := range ports {
		if err := p.ready(accepts(port)); err != nil {
			return err
		}
	}
	return nil
}

// retryPorts runs a start on known ports, or on n free ones: again on others when it fails, since
// another process may take a port between its choice and its use.
func retryPorts(n int, known []int, start func(ports []int) error) error {
	if known != nil {
		return start(known)
	}
	var failures []error
	for range 3 {
		ports, err := freePorts(n)
		if err != nil {
			return err
		}
		if err := start(ports); err == nil {
			return nil
		} else {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// output is what a server says, in a file without a name: unlike a pipe, it lets the server's children
// outlive it a moment without holding us.
type output struct{ *os.File }

func newOutput() (output, error) {
	file, err := os.CreateTemp("", "parvis-output-")
	if err != nil {
		return output{}, fmt.Errorf("servers: output: %w", err)
	}
	return output{file}, os.Remove(file.Name())
}

// String is the output, without its middle when it is long.
func (o output) String() string {
	info, err := o.Stat()
	if err != nil {
		return err.Error()
	}
	const half = 2 << 10
	if info.Size() <= 2*half {
		return o.read(0, info.Size())
	}
	return o.read(0, half) + "\n…\n" + o.read(info.Size()-half, half)
}

// whole is all of the output.
func (o output) whole() string {
	info, err := o.Stat()
	if err != nil {
		return err.Error()
	}
	return o.read(0, info.Size())
}

// read returns up to size octets from an offset.
func (o output) read(offset, size int64) string {
	text := make([]byte, size)
	n, _ := o.ReadAt(text, offset)
	return string(bytes.TrimSpace(text[:n]))
}
