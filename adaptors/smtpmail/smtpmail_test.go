package smtpmail_test

import (
	"context"
	"io"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/smtpmail"
	"github.com/seed90475182/restspace/adaptors/smtpmail/smtptest"
	"github.com/seed90475182/restspace/bus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// listen starts a server that takes mail.
func listen(t *testing.T, o smtptest.Options) *smtptest.Server {
	t.Helper()
	s, err := smtptest.Listen("127.0.0.1:0", o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// open returns a mailer for a server, without encryption unless change says so.
func open(t *testing.T, address string, change ...func(*smtpmail.Config)) *smtpmail.Mailer {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	c := smtpmail.NewConfig()
	c.Host, c.TLS = host, "none"
	c.Port, err = strconv.Atoi(port)
	require.NoError(t, err)
	for _, f := range change {
		f(c)
	}
	m, err := smtpmail.Open(*c)
	require.NoError(t, err)
	return m
}

func text(s string) *bus.Body { return bus.NewBody([]byte(s), "text/plain; charset=utf-8") }

// simple is a mail that has nothing but what it needs.
func simple() adaptors.Mail {
	return adaptors.Mail{From: "shop@example.com", To: []string{"ann@example.com"}, Subject: "hello", Body: text("Dear Ann")}
}

func TestSendsAllOfAMail(t *testing.T) {
	s := listen(t, smtptest.Options{})
	file := strings.Repeat("\x00\xff binary\r\n.\r\n", 10_000)
	require.NoError(t, open(t, s.Address).Send(t.Context(), adaptors.Mail{
		ID:      "1@example.com",
		From:    (&mail.Address{Name: "Käse & Co", Address: "shop@example.com"}).String(),
		ReplyTo: []string{"help@example.com"},
		To:      []string{(&mail.Address{Name: `Ann "Ä" Lee`, Address: "ann@example.com"}).String(), "bo@example.com"},
		Cc:      []string{"cy@example.com", "ann@example.com"},
		Bcc:     []string{"di@example.com"},
		Subject: "Grüße 🙂 " + strings.Repeat("und noch mehr ", 20),
		Body:    text("Liebe Ann,\n.\n\nüber dich\n" + strings.Repeat("x", 3000)),
		HTML:    bus.NewBody([]byte("<p>Liebe Ann, ü"), "text/html"),
		Attachments: []adaptors.Attachment{
			{Name: `Übersicht "1".pdf`, Body: bus.NewStream(io.NopCloser(strings.NewReader(file)), -1, "application/pdf")},
			{Name: "no type", Body: bus.NewBody([]byte("x"), "")},
		},
	}))
	mails := s.Mails()
	require.Len(t, mails, 1)
	m := mails[0]
	assert.Equal(t, "shop@example.com", m.From)
	assert.Equal(t, []string{"ann@example.com", "bo@example.com", "cy@example.com", "di@example.com"}, m.To, "each once")
	assert.NotContains(t, string(m.Data), "di@example.com")
	assert.NotContains(t, strings.ToLower(string(m.Data)), "bcc:")
	for name, want := range map[string]string{
		"Subject":    "Grüße 🙂 " + strings.Repeat("und noch mehr ", 20),
		"From":       `"Käse & Co" <shop@example.com>`,
		"To":         `"Ann \"Ä\" Lee" <ann@example.com>, <bo@example.com>`,
		"Cc":         "<cy@example.com>, <ann@example.com>",
		"Reply-To":   "<help@example.com>",
		"Message-Id": "<1@example.com>",
		"User-Agent": "", "X-Mailer": "", "Sender": "",
	} {
		got, err := m.Header(name)
		require.NoError(t, err)
		if name == "From" || name == "To" { // quoted or not, as it was encoded
			got, want = strings.NewReplacer(`"`, "", `\`, "").Replace(got), strings.NewReplacer(`"`, "", `\`, "").Replace(want)
		}
		assert.Equal(t, strings.TrimSpace(want), strings.TrimSpace(got), name)
	}
	date, err := m.Header("Date")
	require.NoError(t, err)
	at, err := mail.ParseDate(date)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), at, time.Hour)
	header, _, _ := strings.Cut(string(m.Data), "\r\n\r\n")
	assert.NotRegexp(t, `[^\x00-\x7f]`, header)

	parts, err := m.Parts()
	require.NoError(t, err)
	require.Len(t, parts, 4)
	assert.Equal(t, "Liebe Ann,\r\n.\r\n\r\nüber dich\r\n"+strings.Repeat("x", 3000), string(parts[0].Content))
	assert.Equal(t, "<p>Liebe Ann, ü", string(parts[1].Content))
	assert.True(t, string(parts[2].Content) == file, "other bytes came")
	for i := range parts {
		parts[i].Content = nil
	}
	assert.Equal(t, []smtptest.Part{
		{MediaType: "text/plain", Inside: "multipart/mixed multipart/alternative"},
		{MediaType: "text/html", Inside: "multipart/mixed multipart/alternative"},
		{MediaType: "application/pdf", Inside: "multipart/mixed", Name: `Übersicht _1_.pdf`},
		{MediaType: "application/octet-stream", Inside: "multipart/mixed", Name: "no type"},
	}, parts)
}

func TestSendsHTMLAlone(t *testing.T) {
	s := listen(t, smtptest.Options{})
	m := simple()
	m.Body = bus.NewBody([]byte("<p>hello"), "text/html; charset=utf-8")
	require.NoError(t, open(t, s.Address).Send(t.Context(), m))
	parts, err := s.Mails()[0].Parts()
	require.NoError(t, err)
	assert.Equal(t, []smtptest.Part{{MediaType: "text/html", Content: []byte("<p>hello\r\n")}}, parts)
	id, err := s.Mails()[0].Header("Message-ID")
	require.NoError(t, err)
	assert.NotEmpty(t, id)
}

func TestAddressesOfOtherLetters(t *testing.T) {
	s := listen(t, smtptest.Options{})
	m := simple()
	m.To = []string{"ann@bücher.example", `"a b"@example.com`}
	require.NoError(t, open(t, s.Address).Send(t.Context(), m))
	assert.Equal(t, []string{"ann@xn--bcher-kva.example", "a b@example.com"}, s.Mails()[0].To)
	assert.False(t, s.Mails()[0].UTF8, "plain ASCII")
	m = simple()
	m.To = []string{"änn@example.com"}
	require.NoError(t, open(t, s.Address).Send(t.Context(), m))
	assert.Equal(t, []string{"änn@example.com"}, s.Mails()[1].To)
	assert.True(t, s.Mails()[1].UTF8)

	old := talk(t, "220 hello", "EHLO", "250-mail\r\n250 8BITMIME", "QUIT", "221 bye")
	m = simple()
	m.To = []string{"änn@example.com"}
	fails(t, open(t, old).Send(t.Context(), m), 502, "the mail server does not take the sender", "sender", nil)
}

func TestBadMails(t *testing.T) {
	s := listen(t, smtptest.Options{})
	for name, change := range map[string]func(*adaptors.Mail){
		`address "ann"`:      func(m *adaptors.Mail) { m.To = []string{"ann"} },
		`address "a@b, c@d"`: func(m *adaptors.Mail) { m.Cc = []string{"a@b, c@d"} },
		`address ""`:         func(m *adaptors.Mail) { m.From = "" },
		"a@b\\r\\nBcc: x@y":  func(m *adaptors.Mail) { m.From = "a@b\r\nBcc: x@y" },
		`attachment "half": unexpected`: func(m *adaptors.Mail) {
			m.Attachments = []adaptors.Attachment{{Name: "half", Body: bus.NewStream(io.NopCloser(strings.NewReader("h")), 2, "")}}
		},
	} {
		m := simple()
		change(&m)
		err := open(t, s.Address).Send(t.Context(), m)
		if assert.Error(t, err, name) && !strings.HasPrefix(name, "attachment") {
			assert.ErrorContains(t, err, name)
		}
	}
	m := simple()
	m.Subject = "x\r\nBcc: di@example.com\r\n\r\nother"
	require.NoError(t, open(t, s.Address).Send(t.Context(), m))
	require.Len(t, s.Mails(), 1)
	assert.NotContains(t, string(s.Mails()[0].Data), "\r\nBcc")
	bcc, err := s.Mails()[0].Header("Bcc")
	require.NoError(t, err)
	assert.Empty(t, bcc)
}

func TestClosesTheBodies(t *testing.T) {
	var closed []string
	body := func(name string) *bus.Body {
		b := text("x")
		b.OnClose(func() { closed = append(closed, name) })
		return b
	}
	m := adaptors.Mail{From: "nobody", Body: body("text"), HTML: body("html"), Attachments: []adaptors.Attachment{{Body: body("file")}}}
	require.Error(t, open(t, "127.0.0.1:1").Send(t.Context(), m))
	assert.Equal(t, []string{"text", "html", "file"}, closed)
}

func TestSendsSoManyAtOneTime(t *testing.T) {
	var now, most atomic.Int32
	s := listen(t, smtptest.Options{Before: func(_ context.Context, command, _ string) error {
		if command == "DATA" {
			n := now.Add(1)
			for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
			}
			time.Sleep(20 * time.Millisecond) // for others to come
			now.Add(-1)
		}
		return nil
	}})
	mailer := open(t, s.Address, func(c *smtpmail.Config) { c.Connections = 2 })
	sent := make(chan error, 8)
	for range cap(sent) {
		go func() { sent <- mailer.Send(t.Context(), simple()) }()
	}
	for range cap(sent) {
		require.NoError(t, <-sent)
	}
	assert.Len(t, s.Mails(), 8)
	assert.EqualValues(t, 2, most.Load())
}

func TestTheContextEndsTheWaitForATurn(t *testing.T) {
	at, release := make(chan struct{}), make(chan struct{})
	s := listen(t, smtptest.Options{Before: func(_ context.Context, command, _ string) error {
		if command == "DATA" {
			at <- struct{}{}
			<-release
		}
		return nil
	}})
	mailer := open(t, s.Address, func(c *smtpmail.Config) { c.Connections = 1 })
	sent := make(chan error, 1)
	go func() { sent <- mailer.Send(t.Context(), simple()) }()
	<-at
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, mailer.Send(ctx, simple()), context.DeadlineExceeded)
	close(release)
	require.NoError(t, <-sent)
	assert.Len(t, s.Mails(), 1)
}

