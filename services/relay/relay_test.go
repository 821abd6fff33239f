package relay_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/services/relay"
)

// names returns the names of fields with a comma between them.
func names(h bus.Header) string {
	var list []string
	for _, f := range h {
		list = append(list, f.Name)
	}
	return strings.Join(list, ",")
}

func TestFieldsThatGoOn(t *testing.T) {
	// What only a proxy says would be believed, coming from this one.
	sent := bus.Header{{Name: "Accept"}, {Name: "host"}, {Name: "Expect"}, {Name: "Forwarded"}, {Name: "X-Real-IP"}, {Name: "X-Forwarded-For"},
		{Name: "x-forwarded-host"}, {Name: "Connection", Value: "Upgrade"}, {Name: "Keep-Alive"}, {Name: "X-Forwarded"}}
	assert.Equal(t, "Accept,X-Forwarded", names(relay.Request(sent, 0)))
	for protocol, want := range map[string]string{"WebSocket": "Upgrade,Connection,Keep-Alive", "h2c": ""} {
		h := bus.Header{{Name: "Upgrade", Value: protocol}, {Name: "Connection", Value: "Upgrade"}, {Name: "Keep-Alive"}, {Name: "Host"}}
		assert.Equal(t, want, names(relay.Request(h, 0)), protocol)
	}
	answered := bus.Header{{Name: "Content-Type"}, {Name: "x-restspace-service"}, {Name: "X-Request-ID"}, {Name: "X-Restspace"}}
	assert.Equal(t, "Content-Type,X-Restspace", names(relay.Reply(answered)))
}

func TestRequestsThatDoNotGoOn(t *testing.T) {
	for _, row := range []struct {
		method, segment string
		want            int // 0: it goes on
	}{
		{"GET", "a;b", 0}, {"GET", "..;", 400}, {"PUT", "a..;b=1", 400}, {"PATCH", "", 0}, {"CONNECT", "", 405}, {"QUERY", "", 405},
	} {
		m := &bus.Message{Method: row.method}
		m.URL.Path = []string{"ok", row.segment}
		err := relay.Prepare(m)
		if row.want == 0 {
			assert.NoError(t, err, row.method+" "+row.segment)
			continue
		}
		require.Error(t, err, row.method+" "+row.segment)
		assert.Equal(t, row.want, bus.Classify(err).Status, row.method+" "+row.segment)
	}
}

// A small body is there whole, so that it can be sent again.
func TestSmallBodiesAreRead(t *testing.T) {
	for size, read := range map[int64]bool{-1: false, 3: true, 64 << 10: true, 64<<10 + 1: false} {
		from := strings.NewReader(strings.Repeat("x", int(max(size, 3))))
		m := &bus.Message{Method: "PUT", Body: bus.NewStream(io.NopCloser(from), size, "")}
		require.NoError(t, relay.Prepare(m))
		assert.Equal(t, read, from.Len() == 0, fmt.Sprint(size))
		require.NoError(t, m.Close())
	}
}

func TestComplaint(t *testing.T) {
	inner := errors.New("connection refused")
	for name, row := range map[string]struct {
		err    error
		status int // 0: it says nothing of the other server
		detail string
	}{
		"nobody waits": {fmt.Errorf("call: %w", context.Canceled), 0, ""},
		"hung up":      {&bus.Error{Status: 502, Type: bus.TypeUnreachable, Err: context.Canceled}, 0, ""},
		"no time":      {fmt.Errorf("call: %w", context.DeadlineExceeded), 504, `the server behind "a" does not answer in time`},
		"unreachable":  {&bus.Error{Status: 502, Type: bus.TypeUnreachable, Detail: "the other server can't be reached", Err: inner}, 502, `the server behind "a" can't be reached`},
		"broken":       {&bus.Error{Status: 502, Type: bus.TypeUpstream, Detail: "the other server breaks off", Err: inner}, 502, `the server behind "a" breaks off`},
		"slow":         {&bus.Error{Status: 504, Type: bus.TypeTimeout, Detail: "the other server is slow", Err: inner}, 504, `the server behind "a" is slow`},
		"of this one":  {&bus.Error{Status: 508, Type: bus.TypeDepth}, 0, ""},
		"unknown":      {inner, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			told := relay.Complaint("a", row.err)
			if row.status == 0 {
				assert.Nil(t, told)
				return
			}
			require.NotNil(t, told)
			assert.Equal(t, row.status, told.Status)
			assert.Equal(t, row.detail, told.Detail)
			assert.Error(t, told.Err, "for the log")
		})
	}
}

func TestOperations(t *testing.T) {
	list := relay.Operations()
	require.Len(t, list, 2*len(relay.Methods()))
	for _, o := range list {
		assert.Equal(t, o.Method != "GET" && o.Method != "DELETE", len(o.Sends) > 0, o.Method)
	}
}
