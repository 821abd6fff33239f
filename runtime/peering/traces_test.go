package peering

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// collector keeps what it is sent.
type collector struct {
	*httptest.Server
	mu   sync.Mutex
	sent []byte
}

func newCollector(t *testing.T) *collector {
	c := new(collector)
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.sent = append(c.sent, body...)
	}))
	t.Cleanup(c.Close)
	return c
}

// has reports whether it was sent something with an identifier.
func (c *collector) has(t *testing.T, id string) bool {
	raw, err := hex.DecodeString(id)
	require.NoError(t, err)
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Contains(c.sent, raw)
}

// A server has collected what another one of the installation has collected, with
// any part of its own, and nothing that a client wants.
func TestTracesOfAnInstallation(t *testing.T) {
	c := newCollector(t)
	keys, hostA, hostB := keyFile(t), free(t), free(t)
	b := start(t, hostB, keys, object{"peers": []string{hostA}, "traces": object{"endpoint": c.URL, "sample": 0}}, documents("notes", nil))
	all := newCollector(t)
	a := start(t, hostA, keys, object{"peers": []string{hostB}, "traces": object{"endpoint": all.URL}}, remote("notes", hostB, nil))
	const wanted, forged = "0af7651916cd43dd8448eb211c80319c", "1af7651916cd43dd8448eb211c80319c"
	answer, _ := a.do(t, "GET", "/notes/x", "")
	trace, ok := bus.ParseTrace(answer.Header.Get("Traceparent"), "")
	require.True(t, ok)
	b.do(t, "GET", "/notes/x", "", "Traceparent", "00-"+wanted+"-b7ad6b7169203331-01")
	answer, _ = b.do(t, "GET", "/notes/x", "", "Traceparent", "00-"+forged+"-b7ad6b7169203331-01", "X-Restspace-Peer-Token", "a.b.c")
	assert.Equal(t, 401, answer.StatusCode)
	require.NoError(t, a.Close(context.Background()))
	require.NoError(t, b.Close(context.Background()))
	assert.True(t, all.has(t, trace.ID))
	assert.True(t, c.has(t, trace.ID))
	assert.False(t, c.has(t, wanted))
	assert.False(t, c.has(t, forged))
}