func TestConfig(t *testing.T) {
	for says, change := range map[string]func(*smtpmail.Config){
		"":                                func(*smtpmail.Config) {},
		`"host" is missing`:               func(c *smtpmail.Config) { c.Host = "" },
		`"host" is "mail.example.com:2`:   func(c *smtpmail.Config) { c.Host = "mail.example.com:25" },
		`"host" is "smtp://mail"`:         func(c *smtpmail.Config) { c.Host = "smtp://mail" },
		`"port" is 70000`:                 func(c *smtpmail.Config) { c.Port = 70000 },
		`"tls" is "yes"`:                  func(c *smtpmail.Config) { c.TLS = "yes" },
		`"username" and "password"`:       func(c *smtpmail.Config) { c.Username = "ann" },
		`the password would be there`:     func(c *smtpmail.Config) { c.TLS, c.Username, c.Password = "none", "ann", "secret" },
		`"caFile" is about "tls"`:         func(c *smtpmail.Config) { c.TLS, c.CAFile = "none", "ca.pem" },
		`"helloName" is "a b"`:            func(c *smtpmail.Config) { c.HelloName = "a b" },
		`"timeout" is not above zero`:     func(c *smtpmail.Config) { c.Timeout = 0 },
		`"connections" is 0`:              func(c *smtpmail.Config) { c.Connections = 0 },
		`caFile: open /none`:              func(c *smtpmail.Config) { c.CAFile = "/none" },
		`has no certificate: write a PEM`: func(c *smtpmail.Config) { c.CAFile = notPEM(t) },
	} {
		c := smtpmail.NewConfig()
		c.Host = "mail.example.com"
		change(c)
		_, err := smtpmail.Open(*c)
		if says == "" {
			assert.NoError(t, err)
			continue
		}
		assert.ErrorContains(t, err, says)
		assert.NotContains(t, err.Error(), "secret")
	}
	for _, host := range []string{"127.0.0.1", "::1", "localhost", "LOCALHOST"} {
		c := smtpmail.NewConfig()
		c.Host, c.TLS, c.Username, c.Password = host, "none", "ann", "secret"
		assert.NoError(t, c.Check(), host)
	}
}

func notPEM(t *testing.T) string {
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	return file
}
