package plugin_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/adaptors"
	"github.com/seed90475182/restspace/adaptors/plugin/host"
	"github.com/seed90475182/restspace/bus"
)

// post is a mailer that writes its mail to a file.
type post struct{ path string }

type postConfig struct {
	Path string `json:"path"`
}

func openPost(_ context.Context, c postConfig, _ adaptors.Env) (adaptors.Mailer, error) {
	return &post{c.Path}, nil
}

// letter is what the file has of a mail.
type letter struct {
	ID, From, Subject    string
	ReplyTo, To, Cc, Bcc []string
	HTML                 string
	Bodies               []page
}

type page struct{ Name, MediaType, Text string }

func (p *post) Send(_ context.Context, m adaptors.Mail) error {
	switch m.Subject {
	case "busy":
		return bus.Errorf(http.StatusServiceUnavailable, "the post office is closed")
	case "nobody":
		return bus.Errorf(http.StatusBadRequest, "nobody of that name lives here")
	}
	html, err := m.HTML.Bytes(1 << 20)
	if err != nil {
		return err
	}
	l := letter{ID: m.ID, From: m.From, Subject: m.Subject, ReplyTo: m.ReplyTo, To: m.To, Cc: m.Cc, Bcc: m.Bcc, HTML: string(html)}
	parts := append([]adaptors.Attachment{{Body: m.Body}}, m.Attachments...)
	for i := len(parts) - 1; i >= 0; i-- { // in any order
		text, err := parts[i].Body.Bytes(1 << 30)
		if err != nil {
			return err
		}
		l.Bodies = append(l.Bodies, page{parts[i].Name, parts[i].Body.MediaType(), string(text)})
	}
	data, err := json.Marshal(l)
	return errors.Join(err, os.WriteFile(p.path, data, 0o600))
}

// filler is an engine that writes data for "$" and partials for "[name]".
type filler struct{}

func openFiller(context.Context, struct{}, adaptors.Env) (adaptors.Engine, error) {
	return filler{}, nil
}

var included = regexp.MustCompile(`\[\w+\]`)

func (filler) Render(ctx context.Context, w io.Writer, t adaptors.Template, data []byte) error {
	if bytes.HasPrefix(t.Source, []byte("!")) {
		_, _ = io.WriteString(w, "half")
		return bus.Errorf(http.StatusBadRequest, "%s: line 1: %s", t.Name, t.Source)
	}
	names := included.FindAllString(string(t.Source), -1)
	sources, failed := make([][]byte, len(names)), make([]error, len(names))
	var asking sync.WaitGroup
	for i, name := range names { // side by side
		asking.Go(func() { sources[i], failed[i] = t.Partial(ctx, strings.Trim(name, "[]")) })
	}
	asking.Wait()
	text := string(t.Source)
	for i, name := range names {
		if errors.Is(failed[i], fs.ErrNotExist) {
			sources[i] = []byte("(none)")
		} else if failed[i] != nil {
			return failed[i]
		}
		text = strings.Replace(text, name, string(sources[i]), 1)
	}
	_, err := io.WriteString(w, strings.ReplaceAll(text, "$", string(data)))
	return err
}

// start starts this program for one of its adaptors.
func start[A any](t *testing.T, of adaptors.Interface, config string) A {
	t.Helper()
	kind, err := host.Kind(adaptors.Plugin{Path: os.Args[0], Env: map[string]string{serves: "others"}}, of)
	require.NoError(t, err)
	raw := adaptors.RawConfig(config)
	made, err := kind.New(t.Context(), &raw, adaptors.Env{Name: "test", Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, made.(io.Closer).Close()) })
	return made.(A)
}

