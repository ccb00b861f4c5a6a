package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"parvis/demo"
	"parvis/e2e/dav/probe"
)

// server is a process that serves DAV.
type server struct {
	url     string
	people  []probe.Account
	command *exec.Cmd
	dir     string
}

func (s *server) stop() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
	_ = os.RemoveAll(s.dir)
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// start runs a program until an address of it answers.
func start(dir, address, ready string, patience time.Duration, name string, args ...string) (*server, error) {
	s := &server{url: "http://" + address, command: exec.Command(name, args...), dir: dir}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if answer, err := http.Get(s.url + ready); err == nil {
			answer.Body.Close()
			if answer.StatusCode < 500 {
				return s, nil
			}
		}
	}
	s.stop()
	return nil, errors.New(name + " does not answer")
}

func startParvis(program string) (*server, error) {
	dir, err := os.MkdirTemp("", "bench-dav")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s, err := start(dir, address, "/readyz", 3*time.Minute, program, "demo", "--listen", address, "--data", dir, "--scale", strconv.Itoa(pollers/perCollectivity))
	if err != nil {
		return nil, err
	}
	file, err := demo.ReadFile(dir)
	if err != nil {
		s.stop()
		return nil, err
	}
	for _, account := range file.Accounts {
		s.people = append(s.people, probe.Account{Login: account.Login, Password: account.AppPassword})
	}
	return s, nil
}

// startRadicale is Debian's package with its files written as it writes them: by requests it would take minutes.
func startRadicale(events int) (*server, error) {
	program, err := exec.LookPath("radicale")
	if err != nil {
		return nil, errors.New("radicale is not installed: nothing to compare with")
	}
	dir, err := os.MkdirTemp("", "bench-radicale")
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, "collection-root", "me", "personal")
	files := map[string]string{
		filepath.Join(folder, ".Radicale.props"): `{"tag": "VCALENDAR"}`,
		filepath.Join(dir, "users"):              "me:x\nother:y\n",
	}
	for i := range events {
		files[filepath.Join(folder, name(i))] = event(i)
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	files[filepath.Join(dir, "config")] = fmt.Sprintf("[server]\nhosts = %s\n[auth]\ntype = htpasswd\nhtpasswd_filename = %s/users\nhtpasswd_encryption = plain\ndelay = 0\n"+
		"[storage]\nfilesystem_folder = %s\n[logging]\nlevel = critical\n", address, dir, dir)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	s, err := start(dir, address, "/", time.Minute, program, "--config", filepath.Join(dir, "config"))
	if err != nil {
		return nil, err
	}
	s.people = []probe.Account{{Login: "me", Password: "x"}, {Login: "other", Password: "y"}}
	return s, nil
}

// cpu is the processor's time of the process and of its ended children, in ticks of 10 ms.
func (s *server) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.command.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')'):]))
	user, _ := strconv.Atoi(fields[12])
	system, _ := strconv.Atoi(fields[13])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory is what the process held at the most, and holds, resident.
func (s *server) memory() string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	held := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 1 {
			held[fields[0]], _ = strconv.Atoi(fields[1])
		}
	}
	return fmt.Sprintf("%d MB, %d MB", held["VmHWM:"]/1024, held["VmRSS:"]/1024)
}
