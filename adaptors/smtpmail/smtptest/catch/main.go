// Command catch is an SMTP server that delivers nothing: it prints who sends
// what to whom, and keeps the mails as files if it is told where.
//
//	go run ./adaptors/smtpmail/smtptest/catch -listen 127.0.0.1:1025 -dir mails
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/seed90475182/restspace/adaptors/smtpmail/smtptest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "catch:", err)
		os.Exit(1)
	}
}

// run catches mail until ctx ends.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("catch", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:1025", "the address to listen on")
	dir := flags.String("dir", "", "a directory for the mails: 1.eml, 2.eml and so on")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir != "" {
		if err := os.MkdirAll(*dir, 0o700); err != nil {
			return err
		}
	}
	c := &catcher{dir: *dir, out: out}
	server, err := smtptest.Listen(*listen, smtptest.Options{Received: c.received})
	if err != nil {
		return err
	}
	c.print("listening on %s", server.Address)
	<-ctx.Done()
	return server.Close()
}

// catcher tells of mails.
type catcher struct {
	dir string
	out io.Writer

	mu    sync.Mutex
	count int
}

func (c *catcher) received(m smtptest.Mail) {
	subject, err := m.Header("Subject")
	if err != nil {
		subject = err.Error()
	}
	c.print("%s -> %s: %q", m.From, strings.Join(m.To, ", "), subject)
	if c.dir == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	name := filepath.Join(c.dir, fmt.Sprintf("%d.eml", c.count))
	if err := os.WriteFile(name, m.Data, 0o600); err != nil {
		fmt.Fprintln(c.out, err)
	}
}

func (c *catcher) print(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.out, format+"\n", args...)
}
