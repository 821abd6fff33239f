package smtpmail_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/smtpmail"
	"github.com/seed90475182/restspace/adaptors/smtpmail/smtptest"
	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/runtime/tlstest"
)

// fails holds err to be what a client is told.
func fails(t *testing.T, err error, status int, detail, stage string, code any) {
	t.Helper()
	require.Error(t, err)
	e := bus.Classify(err)
	assert.Equal(t, status, e.Status, "%v", err)
	assert.NotEmpty(t, e.Type, "or else the detail is not shown")
	assert.Equal(t, detail, e.Detail)
	assert.Equal(t, stage, e.Members["stage"])
	assert.Equal(t, code, e.Members["code"])
	assert.NotContains(t, e.Detail, "inner", "what the server says")
}

// commands are those that a server can refuse, with the stage and what is wrong.
var commands = []struct{ command, stage, wrong string }{
	{"HELO", "greeting", "the mail server takes no mail"},
	{"AUTH", "sign-in", "the mail server does not let this server sign in"},
	{"MAIL", "sender", "the mail server does not take the sender"},
	{"RCPT", "recipient", "the mail server does not take the recipients"},
	{"DATA", "end", "the mail server does not say that it has the mail"},
	{"END", "end", "the mail server does not say that it has the mail"},
}

func users(c *smtpmail.Config) { c.Username, c.Password = "shop", "secret" }

func TestRefusedInEachStage(t *testing.T) {
	for _, row := range commands {
		t.Run(row.command, func(t *testing.T) {
			s := listen(t, smtptest.Options{
				Users: map[string]string{"shop": "secret"},
				Before: func(_ context.Context, command, _ string) error {
					if command == row.command {
						return smtptest.Refusal(451, "inner words")
					}
					return nil
				},
			})
			err := open(t, s.Address, users).Send(t.Context(), simple())
			detail := row.wrong + ": it answers 451"
			if row.command == "RCPT" {
				detail = "the mail server refuses ann@example.com (451): nothing was sent to anybody"
			}
			fails(t, err, 502, detail, row.stage, 451)
			assert.ErrorContains(t, err, "inner words", "for the log")
			assert.Empty(t, s.Mails())
		})
	}
}

func TestSilentInEachStage(t *testing.T) {
	for _, row := range commands {
		t.Run(row.command, func(t *testing.T) {
			s := listen(t, smtptest.Options{
				Users: map[string]string{"shop": "secret"},
				Before: func(ctx context.Context, command, _ string) error {
					if command == row.command {
						<-ctx.Done()
						return smtptest.Refusal(421, "inner: too late")
					}
					return nil
				},
			})
			err := open(t, s.Address, users, func(c *smtpmail.Config) { c.Timeout = 500 * time.Millisecond }).Send(t.Context(), simple())
			detail := row.wrong + " in time"
			if row.stage == "end" {
				detail += ": it is not known whether it was sent"
			}
			fails(t, err, 504, detail, row.stage, nil)
		})
	}
}

func TestTheContextEndsEachStage(t *testing.T) {
	for _, row := range commands {
		t.Run(row.command, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			s := listen(t, smtptest.Options{
				Users: map[string]string{"shop": "secret"},
				Before: func(until context.Context, command, _ string) error {
					if command == row.command {
						cancel()
						<-until.Done()
						return smtptest.Refusal(421, "too late")
					}
					return nil
				},
			})
			assert.ErrorIs(t, open(t, s.Address, users).Send(ctx, simple()), context.Canceled)
		})
	}
}

func TestSomeRecipientsAreRefused(t *testing.T) {
	s := listen(t, smtptest.Options{Before: func(_ context.Context, command, argument string) error {
		switch {
		case command == "RCPT" && strings.HasPrefix(argument, "bo"):
			return smtptest.Refusal(550, "no such inner user")
		case command == "RCPT" && strings.HasPrefix(argument, "di"):
			return smtptest.Refusal(450, "full")
		}
		return nil
	}})
	m := simple()
	m.Cc, m.Bcc = []string{"bo@example.com", "cy@example.com"}, []string{"di@example.com"}
	err := open(t, s.Address).Send(t.Context(), m)
	fails(t, err, 502, "the mail server refuses bo@example.com (550), di@example.com (450): nothing was sent to anybody", "recipient", 550)
	assert.Equal(t, []map[string]any{{"address": "bo@example.com", "code": 550}, {"address": "di@example.com", "code": 450}}, bus.Classify(err).Members["recipients"])
	assert.ErrorContains(t, err, "no such inner user")
	assert.ErrorIs(t, err, adaptors.ErrRecipient)
	assert.Empty(t, s.Mails())
}

