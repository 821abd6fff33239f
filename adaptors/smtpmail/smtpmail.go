package smtpmail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/seed90475182/restspace/adaptors"
)

// A Mailer sends mail over SMTP. It is made by [Open]. Safe for concurrent use.
type Mailer struct {
	config Config
	tls    *tls.Config
	free   chan struct{} // has room for the mails that are on their way
}

// Open returns the mailer of a config. It connects to nothing: a mail server
// that is down is an error of Send.
func Open(c Config) (*Mailer, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	m := &Mailer{config: c, tls: &tls.Config{ServerName: c.Host, MinVersion: tls.VersionTLS12}, free: make(chan struct{}, c.Connections)}
	if c.CAFile != "" {
		data, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("caFile: %w", err)
		}
		m.tls.RootCAs = x509.NewCertPool()
		if !m.tls.RootCAs.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("caFile: %s has no certificate: write a PEM file", c.CAFile)
		}
	}
	if c.HelloName == "" {
		name, err := os.Hostname()
		if err != nil || !isHost(name) {
			name = "localhost"
		}
		m.config.HelloName = name
	}
	return m, nil
}

// address is what is dialed.
func (m *Mailer) address() string {
	return net.JoinHostPort(m.config.Host, strconv.Itoa(m.config.port()))
}

// Send is part of adaptors.Mailer. Its errors are a *bus.Error with the stage in
// which the mail failed, those of ctx, or of the bodies.
func (m *Mailer) Send(ctx context.Context, mail adaptors.Mail) error {
	defer func() { _ = mail.Close() }()
	letter, err := compose(&mail)
	if err != nil {
		return err
	}
	select {
	case m.free <- struct{}{}:
		defer func() { <-m.free }()
	case <-ctx.Done():
		return ctx.Err()
	}
	err = m.deliver(ctx, letter)
	if gone := ctx.Err(); err != nil && gone != nil {
		return gone
	}
	return err
}
