package cluster

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A balancer stands before the servers: each request goes to the next one. One
// that fails is left out for a while.
type balancer struct {
	*httptest.Server
	servers []*server
	next    atomic.Uint64
	lie     atomic.Pointer[lie] // nil in the tests that are no control

	mu   sync.Mutex
	down map[*server]time.Time // until when
}

// lie answers in the place of the servers where it returns an answer.
type lie func(r *http.Request) *http.Response

// leftOut is for how long a server that failed gets no requests.
const leftOut = 300 * time.Millisecond

func newBalancer(t *testing.T, servers []*server) *balancer {
	b := &balancer{servers: servers, down: make(map[*server]time.Time)}
	b.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:      func(*httputil.ProxyRequest) {},
		Transport:    b,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	})
	t.Cleanup(b.Close)
	return b
}

// RoundTrip is part of http.RoundTripper. Another server is asked only where the
// first got nothing of the request.
func (b *balancer) RoundTrip(r *http.Request) (reply *http.Response, err error) {
	if lie := b.lie.Load(); lie != nil {
		if reply := (*lie)(r); reply != nil {
			return reply, nil
		}
	}
	for range b.servers {
		s := b.pick()
		r.URL.Scheme, r.URL.Host, r.Host = "http", s.address, s.address
		reply, err = s.transport.RoundTrip(r)
		if err != nil || reply.StatusCode == http.StatusServiceUnavailable || reply.StatusCode == http.StatusGatewayTimeout {
			b.leaveOut(s)
		}
		var dial *net.OpError
		if !errors.As(err, &dial) || dial.Op != "dial" {
			break
		}
	}
	return reply, err
}

// pick returns the next server that is not left out, or the next one if all are.
func (b *balancer) pick() *server {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := b.servers[b.next.Add(1)%uint64(len(b.servers))]
	for s, n := first, 0; n < len(b.servers); n++ {
		if time.Now().After(b.down[s]) {
			return s
		}
		s = b.servers[b.next.Add(1)%uint64(len(b.servers))]
	}
	return first
}

func (b *balancer) leaveOut(s *server) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down[s] = time.Now().Add(leftOut)
}
