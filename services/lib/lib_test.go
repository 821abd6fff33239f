package lib_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
	"github.com/seed90475182/restspace/services"
	"github.com/seed90475182/restspace/services/lib"
	"github.com/seed90475182/restspace/urlpattern"
)

func newLib(t testing.TB, log *bytes.Buffer) bus.Service {
	t.Helper()
	if log == nil {
		log = new(bytes.Buffer)
	}
	service, err := lib.Kind().New(t.Context(), services.Env{
		Name: "lib", Config: lib.Kind().Config(), Limits: services.Limits{Body: 64},
		Log: slog.New(slog.NewJSONHandler(log, nil)),
	})
	require.NoError(t, err)
	return bustest.Frozen(t, service)
}

func request(t testing.TB, method, path string, body *bus.Body) *bus.Message {
	t.Helper()
	u, err := urlpattern.ParseURL(path)
	require.NoError(t, err)
	return &bus.Message{Method: method, URL: u, Body: body, Header: bus.Header{{Name: "Authorization", Value: "secret"}}}
}

func TestFunctions(t *testing.T) {
	service := newLib(t, nil)
	text := func(s string) *bus.Body { return bus.NewBody([]byte(s), "text/plain") }
	for _, row := range []struct {
		path       string
		body       *bus.Body
		status     int
		want, kind string
		location   string
	}{
		{path: "/bypass", body: text("x"), status: 200, want: "x", kind: "text/plain"},
		{path: "/bypass", status: 200},
		{path: "/to-text", body: bus.NewBody([]byte(`{"a":1}`), "application/json"), status: 200, want: `{"a":1}`, kind: "text/plain; charset=utf-8"},
		{path: "/to-text", body: bus.NewBody([]byte{0, 1, 2}, "image/png"), status: 200, want: "AAEC", kind: "text/plain; charset=utf-8"},
		{path: "/to-b64", body: text("hello"), status: 200, want: "aGVsbG8=", kind: "text/plain; charset=utf-8"},
		{path: "/from-b64", body: text("aGVsbG8="), status: 200, want: "hello", kind: "application/octet-stream"},
		{path: "/set-status/404", status: 404, want: "Not Found", kind: "text/plain; charset=utf-8"},
		{path: "/set-status/418/short%20and%20stout", status: 418, want: "short and stout", kind: "text/plain; charset=utf-8"},
		{path: "/set-status/418/a%2Fb", status: 418, want: "a/b", kind: "text/plain; charset=utf-8"},
		{path: "/set-status/201", body: text("kept"), status: 201, want: "kept", kind: "text/plain"},
		{path: "/set-status/204", status: 204},
		{path: "/set-status/205/text", status: 205},
		{path: "/redirect/a/b%2Fc?x=1", status: 302, location: "/a/b%2Fc?x=1"},
		{path: "/redirect/%2Fevil.example", status: 302, location: "/%2Fevil.example"},
		{path: "/see-other/done/", body: text("form"), status: 303, location: "/done/"},
		{path: "/log", body: text("x"), status: 200, want: "x", kind: "text/plain"},
		{path: "/devnull", body: text("x"), status: 204},
		{path: "/set-name/a/b", body: text("x"), status: 200, want: "x", kind: "text/plain"},
		{path: "/delay/1", body: text("x"), status: 200, want: "x", kind: "text/plain"},
	} {
		t.Run(row.path, func(t *testing.T) {
			reply, err := service.Serve(t.Context(), request(t, "POST", row.path, row.body))
			require.NoError(t, err)
			assert.Equal(t, row.status, reply.Status)
			data, err := reply.Body.Bytes(100)
			require.NoError(t, err)
			assert.Equal(t, row.want, string(data))
			assert.Equal(t, row.kind, reply.Body.MediaType())
			assert.Equal(t, row.location, reply.Header.Get("Location"))
			assert.False(t, reply.Header.Has("Authorization"), "what the request said is not the answer's")
		})
	}
}

