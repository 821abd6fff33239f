// Package smtptest has an SMTP server that keeps what it is sent, for tests. The
// program below it, catch, is the same for people.
package smtptest

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"slices"
	"sync"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// maxBytes is the largest mail that a server takes.
const maxBytes = 64 << 20

// Options say how a server behaves. The zero value takes all that comes.
type Options struct {
	TLS      *tls.Config       // offers STARTTLS
	Implicit bool              // TLS begins at once, without STARTTLS
	Users    map[string]string // names and passwords; nil takes mail of everybody. Passwords are asked for without TLS, too
	Received func(Mail)        // called with each mail, before the client is told

	// Before is called before the server does a command: "HELO", "AUTH", "MAIL",
	// "RCPT", "DATA", or "END" where the mail is all there. argument is what was
	// said, such as an address. An error is the answer: [Refusal] makes one. It
	// may block until ctx ends, with the server.
	Before func(ctx context.Context, command, argument string) error
}

// Refusal is an answer to a command: code is 400 to 599.
func Refusal(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: text}
}

// A Server keeps the mails that it is sent. Safe for concurrent use.
type Server struct {
	Address string // host:port

	options  Options
	listener net.Listener
	server   *smtp.Server
	end      context.CancelFunc
	ctx      context.Context // of all commands: until Close
	served   chan error

	mu      sync.Mutex
	mails   []Mail
	arrived chan struct{} // closed, and another, with each mail
}

// Listen starts a server. The port of address may be 0. The caller closes it.
func Listen(address string, o Options) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &Server{Address: listener.Addr().String(), options: o, listener: listener, served: make(chan error, 1), arrived: make(chan struct{})}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		if err := s.before("HELO", c.Hostname()); err != nil {
			return nil, err
		}
		return &session{server: s, conn: c}, nil
	}))
	s.server.Domain = "localhost"
	s.server.MaxMessageBytes = maxBytes
	s.server.MaxLineLength = 4096
	s.server.AllowInsecureAuth = true
	s.server.EnableSMTPUTF8 = true
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	s.server.TLSConfig = o.TLS
	if o.Implicit {
		listener = tls.NewListener(listener, o.TLS)
	}
	go func() { s.served <- s.server.Serve(listener) }()
	return s, nil
}

// Close ends the server and all connections to it.
func (s *Server) Close() error {
	s.end()
	err := s.server.Close() // which does not know of a listener that it does not serve yet
	if closed := s.listener.Close(); !errors.Is(closed, net.ErrClosed) {
		err = errors.Join(err, closed)
	}
	return errors.Join(err, <-s.served)
}

// Mails returns what has come so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Wait returns the mails once there are n of them, or those that came before ctx
// ended.
func (s *Server) Wait(ctx context.Context, n int) []Mail {
	for {
		s.mu.Lock()
		mails, arrived := slices.Clone(s.mails), s.arrived
		s.mu.Unlock()
		if len(mails) >= n {
			return mails
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return mails
		}
	}
}

func (s *Server) before(command, argument string) error {
	if s.options.Before == nil {
		return nil
	}
	return s.options.Before(s.ctx, command, argument)
}

func (s *Server) keep(m Mail) {
	if s.options.Received != nil {
		s.options.Received(m)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	close(s.arrived)
	s.arrived = make(chan struct{})
}

// session is one connection.
type session struct {
	server *Server
	conn   *smtp.Conn
	user   string
	mail   Mail
}

// AuthMechanisms is part of smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.server.options.Users == nil {
		return nil
	}
	return []string{sasl.Plain}
}

// Auth is part of smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := s.server.before("AUTH", user); err != nil {
			return err
		}
		if known, ok := s.server.options.Users[user]; !ok || known != password {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

// Mail is part of smtp.Session.
func (s *session) Mail(from string, o *smtp.MailOptions) error {
	if s.server.options.Users != nil && s.user == "" {
		return smtp.ErrAuthRequired
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.mail = Mail{From: from, User: s.user, TLS: encrypted, UTF8: o.UTF8}
	return s.server.before("MAIL", from)
}

// Rcpt is part of smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.server.before("RCPT", to); err != nil {
		return err
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

// Data is part of smtp.Session.
func (s *session) Data(r io.Reader) error {
	if err := s.server.before("DATA", ""); err != nil {
		return err
	}
	var data bytes.Buffer
	if _, err := data.ReadFrom(r); err != nil {
		return err
	}
	if err := s.server.before("END", ""); err != nil {
		return err
	}
	s.mail.Data = data.Bytes()
	s.server.keep(s.mail)
	return nil
}

// Reset is part of smtp.Session.
func (s *session) Reset() { s.mail = Mail{} }

// Logout is part of smtp.Session.
func (s *session) Logout() error { return nil }
