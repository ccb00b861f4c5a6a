package calendar

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// peerEvents is a hundredth of ours: with 2,000, filling its cache took more than five minutes of a
// busy machine.
const peerEvents = 100

// radicale is a peer on such a calendar: Debian's package, its files written as it writes them.
type radicale struct {
	url string
	pid int
}

func startRadicale(b *testing.B) radicale {
	b.Helper()
	program, err := exec.LookPath("radicale")
	if err != nil {
		b.Skip("radicale is not installed: nothing to compare with")
	}
	dir := b.TempDir()
	folder := filepath.Join(dir, "collection-root", "claire", "personal")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	write(".Radicale.props", `{"tag": "VCALENDAR"}`)
	for i := range peerEvents {
		write(fmt.Sprintf("event-%05d.ics", i), event(i))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	config := filepath.Join(dir, "config")
	text := fmt.Sprintf("[server]\nhosts = %s\n[auth]\ntype = none\n[storage]\nfilesystem_folder = %s\n[logging]\nlevel = error\n", address, dir)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
	command := exec.Command(program, "--config", config)
	if err := command.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	r := radicale{"http://" + address, command.Process.Pid}
	for range 100 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return r
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.Fatal("radicale does not answer")
	return r
}

// cpu reads user and system time, in ticks of 10 ms.
func (r radicale) cpu(b *testing.B) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')'):]))
	user, _ := strconv.Atoi(fields[12])
	system, _ := strconv.Atoi(fields[13])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func (r radicale) ask(b *testing.B, method, path, depth, body string) (int, string) {
	request, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	request.SetBasicAuth("claire", "x")
	request.Header.Set("Depth", depth)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func BenchmarkRadicale(b *testing.B) {
	r := startRadicale(b)
	r.ask(b, "REPORT", "/claire/personal/", "1", weekBody) // fills its caches
	serial := peerEvents
	run := func(name string, status int, method string, one func() (path, depth, body string)) {
		b.Run(name, func(b *testing.B) {
			begun, n := r.cpu(b), 0
			for b.Loop() {
				path, depth, body := one()
				if got, text := r.ask(b, method, path, depth, body); got != status {
					b.Fatalf("status %d: %.300s", got, text)
				}
				n++
			}
			b.ReportMetric(float64(r.cpu(b)-begun)/1e6/float64(n), "cpu-ms/op")
		})
	}
	run("put", 201, "PUT", func() (string, string, string) {
		serial++
		return fmt.Sprintf("/claire/personal/event-%05d.ics", serial), "0", event(serial)
	})
	run("propfind-100", 207, "PROPFIND", func() (string, string, string) { return "/claire/personal/", "1", listBody })
	run("week", 207, "REPORT", func() (string, string, string) { return "/claire/personal/", "1", weekBody })
	run("ctag", 207, "PROPFIND", func() (string, string, string) { return "/claire/personal/", "0", ctagBody })
}