func TestWhatCanNotBeDone(t *testing.T) {
	service := newLib(t, nil)
	for path, row := range map[string]struct {
		body   string
		status int
		detail string
	}{
		"/set-status/99":    {"", 400, `"99" is not a status: write a number from 200 to 599, as in /set-status/404`},
		"/set-status/abc":   {"", 400, `"abc" is not a status`},
		"/delay/-1":         {"", 400, `"-1" is not a delay`},
		"/delay/60001":      {"", 400, `milliseconds from 0 to 60000`},
		"/from-b64":         {"%%%", 400, "the body is not base64"},
		"/to-b64":           {string(make([]byte, 65)), 413, "limit of 64 bytes"},
		"/set-name/":        {"", 400, "a name is missing"},
		"/nowhere":          {"", 404, "nothing is at /nowhere"},
		"/set-status/1/2/3": {"", 404, "nothing is at"},
	} {
		t.Run(path, func(t *testing.T) {
			_, err := service.Serve(t.Context(), request(t, "POST", path, bus.NewBody([]byte(row.body), "text/plain")))
			require.Error(t, err)
			assert.Equal(t, row.status, bus.Classify(err).Status)
			assert.Contains(t, bus.Classify(err).Detail, row.detail)
		})
	}
	_, err := service.Serve(t.Context(), request(t, "DELETE", "/bypass", nil))
	assert.Equal(t, 405, bus.Classify(err).Status)
	assert.Equal(t, "GET, HEAD, OPTIONS, POST", bus.Classify(err).Header.Get("Allow"))
}

func TestSetName(t *testing.T) {
	reply, err := newLib(t, nil).Serve(t.Context(), request(t, "POST", "/set-name/a/b", nil))
	require.NoError(t, err)
	assert.Equal(t, "a/b", reply.Name)
}

func TestCheckUserField(t *testing.T) {
	for name, row := range map[string]struct {
		user   *bus.User
		status int
	}{
		"nobody":       {nil, 401},
		"another":      {&bus.User{Email: "bob@example.com"}, 403},
		"of no e-mail": {&bus.User{}, 403},
		"the one":      {&bus.User{Email: "ann@example.com"}, 200},
	} {
		m := request(t, "POST", "/check-user-field/email/ann@example.com", nil)
		m.User = row.user
		reply, err := newLib(t, nil).Serve(t.Context(), m)
		if row.status != 200 {
			assert.Equal(t, row.status, bus.Classify(err).Status, name)
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, 200, reply.Status, name)
	}
}

type counted struct {
	io.Reader
	closed int
}

func (c *counted) Close() error { c.closed++; return nil }

func TestErrorsCloseTheBody(t *testing.T) {
	service, err := lib.Kind().New(t.Context(), services.Env{Config: lib.Kind().Config(), Limits: services.Limits{Body: 4}, Log: slog.Default()})
	require.NoError(t, err)
	for _, path := range []string{"/set-status/9999", "/delay/x", "/to-b64", "/from-b64", "/to-text", "/log/body", "/nowhere"} {
		stream := &counted{Reader: strings.NewReader("too long")}
		_, err := service.Serve(t.Context(), request(t, "POST", path, bus.NewStream(stream, -1, "image/png")))
		assert.Error(t, err, path)
		assert.NotZero(t, stream.closed, path)
	}
}

func TestBypassHandsOnTheVeryBytes(t *testing.T) {
	service, err := lib.Kind().New(t.Context(), services.Env{Config: lib.Kind().Config()})
	require.NoError(t, err)
	data := []byte("the array")
	reply, err := service.Serve(t.Context(), request(t, "GET", "/bypass", bus.NewBody(data, "")))
	require.NoError(t, err)
	got, err := reply.Body.Bytes(100)
	require.NoError(t, err)
	assert.Same(t, unsafe.SliceData(data), unsafe.SliceData(got))
}

func TestDelayEndsWithTheRequest(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err := newLib(t, nil).Serve(ctx, request(t, "GET", "/delay/60000", nil))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestLogShowsTheBodyButNoSecrets(t *testing.T) {
	var log bytes.Buffer
	service := newLib(t, &log)
	_, err := service.Serve(t.Context(), request(t, "POST", "/log/body?token=hidden", bus.NewBody([]byte("shown"), "text/plain")))
	require.NoError(t, err)
	assert.Contains(t, log.String(), `"body":"shown"`)
	assert.NotContains(t, log.String(), "hidden")
	assert.NotContains(t, log.String(), "secret")
}

func BenchmarkBypass(b *testing.B) {
	service, err := lib.Kind().New(b.Context(), services.Env{Config: lib.Kind().Config()})
	require.NoError(b, err)
	m := request(b, "GET", "/bypass", nil)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = service.Serve(b.Context(), m)
	}
}
