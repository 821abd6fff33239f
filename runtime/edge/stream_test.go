package edge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/seed90475182/restspace/bus"
	"github.com/seed90475182/restspace/bus/bustest"
)

// TestBodiesOverHTTP2 sees bytes of all sizes, read and written, arrive whole.
func TestBodiesOverHTTP2(t *testing.T) {
	s := startTLS(t, bustest.Echo(), nil)
	for _, size := range []int{0, 1, 5000, writePiece - 1, writePiece + 1, 3_000_000} {
		text := strings.Repeat("x", size)
		response, err := s.client.Post("https://"+s.address+"/", "text/plain", io.MultiReader(strings.NewReader(text)))
		require.NoError(t, err)
		got, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		_ = response.Body.Close()
		assert.Equal(t, text, string(got), "%d bytes", size)
	}
}

func TestReplyThatBreaksOffBreaksTheStream(t *testing.T) {
	s := startTLS(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		if m.URL.Query == "whole" {
			return bus.Reply(200, nil), nil
		}
		return bus.Reply(200, bus.NewStream(io.NopCloser(strings.NewReader("half")), 8, "text/plain")), nil
	}), nil)
	response, err := s.client.Get("https://" + s.address + "/")
	if err == nil {
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
	}
	assert.ErrorContains(t, err, "stream error")
	response, err = s.client.Get("https://" + s.address + "/?whole")
	require.NoError(t, err)
	_ = response.Body.Close()
}

// TestUnreadBodyEndsNoConnection sees that only its stream ends.
func TestUnreadBodyEndsNoConnection(t *testing.T) {
	s := startTLS(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		return bus.Reply(403, bus.NewBody(fmt.Append(nil, m.Method), "text/plain")), m.Close()
	}), nil)
	for range 3 {
		body, writer := io.Pipe()
		response, err := s.client.Post("https://"+s.address+"/", "text/plain", body)
		require.NoError(t, err)
		_ = response.Body.Close()
		assert.Equal(t, 403, response.StatusCode)
		_ = writer.Close()
	}
	s.listener.Load().mu.Lock()
	defer s.listener.Load().mu.Unlock()
	assert.Equal(t, 1, s.listener.Load().all)
}

// TestStreamThatIsNotRead sees that it ends though its connection goes on, and
// gives its place back.
func TestStreamThatIsNotRead(t *testing.T) {
	s := startTLS(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		if m.URL.Query == "small" {
			return bus.Reply(200, nil), nil
		}
		return bus.Reply(200, bus.NewBody(make([]byte, 16<<20), "application/octet-stream")), nil
	}), func(o *Options) { o.window, o.Limits.InFlight, o.Limits.Queue = 20*time.Millisecond, 1, 0 })
	response, err := s.client.Get("https://" + s.address + "/")
	require.NoError(t, err)
	defer response.Body.Close()
	require.Eventually(t, func() bool {
		small, err := s.client.Get("https://" + s.address + "/?small")
		require.NoError(t, err)
		_ = small.Body.Close()
		return small.StatusCode == 200
	}, 10*time.Second, 10*time.Millisecond, "the only place is free again")
	_, err = io.ReadAll(response.Body)
	assert.ErrorContains(t, err, "stream error")
}

// TestBodyThatStopsOverHTTP2 sees that a client has to go on sending, but only
// while somebody reads.
func TestBodyThatStopsOverHTTP2(t *testing.T) {
	read := make(chan struct{})
	s := startTLS(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		if m.URL.Query == "late" {
			_, first := io.ReadFull(m.Body.Stream(), make([]byte, 1))
			<-read
			_, rest := io.ReadFull(m.Body.Stream(), make([]byte, 1))
			return bus.Reply(204, nil), errors.Join(first, rest, m.Close())
		}
		data, err := m.Body.Bytes(1 << 20)
		return bus.Reply(200, bus.NewBody(data, "text/plain")), err
	}), func(o *Options) { o.window, o.Limits.Timeout = 100*time.Millisecond, 10*time.Second })
	send := func(query string, body io.Reader) (int, string) {
		response, err := s.client.Post("https://"+s.address+"/"+query, "text/plain", body)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
	body, writer := io.Pipe()
	status, text := send("", body)
	assert.Equal(t, 408, status)
	assert.Contains(t, text, bus.TypeSlowBody)
	_ = writer.Close()

	body, writer = io.Pipe()
	go func() {
		_, _ = writer.Write([]byte("x"))
		time.Sleep(300 * time.Millisecond) // nobody reads, for longer than the window
		close(read)
		_, _ = writer.Write([]byte("y"))
		_ = writer.Close()
	}()
	status, _ = send("?late", body)
	assert.Equal(t, 204, status)
}

// TestPausesInAStream sees that a service may take its time between pieces.
func TestPausesInAStream(t *testing.T) {
	for _, size := range []int64{-1, 15} {
		s := startTLS(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
			reader, writer := io.Pipe()
			go func() {
				for range 3 {
					_, _ = io.WriteString(writer, "tick ")
					time.Sleep(150 * time.Millisecond)
				}
				_ = writer.Close()
			}()
			return bus.Reply(200, bus.NewStream(reader, size, "text/plain")), nil
		}), func(o *Options) { o.window = 50 * time.Millisecond })
		response, err := s.client.Get("https://" + s.address + "/")
		require.NoError(t, err)
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		require.NoError(t, err)
		assert.Equal(t, "tick tick tick ", string(text))
	}
}