func TestServerThatRefusesOneAndFallsSilent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	asked := make(chan int, 1)
	go func() {
		named := 0
		defer func() { asked <- named }()
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "220 hello\r\n")
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			answer := "250 ok\r\n"
			if strings.HasPrefix(lines.Text(), "RCPT") {
				if named++; named > 1 {
					continue
				}
				answer = "550 no such inner user\r\n"
			}
			_, _ = io.WriteString(conn, answer)
		}
	}()
	m := simple()
	m.Cc = []string{"bo@example.com", "cy@example.com", "di@example.com"}
	err = open(t, listener.Addr().String(), func(c *smtpmail.Config) { c.Timeout = 100 * time.Millisecond }).Send(t.Context(), m)
	fails(t, err, 502, "the mail server refuses ann@example.com (550): nothing was sent to anybody", "recipient", 550)
	assert.Equal(t, 2, <-asked, "nobody is named to a server that does not answer")
}

// talk is a server that says what it is told: in turn what it says, and what the
// client's next line begins with; "..." is any lines until one that is a point.
// Then it closes the connection.
func talk(t *testing.T, conversation ...string) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		lines := bufio.NewScanner(conn)
		for i, line := range conversation {
			if i%2 == 0 {
				_, _ = io.WriteString(conn, line+"\r\n")
				continue
			}
			for lines.Scan() && line == "..." && lines.Text() != "." {
			}
			if line != "..." && !strings.HasPrefix(lines.Text(), line) {
				return
			}
		}
	}()
	t.Cleanup(func() { listener.Close(); <-ended })
	return listener.Addr().String()
}

func TestBrokenInEachStage(t *testing.T) {
	whole := []string{"220 hello", "EHLO", "250 mail", "MAIL", "250 ok", "RCPT", "250 ok", "DATA", "354 go on", "...", "250 taken", "QUIT", "221 bye"}
	for n, want := range map[int][2]string{
		1: {"greeting", "the mail server takes no mail"},
		3: {"sender", "the mail server does not take the sender"},
		5: {"recipient", "the mail server does not take the recipients"},
		7: {"content", "the mail server does not take the mail"},
		9: {"end", "the mail server does not say that it has the mail: it is not known whether it was sent"},
	} {
		t.Run(want[0], func(t *testing.T) {
			fails(t, open(t, talk(t, whole[:n+1]...)).Send(t.Context(), simple()), 502, want[1], want[0], nil)
		})
	}
	require.NoError(t, open(t, talk(t, whole[:11]...)).Send(t.Context(), simple()), "what comes after the mail was taken does not matter")
	require.NoError(t, open(t, talk(t, whole...)).Send(t.Context(), simple()))
}

func TestServersThatAreNone(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	soon := func(c *smtpmail.Config) { c.Timeout = 100 * time.Millisecond }
	fails(t, open(t, listener.Addr().String(), soon).Send(t.Context(), simple()), 504, "the mail server takes no mail in time", "greeting", nil)
	implicit := func(c *smtpmail.Config) { c.TLS = "tls" }
	fails(t, open(t, listener.Addr().String(), soon, implicit).Send(t.Context(), simple()), 504, "there is no encryption with the mail server in time", "tls", nil)

	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	err = open(t, closed.Addr().String()).Send(t.Context(), simple())
	fails(t, err, 502, "the mail server can't be reached", "connect", nil)
	assert.Equal(t, bus.TypeUnreachable, bus.Classify(err).Type)

	fails(t, open(t, talk(t, "HTTP/1.1 200 OK")).Send(t.Context(), simple()), 502, "the mail server takes no mail", "greeting", nil)
	fails(t, open(t, talk(t, "554 go inner away")).Send(t.Context(), simple()), 502, "the mail server takes no mail: it answers 554", "greeting", 554)
	err = open(t, talk(t, strings.Repeat("220-more\r\n", 200_000))).Send(t.Context(), simple())
	fails(t, err, 502, "the mail server takes no mail", "greeting", nil)
	assert.ErrorContains(t, err, "more than a mail server has to say")
}

