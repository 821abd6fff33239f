package edge

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// An outage of others is no flood of errors of this server.
func TestLevelsOfTheLog(t *testing.T) {
	for status, want := range map[int]string{
		200: "INFO", 404: "INFO", 500: "ERROR", 502: "WARN", 503: "WARN", 504: "WARN", 507: "ERROR", 508: "ERROR",
	} {
		s := start(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { return bus.Reply(status, nil), nil }), nil)
		s.get(t, "/")
		assert.Contains(t, s.log.String(), `"level":"`+want+`"`, status)
	}
}

func TestTheLogNamesTheUpstream(t *testing.T) {
	for _, row := range []struct {
		upstream string
		tries    int
		want     map[string]any
	}{
		{"", 0, map[string]any{}},
		{"a:1", 1, map[string]any{"upstream": "a:1", "upstream_ms": 2.5}},
		{"b:2", 3, map[string]any{"upstream": "b:2", "upstream_ms": 2.5, "tries": 3.0}},
	} {
		s := start(t, bus.ServiceFunc(func(ctx context.Context, _ *bus.Message) (*bus.Message, error) {
			seen := &bus.RootOf(ctx).Seen
			seen.Upstream, seen.Tries, seen.Waited = row.upstream, row.tries, 2500*time.Microsecond
			return bus.Reply(200, nil), nil
		}), nil)
		s.get(t, "/")
		line := make(map[string]any)
		require.NoError(t, json.Unmarshal([]byte(s.log.String()), &line))
		for _, key := range []string{"upstream", "upstream_ms", "tries"} {
			assert.Equal(t, row.want[key], line[key], "%v: %s", row, key)
		}
	}
}

func TestTheLogSaysWhatWasReceived(t *testing.T) {
	for name, row := range map[string]struct {
		read int64 // by the service
		body io.Reader
		want float64
	}{
		"of a known size":   {100, strings.NewReader("12345"), 5},
		"of an unknown one": {100, io.MultiReader(strings.NewReader("12345"), strings.NewReader("678")), 8},
		"a part of it":      {2, strings.NewReader("12345"), 2},
		"nothing":           {100, nil, 0},
	} {
		counted := make(chan bus.Outcome, 1)
		s := start(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
			_, err := io.CopyN(io.Discard, m.Body.Reader(), row.read)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return bus.Reply(200, bus.NewBody([]byte("ok"), "text/plain")), errors.Join(err, m.Close())
		}), func(o *Options) { o.Counter = counter(counted) })
		request, err := http.NewRequest("PUT", "http://"+s.address+"/", row.body)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err, name)
		_ = response.Body.Close()
		outcome := <-counted
		line := make(map[string]any)
		require.NoError(t, json.Unmarshal([]byte(s.log.String()), &line))
		assert.Equal(t, row.want, line["received"], name)
		assert.Positive(t, outcome.Took, name)
		outcome.Took = 0
		assert.Equal(t, bus.Outcome{Method: "PUT", Status: 200, Received: int64(row.want), Sent: 2}, outcome, name)
	}
}

// counter is a bus.Counter that sends what it is told.
type counter chan bus.Outcome

func (c counter) Count(o bus.Outcome) { c <- o }

// The status was sent before anybody knew: what broke the answer off says how bad
// that is, and the line is never left out.
func TestAnswersThatBreakOffAreLogged(t *testing.T) {
	for name, row := range map[string]struct {
		body io.Reader
		want string // the level; "" is no line, as of any good request
	}{
		"another server":     {iotest.ErrReader(&bus.Error{Status: 502}), "WARN"},
		"this one":           {iotest.ErrReader(&bus.Error{Status: 500}), "ERROR"},
		"what was sent":      {iotest.ErrReader(&bus.Error{Status: 413}), "INFO"},
		"a panic":            {panicking{}, "ERROR"},
		"a client that left": {iotest.ErrReader(io.ErrClosedPipe), ""},
		"nothing":            {iotest.ErrReader(io.EOF), ""},
	} {
		s := start(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
			return bus.Reply(200, bus.NewStream(io.NopCloser(row.body), -1, "text/plain")), nil
		}), func(o *Options) { o.LogSample = 0 })
		s.get(t, "/")
		if row.want == "" {
			assert.Empty(t, s.log.String(), name)
			continue
		}
		assert.Contains(t, s.log.String(), `"level":"`+row.want+`"`, name)
		assert.Contains(t, s.log.String(), `"status":200`, name)
	}
}

// panicking is a body that can't be read.
type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("it can't") }

// An overload does not fill the log, and what failed is told all the same.
func TestRefusedRequestsAreSampled(t *testing.T) {
	for err, logged := range map[*bus.Error]bool{
		{Status: 503, Type: bus.TypeBusy}:  false,
		{Status: 503, Type: bus.TypeDelay}: false,
		{Status: 429, Type: bus.TypeRate}:  false,
		{Status: 503}:                      true,
		{Status: 429}:                      true,
	} {
		s := start(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { return nil, err }),
			func(o *Options) { o.LogSample = 0 })
		s.get(t, "/")
		assert.Equal(t, logged, s.log.String() != "", "%d %s", err.Status, err.Type)
	}
}

// Who sees no request any more finds out why, from one line.
func TestTheLogTellsOfDroppedConnections(t *testing.T) {
	for limit, change := range map[string]func(*Limits){
		"connections":      func(l *Limits) { l.Connections = 1 },
		"connectionsPerIP": func(l *Limits) { l.ConnectionsPerIP = 1 },
	} {
		dropped := make(chan string, 3)
		s := start(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) { return bus.Reply(200, nil), nil }), func(o *Options) {
			change(&o.Limits)
			o.Limits.HeaderTimeout, o.Limits.IdleTimeout = time.Minute, time.Minute
			o.Dropped = func(limit string) { dropped <- limit }
		})
		for range 4 { // one is let in
			c, err := net.Dial("tcp", s.address)
			require.NoError(t, err)
			defer c.Close()
		}
		for range 3 {
			assert.Equal(t, limit, <-dropped)
		}
		line := make(map[string]any)
		require.NoError(t, json.Unmarshal([]byte(s.log.String()), &line), "there is one: %s", s.log)
		delete(line, "time")
		assert.Equal(t, map[string]any{
			"level": "WARN", "msg": "connections are closed at once: there are more than server.limits." + limit + " lets in", "client": "127.0.0.1",
		}, line)
	}
}
