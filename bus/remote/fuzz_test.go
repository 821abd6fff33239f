package remote

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
)

// FuzzParseAnswer holds the parser to net/http's: what the one takes the other
// takes too, and understands alike. The reverse is not so: net/http takes more.
func FuzzParseAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n",
		"HTTP/1.0 404 Not Found\r\nConnection: keep-alive, X-A\r\nX-A: 1\r\nX-B: 2\r\n",
		"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\nTrailer: X\n",
		"HTTP/1.1 304\r\nContent-Length: 5\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
		"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n",
		"HTTP/1.1 200 OK\r\nA: \t x y \t\r\nB:\r\n",
	} {
		f.Add(seed, "GET")
		f.Add(seed, "HEAD")
	}
	f.Fuzz(func(t *testing.T, head, method string) {
		if method != http.MethodHead {
			method = http.MethodGet
		}
		if !strings.HasSuffix(head, "\n") {
			return // readHead gives whole lines
		}
		a, err := parseAnswer(head, method)
		if err != nil {
			return
		}
		answer, err := http.ReadResponse(bufio.NewReader(strings.NewReader(head+"\r\n")), &http.Request{Method: method})
		require.NoError(t, err)
		defer answer.Body.Close()
		assert.Equal(t, answer.StatusCode, a.status)
		assert.Equal(t, answer.Header.Get("Content-Type"), a.mediaType)
		if method == http.MethodGet && bus.BodyAllowed(a.status) {
			assert.Equal(t, answer.ContentLength, a.size)
			assert.Equal(t, len(answer.TransferEncoding) > 0, a.chunked)
		}
		for _, field := range a.header {
			assert.Contains(t, answer.Header.Values(field.Name), field.Value)
		}
	})
}
