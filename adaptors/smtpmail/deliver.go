package smtpmail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// farewell is how long a server that has taken a mail may take to say goodbye.
const farewell = time.Second

// deliver sends a letter over a connection of its own.
func (m *Mailer) deliver(ctx context.Context, l *letter) error {
	line, err := m.dial(ctx)
	if err != nil {
		return explain(connecting, err)
	}
	defer line.Close() // before the end of the mail is said, so that half of one is never taken
	client, err := m.greet(ctx, line)
	if err != nil {
		return err
	}
	if err := transmit(client, l); err != nil {
		return err
	}
	line.silence = min(line.silence, farewell)
	_ = client.Quit() // the mail is theirs now
	return nil
}

func (m *Mailer) dial(ctx context.Context) (*line, error) {
	ctx, cancel := context.WithTimeout(ctx, m.config.Timeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", m.address())
	if err != nil {
		return nil, err
	}
	return &line{Conn: conn, silence: m.config.Timeout, left: maxAnswers}, nil
}

// greet begins the conversation: it encrypts the line and signs in, where the
// config says so.
func (m *Mailer) greet(ctx context.Context, l *line) (*smtp.Client, error) {
	l.stop = context.AfterFunc(ctx, func() { _ = l.Conn.Close() })
	var conn net.Conn = l
	if m.config.TLS == implicit {
		encrypted := tls.Client(l, m.tls)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, explain(encrypting, err)
		}
		conn = encrypted
	}
	client, err := smtp.NewClient(conn, m.config.Host)
	if err != nil {
		return nil, explain(greeting, err)
	}
	if err := client.Hello(m.config.HelloName); err != nil {
		return nil, explain(greeting, err)
	}
	if m.config.TLS == startTLS {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return nil, explain(encrypting, errors.New("the server does not offer STARTTLS"))
		}
		if err := client.StartTLS(m.tls); err != nil {
			return nil, explain(encrypting, err)
		}
	}
	if m.config.Username == "" {
		return client, nil
	}
	return client, m.signIn(client)
}

// signIn proves who the config says it is, in the best way that the server
// offers. A password that goes as it is, goes encrypted or not out of the
// machine: Check sees to it.
func (m *Mailer) signIn(client *smtp.Client) error {
	user, password, host, open := m.config.Username, m.config.Password, m.config.Host, m.config.TLS == noTLS
	_, words := client.Extension("AUTH")
	offered := strings.Fields(words)
	for _, way := range []struct {
		name string
		auth smtp.Auth
	}{
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(user, password)},
		{"SCRAM-SHA-1", smtp.ScramSHA1Auth(user, password)},
		{"PLAIN", smtp.PlainAuth("", user, password, host, open)},
		{"LOGIN", smtp.LoginAuth(user, password, host, open)},
		{"CRAM-MD5", smtp.CRAMMD5Auth(user, password)},
	} {
		if slices.Contains(offered, way.name) {
			return explain(signingIn, client.Auth(way.auth))
		}
	}
	return explain(signingIn, errors.New("the server offers no way to sign in that is known: AUTH "+words))
}

// transmit hands a letter over. The server has it once that returns nil.
func transmit(client *smtp.Client, l *letter) error {
	if l.utf8 {
		if ok, _ := client.Extension("SMTPUTF8"); !ok {
			return explain(naming, errors.New("the server does not offer SMTPUTF8"))
		}
	}
	client.SkipSMTPUTF8(!l.utf8)
	if err := client.Mail(l.from); err != nil {
		return explain(naming, err)
	}
	if err := recipients(client, l.to); err != nil {
		return err
	}
	data, err := client.Data()
	if err != nil {
		return explain(writing, err)
	}
	if _, err := l.message.WriteTo(data); err != nil {
		return explain(writing, err)
	}
	return explain(ending, data.Close())
}

// recipients names those that the letter is for. Where the server refuses some,
// the error has all of these.
func recipients(client *smtp.Client, list []string) error {
	var refused []refusal
	for _, to := range list {
		err := client.Rcpt(to)
		if answer, ok := errors.AsType[*textproto.Error](err); ok {
			refused = append(refused, refusal{strings.Trim(to, "<>"), answer})
			continue
		}
		if err != nil && refused == nil {
			return explain(receiving, err)
		}
		if err != nil { // each of the others would wait as long for nothing
			break
		}
	}
	return refusedAll(refused)
}

// maxAnswers is how many bytes a server may say while it takes one mail.
const maxAnswers = 1 << 20

// line is a connection on which the other side must not be silent for long, nor
// talk without an end.
type line struct {
	net.Conn
	silence time.Duration
	left    int
	stop    func() bool
}

// Read is part of net.Conn.
func (l *line) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errors.New("the server says more than a mail server has to say")
	}
	if err := l.Conn.SetReadDeadline(time.Now().Add(l.silence)); err != nil {
		return 0, err
	}
	n, err := l.Conn.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// Write is part of net.Conn.
func (l *line) Write(p []byte) (int, error) {
	if err := l.Conn.SetWriteDeadline(time.Now().Add(l.silence)); err != nil {
		return 0, err
	}
	return l.Conn.Write(p)
}

// Close is part of net.Conn.
func (l *line) Close() error {
	if l.stop != nil {
		l.stop()
	}
	return l.Conn.Close()
}