// TestStreamsOfOneAddress sees that they are counted as connections are,
// however few these are, also where no other limit holds.
func TestStreamsOfOneAddress(t *testing.T) {
	for name, spared := range map[string]bool{"any": false, "spared": true} {
		t.Run(name, func(t *testing.T) { streamsOfOneAddress(t, spared) })
	}
}

func streamsOfOneAddress(t *testing.T, spared bool) {
	inside, release := make(chan struct{}), make(chan struct{})
	s := startTLS(t, bus.ServiceFunc(func(_ context.Context, m *bus.Message) (*bus.Message, error) {
		if m.URL.Query != "now" {
			inside <- struct{}{}
			<-release
		}
		return bus.Reply(200, nil), nil
	}), func(o *Options) {
		o.Limits.InFlight, o.Limits.ConnectionsPerIP, o.Limits.Timeout = 100, 3, 10*time.Second
		o.Spared = func(*http.Request) bool { return spared }
	})
	statuses := make(chan int, 3)
	status := func(client *http.Client, query string) int {
		response, err := client.Get("https://" + s.address + "/" + query)
		if err != nil {
			return 0
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	for range 3 {
		go func() { statuses <- status(s.client, "") }()
	}
	for range 3 {
		<-inside
	}
	assert.Equal(t, 503, status(s.client, "?now"), "the fourth")
	other := &http.Transport{
		TLSClientConfig: s.trust.Clone(), ForceAttemptHTTP2: true,
		DialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext,
	}
	defer other.CloseIdleConnections()
	assert.Equal(t, 200, status(&http.Client{Transport: other}, "?now"), "another address is served")
	close(release)
	for range 3 {
		assert.Equal(t, 200, <-statuses)
	}
	assert.Equal(t, 200, status(s.client, "?now"), "their places are free again")
}

// TestRequestsThatAreTakenBack sees that streams which their client resets at
// once have no more done than the limits allow, and cost no other its answer.
func TestRequestsThatAreTakenBack(t *testing.T) {
	var now, most atomic.Int64
	s := startTLS(t, bus.ServiceFunc(func(ctx context.Context, m *bus.Message) (*bus.Message, error) {
		if m.URL.Query == "now" {
			return bus.Reply(200, nil), nil
		}
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(time.Millisecond) // and does not look at ctx
		return bus.Reply(200, nil), nil
	}), func(o *Options) { o.Limits.ConnectionsPerIP = 1000 })
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 100 {
				ctx, cancel := context.WithTimeout(context.Background(), 50*time.Microsecond)
				r, _ := http.NewRequestWithContext(ctx, "GET", "https://"+s.address+"/", nil)
				if response, err := s.client.Do(r); err == nil {
					_ = response.Body.Close()
				}
				cancel()
			}
		})
	}
	all.Wait()
	assert.LessOrEqual(t, most.Load(), int64(4), "requests in flight")
	require.Eventually(t, func() bool {
		response, err := s.client.Get("https://" + s.address + "/?now")
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil && response.StatusCode == 200
	}, 5*time.Second, 10*time.Millisecond)
}

// TestUpgradeOverHTTP2 sees that a service that switches protocols unasked
// spoils its answer alone.
func TestUpgradeOverHTTP2(t *testing.T) {
	s := startTLS(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		return bus.Reply(http.StatusSwitchingProtocols, nil), nil
	}), nil)
	for range 2 {
		response, err := s.client.Get("https://" + s.address + "/")
		require.NoError(t, err)
		_ = response.Body.Close()
		assert.Equal(t, 500, response.StatusCode)
	}
	assert.Contains(t, s.log.String(), errNoUpgrade.Error())
}

// TestUpgradeBeforeTheEndOfTheRequest sees that nobody gets a connection from
// which a body is still to be read.
func TestUpgradeBeforeTheEndOfTheRequest(t *testing.T) {
	s := start(t, bus.ServiceFunc(func(context.Context, *bus.Message) (*bus.Message, error) {
		here, there := net.Pipe()
		_ = there.Close()
		return bus.Reply(http.StatusSwitchingProtocols, bus.NewStream(here, -1, "")), nil
	}), nil)
	answer := s.raw(t, "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 100\r\n\r\nhalf")
	assert.Contains(t, answer, "HTTP/1.1 500 ")
	assert.Contains(t, s.log.String(), errNoUpgrade.Error())
}

func TestHeaderLimitsOverHTTP2(t *testing.T) {
	s := startTLS(t, bustest.Echo(), func(o *Options) { o.Limits.HeaderBytes = 8 << 10 })
	for _, row := range []struct{ fields, bytes, want int }{{90, 1, 200}, {101, 1, 431}, {1, 4 << 10, 200}} {
		r, err := http.NewRequest("GET", "https://"+s.address+"/", nil)
		require.NoError(t, err)
		for i := range row.fields {
			r.Header.Set(fmt.Sprintf("X-%d", i), strings.Repeat("v", row.bytes))
		}
		response, err := s.client.Do(r)
		require.NoError(t, err)
		_ = response.Body.Close()
		assert.Equal(t, row.want, response.StatusCode, row)
	}
}
