package lib_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
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
		{path: "/redirect/https:/evil.example", status: 302, location: "/https:/evil.example"},
		{path: "/redirect/", status: 302, location: "/"},
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
		"/to-nowhere":       {"", 404, "nothing is at"},
		"/set-status/100":   {"", 400, `"100" is not a status`},
		"/set-status/600":   {"", 400, `"600" is not a status`},
		"/set-status/+404":  {"", 400, `is not a status`},
		"/delay/1e3":        {"", 400, `is not a delay`},
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

func TestCallsAreKnown(t *testing.T) {
	accepting := lib.Kind().Config().(services.Accepting)
	for text, want := range map[string]string{
		"/lib/set-status/404":    "",
		"/lib/set-status/${x}":   "",
		"/lib/set-status/99":     `"99" is not a status: write a number from 200 to 599, as in /set-status/404`,
		"/lib/set-status/x/${y}": `"x" is not a status: write a number from 200 to 599, as in /set-status/404`,
		"/lib/delay/60000":       "",
		"/lib/delay/-1":          `"-1" is not a delay: write milliseconds from 0 to 60000, as in /delay/250`,
		"/lib/to-txt":            "the service has no such call: did you mean /lib/to-text?",
	} {
		p, err := urlpattern.Parse(text)
		require.NoError(t, err)
		call := services.CallOf("GET", p)
		call.URL.Base = 1
		if err := accepting.Accepts(call); want == "" {
			assert.NoError(t, err, text)
		} else {
			assert.EqualError(t, err, want, text)
		}
	}
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
	for _, path := range []string{"/set-status/9999", "/delay/x", "/from-b64", "/set-name/", "/check-user-field/a/b", "/nowhere"} {
		stream := &counted{Reader: strings.NewReader("too long")}
		_, err := service.Serve(t.Context(), request(t, "POST", path, bus.NewStream(stream, -1, "image/png")))
		assert.Error(t, err, path)
		assert.NotZero(t, stream.closed, path)
	}
}

// endless is a stream that has no end, of one letter.
type endless struct{ read, closed int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	for i := range p {
		p[i] = 'A'
	}
	return len(p), nil
}

func (e *endless) Close() error { e.closed++; return nil }

func TestStreamsStayStreams(t *testing.T) {
	service, err := lib.Kind().New(t.Context(), services.Env{Config: lib.Kind().Config(), Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	for path, row := range map[string]struct{ mediaType, want string }{
		"/bypass":           {"image/png", "AAAAAAAA"},
		"/to-text":          {"image/png", "QUFBQUFB"},
		"/to-b64":           {"text/plain", "QUFBQUFB"},
		"/from-b64":         {"text/plain", "\x00\x00\x00\x00\x00\x00\x00\x00"},
		"/log":              {"text/plain", "AAAAAAAA"},
		"/log/body":         {"text/plain", "AAAAAAAA"},
		"/set-name/a":       {"text/plain", "AAAAAAAA"},
		"/set-status/200":   {"text/plain", "AAAAAAAA"},
		"/to-text?of=json":  {"application/json", "AAAAAAAA"},
		"/delay/0?and=more": {"text/plain", "AAAAAAAA"},
	} {
		t.Run(path, func(t *testing.T) {
			stream := new(endless)
			reply, err := service.Serve(t.Context(), request(t, "POST", path, bus.NewStream(stream, -1, row.mediaType)))
			require.NoError(t, err)
			got := make([]byte, 8)
			_, err = io.ReadFull(reply.Body.Reader(), got)
			require.NoError(t, err)
			assert.Equal(t, row.want, string(got))
			_, err = io.CopyN(io.Discard, reply.Body.Reader(), 200_000)
			require.NoError(t, err)
			assert.Less(t, stream.read, 1<<20)
			require.NoError(t, reply.Close())
			assert.Equal(t, 1, stream.closed)
		})
	}
}

func TestSizesAreKnown(t *testing.T) {
	service := newLib(t, nil)
	for size := range 5 {
		data := bytes.Repeat([]byte("x"), size)
		there, err := service.Serve(t.Context(), request(t, "POST", "/to-b64", bus.NewStream(io.NopCloser(bytes.NewReader(data)), int64(size), "")))
		require.NoError(t, err)
		assert.EqualValues(t, base64.StdEncoding.EncodedLen(size), there.Body.Size())
		back, err := service.Serve(t.Context(), request(t, "POST", "/from-b64", there.Body))
		require.NoError(t, err)
		got, err := back.Body.Bytes(100)
		require.NoError(t, err)
		assert.Equal(t, string(data), string(got))
	}
}

func TestBase64ThatIsBadFurtherOn(t *testing.T) {
	service := newLib(t, nil)
	text := strings.Repeat("AAAA", 1<<14) + "%"
	reply, err := service.Serve(t.Context(), request(t, "POST", "/from-b64", bus.NewBody([]byte(text), "text/plain")))
	require.NoError(t, err)
	_, err = reply.Body.Bytes(1 << 20)
	assert.Equal(t, 400, bus.Classify(err).Status)
	for _, text := range []string{"A", "AA=", "AAA", "AAAA=", "=", "AA==AA==", "AA-_"} {
		_, err := service.Serve(t.Context(), request(t, "POST", "/from-b64", bus.NewBody([]byte(text), "text/plain")))
		assert.Equal(t, 400, bus.Classify(err).Status, text)
	}
}

// TestNoOtherHostInARedirect has paths that no URL has.
func TestNoOtherHostInARedirect(t *testing.T) {
	service := newLib(t, nil)
	redirect := func(path ...string) (*bus.Message, error) {
		m := request(t, "GET", "/redirect/x", nil)
		m.URL.Path = append([]string{"redirect"}, path...)
		return service.Serve(t.Context(), m)
	}
	_, err := redirect("", "evil.example")
	assert.Equal(t, 400, bus.Classify(err).Status)
	for path, want := range map[string]string{`\evil.example`: "/%5Cevil.example", "/evil.example": "/%2Fevil.example", "a\r\nB: c": "/a%0D%0AB:%20c"} {
		reply, err := redirect(path)
		require.NoError(t, err)
		assert.Equal(t, want, reply.Header.Get("Location"))
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

func TestLogHidesSecretsInABody(t *testing.T) {
	for body, want := range map[string]string{
		`{"password": "hidden", "a": "shown"}`:        `{"password": "***", "a": "shown"}`,
		`{"accessToken":"hid\"den","b":[1]}`:          `{"accessToken":"***","b":[1]}`,
		`{"API_KEY" : "hidden"}`:                      `{"API_KEY" : "***"}`,
		`{"secret":"hid` + strings.Repeat("x", 5<<10): `{"secret":"***"`,
		`{"secret": 5, "b": "shown"}`:                 `{"secret": 5, "b": "shown"}`,
	} {
		var log bytes.Buffer
		reply, err := newLib(t, &log).Serve(t.Context(), request(t, "POST", "/log/body", bus.NewBody([]byte(body), "application/json")))
		require.NoError(t, err)
		data, err := reply.Body.Bytes(1 << 20)
		require.NoError(t, err)
		assert.Equal(t, body, string(data))
		var line struct {
			Body string
			Cut  bool
		}
		require.NoError(t, json.Unmarshal(log.Bytes(), &line))
		assert.Equal(t, want, line.Body)
		assert.Equal(t, len(body) > 4<<10, line.Cut)
	}
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