// trusting has a client believe in p.
func trusting(t *testing.T, p tlstest.Pair, mode string) func(*smtpmail.Config) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, p.Cert, 0o600))
	return func(c *smtpmail.Config) { c.TLS, c.CAFile = mode, file }
}

func TestEncrypts(t *testing.T) {
	pair, other := tlstest.New(t, "127.0.0.1"), tlstest.New(t, "127.0.0.1")
	for _, mode := range []string{"starttls", "tls"} {
		t.Run(mode, func(t *testing.T) {
			o := smtptest.Options{TLS: &tls.Config{Certificates: []tls.Certificate{*pair.Certificate(t)}}, Implicit: mode == "tls", Users: map[string]string{"shop": "secret"}}
			s := listen(t, o)
			require.NoError(t, open(t, s.Address, trusting(t, pair, mode), users).Send(t.Context(), simple()))
			require.Len(t, s.Mails(), 1)
			assert.True(t, s.Mails()[0].TLS)
			assert.Equal(t, "shop", s.Mails()[0].User)
			for _, believes := range []func(*smtpmail.Config){trusting(t, other, mode), func(c *smtpmail.Config) { c.TLS = mode }} {
				fails(t, open(t, s.Address, believes, users).Send(t.Context(), simple()), 502, "there is no encryption with the mail server", "tls", nil)
			}
			fails(t, open(t, s.Address, trusting(t, pair, mode), func(c *smtpmail.Config) { c.Username, c.Password = "shop", "wrong" }).Send(t.Context(), simple()),
				502, "the mail server does not let this server sign in: it answers 535", "sign-in", 535)
		})
	}
	plain := listen(t, smtptest.Options{Users: map[string]string{"shop": "secret"}})
	err := open(t, plain.Address, trusting(t, pair, "starttls"), users).Send(t.Context(), simple())
	fails(t, err, 502, "there is no encryption with the mail server", "tls", nil)
	assert.ErrorContains(t, err, "does not offer STARTTLS")
}

func TestWaysToSignIn(t *testing.T) {
	rest := []string{"MAIL", "250 ok", "RCPT", "250 ok", "DATA", "354 go on", "...", "250 taken", "QUIT", "221 bye"}
	for name, auth := range map[string][]string{
		"LOGIN":              {"AUTH LOGIN", "334 VXNlcm5hbWU6", "c2hvcA==", "334 UGFzc3dvcmQ6", "c2VjcmV0", "235 ok"},
		"PLAIN LOGIN":        {"AUTH PLAIN AHNob3AAc2VjcmV0", "235 ok"},
		"CRAM-MD5":           {"AUTH CRAM-MD5", "334 PDE+", "c2hvcC", "235 ok"},
		"NTLM XOAUTH2 LOGIN": {"AUTH LOGIN", "334 VXNlcm5hbWU6", "c2hvcA==", "334 UGFzc3dvcmQ6", "c2VjcmV0", "235 ok"},
	} {
		conversation := append(append([]string{"220 hello", "EHLO", "250-mail\r\n250 AUTH " + name}, auth...), rest...)
		assert.NoError(t, open(t, talk(t, conversation...), users).Send(t.Context(), simple()), name)
	}
	err := open(t, talk(t, "220 hello", "EHLO", "250-mail\r\n250 AUTH NTLM"), users).Send(t.Context(), simple())
	fails(t, err, 502, "the mail server does not let this server sign in", "sign-in", nil)
	err = open(t, talk(t, "220 hello", "EHLO", "250-mail\r\n250 AUTH SCRAM-SHA-256 PLAIN", "AUTH SCRAM-SHA-256", "535 no"), users).Send(t.Context(), simple())
	fails(t, err, 502, "the mail server does not let this server sign in: it answers 535", "sign-in", 535)
}
