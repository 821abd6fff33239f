package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// TestBodyThatNeverComes sees that nobody waits for a body that nobody wants.
func TestBodyThatNeverComes(t *testing.T) {
	s := start(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		return nil, errors.Join(bus.Errorf(http.StatusForbidden, "no"), m.Close())
	}), func(o *Options) {
		o.Limits.InFlight, o.Limits.Queue = 1, 0
		o.Host = func(h string) bool { return h == "localhost" }
	})
	for _, fields := range []string{
		"Host: localhost\r\nContent-Length: 100\r\n", "Host: localhost\r\nTransfer-Encoding: chunked\r\n",
		"Host: localhost\r\nContent-Length: 100\r\nExpect: 100-continue\r\n", "Host: evil.example\r\nContent-Length: 100\r\n",
	} {
		for range 2 { // no place is lost
			begin := time.Now()
			answer := s.raw(t, "PUT /x HTTP/1.1\r\n"+fields+"\r\n")
			assert.Regexp(t, `^HTTP/1.1 4(03|21) `, answer, fields)
			assert.Less(t, time.Since(begin), 5*time.Second, fields)
		}
	}
}

// TestUploadThatMovesHasItsTime sees that the time for the answer begins when
// the request has come.
func TestUploadThatMovesHasItsTime(t *testing.T) {
	s := start(t, bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		var n int
		for {
			m, err := m.Body.Stream().Read(make([]byte, slowPiece))
			n += m
			if err == io.EOF {
				break
			}
			if err = errors.Join(err, ctx.Err()); err != nil {
				return nil, err
			}
		}
		return bus.Reply(200, bus.NewBody(fmt.Append(nil, n), "text/plain")), nil
	}), func(o *Options) { o.Limits.Timeout = 500 * time.Millisecond })
	reader, writer := io.Pipe()
	go func() {
		for range 8 {
			time.Sleep(100 * time.Millisecond)
			_, _ = writer.Write(make([]byte, slowPiece))
		}
		_ = writer.Close()
	}()
	response, err := http.Post("http://"+s.address+"/", "text/plain", reader)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, "200 131072", fmt.Sprint(response.StatusCode, " ", string(body)))
}
