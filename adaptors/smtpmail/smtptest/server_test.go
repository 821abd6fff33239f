package smtptest_test

import (
	"context"
	"net/smtp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed90475182/restspace/adaptors/smtpmail/smtptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const multi = "From: a@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n" +
	"Content-Type: multipart/mixed; boundary=x\r\n\r\n" +
	"--x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n" +
	"--y\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n" +
	"--y\r\nContent-Type: text/html\r\n\r\n<p>\r\n--y--\r\n" +
	"--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n" +
	"Content-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n--x--\r\n"

func TestKeepsWhatItIsSent(t *testing.T) {
	s := listen(t, smtptest.Options{})
	require.NoError(t, smtp.SendMail(s.Address, nil, "a@example.com", []string{"b@example.com", "c@example.com"}, []byte(multi)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	mails := s.Wait(ctx, 1)
	require.Len(t, mails, 1)
	assert.Equal(t, mails, s.Mails())
	m := mails[0]
	assert.Equal(t, "a@example.com", m.From)
	assert.Equal(t, []string{"b@example.com", "c@example.com"}, m.To)
	subject, err := m.Header("Subject")
	require.NoError(t, err)
	assert.Equal(t, "Grüße", subject)
	parts, err := m.Parts()
	require.NoError(t, err)
	assert.Equal(t, []smtptest.Part{
		{MediaType: "text/plain", Inside: "multipart/mixed multipart/alternative", Content: []byte("ü")},
		{MediaType: "text/html", Inside: "multipart/mixed multipart/alternative", Content: []byte("<p>")},
		{MediaType: "application/pdf", Inside: "multipart/mixed", Name: "a.pdf", Content: []byte("hello")},
	}, parts)
}

func TestEndsAtOnce(t *testing.T) {
	for range 50 {
		s, err := smtptest.Listen("127.0.0.1:0", smtptest.Options{})
		require.NoError(t, err)
		require.NoError(t, s.Close())
	}
}

func TestAsksForPasswords(t *testing.T) {
	s := listen(t, smtptest.Options{Users: map[string]string{"ann": "secret"}})
	send := func(auth smtp.Auth) error {
		return smtp.SendMail(s.Address, auth, "a@example.com", []string{"b@example.com"}, []byte("Subject: x\r\n\r\nx\r\n"))
	}
	require.ErrorContains(t, send(nil), "Please authenticate first")
	require.ErrorContains(t, send(smtp.PlainAuth("", "ann", "wrong", "127.0.0.1")), "Authentication failed")
	require.NoError(t, send(smtp.PlainAuth("", "ann", "secret", "127.0.0.1")))
	require.Len(t, s.Mails(), 1)
	assert.Equal(t, "ann", s.Mails()[0].User)
}

func TestRefuses(t *testing.T) {
	for _, command := range []string{"HELO", "MAIL", "RCPT", "DATA", "END"} {
		s := listen(t, smtptest.Options{Before: func(_ context.Context, c, _ string) error {
			if c == command {
				return smtptest.Refusal(554, "not "+c)
			}
			return nil
		}})
		err := smtp.SendMail(s.Address, nil, "a@example.com", []string{"b@example.com"}, []byte("Subject: x\r\n\r\nx\r\n"))
		require.ErrorContains(t, err, "not "+command)
		assert.Empty(t, s.Mails())
	}
}

func listen(t *testing.T, o smtptest.Options) *smtptest.Server {
	t.Helper()
	s, err := smtptest.Listen("127.0.0.1:0", o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}
