package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"parvis/portal"
	"parvis/portal/web"
)

// stopping is how long answers under way may take once asked to stop.
const stopping = 15 * time.Second

// Listen takes the address to serve on. A taken port is said in a sentence.
func Listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w: another program already listens on %s; stop it, or choose another address", portal.ErrConflict, address)
	}
	if err != nil {
		return nil, fmt.Errorf("server: listen on %s: %w", address, err)
	}
	return listener, nil
}

// Run serves on listener until ctx ends, then lets the answers under way end.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	serving := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: web.WriteTimeout, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	if s.Config.TLS.Certificate != "" {
		pair := &certificate{certFile: s.Config.TLS.Certificate, keyFile: s.Config.TLS.Key}
		if _, err := pair.get(nil); err != nil {
			return err
		}
		listener = tls.NewListener(listener, &tls.Config{GetCertificate: pair.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	}
	s.Start()
	ended := make(chan error, 1)
	go func() { ended <- serving.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("server: %w", err)
	case <-ctx.Done():
	}
	s.log.Info("stopping")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopping)
	defer cancel()
	if err := serving.Shutdown(ctx); err != nil {
		// Whoever still reads is left, before the store closes under her.
		return errors.Join(err, serving.Close())
	}
	return nil
}

// certificate is a certificate in files, read again when they change, so that
// a renewal needs no restart.
type certificate struct {
	certFile, keyFile string
	mu                sync.Mutex
	pair              *tls.Certificate
	read              time.Time // modification time of the file that was read
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	info, err := os.Stat(c.certFile)
	if err == nil && c.pair != nil && info.ModTime().Equal(c.read) {
		return c.pair, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.certFile, c.keyFile); err == nil {
			c.pair, c.read = &pair, info.ModTime()
			return c.pair, nil
		}
	}
	if c.pair != nil {
		return c.pair, nil // half-way through a renewal: the old one still serves
	}
	return nil, fmt.Errorf("server: certificate: %w", err)
}