func TestMailer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letter")
	mailer := start[adaptors.Mailer](t, adaptors.MailerInterface, fmt.Sprintf(`{"path": %q}`, path))
	large := strings.Repeat("grüße ", 500_000)
	stream := func(text string, size int64) *bus.Body {
		return bus.NewStream(io.NopCloser(strings.NewReader(text)), size, "application/octet-stream")
	}
	send := func(subject string, body *bus.Body, attachments ...adaptors.Attachment) error {
		return mailer.Send(t.Context(), adaptors.Mail{
			ID: "1@example.com", From: "Ann <ann@example.com>", Subject: subject, ReplyTo: []string{"ed@example.com"},
			To: []string{"bo@example.com", "cy@example.com"}, Bcc: []string{"di@example.com"},
			Body: body, HTML: bus.NewBody([]byte("<p>dear all"), "text/html"), Attachments: attachments,
		})
	}

	require.NoError(t, send("hello", bus.NewBody([]byte("dear all"), "text/plain"),
		adaptors.Attachment{Name: "known", Body: stream(large, int64(len(large)))},
		adaptors.Attachment{Name: "unknown", Body: stream(large, -1)},
		adaptors.Attachment{Name: "empty", Body: bus.NewBody(nil, "text/html")}))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var got letter
	require.NoError(t, json.Unmarshal(data, &got))
	assert.True(t, got.Bodies[1].Text == large && got.Bodies[2].Text == large, "other bytes came")
	got.Bodies[1].Text, got.Bodies[2].Text = "", ""
	assert.Equal(t, letter{
		ID: "1@example.com", From: "Ann <ann@example.com>", Subject: "hello", ReplyTo: []string{"ed@example.com"},
		To: []string{"bo@example.com", "cy@example.com"}, Bcc: []string{"di@example.com"}, HTML: "<p>dear all",
		Bodies: []page{{"empty", "text/html", ""}, {"unknown", "application/octet-stream", ""}, {"known", "application/octet-stream", ""}, {"", "text/plain", "dear all"}},
	}, got)

	// What goes wrong.
	require.NoError(t, os.Remove(path))
	assert.Equal(t, http.StatusServiceUnavailable, bus.Classify(send("busy", nil)).Status)
	refused := bus.Classify(send("nobody", nil))
	assert.Equal(t, http.StatusBadRequest, refused.Status)
	assert.Equal(t, "nobody of that name lives here", refused.Detail)
	assert.Error(t, send("short", stream("half", 8)))
	assert.Error(t, send("short", nil, adaptors.Attachment{Body: stream("half", 8)}))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, mailer.Send(cancelled, adaptors.Mail{Body: stream("x", -1)}), context.Canceled)
	assert.NoFileExists(t, path, "nothing of it was sent")
	require.NoError(t, send("a mail without a body", nil))
}

func TestEngine(t *testing.T) {
	engine := start[adaptors.Engine](t, adaptors.EngineInterface, "")
	broken := errors.New("the disk is gone")
	render := func(source, data string) (string, error) {
		var to bytes.Buffer
		err := engine.Render(t.Context(), &to, adaptors.Template{
			Name: "page", Version: "1", Source: []byte(source),
			Partial: func(_ context.Context, name string) ([]byte, error) {
				switch name {
				case "none":
					return nil, fs.ErrNotExist
				case "broken":
					return nil, broken
				}
				return []byte("<" + name + ">"), nil
			},
		}, []byte(data))
		return to.String(), err
	}
	large := strings.Repeat("0123456789", 200_000)
	for _, test := range []struct{ source, data, want string }{
		{"", "{}", ""},
		{"plain", "", "plain"},
		{"a $ b", `{"c": 1}`, `a {"c": 1} b`},
		{"[head]$[none][foot]", "1", "<head>1(none)<foot>"},
		{large + "$", large, large + large},
	} {
		got, err := render(test.source, test.data)
		require.NoError(t, err)
		assert.Truef(t, test.want == got, "%.50q: got %.50q", test.source, got)
	}

	_, err := render("!what", "")
	assert.Equal(t, "page: line 1: !what", bus.Classify(err).Detail)
	_, err = render("[broken]", "")
	assert.ErrorIs(t, err, broken)
	_, err = render(strings.Repeat("x", 20<<20), "")
	assert.Equal(t, http.StatusBadGateway, bus.Classify(err).Status, "%v", err)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	assert.ErrorIs(t, engine.Render(cancelled, io.Discard, adaptors.Template{}, nil), context.Canceled)
	got, err := render("[none]", "")
	require.NoError(t, err)
	assert.Equal(t, "(none)", got)
}
