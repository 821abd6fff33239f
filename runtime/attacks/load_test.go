package attacks

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// idleConnections is LIMIT-010. As one address may have 256 connections, the
// 2,000 come from several, and the new client from another.
func idleConnections(t *testing.T, row attack) {
	const addresses, each, most = 8, 250, 256
	a := newArena(t)
	before := a.vitals(t)
	var open []net.Conn
	closeAll := sync.OnceFunc(func() {
		for _, c := range open {
			_ = c.Close()
		}
	})
	defer closeAll()
	for i := range addresses * each {
		open = append(open, a.dialFrom(t, 10+i%addresses))
	}
	require.Eventually(t, func() bool { return a.vitals(t).descriptors >= before.descriptors+addresses*each },
		patience, 10*time.Millisecond, "the server has not taken the connections")
	a.assertAlive(t)
	reply := a.request(t, "GET", "/pub/hello", "", "")
	assert.Less(t, reply.took, scaled(time.Duration(row.Expect.MaxMS)*time.Millisecond))

	for range most - each {
		open = append(open, a.dialFrom(t, 10))
	}
	tooMany := a.dialFrom(t, 10)
	defer tooMany.Close()
	_ = tooMany.SetReadDeadline(time.Now().Add(patience))
	_, err := tooMany.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF, "connection %d of one address", most+1)

	closeAll()
	a.assertSettled(t, before, keptMB)
}

// dialFrom connects from an address of this machine.
func (s *server) dialFrom(t *testing.T, host int) net.Conn {
	t.Helper()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(host))}}
	c, err := from.Dial("tcp", s.address)
	require.NoError(t, err)
	return c
}

// pipelined is LIMIT-011. Every second request is for what does not exist, so
// that the order of the answers is seen.
func pipelined(t *testing.T, row attack) {
	const requests = 10_000
	a := newArena(t)
	before := a.vitals(t)
	c := a.dialFrom(t, 1)
	defer c.Close()
	require.NoError(t, c.SetDeadline(time.Now().Add(scaled(patience))))
	var writer sync.WaitGroup
	writer.Go(func() {
		w := bufio.NewWriter(c)
		for i := range requests {
			fmt.Fprintf(w, "GET /pub/%s HTTP/1.1\r\nHost: %s\r\n\r\n", []string{"hello", "none"}[i%2], a.address)
		}
		_ = w.Flush() // what is missing then is missed below
	})
	r := bufio.NewReader(c)
	for i := range requests {
		reply, err := http.ReadResponse(r, nil)
		require.NoError(t, err, "answer %d", i)
		_, err = io.Copy(io.Discard, reply.Body)
		require.NoError(t, err, "answer %d", i)
		require.Equal(t, []int{200, 404}[i%2], reply.StatusCode, "answer %d", i)
	}
	writer.Wait()
	a.assertSettled(t, before, row.Expect.RSSDeltaMB)
	a.assertAlive(t)
}

// increments is JSON-035.
func increments(t *testing.T, row attack) {
	const clients, loops = 100, max(50/slowness, 10)
	a := newArena(t)
	require.Equal(t, 201, a.put(t, "/json/counter", "0").status)
	var won atomic.Int64
	var workers sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: clients, MaxIdleConnsPerHost: clients}, Timeout: scaled(patience)}
	defer client.CloseIdleConnections()
	for range clients {
		workers.Go(func() {
			for range loops {
				status, err := a.increment(client)
				assert.NoError(t, err)
				assert.Contains(t, []int(row.Expect.Status), status)
				if status/100 == 2 {
					won.Add(1)
				}
			}
		})
	}
	workers.Wait()
	assert.Equal(t, strconv.FormatInt(won.Load(), 10), a.get(t, "/json/counter").body, "one winner for each ETag")
	assert.Positive(t, won.Load())
	t.Logf("%d of %d writes won", won.Load(), clients*loops)
	assert.Empty(t, a.temporary(t))
	a.assertAlive(t)
}

// increment reads the counter and writes one more, if nobody else has
// meanwhile.
func (a *arena) increment(client *http.Client) (status int, err error) {
	url := "http://" + a.address + "/json/counter"
	exchange := func(method, etag, body string) (*http.Response, string, error) {
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			return nil, "", err
		}
		r.Header = http.Header{"Authorization": {"Bearer " + a.tokens["editor"]}, "Content-Type": {"application/json"}}
		if etag != "" {
			r.Header.Set("If-Match", etag)
		}
		reply, err := client.Do(r)
		if err != nil {
			return nil, "", err
		}
		defer reply.Body.Close()
		data, err := io.ReadAll(reply.Body)
		return reply, string(data), err
	}
	reply, text, err := exchange("GET", "", "")
	if err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, err
	}
	written, _, err := exchange("PUT", reply.Header.Get("Etag"), strconv.Itoa(n+1))
	if err != nil {
		return 0, err
	}
	return written.StatusCode, nil
}
