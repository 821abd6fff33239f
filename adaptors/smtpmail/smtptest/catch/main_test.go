package main

import (
	"bufio"
	"context"
	"io"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTellsAndKeeps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mails")
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error)
	go func() { ended <- run(ctx, []string{"-listen", "127.0.0.1:0", "-dir", dir}, w) }()
	lines := bufio.NewScanner(r)
	require.True(t, lines.Scan())
	address, ok := strings.CutPrefix(lines.Text(), "listening on ")
	require.True(t, ok, lines.Text())
	sent := make(chan error)
	go func() {
		sent <- smtp.SendMail(address, nil, "a@example.com", []string{"b@example.com"}, []byte("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nx\r\n"))
	}()
	require.True(t, lines.Scan())
	assert.Equal(t, `a@example.com -> b@example.com: "Grüße"`, lines.Text())
	require.NoError(t, <-sent)
	data, err := os.ReadFile(filepath.Join(dir, "1.eml"))
	require.NoError(t, err)
	assert.Contains(t, string(data), "Subject: ")
	cancel()
	require.NoError(t, <-ended)
}
