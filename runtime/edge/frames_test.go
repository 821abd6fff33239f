package edge

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus/bustest"
)

// The types of frames (RFC 9113 section 6) that are told apart here.
const (
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	frameGoAway   = 7
)

// frame is one frame of HTTP/2 (RFC 9113 section 4.1).
func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	b := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	return append(binary.BigEndian.AppendUint32(b, stream), payload...)
}

// fieldBlock writes fields as they stand (RFC 7541 section 6.2.2).
func fieldBlock(fields ...string) []byte {
	var b []byte
	text := func(s string) {
		if len(s) < 127 {
			b = append(b, byte(len(s)))
		} else {
			b = append(b, 127)
			n := len(s) - 127
			for ; n >= 128; n /= 128 {
				b = append(b, byte(n%128+128))
			}
			b = append(b, byte(n))
		}
		b = append(b, s...)
	}
	for i := 0; i < len(fields); i += 2 {
		b = append(b, 0)
		text(fields[i])
		text(fields[i+1])
	}
	return b
}

// ask sends a request as its fields stand, and returns what becomes of it: the
// status if it is one of the static table, or "headers", "reset", "goaway".
func ask(t *testing.T, c *tls.Conn, fields ...string) string {
	t.Helper()
	_, err := io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	require.NoError(t, err)
	_, err = c.Write(frame(frameSettings, 0, 0, nil))
	require.NoError(t, err)
	const endHeaders, endStream = 4, 1
	_, err = c.Write(frame(frameHeaders, endHeaders|endStream, 1, fieldBlock(fields...)))
	require.NoError(t, err)
	for {
		head := make([]byte, 9)
		_, err := io.ReadFull(c, head)
		require.NoError(t, err)
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		_, err = io.ReadFull(c, payload)
		require.NoError(t, err)
		switch head[3] {
		case frameHeaders:
			// RFC 7541 appendix A: the statuses have the indexes 8 to 14.
			if i := int(payload[0]&0x7f) - 8; payload[0] >= 0x80 && i >= 0 && i < 7 {
				return []string{"200", "204", "206", "304", "400", "404", "500"}[i]
			}
			return "headers"
		case frameReset:
			return "reset"
		case frameGoAway:
			return "goaway"
		}
	}
}

// TestFieldsOfHTTP2 sees what HTTP/2 allows to be written, and what a server
// behind this one would take for something else.
func TestFieldsOfHTTP2(t *testing.T) {
	var seen bustest.Recorder
	s := startTLS(t, seen.Wrap(bustest.Echo()), func(o *Options) {
		o.Limits.HeaderBytes, o.Limits.ConnectionsPerIP, o.Limits.Connections = 4<<10, 100, 100
	})
	get := []string{":method", "GET", ":scheme", "https", ":path", "/a?x=1"}
	for _, row := range []struct {
		want   string
		fields []string
	}{
		{"200", []string{":authority", "localhost"}},
		{"200", []string{":authority", "localhost", "host", "localhost"}},
		{"200", []string{"host", "localhost"}},
		{"400", []string{":authority", "localhost", "host", "evil.example"}},
		{"400", []string{":authority", "localhost", "host", "localhost", "host", "evil.example"}},
		{"400", []string{":authority", "localhost", "connection", "x-a", "x-a", "b"}},
		{"reset", []string{":authority", "localhost", "Transfer-Encoding", "chunked"}},
		{"reset", []string{":authority", "localhost", "x-a", "b\r\nx-b: c"}},
		{"headers", []string{":authority", "localhost", "x-a", strings.Repeat("x", 3<<10), "x-b", strings.Repeat("x", 3<<10)}},
		{"goaway", []string{":authority", "localhost", "x-a", strings.Repeat("x", 12<<10)}},
		{"400", []string{":authority", "localhost", "transfer-encoding", "chunked"}},
		{"400", []string{":authority", "localhost", "upgrade", "websocket"}},
		{"400", []string{":authority", "localhost", "keep-alive", "x"}},
		{"400", []string{":authority", "localhost", "proxy-connection", "x"}},
		{"400", []string{":authority", "localhost", "connection", "close"}},
		{"400", []string{":authority", "localhost", "te", "gzip"}},
		{"200", []string{":authority", "localhost", "te", "trailers"}},
	} {
		assert.Equal(t, row.want, ask(t, s.dial(t, "h2"), append(get, row.fields...)...), fmt.Sprintf("%.80q", row.fields))
	}
	for _, path := range []string{"/a/../b", "/a#b", "//a", "*", "/a%00"} {
		assert.Equal(t, "400", ask(t, s.dial(t, "h2"), ":method", "GET", ":scheme", "https", ":authority", "localhost", ":path", path), path)
	}
	for _, call := range seen.Calls() {
		assert.Equal(t, "/a?x=1", call.URL)
		assert.Empty(t, call.Header)
	}
}

// TestTimeLimitsOverTLS sees that the server ends a connection on which nothing
// comes, wherever it stops.
func TestTimeLimitsOverTLS(t *testing.T) {
	s := startTLS(t, bustest.Echo(), func(o *Options) {
		o.Limits.HeaderTimeout, o.Limits.IdleTimeout = 200*time.Millisecond, 200*time.Millisecond
	})
	request := fieldBlock(":method", "GET", ":scheme", "https", ":path", "/", ":authority", "localhost")
	opening := "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + string(frame(frameSettings, 0, 0, nil))
	for _, row := range []struct{ name, protocol, sent string }{
		{"nothing", "http/1.1", ""},
		{"half a header", "http/1.1", "GET / HTTP/1.1\r\nHost: loc"},
		{"one request", "http/1.1", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"no stream", "h2", opening},
		{"half a frame", "h2", opening + string(frame(frameHeaders, 5, 1, request)[:20])},
		{"a header without its end", "h2", opening + string(frame(frameHeaders, 1, 1, request))},
		{"one stream", "h2", opening + string(frame(frameHeaders, 5, 1, request))},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := s.dial(t, row.protocol)
			_, err := io.WriteString(c, row.sent)
			require.NoError(t, err)
			_, err = io.ReadAll(c)
			assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
		})
	}
}
